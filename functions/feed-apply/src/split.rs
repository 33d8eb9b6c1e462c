//! Reads, checks and splits a batch.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use bus::FeedBatch;
use domain::chain::Hash;
use domain::feed::{
    CLOCKS_DIFFER, CreditSource, NewestRows, Rejected, Row, RowRules, newest, rows_of,
};
use domain::id::WorkerId;
use futures::{StreamExt, TryStreamExt, stream};
use objects::{ShardRows, WorkerRows};
use store::{Batch, BatchInTurn, BatchState, Counts};

use calls::Error;

use crate::{FeedApply, breathe, count};

/// About how many rows a shard has: as many as one message has time for.
const SHARD_ROWS: u32 = 2_000;
const MOST_SHARDS: u32 = 512;
/// How many parts are read ahead, and how many shards are written at the same time.
const OBJECTS_AT_ONCE: usize = 4;

struct Content {
    sha256: Hash,
    rows: u64,
    /// Each worker's rows, by shard.
    shards: Vec<BTreeMap<WorkerId, Vec<Row>>>,
    rejected: Vec<Rejected>,
}

impl FeedApply {
    /// Splits a batch if it is complete and its turn has come; continues it if it is split already.
    pub(crate) async fn split(&self, message: &FeedBatch) -> Result<(), Error> {
        let (source, id) = (&message.source, &message.batch_id);
        let Some(found) = self.feeds.find(source, id).await? else {
            tracing::error!(%source, batch = %id, "a message names an unknown batch");
            return Ok(());
        };
        match found.batch.state {
            BatchState::Applied => return self.take_up_next(message).await,
            BatchState::Applying => {}
            // A part may have been sent again while the batch was being refused because of the one before.
            BatchState::Received | BatchState::Refused => {
                let turn = found.turn == domain::feed::Turn::Next;
                // When a missing part arrives, it sends for the batch.
                if !turn || !found.batch.is_complete() {
                    return Ok(());
                }
                let Some(allowed) = self.sources.get(source) else {
                    return self
                        .refuse(&found, "This source may not send credit records any more.")
                        .await;
                };
                if !is_signed(&found.batch, allowed) {
                    let detail = "Its announcement is not signed with the key that this source has now. \
                        Announce this seq again under another batch_id.";
                    return self.refuse(&found, detail).await;
                }
                let content = self.read(&found.batch, allowed).await?;
                if let Some(detail) = unlike(&found.batch, &content) {
                    return self.refuse(&found, &detail).await;
                }
                self.write(&found, content).await?;
            }
        }
        let Some(found) = self.feeds.find(source, id).await? else {
            return Ok(());
        };
        if found.batch.is_done() {
            return self.finish(message).await;
        }
        if found.batch.state == BatchState::Applying {
            self.send_for_shards(message, &found.batch).await?;
        }
        Ok(())
    }

    /// Reads all parts in order, and collects their rows.
    async fn read(&self, batch: &Batch, allowed: &CreditSource) -> Result<Content, Error> {
        let manifest = &batch.manifest;
        // The time of the announcement, and not now: reading again must give the same result.
        let latest = batch.received_at + CLOCKS_DIFFER;
        let rules = RowRules::new(&allowed.sections, &self.credit, latest);
        let shards = shards(manifest.rows);
        let mut content = Content {
            sha256: Hash::NONE,
            rows: 0,
            shards: vec![BTreeMap::new(); shards as usize],
            rejected: Vec::new(),
        };
        let mut hash = Context::new(&SHA256);
        let mut lines = 0;
        let parts: Vec<_> = (1..=manifest.parts)
            .map(|part| {
                self.objects
                    .part(&manifest.source, &manifest.batch_id, part)
            })
            .collect();
        let mut parts = stream::iter(parts).buffered(OBJECTS_AT_ONCE);
        while let Some(part) = parts.try_next().await? {
            // A part is noted as present only after it was stored.
            let part = part.ok_or(Error::wrong("a part is missing"))?;
            hash.update(&part);
            let (rows, in_part) = rows_of(&part, lines);
            lines += in_part;
            content.rows += count(rows.len());
            for (line, text) in rows {
                breathe(line).await;
                match rules.parse(line, text) {
                    Ok((number, row)) => {
                        let worker = self.worker_ids.of(&number);
                        let shard = shard_of(&worker, shards);
                        if let Some(shard) = content.shards.get_mut(shard) {
                            shard.entry(worker).or_default().push(row);
                        }
                    }
                    Err(rejected) => content.rejected.push(rejected),
                }
            }
        }
        content.sha256.0.copy_from_slice(hash.finish().as_ref());
        Ok(content)
    }

    /// Writes the shards, and then notes that they are there.
    async fn write(&self, found: &BatchInTurn, content: Content) -> Result<(), Error> {
        let manifest = &found.batch.manifest;
        let (source, id) = (&manifest.source, &manifest.batch_id);
        let mut rejected = content.rejected;
        let mut shards = Vec::with_capacity(content.shards.len());
        for workers in content.shards {
            let mut shard = ShardRows::default();
            for (worker, rows) in workers {
                let mut said = newest(rows, found.batch.received_at);
                rejected.append(&mut said.rejected);
                let NewestRows {
                    rows, unchanged, ..
                } = said;
                if !rows.is_empty() {
                    shard.workers.push(WorkerRows {
                        worker,
                        rows,
                        unchanged,
                    });
                }
            }
            shards.push(shard);
            tokio::task::yield_now().await;
        }
        let writes: Vec<_> = (1..)
            .zip(&shards)
            .map(|(number, shard)| self.objects.put_shard(source, id, number, shard))
            .collect();
        let mut writes = stream::iter(writes).buffer_unordered(OBJECTS_AT_ONCE);
        while writes.try_next().await?.is_some() {}
        if !rejected.is_empty() {
            rejected.sort();
            self.objects.put_rejected(source, id, 0, &rejected).await?;
        }
        let counts = Counts {
            rejected: count(rejected.len()),
            ..Counts::default()
        };
        let number = u32::try_from(shards.len()).unwrap_or(u32::MAX);
        // If another run was first, it has written the same shards.
        self.feeds.start(found, number, counts).await?;
        Ok(())
    }

    async fn refuse(&self, found: &BatchInTurn, detail: &str) -> Result<(), Error> {
        let manifest = &found.batch.manifest;
        let is_known = found.batch.detail.as_deref() == Some(detail);
        if !is_known && self.feeds.refuse(found, detail).await? {
            tracing::warn!(
                alarm = "credit-feed",
                source = %manifest.source,
                batch = %manifest.batch_id,
                seq = manifest.seq,
                reason = "refused",
                detail,
                "a batch was refused"
            );
        }
        Ok(())
    }
}

/// Whether the source has signed what is stored of the announcement. Whoever can write batches cannot sign them.
fn is_signed(batch: &Batch, source: &CreditSource) -> bool {
    let signature = batch.signature.as_deref();
    signature.is_some_and(|signature| source.has_signed(batch.signed_form.as_bytes(), signature))
}

/// How the content differs from what the manifest says.
fn unlike(batch: &Batch, content: &Content) -> Option<String> {
    let manifest = &batch.manifest;
    let then = "Put the right parts, or announce this seq again under another batch_id.";
    if content.sha256 != manifest.sha256 {
        return Some(format!(
            "The parts do not have the sha256 of the manifest. {then}"
        ));
    }
    if content.rows != u64::from(manifest.rows) {
        let rows = content.rows;
        return Some(format!(
            "There are {rows} rows, not as many as the manifest says. {then}"
        ));
    }
    None
}

/// How many shards a batch of this many rows has; always the same for the same number.
fn shards(rows: u32) -> u32 {
    rows.div_ceil(SHARD_ROWS).clamp(1, MOST_SHARDS)
}

/// The shard of a worker. Ids are hashes, so they are evenly spread.
fn shard_of(worker: &WorkerId, shards: u32) -> usize {
    let spread = worker
        .bare()
        .bytes()
        .fold(0_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    (spread % shards) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_as_many_shards_as_it_needs() {
        assert_eq!([1, 2_000, 2_001, 1_000_000].map(shards), [1, 1, 2, 500]);
        assert_eq!(shards(u32::MAX), MOST_SHARDS);
    }

    #[test]
    fn workers_are_spread_over_all_shards() {
        let mut counts = [0; 10];
        for n in 0..1_000_u16 {
            let hash = aws_lc_rs::digest::digest(&SHA256, &n.to_be_bytes());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.as_ref()[..16]);
            counts[shard_of(&WorkerId::from_bytes(&bytes), 10)] += 1;
        }
        assert!(counts.iter().all(|n| (50..200).contains(n)), "{counts:?}");
    }
}

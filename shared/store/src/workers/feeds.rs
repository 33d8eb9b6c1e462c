//! Credit feeds: the sources and their batches, in the table `workers`. What batches hold is in a bucket.
//!
//! A batch is `received` until all its parts are there and its turn has come; `applying` once it is split into
//! shards, each with all rows of some workers; `applied` when every shard is done. What a source may announce next
//! is decided on its own item ([`domain::feed::Source`]) under its version, together with the batch that changes.

mod item;

use std::collections::BTreeSet;

use domain::chain::Hash;
use domain::feed::{BatchId, Link, Manifest, Source, Turn, Unfit};
use domain::id::SourceId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use serde_dynamo::number_set::NumberSet;
use settings::Settings;

use super::Workers;
use crate::Error;
use crate::table::{Committed, Key, Part, Rivals, Sent, TRANSACT, Table, Tries, commit};
use item::BatchItem;

/// How many rejected rows a page of a batch's report has.
pub const REPORT_PAGE: usize = 1_000;

/// The sources and their batches.
#[derive(Clone, Debug)]
pub struct Feeds {
    table: Table<Workers>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Announced; its parts come in, or it waits for its turn.
    Received,
    /// Split into so many shards, which are being applied.
    Applying,
    Applied,
    /// Its parts are not what it says.
    Refused,
}

impl BatchState {
    /// Its name in items and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Refused => "refused",
        }
    }
}

/// A batch as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub manifest: Manifest,
    /// The manifest's canonical JSON, which its source signed.
    pub signed_form: String,
    /// As the source gave it. `None` in batches that were announced before it was kept.
    pub signature: Option<String>,
    /// The hash of that.
    pub manifest_sha256: Hash,
    pub received_at: Millis,
    /// How far it is.
    pub state: BatchState,
    /// Why it is refused.
    pub detail: Option<String>,
    /// The parts that are there.
    pub parts: BTreeSet<u32>,
    /// How many shards it was split into; 0 until then.
    pub shards: u32,
    /// The shards that are done, from 1.
    pub done: BTreeSet<u32>,
    /// Shards of which there are rejected rows; 0 is the splitting itself.
    pub with_rejected: BTreeSet<u32>,
    /// What became of its rows so far.
    pub counts: Counts,
    /// When it was applied.
    pub applied_at: Option<Millis>,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub applied: u64,
    /// Good, and not newer than what the source had said.
    pub unchanged: u64,
    pub rejected: u64,
}

impl Batch {
    /// Whether all its parts are there.
    pub fn is_complete(&self) -> bool {
        (1..=self.manifest.parts).all(|n| self.parts.contains(&n))
    }

    /// Whether all its shards are done.
    pub fn is_done(&self) -> bool {
        self.shards > 0 && self.done.len() == self.shards as usize
    }
}

/// What announcing a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    New(Box<Batch>),
    /// The same manifest was announced before; this is how the batch stands.
    Again(Box<Batch>),
    /// Another batch of the source has this name.
    NameTaken,
    /// It does not follow what the source announced before.
    Unfit(Unfit),
}

/// A batch and its source, read together.
#[derive(Clone, Debug)]
pub struct BatchInTurn {
    pub batch: Batch,
    /// Where it stands among its source's.
    pub turn: Turn,
    source: Source,
    version: u64,
}

impl BatchInTurn {
    /// Whether its place was announced anew, so that nothing will become of it.
    pub fn is_replaced(&self) -> bool {
        let waits = matches!(self.batch.state, BatchState::Received | BatchState::Refused);
        waits && self.turn == Turn::Over
    }
}

impl Feeds {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "WORKERS_TABLE"),
        }
    }

    /// Stores a batch, if it follows what its source announced before. `signed` is the manifest's signed form.
    pub async fn announce(
        &self,
        manifest: &Manifest,
        signed: &[u8],
        signature: &str,
        now: Millis,
    ) -> Result<Announced, Error> {
        let hash = domain::feed::manifest_hash(signed);
        let (source, id) = (&manifest.source, &manifest.batch_id);
        let mut tries = Tries::new(TRANSACT, Rivals::Many, id.as_str());
        loop {
            tries.next().await?;
            let (batches, standing, version) = self.read(source, id).await?;
            if let Some(known) = batches {
                return Ok(if known.manifest_sha256 == hash {
                    Announced::Again(Box::new(known))
                } else {
                    Announced::NameTaken
                });
            }
            let link = Link::new(manifest, hash);
            let after = match standing.announced(link, manifest.prev_sha256) {
                Ok(after) => after,
                Err(unfit) => return Ok(Announced::Unfit(unfit)),
            };
            let batch = BatchItem::announced(signed, signature, hash, now);
            let put = self.table.put(Key::feed_batch(source, id).item(&batch));
            let members = [
                put.if_absent().named(Part::Batch),
                self.source_write(source, &after, version)?,
            ];
            if let Committed::Done = commit(members).await? {
                return Ok(Announced::New(Box::new(batch.batch()?)));
            }
        }
    }

    /// A batch with its turn, consistently read.
    pub async fn find(
        &self,
        source: &SourceId,
        id: &BatchId,
    ) -> Result<Option<BatchInTurn>, Error> {
        let (batch, source, version) = self.read(source, id).await?;
        Ok(batch.map(|batch| BatchInTurn {
            turn: source.turn(id),
            batch,
            source,
            version,
        }))
    }

    /// The batches that a source announced last, the newest first.
    pub async fn latest(&self, id: &SourceId) -> Result<Vec<BatchInTurn>, Error> {
        let found = self.table.get(Key::feed_source(id)).await?;
        let Some((source, version)) = found.map(item::read_source).transpose()? else {
            return Ok(Vec::new());
        };
        let keys = source.latest.iter().map(|batch| Key::feed_batch(id, batch));
        let batches = self.table.get_all(keys).await?.into_iter();
        let batches = batches.map(|found| {
            let batch = item::read_batch(found)?;
            Ok(BatchInTurn {
                turn: source.turn(&batch.manifest.batch_id),
                batch,
                source: source.clone(),
                version,
            })
        });
        let mut batches = batches.collect::<Result<Vec<_>, Error>>()?;
        let place = |found: &BatchInTurn| {
            let id = &found.batch.manifest.batch_id;
            source.latest.iter().position(|latest| latest == id)
        };
        batches.sort_by_key(place);
        Ok(batches)
    }

    /// The batch of a source whose turn it is.
    pub async fn next(&self, source: &SourceId) -> Result<Option<BatchId>, Error> {
        let source = self.source(source).await?;
        Ok(source.and_then(|source| source.next().map(|link| link.batch_id.clone())))
    }

    /// The batch that a source announced last.
    pub async fn last(&self, source: &SourceId) -> Result<Option<Link>, Error> {
        let source = self.source(source).await?;
        Ok(source.and_then(|source| source.last().cloned()))
    }

    async fn source(&self, source: &SourceId) -> Result<Option<Source>, Error> {
        let found = self.table.get(Key::feed_source(source)).await?;
        let found = found.map(item::read_source).transpose()?;
        Ok(found.map(|(source, _)| source))
    }

    /// Notes that a part is there. A refused batch is received again with it. `None` when the batch takes no parts
    /// any more.
    pub async fn part_received(
        &self,
        source: &SourceId,
        id: &BatchId,
        part: u32,
    ) -> Result<Option<Batch>, Error> {
        let change = "ADD #got :part SET #st = :received REMOVE #dt";
        let update = self.table.update(Key::feed_batch(source, id), change);
        let update = update
            .when("#st IN (:received, :refused)")
            .value(":part", NumberSet([part]))
            .value(":received", BatchState::Received)
            .value(":refused", BatchState::Refused);
        match update.send().await? {
            Sent::Done(batch) => item::read_batch(batch).map(Some),
            Sent::Refused(_) => Ok(None),
        }
    }

    /// The batch, whose turn it is, is split into shards. False when somebody else has gone on with it.
    pub async fn start(
        &self,
        found: &BatchInTurn,
        shards: u32,
        counts: Counts,
    ) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Applying;
            batch.detail = None;
            batch.shards = shards;
            batch.counts = counts;
            if counts.rejected > 0 {
                batch.with_rejected.insert(0);
            }
            (batch, found.source.next_refused(false))
        })
        .await
    }

    /// The batch, whose turn it is, is not what it says. False when somebody else has gone on with it.
    pub async fn refuse(&self, found: &BatchInTurn, detail: &str) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Refused;
            batch.detail = Some(detail.to_owned());
            (batch, found.source.next_refused(true))
        })
        .await
    }

    /// A shard is done. Answers how the batch stands now; if the shard had been done before, nothing changes.
    pub async fn shard_done(
        &self,
        source: &SourceId,
        id: &BatchId,
        shard: u32,
        counts: Counts,
    ) -> Result<Option<Batch>, Error> {
        let mut change = "ADD #dn :one, #ap :ap, #un :un, #rj :rj".to_owned();
        if counts.rejected > 0 {
            change.push_str(", #rs :one");
        }
        let update = self.table.update(Key::feed_batch(source, id), change);
        let update = update
            .when("#st = :applying AND NOT contains(#dn, :shard)")
            .value(":applying", BatchState::Applying)
            .value(":one", NumberSet([shard]))
            .value(":shard", shard)
            .value(":ap", counts.applied)
            .value(":un", counts.unchanged)
            .value(":rj", counts.rejected);
        match update.send().await? {
            Sent::Done(batch) => item::read_batch(batch).map(Some),
            Sent::Refused(found) => found.map(item::read_batch).transpose(),
        }
    }

    /// All shards of the batch, whose turn it is, are done. False when somebody else has gone on with it.
    pub async fn finish(&self, found: &BatchInTurn, now: Millis) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Applied;
            batch.applied_at = Some(now);
            (batch, found.source.next_applied())
        })
        .await
    }

    /// Writes the batch whose turn it is and its source as `change` says. Others may be announced meanwhile; when the
    /// batch itself is in another state than it was found in, nothing is written.
    async fn turned(
        &self,
        found: &BatchInTurn,
        change: impl Fn(&BatchInTurn) -> (Batch, Source),
    ) -> Result<bool, Error> {
        let (source, id) = (&found.batch.manifest.source, &found.batch.manifest.batch_id);
        let mut now = found.clone();
        let mut tries = Tries::new(TRANSACT, Rivals::Many, id.as_str());
        loop {
            tries.next().await?;
            if now.turn != Turn::Next {
                return Ok(false);
            }
            let (batch, after) = change(&now);
            let key = Key::feed_batch(source, id);
            let members = [
                self.batch_write(key, &now.batch, &batch),
                self.source_write(source, &after, now.version)?,
            ];
            if let Committed::Done = commit(members).await? {
                return Ok(true);
            }
            match self.find(source, id).await? {
                Some(again) if again.batch.state == found.batch.state => now = again,
                _ => return Ok(false),
            }
        }
    }

    async fn read(
        &self,
        source: &SourceId,
        id: &BatchId,
    ) -> Result<(Option<Batch>, Source, u64), Error> {
        let keys = [Key::feed_source(source), Key::feed_batch(source, id)];
        let (mut batch, mut standing, mut version) = (None, Source::default(), 0);
        for found in self.table.get_all(keys).await? {
            if Key::feed_batch(source, id).is_of(&found) {
                batch = Some(item::read_batch(found)?);
            } else {
                (standing, version) = item::read_source(found)?;
            }
        }
        Ok((batch, standing, version))
    }
}

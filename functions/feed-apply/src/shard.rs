//! Applies the rows of one shard's workers.

use bus::FeedBatch;
use domain::chain::{Actor, EventKind};
use domain::credit::Recording;
use domain::feed::{Rejected, Row};
use domain::id::EventId;
use domain::time::Millis;
use futures::{StreamExt, stream};
use objects::WorkerRows;
use serde_json::{Value, json};
use store::{Appended, Batch, BatchState, Counts, NewEvent, ProfileChange, Step, WorkerFile};

use calls::Error;

use crate::{AT_ONCE, FeedApply, count};

/// How many workers of a shard are changed at the same time.
const WORKERS_AT_ONCE: usize = 8;

const NO_SUCH_WORKER: &str = "no such worker";
const CANNOT_BE_RECORDED: &str =
    "this worker's record cannot be written here; the operator has been told";

#[derive(Debug, PartialEq, Eq)]
enum Recorded {
    /// How many rows were new; the others had been recorded before.
    New(usize),
    Nobody,
}

/// Her personal data was erased.
struct Erased;

impl FeedApply {
    /// Applies a shard, then sends for the next one of its row, or finishes the batch if this was the last one.
    pub(crate) async fn shard(&self, message: &FeedBatch, shard: u32) -> Result<(), Error> {
        let (source, id) = (&message.source, &message.batch_id);
        let Some(found) = self.feeds.find(source, id).await? else {
            tracing::error!(%source, batch = %id, "a message names an unknown batch");
            return Ok(());
        };
        let mut batch = found.batch;
        if batch.state == BatchState::Applied {
            // Whoever applied it may have stopped before sending for the next batch.
            return self.take_up_next(message).await;
        }
        if batch.state == BatchState::Applying && !batch.done.contains(&shard) {
            let (counts, rejected) = self.apply(&batch, shard).await?;
            if !rejected.is_empty() {
                self.objects
                    .put_rejected(source, id, shard, &rejected)
                    .await?;
            }
            let done = self.feeds.shard_done(source, id, shard, counts).await?;
            batch = done.unwrap_or(batch);
        }
        if batch.is_done() {
            return self.finish(message).await;
        }
        self.send_for_shard(message, &batch, shard + AT_ONCE).await
    }

    async fn apply(&self, batch: &Batch, shard: u32) -> Result<(Counts, Vec<Rejected>), Error> {
        let manifest = &batch.manifest;
        let rows = self
            .objects
            .shard(&manifest.source, &manifest.batch_id, shard)
            .await?;
        let now = self.clock.now();
        let recorded: Vec<_> = rows
            .workers
            .iter()
            .map(|said| async move { (said, self.record_worker(batch, said, now).await) })
            .collect();
        let recorded: Vec<_> = stream::iter(recorded)
            .buffer_unordered(WORKERS_AT_ONCE)
            .collect()
            .await;
        // A broken record must not stop the others; but if none can be written, the fault lies elsewhere.
        let is_working = recorded
            .iter()
            .any(|(_, recorded)| matches!(recorded, Ok(Recorded::New(_))));
        let mut counts = Counts::default();
        let mut rejected = Vec::new();
        for (said, recorded) in recorded {
            let known = said.unchanged.len();
            let detail = match recorded {
                Ok(Recorded::New(new)) => {
                    counts.applied += count(new);
                    counts.unchanged += count(said.rows.len().saturating_sub(new) + known);
                    continue;
                }
                Ok(Recorded::Nobody) => NO_SUCH_WORKER,
                Err(error) if is_working && is_broken(&error) => {
                    tracing::error!(
                        worker.id = %said.worker,
                        error = &error as &dyn std::error::Error,
                        "a worker's record is broken; rows of a batch were not recorded"
                    );
                    CANNOT_BE_RECORDED
                }
                Err(error) => return Err(error),
            };
            // All lines about her, not only those that would have been recorded.
            let lines = said.rows.iter().map(|row| row.line);
            let lines = lines.chain(said.unchanged.iter().copied());
            let before = rejected.len();
            rejected.extend(lines.map(|line| Rejected {
                line,
                detail: detail.to_owned(),
            }));
            counts.rejected += count(rejected.len() - before);
        }
        rejected.sort();
        Ok((counts, rejected))
    }

    /// Records the new ones of a worker's rows: one transaction, one event.
    async fn record_worker(
        &self,
        batch: &Batch,
        said: &WorkerRows,
        now: Millis,
    ) -> Result<Recorded, Error> {
        let manifest = &batch.manifest;
        let cause = [
            manifest.source.as_str(),
            manifest.batch_id.as_str(),
            said.worker.as_str(),
        ];
        let event = EventId::from_cause(EventKind::FeedApplied.as_str(), &cause);
        let mut new = 0;
        let changed = self
            .workers
            .change(&said.worker, now, |file| {
                if file.profile.is_none() {
                    return Err(Erased);
                }
                let (step, recorded) = decide(file, batch, &said.rows, &event);
                new = recorded;
                Ok(step)
            })
            .await?;
        match changed {
            Appended::Done(_) if new > 0 => Ok(Recorded::New(new)),
            // Rows that equal the stored ones may have been recorded by this very batch.
            Appended::Done(file) if !stands(&file, batch, &said.rows) => Ok(Recorded::New(0)),
            Appended::Done(file) | Appended::Repeat(file) => {
                let payload = self.workers.caused(&file, &event).await?;
                Ok(Recorded::New(payload.map_or(0, |payload| {
                    payload.map_or(said.rows.len(), |payload| recorded_before(&payload))
                })))
            }
            Appended::NotFound | Appended::Refused(Erased) => Ok(Recorded::Nobody),
            // Nothing else is written in this transaction.
            Appended::WithRefused(_) => Err(Error::wrong("a write was refused")),
        }
    }
}

/// The change that a worker's rows make, and how many of them are new.
fn decide(file: &WorkerFile, batch: &Batch, rows: &[Row], event: &EventId) -> (Step, usize) {
    let source = &batch.manifest.source;
    let mut worker = file.worker.clone();
    let new: Vec<&Row> = rows
        .iter()
        .filter(|row| worker.sections.record(row.section, row.entry(source)) == Recording::Newer)
        .collect();
    if new.is_empty() {
        return (Step::default(), 0);
    }
    let mut profile = ProfileChange::Keep;
    if let Some(before) = &file.profile {
        let mut changed = before.clone();
        for row in &new {
            let of_section = changed.references.entry(row.section).or_default();
            match &row.reference {
                Some(reference) => of_section.insert(source.clone(), reference.clone()),
                None => of_section.remove(source),
            };
        }
        changed
            .references
            .retain(|_, by_source| !by_source.is_empty());
        if changed != *before {
            profile = ProfileChange::Put(Box::new(changed));
        }
    }
    let step = Step {
        worker: Some(worker),
        profile,
        events: vec![NewEvent {
            id: event.clone(),
            kind: EventKind::FeedApplied,
            actor: Actor::Feed(source.clone()),
            payload: payload(batch, &new),
        }],
        with: Vec::new(),
    };
    (step, new.len())
}

/// The event's payload: the batch, and the rows that were new.
fn payload(batch: &Batch, rows: &[&Row]) -> Value {
    let time = |at: Option<Millis>| at.map(Millis::to_rfc3339);
    let sections: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "section": row.section,
                "state": row.state,
                "as_of": row.as_of.to_rfc3339(),
                "valid_from": time(row.valid_from),
                "valid_until": time(row.valid_until),
                "reference": row.reference,
            })
        })
        .collect();
    json!({
        "source": batch.manifest.source,
        "batch_id": batch.manifest.batch_id,
        "seq": batch.manifest.seq,
        "manifest_sha256": batch.manifest_sha256,
        "sections": sections,
    })
}

/// How many rows were new, according to an event's payload.
fn recorded_before(payload: &Value) -> usize {
    payload["sections"].as_array().map_or(0, Vec::len)
}

/// Whether any row is exactly what is stored for its section.
fn stands(file: &WorkerFile, batch: &Batch, rows: &[Row]) -> bool {
    let source = &batch.manifest.source;
    rows.iter().any(|row| {
        let entry = row.entry(source);
        let mut entries = file.worker.sections.entries();
        entries.any(|(section, stands)| section == row.section && *stands == entry)
    })
}

/// Whether the stored data is at fault, and not the storage.
fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Wrong { .. } | Error::Sealed)
}

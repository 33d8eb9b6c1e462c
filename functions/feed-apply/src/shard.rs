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
const TOO_MANY: &str =
    "this source has 8 entries of this section that hold now or begin later, and can have no more";

#[derive(Debug, PartialEq, Eq)]
enum Recorded {
    /// How many rows count now that did not before, and the lines of those that find no place. The others had been
    /// recorded before.
    New(usize, Vec<u32>),
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
            .any(|(_, recorded)| matches!(recorded, Ok(Recorded::New(..))));
        let mut counts = Counts::default();
        let mut rejected = Vec::new();
        for (said, recorded) in recorded {
            let known = said.unchanged.len();
            let (detail, lines) = match recorded {
                Ok(Recorded::New(new, too_many)) => {
                    let placed = said.rows.len() - too_many.len();
                    counts.applied += count(new);
                    counts.unchanged += count(placed.saturating_sub(new) + known);
                    (TOO_MANY, too_many)
                }
                Ok(Recorded::Nobody) => (NO_SUCH_WORKER, all_lines(said)),
                Err(error) if is_working && is_broken(&error) => {
                    tracing::error!(
                        worker.id = %said.worker,
                        error = &error as &dyn std::error::Error,
                        "a worker's record is broken; rows of a batch were not recorded"
                    );
                    (CANNOT_BE_RECORDED, all_lines(said))
                }
                Err(error) => return Err(error),
            };
            counts.rejected += count(lines.len());
            rejected.extend(lines.into_iter().map(|line| Rejected {
                line,
                detail: detail.to_owned(),
            }));
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
        let mut decided = Decided::default();
        let changed = self
            .workers
            .change(&said.worker, now, |file| {
                if file.profile.is_none() {
                    return Err(Erased);
                }
                decided = decide(file, batch, &said.rows, &event, now);
                Ok(std::mem::take(&mut decided.step))
            })
            .await?;
        let Decided { new, too_many, .. } = decided;
        match changed {
            Appended::Done(_) if new > 0 => Ok(Recorded::New(new, too_many)),
            // Rows that equal the stored ones may have been recorded by this very batch.
            Appended::Done(file) if !stands(&file, batch, &said.rows) => {
                Ok(Recorded::New(0, too_many))
            }
            Appended::Done(file) | Appended::Repeat(file) => {
                let payload = self.workers.caused(&file, &event).await?;
                let new = payload.map_or(0, |payload| {
                    payload.map_or(said.rows.len(), |payload| recorded_before(&payload))
                });
                Ok(Recorded::New(new, too_many))
            }
            Appended::NotFound | Appended::Refused(Erased) => Ok(Recorded::Nobody),
            // Nothing else is written in this transaction.
            Appended::WithRefused(_) => Err(Error::wrong("a write was refused")),
        }
    }
}

/// What a worker's rows come to.
#[derive(Default)]
struct Decided {
    step: Step,
    /// How many rows change something.
    new: usize,
    /// The lines of rows that find no place among those that have not begun.
    too_many: Vec<u32>,
}

fn decide(file: &WorkerFile, batch: &Batch, rows: &[Row], event: &EventId, now: Millis) -> Decided {
    let source = &batch.manifest.source;
    let mut worker = file.worker.clone();
    let mut profile = file.profile.clone();
    let mut new: Vec<&Row> = Vec::new();
    let mut too_many = Vec::new();
    for row in rows {
        let entry = row.entry(source);
        let recording = worker.sections.record(row.section, entry.clone(), now);
        match recording {
            Recording::NotNewer => {}
            Recording::TooMany => too_many.push(row.line),
            Recording::New | Recording::Known => {
                let sections = &worker.sections;
                let is_renamed = profile.as_mut().is_some_and(|profile| {
                    let reference = row.reference.as_deref();
                    let references = &mut profile.references;
                    references.note(sections, row.section, &entry, reference)
                });
                if recording == Recording::New || is_renamed {
                    new.push(row);
                }
            }
        }
    }
    if new.is_empty() {
        return Decided {
            too_many,
            ..Decided::default()
        };
    }
    let profile = profile.filter(|profile| file.profile.as_ref() != Some(profile));
    let step = Step {
        worker: Some(worker),
        profile: profile.map_or(ProfileChange::Keep, |profile| {
            ProfileChange::Put(Box::new(profile))
        }),
        events: vec![NewEvent {
            id: event.clone(),
            kind: EventKind::FeedApplied,
            actor: Actor::Feed(source.clone()),
            payload: payload(batch, &new),
        }],
        with: Vec::new(),
    };
    Decided {
        new: new.len(),
        step,
        too_many,
    }
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
        let said = file.worker.sections.of(row.section, source);
        said.contains(&row.entry(source))
    })
}

/// All lines about a worker, not only those that would have been recorded.
fn all_lines(said: &WorkerRows) -> Vec<u32> {
    let lines = said.rows.iter().map(|row| row.line);
    lines.chain(said.unchanged.iter().copied()).collect()
}

/// Whether the stored data is at fault, and not the storage.
fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Wrong { .. } | Error::Sealed)
}

//! Applies batches of credit records to workers, each exactly once.
//!
//! A batch whose turn has come is **split**: its parts are read once and checked against what the source signed; its
//! rows are checked and grouped by worker, and workers by shard. Each **shard** is then applied by its own message,
//! with one transaction and one event for each worker. Whoever finds the last shard done **finishes** the batch and
//! starts the next one.
//!
//! Any message may come twice, late, or stop anywhere. Splitting again writes the same shards, since it does not look
//! at the clock. The event's id, made of source, batch and worker, lets a worker's rows in only once. A shard is
//! counted by one conditional write that names it. At most [`AT_ONCE`] shards of a batch are in progress: each one
//! sends for the shard that many places after it.

mod shard;
mod split;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::{FeedBatch, FeedMessage, FeedQueue};
use calls::Error;
use domain::credit::CreditRules;
use domain::feed::{BatchId, CreditSources, WORTH};
use domain::id::SourceId;
use objects::FeedObjects;
use runtime::queue::each;
use settings::{Clock, ConfigError, Settings};
use store::{Batch, BatchState, Feeds, REPORT_PAGE, WorkerIds, Workers};

/// How many shards of a batch are in progress at the same time.
const AT_ONCE: u32 = 4;

pub struct FeedApply {
    clock: Clock,
    sources: CreditSources,
    credit: CreditRules,
    worker_ids: WorkerIds,
    workers: Workers,
    feeds: Feeds,
    objects: FeedObjects,
    queue: FeedQueue,
}

impl FeedApply {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            sources: settings.parsed("CREDIT_SOURCES", CreditSources::from_json),
            credit: settings.market().credit,
            worker_ids: WorkerIds::new(settings),
            workers: Workers::new(settings),
            feeds: Feeds::new(settings),
            objects: FeedObjects::new(settings),
            queue: FeedQueue::new(settings),
        })
    }

    /// Handles messages; those that failed come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, 1, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        let message = FeedMessage::parse(&message.body.unwrap_or_default())?;
        let done = match &message {
            FeedMessage::Split(batch) => self.split(batch).await,
            FeedMessage::Shard(batch, shard) => self.shard(batch, *shard).await,
        };
        if done.is_err() {
            let batch = message.batch();
            tracing::error!(source = %batch.source, batch = %batch.batch_id, "applying a batch was interrupted");
        }
        done
    }

    /// Sends for shards that are not done. Shards form [`AT_ONCE`] rows, with that many places from one to the next
    /// in a row; the first open shard of each row is sent for.
    async fn send_for_shards(&self, message: &FeedBatch, batch: &Batch) -> Result<(), Error> {
        for first in 1..=AT_ONCE {
            self.send_for_shard(message, batch, first).await?;
        }
        Ok(())
    }

    /// Sends for the first shard that is not done, of `from` and those after it in its row.
    async fn send_for_shard(
        &self,
        message: &FeedBatch,
        batch: &Batch,
        from: u32,
    ) -> Result<(), Error> {
        let row = (from..=batch.shards).step_by(AT_ONCE as usize);
        let mut left = row.filter(|shard| !batch.done.contains(shard));
        if let Some(shard) = left.next() {
            let message = FeedMessage::Shard(message.clone(), shard);
            self.queue.send(&message, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// All shards are done: writes the report, marks the batch as applied, starts the next
    /// one. Repeating this changes nothing.
    async fn finish(&self, message: &FeedBatch) -> Result<(), Error> {
        let (source, id) = (&message.source, &message.batch_id);
        let Some(found) = self.feeds.find(source, id).await? else {
            return Ok(());
        };
        if found.batch.state == BatchState::Applying {
            self.report(source, id, &found.batch).await?;
            let counts = found.batch.counts;
            if self.feeds.finish(&found, self.clock.now()).await? {
                tracing::info!(
                    %source,
                    batch = %id,
                    seq = found.batch.manifest.seq,
                    applied = counts.applied,
                    unchanged = counts.unchanged,
                    rejected = counts.rejected,
                    "a batch was applied"
                );
            } else if !self.is_applied(source, id).await? {
                return Err(Error::Busy { call: "finish" });
            }
        }
        self.take_up_next(message).await
    }

    async fn is_applied(&self, source: &SourceId, id: &BatchId) -> Result<bool, Error> {
        let found = self.feeds.find(source, id).await?;
        Ok(found.is_none_or(|found| found.batch.state != BatchState::Applying))
    }

    /// Writes all rejected rows in pages, in the order of the batch.
    async fn report(&self, source: &SourceId, id: &BatchId, batch: &Batch) -> Result<(), Error> {
        let mut rejected = Vec::new();
        for shard in &batch.with_rejected {
            rejected.append(&mut self.objects.rejected(source, id, *shard).await?);
        }
        rejected.sort();
        for (page, rejected) in (0..).zip(rejected.chunks(REPORT_PAGE)) {
            self.objects.put_report(source, id, page, rejected).await?;
        }
        Ok(())
    }

    /// Starts the batch whose turn it is now.
    async fn take_up_next(&self, message: &FeedBatch) -> Result<(), Error> {
        let Some(batch_id) = self.feeds.next(&message.source).await? else {
            return Ok(());
        };
        let next = FeedBatch {
            batch_id,
            until: self.clock.now() + WORTH,
            ..message.clone()
        };
        self.queue
            .send(&FeedMessage::Split(next), Duration::ZERO)
            .await?;
        Ok(())
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Yields now and then during long work, because other tasks run on the same thread.
async fn breathe(done: u32) {
    if done.is_multiple_of(500) {
        tokio::task::yield_now().await;
    }
}

//! Cells and queue access follow an agency's standing.
//!
//! The directory's stream tells which agencies changed ([`changes`]). What they are now is read from the
//! table, consistently, and not from the stream, so that records may come late, twice or in pieces. From that
//! follow the cells ([`projection`]); each write carries the agency's version and goes only over an older
//! one. Then the version is read again, and if it has moved on, so is everything else.

pub mod changes;
pub mod projection;

use std::collections::BTreeSet;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use bus::OfferQueues;
use calls::Error;
use domain::agency::{Agency, Standing};
use domain::id::AgencyId;
use futures::{StreamExt, TryStreamExt, stream};
use runtime::changes::again_from;
use runtime::problem::chain;
use settings::{Clock, ConfigError, Settings};
use store::Directory;

use crate::changes::{Change, Changes};
use crate::projection::Projection;

/// How many agencies are brought up to date at once, and how many cells of each: 16 calls at a time.
const AGENCIES_AT_ONCE: usize = 4;
const CELLS_AT_ONCE: usize = 4;

/// An agency that has changed again each time it was looked at is left to the records of those changes.
const MOST_LOOKS: usize = 4;

/// The function.
pub struct DirectoryProjection {
    clock: Clock,
    directory: Directory,
    queues: OfferQueues,
    polling_role_arn: String,
    radius_m: u32,
}

impl DirectoryProjection {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            directory: Directory::new(settings),
            queues: OfferQueues::new(settings),
            polling_role_arn: settings.text("AGENCY_POLLING_ROLE_ARN"),
            radius_m: settings.market().radius_m,
        })
    }

    /// Follows a batch of the directory's stream. When something failed, the answer names the first record
    /// from which on the batch is to come again.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let changes = Changes::of(&event.records);
        let follows = changes.agencies.iter().map(async |(agency, change)| {
            let error = self.follow(agency, change).await.err()?;
            tracing::error!(agency.id = %agency, error = chain(&error), "an agency's cells are behind");
            Some(change.first)
        });
        let failed: Vec<usize> = stream::iter(follows.collect::<Vec<_>>())
            .buffer_unordered(AGENCIES_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let first = failed.into_iter().chain(changes.unreadable).min();
        let record = first.and_then(|place| event.records.get(place));
        again_from(record.map(|record| record.change.sequence_number.clone().unwrap_or_default()))
    }

    async fn follow(&self, id: &AgencyId, change: &Change) -> Result<(), Error> {
        let mut written = BTreeSet::new();
        for _ in 0..MOST_LOOKS {
            let Some((agency, stores)) = self.directory.agency_with_stores(id).await? else {
                return Ok(());
            };
            let projection =
                Projection::of(&agency, &stores, self.radius_m, &change.seen_at, &written);
            self.write(&agency, &projection).await?;
            if change.queue {
                self.set_queue(&agency).await?;
            }
            written.extend(projection.places());
            let now = self.directory.agency(id).await?;
            if now.is_none_or(|now| now.version == agency.version) {
                let (held, cleared) = (projection.held.len(), projection.cleared.len());
                tracing::info!(
                    agency.id = %id, version = agency.version, held, cleared, "an agency's cells follow"
                );
                return Ok(());
            }
        }
        tracing::info!(agency.id = %id, "an agency changes faster than its cells");
        Ok(())
    }

    async fn write(&self, agency: &Agency, projection: &Projection) -> Result<(), Error> {
        let now = self.clock.now();
        // What is no longer so goes first: an agency that stopped working must not get new offers.
        let clear = projection.cleared.iter().map(|(cell, store)| {
            self.directory
                .tombstone_cell(cell, &agency.id, store, agency.version, now)
        });
        stream::iter(clear.collect::<Vec<_>>())
            .buffer_unordered(CELLS_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await?;
        let hold = projection.held.iter();
        let hold = hold.map(|(cell, store)| self.directory.put_cell(cell, store));
        stream::iter(hold.collect::<Vec<_>>())
            .buffer_unordered(CELLS_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await
    }

    /// Keeps a suspended agency from polling its queue with keys that it still has, and lets it again.
    async fn set_queue(&self, agency: &Agency) -> Result<(), Error> {
        let set = match agency.standing {
            Standing::Suspended => self.queues.deny(&agency.id, &self.polling_role_arn).await,
            Standing::Approved => self.queues.allow(&agency.id).await,
            Standing::Pending | Standing::Rejected => return Ok(()),
        };
        match set {
            // There is nothing that it could poll.
            Err(Error::NoSuchQueue) => {
                tracing::error!(agency.id = %agency.id, "an agency that was approved has no queue");
                Ok(())
            }
            set => set,
        }
    }
}

//! Keeps cells and access to queues in step with agencies' standing.
//!
//! The directory's stream tells which agencies changed ([`changes`]). Their present state is read consistently from
//! the table and not from the stream, so that records may come late, twice or in pieces. The cells follow from it
//! ([`projection`]); each write carries the agency's version and only replaces an older one. Then the version is read
//! again, and if it has risen, everything is done once more.

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

/// How often an agency is looked at if it changes each time; after that, the records of those changes take over.
const MOST_LOOKS: usize = 4;

pub struct DirectoryProjection {
    clock: Clock,
    directory: Directory,
    queues: OfferQueues,
    polling_role_arn: String,
    radius_m: u32,
}

impl DirectoryProjection {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            directory: Directory::new(settings),
            queues: OfferQueues::new(settings),
            polling_role_arn: settings.text("AGENCY_POLLING_ROLE_ARN"),
            radius_m: settings.market().radius_m,
        })
    }

    /// Handles a batch of the directory's stream. If something failed, the batch comes again
    /// from the first record concerned.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let changes = Changes::read(&event.records);
        let follows = changes.agencies.iter().map(async |(agency, change)| {
            let error = self.follow(agency, change).await.err()?;
            tracing::error!(agency.id = %agency, error = chain(&error), "an agency's cells could not be updated");
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
                Projection::new(&agency, &stores, self.radius_m, &change.seen_at, &written);
            self.write(&agency, &projection).await?;
            if change.queue {
                self.set_queue(&agency).await?;
            }
            written.extend(projection.places());
            let now = self.directory.agency(id).await?;
            if now.is_none_or(|now| now.version == agency.version) {
                let (held, cleared) = (projection.held.len(), projection.cleared.len());
                tracing::info!(
                    agency.id = %id, version = agency.version, held, cleared, "an agency's cells were updated"
                );
                return Ok(());
            }
        }
        tracing::info!(agency.id = %id, "an agency changes faster than its cells can be updated");
        Ok(())
    }

    async fn write(&self, agency: &Agency, projection: &Projection) -> Result<(), Error> {
        let now = self.clock.now();
        // Cells that no longer apply go first: an agency that stopped working must not get new offers.
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

    /// Denies a suspended agency access to its queue, although it may still hold keys, and
    /// allows it again once reinstated.
    async fn set_queue(&self, agency: &Agency) -> Result<(), Error> {
        let set = match agency.standing {
            Standing::Suspended => self.queues.deny(&agency.id, &self.polling_role_arn).await,
            Standing::Approved => self.queues.allow(&agency.id).await,
            Standing::Pending | Standing::Rejected => return Ok(()),
        };
        match set {
            // Without a queue there is nothing to poll.
            Err(Error::NoSuchQueue) => {
                tracing::error!(agency.id = %agency.id, "an agency that was approved has no queue");
                Ok(())
            }
            set => set,
        }
    }
}

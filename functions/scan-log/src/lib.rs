//! Consumes the scan queue: writes every scan of one of our badges down.
//!
//! It is written twice: into the log of the badge, for the authority and for the comparison below, and among the looks
//! at the worker's record, for her to see. Both lines are named by badge, moment and scanner, so that a message which
//! comes twice leaves one line, and both expire after 90 days. Then the scan is compared with others of the same badge
//! in the half hours before and after it. If two are further apart than a car drives in the time between, the badge was
//! copied, and an event tells whoever watches over badges.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::ScanMessage;
use calls::Error;
use domain::id::WorkerId;
use domain::scan::{COMPARED, KEPT, Scan, ScannedBy};
use events::{Events, ScannedApart};
use runtime::queue::each;
use settings::{ConfigError, Settings};
use store::{Badges, Look, Scans, WorkerRecords};

/// How many scans are handled at the same time.
const AT_ONCE: usize = 5;

pub struct ScanLog {
    scans: Scans,
    badges: Badges,
    workers: WorkerRecords,
    events: Events,
}

impl ScanLog {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            scans: Scans::new(settings),
            badges: Badges::new(settings),
            workers: WorkerRecords::new(settings),
            events: Events::new(settings),
        })
    }

    /// Handles a batch of the scan queue. The answer names the messages that are to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, AT_ONCE, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        let ScanMessage(scan) = ScanMessage::parse(&message.body.unwrap_or_default())?;
        self.log(scan).await
    }

    async fn log(&self, mut scan: Scan) -> Result<(), Error> {
        if scan.worker_id.is_none() {
            scan.worker_id = self.worker_of(&scan).await?;
        }
        self.scans.add(&scan).await?;
        // Such a badge was never issued, so there is no worker to tell.
        let Some(worker) = scan.worker_id.clone() else {
            return Ok(());
        };
        let how = match scan.by {
            ScannedBy::Public => Look::Scan,
            ScannedBy::Customer => Look::OrderCheck,
            // Their looks are recorded with the reason where they look at the record itself.
            ScannedBy::Agency | ScannedBy::Authority => Look::Scan,
        };
        self.workers
            .add_scan(&worker, scan.at, how, &scan.who, scan.at + KEPT)
            .await?;
        self.compare(&scan, &worker).await
    }

    /// Of a badge that had expired nothing was looked up when it was scanned.
    async fn worker_of(&self, scan: &Scan) -> Result<Option<WorkerId>, Error> {
        let badge = self.badges.get(&scan.badge_id).await?;
        Ok(badge.map(|badge| badge.worker))
    }

    /// Raises an event for the scan next in time that cannot be of the same card. This one is in the log already:
    /// of two that come at once, one at least sees the other.
    async fn compare(&self, scan: &Scan, worker: &WorkerId) -> Result<(), Error> {
        if scan.place.is_none() {
            return Ok(());
        }
        let badge = &scan.badge_id;
        let others = self.scans.placed_around(badge, scan.at, COMPARED).await?;
        let apart = others.iter().filter(|other| scan.is_apart_from(other));
        let nearest = apart.min_by_key(|other| other.at.0.abs_diff(scan.at.0));
        let Some(other) = nearest else {
            return Ok(());
        };
        tracing::warn!(badge.id = %scan.badge_id, "a badge was scanned in two distant places");
        let badge = scan.badge_id.clone();
        let event = ScannedApart::new(badge, worker.clone(), scan.at, other.at);
        self.events.scanned_apart(&event).await?;
        Ok(())
    }
}

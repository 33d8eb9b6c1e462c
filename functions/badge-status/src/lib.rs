//! Publishes status lists, which tell those who verify badges offline that one is revoked or suspended.
//!
//! The table has entries only for such badges. A change of one triggers this function by the table's stream, and a
//! schedule triggers it every quarter of an hour, so that lists are never older than that. A run looks at the published
//! list first, then reads the table consistently, and replaces exactly the list it looked at: of two runs at the same
//! time the newer state stays, and a run that is cut off changes nothing.

mod key;
mod list;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use badge::Verifier;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calls::Error;
use objects::StatusLists;
use runtime::changes::again_from;
use runtime::problem::chain;
use serde::Deserialize;
use serde_json::Value;
use settings::{Clock, ConfigError, Settings};
use store::{Badges, BadgesImage, badges_image};

pub use key::StatusKey;

use crate::list::Claims;

/// How often a list is built when other runs keep publishing it meanwhile.
const ROUNDS: u32 = 10;

/// How long before the last badge key ends that is told: a new one has to be known to verifiers before it signs.
const BADGE_KEY_NOTICE: Duration = Duration::from_secs(14 * 86_400);

pub struct BadgeStatus {
    clock: Clock,
    badges: Badges,
    lists: StatusLists,
    key: StatusKey,
    badge_keys: Verifier,
    host: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Trigger {
    /// A batch of the table's stream.
    Changes(Event),
    /// The schedule: every list is published.
    Schedule(Value),
}

impl BadgeStatus {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            badges: Badges::new(settings),
            lists: StatusLists::new(settings),
            key: StatusKey::new(settings).known_in(settings),
            badge_keys: Verifier::new(settings),
            host: settings.text("BADGE_HOST"),
        })
    }

    /// Publishes the lists that changed, or all of them on schedule. If one fails, the whole batch of changes comes again.
    pub async fn handle(&self, trigger: Trigger) -> DynamoDbEventResponse {
        match trigger {
            Trigger::Changes(event) => {
                let mut is_done = true;
                for list in changed(&event.records) {
                    is_done &= self.publish(list).await;
                }
                let first = event.records.first().filter(|_| !is_done);
                return again_from(
                    first.map(|first| first.change.sequence_number.clone().unwrap_or_default()),
                );
            }
            // A list that fails is published by a later run, long before the old one expires.
            Trigger::Schedule(_) => {
                self.look_at_badge_keys();
                self.publish_all().await;
            }
        }
        DynamoDbEventResponse::default()
    }

    /// Looked at here because this function runs by itself, whether badges are issued or not.
    fn look_at_badge_keys(&self) {
        let until = self.badge_keys.signs_until();
        if until <= self.clock.now() + BADGE_KEY_NOTICE {
            tracing::error!(
                alarm = "badge-key-ends",
                until = until.to_rfc3339(),
                "no badge key signs for long any more"
            );
        }
    }

    async fn publish_all(&self) {
        match self.badges.last_list().await {
            Ok(last) => {
                let mut is_done = true;
                for list in 0..=last.unwrap_or_default() {
                    is_done &= self.publish(list).await;
                }
                if is_done {
                    tracing::info!(heartbeat = "status-list", "all status lists were published");
                }
            }
            Err(error) => {
                tracing::error!(
                    alarm = "status-list",
                    error = chain(&error),
                    "no status list could be published"
                );
            }
        }
    }

    /// Answers whether it worked; the log has the reason.
    async fn publish(&self, list: u32) -> bool {
        match self.published(list).await {
            Ok(not_valid) => {
                tracing::info!(list, not_valid, "a status list was published");
                true
            }
            Err(error) => {
                tracing::error!(
                    alarm = "status-list",
                    list,
                    error = chain(&error),
                    "a status list could not be published"
                );
                false
            }
        }
    }

    /// Answers how many entries the list has.
    async fn published(&self, list: u32) -> Result<usize, Error> {
        for _ in 0..ROUNDS {
            // Read before the table, so that a list is never replaced by an older one.
            let before = self.lists.etag(list).await?;
            let now = self.clock.now();
            let entries = self.badges.not_valid(list).await?;
            let url = format!("https://{}/v1/badge-status-list?list={list}", self.host);
            let claims = Claims::new(url, &entries, now, random_id()?)
                .map_err(|error| Error::wrong_because("a status list cannot be packed", error))?;
            let token = self
                .key
                .sign(&claims)
                .map_err(|error| Error::wrong_because("a status list cannot be signed", error))?;
            if self.lists.replace(list, before.as_deref(), token).await? {
                return Ok(entries.len());
            }
        }
        Err(Error::Busy {
            call: "publishing a status list",
        })
    }
}

/// The lists that a batch of the stream changes.
fn changed(records: &[EventRecord]) -> BTreeSet<u32> {
    let images = records.iter().flat_map(|record| {
        // Reinstating a badge removes its entry, which then is only in the old image.
        [&record.change.new_image, &record.change.old_image]
    });
    let mut lists = BTreeSet::new();
    for image in images.filter(|image| !image.is_empty()) {
        match badges_image(image.clone()) {
            Ok(BadgesImage::Entry(list) | BadgesImage::LastList(list)) => {
                lists.insert(list);
            }
            Ok(BadgesImage::Other) => {}
            // The schedule publishes that list later.
            Err(error) => tracing::error!(error = chain(&error), "a record cannot be read"),
        }
    }
    lists
}

fn random_id() -> Result<String, Error> {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::wrong("there is no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

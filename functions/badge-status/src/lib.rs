//! Status lists, by which badges are verified offline.
//!
//! Only entries that are not valid are stored. A change of one triggers this function by the table's stream, and a
//! schedule does every quarter of an hour, so that lists are never older than that. Each list is built from the table,
//! consistently read after the published one was looked at, and replaces exactly that one: two that publish at the
//! same time end with the newer state, and one that is cut off has changed nothing.

mod key;
mod list;

use std::collections::BTreeSet;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calls::Error;
use runtime::changes::again_from;
use runtime::problem::chain;
use runtime::{Clock, ConfigError, Environment};
use serde::Deserialize;
use serde_json::Value;
use store::{Badges, BadgesImage, StatusLists, badges_image};

pub use key::StatusKey;

use crate::list::Claims;

/// How often a list is built anew that another one was published of meanwhile.
const ROUNDS: u32 = 10;

/// The function.
pub struct BadgeStatus {
    clock: Clock,
    badges: Badges,
    lists: StatusLists,
    key: StatusKey,
    host: String,
}

/// What triggers it.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Trigger {
    /// A batch of the table's stream.
    Changes(Event),
    /// The schedule: every list is published.
    Schedule(Value),
}

impl BadgeStatus {
    /// From its environment.
    ///
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        let [table, bucket, signing_key, public_keys, host] = environment.require(&[
            "BADGES_TABLE",
            "PUBLISHED_BUCKET",
            "STATUS_SIGNING_KEY",
            "STATUS_PUBLIC_KEYS",
            "BADGE_HOST",
        ])?;
        let dynamodb = aws_sdk_dynamodb::Client::new(environment.sdk());
        let s3 = aws_sdk_s3::Client::new(environment.sdk());
        Ok(Self {
            clock: environment.clock().clone(),
            badges: Badges::new(dynamodb, table),
            lists: StatusLists::new(s3, bucket),
            key: StatusKey::new(signing_key)?.known_in(public_keys)?,
            host: host.to_owned(),
        })
    }

    /// Publishes the lists that changed, or all of them. When one was not, the answer has the whole batch come again.
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
            // The next one comes before a list that is not published now has expired.
            Trigger::Schedule(_) => match self.badges.last_list().await {
                Ok(last) => {
                    for list in 0..=last.unwrap_or_default() {
                        self.publish(list).await;
                    }
                }
                Err(error) => {
                    tracing::error!(
                        alarm = "status-list",
                        error = chain(&error),
                        "no status list is published"
                    );
                }
            },
        }
        DynamoDbEventResponse::default()
    }

    /// Whether it is published.
    async fn publish(&self, list: u32) -> bool {
        match self.published(list).await {
            Ok(not_valid) => {
                tracing::info!(list, not_valid, "a status list is published");
                true
            }
            Err(error) => {
                tracing::error!(
                    alarm = "status-list",
                    list,
                    error = chain(&error),
                    "a status list is not published"
                );
                false
            }
        }
    }

    /// How many entries are not valid.
    async fn published(&self, list: u32) -> Result<usize, Error> {
        for _ in 0..ROUNDS {
            // Before the table: what is replaced must not be newer than what it was read from.
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

/// The lists that a batch of the stream is about.
fn changed(records: &[EventRecord]) -> BTreeSet<u32> {
    let images = records.iter().flat_map(|record| {
        // An entry that was reinstated is gone, and only its old image tells.
        [&record.change.new_image, &record.change.old_image]
    });
    let mut lists = BTreeSet::new();
    for image in images.filter(|image| !image.is_empty()) {
        match badges_image(image.clone()) {
            Ok(BadgesImage::Entry(list) | BadgesImage::LastList(list)) => {
                lists.insert(list);
            }
            Ok(BadgesImage::Other) => {}
            // The schedule publishes what this one was about.
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

//! A queue's attributes: as they were given, and what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::message::MAX_BYTES;
use crate::iam::Policy;
use crate::names::Names;
use crate::refusal::Refusal;

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// The name of the dead-letter queue, in this account and region.
    pub(super) target: String,
    /// A message received this often moves instead of being received again.
    pub(super) max_receives: u32,
}

/// The attributes of a queue.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    given: BTreeMap<String, String>,
    pub(super) delay_s: i64,
    pub(super) max_bytes: usize,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) visibility_s: i64,
    pub(super) policy: Option<Arc<Policy>>,
    pub(super) redrive: Option<Redrive>,
}

/// Attributes that are told but not set.
const TOLD: [&str; 6] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
];

/// Attributes that can be set, with SQS's defaults; without one, the attribute is absent.
const SET: [(&str, Option<&str>); 8] = [
    ("DelaySeconds", Some("0")),
    ("MaximumMessageSize", Some("1048576")),
    ("MessageRetentionPeriod", Some("345600")),
    ("ReceiveMessageWaitTimeSeconds", Some("0")),
    ("VisibilityTimeout", Some("30")),
    ("SqsManagedSseEnabled", Some("true")),
    ("Policy", None),
    ("RedrivePolicy", None),
];

fn invalid(name: &str, why: &str) -> Refusal {
    Refusal::new(
        "InvalidAttributeValue",
        format!("Invalid value for the parameter {name}: {why}."),
    )
}

impl Attributes {
    /// Reads attributes as `CreateQueue` gives them. An empty `Policy` or `RedrivePolicy` is none.
    pub(super) fn read(
        mut given: BTreeMap<String, String>,
        names: &Names,
    ) -> Result<Self, Refusal> {
        for name in given.keys() {
            if name.starts_with("Fifo") || name == "ContentBasedDeduplication" {
                return Err(Refusal::not_emulated(&format!("{name}, of FIFO queues,")));
            }
            if !SET.iter().any(|(known, _)| known == name) {
                return Err(Refusal::new(
                    "InvalidAttributeName",
                    format!("the attribute {name} is not emulated here, or unknown to SQS"),
                ));
            }
        }
        given.retain(|name, value| {
            !(value.is_empty() && matches!(name.as_str(), "Policy" | "RedrivePolicy"))
        });
        let number = |name: &str, default: i64, range: std::ops::RangeInclusive<i64>| {
            let Some(text) = given.get(name) else {
                return Ok(default);
            };
            let value = text.parse().ok().filter(|value| range.contains(value));
            value.ok_or_else(|| {
                invalid(
                    name,
                    &format!("must be between {} and {}", range.start(), range.end()),
                )
            })
        };
        let max_bytes = number("MaximumMessageSize", 1_048_576, 1_024..=1_048_576)?;
        if let Some(value) = given.get("SqsManagedSseEnabled")
            && value != "true"
            && value != "false"
        {
            return Err(invalid("SqsManagedSseEnabled", "is neither true nor false"));
        }
        Ok(Self {
            delay_s: number("DelaySeconds", 0, 0..=900)?,
            max_bytes: usize::try_from(max_bytes).unwrap_or(MAX_BYTES),
            retention_s: number("MessageRetentionPeriod", 345_600, 60..=1_209_600)?,
            wait_s: number("ReceiveMessageWaitTimeSeconds", 0, 0..=20)?,
            visibility_s: number("VisibilityTimeout", 30, 0..=43_200)?,
            policy: given
                .get("Policy")
                .map(|text| read_policy(text))
                .transpose()?,
            redrive: given
                .get("RedrivePolicy")
                .map(|text| read_redrive(text, names))
                .transpose()?,
            given,
        })
    }

    /// These attributes with some of them replaced.
    pub(super) fn changed(
        &self,
        changes: BTreeMap<String, String>,
        names: &Names,
    ) -> Result<Self, Refusal> {
        let mut given = self.given.clone();
        given.extend(changes);
        Self::read(given, names)
    }

    /// As they were given.
    pub(super) fn given(&self) -> &BTreeMap<String, String> {
        &self.given
    }

    /// Whether each of `asked` is what the queue has; AWS's test for a repeated `CreateQueue`.
    pub(super) fn agree_with(&self, asked: &BTreeMap<String, String>) -> bool {
        asked.iter().all(|(name, value)| {
            let has = self
                .given
                .get(name)
                .map(String::as_str)
                .or_else(|| default_of(name));
            has.unwrap_or_default() == value
        })
    }

    /// Every attribute that is set or has a default.
    pub(super) fn settled(&self) -> BTreeMap<&str, String> {
        let mut all: BTreeMap<&str, String> = SET
            .iter()
            .filter_map(|(name, default)| Some((*name, default.as_ref()?.to_string())))
            .collect();
        all.extend(
            self.given
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );
        all
    }
}

/// Checks the names in `GetQueueAttributes`.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if name == "All" || TOLD.contains(&name) || SET.iter().any(|(known, _)| *known == name) {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidAttributeName",
        format!("Unknown Attribute {name}."),
    ))
}

fn default_of(name: &str) -> Option<&'static str> {
    SET.iter()
        .find(|(known, _)| *known == name)
        .and_then(|(_, default)| *default)
}

fn read_policy(text: &str) -> Result<Arc<Policy>, Refusal> {
    let document: Value =
        serde_json::from_str(text).map_err(|_| invalid("Policy", "it is not JSON"))?;
    let policy =
        Policy::of_resource(&document).map_err(|error| invalid("Policy", &error.to_string()))?;
    Ok(Arc::new(policy))
}

fn read_redrive(text: &str, names: &Names) -> Result<Redrive, Refusal> {
    let document: Value =
        serde_json::from_str(text).map_err(|_| invalid("RedrivePolicy", "it is not JSON"))?;
    let wrong = |why: &str| invalid("RedrivePolicy", why);
    let object = document
        .as_object()
        .ok_or_else(|| wrong("it is not an object"))?;
    if let Some(key) = object
        .keys()
        .find(|k| !matches!(k.as_str(), "deadLetterTargetArn" | "maxReceiveCount"))
    {
        return Err(wrong(&format!("{key} is unknown")));
    }
    let target = object
        .get("deadLetterTargetArn")
        .and_then(Value::as_str)
        .and_then(|arn| names.queue_of_arn(arn))
        .ok_or_else(|| wrong("deadLetterTargetArn is not a queue of this account and region"))?;
    // SQS accepts the number as a number or as a text.
    let max_receives = match object.get("maxReceiveCount") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    let max_receives = max_receives
        .filter(|count| (1..=1_000).contains(count))
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(|| wrong("maxReceiveCount must be between 1 and 1000"))?;
    Ok(Redrive {
        target: target.to_owned(),
        max_receives,
    })
}

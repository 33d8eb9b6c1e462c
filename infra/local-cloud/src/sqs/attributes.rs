//! A queue's attributes, as texts and as parsed values.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Deserialize;

use crate::iam::Policy;
use crate::names::Names;
use crate::refusal::Refusal;

/// Where messages move that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// The name of the dead-letter queue, in this account and region.
    pub(super) target: String,
    /// A message received this often moves instead of being received again.
    pub(super) max_receives: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    given: BTreeMap<String, String>,
    pub(super) delay_s: i64,
    pub(super) retention_s: i64,
    pub(super) wait_s: i64,
    pub(super) visibility_s: i64,
    pub(super) policy: Option<Arc<Policy>>,
    pub(super) redrive: Option<Redrive>,
}

/// Attributes that can be read but not set.
const TOLD: [&str; 6] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
];

/// Attributes that can be set, with SQS's defaults; without one, the attribute is absent.
const SET: [(&str, Option<&str>); 7] = [
    ("DelaySeconds", Some("0")),
    ("MessageRetentionPeriod", Some("345600")),
    ("ReceiveMessageWaitTimeSeconds", Some("0")),
    ("VisibilityTimeout", Some("30")),
    ("SqsManagedSseEnabled", Some("true")),
    ("Policy", None),
    ("RedrivePolicy", None),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedriveDocument {
    dead_letter_target_arn: String,
    max_receive_count: Count,
}

/// SQS accepts the number as a number or as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u32),
    Text(String),
}

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
        let is_known = |name: &str| SET.iter().any(|(known, _)| *known == name);
        if let Some(name) = given.keys().find(|name| !is_known(name)) {
            return Err(Refusal::new(
                "InvalidAttributeName",
                format!("the attribute {name} is not emulated here, or unknown to SQS"),
            ));
        }
        given.retain(|name, value| {
            !value.is_empty() || !matches!(name.as_str(), "Policy" | "RedrivePolicy")
        });
        let text = |name: &str| given.get(name).map(String::as_str).or(default_of(name));
        let number = |name: &str, range: RangeInclusive<i64>| {
            let value = text(name).and_then(|text| text.parse().ok());
            value.filter(|value| range.contains(value)).ok_or_else(|| {
                let (from, to) = range.into_inner();
                invalid(name, &format!("must be between {from} and {to}"))
            })
        };
        if !matches!(text("SqsManagedSseEnabled"), Some("true" | "false")) {
            return Err(invalid("SqsManagedSseEnabled", "is neither true nor false"));
        }
        Ok(Self {
            delay_s: number("DelaySeconds", 0..=900)?,
            retention_s: number("MessageRetentionPeriod", 60..=1_209_600)?,
            wait_s: number("ReceiveMessageWaitTimeSeconds", 0..=20)?,
            visibility_s: number("VisibilityTimeout", 0..=43_200)?,
            policy: text("Policy").map(read_policy).transpose()?,
            redrive: text("RedrivePolicy")
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

    pub(super) fn given(&self) -> &BTreeMap<String, String> {
        &self.given
    }

    /// Whether the queue has each of `asked`; AWS's test for a repeated `CreateQueue`.
    pub(super) fn agree_with(&self, asked: &Self) -> bool {
        let has = self.settled();
        let mut asked = asked.given.iter();
        asked.all(|(name, value)| has.get(name.as_str()) == Some(value))
    }

    /// Every attribute that is set or has a default.
    pub(super) fn settled(&self) -> BTreeMap<&str, String> {
        let defaults = SET
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        let given = self
            .given
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let all = defaults.chain(given);
        all.map(|(name, value)| (name, value.to_owned())).collect()
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
    let set = SET.iter().find(|(known, _)| *known == name);
    set.and_then(|(_, default)| *default)
}

fn read_policy(text: &str) -> Result<Arc<Policy>, Refusal> {
    let document = serde_json::from_str(text).map_err(|_| invalid("Policy", "it is not JSON"))?;
    let policy = Policy::of_resource(&document);
    policy
        .map(Arc::new)
        .map_err(|error| invalid("Policy", &error.to_string()))
}

fn read_redrive(text: &str, names: &Names) -> Result<Redrive, Refusal> {
    let wrong = |why: &str| invalid("RedrivePolicy", why);
    let document: RedriveDocument =
        serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let target = names
        .queue_of_arn(&document.dead_letter_target_arn)
        .ok_or_else(|| wrong("deadLetterTargetArn is not a queue of this account and region"))?;
    let count = match document.max_receive_count {
        Count::Number(count) => Some(count),
        Count::Text(text) => text.parse().ok(),
    };
    Ok(Redrive {
        target: target.to_owned(),
        max_receives: count
            .filter(|count| (1..=1_000).contains(count))
            .ok_or_else(|| wrong("maxReceiveCount must be between 1 and 1000"))?,
    })
}

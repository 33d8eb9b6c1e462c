//! A message: its content, limits, digests and receipts.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::random::uuid;
use crate::refusal::Refusal;

/// SQS: "The maximum is 1,048,576 bytes (1 MiB)".
const MAX_BYTES: usize = 1_048_576;

/// An attribute beside the body. Only the scheduler's dead letters have any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MessageAttribute {
    /// `String` or `Number`.
    pub data_type: String,
    pub string_value: String,
}

/// The part of a message that never changes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) md5: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attributes: BTreeMap<String, MessageAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<String>,
    pub(super) sender: String,
    /// Milliseconds since the epoch.
    pub(super) sent_at: i64,
}

/// A message to be sent.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The body: not empty, characters as XML 1.0 allows them.
    pub body: String,
    /// Seconds until it can be received; `None`: the queue's own delay.
    pub delay_s: Option<i64>,
    /// The group within which the queue is fair (`MessageGroupId`).
    pub group: Option<String>,
    /// The sender's header `X-Amzn-Trace-Id`, by which Lambda counts how often a chain of messages has come around.
    pub trace: Option<String>,
    pub attributes: BTreeMap<String, MessageAttribute>,
}

impl Draft {
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    pub(super) fn seal(self, sender: &str, now: i64) -> Result<Content, Refusal> {
        if self.body.len() > MAX_BYTES {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "One or more parameters are invalid. Reason: Message must be shorter than {MAX_BYTES} bytes."
                ),
            ));
        }
        if self.body.is_empty() {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter MessageBody.",
            ));
        }
        if let Some(c) = self.body.chars().find(|c| !is_allowed(*c)) {
            return Err(Refusal::new(
                "InvalidMessageContents",
                format!("the body holds the character {c:?}, which SQS does not carry"),
            ));
        }
        if let Some(delay) = self.delay_s {
            check_range("DelaySeconds", delay, 0..=900)?;
        }
        if let Some(group) = &self.group
            && !(1..=128).contains(&group.len())
        {
            let why = "must be of 1 to 128 characters";
            return Err(invalid_value("MessageGroupId", group, why));
        }
        Ok(Content {
            id: uuid()?,
            md5: HEXLOWER.encode(&Md5::digest(self.body.as_bytes())),
            body: self.body,
            attributes: self.attributes,
            group: self.group.map(Into::into),
            trace: self.trace,
            sender: sender.to_owned(),
            sent_at: now,
        })
    }
}

/// The answer to the sender of a message.
#[derive(Clone, Debug)]
pub struct Sent {
    pub message_id: String,
    pub(crate) md5: String,
}

/// A message as it is received.
#[derive(Clone, Debug)]
pub struct Received {
    pub(super) content: Arc<Content>,
    /// Deletes the message. Each receive gives another one.
    pub receipt_handle: String,
    /// Including this time.
    pub receives: u32,
    pub(super) first_received_at: i64,
    pub(super) dead_letter_source: Option<Arc<str>>,
}

impl Received {
    pub fn message_id(&self) -> &str {
        &self.content.id
    }

    pub fn body(&self) -> &str {
        &self.content.body
    }

    /// In hexadecimal; SDKs compare it.
    pub fn md5_of_body(&self) -> &str {
        &self.content.md5
    }

    pub fn message_attributes(&self) -> &BTreeMap<String, MessageAttribute> {
        &self.content.attributes
    }

    /// All system attributes, by their names in SQS.
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([
            ("ApproximateReceiveCount", self.receives.to_string()),
            (
                "ApproximateFirstReceiveTimestamp",
                self.first_received_at.to_string(),
            ),
            ("SentTimestamp", self.content.sent_at.to_string()),
            ("SenderId", self.content.sender.clone()),
        ]);
        if let Some(group) = &self.content.group {
            all.insert("MessageGroupId", group.to_string());
        }
        if let Some(trace) = &self.content.trace {
            all.insert("AWSTraceHeader", trace.clone());
        }
        if let Some(source) = &self.dead_letter_source {
            all.insert("DeadLetterQueueSourceArn", source.to_string());
        }
        all
    }
}

/// The content of a receipt handle.
pub(super) struct Receipt {
    pub(super) seq: u64,
    pub(super) message_id: String,
    pub(super) receives: u32,
}

impl Receipt {
    pub(super) fn handle(queue: &str, seq: u64, message_id: &str, receives: u32) -> String {
        URL_SAFE_NO_PAD.encode(format!("{queue}/{seq}/{receives}/{message_id}"))
    }

    /// Reads a handle that was given out for `queue`.
    pub(super) fn read(queue: &str, handle: &str) -> Result<Self, Refusal> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
            let mut parts = text.splitn(4, '/');
            if parts.next()? != queue {
                return None;
            }
            let seq = parts.next()?.parse().ok()?;
            let receives = parts.next()?.parse().ok()?;
            Some(Self {
                seq,
                receives,
                message_id: parts.next()?.to_owned(),
            })
        };
        read().ok_or_else(|| {
            Refusal::new(
                "ReceiptHandleIsInvalid",
                "The input receipt handle is not one that this queue gave out.",
            )
        })
    }
}

fn invalid_value(name: &str, value: impl std::fmt::Display, why: &str) -> Refusal {
    Refusal::new(
        "InvalidParameterValue",
        format!("Value {value} for parameter {name} is invalid. Reason: {why}."),
    )
}

pub(crate) fn check_range(
    name: &str,
    value: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<(), Refusal> {
    if range.contains(&value) {
        return Ok(());
    }
    let (from, to) = range.into_inner();
    let why = format!("Must be >= {from} and <= {to}");
    Err(invalid_value(name, value, &why))
}

/// SQS: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF".
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sqs() {
        // Body digest of the SQS API reference's SendMessage example.
        let content = Draft::new("This is a test message").seal("me", 0).unwrap();
        assert_eq!(content.md5, "fafb00f5732ab283681e124bf8747ed1");
    }

    #[test]
    fn a_receipt_belongs_to_its_queue() {
        let handle = Receipt::handle("a", 7, "id", 2);
        let receipt = Receipt::read("a", &handle).unwrap();
        assert_eq!(
            (receipt.seq, receipt.receives, &*receipt.message_id),
            (7, 2, "id")
        );
        assert!(Receipt::read("b", &handle).is_err());
        assert!(Receipt::read("a", "junk").is_err());
    }
}

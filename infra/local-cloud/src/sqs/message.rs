//! A message: what it holds, what it may hold, its digests, its receipts.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::random::uuid;
use crate::refusal::Refusal;

/// SQS: "The maximum is 1,048,576 bytes (1 MiB)", for a message and for a batch.
pub(super) const MAX_BYTES: usize = 1_048_576;
/// SQS: a message can have up to ten attributes.
const MAX_ATTRIBUTES: usize = 10;

/// A message attribute: `String`, `Number` or `Binary`, or one of these with a suffix after a dot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MessageAttribute {
    /// The type as the sender named it.
    pub data_type: String,
    /// The value of a `String` or `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// What a message holds from its sending to its end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) md5: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attributes: BTreeMap<String, MessageAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes_md5: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Arc<str>>,
    pub(super) sender: String,
    /// Milliseconds since the epoch.
    pub(super) sent_at: i64,
}

/// What somebody wants to send.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The body: not empty, characters as XML 1.0 allows them.
    pub body: String,
    /// Seconds until it can be received; `None`: the queue's own delay.
    pub delay_s: Option<i64>,
    /// The group within which the queue is fair (`MessageGroupId`).
    pub group: Option<String>,
    /// Attributes beside the body.
    pub attributes: BTreeMap<String, MessageAttribute>,
}

impl Draft {
    /// A message of nothing but a body.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    /// The size that SQS counts: body, and each attribute's name, type and value.
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, a)| {
            let value = match (&a.string_value, &a.binary_value) {
                (Some(text), _) => text.len(),
                (None, Some(base64)) => base64.len() / 4 * 3,
                (None, None) => 0,
            };
            name.len() + a.data_type.len() + value
        });
        self.body.len() + attributes.sum::<usize>()
    }

    /// Checks everything but the size and makes it a message.
    pub(super) fn seal(self, sender: &str, now: i64) -> Result<Content, Refusal> {
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
        if let Some(delay) = self.delay_s
            && !(0..=900).contains(&delay)
        {
            return Err(invalid_value(
                "DelaySeconds",
                delay,
                "must be between 0 and 900",
            ));
        }
        if let Some(group) = &self.group
            && !(1..=128).contains(&group.len())
        {
            return Err(invalid_value(
                "MessageGroupId",
                group,
                "must be of 1 to 128 characters",
            ));
        }
        check_attributes(&self.attributes)?;
        let attributes_md5 =
            (!self.attributes.is_empty()).then(|| digest_attributes(self.attributes.iter()));
        Ok(Content {
            id: uuid()?,
            md5: HEXLOWER.encode(&Md5::digest(self.body.as_bytes())),
            body: self.body,
            attributes: self.attributes,
            attributes_md5,
            group: self.group.map(Into::into),
            sender: sender.to_owned(),
            sent_at: now,
        })
    }
}

/// A message is accepted: what the sender is told.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message's id.
    pub message_id: String,
    pub(super) md5: String,
    pub(super) attributes_md5: Option<String>,
}

impl Sent {
    pub(super) fn of(content: &Content) -> Self {
        Self {
            message_id: content.id.clone(),
            md5: content.md5.clone(),
            attributes_md5: content.attributes_md5.clone(),
        }
    }
}

/// A message as it is received.
#[derive(Clone, Debug)]
pub struct Received {
    pub(super) content: Arc<Content>,
    /// What deletes this receive's message.
    pub receipt_handle: String,
    /// How often it has been received, this time included.
    pub receives: u32,
    pub(super) first_received_at: i64,
    pub(super) dead_letter_source: Option<Arc<str>>,
}

impl Received {
    /// The message's id.
    pub fn message_id(&self) -> &str {
        &self.content.id
    }

    /// The body.
    pub fn body(&self) -> &str {
        &self.content.body
    }

    /// The body's MD5 in hexadecimal, which SDKs compare.
    pub fn md5_of_body(&self) -> &str {
        &self.content.md5
    }

    /// The attributes that the sender gave.
    pub fn message_attributes(&self) -> &BTreeMap<String, MessageAttribute> {
        &self.content.attributes
    }

    /// The digest of the attributes that are returned, which may be fewer than were sent.
    pub(super) fn md5_of_attributes(
        &self,
        returned: &BTreeMap<&String, &MessageAttribute>,
    ) -> String {
        match &self.content.attributes_md5 {
            Some(md5) if returned.len() == self.content.attributes.len() => md5.clone(),
            _ => digest_attributes(returned.iter().map(|(name, attribute)| (*name, *attribute))),
        }
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
        if let Some(source) = &self.dead_letter_source {
            all.insert("DeadLetterQueueSourceArn", source.to_string());
        }
        all
    }
}

/// What a receipt handle says.
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

pub(super) fn invalid_value(name: &str, value: impl std::fmt::Display, why: &str) -> Refusal {
    Refusal::new(
        "InvalidParameterValue",
        format!("Value {value} for parameter {name} is invalid. Reason: {why}."),
    )
}

/// SQS: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF".
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Checks the attributes that a sender gives.
fn check_attributes(attributes: &BTreeMap<String, MessageAttribute>) -> Result<(), Refusal> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(invalid_value(
            "MessageAttributes",
            attributes.len(),
            "there may be 10",
        ));
    }
    for (name, attribute) in attributes {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || name.len() > 256 || !name.chars().all(allowed) {
            return Err(invalid_value(
                "MessageAttributes",
                name,
                "the name is not allowed",
            ));
        }
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        let fits = match (kind, &attribute.string_value, &attribute.binary_value) {
            ("String", Some(text), None) => !text.is_empty(),
            ("Number", Some(text), None) => text.parse::<f64>().is_ok(),
            ("Binary", None, Some(base64)) => STANDARD.decode(base64).is_ok(),
            _ => false,
        };
        if !fits {
            let data_type = &attribute.data_type;
            return Err(invalid_value(
                name,
                data_type,
                "the value does not fit the type",
            ));
        }
    }
    Ok(())
}

/// The digest of attributes as the SQS Developer Guide has it ("Calculating the MD5 message digest
/// for message attributes"): by name, each of name, type and value with its length in four bytes,
/// and one byte for the value's kind.
fn digest_attributes<'a>(
    attributes: impl Iterator<Item = (&'a String, &'a MessageAttribute)>,
) -> String {
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        add(&mut digest, name.as_bytes());
        add(&mut digest, attribute.data_type.as_bytes());
        match (&attribute.string_value, &attribute.binary_value) {
            (Some(text), _) => {
                digest.update([1]);
                add(&mut digest, text.as_bytes());
            }
            (None, Some(base64)) => {
                digest.update([2]);
                add(&mut digest, &STANDARD.decode(base64).unwrap_or_default());
            }
            (None, None) => {}
        }
    }
    HEXLOWER.encode(&digest.finalize())
}

fn add(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
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

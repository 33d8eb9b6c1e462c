//! The files that events come in: pages as `GET /v1/workers/{worker_id}/trace` answers them, one a file, several in
//! one, or the items alone, as a list or a line each.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::canonical::canonical;
use crate::json;
use crate::merkle::Hash;
use crate::report::{Refuted, Unusable};

/// Tells the hashes of events from all others.
const DOMAIN: &[u8] = b"homehail-event-v1\0";

/// What came in the files.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The items, in order.
    pub items: Vec<Item>,
    /// What pages say of what comes after them, in order.
    pub ends: Vec<PageEnd>,
}

/// What a page says of what comes after it, not yet looked at.
#[derive(Clone, Debug)]
pub struct PageEnd {
    /// The file.
    pub place: String,
    /// Whose chain, as the head says; else by the last event up to there: a last page may have none of its own.
    pub worker: Option<String>,
    /// Where the chain ends, if it says that.
    pub head: Option<Value>,
    /// Whether another page follows.
    pub is_continued: bool,
}

/// An event as it was exported, not yet looked at.
#[derive(Clone, Debug)]
pub struct Item {
    /// The file, and its place in there, from 1.
    pub place: String,
    /// All of it.
    pub value: Value,
}

/// An event that is written as events are; whether it is true is another matter.
#[derive(Clone, Debug)]
pub struct Event {
    /// The file, its place in there, and its place in the chain.
    pub place: String,
    /// Whose chain.
    pub worker: String,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// The hash of the event before it.
    pub prev: Hash,
    /// The hash that its bytes have.
    pub hash: Hash,
    /// Its place in the log, if it has one yet.
    pub leaf_index: Option<u64>,
    /// What it was about, and the salt of its commitment, unless they are erased or not for these eyes.
    pub opened: Option<(Hash, Value)>,
}

impl Export {
    /// Adds what a file holds.
    ///
    /// # Errors
    /// When it is not JSON, or holds something that is neither a page nor an item.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Unusable> {
        let mut count = 0;
        for value in json::values(file, text)? {
            let (values, page) = match value {
                Value::Array(items) => (items, None),
                Value::Object(mut page) if page.contains_key("items") => {
                    let Some(Value::Array(items)) = page.remove("items") else {
                        return Err(Unusable::new(file, "`items` is not a list"));
                    };
                    (items, Some(page))
                }
                item @ Value::Object(_) => (vec![item], None),
                _ => return Err(Unusable::new(file, "it holds something that is no object")),
            };
            for value in values {
                count += 1;
                self.items.push(Item {
                    place: format!("{file}, item {count}"),
                    value,
                });
            }
            if let Some(page) = page {
                self.ends.push(self.end_of(file, page));
            }
        }
        Ok(())
    }

    /// What a page says, whose items have been added.
    fn end_of(&self, file: &str, mut page: Map<String, Value>) -> PageEnd {
        let mut said = |name: &str| page.remove(name).filter(|value| !value.is_null());
        let head = said("head");
        let named = head.as_ref().and_then(|head| head.get("worker"));
        let of_last = || self.items.last()?.value.pointer("/event/worker");
        let worker = named.or_else(of_last).and_then(Value::as_str);
        PageEnd {
            place: file.to_owned(),
            worker: worker.map(str::to_owned),
            is_continued: said("next_cursor").is_some(),
            head,
        }
    }
}

impl Item {
    /// Reads it, and checks what can be checked of it alone: that its hash is the hash of its event, and that its
    /// payload is what the event commits itself to.
    ///
    /// # Errors
    /// What does not hold.
    pub fn event(&self) -> Result<Event, Refuted> {
        let item = self.value.as_object();
        let item = item.ok_or_else(|| Refuted::new(&self.place, "it is no object"))?;
        let event = item.get("event").and_then(Value::as_object);
        let event = event.ok_or_else(|| Refuted::new(&self.place, "it has no event"))?;
        let seq = event.get("seq").and_then(Value::as_u64);
        let seq = seq
            .filter(|seq| *seq > 0)
            .ok_or_else(|| Refuted::new(&self.place, "its event has no seq"))?;
        let worker = text(event, "worker", &self.place)?;
        let place = format!("{}, seq {seq} of {worker}", self.place);
        text(event, "kind", &place)?;
        text(event, "actor", &place)?;
        text(event, "at", &place)?;
        let prev = hash(event, "prev", &place)?;
        let commitment = hash(event, "payload_commitment", &place)?;
        let told = hash(item, "hash", &place)?;
        let found = event_hash(event);
        if found != told {
            return Err(Refuted::new(
                place,
                format!(
                    "the event was altered: its hash is {}, not {}",
                    HEXLOWER.encode(&found),
                    HEXLOWER.encode(&told)
                ),
            ));
        }
        let leaf_index = match item.get("leaf_index") {
            None | Some(Value::Null) => None,
            Some(index) => match index.as_u64() {
                Some(index) => Some(index),
                None => return Err(Refuted::new(place, "`leaf_index` is no number")),
            },
        };
        let opened = opened(item, &place)?;
        if let Some((salt, payload)) = &opened
            && commit(salt, payload) != commitment
        {
            return Err(Refuted::new(
                place,
                "the payload is not what the event commits itself to",
            ));
        }
        Ok(Event {
            place,
            worker,
            seq,
            prev,
            hash: found,
            leaf_index,
            opened,
        })
    }
}

/// The hash of an event: SHA-256 of the domain's name, a zero byte, and the canonical JSON.
pub fn event_hash(event: &Map<String, Value>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(canonical(&Value::Object(event.clone())));
    hasher.finalize().into()
}

/// What an event commits itself to: HMAC-SHA-256 of the payload's canonical JSON under the salt.
pub fn commit(salt: &Hash, payload: &Value) -> Hash {
    // A key shorter than SHA-256's block is filled up with zeros (RFC 2104).
    let mut key = [0; 64];
    key[..salt.len()].copy_from_slice(salt);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(canonical(payload).as_bytes());
    mac.finalize().into_bytes().into()
}

/// A hash in hexadecimal, as JSON has it.
pub fn read_hash(text: &str) -> Option<Hash> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn opened(item: &Map<String, Value>, place: &str) -> Result<Option<(Hash, Value)>, Refuted> {
    let given = |name: &str| item.get(name).filter(|value| !value.is_null());
    match (given("salt"), given("payload")) {
        (None, None) => Ok(None),
        (Some(_), Some(payload)) => Ok(Some((hash(item, "salt", place)?, payload.clone()))),
        _ => Err(Refuted::new(place, "of salt and payload one is missing")),
    }
}

fn text(object: &Map<String, Value>, name: &str, place: &str) -> Result<String, Refuted> {
    let value = object.get(name).and_then(Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| Refuted::new(place, format!("`{name}` is missing or no text")))
}

fn hash(object: &Map<String, Value>, name: &str, place: &str) -> Result<Hash, Refuted> {
    let value = object.get(name).and_then(Value::as_str);
    value.and_then(read_hash).ok_or_else(|| {
        Refuted::new(
            place,
            format!("`{name}` is not 64 small hexadecimal digits"),
        )
    })
}

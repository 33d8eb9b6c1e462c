//! Reads the files that hold events: pages as `GET /v1/workers/{worker_id}/trace` answers them, one or several in a
//! file, or only their items, as a list or one on each line.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::canonical::canonical;
use crate::json;
use crate::merkle::Hash;
use crate::report::{Refuted, Unusable};

/// Keeps hashes of events apart from all others.
const DOMAIN: &[u8] = b"homehail-event-v1\0";

/// What the files contain.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The items, in order.
    pub items: Vec<Item>,
    /// What pages say about what comes after them, in order.
    pub ends: Vec<PageEnd>,
}

/// What a page says about what comes after it; not verified yet.
#[derive(Clone, Debug)]
pub struct PageEnd {
    pub place: String,
    /// The worker in the head, or else the one of the last event so far: a last page may have no events.
    pub worker: Option<String>,
    /// Where the chain ends, if the page says so.
    pub head: Option<Value>,
    /// Whether another page follows.
    pub is_continued: bool,
}

/// An exported event; not verified yet.
#[derive(Clone, Debug)]
pub struct Item {
    /// The file, and the position in it, from 1.
    pub place: String,
    pub value: Value,
}

/// An event with the right form; whether it is true is another matter.
#[derive(Clone, Debug)]
pub struct Event {
    /// The file, the position in it, and the position in the chain.
    pub place: String,
    pub worker: String,
    /// The position in the chain, from 1.
    pub seq: u64,
    /// The hash of the event before it.
    pub prev: Hash,
    /// The hash of the event's bytes.
    pub hash: Hash,
    /// The position in the log, if it has one yet.
    pub leaf_index: Option<u64>,
    /// The salt and the payload, unless they were erased or withheld from this reader.
    pub opened: Option<(Hash, Value)>,
}

impl Export {
    /// Adds what a file holds.
    ///
    /// # Errors
    /// The file is not JSON, or holds something that is neither a page nor an item.
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

    /// What a page says about what comes after it; its items have been added.
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
    /// Reads the event, and checks its hash, and that its payload fits its commitment.
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
        // Events from before there were members have none.
        if event.contains_key("member") {
            text(event, "member", &place)?;
        }
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

/// The hash of an event: SHA-256 of a fixed prefix, a zero byte, and the canonical JSON.
pub fn event_hash(event: &Map<String, Value>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(canonical(&Value::Object(event.clone())));
    hasher.finalize().into()
}

/// The commitment to a payload: HMAC-SHA-256 of its canonical JSON under the salt.
pub fn commit(salt: &Hash, payload: &Value) -> Hash {
    // A key shorter than SHA-256's block is padded with zeros (RFC 2104).
    let mut key = [0; 64];
    key[..salt.len()].copy_from_slice(salt);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(canonical(payload).as_bytes());
    mac.finalize().into_bytes().into()
}

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

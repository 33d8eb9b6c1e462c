//! Items of workers' chains.

use domain::chain::{Actor, ChainEvent, EventKind, Hash, Head};
use domain::id::{EventId, MemberId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::key::parse_event;
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Attributes, Item, Key, read};

/// What the attribute `un` of an event says that the log does not hold yet.
pub(super) const UNSEQUENCED: &str = "u";

#[derive(Serialize, Deserialize)]
struct EventItem {
    id: EventId,
    at: Millis,
    kd: EventKind,
    ac: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    me: Option<MemberId>,
    pc: Bytes,
    pv: Bytes,
    ha: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    un: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ua: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    li: Option<u64>,
}

/// An event of a chain as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub event: ChainEvent,
    pub hash: Hash,
    /// What it was caused by, hashed.
    pub id: EventId,
    /// Its place in the log; none until it has one.
    pub leaf_index: Option<u64>,
}

/// A new event, which the log does not hold yet.
pub(crate) fn write_event(stored: &StoredEvent) -> Item<Ledger> {
    let event = &stored.event;
    Key::event(&event.worker, event.seq).item(EventItem {
        id: stored.id.clone(),
        at: event.at,
        kd: event.kind,
        ac: event.actor.to_string(),
        me: event.actor.member().cloned(),
        pc: Bytes(event.payload_commitment.0.to_vec()),
        pv: Bytes(event.prev.0.to_vec()),
        ha: Bytes(stored.hash.0.to_vec()),
        un: Some(UNSEQUENCED.to_owned()),
        ua: Some(event.at),
        li: None,
    })
}

/// An event's item as the table or its stream has it.
pub(crate) fn read_event(item: impl Into<serde_dynamo::Item>) -> Result<StoredEvent, Error> {
    let (key, item): (_, EventItem) = read(item)?;
    let (worker, seq) = parse_event(&key).ok_or(Error::wrong("its key is not an event's"))?;
    let actor = Actor::new(&item.ac, item.me);
    Ok(StoredEvent {
        event: ChainEvent {
            worker,
            seq,
            at: item.at,
            kind: item.kd,
            actor: actor.map_err(|_| Error::wrong("nobody is its actor"))?,
            payload_commitment: Hash(item.pc.array()?),
            prev: Hash(item.pv.array()?),
        },
        hash: Hash(item.ha.array()?),
        id: item.id,
        leaf_index: item.li,
    })
}

#[derive(Serialize, Deserialize)]
struct HeadItem {
    sq: u64,
    ha: Bytes,
}

pub(crate) fn write_head(worker: &WorkerId, head: Head) -> Item<Ledger> {
    Key::head(worker).item(HeadItem {
        sq: head.seq,
        ha: Bytes(head.hash.0.to_vec()),
    })
}

pub(crate) fn read_head(item: Attributes) -> Result<Head, Error> {
    let (_, item): (_, HeadItem) = read(item)?;
    Ok(Head {
        seq: item.sq,
        hash: Hash(item.ha.array()?),
    })
}

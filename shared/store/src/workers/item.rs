//! Items of workers and of their chains.

use std::collections::BTreeMap;

use domain::agency::Standing;
use domain::chain::{Actor, ChainEvent, EventKind, Hash, Head};
use domain::credit::{Entry, Recorded, Section, Sections};
use domain::id::{AgencyId, EventId, SourceId, WorkerId};
use domain::service::ServiceSet;
use domain::time::Millis;
use domain::worker::{Photo, Worker};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::bytes::Bytes;
use crate::key::{self, Attributes, Key};

/// What the attribute `wait` of a worker says that waits for review.
pub(super) const WAITS: &str = "worker";
/// What the attribute `un` of an event says that the log does not hold yet.
pub(crate) const UNSEQUENCED: &str = "u";

#[derive(Serialize, Deserialize)]
struct WorkerItem {
    pk: String,
    sk: String,
    v: u64,
    st: Standing,
    ag: AgencyId,
    skl: u16,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mn: String,
    // An index that leaves these out is read into the same item.
    #[serde(default)]
    rg: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ph: Option<Photo>,
    #[serde(default)]
    se: BTreeMap<Section, Vec<StoredEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    er: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    o: SourceId,
    s: Recorded,
    a: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<Millis>,
}

pub(super) fn write_worker(worker: &Worker) -> Result<Attributes, Error> {
    let key = Key::worker(&worker.id);
    let mut se: BTreeMap<Section, Vec<StoredEntry>> = BTreeMap::new();
    for (section, entry) in worker.sections.entries() {
        se.entry(section).or_default().push(StoredEntry {
            o: entry.source.clone(),
            s: entry.recorded,
            a: entry.as_of,
            f: entry.valid_from,
            u: entry.valid_until,
        });
    }
    Ok(serde_dynamo::to_item(WorkerItem {
        pk: key.pk,
        sk: key.sk,
        v: worker.version,
        st: worker.standing,
        ag: worker.agency.clone(),
        skl: worker.skills.bits(),
        mn: worker.masked_name.clone(),
        rg: worker.registered_at,
        wait: worker.waits_since.map(|_| WAITS.to_owned()),
        since: worker.waits_since,
        ph: worker.photo.clone(),
        se,
        er: worker.is_erased.then_some(true),
    })?)
}

/// A worker's item as the table, a stream or the index by agency has it. The index has no photo.
pub(super) fn read_worker(item: impl Into<serde_dynamo::Item>) -> Result<Worker, Error> {
    let item: WorkerItem = serde_dynamo::from_item(item.into())?;
    let id = key::parse_worker(&item.pk).ok_or(Error::wrong("its key is not a worker's"))?;
    let entries = item.se.into_iter().flat_map(|(section, said)| {
        said.into_iter().map(move |stored| {
            let entry = Entry {
                source: stored.o,
                recorded: stored.s,
                as_of: stored.a,
                valid_from: stored.f,
                valid_until: stored.u,
            };
            (section, entry)
        })
    });
    let sections: Sections = entries.collect();
    Ok(Worker {
        id,
        version: item.v,
        agency: item.ag,
        standing: item.st,
        skills: ServiceSet::from_bits(item.skl),
        masked_name: item.mn,
        registered_at: item.rg,
        waits_since: item.since,
        photo: item.ph,
        sections,
        is_erased: item.er.unwrap_or_default(),
    })
}

#[derive(Serialize, Deserialize)]
struct EventItem {
    pk: String,
    sk: String,
    id: EventId,
    at: Millis,
    kd: EventKind,
    ac: Actor,
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
    /// The event.
    pub event: ChainEvent,
    /// Its hash.
    pub hash: Hash,
    /// What it was caused by, hashed.
    pub id: EventId,
    /// Its place in the log; none until it has one.
    pub leaf_index: Option<u64>,
}

/// A new event, which the log does not hold yet.
pub(super) fn write_event(stored: &StoredEvent) -> Result<Attributes, Error> {
    let event = &stored.event;
    let key = Key::event(&event.worker, event.seq);
    Ok(serde_dynamo::to_item(EventItem {
        pk: key.pk,
        sk: key.sk,
        id: stored.id.clone(),
        at: event.at,
        kd: event.kind,
        ac: event.actor.clone(),
        pc: Bytes(event.payload_commitment.0.to_vec()),
        pv: Bytes(event.prev.0.to_vec()),
        ha: Bytes(stored.hash.0.to_vec()),
        un: Some(UNSEQUENCED.to_owned()),
        ua: Some(event.at),
        li: None,
    })?)
}

/// An event's item as the table or its stream has it.
pub(crate) fn read_event(item: impl Into<serde_dynamo::Item>) -> Result<StoredEvent, Error> {
    let item: EventItem = serde_dynamo::from_item(item.into())?;
    let (worker, seq) =
        key::parse_event(&item.pk, &item.sk).ok_or(Error::wrong("its key is not an event's"))?;
    Ok(StoredEvent {
        event: ChainEvent {
            worker,
            seq,
            at: item.at,
            kind: item.kd,
            actor: item.ac,
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
    pk: String,
    sk: String,
    sq: u64,
    ha: Bytes,
}

pub(super) fn write_head(worker: &WorkerId, head: Head) -> Result<Attributes, Error> {
    let key = Key::head(worker);
    Ok(serde_dynamo::to_item(HeadItem {
        pk: key.pk,
        sk: key.sk,
        sq: head.seq,
        ha: Bytes(head.hash.0.to_vec()),
    })?)
}

pub(super) fn read_head(item: Attributes) -> Result<Head, Error> {
    let item: HeadItem = serde_dynamo::from_item(item)?;
    Ok(Head {
        seq: item.sq,
        hash: Hash(item.ha.array()?),
    })
}

/// Something sealed: a payload, a profile, a wrapped key.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedItem {
    pub(super) pk: String,
    pub(super) sk: String,
    /// Of a payload: its event's place in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sq: Option<u64>,
    /// Nothing once it is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bo: Option<Bytes>,
}

impl SealedItem {
    pub(super) fn write(
        key: Key,
        seq: Option<u64>,
        body: Option<Vec<u8>>,
    ) -> Result<Attributes, Error> {
        Ok(serde_dynamo::to_item(Self {
            pk: key.pk,
            sk: key.sk,
            sq: seq,
            bo: body.map(Bytes),
        })?)
    }

    pub(super) fn read(item: Attributes) -> Result<Self, Error> {
        Ok(serde_dynamo::from_item(item)?)
    }
}

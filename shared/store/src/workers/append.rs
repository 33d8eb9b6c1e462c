//! Every change of a worker, with its events.

use std::convert::Infallible;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::chain::{Actor, ChainEvent, EventKind, Head, commitment};
use domain::id::{AgencyId, EventId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::{self, SealedItem, StoredEvent};
use super::{WorkerFile, Workers};
use crate::Error;
use crate::bytes::Bytes;
use crate::key::{Attributes, Key};
use crate::personal::PersonKey;
use crate::transaction::{self, Also, Committed, pause};

const CALL: &str = "TransactWriteItems";
/// How often a change is decided anew that another one got in the way of: of a hundred that come at once, one
/// gets through each time.
const ROUNDS: u32 = 120;

/// What a profile is sealed as.
pub(super) const PROFILE: &str = "profile";
/// What a payload is sealed as.
pub(super) const PAYLOAD: &str = "payload";

/// What happened, before it has a place in the chain.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// From what caused it ([`EventId::of`]), so that a repeat of the cause adds nothing.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// By whom.
    pub actor: Actor,
    /// What about. Personal data is welcome: it is sealed under the worker's own key.
    pub payload: Value,
}

/// What becomes of the personal data.
#[derive(Clone, Debug, Default)]
pub enum ProfileChange {
    /// It stays.
    #[default]
    Keep,
    /// It becomes this.
    Put(Box<Profile>),
    /// It is erased, with the key under which everything personal of her is sealed.
    Erase,
}

/// A change of a worker: at least one event, and what it changes.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// How she is afterwards; none if that does not change. The version is raised here.
    pub worker: Option<Worker>,
    /// What becomes of her personal data.
    pub profile: ProfileChange,
    /// What happened, in its order. Without any, nothing is written.
    pub events: Vec<NewEvent>,
    /// More writes that must be done with it, or nothing is.
    pub also: Vec<Also>,
}

/// What a change came to.
#[derive(Debug)]
pub enum Appended<R> {
    /// It is done; this is how she is now.
    Done(Box<WorkerFile>),
    /// One of its events was there already: it was done before. This is how she was found.
    Repeat(Box<WorkerFile>),
    /// It was not decided.
    Refused(R),
    /// There is no such worker.
    NotFound,
    /// The condition of one of the other writes failed: which one, and the item that was found.
    AlsoRefused(usize, Option<Attributes>),
}

/// Somebody who was never registered.
#[derive(Clone, Debug)]
pub struct NewWorker {
    /// As she is to be; her version is set here.
    pub worker: Worker,
    /// Her personal data.
    pub profile: Profile,
    /// `registered`, `consent_given`, and what else comes with it.
    pub events: Vec<NewEvent>,
    /// More writes that must be done with it.
    pub also: Vec<Also>,
    /// The hash of the registration's idempotency key, in the form that keys have.
    pub key_hash: String,
    /// The hash of its body.
    pub body_hash: [u8; 32],
}

/// What registering a worker came to.
#[derive(Debug)]
pub enum RegisteredWorker {
    /// She is registered now.
    New(Box<WorkerFile>),
    /// The same request had registered this worker before.
    Repeat(WorkerId),
    /// Another request of the agency has used the same key.
    KeyReused,
    /// She was registered before, by this or another agency.
    Exists(Box<WorkerFile>),
}

#[derive(Serialize, Deserialize)]
struct RequestItem {
    pk: String,
    sk: String,
    wk: WorkerId,
    bh: Bytes,
}

/// Where the parts of a transaction begin.
struct Writes {
    items: Vec<TransactWriteItem>,
    /// The payloads, whose being there says that it was done before.
    payloads: std::ops::Range<usize>,
    /// The writes of others begin here.
    also: usize,
    after: WorkerFile,
}

impl Workers {
    /// Registers somebody for the first time.
    ///
    /// # Errors
    /// When it was not written, or that is not known; registering again is harmless.
    pub async fn register(&self, new: &NewWorker, now: Millis) -> Result<RegisteredWorker, Error> {
        let id = &new.worker.id;
        let request = self.also_request(&new.worker.agency, &new.key_hash, id, &new.body_hash)?;
        let step = Step {
            worker: Some(new.worker.clone()),
            profile: ProfileChange::Put(Box::new(new.profile.clone())),
            events: new.events.clone(),
            also: std::iter::once(request).chain(new.also.clone()).collect(),
        };
        for round in 0..ROUNDS {
            pause(round, id.as_str()).await;
            let writes = self.writes(None, id, step.clone(), now)?;
            let also = writes.also;
            match transaction::commit(&self.client, writes.items).await? {
                Committed::Done => return Ok(RegisteredWorker::New(Box::new(writes.after))),
                Committed::Conflict => {}
                Committed::Refused(refused) => {
                    let request = refused.into_iter().find(|(place, _)| *place == also);
                    if let Some((_, Some(found))) = request {
                        return repeat_of(found, &new.body_hash);
                    }
                    if let Some(file) = self.open(id).await? {
                        return Ok(RegisteredWorker::Exists(Box::new(file)));
                    }
                }
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// What a request of an agency registered, if it did: the worker, or [`RegisteredWorker::KeyReused`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn registered_by(
        &self,
        agency: &AgencyId,
        key_hash: &str,
        body_hash: &[u8; 32],
    ) -> Result<Option<RegisteredWorker>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.workers)
            .set_key(Some(Key::worker_request(agency, key_hash).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        let found = answer.item.map(|found| repeat_of(found, body_hash));
        found.transpose()
    }

    /// Remembers a registration by its idempotency key, so that a repeat is told from a reused key.
    ///
    /// # Errors
    /// None that a request can cause; building is fallible by its signature.
    pub fn also_request(
        &self,
        agency: &AgencyId,
        key_hash: &str,
        worker: &WorkerId,
        body_hash: &[u8; 32],
    ) -> Result<Also, Error> {
        let key = Key::worker_request(agency, key_hash);
        let item = serde_dynamo::to_item(RequestItem {
            pk: key.pk,
            sk: key.sk,
            wk: worker.clone(),
            bh: Bytes(body_hash.to_vec()),
        })?;
        transaction::put_new(&self.tables.workers, item).map(Also)
    }

    /// Changes a worker as `decide` says, in one transaction with its events. What others change meanwhile is
    /// decided on anew.
    ///
    /// # Errors
    /// When it was not written, or that is not known; changing again is harmless.
    pub async fn change<R>(
        &self,
        id: &WorkerId,
        now: Millis,
        mut decide: impl FnMut(&WorkerFile) -> Result<Step, R>,
    ) -> Result<Appended<R>, Error> {
        for round in 0..ROUNDS {
            let Some(before) = self.open(id).await? else {
                return Ok(Appended::NotFound);
            };
            let step = match decide(&before) {
                Ok(step) => step,
                Err(refusal) => return Ok(Appended::Refused(refusal)),
            };
            if step.events.is_empty() {
                return Ok(Appended::Done(Box::new(before)));
            }
            let writes = self.writes(Some(&before), id, step, now)?;
            let who = writes.after.head.hash;
            match transaction::commit(&self.client, writes.items).await? {
                Committed::Done => return Ok(Appended::Done(Box::new(writes.after))),
                Committed::Conflict => {}
                Committed::Refused(refused) => {
                    // If she has changed, all of it is decided anew: an event named by its place in the chain may have
                    // met another one there, and is no repeat of it.
                    let has_changed = refused.iter().any(|(at, _)| *at < writes.payloads.start);
                    if !has_changed {
                        if refused.iter().any(|(at, _)| writes.payloads.contains(at)) {
                            return Ok(Appended::Repeat(Box::new(before)));
                        }
                        if let Some((at, found)) = refused.into_iter().next() {
                            return Ok(Appended::AlsoRefused(at - writes.also, found));
                        }
                    }
                }
            }
            pause(round + 1, &who.to_string()).await;
        }
        Err(Error::Busy { call: CALL })
    }

    /// Changes a worker without anything that could be refused.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn append(
        &self,
        id: &WorkerId,
        now: Millis,
        event: &NewEvent,
    ) -> Result<Appended<Infallible>, Error> {
        let step = Step {
            events: vec![event.clone()],
            ..Step::default()
        };
        self.change(id, now, |_| Ok(step.clone())).await
    }

    fn writes(
        &self,
        before: Option<&WorkerFile>,
        id: &WorkerId,
        step: Step,
        now: Millis,
    ) -> Result<Writes, Error> {
        let tables = &self.tables;
        let mut items = Vec::new();
        let mut key = before.and_then(|file| file.key.clone());
        let mut profile = before.and_then(|file| file.profile.clone());
        let head_before = before.map_or(Head::EMPTY, |file| file.head);
        let erases = matches!(step.profile, ProfileChange::Erase);

        let worker = self.worker_write(before, step.worker, &mut items)?;
        if erases && key.is_none() {
            // She is back in a restored table, without her key: the event takes a salt that nobody keeps.
            key = Some(self.personal.create(id)?.0);
        }
        if let (None, ProfileChange::Put(_)) = (&key, &step.profile) {
            let (new, wrapped) = self.personal.create(id)?;
            let item = SealedItem::write(Key::subject_key(id), None, Some(wrapped))?;
            items.push(transaction::put_new(&tables.subject_keys, item)?);
            key = Some(new);
        }
        match step.profile {
            ProfileChange::Keep => {}
            ProfileChange::Put(new) => {
                let body = match &key {
                    Some(key) => key.seal(id, PROFILE, &new)?,
                    None => return Err(Error::Sealed),
                };
                let item = SealedItem::write(Key::profile(id), None, Some(body))?;
                items.push(transaction::put(&tables.workers, item, None)?);
                profile = Some(*new);
            }
            ProfileChange::Erase => {
                items.push(transaction::delete(
                    &tables.subject_keys,
                    Key::subject_key(id),
                )?);
                items.push(transaction::delete(&tables.workers, Key::profile(id))?);
                profile = None;
            }
        }

        let mut head = head_before;
        let mut payloads = Vec::new();
        for event in step.events {
            let (stored, payload) = chained(id, head, event, key.as_ref(), erases, now)?;
            head = Head {
                seq: stored.event.seq,
                hash: stored.hash,
            };
            let item = item::write_event(&stored)?;
            items.push(transaction::put_new(&tables.ledger, item)?);
            payloads.push(transaction::put_new(&tables.ledger, payload)?);
        }
        items.push(self.head_write(id, head_before, head)?);
        let first = items.len();
        items.append(&mut payloads);
        let also = items.len();
        items.extend(step.also.into_iter().map(|also| also.0));
        Ok(Writes {
            items,
            payloads: first..also,
            also,
            after: WorkerFile {
                worker,
                profile,
                head,
                key: if erases { None } else { key },
            },
        })
    }

    /// Her own item: new, on its version, or unchanged.
    fn worker_write(
        &self,
        before: Option<&WorkerFile>,
        worker: Option<Worker>,
        items: &mut Vec<TransactWriteItem>,
    ) -> Result<Worker, Error> {
        let table = &self.tables.workers;
        match (before, worker) {
            (None, Some(mut worker)) => {
                worker.version = 1;
                items.push(transaction::put_new(table, item::write_worker(&worker)?)?);
                Ok(worker)
            }
            (None, None) => Err(Error::wrong("a worker begins without a state")),
            (Some(before), None) => {
                items.push(self.records().also_unchanged(&before.worker)?.0);
                Ok(before.worker.clone())
            }
            (Some(before), Some(mut worker)) => {
                worker.version = before.worker.version + 1;
                let version = AttributeValue::N(before.worker.version.to_string());
                let condition = Some(("v = :v", vec![(":v", version)]));
                let item = item::write_worker(&worker)?;
                items.push(transaction::put(table, item, condition)?);
                Ok(worker)
            }
        }
    }

    fn head_write(
        &self,
        id: &WorkerId,
        before: Head,
        after: Head,
    ) -> Result<TransactWriteItem, Error> {
        let item = item::write_head(id, after)?;
        if before == Head::EMPTY {
            return transaction::put_new(&self.tables.ledger, item);
        }
        let seq = AttributeValue::N(before.seq.to_string());
        let hash = AttributeValue::B(before.hash.0.to_vec().into());
        let condition = ("sq = :sq AND ha = :ha", vec![(":sq", seq), (":ha", hash)]);
        transaction::put(&self.tables.ledger, item, Some(condition))
    }
}

/// The body of a payload's item, before it is sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) payload: Value,
}

/// An event with its place in the chain, and the item of its payload. When it erases the key, its payload goes
/// with everything else.
fn chained(
    id: &WorkerId,
    before: Head,
    event: NewEvent,
    key: Option<&PersonKey>,
    erases: bool,
    now: Millis,
) -> Result<(StoredEvent, Attributes), Error> {
    let key = key.ok_or(Error::wrong("a worker whose data is erased has no events"))?;
    let payload_commitment = commitment(&key.salt(&event.id), &event.payload);
    let chained = ChainEvent {
        worker: id.clone(),
        seq: before.seq + 1,
        at: now,
        kind: event.kind,
        actor: event.actor,
        payload_commitment,
        prev: before.hash,
    };
    let body = Body {
        payload: event.payload,
    };
    let sealed = if erases {
        None
    } else {
        Some(key.seal(id, PAYLOAD, &body)?)
    };
    let payload = SealedItem::write(Key::payload(id, &event.id), Some(chained.seq), sealed)?;
    let stored = StoredEvent {
        hash: chained.hash(),
        event: chained,
        id: event.id,
        leaf_index: None,
    };
    Ok((stored, payload))
}

fn repeat_of(found: Attributes, body_hash: &[u8; 32]) -> Result<RegisteredWorker, Error> {
    let found: RequestItem = serde_dynamo::from_item(found)?;
    Ok(if found.bh.0 == body_hash {
        RegisteredWorker::Repeat(found.wk)
    } else {
        RegisteredWorker::KeyReused
    })
}

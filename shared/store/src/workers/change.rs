//! Every change of a worker, with its events.

use std::convert::Infallible;

use domain::chain::{Actor, ChainEvent, EventKind, Head, commitment};
use domain::id::{AgencyId, EventId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, Proposal, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{WorkerFile, Workers, item};
use crate::Error;
use crate::bytes::Bytes;
use crate::directory::Directory;
use crate::ledger::{self, Ledger, StoredEvent};
use crate::subject_keys::{PersonKey, SealedItem};
use crate::table::{
    Attributes, Committed, Item, Key, Member, Part, Rivals, TRANSACT, Tries, commit, read,
};

/// What a profile is sealed as.
pub(super) const PROFILE: &str = "profile";
/// What a payload is sealed as.
pub(crate) const PAYLOAD: &str = "payload";

/// What happened, before it has a place in the chain.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// From what caused it ([`EventId::from_cause`]), so that a repeat of the cause adds nothing.
    pub id: EventId,
    pub kind: EventKind,
    pub actor: Actor,
    /// What about. Personal data is welcome: it is sealed under the worker's own key.
    pub payload: Value,
}

/// What becomes of the personal data.
#[derive(Clone, Debug, Default)]
pub enum ProfileChange {
    #[default]
    Keep,
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
    /// What must be written with it, or nothing is; none of it her own item or her chain.
    pub with: Vec<Member>,
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
    /// The condition of one of the writes that were to be made with it failed. Of several, this is the first.
    WithRefused(Part),
}

/// Somebody who was never registered.
#[derive(Clone, Debug)]
pub struct NewWorker {
    /// As she is to be; her version is set here.
    pub worker: Worker,
    pub profile: Profile,
    /// `registered`, `consent_given`, and what else comes with it.
    pub events: Vec<NewEvent>,
    /// What must be written with it, or nothing is.
    pub with: Vec<Member>,
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
    wk: WorkerId,
    bh: Bytes,
}

/// The members of a change, and how she is after it.
struct Change {
    members: Vec<Member>,
    after: WorkerFile,
}

impl Workers {
    /// Registers somebody for the first time.
    pub async fn register(&self, new: &NewWorker, now: Millis) -> Result<RegisteredWorker, Error> {
        let id = &new.worker.id;
        let request = self.remember_request(&new.worker.agency, &new.key_hash, id, &new.body_hash);
        let step = Step {
            worker: Some(new.worker.clone()),
            profile: ProfileChange::Put(Box::new(new.profile.clone())),
            events: new.events.clone(),
            with: [vec![request], new.with.clone()].concat(),
        };
        let mut tries = Tries::new(TRANSACT, Rivals::Many, id.as_str());
        loop {
            tries.next().await?;
            let change = self.assemble(None, id, step.clone(), now)?;
            match commit(change.members).await? {
                Committed::Done => return Ok(RegisteredWorker::New(Box::new(change.after))),
                Committed::Conflict => {}
                Committed::Refused(refused) => {
                    let mut refused = refused.into_iter();
                    let request = refused.find(|refused| refused.part == Part::Request);
                    if let Some(found) = request.and_then(|refused| refused.item) {
                        return repeat_of(found, &new.body_hash);
                    }
                    if let Some(file) = self.open(id).await? {
                        return Ok(RegisteredWorker::Exists(Box::new(file)));
                    }
                }
            }
        }
    }

    /// What a request of an agency registered, if it did: the worker, or [`RegisteredWorker::KeyReused`].
    pub async fn registered_by(
        &self,
        agency: &AgencyId,
        key_hash: &str,
        body_hash: &[u8; 32],
    ) -> Result<Option<RegisteredWorker>, Error> {
        let found = self.workers.get(Key::request(agency, key_hash)).await?;
        let found = found.map(|found| repeat_of(found, body_hash));
        found.transpose()
    }

    /// Remembers a registration by its idempotency key, so that a repeat is told from a reused key.
    pub fn remember_request(
        &self,
        agency: &AgencyId,
        key_hash: &str,
        worker: &WorkerId,
        body_hash: &[u8; 32],
    ) -> Member {
        let item = Key::request(agency, key_hash).item(RequestItem {
            wk: worker.clone(),
            bh: Bytes(body_hash.to_vec()),
        });
        self.workers.put(item).if_absent().named(Part::Request)
    }

    /// Changes a worker as `decide` says, in one transaction with its events. What others change meanwhile is
    /// decided on anew.
    pub async fn change<R>(
        &self,
        id: &WorkerId,
        now: Millis,
        mut decide: impl FnMut(&WorkerFile) -> Result<Step, R>,
    ) -> Result<Appended<R>, Error> {
        let mut tries = Tries::new(TRANSACT, Rivals::Many, id.as_str());
        loop {
            tries.next().await?;
            let Some(before) = self.open(id).await? else {
                return Ok(Appended::NotFound);
            };
            let step = match decide(&before) {
                Ok(step) => step,
                Err(refusal) => return Ok(Appended::Refused(refusal)),
            };
            let Some(event) = step.events.first() else {
                return Ok(Appended::Done(Box::new(before)));
            };
            tries.apart(event.id.as_str());
            let change = self.assemble(Some(&before), id, step, now)?;
            let refused = match commit(change.members).await? {
                Committed::Done => return Ok(Appended::Done(Box::new(change.after))),
                Committed::Conflict => continue,
                Committed::Refused(refused) => refused,
            };
            // If she has changed, all of it is decided anew: an event named by its place in the chain may have met
            // another one there, and is no repeat of it.
            if refused.iter().any(|refused| is_hers(refused.part)) {
                continue;
            }
            if refused.iter().any(|refused| refused.part == Part::Payload) {
                return Ok(Appended::Repeat(Box::new(before)));
            }
            if let Some(first) = refused.first() {
                return Ok(Appended::WithRefused(first.part));
            }
        }
    }

    /// The same, asked for by a member, in whose audit trail it stands from the same moment on.
    pub async fn change_by<R>(
        &self,
        directory: &Directory,
        by: &Actor,
        id: &WorkerId,
        now: Millis,
        mut decide: impl FnMut(&WorkerFile) -> Result<Step, R>,
    ) -> Result<Appended<R>, Error> {
        self.change(id, now, |file| {
            let mut step = decide(file)?;
            let event = step.events.first();
            let deed = event.and_then(|event| directory.deed_to(id, by, event, now));
            step.with.extend(deed);
            Ok(step)
        })
        .await
    }

    /// Changes a worker without anything that could be refused.
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

    fn assemble(
        &self,
        before: Option<&WorkerFile>,
        id: &WorkerId,
        step: Step,
        now: Millis,
    ) -> Result<Change, Error> {
        let mut key = before.and_then(|file| file.key.clone());
        let mut profile = before.and_then(|file| file.profile.clone());
        let head_before = before.map_or(Head::EMPTY, |file| file.head);
        let erases = matches!(step.profile, ProfileChange::Erase);

        let (worker, put) = self.worker_write(before, step.worker)?;
        let mut members = vec![put];
        if erases && key.is_none() {
            // She is back in a restored table, without her key: the event takes a salt that nobody keeps.
            key = Some(self.personal.create(id)?.0);
        }
        if let (None, ProfileChange::Put(_)) = (&key, &step.profile) {
            let (new, wrapped) = self.personal.create(id)?;
            let item = Key::subject_key(id).item(SealedItem::of(wrapped));
            members.push(
                self.subject_keys
                    .put(item)
                    .if_absent()
                    .named(Part::SubjectKey),
            );
            key = Some(new);
        }
        let old = profile.as_ref().map_or(&[][..], |old| &old.proposals);
        match step.profile {
            ProfileChange::Keep => {}
            ProfileChange::Put(new) => {
                members.extend(self.list_proposals(id, old, &new.proposals));
                let key = key.as_ref().ok_or(Error::Sealed)?;
                let sealed = SealedItem::of(key.seal(id, PROFILE, &new)?);
                let put = self.workers.put(Key::profile(id).item(sealed));
                members.push(put.named(Part::Profile));
                profile = Some(*new);
            }
            ProfileChange::Erase => {
                members.extend(self.list_proposals(id, old, &[]));
                let delete = self.subject_keys.delete(Key::subject_key(id));
                members.push(delete.named(Part::SubjectKey));
                let delete = self.workers.delete(Key::profile(id));
                members.push(delete.named(Part::Profile));
                profile = None;
            }
        }

        let mut head = head_before;
        for event in step.events {
            let (stored, payload) = chained(id, head, event, key.as_ref(), erases, now)?;
            head = Head {
                seq: stored.event.seq,
                hash: stored.hash,
            };
            let event = self.ledger.put(ledger::write_event(&stored));
            let payload = self.ledger.put(payload);
            members.push(event.if_absent().named(Part::Event));
            members.push(payload.if_absent().named(Part::Payload));
        }
        members.push(self.head_write(id, head_before, head));
        members.extend(step.with);
        Ok(Change {
            members,
            after: WorkerFile {
                worker,
                profile,
                head,
                key: if erases { None } else { key },
            },
        })
    }

    /// Keeps the items by which agencies see whom they have proposed to employ.
    fn list_proposals(&self, id: &WorkerId, old: &[Proposal], new: &[Proposal]) -> Vec<Member> {
        let is_employment = |proposal: &&Proposal| proposal.consent.is_some();
        let puts = new.iter().filter(is_employment);
        let puts = puts.filter(|proposal| !old.contains(proposal));
        let puts = puts.map(|proposal| self.workers.put(item::write_proposed(id, proposal)));
        let gone = old.iter().filter(is_employment);
        let gone = gone.filter(|gone| new.iter().all(|proposal| proposal.agency != gone.agency));
        let deletes = gone.map(|gone| self.workers.delete(Key::proposed(id, &gone.agency)));
        let writes = puts.chain(deletes);
        writes.map(|write| write.named(Part::Proposed)).collect()
    }

    /// Her own item: new, on its version, or unchanged.
    fn worker_write(
        &self,
        before: Option<&WorkerFile>,
        worker: Option<Worker>,
    ) -> Result<(Worker, Member), Error> {
        let before = before.map(|file| &file.worker);
        let Some(mut worker) = worker else {
            let before = before.ok_or(Error::wrong("a worker begins without a state"))?;
            return Ok((before.clone(), self.records().unchanged(before)));
        };
        let version = before.map_or(0, |before| before.version);
        worker.version = version + 1;
        let put = self.workers.put(item::write_worker(&worker));
        Ok((worker, put.on_version(version).named(Part::Worker)))
    }

    fn head_write(&self, id: &WorkerId, before: Head, after: Head) -> Member {
        let put = self.ledger.put(ledger::write_head(id, after));
        let put = if before == Head::EMPTY {
            put.if_absent()
        } else {
            put.when("sq = :sq AND ha = :ha")
                .value(":sq", before.seq)
                .value(":ha", Bytes(before.hash.0.to_vec()))
        };
        put.named(Part::Head)
    }
}

/// Whether this is refused because the worker, or her chain, is no longer as it was found.
fn is_hers(part: Part) -> bool {
    matches!(
        part,
        Part::Worker | Part::SubjectKey | Part::Event | Part::Head
    )
}

/// The body of a payload's item, before it is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) payload: Value,
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
) -> Result<(StoredEvent, Item<Ledger>), Error> {
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
        Some(Bytes(key.seal(id, PAYLOAD, &body)?))
    };
    let payload = Key::payload(id, &event.id).item(SealedItem {
        sq: Some(chained.seq),
        bo: sealed,
    });
    let stored = StoredEvent {
        hash: chained.hash(),
        event: chained,
        id: event.id,
        leaf_index: None,
    };
    Ok((stored, payload))
}

fn repeat_of(found: Attributes, body_hash: &[u8; 32]) -> Result<RegisteredWorker, Error> {
    let (_, found): (_, RequestItem) = read(found)?;
    Ok(if found.bh.0 == body_hash {
        RegisteredWorker::Repeat(found.wk)
    } else {
        RegisteredWorker::KeyReused
    })
}

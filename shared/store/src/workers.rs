//! The tables `workers`, `ledger` and `subject-keys`: workers, their personal data, and the chain of events.
//!
//! Every change of a worker is one transaction: her item on its version, the events with their payloads, and the
//! chain's head on the event before ([`Workers::change`]). The head serialises all changes of one worker; an event
//! has the id of what caused it, and its payload's item being there makes a repeat harmless.
//!
//! - [`WorkerRecords`]: what can be read without the key to personal data.
//! - [`Workers`]: everything, and every change.

mod calendars;
mod change;
mod consent;
mod feeds;
mod item;
mod key;
mod look;
mod objection;
mod phone;
mod stars;
mod worker_id;

use std::collections::BTreeMap;

use domain::chain::Head;
use domain::id::{AgencyId, WorkerId};
use domain::time::Millis;
use domain::worker::{Photo, Profile, Worker};
use settings::Settings;

use crate::ledger::{self, Ledger};
use crate::subject_keys::{PersonKey, PersonalDataKey, SealedItem, SubjectKeys};
use crate::table::{Attributes, ItemKey, Key, Member, Part, Reads, Table, number};
use crate::{Error, Page};
use key::{BY_AGENCY, WORKERS_BY_REVIEW, parse_erasure, parse_worker};

pub use calendars::Calendars;
pub use change::{Appended, NewEvent, NewWorker, ProfileChange, RegisteredWorker, Step};
pub(crate) use change::{Body, PAYLOAD};
pub(crate) use consent::{ErasureItem, erasure_waits, if_can_be_asked, write_each};
pub use feeds::{Announced, Batch, BatchInTurn, BatchState, Counts, Feeds, REPORT_PAGE};
pub use look::{Look, View};
pub use objection::{Objection, ObjectionAnswer, WaitingObjection};
pub use worker_id::{PhoneHashes, WorkerIds};

/// What waits of a worker, as the attribute `wait` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A decision on her registration or on what agencies want of her.
    Decision,
    /// That she is erased, of which the authority is told.
    Erasure,
}

impl Waits {
    fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "worker",
            Self::Erasure => "erasure",
        }
    }
}

/// How many workers a page has where all are looked at, and how many pages are read of an agency: beyond 2,000 workers,
/// those registered last stand for all.
const PAGE: u32 = 500;
const PAGES: usize = 4;

/// What can be read of workers without the key to personal data: standing, skills, sections.
#[derive(Clone, Debug)]
pub struct WorkerRecords {
    table: Table<Workers>,
}

impl WorkerRecords {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "WORKERS_TABLE"),
        }
    }

    pub async fn get(&self, id: &WorkerId) -> Result<Option<Worker>, Error> {
        let found = self.table.get(Key::worker(id)).await?;
        found.map(item::read_worker).transpose()
    }

    /// A worker as this agency sees her: its own, or one whom it has proposed to employ; none that is another's.
    pub async fn seen_by(&self, agency: &AgencyId, id: &WorkerId) -> Result<Option<Worker>, Error> {
        let worker = self.get(id).await?;
        if let Some(worker) = worker.filter(|worker| worker.agency == *agency) {
            return Ok(Some(worker.shown_to_agency()));
        }
        let proposed = self.table.get(Key::proposed(id, agency)).await?;
        proposed.map(item::read_worker).transpose()
    }

    /// Workers in no order. Who is not there is left out.
    pub async fn get_all(&self, ids: &[WorkerId]) -> Result<Vec<Worker>, Error> {
        let items = self.table.get_all(ids.iter().map(Key::worker)).await?;
        items.into_iter().map(item::read_worker).collect()
    }

    /// A page of an agency's workers, those registered last first, as the index has them: eventually consistent,
    /// without photo.
    pub async fn of_agency(
        &self,
        agency: &AgencyId,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<Worker>, Error> {
        let list = self.table.list_by(&BY_AGENCY, agency).backward();
        list.page(limit, from, item::read_worker).await
    }

    /// The workers of an agency whom it registered last, 2,000 at most, as [`Self::of_agency`] has them.
    pub async fn last_of_agency(&self, agency: &AgencyId) -> Result<Vec<Worker>, Error> {
        let mut workers = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.of_agency(agency, PAGE, cursor.as_deref()).await?;
            workers.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(workers)
    }

    /// A page of the workers of whom this waits for the authority, and since when, oldest first.
    pub async fn waiting(
        &self,
        what: Waits,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<(WorkerId, Millis)>, Error> {
        let list = self.table.list_by(&WORKERS_BY_REVIEW, what.as_str());
        list.page(limit, from, |item| {
            let key = ItemKey::of(&item)?;
            let worker = parse_worker(&key).or_else(|| parse_erasure(&key));
            worker
                .zip(number(&item, "since").map(Millis))
                .ok_or(Error::wrong("something waits that is no worker"))
        })
        .await
    }

    /// A condition of a transaction: nothing that the gate looks at has changed since this worker was read.
    pub fn unchanged(&self, worker: &Worker) -> Member {
        let check = self.table.check(Key::worker(&worker.id), "v = :v");
        check.value(":v", worker.version).named(Part::Worker)
    }
}

/// Workers with their personal data and their chains.
#[derive(Debug)]
pub struct Workers {
    pub(crate) workers: Table<Workers>,
    pub(crate) ledger: Table<Ledger>,
    pub(crate) subject_keys: Table<SubjectKeys>,
    pub(crate) personal: PersonalDataKey,
}

/// All there is of a worker at a moment: what a change is decided on.
#[derive(Clone, Debug)]
pub struct WorkerFile {
    /// What is not personal.
    pub worker: Worker,
    /// What is; nothing once it is erased.
    pub profile: Option<Profile>,
    /// Where her chain ends.
    pub head: Head,
    /// Her own key; none once it is erased.
    key: Option<PersonKey>,
}

impl WorkerFile {
    /// Her photo, and those that are proposed.
    pub fn photos(&self) -> impl Iterator<Item = &Photo> {
        let proposals = self.profile.iter().flat_map(|profile| &profile.proposals);
        let proposed = proposals.filter_map(|proposal| proposal.changes.photo.as_ref());
        self.worker.photo.iter().chain(proposed)
    }

    /// The photos that are named here and not any more after a change.
    pub fn photos_replaced<'a>(&'a self, after: &'a Self) -> impl Iterator<Item = &'a Photo> {
        let is_gone = |photo: &&Photo| after.photos().all(|kept| kept != *photo);
        self.photos().filter(is_gone)
    }

    /// Her own key, for what is personal of her in other items; none once it is erased.
    pub fn key(&self) -> Option<&PersonKey> {
        self.key.as_ref()
    }
}

impl Workers {
    pub fn new(settings: &Settings) -> Self {
        Self {
            workers: Table::new(settings, "WORKERS_TABLE"),
            ledger: Table::new(settings, "LEDGER_TABLE"),
            subject_keys: Table::new(settings, "SUBJECT_KEYS_TABLE"),
            personal: PersonalDataKey::new(settings),
        }
    }

    /// What can be read without the key.
    pub fn records(&self) -> WorkerRecords {
        WorkerRecords {
            table: self.workers.clone(),
        }
    }

    /// The personal data of workers; who is erased or not there is left out.
    pub async fn profiles(&self, ids: &[WorkerId]) -> Result<BTreeMap<WorkerId, Profile>, Error> {
        let mut reads = Reads::default();
        for id in ids {
            reads.add(&self.workers, Key::profile(id));
            reads.add(&self.subject_keys, Key::subject_key(id));
        }
        let mut found = reads.send().await?;
        let mut profiles = BTreeMap::new();
        for id in ids {
            let wrapped = SealedItem::body(take(&mut found, &Key::subject_key(id)))?;
            let sealed = SealedItem::body(take(&mut found, &Key::profile(id)))?;
            if let Some((wrapped, sealed)) = wrapped.zip(sealed) {
                let key = self.personal.unwrap(id, &wrapped)?;
                profiles.insert(id.clone(), key.open(id, change::PROFILE, &sealed)?);
            }
        }
        Ok(profiles)
    }

    /// All there is of a worker, read in one call. `None` when there is no such worker.
    pub async fn open(&self, id: &WorkerId) -> Result<Option<WorkerFile>, Error> {
        let mut reads = Reads::default();
        reads.add(&self.workers, Key::worker(id));
        reads.add(&self.workers, Key::profile(id));
        reads.add(&self.ledger, Key::head(id));
        reads.add(&self.subject_keys, Key::subject_key(id));
        let mut found = reads.send().await?;
        let Some(worker) = take(&mut found, &Key::worker(id)) else {
            return Ok(None);
        };
        let worker = item::read_worker(worker)?;
        let head = take(&mut found, &Key::head(id)).map(ledger::read_head);
        let wrapped = SealedItem::body(take(&mut found, &Key::subject_key(id)))?;
        let key = wrapped.map(|wrapped| self.personal.unwrap(id, &wrapped));
        let key = key.transpose()?;
        let profile = SealedItem::body(take(&mut found, &Key::profile(id)))?;
        let profile = profile.zip(key.as_ref());
        let profile = profile.map(|(body, key)| key.open(id, change::PROFILE, &body));
        Ok(Some(WorkerFile {
            worker,
            profile: profile.transpose()?,
            head: head.transpose()?.unwrap_or(Head::EMPTY),
            key,
        }))
    }
}

/// Takes the item with this key out of those that were read.
fn take<T>(found: &mut Vec<Attributes>, key: &Key<T>) -> Option<Attributes> {
    let place = found.iter().position(|item| key.is_of(item))?;
    Some(found.swap_remove(place))
}

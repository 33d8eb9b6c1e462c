//! The tables `workers`, `ledger` and `subject-keys`: workers, their personal data, and the chain of events.
//!
//! Every change of a worker is one transaction: her item on its version, the events with their payloads, and the
//! chain's head on the event before ([`Workers::change`]). The head serialises all changes of one worker; an event
//! has the id of what caused it, and its payload's item being there makes a repeat harmless.
//!
//! - [`WorkerRecords`]: what can be read without the key to personal data.
//! - [`Workers`]: everything, and every change.

mod append;
mod caused;
mod item;
mod look;
mod objection;
mod phone;
mod rights;
mod trace;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::chain::Head;
use domain::id::{AgencyId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, Worker};
use settings::Settings;

use crate::cursor::{self, Expected};
use crate::key::{self, Attributes, Key, PK, SK};
use crate::personal::{PersonKey, PersonalDataKey};
use crate::transaction::{self, Also};
use crate::{Error, Page, batch};

pub use append::{Appended, NewEvent, NewWorker, ProfileChange, RegisteredWorker, Step};
pub use item::StoredEvent;
pub(crate) use item::{UNSEQUENCED, read_event};
pub use look::{Look, View};
pub use objection::{Objection, ObjectionAnswer, WaitingObjection};
pub use trace::{Opened, TracedEvent};

const BY_AGENCY: &str = "by-agency";
const BY_REVIEW: &str = "by-review";

/// What can be read of workers without the key to personal data: standing, skills, sections.
#[derive(Clone, Debug)]
pub struct WorkerRecords {
    client: Client,
    table: String,
}

impl WorkerRecords {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            table: settings.text("WORKERS_TABLE"),
        }
    }

    /// A worker, consistently read.
    ///
    /// # Errors
    /// When she cannot be read.
    pub async fn get(&self, id: &WorkerId) -> Result<Option<Worker>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::worker(id).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        answer.item.map(item::read_worker).transpose()
    }

    /// Workers, consistently read, in no order. Who is not there is left out.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn get_all(&self, ids: &[WorkerId]) -> Result<Vec<Worker>, Error> {
        let keys = ids.iter().map(|id| (self.table.as_str(), Key::worker(id)));
        let items = batch::get(&self.client, keys).await?;
        items.into_iter().map(item::read_worker).collect()
    }

    /// A page of an agency's workers, those registered last first, as the index has them: eventually consistent,
    /// without photo.
    ///
    /// # Errors
    /// When they cannot be read; [`Error::BadCursor`] when the cursor is not one of this list.
    pub async fn of_agency(
        &self,
        agency: &AgencyId,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<Worker>, Error> {
        let start = from.map(|from| {
            let expected = [
                ("ag", Expected::Is(agency.as_str())),
                ("rg", Expected::Number),
                (PK, Expected::Text(|pk| key::parse_worker(pk).is_some())),
                (SK, Expected::Is(key::WORKER)),
            ];
            cursor::read(from, &expected)
        });
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_AGENCY)
            .key_condition_expression("ag = :agency")
            .expression_attribute_values(":agency", AttributeValue::S(agency.to_string()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start.transpose()?)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let next = page.last_evaluated_key.as_ref().map(cursor::write);
        let items = page.items.unwrap_or_default().into_iter();
        Ok(Page {
            items: items.map(item::read_worker).collect::<Result<_, _>>()?,
            next: next.transpose()?,
        })
    }

    /// A page of the workers of whom something waits for the authority, and since when, oldest first.
    ///
    /// # Errors
    /// When they cannot be read; [`Error::BadCursor`] when the cursor is not one of this list.
    pub async fn waiting(
        &self,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<(WorkerId, Millis)>, Error> {
        let start = from.map(|from| {
            let expected = [
                ("wait", Expected::Is(item::WAITS)),
                ("since", Expected::Number),
                (PK, Expected::Text(|pk| key::parse_worker(pk).is_some())),
                (SK, Expected::Is(key::WORKER)),
            ];
            cursor::read(from, &expected)
        });
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_REVIEW)
            .key_condition_expression("#wait = :kind")
            .expression_attribute_names("#wait", "wait")
            .expression_attribute_values(":kind", AttributeValue::S(item::WAITS.to_owned()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start.transpose()?)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let next = page.last_evaluated_key.as_ref().map(cursor::write);
        let items = page.items.unwrap_or_default().into_iter().map(|item| {
            let pk = item.get(PK).and_then(|pk| pk.as_s().ok());
            let worker = pk.and_then(|pk| key::parse_worker(pk));
            let since = item.get("since").and_then(|since| since.as_n().ok());
            let since = since.and_then(|since| since.parse().ok()).map(Millis);
            worker
                .zip(since)
                .ok_or(Error::wrong("a worker in the index has no key"))
        });
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: next.transpose()?,
        })
    }

    /// A condition of another transaction: nothing that the gate looks at has changed since this worker was read.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_unchanged(&self, worker: &Worker) -> Result<Also, Error> {
        let version = AttributeValue::N(worker.version.to_string());
        let values = vec![(":v", version)];
        transaction::check(&self.table, Key::worker(&worker.id), "v = :v", values).map(Also)
    }
}

/// The names of the tables.
#[derive(Debug)]
struct WorkerTables {
    /// Workers and their profiles.
    workers: String,
    /// Chains.
    ledger: String,
    /// Every worker's own key.
    subject_keys: String,
}

/// Workers with their personal data and their chains.
#[derive(Debug)]
pub struct Workers {
    client: Client,
    tables: WorkerTables,
    personal: PersonalDataKey,
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
    /// Her own key, for what is personal of her in other items; none once it is erased.
    pub fn key(&self) -> Option<&PersonKey> {
        self.key.as_ref()
    }
}

impl Workers {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            tables: WorkerTables {
                workers: settings.text("WORKERS_TABLE"),
                ledger: settings.text("LEDGER_TABLE"),
                subject_keys: settings.text("SUBJECT_KEYS_TABLE"),
            },
            personal: PersonalDataKey::new(settings),
        }
    }

    /// What can be read without the key.
    pub fn records(&self) -> WorkerRecords {
        WorkerRecords {
            client: self.client.clone(),
            table: self.tables.workers.clone(),
        }
    }

    /// All there is of a worker, consistently read in one call. `None` when there is no such worker.
    ///
    /// # Errors
    /// When she cannot be read.
    pub async fn open(&self, id: &WorkerId) -> Result<Option<WorkerFile>, Error> {
        let keys = [
            (self.tables.workers.as_str(), Key::worker(id)),
            (self.tables.workers.as_str(), Key::profile(id)),
            (self.tables.ledger.as_str(), Key::head(id)),
            (self.tables.subject_keys.as_str(), Key::subject_key(id)),
        ];
        let mut found = batch::get(&self.client, keys).await?;
        let mut take = |key: Key| -> Option<Attributes> {
            let place = found
                .iter()
                .position(|item| Key::of(item).as_ref() == Some(&key))?;
            Some(found.swap_remove(place))
        };
        let Some(worker) = take(Key::worker(id)) else {
            return Ok(None);
        };
        let worker = item::read_worker(worker)?;
        let head = take(Key::head(id)).map(item::read_head).transpose()?;
        let key = match sealed(take(Key::subject_key(id)))? {
            Some(wrapped) => Some(self.personal.unwrap(id, &wrapped)?),
            None => None,
        };
        let profile = match (sealed(take(Key::profile(id)))?, &key) {
            (Some(body), Some(key)) => Some(key.open(id, append::PROFILE, &body)?),
            _ => None,
        };
        Ok(Some(WorkerFile {
            worker,
            profile,
            head: head.unwrap_or(Head::EMPTY),
            key,
        }))
    }
}

fn sealed(item: Option<Attributes>) -> Result<Option<Vec<u8>>, Error> {
    let item = item.map(item::SealedItem::read).transpose()?;
    Ok(item.and_then(|item| item.bo).map(|body| body.0))
}

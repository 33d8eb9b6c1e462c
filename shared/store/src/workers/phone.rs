//! Whose a phone is. A phone becomes an approved worker's in the transaction that approves her; it opens sessions once the
//! authority has confirmed with her that it is hers.

use domain::id::WorkerId;
use serde::{Deserialize, Serialize};

use super::{WorkerRecords, Workers};
use crate::Error;
use crate::table::{Committed, Key, Member, Part, Table, commit, read};

#[derive(Serialize, Deserialize)]
struct PhoneItem {
    wk: WorkerId,
    /// Whether it opens sessions.
    #[serde(default)]
    cf: bool,
}

impl WorkerRecords {
    /// The worker whose sessions this phone opens, by its hash.
    pub async fn by_confirmed_phone(&self, phone_hash: &str) -> Result<Option<WorkerId>, Error> {
        let found = read_phone(&self.table, phone_hash).await?;
        Ok(found.filter(|phone| phone.cf).map(|phone| phone.wk))
    }
}

async fn read_phone(table: &Table<Workers>, phone_hash: &str) -> Result<Option<PhoneItem>, Error> {
    let found = table.get(Key::phone(phone_hash)).await?;
    let found = found.map(read::<PhoneItem>).transpose()?;
    Ok(found.map(|(_, item)| item))
}

impl Workers {
    /// The worker who was approved with this phone, by its hash.
    pub async fn by_phone(&self, phone_hash: &str) -> Result<Option<WorkerId>, Error> {
        let found = read_phone(&self.workers, phone_hash).await?;
        Ok(found.map(|phone| phone.wk))
    }

    /// Makes the phone this worker's, if it is nobody else's.
    pub fn take_phone(&self, phone_hash: &str, worker: &WorkerId, is_confirmed: bool) -> Member {
        let item = Key::phone(phone_hash).item(PhoneItem {
            wk: worker.clone(),
            cf: is_confirmed,
        });
        let put = self.workers.put(item);
        put.when("attribute_not_exists(pk) OR wk = :worker")
            .value(":worker", worker)
            .named(Part::Phone)
    }

    /// Makes a phone nobody's whose worker's data is erased: a restored table still says that it is hers, and the
    /// profile that would tell which phone to free cannot be read any more. Says whether it is nobody's now.
    pub async fn free_phone_of_erased(&self, phone_hash: &str) -> Result<bool, Error> {
        let Some(id) = self.by_phone(phone_hash).await? else {
            return Ok(true);
        };
        let worker = self.records().get(&id).await?;
        let Some(worker) = worker.filter(|worker| worker.is_erased) else {
            return Ok(false);
        };
        // Unless she has come back meanwhile.
        let members = [
            self.free_phone(phone_hash),
            self.records().unchanged(&worker),
        ];
        Ok(matches!(commit(members).await?, Committed::Done))
    }

    /// Makes the phone nobody's.
    pub fn free_phone(&self, phone_hash: &str) -> Member {
        self.workers
            .delete(Key::phone(phone_hash))
            .named(Part::Phone)
    }
}

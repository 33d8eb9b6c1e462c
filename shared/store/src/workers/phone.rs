//! Whose a phone is. A phone becomes an approved worker's in the transaction that approves her.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::WorkerId;
use serde::{Deserialize, Serialize};

use super::{WorkerRecords, Workers};
use crate::Error;
use crate::key::Key;
use crate::transaction::{self, Also, Committed};

#[derive(Serialize, Deserialize)]
struct PhoneItem {
    pk: String,
    sk: String,
    wk: WorkerId,
}

impl WorkerRecords {
    /// The worker who was approved with this phone, by its hash.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn by_phone(&self, phone_hash: &str) -> Result<Option<WorkerId>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::phone(phone_hash).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        let found: Option<PhoneItem> = answer.item.map(serde_dynamo::from_item).transpose()?;
        Ok(found.map(|found| found.wk))
    }
}

impl Workers {
    /// As [`WorkerRecords::by_phone`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn by_phone(&self, phone_hash: &str) -> Result<Option<WorkerId>, Error> {
        self.records().by_phone(phone_hash).await
    }

    /// Makes the phone this worker's, if it is nobody else's.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_take_phone(&self, phone_hash: &str, worker: &WorkerId) -> Result<Also, Error> {
        let key = Key::phone(phone_hash);
        let item = serde_dynamo::to_item(PhoneItem {
            pk: key.pk,
            sk: key.sk,
            wk: worker.clone(),
        })?;
        let worker = AttributeValue::S(worker.to_string());
        let condition = (
            "attribute_not_exists(pk) OR wk = :worker",
            vec![(":worker", worker)],
        );
        transaction::put(&self.tables.workers, item, Some(condition)).map(Also)
    }

    /// Makes a phone nobody's whose worker's data is erased: a restored table still says that it is hers, and the
    /// profile that would tell which phone to free cannot be read any more. Says whether it is nobody's now.
    ///
    /// # Errors
    /// When it is not known whose it is, or that it was freed; doing it again is harmless.
    pub async fn free_phone_of_erased(&self, phone_hash: &str) -> Result<bool, Error> {
        let Some(id) = self.by_phone(phone_hash).await? else {
            return Ok(true);
        };
        let worker = self.records().get(&id).await?;
        let Some(worker) = worker.filter(|worker| worker.is_erased) else {
            return Ok(false);
        };
        // Unless she has come back meanwhile.
        let writes = [
            self.also_free_phone(phone_hash)?,
            self.records().also_unchanged(&worker)?,
        ];
        let writes = writes.map(|also| also.0).into();
        let freed = transaction::commit(&self.client, writes).await?;
        Ok(matches!(freed, Committed::Done))
    }

    /// Makes the phone nobody's.
    ///
    /// # Errors
    /// None that a phone can cause; building is fallible by its signature.
    pub fn also_free_phone(&self, phone_hash: &str) -> Result<Also, Error> {
        transaction::delete(&self.tables.workers, Key::phone(phone_hash)).map(Also)
    }
}

//! What a worker may ask for: that her data is no longer worked with, or no longer there.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::WorkerId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Workers;
use crate::Error;
use crate::key::{Attributes, Key, objection_pk, view_pk};
use crate::transaction::{self, Also, Committed};

/// That something happened to a worker, and when.
#[derive(Serialize, Deserialize)]
struct MomentItem {
    pk: String,
    sk: String,
    at: Millis,
}

fn moment(key: Key, at: Millis) -> Result<Attributes, Error> {
    Ok(serde_dynamo::to_item(MomentItem {
        pk: key.pk,
        sk: key.sk,
        at,
    })?)
}

/// Deletes a moment's item, if it was before `than`.
fn delete_older(table: &str, key: Key, than: Millis) -> Result<Also, Error> {
    let than = AttributeValue::N(than.0.to_string());
    transaction::delete_if_less(table, key, "at", than).map(Also)
}

impl Workers {
    /// When a worker took her consent back; none while it stands.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn withdrawn_at(&self, id: &WorkerId) -> Result<Option<Millis>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.workers)
            .set_key(Some(Key::withdrawn(id).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        let found: Option<MomentItem> = answer.item.map(serde_dynamo::from_item).transpose()?;
        Ok(found.map(|found| found.at))
    }

    /// She takes her consent back.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_withdraw_consent(&self, id: &WorkerId, at: Millis) -> Result<Also, Error> {
        let item = moment(Key::withdrawn(id), at)?;
        transaction::put(&self.tables.workers, item, None).map(Also)
    }

    /// She gave her consent at `given_at`: refused if she has taken it back since.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_give_consent(&self, id: &WorkerId, given_at: Millis) -> Result<Also, Error> {
        delete_older(&self.tables.workers, Key::withdrawn(id), given_at)
    }

    /// Nothing of a consent is left to be taken back.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_forget_consent(&self, id: &WorkerId) -> Result<Also, Error> {
        transaction::delete(&self.tables.workers, Key::withdrawn(id)).map(Also)
    }

    /// A condition: her consent stands.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_consent_stands(&self, id: &WorkerId) -> Result<Also, Error> {
        transaction::check(
            &self.tables.workers,
            Key::withdrawn(id),
            "attribute_not_exists(pk)",
            Vec::new(),
        )
        .map(Also)
    }

    /// Remembers that a worker's data was erased, where no restoring can forget it: who is in this list and back in
    /// a restored table is erased again.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_list_erased(&self, id: &WorkerId, at: Millis) -> Result<Also, Error> {
        let item = moment(Key::erased(id), at)?;
        transaction::put(&self.tables.subject_keys, item, None).map(Also)
    }

    /// Takes a worker off that list, since she has been registered anew, with a consent of `given_at`: refused if her
    /// data was erased since.
    ///
    /// # Errors
    /// None that a worker can cause; building is fallible by its signature.
    pub fn also_unlist_erased(&self, id: &WorkerId, given_at: Millis) -> Result<Also, Error> {
        delete_older(&self.tables.subject_keys, Key::erased(id), given_at)
    }

    /// Deletes who looked at a worker's record and what she objected to. Says how many items that were.
    ///
    /// # Errors
    /// When some could not be deleted; doing it again goes on where it stopped.
    pub async fn delete_looks_and_objections(&self, id: &WorkerId) -> Result<usize, Error> {
        let mut deleted = 0;
        for pk in [view_pk(id), objection_pk(id)] {
            let mut start = None;
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.tables.workers)
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                    .projection_expression("pk, sk")
                    .consistent_read(true)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| Error::call("Query", error))?;
                let found = page.items.unwrap_or_default();
                deleted += found.len();
                for items in found.chunks(50) {
                    let keys = items.iter().filter_map(Key::of);
                    let deletes = keys.map(|key| transaction::delete(&self.tables.workers, key));
                    let deletes = deletes.collect::<Result<Vec<_>, _>>()?;
                    let committed = transaction::commit(&self.client, deletes).await?;
                    if !matches!(committed, Committed::Done) {
                        return Err(Error::Busy {
                            call: "TransactWriteItems",
                        });
                    }
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(deleted)
    }
}

//! What workers object to, and what the authority answers.

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::id::{EventId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{WorkerFile, Workers};
use crate::bytes::Bytes;
use crate::cursor::{self, Expected};
use crate::key::{self, Key, OBJECTION, PK, SK, objection_pk};
use crate::transaction::{self, Also};
use crate::{Error, Page};

/// What an objection is sealed as, and what its answer is.
const TEXT: &str = "objection";
const ANSWER: &str = "answer";
/// What the attribute `wait` of an objection says that waits for the authority.
const WAITS: &str = "objection";
const BY_REVIEW: &str = "by-review";

/// What a worker objects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The event of her chain that says so.
    pub id: EventId,
    /// When she did.
    pub at: Millis,
    /// What about: a section's name, or the place of an event in her chain.
    pub about: String,
    /// In her words.
    pub text: String,
    /// What the authority answered, once it did.
    pub answer: Option<ObjectionAnswer>,
}

/// What the authority says to an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionAnswer {
    /// Whether she is right.
    pub upheld: bool,
    /// Why.
    pub reason: String,
    /// When it was answered.
    pub at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Words {
    about: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct ObjectionItem {
    pk: String,
    sk: String,
    at: Millis,
    bo: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    an: Option<Bytes>,
}

/// An objection that waits for the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingObjection {
    /// Who objects.
    pub worker: WorkerId,
    /// Which it is.
    pub id: EventId,
    /// Since when it waits.
    pub since: Millis,
}

impl Workers {
    /// Keeps an objection, with the event that says so. It waits for the authority from then on.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a worker whose data is erased.
    pub fn also_object(&self, file: &WorkerFile, objection: &Objection) -> Result<Also, Error> {
        let id = &file.worker.id;
        let own = file.key.as_ref().ok_or(Error::Sealed)?;
        let words = Words {
            about: objection.about.clone(),
            text: objection.text.clone(),
        };
        let key = Key::objection(id, &objection.id);
        let item = ObjectionItem {
            pk: key.pk,
            sk: key.sk,
            at: objection.at,
            bo: Bytes(own.seal(id, TEXT, &words)?),
            wait: Some(WAITS.to_owned()),
            since: Some(objection.at),
            an: None,
        };
        transaction::put_new(&self.tables.workers, serde_dynamo::to_item(item)?).map(Also)
    }

    /// Answers an objection that waits, with the event that says so.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a worker whose data is erased.
    pub fn also_answer(
        &self,
        file: &WorkerFile,
        objection: &EventId,
        answer: &ObjectionAnswer,
    ) -> Result<Also, Error> {
        let id = &file.worker.id;
        let own = file.key.as_ref().ok_or(Error::Sealed)?;
        let sealed = own.seal(id, ANSWER, answer)?;
        let update = Update::builder()
            .table_name(&self.tables.workers)
            .set_key(Some(Key::objection(id, objection).attributes()))
            .update_expression("SET an = :answer REMOVE #wait, since")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(an)")
            .expression_attribute_names("#wait", "wait")
            .expression_attribute_values(":answer", AttributeValue::B(sealed.into()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = update
            .build()
            .map_err(|error| Error::unbuildable("TransactWriteItems", error))?;
        Ok(Also(TransactWriteItem::builder().update(update).build()))
    }

    /// All that a worker ever objected to, consistently read, the oldest first. Nothing of one whose data is erased.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn objections(&self, file: &WorkerFile) -> Result<Vec<Objection>, Error> {
        let id = &file.worker.id;
        let Some(own) = &file.key else {
            return Ok(Vec::new());
        };
        let mut objections = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.workers)
                .key_condition_expression("pk = :pk AND begins_with(sk, :objection)")
                .expression_attribute_values(":pk", AttributeValue::S(objection_pk(id)))
                .expression_attribute_values(":objection", AttributeValue::S(OBJECTION.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in page.items.unwrap_or_default() {
                let item: ObjectionItem = serde_dynamo::from_item(item)?;
                let (_, event) = key::parse_objection(&item.pk, &item.sk)
                    .ok_or(Error::wrong("an objection's key is not one"))?;
                // Sealed before an erasure, under a key that is gone.
                let Ok(words) = own.open::<Words>(id, TEXT, &item.bo.0) else {
                    continue;
                };
                let answer = item.an.map(|sealed| own.open(id, ANSWER, &sealed.0));
                objections.push(Objection {
                    id: event,
                    at: item.at,
                    about: words.about,
                    text: words.text,
                    answer: answer.transpose()?,
                });
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                objections.sort_by_key(|objection| objection.at);
                return Ok(objections);
            }
        }
    }

    /// A page of the objections that wait for the authority, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read; [`Error::BadCursor`] when the cursor is not one of this list.
    pub async fn objections_waiting(
        &self,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<WaitingObjection>, Error> {
        let start = from.map(|from| {
            let expected = [
                ("wait", Expected::Is(WAITS)),
                ("since", Expected::Number),
                (PK, Expected::Text(|pk| pk.starts_with("O#"))),
                (SK, Expected::Text(|sk| sk.starts_with(OBJECTION))),
            ];
            cursor::read(from, &expected)
        });
        let page = self
            .client
            .query()
            .table_name(&self.tables.workers)
            .index_name(BY_REVIEW)
            .key_condition_expression("#wait = :kind")
            .expression_attribute_names("#wait", "wait")
            .expression_attribute_values(":kind", AttributeValue::S(WAITS.to_owned()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start.transpose()?)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let next = page.last_evaluated_key.as_ref().map(cursor::write);
        let items = page.items.unwrap_or_default().into_iter().map(|item| {
            let key = Key::of(&item);
            let ids = key.and_then(|key| key::parse_objection(&key.pk, &key.sk));
            let since = item.get("since").and_then(|since| since.as_n().ok());
            let since = since.and_then(|since| since.parse().ok()).map(Millis);
            let found = ids
                .zip(since)
                .map(|((worker, id), since)| WaitingObjection { worker, id, since });
            found.ok_or(Error::wrong("something waits that is no objection"))
        });
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: next.transpose()?,
        })
    }
}

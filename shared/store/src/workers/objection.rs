//! What workers object to, and what the authority answers.

use domain::id::{EventId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::key::{OBJECTIONS_BY_REVIEW, parse_objection};
use super::{WorkerFile, Workers};
use crate::bytes::Bytes;
use crate::subject_keys::SealedItem;
use crate::table::{ItemKey, Key, Member, Part, Partition, Reads, number, read};
use crate::{Error, Page};

/// What an objection is sealed as, and what its answer is.
const TEXT: &str = "objection";
const ANSWER: &str = "answer";
/// What the attribute `wait` of an objection says that waits for the authority.
const WAITS: &str = "objection";

/// What a worker objects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The event of her chain that says so.
    pub id: EventId,
    pub at: Millis,
    /// What about: a section's name, or the place of an event in her chain.
    pub about: String,
    pub text: String,
    /// What the authority answered, once it did.
    pub answer: Option<ObjectionAnswer>,
}

/// What the authority says to an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionAnswer {
    /// Whether she is right.
    pub upheld: bool,
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
    pub worker: WorkerId,
    pub id: EventId,
    /// Since when it waits.
    pub since: Millis,
    /// As [`Objection::about`].
    pub about: String,
    pub text: String,
}

impl Workers {
    /// Keeps an objection, with the event that says so. It waits for the authority from then on.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a worker whose data is erased.
    pub fn object(&self, file: &WorkerFile, objection: &Objection) -> Result<Member, Error> {
        let id = &file.worker.id;
        let own = file.key.as_ref().ok_or(Error::Sealed)?;
        let words = Words {
            about: objection.about.clone(),
            text: objection.text.clone(),
        };
        let item = ObjectionItem {
            at: objection.at,
            bo: Bytes(own.seal(id, TEXT, &words)?),
            wait: Some(WAITS.to_owned()),
            since: Some(objection.at),
            an: None,
        };
        let put = self
            .workers
            .put(Key::objection(id, &objection.id).item(item));
        Ok(put.if_absent().named(Part::Objection))
    }

    /// Answers an objection that waits, with the event that says so.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a worker whose data is erased.
    pub fn answer(
        &self,
        file: &WorkerFile,
        objection: &EventId,
        answer: &ObjectionAnswer,
    ) -> Result<Member, Error> {
        let id = &file.worker.id;
        let own = file.key.as_ref().ok_or(Error::Sealed)?;
        let sealed = own.seal(id, ANSWER, answer)?;
        let key = Key::objection(id, objection);
        let update = self
            .workers
            .update(key, "SET an = :answer REMOVE #wait, since");
        let update = update.when("attribute_exists(pk) AND attribute_not_exists(an)");
        let update = update.value(":answer", Bytes(sealed));
        Ok(update.named(Part::Objection))
    }

    /// All that a worker ever objected to, consistently read, the oldest first. Nothing of one whose data is erased.
    pub async fn objections(&self, file: &WorkerFile) -> Result<Vec<Objection>, Error> {
        let id = &file.worker.id;
        let Some(own) = &file.key else {
            return Ok(Vec::new());
        };
        let list = self.workers.list(Partition::objections(id));
        let objections = list.all(|item| {
            let (key, item): (_, ObjectionItem) = read(item)?;
            let (_, event) =
                parse_objection(&key).ok_or(Error::wrong("an objection's key is not one"))?;
            // Sealed before an erasure, under a key that is gone.
            let Ok(words) = own.open::<Words>(id, TEXT, &item.bo.0) else {
                return Ok(None);
            };
            let answer = item.an.map(|sealed| own.open(id, ANSWER, &sealed.0));
            Ok(Some(Objection {
                id: event,
                at: item.at,
                about: words.about,
                text: words.text,
                answer: answer.transpose()?,
            }))
        });
        let mut objections: Vec<_> = objections.await?.into_iter().flatten().collect();
        objections.sort_by_key(|objection| objection.at);
        Ok(objections)
    }

    /// The objections of a worker, consistently read, each with whether it waits for the authority.
    pub async fn objection_ids(&self, worker: &WorkerId) -> Result<Vec<(EventId, bool)>, Error> {
        let list = self.workers.list(Partition::objections(worker));
        list.all(|item| {
            let ids = parse_objection(&ItemKey::of(&item)?);
            let (_, id) = ids.ok_or(Error::wrong("an objection's key is not one"))?;
            Ok((id, item.contains_key("wait")))
        })
        .await
    }

    /// A page of the objections that wait for the authority, the oldest first. Those of workers whose data is erased are left
    /// out.
    pub async fn objections_waiting(
        &self,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<WaitingObjection>, Error> {
        let list = self.workers.list_by(&OBJECTIONS_BY_REVIEW, WAITS);
        let page = list.page(limit, from, |item| {
            let ids = parse_objection(&ItemKey::of(&item)?);
            let found = ids.zip(number(&item, "since"));
            found.ok_or(Error::wrong("something waits that is no objection"))
        });
        let page = page.await?;
        let mut reads = Reads::default();
        for ((worker, id), _) in &page.items {
            reads.add(&self.workers, Key::objection(worker, id));
            reads.add(&self.subject_keys, Key::subject_key(worker));
        }
        let found = reads.send().await?;
        let mut items = Vec::new();
        for ((worker, id), since) in page.items {
            let (key, kept) = (Key::subject_key(&worker), Key::objection(&worker, &id));
            let wrapped = found.iter().find(|item| key.is_of(item)).cloned();
            let kept = found.iter().find(|item| kept.is_of(item)).cloned();
            let Some((wrapped, kept)) = SealedItem::body(wrapped)?.zip(kept) else {
                continue;
            };
            let (_, kept): (_, ObjectionItem) = read(kept)?;
            let own = self.personal.unwrap(&worker, &wrapped)?;
            // Sealed before an erasure, under a key that is gone.
            if let Ok(Words { about, text }) = own.open(&worker, TEXT, &kept.bo.0) {
                items.push(WaitingObjection {
                    worker,
                    id,
                    since: Millis(since),
                    about,
                    text,
                });
            }
        }
        let next = page.next;
        Ok(Page { items, next })
    }
}

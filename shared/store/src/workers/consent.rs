//! What a worker may ask for: that her data is no longer worked with, or no longer there.

use domain::erasure::{ASKED_AGAIN_AFTER, Erasure, KeptErasure};
use domain::id::{CustomerId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Waits, Workers};
use crate::Error;
use crate::table::{
    Attributes, Committed, Key, Member, Part, Partition, TRANSACT, Table, Write, commit, read,
};

/// That something happened to a worker, and when.
#[derive(Serialize, Deserialize)]
struct MomentItem {
    at: Millis,
}

/// A request to be erased, of a worker or a customer.
#[derive(Serialize, Deserialize)]
pub(crate) struct ErasureItem {
    #[serde(flatten)]
    pub(crate) kept: KeptErasure,
    /// Once it was called off: when that is forgotten, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
    /// Only of workers, of whose requests the authority has a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Millis>,
}

/// Whether this request to be erased still waits: one that was called off does not.
pub(crate) fn erasure_waits(item: Attributes) -> Result<bool, Error> {
    let (_, ErasureItem { kept, .. }) = read(item)?;
    Ok(kept.waits().is_some())
}

impl From<Erasure> for ErasureItem {
    fn from(asked: Erasure) -> Self {
        Self {
            kept: KeptErasure {
                asked,
                called_off_at: None,
            },
            ttl: None,
            wait: None,
            since: None,
        }
    }
}

impl ErasureItem {
    /// In no list any more.
    pub(crate) fn called_off(asked: Erasure, at: Millis) -> Self {
        let mut item = Self::from(asked);
        item.kept.called_off_at = Some(at);
        item.ttl = item.kept.again_from().map(Millis::second);
        item
    }
}

/// Only if none waits, and none was called off a moment ago.
pub(crate) fn if_can_be_asked(put: Write, now: Millis) -> Write {
    put.when("attribute_not_exists(pk) OR called_off_at <= :lately")
        .value(":lately", now - ASKED_AGAIN_AFTER)
}

/// Deletes a moment's item, if it was before `than`.
fn delete_older<T>(table: &Table<T>, key: Key<T>, than: Millis) -> Write {
    let delete = table.delete(key);
    delete
        .when("attribute_not_exists(pk) OR #at < :than")
        .value(":than", than)
}

impl Workers {
    /// When a worker took her consent back; none while it stands.
    pub async fn withdrawn_at(&self, id: &WorkerId) -> Result<Option<Millis>, Error> {
        let found = self.workers.get(Key::withdrawn(id)).await?;
        let found = found.map(read::<MomentItem>).transpose()?;
        Ok(found.map(|(_, item)| item.at))
    }

    pub fn withdraw_consent(&self, id: &WorkerId, at: Millis) -> Member {
        let item = Key::withdrawn(id).item(MomentItem { at });
        self.workers.put(item).named(Part::Consent)
    }

    /// She gave her consent at `given_at`: refused if she has taken it back since.
    pub fn give_consent(&self, id: &WorkerId, given_at: Millis) -> Member {
        delete_older(&self.workers, Key::withdrawn(id), given_at).named(Part::Consent)
    }

    /// Nothing of a consent is left to be taken back.
    pub fn forget_consent(&self, id: &WorkerId) -> Member {
        self.workers.delete(Key::withdrawn(id)).named(Part::Consent)
    }

    /// A condition: her consent stands.
    pub fn consent_stands(&self, id: &WorkerId) -> Member {
        let check = self
            .workers
            .check(Key::withdrawn(id), "attribute_not_exists(pk)");
        check.named(Part::Consent)
    }

    /// A worker's request to be erased, unless she has called it off.
    pub async fn erasure(&self, id: &WorkerId) -> Result<Option<Erasure>, Error> {
        Ok(self.kept_erasure(id).await?.and_then(KeptErasure::waits))
    }

    /// The same, and for a while what she has called off.
    pub async fn kept_erasure(&self, id: &WorkerId) -> Result<Option<KeptErasure>, Error> {
        let found = self.workers.get(Key::erasure(id)).await?;
        let found = found.map(read::<ErasureItem>).transpose()?;
        Ok(found.map(|(_, item)| item.kept))
    }

    /// Keeps her request to be erased, if it can be asked now.
    pub fn request_erasure(&self, id: &WorkerId, erasure: &Erasure) -> Member {
        let item = Key::erasure(id).item(ErasureItem {
            wait: Some(Waits::Erasure.as_str().to_owned()),
            since: Some(erasure.requested_at),
            ..ErasureItem::from(*erasure)
        });
        let put = if_can_be_asked(self.workers.put(item), erasure.requested_at);
        put.named(Part::Erasure)
    }

    /// She calls this request off.
    pub fn call_off_erasure(&self, id: &WorkerId, asked: &Erasure, now: Millis) -> Member {
        let item = Key::erasure(id).item(ErasureItem::called_off(*asked, now));
        let put = self.workers.put(item).when("requested_at = :at");
        put.value(":at", asked.requested_at).named(Part::Erasure)
    }

    /// Her request to be erased is done.
    pub fn end_erasure(&self, id: &WorkerId) -> Member {
        self.workers.delete(Key::erasure(id)).named(Part::Erasure)
    }

    /// Remembers that a worker's data was erased, where no restoring can forget it: who is in this list and back in
    /// a restored table is erased again.
    pub fn list_erased(&self, id: &WorkerId, at: Millis) -> Member {
        let item = Key::erased(id).item(MomentItem { at });
        self.subject_keys.put(item).named(Part::Erased)
    }

    /// Puts a customer on the list of those who have to be erased again after a restore of the orders.
    pub fn list_erased_customer(&self, id: &CustomerId, asked: &Erasure) -> Member {
        let item = Key::erased_customer(id).item(ErasureItem::from(*asked));
        self.subject_keys.put(item).named(Part::Erased)
    }

    /// Takes a worker off that list, since she has been registered anew, with a consent of `given_at`: refused if her
    /// data was erased since.
    pub fn unlist_erased(&self, id: &WorkerId, given_at: Millis) -> Member {
        delete_older(&self.subject_keys, Key::erased(id), given_at).named(Part::Erased)
    }

    /// Deletes who looked at a worker's record and what she objected to. Says how many items that were. One that fails
    /// ends it; doing it again goes on there.
    pub async fn delete_looks_and_objections(&self, id: &WorkerId) -> Result<usize, Error> {
        let mut deleted = 0;
        for partition in [Partition::views(id), Partition::objections(id)] {
            let mut list = self.workers.list(partition).only("pk, sk");
            while !list.is_at_end() {
                let found = list.more().await?;
                deleted += found.len();
                write_each(found, |item| {
                    Ok(self.workers.delete(Key::of(&item)?).named(Part::Deleted))
                })
                .await?;
            }
        }
        Ok(deleted)
    }
}

/// Writes something of each of these items, fifty in a transaction.
pub(crate) async fn write_each(
    mut items: Vec<Attributes>,
    write: impl Fn(Attributes) -> Result<Member, Error>,
) -> Result<(), Error> {
    while !items.is_empty() {
        let some = items.drain(..items.len().min(50)).map(&write);
        let members = some.collect::<Result<Vec<_>, _>>()?;
        if !matches!(commit(members).await?, Committed::Done) {
            return Err(Error::Busy { call: TRANSACT });
        }
    }
    Ok(())
}

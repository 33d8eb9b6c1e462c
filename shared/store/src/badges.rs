//! The table `badges`: badges, the places that they have in status lists, and which of those are not valid.
//!
//! A badge begins, and changes whether it is good, in the transaction of its worker's events
//! ([`Workers::change`](crate::Workers::change)). Only the signature is written by itself, once the event stands in the
//! chain. The log of scans is in the same table.

mod change;
mod issuing;
mod item;
mod key;
mod scans;

use domain::badge::{Badge, BadgeSignature, BadgeStatus, StatusIndex};
use domain::id::{BadgeId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::bytes::Bytes;
use crate::table::{Attributes, ItemKey, Key, Partition, Table, Write, read};
use crate::{Error, Page};

pub use change::{BadgeStep, MOST_REVOKED};
pub use issuing::{Issued, NewBadge};
pub use item::{BadgesImage, Entry, badges_image};
pub use scans::Scans;

#[derive(Clone, Debug)]
pub struct Badges {
    table: Table<Badges>,
}

/// Which status list is being filled.
#[derive(Serialize, Deserialize)]
struct FillingItem {
    li: u32,
}

impl Badges {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "BADGES_TABLE"),
        }
    }

    /// A badge, consistently read.
    pub async fn get(&self, id: &BadgeId) -> Result<Option<Badge>, Error> {
        let found = self.table.get(Key::badge(id)).await?;
        let stored = found.map(item::read_badge).transpose()?;
        Ok(stored.map(|stored| stored.badge))
    }

    /// A badge with the hash of the request that it was issued by, consistently read.
    pub async fn get_issued(&self, id: &BadgeId) -> Result<Option<(Badge, [u8; 32])>, Error> {
        let found = self.table.get(Key::badge(id)).await?;
        let stored = found.map(item::read_badge).transpose()?;
        Ok(stored.map(|stored| (stored.badge, stored.body_hash)))
    }

    /// All badges that a worker was ever issued, the last first.
    pub async fn of_worker(&self, worker: &WorkerId) -> Result<Vec<Badge>, Error> {
        let list = self.table.list(Partition::pointers(worker)).backward();
        self.in_order(&list.all(pointed_to).await?).await
    }

    /// The badges of a worker that are neither revoked nor expired, consistently read, the last first.
    pub async fn live_of_worker(
        &self,
        worker: &WorkerId,
        now: Millis,
    ) -> Result<Vec<Badge>, Error> {
        let mut badges = self.of_worker(worker).await?;
        badges.retain(|badge| badge.status != BadgeStatus::Revoked && !badge.is_expired(now));
        Ok(badges)
    }

    /// A page of the badges that a worker was issued, consistently read, the last first.
    pub async fn page_of_worker(
        &self,
        worker: &WorkerId,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<Badge>, Error> {
        let list = self.table.list(Partition::pointers(worker)).backward();
        let page = list.page(limit, from, pointed_to).await?;
        Ok(Page {
            items: self.in_order(&page.items).await?,
            next: page.next,
        })
    }

    /// Which status list places are taken from, and so the last that there is. The first time it is written down,
    /// so that the list is published before anything in it changes.
    pub async fn filling_list(&self) -> Result<u32, Error> {
        if let Some(list) = self.last_list().await? {
            return Ok(list);
        }
        self.filling(0).if_absent().send().await?;
        Ok(self.last_list().await?.unwrap_or_default())
    }

    /// The last status list that there is; none before the first badge.
    pub async fn last_list(&self) -> Result<Option<u32>, Error> {
        let found = self.table.get(Key::filling_list()).await?;
        let found = found.map(read::<FillingItem>).transpose()?;
        Ok(found.map(|(_, item)| item.li))
    }

    /// Leaves this list, which has become crowded, for the next one; unless that was done already. Behind the last
    /// one comes the first.
    pub async fn leave_list(&self, list: u32) -> Result<(), Error> {
        let next = StatusIndex::new(list.wrapping_add(1), 0).list();
        let filling = self.filling(next).when("li = :before");
        filling.value(":before", list).send().await.map(|_| ())
    }

    /// Gives a badge its signature, if it has none yet, and answers the badge as it is then.
    pub async fn sign(&self, id: &BadgeId, signature: &BadgeSignature) -> Result<Badge, Error> {
        let update = "SET ki = :kid, sg = :signature ADD v :one";
        let update = self.table.update(Key::badge(id), update);
        let update = update
            .when("attribute_exists(pk) AND attribute_not_exists(sg)")
            .value(":kid", signature.kid)
            .value(":signature", Bytes(signature.bytes.to_vec()))
            .value(":one", 1);
        // If it is refused, somebody else was quicker.
        update.send().await?;
        let badge = self.get(id).await?;
        badge.ok_or(Error::wrong("a badge that was signed is not there"))
    }

    /// The entries of a status list that are not valid, consistently read, in their order.
    pub async fn not_valid(&self, list: u32) -> Result<Vec<Entry>, Error> {
        let list = self.table.list(Partition::not_valid(list));
        list.all(item::read_entry).await
    }

    fn filling(&self, li: u32) -> Write {
        self.table.put(Key::filling_list().item(FillingItem { li }))
    }

    /// Badges in the order of these ids.
    async fn in_order(&self, ids: &[BadgeId]) -> Result<Vec<Badge>, Error> {
        let items = self.table.get_all(ids.iter().map(Key::badge)).await?;
        let badges = items.into_iter().map(item::read_badge);
        let mut badges: Vec<Badge> = badges
            .map(|stored| stored.map(|stored| stored.badge))
            .collect::<Result<_, _>>()?;
        badges.sort_by_key(|badge| ids.iter().position(|id| *id == badge.id));
        Ok(badges)
    }
}

fn pointed_to(pointer: Attributes) -> Result<BadgeId, Error> {
    let badge = key::parse_pointer(&ItemKey::of(&pointer)?);
    badge.ok_or(Error::wrong("a worker points to what is no badge"))
}

/// A signature as an attribute.
fn signature_of(bytes: Bytes, kid: Option<u8>) -> Result<BadgeSignature, Error> {
    let kid = kid.ok_or(Error::wrong("a badge is signed by no key"))?;
    let bytes = bytes.array()?;
    Ok(BadgeSignature { kid, bytes })
}

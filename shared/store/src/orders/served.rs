//! An agency's customers: an item for each, with which orders it has had of them and what it has noted. It names nobody: who
//! they are is opened from those orders, so that it goes with their details.

use std::collections::BTreeMap;

use domain::id::{AgencyCustomerId, AgencyId, OrderId};
use domain::order::{DETAILS_KEPT, Order, OrderDetails, Served, ServedNews};
use domain::time::Millis;
use serde::Deserialize;

use super::Orders;
use super::key::{SERVED, parse_customer};
use crate::bytes::Bytes;
use crate::table::{
    Attributes, Committed, ItemKey, Key, Member, Part, Rivals, TRANSACT, Tries, commit, read,
};
use crate::{Error, Page, SealKey, Sealed};

/// A customer as their agency has them.
#[derive(Clone, Debug)]
pub struct AgencyCustomer {
    pub id: AgencyCustomerId,
    pub served: Served,
    /// What the agency has noted, sealed.
    pub notes: Option<Sealed>,
}

/// Its list has `cg`, the agency, and `lv`, the latest visit: both are there once a visit has begun.
#[derive(Deserialize)]
struct ServedItem {
    v: u64,
    so: Served,
    lv: Option<Millis>,
    nt: Option<Bytes>,
    /// In seconds.
    ttl: i64,
}

impl Orders {
    /// Keeps what a change of an order says about a customer of its agency. Doing so again is harmless, as long as what came
    /// after it is kept again too.
    pub async fn keep_served(&self, news: &ServedNews) -> Result<(), Error> {
        let key = || Key::customer(&news.agency, &news.customer);
        let mut tries = Tries::new("UpdateItem", Rivals::Few, news.order.as_str());
        loop {
            tries.next().await?;
            let found = self.table.get(key()).await?;
            let found = found.map(read::<ServedItem>).transpose()?;
            let found = found.map(|(_, item)| item);
            let version = found.as_ref().map_or(0, |item| item.v);
            // What is past its time may still be there: who comes back then is somebody new.
            let kept = found.filter(|item| news.at.second() < item.ttl);
            let (is_new, ttl) = (kept.is_none(), kept.as_ref().map_or(0, |item| item.ttl));
            let before = kept.map(|item| item.so).unwrap_or_default();
            let served = before.with(news);
            if served == before {
                return Ok(());
            }
            // As long as the details of the latest order. Notes are written without a version, beside what is kept here.
            let ttl = ttl.max((news.at + DETAILS_KEPT).second());
            let last = served.last_visit();
            let mut update = "SET v = :next, so = :served, #ttl = :ttl".to_owned();
            update += if last.is_some() {
                ", cg = :agency, lv = :last"
            } else {
                ""
            };
            update += match (is_new, last) {
                (true, Some(_)) => " REMOVE nt",
                (true, None) => " REMOVE nt, cg, lv",
                (false, _) => "",
            };
            let mut update = self.table.update(key(), update);
            if last.is_some() {
                update = update.value(":agency", &news.agency).value(":last", last);
            }
            let update = update
                .value(":next", version + 1)
                .value(":served", &served)
                .value(":ttl", ttl)
                .on_version(version);
            if update.send().await?.is_done() {
                return Ok(());
            }
        }
    }

    /// A page of an agency's customers, who was visited last first. It can have fewer than there are, or none, as long as it
    /// says that another follows.
    pub async fn customers(
        &self,
        agency: &AgencyId,
        limit: u32,
        cursor: Option<&str>,
        now: Millis,
    ) -> Result<Page<AgencyCustomer>, Error> {
        let list = self.table.list_by(&SERVED, agency).backward();
        let id = |item| parse_customer(&ItemKey::of(&item)?);
        let page = list.page(limit, cursor, id).await?;
        let keys = page.items.iter().map(|id| Key::customer(agency, id));
        let found = self.table.get_all(keys).await?;
        let mut items = Vec::new();
        for item in found {
            items.extend(customer(item, now)?);
        }
        items.sort_by_key(|found| page.items.iter().position(|id| *id == found.id));
        let next = page.next;
        Ok(Page { items, next })
    }

    /// One customer of this agency, unless they have had no visit yet or are gone.
    pub async fn customer(
        &self,
        agency: &AgencyId,
        id: &AgencyCustomerId,
        now: Millis,
    ) -> Result<Option<AgencyCustomer>, Error> {
        let found = self.table.get(Key::customer(agency, id)).await?;
        let found = found.map(|item| customer(item, now)).transpose()?;
        Ok(found.flatten())
    }

    /// Orders with their details, in no order. What is not there, or has no details any more, is left out.
    pub async fn get_with_details(
        &self,
        orders: &[OrderId],
        seal: &SealKey,
        now: Millis,
    ) -> Result<BTreeMap<OrderId, (Order, OrderDetails)>, Error> {
        let read = tokio::try_join!(self.get_many(orders), self.homes(orders, now));
        let (orders, mut homes) = read?;
        let mut opened = BTreeMap::new();
        for order in orders {
            if let Some(home) = homes.remove(&order.id) {
                let details = seal.open(&order.id, &home.details)?;
                opened.insert(order.id.clone(), (order, details));
            }
        }
        Ok(opened)
    }

    /// Notes something of a customer who is there, or takes it back, with the line of the audit trail. `false` if they are gone.
    pub async fn note(
        &self,
        agency: &AgencyId,
        id: &AgencyCustomerId,
        notes: Option<&Sealed>,
        deed: Member,
    ) -> Result<bool, Error> {
        let key = Key::customer(agency, id);
        let update = match notes {
            Some(notes) => {
                let update = self.table.update(key, "SET nt = :notes");
                update.value(":notes", Bytes(notes.0.clone()))
            }
            None => self.table.update(key, "REMOVE nt"),
        };
        let update = update.when("attribute_exists(lv)").named(Part::Notes);
        let mut tries = Tries::new(TRANSACT, Rivals::Few, id.as_str());
        loop {
            tries.next().await?;
            match commit([update.clone(), deed.clone()]).await? {
                Committed::Done => return Ok(true),
                Committed::Refused(_) => return Ok(false),
                Committed::Conflict => {}
            }
        }
    }
}

fn customer(item: Attributes, now: Millis) -> Result<Option<AgencyCustomer>, Error> {
    let (key, item): (_, ServedItem) = read(item)?;
    let is_there = item.lv.is_some() && now.second() < item.ttl;
    let customer = is_there.then(|| {
        Ok(AgencyCustomer {
            id: parse_customer(&key)?,
            served: item.so,
            notes: item.nt.map(|notes| Sealed(notes.0)),
        })
    });
    customer.transpose()
}

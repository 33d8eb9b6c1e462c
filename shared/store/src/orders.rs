//! The table `orders`: orders, their sealed details, explanations of choices.
//!
//! Every change of an order is one conditional UpdateItem: the version rises by one, the lines that the change
//! leaves are appended to the timeline, and if the condition fails, the order as it was then says why. Four changes
//! are that update within a transaction: an assignment (with the agency's latest ones), naming a worker (with her
//! calendar), a check-in (with the event in her chain), a rating (with what it says).

mod assignments;
mod change;
mod complaints;
mod counts;
mod erase;
mod item;
mod key;
mod list;
mod on_offer;
mod quota;
mod seal;
mod served;
mod shown;
mod visit;
mod write;

use std::collections::BTreeMap;

use domain::agency::Agency;
use domain::id::{AgencyId, OrderId};
use domain::order::{ClaimCounts, Order, Quota, SealedPlace};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::Error;
use crate::bytes::Bytes;
use crate::directory::{self, Directory};
use crate::table::{
    Attributes, Committed, ItemKey, Key, Part, Reads, Rivals, TRANSACT, Table, Tries, commit, read,
};

pub use assignments::Assignments;
pub use change::{Changed, FannedOut, Settled};
pub use complaints::{BeforeComplaint, ComplaintsOf, KeptComplaint};
pub use item::order_image;
pub use on_offer::{Listing, OnOffer};
pub use quota::BeforePlacing;
pub use seal::{PlaceKey, SealKey, Sealed};
pub use served::AgencyCustomer;
pub use shown::OrderViews;
pub use visit::{Rated, VisitEnded};
pub use write::Written;

#[derive(Clone, Debug)]
pub struct Orders {
    table: Table<Orders>,
}

/// What a grab needs to know, read at once.
#[derive(Clone, Debug, Default)]
pub struct GrabRead {
    /// Its standing is the truth of this moment.
    pub agency: Option<Agency>,
    /// The order, for what never changes of it. Whether it can be grabbed, the write alone says.
    pub order: Option<Order>,
    /// The agency's; a moment behind, as the stream is.
    pub counts: ClaimCounts,
}

/// What says where the home is and who lives there, for two kinds of readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// All of it; opened by [`SealKey`].
    pub details: Sealed,
    /// The place alone; opened by [`PlaceKey`].
    pub place: SealedPlace,
}

#[derive(Serialize, Deserialize)]
struct HomeItem {
    sealed: Bytes,
    place: SealedPlace,
    /// In seconds: from then on it is not shown, and the table deletes it some time later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// The fields of ratings and explanations.
#[derive(Serialize, Deserialize)]
struct SealedItem {
    sealed: Bytes,
}

impl Orders {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "ORDERS_TABLE"),
        }
    }

    /// Stores a new order with its home, and the customer's quota that has it. `false` if the order is there already,
    /// or the customer has placed another one since the quota was read.
    pub async fn place(&self, order: &Order, home: &Home, quota: &Quota) -> Result<bool, Error> {
        let put_order = self.table.put(item::write(order)).if_absent();
        let item = HomeItem {
            sealed: Bytes(home.details.0.clone()),
            place: home.place.clone(),
            ttl: None,
        };
        let put_details = self.table.put(Key::details(&order.id).item(item));
        let members = [
            put_order.named(Part::Order),
            put_details.named(Part::Details),
            self.keep_quota(&order.customer, quota),
        ];
        let mut tries = Tries::new(TRANSACT, Rivals::Few, order.id.as_str());
        loop {
            tries.next().await?;
            match commit(members.clone()).await? {
                Committed::Done => return Ok(true),
                Committed::Refused(_) => return Ok(false),
                Committed::Conflict => {}
            }
        }
    }

    pub async fn get(&self, order: &OrderId) -> Result<Option<Order>, Error> {
        let found = self.table.get(Key::order(order)).await?;
        found.map(item::read).transpose()
    }

    /// An order, and its home unless that is gone.
    pub async fn get_with_home(
        &self,
        order: &OrderId,
        now: Millis,
    ) -> Result<Option<(Order, Option<Home>)>, Error> {
        let keys = [Key::order(order), Key::details(order)];
        let (mut found, mut home) = (None, None);
        for item in self.table.get_all(keys).await? {
            match ItemKey::of(&item)?.sk.as_str() {
                key::ORDER => found = Some(item::read(item)?),
                _ => home = read_home(item, now)?,
            }
        }
        Ok(found.map(|order| (order, home)))
    }

    /// An order's home, unless that is gone: sealed, as it is stored.
    pub async fn home(&self, order: &OrderId, now: Millis) -> Result<Option<Home>, Error> {
        let found = self.table.get(Key::details(order)).await?;
        let found = found.map(|item| read_home(item, now)).transpose()?;
        Ok(found.flatten())
    }

    /// The homes of orders, as [`Self::home`] has them.
    pub async fn homes(
        &self,
        orders: &[OrderId],
        now: Millis,
    ) -> Result<BTreeMap<OrderId, Home>, Error> {
        let found = self.table.get_all(orders.iter().map(Key::details)).await?;
        let mut homes = BTreeMap::new();
        for item in found {
            let order = key::parse_order(&ItemKey::of(&item)?.pk)?;
            homes.extend(read_home(item, now)?.map(|home| (order, home)));
        }
        Ok(homes)
    }

    /// What customers say of these visits, sealed.
    pub async fn ratings(&self, orders: &[OrderId]) -> Result<BTreeMap<OrderId, Sealed>, Error> {
        let found = self.table.get_all(orders.iter().map(Key::rating)).await?;
        let found = found.into_iter().map(|item| {
            let order = key::parse_order(&ItemKey::of(&item)?.pk)?;
            Ok((order, read_sealed(item)?))
        });
        found.collect()
    }

    /// Orders in the order asked for; what is not there is left out.
    pub async fn get_many(&self, orders: &[OrderId]) -> Result<Vec<Order>, Error> {
        let found = self.table.get_all(orders.iter().map(Key::order)).await?;
        let found = found.into_iter().map(item::read);
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|order| orders.iter().position(|id| *id == order.id));
        Ok(found)
    }

    /// All that a grab needs to know, of orders and directory in one call.
    pub async fn grab_read(
        &self,
        directory: &Directory,
        order: &OrderId,
        agency: &AgencyId,
    ) -> Result<GrabRead, Error> {
        let mut reads = Reads::default();
        reads.add(&self.table, Key::order(order));
        reads.add(&directory.table, Key::agency(agency));
        reads.add(&self.table, Key::counts(agency));
        let mut found = GrabRead::default();
        for item in reads.send().await? {
            match ItemKey::of(&item)?.sk.as_str() {
                key::ORDER => found.order = Some(item::read(item)?),
                directory::AGENCY => found.agency = Some(directory::read_agency(item)?),
                key::COUNTS => found.counts = counts::read(item)?.1,
                _ => return Err(Error::wrong("an item of another kind came back")),
            }
        }
        Ok(found)
    }

    /// Keeps the explanation of a choice, sealed, before the change that names it. Answers the name to name it by.
    pub async fn put_explanation(
        &self,
        order: &OrderId,
        epoch: u32,
        at: Millis,
        explanation: &Sealed,
    ) -> Result<String, Error> {
        let key = Key::explanation(order, epoch, at);
        let name = key.sk().to_owned();
        self.table.put(sealed(key, explanation)).send().await?;
        Ok(name)
    }

    /// An explanation by the name that its order names it by, sealed.
    pub async fn explanation(&self, order: &OrderId, name: &str) -> Result<Option<Sealed>, Error> {
        let found = self.table.get(Key::named_explanation(order, name)).await?;
        found.map(read_sealed).transpose()
    }
}

fn sealed(key: Key<Orders>, sealed: &Sealed) -> crate::table::Item<Orders> {
    let sealed = Bytes(sealed.0.clone());
    key.item(SealedItem { sealed })
}

fn read_sealed(item: Attributes) -> Result<Sealed, Error> {
    let (_, item) = read::<SealedItem>(item)?;
    Ok(Sealed(item.sealed.0))
}

fn read_home(item: Attributes, now: Millis) -> Result<Option<Home>, Error> {
    let (_, item) = read::<HomeItem>(item)?;
    let is_there = item.ttl.is_none_or(|ttl| now.second() < ttl);
    Ok(is_there.then_some(Home {
        details: Sealed(item.sealed.0),
        place: item.place,
    }))
}

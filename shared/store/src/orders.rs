//! The table `orders`: orders, their sealed details, explanations of choices.
//!
//! Every change of an order is one conditional UpdateItem: the version rises by one, the lines that the change
//! leaves are appended to the timeline, and if the condition fails, the order as it was then says why. Four changes
//! are that update within a transaction: an assignment (with the agency's latest ones), naming a worker (with her
//! calendar), a check-in (with the event in her chain), a rating (with what it says).

mod assignments;
mod change;
mod counts;
mod item;
mod key;
mod list;
mod seal;
mod shown;
mod visit;
mod write;

use domain::agency::Agency;
use domain::id::{AgencyId, OrderId};
use domain::order::{ClaimCounts, Order};
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
pub use item::order_image;
pub use seal::{SealKey, Sealed};
pub use shown::OrderViews;
pub use visit::{Rated, VisitEnded};
pub use write::Written;

#[derive(Clone, Debug)]
pub struct Orders {
    table: Table<Orders>,
}

/// What placing an order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    New,
    /// The same request had stored it before; this is how it stands.
    Repeat(Box<Order>),
    /// Another request has used the same key.
    KeyReused,
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

/// The fields of details and ratings.
#[derive(Serialize, Deserialize)]
struct SealedItem {
    sealed: Bytes,
}

#[derive(Serialize, Deserialize)]
struct ExplanationItem {
    body: String,
}

impl Orders {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "ORDERS_TABLE"),
        }
    }

    /// Stores a new order with its details, if its id is not taken. Placing it again is harmless.
    pub async fn place(&self, order: &Order, details: &Sealed) -> Result<Placed, Error> {
        let put_order = self.table.put(item::write(order)).if_absent();
        let put_details = self.table.put(sealed(Key::details(&order.id), details));
        let members = [
            put_order.named(Part::Order),
            put_details.named(Part::Details),
        ];
        let mut tries = Tries::new(TRANSACT, Rivals::Few, order.id.as_str());
        loop {
            tries.next().await?;
            match commit(members.clone()).await? {
                Committed::Done => return Ok(Placed::New),
                Committed::Conflict => {}
                Committed::Refused(refused) => {
                    let found = refused.into_iter().find_map(|refused| refused.item);
                    let found = found.ok_or(Error::wrong("an order that is there is gone"))?;
                    let found = item::read(found)?;
                    let is_repeat =
                        found.body_hash == order.body_hash && found.customer == order.customer;
                    return Ok(if is_repeat {
                        Placed::Repeat(Box::new(found))
                    } else {
                        Placed::KeyReused
                    });
                }
            }
        }
    }

    pub async fn get(&self, order: &OrderId) -> Result<Option<Order>, Error> {
        let found = self.table.get(Key::order(order)).await?;
        found.map(item::read).transpose()
    }

    /// # Errors
    /// Also when the order has no details.
    pub async fn get_with_details(
        &self,
        order: &OrderId,
    ) -> Result<Option<(Order, Sealed)>, Error> {
        let keys = [Key::order(order), Key::details(order)];
        let (mut found, mut details) = (None, None);
        for item in self.table.get_all(keys).await? {
            match ItemKey::of(&item)?.sk.as_str() {
                key::ORDER => found = Some(item::read(item)?),
                _ => details = Some(read_sealed(item)?),
            }
        }
        let Some(order) = found else {
            return Ok(None);
        };
        let details = details.ok_or(Error::wrong("an order has no details"))?;
        Ok(Some((order, details)))
    }

    /// What only those may read who are to come: sealed, as it is stored.
    pub async fn details(&self, order: &OrderId) -> Result<Sealed, Error> {
        let found = self.table.get(Key::details(order)).await?;
        let found = found.ok_or(Error::wrong("an order has no details"))?;
        read_sealed(found)
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

    /// Keeps the explanation of a choice, before the change that names it. Answers the name to name it by.
    pub async fn put_explanation(
        &self,
        order: &OrderId,
        epoch: u32,
        at: Millis,
        body: &str,
    ) -> Result<String, Error> {
        let key = Key::explanation(order, epoch, at);
        let name = key.sk().to_owned();
        let body = body.to_owned();
        let put = self.table.put(key.item(ExplanationItem { body }));
        put.send().await?;
        Ok(name)
    }

    /// An explanation by the name that its order names it by.
    pub async fn explanation(&self, order: &OrderId, name: &str) -> Result<Option<String>, Error> {
        let found = self.table.get(Key::named_explanation(order, name)).await?;
        let found = found.map(read::<ExplanationItem>).transpose()?;
        Ok(found.map(|(_, item)| item.body))
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

//! The table `orders`: orders, their sealed details, explanations of choices.
//!
//! Every change of an order is one conditional UpdateItem: the version rises by one, the lines that the change
//! leaves are appended to the timeline, and if the condition fails, the order as it was then says why. Three changes
//! are that update within a transaction: naming a worker (with her calendar), a check-in (with the event in her
//! chain), a rating (with what it says).

mod change;
mod item;
mod list;
mod shown;
mod visit;
mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use domain::agency::Agency;
use domain::id::{AgencyId, OrderId};
use domain::order::Order;
use domain::time::Millis;
use settings::Settings;

use crate::key::{self, Attributes, Key};
use crate::{Directory, Error, Sealed, batch, directory, transaction};

pub use change::{Changed, FannedOut, Missed, Settled};
pub use item::order_image;
pub use shown::OrderViews;
pub use visit::{Rated, VisitEnded};
pub use write::Written;

const SEALED: &str = "sealed";
const BODY: &str = "body";

/// How often a placement is tried that others' writes got in the way of.
const PLACEMENTS: u32 = 4;

/// The table `orders`.
#[derive(Clone, Debug)]
pub struct Orders {
    client: Client,
    table: String,
}

/// What placing an order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is stored.
    New,
    /// The same request had stored it before; this is how it stands.
    Repeat(Box<Order>),
    /// Another request has used the same key.
    KeyReused,
}

/// What a grab needs to know, read at once.
#[derive(Clone, Debug)]
pub struct GrabRead {
    /// The agency; its standing is the truth of this moment.
    pub agency: Option<Agency>,
    /// The order, for what never changes of it. Whether it can be grabbed, the write alone says.
    pub order: Option<Order>,
    /// Address and contact, to be opened once the order is won.
    pub details: Option<Sealed>,
}

impl Orders {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            table: settings.text("ORDERS_TABLE"),
        }
    }

    /// Stores a new order with its details, if its id is not taken.
    ///
    /// # Errors
    /// When it was not stored, or that is not known; placing it again is harmless.
    pub async fn place(&self, order: &Order, details: &Sealed) -> Result<Placed, Error> {
        const CALL: &str = "TransactWriteItems";
        let put_order = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(order)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        let mut details_item = Key::details(&order.id).attributes();
        details_item.insert(
            SEALED.to_owned(),
            AttributeValue::B(Blob::new(details.0.clone())),
        );
        let put_details = Put::builder()
            .table_name(&self.table)
            .set_item(Some(details_item))
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        for round in 0..PLACEMENTS {
            if round > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20 << round)).await;
            }
            let stored = self
                .client
                .transact_write_items()
                .transact_items(TransactWriteItem::builder().put(put_order.clone()).build())
                .transact_items(
                    TransactWriteItem::builder()
                        .put(put_details.clone())
                        .build(),
                )
                .send()
                .await;
            let error = match stored {
                Ok(_) => return Ok(Placed::New),
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(Error::call(CALL, error));
            };
            match found(cancelled.cancellation_reasons()) {
                Some(found) => {
                    let found = item::read(found)?;
                    let is_repeat =
                        found.body_hash == order.body_hash && found.customer == order.customer;
                    return Ok(if is_repeat {
                        Placed::Repeat(Box::new(found))
                    } else {
                        Placed::KeyReused
                    });
                }
                None if transaction::passes(cancelled.cancellation_reasons()) => {}
                None => return Err(Error::call(CALL, error)),
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// An order, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, order: &OrderId) -> Result<Option<Order>, Error> {
        let found = self.get_item(Key::order(order)).await?;
        found.map(item::read).transpose()
    }

    /// An order with its details, consistently read.
    ///
    /// # Errors
    /// When they cannot be read, or the order has no details.
    pub async fn get_with_details(
        &self,
        order: &OrderId,
    ) -> Result<Option<(Order, Sealed)>, Error> {
        let keys = [Key::order(order), Key::details(order)];
        let keys = keys.map(|key| (self.table.as_str(), key));
        let mut found = sorted(batch::get(&self.client, keys).await?)?;
        let (Some(order), details) = (found.order.take(), found.details.take()) else {
            return Ok(None);
        };
        let details = details.ok_or(Error::wrong("an order has no details"))?;
        Ok(Some((order, details)))
    }

    /// Orders, consistently read, in the order asked for; what is not there is left out.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn get_many(&self, orders: &[OrderId]) -> Result<Vec<Order>, Error> {
        let keys = orders
            .iter()
            .map(|order| (self.table.as_str(), Key::order(order)));
        let mut found = Vec::with_capacity(orders.len());
        for item in batch::get(&self.client, keys).await? {
            found.push(item::read(item)?);
        }
        found.sort_by_key(|order| orders.iter().position(|id| *id == order.id));
        Ok(found)
    }

    /// Keeps the explanation of a choice, before the change that names it. Answers the name to name it by.
    ///
    /// # Errors
    /// When it was not stored, or that is not known.
    pub async fn put_explanation(
        &self,
        order: &OrderId,
        epoch: u32,
        at: Millis,
        body: &str,
    ) -> Result<String, Error> {
        let key = Key::explanation(order, epoch, at);
        let name = key.sk.clone();
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key.attributes()))
            .item(BODY, AttributeValue::S(body.to_owned()))
            .send()
            .await
            .map_err(|error| Error::call("PutItem", error))?;
        Ok(name)
    }

    /// An explanation by the name that its order names it by.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn explanation(&self, order: &OrderId, name: &str) -> Result<Option<String>, Error> {
        let found = self.get_item(Key::named_explanation(order, name)).await?;
        match found.and_then(|mut item| item.remove(BODY)) {
            Some(AttributeValue::S(body)) => Ok(Some(body)),
            Some(_) => Err(Error::wrong("an explanation is not text")),
            None => Ok(None),
        }
    }

    async fn get_item(&self, key: Key) -> Result<Option<Attributes>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        Ok(answer.item)
    }

    /// All that a grab needs to know, of both tables in one call, consistently read.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn grab_read(
        &self,
        directory: &Directory,
        order: &OrderId,
        agency: &AgencyId,
    ) -> Result<GrabRead, Error> {
        let keys = [
            (self.table.as_str(), Key::order(order)),
            (self.table.as_str(), Key::details(order)),
            (directory.table.as_str(), Key::agency(agency)),
        ];
        sorted(batch::get(&self.client, keys).await?)
    }
}

/// Items of a grab's kinds, told apart by their sort keys.
fn sorted(items: Vec<Attributes>) -> Result<GrabRead, Error> {
    let mut sorted = GrabRead {
        agency: None,
        order: None,
        details: None,
    };
    for mut item in items {
        let key = Key::of(&item).ok_or(Error::wrong("an item has no key"))?;
        match key.sk.as_str() {
            key::ORDER => sorted.order = Some(item::read(item)?),
            key::DETAILS => match item.remove(SEALED) {
                Some(AttributeValue::B(sealed)) => {
                    sorted.details = Some(Sealed(sealed.into_inner()))
                }
                _ => return Err(Error::wrong("details are not sealed")),
            },
            key::AGENCY => sorted.agency = Some(directory::read_agency(item)?),
            _ => return Err(Error::wrong("an item of another kind came back")),
        }
    }
    Ok(sorted)
}

/// The item that a failed condition of the transaction's first write came back with.
fn found(reasons: &[CancellationReason]) -> Option<Attributes> {
    let first = reasons
        .first()
        .filter(|reason| reason.code() == Some("ConditionalCheckFailed"));
    first.and_then(|reason| reason.item.clone())
}

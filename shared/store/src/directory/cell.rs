//! Stores by cell: a projection of agencies and stores, from which an order's agencies are read at once.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::geo::{Cell4, Cell5, Wgs84};
use domain::id::{AgencyId, StoreId};
use domain::service::ServiceSet;
use domain::time::Millis;

use super::Directory;
use crate::Error;
use crate::key::{self, Attributes, Key};

/// The payload: latitude and longitude (4 bytes each, 1e-7 degrees), services (2), radius (4), big-endian.
const DATA: &str = "d";
const LENGTH: usize = 14;
/// The agency's version.
const VERSION: &str = "v";
const TTL: &str = "ttl";

/// How long a tombstone stays: longer than any write from before it can be on its way.
const TOMBSTONE: Duration = Duration::from_secs(24 * 3600);

/// A cell in which a store is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// One that the store's disc of the market's radius touches.
    Disc(Cell5),
    /// The one that holds the store, for wider radii.
    Home(Cell4),
}

/// A store as cells keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellStore {
    /// Its agency.
    pub agency: AgencyId,
    /// The store.
    pub store: StoreId,
    /// Where it is.
    pub at: Wgs84,
    /// What its agency offers.
    pub services: ServiceSet,
    /// The radius that its cells were built for, in metres.
    pub radius_m: u32,
    /// The agency's version that this was computed from.
    pub version: u64,
}

impl Directory {
    /// Writes a store into a cell, over nothing or what an older version of its agency wrote. Answers whether it
    /// was written.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn put_cell(&self, cell: &Cell, store: &CellStore) -> Result<bool, Error> {
        let mut data = Vec::with_capacity(LENGTH);
        data.extend(store.at.lat_e7().to_be_bytes());
        data.extend(store.at.lon_e7().to_be_bytes());
        data.extend(store.services.bits().to_be_bytes());
        data.extend(store.radius_m.to_be_bytes());
        let mut item = key_of(cell, &store.agency, &store.store).attributes();
        item.insert(DATA.to_owned(), AttributeValue::B(Blob::new(data)));
        self.put_newer(item, store.version).await
    }

    /// Takes a store out of a cell, unless a newer version of its agency has put it there. What is left keeps
    /// older writes from bringing it back. Answers whether it was written.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn tombstone_cell(
        &self,
        cell: &Cell,
        agency: &AgencyId,
        store: &StoreId,
        version: u64,
        now: Millis,
    ) -> Result<bool, Error> {
        let mut item = key_of(cell, agency, store).attributes();
        let until = (now + TOMBSTONE).second();
        item.insert(TTL.to_owned(), AttributeValue::N(until.to_string()));
        self.put_newer(item, version).await
    }

    /// All stores whose disc touches the cell: all that can be in range of an order in it. Eventually consistent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn stores_in_cell5(&self, cell: &Cell5) -> Result<Vec<CellStore>, Error> {
        self.stores(key::disc_cell_pk(cell)).await
    }

    /// All stores in the cell. Eventually consistent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn stores_in_cell4(&self, cell: &Cell4) -> Result<Vec<CellStore>, Error> {
        self.stores(key::home_cell_pk(cell)).await
    }

    async fn put_newer(&self, mut item: Attributes, version: u64) -> Result<bool, Error> {
        let version = AttributeValue::N(version.to_string());
        item.insert(VERSION.to_owned(), version.clone());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(v) OR v < :v")
            .expression_attribute_values(":v", version)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(Error::call("PutItem", error)),
        }
    }

    async fn stores(&self, pk: String) -> Result<Vec<CellStore>, Error> {
        let mut stores = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                stores.extend(read(&item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(stores);
            }
        }
    }
}

fn key_of(cell: &Cell, agency: &AgencyId, store: &StoreId) -> Key {
    match cell {
        Cell::Disc(cell) => Key::disc_cell(cell, agency, store),
        Cell::Home(cell) => Key::home_cell(cell, agency, store),
    }
}

/// The store of an item; none for a tombstone. Read by hand, because every order reads dozens.
fn read(item: &Attributes) -> Result<Option<CellStore>, Error> {
    const WRONG: Error = Error::wrong("a store in a cell cannot be read");
    let Some(data) = item.get(DATA) else {
        return Ok(None);
    };
    let data: &[u8; LENGTH] = match data {
        AttributeValue::B(data) => data.as_ref().try_into().map_err(|_| WRONG)?,
        _ => return Err(WRONG),
    };
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = *data;
    let version = item.get(VERSION).and_then(|version| version.as_n().ok());
    let (agency, store) = match item.get(key::SK) {
        Some(AttributeValue::S(sk)) => key::parse_in_cell(sk)?,
        _ => return Err(WRONG),
    };
    Ok(Some(CellStore {
        agency,
        store,
        at: Wgs84::from_e7(
            i32::from_be_bytes([a, b, c, d]),
            i32::from_be_bytes([e, f, g, h]),
        )
        .ok_or(WRONG)?,
        services: ServiceSet::from_bits(u16::from_be_bytes([i, j])),
        radius_m: u32::from_be_bytes([k, l, m, n]),
        version: version
            .and_then(|version| version.parse().ok())
            .ok_or(WRONG)?,
    }))
}

//! Stores by cell: a projection of agencies and stores, from which an order's agencies are read at once.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::geo::{Cell4, Cell5, Wgs84};
use domain::id::{AgencyId, StoreId};
use domain::service::ServiceSet;
use domain::time::Millis;
use serde::Serialize;

use super::Directory;
use super::key::parse_in_cell;
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Attributes, ItemKey, Key, Partition, number};

/// How long an attribute `d` is: latitude and longitude (4 bytes each, 1e-7 degrees), services (2), radius (4), big-endian.
const LENGTH: usize = 14;

/// How long a tombstone stays: longer than any write from before it can be on its way.
const TOMBSTONE: Duration = Duration::from_secs(24 * 3600);

#[derive(Default, Serialize)]
struct CellItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<Bytes>,
    v: u64,
    /// Of a tombstone, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

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
    pub agency: AgencyId,
    pub store: StoreId,
    pub at: Wgs84,
    /// What it is there for, and its agency offers.
    pub services: ServiceSet,
    /// The radius that its cells were built for, in metres.
    pub radius_m: u32,
    /// The agency's version that this was computed from.
    pub version: u64,
}

impl Directory {
    /// Writes a store into a cell, over nothing or what an older version of its agency wrote. Answers whether it
    /// was written.
    pub async fn put_cell(&self, cell: &Cell, store: &CellStore) -> Result<bool, Error> {
        let mut data = Vec::with_capacity(LENGTH);
        data.extend(store.at.lat_e7().to_be_bytes());
        data.extend(store.at.lon_e7().to_be_bytes());
        data.extend(store.services.bits().to_be_bytes());
        data.extend(store.radius_m.to_be_bytes());
        let item = CellItem {
            d: Some(Bytes(data)),
            v: store.version,
            ttl: None,
        };
        let key = cell.key(&store.agency, &store.store);
        self.put_newer(key, item).await
    }

    /// Takes a store out of a cell, unless a newer version of its agency has put it there. What is left keeps
    /// older writes from bringing it back. Answers whether it was written.
    pub async fn tombstone_cell(
        &self,
        cell: &Cell,
        agency: &AgencyId,
        store: &StoreId,
        version: u64,
        now: Millis,
    ) -> Result<bool, Error> {
        let item = CellItem {
            d: None,
            v: version,
            ttl: Some((now + TOMBSTONE).second()),
        };
        self.put_newer(cell.key(agency, store), item).await
    }

    /// All stores whose disc touches the cell: all that can be in range of an order in it. Eventually consistent.
    pub async fn stores_in_cell5(&self, cell: &Cell5) -> Result<Vec<CellStore>, Error> {
        self.stores_of(Partition::disc_cell(cell)).await
    }

    /// All stores in the cell. Eventually consistent.
    pub async fn stores_in_cell4(&self, cell: &Cell4) -> Result<Vec<CellStore>, Error> {
        self.stores_of(Partition::home_cell(cell)).await
    }

    async fn put_newer(&self, key: Key<Directory>, item: CellItem) -> Result<bool, Error> {
        let version = item.v;
        let put = self.table.put(key.item(item));
        let put = put.when("attribute_not_exists(v) OR v < :v");
        Ok(put.value(":v", version).send().await?.is_done())
    }

    async fn stores_of(&self, cell: Partition<Directory>) -> Result<Vec<CellStore>, Error> {
        let stores = self.table.list(cell).eventually().all(|item| read(&item));
        Ok(stores.await?.into_iter().flatten().collect())
    }
}

impl Cell {
    fn key(&self, agency: &AgencyId, store: &StoreId) -> Key<Directory> {
        match self {
            Self::Disc(cell) => Key::disc_cell(cell, agency, store),
            Self::Home(cell) => Key::home_cell(cell, agency, store),
        }
    }
}

/// The store of an item; none for a tombstone. Read by hand, because every order reads dozens.
fn read(item: &Attributes) -> Result<Option<CellStore>, Error> {
    const WRONG: Error = Error::wrong("a store in a cell cannot be read");
    let Some(data) = item.get("d") else {
        return Ok(None);
    };
    let data: &[u8; LENGTH] = match data {
        AttributeValue::B(data) => data.as_ref().try_into().map_err(|_| WRONG)?,
        _ => return Err(WRONG),
    };
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = *data;
    let (agency, store) = parse_in_cell(&ItemKey::of(item)?)?;
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
        version: number(item, "v").ok_or(WRONG)?,
    }))
}

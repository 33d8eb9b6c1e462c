//! The table `directory`: agencies with their stores, cells, authorities, members and what they have done.
//!
//! An agency's item is the truth of its standing. Its version rises with every change of the agency or any of
//! its stores, in one transaction with that change, and every such transaction is conditional on it.

mod cell;
mod change;
mod item;
mod key;
mod range;
mod team;
mod trail;

use domain::agency::{Agency, Standing, Store};
use domain::id::{AgencyId, AuthorityId, StoreId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::table::{Attributes, ItemKey, Key, Partition, Table, number};
use crate::{Error, Page};

pub use cell::{Cell, CellStore};
pub use change::{AgencyDecided, Registered, StoreAdded, StoreDecided};
pub use item::{DirectoryImage, directory_image};
pub(crate) use key::AGENCY;

use item::{StoredAgency, StoredStore};
use key::{BY_REVIEW, parse_agency, parse_store};

#[derive(Clone, Debug)]
pub struct Directory {
    pub(crate) table: Table<Directory>,
}

/// What waits for review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    Agency,
    /// Stores: new or moved.
    Store,
}

impl Waiting {
    /// Its name in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Store => "store",
        }
    }
}

/// Something that waits for review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The agency, or the store's.
    pub agency: AgencyId,
    /// The store, if a store waits.
    pub store: Option<StoreId>,
    pub since: Millis,
}

/// An authority's way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub id: AuthorityId,
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
}

impl Directory {
    /// The most stores of an agency that can wait for review: of a new one all are approved in one transaction, and
    /// no agency in a city has more.
    pub const MOST_WAITING_STORES: usize = 50;
    /// The most stores that an agency can have, with those that are closed: all are read together.
    pub const MOST_STORES: usize = 200;

    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "DIRECTORY_TABLE"),
        }
    }

    /// An agency, consistently read.
    pub async fn agency(&self, agency: &AgencyId) -> Result<Option<Agency>, Error> {
        Ok(self
            .stored_agency(agency)
            .await?
            .map(|stored| stored.agency))
    }

    /// Whether an agency is approved at this moment.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn is_approved(&self, agency: &AgencyId) -> Result<bool, Error> {
        let agency = self.agency(agency).await?;
        Ok(agency.is_some_and(|agency| agency.standing == Standing::Approved))
    }

    /// An agency with its stores in the order of their ids, consistently read.
    pub async fn agency_with_stores(
        &self,
        agency: &AgencyId,
    ) -> Result<Option<(Agency, Vec<Store>)>, Error> {
        let stored = self.stored_agency_with_stores(agency).await?;
        Ok(stored.map(|(agency, stores)| {
            (
                agency.agency,
                stores.into_iter().map(|stored| stored.store).collect(),
            )
        }))
    }

    /// Agencies, consistently read, in no order; what is not there is left out.
    pub async fn agencies(&self, agencies: &[AgencyId]) -> Result<Vec<Agency>, Error> {
        let items = self.table.get_all(agencies.iter().map(Key::agency)).await?;
        items.into_iter().map(read_agency).collect()
    }

    /// Stores with their agencies, consistently read, in no order; what is not there is left out.
    pub async fn stores(
        &self,
        stores: &[(&AgencyId, &StoreId)],
    ) -> Result<Vec<(AgencyId, Store)>, Error> {
        let keys = stores
            .iter()
            .map(|(agency, store)| Key::store(agency, store));
        let items = self.table.get_all(keys).await?.into_iter();
        items
            .map(|item| {
                let agency = parse_agency(&ItemKey::of(&item)?.pk);
                let agency = agency.ok_or(Error::wrong("its key is not an agency's"))?;
                Ok((agency, item::read_store(item)?.store))
            })
            .collect()
    }

    /// What waits for review, the oldest first.
    pub async fn waiting(
        &self,
        kind: Waiting,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Waiter>, Error> {
        let list = self.table.list_by(&BY_REVIEW, kind);
        list.page(limit, cursor, |item| {
            let key = ItemKey::of(&item)?;
            let waiter = parse_agency(&key.pk).zip(number(&item, "since"));
            let (agency, since) = waiter.ok_or(Error::wrong(
                "something waits that is neither agency nor store",
            ))?;
            Ok(Waiter {
                agency,
                store: parse_store(&key.sk),
                since: Millis(since),
            })
        })
        .await
    }

    /// The authority with this access key.
    pub async fn authority(&self, access_key: &str) -> Result<Option<Authority>, Error> {
        if access_key.is_empty() || access_key.len() > 256 {
            return Ok(None);
        }
        let found = self.table.get(Key::authority(access_key)).await?;
        found.map(item::read_authority).transpose()
    }

    /// Gives an authority its way in, or changes it.
    pub async fn put_authority(
        &self,
        access_key: &str,
        authority: &Authority,
    ) -> Result<(), Error> {
        let put = self.table.put(item::write_authority(access_key, authority));
        put.send().await.map(|_| ())
    }

    async fn stored_agency(&self, agency: &AgencyId) -> Result<Option<StoredAgency>, Error> {
        let found = self.table.get(Key::agency(agency)).await?;
        found.map(item::read_agency).transpose()
    }

    async fn stored_agency_with_stores(
        &self,
        agency: &AgencyId,
    ) -> Result<Option<(StoredAgency, Vec<StoredStore>)>, Error> {
        let (mut found, mut stores) = (None, Vec::new());
        let list = self.table.list(Partition::agency(agency));
        for item in list.all(Ok).await? {
            if ItemKey::of(&item)?.sk == AGENCY {
                found = Some(item::read_agency(item)?);
            } else {
                stores.push(item::read_store(item)?);
            }
        }
        Ok(found.map(|agency| (agency, stores)))
    }
}

/// The agency of an item, as a grab reads it too.
pub(crate) fn read_agency(item: Attributes) -> Result<Agency, Error> {
    item::read_agency(item).map(|stored| stored.agency)
}

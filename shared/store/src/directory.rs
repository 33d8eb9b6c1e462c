//! The table `directory`: agencies with their stores, cells, authorities.
//!
//! An agency's item is the truth of its standing. Its version rises with every change of the agency or any of
//! its stores, in one transaction with that change, and every such transaction is conditional on it.

mod cell;
mod change;
mod item;
mod range;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::agency::{Agency, Standing, Store};
use domain::id::{AgencyId, AuthorityId, StoreId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::cursor::{self, Expected};
use crate::key::{self, Attributes, Key, PK, SK};
use crate::{Error, Page, batch};

pub use cell::{Cell, CellStore};
pub use change::{AgencyDecided, Registered, StoreAdded, StoreDecided};
pub use item::{DirectoryImage, directory_image};

use item::{StoredAgency, StoredStore};

/// The table `directory`.
#[derive(Clone, Debug)]
pub struct Directory {
    client: Client,
    pub(crate) table: String,
}

/// What waits for review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Agencies.
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
    /// Since when.
    pub since: Millis,
}

/// An authority's way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its id.
    pub id: AuthorityId,
    /// Its name.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
}

impl Directory {
    /// The most stores that an agency can register with: they are approved with it in one transaction.
    pub const MOST_STORES: usize = 90;

    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            table: settings.text("DIRECTORY_TABLE"),
        }
    }

    /// An agency, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
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

    /// SHA-256 of an agency's secret.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn secret_hash(&self, agency: &AgencyId) -> Result<Option<[u8; 32]>, Error> {
        Ok(self
            .stored_agency(agency)
            .await?
            .map(|stored| stored.secret_hash))
    }

    /// An agency with its stores in the order of their ids, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
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
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn agencies(&self, agencies: &[AgencyId]) -> Result<Vec<Agency>, Error> {
        let keys = agencies
            .iter()
            .map(|agency| (self.table.as_str(), Key::agency(agency)));
        let items = batch::get(&self.client, keys).await?;
        items.into_iter().map(read_agency).collect()
    }

    /// What waits for review, the oldest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] when the cursor is not one of this list; else when it cannot be read.
    pub async fn waiting(
        &self,
        kind: Waiting,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Waiter>, Error> {
        let start = cursor
            .map(|cursor| {
                let is_agency = |pk: &str| key::parse_agency(pk).is_some();
                let is_either = |sk: &str| sk == key::AGENCY || key::parse_store(sk).is_some();
                cursor::read(
                    cursor,
                    &[
                        ("wait", Expected::Is(kind.as_str())),
                        ("since", Expected::Number),
                        (PK, Expected::Text(is_agency)),
                        (SK, Expected::Text(is_either)),
                    ],
                )
            })
            .transpose()?;
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by-review")
            .key_condition_expression("#wait = :kind")
            .expression_attribute_names("#wait", "wait")
            .expression_attribute_values(":kind", AttributeValue::S(kind.as_str().to_owned()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let waiter = |item: &Attributes| {
            let key = Key::of(item)?;
            let since = item.get("since")?.as_n().ok()?.parse().ok()?;
            Some(Waiter {
                agency: key::parse_agency(&key.pk)?,
                store: key::parse_store(&key.sk),
                since: Millis(since),
            })
        };
        let items = answer.items().iter().map(|item| {
            waiter(item).ok_or(Error::wrong(
                "something waits that is neither agency nor store",
            ))
        });
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: answer
                .last_evaluated_key
                .as_ref()
                .map(cursor::write)
                .transpose()?,
        })
    }

    /// The authority with this access key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn authority(&self, access_key: &str) -> Result<Option<Authority>, Error> {
        if access_key.is_empty() || access_key.len() > 256 {
            return Ok(None);
        }
        let found = self.get_item(Key::authority(access_key)).await?;
        found.map(item::read_authority).transpose()
    }

    /// Gives an authority its way in, or changes it.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn put_authority(
        &self,
        access_key: &str,
        authority: &Authority,
    ) -> Result<(), Error> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::write_authority(access_key, authority)?))
            .send()
            .await
            .map_err(|error| Error::call("PutItem", error))?;
        Ok(())
    }

    async fn stored_agency(&self, agency: &AgencyId) -> Result<Option<StoredAgency>, Error> {
        let found = self.get_item(Key::agency(agency)).await?;
        found.map(item::read_agency).transpose()
    }

    async fn stored_agency_with_stores(
        &self,
        agency: &AgencyId,
    ) -> Result<Option<(StoredAgency, Vec<StoredStore>)>, Error> {
        let mut found = None;
        let mut stores = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(key::agency_pk(agency)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                let key = Key::of(&item).ok_or(Error::wrong("an item has no key"))?;
                if key.sk == key::AGENCY {
                    found = Some(item::read_agency(item)?);
                } else {
                    stores.push(item::read_store(item)?);
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found.map(|agency| (agency, stores)));
            }
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
}

/// The agency of an item, as a grab reads it too.
pub(crate) fn read_agency(item: Attributes) -> Result<Agency, Error> {
    item::read_agency(item).map(|stored| stored.agency)
}

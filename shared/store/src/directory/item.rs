//! Items of agencies, stores and authorities.

use domain::agency::{
    Agency, AgencyChange, AgencyStats, Papers, Review, Standing, Store, StoreChange,
};
use domain::availability::Span;
use domain::check::{MobilePhone, Uscc};
use domain::geo::Wgs84;
use domain::id::{AgencyId, AuthorityId};
use domain::service::ServiceSet;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::key::{self, parse_agency, parse_store};
use super::{Authority, Directory, Waiting};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{self, Attributes, Item, Key};

#[derive(Serialize, Deserialize)]
struct AgencyItem {
    name: String,
    uscc: Uscc,
    responsible_person: String,
    phone: MobilePhone,
    services: ServiceSet,
    #[serde(default, skip_serializing_if = "Papers::is_empty")]
    papers: Papers,
    standing: Standing,
    version: u64,
    #[serde(default = "first_version")]
    review_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposed: Option<AgencyChange>,
    stats: AgencyStats,
    registered_at: Millis,
    reviews: Vec<Review>,
    body_hash: Bytes,
    #[serde(flatten)]
    waits: Waits,
}

#[derive(Serialize, Deserialize)]
struct StoreItem {
    name: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed: Option<Point>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposed_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposed_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposed_services: Option<ServiceSet>,
    #[serde(default)]
    services: ServiceSet,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    opening_hours: Vec<Span>,
    status: Standing,
    #[serde(default = "first_version")]
    review_version: u64,
    added_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed_at: Option<Millis>,
    reviews: Vec<Review>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hash: Option<Bytes>,
    #[serde(flatten)]
    waits: Waits,
}

/// Of items from before there were versions.
fn first_version() -> u64 {
    1
}

/// Both or none are there: an item is in the index as long as it waits.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Waits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wait: Option<Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Millis>,
}

impl Waits {
    pub(super) fn since(kind: Waiting, since: Millis) -> Self {
        Self {
            wait: Some(kind),
            since: Some(since),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Point {
    la: i32,
    lo: i32,
}

impl From<Wgs84> for Point {
    fn from(point: Wgs84) -> Self {
        Self {
            la: point.lat_e7(),
            lo: point.lon_e7(),
        }
    }
}

impl Point {
    fn wgs84(self) -> Result<Wgs84, Error> {
        Wgs84::from_e7(self.la, self.lo).ok_or(Error::wrong("a store is nowhere"))
    }
}

#[derive(Serialize, Deserialize)]
struct AuthorityItem {
    authority: AuthorityId,
    name: String,
    secret_hash: Bytes,
}

/// A store's item as it was read: what the domain knows, and what only this table does.
#[derive(Clone)]
pub(super) struct StoredStore {
    pub(super) store: Store,
    pub(super) body_hash: Option<[u8; 32]>,
    pub(super) waits: Waits,
}

/// An agency's item as it was read.
pub(super) struct StoredAgency {
    pub(super) agency: Agency,
    pub(super) body_hash: [u8; 32],
}

pub(super) fn write_agency(agency: &Agency, body_hash: &[u8; 32]) -> Item<Directory> {
    let waits = agency.waits_since;
    let waits = waits.map(|since| Waits::since(Waiting::Agency, since));
    Key::agency(&agency.id).item(AgencyItem {
        name: agency.name.clone(),
        uscc: agency.uscc.clone(),
        responsible_person: agency.responsible_person.clone(),
        phone: agency.phone.clone(),
        services: agency.services,
        papers: agency.papers.clone(),
        standing: agency.standing,
        version: agency.version,
        review_version: agency.review_version,
        proposed: agency.proposed.clone(),
        stats: agency.stats,
        registered_at: agency.registered_at,
        reviews: agency.reviews.clone(),
        body_hash: Bytes(body_hash.to_vec()),
        waits: waits.unwrap_or_default(),
    })
}

pub(super) fn read_agency(item: impl Into<serde_dynamo::Item>) -> Result<StoredAgency, Error> {
    let (key, item): (_, AgencyItem) = table::read(item)?;
    let agency = Agency {
        id: parse_agency(&key.pk).ok_or(Error::wrong("its key is not an agency's"))?,
        name: item.name,
        uscc: item.uscc,
        responsible_person: item.responsible_person,
        phone: item.phone,
        services: item.services,
        papers: item.papers,
        standing: item.standing,
        version: item.version,
        review_version: item.review_version,
        proposed: item.proposed,
        waits_since: item.waits.since,
        stats: item.stats,
        registered_at: item.registered_at,
        reviews: item.reviews,
    };
    Ok(StoredAgency {
        agency,
        body_hash: item.body_hash.array()?,
    })
}

pub(super) fn write_store(agency: &AgencyId, stored: &StoredStore) -> Item<Directory> {
    let store = &stored.store;
    Key::store(agency, &store.id).item(StoreItem {
        name: store.name.clone(),
        address: store.address.clone(),
        location: store.location.map(Point::from),
        proposed: store.proposed.location.map(Point::from),
        proposed_name: store.proposed.name.clone(),
        proposed_address: store.proposed.address.clone(),
        proposed_services: store.proposed.services,
        services: store.services,
        opening_hours: store.opening_hours.clone(),
        status: store.status,
        review_version: store.review_version,
        added_at: store.added_at,
        closed_at: store.closed_at,
        reviews: store.reviews.clone(),
        body_hash: stored.body_hash.map(|hash| Bytes(hash.to_vec())),
        waits: stored.waits,
    })
}

pub(super) fn read_store(item: impl Into<serde_dynamo::Item>) -> Result<StoredStore, Error> {
    let (key, item): (_, StoreItem) = table::read(item)?;
    let store = Store {
        id: parse_store(&key.sk).ok_or(Error::wrong("its key is not a store's"))?,
        name: item.name,
        address: item.address,
        location: item.location.map(Point::wgs84).transpose()?,
        proposed: StoreChange {
            name: item.proposed_name,
            address: item.proposed_address,
            location: item.proposed.map(Point::wgs84).transpose()?,
            services: item.proposed_services,
        },
        services: item.services,
        opening_hours: item.opening_hours,
        status: item.status,
        review_version: item.review_version,
        added_at: item.added_at,
        closed_at: item.closed_at,
        reviews: item.reviews,
    };
    let body_hash = item.body_hash.map(Bytes::array).transpose()?;
    Ok(StoredStore {
        store,
        body_hash,
        waits: item.waits,
    })
}

pub(super) fn write_authority(access_key: &str, authority: &Authority) -> Item<Directory> {
    Key::authority(access_key).item(AuthorityItem {
        authority: authority.id.clone(),
        name: authority.name.clone(),
        secret_hash: Bytes(authority.secret_hash.to_vec()),
    })
}

pub(super) fn read_authority(item: Attributes) -> Result<Authority, Error> {
    let (_, item): (_, AuthorityItem) = table::read(item)?;
    Ok(Authority {
        id: item.authority,
        name: item.name,
        secret_hash: item.secret_hash.array()?,
    })
}

/// What an image in the table's stream is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryImage {
    Agency(Box<Agency>),
    /// A store of this agency.
    Store(AgencyId, Box<Store>),
    /// A cell, a credit code, what somebody logs in by.
    Other,
}

/// What an image in the table's stream is of.
///
/// # Errors
/// When it is an agency's or a store's and cannot be read.
pub fn directory_image(image: impl Into<serde_dynamo::Item>) -> Result<DirectoryImage, Error> {
    let image = image.into();
    let text = |name| match image.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(agency) = text(table::PK).as_deref().and_then(parse_agency) else {
        return Ok(DirectoryImage::Other);
    };
    match text(table::SK).as_deref() {
        Some(key::AGENCY) => Ok(DirectoryImage::Agency(Box::new(read_agency(image)?.agency))),
        Some(sk) if sk.starts_with(key::STORE) => Ok(DirectoryImage::Store(
            agency,
            Box::new(read_store(image)?.store),
        )),
        _ => Ok(DirectoryImage::Other),
    }
}

//! Agencies and stores as HTTP shows them, to themselves and the authority.

use domain::agency::{Agency, Review, Standing, Store};
use domain::check::{MobilePhone, Uscc};
use domain::geo::Wgs84;
use domain::id::{AgencyId, AuthorityId, StoreId};
use domain::service::ServiceSet;
use domain::time::{Millis, rfc3339};
use serde::Serialize;

/// An agency with its stores.
#[derive(Serialize)]
pub struct AgencyAnswer<'a> {
    agency_id: &'a AgencyId,
    name: &'a str,
    uscc: &'a Uscc,
    responsible_person: &'a str,
    phone: &'a MobilePhone,
    services: ServiceSet,
    status: Standing,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    reviews: Vec<ReviewAnswer<'a>>,
    stores: Vec<StoreAnswer<'a>>,
}

/// A store.
#[derive(Serialize)]
pub struct StoreAnswer<'a> {
    store_id: &'a StoreId,
    name: &'a str,
    address: &'a str,
    status: Standing,
    location: Option<Wgs84>,
    proposed_location: Option<Wgs84>,
    #[serde(with = "rfc3339")]
    added_at: Millis,
    reviews: Vec<ReviewAnswer<'a>>,
}

#[derive(Serialize)]
struct ReviewAnswer<'a> {
    decision: &'static str,
    reason: &'a str,
    by: &'a AuthorityId,
    #[serde(with = "rfc3339")]
    at: Millis,
}

impl<'a> AgencyAnswer<'a> {
    /// Of an agency and its stores, in the order given.
    pub fn of(agency: &'a Agency, stores: &'a [Store]) -> Self {
        Self {
            agency_id: &agency.id,
            name: &agency.name,
            uscc: &agency.uscc,
            responsible_person: &agency.responsible_person,
            phone: &agency.phone,
            services: agency.services,
            status: agency.standing,
            registered_at: agency.registered_at,
            reviews: reviews(&agency.reviews),
            stores: stores.iter().map(StoreAnswer::of).collect(),
        }
    }
}

impl<'a> StoreAnswer<'a> {
    /// Of a store.
    pub fn of(store: &'a Store) -> Self {
        Self {
            store_id: &store.id,
            name: &store.name,
            address: &store.address,
            status: store.status,
            location: store.location,
            proposed_location: store.proposed,
            added_at: store.added_at,
            reviews: reviews(&store.reviews),
        }
    }
}

fn reviews(reviews: &[Review]) -> Vec<ReviewAnswer<'_>> {
    reviews
        .iter()
        .map(|review| ReviewAnswer {
            decision: review.decision.as_str(),
            reason: &review.reason,
            by: &review.by,
            at: review.at,
        })
        .collect()
}

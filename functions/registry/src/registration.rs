//! Request bodies of agencies: a registration, a new store, changes of both.

use domain::agency::{AgencyChange, Store, StoreChange};
use domain::availability::Span;
use domain::check::{MobilePhone, Uscc};
use domain::geo::Wgs84;
use domain::id::StoreId;
use domain::service::ServiceSet;
use domain::time::Millis;
use runtime::http::JsonBody;
use runtime::{Fields, Problem};
use serde_json::Value;
use store::Directory;

pub struct Registration {
    pub name: String,
    pub uscc: Uscc,
    pub responsible_person: String,
    pub phone: MobilePhone,
    pub services: ServiceSet,
    pub stores: Vec<NewStore>,
}

#[derive(Clone)]
pub struct NewStore {
    pub name: String,
    pub address: String,
    pub location: Wgs84,
    /// Empty is all that the agency offers.
    pub services: ServiceSet,
    pub opening_hours: Vec<Span>,
}

impl Registration {
    pub fn read(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.string("name", 1..=60);
            let uscc = fields.parsed("uscc");
            let responsible_person = fields.person_name("responsible_person", 60);
            let phone = fields.parsed("phone");
            let services = fields.services("services");
            // Stores are read all the same where the agency's services are at fault.
            let offered = services.unwrap_or(ServiceSet::all());
            let stores = fields.objects("stores", 1..=Directory::MOST_WAITING_STORES, |store| {
                new_store(store, offered)
            });
            Some(Self {
                name: name?,
                uscc: uscc?,
                responsible_person: responsible_person?,
                phone: phone?,
                services: services?,
                stores: stores?,
            })
        })
    }
}

impl NewStore {
    /// Of an agency that offers these services.
    pub fn read(body: &JsonBody, offered: ServiceSet) -> Result<Self, Problem> {
        body.read(|fields| new_store(fields, offered))
    }

    /// The store that waits for review.
    pub fn with_id(self, id: StoreId, now: Millis) -> Store {
        Store {
            services: self.services,
            opening_hours: self.opening_hours,
            ..Store::proposed(id, self.name, self.address, self.location, now)
        }
    }
}

/// What changes once it is approved, and the opening hours, which change at once. The agency offers these services.
pub fn read_store_change(
    body: &JsonBody,
    offered: ServiceSet,
) -> Result<(StoreChange, Option<Vec<Span>>), Problem> {
    body.read(|fields| {
        let name = fields.optional_string("name", 1..=60);
        let address = fields.optional_string("address", 1..=200);
        let location = match fields.given("location") {
            Some(_) => fields.location("location"),
            None => None,
        };
        let services = store_services(fields, offered);
        let opening_hours = match fields.given("opening_hours") {
            Some(_) => fields.weekly_hours("opening_hours"),
            None => None,
        };
        fields.require_one_of(&["name", "address", "location", "services", "opening_hours"]);
        let change = StoreChange {
            name,
            address,
            location,
            services,
        };
        Some((change, opening_hours))
    })
}

pub fn read_agency_change(body: &JsonBody) -> Result<AgencyChange, Problem> {
    body.read(|fields| {
        let name = fields.optional_string("name", 1..=60);
        let responsible_person = fields.optional_person_name("responsible_person", 60);
        let phone = fields.optional_parsed("phone");
        let services = match fields.given("services") {
            Some(_) => fields.services("services"),
            None => None,
        };
        fields.require_one_of(&["name", "responsible_person", "phone", "services"]);
        Some(AgencyChange {
            name,
            responsible_person,
            phone,
            services,
            ..AgencyChange::default()
        })
    })
}

fn new_store(fields: &mut Fields<'_>, offered: ServiceSet) -> Option<NewStore> {
    let name = fields.string("name", 1..=60);
    let address = fields.string("address", 1..=200);
    let location = fields.location("location");
    let services = store_services(fields, offered);
    let opening_hours = fields.weekly_hours("opening_hours");
    Some(NewStore {
        name: name?,
        address: address?,
        location: location?,
        services: services.unwrap_or_default(),
        opening_hours: opening_hours?,
    })
}

/// Some of those that the agency offers; an empty list is all of them, also those to come.
fn store_services(fields: &mut Fields<'_>, offered: ServiceSet) -> Option<ServiceSet> {
    match fields.given("services")? {
        Value::Array(none) if none.is_empty() => Some(ServiceSet::EMPTY),
        _ => fields.services_among("services", offered),
    }
}

#[cfg(test)]
mod tests;

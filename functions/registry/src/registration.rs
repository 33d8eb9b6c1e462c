//! Request bodies of agencies: a registration, a new store, changes of both.

use domain::agency::{AgencyChange, StoreChange};
use domain::check::{MobilePhone, Uscc};
use domain::geo::Wgs84;
use domain::service::ServiceSet;
use runtime::http::JsonBody;
use runtime::{Fields, Problem};
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
}

impl Registration {
    pub fn read(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.string("name", 1..=60);
            let uscc = fields.parsed("uscc");
            let responsible_person = fields.person_name("responsible_person", 60);
            let phone = fields.parsed("phone");
            let services = fields.services("services");
            let stores = fields.objects("stores", 1..=Directory::MOST_WAITING_STORES, new_store);
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
    pub fn read(body: &JsonBody) -> Result<Self, Problem> {
        body.read(new_store)
    }
}

pub fn read_store_change(body: &JsonBody) -> Result<StoreChange, Problem> {
    body.read(|fields| {
        let name = fields.optional_string("name", 1..=60);
        let address = fields.optional_string("address", 1..=200);
        let location = match fields.given("location") {
            Some(_) => fields.location("location"),
            None => None,
        };
        fields.require_one_of(&["name", "address", "location"]);
        Some(StoreChange {
            name,
            address,
            location,
        })
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

fn new_store(fields: &mut Fields<'_>) -> Option<NewStore> {
    let name = fields.string("name", 1..=60);
    let address = fields.string("address", 1..=200);
    let location = fields.location("location");
    Some(NewStore {
        name: name?,
        address: address?,
        location: location?,
    })
}

#[cfg(test)]
mod tests;

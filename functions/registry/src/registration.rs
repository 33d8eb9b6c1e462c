//! What an agency says of itself and its stores.

use domain::agency::Store;
use domain::check::{MobilePhone, Uscc};
use domain::geo::Wgs84;
use domain::service::ServiceSet;
use runtime::http::JsonBody;
use runtime::{Fields, Problem};

/// An agency with this many stores has more than any in a city; one transaction must hold them all.
const MOST_STORES: usize = 50;

/// A registration.
pub struct Registration {
    pub name: String,
    pub uscc: Uscc,
    pub responsible_person: String,
    pub phone: MobilePhone,
    pub services: ServiceSet,
    pub stores: Vec<NewStore>,
}

/// A store to be reviewed.
#[derive(Clone)]
pub struct NewStore {
    pub name: String,
    pub address: String,
    pub location: Wgs84,
}

/// What is to change of a store.
#[derive(Default)]
pub struct StoreChange {
    pub name: Option<String>,
    pub address: Option<String>,
    pub location: Option<Wgs84>,
}

impl Registration {
    pub fn read(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.string("name", 1..=60);
            let uscc = fields.parsed("uscc");
            let responsible_person = fields.person_name("responsible_person", 60);
            let phone = fields.parsed("phone");
            let services = fields.services("services");
            let stores = fields.objects("stores", 1..=MOST_STORES, new_store);
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

impl StoreChange {
    pub fn read(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.optional_string("name", 1..=60);
            let address = fields.optional_string("address", 1..=200);
            let location = match fields.given("location") {
                Some(_) => fields.location("location"),
                None => None,
            };
            let any = ["name", "address", "location"].into_iter();
            if any.filter_map(|name| fields.given(name)).next().is_none() {
                fields.refuse_all("must have at least one of name, address, location");
            }
            Some(Self {
                name,
                address,
                location,
            })
        })
    }
}

impl StoreChange {
    /// The store after it: a new location waits for review, a new name or address does not.
    pub fn of(&self, store: &Store) -> Store {
        let mut store = match self.location {
            Some(to) => store.moved(to),
            None => store.clone(),
        };
        if let Some(name) = &self.name {
            store.name.clone_from(name);
        }
        if let Some(address) = &self.address {
            store.address.clone_from(address);
        }
        store
    }
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

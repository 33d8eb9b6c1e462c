//! Agencies and their stores.
//!
//! Anyone may register an agency; only the authority lets it work. What is made here carries ids and
//! secrets that follow from the request ([`secrets`]), so that repeats are harmless without a store of
//! keys that have been seen.

mod registration;
mod secrets;

use domain::agency::{Agency, AgencyStats, Standing, Store};
use domain::id::{AgencyId, StoreId};
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Principal, Problem, Verifier};
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use store::{Directory, Registered, StoreAdded};

use crate::registration::{NewStore, Registration, StoreChange};
use crate::secrets::RegistrationKeys;

/// A registration's key is a secret, and this many characters can carry one.
const SHORTEST_REGISTRATION_KEY: usize = 32;

/// The function.
pub struct Registry {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    keys: RegistrationKeys,
}

impl Registry {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            keys: RegistrationKeys::new(settings),
        })
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "agencies"]) => self.register(request).await,
            (&Method::GET, ["v1", "agencies", agency]) => self.read(request, agency).await,
            (&Method::POST, ["v1", "agencies", agency, "stores"]) => {
                self.add_store(request, agency).await
            }
            (&Method::PATCH, ["v1", "agencies", agency, "stores", store]) => {
                self.change_store(request, agency, store).await
            }
            _ => Err(Problem::not_found()),
        }
    }

    async fn register(&self, request: &Request) -> Result<Response, Problem> {
        let key = http::idempotency_key(request)?;
        if key.len() < SHORTEST_REGISTRATION_KEY {
            return Err(Problem::idempotency_key_missing().detail(
                "A registration needs an Idempotency-Key of 32 to 64 visible ASCII characters that nobody can guess.",
            ));
        }
        let body = JsonBody::from_request(request)?;
        let given = Registration::read(&body)?;
        let body_hash = body.hash();
        let secret = self.keys.agency_secret(key, &body_hash);
        let (agency, stores) = self.made(key, given);
        let registered = self
            .directory
            .register(&agency, &stores, &body_hash, &secret.hash)
            .await?;
        let agency = match registered {
            Registered::New => {
                tracing::info!(agency.id = %agency.id, stores = stores.len(), "an agency registered");
                agency
            }
            Registered::Repeat(agency) => *agency,
            Registered::KeyReused => return Err(Problem::idempotency_key_reused()),
        };
        Ok(http::json(
            StatusCode::CREATED,
            &json!({
                "agency_id": agency.id,
                "status": agency.standing,
                "access_key": format!("hak_{}", agency.id.bare()),
                "secret": secret.text,
            }),
        ))
    }

    /// The agency and the stores that a registration makes.
    fn made(&self, key: &str, given: Registration) -> (Agency, Vec<Store>) {
        let now = self.clock.now();
        let id = self.keys.agency(key);
        let stores = given
            .stores
            .into_iter()
            .enumerate()
            .map(|(position, store)| {
                let store_id = self.keys.store(&id, key, position);
                Store::proposed(store_id, store.name, store.address, store.location, now)
            });
        let stores = stores.collect();
        let agency = Agency {
            id,
            name: given.name,
            uscc: given.uscc,
            responsible_person: given.responsible_person,
            phone: given.phone,
            services: given.services,
            standing: Standing::Pending,
            version: 1,
            stats: AgencyStats::default(),
            registered_at: now,
            reviews: Vec::new(),
        };
        (agency, stores)
    }

    async fn read(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        http::query(request, &[])?;
        let id: AgencyId = agency.parse().map_err(|_| Problem::not_found())?;
        if !matches!(principal, Principal::Authority(_))
            && principal != Principal::Agency(id.clone())
        {
            return Err(Problem::not_found());
        }
        let found = self.directory.agency_with_stores(&id).await?;
        let (agency, stores) = found.ok_or_else(Problem::not_found)?;
        Ok(http::json(StatusCode::OK, &agency.view(&stores)))
    }

    async fn add_store(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let id = self.own(request, agency)?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let NewStore {
            name,
            address,
            location,
        } = NewStore::read(&body)?;
        let store_id = self.keys.store(&id, key, 0);
        let store = Store::proposed(store_id, name, address, location, self.clock.now());
        let added = self.directory.add_store(&id, &store, &body.hash()).await?;
        let store = match added {
            StoreAdded::New => {
                tracing::info!(agency.id = %id, store.id = %store.id, "a store was added");
                store
            }
            StoreAdded::Repeat(store) => *store,
            StoreAdded::KeyReused => return Err(Problem::idempotency_key_reused()),
            StoreAdded::NotFound => return Err(Problem::not_found()),
        };
        Ok(http::json(StatusCode::CREATED, &store.view()))
    }

    async fn change_store(
        &self,
        request: &Request,
        agency: &str,
        store: &str,
    ) -> Result<Response, Problem> {
        let id = self.own(request, agency)?;
        let store_id: StoreId = store.parse().map_err(|_| Problem::not_found())?;
        let change = StoreChange::read(&JsonBody::from_request(request)?)?;
        let now = self.clock.now();
        let changed = self
            .directory
            .change_store(&id, &store_id, now, |store| change.of(store));
        let store = changed.await?.ok_or_else(Problem::not_found)?;
        tracing::info!(agency.id = %id, store.id = %store.id, "a store was changed");
        Ok(http::json(StatusCode::OK, &store.view()))
    }

    /// The agency in the path, if it is the caller.
    fn own(&self, request: &Request, agency: &str) -> Result<AgencyId, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let own = principal.agency()?;
        // Whether another agency exists is not for this one to know.
        if own.as_str() == agency {
            Ok(own.clone())
        } else {
            Err(Problem::not_found())
        }
    }
}

//! Registers agencies and their stores, shows and finds them, changes them, and closes stores.
//!
//! Anyone may register an agency; only the authority lets it work. Ids and secrets are derived from the request
//! ([`secrets`]), so repeats are harmless although no `Idempotency-Key` is stored.

mod registration;
mod secrets;

use domain::agency::{Agency, AgencyStats, NotDecided, Papers, Standing, Store};
use domain::chain::Hash;
use domain::check::Uscc;
use domain::id::{AgencyId, StoreId};
use domain::member::{AccessKey, Credential, MemberOf, Right, TeamId};
use domain::service::ServiceSet;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, JsonBody, Page, Request, Response};
use runtime::{Caller, Problem, Verifier};
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use store::{Directory, Registered, StoreAdded, StoreDecided};

use crate::registration::{NewStore, Registration, read_agency_change, read_store_change};
use crate::secrets::RegistrationKeys;

/// Who adds an agency's first credential, and what it is called.
const REGISTRATION: &str = "registration";

/// In characters. The agency's secret is derived from the key, so nobody may guess it.
const SHORTEST_REGISTRATION_KEY: usize = 32;

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

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "agencies"]) => self.register(request).await,
            (&Method::GET, ["v1", "agencies"]) => self.find(request).await,
            (&Method::GET, ["v1", "agencies", agency]) => self.read(request, agency).await,
            (&Method::PATCH, ["v1", "agencies", agency]) => self.change(request, agency).await,
            (&Method::POST, ["v1", "agencies", agency, "stores"]) => {
                self.add_store(request, agency).await
            }
            (&Method::PATCH, ["v1", "agencies", agency, "stores", store]) => {
                self.change_store(request, agency, store).await
            }
            (&Method::POST, ["v1", "agencies", agency, "stores", store, "close"]) => {
                self.close_store(request, agency, store).await
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
        let (agency, stores) = self.agency_and_stores(key, given);
        let secret = self.keys.credential(&agency.id, key, &body_hash);
        let credential = Credential {
            id: secret.id.clone(),
            member: None,
            name: REGISTRATION.to_owned(),
            secret_hash: Hash(secret.hash),
            body_hash: Hash(body_hash),
            added_by: agency.id.to_string(),
            added_at: agency.registered_at,
            withdrawn_at: None,
        };
        let registered = self
            .directory
            .register(&agency, &stores, &body_hash, &credential)
            .await?;
        let team = TeamId::Agency(agency.id.clone());
        let (agency, is_shown) = match registered {
            Registered::New => {
                tracing::info!(agency.id = %agency.id, stores = stores.len(), "an agency registered");
                (agency, true)
            }
            // Once it was decided on, or logs in otherwise, whoever has the request cannot have the secret by it.
            Registered::Repeat(agency) => {
                let is_shown = agency.reviews.is_empty()
                    && self
                        .directory
                        .team(&team)
                        .await?
                        .opened_by(&secret.id)
                        .is_some();
                (*agency, is_shown)
            }
            Registered::KeyReused => return Err(Problem::idempotency_key_reused()),
        };
        let access_key = AccessKey {
            team,
            credential: secret.id,
        };
        Ok(http::json(
            StatusCode::CREATED,
            &json!({
                "agency_id": agency.id,
                "status": agency.standing,
                "access_key": access_key.to_string(),
                "secret": is_shown.then_some(secret.text),
            }),
        ))
    }

    fn agency_and_stores(&self, key: &str, given: Registration) -> (Agency, Vec<Store>) {
        let now = self.clock.now();
        let id = self.keys.agency_id(key);
        let stores = given
            .stores
            .into_iter()
            .enumerate()
            .map(|(position, store)| {
                let store_id = self.keys.store_id(&id, key, position);
                store.with_id(store_id, now)
            });
        let stores = stores.collect();
        let agency = Agency {
            id,
            name: given.name,
            uscc: given.uscc,
            responsible_person: given.responsible_person,
            phone: given.phone,
            services: given.services,
            papers: Papers::default(),
            standing: Standing::Pending,
            version: 1,
            review_version: 1,
            proposed: None,
            waits_since: Some(now),
            stats: AgencyStats::default(),
            registered_at: now,
            reviews: Vec::new(),
        };
        (agency, stores)
    }

    /// The agency that was approved with a credit code, for the authority.
    async fn find(&self, request: &Request) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.authority(Right::Read)?;
        let query = http::query(request, &["uscc"])?;
        let uscc = query.parsed::<Uscc>("uscc")?;
        let uscc = uscc.ok_or_else(|| Problem::malformed().detail("uscc must be given."))?;
        let found = match self.directory.agency_with_uscc(&uscc).await? {
            Some(id) => self.directory.agency_with_stores(&id).await?,
            None => None,
        };
        let views = found.iter().map(|(agency, stores)| agency.view(stores));
        let page = Page {
            items: views.collect(),
            next_cursor: None,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn read(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let id = self.visible(request, agency)?;
        http::query(request, &[])?;
        let found = self.directory.agency_with_stores(&id).await?;
        let (agency, stores) = found.ok_or_else(Problem::not_found)?;
        Ok(http::json(StatusCode::OK, &agency.view(&stores)))
    }

    async fn change(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let by = self.own_agency(request, agency)?;
        let change = read_agency_change(&JsonBody::from_request(request)?)?;
        let now = self.clock.now();
        let changed = self.directory.change_agency(&by, &change, now).await?;
        let (agency, stores) = changed.ok_or_else(Problem::not_found)?;
        tracing::info!(agency.id = %by.team, "an agency changed itself, or proposed to");
        Ok(http::json(StatusCode::OK, &agency.view(&stores)))
    }

    async fn add_store(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let by = self.own_agency(request, agency)?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let store = NewStore::read(&body, self.offered(&by.team).await?)?;
        let store = store.with_id(self.keys.store_id(&by.team, key, 0), self.clock.now());
        let added = self.directory.add_store(&by, &store, &body.hash()).await?;
        let store = match added {
            StoreAdded::New => {
                tracing::info!(agency.id = %by.team, store.id = %store.id, "a store was added");
                store
            }
            StoreAdded::Repeat(store) => *store,
            StoreAdded::KeyReused => return Err(Problem::idempotency_key_reused()),
            StoreAdded::TooMany => {
                let most = Directory::MOST_WAITING_STORES;
                let words = format!("At most {most} stores of an agency wait for review.");
                return Err(Problem::rate_limited(3_600).detail(words));
            }
            StoreAdded::Full => {
                let most = Directory::MOST_STORES;
                let words = format!("An agency has at most {most} stores, with those closed.");
                return Err(Problem::conflict().detail(words));
            }
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
        let by = self.own_agency(request, agency)?;
        let store_id: StoreId = store.parse().map_err(|_| Problem::not_found())?;
        let offered = self.offered(&by.team).await?;
        let (change, hours) = read_store_change(&JsonBody::from_request(request)?, offered)?;
        let now = self.clock.now();
        let changed = self
            .directory
            .change_store(&by, &store_id, now, &change, hours.as_deref());
        let store = done(changed.await?)?;
        tracing::info!(agency.id = %by.team, store.id = %store.id, "a store was changed");
        Ok(http::json(StatusCode::OK, &store.view()))
    }

    async fn close_store(
        &self,
        request: &Request,
        agency: &str,
        store: &str,
    ) -> Result<Response, Problem> {
        let by = self.own_agency(request, agency)?;
        http::query(request, &[])?;
        let store_id: StoreId = store.parse().map_err(|_| Problem::not_found())?;
        let now = self.clock.now();
        let closed = self.directory.close_store(&by, &store_id, now).await?;
        let store = done(closed)?;
        tracing::info!(agency.id = %by.team, store.id = %store.id, "a store is closed");
        Ok(http::json(StatusCode::OK, &store.view()))
    }

    /// What an agency offers, of which its stores can have some.
    async fn offered(&self, agency: &AgencyId) -> Result<ServiceSet, Problem> {
        let found = self.directory.agency(agency).await?;
        let agency = found.ok_or_else(Problem::not_found)?;
        Ok(agency.services)
    }

    /// The agency in the path, if that or the authority calls.
    fn visible(&self, request: &Request, agency: &str) -> Result<AgencyId, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        let id: AgencyId = agency.parse().map_err(|_| Problem::not_found())?;
        match caller {
            Caller::Agency(by) if by.team == id => Ok(id),
            Caller::Authority(_) => Ok(id),
            _ => Err(Problem::not_found()),
        }
    }

    /// Who calls for the agency in the path.
    fn own_agency(&self, request: &Request, agency: &str) -> Result<MemberOf<AgencyId>, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let by = principal.agency(Right::Agency)?;
        // An agency is not told whether another one exists.
        if by.team.as_str() == agency {
            Ok(by.clone())
        } else {
            Err(Problem::not_found())
        }
    }
}

/// The store after its own agency has changed it.
fn done(changed: StoreDecided) -> Result<Store, Problem> {
    match changed {
        StoreDecided::Done(store) => Ok(*store),
        StoreDecided::NotDecided(NotDecided::StoreClosed) => Err(Problem::store_closed()),
        StoreDecided::NotDecided(_) | StoreDecided::NotFound => Err(Problem::not_found()),
    }
}

//! The desk where agencies register, change and read their workers and the authority reads them: data, photos, sections
//! recorded by hand, complaints.
//!
//! Every change is an event of the worker's chain, in one transaction with it. The authority gives a purpose for what it
//! reads here, and the worker sees that it looked.

mod changes;
mod photo;
mod register;
mod request;
mod summary;

use domain::agency::Standing;
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, WorkerId};
use domain::time::Millis;
use lambda_http::Body;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use lambda_http::http::{Method, StatusCode};
use objects::Photos;
use record::{Reader, TraceAnswer, WorkerAnswer};
use runtime::http::{self, Page, Request, Response};
use runtime::{Principal, Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{Directory, PhoneHashes, WorkerFile, WorkerIds, Workers};

use crate::summary::WorkerSummary;

/// The purpose of a look whose request gives none. The worker sees it and may object.
const NOT_STATED: &str = "not stated";

pub struct Desk {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    workers: Workers,
    photos: Photos,
    ids: WorkerIds,
    phones: PhoneHashes,
    /// Keys the hashes of idempotency keys and bodies.
    request_hash_key: [u8; 32],
    rules: CreditRules,
}

impl Desk {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            workers: Workers::new(settings),
            photos: Photos::new(settings),
            ids: WorkerIds::new(settings),
            phones: PhoneHashes::new(settings),
            request_hash_key: settings.key("WORKER_ID_KEY", "homehail worker registrations v1"),
            rules: settings.market().credit,
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["v1", "workers", path @ ..] = path.as_slice() else {
            return Err(Problem::not_found());
        };
        match (request.method(), path) {
            (&Method::POST, []) => self.register(request).await,
            (&Method::GET, []) => self.list(request).await,
            (&Method::GET, [worker]) => self.read(request, worker).await,
            (&Method::PATCH, [worker]) => self.change(request, worker).await,
            (&Method::GET, [worker, "trace"]) => self.trace(request, worker).await,
            (&Method::GET, [worker, "photo"]) => self.photo(request, worker).await,
            (&Method::PUT, [worker, "photo"]) => self.put_photo(request, worker).await,
            (&Method::POST, [worker, "sections"]) => self.record_section(request, worker).await,
            (&Method::POST, [worker, "complaints"]) => self.complain(request, worker).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn list(&self, request: &Request) -> Result<Response, Problem> {
        let agency = self.calling_agency(request)?;
        let query = http::query(request, &["limit", "cursor"])?;
        let page = self
            .workers
            .records()
            .of_agency(&agency, query.limit()?, query.cursor())
            .await?;
        let now = self.clock.now();
        let items = page.items.into_iter();
        let items = items.map(|worker| WorkerSummary::new(worker, &self.rules, now));
        let page = Page {
            items: items.collect(),
            next_cursor: page.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn read(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose"])?;
        let file = self.open(&principal, worker).await?;
        let now = self.clock.now();
        let reader = match &principal {
            Principal::Agency(agency) if file.worker.agency == *agency => Reader::Agency,
            Principal::Agency(agency) => {
                let answer = self.proposed_answer(&file, agency, now);
                return Ok(http::json(StatusCode::OK, &answer?));
            }
            _ => {
                self.log_look_from_query(&principal, &file, &query).await?;
                Reader::All
            }
        };
        self.worker_response(&file, reader).await
    }

    async fn trace(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose", "limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.open(&principal, worker).await?;
        let payloads = match &principal {
            // Only the authority and the worker herself read the events' payloads.
            Principal::Agency(agency) => {
                require_employer(&file, agency)?;
                false
            }
            _ => {
                self.log_look_from_query(&principal, &file, &query).await?;
                true
            }
        };
        let id = &file.worker.id;
        let page = self.workers.trace(id, payloads, limit, query.cursor());
        let answer = TraceAnswer::from_page(id, page.await?, file.head);
        Ok(http::json(StatusCode::OK, &answer))
    }

    async fn photo(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose"])?;
        let file = self.open(&principal, worker).await?;
        match &principal {
            Principal::Agency(agency) => require_employer(&file, agency)?,
            _ => self.log_look_from_query(&principal, &file, &query).await?,
        }
        let photo = file.worker.photo.as_ref().ok_or_else(Problem::not_found)?;
        let content = self.photos.get(photo).await?;
        let content = content.ok_or_else(Problem::not_found)?;
        let media_type =
            HeaderValue::from_str(&photo.media_type).map_err(|_| Problem::internal())?;
        let mut response = Response::new(Body::Binary(content));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn calling_agency(&self, request: &Request) -> Result<AgencyId, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.agency().cloned()
    }

    /// Refuses an agency that is not approved, because it cannot staff anybody.
    async fn require_approved(&self, agency: &AgencyId) -> Result<(), Problem> {
        let is_approved = self.directory.is_approved(agency).await?;
        is_approved
            .then_some(())
            .ok_or_else(Problem::agency_not_approved)
    }

    /// Opens a worker for an agency or the authority. The caller decides how much of her to show.
    async fn open(&self, principal: &Principal, worker: &str) -> Result<WorkerFile, Problem> {
        if matches!(principal, Principal::Customer(_) | Principal::Worker(_)) {
            return Err(Problem::forbidden().detail("Only an agency or the authority can do this."));
        }
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let file = self.workers.open(&id).await?;
        file.ok_or_else(Problem::not_found)
    }

    /// Records in the worker's file that the authority looks, and why. Nothing may be shown before.
    async fn log_look(
        &self,
        file: &WorkerFile,
        authority: &AuthorityId,
        purpose: &str,
    ) -> Result<(), Problem> {
        let now = self.clock.now();
        self.workers.add_look(file, authority, purpose, now).await?;
        tracing::info!(worker.id = %file.worker.id, authority.id = %authority, "the authority looked at a worker's record");
        Ok(())
    }

    /// Takes the purpose from the query.
    async fn log_look_from_query(
        &self,
        principal: &Principal,
        file: &WorkerFile,
        query: &http::Query,
    ) -> Result<(), Problem> {
        let authority = principal.authority()?;
        let purpose = query.text("purpose").map_or(NOT_STATED, str::trim);
        if !(1..=200).contains(&purpose.chars().count()) {
            let words = "The authority must give a purpose of 1 to 200 characters.";
            return Err(Problem::malformed().detail(words));
        }
        self.log_look(file, authority, purpose).await
    }

    /// The answer to an agency that has proposed to employ the worker; 404 for any other agency.
    fn proposed_answer(
        &self,
        file: &WorkerFile,
        agency: &AgencyId,
        now: Millis,
    ) -> Result<WorkerAnswer, Problem> {
        let profile = file.profile.as_ref();
        let found = profile.and_then(|profile| Some((profile, profile.proposed.as_ref()?)));
        let found = found.filter(|(_, proposed)| proposed.agency == *agency);
        let (profile, proposed) = found.ok_or_else(Problem::not_found)?;
        let (id, number) = (&file.worker.id, &profile.id_number);
        let (status, rules) = (Standing::Pending, &self.rules);
        Ok(WorkerAnswer::proposed(
            id, proposed, number, status, rules, now,
        ))
    }

    async fn worker_response(
        &self,
        file: &WorkerFile,
        reader: Reader,
    ) -> Result<Response, Problem> {
        let (rules, now) = (&self.rules, self.clock.now());
        let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?;
        Ok(http::json(StatusCode::OK, &answer))
    }
}

/// 404 for other agencies, so that they do not learn that the worker exists.
fn require_employer(file: &WorkerFile, agency: &AgencyId) -> Result<(), Problem> {
    if file.worker.agency == *agency {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

//! Workers: registered and changed by their agencies, read by these and the authority; photos, sections recorded by
//! hand, complaints.
//!
//! Every change is an event of the worker's chain, in one transaction with it. What the authority reads here it has to
//! give a purpose for, and the worker sees that it looked.

mod changes;
mod photo;
mod register;
mod request;
mod summary;

use std::ops::RangeInclusive;

use domain::agency::Standing;
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, WorkerId};
use domain::service::ServiceSet;
use domain::text::clean;
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

/// The purpose of a look whose request has none. She sees that nobody said why, and may object to it.
const NOT_STATED: &str = "not stated";

/// The function.
pub struct Desk {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    workers: Workers,
    photos: Photos,
    ids: WorkerIds,
    phones: PhoneHashes,
    /// Makes hashes of idempotency keys and bodies.
    requests: [u8; 32],
    rules: CreditRules,
    /// How old workers are when they are registered, in full years.
    ages: RangeInclusive<i16>,
}

impl Desk {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let market = settings.market();
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            workers: Workers::new(settings),
            photos: Photos::new(settings),
            ids: WorkerIds::new(settings),
            phones: PhoneHashes::new(settings),
            requests: settings.key("WORKER_ID_KEY", "homehail worker registrations v1"),
            rules: market.credit,
            ages: market.youngest_worker..=market.oldest_worker,
        })
    }

    /// Answers one request.
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
        let agency = self.agency(request)?;
        let query = http::query(request, &["limit", "cursor"])?;
        let records = self.workers.records();
        let page = records.of_agency(&agency, query.limit()?, query.cursor());
        let page = page.await?;
        let now = self.clock.now();
        let items = page.items.into_iter();
        let items = items.map(|worker| WorkerSummary::of(worker, &self.rules, now));
        let page = Page {
            items: items.collect(),
            next_cursor: page.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn read(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose"])?;
        let file = self.file(&principal, worker).await?;
        let now = self.clock.now();
        let reader = match &principal {
            Principal::Agency(agency) if file.worker.agency == *agency => Reader::Agency,
            Principal::Agency(agency) => {
                let answer = self.proposed(&file, agency, now);
                return Ok(http::json(StatusCode::OK, &answer?));
            }
            _ => {
                self.look_for(&principal, &file, &query).await?;
                Reader::All
            }
        };
        self.shown(&file, reader).await
    }

    async fn trace(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose", "limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.file(&principal, worker).await?;
        let payloads = match &principal {
            // What the events are about is for the authority and herself.
            Principal::Agency(agency) => {
                employed_by(&file, agency)?;
                false
            }
            _ => {
                self.look_for(&principal, &file, &query).await?;
                true
            }
        };
        let id = &file.worker.id;
        let page = self.workers.trace(id, payloads, limit, query.cursor());
        let page = page.await?;
        Ok(http::json(
            StatusCode::OK,
            &TraceAnswer::of(id, page, file.head),
        ))
    }

    async fn photo(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose"])?;
        let file = self.file(&principal, worker).await?;
        match &principal {
            Principal::Agency(agency) => employed_by(&file, agency)?,
            _ => self.look_for(&principal, &file, &query).await?,
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

    /// The calling agency.
    fn agency(&self, request: &Request) -> Result<AgencyId, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.agency().cloned()
    }

    /// What the agency was approved for. Only an approved one builds up its workers: pending, rejected and suspended ones
    /// cannot staff anybody.
    async fn approved(&self, agency: &AgencyId) -> Result<ServiceSet, Problem> {
        let agency = self.directory.agency(agency).await?;
        let approved = agency.filter(|agency| agency.standing == Standing::Approved);
        let approved = approved.ok_or_else(Problem::agency_not_approved)?;
        Ok(approved.services)
    }

    /// The worker, for an agency or the authority. What of her is shown to whom is another question.
    async fn file(&self, principal: &Principal, worker: &str) -> Result<WorkerFile, Problem> {
        if matches!(principal, Principal::Customer(_) | Principal::Worker(_)) {
            return Err(Problem::forbidden().detail("Only an agency or the authority can do this."));
        }
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let file = self.workers.open(&id).await?;
        file.ok_or_else(Problem::not_found)
    }

    /// Writes down that the authority looks, and why, before anything is shown.
    async fn look(
        &self,
        file: &WorkerFile,
        authority: &AuthorityId,
        purpose: &str,
    ) -> Result<(), Problem> {
        let now = self.clock.now();
        let written = self.workers.add_look(file, authority, purpose, now).await;
        written?;
        tracing::info!(worker.id = %file.worker.id, authority.id = %authority, "the authority looked");
        Ok(())
    }

    /// The same, of a request that says why in its query.
    async fn look_for(
        &self,
        principal: &Principal,
        file: &WorkerFile,
        query: &http::Query,
    ) -> Result<(), Problem> {
        let authority = principal.authority()?;
        let purpose = clean(query.text("purpose").unwrap_or(NOT_STATED));
        let purpose = purpose
            .ok()
            .filter(|purpose| (1..=200).contains(&purpose.chars().count()));
        let purpose = purpose.ok_or_else(|| {
            let words = "The authority says why it looks: purpose, of 1 to 200 visible characters.";
            Problem::malformed().detail(words)
        })?;
        self.look(file, authority, &purpose).await
    }

    /// What an agency sees of somebody whom it has registered and the authority has not decided on.
    fn proposed(
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

    /// The worker as the answer.
    async fn shown(&self, file: &WorkerFile, reader: Reader) -> Result<Response, Problem> {
        let (rules, now) = (&self.rules, self.clock.now());
        let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?;
        Ok(http::json(StatusCode::OK, &answer))
    }
}

/// Whether another agency's worker exists is not for this one to know.
fn employed_by(file: &WorkerFile, agency: &AgencyId) -> Result<(), Problem> {
    if file.worker.agency == *agency {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

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

use std::ops::RangeInclusive;

use domain::agency::Standing;
use domain::catalogue::Catalogue;
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, WorkerId};
use domain::service::ServiceSet;
use domain::text::line;
use domain::worker::Photo;
use lambda_http::http::{Method, StatusCode};
use objects::Photos;
use record::{Reader, TraceAnswer, WorkerAnswer};
use runtime::http::{self, Page, Request, Response};
use runtime::{Principal, Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{Directory, WorkerFile, WorkerIds, Workers};

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
    /// Keys the hashes of idempotency keys and bodies.
    request_hash_key: [u8; 32],
    rules: CreditRules,
    catalogue: Catalogue,
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
            request_hash_key: settings.key("WORKER_ID_KEY", "homehail worker registrations v1"),
            rules: market.credit,
            catalogue: market.catalogue,
            ages: market.youngest_worker..=market.oldest_worker,
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
        self.require_approved(&agency).await?;
        let page = self
            .workers
            .records()
            .of_agency(&agency, query.limit()?, query.cursor())
            .await?;
        let now = self.clock.now();
        let items = page.items.into_iter();
        let items = items.map(|worker| {
            let worker = worker.shown_to_agency();
            WorkerSummary::new(worker, &self.rules, now)
        });
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
        if let Principal::Agency(agency) = &principal {
            self.require_approved(agency).await?;
            return self.agency_response(&file, agency).await;
        }
        self.log_look_from_query(&principal, &file, &query).await?;
        self.worker_response(&file, Reader::All).await
    }

    async fn trace(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let query = http::query(request, &["purpose", "limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.open(&principal, worker).await?;
        let payloads = match &principal {
            // Only the authority and the worker herself read the events' payloads.
            Principal::Agency(agency) => {
                self.require_approved(agency).await?;
                require_employee(&file, agency)?;
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
        let query = http::query(request, &["purpose", "proposal_id"])?;
        let file = self.open(&principal, worker).await?;
        let photo = match &principal {
            Principal::Agency(agency) => {
                self.require_approved(agency).await?;
                require_seen_by(&file, agency)?;
                shown_photo(&file, query.text("proposal_id"), Some(agency))
            }
            _ => {
                self.log_look_from_query(&principal, &file, &query).await?;
                shown_photo(&file, query.text("proposal_id"), None)
            }
        };
        let photo = photo.ok_or_else(Problem::not_found)?;
        let content = self.photos.get(photo).await?;
        let content = content.ok_or_else(Problem::not_found)?;
        http::file(&photo.media_type, content)
    }

    fn calling_agency(&self, request: &Request) -> Result<AgencyId, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.agency().cloned()
    }

    /// The services that the agency was approved for. One that is not approved is refused, because it cannot staff anybody.
    async fn require_approved(&self, agency: &AgencyId) -> Result<ServiceSet, Problem> {
        let agency = self.directory.agency(agency).await?;
        let approved = agency.filter(|agency| agency.standing == Standing::Approved);
        let approved = approved.ok_or_else(Problem::agency_not_approved)?;
        Ok(approved.services)
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
        let purpose = line(query.text("purpose").unwrap_or(NOT_STATED));
        let purpose = purpose
            .ok()
            .filter(|purpose| (1..=200).contains(&purpose.chars().count()));
        let purpose = purpose.ok_or_else(|| {
            let words = "The authority must give a purpose of 1 to 200 visible characters.";
            Problem::malformed().detail(words)
        })?;
        self.log_look(file, authority, &purpose).await
    }

    /// The answer to an agency about a worker whom it employs or has proposed to employ; 404 for any other agency.
    async fn agency_response(
        &self,
        file: &WorkerFile,
        agency: &AgencyId,
    ) -> Result<Response, Problem> {
        if file.worker.agency == *agency {
            return self.worker_response(file, Reader::Agency).await;
        }
        let found = file.profile.iter().find_map(|profile| {
            let mut proposals = profile.proposals.iter();
            let own = proposals.find(|proposal| proposal.agency == *agency)?;
            Some((own, &profile.id_number))
        });
        let (own, number) = found.ok_or_else(Problem::not_found)?;
        let (rules, now) = (&self.rules, self.clock.now());
        let answer = WorkerAnswer::proposed(&file.worker.id, own, number, rules, now);
        Ok(http::json(StatusCode::OK, &answer))
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

/// 404 for agencies that neither employ nor have proposed to employ her, so that they do not learn that she exists.
fn require_seen_by(file: &WorkerFile, agency: &AgencyId) -> Result<(), Problem> {
    let mut proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
    if file.worker.agency == *agency || proposals.any(|proposal| proposal.agency == *agency) {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

/// For what only an employer does. One who waits, and one whom the authority has rejected, is answered alike, whoever employs
/// her.
fn require_employee(file: &WorkerFile, agency: &AgencyId) -> Result<(), Problem> {
    require_seen_by(file, agency)?;
    if file.worker.agency == *agency && file.worker.was_approved() {
        Ok(())
    } else {
        let words = "The authority has not approved this worker for the agency.";
        Err(Problem::worker_not_approved().detail(words))
    }
}

/// The photo that is proposed, if a proposal is named; else the one that serves. An agency sees its own proposal's only.
fn shown_photo<'a>(
    file: &'a WorkerFile,
    proposal: Option<&str>,
    agency: Option<&AgencyId>,
) -> Option<&'a Photo> {
    let mut proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
    let is_employer = agency.is_none_or(|agency| file.worker.agency == *agency);
    let proposed = proposals.find(|own| {
        let is_shown = agency.is_none_or(|agency| own.agency == *agency);
        is_shown && proposal.is_none_or(|id| own.id.as_str() == id)
    });
    if is_employer && proposal.is_none() {
        return file.worker.photo.as_ref();
    }
    proposed?.changes.photo.as_ref()
}

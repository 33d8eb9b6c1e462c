//! The desk where agencies register, change and read their workers and the authority reads them: data, photos, sections
//! recorded by hand, complaints; when they can work ([`time`]), and whom to send ([`candidates`]).
//!
//! Every change is an event of the worker's chain, in one transaction with it. The authority gives a purpose for what it
//! reads here, and the worker sees that it looked.

mod candidates;
mod changes;
mod photo;
mod register;
mod request;
mod summary;
mod time;

use std::ops::RangeInclusive;

use domain::agency::Standing;
use domain::id::{AgencyId, AuthorityId, WorkerId};
use domain::market::Market;
use domain::member::{MemberOf, Right};
use domain::service::ServiceSet;
use domain::worker::Photo;
use lambda_http::http::{Method, StatusCode};
use objects::Photos;
use record::{Leaving, Reader, TraceAnswer, WorkerAnswer, purpose_from};
use runtime::http::{self, Request, Response};
use runtime::{Caller, Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{Calendars, Directory, Orders, WorkerFile, WorkerIds, Workers};

pub struct Desk {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    workers: Workers,
    calendars: Calendars,
    orders: Orders,
    leaving: Leaving,
    photos: Photos,
    ids: WorkerIds,
    /// Keys the hashes of idempotency keys and bodies.
    request_hash_key: [u8; 32],
    market: Market,
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
            calendars: Calendars::new(settings),
            orders: Orders::new(settings),
            leaving: Leaving::new(settings),
            photos: Photos::new(settings),
            ids: WorkerIds::new(settings),
            request_hash_key: settings.key("WORKER_ID_KEY", "homehail worker registrations v1"),
            ages: market.youngest_worker..=market.oldest_worker,
            market,
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let path = match path.as_slice() {
            ["v1", "workers", path @ ..] => path,
            ["v1", "orders", order, "candidates"] if request.method() == Method::GET => {
                return self.candidates(request, order).await;
            }
            _ => return Err(Problem::not_found()),
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
            (&Method::PUT, [worker, "availability"]) => {
                self.put_availability(request, worker).await
            }
            (&Method::GET, [worker, "calendar"]) => self.calendar(request, worker).await,
            (&Method::POST, [worker, "leave"]) => self.leave(request, worker).await,
            (&Method::POST, [worker, "complaints"]) => self.complain(request, worker).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn read(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        let query = http::query(request, &["purpose"])?;
        let file = self.open(caller, worker).await?;
        if let Caller::Agency(by) = caller {
            self.require_approved(&by.team).await?;
            return self.agency_response(&file, &by.team).await;
        }
        self.log_look_from_query(caller, &file, &query).await?;
        self.worker_response(&file, Reader::All).await
    }

    async fn trace(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        let query = http::query(request, &["purpose", "limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.open(caller, worker).await?;
        let payloads = match caller {
            // Only the authority and the worker herself read the events' payloads.
            Caller::Agency(by) => {
                self.require_approved(&by.team).await?;
                require_employee(&file, &by.team)?;
                false
            }
            _ => {
                self.log_look_from_query(caller, &file, &query).await?;
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
        let caller = principal.may(Right::Read)?;
        let query = http::query(request, &["purpose", "proposal_id"])?;
        let file = self.open(caller, worker).await?;
        let photo = match caller {
            Caller::Agency(by) => {
                self.require_approved(&by.team).await?;
                require_seen_by(&file, &by.team)?;
                shown_photo(&file, query.text("proposal_id"), Some(&by.team))
            }
            _ => {
                self.log_look_from_query(caller, &file, &query).await?;
                shown_photo(&file, query.text("proposal_id"), None)
            }
        };
        let photo = photo.ok_or_else(Problem::not_found)?;
        let content = self.photos.get(photo).await?;
        let content = content.ok_or_else(Problem::not_found)?;
        http::file(&photo.media_type, content)
    }

    fn calling_agency(
        &self,
        request: &Request,
        right: Right,
    ) -> Result<MemberOf<AgencyId>, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.agency(right).cloned()
    }

    /// The services that the agency was approved for. One that is not approved is refused, because it cannot staff anybody.
    async fn require_approved(&self, agency: &AgencyId) -> Result<ServiceSet, Problem> {
        let agency = self.directory.agency(agency).await?;
        let approved = agency.filter(|agency| agency.standing == Standing::Approved);
        let approved = approved.ok_or_else(Problem::agency_not_approved)?;
        Ok(approved.services)
    }

    /// Opens a worker for an agency or the authority. The caller decides how much of her to show.
    async fn open(&self, caller: &Caller, worker: &str) -> Result<WorkerFile, Problem> {
        if matches!(caller, Caller::Customer(_) | Caller::Worker(_)) {
            return Err(no_desk());
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
        caller: &Caller,
        file: &WorkerFile,
        query: &http::Query,
    ) -> Result<(), Problem> {
        let Caller::Authority(by) = caller else {
            return Err(no_desk());
        };
        self.log_look(file, &by.team, &purpose_from(query)?).await
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
        let (rules, now) = (&self.market.credit, self.clock.now());
        let answer = WorkerAnswer::proposed(&file.worker.id, own, number, rules, now);
        Ok(http::json(StatusCode::OK, &answer))
    }

    async fn worker_response(
        &self,
        file: &WorkerFile,
        reader: Reader,
    ) -> Result<Response, Problem> {
        let (rules, now) = (&self.market.credit, self.clock.now());
        let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?;
        Ok(http::json(StatusCode::OK, &answer))
    }
}

/// For callers who are neither an agency nor the authority.
pub(crate) fn no_desk() -> Problem {
    Problem::forbidden().detail("Only an agency or the authority can do this.")
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

//! A worker's own record: she reads it, sees who looked at it, objects, withdraws her consent and erases her data.
//!
//! No path names a worker, because her own token does: nobody can ask for another worker's record. What she does here
//! is an event of her chain. An objection waits for the authority's answer; withdrawing consent suspends her in the same
//! transaction. Erasing waits ([`erasure`]), and another function does it: this one has no right to. There a customer is
//! served too.

mod answer;
mod codes;
mod employment;
mod erasure;

use badge::PhoneCodes;
use bus::{ErasureQueue, TimerQueue, Timers, Whose};
use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::credit::Section;
use domain::id::{EventId, WorkerId};
use domain::market::Market;
use domain::time::Millis;
use domain::worker::{Consent, Worker};
use erasure::asked;
use lambda_http::http::{Method, StatusCode};
use record::{Leaving, Reader, TraceAnswer, WorkerAnswer, is_erased, next_event};
use runtime::http::{self, Page, Request, Response};
use runtime::{Fault, Fields, Problem, Verifier};
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use store::{
    Appended, Badges, Calendars, Directory, Objection, Orders, ProfileChange, Step, WorkerFile,
    Workers,
};

use crate::answer::{BadgeAnswer, EmployerAnswer, ObjectionShown, RecordAnswer, ViewShown};

/// So many objections of one worker wait for the authority at once.
const MOST_WAITING_OBJECTIONS: usize = 10;

pub struct OwnRecord {
    clock: Clock,
    verifier: Verifier,
    sweeps: TimerQueue,
    directory: Directory,
    workers: Workers,
    calendars: Calendars,
    leaving: Leaving,
    badges: Badges,
    orders: Orders,
    timers: Timers,
    erasures: ErasureQueue,
    codes: PhoneCodes,
    badge_host: String,
    market: Market,
}

impl OwnRecord {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            sweeps: TimerQueue::new(settings),
            directory: Directory::new(settings),
            workers: Workers::new(settings),
            calendars: Calendars::new(settings),
            leaving: Leaving::new(settings),
            badges: Badges::new(settings),
            orders: Orders::new(settings),
            timers: Timers::new(settings),
            erasures: ErasureQueue::new(settings),
            codes: PhoneCodes::new(settings),
            badge_host: settings.text("BADGE_HOST"),
            market: settings.market(),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let now = self.clock.now();
        let (principal, since) = self.verifier.authenticate_session(request, now)?;
        let id = match (request.method(), path.as_slice(), principal.customer()) {
            (&Method::POST, ["v1", "me", "erase"], Ok(id)) => {
                return self.customer_wants_erasure(request, id).await;
            }
            (&Method::GET, ["v1", "me", "erase"], Ok(id)) => {
                http::query(request, &[])?;
                return Ok(asked(self.orders.erasure(id).await?));
            }
            (&Method::DELETE, ["v1", "me", "erase"], Ok(id)) => {
                return self.customer_keeps_data(id).await;
            }
            _ => principal.worker()?,
        };
        self.require_registered_before(id, since).await?;
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "me", "record"]) => self.record(request, id).await,
            (&Method::GET, ["v1", "me", "trace"]) => self.trace(request, id).await,
            (&Method::GET, ["v1", "me", "views"]) => self.views(request, id).await,
            (&Method::POST, ["v1", "me", "objections"]) => self.object(request, id).await,
            (&Method::GET, ["v1", "me", "code-key"]) => self.code_key(request, id).await,
            (&Method::GET, ["v1", "me", "codes"]) => self.own_codes(request, id).await,
            (&Method::GET, ["v1", "me", "availability"]) => self.availability(request, id).await,
            (&Method::PUT, ["v1", "me", "availability"]) => self.put_leave(request, id).await,
            (&Method::POST, ["v1", "me", "leave-agency"]) => self.leave_agency(request, id).await,
            (&Method::POST, ["v1", "me", "proposals", proposal, "consent"]) => {
                self.agree(request, id, proposal).await
            }
            (&Method::POST, ["v1", "me", "consent"]) => self.give_consent(request, id).await,
            (&Method::POST, ["v1", "me", "consent", "withdraw"]) => self.withdraw(id).await,
            (&Method::POST, ["v1", "me", "erase"]) => self.worker_wants_erasure(request, id).await,
            (&Method::GET, ["v1", "me", "erase"]) => {
                http::query(request, &[])?;
                Ok(asked(self.workers.erasure(id).await?))
            }
            (&Method::DELETE, ["v1", "me", "erase"]) => self.worker_keeps_data(id).await,
            _ => Err(Problem::not_found()),
        }
    }

    /// Whoever is registered anew after she was erased is told nothing by a session of before, and promises nothing.
    async fn require_registered_before(&self, id: &WorkerId, since: Millis) -> Result<(), Problem> {
        let worker = self.workers.records().get(id).await?;
        let before = |worker: &Worker| worker.registered_at.second() <= since.second();
        let worker = worker.filter(before);
        worker.map(|_| ()).ok_or_else(Problem::unauthenticated)
    }

    async fn record(&self, request: &Request, id: &WorkerId) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let file = self.open(id).await?;
        let employer = match file.worker.employer() {
            Some(agency) => {
                let agency = self.directory.agency(agency).await?;
                Some(agency.ok_or_else(Problem::internal)?)
            }
            None => None,
        };
        let badges = self.badges.of_worker(id).await?;
        let objections = self.workers.objections(&file).await?;
        let record = RecordAnswer {
            worker: self.worker_answer(&file).await?,
            employer: employer.map(EmployerAnswer::from),
            wanted_by: self.wanted_by(&file).await?,
            badges: badges.into_iter().map(BadgeAnswer::from).collect(),
            objections: objections.into_iter().map(ObjectionShown::from).collect(),
            trace: "/v1/me/trace",
        };
        Ok(http::json(StatusCode::OK, &record))
    }

    async fn trace(&self, request: &Request, id: &WorkerId) -> Result<Response, Problem> {
        let query = http::query(request, &["limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.open(id).await?;
        let page = self.workers.trace(id, true, limit, query.cursor()).await;
        let answer = TraceAnswer::from_page(id, page?, file.head);
        Ok(http::json(StatusCode::OK, &answer))
    }

    async fn views(&self, request: &Request, id: &WorkerId) -> Result<Response, Problem> {
        let query = http::query(request, &["limit", "cursor"])?;
        let limit = query.limit()?;
        let file = self.open(id).await?;
        let page = self.workers.views(&file, limit, query.cursor()).await;
        let page = page?;
        let page = Page {
            items: page.items.into_iter().map(ViewShown::from).collect(),
            next_cursor: page.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn object(&self, request: &Request, id: &WorkerId) -> Result<Response, Problem> {
        let now = self.clock.now();
        let key = http::optional_idempotency_key(request)?;
        let (about, text) = http::read_json(request, |fields| {
            let about = fields.required("about").and_then(|about| {
                let section = about.as_str().and_then(Section::named);
                let seq = Fields::whole(about).filter(|seq| *seq > 0);
                let about = section
                    .map(|section| section.as_str().to_owned())
                    .or_else(|| seq.map(|seq| seq.to_string()));
                if about.is_none() {
                    fields.refuse("about", "must be a section or the seq of an event");
                }
                about
            });
            let text = fields.string("text", 1..=1000);
            Some((about?, text?))
        })?;
        let payload = json!({ "about": about, "text": text });
        let mut objection = Objection {
            id: EventId::from_cause("objection", &[id.as_str(), key.unwrap_or_default()]),
            at: now,
            about,
            text,
            answer: None,
        };
        let before = self.workers.objection_ids(id).await?;
        let is_repeat = key.is_some() && before.iter().any(|(before, _)| *before == objection.id);
        let waiting = before.iter().filter(|(_, waits)| *waits).count();
        if waiting >= MOST_WAITING_OBJECTIONS && !is_repeat {
            let words = format!(
                "At most {MOST_WAITING_OBJECTIONS} objections wait for the authority at once."
            );
            return Err(Problem::rate_limited(3_600).detail(words));
        }
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            if file.worker.is_erased {
                return Err(is_erased());
            }
            let seq = objection.about.parse().unwrap_or_default();
            if file.head.seq < seq {
                return Err(Problem::invalid(vec![Fault {
                    pointer: "/about".to_owned(),
                    detail: "is not the seq of an event".to_owned(),
                }]));
            }
            let kind = EventKind::Complaint;
            let mut event = next_event(file, kind, Actor::Worker(id.clone()), payload.clone());
            match key {
                Some(_) => event.id = objection.id.clone(),
                None => objection.id = event.id.clone(),
            }
            Ok(Step {
                events: vec![event],
                with: vec![self.workers.object(file, &objection)?],
                ..Step::default()
            })
        };
        let changed = self.workers.change(id, now, decide).await;
        match changed? {
            Appended::Done(_) => tracing::info!(worker.id = %id, "a worker filed an objection"),
            Appended::Repeat(file) => {
                if self.workers.caused(&file, &objection.id).await? != Some(Some(payload)) {
                    return Err(Problem::idempotency_key_reused());
                }
            }
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(_) => return Err(Problem::unavailable()),
            Appended::NotFound => return Err(Problem::unauthenticated()),
        }
        let answer = json!({ "objection_id": objection.id });
        Ok(http::json(StatusCode::CREATED, &answer))
    }

    /// Withdraws her consent and suspends her; `auto-assign` is told before to take her from coming visits. A repeat changes nothing and gets the same answer.
    async fn withdraw(&self, id: &WorkerId) -> Result<Response, Problem> {
        let now = self.clock.now();
        let withdrawn_at = self.workers.withdrawn_at(id).await?;
        if withdrawn_at.is_none() {
            let whose = Whose::WorkerId(id.clone());
            self.sweeps.sweep_after(whose, now).await?;
        }
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            if file.worker.is_erased {
                return Err(is_erased());
            }
            if withdrawn_at.is_some() && file.worker.standing != Standing::Approved {
                return Ok(Step::default());
            }
            let mut worker = file.worker.clone();
            if worker.standing == Standing::Approved {
                worker.standing = Standing::Suspended;
            }
            let withdrawn = self.workers.withdraw_consent(id, now);
            Ok(Step {
                worker: Some(worker),
                events: vec![next_event(
                    file,
                    EventKind::ConsentWithdrawn,
                    Actor::Worker(id.clone()),
                    json!({}),
                )],
                with: vec![withdrawn],
                ..Step::default()
            })
        };
        let file = self.change_own(id, now, decide).await?;
        tracing::info!(worker.id = %id, "a worker withdrew her consent");
        Ok(http::json(
            StatusCode::OK,
            &self.worker_answer(&file).await?,
        ))
    }

    /// Gives her consent, again after she has withdrawn it: nobody else can. Whether she works again is for the authority.
    async fn give_consent(&self, request: &Request, id: &WorkerId) -> Result<Response, Problem> {
        let now = self.clock.now();
        let text_version =
            http::read_json(request, |fields| fields.string("text_version", 1..=40))?;
        let withdrawn_at = self.workers.withdrawn_at(id).await?;
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            let mut profile = file.profile.clone().ok_or_else(is_erased)?;
            if withdrawn_at.is_none() && profile.consent.text_version == text_version {
                return Ok(Step::default());
            }
            profile.consent = Consent {
                text_version: text_version.clone(),
                given_at: now,
            };
            let (kind, payload) = (EventKind::ConsentGiven, json!(profile.consent));
            Ok(Step {
                profile: ProfileChange::Put(Box::new(profile)),
                events: vec![next_event(file, kind, Actor::Worker(id.clone()), payload)],
                with: vec![self.workers.forget_consent(id)],
                ..Step::default()
            })
        };
        let file = self.change_own(id, now, decide).await?;
        tracing::info!(worker.id = %id, "a worker gave her consent");
        Ok(http::json(
            StatusCode::OK,
            &self.worker_answer(&file).await?,
        ))
    }

    /// Makes a change of her own; returns her as she is after it.
    async fn change_own(
        &self,
        id: &WorkerId,
        now: Millis,
        decide: impl FnMut(&WorkerFile) -> Result<Step, Problem>,
    ) -> Result<Box<WorkerFile>, Problem> {
        match self.workers.change(id, now, decide).await? {
            Appended::Done(file) | Appended::Repeat(file) => Ok(file),
            Appended::Refused(problem) => Err(problem),
            // Her other request came first.
            Appended::WithRefused(_) => Err(Problem::unavailable()),
            Appended::NotFound => Err(Problem::unauthenticated()),
        }
    }

    async fn open(&self, id: &WorkerId) -> Result<WorkerFile, Problem> {
        let file = self.workers.open(id).await?;
        file.ok_or_else(Problem::unauthenticated)
    }

    async fn worker_answer(&self, file: &WorkerFile) -> Result<WorkerAnswer, Problem> {
        let (reader, rules, now) = (Reader::All, &self.market.credit, self.clock.now());
        Ok(WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?)
    }
}

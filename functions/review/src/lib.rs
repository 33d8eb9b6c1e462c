//! The authority reviews agencies, stores and workers, answers objections, and erases workers' data.
//!
//! A decision on an agency or a store is one transaction of its state and the agency's version; cells and queue access
//! follow from the table's stream. An agency's order queue is made *before* its approval, so that an approved agency
//! is never without one. Before a decision by which an agency or a worker may not work any more, `auto-assign` is told to
//! take back what they have promised.

mod workers;

use std::collections::{BTreeMap, BTreeSet};

use bus::{OfferQueues, TimerQueue, Whose};
use domain::agency::{
    Agency, Decision, NotDecided, PaperKind, PaperView, Papers, Review as Verdict, Standing, Store,
};
use domain::id::{AgencyId, AuthorityId, EventId, MemberId, ProposalId, StoreId, WorkerId};
use domain::member::{MemberOf, Right};
use domain::time::{Millis, rfc3339};
use domain::worker::Worker;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, Page, Request, Response};
use runtime::{Fields, Problem, Verifier};
use serde::Serialize;
use serde_json::{Value, json};
use settings::{Clock, ConfigError, Settings};
use store::{AgencyDecided, Directory, StoreDecided, Waiter, Waiting};

use crate::workers::WorkerReview;

pub struct Review {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    queues: OfferQueues,
    timers: TimerQueue,
    workers: WorkerReview,
    /// Without which no agency is approved.
    required_papers: Vec<PaperKind>,
}

impl Review {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            queues: OfferQueues::new(settings),
            timers: TimerQueue::new(settings),
            workers: WorkerReview::new(settings),
            required_papers: settings.market().required_papers,
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "agencies", agency, "reviews"]) => {
                self.review_agency(request, agency).await
            }
            (&Method::POST, ["v1", "agencies", agency, "stores", store, "reviews"]) => {
                self.review_store(request, agency, store).await
            }
            (&Method::GET, ["v1", "reviews"]) => self.waiting(request).await,
            (&Method::POST, ["v1", "workers", worker, "reviews"]) => {
                let by = self.caller(request, Right::Review)?;
                self.workers.review(request, by, worker).await
            }
            (&Method::POST, ["v1", "workers", worker, "erase"]) => {
                let by = self.caller(request, Right::Review)?;
                self.workers.erase(request, by, worker).await
            }
            (&Method::POST, ["v1", "workers", worker, "objections", objection, "answer"]) => {
                let by = self.caller(request, Right::Review)?;
                self.workers
                    .answer_objection(request, by, worker, objection)
                    .await
            }
            _ => Err(Problem::not_found()),
        }
    }

    async fn review_agency(&self, request: &Request, agency: &str) -> Result<Response, Problem> {
        let (member, verdict) = self.verdict(request)?;
        let id: AgencyId = agency.parse().map_err(|_| Problem::not_found())?;
        match verdict.decision {
            Decision::Approve => self.prepare_approval(&id).await?,
            Decision::Suspend => {
                let whose = Whose::AgencyId(id.clone());
                self.timers.sweep_after(whose, verdict.at).await?;
            }
            Decision::Reject | Decision::Reinstate => {}
        }
        let decided = self.directory.decide_agency(&id, &verdict, &member);
        let decided = decided.await?;
        let (agency, stores) = match decided {
            AgencyDecided::Done(agency, stores) => (agency, stores),
            AgencyDecided::NotDecided(refusal) => return Err(not_decided(refusal)),
            AgencyDecided::UsccTaken => return Err(Problem::uscc_taken()),
            AgencyDecided::NotFound => return Err(Problem::not_found()),
        };
        let decision = verdict.decision.as_str();
        tracing::info!(agency.id = %id, authority.id = %verdict.by, decision, "an agency was decided on");
        Ok(http::json(StatusCode::OK, &agency.view(&stores)))
    }

    /// Makes the order queue of an agency that has not been approved yet, if it has shown the papers that it takes. It has them
    /// in the moment of approval too: a paper can be replaced, and none taken back.
    async fn prepare_approval(&self, id: &AgencyId) -> Result<(), Problem> {
        let agency = self.directory.agency(id).await?;
        let agency = agency.ok_or_else(Problem::not_found)?;
        if matches!(agency.standing, Standing::Approved | Standing::Suspended) {
            return Ok(());
        }
        let missing = agency.lacks(&self.required_papers);
        if !missing.is_empty() {
            return Err(Problem::papers_missing().member("missing", json!(missing)));
        }
        Ok(self.queues.create(id).await?)
    }

    async fn review_store(
        &self,
        request: &Request,
        agency: &str,
        store: &str,
    ) -> Result<Response, Problem> {
        let (member, verdict) = self.verdict(request)?;
        let id: AgencyId = agency.parse().map_err(|_| Problem::not_found())?;
        let store_id: StoreId = store.parse().map_err(|_| Problem::not_found())?;
        let decided = self
            .directory
            .decide_store(&id, &store_id, &verdict, &member)
            .await?;
        let store = match decided {
            StoreDecided::Done(store) => store,
            StoreDecided::NotDecided(refusal) => return Err(not_decided(refusal)),
            StoreDecided::NotFound => return Err(Problem::not_found()),
        };
        let decision = verdict.decision.as_str();
        tracing::info!(
            agency.id = %id, store.id = %store_id, authority.id = %verdict.by, decision,
            "a store was decided on"
        );
        Ok(http::json(StatusCode::OK, &store.view()))
    }

    async fn waiting(&self, request: &Request) -> Result<Response, Problem> {
        self.caller(request, Right::Read)?;
        let query = http::query(request, &["kind", "limit", "cursor"])?;
        let limit = query.limit()?;
        let cursor = query.cursor();
        let page = match query.text("kind") {
            Some("agency") => self.directory_page(Waiting::Agency, limit, cursor).await?,
            Some("store") => self.directory_page(Waiting::Store, limit, cursor).await?,
            Some("worker") => self.workers.waiting(limit, cursor).await?,
            Some("objection") => self.workers.objections_waiting(limit, cursor).await?,
            Some("erasure") => self.workers.erasures_waiting(limit, cursor).await?,
            _ => {
                return Err(Problem::malformed()
                    .detail("kind must be agency, store, worker, objection or erasure."));
            }
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn directory_page(
        &self,
        kind: Waiting,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<WaitingItem>, Problem> {
        let page = self.directory.waiting(kind, limit, cursor).await?;
        // An agency with many stores that wait is read once.
        let agencies: BTreeSet<_> = page.items.iter().map(|waiter| &waiter.agency).collect();
        let found = agencies.into_iter().map(async |id: &AgencyId| {
            let found = self.directory.agency_with_stores(id).await?;
            Ok::<_, store::Error>((id.clone(), found))
        });
        let found = futures::future::try_join_all(found).await?;
        let found: BTreeMap<_, _> = found.into_iter().collect();
        let items = page.items.into_iter().filter_map(|waiter: Waiter| {
            let (agency, stores) = found.get(&waiter.agency)?.as_ref()?;
            WaitingItem::new(kind, waiter, agency, stores)
        });
        Ok(Page {
            items: items.collect(),
            next_cursor: page.next,
        })
    }

    fn caller(&self, request: &Request, right: Right) -> Result<MemberOf<AuthorityId>, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.authority(right).cloned()
    }

    /// A decision, and who of the authority has taken it.
    fn verdict(&self, request: &Request) -> Result<(MemberId, Verdict), Problem> {
        let by = self.caller(request, Right::Review)?;
        let (decision, version, reason) = http::read_json(request, |fields| {
            let (decision, version) = decision_and_version(fields)?;
            Some((decision, version, fields.string("reason", 1..=500)?))
        })?;
        let verdict = Verdict {
            decision,
            version,
            // Those of the version that was looked at.
            papers: Papers::default(),
            reason,
            by: by.team,
            at: self.clock.now(),
        };
        Ok((by.member, verdict))
    }
}

/// What waits, with what it is called, and what would change if it works already.
#[derive(Serialize)]
struct WaitingItem {
    kind: &'static str,
    /// None of a worker who has left hers.
    agency_id: Option<AgencyId>,
    store_id: Option<StoreId>,
    worker_id: Option<WorkerId>,
    proposal_id: Option<ProposalId>,
    objection_id: Option<EventId>,
    /// Of an objection: a section's name, or the place of an event in the worker's chain.
    about: Option<String>,
    /// Of an objection, in the worker's words.
    text: Option<String>,
    /// Of a worker as anybody may see it: who looks closer says why.
    name: String,
    /// What the decision names; none of an objection.
    version: Option<u64>,
    pending_changes: Option<Value>,
    /// Those that a decision on an agency would be on.
    papers: Vec<PaperView>,
    #[serde(with = "rfc3339")]
    since: Millis,
}

impl WaitingItem {
    /// `None` if nothing waits any more: the index may be a moment behind.
    fn new(kind: Waiting, waiter: Waiter, agency: &Agency, stores: &[Store]) -> Option<Self> {
        let (name, version, pending_changes, papers) = match &waiter.store {
            Some(id) => {
                let store = stores.iter().find(|store| store.id == *id)?;
                let changes = store.pending_changes().map(|changes| json!(changes));
                (
                    store.name.clone(),
                    store.review_version,
                    changes,
                    Vec::new(),
                )
            }
            None => {
                let changes = agency.pending_changes().map(|changes| json!(changes));
                let papers = agency.papers_to_decide().view(&agency.id);
                (agency.name.clone(), agency.review_version, changes, papers)
            }
        };
        Some(Self {
            kind: kind.as_str(),
            agency_id: Some(waiter.agency),
            store_id: waiter.store,
            worker_id: None,
            proposal_id: None,
            objection_id: None,
            about: None,
            text: None,
            name,
            version: Some(version),
            pending_changes,
            papers,
            since: waiter.since,
        })
    }

    /// What waits of a worker: her registration, an agency's proposal, or her objection. `agency` is her employer, or the
    /// agency that wants to become it.
    fn for_worker(
        kind: &'static str,
        worker: &Worker,
        agency: Option<&AgencyId>,
        since: Millis,
    ) -> Self {
        Self {
            kind,
            agency_id: agency.cloned(),
            store_id: None,
            worker_id: Some(worker.id.clone()),
            proposal_id: None,
            objection_id: None,
            about: None,
            text: None,
            name: worker.masked_name.clone(),
            version: None,
            pending_changes: None,
            papers: Vec::new(),
            since,
        }
    }
}

/// Which version was looked at has to be said by who approves or rejects.
fn decision_and_version(fields: &mut Fields<'_>) -> Option<(Decision, Option<u64>)> {
    let decision: Option<Decision> = fields.one_of("decision");
    let version = fields.optional_integer("version", 0..=i64::MAX);
    let version = version.and_then(|version| u64::try_from(version).ok());
    let is_needed = decision.is_some_and(Decision::needs_version);
    if is_needed && fields.given("version").is_none() {
        fields.refuse("version", "is required: the version that was shown");
    }
    Some((decision?, version))
}

fn not_decided(refusal: NotDecided) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        NotDecided::NotFromHere(refusal) => Problem::conflict()
            .detail(detail)
            .member("standing", json!(refusal.standing)),
        NotDecided::ChangedSince { version } => Problem::changed_since()
            .detail(detail)
            .member("version", version),
        NotDecided::StoreClosed => Problem::store_closed(),
    }
}

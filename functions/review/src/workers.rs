//! What the authority decides about workers.
//!
//! A worker can wait for two things: that she may work at all, and that another agency that has registered her becomes
//! her employer. A decision is one transaction of her item, its event, and whatever must hold with it: her phone becomes
//! hers alone with the approval, and the badges of an agency that she leaves are revoked in the transaction that moves her.

use domain::agency::{Decision, NotFromHere, Standing};
use domain::chain::{Actor, EventKind};
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, EventId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, ProposedEmployment, masked_name};
use lambda_http::http::StatusCode;
use record::{Eraser, Reader, WorkerAnswer, has_phone, is_erased, next_event};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::{Value, json};
use settings::{Clock, Settings};
use store::{
    Appended, NewEvent, ObjectionAnswer, Part, PhoneHashes, ProfileChange, Step, WorkerFile,
    Workers,
};

use crate::{Item, conflict};

/// How often a decision is taken anew when badges change meanwhile.
const ROUNDS: u32 = 10;
const MOVED: &str = "She works for another agency now.";

/// Decides about workers.
pub struct WorkerReview {
    clock: Clock,
    workers: Workers,
    eraser: Eraser,
    phones: PhoneHashes,
    rules: CreditRules,
}

/// What was decided, about which agency's registration of her, and why.
struct Verdict {
    decision: Decision,
    reason: String,
    agency: Option<AgencyId>,
    by: AuthorityId,
    at: Millis,
}

/// What a decision is about.
enum About<'a> {
    /// That she may work.
    Registration,
    /// That she works for another agency from now on.
    Employment(&'a Profile, &'a ProposedEmployment),
}

/// Why nothing was decided.
enum Refused {
    NotFromHere(NotFromHere),
    Other(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Other(error.into())
    }
}

impl WorkerReview {
    pub fn new(settings: &Settings) -> Self {
        Self {
            clock: settings.clock(),
            workers: Workers::new(settings),
            eraser: Eraser::new(settings),
            phones: PhoneHashes::new(settings),
            rules: settings.market().credit,
        }
    }

    /// Decides on a worker.
    pub(crate) async fn review(
        &self,
        request: &Request,
        by: AuthorityId,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (decision, reason, agency) = http::read_json(request, |fields| {
            let decision = fields.deserialized("decision");
            let reason = fields.string("reason", 1..=500);
            let agency = match fields.given("agency_id") {
                Some(_) => fields.parsed("agency_id").map(Some),
                None => Some(None),
            };
            Some((decision?, reason?, agency?))
        })?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let at = self.clock.now();
        let verdict = Verdict {
            decision,
            reason,
            agency,
            by,
            at,
        };
        let file = self.decided(&id, &verdict).await?;
        // A badge that was issued in the same moment by the agency that she has left.
        let actor = Actor::Authority(verdict.by.clone());
        let employer = file.worker.agency.clone();
        let keeps = |badge: &domain::badge::Badge| badge.agency == employer;
        self.eraser.revoke(&id, &actor, MOVED, at, keeps).await?;
        let decision = verdict.decision.as_str();
        tracing::info!(worker.id = %id, authority.id = %verdict.by, decision, "a worker was decided on");
        self.shown(&file, &verdict.by, &verdict.reason).await
    }

    async fn decided(&self, id: &WorkerId, verdict: &Verdict) -> Result<Box<WorkerFile>, Problem> {
        for _ in 0..ROUNDS {
            let file = self.workers.open(id).await?;
            let employer = file.ok_or_else(Problem::not_found)?.worker.agency;
            let keeps = |badge: &domain::badge::Badge| badge.agency != employer;
            let old = self.eraser.live_badges(id, verdict.at, keeps).await?;
            let mut phone = None;
            let decide = |file: &WorkerFile| -> Result<Step, Refused> {
                let (step, taken) = self.decide(file, verdict, &old)?;
                phone = taken;
                Ok(step)
            };
            let changed = self.workers.change(id, verdict.at, decide).await;
            match changed? {
                Appended::Done(file) | Appended::Repeat(file) => return Ok(file),
                Appended::NotFound => return Err(Problem::not_found()),
                Appended::Refused(Refused::NotFromHere(refusal)) => return Err(conflict(refusal)),
                Appended::Refused(Refused::Other(problem)) => return Err(problem),
                Appended::WithRefused(Part::Consent) => {
                    let words =
                        "She has taken her consent back since; it has to be given again first.";
                    return Err(Problem::conflict().detail(words));
                }
                Appended::WithRefused(Part::Phone) if let Some(hash) = &phone => {
                    let freed = self.workers.free_phone_of_erased(hash).await;
                    if !freed? {
                        return Err(Problem::phone_taken());
                    }
                }
                // A badge changed meanwhile: look again.
                Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }

    /// What a decision comes to, and the hash of the phone that becomes hers with it.
    fn decide(
        &self,
        file: &WorkerFile,
        verdict: &Verdict,
        old_badges: &[domain::badge::Badge],
    ) -> Result<(Step, Option<String>), Refused> {
        match about(file, verdict)? {
            About::Registration => self.on_registration(file, verdict),
            About::Employment(profile, proposed) => match verdict.decision {
                Decision::Approve => self.moved(file, profile, proposed, verdict, old_badges),
                _ => Ok((not_moved(file, profile, proposed, verdict), None)),
            },
        }
    }

    fn on_registration(
        &self,
        file: &WorkerFile,
        verdict: &Verdict,
    ) -> Result<(Step, Option<String>), Refused> {
        let decided = file.worker.decided(verdict.decision);
        let Some(mut worker) = decided.map_err(Refused::NotFromHere)? else {
            return Ok((Step::default(), None));
        };
        let profile = file.profile.as_ref().ok_or_else(is_erased)?;
        worker.waits_since = profile.proposed.as_ref().map(|proposed| proposed.at);
        let (mut with, mut phone) = (Vec::new(), None);
        if worker.standing == Standing::Approved {
            let id = &worker.id;
            let taken = phone.insert(self.phones.of(&profile.phone));
            with.push(self.workers.consent_stands(id));
            with.push(self.workers.take_phone(taken, id));
        }
        let about = json!("registration");
        let step = Step {
            events: vec![reviewed(file, verdict, about, &file.worker.agency)],
            worker: Some(worker),
            with,
            ..Step::default()
        };
        Ok((step, phone))
    }

    /// She works for the other agency from now on. Who is suspended stays so: that is another decision.
    fn moved(
        &self,
        file: &WorkerFile,
        profile: &Profile,
        proposed: &ProposedEmployment,
        verdict: &Verdict,
        old_badges: &[domain::badge::Badge],
    ) -> Result<(Step, Option<String>), Refused> {
        let actor = Actor::Authority(verdict.by.clone());
        let (mut worker, mut new) = (file.worker.clone(), profile.clone());
        let had_phone = has_phone(&file.worker);
        if worker.standing != Standing::Suspended {
            worker.standing = Standing::Approved;
        }
        worker.agency = proposed.agency.clone();
        worker.skills = proposed.skills;
        worker.masked_name = masked_name(&proposed.name);
        worker.waits_since = None;
        new.name.clone_from(&proposed.name);
        new.phone.clone_from(&proposed.phone);
        new.consent = proposed.consent.clone();
        new.proposed = None;

        let id = &worker.id;
        let phone = self.phones.of(&new.phone);
        let mut with = vec![
            self.workers.take_phone(&phone, id),
            // The consent that she gave the other agency is the one that counts, unless she has taken back any since.
            self.workers.give_consent(id, new.consent.given_at),
        ];
        if had_phone && new.phone != profile.phone {
            let old = self.phones.of(&profile.phone);
            with.push(self.workers.free_phone(&old));
        }
        let event = |kind, payload| next_event(file, kind, actor.clone(), payload);
        let mut events = vec![
            reviewed(file, verdict, json!("employment"), &proposed.agency),
            event(
                EventKind::EmployerChanged,
                json!({ "from": file.worker.agency, "to": proposed.agency }),
            ),
            event(EventKind::ConsentGiven, json!(proposed.consent)),
        ];
        let badges = self.eraser.badges();
        let badges = badges.revoke(old_badges, actor.clone(), MOVED);
        if let Some(badges) = badges {
            events.push(badges.event);
            with.extend(badges.with);
        }
        let step = Step {
            worker: Some(worker),
            profile: ProfileChange::Put(Box::new(new)),
            events,
            with,
        };
        Ok((step, Some(phone)))
    }

    /// Erases a worker's personal data.
    pub(crate) async fn erase(
        &self,
        request: &Request,
        by: AuthorityId,
        worker: &str,
    ) -> Result<Response, Problem> {
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=200))?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let (actor, now) = (Actor::Authority(by.clone()), self.clock.now());
        let file = self.eraser.erase(&id, &actor, &reason, now).await?;
        self.shown(&file, &by, &reason).await
    }

    /// Answers what a worker objects to.
    pub(crate) async fn answer_objection(
        &self,
        request: &Request,
        by: AuthorityId,
        worker: &str,
        objection: &str,
    ) -> Result<Response, Problem> {
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let objection: EventId = objection.parse().map_err(|_| Problem::not_found())?;
        let (outcome, reason) = http::read_json(request, |fields| {
            let outcome = fields.string("outcome", 1..=20);
            let known = ["upheld", "dismissed"];
            if outcome
                .as_deref()
                .is_some_and(|outcome| !known.contains(&outcome))
            {
                fields.refuse("outcome", "must be upheld or dismissed");
            }
            let reason = fields.string("reason", 1..=500);
            Some((outcome?, reason?))
        })?;
        let answer = ObjectionAnswer {
            upheld: outcome == "upheld",
            reason,
            at: self.clock.now(),
        };
        let cause = [id.as_str(), objection.as_str()];
        let event = NewEvent {
            // An objection is answered once.
            id: EventId::from_cause("objection_answered", &cause),
            kind: EventKind::Reviewed,
            actor: Actor::Authority(by.clone()),
            payload: json!({ "about": "objection", "objection": objection, "outcome": outcome, "reason": answer.reason }),
        };
        let decide = |file: &WorkerFile| -> Result<Step, Refused> {
            if file.worker.is_erased {
                return Err(is_erased().into());
            }
            Ok(Step {
                events: vec![event.clone()],
                with: vec![self.workers.answer(file, &objection, &answer)?],
                ..Step::default()
            })
        };
        let changed = self.workers.change(&id, answer.at, decide).await;
        match changed? {
            Appended::Done(_) => {
                tracing::info!(worker.id = %id, authority.id = %by, outcome, "an objection was answered");
            }
            Appended::Repeat(file) => {
                let said = self.workers.caused(&file, &event.id).await;
                if said? != Some(Some(event.payload)) {
                    let words = "This objection has been answered otherwise.";
                    return Err(Problem::conflict().detail(words));
                }
            }
            Appended::Refused(Refused::Other(problem)) => return Err(problem),
            Appended::Refused(Refused::NotFromHere(refusal)) => return Err(conflict(refusal)),
            Appended::WithRefused(_) | Appended::NotFound => return Err(Problem::not_found()),
        }
        let answer = json!({ "objection_id": objection, "outcome": outcome });
        Ok(http::json(StatusCode::OK, &answer))
    }

    /// The workers who wait for a decision.
    pub(crate) async fn waiting(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<http::Page<Item>, Problem> {
        let page = self.workers.records().waiting(limit, cursor).await;
        let page = page?;
        let files = page.items.iter().map(|(id, _)| self.workers.open(id));
        let files: Vec<_> = files.collect();
        let files = futures::future::try_join_all(files).await?;
        let items = files.into_iter().flatten().filter_map(|file| {
            // The index may be a moment behind.
            let since = file.worker.waits_since?;
            let proposed = file.profile.and_then(|profile| profile.proposed);
            let agency = match (file.worker.standing, proposed) {
                (Standing::Pending, _) | (_, None) => file.worker.agency,
                (_, Some(proposed)) => proposed.agency,
            };
            Some(Item::worker("worker", file.worker.id, agency, None, since))
        });
        Ok(http::Page {
            items: items.collect(),
            next_cursor: page.next,
        })
    }

    /// The objections that wait for an answer.
    pub(crate) async fn objections_waiting(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<http::Page<Item>, Problem> {
        let page = self.workers.objections_waiting(limit, cursor).await;
        let page = page?;
        let ids: Vec<WorkerId> = page.items.iter().map(|item| item.worker.clone()).collect();
        let workers = self.workers.records().get_all(&ids).await?;
        let items = page.items.into_iter().filter_map(|waiting| {
            let worker = workers.iter().find(|worker| worker.id == waiting.worker)?;
            let (id, agency) = (worker.id.clone(), worker.agency.clone());
            Some(Item::worker(
                "objection",
                id,
                agency,
                Some(waiting.id),
                waiting.since,
            ))
        });
        Ok(http::Page {
            items: items.collect(),
            next_cursor: page.next,
        })
    }

    /// The worker as the answer: a look at her record like any other, and hers to see as one.
    async fn shown(
        &self,
        file: &WorkerFile,
        by: &AuthorityId,
        purpose: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        if !file.worker.is_erased {
            let written = self.workers.add_look(file, by, purpose, now).await;
            written?;
        }
        let (reader, rules) = (Reader::All, &self.rules);
        let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?;
        Ok(http::json(StatusCode::OK, &answer))
    }
}

/// What a decision is about: what the request names, else that she may work. That another agency becomes her employer
/// must be named: the repeat of an approval would move her otherwise.
fn about<'a>(file: &'a WorkerFile, verdict: &Verdict) -> Result<About<'a>, Refused> {
    let profile = file.profile.as_ref();
    let proposed = profile.and_then(|profile| Some((profile, profile.proposed.as_ref()?)));
    let decides = matches!(verdict.decision, Decision::Approve | Decision::Reject);
    match (&verdict.agency, proposed) {
        (Some(agency), _) if *agency == file.worker.agency => Ok(About::Registration),
        (Some(agency), Some((profile, proposed))) if decides && *agency == proposed.agency => {
            Ok(About::Employment(profile, proposed))
        }
        (Some(_), _) => Err(Refused::Other(Problem::not_found())),
        (None, _) => Ok(About::Registration),
    }
}

/// The old employment stands.
fn not_moved(
    file: &WorkerFile,
    profile: &Profile,
    proposed: &ProposedEmployment,
    verdict: &Verdict,
) -> Step {
    let mut worker = file.worker.clone();
    let waits = worker.standing == Standing::Pending;
    worker.waits_since = worker.waits_since.filter(|_| waits);
    let mut new = profile.clone();
    new.proposed = None;
    Step {
        worker: Some(worker),
        profile: ProfileChange::Put(Box::new(new)),
        events: vec![reviewed(
            file,
            verdict,
            json!("employment"),
            &proposed.agency,
        )],
        with: Vec::new(),
    }
}

fn reviewed(file: &WorkerFile, verdict: &Verdict, about: Value, agency: &AgencyId) -> NewEvent {
    let actor = Actor::Authority(verdict.by.clone());
    let payload = json!({
        "about": about,
        "agency": agency,
        "decision": verdict.decision,
        "reason": verdict.reason,
    });
    next_event(file, EventKind::Reviewed, actor, payload)
}

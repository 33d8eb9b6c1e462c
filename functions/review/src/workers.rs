//! The authority's decisions about workers.
//!
//! A worker can wait for two decisions: whether she may work at all, and whether another agency that has registered her
//! becomes her employer. A decision is one transaction of her item, its event and what must change with them: an approval
//! reserves her phone for her, and a move revokes the badges of the agency that she leaves.

use domain::agency::{Decision, NotFromHere, Standing};
use domain::badge::Badge;
use domain::chain::{Actor, EventKind};
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, EventId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, ProposedEmployment, masked_name};
use lambda_http::http::StatusCode;
use record::{Eraser, Reader, WorkerAnswer, has_phone, is_erased, next_event};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::json;
use settings::{Clock, Settings};
use store::{
    Appended, NewEvent, ObjectionAnswer, Part, PhoneHashes, ProfileChange, Step, WorkerFile,
    Workers,
};

use crate::{WaitingItem, conflict};

/// The most attempts when her badges change between reading and writing.
const MOST_ATTEMPTS: u32 = 10;
const MOVED: &str = "She works for another agency now.";

pub struct WorkerReview {
    clock: Clock,
    workers: Workers,
    eraser: Eraser,
    phones: PhoneHashes,
    rules: CreditRules,
}

struct Verdict {
    decision: Decision,
    reason: String,
    /// The agency whose registration of her is decided on. `None` stands for her employer.
    agency: Option<AgencyId>,
    by: AuthorityId,
    at: Millis,
}

/// The question that a decision answers.
enum Subject<'a> {
    /// May she work?
    Registration,
    /// Does this other agency become her employer?
    Employment(&'a Profile, &'a ProposedEmployment),
}

/// Why a decision was not written.
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
        let file = self.commit(&id, &verdict).await?;
        // The agency that she leaves may have issued another badge meanwhile.
        let actor = Actor::Authority(verdict.by.clone());
        let employer = file.worker.agency.clone();
        let keeps = |badge: &Badge| badge.agency == employer;
        self.eraser.revoke(&id, &actor, MOVED, at, keeps).await?;
        let decision = verdict.decision.as_str();
        tracing::info!(worker.id = %id, authority.id = %verdict.by, decision, "a worker was decided on");
        self.look_and_answer(&file, &verdict.by, &verdict.reason)
            .await
    }

    async fn commit(&self, id: &WorkerId, verdict: &Verdict) -> Result<Box<WorkerFile>, Problem> {
        for _ in 0..MOST_ATTEMPTS {
            let file = self.workers.open(id).await?;
            let employer = file.ok_or_else(Problem::not_found)?.worker.agency;
            let keeps = |badge: &Badge| badge.agency != employer;
            let old_badges = self.eraser.live_badges(id, verdict.at, keeps).await?;
            let mut phone = None;
            let decide = |file: &WorkerFile| -> Result<Step, Refused> {
                let (step, reserved) = self.step(file, verdict, &old_badges)?;
                phone = reserved;
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
                        "She has withdrawn her consent since; she must give it again first.";
                    return Err(Problem::conflict().detail(words));
                }
                Appended::WithRefused(Part::Phone) if let Some(hash) = &phone => {
                    let freed = self.workers.free_phone_of_erased(hash).await;
                    if !freed? {
                        return Err(Problem::phone_taken());
                    }
                }
                // A badge has changed since it was read: read them again.
                Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }

    /// The change that a decision makes, and the hash of the phone that it reserves for her.
    fn step(
        &self,
        file: &WorkerFile,
        verdict: &Verdict,
        old_badges: &[Badge],
    ) -> Result<(Step, Option<String>), Refused> {
        match subject(file, verdict)? {
            Subject::Registration => self.decide_registration(file, verdict),
            Subject::Employment(profile, proposed) => match verdict.decision {
                Decision::Approve => {
                    self.approve_employment(file, profile, proposed, verdict, old_badges)
                }
                _ => Ok((reject_employment(file, profile, proposed, verdict), None)),
            },
        }
    }

    fn decide_registration(
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
        let agency = &file.worker.agency;
        let step = Step {
            events: vec![review_event(file, verdict, "registration", agency)],
            worker: Some(worker),
            with,
            ..Step::default()
        };
        Ok((step, phone))
    }

    /// Moves her to the other agency. A suspended worker stays suspended, because reinstating is a decision of its own.
    fn approve_employment(
        &self,
        file: &WorkerFile,
        profile: &Profile,
        proposed: &ProposedEmployment,
        verdict: &Verdict,
        old_badges: &[Badge],
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
            // Her consent to the other agency counts from now on. This is refused if she has withdrawn it since.
            self.workers.give_consent(id, new.consent.given_at),
        ];
        if had_phone && new.phone != profile.phone {
            let old = self.phones.of(&profile.phone);
            with.push(self.workers.free_phone(&old));
        }
        let event = |kind, payload| next_event(file, kind, actor.clone(), payload);
        let mut events = vec![
            review_event(file, verdict, "employment", &proposed.agency),
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
        self.look_and_answer(&file, &by, &reason).await
    }

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
            // The same id for every answer, so that an objection is answered once.
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
                if self.workers.caused(&file, &event.id).await? != Some(Some(event.payload)) {
                    let words = "This objection already has a different answer.";
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

    pub(crate) async fn waiting(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<http::Page<WaitingItem>, Problem> {
        let page = self.workers.records().waiting(limit, cursor).await?;
        let files = page.items.iter().map(|(id, _)| self.workers.open(id));
        let files: Vec<_> = files.collect();
        let files = futures::future::try_join_all(files).await?;
        let items = files.into_iter().flatten().filter_map(|file| {
            // The index may lag behind: this one no longer waits.
            let since = file.worker.waits_since?;
            let proposed = file.profile.and_then(|profile| profile.proposed);
            let agency = match (file.worker.standing, proposed) {
                (Standing::Pending, _) | (_, None) => file.worker.agency,
                (_, Some(proposed)) => proposed.agency,
            };
            Some(WaitingItem::for_worker(
                "worker",
                file.worker.id,
                agency,
                None,
                since,
            ))
        });
        Ok(http::Page {
            items: items.collect(),
            next_cursor: page.next,
        })
    }

    pub(crate) async fn objections_waiting(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<http::Page<WaitingItem>, Problem> {
        let page = self.workers.objections_waiting(limit, cursor).await?;
        let ids: Vec<WorkerId> = page.items.iter().map(|item| item.worker.clone()).collect();
        let workers = self.workers.records().get_all(&ids).await?;
        let items = page.items.into_iter().filter_map(|waiting| {
            let worker = workers.iter().find(|worker| worker.id == waiting.worker)?;
            let (id, agency) = (worker.id.clone(), worker.agency.clone());
            Some(WaitingItem::for_worker(
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

    /// Answers with the worker's record. The look is recorded first, and she sees it.
    async fn look_and_answer(
        &self,
        file: &WorkerFile,
        by: &AuthorityId,
        purpose: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        if !file.worker.is_erased {
            self.workers.add_look(file, by, purpose, now).await?;
        }
        let (reader, rules) = (Reader::All, &self.rules);
        let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now).await?;
        Ok(http::json(StatusCode::OK, &answer))
    }
}

/// A request that names no agency is about her registration. A move must name the other agency, because otherwise the
/// repeat of an approval would move her.
fn subject<'a>(file: &'a WorkerFile, verdict: &Verdict) -> Result<Subject<'a>, Refused> {
    let profile = file.profile.as_ref();
    let proposed = profile.and_then(|profile| Some((profile, profile.proposed.as_ref()?)));
    let decides = matches!(verdict.decision, Decision::Approve | Decision::Reject);
    match (&verdict.agency, proposed) {
        (Some(agency), _) if *agency == file.worker.agency => Ok(Subject::Registration),
        (Some(agency), Some((profile, proposed))) if decides && *agency == proposed.agency => {
            Ok(Subject::Employment(profile, proposed))
        }
        (Some(_), _) => Err(Refused::Other(Problem::not_found())),
        (None, _) => Ok(Subject::Registration),
    }
}

/// She stays with her employer, and the other agency's proposal is dropped.
fn reject_employment(
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
        events: vec![review_event(file, verdict, "employment", &proposed.agency)],
        with: Vec::new(),
    }
}

fn review_event(file: &WorkerFile, verdict: &Verdict, about: &str, agency: &AgencyId) -> NewEvent {
    let actor = Actor::Authority(verdict.by.clone());
    let payload = json!({
        "about": about,
        "agency": agency,
        "decision": verdict.decision,
        "reason": verdict.reason,
    });
    next_event(file, EventKind::Reviewed, actor, payload)
}

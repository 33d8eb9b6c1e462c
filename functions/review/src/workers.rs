//! The authority's decisions about workers.
//!
//! A worker can wait for several decisions: whether she may work at all, whether what her agency proposes is right, and
//! whether another agency that has registered her becomes her employer. A decision is one transaction of her item, its event
//! and what must change with them: an approval reserves her phone for her, and a move revokes the badges of the agency that
//! she leaves.

use bus::{TimerQueue, Whose};
use domain::agency::{Decision, NotDecided, Standing};
use domain::badge::Badge;
use domain::chain::{Actor, EventKind};
use domain::credit::CreditRules;
use domain::id::{AgencyId, AuthorityId, EventId, ProposalId, WorkerId};
use domain::member::MemberOf;
use domain::time::Millis;
use domain::worker::{LastDecision, Profile, Proposal, Worker};
use lambda_http::http::StatusCode;
use record::{ChangesAnswer, Eraser, Reader, WorkerAnswer, is_erased, next_event};
use runtime::http::{self, Request, Response};
use runtime::{Fault, Problem};
use serde_json::json;
use settings::{Clock, Settings};
use store::{
    Appended, Directory, Member, NewEvent, ObjectionAnswer, Part, PhoneHashes, ProfileChange, Step,
    Waits, WorkerFile, Workers,
};

use crate::{WaitingItem, decision_and_version, not_decided};

/// The most attempts when her badges change between reading and writing.
const MOST_ATTEMPTS: u32 = 10;
const MOVED: &str = "She works for another agency now.";

pub struct WorkerReview {
    clock: Clock,
    directory: Directory,
    timers: TimerQueue,
    workers: Workers,
    eraser: Eraser,
    phones: PhoneHashes,
    rules: CreditRules,
}

struct Verdict {
    decision: Decision,
    version: Option<u64>,
    reason: String,
    proposal: Option<ProposalId>,
    /// The agency whose registration or proposal is decided on. `None` stands for her employer.
    agency: Option<AgencyId>,
    /// Whether her phone was confirmed with her.
    phone_confirmed: bool,
    by: MemberOf<AuthorityId>,
    at: Millis,
}

/// The question that a decision answers.
enum Subject<'a> {
    /// May she work?
    Registration,
    /// Are these changes right, and does this agency become her employer if it is not?
    Proposal(&'a Profile, &'a Proposal),
    /// It was answered the same way just before.
    Answered,
}

/// Why a decision was not written.
enum Refused {
    NotDecided(NotDecided),
    Other(Problem),
}

impl From<NotDecided> for Refused {
    fn from(refusal: NotDecided) -> Self {
        Self::NotDecided(refusal)
    }
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
            directory: Directory::new(settings),
            timers: TimerQueue::new(settings),
            workers: Workers::new(settings),
            eraser: Eraser::new(settings),
            phones: PhoneHashes::new(settings),
            rules: settings.market().credit,
        }
    }

    pub(crate) async fn review(
        &self,
        request: &Request,
        by: MemberOf<AuthorityId>,
        worker: &str,
    ) -> Result<Response, Problem> {
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let at = self.clock.now();
        let verdict = http::read_json(request, |fields| {
            let decided = decision_and_version(fields);
            let reason = fields.string("reason", 1..=500);
            let proposal = fields.optional_parsed("proposal_id");
            let agency = fields.optional_parsed("agency_id");
            let phone_confirmed = fields.optional_flag("phone_confirmed");
            let (decision, version) = decided?;
            Some(Verdict {
                decision,
                version,
                reason: reason?,
                proposal,
                agency,
                phone_confirmed: phone_confirmed.unwrap_or_default(),
                by,
                at,
            })
        })?;
        if verdict.may_end_work() {
            let whose = Whose::WorkerId(id.clone());
            self.timers.sweep_after(whose, at).await?;
        }
        let file = self.commit(&id, &verdict).await?;
        // The agency that she leaves may have issued another badge meanwhile.
        let actor = Actor::from(&verdict.by);
        let employer = file.worker.agency.clone();
        let keeps = |badge: &Badge| badge.agency == employer;
        self.eraser.revoke(&id, &actor, MOVED, at, keeps).await?;
        let decision = verdict.decision.as_str();
        tracing::info!(worker.id = %id, authority.id = %verdict.by.team, decision, "a worker was decided on");
        self.look_and_answer(&file, &verdict.by.team, &verdict.reason)
            .await
    }

    async fn commit(&self, id: &WorkerId, verdict: &Verdict) -> Result<Box<WorkerFile>, Problem> {
        for _ in 0..MOST_ATTEMPTS {
            let file = self.workers.open(id).await?;
            let employer = file.ok_or_else(Problem::not_found)?.worker.agency;
            let keeps = |badge: &Badge| badge.agency != employer;
            let old_badges = self.eraser.live_badges(id, verdict.at, keeps).await?;
            let (mut phone, mut before) = (None, None);
            let decide = |file: &WorkerFile| -> Result<Step, Refused> {
                let (step, reserved) = self.step(file, verdict, &old_badges)?;
                phone = reserved;
                before = Some(file.clone());
                Ok(step)
            };
            let (directory, actor) = (&self.directory, Actor::from(&verdict.by));
            let changed = self
                .workers
                .change_by(directory, &actor, id, verdict.at, decide);
            match changed.await? {
                Appended::Done(file) | Appended::Repeat(file) => {
                    if let Some(before) = &before {
                        self.eraser.delete_replaced_photos(before, &file).await?;
                    }
                    return Ok(file);
                }
                Appended::NotFound => return Err(Problem::not_found()),
                Appended::Refused(Refused::NotDecided(refusal)) => {
                    return Err(not_decided(refusal));
                }
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
            Subject::Proposal(profile, proposal) => {
                let moves = verdict.decision == Decision::Approve && proposal.consent.is_some();
                if moves && !profile.agrees_to(proposal, verdict.phone_confirmed) {
                    return Err(not_agreed(profile).into());
                }
                let (worker, new) = file.worker.proposal_decided(
                    profile,
                    proposal,
                    verdict.on(Some(proposal)),
                    verdict.phone_confirmed,
                );
                if verdict.decision == Decision::Approve {
                    Ok(self.approve_proposal(file, proposal, worker, new, verdict, old_badges))
                } else {
                    let event = review_event(file, verdict, Some(proposal));
                    Ok((put_both(worker, new, vec![event], Vec::new()), None))
                }
            }
            Subject::Answered => Ok((Step::default(), None)),
        }
    }

    fn decide_registration(
        &self,
        file: &WorkerFile,
        verdict: &Verdict,
    ) -> Result<(Step, Option<String>), Refused> {
        let profile = file.profile.as_ref();
        let decision = verdict.on(None);
        let is_new = file.worker.binds(&decision, file.worker.review_version)?;
        let decided = if is_new {
            file.worker.decided(profile, decision)?
        } else {
            None
        };
        // That her phone was confirmed may also be said later.
        let confirms = verdict.phone_confirmed
            && verdict.decision == Decision::Approve
            && profile.is_some_and(|profile| !profile.phone_confirmed);
        if decided.is_none() && !confirms {
            return Ok((Step::default(), None));
        }
        let worker = decided.unwrap_or_else(|| file.worker.clone());
        let mut profile = profile.ok_or_else(is_erased)?.clone();
        if confirms {
            profile.confirm_phone();
        }
        let (mut with, mut phone) = (Vec::new(), None);
        if worker.standing == Standing::Approved {
            let id = &worker.id;
            let taken = phone.insert(self.phones.of(&profile.phone));
            with.push(self.workers.consent_stands(id));
            with.push(self.workers.take_phone(taken, id, profile.phone_confirmed));
            with.extend(self.free_phones(file, &profile));
        }
        let events = vec![review_event(file, verdict, None)];
        Ok((put_both(worker, profile, events, with), phone))
    }

    /// Makes the changes, and moves her to the agency if it does not employ her yet.
    fn approve_proposal(
        &self,
        file: &WorkerFile,
        proposal: &Proposal,
        worker: Worker,
        profile: Profile,
        verdict: &Verdict,
        old_badges: &[Badge],
    ) -> (Step, Option<String>) {
        let actor = Actor::from(&verdict.by);
        let id = &worker.id;
        let phone = self.phones.of(&profile.phone);
        let mut with = vec![self.workers.take_phone(&phone, id, profile.phone_confirmed)];
        with.extend(self.free_phones(file, &profile));
        let mut events = vec![review_event(file, verdict, Some(proposal))];
        if let Some(consent) = &proposal.consent {
            // Whoever has withdrawn her consent gives it again herself, before she works for anybody.
            with.push(self.workers.consent_stands(id));
            let moved = json!({ "from": file.worker.employer(), "to": proposal.agency });
            let event = |kind, payload| next_event(file, kind, actor.clone(), payload);
            events.push(event(EventKind::EmployerChanged, moved));
            events.push(event(EventKind::ConsentGiven, json!(consent)));
            let badges = self.eraser.badges();
            if let Some(badges) = badges.revoke(old_badges, actor.clone(), MOVED) {
                events.push(badges.event);
                with.extend(badges.with);
            }
        }
        (put_both(worker, profile, events, with), Some(phone))
    }

    /// Makes those phones nobody's that are hers no more.
    fn free_phones(&self, before: &WorkerFile, after: &Profile) -> Vec<Member> {
        let approved = before.worker.was_approved();
        let profile = before.profile.as_ref().filter(|_| approved);
        let phones = profile.into_iter().flat_map(Profile::phones);
        let gone = phones.filter(|phone| after.phones().all(|kept| kept != *phone));
        gone.map(|phone| self.workers.free_phone(&self.phones.of(phone)))
            .collect()
    }

    pub(crate) async fn erase(
        &self,
        request: &Request,
        by: MemberOf<AuthorityId>,
        worker: &str,
    ) -> Result<Response, Problem> {
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=200))?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let (actor, now) = (Actor::from(&by), self.clock.now());
        let trail = Some(&self.directory);
        let file = self.eraser.erase(&id, &actor, &reason, trail, now).await?;
        self.look_and_answer(&file, &by.team, &reason).await
    }

    pub(crate) async fn answer_objection(
        &self,
        request: &Request,
        by: MemberOf<AuthorityId>,
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
            actor: Actor::from(&by),
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
        let (directory, actor) = (&self.directory, &event.actor);
        let changed = self
            .workers
            .change_by(directory, actor, &id, answer.at, decide);
        match changed.await? {
            Appended::Done(_) => {
                tracing::info!(worker.id = %id, authority.id = %by.team, outcome, "an objection was answered");
            }
            Appended::Repeat(file) => {
                if self.workers.caused(&file, &event.id).await? != Some(Some(event.payload)) {
                    let words = "This objection already has a different answer.";
                    return Err(Problem::conflict().detail(words));
                }
            }
            Appended::Refused(Refused::Other(problem)) => return Err(problem),
            Appended::Refused(Refused::NotDecided(refusal)) => return Err(not_decided(refusal)),
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
        let page = self
            .workers
            .records()
            .waiting(Waits::Decision, limit, cursor)
            .await?;
        let files = page.items.iter().map(|(id, _)| self.workers.open(id));
        let files: Vec<_> = files.collect();
        let files = futures::future::try_join_all(files).await?;
        let items = files.iter().flatten().flat_map(|file| {
            let worker = &file.worker;
            // The index may lag behind: then nothing waits of her any more.
            let registration = worker
                .waits_since
                .filter(|_| worker.standing == Standing::Pending);
            let registration = registration.map(|since| WaitingItem {
                version: Some(worker.review_version),
                ..WaitingItem::for_worker("worker", worker, worker.employer(), since)
            });
            let proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
            let waiting = proposals.filter(|proposal| proposal.waits());
            let proposals = waiting.map(|proposal| WaitingItem {
                proposal_id: Some(proposal.id.clone()),
                version: Some(proposal.version(worker)),
                pending_changes: Some(json!(ChangesAnswer::masked(&proposal.changes))),
                ..WaitingItem::for_worker("worker", worker, Some(&proposal.agency), proposal.at)
            });
            registration.into_iter().chain(proposals)
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
            let agency = worker.employer();
            Some(WaitingItem {
                objection_id: Some(waiting.id),
                about: Some(waiting.about),
                text: Some(waiting.text),
                ..WaitingItem::for_worker("objection", worker, agency, waiting.since)
            })
        });
        Ok(http::Page {
            items: items.collect(),
            next_cursor: page.next,
        })
    }

    /// Those who have asked for it, which nobody decides on: the authority is told.
    pub(crate) async fn erasures_waiting(
        &self,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<http::Page<WaitingItem>, Problem> {
        let records = self.workers.records();
        let page = records.waiting(Waits::Erasure, limit, cursor).await?;
        let ids: Vec<WorkerId> = page.items.iter().map(|(id, _)| id.clone()).collect();
        let workers = records.get_all(&ids).await?;
        let items = page.items.into_iter().filter_map(|(id, since)| {
            let worker = workers.iter().find(|worker| worker.id == id)?;
            let agency = worker.employer();
            Some(WaitingItem::for_worker("erasure", worker, agency, since))
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

impl Verdict {
    /// Whether she cannot go any more, after it, to visits that she is named for: suspended, or with another agency.
    fn may_end_work(&self) -> bool {
        let is_named = self.proposal.is_some() || self.agency.is_some();
        match self.decision {
            Decision::Suspend => true,
            Decision::Approve => is_named,
            Decision::Reject | Decision::Reinstate => false,
        }
    }

    fn on(&self, proposal: Option<&Proposal>) -> LastDecision {
        LastDecision {
            proposal: proposal.map(|proposal| proposal.id.clone()),
            decision: self.decision,
            version: self.version,
        }
    }
}

/// What is decided on: the proposal that is named, or that of the agency that is named. Where none is named it is her
/// employer's, if one waits, else her registration; another agency's wish to employ her must be named.
fn subject<'a>(file: &'a WorkerFile, verdict: &Verdict) -> Result<Subject<'a>, Refused> {
    let worker = &file.worker;
    let agency = verdict.agency.as_ref().unwrap_or(&worker.agency);
    let named = ProposalId::new(&worker.id, agency);
    let id = verdict.proposal.clone().unwrap_or_else(|| named.clone());
    if verdict.agency.is_some() && id != named {
        let detail = "is not the agency of this proposal".to_owned();
        let pointer = "/agency_id".to_owned();
        return Err(Problem::invalid(vec![Fault { pointer, detail }]).into());
    }
    let mut waiting = file.profile.iter().flat_map(|profile| {
        let proposals = profile.proposals.iter();
        proposals.map(move |proposal| (profile, proposal))
    });
    let waiting = waiting.find(|(_, proposal)| proposal.id == id && proposal.waits());
    let is_registration = verdict.proposal.is_none() && *agency == worker.agency;
    let decision = LastDecision {
        proposal: Some(id),
        decision: verdict.decision,
        version: verdict.version,
    };
    match waiting {
        _ if !verdict.decision.needs_version() && is_registration => Ok(Subject::Registration),
        Some((profile, proposal)) if verdict.decision.needs_version() => {
            let is_new = worker.binds(&decision, proposal.version(worker))?;
            Ok(if is_new {
                Subject::Proposal(profile, proposal)
            } else {
                Subject::Answered
            })
        }
        _ if worker.last_decision.as_ref() == Some(&decision) => Ok(Subject::Answered),
        _ if is_registration => Ok(Subject::Registration),
        _ => Err(Refused::Other(Problem::not_found())),
    }
}

fn not_agreed(profile: &Profile) -> Problem {
    let words = if profile.has_sessions() {
        "She has not agreed, in a session of her own, to work for this agency."
    } else {
        "She has no sessions of her own: say by phone_confirmed that it was confirmed with her."
    };
    Problem::conflict().detail(words)
}

fn put_both(worker: Worker, profile: Profile, events: Vec<NewEvent>, with: Vec<Member>) -> Step {
    Step {
        worker: Some(worker),
        profile: ProfileChange::Put(Box::new(profile)),
        events,
        with,
    }
}

fn review_event(file: &WorkerFile, verdict: &Verdict, proposal: Option<&Proposal>) -> NewEvent {
    let actor = Actor::from(&verdict.by);
    let about = match proposal {
        None => "registration",
        Some(proposal) if proposal.consent.is_some() => "employment",
        Some(_) => "changes",
    };
    let payload = json!({
        "about": about,
        "agency": proposal.map_or(file.worker.employer(), |proposal| Some(&proposal.agency)),
        "version": verdict.version,
        "changes": proposal.map(|proposal| &proposal.changes),
        "phone_confirmed": verdict.phone_confirmed,
        "decision": verdict.decision,
        "reason": verdict.reason,
    });
    next_event(file, EventKind::Reviewed, actor, payload)
}

//! Registers workers.
//!
//! A person has one id, whichever agency registers her. A new worker is written with her key, her profile and her first
//! two events in one transaction. A worker of another agency is proposed to the authority, and the proposing agency gets
//! the same answer as for a new worker. A worker whose data was erased starts anew in the same chain.

use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::id::{AgencyId, EventId, WorkerId};
use domain::member::Right;
use domain::time::Millis;
use domain::worker::{Profile, Proposal, ProposedChanges, Worker, masked_name};
use lambda_http::http::StatusCode;
use record::{Reader, WorkerAnswer};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Problem, secret};
use serde_json::{Value, json};
use store::{
    Appended, Member, NewEvent, NewWorker, Part, ProfileChange, RegisteredWorker, Step, WorkerFile,
};

use crate::changes::consent_too_old;
use crate::request::{Terms, WorkerRegistration};
use crate::{Desk, require_seen_by};

/// The most attempts when other registrations of the same worker or key interfere.
const MOST_ATTEMPTS: u32 = 5;

/// The most proposals that are kept of one worker. Of those that were rejected the oldest makes room.
const MOST_PROPOSALS: usize = 20;

/// A registration, with the ids and hashes derived from it.
struct Registering {
    agency: AgencyId,
    by: Actor,
    worker: WorkerId,
    given: WorkerRegistration,
    key_hash: String,
    body_hash: [u8; 32],
    now: Millis,
}

/// Why a known worker was not registered.
enum NotRegistered {
    /// The agency has registered her before.
    Exists,
    /// So many agencies want her that no other one's wish is taken.
    TooMany,
    /// The writes could not be prepared.
    Failed(store::Error),
}

impl From<store::Error> for NotRegistered {
    fn from(error: store::Error) -> Self {
        Self::Failed(error)
    }
}

impl Desk {
    pub(crate) async fn register(&self, request: &Request) -> Result<Response, Problem> {
        let now = self.clock.now();
        let by = self.calling_agency(request, Right::Workers)?;
        let (by, agency) = (Actor::from(&by), by.team);
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let terms = Terms {
            ages: self.ages.clone(),
            services: self.require_approved(&agency).await?,
            catalogue: &self.market.catalogue,
            now,
        };
        let (given, refused) = match WorkerRegistration::parse_now(&body, &terms) {
            Ok(given) => (given, None),
            // What could be registered then may be repeated when it could not be any more.
            Err(problem) => match WorkerRegistration::parse(&body) {
                Ok(given) => (given, Some(problem)),
                Err(_) => return Err(problem),
            },
        };
        // Keyed, because the ID number in the body could be guessed from a plain hash.
        let parts: [&[u8]; 3] = [b"key", agency.bare().as_bytes(), key.as_bytes()];
        let key_hash = secret::hmac(&self.request_hash_key, &parts);
        let new = Registering {
            worker: self.ids.of(&given.id_number),
            agency,
            by,
            given,
            key_hash: domain::id::base32(&key_hash[..16]),
            body_hash: secret::hmac(&self.request_hash_key, &[b"body", &body.hash()]),
            now,
        };
        let answer = self.register_or_repeat(&new, refused).await?;
        Ok(http::json(StatusCode::CREATED, &answer))
    }

    /// Unless it is a repeat, it is `refused`.
    async fn register_or_repeat(
        &self,
        new: &Registering,
        mut refused: Option<Problem>,
    ) -> Result<WorkerAnswer, Problem> {
        for _ in 0..MOST_ATTEMPTS {
            let known = self
                .workers
                .registered_by(&new.agency, &new.key_hash, &new.body_hash)
                .await?;
            let outcome = match known {
                Some(outcome) => outcome,
                None => {
                    if let Some(problem) = refused.take() {
                        return Err(problem);
                    }
                    let mut worker = new.new_worker();
                    let (id, registered) = (&new.worker, &worker.events[0]);
                    let deed = self.directory.deed_to(id, &new.by, registered, new.now);
                    worker.with.extend(deed);
                    self.workers.register(&worker, new.now).await?
                }
            };
            let file = match outcome {
                RegisteredWorker::New(file) => {
                    tracing::info!(agency.id = %new.agency, worker.id = %new.worker, "a worker was registered");
                    file
                }
                RegisteredWorker::Repeat(worker) => {
                    let file = self.workers.open(&worker).await?;
                    Box::new(file.ok_or_else(Problem::internal)?)
                }
                RegisteredWorker::KeyReused => return Err(Problem::idempotency_key_reused()),
                RegisteredWorker::Exists(_) => match self.register_known(new).await? {
                    Some(file) => file,
                    None => continue,
                },
            };
            return self.registration_answer(new, &file).await;
        }
        Err(Problem::unavailable())
    }

    /// Registers a worker who was registered before. `None` if another request with the same key came first.
    async fn register_known(&self, new: &Registering) -> Result<Option<Box<WorkerFile>>, Problem> {
        let workers = &self.workers;
        let decide = |file: &WorkerFile| -> Result<Step, NotRegistered> {
            let (agency, worker) = (&new.agency, &new.worker);
            let request = workers.remember_request(agency, &new.key_hash, worker, &new.body_hash);
            let Some(profile) = file.profile.as_ref().filter(|_| !file.worker.is_erased) else {
                let given_at = new.given.consent.given_at;
                return Ok(new.restart_step(
                    &file.worker,
                    vec![
                        request,
                        workers.unlist_erased(worker, given_at),
                        workers.give_consent(worker, given_at),
                    ],
                ));
            };
            if require_seen_by(file, agency).is_ok() {
                return Err(NotRegistered::Exists);
            }
            let waiting = profile.proposals.iter().filter(|proposal| proposal.waits());
            if waiting.count() >= MOST_PROPOSALS {
                return Err(NotRegistered::TooMany);
            }
            Ok(new.proposal_step(file, profile, request))
        };
        let (directory, id) = (&self.directory, &new.worker);
        let changed = workers.change_by(directory, &new.by, id, new.now, decide);
        match changed.await? {
            Appended::Done(file) | Appended::Repeat(file) => {
                tracing::info!(agency.id = %new.agency, worker.id = %new.worker, "a known worker was registered");
                Ok(Some(file))
            }
            Appended::Refused(NotRegistered::Exists) => Err(Problem::worker_exists()),
            Appended::Refused(NotRegistered::TooMany) => Err(Problem::rate_limited(3600).detail(
                "Too many agencies have registered this person and wait for the authority.",
            )),
            Appended::Refused(NotRegistered::Failed(error)) => Err(error.into()),
            Appended::WithRefused(Part::Request) => Ok(None),
            Appended::WithRefused(_) => Err(consent_too_old("her data was erased")),
            Appended::NotFound => Err(Problem::internal()),
        }
    }

    /// The answer to the agency that registered the worker.
    async fn registration_answer(
        &self,
        new: &Registering,
        file: &WorkerFile,
    ) -> Result<WorkerAnswer, Problem> {
        let (rules, now) = (&self.market.credit, self.clock.now());
        if file.worker.agency == new.agency {
            let reader = Reader::Agency;
            let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now);
            return Ok(answer.await?);
        }
        let proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
        let own = proposals.into_iter().find(|own| own.agency == new.agency);
        let gone = Proposal {
            standing: Standing::Rejected,
            ..new.proposal()
        };
        let (id, number) = (&new.worker, &new.given.id_number);
        let own = own.unwrap_or(&gone);
        Ok(WorkerAnswer::proposed(id, own, number, rules, now))
    }
}

impl Registering {
    fn worker(&self) -> Worker {
        Worker {
            id: self.worker.clone(),
            version: 0,
            agency: self.agency.clone(),
            standing: Standing::Pending,
            skills: self.given.skills,
            experience: self.given.experience.clone(),
            sex: Some(self.given.id_number.sex()),
            masked_name: masked_name(&self.given.name),
            registered_at: self.now,
            waits_since: Some(self.now),
            photo: None,
            sections: domain::credit::Sections::default(),
            is_erased: false,
            review_version: 1,
            last_decision: None,
        }
    }

    fn profile(&self) -> Profile {
        Profile {
            name: self.given.name.clone(),
            id_number: self.given.id_number.clone(),
            phone: self.given.phone.clone(),
            consent: self.given.consent.clone(),
            references: Default::default(),
            phone_confirmed: false,
            former_phone: None,
            proposals: Vec::new(),
        }
    }

    fn proposal(&self) -> Proposal {
        let changes = ProposedChanges {
            name: Some(self.given.name.clone()),
            phone: Some(self.given.phone.clone()),
            skills: Some(self.given.skills),
            experience: Some(self.given.experience.clone()),
            photo: None,
        };
        Proposal {
            consent: Some(self.given.consent.clone()),
            ..Proposal::new(&self.worker, &self.agency, changes, self.now)
        }
    }

    fn event(&self, kind: EventKind, actor: Actor, payload: Value) -> NewEvent {
        let cause = [self.agency.as_str(), &self.key_hash];
        NewEvent {
            id: EventId::from_cause(kind.as_str(), &cause),
            kind,
            actor,
            payload,
        }
    }

    fn events(&self) -> Vec<NewEvent> {
        let by = self.by.clone();
        vec![
            self.event(EventKind::Registered, by.clone(), self.payload()),
            self.event(EventKind::ConsentGiven, by, json!(self.given.consent)),
        ]
    }

    fn payload(&self) -> Value {
        json!({
            "agency": self.agency,
            "name": self.given.name,
            "id_number": self.given.id_number.masked(),
            "phone": self.given.phone,
            "skills": self.given.skills,
            "experience": self.given.experience,
        })
    }

    fn new_worker(&self) -> NewWorker {
        NewWorker {
            worker: self.worker(),
            profile: self.profile(),
            events: self.events(),
            with: Vec::new(),
            key_hash: self.key_hash.clone(),
            body_hash: self.body_hash,
        }
    }

    /// For a worker whose data was erased: a new key and a new profile in the same chain.
    fn restart_step(&self, erased: &Worker, with: Vec<Member>) -> Step {
        Step {
            worker: Some(Worker {
                review_version: erased.review_version + 1,
                ..self.worker()
            }),
            profile: ProfileChange::Put(Box::new(self.profile())),
            events: self.events(),
            with,
        }
    }

    /// For a worker of another agency. The event's actor is the platform, because her present employer can read the
    /// chain; the payload, which it cannot read, names the new agency.
    fn proposal_step(&self, file: &WorkerFile, profile: &Profile, request: Member) -> Step {
        let mut worker = file.worker.clone();
        worker.waits_since = worker.waits_since.or(Some(self.now));
        let mut profile = profile.clone();
        if let (true, Some(place)) = (
            profile.proposals.len() >= MOST_PROPOSALS,
            profile.proposals.iter().position(|old| !old.waits()),
        ) {
            profile.proposals.remove(place);
        }
        profile.proposals.push(self.proposal());
        let mut payload = self.payload();
        payload["consent"] = json!(self.given.consent);
        Step {
            worker: Some(worker),
            profile: ProfileChange::Put(Box::new(profile)),
            events: vec![self.event(EventKind::Registered, Actor::Platform, payload)],
            with: vec![request],
        }
    }
}

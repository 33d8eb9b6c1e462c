//! Registering workers.
//!
//! A person has one id, whoever registers her. Somebody new is written with her key, her profile and her first two
//! events in one transaction. Somebody who works for another agency is proposed to the authority, and the agency that
//! proposes is told no more than of somebody new. Somebody whose data was erased begins anew, in the same chain.

use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::id::{AgencyId, EventId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, ProposedEmployment, Worker, masked_name};
use lambda_http::http::StatusCode;
use record::{Reader, WorkerAnswer};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Problem, secret};
use serde_json::{Value, json};
use store::{
    Appended, Member, NewEvent, NewWorker, Part, ProfileChange, RegisteredWorker, Step, WorkerFile,
};

use crate::Desk;
use crate::changes::consent_too_old;
use crate::request::{Terms, WorkerRegistration};

/// How often a registration is tried that others got in the way of.
const ROUNDS: u32 = 5;

/// A registration with all that follows from it.
struct Registering {
    agency: AgencyId,
    worker: WorkerId,
    given: WorkerRegistration,
    key_hash: String,
    body_hash: [u8; 32],
    now: Millis,
}

/// Why nobody is registered.
enum NotRegistered {
    /// The agency has registered her before.
    Exists,
    /// A write could not be put together.
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
        let agency = self.agency(request)?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let terms = Terms {
            ages: self.ages.clone(),
            services: self.approved(&agency).await?,
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
        // Keyed, since a plain hash of a body that holds an ID number could be guessed.
        let parts: [&[u8]; 3] = [b"key", agency.bare().as_bytes(), key.as_bytes()];
        let key_hash = secret::hmac(&self.requests, &parts);
        let new = Registering {
            worker: self.ids.of(&given.id_number),
            agency,
            given,
            key_hash: domain::id::base32(&key_hash[..16]),
            body_hash: secret::hmac(&self.requests, &[b"body", &body.hash()]),
            now,
        };
        let answer = self.registered(&new, refused).await?;
        Ok(http::json(StatusCode::CREATED, &answer))
    }

    /// Unless it is a repeat, it is `refused`.
    async fn registered(
        &self,
        new: &Registering,
        mut refused: Option<Problem>,
    ) -> Result<WorkerAnswer, Problem> {
        for _ in 0..ROUNDS {
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
                    let first = new.first();
                    self.workers.register(&first, new.now).await?
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
            return self.as_registered(new, &file).await;
        }
        Err(Problem::unavailable())
    }

    /// Registers somebody who was registered before. `None`: the same request was quicker.
    async fn register_known(&self, new: &Registering) -> Result<Option<Box<WorkerFile>>, Problem> {
        let workers = &self.workers;
        let decide = |file: &WorkerFile| -> Result<Step, NotRegistered> {
            let (agency, worker) = (&new.agency, &new.worker);
            let request = workers.remember_request(agency, &new.key_hash, worker, &new.body_hash);
            let Some(profile) = file.profile.as_ref().filter(|_| !file.worker.is_erased) else {
                let given_at = new.given.consent.given_at;
                let anew = [
                    request,
                    workers.unlist_erased(worker, given_at),
                    workers.give_consent(worker, given_at),
                ];
                return Ok(new.anew(anew.into()));
            };
            let proposed = profile.proposed.as_ref();
            let is_known = file.worker.agency == *agency
                || proposed.is_some_and(|proposed| proposed.agency == *agency);
            if is_known {
                return Err(NotRegistered::Exists);
            }
            Ok(new.proposal(file, profile, request))
        };
        let changed = self.workers.change(&new.worker, new.now, decide).await;
        match changed? {
            Appended::Done(file) | Appended::Repeat(file) => {
                tracing::info!(agency.id = %new.agency, worker.id = %new.worker, "a known worker was registered");
                Ok(Some(file))
            }
            Appended::Refused(NotRegistered::Exists) => Err(Problem::worker_exists()),
            Appended::Refused(NotRegistered::Failed(error)) => Err(error.into()),
            Appended::WithRefused(Part::Request) => Ok(None),
            Appended::WithRefused(_) => Err(consent_too_old("her data was erased")),
            Appended::NotFound => Err(Problem::internal()),
        }
    }

    /// How the agency that registered sees the worker now.
    async fn as_registered(
        &self,
        new: &Registering,
        file: &WorkerFile,
    ) -> Result<WorkerAnswer, Problem> {
        let (rules, now) = (&self.rules, self.clock.now());
        if file.worker.agency == new.agency {
            let reader = Reader::Agency;
            let answer = WorkerAnswer::for_reader(reader, &self.workers, file, rules, now);
            return Ok(answer.await?);
        }
        let proposed = file
            .profile
            .as_ref()
            .and_then(|profile| profile.proposed.as_ref());
        let waits = proposed.filter(|proposed| proposed.agency == new.agency);
        let (proposed, status) = match waits {
            Some(proposed) => (proposed.clone(), Standing::Pending),
            None => (new.proposed(), Standing::Rejected),
        };
        let (id, number) = (&new.worker, &new.given.id_number);
        let answer = WorkerAnswer::proposed(id, &proposed, number, status, rules, now);
        Ok(answer)
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
            masked_name: masked_name(&self.given.name),
            registered_at: self.now,
            waits_since: Some(self.now),
            photo: None,
            sections: domain::credit::Sections::default(),
            is_erased: false,
        }
    }

    fn profile(&self) -> Profile {
        Profile {
            name: self.given.name.clone(),
            id_number: self.given.id_number.clone(),
            phone: self.given.phone.clone(),
            consent: self.given.consent.clone(),
            references: Default::default(),
            proposed: None,
        }
    }

    fn proposed(&self) -> ProposedEmployment {
        ProposedEmployment {
            agency: self.agency.clone(),
            name: self.given.name.clone(),
            phone: self.given.phone.clone(),
            skills: self.given.skills,
            consent: self.given.consent.clone(),
            at: self.now,
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
        let by = Actor::Agency(self.agency.clone());
        vec![
            self.event(EventKind::Registered, by.clone(), self.said()),
            self.event(EventKind::ConsentGiven, by, json!(self.given.consent)),
        ]
    }

    fn said(&self) -> Value {
        json!({
            "agency": self.agency,
            "name": self.given.name,
            "id_number": self.given.id_number.masked(),
            "phone": self.given.phone,
            "skills": self.given.skills,
        })
    }

    fn first(&self) -> NewWorker {
        NewWorker {
            worker: self.worker(),
            profile: self.profile(),
            events: self.events(),
            with: Vec::new(),
            key_hash: self.key_hash.clone(),
            body_hash: self.body_hash,
        }
    }

    /// Whose data was erased begins anew: a new key, a new profile, the same chain.
    fn anew(&self, with: Vec<Member>) -> Step {
        Step {
            worker: Some(self.worker()),
            profile: ProfileChange::Put(Box::new(self.profile())),
            events: self.events(),
            with,
        }
    }

    /// Who works for another agency is proposed. The event names nobody, since the present employer can read the
    /// chain; the payload, which it cannot read, does.
    fn proposal(&self, file: &WorkerFile, profile: &Profile, request: Member) -> Step {
        let mut worker = file.worker.clone();
        worker.waits_since = worker.waits_since.or(Some(self.now));
        let mut profile = profile.clone();
        profile.proposed = Some(self.proposed());
        let mut said = self.said();
        said["consent"] = json!(self.given.consent);
        Step {
            worker: Some(worker),
            profile: ProfileChange::Put(Box::new(profile)),
            events: vec![self.event(EventKind::Registered, Actor::Platform, said)],
            with: vec![request],
        }
    }
}

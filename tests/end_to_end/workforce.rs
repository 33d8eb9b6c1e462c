//! Workers for tests that are about something else: registered, approved, with a clear record. They are written by the
//! same transactions as all workers, without the requests that `workers` tests.

use std::time::Duration;

use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::check::IdNumber;
use domain::credit::{Entry, Recorded, Section, Sections};
use domain::id::{AgencyId, EventId, ProposalId, SourceId, WorkerId};
use domain::time::Millis;
use domain::worker::{Consent, Profile, Worker, masked_name};
use objects::Photos;
use serde_json::{Value, json};
use store::{
    Appended, NewEvent, NewWorker, ProfileChange, RegisteredWorker, Step, WorkerIds, Workers,
};

use crate::log_watch;
use crate::workers::{numerals, text};
use crate::world::{Agency, World};

/// The source of the clear sections of [`World::cleared_worker`].
pub const SOURCE: &str = "test-bureau";

/// A worker who can be named for visits, with what only her agency and the authority may see.
#[derive(Clone, Debug)]
pub struct Hired {
    pub id: String,
    pub name: String,
    pub id_number: String,
    pub phone: String,
}

impl World {
    pub fn workers(&self) -> Workers {
        Workers::new(&self.platform.operator_settings())
    }

    /// Of any function that has this variable.
    pub fn setting(&self, name: &str) -> String {
        let mut functions = self.platform.stack().functions.iter();
        let value = functions.find_map(|function| function.environment.get(name));
        value.expect("a function has this setting").clone()
    }

    /// An approved worker of this agency whose nine sections are all clear now.
    pub async fn cleared_worker(&self, agency: &Agency, skills: &[&str]) -> Hired {
        let now = self.now();
        self.worker_with(agency, skills, all_clear(now)).await
    }

    /// An approved worker of this agency with this record.
    pub async fn worker_with(&self, agency: &Agency, skills: &[&str], record: Sections) -> Hired {
        let now = self.now();
        let n = self.unique();
        let born = 1970 + n / 1_000 % 30;
        let body = format!("230103{born}0615{:03}", n % 1_000);
        let number = IdNumber::complete(&body).expect("a number");
        let hired = Hired {
            id: WorkerIds::new(&self.platform.operator_settings())
                .of(&number)
                .to_string(),
            name: format!("赵试{}", numerals(n)),
            id_number: number.as_str().to_owned(),
            phone: format!("150{n:08}"),
        };
        for words in [&hired.name, &hired.id_number, &hired.phone] {
            log_watch::keep_secret(words);
        }
        let by: AgencyId = agency.id.parse().expect("an agency");
        let event = |kind: EventKind, actor| NewEvent {
            id: EventId::from_cause(kind.as_str(), &[&hired.id]),
            kind,
            actor,
            payload: json!({}),
        };
        let photos = Photos::new(&self.platform.operator_settings());
        let jpeg = include_bytes!("photo.jpg");
        let photo = Photos::named(&hired.id.parse().expect("a worker"), jpeg);
        photos.put(&photo, jpeg.to_vec()).await.expect("stored");
        let worker = Worker {
            id: hired.id.parse().expect("a worker"),
            version: 0,
            agency: by.clone(),
            standing: Standing::Approved,
            skills: skills
                .iter()
                .map(|skill| skill.parse().expect("a service"))
                .collect(),
            experience: Vec::new(),
            sex: Some(number.sex()),
            masked_name: masked_name(&hired.name),
            registered_at: now,
            waits_since: None,
            photo: Some(photo),
            sections: record,
            is_erased: false,
            review_version: 1,
            last_decision: None,
        };
        let new = NewWorker {
            worker,
            profile: Profile {
                name: hired.name.clone(),
                id_number: number,
                phone: hired.phone.parse().expect("a phone"),
                consent: Consent {
                    text_version: "2026-01".to_owned(),
                    given_at: now,
                },
                references: Default::default(),
                phone_confirmed: true,
                former_phone: None,
                proposals: Vec::new(),
            },
            events: vec![
                event(EventKind::Registered, Actor::Agency(by.clone(), None)),
                event(EventKind::ConsentGiven, Actor::Agency(by, None)),
                event(EventKind::Reviewed, Actor::Platform),
            ],
            with: Vec::new(),
            key_hash: format!("test{n}"),
            body_hash: [0; 32],
        };
        let registered = self.workers().register(&new, now).await;
        let registered = registered.expect("the tables answer");
        assert!(
            matches!(registered, RegisteredWorker::New(_)),
            "{registered:?}"
        );
        hired
    }

    /// Changes a worker's item by hand, with an event that says so.
    pub async fn change_worker(&self, id: &str, change: impl Fn(&mut Worker)) {
        let id: WorkerId = id.parse().expect("a worker");
        let cause = self.unique().to_string();
        let changed = self
            .workers()
            .change(&id, self.now(), |file| -> Result<Step, ()> {
                let mut worker = file.worker.clone();
                change(&mut worker);
                Ok(Step {
                    worker: Some(worker),
                    events: vec![NewEvent {
                        id: EventId::from_cause("correction", &[&cause]),
                        kind: EventKind::Correction,
                        actor: Actor::Platform,
                        payload: json!({}),
                    }],
                    ..Step::default()
                })
            })
            .await;
        assert!(matches!(changed, Ok(Appended::Done(_))), "{changed:?}");
    }

    /// She has agreed to what this agency proposes, if that is to employ her.
    pub async fn agree_by_hand(&self, id: &Value, agency: &str) {
        let (now, cause) = (self.now(), self.unique().to_string());
        let id: WorkerId = text(id).parse().expect("a worker");
        let agency: AgencyId = agency.parse().expect("an agency");
        let proposal = ProposalId::new(&id, &agency);
        let consent = Consent {
            text_version: "2026-01".to_owned(),
            given_at: now,
        };
        let changed = self
            .workers()
            .change(&id, now, |file| -> Result<Step, ()> {
                let profile = file.profile.as_ref().ok_or(())?;
                let Some(agreed) = profile.agreed(&proposal, consent.clone()) else {
                    return Ok(Step::default());
                };
                Ok(Step {
                    profile: ProfileChange::Put(Box::new(agreed)),
                    events: vec![NewEvent {
                        id: EventId::from_cause("correction", &[&cause]),
                        kind: EventKind::Correction,
                        actor: Actor::Platform,
                        payload: json!({}),
                    }],
                    ..Step::default()
                })
            })
            .await;
        assert!(matches!(changed, Ok(Appended::Done(_))), "{changed:?}");
    }

    /// Sets one section of a worker.
    pub async fn record(&self, id: &str, section: Section, entry: Entry) {
        let now = self.now();
        self.change_worker(id, |worker| {
            worker.sections.record(section, entry.clone(), now);
        })
        .await;
    }
}

/// A record in which every section is clear as of now, for a year where an end is required.
pub fn all_clear(now: Millis) -> Sections {
    let sections = Section::ALL.iter();
    sections
        .map(|section| (*section, entry(Recorded::Clear, now)))
        .collect()
}

/// What the tests' source says as of this moment, valid for a year.
pub fn entry(recorded: Recorded, as_of: Millis) -> Entry {
    Entry {
        source: SOURCE.parse::<SourceId>().expect("a source"),
        recorded,
        as_of,
        valid_from: None,
        valid_until: Some(as_of + Duration::from_secs(365 * 86_400)),
    }
}

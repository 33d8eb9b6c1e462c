//! Workers: one chain each, whatever comes at once; personal data under a key of its own.

use std::convert::Infallible;

use domain::agency::Standing;
use domain::chain::{Actor, EventKind, Hash, Head, commitment};
use domain::check::IdNumber;
use domain::id::{AgencyId, EventId, WorkerId};
use domain::service::{Service, ServiceSet};
use domain::time::Millis;
use domain::worker::{Consent, Experience, Profile, Worker, masked_name};
use serde_json::{Value, json};
use settings::Settings;
use store::{
    Appended, NewEvent, NewWorker, Part, ProfileChange, RegisteredWorker, Step, TracedEvent, Waits,
    WorkerIds, Workers,
};

use crate::world::{NOW, World};

const NAME: &str = "张秀兰";
const ID_NUMBER: &str = "11010519491231002X";

fn agency(n: u8) -> AgencyId {
    AgencyId::from_bytes(&[n; 16])
}

fn number() -> IdNumber {
    ID_NUMBER.parse().unwrap()
}

fn event(kind: EventKind, cause: &str, payload: Value) -> NewEvent {
    NewEvent {
        id: EventId::from_cause(kind.as_str(), &[cause]),
        kind,
        actor: Actor::Agency(agency(1), None),
        payload,
    }
}

fn registration(by: u8, key: &str) -> NewWorker {
    let ids = WorkerIds::new(&Settings::from_variables([("WORKER_ID_KEY", "ids")]));
    let id = ids.of(&number());
    NewWorker {
        worker: Worker {
            id,
            version: 0,
            agency: agency(by),
            standing: Standing::Pending,
            skills: ServiceSet::all(),
            experience: vec![Experience {
                service: Service::Cooking,
                years: 4,
                tags: ["halal", "flour_food"]
                    .map(|tag| tag.parse().unwrap())
                    .into(),
            }],
            sex: Some(number().sex()),
            masked_name: masked_name(NAME),
            registered_at: NOW,
            waits_since: Some(NOW),
            photo: None,
            sections: domain::credit::Sections::default(),
            is_erased: false,
            review_version: 1,
            last_decision: None,
        },
        profile: Profile {
            name: NAME.to_owned(),
            id_number: number(),
            phone: "13912345678".parse().unwrap(),
            consent: Consent {
                text_version: "2026-01".to_owned(),
                given_at: NOW,
            },
            references: Default::default(),
            phone_confirmed: false,
            former_phone: None,
            proposals: Vec::new(),
        },
        events: vec![
            event(
                EventKind::Registered,
                key,
                json!({"name": NAME, "id_number": ID_NUMBER}),
            ),
            event(
                EventKind::ConsentGiven,
                key,
                json!({"text_version": "2026-01"}),
            ),
        ],
        with: Vec::new(),
        key_hash: key.to_owned(),
        body_hash: [by; 32],
    }
}

pub async fn registered(world: &World) -> WorkerId {
    let new = registration(1, "k");
    let outcome = world.workers.register(&new, NOW).await.unwrap();
    assert!(matches!(outcome, RegisteredWorker::New(_)));
    new.worker.id
}

/// The whole chain, after every link of it was checked.
async fn chain(workers: &Workers, id: &WorkerId) -> Vec<TracedEvent> {
    let mut events: Vec<TracedEvent> = Vec::new();
    let mut from: Option<String> = None;
    loop {
        let page = workers.trace(id, true, 7, from.as_deref()).await.unwrap();
        events.extend(page.items);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let mut head = Head::EMPTY;
    for traced in &events {
        let event = &traced.stored.event;
        assert_eq!(event.seq, head.seq + 1, "without a gap");
        assert_eq!(event.prev, head.hash);
        assert_eq!(traced.stored.hash, event.hash());
        if let Some(opened) = &traced.opened {
            let expected = commitment(&opened.salt.0, &opened.payload);
            assert_eq!(event.payload_commitment, expected);
        }
        head = Head {
            seq: event.seq,
            hash: traced.stored.hash,
        };
    }
    assert_eq!(workers.open(id).await.unwrap().unwrap().head, head);
    events
}

#[tokio::test]
async fn a_registration_is_one_worker_with_two_events() {
    let world = World::new().await;
    let id = registered(&world).await;
    let file = world.workers.open(&id).await.unwrap().unwrap();
    assert_eq!(file.worker.version, 1);
    assert_eq!(file.profile.unwrap().name, NAME);
    let events = chain(&world.workers, &id).await;
    let kinds: Vec<_> = events
        .iter()
        .map(|traced| traced.stored.event.kind)
        .collect();
    assert_eq!(kinds, [EventKind::Registered, EventKind::ConsentGiven]);
    assert_eq!(events[0].opened.as_ref().unwrap().payload["name"], NAME);
    assert_ne!(events[0].stored.event.payload_commitment, Hash::NONE);

    let again = world
        .workers
        .register(&registration(1, "k"), NOW)
        .await
        .unwrap();
    assert!(matches!(again, RegisteredWorker::Repeat(same) if same == id));
    let mut other_body = registration(1, "k");
    other_body.body_hash = [9; 32];
    let reused = world.workers.register(&other_body, NOW).await.unwrap();
    assert!(matches!(reused, RegisteredWorker::KeyReused));
    for (by, key) in [(1, "another key"), (2, "k")] {
        let outcome = world
            .workers
            .register(&registration(by, key), NOW)
            .await
            .unwrap();
        let RegisteredWorker::Exists(file) = outcome else {
            panic!("a person is registered once: {outcome:?}");
        };
        assert_eq!(file.worker.agency, agency(1));
    }
    assert_eq!(chain(&world.workers, &id).await.len(), 2);
}

#[tokio::test]
async fn a_hundred_appends_at_once_make_a_chain_without_gaps() {
    let world = World::new().await;
    let id = registered(&world).await;
    let appends = (0..100).map(|n| {
        let (workers, id) = (&world.workers, &id);
        async move {
            let event = event(EventKind::Complaint, &n.to_string(), json!({"n": n}));
            let appended = workers.append(id, Millis(NOW.0 + n), &event).await.unwrap();
            assert!(matches!(appended, Appended::Done(_)));
        }
    });
    futures::future::join_all(appends).await;
    assert_eq!(chain(&world.workers, &id).await.len(), 102);
}

#[tokio::test]
async fn a_repeat_of_a_cause_adds_nothing() {
    let world = World::new().await;
    let id = registered(&world).await;
    let approval = |file: &store::WorkerFile| -> Result<Step, ()> {
        let mut worker = file.worker.clone();
        worker.standing = Standing::Approved;
        Ok(Step {
            worker: Some(worker),
            events: vec![event(
                EventKind::Reviewed,
                "r",
                json!({"decision": "approve"}),
            )],
            ..Step::default()
        })
    };
    let first = world.workers.change(&id, NOW, approval).await.unwrap();
    assert!(matches!(first, Appended::Done(file) if file.worker.version == 2));
    let again = world.workers.change(&id, NOW, approval).await.unwrap();
    assert!(matches!(again, Appended::Repeat(file) if file.worker.version == 2));
    assert_eq!(chain(&world.workers, &id).await.len(), 3);
    let nobody = WorkerId::from_bytes(&[0; 16]);
    let none = world.workers.change(&nobody, NOW, approval).await.unwrap();
    assert!(matches!(none, Appended::NotFound));
}

/// An event that nothing but its place in the chain names is no repeat of the one that came to that place first.
#[tokio::test]
async fn of_changes_at_once_none_is_lost() {
    let world = World::new().await;
    let id = registered(&world).await;
    let letters = 'a'..='t';
    let changes = letters.clone().map(|letter| {
        world.workers.change(&id, NOW, move |file| {
            let place = (file.head.seq + 1).to_string();
            let mut worker = file.worker.clone();
            worker.masked_name.push(letter);
            Ok::<_, Infallible>(Step {
                worker: Some(worker),
                events: vec![event(EventKind::Correction, &place, json!({}))],
                ..Step::default()
            })
        })
    });
    for change in futures::future::join_all(changes).await {
        assert!(matches!(change.unwrap(), Appended::Done(_)));
    }
    let name = world.workers.open(&id).await.unwrap().unwrap();
    let mut found: Vec<char> = name.worker.masked_name.chars().skip(2).collect();
    found.sort_unstable();
    assert_eq!(found, letters.collect::<Vec<_>>());
    assert_eq!(chain(&world.workers, &id).await.len(), 22);
}

#[tokio::test]
async fn what_else_belongs_to_a_change_is_written_with_it_or_nothing_is() {
    let world = World::new().await;
    let id = registered(&world).await;
    let take = |by: &WorkerId| world.workers.take_phone("hash", by, true);
    let with = |member, cause: &'static str| {
        move |_: &store::WorkerFile| -> Result<Step, ()> {
            Ok(Step {
                events: vec![event(EventKind::Correction, cause, json!({}))],
                with: vec![Clone::clone(&member)],
                ..Step::default()
            })
        }
    };
    let done = world
        .workers
        .change(&id, NOW, with(take(&id), "a"))
        .await
        .unwrap();
    assert!(matches!(done, Appended::Done(_)));
    assert_eq!(
        world.workers.by_phone("hash").await.unwrap(),
        Some(id.clone())
    );
    let other = WorkerId::from_bytes(&[7; 16]);
    let refused = world
        .workers
        .change(&id, NOW, with(take(&other), "b"))
        .await
        .unwrap();
    assert!(
        matches!(refused, Appended::WithRefused(Part::Phone)),
        "{refused:?}"
    );
    assert_eq!(chain(&world.workers, &id).await.len(), 3);
}

#[tokio::test]
async fn an_erased_person_leaves_a_chain_that_verifies_and_nothing_else() {
    let world = World::new().await;
    let id = registered(&world).await;
    let erase = |file: &store::WorkerFile| -> Result<Step, ()> {
        let mut worker = file.worker.clone();
        worker.is_erased = true;
        worker.masked_name = String::new();
        Ok(Step {
            worker: Some(worker),
            profile: ProfileChange::Erase,
            events: vec![event(
                EventKind::Redaction,
                "e",
                json!({"reason": "asked for"}),
            )],
            with: Vec::new(),
        })
    };
    let erased = world.workers.change(&id, NOW, erase).await.unwrap();
    assert!(matches!(erased, Appended::Done(_)));
    assert_eq!(world.workers.empty_payloads(&id).await.unwrap(), 2);
    assert_eq!(world.workers.empty_payloads(&id).await.unwrap(), 0);

    let file = world.workers.open(&id).await.unwrap().unwrap();
    assert!(file.profile.is_none() && file.key().is_none() && file.worker.is_erased);
    let events = chain(&world.workers, &id).await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|traced| traced.opened.is_none()));

    // She comes back: the chain goes on, under another key.
    let back = |file: &store::WorkerFile| -> Result<Step, ()> {
        let mut worker = file.worker.clone();
        worker.is_erased = false;
        Ok(Step {
            worker: Some(worker),
            profile: ProfileChange::Put(Box::new(registration(1, "k").profile)),
            events: vec![event(EventKind::Registered, "again", json!({"name": NAME}))],
            with: Vec::new(),
        })
    };
    let returned = world.workers.change(&id, NOW, back).await.unwrap();
    assert!(matches!(returned, Appended::Done(_)), "{returned:?}");
    let events = chain(&world.workers, &id).await;
    let opened: Vec<bool> = events
        .iter()
        .map(|traced| traced.opened.is_some())
        .collect();
    assert_eq!(opened, [false, false, false, true]);
}

#[tokio::test]
async fn an_agency_finds_its_workers_and_the_authority_those_who_wait() {
    let world = World::new().await;
    let id = registered(&world).await;
    let records = world.workers.records();
    let found = records.of_agency(&agency(1), 10, None).await.unwrap().items;
    // The index leaves out what staffing does not look at.
    let expected = Worker {
        waits_since: None,
        ..records.get(&id).await.unwrap().unwrap()
    };
    assert_eq!(found, [expected]);
    let others = records.of_agency(&agency(2), 10, None).await.unwrap();
    assert!(others.items.is_empty());
    let waiting = records.waiting(Waits::Decision, 10, None).await.unwrap();
    assert_eq!(waiting.items, [(id.clone(), NOW)]);
    assert!(
        records
            .waiting(Waits::Decision, 10, Some("x"))
            .await
            .is_err()
    );
}

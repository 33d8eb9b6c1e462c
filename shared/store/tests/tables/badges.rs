//! Badges: issued once whatever comes, each in a place of its own, and revoked with their worker's history.

use domain::agency::Standing;
use domain::badge::{Badge, BadgeDecision, BadgeSignature, BadgeStatus, Decider, StatusIndex};
use domain::chain::{Actor, EventKind};
use domain::check::IdNumber;
use domain::id::{BadgeId, EventId, WorkerId};
use domain::service::ServiceSet;
use domain::time::Millis;
use domain::worker::{Consent, Profile, Worker, masked_name};
use futures::{StreamExt, stream};
use serde_json::json;
use store::{
    Appended, BadgeStep, Badges, Entry, Error, Issued, NewBadge, NewEvent, NewWorker, Part,
    RegisteredWorker, Step, WorkerIds,
};

use crate::world::{NOW, World, agency};

const BODY: [u8; 32] = [7; 32];

struct Desk {
    world: World,
    badges: Badges,
    worker: WorkerId,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let badges = Badges::new(&world.settings);
        let number: IdNumber = "11010519491231002X".parse().unwrap();
        let worker = WorkerIds::new(&world.settings).of(&number);
        let new = NewWorker {
            worker: Worker {
                id: worker.clone(),
                version: 0,
                agency: agency(1),
                standing: Standing::Approved,
                skills: ServiceSet::all(),
                experience: Vec::new(),
                sex: None,
                masked_name: masked_name("张秀兰"),
                registered_at: NOW,
                waits_since: None,
                photo: None,
                sections: Default::default(),
                is_erased: false,
                review_version: 1,
                last_decision: None,
            },
            profile: Profile {
                name: "张秀兰".to_owned(),
                id_number: number,
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
            events: vec![NewEvent {
                id: EventId::from_cause("registered", &["one"]),
                kind: EventKind::Registered,
                actor: Actor::Agency(agency(1), None),
                payload: json!({}),
            }],
            with: Vec::new(),
            key_hash: "one".to_owned(),
            body_hash: BODY,
        };
        let registered = world.workers.register(&new, NOW).await.unwrap();
        assert!(matches!(registered, RegisteredWorker::New(_)));
        Self {
            world,
            badges,
            worker,
        }
    }

    fn new_badge(&self, n: u16) -> NewBadge {
        let [high, low] = n.to_be_bytes();
        NewBadge {
            badge: Badge {
                id: BadgeId::from_bytes(&[high, low, 0, 0, 0, 0, 0, 1]),
                worker: self.worker.clone(),
                agency: agency(1),
                status: BadgeStatus::Valid,
                index: StatusIndex(0),
                expires_day: 21_000,
                issued_at: Millis(NOW.0 + i64::from(n)),
                version: 1,
                signed: None,
            },
            body_hash: BODY,
            actor: Actor::Agency(agency(1), None),
            directory: self.world.directory.clone(),
        }
    }

    /// Issues badge `n` with these draws, the last of which is drawn again and again.
    async fn issue(&self, n: u16, draws: &[u32]) -> Issued<()> {
        let mut draws = draws.iter().copied().peekable();
        let draw = || {
            let drawn = draws.peek().copied();
            if draws.len() > 1 {
                draws.next();
            }
            drawn.ok_or(Error::wrong("no draw"))
        };
        let workers = &self.world.workers;
        self.badges
            .issue(workers, self.new_badge(n), NOW, draw, |_| Ok(()))
            .await
            .unwrap()
    }

    async fn issued(&self, n: u16, place: u32) -> Badge {
        match self.issue(n, &[place]).await {
            Issued::Done(badge) => *badge,
            other => panic!("{other:?}"),
        }
    }

    async fn kinds(&self) -> Vec<EventKind> {
        let page = self.world.workers.trace(&self.worker, false, 1_000, None);
        let events = page.await.unwrap().items.into_iter();
        events.map(|event| event.stored.event.kind).collect()
    }

    async fn commit(&self, step: BadgeStep) -> Appended<()> {
        let changed = self.world.workers.change(&self.worker, NOW, |_| {
            Ok(Step {
                events: vec![step.event.clone()],
                with: step.with.clone(),
                ..Step::default()
            })
        });
        changed.await.unwrap()
    }
}

#[tokio::test]
async fn a_badge_is_issued_once_however_often_it_is_asked_for() {
    let desk = Desk::new().await;
    let first = desk.issued(1, 17).await;
    assert_eq!(first.index, StatusIndex::new(0, 17));
    // A repeat draws another place, and gets the first one.
    let again = desk.issued(1, 18).await;
    assert!(again == first);
    let mut other = desk.new_badge(1);
    other.body_hash = [8; 32];
    let workers = &desk.world.workers;
    let reused = desk
        .badges
        .issue(workers, other, NOW, || Ok(5), |_| Ok::<_, ()>(()));
    assert_eq!(reused.await.unwrap(), Issued::KeyReused);
    let kinds = desk.kinds().await;
    assert_eq!(kinds, [EventKind::Registered, EventKind::BadgeIssued]);
    assert_eq!(desk.badges.of_worker(&desk.worker).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_one_badge_and_one_event() {
    let desk = Desk::new().await;
    desk.issued(1, 17).await;
    desk.world.wire.lose_answers(1);
    let badge = desk.issued(2, 18).await;
    assert_eq!(badge.index.place(), 18);
    let kinds = desk.kinds().await;
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[tokio::test]
async fn who_is_refused_gets_no_badge() {
    let desk = Desk::new().await;
    let new = desk.new_badge(1);
    let (id, workers) = (new.badge.id.clone(), &desk.world.workers);
    let refused = desk
        .badges
        .issue(workers, new, NOW, || Ok(5), |_| Err("not now"));
    assert_eq!(refused.await.unwrap(), Issued::Refused("not now"));
    assert!(desk.badges.get(&id).await.unwrap().is_none());
    assert_eq!(desk.kinds().await, [EventKind::Registered]);
}

#[tokio::test]
async fn a_place_that_is_taken_is_drawn_again_and_a_crowded_list_is_left() {
    let desk = Desk::new().await;
    desk.issued(1, 17).await;
    match desk.issue(2, &[17, 17, 4]).await {
        Issued::Done(badge) => assert_eq!(badge.index, StatusIndex::new(0, 4)),
        other => panic!("{other:?}"),
    }
    // Ten times in a row: there is no room left to speak of.
    let badge = desk.issued(3, 17).await;
    assert_eq!(badge.index, StatusIndex::new(1, 17));
    assert_eq!(desk.badges.last_list().await.unwrap(), Some(1));
    // Who comes later, having seen the old list, does not skip another one.
    desk.badges.leave_list(0).await.unwrap();
    assert_eq!(desk.badges.last_list().await.unwrap(), Some(1));
}

#[tokio::test]
async fn fifty_badges_at_once_have_fifty_places() {
    let desk = Desk::new().await;
    // Out of 60 places, so that draws do collide.
    let issued = (0..50_u16).map(|n| {
        let draws: Vec<u32> = (0..200).map(|i| (u32::from(n) * 7 + i * 13) % 60).collect();
        let desk = &desk;
        async move { desk.issue(n, &draws).await }
    });
    let issued: Vec<Issued<()>> = stream::iter(issued.collect::<Vec<_>>())
        .buffer_unordered(50)
        .collect()
        .await;
    let mut indexes: Vec<StatusIndex> = issued
        .into_iter()
        .map(|issued| match issued {
            Issued::Done(badge) => badge.index,
            other => panic!("{other:?}"),
        })
        .collect();
    indexes.sort();
    indexes.dedup();
    assert_eq!(indexes.len(), 50);
    assert_eq!(desk.kinds().await.len(), 51);
}

#[tokio::test]
async fn badges_are_listed_from_the_last_on_page_by_page() {
    let desk = Desk::new().await;
    for n in 1..=5 {
        desk.issued(n, u32::from(n)).await;
    }
    let mut cursor = None;
    let mut places = Vec::new();
    loop {
        let page = desk
            .badges
            .page_of_worker(&desk.worker, 2, cursor.as_deref());
        let page = page.await.unwrap();
        places.extend(page.items.iter().map(|badge| badge.index.place()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(places, [5, 4, 3, 2, 1]);
    let other = WorkerId::from_bytes(&[0; 16]);
    let first = desk.badges.page_of_worker(&desk.worker, 2, None);
    let cursor = first.await.unwrap().next;
    let foreign = desk.badges.page_of_worker(&other, 2, cursor.as_deref());
    assert!(matches!(foreign.await, Err(Error::BadCursor)));
}

#[tokio::test]
async fn a_signature_is_given_once_and_survives_a_decision() {
    let desk = Desk::new().await;
    let badge = desk.issued(1, 17).await;
    let signature = |byte| BadgeSignature {
        kid: 1,
        bytes: [byte; 64],
    };
    let signed = desk.badges.sign(&badge.id, &signature(1)).await.unwrap();
    assert!(signed.signed == Some(signature(1)));
    let again = desk.badges.sign(&badge.id, &signature(2)).await.unwrap();
    assert!(again == signed);

    // Decided on what was read before the signature: refused, and decided anew.
    let suspended = |from: &Badge| {
        from.decided(BadgeDecision::Suspend, Decider::Agency)
            .unwrap()
            .unwrap()
    };
    let step = |from: &Badge| {
        let by = Actor::Agency(agency(1), None);
        desk.badges
            .decide(from, &suspended(from), by, "lost")
            .unwrap()
    };
    let stale = desk.commit(step(&badge)).await;
    assert!(
        matches!(stale, Appended::WithRefused(Part::Badge)),
        "{stale:?}"
    );
    assert!(matches!(
        desk.commit(step(&signed)).await,
        Appended::Done(_)
    ));
    let now = desk.badges.get(&badge.id).await.unwrap().unwrap();
    assert!(now.signed == Some(signature(1)));
    assert_eq!(now.status, suspended(&signed).status);
    let entries = desk.badges.not_valid(0).await.unwrap();
    let entry = Entry {
        place: 17,
        is_revoked: false,
    };
    assert_eq!(entries, [entry]);

    // And back.
    let valid = now.decided(BadgeDecision::Reinstate, Decider::Agency);
    let valid = valid.unwrap().unwrap();
    let by = Actor::Agency(agency(1), None);
    let step = desk.badges.decide(&now, &valid, by, "found");
    assert!(matches!(
        desk.commit(step.unwrap()).await,
        Appended::Done(_)
    ));
    assert_eq!(desk.badges.not_valid(0).await.unwrap(), []);
}

#[tokio::test]
async fn why_a_badge_is_suspended_is_known_also_once_it_is_signed() {
    let desk = Desk::new().await;
    let badge = desk.issued(1, 17).await;
    let decide = async |before: &Badge, decision, reason| {
        let after = before.decided(decision, Decider::Agency).unwrap().unwrap();
        let by = Actor::Agency(agency(1), None);
        let step = desk.badges.decide(before, &after, by, reason).unwrap();
        assert!(matches!(desk.commit(step).await, Appended::Done(_)));
        after
    };
    let reason = async |badge: &Badge| {
        let badges = std::slice::from_ref(badge);
        let reasons = Badges::reasons(&desk.world.workers, &desk.worker, badges).await;
        reasons.unwrap().remove(&badge.id)
    };
    assert_eq!(reason(&badge).await, None);
    let suspended = decide(&badge, BadgeDecision::Suspend, "lost").await;
    assert_eq!(reason(&suspended).await.as_deref(), Some("lost"));
    let signature = BadgeSignature {
        kid: 1,
        bytes: [1; 64],
    };
    let signed = desk.badges.sign(&badge.id, &signature).await.unwrap();
    assert_eq!(reason(&signed).await.as_deref(), Some("lost"));
    let valid = decide(&signed, BadgeDecision::Reinstate, "found").await;
    assert_eq!(reason(&valid).await, None);
    let again = decide(&valid, BadgeDecision::Suspend, "stolen").await;
    assert_eq!(reason(&again).await.as_deref(), Some("stolen"));
}

#[tokio::test]
async fn all_badges_of_a_worker_are_revoked_with_one_event() {
    let desk = Desk::new().await;
    for n in 1..=3 {
        desk.issued(n, u32::from(n) * 1_000).await;
    }
    let live = desk.badges.live_of_worker(&desk.worker, NOW).await.unwrap();
    assert_eq!(live.len(), 3);
    let step = desk
        .badges
        .revoke(&live, Actor::Platform, "employer changed");
    let step = step.unwrap();
    assert!(matches!(desk.commit(step.clone()).await, Appended::Done(_)));
    // The same once more is the same.
    assert!(matches!(desk.commit(step).await, Appended::Repeat(_)));
    let left = desk.badges.live_of_worker(&desk.worker, NOW).await.unwrap();
    assert!(left.is_empty());
    let all = desk.badges.of_worker(&desk.worker).await.unwrap();
    let nothing = desk.badges.revoke(&all, Actor::Platform, "again");
    assert!(nothing.is_none());
    let entries = desk.badges.not_valid(0).await.unwrap();
    let places: Vec<u32> = entries.iter().map(|entry| entry.place).collect();
    assert_eq!(places, [1_000, 2_000, 3_000]);
    assert!(entries.iter().all(|entry| entry.is_revoked));
    let kinds = desk.kinds().await;
    let revoked = kinds
        .iter()
        .filter(|kind| **kind == EventKind::BadgeRevoked);
    assert_eq!(revoked.count(), 1);
}

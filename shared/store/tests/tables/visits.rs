//! Visits: who is named is named once, with nothing changed that was looked at; what began, ended or counted did so once.

use domain::agency::{Agency, AgencyStats, Papers, Standing};
use domain::availability::{Availability, Day, Leave, Span};
use domain::calendar::Calendar;
use domain::chain::{Actor, EventKind};
use domain::id::{BadgeId, EventId, OrderId, WorkerId};
use domain::order::{
    By, Change, Claim, CompleteOutcome, GrabOutcome, How, Order, Rating, ReleaseOutcome, Reopening,
    Staffing, Stars, State, Status, TimelineEntry, VisitLost, What,
};
use domain::service::ServiceSet;
use domain::stars::StarTally;
use domain::time::Millis;
use domain::worker::Worker;
use serde_json::json;
use store::{
    Appended, Calendars, Changed, NewEvent, Part, ProfileChange, Rated, Step, VisitEnded, Written,
};

use crate::directory::credential;
use crate::workers::registered;
use crate::world::{NOW, World, agency, customer, market, order, owner, place_of, seal, staff_by};

fn after(millis: i64) -> Millis {
    Millis(NOW.0 + millis)
}

fn calendars(world: &World) -> Calendars {
    Calendars::new(&world.settings)
}

async fn grabbed(world: &World, n: u8) -> Order {
    let (order, by) = (world.placed(n).await, owner(1));
    let grabbed = world
        .orders
        .grab(&order.id, 1, &by, "家政", || after(1), staff_by);
    let Changed { outcome, order } = grabbed.await.unwrap().unwrap();
    assert_eq!(outcome, GrabOutcome::Won);
    order
}

/// Names this worker, by what was read of her and her calendar; `None` when something was in the way.
async fn name(world: &World, order: &Order, id: &WorkerId, calendar: &Calendar) -> Option<Order> {
    let records = world.workers.records();
    let worker = records.get(id).await.unwrap().unwrap();
    let travel_time = market().travel_time();
    let next = calendar.with(order, travel_time, NOW);
    let with = vec![calendars(world).keep(id, &next), records.unchanged(&worker)];
    let staffing = Staffing {
        worker: id.clone(),
        at: after(2),
    };
    let by = owner(1).member;
    let staffed = world.orders.staff(order, &by, &staffing, with, after(2));
    staffed.await.unwrap()
}

/// An order that was staffed, and with whom.
async fn staffed(world: &World, n: u8) -> (Order, WorkerId) {
    let id = registered(world).await;
    let order = grabbed(world, n).await;
    let staffed = name(world, &order, &id, &Calendar::default()).await;
    (staffed.unwrap(), id)
}

#[tokio::test]
async fn naming_a_worker_writes_order_and_calendar_or_nothing() {
    let world = World::new().await;
    let (order, id) = staffed(&world, 1).await;
    assert_eq!(order.status(), Status::Staffed);
    assert_eq!(world.orders.get(&order.id).await.unwrap().unwrap(), order);
    let calendar = calendars(&world).get(&id).await.unwrap();
    assert_eq!((calendar.version, calendar.entries.len()), (1, 1));
    let all = calendars(&world).get_all(std::slice::from_ref(&id)).await;
    assert_eq!(all.unwrap()[&id], calendar);

    // A calendar that was read before somebody else wrote it.
    let second = grabbed(&world, 2).await;
    let stale = name(&world, &second, &id, &Calendar::default()).await;
    assert_eq!(stale, None);
    let found = world.orders.get(&second.id).await.unwrap().unwrap();
    assert_eq!(found.status(), Status::Claimed, "nothing of it was written");

    // A worker who has changed since she was read.
    let records = world.workers.records();
    let read = records.get(&id).await.unwrap().unwrap();
    let changed = world.workers.change(&id, NOW, |file| -> Result<Step, ()> {
        let mut worker = file.worker.clone();
        worker.standing = Standing::Suspended;
        Ok(Step {
            worker: Some(worker),
            events: vec![NewEvent {
                id: EventId::from_cause("reviewed", &["1"]),
                kind: EventKind::Reviewed,
                actor: Actor::Platform,
                payload: json!({}),
            }],
            ..Step::default()
        })
    });
    assert!(matches!(changed.await.unwrap(), Appended::Done(_)));
    let with = vec![records.unchanged(&read)];
    let staffing = Staffing {
        worker: id.clone(),
        at: after(2),
    };
    let by = owner(1);
    let refused = world
        .orders
        .staff(&second, &by.member, &staffing, with, after(2));
    assert_eq!(refused.await.unwrap(), None);

    // An agency that is not approved when it is written, whatever was read.
    let unknown = vec![world.directory.stays_approved(&agency(1))];
    let refused = world
        .orders
        .staff(&second, &by.member, &staffing, unknown, after(2));
    assert_eq!(refused.await.unwrap(), None);

    // An order whose time to staff is over, or that was cancelled since it was read.
    let late = second.claim().unwrap().staff_by;
    let refused = world
        .orders
        .staff(&second, &by.member, &staffing, Vec::new(), late);
    assert_eq!(refused.await.unwrap(), None);
    let theirs = customer(1);
    let cancelled = world.orders.cancel(&second.id, &theirs, "x", after(3));
    cancelled.await.unwrap().unwrap();
    let refused = world
        .orders
        .staff(&second, &by.member, &staffing, Vec::new(), after(4));
    assert_eq!(refused.await.unwrap(), None);
}

#[tokio::test]
async fn a_released_order_names_nobody_any_more() {
    let world = World::new().await;
    let (order, _) = staffed(&world, 1).await;
    let then = Reopening::Again {
        epoch: 2,
        deadline: after(500_000),
    };
    let by = owner(1);
    let released = world.orders.release(&order.id, 1, &by, "x", then, after(5));
    let Changed { outcome, order } = released.await.unwrap().unwrap();
    assert_eq!(outcome, ReleaseOutcome::Released);
    assert_eq!(order.staffing(), None);
    let (order, theirs) = (grabbed(&world, 2).await, customer(1));
    let cancelled = world.orders.cancel(&order.id, &theirs, "x", after(3));
    let cancelled = cancelled.await.unwrap().unwrap().order;
    assert!(matches!(
        cancelled.state,
        State::Cancelled { claim: Some(_) }
    ));
}

#[tokio::test]
async fn a_visit_begins_once_with_its_event() {
    let world = World::new().await;
    let (order, id) = staffed(&world, 1).await;
    let badge = BadgeId::from_bytes(&[1; 8]);
    let begin = async |cause: &str, step: u32| {
        let with = vec![
            world.orders.start(&order.id, 1, &id, after(9)).unwrap(),
            world.orders.code_used(&order.id, &badge, step),
        ];
        let event = NewEvent {
            id: EventId::from_cause("check_in", &[cause]),
            kind: EventKind::CheckIn,
            actor: Actor::Customer,
            payload: json!({}),
        };
        let begun = world
            .workers
            .change(&id, after(9), |_| -> Result<Step, ()> {
                Ok(Step {
                    events: vec![event.clone()],
                    with: with.clone(),
                    ..Step::default()
                })
            });
        begun.await.unwrap()
    };
    let other = OrderId::from_bytes(&[9; 16]);
    for (by, is_good) in [(&other, true), (&other, true), (&order.id, false)] {
        let used = world.orders.use_code(by, &badge, 7).await;
        assert_eq!(used.unwrap(), is_good);
    }
    assert!(matches!(
        begin("a", 7).await,
        Appended::WithRefused(Part::Code)
    ));
    assert!(matches!(begin("a", 8).await, Appended::Done(_)));
    assert!(matches!(begin("a", 9).await, Appended::Repeat(_)));
    assert!(matches!(
        begin("b", 9).await,
        Appended::WithRefused(Part::Order)
    ));
    let found = world.orders.get(&order.id).await.unwrap().unwrap();
    assert_eq!(found.status(), Status::InService);
    assert_eq!(found.version, order.version + 1);
}

/// An order whose visit has begun.
async fn begun(world: &World) -> Order {
    let (order, id) = staffed(world, 1).await;
    let start = world.orders.start(&order.id, 1, &id, after(9));
    let event = NewEvent {
        id: EventId::from_cause("check_in", &["begun"]),
        kind: EventKind::CheckIn,
        actor: Actor::Customer,
        payload: json!({}),
    };
    let with = vec![start.unwrap()];
    let begun = world
        .workers
        .change(&id, after(9), |_| -> Result<Step, ()> {
            Ok(Step {
                events: vec![event.clone()],
                with: with.clone(),
                ..Step::default()
            })
        });
    assert!(matches!(begun.await.unwrap(), Appended::Done(_)));
    world.orders.get(&order.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_visit_is_over_and_rated_once() {
    let world = World::new().await;
    let order = begun(&world).await;
    let theirs = customer(1);
    let complete = || world.orders.complete(&order.id, &theirs, after(10));
    assert_eq!(
        world
            .orders
            .complete(&order.id, &customer(2), after(10))
            .await
            .unwrap(),
        None
    );
    let first = complete().await.unwrap().unwrap();
    assert_eq!(first.outcome, CompleteOutcome::Completed);
    let again = complete().await.unwrap().unwrap();
    assert_eq!(
        (again.outcome, &again.order),
        (CompleteOutcome::Already, &first.order)
    );

    let rating = Rating {
        stars: Stars::try_from(4).unwrap(),
        comment: Some("好".to_owned()),
        at: after(11),
    };
    let sealed = seal().seal_rating(&order.id, &rating).unwrap();
    let workers = world.workers.records();
    let rate = || {
        let of = (&order.id, &theirs);
        world
            .orders
            .rate(of.0, of.1, &rating, &sealed, &[], &workers)
    };
    let rated = rate().await.unwrap().unwrap();
    assert_eq!(rated.outcome, Rated::Now);
    assert_eq!(
        world.orders.get(&order.id).await.unwrap().unwrap(),
        rated.order
    );
    let again = rate().await.unwrap().unwrap();
    let Rated::Before(kept) = again.outcome else {
        panic!("it was rated before");
    };
    assert!(seal().open_rating(&order.id, &kept).unwrap() == rating);
    assert!(
        seal().open(&order.id, &kept).is_err(),
        "a rating is no details"
    );
}

/// Completed, after so many minutes of the two hours that were booked.
async fn over(world: &World, n: u8, worker: &WorkerId, minutes: i64) -> Order {
    let mut order = order(n);
    let claim = Claim {
        agency: agency(1),
        agency_name: "家政".to_owned(),
        how: How::Grab,
        at: NOW,
        staff_by: NOW,
    };
    let staffing = Staffing {
        worker: worker.clone(),
        at: NOW,
    };
    order.state = State::Completed(claim, staffing);
    for (what, at) in [(What::Started, 0), (What::Completed, minutes * 60_000)] {
        order.timeline.push(TimelineEntry {
            at: after(at),
            what,
            by: By::Customer,
            member: None,
            why: None,
            epoch: 1,
        });
    }
    assert!(place_of(&world.orders, &order).await);
    order
}

#[tokio::test]
async fn of_who_is_the_same_customer_one_rating_counts_in_thirty_days() {
    const DAY: i64 = 86_400_000;
    let world = World::new().await;
    let worker = registered(&world).await;
    let rate = async |order: &Order, day: i64, raters: [&str; 3]| {
        let rating = Rating {
            stars: Stars::try_from(5).unwrap(),
            comment: None,
            at: after(day * DAY),
        };
        let sealed = seal().seal_rating(&order.id, &rating).unwrap();
        let (raters, theirs) = (raters.map(str::to_owned), customer(1));
        let workers = world.workers.records();
        let rated = world
            .orders
            .rate(&order.id, &theirs, &rating, &sealed, &raters, &workers);
        let rated = rated.await.unwrap().unwrap();
        assert_eq!(rated.outcome, Rated::Now);
        let found = world.orders.get(&order.id).await.unwrap().unwrap();
        assert_eq!(found, rated.order);
        let State::Rated(_, _, given) = found.state else {
            panic!("it is rated");
        };
        given.counts
    };
    let mine = ["me", "phone", "home"];
    for (n, minutes, day, raters, counts) in [
        // Too short, which takes nothing from the next one.
        (1, 59, 1, mine, false),
        (2, 60, 1, mine, true),
        // By another WeChat id with the same phone, or with another phone at the same address.
        (3, 120, 2, ["you", "phone", "away"], false),
        (4, 120, 30, ["you", "other", "home"], false),
        (5, 120, 30, ["you", "other", "away"], true),
        (6, 120, 31, mine, true),
    ] {
        let order = over(&world, n, &worker, minutes).await;
        assert_eq!(rate(&order, day, raters).await, counts, "{n}");
    }
    let mut orders = Vec::new();
    for n in 10..15 {
        orders.push(over(&world, n, &worker, 120).await);
    }
    let at_once = orders.iter().map(|order| rate(order, 70, mine));
    let counted = futures::future::join_all(at_once).await;
    assert_eq!(counted.into_iter().filter(|counts| *counts).count(), 1);

    // What counts for the agency counts for who came, and goes with her.
    let records = world.workers.records();
    let stars = async || {
        let found = records.get_with_stars(&worker).await.unwrap();
        found.unwrap().1
    };
    assert_eq!(stars().await, StarTally { sum: 20, count: 4 });
    let erase = |file: &store::WorkerFile| -> Result<Step, ()> {
        Ok(Step {
            worker: Some(Worker {
                is_erased: true,
                ..file.worker.clone()
            }),
            profile: ProfileChange::Erase,
            events: vec![NewEvent {
                id: EventId::from_cause("redaction", &["test"]),
                kind: EventKind::Redaction,
                actor: Actor::Platform,
                payload: json!({}),
            }],
            with: vec![world.workers.forget_stars(&worker)],
        })
    };
    let erased = world.workers.change(&worker, NOW, erase).await.unwrap();
    assert!(matches!(erased, Appended::Done(_)), "{erased:?}");
    let late = over(&world, 20, &worker, 120).await;
    assert!(rate(&late, 110, mine).await);
    assert_eq!(stars().await, StarTally::default());
}

#[tokio::test]
async fn the_clock_ends_what_nobody_attended_or_ended() {
    let world = World::new().await;
    let order = begun(&world).await;
    let visit_by = market().visit_by(order.ends_at());
    let ended = world.orders.end_visit(&order, visit_by, visit_by).await;
    let VisitEnded::Now(ended) = ended.unwrap() else {
        panic!("it ends");
    };
    assert_eq!(ended.status(), Status::Completed);
    let again = world.orders.end_visit(&order, visit_by, visit_by).await;
    assert_eq!(again.unwrap(), VisitEnded::Over);

    let world = World::new().await;
    let (order, _) = staffed(&world, 2).await;
    let ended = world.orders.end_visit(&order, visit_by, visit_by).await;
    let VisitEnded::Now(ended) = ended.unwrap() else {
        panic!("it ends");
    };
    assert_eq!(ended.state, State::Unfilled);
    assert!(ended.excluded.contains(&agency(1)));
    let one = agency(1);
    let page = world.orders.by_agency(&one, None, 10, 10, None, |_| true);
    let (page, _) = page.await.unwrap();
    assert!(page.items.is_empty(), "it is nobody's claim any more");
}

#[tokio::test]
async fn a_version_of_an_order_counts_once() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let counted = Agency {
        id: agency(1),
        name: "家政".to_owned(),
        uscc: "91350100M000100Y43".parse().unwrap(),
        responsible_person: "李明".to_owned(),
        phone: "13912345678".parse().unwrap(),
        services: ServiceSet::all(),
        papers: Papers::default(),
        standing: Standing::Approved,
        version: 3,
        review_version: 1,
        proposed: None,
        waits_since: None,
        stats: AgencyStats::default(),
        registered_at: NOW,
        reviews: Vec::new(),
    };
    let registered = world
        .directory
        .register(&counted, &[], &[0; 32], &credential(1))
        .await;
    registered.unwrap();
    let more = AgencyStats {
        stars_sum: 5,
        stars_count: 1,
        ..AgencyStats::default()
    };
    let count = async |version| {
        let counting = vec![world.directory.count(&agency(1), more)];
        let counted = world.orders.count_once(&order.id, version, counting).await;
        counted.unwrap()
    };
    assert!(count(7).await);
    assert!(!count(7).await);
    assert!(count(8).await);
    let found = world.directory.agency(&agency(1)).await.unwrap().unwrap();
    assert_eq!((found.stats.stars_sum, found.stats.stars_count), (10, 2));
    assert_eq!(
        found.version, counted.version,
        "no new version of the agency"
    );
    // Nobody is counted who is not there.
    let counting = vec![world.directory.count(&agency(9), more)];
    assert!(
        !world
            .orders
            .count_once(&order.id, 9, counting)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_worker_finds_what_she_was_named_for_and_what_she_has_lost() {
    let world = World::new().await;
    let (order, id) = staffed(&world, 1).await;
    let found = async || world.orders.by_worker(&id, 10, None).await.unwrap().items;
    assert_eq!(found().await, [(order.id.clone(), None)]);
    let unstaffed = Change::Unstaff {
        worker: id.clone(),
        staff_by: after(9_000),
    };
    let changed = world.orders.change(&order, &unstaffed, 1, after(3)).await;
    assert!(matches!(changed, Ok(Written::Done(_))), "{changed:?}");
    assert!(found().await.is_empty());
    for _ in 0..2 {
        let (order, start) = (&order.id, order.start_at);
        let kept = world
            .orders
            .keep_lost_visit(order, &id, start, VisitLost::CannotCome);
        kept.await.unwrap();
    }
    assert_eq!(found().await, [(order.id, Some(VisitLost::CannotCome))]);
}

#[tokio::test]
async fn when_she_can_work_is_said_of_her_as_she_is_and_survives_a_naming() {
    let world = World::new().await;
    let id = registered(&world).await;
    let leave = Leave {
        from: after(0),
        until: after(1),
    };
    let said = Availability {
        agency: Some(agency(1)),
        hours: vec![Span {
            day: Day::Sunday,
            from: "22:00".parse().unwrap(),
            until: "06:00".parse().unwrap(),
        }],
        leave: vec![leave],
        own_leave: vec![leave],
        ..Availability::default()
    };
    let calendars = calendars(&world);
    for _ in 0..2 {
        let decide = |worker: Option<&Worker>, before: &Availability| {
            assert_eq!(worker.map(|worker| &worker.id), Some(&id));
            let version = before.version;
            Ok::<_, ()>(Availability {
                version,
                ..said.clone()
            })
        };
        let set = calendars.set_availability(&id, decide, |_| None);
        let calendar = set.await.unwrap().unwrap();
        assert_eq!(
            (calendar.version, calendar.availability.version),
            (1, 1),
            "once"
        );
    }
    let calendar = calendars.get(&id).await.unwrap();
    let order = grabbed(&world, 1).await;
    // Who has not seen it cannot name her.
    assert_eq!(name(&world, &order, &id, &Calendar::default()).await, None);
    name(&world, &order, &id, &calendar).await.unwrap();
    let around = (order.start_at, order.ends_at());
    let ids = std::slice::from_ref(&id);
    let (own, other) = (agency(1), agency(2));
    let diaries = calendars.diaries(&world.orders, ids, &own, around);
    let diary = diaries.await.unwrap().remove(&id).unwrap();
    assert_eq!(diary.calendar.availability, calendar.availability);
    assert_eq!(diary.visits[0].id, order.id);
    let others = calendars.diaries(&world.orders, ids, &other, around);
    assert!(
        others.await.unwrap()[&id].visits.is_empty(),
        "not of another employer"
    );
    for _ in 0..2 {
        calendars.forget_availability(&id).await.unwrap();
    }
    let forgotten = calendars.get(&id).await.unwrap();
    assert_eq!(forgotten.availability, Availability::default());
    assert_eq!(forgotten.entries.len(), 1);
}

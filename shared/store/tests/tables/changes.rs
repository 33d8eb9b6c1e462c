//! Every other change: what it writes is what the domain says, and a refusal says why.

use domain::order::{
    CancelOutcome, Change, Claim, ClaimEnd, GrabOutcome, How, Order, ReleaseOutcome, Reopening,
    State, Status, reopen,
};
use domain::time::Millis;
use store::{Changed, FannedOut, Settled};

use crate::world::{NOW, World, agency, customer, listing, market, order, owner, staff_by};

fn after(millis: i64) -> Millis {
    Millis(NOW.0 + millis)
}

fn claim(by: u8, how: How, at: Millis) -> Claim {
    Claim {
        agency: agency(by),
        agency_name: "家政".to_owned(),
        how,
        at,
        staff_by: staff_by(at),
    }
}

async fn grabbed(world: &World, order: &Order, by: u8) -> Order {
    let (now, agency) = (after(1), owner(by));
    let grabbed = world
        .orders
        .grab(&order.id, order.epoch, &agency, "家政", || now, staff_by);
    let Changed {
        outcome,
        order: changed,
    } = grabbed.await.unwrap().unwrap();
    assert_eq!(outcome, GrabOutcome::Won);
    let claim = Change::Claim(claim(by, How::Grab, now));
    let mut expected = order.changed(&claim, order.epoch, now).unwrap();
    let line = expected.timeline.pop().unwrap();
    expected.timeline.push(line.by_member(&agency.member));
    assert_eq!(changed, expected);
    changed
}

#[tokio::test]
async fn an_epoch_is_fanned_out_once() {
    let world = World::new().await;
    let orders = &world.orders;
    let id = order(1).id;
    let listing = listing();
    let mark = |epoch, at| orders.mark_fanned_out(&id, epoch, at, 62, &listing);
    assert_eq!(mark(1, NOW).await.unwrap(), FannedOut::NotYet);

    let placed = world.placed(1).await;
    let marked = placed
        .changed(
            &Change::Offer {
                agencies: 62,
                radius_m: 5000,
            },
            1,
            NOW,
        )
        .unwrap();
    assert_eq!(
        mark(1, NOW).await.unwrap(),
        FannedOut::Now(Box::new(marked.clone()))
    );
    assert_eq!(
        mark(1, after(5)).await.unwrap(),
        FannedOut::Before(Box::new(marked.clone()))
    );
    assert_eq!(mark(2, NOW).await.unwrap(), FannedOut::NotYet);
    assert_eq!(
        mark(1, placed.grab_deadline).await.unwrap(),
        FannedOut::Over
    );

    let claimed = grabbed(&world, &marked, 1).await;
    assert_eq!(mark(1, NOW).await.unwrap(), FannedOut::Over);
    assert_eq!(mark(2, NOW).await.unwrap(), FannedOut::NotYet);
    let then = Reopening::Again {
        epoch: 2,
        deadline: after(500),
    };
    orders
        .release(&claimed.id, 1, &owner(1), "ill", then, NOW)
        .await
        .unwrap();
    assert_eq!(mark(1, NOW).await.unwrap(), FannedOut::Over);
    assert!(
        matches!(mark(2, NOW).await.unwrap(), FannedOut::Now(order) if order.fanned_out == Some(2))
    );

    orders
        .cancel(&id, &customer(1), "sorry", NOW)
        .await
        .unwrap();
    assert_eq!(mark(3, NOW).await.unwrap(), FannedOut::Over);
}

#[tokio::test]
async fn an_order_is_settled_from_its_deadline_on() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let deadline = placed.grab_deadline;
    let assign = |epoch, by, at| {
        let (orders, id) = (world.orders.clone(), placed.id.clone());
        async move {
            let claim = Claim {
                agency: agency(by),
                agency_name: "家政".to_owned(),
                how: How::Assignment,
                at,
                staff_by: staff_by(at),
            };
            let assignments = orders.assignments(&claim.agency).await.unwrap();
            let assigned = orders.assign(&id, epoch, &claim, "x", &assignments);
            assigned.await.unwrap().expect("nothing else is assigned")
        }
    };
    let early = Millis(deadline.0 - 1);
    assert_eq!(
        assign(1, 1, early).await,
        Settled::NotDue(Box::new(placed.clone()))
    );
    let unfilled = world
        .orders
        .unfilled(&placed.id, 1, early, "nobody", "x")
        .await
        .unwrap();
    assert_eq!(unfilled, Settled::NotDue(Box::new(placed.clone())));
    assert!(matches!(
        assign(2, 1, deadline).await,
        Settled::Over(Some(_))
    ));

    let change = Change::Claim(claim(1, How::Assignment, deadline));
    let mut assigned = placed.changed(&change, 1, deadline).unwrap();
    assigned.explanation = Some("x".to_owned());
    assert_eq!(
        assign(1, 1, deadline).await,
        Settled::Now(Box::new(assigned.clone()))
    );
    assert_eq!(
        assign(1, 1, deadline).await,
        Settled::Before(Box::new(assigned.clone()))
    );
    assert_eq!(
        assign(1, 2, deadline).await,
        Settled::Over(Some(Box::new(assigned.clone())))
    );
    let unfilled = world
        .orders
        .unfilled(&placed.id, 1, deadline, "nobody", "x")
        .await
        .unwrap();
    assert_eq!(unfilled, Settled::Over(Some(Box::new(assigned))));
    let id = order(7).id;
    let missing = world
        .orders
        .unfilled(&id, 1, deadline, "nobody", "x")
        .await
        .unwrap();
    assert_eq!(missing, Settled::Over(None));
}

#[tokio::test]
async fn an_order_without_candidates_ends_unfilled() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let at = placed.grab_deadline;
    let unfilled = |at| {
        world
            .orders
            .unfilled(&placed.id, 1, at, "nobody within 20000 m", "x")
    };
    let change = Change::LeaveUnfilled {
        reason: "nobody within 20000 m".to_owned(),
    };
    let mut expected = placed.changed(&change, 1, at).unwrap();
    expected.explanation = Some("x".to_owned());
    assert_eq!(
        unfilled(at).await.unwrap(),
        Settled::Now(Box::new(expected.clone()))
    );
    assert_eq!(
        unfilled(at).await.unwrap(),
        Settled::Before(Box::new(expected))
    );
    let late = owner(1);
    let grab = world
        .orders
        .grab(&placed.id, 1, &late, "家政", || NOW, staff_by);
    assert_eq!(grab.await.unwrap().unwrap().outcome, GrabOutcome::Closed);
}

#[tokio::test]
async fn a_release_opens_a_new_epoch_without_the_agency() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let claimed = grabbed(&world, &placed, 1).await;
    let then = reopen(&claimed, &market(), ClaimEnd::Released, after(2));
    let release = |by| {
        let (orders, id) = (&world.orders, &placed.id);
        async move {
            orders
                .release(id, 1, &owner(by), "ill", then, after(2))
                .await
                .unwrap()
                .unwrap()
        }
    };
    assert_eq!(release(2).await.outcome, ReleaseOutcome::NotYours);
    let released = release(1).await;
    let change = Change::Release {
        agency: agency(1),
        reason: "ill".to_owned(),
        then,
    };
    let mut expected = claimed.changed(&change, 1, after(2)).unwrap();
    let by = &owner(1).member;
    let lines = std::mem::take(&mut expected.timeline).into_iter();
    expected.timeline = lines.map(|line| line.by_member(by)).collect();
    assert_eq!(released.order, expected);
    assert_eq!((released.order.epoch, released.order.claim()), (2, None));
    assert_eq!(release(1).await.outcome, ReleaseOutcome::Already);
    assert_eq!(
        world.orders.get(&placed.id).await.unwrap(),
        Some(released.order)
    );
}

#[tokio::test]
async fn after_five_epochs_an_order_is_not_offered_any_more() {
    let world = World::new().await;
    let mut order = world.placed(1).await;
    for epoch in 1..=5 {
        assert_eq!((order.epoch, order.status()), (epoch, Status::Open));
        let claimed = grabbed(&world, &order, u8::try_from(epoch).unwrap()).await;
        let holder = owner(u8::try_from(epoch).unwrap());
        let then = reopen(&claimed, &market(), ClaimEnd::Released, after(2));
        let released = world
            .orders
            .release(&order.id, epoch, &holder, "ill", then, after(2))
            .await;
        let released = released.unwrap().unwrap();
        assert_eq!(released.outcome, ReleaseOutcome::Released);
        order = released.order;
    }
    let deadline = after(2);
    assert_eq!(order.state, State::Open { deadline });
    assert_eq!((order.epoch, order.excluded.len()), (6, 5));
    assert_eq!(order.version, 11);
}

#[tokio::test]
async fn a_customer_cancels_its_own_order_once() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let cancel = |who| {
        let (orders, id) = (&world.orders, &placed.id);
        async move {
            orders
                .cancel(id, &customer(who), "sorry", after(2))
                .await
                .unwrap()
        }
    };
    assert_eq!(cancel(2).await, None);
    let claimed = grabbed(&world, &placed, 1).await;
    let cancelled = cancel(1).await.unwrap();
    let change = Change::Cancel {
        customer: customer(1),
        reason: "sorry".to_owned(),
    };
    assert_eq!(
        cancelled.order,
        claimed.changed(&change, 1, after(2)).unwrap()
    );
    assert_eq!(cancelled.outcome, CancelOutcome::Cancelled);
    assert_eq!(cancel(1).await.unwrap().outcome, CancelOutcome::Already);
    let holder = owner(1);
    let then = Reopening::Unfilled;
    let release = world
        .orders
        .release(&placed.id, 1, &holder, "ill", then, after(2))
        .await
        .unwrap();
    assert_eq!(release.unwrap().outcome, ReleaseOutcome::NotClaimed);

    let over = world.placed(2).await;
    world
        .orders
        .unfilled(&over.id, 1, over.grab_deadline, "nobody", "x")
        .await
        .unwrap();
    let late = world
        .orders
        .cancel(&over.id, &customer(1), "sorry", NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(late.outcome, CancelOutcome::TooLate);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_made_once() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    world.wire.lose_answers(1);
    let marked = world
        .orders
        .mark_fanned_out(&placed.id, 1, NOW, 3, &listing())
        .await
        .unwrap();
    assert!(matches!(marked, FannedOut::Before(order) if order.version == 2));
    world.wire.lose_answers(1);
    let cancelled = world
        .orders
        .cancel(&placed.id, &customer(1), "sorry", NOW)
        .await
        .unwrap();
    assert_eq!(cancelled.unwrap().outcome, CancelOutcome::Already);
    assert_eq!(
        world.orders.get(&placed.id).await.unwrap().unwrap().version,
        3
    );
}

//! Grabs: one winner, and the true reason for every loser.

use domain::id::AgencyId;
use domain::member::MemberOf;
use domain::order::{CancelOutcome, ClaimCounts, GrabOutcome, Order, Reopening, claim_news};
use domain::time::Millis;

use crate::world::{NOW, World, agency, customer, order, owner, staff_by};

async fn grab(world: &World, order: &Order, epoch: u32, by: &AgencyId, at: Millis) -> GrabOutcome {
    let by = &MemberOf::first(by.clone());
    let orders = &world.orders;
    let grabbed = orders
        .grab(&order.id, epoch, by, "家政", || at, staff_by)
        .await
        .unwrap();
    grabbed.unwrap().outcome
}

#[tokio::test]
async fn fifty_grabs_at_once_have_one_winner() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let agencies: Vec<AgencyId> = (0..50).map(agency).collect();
    let grabs = agencies
        .iter()
        .map(|agency| grab(&world, &order, 1, agency, NOW));
    let outcomes = futures::future::join_all(grabs).await;
    let won: Vec<usize> = (0..50)
        .filter(|place| outcomes[*place] == GrabOutcome::Won)
        .collect();
    assert_eq!(won.len(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == GrabOutcome::Taken)
            .count(),
        49
    );

    let winner = &agencies[won[0]];
    assert_eq!(
        grab(&world, &order, 1, winner, NOW).await,
        GrabOutcome::AlreadyYours
    );
    let stored = world.orders.get(&order.id).await.unwrap().unwrap();
    assert_eq!(stored.claim().unwrap().agency, *winner);
    assert_eq!((stored.version, stored.timeline.len()), (2, 2));
}

#[tokio::test]
async fn the_deadline_is_the_first_moment_that_is_too_late() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let deadline = order.grab_deadline;
    assert_eq!(
        grab(&world, &order, 1, &agency(1), deadline).await,
        GrabOutcome::Closed
    );
    let before = Millis(deadline.0 - 1);
    assert_eq!(
        grab(&world, &order, 1, &agency(1), before).await,
        GrabOutcome::Won
    );
}

#[tokio::test]
async fn each_loser_is_told_its_reason() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let orders = &world.orders;
    assert_eq!(
        grab(&world, &placed, 2, &agency(1), NOW).await,
        GrabOutcome::NotOffered
    );
    assert_eq!(
        grab(&world, &placed, 1, &agency(1), NOW).await,
        GrabOutcome::Won
    );
    assert_eq!(
        grab(&world, &placed, 1, &agency(2), NOW).await,
        GrabOutcome::Taken
    );

    // Given back: not for the agency that had it, and not with the old token for anybody.
    let then = Reopening::Again {
        epoch: 2,
        deadline: Millis(NOW.0 + 500),
    };
    orders
        .release(&placed.id, 1, &owner(1), "ill", then, NOW)
        .await
        .unwrap();
    assert_eq!(
        grab(&world, &placed, 2, &agency(1), NOW).await,
        GrabOutcome::NotOffered
    );
    assert_eq!(
        grab(&world, &placed, 1, &agency(2), NOW).await,
        GrabOutcome::NotOffered
    );

    let cancelled = orders
        .cancel(&placed.id, &customer(1), "sorry", NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(cancelled.outcome, CancelOutcome::Cancelled);
    assert_eq!(
        grab(&world, &placed, 2, &agency(2), NOW).await,
        GrabOutcome::Cancelled
    );

    let nowhere = order(9);
    let grabbed = orders
        .grab(&nowhere.id, 1, &owner(1), "家政", || NOW, staff_by)
        .await
        .unwrap();
    assert_eq!(grabbed, None);
}

#[tokio::test]
async fn a_grab_whose_answer_is_lost_is_still_the_winners() {
    let world = World::new().await;
    let order = world.placed(1).await;
    world.wire.lose_answers(1);
    assert_eq!(
        grab(&world, &order, 1, &agency(1), NOW).await,
        GrabOutcome::AlreadyYours
    );
    assert_eq!(
        world.wire.updates(),
        1,
        "the claim was looked at before anything was sent again"
    );
    assert_eq!(
        grab(&world, &order, 1, &agency(2), NOW).await,
        GrabOutcome::Taken
    );
}

#[tokio::test]
async fn a_lost_grab_is_sent_again_with_a_fresh_now() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let deadline = order.grab_deadline;
    let asked = std::cell::Cell::new(0);
    let ticking = || {
        asked.set(asked.get() + 1);
        Millis(deadline.0 - 2 + asked.get())
    };
    world.wire.lose_requests(1);
    let orders = &world.orders;
    let grabbed = orders
        .grab(&order.id, 1, &owner(1), "家政", ticking, staff_by)
        .await
        .unwrap();
    // In time when it was first sent, too late when it was sent again.
    assert_eq!(grabbed.unwrap().outcome, GrabOutcome::Closed);
    assert_eq!(world.wire.updates(), 2);

    world.wire.lose_requests(1);
    assert_eq!(
        grab(&world, &order, 1, &agency(1), NOW).await,
        GrabOutcome::Won
    );
    assert_eq!(world.wire.updates(), 4);
}

#[tokio::test]
async fn a_grab_that_never_gets_through_may_be_tried_again() {
    let world = World::new().await;
    let order = world.placed(1).await;
    world.wire.lose_requests(3);
    let orders = &world.orders;
    let failed = orders
        .grab(&order.id, 1, &owner(1), "家政", || NOW, staff_by)
        .await;
    assert!(failed.unwrap_err().is_retryable());
    assert_eq!(world.orders.get(&order.id).await.unwrap(), Some(order));
}

async fn grabbed(world: &World, order: &Order) -> Order {
    let won = grab(world, order, 1, &agency(1), NOW).await;
    assert_eq!(won, GrabOutcome::Won);
    world.orders.get(&order.id).await.unwrap().unwrap()
}

/// Changes of many orders come from many shards at once.
#[tokio::test]
async fn no_news_of_an_agencys_claims_is_lost() {
    let world = World::new().await;
    let mut all = Vec::new();
    let mut expected = ClaimCounts::default();
    for n in 1..=12 {
        let order = world.placed(n).await;
        let news = claim_news(&order, &grabbed(&world, &order).await).unwrap();
        expected = expected.with(&news);
        all.push(news);
    }
    let counted = all.iter().map(|news| world.orders.count_claim(news));
    futures::future::try_join_all(counted).await.unwrap();
    let read = world
        .orders
        .grab_read(&world.directory, &all[0].order, &agency(1))
        .await;
    assert_eq!(read.unwrap().counts, expected);
}

#[tokio::test]
async fn what_a_grab_needs_is_read_at_once() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let read = world
        .orders
        .grab_read(&world.directory, &order.id, &agency(1))
        .await
        .unwrap();
    assert_eq!(read.order, Some(order.clone()));
    assert!(read.agency.is_none());

    let registered = crate::directory::registered(&world, 1).await;
    let read = world
        .orders
        .grab_read(&world.directory, &order.id, &agency(1))
        .await
        .unwrap();
    assert_eq!(read.agency, Some(registered));
    assert_eq!(read.counts, ClaimCounts::default());

    // What has been counted is there too, however often it was counted.
    let claimed = grabbed(&world, &order).await;
    let news = claim_news(&order, &claimed).unwrap();
    for _ in 0..2 {
        world.orders.count_claim(&news).await.unwrap();
    }
    let read = world
        .orders
        .grab_read(&world.directory, &order.id, &agency(1))
        .await
        .unwrap();
    assert_eq!(read.counts, ClaimCounts::default().with(&news));
    assert_ne!(read.counts, ClaimCounts::default());
}

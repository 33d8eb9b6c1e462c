//! Deadlines are met: the order says when, timers only have it looked at.

use std::time::Duration;

use serde_json::{Value, json};

use crate::operator::Operator;
use crate::world::{CENTRE, OnOffer, World, moved};

const WINDOW: Duration = Duration::from_secs(180);

#[tokio::test]
async fn an_order_that_nobody_grabs_is_assigned_and_the_agency_is_told() {
    let world = World::empty().await;
    let near = world
        .agency(&["cleaning"], &[moved(CENTRE, 300.0, 0.0)])
        .await;
    world.cleared_worker(&near, &["cleaning"]).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let desk = world.desk(&near).await;
    assert_eq!(world.offer(&desk, id).await["kind"], "open");

    // The clock goes on while the test does, on a busy machine for many seconds.
    world.advance(WINDOW - Duration::from_secs(60)).await;
    assert_eq!(
        world.order(&customer, id).await["status"],
        "open",
        "not before the deadline"
    );
    world.advance(Duration::from_secs(62)).await;
    let seen = world.order(&customer, id).await;
    assert_eq!(seen["status"], "claimed");
    assert_eq!(seen["claim"]["how"], "assignment");
    assert_eq!(seen["claim"]["agency_id"], near.id.as_str());

    let assigned = world.poll(&desk).await.remove(0);
    assert_eq!(
        (assigned["kind"].as_str(), &assigned["claim_token"]),
        (Some("assigned"), &Value::Null)
    );
    assert_eq!(assigned["order_id"], id);
    // Unless it is acknowledged, it comes again after 30 s.
    assert!(world.poll(&desk).await.is_empty());
    world.advance(Duration::from_secs(31)).await;
    let again = world.poll(&desk).await.remove(0);
    world
        .call("POST", "/v1/offers/ack")
        .token(&desk)
        .json(&json!({ "receipts": [again["receipt"]] }))
        .send()
        .await
        .expect(204);
    world.advance(Duration::from_secs(31)).await;
    assert!(world.poll(&desk).await.is_empty());

    // The explanation is kept, and the authority sees it.
    let authority = world.authority().await;
    let kept = world.order(&authority, id).await;
    assert_eq!(kept["explanation"]["winner"], near.id.as_str());
}

#[tokio::test]
async fn a_grab_one_instant_after_the_deadline_is_refused_even_if_no_timer_has_fired() {
    let world = World::empty().await;
    let OnOffer {
        desk,
        customer,
        id,
        offer,
        ..
    } = world.on_offer().await;
    Operator::of(&world).await.lose_schedules(&world).await;
    world.skip(WINDOW);
    world
        .grab(&desk, &id, offer["claim_token"].as_str().expect("a token"))
        .await
        .expect_problem(410, "grab-window-closed");
    assert_eq!(world.order(&customer, &id).await["settling"], true);
    world.drain().await;
    assert_eq!(
        world.order(&customer, &id).await["claim"]["how"],
        "assignment"
    );
}

#[tokio::test]
async fn with_its_schedule_lost_a_read_gets_the_order_settled() {
    let world = World::empty().await;
    let OnOffer {
        agency,
        customer,
        id,
        ..
    } = world.on_offer().await;
    Operator::of(&world).await.lose_schedules(&world).await;
    world.advance(WINDOW + Duration::from_secs(60)).await;
    // This read triggers the settling: until then nothing has happened.
    let first = world.order(&customer, &id).await;
    assert_eq!(
        (first["status"].as_str(), first["settling"].as_bool()),
        (Some("open"), Some(true))
    );
    world.drain().await;
    let then = world.order(&customer, &id).await;
    assert_eq!(then["claim"]["agency_id"], agency.id.as_str());
    assert_eq!(then["settling"], false);
}

#[tokio::test]
async fn timers_that_fire_twice_early_or_late_change_nothing() {
    let world = World::empty().await;
    let OnOffer { customer, id, .. } = world.on_offer().await;
    let operator = Operator::of(&world).await;
    // Early, twice.
    operator.repeat_timer(&world, &id, 1).await;
    operator.repeat_timer(&world, &id, 1).await;
    world.drain().await;
    assert_eq!(world.order(&customer, &id).await["status"], "open");
    world.advance(WINDOW + Duration::from_secs(1)).await;
    let settled = world.order(&customer, &id).await;
    assert_eq!(settled["status"], "claimed");
    // Late, twice.
    operator.repeat_timer(&world, &id, 1).await;
    operator.repeat_timer(&world, &id, 1).await;
    world.drain().await;
    let still = world.order(&customer, &id).await;
    assert_eq!(still["timeline"], settled["timeline"]);
}

#[tokio::test]
async fn nobody_in_range_after_widening_leaves_the_order_unfilled() {
    let world = World::empty().await;
    world.agency(&["cooking"], &[CENTRE]).await;
    world
        .agency(&["cleaning"], &[moved(CENTRE, 21_000.0, 0.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.advance(WINDOW + Duration::from_secs(2)).await;
    let seen = world.order(&customer, id).await;
    assert_eq!(
        (seen["status"].as_str(), &seen["claim"]),
        (Some("unfilled"), &Value::Null)
    );
}

#[tokio::test]
async fn a_claim_that_nobody_staffs_goes_on_offer_again_until_nothing_is_left() {
    let world = World::empty().await;
    let first = world.agency(&["cleaning"], &[CENTRE]).await;
    let second = world
        .agency(&["cleaning"], &[moved(CENTRE, 500.0, 0.0)])
        .await;
    world.cleared_worker(&second, &["cleaning"]).await;
    let order = world
        .place(
            &world.customer("demo-customer-1").await,
            &world.cleaning(CENTRE),
        )
        .await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let desk = world.desk(&first).await;
    let offer = world.offer(&desk, id).await;
    world
        .grab(&desk, id, offer["claim_token"].as_str().expect("a token"))
        .await
        .expect(200);
    world.advance(WINDOW).await;
    world.advance(Duration::from_secs(30 * 60)).await;
    world.advance(Duration::from_secs(5)).await;
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, id).await;
    assert_eq!(
        (seen["status"].as_str(), seen["epoch"].as_u64()),
        (Some("open"), Some(2))
    );
    assert!(
        world
            .offered(std::slice::from_ref(&first), id)
            .await
            .is_empty(),
        "who missed it is left out"
    );
    assert_eq!(
        world.offered(std::slice::from_ref(&second), id).await.len(),
        1
    );
    // Assigned to the second, who does not staff either: now nobody is left.
    world.advance(WINDOW + Duration::from_secs(2)).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(
        world.order(&customer, id).await["claim"]["agency_id"],
        second.id.as_str()
    );
    world.advance(Duration::from_secs(31 * 60)).await;
    world.advance(WINDOW + Duration::from_secs(5)).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(world.order(&customer, id).await["status"], "unfilled");
}

#[tokio::test]
async fn the_window_ends_before_the_visits_lead_time() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let mut soon = world.cleaning(CENTRE);
    soon["start_at"] = json!(world.in_future(Duration::from_secs(11 * 60)));
    let placed = world.place(&customer, &soon).await;
    assert!(
        placed["grab_deadline"].as_str() < Some(world.in_future(Duration::from_secs(61)).as_str()),
        "{placed}"
    );
}

//! Claims that nobody has staffed yet, and claims that are over.

use domain::worker::Worker;

use super::*;

/// Of two orders for the same hour, an agency with one worker is assigned one.
#[tokio::test]
async fn what_an_agency_has_promised_is_not_free() {
    let world = World::empty().await;
    let near = world.agency(&["cleaning"], &[CENTRE]).await;
    let far = world
        .agency(&["cleaning"], &[moved(CENTRE, 8_000.0, 0.0)])
        .await;
    for agency in [&near, &far] {
        world.cleared_worker(agency, &["cleaning"]).await;
    }
    let order = world.cleaning(CENTRE);
    let mut ids = Vec::new();
    for code in ["demo-customer-1", "demo-customer-2"] {
        let customer = world.customer(code).await;
        let placed = world.place(&customer, &order).await;
        ids.push(placed["order_id"].as_str().expect("an id").to_owned());
    }
    // Both windows close in the same moment.
    world.advance(Duration::from_secs(182)).await;
    let authority = world.authority().await;
    let mut assigned = Vec::new();
    for id in &ids {
        let seen = world.order(&authority, id).await;
        assigned.push(seen["claim"]["agency_id"].clone());
    }
    assigned.sort_by_key(Value::to_string);
    let mut both = [json!(near.id), json!(far.id)];
    both.sort_by_key(Value::to_string);
    assert_eq!(assigned, both);

    // Nobody is left for a third one then, but there is an hour later, after both visits and the way.
    let customer = world.customer("demo-customer-3").await;
    let third = world.place(&customer, &order).await;
    let mut later = order.clone();
    later["start_at"] = world.in_future(28 * HOUR).into();
    let fourth = world.place(&customer, &later).await;
    world.advance(Duration::from_secs(182)).await;
    let authority = world.authority().await;
    let status = async |placed: &Value| {
        let id = placed["order_id"].as_str().expect("an id");
        world.order(&authority, id).await["status"].clone()
    };
    assert_eq!(status(&third).await, "unfilled");
    assert_eq!(status(&fourth).await, "claimed");
}

/// Whoever travels in vain has not been told.
#[tokio::test]
async fn an_agency_is_told_that_its_claim_is_over_and_why() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let notices = async |order: &Claimed| {
        world.drain().await;
        let desk = world.desk(&agency).await;
        let mut notices = world.poll(&desk).await;
        notices.retain(|offer| offer["order_id"] == order.id.as_str());
        notices
    };
    let listed = async |order: &Claimed| {
        let desk = world.desk(&agency).await;
        let list = world.call("GET", "/v1/orders").token(&desk);
        let list = list.send().await.expect(200);
        let items = list["items"].as_array().expect("items").iter();
        let found: Vec<_> = items
            .filter(|item| item["order_id"] == order.id.as_str())
            .cloned()
            .collect();
        assert_eq!(found.len(), 1, "it stays in the agency's list");
        found[0].clone()
    };

    // Cancelled by the customer while the worker is on her way.
    let cancelled = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    staff(&world, &cancelled, &worker.id).await.expect(200);
    let customer = world.customer("demo-customer-1").await;
    let call = world.call("POST", &format!("/v1/orders/{}/cancel", cancelled.id));
    let call = call.token(&customer).json(&json!({ "reason": "临时有事" }));
    call.send().await.expect(200);
    let told = notices(&cancelled).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (
            &told[0]["kind"],
            &told[0]["reason"],
            &told[0]["claim_token"]
        ),
        (&json!("ended"), &json!("cancelled"), &Value::Null)
    );
    assert_eq!(listed(&cancelled).await["status"], "cancelled");
    let desk = world.desk(&agency).await;
    let seen = world.order(&desk, &cancelled.id).await;
    for hidden in ["address", "contact", "location", "notes", "worker"] {
        assert_eq!(seen[hidden], Value::Null);
    }
    // It comes again until it is acknowledged.
    world.advance(MINUTE).await;
    assert_eq!(notices(&cancelled).await.len(), 1);
    world.advance(MINUTE).await;
    world.all_offers(&world.desk(&agency).await).await;
    world.advance(MINUTE).await;
    assert_eq!(notices(&cancelled).await, [] as [Value; 0]);

    // Released by itself: in its list, and no news.
    let released = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    release(&world, &released).await;
    assert_eq!(notices(&released).await, [] as [Value; 0]);
    listed(&released).await;

    let missed = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    world.advance(31 * MINUTE).await;
    assert_eq!(notices(&missed).await[0]["reason"], "not_staffed");
    assert_eq!(listed(&missed).await["claim"], Value::Null);

    let unattended = claimed(&world, &agency, "cleaning", 2 * HOUR).await;
    staff(&world, &unattended, &worker.id).await.expect(200);
    world.advance(8 * HOUR).await;
    assert_eq!(notices(&unattended).await[0]["reason"], "unattended");
    assert_eq!(listed(&unattended).await["status"], "unfilled");
}

/// What her old agency named her for does not bind her: she cannot go there any more.
#[tokio::test]
async fn a_worker_who_has_left_is_free_at_her_new_agency() {
    let world = World::empty().await;
    let old = agency_that_does(&world, "cleaning").await;
    let new = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 500.0)])
        .await;
    let worker = world.cleared_worker(&old, &["cleaning"]).await;
    let theirs = claimed(&world, &old, "cleaning", 24 * HOUR).await;
    staff(&world, &theirs, &worker.id).await.expect(200);
    let ours = claimed(&world, &new, "cleaning", 24 * HOUR).await;
    let employer: AgencyId = new.id.parse().expect("an agency");
    let moves = |worker: &mut Worker| worker.agency = employer.clone();
    world.change_worker(&worker.id, moves).await;

    staff(&world, &ours, &worker.id).await.expect(200);
    // There she is booked now.
    let again = claimed(&world, &new, "cleaning", 24 * HOUR).await;
    let refused = staff(&world, &again, &worker.id).await;
    assert_eq!(reasons(refused), ["booked"]);
}

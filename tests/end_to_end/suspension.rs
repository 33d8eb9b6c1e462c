//! Nobody works without having been reviewed, and a suspension takes effect within seconds.

use std::time::Duration;

use serde_json::json;

use crate::world::{CENTRE, OnOffer, World, decision_on, moved, registration};

#[tokio::test]
async fn a_suspended_agency_cannot_grab_and_gets_no_new_offers_until_reinstated() {
    let world = World::empty().await;
    let OnOffer {
        agency,
        desk,
        customer,
        id,
        offer,
    } = world.on_offer().await;
    let token = offer["claim_token"].as_str().expect("a token");

    world.review(&agency, "suspend").await.expect(200);
    // At once, before any projection has run.
    world
        .grab(&desk, &id, token)
        .await
        .expect_problem(403, "agency-not-approved");
    world
        .call("GET", "/v1/offers")
        .token(&desk)
        .send()
        .await
        .expect_problem(403, "agency-not-approved");
    world
        .call("POST", "/v1/queue-access")
        .token(&desk)
        .send()
        .await
        .expect_problem(403, "agency-not-approved");
    world.drain().await;
    let unheard = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.drain().await;

    world.review(&agency, "reinstate").await.expect(200);
    world.drain().await;
    let heard = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.drain().await;
    let offers = world.all_offers(&desk).await;
    let ids: Vec<_> = offers.iter().map(|offer| &offer["order_id"]).collect();
    assert!(ids.contains(&&heard["order_id"]));
    assert!(!ids.contains(&&unheard["order_id"]));
    world.grab(&desk, &id, token).await.expect(200);
}

#[tokio::test]
async fn a_suspended_agency_is_not_assigned_either() {
    let world = World::empty().await;
    let suspended = world.agency(&["cleaning"], &[CENTRE]).await;
    let other = world
        .agency(&["cleaning"], &[moved(CENTRE, 4_000.0, 0.0)])
        .await;
    for agency in [&suspended, &other] {
        world.cleared_worker(agency, &["cleaning"]).await;
    }
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.drain().await;
    world.review(&suspended, "suspend").await.expect(200);
    world.advance(Duration::from_secs(182)).await;
    let seen = world
        .order(&customer, order["order_id"].as_str().expect("an id"))
        .await;
    assert_eq!(seen["claim"]["agency_id"], other.id.as_str());
}

#[tokio::test]
async fn pending_and_rejected_agencies_hear_of_nothing() {
    let world = World::empty().await;
    let pending = world.register(&["cleaning"], &[CENTRE]).await;
    let rejected = world.register(&["cleaning"], &[CENTRE]).await;
    world.review(&rejected, "reject").await.expect(200);
    for agency in [&pending, &rejected] {
        let desk = world.desk(agency).await;
        world
            .call("GET", "/v1/offers")
            .token(&desk)
            .send()
            .await
            .expect_problem(403, "agency-not-approved");
    }
    let authority = world.authority().await;
    let waiting = world
        .call("GET", "/v1/reviews?kind=agency")
        .token(&authority)
        .send()
        .await
        .expect(200);
    let ids: Vec<_> = waiting["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|i| &i["agency_id"])
        .collect();
    assert_eq!(ids, [&json!(pending.id)]);
    // An agency cannot review itself.
    let desk = world.desk(&pending).await;
    world
        .call("POST", &format!("/v1/agencies/{}/reviews", pending.id))
        .token(&desk)
        .json(&decision_on(&json!(1), "approve"))
        .send()
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_moved_store_counts_at_its_old_place_until_the_new_one_is_approved() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let path = format!("/v1/agencies/{}", agency.id);
    let seen = world
        .call("GET", &path)
        .token(&desk)
        .send()
        .await
        .expect(200);
    let store = seen["stores"][0]["store_id"]
        .as_str()
        .expect("a store")
        .to_owned();
    let far = moved(CENTRE, 40_000.0, 0.0);
    let moved_store = world
        .call("PATCH", &format!("{path}/stores/{store}"))
        .token(&desk)
        .json(&json!({ "location": { "lat": far.0, "lon": far.1, "datum": "wgs84" } }))
        .send()
        .await
        .expect(200);
    assert_eq!(moved_store["status"], "pending");
    world.drain().await;

    let customer = world.customer("demo-customer-1").await;
    let here = world.place(&customer, &world.cleaning(CENTRE)).await;
    let there = world.place(&customer, &world.cleaning(far)).await;
    world.drain().await;
    let ids = |offers: Vec<serde_json::Value>| -> Vec<_> {
        offers
            .into_iter()
            .map(|offer| offer["order_id"].clone())
            .collect()
    };
    assert_eq!(
        ids(world.all_offers(&desk).await),
        [here["order_id"].clone()]
    );
    let _ = there;

    let authority = world.authority().await;
    world
        .call("POST", &format!("{path}/stores/{store}/reviews"))
        .token(&authority)
        .json(&decision_on(&moved_store["version"], "approve"))
        .send()
        .await
        .expect(200);
    world.drain().await;
    let here = world.place(&customer, &world.cleaning(CENTRE)).await;
    let there = world.place(&customer, &world.cleaning(far)).await;
    world.drain().await;
    let now = ids(world.all_offers(&desk).await);
    assert!(
        now.contains(&there["order_id"]) && !now.contains(&here["order_id"]),
        "{now:?}"
    );
}

#[tokio::test]
async fn a_credit_code_is_taken_by_the_first_agency_that_is_approved_with_it() {
    let world = World::empty().await;
    let body = registration(900, &["cleaning"], &[CENTRE]);
    let register = |key: &'static str| {
        let (world, body) = (&world, &body);
        async move {
            world
                .call("POST", "/v1/agencies")
                .key(key)
                .json(body)
                .send()
                .await
                .expect(201)
        }
    };
    let first = register("first-registration-key-0123456789abcdef").await;
    let again = register("first-registration-key-0123456789abcdef").await;
    assert_eq!(
        (&first["agency_id"], &first["secret"]),
        (&again["agency_id"], &again["secret"])
    );
    let second = register("second-registration-key-0123456789abcde").await;
    let authority = world.authority().await;
    let approve = |id: &serde_json::Value| {
        let path = format!("/v1/agencies/{}/reviews", id.as_str().expect("an id"));
        world
            .call("POST", &path)
            .token(&authority)
            .json(&decision_on(&json!(1), "approve"))
            .send()
    };
    approve(&second["agency_id"]).await.expect(200);
    approve(&first["agency_id"])
        .await
        .expect_problem(409, "uscc-taken");
    approve(&second["agency_id"]).await.expect(200);
}

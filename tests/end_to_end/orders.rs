//! The customer's side of an order: placed, read, listed, cancelled, repeated.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{CENTRE, OnOffer, World, moved};

#[tokio::test]
async fn an_order_is_placed_offered_grabbed_and_read_by_both_sides() {
    let world = World::empty().await;
    let agency = world
        .agency(&["cleaning"], &[moved(CENTRE, 900.0, 0.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let placed = world.place(&customer, &world.cleaning(CENTRE)).await;
    assert_eq!(placed["status"], "open");
    assert_eq!(placed["epoch"], 1);
    let id = placed["order_id"].as_str().expect("an id");

    world.drain().await;
    let desk = world.desk(&agency).await;
    let offer = world.offer(&desk, id).await;
    assert_eq!(offer["kind"], "open");
    assert_eq!(offer["service"], "cleaning");
    assert_eq!(offer["area"].as_str().map(str::len), Some(6));
    assert_eq!(offer["distance_m"].as_u64().expect("metres") % 100, 0);
    for secret in ["address", "contact", "location", "phone", "notes"] {
        assert!(
            offer.get(secret).is_none(),
            "an offer must not tell the {secret}"
        );
    }

    let won = world
        .grab(&desk, id, offer["claim_token"].as_str().expect("a token"))
        .await
        .expect(200);
    assert_eq!(won["status"], "claimed");
    // Where the home is, and whose, is for the agency that has named who comes.
    assert_eq!(won["area"], offer["area"]);
    for hidden in ["address", "contact", "location", "notes"] {
        assert_eq!(won[hidden], Value::Null);
    }

    let seen = world.order(&customer, id).await;
    assert_eq!(seen["claim"]["agency_id"], agency.id.as_str());
    assert_eq!(seen["claim"]["how"], "grab");
    let what: Vec<&str> = seen["timeline"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|l| l["what"].as_str())
        .collect();
    assert_eq!(what, ["placed", "offered", "claimed"]);

    let own = world
        .call("GET", "/v1/orders")
        .token(&desk)
        .send()
        .await
        .expect(200);
    assert_eq!(own["items"][0]["order_id"], id);
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_repeated_placing_answers_the_first_result_and_another_body_is_refused() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.cleaning(CENTRE);
    let place = |order: Value, key: &'static str| {
        let (world, customer) = (&world, &customer);
        async move {
            world
                .call("POST", "/v1/orders")
                .token(customer)
                .key(key)
                .json(&order)
                .send()
                .await
        }
    };
    let first = place(order.clone(), "k1").await.expect(201);
    let again = place(order.clone(), "k1").await.expect(201);
    assert_eq!(first["order_id"], again["order_id"]);
    assert_eq!(first["grab_deadline"], again["grab_deadline"]);
    let other = place(order.clone(), "k2").await.expect(201);
    assert_ne!(first["order_id"], other["order_id"]);

    let mut changed = order.clone();
    changed["duration_min"] = json!(180);
    place(changed, "k1")
        .await
        .expect_problem(422, "idempotency-key-reused");

    // The same key of another customer makes another order.
    let second = world.customer("demo-customer-2").await;
    let theirs = world
        .call("POST", "/v1/orders")
        .token(&second)
        .key("k1")
        .json(&order)
        .send()
        .await
        .expect(201);
    assert_ne!(first["order_id"], theirs["order_id"]);

    // A repeat gets the first result, with its other fields as they are now.
    let id = first["order_id"].as_str().expect("an id");
    world
        .call("POST", &format!("/v1/orders/{id}/cancel"))
        .token(&customer)
        .json(&json!({ "reason": "changed my mind" }))
        .send()
        .await
        .expect(200);
    let now = place(order, "k1").await.expect(201);
    assert_eq!(
        (now["order_id"].as_str(), now["status"].as_str()),
        (Some(id), Some("cancelled"))
    );
}

#[tokio::test]
async fn a_customer_lists_own_orders_newest_first_in_pages() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let other = world.customer("demo-customer-2").await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(world.place(&customer, &world.cleaning(CENTRE)).await["order_id"].clone());
        world.place(&other, &world.cleaning(CENTRE)).await;
        world.skip(Duration::from_millis(10));
    }
    placed.reverse();
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/orders?limit=2{cursor}");
        let page = world
            .call("GET", &path)
            .token(&customer)
            .send()
            .await
            .expect(200);
        listed.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|o| o["order_id"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, placed);
}

#[tokio::test]
async fn a_cancelled_order_is_off_offer_and_stays_cancelled() {
    let world = World::empty().await;
    let OnOffer {
        desk,
        customer,
        id,
        offer,
        ..
    } = world.on_offer().await;

    let cancel = || {
        world
            .call("POST", &format!("/v1/orders/{id}/cancel"))
            .token(&customer)
            .json(&json!({ "reason": "not needed" }))
            .send()
    };
    assert_eq!(cancel().await.expect(200)["status"], "cancelled");
    assert_eq!(cancel().await.expect(200)["status"], "cancelled");

    let token = offer["claim_token"].as_str().expect("a token");
    world
        .grab(&desk, &id, token)
        .await
        .expect_problem(410, "order-cancelled");
    world.advance(Duration::from_secs(31)).await;
    assert!(
        world.poll(&desk).await.is_empty(),
        "an offer of a cancelled order is cleared away"
    );
    let open = world
        .call("POST", "/v1/offers/check")
        .token(&desk)
        .json(&json!({ "order_ids": [id, "ord_x", "another"] }))
        .send()
        .await
        .expect(200);
    assert_eq!(open["open"], json!([]));
}

#[tokio::test]
async fn a_released_order_is_offered_afresh_but_not_to_who_released_it() {
    let world = World::empty().await;
    let first = world.agency(&["cleaning"], &[CENTRE]).await;
    let second = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 1_000.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let desk = world.desk(&first).await;
    let old = world.offer(&desk, id).await;
    let second_desk = world.desk(&second).await;
    let stale = world.offer(&second_desk, id).await;
    world
        .grab(&desk, id, old["claim_token"].as_str().expect("a token"))
        .await
        .expect(200);

    let release = || {
        world
            .call("POST", &format!("/v1/orders/{id}/release"))
            .token(&desk)
            .json(&json!({ "reason": "no worker free" }))
            .send()
    };
    release().await.expect(200);
    release().await.expect(200);
    world.advance(Duration::from_secs(2)).await;

    let seen = world.order(&customer, id).await;
    assert_eq!(
        (seen["status"].as_str(), seen["epoch"].as_u64()),
        (Some("open"), Some(2))
    );
    assert_eq!(seen["claim"], Value::Null);
    assert!(world.all_offers(&desk).await.is_empty());
    world
        .grab(&desk, id, old["claim_token"].as_str().expect("a token"))
        .await
        .expect_problem(403, "not-offered");
    world
        .grab(
            &second_desk,
            id,
            stale["claim_token"].as_str().expect("a token"),
        )
        .await
        .expect_problem(403, "not-offered");
    let fresh = world.offer(&second_desk, id).await;
    assert_eq!(fresh["epoch"], 2);
    world
        .grab(
            &second_desk,
            id,
            fresh["claim_token"].as_str().expect("a token"),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn nobody_reads_other_peoples_orders() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let owner = world.customer("demo-customer-1").await;
    let order = world.place(&owner, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    let path = format!("/v1/orders/{id}");

    let stranger = world.customer("demo-customer-2").await;
    world
        .call("GET", &path)
        .token(&stranger)
        .send()
        .await
        .expect_problem(404, "not-found");
    let desk = world.desk(&agency).await;
    world
        .call("GET", &path)
        .token(&desk)
        .send()
        .await
        .expect_problem(404, "not-found");
    let cancel = |token: String| {
        world
            .call("POST", &format!("/v1/orders/{id}/cancel"))
            .token(&token)
            .json(&json!({ "reason": "mischief" }))
            .send()
    };
    cancel(stranger).await.expect_problem(404, "not-found");
    let authority = world.authority().await;
    world
        .call("GET", &path)
        .token(&authority)
        .send()
        .await
        .expect(200);
    world
        .call("GET", &path)
        .send()
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(world.order(&owner, id).await["status"], "open");
}

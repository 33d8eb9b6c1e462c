//! Nobody floods: what one customer, worker, agency or guesser can do at once.

use std::time::Duration;

use domain::time::Millis;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::operator::Operator;
use crate::workers::text;
use crate::world::{CENTRE, World};

impl World {
    async fn try_place(&self, customer: &str, key: &str) -> Answer {
        let order = self.cleaning(CENTRE);
        let call = self.call("POST", "/v1/orders").token(customer).key(key);
        call.json(&order).send().await
    }

    async fn cancel_order(&self, customer: &str, order: &Value) {
        let path = format!("/v1/orders/{}/cancel", text(&order["order_id"]));
        let call = self.call("POST", &path).token(customer);
        let reason = json!({ "reason": "not needed" });
        call.json(&reason).send().await.expect(200);
    }
}

/// The refusal's words, and how many seconds to wait.
fn over(answer: Answer) -> (String, i64) {
    let wait = answer.headers["retry-after"].to_str().expect("ASCII");
    let wait = wait.parse().expect("seconds");
    let problem = answer.expect_problem(429, "rate-limited");
    (text(&problem["detail"]).to_owned(), wait)
}

#[tokio::test]
async fn a_customer_has_five_open_orders_and_a_repeat_is_not_one_more() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.cleaning(CENTRE);
    let mut placed = Vec::new();
    for n in 0..5 {
        let key = format!("k{n}");
        let call = world.call("POST", "/v1/orders").token(&customer).key(&key);
        placed.push(call.json(&order).send().await.expect(201));
    }
    world.drain().await;
    let wire = world.platform.wire().clone();
    wire.reset();
    let five = "A customer has at most 5 open orders.".to_owned();
    let refused = world.try_place(&customer, "k5").await;
    assert_eq!(over(refused), (five, 180));
    let calls = wire.usage("order-intake").calls;
    assert_eq!(
        calls.values().sum::<u64>(),
        2,
        "no timer is set for it: {calls:?}"
    );

    // The same again is answered, and other customers are not concerned.
    let call = world.call("POST", "/v1/orders").token(&customer).key("k0");
    let again = call.json(&order).send().await.expect(201);
    assert_eq!(again["order_id"], placed[0]["order_id"]);
    let other = world.customer("demo-customer-2").await;
    world.try_place(&other, "k0").await.expect(201);

    // Room for one more, which takes one read more; then for none.
    world.cancel_order(&customer, &placed[2]).await;
    wire.reset();
    world.try_place(&customer, "k6").await.expect(201);
    let calls = wire.usage("order-intake").calls;
    assert_eq!(calls.values().sum::<u64>(), 5, "{calls:?}");
    world
        .try_place(&customer, "k7")
        .await
        .expect_problem(429, "rate-limited");

    // Nobody has claimed any of them when the window closes.
    world.advance(Duration::from_secs(182)).await;
    let customer = world.customer("demo-customer-1").await;
    wire.reset();
    for n in 8..13 {
        world
            .try_place(&customer, &format!("k{n}"))
            .await
            .expect(201);
    }
    let calls = wire.usage("order-intake").calls;
    assert_eq!(calls.values().sum::<u64>(), 5 + 4 * 4, "{calls:?}");
}

#[tokio::test]
async fn of_orders_placed_at_once_no_more_are_taken_than_one_after_another() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let keys: Vec<String> = (0..12).map(|n| format!("k{n}")).collect();
    let answers = join_all(keys.iter().map(|key| world.try_place(&customer, key))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(429)), (5, 7), "{statuses:?}");
    world.drain().await;
    let listed = world
        .call("GET", "/v1/orders")
        .token(&customer)
        .send()
        .await;
    let listed = listed.expect(200)["items"].as_array().map(Vec::len);
    assert_eq!(listed, Some(5));
}

#[tokio::test]
async fn a_customer_places_twenty_orders_a_day_of_the_market() {
    let world = World::empty().await;
    // Noon in China, so that the day does not end meanwhile.
    let now = world.now();
    let noon = Millis::day_begins(now.day() + 1) + Duration::from_secs(12 * 3_600);
    world.advance(noon.since(now)).await;
    let customer = world.customer("demo-customer-1").await;
    for n in 0..20 {
        let placed = world
            .try_place(&customer, &format!("k{n}"))
            .await
            .expect(201);
        world.cancel_order(&customer, &placed).await;
    }
    let (detail, wait) = over(world.try_place(&customer, "k20").await);
    assert_eq!(detail, "A customer places at most 20 orders a day.");
    assert!((11 * 3_600..=12 * 3_600).contains(&wait), "{wait}");
    world.advance(Duration::from_secs(12 * 3_600)).await;
    let customer = world.customer("demo-customer-1").await;
    world.try_place(&customer, "k20").await.expect(201);
}

#[tokio::test]
async fn placing_over_the_quota_cut_off_anywhere_counts_once() {
    for n in 1.. {
        assert!(n < 30, "order-intake makes too many calls");
        let world = World::empty().await;
        let customer = world.customer("demo-customer-1").await;
        for n in 0..4 {
            world
                .try_place(&customer, &format!("k{n}"))
                .await
                .expect(201);
        }
        let wire = world.platform.wire().clone();
        wire.cut_after("order-intake", n);
        let order = world.cleaning(CENTRE);
        let fifth = crate::staffing::insist(&world, || {
            let call = world.call("POST", "/v1/orders").token(&customer).key("k4");
            call.json(&order).try_send()
        });
        let fifth = fifth.await.expect(201);
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("order-intake", 1_000);
        world
            .try_place(&customer, "k5")
            .await
            .expect_problem(429, "rate-limited");
        world.cancel_order(&customer, &fifth).await;
        world.try_place(&customer, "k6").await.expect(201);
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "order-intake was never called");
            return;
        }
    }
}

#[tokio::test]
async fn wrong_secrets_are_refused_as_such_and_a_right_one_never_is() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let authority = world.platform.demo().authority.clone();
    let log_in = async |role: &str, access_key: &str, secret: &str| {
        let call = world.call("POST", &format!("/v1/sessions/{role}"));
        let given = json!({ "access_key": access_key, "secret": secret });
        call.json(&given).send().await
    };
    let (start, last) = agency.access_key.split_at(agency.access_key.len() - 1);
    let unknown = format!("{start}{}", if last == "0" { "1" } else { "0" });
    for (role, key) in [
        ("agency", agency.access_key.as_str()),
        ("agency", &unknown),
        ("agency", "hak_nobody"),
        ("authority", &authority.access_key),
        ("authority", "nobody"),
    ] {
        for _ in 0..10 {
            log_in(role, key, "wrong")
                .await
                .expect_problem(401, "bad-credentials");
        }
        for _ in 0..2 {
            let (detail, wait) = over(log_in(role, key, "wrong").await);
            assert!(detail.contains("wrong secrets"), "{detail}");
            assert!((800..=901).contains(&wait), "{wait}");
        }
    }
    log_in("agency", &agency.access_key, &agency.secret)
        .await
        .expect(200);
    log_in("authority", &authority.access_key, &authority.secret)
        .await
        .expect(200);
    let answer = log_in("agency", &agency.access_key, "wrong").await;
    assert_eq!(answer.status, 429, "a right one ends nothing");
    world.advance(Duration::from_secs(15 * 60)).await;
    let answer = log_in("agency", &agency.access_key, "wrong").await;
    answer.expect_problem(401, "bad-credentials");
}

#[tokio::test]
async fn an_agency_has_fifty_stores_waiting_for_review() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let path = format!("/v1/agencies/{}/stores", agency.id);
    let add = async |n: u32| {
        let store = json!({
            "name": format!("{n} 号店"), "address": "南岗区西大直街 1 号",
            "location": { "lat": CENTRE.0, "lon": CENTRE.1, "datum": "wgs84" },
        });
        let call = world
            .call("POST", &path)
            .token(&desk)
            .key(&format!("store-{n}"));
        call.json(&store).send().await
    };
    for n in 1..50 {
        add(n).await.expect(201);
    }
    let (detail, _) = over(add(50).await);
    assert_eq!(detail, "At most 50 stores of an agency wait for review.");
    add(49).await.expect(201);
    // All of them are decided on in one transaction; then there is room.
    world.review(&agency, "approve").await.expect(200);
    add(50).await.expect(201);
}

#[tokio::test]
async fn ten_objections_of_a_worker_wait_at_once() {
    let world = World::empty().await;
    let (_, _, token, _) = crate::own_record::approved(&world).await;
    let object = async |n: u32| {
        let call = world.call("POST", "/v1/me/objections").token(&token);
        let call = call.key(&format!("objection-{n}"));
        let about = json!({ "about": "identity", "text": format!("wrong {n}") });
        call.json(&about).send().await
    };
    for n in 0..10 {
        object(n).await.expect(201);
    }
    let (detail, _) = over(object(10).await);
    assert!(detail.contains("10 objections"), "{detail}");
    object(3).await.expect(201);
}

#[tokio::test]
async fn a_worker_has_thirty_badges_that_have_not_expired() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let path = format!("/v1/workers/{}/badges", worker.id);
    let issue = async |desk: &str, n: u32| {
        let call = world.call("POST", &path).token(desk);
        let call = call.key(&format!("badge-{n}"));
        call.json(&json!({ "valid_days": 2 })).send().await
    };
    for n in 0..30 {
        issue(&desk, n).await.expect(201);
    }
    let (detail, _) = over(issue(&desk, 30).await);
    assert!(detail.contains("30 badges"), "{detail}");
    issue(&desk, 7).await.expect(201);
    world.advance(Duration::from_secs(3 * 86_400)).await;
    let desk = world.desk(&agency).await;
    issue(&desk, 30).await.expect(201);
}

/// A quota that refuses leaves no timer behind, and one that changed in between takes the same timer again.
#[tokio::test]
async fn a_refused_order_has_no_timer() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    for n in 0..8 {
        world.try_place(&customer, &format!("k{n}")).await;
    }
    let operator = Operator::of(&world).await;
    let listed = operator.scheduler.list_schedules();
    let group = format!("{}-timers", world.platform.stack_name());
    let listed = listed.group_name(group).send().await.expect("a list");
    assert_eq!(listed.schedules().len(), 5);
}

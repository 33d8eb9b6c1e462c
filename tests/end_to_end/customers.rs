//! What is a customer's: her home, which goes some time after the visit, and all of it when she wants to be erased.

use std::time::Duration;

use domain::order::{Change, Order};
use domain::time::Millis;
use local::platform::Options;
use local::template;
use serde_json::{Value, json};
use store::{Orders, Written};

use crate::staffing::{agency_that_does, claimed, staff};
use crate::workers::text;
use crate::world::{CENTRE, World};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

const HOME: [&str; 4] = ["address", "location", "contact", "notes"];

fn orders(world: &World) -> Orders {
    Orders::new(&world.platform.operator_settings())
}

impl World {
    async fn stored(&self, id: &str) -> Order {
        let found = orders(self).get(&id.parse().expect("an order")).await;
        found.expect("the table answers").expect("an order")
    }

    /// The worker has come, as her badge's check would say.
    pub async fn begins(&self, id: &str) {
        let order = self.stored(id).await;
        let worker = order.staffing().expect("staffed").worker.clone();
        let change = Change::Start { worker };
        let orders = orders(self);
        let written = orders.change(&order, &change, order.epoch, self.now());
        let written = written.await.expect("the table answers");
        assert!(matches!(written, Written::Done(_)), "{written:?}");
    }

    pub async fn act(&self, customer: &str, id: &str, what: &str, body: Value) -> Value {
        let path = format!("/v1/orders/{id}/{what}");
        let call = self.call("POST", &path).token(customer).json(&body);
        call.send().await.expect(200)
    }
}

fn has_home(order: &Value) -> bool {
    let there = HOME.map(|field| !order[field].is_null());
    assert!(there.iter().all(|it| *it == there[0]), "{order}");
    there[0]
}

#[tokio::test]
async fn a_home_is_not_shown_any_more_180_days_after_the_orders_end() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let visit = claimed(&world, &agency, "cleaning", HOUR).await;
    staff(&world, &visit, &worker.id).await.expect(200);
    let customer = world.customer("demo-customer-1").await;
    let cancelled = world.place(&customer, &world.cleaning(CENTRE)).await;
    let cancelled = text(&cancelled["order_id"]).to_owned();
    world.begins(&visit.id).await;
    world.act(&customer, &visit.id, "complete", json!({})).await;
    world
        .act(&customer, &cancelled, "cancel", json!({ "reason": "ill" }))
        .await;
    world.drain().await;
    // Rating it later keeps nothing longer.
    world.advance(Duration::from_secs(60)).await;
    let stars = json!({ "stars": 5, "comment": "好" });
    world.act(&customer, &visit.id, "rating", stars).await;

    let seen = async |token: &str| {
        let mut homes = Vec::new();
        for id in [&visit.id, &cancelled] {
            homes.push(has_home(&world.order(token, id).await));
        }
        homes
    };
    world.advance(180 * DAY - Duration::from_secs(120)).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(seen(&customer).await, [true, true]);
    assert!(has_home(
        &world.order(&world.desk(&agency).await, &visit.id).await
    ));
    // The table may take days to delete what is to go.
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(seen(&customer).await, [false, false]);
    assert_eq!(seen(&world.authority().await).await, [false, false]);
    let desk = world.desk(&agency).await;
    assert!(!has_home(&world.order(&desk, &visit.id).await));
    let kept = world.order(&customer, &visit.id).await;
    assert_eq!(kept["rating"]["comment"], "好");
}

#[tokio::test]
async fn a_customer_who_wants_to_be_erased_orders_nothing_more_and_can_stay() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let body = world.cleaning(CENTRE);
    let place = async |key: &str| {
        let call = world.call("POST", "/v1/orders").token(&customer).key(key);
        call.json(&body).send().await
    };
    let placed = place("before").await.expect(201);
    let id = text(&placed["order_id"]).to_owned();
    let erase = async |method: &str| {
        let call = world.call(method, "/v1/me/erase").token(&customer);
        call.send().await
    };
    let asked = erase("POST").await.expect(202);
    let moment = |field: &str| Millis::parse_rfc3339(text(&asked[field])).expect("a moment");
    assert_eq!(moment("due_at"), moment("requested_at") + 72 * HOUR);
    assert_eq!(erase("POST").await.expect(202), asked);
    assert_eq!(erase("GET").await.expect(200)["erasure"], asked);
    world.drain().await;
    let seen = world.order(&customer, &id).await;
    assert_eq!(seen["status"], "cancelled");
    assert!(has_home(&seen), "it can still be called off");
    place("more").await.expect_problem(409, "erasure-pending");
    let repeat = place("before").await.expect(201);
    assert_eq!(repeat["order_id"], id, "a repeat is answered all the same");

    for _ in 0..2 {
        erase("DELETE").await.expect(204);
    }
    let none = json!({ "erasure": null });
    assert_eq!(erase("GET").await.expect(200), none);
    erase("POST").await.expect_problem(429, "rate-limited");
    let after = place("more").await.expect(201);
    world.advance(73 * HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    for id in [&id, text(&after["order_id"])] {
        assert!(has_home(&world.order(&customer, id).await), "called off");
    }
    // Whose data it is, nobody else asks for.
    for token in [
        world.authority().await,
        world.customer("demo-customer-2").await,
    ] {
        let call = world.call("DELETE", "/v1/me/erase").token(&token);
        let status = call.send().await.status;
        assert!(status == 403 || status == 204, "{status}");
    }
}

#[tokio::test]
async fn a_customer_is_erased_when_the_visit_under_way_is_over() {
    let hasty = "{\"erasure_delay_s\":3600,\"name\"";
    let world = World::with(Options {
        template: template::SOURCE.replacen("{\"name\"", hasty, 1),
        ..Options::default()
    })
    .await;
    let agency = agency_that_does(&world, "cleaning").await;
    let customer = world.customer("demo-customer-1").await;
    let mut visits = Vec::new();
    for _ in 0..2 {
        let worker = world.cleared_worker(&agency, &["cleaning"]).await;
        let visit = claimed(&world, &agency, "cleaning", HOUR).await;
        staff(&world, &visit, &worker.id).await.expect(200);
        world.begins(&visit.id).await;
        visits.push(visit.id);
    }
    let [rated, under_way] = visits.try_into().expect("two visits");
    world.act(&customer, &rated, "complete", json!({})).await;
    let stars = json!({ "stars": 5, "comment": "找老王" });
    world.act(&customer, &rated, "rating", stars.clone()).await;
    let cancelled = world.place(&customer, &world.cleaning(CENTRE)).await;
    let cancelled = text(&cancelled["order_id"]).to_owned();
    let why = json!({ "reason": "老王来了" });
    world.act(&customer, &cancelled, "cancel", why).await;
    let call = world.call("POST", "/v1/me/erase").token(&customer);
    call.send().await.expect(202);

    world.advance(HOUR + Duration::from_secs(60)).await;
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &under_way).await;
    assert_eq!(seen["status"], "in_service");
    assert!(has_home(&seen), "she is still there");
    let call = world.call("POST", "/v1/orders").token(&customer).key("k");
    let refused = call.json(&world.cleaning(CENTRE)).send().await;
    refused.expect_problem(409, "erasure-pending");
    world
        .act(&customer, &under_way, "complete", json!({}))
        .await;
    world.advance(Duration::from_secs(900)).await;

    let customer = world.customer("demo-customer-1").await;
    for id in [&rated, &under_way, &cancelled] {
        for token in [&customer, &world.authority().await] {
            let seen = world.order(token, id).await;
            assert!(!has_home(&seen), "{seen}");
            let text = seen.to_string();
            assert!(!text.contains("老王"), "{text}");
        }
    }
    let seen = world.order(&customer, &rated).await;
    assert_eq!(
        (&seen["status"], &seen["rating"]),
        (&json!("rated"), &Value::Null)
    );
    let path = format!("/v1/orders/{rated}/rating");
    let call = world.call("POST", &path).token(&customer);
    let again = call.json(&stars).send().await;
    again.expect_problem(409, "too-late");
    // She may come back, as somebody new.
    world.place(&customer, &world.cleaning(CENTRE)).await;
}

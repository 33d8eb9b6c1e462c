//! What a customer holds against a visit: who says what, who reads it, what it counts.

use super::*;
use crate::log_watch;

const DAY: Duration = Duration::from_secs(86_400);
const WORDS: &str = "窗户没有擦\n地板也没有";

fn complaint() -> Value {
    json!({ "about": "quality", "detail": WORDS })
}

async fn send(world: &World, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    let call = world.call("POST", path).token(token).key(key);
    call.json(body).send().await
}

async fn listed(world: &World, token: &str, query: &str) -> Vec<Value> {
    let call = world.call("GET", &format!("/v1/complaints{query}"));
    let page = call.token(token).send().await.expect(200);
    page["items"].as_array().expect("items").clone()
}

async fn complaints_in_chain(world: &World, worker: &Hired) -> Vec<Value> {
    let authority = world.authority().await;
    let path = format!("/v1/workers/{}/trace?purpose=audit&", worker.id);
    let mut chain = world.chain(&authority, &path).await;
    chain.retain(|traced| traced["event"]["kind"] == "complaint");
    chain
}

#[tokio::test]
async fn a_complaint_is_answered_and_decided_and_an_upheld_one_counts() {
    let world = World::empty().await;
    log_watch::keep_secret("窗户没有擦");
    let (agency, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    let path = format!("/v1/orders/{}/complaints", order.id);
    let complain = |token: String, key: &'static str, body: Value| {
        let (world, path) = (&world, &path);
        async move { send(world, &token, path, key, &body).await }
    };
    complain(customer.clone(), "k1", complaint())
        .await
        .expect_problem(409, "not-over");
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    post(&world, &order, "complete", &json!({}))
        .await
        .expect(200);

    let desk = world.desk(&agency).await;
    let stranger = world.customer("demo-customer-2").await;
    complain(desk.clone(), "k1", complaint())
        .await
        .expect_problem(403, "forbidden");
    complain(stranger.clone(), "k1", complaint())
        .await
        .expect_problem(404, "not-found");
    // Not while the customer's data is about to be erased, and again once that is called off.
    let erase = |method| world.call(method, "/v1/me/erase").token(&customer).send();
    erase("POST").await.expect(202);
    complain(customer.clone(), "k0", complaint())
        .await
        .expect_problem(409, "erasure-pending");
    erase("DELETE").await.expect(204);
    let made = complain(customer.clone(), "k1", complaint())
        .await
        .expect(201);
    assert_eq!(
        (&made["status"], &made["detail"]),
        (&json!("open"), &json!(WORDS))
    );
    let again = complain(customer.clone(), "k1", complaint())
        .await
        .expect(201);
    assert_eq!(again, made);
    let other = json!({ "about": "price", "detail": WORDS });
    complain(customer.clone(), "k1", other)
        .await
        .expect_problem(422, "idempotency-key-reused");
    complain(customer.clone(), "k2", complaint())
        .await
        .expect_problem(409, "complained-already");

    // Its customer, its agency and the authority read it, and nobody else.
    let authority = world.authority().await;
    let rival = agency_that_does(&world, "cleaning").await;
    let rival = world.desk(&rival).await;
    for (token, count) in [
        (&customer, 1),
        (&stranger, 0),
        (&desk, 1),
        (&rival, 0),
        (&authority, 1),
    ] {
        assert_eq!(listed(&world, token, "").await.len(), count);
        let of_order = format!("?order_id={}", order.id);
        assert_eq!(listed(&world, token, &of_order).await.len(), count);
        assert_eq!(
            listed(&world, token, &format!("{of_order}&status=upheld"))
                .await
                .len(),
            0
        );
    }
    let of_another = listed(
        &world,
        &authority,
        "?order_id=ord_00000000000000000000000000",
    )
    .await;
    assert_eq!(of_another.len(), 0);
    let call = world
        .call("GET", "/v1/complaints?order_id=1")
        .token(&customer);
    call.send().await.expect_problem(400, "malformed");
    let seen = world.order(&customer, &order.id).await;
    for complaint in [&made, &listed(&world, &desk, "").await[0]] {
        assert_eq!(complaint["agency_name"], seen["claim"]["agency_name"]);
        for field in ["service", "start_at"] {
            assert_eq!(complaint[field], seen[field]);
        }
    }
    let to_agency = listed(&world, &desk, "?status=open").await.remove(0);
    assert_eq!(to_agency["worker_id"], Value::Null);
    assert_eq!(to_agency["detail"], WORDS);
    assert!(
        !to_agency.to_string().contains("13912345678"),
        "{to_agency}"
    );
    let to_authority = listed(&world, &authority, "").await.remove(0);
    assert_eq!(to_authority["worker_id"], worker.id.as_str());
    assert!(listed(&world, &desk, "?status=answered").await.is_empty());

    let id = made["complaint_id"].as_str().expect("an id");
    let answer = format!("/v1/complaints/{id}/answer");
    let decision = format!("/v1/complaints/{id}/decision");
    let uphold = json!({ "decision": "upheld", "reason": "the photos show it" });
    send(&world, &authority, &decision, "k", &uphold)
        .await
        .expect_problem(409, "answer-pending");
    let text = json!({ "text": "对不起" });
    send(&world, &rival, &answer, "k", &text)
        .await
        .expect_problem(404, "not-found");
    for _ in 0..2 {
        let answered = send(&world, &desk, &answer, "k", &text).await.expect(200);
        assert_eq!(answered["status"], "answered");
    }
    let otherwise = json!({ "text": "不是我们" });
    send(&world, &desk, &answer, "k", &otherwise)
        .await
        .expect_problem(409, "answered-already");
    send(&world, &customer, &decision, "k", &uphold)
        .await
        .expect_problem(403, "forbidden");
    for _ in 0..2 {
        let decided = send(&world, &authority, &decision, "k", &uphold)
            .await
            .expect(200);
        assert_eq!(decided["status"], "upheld");
    }
    let dismiss = json!({ "decision": "dismissed", "reason": "the photos show it" });
    send(&world, &authority, &decision, "k", &dismiss)
        .await
        .expect_problem(409, "decided-already");

    assert_eq!(stats(&world, &agency).await.upheld, 1);
    let events = complaints_in_chain(&world, &worker).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["payload"]["complaint_id"], id);
    assert_eq!(events[0]["payload"]["reason"], "the photos show it");
    assert!(!events[0].to_string().contains("窗户"), "{}", events[0]);
    assert!(listed(&world, &authority, "").await.is_empty());
    assert_eq!(listed(&world, &authority, "?status=upheld").await.len(), 1);
    let seen = listed(&world, &customer, "?status=upheld").await.remove(0);
    assert_eq!(seen["decision"]["decision"], "upheld");
    assert_eq!(seen["answer"]["text"], "对不起");

    // It goes with its customer, who asks again.
    world.advance(HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    let call = world.call("POST", "/v1/me/erase").token(&customer);
    call.send().await.expect(202);
    world.advance(3 * DAY + HOUR).await;
    let authority = world.authority().await;
    assert!(
        listed(&world, &authority, "?status=upheld")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn without_an_answer_in_time_the_authority_decides_alone() {
    let world = World::empty().await;
    log_watch::keep_secret("窗户没有擦");
    let agency = agency_that_does(&world, "cleaning").await;
    let order = claimed(&world, &agency, "cleaning", 5 * HOUR).await;
    post(&world, &order, "cancel", &json!({ "reason": "太贵" }))
        .await
        .expect(200);
    let customer = world.customer("demo-customer-1").await;
    let path = format!("/v1/orders/{}/complaints", order.id);
    let made = send(&world, &customer, &path, "k", &complaint())
        .await
        .expect(201);
    let id = made["complaint_id"].as_str().expect("an id");
    world.advance(7 * DAY).await;
    let desk = world.desk(&agency).await;
    let text = json!({ "text": "对不起" });
    send(
        &world,
        &desk,
        &format!("/v1/complaints/{id}/answer"),
        "k",
        &text,
    )
    .await
    .expect_problem(409, "too-late");
    let authority = world.authority().await;
    let dismiss = json!({ "decision": "dismissed", "reason": "nobody came, as was agreed" });
    let decision = format!("/v1/complaints/{id}/decision");
    let decided = send(&world, &authority, &decision, "k", &dismiss)
        .await
        .expect(200);
    assert_eq!(decided["status"], "dismissed");
    assert_eq!(stats(&world, &agency).await.upheld, 0);
    world.advance(173 * DAY).await;
    let customer = world.customer("demo-customer-1").await;
    assert!(listed(&world, &customer, "").await.is_empty());
}

#[tokio::test]
async fn a_complaint_cut_off_anywhere_is_made_answered_and_counted_once() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let badge = badge_of(&world, &agency, &worker).await;
    for n in 1.. {
        assert!(n < 18, "visits makes too many calls for a complaint");
        let order = claimed(&world, &agency, "cleaning", HOUR).await;
        staff(&world, &order, &worker.id).await.expect(200);
        assert_eq!(result(&world, &order, &badge.token).await, "match");
        post(&world, &order, "complete", &json!({}))
            .await
            .expect(200);
        let wire = world.platform.wire().clone();
        wire.cut_after("visits", n);
        let insisted = async |token: String, path: String, body: Value, status: u16| {
            let send = || {
                let call = world.call("POST", &path).token(&token).key("k");
                call.json(&body).try_send()
            };
            insist(&world, send).await.expect(status)
        };
        let customer = world.customer("demo-customer-1").await;
        let path = format!("/v1/orders/{}/complaints", order.id);
        let made = insisted(customer, path, complaint(), 201).await;
        let path = format!(
            "/v1/complaints/{}",
            made["complaint_id"].as_str().expect("an id")
        );
        let text = json!({ "text": "对不起" });
        insisted(
            world.desk(&agency).await,
            format!("{path}/answer"),
            text,
            200,
        )
        .await;
        let uphold = json!({ "decision": "upheld", "reason": "the photos show it" });
        let authority = world.authority().await;
        insisted(authority, format!("{path}/decision"), uphold, 200).await;
        let upheld = stats(&world, &agency).await.upheld;
        assert_eq!(upheld, u64::from(n), "cut after {n}");
        let events = complaints_in_chain(&world, &worker).await;
        assert_eq!(events.len(), n as usize, "cut after {n}");
        if wire.take_cuts().is_empty() {
            assert!(n > 5, "visits was never called");
            break;
        }
    }
}

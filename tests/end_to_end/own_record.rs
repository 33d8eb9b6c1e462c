//! What a worker sees of her own record, and what she can do about it.

use std::time::Duration;

use domain::time::Millis;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::workers::{kinds, text};
use crate::world::{CENTRE, World};

/// An approved worker: what was sent to register her, her id, her token, her agency's token.
pub async fn approved(world: &World) -> (Value, Value, String, String) {
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = worker["worker_id"].clone();
    world.put_photo(&desk, &id).await;
    world.review_worker(&id, "approve").await.expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    (sent, id, text(&session["token"]).to_owned(), desk)
}

#[tokio::test]
async fn a_worker_sees_everything_and_who_looked_why() {
    let world = World::empty().await;
    let (sent, id, token, desk) = approved(&world).await;
    let get = |path: &'static str| world.call("GET", path).token(&token).send();
    let record = get("/v1/me/record").await.expect(200);
    assert_eq!(
        (&record["worker"]["worker_id"], &record["worker"]["name"]),
        (&id, &sent["name"])
    );
    assert!(!record.to_string().contains(text(&sent["id_number"])));
    let chain = world.chain(&token, "/v1/me/trace?").await;
    assert_eq!(chain[0]["payload"]["name"], sent["name"]);

    let authority = world.authority().await;
    let path = format!("/v1/workers/{}", text(&id));
    let look = |query: &'static str| {
        let path = format!("{path}{query}");
        let call = world.call("GET", &path).token(&authority);
        async move { call.send().await }
    };
    world.advance(Duration::from_millis(1)).await;
    look("?purpose=complaint%2017").await.expect(200);
    look("?purpose=%20").await.expect_problem(400, "malformed");
    world.advance(Duration::from_millis(1)).await;
    look("").await.expect(200);
    world.advance(Duration::from_millis(1)).await;
    let sections = format!("{path}/sections");
    let now = world.now().to_rfc3339();
    let recorded = json!({ "section": "identity", "state": "clear", "as_of": now });
    world
        .call("POST", &sections)
        .token(&authority)
        .json(&recorded)
        .send()
        .await
        .expect(200);
    let views = get("/v1/me/views").await.expect(200);
    let views = views["items"].as_array().expect("views");
    let purposes: Vec<&str> = views.iter().map(|view| text(&view["purpose"])).collect();
    assert_eq!(
        purposes[..3],
        ["recorded identity", "not stated", "complaint 17"]
    );
    assert!(
        purposes[3..].contains(&"papers seen"),
        "every answer with her record is a look, a review's too"
    );
    assert!(views.iter().all(|view| view["how"] == "authority"));

    // Nobody else can read her record, and her token opens nothing else.
    for other in [&desk, &authority] {
        world
            .call("GET", "/v1/me/record")
            .token(other)
            .send()
            .await
            .expect_problem(403, "forbidden");
    }
    world
        .call("GET", &path)
        .token(&token)
        .send()
        .await
        .expect_problem(403, "forbidden");
    get("/v1/me/code-key")
        .await
        .expect_problem(404, "not-found");
    let badge = world.badge_for(&desk, &id).await;
    let key = get("/v1/me/code-key").await.expect(200);
    assert_eq!(key["badge_id"], badge["badge_id"]);
    let record = get("/v1/me/record").await.expect(200);
    assert_eq!(record["badges"][0]["status"], "valid");
    world
        .call("GET", "/v1/me/record")
        .send()
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_objection_waits_for_the_authority_and_is_answered() {
    let world = World::empty().await;
    let (_, id, token, _) = approved(&world).await;
    let object = |about: Value, key: &'static str| {
        let call = world
            .call("POST", "/v1/me/objections")
            .token(&token)
            .key(key);
        call.json(&json!({ "about": about, "text": "这不是我" }))
            .send()
    };
    // No section, and the seq of an event that is still to come.
    for nothing in [json!("horoscope"), json!(99)] {
        let faults = object(nothing, "x").await;
        assert_eq!(
            (faults.status, faults.pointers()),
            (422, vec!["/about".to_owned()])
        );
    }
    let first = object(json!("dishonesty"), "k").await.expect(201);
    assert_eq!(object(json!("dishonesty"), "k").await.expect(201), first);
    object(json!(1), "k")
        .await
        .expect_problem(422, "idempotency-key-reused");

    let authority = world.authority().await;
    let waiting = |count: usize| {
        let call = world
            .call("GET", "/v1/reviews?kind=objection")
            .token(&authority)
            .send();
        async move {
            let list = call.await.expect(200);
            assert_eq!(list["items"].as_array().map(Vec::len), Some(count));
            list["items"][0].clone()
        }
    };
    let waits = waiting(1).await;
    assert_eq!(waits["objection_id"], first["objection_id"]);
    assert_eq!(
        (&waits["about"], &waits["text"]),
        (&json!("dishonesty"), &json!("这不是我"))
    );
    let path = format!(
        "/v1/workers/{}/objections/{}/answer",
        text(&id),
        text(&first["objection_id"])
    );
    let answer = |outcome: &'static str| {
        let call = world.call("POST", &path).token(&authority);
        call.json(&json!({ "outcome": outcome, "reason": "a namesake" }))
            .send()
    };
    answer("upheld").await.expect(200);
    answer("upheld").await.expect(200);
    answer("dismissed").await.expect_problem(409, "conflict");
    waiting(0).await;
    let record = world
        .call("GET", "/v1/me/record")
        .token(&token)
        .send()
        .await
        .expect(200);
    let shown = &record["objections"][0];
    assert_eq!(
        (&shown["about"], &shown["answer"]["outcome"]),
        (&json!("dishonesty"), &json!("upheld"))
    );
    // Without a key a repeat cannot be told from another objection, so both are kept.
    let bare = || {
        let call = world.call("POST", "/v1/me/objections").token(&token);
        call.json(&json!({ "about": "identity", "text": "这不是我" }))
            .send()
    };
    let (one, another) = (bare().await.expect(201), bare().await.expect(201));
    assert_ne!(one, another);
    waiting(2).await;
}

#[tokio::test]
async fn consent_taken_back_suspends_until_she_gives_it_again() {
    let world = World::empty().await;
    let (sent, id, token, desk) = approved(&world).await;
    for _ in 0..2 {
        let call = world.call("POST", "/v1/me/consent/withdraw").token(&token);
        let seen = call.send().await.expect(200);
        assert_eq!(seen["status"], "suspended");
        assert!(seen["consent"]["withdrawn_at"].is_string());
    }
    world
        .review_worker(&id, "reinstate")
        .await
        .expect_problem(409, "conflict");
    // She can still see what is recorded of her.
    world.worker_session(&sent["phone"]).await.expect(200);
    world.advance(Duration::from_secs(60)).await;
    no_agency_gives_consent(&world, &id, &desk).await;
    for _ in 0..2 {
        let call = world.call("POST", "/v1/me/consent").token(&token);
        let seen = call.json(&json!({ "text_version": "2026-02" })).send();
        let seen = seen.await.expect(200);
        assert_eq!(seen["consent"]["withdrawn_at"], Value::Null);
    }
    let seen = world.review_worker(&id, "reinstate").await.expect(200);
    assert_eq!(
        (&seen["status"], &seen["consent"]["withdrawn_at"]),
        (&json!("approved"), &Value::Null)
    );
    no_agency_gives_consent(&world, &id, &desk).await;
}

/// Nor what she has agreed to another text, once she has been approved.
async fn no_agency_gives_consent(world: &World, id: &Value, desk: &str) {
    let path = format!("/v1/workers/{}", text(id));
    let consent = json!({ "text_version": "2026-09", "given_at": world.now().to_rfc3339() });
    let call = world.call("PATCH", &path).token(desk);
    let answer = call.json(&json!({ "consent": consent })).send().await;
    assert_eq!(
        (answer.status, answer.pointers()),
        (422, vec!["/consent".to_owned()])
    );
}

/// How long an erasure waits.
const THREE_DAYS: Duration = Duration::from_secs(72 * 3_600);
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    async fn erase_me(&self, method: &str, token: &str) -> Answer {
        self.call(method, "/v1/me/erase").token(token).send().await
    }

    /// The workers in the authority's list of those who are about to be erased.
    async fn erasures_told(&self) -> Vec<Value> {
        let token = self.authority().await;
        let call = self.call("GET", "/v1/reviews?kind=erasure").token(&token);
        let list = call.send().await.expect(200);
        let items = list["items"].as_array().expect("items").iter();
        items.map(|item| item["worker_id"].clone()).collect()
    }

    async fn record_of(&self, id: &Value) -> Value {
        let token = self.authority().await;
        self.read_worker(&token, id).await.expect(200)
    }
}

#[tokio::test]
async fn an_erasure_waits_three_days_is_told_and_can_be_called_off() {
    let world = World::empty().await;
    let (sent, id, token, desk) = approved(&world).await;
    let asked = world.erase_me("POST", &token).await.expect(202);
    let moment = |field: &str| Millis::parse_rfc3339(text(&asked[field])).expect("a moment");
    assert_eq!(moment("due_at"), moment("requested_at") + THREE_DAYS);
    assert!(moment("requested_at") <= world.now());
    world.advance(Duration::from_secs(1)).await;
    let again = world.erase_me("POST", &token).await.expect(202);
    assert_eq!(again, asked, "it stands");

    // Her agency and the authority are told; she works on.
    let seen = world.read_worker(&desk, &id).await.expect(200);
    assert_eq!(
        (&seen["erasure"], &seen["status"]),
        (&asked, &json!("approved"))
    );
    assert_eq!(world.record_of(&id).await["erasure"], asked);
    assert_eq!(world.erasures_told().await, std::slice::from_ref(&id));
    for other in [&desk, &world.authority().await] {
        world
            .erase_me("DELETE", other)
            .await
            .expect_problem(403, "forbidden");
    }

    for _ in 0..2 {
        world.erase_me("DELETE", &token).await.expect(204);
    }
    assert_eq!(world.record_of(&id).await["erasure"], Value::Null);
    assert!(world.erasures_told().await.is_empty());
    let chain = world.chain(&token, "/v1/me/trace?").await;
    assert_eq!(
        kinds(&chain)[chain.len() - 2..],
        ["erasure_requested", "erasure_called_off"]
    );
    // The timer of what was called off acts on no other request.
    world.advance(MINUTE).await;
    let refused = world.erase_me("POST", &token).await;
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .expect("text")
        .parse()
        .expect("seconds");
    assert!((3_500..=3_541).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate-limited");
    assert!(world.erasures_told().await.is_empty());
    world.advance(60 * MINUTE).await;
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let again = world.erase_me("POST", text(&session["token"])).await;
    again.expect(202);
    assert_eq!(world.erasures_told().await, std::slice::from_ref(&id));
    world.advance(THREE_DAYS - MINUTE / 2).await;
    assert_eq!(world.record_of(&id).await["erased"], false);
    world.advance(MINUTE).await;
    let erased = world.record_of(&id).await;
    assert_eq!(
        (&erased["erased"], &erased["erasure"], &erased["name"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert!(world.erasures_told().await.is_empty());
    world
        .worker_session(&sent["phone"])
        .await
        .expect_problem(401, "bad-credentials");
}

#[tokio::test]
async fn what_is_due_is_done_even_if_it_is_cut_off_and_cannot_be_called_off() {
    let world = World::empty().await;
    let (sent, id, token, _) = approved(&world).await;
    world.erase_me("POST", &token).await.expect(202);
    world.platform.wire().cut_after("erasure", 0);
    world.advance(THREE_DAYS - MINUTE).await;
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let token = text(&session["token"]).to_owned();
    world.advance(MINUTE).await;
    assert_eq!(world.platform.wire().take_cuts(), ["erasure"]);
    world
        .erase_me("DELETE", &token)
        .await
        .expect_problem(409, "too-late");
    world.advance(15 * MINUTE).await;
    assert_eq!(world.record_of(&id).await["erased"], true);
    assert!(world.erasures_told().await.is_empty());
}

/// Who is erased may be registered anew, by another agency, with another phone. A session from before tells nothing of it.
#[tokio::test]
async fn a_session_from_before_she_was_erased_is_of_no_use_afterwards() {
    let world = World::empty().await;
    let (sent, id, token, desk) = approved(&world).await;
    let authority = world.authority().await;
    let erase = format!("/v1/workers/{}/erase", text(&id));
    let call = world.call("POST", &erase).token(&authority);
    call.json(&json!({ "reason": "she asked for it" }))
        .send()
        .await
        .expect(200);
    world.advance(Duration::from_secs(1)).await;
    let mut anew = sent.clone();
    anew["consent"]["given_at"] = json!(world.now().to_rfc3339());
    world.send_worker(&desk, "anew", &anew).await.expect(201);
    for (method, path) in [
        ("GET", "/v1/me/record"),
        ("GET", "/v1/me/trace"),
        ("POST", "/v1/me/consent/withdraw"),
        ("POST", "/v1/me/erase"),
        ("GET", "/v1/me/erase"),
    ] {
        let call = world.call(method, path).token(&token);
        call.send().await.expect_problem(401, "unauthenticated");
    }
    world.review_worker(&id, "approve").await.expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let call = world.call("GET", "/v1/me/record");
    call.token(text(&session["token"])).send().await.expect(200);
}

#[tokio::test]
async fn consent_taken_back_outweighs_what_another_agency_was_given_before() {
    let world = World::empty().await;
    let (sent, id, token, _) = approved(&world).await;
    let other = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&other).await;
    world.send_worker(&desk, "k", &sent).await.expect(201);
    world.advance(Duration::from_secs(1)).await;
    let call = world.call("POST", "/v1/me/consent/withdraw").token(&token);
    call.send().await.expect(200);
    world
        .review_proposal(&id, "approve", &other.id)
        .await
        .expect_problem(409, "conflict");
    let still = world.read_worker(&world.authority().await, &id).await;
    let still = still.expect(200);
    assert_ne!(still["agency_id"], other.id.as_str());
    assert!(still["consent"]["withdrawn_at"].is_string());
}

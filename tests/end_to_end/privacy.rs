//! Nobody learns about a worker what is not theirs to know. One story with everybody in it: every answer that a stranger, a
//! customer or another agency gets is searched for what must not be in it. The log lines of all tests are searched by
//! [`crate::log_watch`].

use std::time::Duration;

use domain::agency::Decision;
use domain::credit::Section;
use domain::id::AgencyId;
use domain::time::Millis;
use serde_json::{Value, json};

use crate::staffing::{claimed, staff};
use crate::workforce::all_clear;
use crate::world::{CENTRE, World, moved};

/// What only her agency and the authority may find in an answer.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// From her registration.
    fn of(sent: &Value) -> Self {
        let text = |field: &str| sent[field].as_str().expect("text").to_owned();
        let number = text("id_number");
        let born = number[6..14].to_owned();
        let with_dashes = format!("{}-{}-{}", &born[..4], &born[4..6], &born[6..]);
        Self(vec![
            ("her name", text("name")),
            ("most of her ID number", number[1..17].to_owned()),
            ("her birth date", born),
            ("her birth date", with_dashes),
            ("her phone", text("phone")),
        ])
    }

    fn must_not_be_in(&self, whose: &str, answer: &str) {
        assert!(!answer.is_empty(), "{whose} got nothing to read");
        for (what, secret) in &self.0 {
            assert!(!answer.contains(secret), "{whose} found {what}: {answer}");
        }
    }
}

impl World {
    /// The whole answer as text, with headers; without a token, as a stranger gets it.
    async fn whole_answer(&self, path: &str, accept: &str, token: Option<&str>) -> String {
        let url = format!("{}{path}", self.platform.base_url());
        let mut request = self.client.get(url).header("accept", accept);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let head = format!("{} {:?}", answer.status(), answer.headers());
        let body = answer.bytes().await.expect("a body");
        format!("{head}\n{}", String::from_utf8_lossy(&body))
    }
}

#[tokio::test]
async fn nobody_finds_in_any_answer_what_is_not_theirs_to_know() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let (sent, answer) = world.new_worker(&desk).await;
    let secrets = Secrets::of(&sent);
    let id = answer["worker_id"].as_str().expect("an id").to_owned();
    world.put_photo(&desk, &answer["worker_id"]).await;
    world
        .review_worker(&answer["worker_id"], "approve")
        .await
        .expect(200);
    let clear = all_clear(Millis(world.now().0 + 1));
    world
        .change_worker(&id, |worker| worker.sections = clear.clone())
        .await;
    world.advance(Duration::from_secs(1)).await;
    let badge = world.badge_for(&desk, &answer["worker_id"]).await;
    let token = badge["token"].as_str().expect("a token").to_owned();
    world.drain().await;

    // Those who scan, and those who verify offline.
    let badge_page = format!("/b/{token}");
    let public = [
        (badge_page.as_str(), "text/html"),
        (badge_page.as_str(), "application/json"),
        ("/.well-known/jwks.json", "*/*"),
        ("/v1/badge-status-list?list=0", "*/*"),
        ("/v1/log/checkpoint", "*/*"),
        ("/v1/log/proof/inclusion?index=0&size=1", "*/*"),
        ("/v1/log/proof/consistency?from=1&to=2", "*/*"),
        ("/health", "*/*"),
    ];
    for (path, accept) in public {
        let seen = world.whole_answer(path, accept, None).await;
        secrets.must_not_be_in(&format!("anybody at {path}"), &seen);
    }
    for worker in [
        format!("/v1/workers/{id}"),
        format!("/v1/workers/{id}/trace"),
    ] {
        let seen = world.whole_answer(&worker, "*/*", None).await;
        assert!(seen.starts_with("401"), "{seen}");
    }

    // The order's customer, before and after the match, and another customer.
    let order = claimed(&world, &agency, "cleaning", Duration::from_secs(3_600)).await;
    staff(&world, &order, &id).await.expect(200);
    let customer = world.customer("demo-customer-1").await;
    let other_customer = world.customer("demo-customer-2").await;
    let shown = world.order(&customer, &order.id).await;
    assert!(!shown["worker"].is_null(), "{shown}");
    secrets.must_not_be_in("her customer", &shown.to_string());
    let check = async |customer: &str| {
        let path = format!("/v1/orders/{}/badge-check", order.id);
        let call = world.call("POST", &path).token(customer);
        let answer = call.json(&json!({ "token": token })).send().await;
        (answer.status, answer.body)
    };
    let (status, refused) = check(&other_customer).await;
    assert_eq!(status, 404, "{refused}");
    secrets.must_not_be_in("another customer", &refused.to_string());
    let (_, matched) = check(&customer).await;
    assert_eq!(matched["result"], "match", "{matched}");
    secrets.must_not_be_in("her customer at the door", &matched.to_string());
    let shown = world.order(&customer, &order.id).await;
    secrets.must_not_be_in("her customer in service", &shown.to_string());

    // Another agency, whatever it asks for, and when it registers the same person.
    let rival = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 500.0)])
        .await;
    let rivals_desk = world.desk(&rival).await;
    let badge_id = badge["badge_id"].as_str().expect("an id");
    for path in [
        format!("/v1/workers/{id}"),
        format!("/v1/workers/{id}/trace"),
        format!("/v1/workers/{id}/photo"),
        format!("/v1/workers/{id}/calendar"),
        format!("/v1/orders/{}/candidates", order.id),
        format!("/v1/workers/{id}/badges"),
        format!("/v1/badges/{badge_id}/card.svg"),
        format!("/v1/badges/{badge_id}"),
        format!("/v1/orders/{}", order.id),
        "/v1/workers".to_owned(),
        "/v1/orders".to_owned(),
    ] {
        let seen = world.whole_answer(&path, "*/*", Some(&rivals_desk)).await;
        secrets.must_not_be_in(&format!("another agency at {path}"), &seen);
        let is_own_list = path == "/v1/workers" || path == "/v1/orders";
        assert!(
            seen.starts_with(if is_own_list { "200" } else { "404" }),
            "{path}: {seen}"
        );
    }
    let mut again = sent.clone();
    again["name"] = json!("孙别名");
    again["phone"] = json!("15299887766");
    let proposed = world
        .send_worker(&rivals_desk, "privacy", &again)
        .await
        .expect(201);
    let first = Secrets(vec![
        (
            "the name given elsewhere",
            sent["name"].as_str().expect("text").to_owned(),
        ),
        (
            "the phone given elsewhere",
            sent["phone"].as_str().expect("text").to_owned(),
        ),
        ("the agency she works for", agency.id.clone()),
    ]);
    first.must_not_be_in("the agency that would employ her", &proposed.to_string());

    // Even her own agency and the authority see only the ends of her ID number.
    let number = sent["id_number"].as_str().expect("text");
    let authority = world.authority().await;
    for token in [&desk, &authority] {
        let seen = world
            .read_worker(token, &answer["worker_id"])
            .await
            .expect(200);
        let text = seen.to_string();
        assert!(text.contains(sent["name"].as_str().expect("text")));
        assert!(!text.contains(&number[1..17]), "{text}");
    }
    let sections = Section::ALL.len();
    assert_eq!(
        shown["worker"]["sections"].as_array().map(Vec::len),
        Some(sections)
    );
}

#[tokio::test]
async fn an_order_shows_nothing_of_what_becomes_of_a_worker_who_has_left() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let order = claimed(&world, &agency, "cleaning", Duration::from_secs(86_400)).await;
    staff(&world, &order, &worker.id).await.expect(200);
    let customer = world.customer("demo-customer-1").await;
    let desk = world.desk(&agency).await;
    let authority = world.authority().await;
    let shown = async |token: &str| world.order(token, &order.id).await["worker"].clone();
    assert_eq!(shown(&customer).await["standing"], "clear");

    // While her agency is suspended, she is not shown as somebody to let in.
    world.stand(&agency, Decision::Suspend).await;
    assert_eq!(shown(&customer).await["standing"], "attention");
    world.stand(&agency, Decision::Reinstate).await;
    assert_eq!(shown(&customer).await["standing"], "clear");

    // Another agency employs her, and nobody has been named in her place yet.
    let rival = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 500.0)])
        .await;
    let employer: AgencyId = rival.id.parse().expect("an agency");
    world
        .change_worker(&worker.id, |worker| worker.agency = employer.clone())
        .await;
    let id = json!(worker.id);
    for (token, id) in [
        (&customer, Value::Null),
        (&desk, Value::Null),
        (&authority, id),
    ] {
        let left = shown(token).await;
        assert_eq!(left["worker_id"], id);
        assert_eq!(left["name"], "赵*");
        assert_eq!(left["standing"], "attention");
        assert_eq!(left["sections"], json!([]));
    }
}

use std::time::Duration;

use domain::agency::{Decision, Standing};
use serde_json::{Value, json};

use crate::http::{Answer, Call};
use crate::staffing::insist;
use crate::workers::text;
use crate::world::{CENTRE, World};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn log_out(world: &World, session: &Value) {
    let token = json!({ "refresh_token": session["refresh_token"] });
    let call = world.call("DELETE", "/v1/sessions").json(&token);
    call.send().await.expect(204);
}

#[tokio::test]
async fn a_session_is_renewed_for_thirty_days_by_tokens_that_are_good_once() {
    let world = World::empty().await;
    let first = world.customer_session("demo-customer-1").await;
    let mut session = first.clone();
    for _ in 0..3 {
        world.advance(29 * DAY).await;
        let renewed = world.refresh(&session).await.expect(200);
        assert_ne!(renewed["refresh_token"], session["refresh_token"]);
        assert_eq!(renewed["subject"], first["subject"]);
        let call = world
            .call("GET", "/v1/orders")
            .token(text(&renewed["token"]));
        call.send().await.expect(200);
        session = renewed;
    }
    // An answer that was lost: asked for again, it brings the same token, as long as nobody used it.
    let next = world.refresh(&session).await.expect(200);
    world.advance(Duration::from_secs(119)).await;
    let again = world.refresh(&session).await.expect(200);
    for field in ["refresh_token", "refresh_expires_at", "subject"] {
        assert_eq!(again[field], next[field]);
    }
    let last = world.refresh(&next).await.expect(200);
    // Two have the one before the one before: the family ends, and with it the newest.
    let stolen = world.refresh(&session).await;
    stolen.expect_problem(401, "bad-credentials");
    for token in [&last, &next, &session] {
        let refused = world.refresh(token).await;
        refused.expect_problem(401, "bad-credentials");
    }
    // Another device is another family, which ends by itself.
    let other = world.customer_session("demo-customer-1").await;
    world.advance(30 * DAY).await;
    let refused = world.refresh(&other).await;
    refused.expect_problem(401, "bad-credentials");
    for made_up in [
        "x".to_owned(),
        format!("{}A", text(&first["refresh_token"])),
    ] {
        let refused = world.refresh(&json!({ "refresh_token": made_up })).await;
        refused.expect_problem(401, "bad-credentials");
    }
}

#[tokio::test]
async fn of_two_who_hold_the_same_token_the_second_to_go_on_ends_it() {
    let world = World::empty().await;
    let stolen = world.customer_session("demo-customer-1").await;
    // Both at once, which is as when an answer was lost.
    let both = futures::join!(world.refresh(&stolen), world.refresh(&stolen));
    let (one, two) = (both.0.expect(200), both.1.expect(200));
    assert_eq!(one["refresh_token"], two["refresh_token"]);
    let next = world.refresh(&one).await.expect(200);
    world.advance(Duration::from_secs(121)).await;
    for token in [&two, &next] {
        let refused = world.refresh(token).await;
        refused.expect_problem(401, "bad-credentials");
    }
}

#[tokio::test]
async fn who_may_not_log_in_any_more_is_not_renewed() {
    let world = World::empty().await;
    let refused = async |session: &Value| {
        let answer = world.refresh(session).await;
        answer.expect_problem(401, "bad-credentials");
    };
    // Logged out.
    let session = world.customer_session("demo-customer-1").await;
    for _ in 0..2 {
        log_out(&world, &session).await;
    }
    refused(&session).await;
    log_out(&world, &json!({ "refresh_token": "made up" })).await;

    // A worker who is suspended, and may go on when she is reinstated; and one who is erased.
    let (sent, id, _, _) = crate::own_record::approved(&world).await;
    let code = json!({ "code": format!("demo-phone-{}", text(&sent["phone"])) });
    let worker = world.open("worker", &code).await;
    world
        .change_worker(text(&id), |worker| worker.standing = Standing::Suspended)
        .await;
    refused(&worker).await;
    world
        .change_worker(text(&id), |worker| worker.standing = Standing::Approved)
        .await;
    let worker = world.refresh(&worker).await.expect(200);
    let authority = world.authority().await;
    let path = format!("/v1/workers/{}/erase", text(&id));
    let erase = world.call("POST", &path).token(&authority);
    let reason = json!({ "reason": "she asked for it" });
    erase.json(&reason).send().await.expect(200);
    refused(&worker).await;

    // A customer who is erased: no device is left, and no link.
    let customer = world.customer_session("demo-customer-2").await;
    let erase = world.call("POST", "/v1/me/erase");
    let erase = erase.token(text(&customer["token"]));
    erase.send().await.expect(202);
    world.drain().await;
    let customer = world.refresh(&customer).await.expect(200);
    world.advance(73 * HOUR).await;
    refused(&customer).await;

    // A credential that is withdrawn; a suspended agency may still read.
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = json!({ "access_key": agency.access_key, "secret": agency.secret });
    let session = world.open("agency", &desk).await;
    world.stand(&agency, Decision::Suspend).await;
    let session = world.refresh(&session).await.expect(200);
    let path = format!("/v1/agencies/{}/credentials", agency.id);
    let add = world.call("POST", &path).token(text(&session["token"]));
    let add = add.key("another").json(&json!({ "name": "second" }));
    add.send().await.expect(201);
    let path = format!("{path}/{}", agency.access_key);
    let withdraw = world.call("DELETE", &path);
    let withdraw = withdraw.token(text(&session["token"]));
    withdraw.send().await.expect(204);
    refused(&session).await;
}

fn own(call: Call<'_>) -> Call<'_> {
    call.header("x-requested-with", "homehail")
}

#[tokio::test]
async fn for_the_web_the_token_is_in_a_cookie_that_no_other_page_can_use() {
    let world = World::empty().await;
    let code = json!({ "code": "demo-customer-1", "cookie": true });
    let call = world.call("POST", "/v1/sessions/customer").json(&code);
    let opened = call.send().await;
    let cookie_of = |answer: &Answer| {
        let set = answer.headers["set-cookie"]
            .to_str()
            .expect("ASCII")
            .to_owned();
        let (pair, attributes) = set.split_once("; ").expect("attributes");
        (pair.to_owned(), attributes.to_owned())
    };
    let (cookie, attributes) = cookie_of(&opened);
    assert_eq!(
        attributes,
        "Max-Age=2592000; HttpOnly; Secure; SameSite=Strict; Path=/v1/sessions"
    );
    let session = opened.expect(200);
    assert_eq!(session["refresh_token"], Value::Null);

    let send = |method: &'static str, path: &'static str, cookie: &str| {
        world
            .call(method, path)
            .header("cookie", &format!("a=b; {cookie}"))
    };
    let refresh = |cookie: &str| send("POST", "/v1/sessions/refresh", cookie).json(&json!({}));
    let foreign = refresh(&cookie).send().await;
    foreign.expect_problem(403, "forbidden");
    let renewed = own(refresh(&cookie)).send().await;
    let (next, _) = cookie_of(&renewed);
    assert_ne!(next, cookie);
    assert_eq!(renewed.expect(200)["refresh_token"], Value::Null);

    let out = send("DELETE", "/v1/sessions", &next).send().await;
    out.expect_problem(403, "forbidden");
    let out = own(send("DELETE", "/v1/sessions", &next)).send().await;
    let (gone, attributes) = cookie_of(&out);
    assert_eq!(gone, "homehail_refresh_customer=");
    assert!(attributes.starts_with("Max-Age=0; "));
    out.expect(204);
    let over = own(refresh(&next)).send().await;
    over.expect_problem(401, "bad-credentials");
    let none = world.call("POST", "/v1/sessions/refresh").json(&json!({}));
    let none = none.send().await;
    assert_eq!(
        (none.status, none.pointers()),
        (422, vec!["/refresh_token".to_owned()])
    );
}

/// Somebody orders in one tab, and has an agency's desk in another.
#[tokio::test]
async fn one_browser_has_a_cookie_for_each_kind_of_caller() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let credentials =
        json!({ "access_key": agency.access_key, "secret": agency.secret, "cookie": true });
    let customer = json!({ "code": "demo-customer-1", "cookie": true });
    let mut jar = Vec::new();
    for (path, body) in [
        ("/v1/sessions/customer", customer),
        ("/v1/sessions/agency", credentials),
    ] {
        let opened = world.call("POST", path).json(&body).send().await;
        let set = opened.headers["set-cookie"].to_str().expect("ASCII");
        jar.push(set.split(';').next().expect("a cookie").to_owned());
        opened.expect(200);
    }
    let jar = jar.join("; ");
    let refresh = async |whose: Value| {
        let call = world.call("POST", "/v1/sessions/refresh").json(&whose);
        own(call.header("cookie", &jar)).send().await
    };
    for (whose, subject) in [("customer", "cus_"), ("agency", "agy_")] {
        let session = refresh(json!({ "as": whose })).await.expect(200);
        assert!(text(&session["subject"]).starts_with(subject), "{session}");
    }
    let nobody = refresh(json!({ "as": "worker" })).await;
    assert_eq!(
        (nobody.status, nobody.pointers()),
        (422, vec!["/refresh_token".to_owned()])
    );
    let unknown = refresh(json!({ "as": "visitor" })).await;
    assert_eq!(
        (unknown.status, unknown.pointers()),
        (422, vec!["/as".to_owned()])
    );
}

/// Each call of a renewal is cut off in turn: the person stays logged in, and holds one token.
#[tokio::test]
async fn renewing_cut_off_anywhere_logs_nobody_out() {
    for n in 1.. {
        assert!(n < 20, "sessions makes too many calls for a renewal");
        let world = World::empty().await;
        let session = world.customer_session("demo-customer-1").await;
        let wire = world.platform.wire().clone();
        wire.cut_after("sessions", n);
        let token = json!({ "refresh_token": session["refresh_token"] });
        let renewed = insist(&world, || {
            let call = world.call("POST", "/v1/sessions/refresh");
            call.json(&token).try_send()
        });
        let renewed = renewed.await.expect(200);
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("sessions", 1_000);
        let again = world.refresh(&session).await.expect(200);
        assert_eq!(again["refresh_token"], renewed["refresh_token"]);
        world.refresh(&renewed).await.expect(200);
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "sessions was never called");
            return;
        }
    }
}

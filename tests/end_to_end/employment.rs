//! A worker's time, her visits and her employment: when she can work, whom an agency could send, what she sees of her visits,
//! and how she leaves and moves.

use std::time::Duration;

use domain::time::Millis;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::staffing::{Claimed, agency_that_does, claimed, staff};
use crate::workers::{kinds, text};
use crate::workforce::all_clear;
use crate::world::{Agency, CENTRE, World, decision_on, moved};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const SWEPT: Duration = Duration::from_secs(10);

/// A worker who can log in and be named for visits: what was sent to register her, her id, her token.
async fn hired(world: &World, agency: &Agency) -> (Value, String, String) {
    let desk = world.desk(agency).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.put_photo(&desk, id).await;
    world.review_worker(id, "approve").await.expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let now = world.now();
    world
        .change_worker(text(id), |worker| worker.sections = all_clear(now))
        .await;
    (
        sent,
        text(id).to_owned(),
        text(&session["token"]).to_owned(),
    )
}

async fn send(world: &World, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let call = world.call(method, path).token(token);
    call.json(body).send().await
}

/// How long it is until eight o'clock in the morning of the day after tomorrow, so that what is near it is on the same day.
fn until_morning(world: &World) -> Duration {
    let now = world.now();
    (Millis::day_begins(now.day() + 2) + 8 * HOUR).since(now)
}

async fn get(world: &World, path: &str, token: &str) -> Value {
    world
        .call("GET", path)
        .token(token)
        .send()
        .await
        .expect(200)
}

async fn candidates(world: &World, desk: &str, order: &Claimed) -> Vec<Value> {
    let path = format!("/v1/orders/{}/candidates", order.id);
    let list = get(world, &path, desk).await;
    list["items"].as_array().expect("items").clone()
}

/// The kinds of the reasons against a candidate.
fn against(candidate: &Value) -> Vec<&str> {
    let reasons = candidate["reasons"].as_array().expect("reasons");
    reasons.iter().map(|reason| text(&reason["kind"])).collect()
}

#[tokio::test]
async fn a_roster_has_full_names_and_is_searched_for_who_could_come() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning", "cooking"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let (sent, free, _) = hired(&world, &agency).await;
    let cook = world.cleared_worker(&agency, &["cooking"]).await;
    let (other_sent, busy, _) = hired(&world, &agency).await;
    let found = async |desk: &str, query: &str| {
        let list = get(&world, &format!("/v1/workers{query}"), desk).await;
        let items = list["items"].as_array().expect("items").clone();
        let of = |item: &Value| (text(&item["worker_id"]).to_owned(), item["name"].clone());
        items.iter().map(of).collect::<Vec<_>>()
    };
    let mut all = found(&desk, "").await;
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut wanted = vec![
        (free.clone(), sent["name"].clone()),
        (cook.id.clone(), json!(cook.name)),
        (busy.clone(), other_sent["name"].clone()),
    ];
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(all, wanted);

    // Whoever wants to employ her reads the name that it has given itself.
    let rival = world.agency(&["cleaning"], &[CENTRE]).await;
    let rival_desk = world.desk(&rival).await;
    let mut wish = sent.clone();
    wish["name"] = json!("钱某某");
    world.send_worker(&rival_desk, "k", &wish).await.expect(201);
    assert_eq!(
        found(&rival_desk, "").await,
        [(free.clone(), json!("钱某某"))]
    );

    let morning = until_morning(&world);
    let order = claimed(&world, &agency, "cleaning", morning).await;
    staff(&world, &order, &busy).await.expect(200);
    let skilled = found(&desk, "?skill=cleaning").await;
    assert_eq!(skilled.len(), 2);
    let time = |from, until| {
        let (from, until) = (world.in_future(from), world.in_future(until));
        format!("?skill=cleaning&free_from={from}&free_until={until}")
    };
    assert_eq!(found(&desk, &time(morning, morning + HOUR)).await.len(), 1);
    let evening = time(morning + 4 * HOUR, morning + 5 * HOUR);
    let near = format!("{evening}&near={},{},wgs84", CENTRE.0, CENTRE.1);
    let both = found(&desk, &near).await;
    let ids: Vec<&str> = both.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        ids,
        [busy.as_str(), free.as_str()],
        "she is nearby that day"
    );
    // For whoever wants her, she is nobody who could come.
    assert!(
        found(&rival_desk, &time(morning, morning + HOUR))
            .await
            .is_empty()
    );
    for bad in [
        "?near=45,126,wgs84",
        "?free_from=2030-01-01T00:00:00Z",
        "?skill=x",
        "?tag=x",
    ] {
        let call = world.call("GET", &format!("/v1/workers{bad}")).token(&desk);
        call.send().await.expect_problem(400, "malformed");
    }
}

#[tokio::test]
async fn nobody_is_named_or_assigned_who_is_away() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let (_, id, token) = hired(&world, &agency).await;
    let order = claimed(&world, &agency, "cleaning", DAY).await;
    let path = format!("/v1/workers/{id}/availability");
    let off =
        json!([{ "from": world.in_future(DAY - HOUR), "until": world.in_future(DAY + HOUR) }]);

    let refused = async || {
        let named = staff(&world, &order, &id).await;
        let problem = named.expect_problem(422, "worker-not-eligible");
        assert_eq!(against(&problem), ["not_available"]);
        let found = candidates(&world, &desk, &order).await;
        assert_eq!(
            found[0]["reasons"], problem["reasons"],
            "the same as naming her says"
        );
        assert_eq!(found[0]["eligible"], false);
    };
    // Her own leave; her agency sees it, and what it says itself changes nothing about it.
    let own = send(
        &world,
        "PUT",
        "/v1/me/availability",
        &token,
        &json!({ "leave": off }),
    )
    .await;
    assert_eq!(own.expect(200)["leave"][0]["by"], "worker");
    refused().await;
    let said = send(&world, "PUT", &path, &desk, &json!({ "leave": [] })).await;
    assert_eq!(said.expect(200)["leave"][0]["by"], "worker");
    refused().await;
    let none = json!({ "leave": [] });
    let seen = send(&world, "PUT", "/v1/me/availability", &token, &none).await;
    let version = seen.expect(200)["version"].clone();

    // Her agency's, once however often it is sent, and only on what it was shown.
    let mut said = json!({ "leave": off, "version": version });
    let first = send(&world, "PUT", &path, &desk, &said).await.expect(200);
    let again = send(&world, "PUT", &path, &desk, &said).await.expect(200);
    assert_eq!(again, first);
    said["leave"] = json!([]);
    let late = send(&world, "PUT", &path, &desk, &said).await;
    late.expect_problem(409, "changed-since");
    refused().await;
    // Hours of no day at all but one that is not tomorrow's.
    let in_three_days = (world.now() + 3 * DAY).date().weekday();
    let day = format!("{in_three_days:?}").to_lowercase();
    let hours =
        json!({ "hours": [{ "day": day, "from": "00:00", "until": "24:00" }], "leave": [] });
    send(&world, "PUT", &path, &desk, &hours).await.expect(200);
    refused().await;

    // Nor is an order assigned to an agency that has nobody else.
    let customer = world.customer("demo-customer-2").await;
    let left = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.advance(Duration::from_secs(185)).await;
    let seen = world.order(&customer, text(&left["order_id"])).await;
    assert_eq!(seen["status"], "unfilled");

    let desk = world.desk(&agency).await;
    let always = send(&world, "PUT", &path, &desk, &json!({ "leave": [] })).await;
    assert_eq!(always.expect(200)["hours"], Value::Null);
    staff(&world, &order, &id).await.expect(200);
    let calendar = get(&world, &format!("/v1/workers/{id}/calendar"), &desk).await;
    let visits = calendar["visits"].as_array().expect("visits");
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0]["order_id"], order.id.as_str());
    let stranger = agency_that_does(&world, "cleaning").await;
    let stranger = world.desk(&stranger).await;
    send(&world, "PUT", &path, &stranger, &json!({ "leave": [] }))
        .await
        .expect_problem(404, "not-found");
}

/// Leave is entered in the moment when she is named, when all has been read.
#[tokio::test]
async fn whoever_names_a_worker_has_seen_her_leave() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let (_, id, token) = hired(&world, &agency).await;
    let order = claimed(&world, &agency, "cleaning", DAY).await;
    let off =
        json!({ "leave": [{ "from": world.in_future(HOUR), "until": world.in_future(3 * DAY) }] });
    let held = world
        .platform
        .wire()
        .hold("order-grab", "dynamodb:TransactWriteItems");
    let leaving = async {
        held.reached().await;
        let entered = send(&world, "PUT", "/v1/me/availability", &token, &off).await;
        entered.expect(200);
        held.let_go();
    };
    let (named, ()) = futures::join!(staff(&world, &order, &id), leaving);
    let problem = named.expect_problem(422, "worker-not-eligible");
    assert_eq!(against(&problem), ["not_available"]);
}

#[tokio::test]
async fn candidates_are_an_agencys_own_best_first_with_all_that_stands_against_them() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning", "cooking"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let far = world.cleared_worker(&agency, &["cleaning"]).await;
    let near = world.cleared_worker(&agency, &["cleaning"]).await;
    let idle = world.cleared_worker(&agency, &["cleaning"]).await;
    let cook = world.cleared_worker(&agency, &["cooking"]).await;
    let (sent, pending) = world.new_worker(&desk).await;
    let morning = until_morning(&world);
    // One is nearby that day, one at the other end of town.
    for (worker, place) in [(&near, CENTRE), (&far, moved(CENTRE, 0.0, 4_900.0))] {
        let customer = world.customer("demo-customer-1").await;
        let mut visit = world.cleaning(place);
        visit["start_at"] = json!(world.in_future(morning + 5 * HOUR));
        visit["duration_min"] = json!(30);
        let id = text(&world.place(&customer, &visit).await["order_id"]).to_owned();
        world.drain().await;
        let offer = world.offer(&desk, &id).await;
        world
            .grab(&desk, &id, text(&offer["claim_token"]))
            .await
            .expect(200);
        let earlier = Claimed {
            agency: agency.clone(),
            id,
        };
        staff(&world, &earlier, &worker.id).await.expect(200);
    }
    let order = claimed(&world, &agency, "cleaning", morning).await;
    let found = candidates(&world, &desk, &order).await;
    let seen: Vec<_> = found
        .iter()
        .map(|one| {
            (
                text(&one["worker_id"]),
                one["eligible"] == true,
                &one["name"],
            )
        })
        .collect();
    let eligible = [&near, &far, &idle].map(|one| (one.id.as_str(), true, json!(one.name)));
    let mut fits: Vec<i64> = found[..3]
        .iter()
        .filter_map(|one| one["fit"]["nearness"].as_i64())
        .collect();
    assert_eq!(seen[0], (eligible[0].0, true, &eligible[0].2));
    for (id, is_eligible, name) in &eligible {
        assert!(seen[..3].contains(&(*id, *is_eligible, name)), "{found:?}");
    }
    fits.reverse();
    assert!(fits.is_sorted() && fits[2] == 100, "{fits:?}");
    assert_eq!(seen[3].0, cook.id.as_str());
    assert_eq!(against(&found[3]), ["no_skill"]);
    assert_eq!(
        (seen[4].0, seen[4].2),
        (text(&pending["worker_id"]), &sent["name"])
    );
    assert_eq!(against(&found[4])[0], "not_approved");

    // It opens nothing, and is for the one who has the claim until the visit begins.
    let shown = world.order(&desk, &order.id).await;
    assert_eq!(shown["address"], Value::Null);
    let path = format!("/v1/orders/{}/candidates", order.id);
    let stranger = world.agency(&["cleaning"], &[CENTRE]).await;
    for (token, status, slug) in [
        (world.desk(&stranger).await, 404, "not-found"),
        (world.customer("demo-customer-1").await, 403, "forbidden"),
    ] {
        let call = world.call("GET", &path).token(&token);
        call.send().await.expect_problem(status, slug);
    }
}

#[tokio::test]
async fn a_worker_sees_where_her_visits_are_until_they_are_over_and_what_became_of_them() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let (sent, id, _) = hired(&world, &agency).await;
    let other = world.cleared_worker(&agency, &["cleaning"]).await;
    let badge = world.badge_for(&desk, &json!(id)).await;
    let visits = async || {
        let session = world.worker_session(&sent["phone"]).await.expect(200);
        let page = get(&world, "/v1/me/visits", text(&session["token"])).await;
        page["items"].as_array().expect("items").clone()
    };
    let soon = claimed(&world, &agency, "cleaning", 2 * HOUR).await;
    let replaced = claimed(&world, &agency, "cleaning", DAY).await;
    let cancelled = claimed(&world, &agency, "cleaning", 2 * DAY).await;
    assert!(visits().await.is_empty());
    for order in [&soon, &replaced, &cancelled] {
        staff(&world, order, &id).await.expect(200);
    }
    let seen = visits().await;
    let ids: Vec<&str> = seen.iter().map(|visit| text(&visit["order_id"])).collect();
    assert_eq!(
        ids,
        [&cancelled.id, &replaced.id, &soon.id],
        "the last first"
    );
    for visit in &seen {
        assert_eq!(visit["home"]["address"], "道里区中央大街 100 号 3 单元 502");
        assert_eq!(visit["home"]["contact"]["phone"], "13912345678");
    }
    // A suspended agency's worker reads no home either.
    world
        .stand(&agency, domain::agency::Decision::Suspend)
        .await;
    assert!(visits().await.iter().all(|visit| visit["home"].is_null()));
    world
        .stand(&agency, domain::agency::Decision::Reinstate)
        .await;

    staff(&world, &replaced, &other.id).await.expect(200);
    let post = async |order: &Claimed, what: &str, body: Value| {
        let customer = world.customer("demo-customer-1").await;
        let path = format!("/v1/orders/{}/{what}", order.id);
        send(&world, "POST", &path, &customer, &body)
            .await
            .expect(200)
    };
    post(&cancelled, "cancel", json!({ "reason": "王小明 is away" })).await;
    world.advance(2 * HOUR).await;
    let checked = post(&soon, "badge-check", json!({ "token": badge["token"] })).await;
    assert_eq!(checked["result"], "match");
    assert!(visits().await.iter().any(|visit| visit["home"].is_object()));
    world.advance(2 * HOUR).await;
    post(&soon, "complete", json!({})).await;
    post(&soon, "rating", json!({ "stars": 4, "comment": "很好" })).await;
    world.drain().await;
    let seen = visits().await;
    let told: Vec<_> = seen
        .iter()
        .map(|visit| (&visit["status"], &visit["lost"]))
        .collect();
    let none = Value::Null;
    let (rated, replaced, cancelled) = (json!("rated"), json!("replaced"), json!("cancelled"));
    assert_eq!(
        told,
        [(&none, &cancelled), (&none, &replaced), (&rated, &none)]
    );
    assert_eq!(
        (&seen[2]["rating"]["stars"], &seen[2]["rating"]["comment"]),
        (&json!(4), &json!("很好"))
    );
    let all = json!(seen).to_string();
    for gone in ["中央大街", "王小明", "13912345678"] {
        assert!(!all.contains(gone), "{all}");
    }
    let customer = world.customer("demo-customer-1").await;
    let call = world.call("GET", "/v1/me/visits").token(&customer);
    call.send().await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_page_can_show_the_codes_of_the_next_ten_minutes() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let (_, id, token) = hired(&world, &agency).await;
    let call = || world.call("GET", "/v1/me/codes").token(&token).send();
    call().await.expect_problem(404, "not-found");
    world.badge_for(&desk, &json!(id)).await;
    let list = call().await.expect(200);
    let codes = list["items"].as_array().expect("items");
    assert_eq!(codes.len(), 21);
    let order = claimed(&world, &agency, "cleaning", HOUR).await;
    staff(&world, &order, &id).await.expect(200);
    // The one of five minutes on is good then, and on no other moment.
    let customer = world.customer("demo-customer-1").await;
    let path = format!("/v1/orders/{}/badge-check", order.id);
    let result = async || {
        let body = json!({ "token": codes[10]["digits"] });
        send(&world, "POST", &path, &customer, &body)
            .await
            .expect(200)["result"]
            .clone()
    };
    assert_eq!(result().await, "invalid");
    world.advance(Duration::from_secs(300)).await;
    assert_eq!(result().await, "match");
    assert!(text(&codes[10]["url"]).ends_with(&format!("/p/{}", text(&codes[10]["digits"]))));
    assert!(
        text(&codes[10]["svg_path"]).starts_with("M4 4h7v1h-7z"),
        "the corner of the code"
    );
}

#[tokio::test]
async fn whoever_leaves_is_nobodys_and_moves_only_as_she_says_herself() {
    for is_her_wish in [false, true] {
        let world = World::empty().await;
        let agency = agency_that_does(&world, "cleaning").await;
        let desk = world.desk(&agency).await;
        let (sent, id, token) = hired(&world, &agency).await;
        let badge = world.badge_for(&desk, &json!(id)).await;
        let order = claimed(&world, &agency, "cleaning", DAY).await;
        staff(&world, &order, &id).await.expect(200);
        let path = format!("/v1/workers/{id}");
        let reason = json!({ "reason": "moves to another town" });
        if is_her_wish {
            for _ in 0..2 {
                let left = send(&world, "POST", "/v1/me/leave-agency", &token, &reason).await;
                left.expect(204);
            }
        } else {
            let leave = format!("{path}/leave");
            send(&world, "POST", &leave, &desk, &reason)
                .await
                .expect(204);
            let again = send(&world, "POST", &leave, &desk, &reason).await;
            again.expect_problem(404, "not-found");
        }
        world.advance(SWEPT).await;
        let seen = world.order(&desk, &order.id).await;
        assert_eq!(
            (&seen["status"], &seen["worker"]),
            (&json!("claimed"), &Value::Null)
        );
        assert!(candidates(&world, &desk, &order).await.is_empty());
        let listed = get(&world, "/v1/workers", &desk).await;
        assert_eq!(listed["items"], json!([]));
        let named = staff(&world, &order, &id).await;
        named.expect_problem(404, "not-found");
        let page = format!("/b/{}", text(&badge["token"]));
        let page = world
            .call("GET", &page)
            .header("accept", "application/json");
        assert_eq!(page.send().await.expect(200)["result"], "revoked");
        let visit = get(&world, "/v1/me/visits", &token).await["items"][0].clone();
        assert_eq!(
            (&visit["lost"], &visit["home"]),
            (&json!("cannot_come"), &Value::Null)
        );

        // She can still log in; another agency registers her, and she has to agree.
        let record = get(&world, "/v1/me/record", &token).await;
        assert_eq!(record["employer"], Value::Null);
        assert_eq!(record["worker"]["agency_id"], Value::Null);
        assert_eq!(record["worker"]["status"], "approved");
        let next = agency_that_does(&world, "cleaning").await;
        let next_desk = world.desk(&next).await;
        world.send_worker(&next_desk, "k", &sent).await.expect(201);
        let record = get(&world, "/v1/me/record", &token).await;
        assert_eq!(record["wanted_by"][0]["agency_id"], next.id.as_str());
        let proposal = record["worker"]["proposals"][0].clone();
        let decide = async |version: &Value| {
            let mut decision = decision_on(version, "approve");
            decision["proposal_id"] = proposal["proposal_id"].clone();
            decision["phone_confirmed"] = json!(true);
            world.send_review(&json!(id), &decision).await
        };
        decide(&proposal["version"])
            .await
            .expect_problem(409, "conflict");
        let agree = format!(
            "/v1/me/proposals/{}/consent",
            text(&proposal["proposal_id"])
        );
        let words = json!({ "text_version": "2026-03" });
        for _ in 0..2 {
            let agreed = send(&world, "POST", &agree, &token, &words)
                .await
                .expect(200);
            assert!(agreed["proposals"][0]["agreed_at"].is_string());
        }
        // What she has said is not told to the agency: it would tell that she had another one.
        let told = world.read_worker(&next_desk, &json!(id)).await.expect(200);
        assert_eq!(told["consent"]["text_version"], "2026-01");
        decide(&proposal["version"])
            .await
            .expect_problem(409, "changed-since");
        let authority = world.authority().await;
        let shown = world.read_worker(&authority, &json!(id)).await.expect(200);
        let moved = decide(&shown["proposals"][0]["version"]).await.expect(200);
        assert_eq!(moved["agency_id"], next.id.as_str());
        assert_eq!(moved["consent"]["text_version"], "2026-03");
        let chain = world.chain(&token, "/v1/me/trace?").await;
        let left = [
            "employer_changed",
            "badge_revoked",
            "registered",
            "consent_given",
            "reviewed",
        ];
        let all = kinds(&chain);
        assert!(all.windows(5).any(|part| part == left), "{all:?}");
        world.platform.shutdown().await;
    }
}

/// Whoever has no sessions yet is asked by the authority.
#[tokio::test]
async fn who_cannot_log_in_moves_once_the_authority_has_confirmed_her_phone_with_her() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let approve = decision_on(&json!(1), "approve");
    world.send_review(id, &approve).await.expect(200);
    let next = agency_that_does(&world, "cleaning").await;
    let next_desk = world.desk(&next).await;
    world.send_worker(&next_desk, "k", &sent).await.expect(201);
    let authority = world.authority().await;
    let shown = world.read_worker(&authority, id).await.expect(200);
    let mut decision = decision_on(&shown["proposals"][0]["version"], "approve");
    decision["proposal_id"] = shown["proposals"][0]["proposal_id"].clone();
    let unasked = world.send_review(id, &decision).await;
    unasked.expect_problem(409, "conflict");
    decision["phone_confirmed"] = json!(true);
    let moved = world.send_review(id, &decision).await.expect(200);
    assert_eq!(moved["agency_id"], next.id.as_str());
}

#[tokio::test]
async fn nothing_is_kept_of_when_an_erased_worker_could_work() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let (_, id, token) = hired(&world, &agency).await;
    let off =
        json!({ "leave": [{ "from": "2026-02-01T00:00:00Z", "until": world.in_future(DAY) }] });
    send(&world, "PUT", "/v1/me/availability", &token, &off)
        .await
        .expect(200);
    let calendars = store::Calendars::new(&world.platform.operator_settings());
    let worker = id.parse().expect("a worker");
    let before = calendars.get(&worker).await.expect("a calendar");
    assert_eq!(before.availability.own_leave.len(), 1);
    let authority = world.authority().await;
    let erase = format!("/v1/workers/{id}/erase");
    let reason = json!({ "reason": "she asked for it" });
    send(&world, "POST", &erase, &authority, &reason)
        .await
        .expect(200);
    let after = calendars.get(&worker).await.expect("a calendar");
    assert_eq!(after.availability, Default::default());
    let again = send(&world, "PUT", "/v1/me/availability", &token, &off).await;
    again.expect_problem(409, "conflict");
}

//! At the door: is this the worker of this order, and may she begin? Also how a visit ends.

mod at_once;
mod complaints;
mod past;
mod photo;
mod ratings;

use std::time::Duration;

use badge::PhoneCodes;
use domain::agency::{AgencyStats, Decision, Standing};
use domain::credit::{Recorded, Section};
use domain::id::{AgencyId, BadgeId, WorkerId};
use domain::time::Millis;
use objects::Photos;
use serde_json::{Value, json};
use store::Directory;

use crate::http::Answer;
use crate::staffing::{Claimed, agency_that_does, claimed, insist, staff};
use crate::workforce::{Hired, entry};
use crate::world::{Agency, CENTRE, World, moved};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

struct Printed {
    id: String,
    token: String,
    url: String,
}

async fn badge_of(world: &World, agency: &Agency, worker: &Hired) -> Printed {
    let desk = world.desk(agency).await;
    let body = world
        .call("POST", &format!("/v1/workers/{}/badges", worker.id))
        .token(&desk)
        .key(&format!("badge-{}", world.unique()))
        .json(&json!({}))
        .send()
        .await
        .expect(201);
    let text = |field: &str| body[field].as_str().expect("text").to_owned();
    Printed {
        id: text("badge_id"),
        token: text("token"),
        url: text("url"),
    }
}

/// Suspends, reinstates or revokes a badge.
async fn decide(world: &World, agency: &Agency, badge: &Printed, decision: &str) {
    let desk = world.desk(agency).await;
    world
        .call("POST", &format!("/v1/badges/{}/{decision}", badge.id))
        .token(&desk)
        .json(&json!({ "reason": "a test" }))
        .send()
        .await
        .expect(200);
}

/// The code that the worker's phone shows after this time.
fn code(world: &World, badge: &Printed, later_s: i64) -> String {
    let codes = PhoneCodes::new(&world.platform.operator_settings());
    let badge: BadgeId = badge.id.parse().expect("a badge");
    let at = Millis(world.now().0 + later_s * 1_000);
    codes.key_of(&badge).code(&badge, at)
}

/// The customer scans from within the order.
async fn scan(world: &World, order: &Claimed, token: &str) -> Answer {
    let customer = world.customer("demo-customer-1").await;
    world
        .call("POST", &format!("/v1/orders/{}/badge-check", order.id))
        .token(&customer)
        .json(&json!({ "token": token }))
        .send()
        .await
}

async fn result(world: &World, order: &Claimed, token: &str) -> String {
    let answer = scan(world, order, token).await.expect(200);
    let result = answer["result"].as_str().expect("a result").to_owned();
    assert_eq!(answer["badge"].is_null(), result != "match", "{answer}");
    result
}

async fn status(world: &World, order: &Claimed) -> String {
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &order.id).await;
    seen["status"].as_str().expect("a status").to_owned()
}

async fn post(world: &World, order: &Claimed, what: &str, body: &Value) -> Answer {
    let customer = world.customer("demo-customer-1").await;
    world
        .call("POST", &format!("/v1/orders/{}/{what}", order.id))
        .token(&customer)
        .json(body)
        .send()
        .await
}

/// A staffed order for this service that begins after this time, with its worker's badge.
async fn staffed(
    world: &World,
    service: &'static str,
    start_in: Duration,
) -> (Agency, Hired, Printed, Claimed) {
    let agency = agency_that_does(world, service).await;
    let worker = world.cleared_worker(&agency, &[service]).await;
    let badge = badge_of(world, &agency, &worker).await;
    let order = claimed(world, &agency, service, start_in).await;
    staff(world, &order, &worker.id).await.expect(200);
    (agency, worker, badge, order)
}

async fn check_ins(world: &World, worker: &Hired) -> usize {
    let id: WorkerId = worker.id.parse().expect("a worker");
    let page = world.workers().trace(&id, false, 100, None).await;
    let events = page.expect("the chain").items.into_iter();
    events
        .filter(|traced| traced.stored.event.kind.as_str() == "check_in")
        .count()
}

async fn stats(world: &World, agency: &Agency) -> AgencyStats {
    let directory = Directory::new(&world.platform.operator_settings());
    let id: AgencyId = agency.id.parse().expect("an agency");
    let found = directory.agency(&id).await.expect("the table answers");
    found.expect("an agency").stats
}

#[tokio::test]
async fn a_match_begins_the_visit_once_and_shows_who_it_is() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", 5 * HOUR).await;
    // Three hours before the visit a match says who she is, and changes nothing.
    world.advance(2 * HOUR).await;
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    assert_eq!(status(&world, &order).await, "staffed");
    assert_eq!(check_ins(&world, &worker).await, 0);

    world.advance(HOUR + MINUTE).await;
    let answer = scan(&world, &order, &badge.url).await.expect(200);
    assert_eq!(answer["result"], "match");
    let shown = &answer["badge"];
    assert_eq!(shown["name"], "赵*");
    assert_eq!(shown["badge_id"], badge.id.as_str());
    assert_eq!(shown["standing"], "clear");
    let photo = shown["photo"].as_str().expect("her face");
    assert!(photo.starts_with("data:image/jpeg;base64,"));
    assert_eq!(shown["sections"][0]["source"], crate::workforce::SOURCE);
    let insurance = shown["sections"].as_array().expect("sections").iter();
    let insurance = insurance.filter(|s| !s["insurer"].is_null()).count();
    assert_eq!(insurance, 2);
    let text = answer.to_string();
    for secret in [&worker.name, &worker.id_number, &worker.phone, &worker.id] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
    assert_eq!(status(&world, &order).await, "in_service");

    // Scanning again is a match again, and changes nothing more.
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    assert_eq!(check_ins(&world, &worker).await, 1);
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &order.id).await;
    let begun = seen["timeline"].as_array().expect("lines").iter();
    assert_eq!(begun.filter(|line| line["what"] == "started").count(), 1);
    post(&world, &order, "cancel", &json!({ "reason": "too late" }))
        .await
        .expect_problem(409, "too-late");
    let another = world.cleared_worker(&agency, &["cleaning"]).await;
    staff(&world, &order, &another.id)
        .await
        .expect_problem(409, "too-late");
}

#[tokio::test]
async fn nobody_matches_whose_photo_is_gone() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
    let desk = world.desk(&agency).await;
    let path = format!("/v1/workers/{}/photo", worker.id);
    let photos = Photos::new(&world.platform.operator_settings());
    let id: WorkerId = worker.id.parse().expect("a worker");
    photos.delete_all(&id).await.expect("deleted");

    let seen = world.call("GET", &path).token(&desk).send().await;
    seen.expect_problem(404, "not-found");
    let card = format!(
        "{}/v1/badges/{}/card.svg",
        world.platform.base_url(),
        badge.id
    );
    let card = world.client.get(&card).bearer_auth(&desk).send().await;
    assert_eq!(card.expect("an answer").status(), 200, "without a photo");
    let answer = scan(&world, &order, &badge.token).await.expect(200);
    assert_eq!(
        answer["result"], "not_cleared",
        "the customer could not see whether it is her"
    );
    assert_eq!(status(&world, &order).await, "staffed");
}

#[tokio::test]
async fn a_mismatch_tells_nothing_of_either_worker() {
    let world = World::empty().await;
    let (agency, _, _, order) = staffed(&world, "cleaning", HOUR).await;
    let impostor = world.cleared_worker(&agency, &["cleaning"]).await;
    let theirs = badge_of(&world, &agency, &impostor).await;
    let elsewhere = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 900.0)])
        .await;
    let stranger = world.cleared_worker(&elsewhere, &["cleaning"]).await;
    let foreign = badge_of(&world, &elsewhere, &stranger).await;
    let plain = json!({ "result": "mismatch", "badge": null });
    let seen = async |token: &str| scan(&world, &order, token).await.expect(200);
    assert_eq!(seen(&theirs.token).await, plain);
    assert_eq!(seen(&foreign.token).await, plain);
    assert_eq!(seen(&code(&world, &theirs, 0)).await, plain);
    // It is a mismatch, whatever else is wrong with her or her badge.
    decide(&world, &agency, &theirs, "suspend").await;
    assert_eq!(seen(&theirs.token).await, plain);
    decide(&world, &agency, &theirs, "revoke").await;
    assert_eq!(seen(&theirs.token).await, plain);
    world
        .change_worker(&stranger.id, |worker| worker.standing = Standing::Suspended)
        .await;
    assert_eq!(seen(&foreign.token).await, plain);
    assert_eq!(status(&world, &order).await, "staffed");
}

#[tokio::test]
async fn each_result_has_its_reason() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let badge = badge_of(&world, &agency, &worker).await;
    let order = claimed(&world, &agency, "cleaning", HOUR).await;
    assert_eq!(result(&world, &order, &badge.token).await, "no_worker_yet");
    staff(&world, &order, &worker.id).await.expect(200);

    let mut forged = badge.token.clone();
    let last = if forged.ends_with('0') { "1" } else { "0" };
    forged.replace_range(forged.len() - 1.., last);
    // Anything that a camera may have read.
    let long = "1".repeat(5_000);
    for token in [
        forged.as_str(),
        "",
        "not a token",
        "https://example.com/b/1",
        "\u{0}\u{1b}[2J",
        &long,
    ] {
        assert_eq!(result(&world, &order, token).await, "invalid", "{token:?}");
    }
    decide(&world, &agency, &badge, "suspend").await;
    assert_eq!(result(&world, &order, &badge.token).await, "suspended");
    decide(&world, &agency, &badge, "reinstate").await;
    world
        .change_worker(&worker.id, |worker| worker.standing = Standing::Suspended)
        .await;
    assert_eq!(result(&world, &order, &badge.token).await, "suspended");
    world
        .change_worker(&worker.id, |worker| worker.standing = Standing::Approved)
        .await;
    world.stand(&agency, Decision::Suspend).await;
    assert_eq!(result(&world, &order, &badge.token).await, "suspended");
    world.stand(&agency, Decision::Reinstate).await;
    // After she was named, a court flagged her.
    let soon = Millis(world.now().0 + 1_000);
    world
        .record(
            &worker.id,
            Section::Dishonesty,
            entry(Recorded::Flagged, soon),
        )
        .await;
    assert_eq!(result(&world, &order, &badge.token).await, "not_cleared");
    assert_eq!(status(&world, &order).await, "staffed");
    let later = Millis(soon.0 + 1_000);
    world
        .record(
            &worker.id,
            Section::Dishonesty,
            entry(Recorded::Clear, later),
        )
        .await;
    world.advance(Duration::from_secs(3)).await;
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    decide(&world, &agency, &badge, "revoke").await;
    assert_eq!(result(&world, &order, &badge.token).await, "revoked");

    // To anybody else the order does not exist.
    let other = world.customer("demo-customer-2").await;
    world
        .call("POST", &format!("/v1/orders/{}/badge-check", order.id))
        .token(&other)
        .json(&json!({ "token": badge.token }))
        .send()
        .await
        .expect_problem(404, "not-found");
    for body in [json!({}), json!({ "token": null }), json!({ "token": 5 })] {
        let faulty = post(&world, &order, "badge-check", &body).await;
        assert_eq!(faulty.pointers(), ["/token"], "{body}");
        faulty.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn an_expired_badge_says_so_and_a_cancelled_order_has_no_check() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let badge = badge_of(&world, &agency, &worker).await;
    world.advance(370 * 24 * HOUR).await;
    let renewed = world.cleared_worker(&agency, &["cleaning"]).await;
    let order = claimed(&world, &agency, "cleaning", HOUR).await;
    staff(&world, &order, &renewed.id).await.expect(200);
    assert_eq!(result(&world, &order, &badge.token).await, "expired");
    post(&world, &order, "cancel", &json!({ "reason": "not needed" }))
        .await
        .expect(200);
    scan(&world, &order, &badge.token)
        .await
        .expect_problem(410, "order-cancelled");
}

#[tokio::test]
async fn temperature_is_asked_for_at_the_door_alone() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "elder_care").await;
    let record = crate::workforce::all_clear(world.now());
    let untaken = record
        .entries()
        .filter(|(section, _)| *section != Section::BodyTemperature)
        .map(|(section, entry)| (section, entry.clone()))
        .collect();
    let worker = world.worker_with(&agency, &["elder_care"], untaken).await;
    let badge = badge_of(&world, &agency, &worker).await;
    let order = claimed(&world, &agency, "elder_care", 5 * HOUR).await;
    staff(&world, &order, &worker.id).await.expect(200);
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    world.advance(4 * HOUR).await;
    assert_eq!(result(&world, &order, &badge.token).await, "not_cleared");
    assert_eq!(status(&world, &order).await, "staffed");
    let taken = entry(Recorded::Clear, world.now());
    world
        .record(&worker.id, Section::BodyTemperature, taken)
        .await;
    world.advance(Duration::from_secs(1)).await;
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    assert_eq!(status(&world, &order).await, "in_service");
}

#[tokio::test]
async fn a_phones_code_is_good_for_its_moment_and_for_one_order() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", 5 * HOUR).await;
    let later = claimed(&world, &agency, "cleaning", 9 * HOUR).await;
    staff(&world, &later, &worker.id).await.expect(200);
    // One step of 30 seconds before and after the present one is accepted, and no more. This begins with a step, so that none
    // ends in between.
    let into_the_step = world.now().0.rem_euclid(30_000).unsigned_abs();
    world.skip(Duration::from_millis(30_000 - into_the_step + 500));
    for later_s in [-90, -60, 60, 90] {
        let shown = code(&world, &badge, later_s);
        assert_eq!(
            result(&world, &order, &shown).await,
            "invalid",
            "{later_s} s"
        );
    }
    for later_s in [-30, 30] {
        let shown = code(&world, &badge, later_s);
        assert_eq!(result(&world, &order, &shown).await, "match", "{later_s} s");
        let again = result(&world, &order, &shown).await;
        assert_eq!(again, "match", "the answer may have been lost");
        let elsewhere = result(&world, &later, &shown).await;
        assert_eq!(elsewhere, "invalid", "used for another order");
    }
    world.advance(3 * HOUR + MINUTE).await;
    let shown = code(&world, &badge, 0);
    assert_eq!(result(&world, &order, &shown).await, "match");
    assert_eq!(status(&world, &order).await, "in_service");
    assert_eq!(result(&world, &order, &shown).await, "match");
    assert_eq!(result(&world, &later, &shown).await, "invalid");
    world.advance(MINUTE).await;
    let next = format!(
        "https://{}/p/{}",
        world.setting("BADGE_HOST"),
        code(&world, &badge, 0)
    );
    assert_eq!(result(&world, &order, &next).await, "match");
    assert_eq!(check_ins(&world, &worker).await, 1);
}

#[tokio::test]
async fn a_visit_is_completed_and_rated_once_and_counts_for_its_agency() {
    let world = World::empty().await;
    let (agency, _, badge, order) = staffed(&world, "cleaning", HOUR).await;
    let rating = json!({ "stars": 4, "comment": "干净利落" });
    post(&world, &order, "complete", &json!({}))
        .await
        .expect_problem(409, "not-started");
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    post(&world, &order, "rating", &rating)
        .await
        .expect_problem(409, "not-completed");
    world.advance(HOUR).await;
    for _ in 0..2 {
        let done = post(&world, &order, "complete", &json!({}))
            .await
            .expect(200);
        assert_eq!(done["status"], "completed");
        assert_eq!(done["worker"]["name"], "赵*");
    }
    for (body, pointers) in [
        (json!({ "stars": 0 }), &["/stars"][..]),
        (
            json!({ "stars": 6, "comment": "\u{feff}" }),
            &["/comment", "/stars"],
        ),
        (json!({ "stars": 4.5 }), &["/stars"]),
        (json!({ "comment": "x" }), &["/stars"]),
        (json!({ "stars": 5, "tip_fen": 100 }), &["/tip_fen"]),
    ] {
        let answer = post(&world, &order, "rating", &body).await;
        assert_eq!(answer.pointers(), pointers, "{body}");
        answer.expect_problem(422, "invalid");
    }
    for _ in 0..2 {
        let rated = post(&world, &order, "rating", &rating).await.expect(200);
        assert_eq!(rated["status"], "rated");
        assert_eq!(rated["rating"]["stars"], 4);
        assert_eq!(rated["rating"]["comment"], "干净利落");
        assert_eq!(rated["rating"]["counts"], true);
    }
    post(&world, &order, "rating", &json!({ "stars": 5 }))
        .await
        .expect_problem(409, "rated-already");
    let desk = world.desk(&agency).await;
    let seen = world.order(&desk, &order.id).await;
    assert_eq!(seen["rating"]["stars"], 4);
    for what in ["complete", "rating"] {
        world
            .call("POST", &format!("/v1/orders/{}/{what}", order.id))
            .token(&desk)
            .json(&rating)
            .send()
            .await
            .expect_problem(403, "forbidden");
    }
    world.drain().await;
    let AgencyStats {
        stars_sum,
        stars_count,
        completed,
        abandoned,
        ..
    } = stats(&world, &agency).await;
    assert_eq!([stars_sum, stars_count, completed, abandoned], [4, 1, 1, 0]);
}

#[tokio::test]
async fn a_visit_that_nobody_ends_is_completed_by_the_clock() {
    let world = World::empty().await;
    let (agency, _, badge, order) = staffed(&world, "cleaning", HOUR).await;
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    // It ends three hours from now, and two hours later its time is over.
    world.advance(4 * HOUR + 50 * MINUTE).await;
    assert_eq!(status(&world, &order).await, "in_service");
    world.advance(12 * MINUTE).await;
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &order.id).await;
    assert_eq!(seen["status"], "completed");
    let last = seen["timeline"].as_array().and_then(|lines| lines.last());
    assert_eq!(last.expect("a line")["by"], "platform");
    assert_eq!(stats(&world, &agency).await.completed, 1);
    post(&world, &order, "rating", &json!({ "stars": 5 }))
        .await
        .expect(200);
}

#[tokio::test]
async fn with_its_timer_lost_a_read_gets_the_visit_ended() {
    let world = World::empty().await;
    let (_, _, _, order) = staffed(&world, "cleaning", HOUR).await;
    crate::operator::Operator::of(&world)
        .await
        .lose_schedules(&world)
        .await;
    world.advance(6 * HOUR).await;
    assert_eq!(status(&world, &order).await, "staffed");
    world.drain().await;
    assert_eq!(status(&world, &order).await, "unfilled");
}

#[tokio::test]
async fn a_check_cut_off_anywhere_begins_the_visit_once() {
    for n in 1.. {
        assert!(n < 30, "visits makes too many calls for a check");
        let world = World::empty().await;
        let (_, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
        let customer = world.customer("demo-customer-1").await;
        let wire = world.platform.wire().clone();
        wire.cut_after("visits", n);
        let path = format!("/v1/orders/{}/badge-check", order.id);
        let body = json!({ "token": code(&world, &badge, 0) });
        let answer = insist(&world, || {
            world
                .call("POST", &path)
                .token(&customer)
                .json(&body)
                .try_send()
        })
        .await
        .expect(200);
        assert_eq!(answer["result"], "match", "cut after {n}");
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("visits", 0);
        let ended = insist(&world, || {
            world
                .call("POST", &format!("/v1/orders/{}/complete", order.id))
                .token(&customer)
                .json(&json!({}))
                .try_send()
        })
        .await;
        assert_eq!(ended.expect(200)["status"], "completed", "cut after {n}");
        assert_eq!(check_ins(&world, &worker).await, 1, "cut after {n}");
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "visits was never called");
            return;
        }
    }
}

#[tokio::test]
async fn a_rating_and_its_count_cut_off_anywhere_are_given_once() {
    for function in ["visits", "order-events"] {
        for n in 1.. {
            assert!(n < 30, "{function} makes too many calls for a rating");
            let world = World::empty().await;
            let (agency, _, badge, order) = staffed(&world, "cleaning", HOUR).await;
            assert_eq!(result(&world, &order, &badge.token).await, "match");
            world.advance(HOUR).await;
            let wire = world.platform.wire().clone();
            wire.cut_after(function, n);
            let customer = world.customer("demo-customer-1").await;
            for (what, body) in [
                ("complete", json!({})),
                ("rating", json!({ "stars": 5, "comment": "好" })),
            ] {
                let path = format!("/v1/orders/{}/{what}", order.id);
                insist(&world, || {
                    world
                        .call("POST", &path)
                        .token(&customer)
                        .json(&body)
                        .try_send()
                })
                .await
                .expect(200);
            }
            world.advance(2 * MINUTE).await;
            let AgencyStats {
                stars_sum,
                stars_count,
                completed,
                abandoned,
                ..
            } = stats(&world, &agency).await;
            assert_eq!(
                [stars_sum, stars_count, completed, abandoned],
                [5, 1, 1, 0],
                "{function} cut after {n}"
            );
            let happened = !wire.take_cuts().is_empty();
            world.platform.shutdown().await;
            if !happened {
                assert!(n > 1, "{function} was never called");
                break;
            }
        }
    }
}

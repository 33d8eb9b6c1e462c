//! Nobody works without having been reviewed, and a suspension takes effect within seconds.

use std::time::Duration;

use domain::member::MemberOf;
use domain::order::GrabOutcome;
use domain::time::Millis;
use serde_json::{Value, json};
use store::Orders;

use crate::http::Answer;
use crate::staffing::{Claimed, agency_that_does, claimed, insist, staff, stats};
use crate::workers::text;
use crate::workforce::all_clear;
use crate::world::{Agency, CENTRE, OnOffer, World, decision_on, moved, registration};

const HOUR: Duration = Duration::from_secs(3_600);
/// A sweep finds the decision that it was sent before.
const SWEPT: Duration = Duration::from_secs(3);

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
    // By its code the authority finds who was approved with it, however it is written.
    let code = body["uscc"].as_str().expect("a code").to_lowercase();
    let find = async |token: &str, query: &str| {
        let path = format!("/v1/agencies{query}");
        world.call("GET", &path).token(token).send().await
    };
    let found = async || find(&authority, &format!("?uscc={code}")).await.expect(200);
    assert_eq!(found().await["items"], json!([]));
    approve(&second["agency_id"]).await.expect(200);
    approve(&first["agency_id"])
        .await
        .expect_problem(409, "uscc-taken");
    let approved = approve(&second["agency_id"]).await.expect(200);
    assert_eq!(found().await["items"], json!([approved]));
    for query in ["", "?uscc=91350100M000100Y44", "?uscc=1"] {
        let refused = find(&authority, query).await;
        refused.expect_problem(400, "malformed");
    }
    let other = world.agency(&["cleaning"], &[CENTRE]).await;
    let refused = find(&world.desk(&other).await, &format!("?uscc={code}")).await;
    refused.expect_problem(403, "forbidden");
}

/// The order as its customer sees it.
async fn seen(world: &World, id: &str) -> Value {
    let customer = world.customer("demo-customer-1").await;
    world.order(&customer, id).await
}

fn lines(order: &Value) -> Vec<&str> {
    let lines = order["timeline"].as_array().expect("lines").iter();
    lines.map(|line| text(&line["what"])).collect()
}

async fn two_agencies(world: &World) -> (Agency, Agency) {
    let other = world
        .agency(&["cleaning"], &[moved(CENTRE, 500.0, 0.0)])
        .await;
    (agency_that_does(world, "cleaning").await, other)
}

#[tokio::test]
async fn what_a_suspended_agency_has_claimed_goes_on_offer_again() {
    let world = World::empty().await;
    let (agency, other) = two_agencies(&world).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let unstaffed = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    let staffed = claimed(&world, &agency, "cleaning", 30 * HOUR).await;
    staff(&world, &staffed, &worker.id).await.expect(200);
    let untouched = claimed(&world, &other, "cleaning", 24 * HOUR).await;

    world.review(&agency, "suspend").await.expect(200);
    world.advance(SWEPT).await;
    for order in [&unstaffed, &staffed] {
        let seen = seen(&world, &order.id).await;
        assert_eq!(
            (&seen["status"], &seen["epoch"], &seen["worker"]),
            (&json!("open"), &json!(2), &Value::Null)
        );
        assert!(lines(&seen).contains(&"agency_suspended"), "{seen}");
    }
    world.review(&agency, "reinstate").await.expect(200);
    // The offers come a second after the order is open.
    world.advance(SWEPT).await;
    for (by, expected) in [(&agency, 0), (&other, 2)] {
        let desk = world.desk(by).await;
        let mut offers = world.all_offers(&desk).await;
        offers.retain(|offer| offer["kind"] == "open");
        assert_eq!(offers.len(), expected);
    }
    assert_eq!(seen(&world, &untouched.id).await["status"], "claimed");
    assert_eq!(
        stats(&world, &agency).await.abandoned,
        0,
        "it has given up nothing"
    );
}

#[tokio::test]
async fn who_was_suspended_finds_out_what_it_has_lost() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let order = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    world.review(&agency, "suspend").await.expect(200);
    world.advance(SWEPT).await;
    world.review(&agency, "reinstate").await.expect(200);
    world.drain().await;
    let desk = world.desk(&agency).await;
    let mut notices = world.all_offers(&desk).await;
    notices.retain(|offer| offer["kind"] == "ended");
    assert_eq!(notices.len(), 1);
    assert_eq!(
        (&notices[0]["order_id"], &notices[0]["reason"]),
        (&json!(order.id), &json!("suspended"))
    );
    let list = world.call("GET", "/v1/orders").token(&desk);
    let list = list.send().await.expect(200);
    assert_eq!(list["items"][0]["order_id"], order.id.as_str());
    assert_eq!(list["items"][0]["claim"], Value::Null);
    // What it had is with others now, and is not taken from them.
    let path = format!("/v1/orders/{}/staff", order.id);
    let call = world.call("POST", &path).token(&desk);
    call.json(&json!({ "worker_id": "wkr_00000000000000000000000000" }))
        .send()
        .await
        .expect_problem(409, "not-claimed");
}

/// A grab that had read the agency as approved, and is written after the decision.
#[tokio::test]
async fn nothing_that_was_under_way_survives_a_suspension() {
    let world = World::empty().await;
    let OnOffer { agency, id, .. } = world.on_offer().await;
    world.review(&agency, "suspend").await.expect(200);
    world.advance(30 * Duration::from_secs(1)).await;
    let orders = Orders::new(&world.platform.operator_settings());
    let by = MemberOf::first(agency.id.parse().expect("an agency"));
    let (now, staff_by) = (world.now(), |at: Millis| at + HOUR);
    let order = id.parse().expect("an order");
    let late = orders.grab(&order, 1, &by, "家政", || now, staff_by);
    let late = late.await.expect("an answer").expect("an order");
    assert_eq!(late.outcome, GrabOutcome::Won);
    assert_eq!(seen(&world, &id).await["status"], "claimed");
    world.advance(Duration::from_secs(35)).await;
    world.advance(Duration::from_secs(15)).await;
    let seen = seen(&world, &id).await;
    assert!(lines(&seen).contains(&"agency_suspended"), "{seen}");
}

/// A worker is named in the moment of the decision, when all has been read.
#[tokio::test]
async fn nobody_is_named_by_an_agency_that_is_being_suspended() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let order = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    let wire = world.platform.wire();
    let held = wire.hold("order-grab", "dynamodb:TransactWriteItems");
    let deciding = async {
        held.reached().await;
        world.review(&agency, "suspend").await.expect(200);
        held.let_go();
    };
    let (named, ()) = futures::join!(staff(&world, &order, &worker.id), deciding);
    named.expect_problem(403, "agency-not-approved");
    world.advance(SWEPT).await;
    let seen = seen(&world, &order.id).await;
    assert_eq!((&seen["epoch"], &seen["worker"]), (&json!(2), &Value::Null));
}

/// A worker who can log in and be named for visits; her id and her token.
async fn hired(world: &World, agency: &Agency) -> (String, String) {
    let desk = world.desk(agency).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.review_worker(id, "approve").await.expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let now = world.now();
    world
        .change_worker(text(id), |worker| worker.sections = all_clear(now))
        .await;
    (text(id).to_owned(), text(&session["token"]).to_owned())
}

/// How a worker comes to work no more.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Suspended,
    Withdrawn,
    Moved,
    /// Her agency ends her employment.
    LetGo,
    /// She ends it herself.
    Left,
}

async fn take_away(world: &World, way: Way, id: &str, token: &str, rival: &Agency) {
    let worker = json!(id);
    match way {
        Way::Suspended => {
            world.review_worker(&worker, "suspend").await.expect(200);
        }
        Way::Withdrawn => {
            let call = world.call("POST", "/v1/me/consent/withdraw").token(token);
            call.send().await.expect(200);
        }
        Way::LetGo | Way::Left => unreachable!("these are only cut off"),
        Way::Moved => {
            let number = world.workers().open(&id.parse().expect("a worker")).await;
            let profile = number
                .expect("the tables answer")
                .expect("a worker")
                .profile;
            let profile = profile.expect("a profile");
            let body = json!({
                "name": profile.name, "id_number": profile.id_number.as_str(),
                "phone": profile.phone.as_str(), "skills": ["cleaning"],
                "consent": { "text_version": "2026-01", "given_at": world.now().to_rfc3339() },
            });
            let desk = world.desk(rival).await;
            world.send_worker(&desk, "moves", &body).await.expect(201);
            let approved = world.review_proposal(&worker, "approve", &rival.id).await;
            approved.expect(200);
        }
    }
}

#[tokio::test]
async fn who_may_not_work_any_more_is_named_for_no_visit() {
    for way in [Way::Suspended, Way::Withdrawn, Way::Moved] {
        let world = World::empty().await;
        let (agency, rival) = two_agencies(&world).await;
        let (id, token) = hired(&world, &agency).await;
        let other = world.cleared_worker(&agency, &["cleaning"]).await;
        let coming = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
        staff(&world, &coming, &id).await.expect(200);
        let by_others = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
        staff(&world, &by_others, &other.id).await.expect(200);
        world.advance(Duration::from_secs(600)).await;
        let token = match way {
            Way::Withdrawn => token,
            _ => String::new(),
        };
        take_away(&world, way, &id, &token, &rival).await;
        let now = world.now();
        world.advance(SWEPT).await;

        let order = seen(&world, &coming.id).await;
        assert_eq!(
            (&order["status"], &order["epoch"], &order["worker"]),
            (&json!("claimed"), &json!(1), &Value::Null),
            "{way:?}"
        );
        assert_eq!(lines(&order).last(), Some(&"unstaffed"));
        let staff_by = Millis::parse_rfc3339(text(&order["claim"]["staff_by"]));
        assert!(
            staff_by.expect("a moment") >= now + HOUR / 2,
            "a fresh window"
        );
        assert_eq!(seen(&world, &by_others.id).await["status"], "staffed");
        // The agency is told, and sees no home until it has named another.
        let desk = world.desk(&agency).await;
        let mut told = world.all_offers(&desk).await;
        told.retain(|offer| offer["order_id"] == coming.id.as_str() && offer["kind"] == "assigned");
        assert_eq!(told.len(), 1, "{way:?}");
        assert_eq!(world.order(&desk, &coming.id).await["address"], Value::Null);
        let another = world.cleared_worker(&agency, &["cleaning"]).await;
        staff(&world, &coming, &another.id).await.expect(200);
        world.platform.shutdown().await;
    }
}

#[tokio::test]
async fn a_visit_that_nobody_else_is_named_for_in_time_is_lost() {
    let world = World::empty().await;
    let (agency, other) = two_agencies(&world).await;
    let (id, token) = hired(&world, &agency).await;
    let order = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    staff(&world, &order, &id).await.expect(200);
    take_away(&world, Way::Withdrawn, &id, &token, &other).await;
    world.advance(SWEPT).await;
    world.advance(HOUR / 2 + Duration::from_secs(5)).await;
    let seen = seen(&world, &order.id).await;
    assert_eq!(
        (&seen["status"], &seen["epoch"]),
        (&json!("open"), &json!(2))
    );
    assert!(lines(&seen).contains(&"staffing_missed"));
}

#[tokio::test]
async fn sweeping_an_agency_cut_off_anywhere_is_finished() {
    let functions = ["review", "auto-assign", "order-events"];
    cut_everywhere(&functions.map(|function| (function, None))).await;
}

#[tokio::test]
async fn sweeping_a_worker_cut_off_anywhere_is_finished() {
    cut_everywhere(&[
        ("review", Some(Way::Suspended)),
        ("own-record", Some(Way::Withdrawn)),
        ("auto-assign", Some(Way::Withdrawn)),
        ("workers", Some(Way::LetGo)),
        ("own-record", Some(Way::Left)),
    ])
    .await;
}

/// Each function is cut off after its n-th call: what is taken back is taken back all the same.
async fn cut_everywhere(cases: &[(&str, Option<Way>)]) {
    for (function, way) in cases {
        for n in 1.. {
            assert!(n < 60, "{function} makes too many calls");
            let case = format!("{function} cut after {n}, {way:?}");
            let world = World::empty().await;
            let (agency, rival) = two_agencies(&world).await;
            let (id, token) = hired(&world, &agency).await;
            let order: Claimed = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
            staff(&world, &order, &id).await.expect(200);
            world.drain().await;
            let (authority, desk) = (world.authority().await, world.desk(&agency).await);
            let wire = world.platform.wire().clone();
            wire.cut_after(function, n);
            let (path, by, body) = match way {
                None => (
                    format!("/v1/agencies/{}/reviews", agency.id),
                    &authority,
                    decision_on(&Value::Null, "suspend"),
                ),
                Some(Way::Withdrawn) => ("/v1/me/consent/withdraw".to_owned(), &token, json!({})),
                Some(Way::LetGo) => (
                    format!("/v1/workers/{id}/leave"),
                    &desk,
                    json!({ "reason": "no work" }),
                ),
                Some(Way::Left) => ("/v1/me/leave-agency".to_owned(), &token, json!({})),
                Some(_) => (
                    format!("/v1/workers/{id}/reviews"),
                    &authority,
                    decision_on(&Value::Null, "suspend"),
                ),
            };
            let decide = || world.call("POST", &path).token(by).json(&body).try_send();
            let answer: Answer = insist(&world, decide).await;
            // Whom it has let go before the cut, an agency does not find any more.
            let is_gone = *way == Some(Way::LetGo) && answer.status == 404;
            assert!(answer.status < 300 || is_gone, "{case}: {}", answer.body);
            // Twice the time until a cut-off message, or stream record, comes again.
            for seconds in [3, 61, 61] {
                world.advance(Duration::from_secs(seconds)).await;
            }
            let seen = seen(&world, &order.id).await;
            let wanted = match way {
                None => ("open", 2, "agency_suspended"),
                Some(_) => ("claimed", 1, "unstaffed"),
            };
            assert_eq!(
                (text(&seen["status"]), seen["epoch"].as_i64()),
                (wanted.0, Some(wanted.1)),
                "{case}: {seen}"
            );
            let found = lines(&seen)
                .iter()
                .filter(|line| **line == wanted.2)
                .count();
            assert_eq!(found, 1, "{case}: {seen}");
            let visits = world.call("GET", "/v1/me/visits").token(&token);
            let visits = visits.send().await.expect(200);
            let lost = way.map_or("suspended", |_| "cannot_come");
            assert_eq!(visits["items"][0]["lost"], lost, "{case}");
            if way.is_none() {
                let offered = world.offered(std::slice::from_ref(&rival), &order.id).await;
                assert_eq!(offered.len(), 1, "{case}");
            }
            let happened = !wire.take_cuts().is_empty();
            world.platform.shutdown().await;
            if !happened {
                assert!(n > 1, "{case}: it was never called");
                break;
            }
        }
    }
}

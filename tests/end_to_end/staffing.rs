//! The trust gate: who can be named for a visit, that nobody is named for two at once, and what happens to a visit that nobody
//! comes to.

mod claims;

use std::time::Duration;

use domain::agency::{AgencyStats, Decision, Standing};
use domain::credit::{Recorded, Section, Sections};
use domain::id::AgencyId;
use domain::service::ServiceSet;
use domain::time::Millis;
use futures::future::join_all;
use local::platform::Options;
use serde_json::{Value, json};
use store::Directory;

use crate::http::Answer;
use crate::workforce::{Hired, all_clear, entry};
use crate::world::{Agency, CENTRE, World, moved};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// An order that its agency has grabbed.
pub struct Claimed {
    pub agency: Agency,
    pub id: String,
}

/// An agency in the middle of town that offers this service.
pub async fn agency_that_does(world: &World, service: &'static str) -> Agency {
    world.agency(&[service], &[CENTRE]).await
}

/// An order for this service that begins after this time and that this agency has grabbed.
pub async fn claimed(world: &World, agency: &Agency, service: &str, start_in: Duration) -> Claimed {
    let customer = world.customer("demo-customer-1").await;
    let mut order = world.cleaning(CENTRE);
    order["service"] = json!(service);
    order["start_at"] = json!(world.in_future(start_in));
    let placed = world.place(&customer, &order).await;
    let id = placed["order_id"].as_str().expect("an id").to_owned();
    world.drain().await;
    let desk = world.desk(agency).await;
    let offer = world.offer(&desk, &id).await;
    let token = offer["claim_token"].as_str().expect("a token");
    world.grab(&desk, &id, token).await.expect(200);
    Claimed {
        agency: agency.clone(),
        id,
    }
}

/// The agency's desk names a worker.
pub async fn staff(world: &World, claimed: &Claimed, worker: &str) -> Answer {
    let desk = world.desk(&claimed.agency).await;
    world
        .call("POST", &format!("/v1/orders/{}/staff", claimed.id))
        .token(&desk)
        .json(&json!({ "worker_id": worker }))
        .send()
        .await
}

async fn cancel(world: &World, id: &str) {
    let customer = world.customer("demo-customer-1").await;
    world
        .call("POST", &format!("/v1/orders/{id}/cancel"))
        .token(&customer)
        .json(&json!({ "reason": "not needed" }))
        .send()
        .await
        .expect(200);
}

async fn release(world: &World, claimed: &Claimed) {
    let desk = world.desk(&claimed.agency).await;
    world
        .call("POST", &format!("/v1/orders/{}/release", claimed.id))
        .token(&desk)
        .json(&json!({ "reason": "nobody can come" }))
        .send()
        .await
        .expect(200);
}

/// The reasons that a refusal names: their kinds, and sections with their states.
fn reasons(answer: Answer) -> Vec<String> {
    let problem = answer.expect_problem(422, "worker-not-eligible");
    let reasons = problem["reasons"].as_array().expect("reasons");
    let words = reasons.iter().map(|reason| match reason["kind"].as_str() {
        Some("section") => format!(
            "{} {}",
            reason["section"].as_str().expect("a section"),
            reason["state"].as_str().expect("a state")
        ),
        kind => kind.expect("a kind").to_owned(),
    });
    words.collect()
}

/// What has been counted for an agency.
pub async fn stats(world: &World, agency: &Agency) -> AgencyStats {
    let directory = Directory::new(&world.platform.operator_settings());
    let id: AgencyId = agency.id.parse().expect("an agency");
    let found = directory.agency(&id).await.expect("the table answers");
    found.expect("an agency").stats
}

#[tokio::test]
async fn the_worker_who_is_named_is_shown_to_each_as_they_may_see_her() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let order = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(
        world.order(&customer, &order.id).await["worker"],
        Value::Null
    );

    let staffed = staff(&world, &order, &worker.id).await.expect(200);
    assert_eq!(staffed["status"], "staffed");
    assert_eq!(staffed["worker"]["worker_id"], worker.id.as_str());
    assert_eq!(staffed["address"], "道里区中央大街 100 号 3 单元 502");
    let again = staff(&world, &order, &worker.id).await.expect(200);
    assert_eq!(again["timeline"], staffed["timeline"], "the same again");

    let seen = world.order(&customer, &order.id).await;
    let shown = &seen["worker"];
    assert_eq!(shown["name"], "赵*");
    assert_eq!(shown["worker_id"], Value::Null);
    assert_eq!(shown["agency"], seen["claim"]["agency_name"]);
    assert_eq!(shown["standing"], "clear");
    assert_eq!(shown["sections"].as_array().map(Vec::len), Some(9));
    assert_eq!(shown["sections"][0]["state"], "clear");
    let text = seen.to_string();
    for secret in [&worker.name, &worker.id_number, &worker.phone, &worker.id] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
    let authority = world.authority().await;
    let seen = world.order(&authority, &order.id).await;
    assert_eq!(seen["worker"]["worker_id"], worker.id.as_str());
    // It is computed at each read.
    world.advance(26 * HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &order.id).await;
    assert_eq!(seen["worker"]["standing"], "unverified");

    // An agency that has lost the claim does not see who was named.
    release(&world, &order).await;
    let desk = world.desk(&agency).await;
    let seen = world.order(&desk, &order.id).await;
    for hidden in ["worker", "address", "contact", "location", "claim"] {
        assert_eq!(seen[hidden], Value::Null);
    }
    staff(&world, &order, &worker.id)
        .await
        .expect_problem(409, "not-claimed");
}

#[tokio::test]
async fn other_agencies_and_their_workers_are_nobody() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let other = world
        .agency(&["cleaning"], &[moved(CENTRE, 0.0, 500.0)])
        .await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let theirs = world.cleared_worker(&other, &["cleaning"]).await;
    let order = claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    staff(&world, &order, &theirs.id)
        .await
        .expect_problem(404, "not-found");
    for nobody in ["wkr_00000000000000000000000000", "somebody"] {
        staff(&world, &order, nobody)
            .await
            .expect_problem(404, "not-found");
    }
    let stranger = Claimed {
        agency: other,
        id: order.id.clone(),
    };
    staff(&world, &stranger, &theirs.id)
        .await
        .expect_problem(404, "not-found");
    // A customer cannot name anybody.
    let customer = world.customer("demo-customer-1").await;
    world
        .call("POST", &format!("/v1/orders/{}/staff", order.id))
        .token(&customer)
        .json(&json!({ "worker_id": worker.id }))
        .send()
        .await
        .expect_problem(403, "forbidden");
    // A suspended agency cannot name anybody.
    world.stand(&agency, Decision::Suspend).await;
    let refused = staff(&world, &order, &worker.id).await;
    refused.expect_problem(403, "agency-not-approved");
    world.stand(&agency, Decision::Reinstate).await;
    staff(&world, &order, &worker.id).await.expect(200);
}

#[tokio::test]
async fn a_refusal_names_every_reason_at_once() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "deep_cleaning").await;
    let worker = world.cleared_worker(&agency, &["deep_cleaning"]).await;
    let first = claimed(&world, &agency, "deep_cleaning", 24 * HOUR).await;
    staff(&world, &first, &worker.id).await.expect(200);
    let second = claimed(&world, &agency, "deep_cleaning", 24 * HOUR).await;
    assert_eq!(
        reasons(staff(&world, &second, &worker.id).await),
        ["booked"]
    );

    let long_ago = Millis(world.now().0 - 25 * 3_600_000);
    world
        .change_worker(&worker.id, |worker| {
            worker.standing = Standing::Suspended;
            worker.skills = ServiceSet::EMPTY;
            worker.sections = [
                (Section::Identity, entry(Recorded::Pending, long_ago)),
                (
                    Section::JudicialEnforcement,
                    entry(Recorded::Clear, long_ago),
                ),
                (Section::Dishonesty, entry(Recorded::Flagged, long_ago)),
                (
                    Section::BackgroundCheck,
                    entry(Recorded::Withheld, long_ago),
                ),
            ]
            .into_iter()
            .collect();
        })
        .await;
    assert_eq!(
        reasons(staff(&world, &second, &worker.id).await),
        [
            "not_approved",
            "no_skill",
            "booked",
            "identity pending",
            "background_check withheld",
            "judicial_enforcement stale",
            "dishonesty flagged",
            "personal_insurance unknown",
            "occupational_insurance unknown",
        ]
    );
}

#[tokio::test]
async fn what_ends_before_the_visit_does_not_pass_and_courts_are_asked_now() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cooking").await;
    let order = claimed(&world, &agency, "cooking", 48 * HOUR).await;
    let now = world.now();
    let hired = async |change: fn(&mut Sections, Millis)| {
        let mut record = all_clear(now);
        change(&mut record, now);
        world.worker_with(&agency, &["cooking"], record).await
    };
    // The visit lasts from 48 to 50 hours from now.
    let ending = |hours: u64| {
        let mut entry = entry(Recorded::Clear, Millis(now.0 + 1));
        entry.valid_until = Some(now + hours as u32 * HOUR);
        entry
    };
    let cook = hired(|_, _| {}).await;
    world.advance(Duration::from_secs(1)).await;
    for (hours, wanted) in [
        (47, &["health_certificate expired"][..]),
        (49, &["health_certificate expired"]),
    ] {
        let mut certificate = ending(hours);
        certificate.as_of = Millis(now.0 + hours as i64);
        world
            .record(&cook.id, Section::HealthCertificate, certificate)
            .await;
        assert_eq!(reasons(staff(&world, &order, &cook.id).await), wanted);
    }
    // A day later the courts' sections have not been renewed.
    let stale = hired(|record, now| {
        let long_ago = Millis(now.0 - 25 * 3_600_000);
        *record = all_clear(long_ago);
    })
    .await;
    assert_eq!(
        reasons(staff(&world, &order, &stale.id).await),
        ["judicial_enforcement stale", "dishonesty stale"]
    );
    let mut renewed = entry(Recorded::Clear, Millis(now.0 + 100));
    renewed.valid_until = Some(now + 50 * HOUR);
    world
        .record(&cook.id, Section::HealthCertificate, renewed)
        .await;
    staff(&world, &order, &cook.id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_desks_that_want_one_worker_at_once_one_gets_her() {
    let world = World::with(Options {
        caps: false,
        ..Options::default()
    })
    .await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let customer = world.customer("demo-customer-1").await;
    // Visits of two hours, a minute apart: each overlaps with every other.
    for n in 0..50_u32 {
        let mut order = world.cleaning(CENTRE);
        order["start_at"] = json!(world.in_future(24 * HOUR + n * MINUTE));
        world.place(&customer, &order).await;
    }
    world.drain().await;
    let desk = world.desk(&agency).await;
    let offers = world.all_offers(&desk).await;
    assert_eq!(offers.len(), 50);
    let grabs = offers.iter().map(|offer| {
        let text = |field: &str| offer[field].as_str().expect("text");
        world.grab(&desk, text("order_id"), text("claim_token"))
    });
    for answer in join_all(grabs).await {
        answer.expect(200);
    }
    let staffed = offers.iter().map(|offer| {
        let id = offer["order_id"].as_str().expect("an id");
        world
            .call("POST", &format!("/v1/orders/{id}/staff"))
            .token(&desk)
            .json(&json!({ "worker_id": worker.id }))
            .send()
    });
    let answers = join_all(staffed).await;
    let winners = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(winners.count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        assert_eq!(reasons(answer), ["booked"]);
    }
}

#[tokio::test]
async fn slots_of_cancelled_released_and_restaffed_orders_are_free_again() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let other = world.cleared_worker(&agency, &["cleaning"]).await;
    let at = async |start_in| claimed(&world, &agency, "cleaning", start_in).await;
    let cancelled = at(24 * HOUR).await;
    let released = at(24 * HOUR).await;
    let restaffed = at(24 * HOUR).await;
    let last = at(24 * HOUR).await;
    staff(&world, &cancelled, &worker.id).await.expect(200);
    assert_eq!(
        reasons(staff(&world, &released, &worker.id).await),
        ["booked"]
    );
    cancel(&world, &cancelled.id).await;
    staff(&world, &released, &worker.id).await.expect(200);
    assert_eq!(
        reasons(staff(&world, &restaffed, &worker.id).await),
        ["booked"]
    );
    release(&world, &released).await;
    staff(&world, &restaffed, &worker.id).await.expect(200);
    assert_eq!(reasons(staff(&world, &last, &worker.id).await), ["booked"]);
    let changed = staff(&world, &restaffed, &other.id).await.expect(200);
    assert_eq!(changed["worker"]["worker_id"], other.id.as_str());
    staff(&world, &last, &worker.id).await.expect(200);
    assert_eq!(
        reasons(staff(&world, &restaffed, &worker.id).await),
        ["booked"]
    );
    // The visits last two hours, and the way between them takes half an hour.
    let too_soon = at(26 * HOUR + 10 * MINUTE).await;
    assert_eq!(
        reasons(staff(&world, &too_soon, &worker.id).await),
        ["booked"]
    );
    let in_time = at(26 * HOUR + 31 * MINUTE).await;
    staff(&world, &in_time, &worker.id).await.expect(200);
}

#[tokio::test]
async fn a_claim_is_staffed_in_time_or_lost_and_then_stays_as_it_is_until_the_visit() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let in_time = claimed(&world, &agency, "cleaning", 5 * HOUR).await;
    let late = claimed(&world, &agency, "cleaning", 12 * HOUR).await;
    staff(&world, &in_time, &worker.id).await.expect(200);
    world.skip(31 * MINUTE);
    // This holds whether or not its timer has fired.
    staff(&world, &late, &worker.id)
        .await
        .expect_problem(409, "not-claimed");
    world.advance(MINUTE).await;
    staff(&world, &late, &worker.id)
        .await
        .expect_problem(409, "not-claimed");
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(world.order(&customer, &late.id).await["epoch"], 2);
    assert_eq!(
        world.order(&customer, &in_time.id).await["status"],
        "staffed"
    );
    world.advance(5 * HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(
        world.order(&customer, &in_time.id).await["status"],
        "staffed"
    );
    // At the end of this the visit has been over for an hour and a half; half an hour later it is ended.
    world.advance(3 * HOUR + 20 * MINUTE).await;
    staff(
        &world,
        &in_time,
        &world.cleared_worker(&agency, &["cleaning"]).await.id,
    )
    .await
    .expect_problem(409, "too-late");
    world.advance(HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    let ended = world.order(&customer, &in_time.id).await;
    assert_eq!(
        (&ended["status"], &ended["worker"]),
        (&json!("unfilled"), &Value::Null)
    );
    let last = ended["timeline"].as_array().and_then(|lines| lines.last());
    assert_eq!(last.expect("a line")["why"], "nobody came");
    // One claim was not staffed in time; nobody came to the visit of the other.
    assert_eq!(stats(&world, &agency).await.abandoned, 2);
}

#[tokio::test]
async fn an_agency_without_a_cleared_free_worker_is_not_assigned() {
    let world = World::empty().await;
    let agency = |north: f64| {
        let world = &world;
        async move {
            world
                .agency(&["cleaning"], &[moved(CENTRE, north, 0.0)])
                .await
        }
    };
    let (without, unclear, booked, free) = (
        agency(0.0).await,
        agency(100.0).await,
        agency(200.0).await,
        agency(4_000.0).await,
    );
    let unknown = Sections::default();
    world.worker_with(&unclear, &["cleaning"], unknown).await;
    world.cleared_worker(&unclear, &["cooking"]).await;
    let busy = world.cleared_worker(&booked, &["cleaning"]).await;
    let taken = claimed(&world, &booked, "cleaning", 24 * HOUR).await;
    staff(&world, &taken, &busy.id).await.expect(200);
    world.cleared_worker(&free, &["cleaning"]).await;

    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.advance(Duration::from_secs(182)).await;
    let seen = world.order(&world.authority().await, id).await;
    assert_eq!(seen["claim"]["agency_id"], free.id.as_str());
    let explanation = &seen["explanation"];
    assert_eq!(explanation["policy_version"], 4);
    let passed_over = &explanation["radii"][0]["exclusions"]["no_cleared_free_worker"];
    let mut expected = [&without.id, &unclear.id, &booked.id].map(|id| json!(id));
    expected.sort_by_key(Value::to_string);
    assert_eq!(passed_over, &json!(expected));
    let candidate = &explanation["radii"][0]["candidates"][0];
    let workers = json!({ "skilled": 1, "cleared": 1, "wishes": 0 });
    assert_eq!(candidate["workers"], workers);
    assert_eq!(candidate["agency_name"], seen["claim"]["agency_name"]);
    assert_eq!(candidate["score"]["credit"], 1000);

    // The slot of a cancelled order is free, although nobody has changed the calendar.
    cancel(&world, &taken.id).await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.advance(Duration::from_secs(182)).await;
    let seen = world.order(&customer, id).await;
    assert_eq!(seen["claim"]["agency_id"], booked.id.as_str());
}

/// Sends a request again until it is answered by anything but a failure.
pub async fn insist<F>(world: &World, request: impl Fn() -> F) -> Answer
where
    F: Future<Output = Result<Answer, reqwest::Error>>,
{
    for _ in 0..5 {
        match request().await {
            Ok(answer) if answer.status < 500 => return answer,
            _ => world.advance(Duration::from_secs(1)).await,
        }
    }
    panic!("no answer after five tries");
}

#[tokio::test]
async fn staffing_cut_off_anywhere_names_her_once() {
    for n in 1.. {
        assert!(n < 20, "order-grab makes too many calls for a staffing");
        let world = World::empty().await;
        let agency = agency_that_does(&world, "cleaning").await;
        let worker: Hired = world.cleared_worker(&agency, &["cleaning"]).await;
        let order = claimed(&world, &agency, "cleaning", 5 * HOUR).await;
        let desk = world.desk(&agency).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("order-grab", n);
        let path = format!("/v1/orders/{}/staff", order.id);
        let body = json!({ "worker_id": worker.id });
        let answer = insist(&world, || {
            world
                .call("POST", &path)
                .token(&desk)
                .json(&body)
                .try_send()
        })
        .await
        .expect(200);
        assert_eq!(answer["worker"]["worker_id"], worker.id.as_str());
        let named = answer["timeline"].as_array().expect("lines").iter();
        let named = named.filter(|line| line["what"] == "staffed").count();
        assert_eq!(named, 1, "cut after {n}");
        let happened = !wire.take_cuts().is_empty();
        // Wherever it was cut off, the visit has its timer.
        world.advance(9 * HOUR + 2 * MINUTE).await;
        let customer = world.customer("demo-customer-1").await;
        let ended = world.order(&customer, &order.id).await;
        assert_eq!(ended["status"], "unfilled", "cut after {n}");
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "order-grab was never called");
            return;
        }
    }
}

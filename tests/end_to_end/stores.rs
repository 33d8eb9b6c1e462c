//! What each store is there for, when it is open, and how it is closed for good.

use std::time::Duration;

use domain::time::Millis;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::staffing::{agency_that_does, claimed, insist, staff};
use crate::workers::text;
use crate::world::{Agency, CENTRE, World, decision_on, moved};

const HOUR: Duration = Duration::from_secs(3_600);
/// A grab window and what follows it.
const WINDOW: Duration = Duration::from_secs(200);

/// The agency's stores as it is shown them, in the order in which they lie from south to north.
async fn stores(world: &World, agency: &Agency) -> Vec<Value> {
    let mut shown = world.shown_agency(&agency.id).await["stores"].take();
    let mut stores = std::mem::take(shown.as_array_mut().expect("stores"));
    stores
        .sort_by_key(|store| (store["location"]["lat"].as_f64().unwrap_or_default() * 1e7) as i64);
    stores
}

fn path(agency: &Agency, store: &Value) -> String {
    let id = text(&store["store_id"]);
    format!("/v1/agencies/{}/stores/{id}", agency.id)
}

async fn patch(world: &World, token: &str, path: &str, body: &Value) -> Answer {
    let call = world.call("PATCH", path).token(token).json(body);
    call.send().await
}

async fn review(world: &World, path: &str, version: &Value, decision: &str) -> Answer {
    let authority = world.authority().await;
    let call = world.call("POST", &format!("{path}/reviews"));
    let body = decision_on(version, decision);
    call.token(&authority).json(&body).send().await
}

async fn close(world: &World, token: &str, path: &str) -> Answer {
    let path = format!("{path}/close");
    world.call("POST", &path).token(token).send().await
}

/// An order that has been fanned out.
async fn placed(world: &World, service: &str) -> String {
    // Several, because one has at most five orders on offer.
    let code = format!("demo-customer-{}", 2 + world.unique() % 19);
    let customer = world.customer(&code).await;
    let mut order = world.cleaning(CENTRE);
    order["service"] = json!(service);
    let order = world.place(&customer, &order).await;
    world.drain().await;
    text(&order["order_id"]).to_owned()
}

/// The offers of this order in the agency's list and in its queue, which say the same.
async fn offers(world: &World, desk: &str, order: &str) -> Option<Value> {
    let of_it = |offers: Vec<Value>| offers.into_iter().find(|offer| offer["order_id"] == order);
    let listed = of_it(world.open_offers(desk).await);
    let mut polled = of_it(world.all_offers(desk).await);
    if let Some(polled) = &mut polled {
        polled["receipt"] = Value::Null;
    }
    assert_eq!(listed, polled);
    listed
}

/// All of the day of the week that lies so many days after this moment.
fn all_day(at: Millis, later: i64) -> Value {
    const DAYS: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    // 1970-01-01 was a Thursday.
    let day = DAYS[(at.day() + 3 + later).rem_euclid(7) as usize];
    json!({ "day": day, "from": "00:00", "until": "24:00" })
}

#[tokio::test]
async fn a_closed_shop_is_offered_orders_and_an_open_one_is_assigned_them() {
    let world = World::empty().await;
    let (shut, open) = (
        agency_that_does(&world, "cleaning").await,
        agency_that_does(&world, "cleaning").await,
    );
    // The visit is tomorrow, and its two hours may go into the day after.
    let now = world.now();
    for (agency, days) in [(&shut, [4, 5]), (&open, [1, 2])] {
        let desk = world.desk(agency).await;
        let before = stores(&world, agency).await.remove(0);
        let hours = json!({ "opening_hours": days.map(|day| all_day(now, day)) });
        let path = path(agency, &before);
        let after = patch(&world, &desk, &path, &hours).await.expect(200);
        assert_eq!(after["opening_hours"], hours["opening_hours"]);
        assert_eq!(
            (
                &after["status"],
                &after["version"],
                &after["pending_changes"]
            ),
            (&json!("approved"), &before["version"], &Value::Null),
            "nobody has to look at it"
        );
    }
    for _ in 0..5 {
        for agency in [&shut, &open] {
            world.cleared_worker(agency, &["cleaning"]).await;
        }
        let id = placed(&world, "cleaning").await;
        for agency in [&shut, &open] {
            let desk = world.desk(agency).await;
            assert!(offers(&world, &desk, &id).await.is_some());
        }
        world.advance(WINDOW).await;
        let seen = world.order(&world.authority().await, &id).await;
        assert_eq!(seen["claim"]["agency_id"], open.id.as_str());
        let explanation = &seen["explanation"];
        assert_eq!(explanation["weights"]["open"], 10);
        let candidates = &explanation["radii"][0]["candidates"];
        let parts = [0, 1].map(|n| candidates[n]["score"]["open"].as_u64());
        assert_eq!(parts, [Some(1000), Some(0)]);
    }
    // Who says nothing is always open.
    let desk = world.desk(&shut).await;
    let path = path(&shut, &stores(&world, &shut).await[0]);
    let none = json!({ "opening_hours": [] });
    let after = patch(&world, &desk, &path, &none).await.expect(200);
    assert_eq!(after["opening_hours"], Value::Null);
    for agency in [&shut, &open] {
        world.cleared_worker(agency, &["cleaning"]).await;
    }
    let id = placed(&world, "cleaning").await;
    world.advance(WINDOW).await;
    let seen = world.order(&world.authority().await, &id).await;
    let candidates = &seen["explanation"]["radii"][0]["candidates"];
    let parts = [0, 1].map(|n| candidates[n]["score"]["open"].as_u64());
    assert_eq!(parts, [Some(1000), Some(1000)]);
}

#[tokio::test]
async fn a_store_is_the_reason_for_offers_of_what_it_does_and_of_nothing_else() {
    let world = World::empty().await;
    let north = moved(CENTRE, 3_000.0, 0.0);
    let agency = world
        .agency(&["cleaning", "cooking"], &[CENTRE, north])
        .await;
    // Its one store in range will not clean; the other one is far away.
    let far = moved(CENTRE, 30_000.0, 0.0);
    let cook = world.agency(&["cleaning", "cooking"], &[CENTRE, far]).await;
    let desks = [world.desk(&agency).await, world.desk(&cook).await];
    let near = stores(&world, &agency).await;
    let named = |offer: Option<Value>| offer.map(|offer| offer["store_id"].clone());
    let told = async |desk: &str, service| {
        named(offers(&world, desk, &placed(&world, service).await).await)
    };

    let cooks = json!({ "services": ["cooking"] });
    for (agency, desk) in [&agency, &cook].into_iter().zip(&desks) {
        let path = path(agency, &stores(&world, agency).await[0]);
        let asked = patch(&world, desk, &path, &cooks).await.expect(200);
        assert_eq!(
            (
                &asked["status"],
                &asked["services"],
                &asked["pending_changes"]["services"]
            ),
            (&json!("pending"), &Value::Null, &json!(["cooking"]))
        );
        world.drain().await;
        assert!(told(desk, "cleaning").await.is_some(), "the old ones serve");
        let after = review(&world, &path, &asked["version"], "approve")
            .await
            .expect(200);
        assert_eq!(
            (&after["status"], &after["services"]),
            (&json!("approved"), &json!(["cooking"]))
        );
        world.drain().await;
    }
    let [south, north] = [0, 1].map(|n| near[n]["store_id"].clone());
    assert_eq!(told(&desks[0], "cooking").await.as_ref(), Some(&south));
    assert_eq!(told(&desks[0], "cleaning").await.as_ref(), Some(&north));
    assert!(told(&desks[1], "cooking").await.is_some());
    assert_eq!(told(&desks[1], "cleaning").await, None);

    // The list of its claims names the same stores, and finds them by these.
    let mut claims = Vec::new();
    for service in ["cooking", "cleaning"] {
        claims.push(claimed(&world, &agency, service, 24 * HOUR).await.id);
    }
    for (store, of_it) in [(&south, &claims[0]), (&north, &claims[1])] {
        let path = format!("/v1/orders?counts=true&store_id={}", text(store));
        let list = world
            .call("GET", &path)
            .token(&desks[0])
            .send()
            .await
            .expect(200);
        let items = list["items"].as_array().expect("items");
        assert_eq!((items.len(), &items[0]["order_id"]), (1, &json!(of_it)));
        assert_eq!(
            (&items[0]["store_id"], &list["counts"]["exact"]),
            (store, &json!(false))
        );
    }
}

#[tokio::test]
async fn what_an_agency_offers_no_more_is_no_longer_offered_to_it() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning", "cooking"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let cooking = placed(&world, "cooking").await;
    let cleaning = placed(&world, "cleaning").await;
    let path = format!("/v1/agencies/{}", agency.id);
    let cleans = json!({ "services": ["cleaning"] });
    let asked = patch(&world, &desk, &path, &cleans).await.expect(200);
    let decided = review(&world, &path, &asked["version"], "approve").await;
    decided.expect(200);
    world.drain().await;
    assert_eq!(offers(&world, &desk, &cooking).await, None);
    // The queue shows an offer once and hides it for a while; the list shows it always.
    let listed = world.open_offers(&desk).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["order_id"], cleaning.as_str());
}

#[tokio::test]
async fn all_that_is_wrong_with_a_store_is_said_at_once() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let path = path(&agency, &stores(&world, &agency).await[0]);
    let faulty = json!({
        "name": "店".repeat(61),
        "services": ["cleaning", "cooking"],
        "opening_hours": [
            { "day": "monday", "from": "08:00", "until": "18:00" },
            { "day": "holidays", "from": "8:00", "until": "25:00" },
            { "day": "monday", "from": "24:00", "until": "00:00" },
        ],
        "status": "closed",
    });
    let faults = [
        "/name",
        "/opening_hours/1/day",
        "/opening_hours/1/from",
        "/opening_hours/1/until",
        "/opening_hours/2/from",
        "/services/1",
        "/status",
    ];
    assert_eq!(
        patch(&world, &desk, &path, &faulty).await.pointers(),
        faults
    );
    let new = format!("/v1/agencies/{}/stores", agency.id);
    let call = world.call("POST", &new).token(&desk).key("new");
    let answer = call.json(&faulty).send().await;
    let missing = ["/address", "/location"];
    assert_eq!(
        answer.pointers(),
        [&missing[..1], &missing[1..], &faults[..]].concat()
    );
}

#[tokio::test]
async fn a_store_is_closed_for_good_and_what_was_claimed_stays() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let other = world
        .agency(&["cleaning"], &[moved(CENTRE, 4_000.0, 0.0)])
        .await;
    for _ in 0..2 {
        world.cleared_worker(&other, &["cleaning"]).await;
    }
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let desk = world.desk(&agency).await;
    let before = stores(&world, &agency).await.remove(0);
    let path = path(&agency, &before);
    let coming = claimed(&world, &agency, "cleaning", 48 * HOUR).await;
    staff(&world, &coming, &worker.id).await.expect(200);
    let on_offer = placed(&world, "cleaning").await;
    assert_eq!(world.open_offers(&desk).await.len(), 1);

    let stranger = world.desk(&other).await;
    close(&world, &stranger, &path)
        .await
        .expect_problem(404, "not-found");
    let asked_at = world.now();
    let closed = close(&world, &desk, &path).await.expect(200);
    assert_eq!(closed["status"], "closed");
    let closed_at = Millis::parse_rfc3339(text(&closed["closed_at"])).expect("a time");
    assert!((asked_at..=world.now()).contains(&closed_at));
    assert_eq!(
        stores(&world, &agency).await,
        std::slice::from_ref(&closed),
        "the authority sees it"
    );
    // What was on offer is gone at once, and nothing more comes.
    assert_eq!(offers(&world, &desk, &on_offer).await, None);
    world.drain().await;
    let next = placed(&world, "cleaning").await;
    assert_eq!(offers(&world, &desk, &next).await, None);
    assert!(offers(&world, &stranger, &next).await.is_some());
    world.advance(WINDOW).await;
    let seen = world.order(&world.authority().await, &next).await;
    assert_eq!(seen["claim"]["agency_id"], other.id.as_str());
    let candidates = seen["explanation"]["radii"][0]["candidates"].as_array();
    assert_eq!(candidates.map(Vec::len), Some(1));

    // For good.
    world.skip(HOUR);
    let desk = world.desk(&agency).await;
    assert_eq!(close(&world, &desk, &path).await.expect(200), closed);
    let name = json!({ "name": "新店" });
    let hours = json!({ "opening_hours": [] });
    for change in [name, hours] {
        let refused = patch(&world, &desk, &path, &change).await;
        refused.expect_problem(409, "store-closed");
    }
    for decision in ["approve", "reject", "suspend", "reinstate"] {
        let refused = review(&world, &path, &closed["version"], decision).await;
        refused.expect_problem(409, "store-closed");
    }
    let deeds = world.deeds(&desk, "").await;
    let closings = deeds.iter().filter(|deed| deed["what"] == "store_closed");
    let about: Vec<&Value> = closings.map(|deed| &deed["about"]).collect();
    assert_eq!(about, [&before["store_id"]]);

    // Its agency still has what it had claimed, and is told when it has to name somebody else.
    let order = world.order(&desk, &coming.id).await;
    assert_eq!(
        (&order["status"], &order["claim"]["agency_id"]),
        (&json!("staffed"), &json!(agency.id))
    );
    let worker = json!(worker.id);
    world.review_worker(&worker, "suspend").await.expect(200);
    world.advance(Duration::from_secs(3)).await;
    let told = world.offer(&desk, &coming.id).await;
    assert_eq!(
        (&told["kind"], &told["store_id"], &told["distance_m"]),
        (&json!("assigned"), &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_store_that_waits_for_review_is_withdrawn_by_closing_it() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let authority = world.authority().await;
    let new = format!("/v1/agencies/{}/stores", agency.id);
    let body = json!({
        "name": "二号店",
        "address": "南岗区西大直街 2 号",
        "location": { "lat": CENTRE.0, "lon": CENTRE.1, "datum": "wgs84" },
        "services": ["cleaning"],
        "opening_hours": [{ "day": "sunday", "from": "22:00", "until": "06:00" }],
    });
    let call = world.call("POST", &new).token(&desk).key("new").json(&body);
    let added = call.send().await.expect(201);
    assert_eq!(
        (&added["services"], &added["opening_hours"]),
        (&body["services"], &body["opening_hours"])
    );
    let waiting = async || {
        let call = world
            .call("GET", "/v1/reviews?kind=store")
            .token(&authority);
        let page = call.send().await.expect(200);
        page["items"].as_array().expect("items").len()
    };
    assert_eq!(waiting().await, 1);
    let path = path(&agency, &added);
    let closed = close(&world, &desk, &path).await.expect(200);
    assert_eq!(
        (&closed["status"], &closed["proposed_location"]),
        (&json!("closed"), &Value::Null)
    );
    assert_eq!(waiting().await, 0);
    let refused = review(&world, &path, &added["version"], "approve").await;
    refused.expect_problem(409, "store-closed");
    // The request that added it, sent again, brings it not back.
    let call = world.call("POST", &new).token(&desk).key("new").json(&body);
    assert_eq!(call.send().await.expect(201), closed);
}

#[tokio::test]
async fn closing_cut_off_anywhere_takes_effect_once() {
    for function in ["registry", "directory-projection"] {
        for n in 1.. {
            assert!(n < 60, "{function} makes too many calls for one event");
            let world = World::empty().await;
            let agency = agency_that_does(&world, "cleaning").await;
            let rest = world
                .agency(&["cleaning"], &[moved(CENTRE, 500.0, 0.0)])
                .await;
            let desk = world.desk(&agency).await;
            let path = path(&agency, &stores(&world, &agency).await[0]);
            let wire = world.platform.wire().clone();
            wire.cut_after(function, n);
            let close = format!("{path}/close");
            let closed = insist(&world, || {
                world.call("POST", &close).token(&desk).try_send()
            });
            let case = format!("{function} cut off after {n}");
            assert_eq!(closed.await.expect(200)["status"], "closed", "{case}");
            world.advance(Duration::from_secs(5)).await;
            let id = placed(&world, "cleaning").await;
            // By the cells: a poll would leave its offer out even if it had got one.
            let seen = world.order(&world.authority().await, &id).await;
            let mut lines = seen["timeline"].as_array().expect("lines").iter();
            let offered = lines.find(|line| line["what"] == "offered");
            let offered = offered.expect("it was offered");
            let asked = json!({ "agencies": 1, "radius_m": 5000 });
            assert_eq!(offered["asked"], asked, "{case}");
            let offered = world.offered(&[agency.clone(), rest.clone()], &id).await;
            assert_eq!(offered, [rest.id.clone()].into(), "{case}");
            let deeds = world.deeds(&desk, "").await;
            let closings = deeds.iter().filter(|deed| deed["what"] == "store_closed");
            assert_eq!(closings.count(), 1, "{case}");
            let happened = !wire.take_cuts().is_empty();
            world.platform.shutdown().await;
            if !happened {
                assert!(n > 1, "{function} was never called");
                break;
            }
        }
    }
}

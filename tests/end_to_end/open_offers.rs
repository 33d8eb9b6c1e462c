//! Several desks of one agency look at the same list of what can be grabbed now, and reading takes nothing from it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::geo::{Area, Wgs84};
use serde_json::{Value, json};

use crate::workers::text;
use crate::world::{Agency, CENTRE, World, decision_on, moved};

impl World {
    /// The list of what this agency can grab now.
    pub async fn open_offers(&self, desk: &str) -> Vec<Value> {
        let list = self.call("GET", "/v1/offers/open").token(desk).send().await;
        let list = list.expect(200);
        list["items"].as_array().expect("items").clone()
    }
}

fn ids(offers: &[Value]) -> Vec<&str> {
    let ids = offers.iter().map(|offer| offer["order_id"].as_str());
    ids.map(|id| id.expect("an id")).collect()
}

/// An order that has been fanned out.
async fn placed(world: &World, customer: &str, at: (f64, f64)) -> String {
    let order = world.place(customer, &world.cleaning(at)).await;
    world.drain().await;
    order["order_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn every_desk_of_an_agency_sees_the_same_until_an_order_is_gone() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let rival = world.agency(&["cleaning"], &[CENTRE]).await;
    let (desk, other_desk) = (world.desk(&agency).await, world.desk(&agency).await);
    let rival_desk = world.desk(&rival).await;
    let customer = world.customer("demo-customer-1").await;
    let first = placed(&world, &customer, CENTRE).await;
    world.skip(std::time::Duration::from_secs(5));
    let second = placed(&world, &customer, moved(CENTRE, 900.0, 0.0)).await;

    // Reading at one desk, and polling the queue there, hides nothing from the other; the soonest to close comes first.
    let seen = world.open_offers(&desk).await;
    assert_eq!(ids(&seen), [&first, &second]);
    let mut polled = world.poll(&desk).await;
    polled.sort_by_key(|offer| offer["grab_deadline"].to_string());
    for offer in &mut polled {
        offer["receipt"] = Value::Null;
    }
    assert_eq!(seen, polled, "the list and the queue say the same");
    assert_eq!(world.open_offers(&other_desk).await, seen);

    let grab = |desk: &str, offer: &Value| {
        let (desk, offer) = (desk.to_owned(), offer.clone());
        let world = &world;
        async move {
            let id = offer["order_id"].as_str().expect("an id");
            let token = offer["claim_token"].as_str().expect("a token");
            world.grab(&desk, id, token).await
        }
    };
    grab(&other_desk, &seen[0]).await.expect(200);
    assert_eq!(ids(&world.open_offers(&desk).await), [&second]);
    let rivals = world.open_offers(&rival_desk).await;
    assert_eq!(ids(&rivals), [&second]);
    grab(&rival_desk, &rivals[0]).await.expect(200);
    grab(&desk, &seen[1])
        .await
        .expect_problem(409, "order-taken");
    assert_eq!(world.open_offers(&desk).await, [] as [Value; 0]);

    // What is given back is on offer again, to everybody but the agency that gave it back.
    let path = format!("/v1/orders/{second}/release");
    let reason = json!({ "reason": "nobody is free" });
    let released = world
        .call("POST", &path)
        .token(&rival_desk)
        .json(&reason)
        .send()
        .await;
    released.expect(200);
    world.advance(std::time::Duration::from_secs(2)).await;
    let again = world.open_offers(&desk).await;
    assert_eq!(
        (ids(&again), &again[0]["epoch"]),
        (vec![&*second], &json!(2))
    );
    assert_eq!(world.open_offers(&rival_desk).await, [] as [Value; 0]);
    grab(&desk, &again[0]).await.expect(200);
}

#[tokio::test]
async fn the_list_has_what_this_agency_can_grab_and_nothing_else() {
    let world = World::empty().await;
    let near = world
        .agency(&["cleaning"], &[moved(CENTRE, 4_900.0, 0.0)])
        .await;
    let far = world
        .agency(&["cleaning"], &[moved(CENTRE, 5_100.0, 0.0)])
        .await;
    let cook = world.agency(&["cooking"], &[CENTRE]).await;
    let remote = world
        .agency(&["cleaning"], &[moved(CENTRE, 60_000.0, 0.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = placed(&world, &customer, CENTRE).await;
    // Nobody is near this one, so it is offered in a wider radius.
    let wide = placed(&world, &customer, moved(CENTRE, 78_000.0, 0.0)).await;
    let sees = |agency: &Agency| {
        let (agency, world) = (agency.clone(), &world);
        async move { world.open_offers(&world.desk(&agency).await).await }
    };
    assert_eq!(ids(&sees(&near).await), [&order]);
    assert_eq!(ids(&sees(&remote).await), [&wide]);
    for agency in [&far, &cook] {
        assert_eq!(sees(agency).await, [] as [Value; 0]);
    }
    let offer = &sees(&near).await[0];
    assert_eq!(
        offer["distance_m"].as_u64().map(|metres| metres % 100),
        Some(0)
    );
    assert!(
        offer.get("location").is_none() && offer.get("address").is_none(),
        "{offer}"
    );

    // Once its window has closed, it is not there any more, though nothing may have settled it yet.
    let desk = world.desk(&near).await;
    world.skip(std::time::Duration::from_secs(200));
    assert_eq!(world.open_offers(&desk).await, [] as [Value; 0]);

    world.review(&near, "suspend").await.expect(200);
    let list = world
        .call("GET", "/v1/offers/open")
        .token(&desk)
        .send()
        .await;
    list.expect_problem(403, "agency-not-approved");
    let list = world
        .call("GET", "/v1/offers/open")
        .token(&customer)
        .send()
        .await;
    list.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_store_counts_in_the_list_as_it_does_in_the_queue() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    // Somebody is always in range, so that nothing is offered farther away.
    world.agency(&["cleaning"], &[CENTRE]).await;
    let authority = world.authority().await;
    let store = async || world.shown_agency(&agency.id).await["stores"][0].take();
    let path = format!(
        "/v1/agencies/{}/stores/{}",
        agency.id,
        text(&store().await["store_id"])
    );
    let far = moved(CENTRE, 40_000.0, 0.0);
    let far = json!({ "location": { "lat": far.0, "lon": far.1, "datum": "wgs84" } });
    for (n, step, status, counts) in [
        (1, "move", "pending", true),
        (2, "reject", "approved", true),
        (3, "suspend", "suspended", false),
        (4, "move", "suspended", false),
        (5, "reinstate", "pending", true),
        (6, "approve", "approved", false),
    ] {
        let version = store().await["version"].take();
        let call = if step == "move" {
            world.call("PATCH", &path).token(&desk).json(&far)
        } else {
            let call = world.call("POST", &format!("{path}/reviews"));
            call.token(&authority).json(&decision_on(&version, step))
        };
        call.send().await.expect(200);
        assert_eq!(store().await["status"], status, "{step}");
        world.drain().await;
        let customer = world.customer(&format!("demo-customer-{n}")).await;
        let order = placed(&world, &customer, CENTRE).await;
        for seen in [world.open_offers(&desk).await, world.poll(&desk).await] {
            assert_eq!(ids(&seen).contains(&order.as_str()), counts, "{step}");
        }
    }
}

/// Of an agency with a store in every corner, the nearest to the home would say in which corner the home is.
#[tokio::test]
async fn no_store_that_an_agency_is_told_says_where_in_its_area_a_home_is() {
    let world = World::empty().await;
    let area = Area::containing(Wgs84::from_degrees(CENTRE.0, CENTRE.1).expect("a place"));
    let centre = (area.centre().lat(), area.centre().lon());
    let corners = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
    let corner = |(north, east): (f64, f64)| moved(centre, 250.0 * north, 350.0 * east);
    let mut stores = corners.map(corner).to_vec();
    stores.push(moved(centre, -200.0, 300.0));
    let agency = world.agency(&["cleaning"], &stores).await;
    world.cleared_worker(&agency, &["cleaning"]).await;
    let desk = world.desk(&agency).await;
    let shown = world.shown_agency(&agency.id).await;
    let told = shown["stores"].as_array().expect("stores").iter();
    let mut told = told.filter(|store| store["name"] == "4 号店");
    let told = &told.next().expect("the nearest to the centre")["store_id"];
    for (n, home) in (1..).zip(corners) {
        let customer = world.customer(&format!("demo-customer-{n}")).await;
        placed(&world, &customer, corner(home)).await;
    }
    let mut offers = world.open_offers(&desk).await;
    offers.extend(world.all_offers(&desk).await);
    world.advance(Duration::from_secs(200)).await;
    offers.extend(world.all_offers(&desk).await);
    let said = |kind: &str| {
        let offers = offers.iter().filter(|offer| offer["kind"] == kind);
        let said = offers.map(|offer| (text(&offer["store_id"]), offer["distance_m"].as_u64()));
        said.collect::<Vec<_>>()
    };
    assert_eq!((said("open").len(), said("assigned").len()), (8, 1));
    let all = [said("open"), said("assigned")].concat();
    let all: BTreeSet<_> = all.into_iter().collect();
    assert_eq!(all, BTreeSet::from([(text(told), Some(400))]));
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let customer = world.customer("demo-customer-1").await;
    placed(&world, &customer, CENTRE).await;
    let list = |held: Option<String>| {
        let call = world.call("GET", "/v1/offers/open").token(&desk);
        let call = match &held {
            Some(held) => call.header("if-none-match", held),
            None => call,
        };
        async move { call.send().await }
    };
    let answer = list(None).await;
    let etag = answer.headers["etag"].to_str().expect("text").to_owned();
    answer.expect(200);
    assert_eq!(list(Some(etag.clone())).await.status, 304);
    placed(&world, &customer, CENTRE).await;
    let answer = list(Some(etag.clone())).await;
    assert_ne!(answer.headers["etag"], etag);
    answer.expect(200);
}

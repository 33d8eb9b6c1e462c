//! Several desks of one agency look at the same list of what can be grabbed now, and reading takes nothing from it.

use serde_json::{Value, json};

use crate::world::{Agency, CENTRE, World, moved};

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

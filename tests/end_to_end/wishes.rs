//! What can be ordered and wished for, who fulfils it, stars, and what a customer sees of who comes before she is there.

use std::time::Duration;

use domain::agency::AgencyStats;
use domain::id::{AgencyId, OrderId};
use domain::worker::Experience;
use serde_json::{Value, json};
use store::{Directory, Orders};

use crate::http::Answer;
use crate::staffing::{Claimed, agency_that_does, claimed, staff};
use crate::workers::{registration, with_agency};
use crate::world::{Agency, CENTRE, World};

const HOUR: Duration = Duration::from_secs(3_600);
const WINDOW: Duration = Duration::from_secs(200);

fn id_of(order: &Value) -> String {
    order["order_id"].as_str().expect("an id").to_owned()
}

/// An order that the platform assigns when nobody grabs it, as the authority sees it then.
async fn assigned(world: &World, order: &Value) -> Value {
    let customer = world.customer("demo-customer-1").await;
    let id = id_of(&world.place(&customer, order).await);
    world.drain().await;
    world.advance(WINDOW).await;
    world.order(&world.authority().await, &id).await
}

async fn pair(world: &World) -> [Agency; 2] {
    let pair = [
        agency_that_does(world, "cleaning").await,
        agency_that_does(world, "cleaning").await,
    ];
    for agency in &pair {
        world.cleared_worker(agency, &["cleaning"]).await;
    }
    pair
}

#[tokio::test]
async fn anybody_can_read_what_there_is_and_keep_it_for_a_while() {
    let world = World::empty().await;
    let list = world.call("GET", "/v1/services").send().await;
    let kept = list.headers["cache-control"].to_str().expect("text");
    assert_eq!(kept, "public, max-age=900");
    let etag = list.headers["etag"].to_str().expect("text").to_owned();
    let items = list.expect(200)["items"].take();
    let care = items.as_array().expect("items").iter();
    let mut care = care.filter(|item| item["service"] == "elder_care");
    let care = care.next().expect("a service");
    assert_eq!(care["name"]["zh"], "养老护理");
    let requires = care["requires"].as_array().expect("sections");
    assert!(requires.contains(&json!("body_temperature")), "{care}");
    let tags = care["tags"].as_array().expect("tags").iter();
    assert!(tags.clone().any(|tag| tag["tag"] == "female_worker"));
    assert_eq!(items.as_array().map(Vec::len), Some(8));

    let again = world.call("GET", "/v1/services");
    let again = again.header("if-none-match", &etag).send().await;
    assert_eq!((again.status, &again.body), (304, &Value::Null));
    let query = world.call("GET", "/v1/services?city=other").send().await;
    query.expect_problem(400, "malformed");
}

#[tokio::test]
async fn of_two_agencies_alike_the_better_rated_is_assigned() {
    let world = World::empty().await;
    let [worse, better] = pair(&world).await;
    let settings = world.platform.operator_settings();
    let (orders, directory) = (Orders::new(&settings), Directory::new(&settings));
    for (n, agency, stars) in [(1, &worse, 3), (2, &better, 5)] {
        let id: AgencyId = agency.id.parse().expect("an agency");
        let stats = AgencyStats {
            stars_sum: 40 * stars,
            stars_count: 40,
            completed: 40,
            abandoned: 0,
            ..AgencyStats::default()
        };
        let counts = vec![directory.count(&id, stats)];
        let order = OrderId::from_bytes(&[n; 16]);
        let counted = orders.count_once(&order, 1, counts);
        assert!(counted.await.expect("the table answers"));
    }
    let shown = world.shown_agency(&better.id).await;
    assert_eq!(shown["stars"], json!({ "average": 4.8, "count": 40 }));
    for _ in 0..3 {
        let order = assigned(&world, &world.cleaning(CENTRE)).await;
        assert_eq!(order["claim"]["agency_id"], better.id.as_str());
        // What is promised is not promised again, so that each of these has a worker.
        world.cleared_worker(&better, &["cleaning"]).await;
    }
    let customer = world.customer("demo-customer-1").await;
    let list = world
        .call("GET", "/v1/orders")
        .token(&customer)
        .send()
        .await;
    let id = id_of(&list.expect(200)["items"][0]);
    let claim = world.order(&customer, &id).await["claim"].take();
    assert_eq!(claim["stars"], shown["stars"]);
    assert_eq!(claim["phone"], Value::Null, "nobody is named yet");
}

#[tokio::test]
async fn a_wish_stands_in_every_offer_and_sends_the_order_to_who_fulfils_it() {
    let world = World::empty().await;
    let [plain, able] = pair(&world).await;
    for _ in 0..2 {
        let worker = world.cleared_worker(&able, &["cleaning"]).await;
        let tags: Vec<_> = ["pets", "windows"]
            .map(|tag| tag.parse().expect("a tag"))
            .into();
        world
            .change_worker(&worker.id, |worker| {
                worker.experience = vec![Experience {
                    service: "cleaning".parse().expect("a service"),
                    years: 3,
                    tags: tags.iter().cloned().collect(),
                }];
            })
            .await;
        world.cleared_worker(&plain, &["cleaning"]).await;
    }
    let mut order = world.cleaning(CENTRE);
    order["wishes"] = json!(["windows", "pets", "own_tools"]);
    let sorted = json!(["own_tools", "pets", "windows"]);
    for _ in 0..2 {
        let seen = assigned(&world, &order).await;
        assert_eq!(seen["claim"]["agency_id"], able.id.as_str());
        assert_eq!(seen["wishes"], sorted);
        let candidates = &seen["explanation"]["radii"][0]["candidates"];
        let parts = [0, 1].map(|n| candidates[n]["score"]["wishes"].as_u64());
        assert_eq!(parts, [Some(666), Some(0)]);
    }
    let customer = world.customer("demo-customer-1").await;
    world.place(&customer, &order).await;
    world.drain().await;
    for agency in [&plain, &able] {
        let desk = world.desk(agency).await;
        let offers = world.open_offers(&desk).await;
        assert_eq!(offers[0]["wishes"], sorted);
        for offer in world.all_offers(&desk).await {
            assert_eq!(offer["wishes"], sorted);
        }
    }
}

struct Again {
    world: World,
    agency: Agency,
    rival: Agency,
    /// A visit that is over.
    visit: Claimed,
}

impl Again {
    /// The customer wishes for the worker of that visit. The order's id.
    async fn placed(&self) -> String {
        let customer = self.world.customer("demo-customer-1").await;
        let mut order = self.world.cleaning(CENTRE);
        order["prefer"] = json!({ "order_id": self.visit.id });
        let id = id_of(&self.world.place(&customer, &order).await);
        self.world.drain().await;
        id
    }

    async fn refused(&self, code: &str, order_id: &str) {
        let customer = self.world.customer(code).await;
        let mut order = self.world.cleaning(CENTRE);
        order["prefer"] = json!({ "order_id": order_id });
        let call = self.world.call("POST", "/v1/orders").token(&customer);
        let answer = call.key("refused").json(&order).send().await;
        assert_eq!(answer.pointers(), ["/prefer/order_id"], "{}", answer.body);
    }

    /// Whom this agency's offer of the order names.
    async fn offered(&self, agency: &Agency, id: &str) -> (Value, Value) {
        let desk = self.world.desk(agency).await;
        let listed = self.world.open_offers(&desk).await.into_iter();
        let listed = listed.filter(|offer| offer["order_id"] == id);
        let listed: Vec<Value> = listed
            .map(|mut offer| offer["preferred_worker_id"].take())
            .collect();
        let mut offer = self.world.offer(&desk, id).await;
        let wanted = offer["preferred_worker_id"].take();
        assert_eq!(
            listed,
            std::slice::from_ref(&wanted),
            "the list and the queue say the same"
        );
        (wanted, offer)
    }

    async fn grab(&self, agency: &Agency, offer: &Value) -> Value {
        let desk = self.world.desk(agency).await;
        let token = offer["claim_token"].as_str().expect("a token");
        let grabbed = self.world.grab(&desk, &id_of(offer), token).await;
        grabbed.expect(200)["preferred_worker_id"].take()
    }

    async fn seen_by(&self, token: &str, id: &str) -> Value {
        self.world.order(token, id).await["preferred_worker_id"].take()
    }
}

async fn photo_at(world: &World, token: &str, order: &str) -> reqwest::Response {
    let base = world.platform.base_url();
    let url = format!("{base}/v1/orders/{order}/worker/photo");
    let answer = world.client.get(url).bearer_auth(token).send().await;
    answer.expect("an answer")
}

/// A visit as the customer sees it from the claim to the rating: the agency's stars and phone, the worker's photo and stars.
#[tokio::test]
async fn a_customer_sees_who_comes_and_can_wish_for_her_again() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let rival = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let visit = claimed(&world, &agency, "cleaning", HOUR).await;
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(photo_at(&world, &customer, &visit.id).await.status(), 404);
    let seen = world.order(&customer, &visit.id).await;
    assert_eq!(seen["claim"]["phone"], Value::Null);

    let named = staff(&world, &visit, &worker.id).await.expect(200);
    assert_eq!(
        named["worker"]["photo"],
        Value::Null,
        "for the customer alone"
    );
    assert_eq!(named["claim"]["phone"], Value::Null);
    let seen = world.order(&customer, &visit.id).await;
    assert_eq!(seen["claim"]["phone"], "13812345678");
    assert_eq!(seen["claim"]["stars"], Value::Null);
    assert_eq!(seen["worker"]["stars"], Value::Null);
    let path = format!("/v1/orders/{}/worker/photo", visit.id);
    assert_eq!(seen["worker"]["photo"], path);
    let photo = photo_at(&world, &customer, &visit.id).await;
    assert_eq!(photo.status(), 200);
    assert_eq!(photo.headers()["cache-control"], "no-store");
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    let bytes = photo.bytes().await.expect("a photo");
    assert_eq!(&bytes[..], include_bytes!("photo.jpg"));
    let desk = world.desk(&agency).await;
    let stranger = world.customer("demo-customer-2").await;
    for (token, status) in [(&desk, 403), (&stranger, 404)] {
        assert_eq!(photo_at(&world, token, &visit.id).await.status(), status);
    }
    let call = world.call("GET", &path).token(&stranger);
    call.send().await.expect_problem(404, "not-found");

    // The visit.
    let badge = world.badge_for(&desk, &json!(worker.id)).await;
    let act = async |what: &str, body: Value| -> Answer {
        let customer = world.customer("demo-customer-1").await;
        let call = world.call("POST", &format!("/v1/orders/{}/{what}", visit.id));
        call.token(&customer).json(&body).send().await
    };
    let checked = act("badge-check", json!({ "token": badge["token"] })).await;
    assert_eq!(checked.expect(200)["result"], "match");
    world.advance(HOUR + HOUR / 2).await;
    act("complete", json!({})).await.expect(200);
    let rated = act("rating", json!({ "stars": 5 })).await.expect(200);
    assert_eq!(rated["rating"]["counts"], true);
    world.drain().await;
    let stars = json!({ "average": 4.1, "count": 1 });
    assert_eq!(rated["worker"]["stars"], stars);
    assert_eq!(rated["worker"]["photo"], Value::Null);
    let customer = world.customer("demo-customer-1").await;
    assert_eq!(photo_at(&world, &customer, &visit.id).await.status(), 404);
    assert_eq!(world.shown_agency(&agency.id).await["stars"], stars);
    let desk = world.desk(&agency).await;
    let hers = world.read_worker(&desk, &json!(worker.id)).await;
    assert_eq!(hers.expect(200)["stars"], stars);

    // Again.
    let again = Again {
        world,
        agency,
        rival,
        visit,
    };
    let id = again.placed().await;
    again.refused("demo-customer-2", &again.visit.id).await;
    again.refused("demo-customer-1", &id).await;
    again
        .refused("demo-customer-1", "ord_00000000000000000000000000")
        .await;
    let (wanted, offer) = again.offered(&again.agency, &id).await;
    assert_eq!(wanted, worker.id.as_str());
    assert_eq!(again.offered(&again.rival, &id).await.0, Value::Null);
    assert_eq!(again.grab(&again.agency, &offer).await, worker.id.as_str());
    let world = &again.world;
    let desk = world.desk(&again.agency).await;
    assert_eq!(again.seen_by(&desk, &id).await, worker.id.as_str());
    let customer = world.customer("demo-customer-1").await;
    for token in [&customer, &world.authority().await] {
        assert_eq!(again.seen_by(token, &id).await, Value::Null);
    }
    let release = world.call("POST", &format!("/v1/orders/{id}/release"));
    let release = release
        .token(&desk)
        .json(&json!({ "reason": "nobody can come" }));
    release.send().await.expect(200);
    world.advance(Duration::from_secs(5)).await;
    let (wanted, offer) = again.offered(&again.rival, &id).await;
    assert_eq!(wanted, Value::Null);
    assert_eq!(again.grab(&again.rival, &offer).await, Value::Null);
    assert_eq!(
        again.seen_by(&desk, &id).await,
        Value::Null,
        "a former claimant"
    );

    // Who is erased is wanted no more: neither where she was, nor in a new order.
    let id = again.placed().await;
    let (_, offer) = again.offered(&again.agency, &id).await;
    again.grab(&again.agency, &offer).await;
    world
        .change_worker(&worker.id, |worker| worker.is_erased = true)
        .await;
    assert_eq!(again.seen_by(&desk, &id).await, Value::Null);
    let id = again.placed().await;
    assert_eq!(again.offered(&again.agency, &id).await.0, Value::Null);
}

#[tokio::test]
async fn what_a_worker_brings_is_reviewed_like_her_skills() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let mut body = registration(&world);
    body["skills"] = json!(["cleaning", "cooking"]);
    let of = |service: &str, tags: &[&str]| json!({ "service": service, "years": 4, "tags": tags });
    let given = json!([of("cooking", &["flour_food", "halal"]), of("cleaning", &[])]);
    body["experience"] = given;
    let sorted = json!([of("cleaning", &[]), of("cooking", &["flour_food", "halal"])]);
    let worker = world.send_worker(&desk, "tags", &body).await.expect(201);
    assert_eq!(worker["experience"], sorted);
    let id = &worker["worker_id"];
    world.review_worker(id, "approve").await.expect(200);

    let path = format!("/v1/workers/{}", id.as_str().expect("an id"));
    let patch = async |body: Value| -> Answer {
        let call = world.call("PATCH", &path).token(&desk);
        call.json(&body).send().await
    };
    let refused = patch(json!({ "experience": [of("cooking", &["young"])] })).await;
    assert_eq!(refused.pointers(), ["/experience/0/tags/0"]);
    let words = &refused.body["errors"][0]["detail"];
    assert_eq!(words, "young is none of this city's tags");
    let refused = patch(json!({ "experience": [of("childcare", &[])] })).await;
    assert_eq!(refused.pointers(), ["/experience"], "{}", refused.body);

    let new = json!([of("cooking", &["sichuan_cuisine"])]);
    let proposed = patch(json!({ "experience": new })).await.expect(200);
    assert_eq!(proposed["experience"], sorted, "the old serves");
    assert_eq!(proposed["pending_changes"]["experience"], new);
    let authority = world.authority().await;
    let shown = world.read_worker(&authority, id).await.expect(200);
    assert_eq!(shown["proposals"][0]["pending_changes"]["experience"], new);
    world.review_worker(id, "approve").await.expect(200);
    let shown = world.read_worker(&authority, id).await.expect(200);
    assert_eq!(shown["experience"], new);
    // What she cannot do any more, she has no experience in.
    patch(json!({ "skills": ["cleaning"] })).await.expect(200);
    world.review_worker(id, "approve").await.expect(200);
    let list = world.call("GET", "/v1/workers").token(&desk).send().await;
    assert_eq!(list.expect(200)["items"][0]["experience"], json!([]));
}

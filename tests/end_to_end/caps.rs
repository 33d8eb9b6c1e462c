//! Nobody harvests homes: how much an agency can claim, give up and open.

use std::time::Duration;

use domain::time::Millis;
use local::platform::Options;
use local::template;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::workers::text;
use crate::world::{Agency, CENTRE, World, moved};

const MINUTE: Duration = Duration::from_secs(60);

/// Ten in the morning of the next day, so that the day does not end while the test runs.
async fn morning(world: &World) {
    let tomorrow = Millis::day_begins(world.now().day() + 1);
    world
        .advance((tomorrow + Duration::from_secs(10 * 3600)).since(world.now()))
        .await;
}

/// A market with some settings of its own.
pub async fn market(settings: &str) -> World {
    let name = r#"{"name":"${MarketName}","#;
    let template = template::SOURCE.replace(name, &format!("{name}{settings},"));
    assert_ne!(template, template::SOURCE);
    let world = World::with(Options {
        template,
        ..Options::default()
    });
    world.await
}

/// Places so many orders for tomorrow, three hours from each other, each few by another customer, and waits until they are
/// on offer.
async fn placed(world: &World, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let customer = world.unique() / 4 + 1;
        let customer = world.customer(&format!("demo-customer-{customer}")).await;
        let mut order = world.cleaning(CENTRE);
        order["start_at"] = world
            .in_future(Duration::from_secs(3600 * (20 + 3 * u64::from(n))))
            .into();
        let placed = world.place(&customer, &order).await;
        ids.push(placed["order_id"].as_str().expect("an id").to_owned());
    }
    world.drain().await;
    ids
}

struct Desk<'a> {
    world: &'a World,
    agency: Agency,
    offers: Vec<Value>,
}

impl Desk<'_> {
    async fn of(world: &World, agency: &Agency) -> Vec<Value> {
        let desk = world.desk(agency).await;
        world.all_offers(&desk).await
    }

    async fn grab(&self, id: &str) -> Answer {
        let offer = self.offers.iter().find(|offer| offer["order_id"] == id);
        let token = offer.expect("an offer")["claim_token"].as_str();
        let desk = self.world.desk(&self.agency).await;
        let grabbed = self.world.grab(&desk, id, token.expect("a token")).await;
        // The counts follow from the table's stream.
        self.world.drain().await;
        grabbed
    }

    async fn post(&self, id: &str, what: &str, body: &Value) -> Answer {
        let desk = self.world.desk(&self.agency).await;
        let call = self.world.call("POST", &format!("/v1/orders/{id}/{what}"));
        let answer = call.token(&desk).json(body).send().await;
        self.world.drain().await;
        answer
    }

    async fn release(&self, id: &str) -> Answer {
        let reason = json!({ "reason": "nobody can come" });
        self.post(id, "release", &reason).await
    }

    async fn staff(&self, id: &str, worker: &str) -> Answer {
        self.post(id, "staff", &json!({ "worker_id": worker }))
            .await
    }
}

#[tokio::test]
async fn nobody_collects_homes_by_grabbing_and_giving_back() {
    let world = World::empty().await;
    morning(&world).await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let rival = world
        .agency(&["cleaning"], &[moved(CENTRE, 300.0, 0.0)])
        .await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let ids = placed(&world, 13).await;
    let desk = Desk {
        world: &world,
        offers: Desk::of(&world, &agency).await,
        agency,
    };
    let rivals = Desk {
        world: &world,
        offers: Desk::of(&world, &rival).await,
        agency: rival,
    };
    for id in &ids[..10] {
        let seen = desk.grab(id).await.expect(200);
        assert_eq!(seen["contact"], Value::Null);
    }
    // Told before that another has it, and not for what is its own.
    rivals.grab(&ids[12]).await.expect(200);
    for id in &ids[10..] {
        let refused = desk.grab(id).await;
        refused.expect_problem(409, "too-many-unstaffed");
    }
    desk.grab(&ids[0]).await.expect(200);
    desk.staff(&ids[0], &worker.id).await.expect(200);
    desk.grab(&ids[10]).await.expect(200);
    let full = desk.grab(&ids[11]).await;
    full.expect_problem(409, "too-many-unstaffed");

    // With or without a named worker; and a release is never refused.
    for id in &ids[..5] {
        desk.release(id).await.expect(200);
    }
    let refused = desk.grab(&ids[11]).await;
    let rest = refused.headers["retry-after"].to_str().expect("text");
    let rest: u64 = rest.parse().expect("seconds");
    refused.expect_problem(429, "claims-given-up");
    assert!(
        (12 * 3600..14 * 3600).contains(&rest),
        "until midnight: {rest}"
    );
    for id in &ids[5..11] {
        desk.release(id).await.expect(200);
    }
    // Others are free to.
    rivals.grab(&ids[11]).await.expect(200);

    // All of it has let customers down.
    let directory = store::Directory::new(&world.platform.operator_settings());
    let found = directory
        .agency(&desk.agency.id.parse().expect("an id"))
        .await;
    let stats = found.expect("the table answers").expect("an agency").stats;
    assert_eq!(stats.abandoned, 11);

    morning(&world).await;
    let id = placed(&world, 1).await.remove(0);
    let desk = Desk {
        offers: Desk::of(&world, &desk.agency).await,
        ..desk
    };
    desk.grab(&id).await.expect(200);
}

#[tokio::test]
async fn so_many_homes_are_opened_on_a_day() {
    let world = market(r#""disclosure_cap":2"#).await;
    morning(&world).await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let other = world.cleared_worker(&agency, &["cleaning"]).await;
    let ids = placed(&world, 3).await;
    let desk = Desk {
        world: &world,
        offers: Desk::of(&world, &agency).await,
        agency,
    };
    for id in &ids {
        desk.grab(id).await.expect(200);
    }
    for id in &ids[..2] {
        desk.staff(id, &worker.id).await.expect(200);
    }
    let refused = desk.staff(&ids[2], &worker.id).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_problem(429, "too-many-disclosures");
    // What is open is open: the same again, and somebody else instead.
    desk.staff(&ids[0], &worker.id).await.expect(200);
    desk.staff(&ids[0], &other.id).await.expect(200);
}

#[tokio::test]
async fn lifted_caps_refuse_nothing() {
    let world = World::with(Options {
        caps: false,
        ..Options::default()
    });
    let world = world.await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let ids = placed(&world, 12).await;
    let desk = Desk {
        world: &world,
        offers: Desk::of(&world, &agency).await,
        agency,
    };
    for id in &ids {
        desk.grab(id).await.expect(200);
    }
    for id in &ids {
        desk.release(id).await.expect(200);
    }
    let id = placed(&world, 1).await.remove(0);
    let desk = Desk {
        offers: Desk::of(&world, &desk.agency).await,
        ..desk
    };
    desk.grab(&id).await.expect(200);
}

/// Five agencies that play an order among them do not get rid of it: after that it is given to who can do it.
#[tokio::test]
async fn an_order_that_was_offered_often_enough_is_assigned() {
    let world = market(r#""offered_epochs":2,"max_epochs":4"#).await;
    let mut agencies = Vec::new();
    for east in [0.0, 300.0, 600.0, 900.0, 1_200.0] {
        let agency = world
            .agency(&["cleaning"], &[moved(CENTRE, 0.0, east)])
            .await;
        world.cleared_worker(&agency, &["cleaning"]).await;
        agencies.push(agency);
    }
    let id = placed(&world, 1).await.remove(0);
    let authority = world.authority().await;
    for (epoch, agency) in (1..=2).zip(&agencies) {
        let desk = Desk {
            world: &world,
            offers: Desk::of(&world, agency).await,
            agency: agency.clone(),
        };
        desk.grab(&id).await.expect(200);
        desk.release(&id).await.expect(200);
        world.advance(Duration::from_secs(2)).await;
        let seen = world.order(&authority, &id).await;
        assert_eq!(seen["epoch"], epoch + 1);
    }
    for epoch in 3..=4 {
        world.advance(MINUTE).await;
        for agency in &agencies {
            for offer in Desk::of(&world, agency).await {
                assert_ne!(offer["kind"], "open", "it is not on offer any more");
            }
        }
        let seen = world.order(&authority, &id).await;
        assert_eq!(
            (&seen["status"], &seen["epoch"], &seen["claim"]["how"]),
            (&json!("claimed"), &json!(epoch), &json!("assignment"))
        );
        let by = seen["claim"]["agency_id"].as_str().expect("an agency");
        let by = agencies.iter().find(|agency| agency.id == by);
        let desk = Desk {
            world: &world,
            offers: Vec::new(),
            agency: by.expect("one of them").clone(),
        };
        desk.release(&id).await.expect(200);
    }
    // One more would do it, but an order is not passed on for ever.
    let seen = world.order(&authority, &id).await;
    assert_eq!(seen["status"], "unfilled");
}

/// Neither her chain nor what the authority has to read grows with what her agency sends again and again.
#[tokio::test]
async fn an_agency_writes_into_a_workers_record_a_few_times_a_day() {
    let world = market(r#""daily_entries_cap":2,"daily_changes_cap":2"#).await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let id = world.new_worker(&desk).await.1["worker_id"].take();
    world.review_worker(&id, "approve").await.expect(200);
    let path = format!("/v1/workers/{}", text(&id));
    let now = world.now();
    let send = async |desk: &str, what: &str, n: u64| {
        let at = (now + Duration::from_secs(n)).to_rfc3339();
        let (method, path, body) = match what {
            "complaint" => (
                "POST",
                format!("{path}/complaints"),
                json!({ "reason": format!("late {n}") }),
            ),
            "temperature" => (
                "POST",
                format!("{path}/sections"),
                json!({ "section": "body_temperature", "state": "clear", "as_of": at }),
            ),
            _ => (
                "PATCH",
                path.clone(),
                json!({ "phone": format!("1370000000{n}") }),
            ),
        };
        let call = world.call(method, &path).token(desk).json(&body);
        call.key(&n.to_string()).send().await
    };
    let kinds = ["complaint", "temperature", "change"];
    for what in kinds {
        for n in [0, 1, 1] {
            assert!(send(&desk, what, n).await.status < 300, "{what} {n}");
        }
        let refused = send(&desk, what, 2).await;
        let wait: u64 = refused.headers["retry-after"]
            .to_str()
            .expect("text")
            .parse()
            .expect("seconds");
        assert!((86_300..=86_401).contains(&wait), "{what}: {wait}");
        refused.expect_problem(429, "rate-limited");
    }
    let authority = world.authority().await;
    let own = send(&authority, "complaint", 2).await;
    own.expect(201);
    world.advance(Duration::from_secs(86_401)).await;
    let desk = world.desk(&agency).await;
    for what in kinds {
        assert!(send(&desk, what, 3).await.status < 300, "{what}");
    }
}

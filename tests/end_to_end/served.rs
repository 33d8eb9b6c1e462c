//! An agency's customers: whom it has served, how it knows them, what it notes of them, and that they go.

use std::time::Duration;

use aws_sdk_dynamodb::Client as Dynamo;
use local::platform::Options;
use local::template;
use serde_json::{Value, json};

use crate::erasure::{erase_customer_again, insist, items};
use crate::http::Answer;
use crate::log_watch;
use crate::staffing::{Claimed, agency_that_does, staff};
use crate::workers::text;
use crate::workforce::Hired;
use crate::world::{Agency, CENTRE, World};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const ALICE: &str = "demo-customer-1";
const BOB: &str = "demo-customer-2";

/// An agency with somebody to send.
pub struct Firm {
    agency: Agency,
    worker: Hired,
}

impl Firm {
    pub async fn new(world: &World) -> Firm {
        let agency = agency_that_does(world, "cleaning").await;
        let worker = world.cleared_worker(&agency, &["cleaning"]).await;
        Firm { agency, worker }
    }
}

impl World {
    /// An order of this customer for a visit in so many hours, which the firm has grabbed.
    async fn claimed_by(&self, firm: &Firm, code: &str, name: &str, hours: u32) -> Claimed {
        let customer = self.customer(code).await;
        let mut order = self.cleaning(CENTRE);
        order["start_at"] = json!(self.in_future(hours * HOUR));
        order["contact"]["name"] = json!(name);
        let placed = self.place(&customer, &order).await;
        let id = text(&placed["order_id"]).to_owned();
        self.drain().await;
        let desk = self.desk(&firm.agency).await;
        let offer = self.offer(&desk, &id).await;
        let grabbed = self.grab(&desk, &id, text(&offer["claim_token"])).await;
        grabbed.expect(200);
        let agency = firm.agency.clone();
        Claimed { agency, id }
    }

    /// The same, and the firm's worker is named.
    async fn staffed_by(&self, firm: &Firm, code: &str, name: &str, hours: u32) -> String {
        let order = self.claimed_by(firm, code, name, hours).await;
        staff(self, &order, &firm.worker.id).await.expect(200);
        self.drain().await;
        order.id
    }

    /// The same, and the visit is over.
    pub async fn served_by(&self, firm: &Firm, code: &str, name: &str, hours: u32) -> String {
        let id = self.staffed_by(firm, code, name, hours).await;
        self.begins(&id).await;
        let customer = self.customer(code).await;
        self.act(&customer, &id, "complete", json!({})).await;
        self.drain().await;
        id
    }

    async fn ask(&self, token: &str, path: &str) -> Answer {
        let path = format!("/v1/customers{path}");
        self.call("GET", &path).token(token).send().await
    }

    pub async fn customers_of(&self, firm: &Firm) -> Vec<Value> {
        let desk = self.desk(&firm.agency).await;
        let page = self.ask(&desk, "?limit=100").await.expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"].as_array().expect("items").clone()
    }

    async fn note(&self, token: &str, id: &str, body: &Value) -> Answer {
        let path = format!("/v1/customers/{id}");
        let call = self.call("PATCH", &path).token(token);
        call.json(body).send().await
    }
}

#[tokio::test]
async fn whom_an_agency_has_served_is_its_customer_and_the_phone_is_there_while_somebody_comes() {
    let world = World::empty().await;
    let (firm, other) = (Firm::new(&world).await, Firm::new(&world).await);
    let order = world.claimed_by(&firm, ALICE, "王小明", 1).await;
    assert_eq!(world.customers_of(&firm).await, [] as [Value; 0]);
    staff(&world, &order, &firm.worker.id).await.expect(200);
    world.drain().await;
    assert_eq!(world.customers_of(&firm).await, [] as [Value; 0]);

    world.begins(&order.id).await;
    world.drain().await;
    let [customer] = &world.customers_of(&firm).await[..] else {
        panic!("one customer");
    };
    let id = text(&customer["customer_id"]);
    let desk = world.desk(&firm.agency).await;
    let start_at = &world.order(&desk, &order.id).await["start_at"];
    let expected = json!({
        "customer_id": id, "name": "王小明", "masked_phone": "139****5678", "phone": "13912345678", "visits": 1,
        "last_visit_at": start_at, "services": ["cleaning"], "stars": null,
    });
    assert_eq!(*customer, expected);
    assert_eq!(world.customers_of(&other).await, [] as [Value; 0]);
    let other_desk = world.desk(&other.agency).await;
    let path = format!("/{id}");
    let refused = world.ask(&other_desk, &path).await;
    refused.expect_problem(404, "not-found");

    // What there is to see of the phone: at each step of this order, and of another one that is cancelled.
    let phone = async || world.customers_of(&firm).await[0]["phone"].clone();
    let token = world.customer(ALICE).await;
    world.act(&token, &order.id, "complete", json!({})).await;
    assert_eq!(phone().await, Value::Null, "before the stream has told");
    world.drain().await;
    assert_eq!(phone().await, Value::Null);
    let stars = json!({ "stars": 4, "comment": "好" });
    world.act(&token, &order.id, "rating", stars).await;
    world.drain().await;
    assert_eq!(phone().await, Value::Null);
    let next = world.claimed_by(&firm, ALICE, "小明", 5).await;
    assert_eq!(phone().await, Value::Null);
    staff(&world, &next, &firm.worker.id).await.expect(200);
    world.drain().await;
    assert_eq!(phone().await, "13912345678");
    assert_eq!(world.customers_of(&firm).await[0]["name"], "小明");
    let why = json!({ "reason": "ill" });
    world.act(&token, &next.id, "cancel", why).await;
    assert_eq!(phone().await, Value::Null, "before the stream has told");
    world.drain().await;

    // Another agency comes to the same home.
    let served = world.staffed_by(&other, ALICE, "王小明", 9).await;
    world.begins(&served).await;
    world.drain().await;
    let mine = world.customers_of(&firm).await;
    assert_eq!(mine.len(), 1);
    assert_eq!(
        (&mine[0]["phone"], &mine[0]["visits"], &mine[0]["name"]),
        (&Value::Null, &json!(1), &json!("王小明"))
    );
    assert_eq!(mine[0]["stars"], json!({ "average": 4.0, "count": 1 }));
    let theirs = world.customers_of(&other).await;
    assert_eq!(theirs[0]["phone"], "13912345678");
    assert_ne!(theirs[0]["customer_id"], mine[0]["customer_id"]);

    let seen = world.ask(&desk, &path).await.expect(200);
    assert_eq!(seen["notes"], Value::Null);
    let visit = json!({
        "order_id": order.id, "service": "cleaning", "start_at": start_at, "status": "rated", "stars": 4,
        "worker": { "worker_id": firm.worker.id, "name": "赵*" },
    });
    assert_eq!(seen["items"], json!([visit]));
}

#[tokio::test]
async fn who_was_visited_last_comes_first_page_by_page() {
    let world = World::empty().await;
    let firm = Firm::new(&world).await;
    world.served_by(&firm, ALICE, "王小明", 1).await;
    world.served_by(&firm, BOB, "李雷", 5).await;
    let desk = world.desk(&firm.agency).await;
    let first = world.ask(&desk, "?limit=1").await.expect(200);
    assert_eq!(first["items"][0]["name"], "李雷");
    let cursor = text(&first["next_cursor"]);
    let next = world.ask(&desk, &format!("?limit=1&cursor={cursor}")).await;
    assert_eq!(next.expect(200)["items"][0]["name"], "王小明");
    let other = Firm::new(&world).await;
    let other_desk = world.desk(&other.agency).await;
    let refused = world.ask(&other_desk, &format!("?cursor={cursor}")).await;
    refused.expect_problem(400, "malformed");
    world.served_by(&firm, ALICE, "王小明", 9).await;
    let again = world.customers_of(&firm).await;
    let seen: Vec<_> = again
        .iter()
        .map(|one| (&one["name"], &one["visits"]))
        .collect();
    let (alice, bob) = (json!("王小明"), json!("李雷"));
    assert_eq!(seen, [(&alice, &json!(2)), (&bob, &json!(1))]);
}

#[tokio::test]
async fn what_an_agency_notes_is_its_own() {
    let world = World::empty().await;
    let (firm, other) = (Firm::new(&world).await, Firm::new(&world).await);
    world.served_by(&firm, ALICE, "王小明", 1).await;
    let id = text(&world.customers_of(&firm).await[0]["customer_id"]).to_owned();
    let owner = world.desk(&firm.agency).await;
    let dispatcher = world.as_member(&owner, "dispatcher").await;
    let viewer = world.as_member(&owner, "viewer").await;
    let words = "门铃坏了\n两只猫";
    log_watch::keep_secret("门铃坏了");
    let notes = json!({ "notes": words });
    for _ in 0..2 {
        let noted = world.note(&dispatcher, &id, &notes).await.expect(200);
        assert_eq!(noted["notes"], words);
    }
    let path = format!("/{id}");
    assert_eq!(world.ask(&viewer, &path).await.expect(200)["notes"], words);
    let refused = world.note(&viewer, &id, &notes).await;
    refused.expect_problem(403, "forbidden");
    let other_desk = world.desk(&other.agency).await;
    for id in [&id, "acu_00000000000000000000000000", "x"] {
        let refused = world.note(&other_desk, id, &notes).await;
        refused.expect_problem(404, "not-found");
    }
    for bad in [
        json!({}),
        json!({ "notes": null }),
        json!({ "notes": 1 }),
        json!({ "notes": "长".repeat(1_001) }),
        json!({ "notes": "藏\u{200b}" }),
    ] {
        let refused = world.note(&dispatcher, &id, &bad).await;
        assert_eq!(refused.pointers(), ["/notes"], "{bad}");
        refused.expect_problem(422, "invalid");
    }
    assert_eq!(world.ask(&viewer, &path).await.expect(200)["notes"], words);

    // The trail says that, once, and not what. Another visit leaves the notes alone.
    let deeds = world.deeds(&owner, "").await;
    let noted = deeds.iter().filter(|deed| deed["what"] == "customer_noted");
    let about: Vec<&Value> = noted.map(|deed| &deed["about"]).collect();
    assert_eq!(about, [&json!(id)]);
    world.served_by(&firm, ALICE, "王小明", 5).await;
    let seen = world.ask(&viewer, &path).await.expect(200);
    assert_eq!(
        (&seen["notes"], &seen["visits"]),
        (&json!(words), &json!(2))
    );
    let cleared = world.note(&owner, &id, &json!({ "notes": " " })).await;
    assert_eq!(cleared.expect(200)["notes"], Value::Null);
    assert_eq!(world.customers_of(&firm).await[0]["visits"], 2);
}

#[tokio::test]
async fn the_list_as_a_file_is_for_owners_and_does_nothing_in_a_spreadsheet() {
    let world = World::empty().await;
    let firm = Firm::new(&world).await;
    let owner = world.desk(&firm.agency).await;
    let viewer = world.as_member(&owner, "viewer").await;
    let dispatcher = world.as_member(&owner, "dispatcher").await;
    world
        .served_by(&firm, ALICE, "=HYPERLINK(\"http://x\"), 王", 1)
        .await;
    // Somebody is to come to Bob, whose phone is in the list in full, and not in the file.
    world.served_by(&firm, BOB, "李雷", 5).await;
    world.staffed_by(&firm, BOB, "李雷", 9).await;
    for token in [&viewer, &dispatcher] {
        let path = "/v1/customers.csv";
        let refused = world.call("GET", path).token(token).send().await;
        refused.expect_problem(403, "forbidden");
    }
    let exports = async || {
        let deeds = world.deeds(&owner, "").await;
        let exports = deeds
            .iter()
            .filter(|deed| deed["what"] == "customers_exported");
        exports.count()
    };
    assert_eq!(exports().await, 0);
    let file = async |languages: &str| {
        let call = world.call("GET", "/v1/customers.csv").token(&owner);
        let answer = call.header("accept-language", languages).send().await;
        let headers = ["content-type", "content-disposition", "cache-control"];
        let headers = headers.map(|name| answer.headers[name].to_str().expect("text").to_owned());
        let day = world.now().date();
        let name = format!("attachment; filename=\"customers-{day}.csv\"");
        assert_eq!(headers, ["text/csv; charset=utf-8", &name, "no-store"]);
        answer.expect(200).as_str().expect("text").to_owned()
    };
    let chinese = file("zh-CN,zh;q=0.9").await;
    let lines: Vec<&str> = chinese.split("\r\n").collect();
    let [headings, bob, alice, ""] = lines[..] else {
        panic!("{chinese}");
    };
    assert!(
        headings.starts_with("\u{feff}\"姓名\",\"电话\","),
        "{headings}"
    );
    assert!(bob.starts_with("\"李雷\",\"139****5678\",\"1\","), "{bob}");
    assert!(
        alice.starts_with("\"'=HYPERLINK(\"\"http://x\"\"), 王\",\"139****5678\",\"1\","),
        "{alice}"
    );
    assert!(alice.contains("\"日常保洁\""), "{alice}");
    assert!(!chinese.contains("13912345678"));
    let english = file("en").await;
    assert!(english.starts_with("\u{feff}\"Name\""), "{english}");
    assert_eq!(exports().await, 2);
}

#[tokio::test]
async fn a_suspended_agency_reads_nothing_of_its_customers() {
    let world = World::empty().await;
    let firm = Firm::new(&world).await;
    world.served_by(&firm, ALICE, "王小明", 1).await;
    let id = text(&world.customers_of(&firm).await[0]["customer_id"]).to_owned();
    let desk = world.desk(&firm.agency).await;
    world.review(&firm.agency, "suspend").await.expect(200);
    for path in ["", &format!("/{id}"), ".csv"] {
        let refused = world.ask(&desk, path).await;
        refused.expect_problem(403, "agency-not-approved");
    }
    let refused = world.note(&desk, &id, &json!({ "notes": "x" })).await;
    refused.expect_problem(403, "agency-not-approved");
    world.review(&firm.agency, "reinstate").await.expect(200);
    assert_eq!(world.customers_of(&firm).await.len(), 1);
}

#[tokio::test]
async fn a_customer_goes_180_days_after_the_latest_visit_and_comes_back_as_somebody_new() {
    let world = World::empty().await;
    let mut firm = Firm::new(&world).await;
    world.served_by(&firm, ALICE, "王小明", 1).await;
    let id = text(&world.customers_of(&firm).await[0]["customer_id"]).to_owned();
    let desk = world.desk(&firm.agency).await;
    world
        .note(&desk, &id, &json!({ "notes": "熟客" }))
        .await
        .expect(200);
    world.advance(180 * DAY - HOUR).await;
    assert_eq!(world.customers_of(&firm).await.len(), 1);
    world.advance(HOUR).await;
    assert_eq!(world.customers_of(&firm).await, [] as [Value; 0]);
    let desk = world.desk(&firm.agency).await;
    let path = format!("/{id}");
    let gone = world.ask(&desk, &path).await;
    gone.expect_problem(404, "not-found");
    let gone = world.note(&desk, &id, &json!({ "notes": "熟客" })).await;
    gone.expect_problem(404, "not-found");

    firm.worker = world.cleared_worker(&firm.agency, &["cleaning"]).await;
    world.served_by(&firm, ALICE, "王小明", 1).await;
    let desk = world.desk(&firm.agency).await;
    let seen = world.ask(&desk, &path).await.expect(200);
    assert_eq!((&seen["visits"], &seen["notes"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn who_is_erased_is_no_agencys_customer_any_more_nor_after_a_restore() {
    let hasty = "{\"erasure_delay_s\":3600,\"name\"";
    let world = World::with(Options {
        template: template::SOURCE.replacen("{\"name\"", hasty, 1),
        ..Options::default()
    })
    .await;
    let firms = [Firm::new(&world).await, Firm::new(&world).await];
    let mut ids = Vec::new();
    for (firm, hours) in firms.iter().zip([1, 5]) {
        world.served_by(firm, ALICE, "王小明", hours).await;
        world.served_by(firm, BOB, "李雷", hours + 8).await;
        let desk = world.desk(&firm.agency).await;
        let customers = world.customers_of(firm).await;
        let alice = customers.iter().find(|one| one["name"] == "王小明");
        let id = text(&alice.expect("Alice")["customer_id"]).to_owned();
        let noted = world.note(&desk, &id, &json!({ "notes": "有猫" })).await;
        noted.expect(200);
        ids.push(id);
    }
    let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
    let orders = world.setting("ORDERS_TABLE");
    let backup = items(&dynamo, &orders).await;
    let customer = world.customer(ALICE).await;
    let erase = world.call("POST", "/v1/me/erase").token(&customer);
    erase.send().await.expect(202);
    world.advance(HOUR + Duration::from_secs(60)).await;

    let check = async || {
        for (firm, id) in firms.iter().zip(&ids) {
            let left = world.customers_of(firm).await;
            let names: Vec<&Value> = left.iter().map(|one| &one["name"]).collect();
            assert_eq!(names, [&json!("李雷")]);
            let desk = world.desk(&firm.agency).await;
            let gone = world.ask(&desk, &format!("/{id}")).await;
            gone.expect_problem(404, "not-found");
            let gone = world.note(&desk, id, &json!({ "notes": "有猫" })).await;
            gone.expect_problem(404, "not-found");
            let file = world.ask(&desk, ".csv").await.expect(200);
            assert!(!text(&file).contains("王小明"));
        }
        let stored = items(&dynamo, &orders).await;
        let of_alice = stored.iter().filter(|item| {
            let sk = item["sk"].as_s().expect("text");
            ids.iter().any(|id| sk.ends_with(&id["acu_".len()..]))
        });
        assert_eq!(of_alice.count(), 0, "nothing is left");
        let notes = stored.iter().filter(|item| item.contains_key("nt"));
        assert_eq!(notes.count(), 0);
    };
    check().await;
    for item in backup {
        let put = dynamo.put_item().table_name(&orders).set_item(Some(item));
        put.send().await.expect("put back");
    }
    world.drain().await;
    assert_eq!(world.customers_of(&firms[0]).await.len(), 2, "she is back");
    erase_customer_again(&world).await;
    check().await;
}

#[tokio::test]
async fn serving_cut_off_anywhere_counts_every_visit_once() {
    for n in 1.. {
        assert!(n < 60, "order-events makes too many calls");
        let world = World::empty().await;
        let firm = Firm::new(&world).await;
        let wire = world.platform.wire().clone();
        let first = world.claimed_by(&firm, ALICE, "王小明", 1).await;
        wire.cut_after("order-events", n);
        staff(&world, &first, &firm.worker.id).await.expect(200);
        world.begins(&first.id).await;
        let customer = world.customer(ALICE).await;
        world.act(&customer, &first.id, "complete", json!({})).await;
        let stars = json!({ "stars": 5 });
        world.act(&customer, &first.id, "rating", stars).await;
        world.drain().await;
        // A stream whose consumer was cut off comes again.
        world.advance(Duration::from_secs(60)).await;
        let happened = !wire.take_cuts().is_empty();
        let [seen] = &world.customers_of(&firm).await[..] else {
            panic!("cut after {n}: one customer");
        };
        assert_eq!(
            (&seen["visits"], &seen["stars"], &seen["phone"]),
            (
                &json!(1),
                &json!({ "average": 5.0, "count": 1 }),
                &Value::Null
            ),
            "cut after {n}"
        );
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 8, "order-events was hardly called");
            break;
        }
    }
}

#[tokio::test]
async fn noting_and_exporting_cut_off_anywhere() {
    for n in 1.. {
        assert!(n < 40, "customers makes too many calls");
        let world = World::empty().await;
        let firm = Firm::new(&world).await;
        world.served_by(&firm, ALICE, "王小明", 1).await;
        let id = text(&world.customers_of(&firm).await[0]["customer_id"]).to_owned();
        let desk = world.desk(&firm.agency).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("customers", n);
        let (path, body) = (format!("/v1/customers/{id}"), json!({ "notes": "熟客" }));
        let note = || {
            let call = world.call("PATCH", &path).token(&desk);
            call.json(&body).try_send()
        };
        assert_eq!(insist(note).await.expect(200)["notes"], "熟客");
        let export = || {
            let call = world.call("GET", "/v1/customers.csv").token(&desk);
            call.try_send()
        };
        let file = insist(export).await.expect(200);
        assert_eq!(text(&file).matches("\r\n").count(), 2, "cut after {n}");
        let happened = !wire.take_cuts().is_empty();
        let deeds = world.deeds(&desk, "").await;
        let count = |what: &str| deeds.iter().filter(|deed| deed["what"] == what).count();
        assert_eq!(count("customer_noted"), 1, "cut after {n}");
        assert!(count("customers_exported") >= 1, "cut after {n}");
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 8, "customers was hardly called");
            break;
        }
    }
}

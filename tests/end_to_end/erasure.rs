//! Erasing a worker's personal data: what is gone, what stays, and that it can be finished wherever it was cut off.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client as Dynamo;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{AgencyId, ProposalId, WorkerId};
use serde_json::{Value, json};

use crate::http::Answer;
use crate::served::Firm;
use crate::workers::{kinds, photo, registration, text, with_agency};
use crate::world::{CENTRE, World, decision_on};

/// How long an erasure waits.
const THREE_DAYS: Duration = Duration::from_secs(72 * 3_600);
/// How long a message that failed is not seen.
const RETRIED: Duration = Duration::from_secs(900);

const TABLES: [&str; 5] = [
    "WORKERS_TABLE",
    "LEDGER_TABLE",
    "BADGES_TABLE",
    "SUBJECT_KEYS_TABLE",
    "SESSIONS_TABLE",
];

type Item = HashMap<String, AttributeValue>;

#[expect(
    clippy::disallowed_methods,
    reason = "to find what must not be anywhere, a test looks everywhere"
)]
pub async fn items(dynamo: &Dynamo, table: &str) -> Vec<Item> {
    let pages = dynamo.scan().table_name(table).into_paginator().items();
    let items: Result<Vec<Item>, _> = pages.send().collect().await;
    items.expect("all pages")
}

/// All items of those tables, as text.
async fn everything(world: &World) -> String {
    let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
    let mut all = String::new();
    for table in TABLES {
        for item in items(&dynamo, &world.setting(table)).await {
            for (name, value) in item {
                all.push_str(&format!("{table} {name} {value:?}\n"));
                if let Ok(bytes) = value.as_b() {
                    all.push_str(&String::from_utf8_lossy(bytes.as_ref()));
                }
            }
        }
    }
    all
}

/// Restores a table to these items.
async fn restore(dynamo: &Dynamo, table: &str, before: Vec<Item>) {
    for item in items(dynamo, table).await {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), item[name].clone()));
        let delete = dynamo.delete_item().table_name(table);
        let deleted = delete.set_key(Some(HashMap::from(key))).send().await;
        deleted.expect("deleted");
    }
    for item in before {
        let put = dynamo.put_item().table_name(table).set_item(Some(item));
        put.send().await.expect("put back");
    }
}

async fn erase(world: &World, token: &str, id: &Value) -> Answer {
    world
        .call("POST", &format!("/v1/workers/{}/erase", text(id)))
        .token(token)
        .json(&json!({ "reason": "she asked for it" }))
        .send()
        .await
}

#[tokio::test]
async fn erasing_leaves_the_chain_and_nothing_of_the_person() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.put_photo(&desk, id).await;
    world.review_worker(id, "approve").await.expect(200);
    world.badge_for(&desk, id).await;
    let authority = world.authority().await;
    world.read_worker(&authority, id).await.expect(200);
    let trace = format!("/v1/workers/{}/trace?purpose=audit&", text(id));
    let before = world.chain(&authority, &trace).await;

    for _ in 0..2 {
        let erased = erase(&world, &authority, id).await.expect(200);
        assert_eq!(
            (&erased["erased"], &erased["name"], &erased["photo"]),
            (&json!(true), &Value::Null, &Value::Null)
        );
    }
    let after = world.chain(&authority, &trace).await;
    assert_eq!(after.len(), before.len() + 2);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before["hash"], after["hash"]);
        assert!(after["payload"].is_null() && after["salt"].is_null());
    }
    assert_eq!(
        kinds(&after)[before.len()..],
        ["badge_revoked", "redaction"]
    );

    let left = everything(&world).await;
    for personal in ["name", "id_number", "phone"] {
        assert!(!left.contains(text(&sent[personal])), "{personal} is left");
    }
    assert!(
        !left.contains(" bo ") && !left.contains("钱"),
        "something sealed is left: {left}"
    );
    world
        .call("GET", &format!("/v1/workers/{}/photo?purpose=x", text(id)))
        .token(&authority)
        .send()
        .await
        .expect_problem(404, "not-found");
    world
        .worker_session(&sent["phone"])
        .await
        .expect_problem(401, "bad-credentials");
    world
        .review_worker(id, "approve")
        .await
        .expect_problem(409, "conflict");

    // She registers again and continues the same chain.
    let old = world.send_worker(&desk, "again", &sent).await;
    assert_eq!(
        (old.status, old.pointers()),
        (422, vec!["/consent/given_at".to_owned()]),
        "what she agreed to before she had it erased counts no more"
    );
    world.advance(Duration::from_secs(1)).await;
    let mut anew = sent.clone();
    anew["consent"]["given_at"] = json!(world.now().to_rfc3339());
    let again = world.send_worker(&desk, "again", &anew).await.expect(201);
    assert_eq!(
        (&again["worker_id"], &again["status"], &again["erased"]),
        (id, &json!("pending"), &json!(false))
    );
    world.review_worker(id, "approve").await.expect(200);
    world.worker_session(&sent["phone"]).await.expect(200);
    let chain = world.chain(&authority, &trace).await;
    assert_eq!(
        kinds(&chain)[after.len()..],
        ["registered", "consent_given", "reviewed"]
    );
}

/// Restoring a table brings an erased worker back, but not her key. Erasing her again, before anybody else calls, leaves
/// nothing of her.
#[tokio::test]
async fn erasing_is_repeated_after_a_restore() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.put_photo(&desk, id).await;
    world.review_worker(id, "approve").await.expect(200);
    world.badge_for(&desk, id).await;
    let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
    let mut backups = Vec::new();
    for table in &TABLES[..3] {
        let table = world.setting(table);
        let backup = items(&dynamo, &table).await;
        backups.push((table, backup));
    }
    let authority = world.authority().await;
    erase(&world, &authority, id).await.expect(200);
    for (table, backup) in backups {
        restore(&dynamo, &table, backup).await;
    }

    let erased = erase(&world, &authority, id).await.expect(200);
    assert_eq!(
        (&erased["erased"], &erased["name"]),
        (&json!(true), &Value::Null)
    );
    let trace = format!("/v1/workers/{}/trace?purpose=audit&", text(id));
    let chain = world.chain(&authority, &trace).await;
    assert_eq!(
        kinds(&chain)[3..],
        ["reviewed", "badge_issued", "badge_revoked", "redaction"]
    );
    let left = everything(&world).await;
    assert!(!left.contains(" bo ") && !left.contains("钱"), "{left}");
    // Her phone number is free for another worker.
    let mut other = registration(&world);
    other["phone"] = sent["phone"].clone();
    let other = world.send_worker(&desk, "other", &other).await.expect(201);
    let other = &other["worker_id"];
    world.review_worker(other, "approve").await.expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    assert_eq!(&session["subject"], other);
}

/// As the operator's handbook has it. What she has placed since she came back as somebody new stays.
#[tokio::test]
async fn a_customers_erasure_is_repeated_after_a_restore_of_the_orders() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let old = world.place(&customer, &world.cleaning(CENTRE)).await;
    let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
    let orders = world.setting("ORDERS_TABLE");
    let backup = items(&dynamo, &orders).await;
    let call = world.call("POST", "/v1/me/erase").token(&customer);
    call.send().await.expect(202);
    world.drain().await;
    world.advance(THREE_DAYS).await;
    let customer = world.customer("demo-customer-1").await;
    let new = world.place(&customer, &world.cleaning(CENTRE)).await;
    for item in backup {
        let put = dynamo.put_item().table_name(&orders).set_item(Some(item));
        put.send().await.expect("put back");
    }
    let old = text(&old["order_id"]);
    let seen = world.order(&customer, old).await;
    assert!(!seen["address"].is_null(), "it is back: {seen}");
    // Its time is over, so having read it settles it.
    world.drain().await;
    erase_customer_again(&world).await;

    let seen = world.order(&customer, old).await;
    assert_ne!(seen["status"], "open");
    for gone in ["address", "location", "contact", "notes"] {
        assert!(seen[gone].is_null(), "{gone}: {seen}");
    }
    let seen = world.order(&customer, text(&new["order_id"])).await;
    assert_eq!(seen["status"], "open");
    assert!(!seen["address"].is_null(), "{seen}");
}

/// What the operator's handbook does of the one customer who was erased, after a restore of the orders.
pub async fn erase_customer_again(world: &World) {
    let config = world.platform.operator_sdk_config();
    let (dynamo, sqs) = (Dynamo::new(&config), aws_sdk_sqs::Client::new(&config));
    let orders = world.setting("ORDERS_TABLE");
    let listed = items(&dynamo, &world.setting("SUBJECT_KEYS_TABLE")).await;
    let of_customer = |item: &&Item| item["pk"].as_s().is_ok_and(|pk| pk.starts_with("C#"));
    let listed = listed.iter().find(of_customer).expect("she is listed");
    let id = listed["pk"].as_s().expect("text")[2..].to_owned();
    let mut request = listed.clone();
    request.insert("pk".to_owned(), AttributeValue::S(format!("U#{id}")));
    request.insert("sk".to_owned(), AttributeValue::S("erasure".to_owned()));
    let moments = ["requested_at", "due_at"].map(|name| listed[name].as_n().expect("a number"));
    let put = dynamo.put_item().table_name(&orders);
    let put = put.set_item(Some(request)).send().await;
    put.expect("put back");
    let body = format!(
        r#"{{"kind": "erasure", "v": 1, "subject": "cus_{id}", "requested_at": {}, "due_at": {}}}"#,
        moments[0], moments[1]
    );
    let queue = world.queue_url("erasures");
    let send = sqs.send_message().queue_url(queue).message_body(body);
    send.send().await.expect("sent");
    world.drain().await;
}

/// Sends a request again until it is answered.
pub async fn insist<F: Future<Output = Result<Answer, reqwest::Error>>>(
    send: impl Fn() -> F,
) -> Answer {
    for _ in 0..5 {
        if let Ok(answer) = send().await
            && answer.status < 500
        {
            return answer;
        }
    }
    panic!("no answer after five tries");
}

#[tokio::test]
async fn registering_approving_and_erasing_cut_off_anywhere() {
    for function in ["workers", "review"] {
        for n in 1.. {
            assert!(n < 60, "{function} makes too many calls");
            let world = World::empty().await;
            let (_, desk) = with_agency(&world).await;
            let authority = world.authority().await;
            let wire = world.platform.wire().clone();
            wire.cut_after(function, n);
            let body = registration(&world);
            let register = || {
                let call = world.call("POST", "/v1/workers").token(&desk).key("k");
                call.json(&body).try_send()
            };
            let worker = insist(register).await.expect(201);
            let path = format!("/v1/workers/{}", text(&worker["worker_id"]));
            let photo_path = format!("{path}/photo");
            let put = || {
                let call = world.call("PUT", &photo_path).token(&desk);
                call.raw("image/jpeg", photo()).try_send()
            };
            insist(put).await.expect(200);
            let reviews = format!("{path}/reviews");
            // The photo made it the second.
            let decision = decision_on(&json!(2), "approve");
            let approve = || {
                let call = world.call("POST", &reviews).token(&authority);
                call.json(&decision).try_send()
            };
            let case = format!("{function} cut after {n}");
            assert_eq!(
                insist(approve).await.expect(200)["status"],
                "approved",
                "{case}"
            );
            let erasure = format!("{path}/erase");
            let reason = json!({ "reason": "she asked for it" });
            let erase = || {
                let call = world.call("POST", &erasure).token(&authority);
                call.json(&reason).try_send()
            };
            assert_eq!(insist(erase).await.expect(200)["erased"], true, "{case}");
            let happened = !wire.take_cuts().is_empty();
            // Reads from here on are not cut off.
            wire.cut_after(function, u32::MAX);
            let chain = world
                .chain(&authority, &format!("{path}/trace?purpose=audit&"))
                .await;
            assert_eq!(
                kinds(&chain),
                [
                    "registered",
                    "consent_given",
                    "correction",
                    "reviewed",
                    "redaction"
                ],
                "{case}"
            );
            assert!(
                !everything(&world).await.contains(" bo "),
                "{case}: something sealed is left"
            );
            world.platform.shutdown().await;
            if !happened {
                assert!(n > 1, "{function} was never called");
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_a_worker_does_about_her_record_cut_off_anywhere() {
    for n in 1.. {
        assert!(n < 60, "own-record makes too many calls");
        let world = World::empty().await;
        let (_, desk) = with_agency(&world).await;
        let (sent, worker) = world.new_worker(&desk).await;
        let id = &worker["worker_id"];
        world.review_worker(id, "approve").await.expect(200);
        let session = world.worker_session(&sent["phone"]).await.expect(200);
        let token = text(&session["token"]);
        let (other, other_desk) = with_agency(&world).await;
        let wanted = world.send_worker(&other_desk, "k", &sent).await;
        wanted.expect(201);
        let worker: WorkerId = text(id).parse().expect("a worker");
        let agency: AgencyId = other.id.parse().expect("an agency");
        let proposal = ProposalId::new(&worker, &agency);
        let wire = world.platform.wire().clone();
        wire.cut_after("own-record", n);
        let until = world.in_future(THREE_DAYS);
        let off = json!({ "leave": [{ "from": world.now().to_rfc3339(), "until": until }] });
        let leave = || {
            let call = world.call("PUT", "/v1/me/availability").token(token);
            call.json(&off).try_send()
        };
        assert_eq!(insist(leave).await.expect(200)["version"], 1);
        let path = format!("/v1/me/proposals/{proposal}/consent");
        let agree = || {
            let call = world.call("POST", &path).token(token);
            call.json(&json!({ "text_version": "2026-02" })).try_send()
        };
        insist(agree).await.expect(200);
        let words = json!({ "about": "identity", "text": "这不是我" });
        let object = || {
            let call = world
                .call("POST", "/v1/me/objections")
                .token(token)
                .key("k");
            call.json(&words).try_send()
        };
        insist(object).await.expect(201);
        let withdraw = || {
            let call = world.call("POST", "/v1/me/consent/withdraw").token(token);
            call.try_send()
        };
        assert_eq!(insist(withdraw).await.expect(200)["status"], "suspended");
        let reason = json!({ "reason": "I have moved away" });
        let erase = || {
            let call = world.call("POST", "/v1/me/erase").token(token);
            call.json(&reason).try_send()
        };
        insist(erase).await.expect(202);
        let stay = || {
            let call = world.call("DELETE", "/v1/me/erase").token(token);
            call.try_send()
        };
        insist(stay).await.expect(204);
        world.advance(Duration::from_secs(3_660)).await;
        let session = world.worker_session(&sent["phone"]).await.expect(200);
        let again = || {
            let call = world.call("POST", "/v1/me/erase");
            let call = call.token(text(&session["token"]));
            call.json(&reason).try_send()
        };
        insist(again).await.expect(202);
        world.advance(THREE_DAYS).await;
        let happened = !wire.take_cuts().is_empty();
        let authority = world.authority().await;
        let trace = format!("/v1/workers/{}/trace?purpose=audit&", text(id));
        let chain = world.chain(&authority, &trace).await;
        assert_eq!(
            kinds(&chain)[2..],
            [
                "reviewed",
                "registered",
                "consent_given",
                "complaint",
                "consent_withdrawn",
                "erasure_requested",
                "erasure_called_off",
                "erasure_requested",
                "redaction"
            ],
            "cut after {n}"
        );
        let left = everything(&world).await;
        assert!(
            !left.contains(" bo "),
            "cut after {n}: something sealed is left"
        );
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "own-record was never called");
            break;
        }
    }
}

#[tokio::test]
async fn erasing_who_asked_for_it_cut_off_anywhere() {
    for n in 1.. {
        assert!(n < 40, "erasure makes too many calls");
        let world = World::empty().await;
        let firm = Firm::new(&world).await;
        world.served_by(&firm, "demo-customer-1", "王小明", 1).await;
        let served = world.customers_of(&firm).await;
        // Keys have it without its prefix.
        let served = text(&served[0]["customer_id"]).trim_start_matches("acu_");
        let is_kept = async || {
            let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
            let orders = items(&dynamo, &world.setting("ORDERS_TABLE")).await;
            let key = format!("customer#{served}");
            orders.iter().any(|item| item["sk"].as_s() == Ok(&key))
        };
        assert!(is_kept().await);
        let of_others = everything(&world).await.matches(" bo ").count();
        let (_, desk) = with_agency(&world).await;
        let (sent, worker) = world.new_worker(&desk).await;
        let id = &worker["worker_id"];
        world.put_photo(&desk, id).await;
        world.review_worker(id, "approve").await.expect(200);
        world.badge_for(&desk, id).await;
        let session = world.worker_session(&sent["phone"]).await.expect(200);
        let customer = world.customer("demo-customer-1").await;
        let order = world.place(&customer, &world.cleaning(CENTRE)).await;
        for token in [text(&session["token"]), &customer] {
            let call = world.call("POST", "/v1/me/erase").token(token);
            call.send().await.expect(202);
        }
        world.drain().await;
        let wire = world.platform.wire().clone();
        wire.cut_after("erasure", n);
        world.advance(THREE_DAYS).await;
        let happened = !wire.take_cuts().is_empty();
        world.advance(RETRIED).await;
        let authority = world.authority().await;
        let trace = format!("/v1/workers/{}/trace?purpose=audit&", text(id));
        let chain = world.chain(&authority, &trace).await;
        assert_eq!(
            kinds(&chain)[chain.len() - 3..],
            ["erasure_requested", "badge_revoked", "redaction"],
            "cut after {n}"
        );
        let left = everything(&world).await;
        let bodies = left.matches(" bo ").count();
        assert_eq!(bodies, of_others, "cut after {n}: {left}");
        assert!(!is_kept().await, "cut after {n}");
        let seen = world.order(&authority, text(&order["order_id"])).await;
        assert_eq!(seen["status"], "cancelled");
        for gone in ["address", "location", "contact", "notes"] {
            assert!(seen[gone].is_null(), "cut after {n}: {seen}");
        }
        let customer = world.customer("demo-customer-1").await;
        world.place(&customer, &world.cleaning(CENTRE)).await;
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 5, "erasure was never called");
            break;
        }
    }
}

//! Members: each logs in as themselves, may do what their role says, and what they do can be read afterwards.

use std::time::Duration;

use serde_json::{Value, json};

use crate::contract;
use crate::http::Answer;
use crate::log_watch;
use crate::own_record::approved;
use crate::staffing::{claimed, insist};
use crate::workers::text;
use crate::world::{Agency, CENTRE, World};

const AGENCY: [&str; 3] = ["owner", "dispatcher", "viewer"];
const AUTHORITY: [&str; 3] = ["supervisor", "reviewer", "auditor"];

impl World {
    /// What an owner or supervisor reads of their members' deeds, the newest first.
    pub async fn deeds(&self, token: &str, query: &str) -> Vec<Value> {
        let path = format!("/v1/audit?limit=100{query}");
        let page = self.call("GET", &path).token(token).send().await;
        page.expect(200)["items"].as_array().expect("deeds").clone()
    }

    async fn add_member(&self, token: &str, name: &str, role: &str) -> Answer {
        let call = self.call("POST", "/v1/members").token(token);
        let body = json!({ "name": name, "role": role });
        let answer = call.key(role).json(&body).send().await;
        if let Some(secret) = answer.body["secret"].as_str() {
            log_watch::keep_secret(secret);
        }
        answer
    }

    async fn change_member(&self, token: &str, id: &Value, change: Value) -> Answer {
        let path = format!("/v1/members/{}", text(id));
        self.call("PATCH", &path)
            .token(token)
            .json(&change)
            .send()
            .await
    }

    async fn log_in_at(&self, kind: &str, member: &Value) -> Answer {
        let given = json!({ "access_key": member["access_key"], "secret": member["secret"] });
        let call = self.call("POST", &format!("/v1/sessions/{kind}"));
        call.json(&given).send().await
    }

    /// The session of a new member in this role.
    pub async fn as_member(&self, manager: &str, role: &str) -> String {
        let kind = if AGENCY.contains(&role) {
            "agency"
        } else {
            "authority"
        };
        let member = self.add_member(manager, "小李", role).await.expect(201);
        let session = self.log_in_at(kind, &member).await.expect(200);
        let token = text(&session["token"]).to_owned();
        log_watch::keep_secret(&token);
        token
    }
}

#[tokio::test]
async fn members_come_log_in_change_their_role_and_go() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let owner = world.desk(&agency).await;
    let added = world
        .add_member(&owner, "小李", "dispatcher")
        .await
        .expect(201);
    let again = world.add_member(&owner, "小李", "dispatcher").await;
    assert_eq!(again.expect(201), added, "a repeat shows the same");
    world
        .add_member(&owner, "小王", "reviewer")
        .await
        .expect_problem(422, "invalid");
    let session = world.log_in(&added).await.expect(200);
    assert_eq!(session["subject"], agency.id.as_str());
    let called = |name: &str, role: &str| json!({ "member_id": added["member_id"], "name": name, "role": role });
    assert_eq!(session["member"], called("小李", "dispatcher"));
    world
        .log_in_at("authority", &added)
        .await
        .expect_problem(401, "bad-credentials");

    let list = async |query: &str| {
        let path = format!("/v1/members{query}");
        let page = world.call("GET", &path).token(&owner).send().await;
        page.expect(200)
    };
    let first = list("?limit=1").await;
    assert_eq!(first["items"][0]["role"], "owner");
    let next = list(&format!("?cursor={}", text(&first["next_cursor"]))).await;
    let (member, end) = (&next["items"][0], &next["next_cursor"]);
    assert_eq!(
        (&member["member_id"], end),
        (&added["member_id"], &Value::Null)
    );
    assert_eq!(member["credentials"][0]["access_key"], added["access_key"]);

    // A new role counts from the next session on; the last owner stays one.
    let id = &added["member_id"];
    let viewer = json!({ "role": "viewer", "name": "李姐" });
    let changed = world.change_member(&owner, id, viewer).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["role"]),
        (&json!("李姐"), &json!("viewer"))
    );
    let session = world.refresh(&session).await.expect(200);
    assert_eq!(session["member"], called("李姐", "viewer"));
    let ack = json!({ "receipts": ["x"] });
    let call = world
        .call("POST", "/v1/offers/ack")
        .token(text(&session["token"]));
    call.json(&ack)
        .send()
        .await
        .expect_problem(403, "forbidden");
    let own = &first["items"][0]["member_id"];
    let owners = json!({ "access_key": agency.access_key, "secret": agency.secret });
    let session = world.log_in(&owners).await.expect(200);
    let unnamed = json!({ "member_id": own, "name": null, "role": "owner" });
    assert_eq!(session["member"], unnamed);
    let customer = world.customer_session("demo-customer-1").await;
    assert_eq!(customer["member"], Value::Null);
    for change in [json!({ "role": "viewer" }), json!({ "is_active": false })] {
        let refused = world.change_member(&owner, own, change).await;
        refused.expect_problem(409, "conflict");
    }
    let nobody = json!("mem_0000000000000");
    let unknown = world
        .change_member(&owner, &nobody, json!({ "name": "x" }))
        .await;
    unknown.expect_problem(404, "not-found");

    // Who goes loses what they log in by, and comes back with something new.
    let ended = world
        .change_member(&owner, id, json!({ "is_active": false }))
        .await;
    assert_eq!(ended.expect(200)["credentials"], json!([]));
    let refused = world.log_in(&added).await;
    refused.expect_problem(401, "bad-credentials");
    let path = format!("/v1/members/{}/credentials", text(id));
    let more = async |key: &str| {
        let call = world.call("POST", &path).token(&owner).key(key);
        call.json(&json!({ "name": "手机" })).send().await
    };
    more("1").await.expect_problem(404, "not-found");
    world
        .change_member(&owner, id, json!({ "is_active": true }))
        .await
        .expect(200);
    world
        .log_in(&added)
        .await
        .expect_problem(401, "bad-credentials");
    let new = more("2").await.expect(201);
    log_watch::keep_secret(text(&new["secret"]));
    assert_eq!(&new["member_id"], id);
    world.log_in(&new).await.expect(200);
    let withdraw = async |path: &str| {
        let path = format!("{path}/{}", text(&new["access_key"]));
        world.call("DELETE", &path).token(&owner).send().await
    };
    let of_another = format!("/v1/members/{}/credentials", text(own));
    withdraw(&of_another).await.expect_problem(404, "not-found");
    withdraw(&path).await.expect(204);
    world
        .log_in(&new)
        .await
        .expect_problem(401, "bad-credentials");
}

#[tokio::test]
async fn the_authority_has_members_too() {
    let world = World::empty().await;
    let first = world.authority().await;
    let second = world
        .add_member(&first, "赵处", "supervisor")
        .await
        .expect(201);
    let session = world.log_in_at("authority", &second).await.expect(200);
    assert_eq!(session["subject"], "aut_harbin-commerce-bureau");
    world
        .log_in_at("agency", &second)
        .await
        .expect_problem(401, "bad-credentials");
    let second = text(&session["token"]).to_owned();
    let wrong = world.add_member(&second, "小王", "owner").await;
    assert_eq!(wrong.pointers(), ["/role"]);

    // The operator's key goes with the member whose it is, and comes back with them.
    let listed = world.call("GET", "/v1/members").token(&second).send().await;
    let first_id = listed.expect(200)["items"][0]["member_id"].clone();
    let end = |is_active: bool| json!({ "is_active": is_active });
    world
        .change_member(&second, &first_id, end(false))
        .await
        .expect(200);
    let demo = &world.platform.demo().authority;
    let operators = json!({ "access_key": demo.access_key, "secret": demo.secret });
    let refused = world.log_in_at("authority", &operators).await;
    refused.expect_problem(401, "bad-credentials");
    world
        .change_member(&second, &first_id, end(true))
        .await
        .expect(200);
    world.log_in_at("authority", &operators).await.expect(200);

    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    world.review(&agency, "approve").await.expect(200);
    // A role that was taken is gone at once where it would bring itself back.
    let third = world.as_member(&second, "supervisor").await;
    let listed = world.call("GET", "/v1/members").token(&second).send().await;
    let third_id = listed.expect(200)["items"][2]["member_id"].clone();
    let demote = json!({ "role": "auditor" });
    let demoted = world.change_member(&second, &third_id, demote).await;
    demoted.expect(200);
    let back = json!({ "role": "supervisor" });
    let refused = world.change_member(&third, &third_id, back).await;
    refused.expect_problem(401, "unauthenticated");
    let path = format!("/v1/agencies/{}/credentials", agency.id);
    let call = world.call("POST", &path).token(&third).key("k");
    let refused = call.json(&json!({ "name": "x" })).send().await;
    refused.expect_problem(401, "unauthenticated");

    let deeds = world.deeds(&first, "").await;
    let is_review = |deed: &&Value| deed["what"] == "agency_reviewed";
    let deeds: Vec<&Value> = deeds.iter().filter(is_review).collect();
    let last = deeds[0];
    assert_eq!(
        (&last["what"], &last["about"], &last["member_id"]),
        (&json!("agency_reviewed"), &json!(agency.id), &first_id)
    );
    assert!(world.deeds(&world.desk(&agency).await, "").await.is_empty());
}

/// Every route, by a session of every role: what the contract's `x-roles` do not name is forbidden, before anything is looked
/// at.
#[tokio::test]
async fn a_role_may_do_what_the_contract_says() {
    let world = World::empty().await;
    let (_, _, worker, owner) = approved(&world).await;
    let supervisor = world.authority().await;
    let mut sessions = vec![
        ("customer", world.customer("demo-customer-1").await),
        ("worker", worker),
        ("owner", owner.clone()),
        ("supervisor", supervisor.clone()),
    ];
    for (manager, role) in [
        (&owner, "dispatcher"),
        (&owner, "viewer"),
        (&supervisor, "reviewer"),
        (&supervisor, "auditor"),
    ] {
        sessions.push((role, world.as_member(manager, role).await));
    }
    for (method, template) in contract::operations() {
        let Some(roles) = contract::roles(&method, &template) else {
            continue;
        };
        let parts = template.split('/').map(|part| match part {
            "{agency_id}" => "agy_00000000000000000000000000",
            "{worker_id}" => "wkr_00000000000000000000000000",
            "{order_id}" => "ord_00000000000000000000000000",
            "{badge_id}" => "bdg_0000000000000",
            "{member_id}" => "mem_0000000000000",
            part if part.starts_with('{') => "x",
            part => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        for (role, token) in &sessions {
            let call = world.call(&method, &path).token(token).key("a-key");
            let answer = if method == "GET" || method == "DELETE" {
                call.send().await
            } else {
                call.json(&json!({})).send().await
            };
            let case = format!("{method} {template} as {role}: {}", answer.body);
            let is_forbidden = answer.status == 403 && answer.slug() == "forbidden";
            let kin = [AGENCY, AUTHORITY]
                .into_iter()
                .find(|kin| kin.contains(role));
            let is_of_a_kind =
                kin.is_some_and(|kin| roles.iter().any(|role| kin.contains(&&**role)));
            if roles.iter().any(|named| named == role) {
                assert!(!is_forbidden && answer.status != 401, "{case}");
            } else if is_of_a_kind {
                assert!(is_forbidden, "{case}");
            } else {
                assert!(is_forbidden || answer.status == 404, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn what_members_change_is_in_the_trail_and_in_the_records() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let owner = world.desk(&agency).await;
    let dispatcher = world
        .add_member(&owner, "小李", "dispatcher")
        .await
        .expect(201);
    let session = world.log_in(&dispatcher).await.expect(200);
    let desk = text(&session["token"]).to_owned();
    log_watch::keep_secret(&desk);
    let id = &dispatcher["member_id"];

    // Her registration, by the dispatcher, names who did it; the chain still verifies by its hashes.
    let worker = world.new_worker(&desk).await.1["worker_id"].take();
    let authority = world.authority().await;
    let path = format!("/v1/workers/{}/trace?purpose=audit&", text(&worker));
    let chain = world.chain(&authority, &path).await;
    let event = &chain[0]["event"];
    assert_eq!((&event["actor"], &event["member"]), (&json!(agency.id), id));

    // An order, from grab to release.
    let hired = world.cleared_worker(&agency, &["cleaning"]).await;
    let held = claimed(&world, &agency, "cleaning", Duration::from_secs(86_400)).await;
    let act = async |action: &str, body: Value| {
        let path = format!("/v1/orders/{}/{action}", held.id);
        let call = world.call("POST", &path).token(&desk);
        call.json(&body).send().await.expect(200)
    };
    act("staff", json!({ "worker_id": hired.id })).await;
    let by = |seen: &Value, what: &str| {
        let lines = seen["timeline"].as_array().expect("lines").clone();
        let line = lines.into_iter().find(|line| line["what"] == what);
        line.expect("a line")["member_id"].clone()
    };
    let first = json!(domain::id::MemberId::first(&agency.id));
    for token in [&owner, &authority] {
        let seen = world.order(token, &held.id).await;
        assert_eq!((&by(&seen, "claimed"), &by(&seen, "staffed")), (&first, id));
    }
    let customer = world.customer("demo-customer-1").await;
    let seen = world.order(&customer, &held.id).await;
    assert_eq!(
        by(&seen, "staffed"),
        Value::Null,
        "customers see the agency"
    );
    act("release", json!({ "reason": "no worker free" })).await;
    world.drain().await;

    let store = json!({ "name": "二号店", "address": "南岗区西大直街 2 号",
        "location": { "lat": CENTRE.0, "lon": CENTRE.1, "datum": "wgs84" } });
    let path = format!("/v1/agencies/{}/stores", agency.id);
    let call = world.call("POST", &path).token(&owner).key("store");
    let store = call.json(&store).send().await.expect(201);

    let deeds = world.deeds(&owner, "").await;
    let told: Vec<(&str, &str)> = deeds
        .iter()
        .map(|deed| (text(&deed["what"]), text(&deed["about"])))
        .collect();
    let order = held.id.as_str();
    assert_eq!(
        told,
        [
            ("store_added", text(&store["store_id"])),
            ("released", order),
            ("staffed", order),
            ("claimed", order),
            ("registered", text(&worker)),
            ("member_added", text(id)),
        ]
    );
    let theirs = world
        .deeds(&owner, &format!("&member_id={}", text(id)))
        .await;
    let names: Vec<&Value> = theirs.iter().map(|deed| &deed["member_name"]).collect();
    assert_eq!(names, ["小李"; 3]);
    world
        .call("GET", "/v1/audit?member_id=x")
        .token(&owner)
        .send()
        .await
        .expect_problem(400, "malformed");
}

#[tokio::test]
async fn adding_a_member_cut_off_anywhere_happens_once() {
    for n in 1.. {
        assert!(n < 20, "members makes too many calls");
        let world = World::empty().await;
        let agency: Agency = world.register(&["cleaning"], &[CENTRE]).await;
        let owner = world.desk(&agency).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("members", n);
        let add = || {
            let call = world.call("POST", "/v1/members").token(&owner).key("k");
            call.json(&json!({ "name": "小李", "role": "viewer" }))
                .try_send()
        };
        let added = insist(&world, add).await.expect(201);
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("members", 1_000);
        let again = insist(&world, add).await.expect(201);
        assert_eq!(again, added, "cut after {n}");
        world.log_in(&added).await.expect(200);
        let deeds = world.deeds(&owner, "").await;
        assert_eq!(deeds.len(), 1, "cut after {n}: {deeds:?}");
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "members was never called");
            return;
        }
    }
}

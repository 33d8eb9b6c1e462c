//! How agencies log in: several credentials, added, handed over, withdrawn.

use serde_json::{Value, json};

use crate::http::Answer;
use crate::log_watch;
use crate::staffing::insist;
use crate::workers::text;
use crate::world::{Agency, CENTRE, World, registration};

impl World {
    pub async fn log_in(&self, credential: &Value) -> Answer {
        let given =
            json!({ "access_key": credential["access_key"], "secret": credential["secret"] });
        let call = self.call("POST", "/v1/sessions/agency");
        call.json(&given).send().await
    }

    async fn add_credential(&self, token: &str, agency: &Agency, key: &str, name: &str) -> Answer {
        let path = format!("/v1/agencies/{}/credentials", agency.id);
        let call = self.call("POST", &path).token(token).key(key);
        let answer = call.json(&json!({ "name": name })).send().await;
        if let Some(secret) = answer.body["secret"].as_str() {
            log_watch::keep_secret(secret);
        }
        answer
    }

    async fn withdraw(&self, token: &str, agency: &Agency, access_key: &Value) -> Answer {
        let key = text(access_key);
        let path = format!("/v1/agencies/{}/credentials/{key}", agency.id);
        self.call("DELETE", &path).token(token).send().await
    }

    pub async fn listed(&self, token: &str, agency: &Agency) -> Vec<Value> {
        let path = format!("/v1/agencies/{}/credentials", agency.id);
        let body = self.call("GET", &path).token(token).send().await;
        body.expect(200)["items"].as_array().expect("items").clone()
    }
}

#[tokio::test]
async fn an_agency_adds_a_credential_and_withdraws_the_old_one() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let first = world.listed(&desk, &agency).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["access_key"], agency.access_key.as_str());
    assert_eq!(first[0]["name"], "registration");

    let added = world
        .add_credential(&desk, &agency, "k", "前台")
        .await
        .expect(201);
    let again = world
        .add_credential(&desk, &agency, "k", "前台")
        .await
        .expect(201);
    assert_eq!(added, again);
    world
        .add_credential(&desk, &agency, "k", "后台")
        .await
        .expect_problem(422, "idempotency-key-reused");
    world.log_in(&added).await.expect(200);
    let both = world.listed(&desk, &agency).await;
    assert_eq!(both.len(), 2);
    let (key, name) = (&both[1]["access_key"], &both[1]["name"]);
    assert_eq!((key, name), (&added["access_key"], &json!("前台")));
    assert!(both.iter().all(|one| one.get("secret").is_none()));

    let old = json!({ "access_key": agency.access_key, "secret": agency.secret });
    world.log_in(&old).await.expect(200);
    for _ in 0..2 {
        let withdrawn = world.withdraw(&desk, &agency, &old["access_key"]).await;
        withdrawn.expect(204);
    }
    world
        .log_in(&old)
        .await
        .expect_problem(401, "bad-credentials");
    world.log_in(&added).await.expect(200);
    assert_eq!(world.listed(&desk, &agency).await.len(), 1);
    // Without it nobody could come in any more.
    let session = world.log_in(&added).await.expect(200);
    world
        .withdraw(text(&session["token"]), &agency, &added["access_key"])
        .await
        .expect_problem(409, "conflict");
    world.log_in(&added).await.expect(200);
}

#[tokio::test]
async fn a_withdrawn_credential_is_not_brought_back_by_a_repeat() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let added = world
        .add_credential(&desk, &agency, "k", "前台")
        .await
        .expect(201);
    let withdrawn = world.withdraw(&desk, &agency, &added["access_key"]).await;
    withdrawn.expect(204);
    world
        .add_credential(&desk, &agency, "k", "前台")
        .await
        .expect_problem(409, "conflict");
    world
        .log_in(&added)
        .await
        .expect_problem(401, "bad-credentials");
}

#[tokio::test]
async fn the_authority_gives_an_agency_a_way_in_that_has_lost_its_own() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let authority = world.authority().await;
    let known = world.listed(&authority, &agency).await;
    // Known to somebody: it ends, although there is no other.
    let withdrawn = world.withdraw(&authority, &agency, &known[0]["access_key"]);
    withdrawn.await.expect(204);
    let old = json!({ "access_key": agency.access_key, "secret": agency.secret });
    world
        .log_in(&old)
        .await
        .expect_problem(401, "bad-credentials");
    assert!(world.listed(&authority, &agency).await.is_empty());
    let given = world
        .add_credential(&authority, &agency, "k", "新")
        .await
        .expect(201);
    assert_eq!(given["added_by"], "aut_harbin-commerce-bureau");
    let session = world.log_in(&given).await.expect(200);
    assert_eq!(session["subject"], agency.id.as_str());
    // The agency that asks with the same key makes one of its own.
    let desk = text(&session["token"]).to_owned();
    let own = world
        .add_credential(&desk, &agency, "k", "新")
        .await
        .expect(201);
    assert_ne!(own["access_key"], given["access_key"]);
    assert_ne!(own["secret"], given["secret"]);
}

/// It lasts some minutes, in which whoever stole it could else make a credential that nobody knows of.
#[tokio::test]
async fn a_session_by_what_was_withdrawn_changes_nothing() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let authority = world.authority().await;
    let stolen = world.desk(&agency).await;
    let good = world
        .add_credential(&authority, &agency, "k", "新")
        .await
        .expect(201);
    let leaked = json!(agency.access_key);
    world
        .withdraw(&authority, &agency, &leaked)
        .await
        .expect(204);
    let added = world.add_credential(&stolen, &agency, "k", "x").await;
    added.expect_problem(401, "unauthenticated");
    let withdrawn = world.withdraw(&stolen, &agency, &good["access_key"]).await;
    withdrawn.expect_problem(401, "unauthenticated");
    let member = json!({ "name": "x", "role": "owner" });
    let call = world.call("POST", "/v1/members").token(&stolen).key("k");
    let member = call.json(&member).send().await;
    member.expect_problem(401, "unauthenticated");
    let session = world.log_in(&good).await.expect(200);
    let owner = text(&session["token"]);
    let own = world.add_credential(owner, &agency, "k", "自己的").await;
    own.expect(201);
}

#[tokio::test]
async fn nobody_else_learns_or_changes_how_an_agency_logs_in() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let other = world.agency(&["cleaning"], &[CENTRE]).await;
    let foreign = world.desk(&other).await;
    let customer = world.customer("demo-customer-1").await;
    let key = json!(agency.access_key);
    for (token, status, slug) in [(&foreign, 404, "not-found"), (&customer, 403, "forbidden")] {
        let path = format!("/v1/agencies/{}/credentials", agency.id);
        let listed = world.call("GET", &path).token(token).send().await;
        listed.expect_problem(status, slug);
        let added = world.add_credential(token, &agency, "k", "x").await;
        added.expect_problem(status, slug);
        let withdrawn = world.withdraw(token, &agency, &key).await;
        withdrawn.expect_problem(status, slug);
        // Nor by the name of one's own agency.
        let withdrawn = world.withdraw(token, &other, &key).await;
        withdrawn.expect_problem(status, slug);
    }
    world.desk(&agency).await;
    let authority = world.authority().await;
    let nobody = Agency {
        id: "agy_00000000000000000000000000".to_owned(),
        ..agency.clone()
    };
    let added = world.add_credential(&authority, &nobody, "k", "x").await;
    added.expect_problem(404, "not-found");
    let withdrawn = world.withdraw(&authority, &agency, &json!("hak_x")).await;
    withdrawn.expect_problem(404, "not-found");
}

#[tokio::test]
async fn an_agency_has_ten_credentials_at_once() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    for n in 1..10 {
        let key = format!("k{n}");
        world
            .add_credential(&desk, &agency, &key, "前台")
            .await
            .expect(201);
    }
    let eleventh = world.add_credential(&desk, &agency, "k10", "前台").await;
    eleventh.expect_problem(409, "conflict");
    // Whoever added them: the authority still gives the owner one.
    let authority = world.authority().await;
    let given = world.add_credential(&authority, &agency, "k", "新").await;
    world.log_in(&given.expect(201)).await.expect(200);
    let repeat = world.add_credential(&desk, &agency, "k9", "前台").await;
    repeat.expect(201);
}

#[tokio::test]
async fn a_registrations_repeat_shows_the_secret_only_until_it_is_decided_on() {
    let world = World::empty().await;
    let body = registration(world.unique(), &["cleaning"], &[CENTRE]);
    let register = async || {
        let call = world.call("POST", "/v1/agencies");
        let call = call.key("a-registration-key-that-is-sent-again");
        call.json(&body).send().await.expect(201)
    };
    let first = register().await;
    assert_eq!(register().await, first);
    let field = |name: &str| text(&first[name]).to_owned();
    let agency = Agency {
        id: field("agency_id"),
        access_key: field("access_key"),
        secret: field("secret"),
        stores: vec![CENTRE],
        services: vec!["cleaning"],
    };
    world.review(&agency, "reject").await.expect(200);
    let desk = world.desk(&agency).await;
    let path = format!("/v1/agencies/{}", agency.id);
    let call = world.call("PATCH", &path).token(&desk);
    let corrected = call.json(&json!({ "name": "龙江家政服务" })).send().await;
    assert_eq!(corrected.expect(200)["status"], "pending");
    for decision in ["pending", "approved"] {
        let later = register().await;
        assert_eq!(later["access_key"], first["access_key"]);
        assert_eq!(
            (&later["status"], &later["secret"]),
            (&json!(decision), &Value::Null)
        );
        if decision == "pending" {
            world.review(&agency, "approve").await.expect(200);
        }
    }
    world.log_in(&first).await.expect(200);
}

#[tokio::test]
async fn a_registrations_repeat_shows_no_secret_that_was_withdrawn() {
    let world = World::empty().await;
    let body = registration(world.unique(), &["cleaning"], &[CENTRE]);
    let register = async || {
        let call = world.call("POST", "/v1/agencies");
        let call = call.key("another-registration-key-sent-again");
        call.json(&body).send().await.expect(201)
    };
    let first = register().await;
    let session = world.log_in(&first).await.expect(200);
    let owner = text(&session["token"]);
    let path = format!("/v1/agencies/{}/credentials", text(&first["agency_id"]));
    let call = world.call("POST", &path).token(owner).key("k");
    let added = call.json(&json!({ "name": "新" })).send().await.expect(201);
    log_watch::keep_secret(text(&added["secret"]));
    let old = format!("{path}/{}", text(&first["access_key"]));
    let call = world.call("DELETE", &old).token(owner);
    call.send().await.expect(204);
    let again = register().await;
    assert_eq!(
        (&again["status"], &again["secret"]),
        (&json!("pending"), &Value::Null)
    );
}

#[tokio::test]
async fn adding_and_withdrawing_cut_off_anywhere_happen_once() {
    for n in 1.. {
        assert!(n < 20, "members makes too many calls");
        let world = World::empty().await;
        let agency = world.register(&["cleaning"], &[CENTRE]).await;
        let desk = world.desk(&agency).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("members", n);
        let path = format!("/v1/agencies/{}/credentials", agency.id);
        let add = || {
            let call = world.call("POST", &path).token(&desk).key("k");
            call.json(&json!({ "name": "前台" })).try_send()
        };
        let added = insist(&world, add).await.expect(201);
        let first = format!("{path}/{}", agency.access_key);
        let withdraw = || world.call("DELETE", &first).token(&desk).try_send();
        insist(&world, withdraw).await.expect(204);
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("members", 1_000);
        assert_eq!(
            insist(&world, add).await.expect(201),
            added,
            "cut after {n}"
        );
        world.log_in(&added).await.expect(200);
        let left = world.listed(&desk, &agency).await;
        assert_eq!(left.len(), 1, "cut after {n}");
        let deeds = world.deeds(&desk, "").await;
        let what: Vec<&Value> = deeds.iter().map(|deed| &deed["what"]).collect();
        let both = ["credential_withdrawn", "credential_added"];
        assert_eq!(what, both, "cut after {n}");
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "members was never called");
            return;
        }
    }
}

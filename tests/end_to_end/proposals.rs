//! What was approved stays until its change is approved, and a decision binds what was seen.

use serde_json::{Value, json};

use crate::http::Answer;
use crate::workers::{photo, registration, text, with_agency};
use crate::world::{Agency, CENTRE, World, decision_on, moved};

fn place((lat, lon): (f64, f64)) -> Value {
    json!({ "location": { "lat": lat, "lon": lon, "datum": "wgs84" } })
}

/// An agency's store, as the authority is shown it, and the paths of it and its reviews.
async fn store(world: &World, agency: &Agency) -> (Value, String) {
    let store = world.shown_agency(&agency.id).await["stores"][0].take();
    let path = format!(
        "/v1/agencies/{}/stores/{}",
        agency.id,
        text(&store["store_id"])
    );
    (store, path)
}

async fn patch(world: &World, token: &str, path: &str, body: &Value) -> Value {
    let call = world.call("PATCH", path).token(token).json(body);
    call.send().await.expect(200)
}

async fn decide(world: &World, path: &str, body: &Value) -> Answer {
    let authority = world.authority().await;
    let call = world.call("POST", &format!("{path}/reviews"));
    call.token(&authority).json(body).send().await
}

/// What waits of this kind for the authority.
async fn waiting(world: &World, kind: &str) -> Vec<Value> {
    let authority = world.authority().await;
    let path = format!("/v1/reviews?kind={kind}&limit=100");
    let call = world.call("GET", &path).token(&authority);
    let page = call.send().await.expect(200);
    page["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn only_the_place_that_was_looked_at_is_approved() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let (_, path) = store(&world, &agency).await;
    let [first, second, third] = [1.0, 2.0, 3.0].map(|km| moved(CENTRE, km * 1_000.0, 0.0));

    patch(&world, &desk, &path, &place(first)).await;
    let (seen, _) = store(&world, &agency).await;
    assert_eq!(
        seen["pending_changes"]["location"],
        seen["proposed_location"]
    );
    patch(&world, &desk, &path, &place(second)).await;
    let late = decide(&world, &path, &decision_on(&seen["version"], "approve")).await;
    late.expect_problem(409, "changed-since");
    let unseen = json!({ "decision": "approve", "reason": "papers seen" });
    let unseen = decide(&world, &path, &unseen).await;
    assert_eq!(unseen.pointers(), ["/version"]);

    // The approval's answer is lost, the agency moves on, and the approval is sent once more.
    let item = waiting(&world, "store").await.remove(0);
    let approve = decision_on(&item["version"], "approve");
    let there = decide(&world, &path, &approve).await.expect(200);
    assert_eq!(there["location"], item["pending_changes"]["location"]);
    patch(&world, &desk, &path, &place(third)).await;
    let again = decide(&world, &path, &approve).await.expect(200);
    assert_eq!(again["location"], there["location"]);
    assert_eq!(again["status"], "pending");

    // The address belongs to the place, and is looked at with it.
    let address = json!({ "name": "别名", "address": "别处 1 号" });
    let asked = patch(&world, &desk, &path, &address).await;
    assert_eq!(
        (&asked["name"], &asked["address"]),
        (&there["name"], &there["address"])
    );
    let item = waiting(&world, "store").await.remove(0);
    assert_eq!(item["pending_changes"]["address"], address["address"]);
    let approve = decision_on(&item["version"], "approve");
    let renamed = decide(&world, &path, &approve).await.expect(200);
    assert_eq!(
        (&renamed["name"], &renamed["address"]),
        (&address["name"], &address["address"])
    );
    assert_eq!(renamed["location"], item["pending_changes"]["location"]);
}

#[tokio::test]
async fn an_approved_agency_proposes_what_it_wants_to_change() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let path = format!("/v1/agencies/{}", agency.id);
    let change = json!({ "name": "好家政", "services": ["cleaning", "cooking"] });
    let proposed = patch(&world, &desk, &path, &change).await;
    assert_eq!(proposed["services"], json!(["cleaning"]));
    assert_eq!(proposed["pending_changes"]["name"], "好家政");
    let items = waiting(&world, "agency").await;
    assert_eq!(items[0]["pending_changes"], proposed["pending_changes"]);
    assert_eq!(items[0]["name"], proposed["name"]);

    let approve = decision_on(&items[0]["version"], "approve");
    for _ in 0..2 {
        let after = decide(&world, &path, &approve).await.expect(200);
        assert_eq!(
            (
                &after["name"],
                &after["services"],
                &after["pending_changes"]
            ),
            (
                &json!("好家政"),
                &json!(["cleaning", "cooking"]),
                &Value::Null
            )
        );
    }
    assert!(waiting(&world, "agency").await.is_empty());
    // It is offered what it offers now.
    world.drain().await;
    let customer = world.customer("demo-customer-1").await;
    let mut order = world.cleaning(CENTRE);
    order["service"] = json!("cooking");
    world.place(&customer, &order).await;
    world.drain().await;
    assert_eq!(world.all_offers(&desk).await.len(), 1);
}

#[tokio::test]
async fn a_rejected_agency_corrects_itself() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let path = format!("/v1/agencies/{}", agency.id);
    let reject = decision_on(&json!(1), "reject");
    decide(&world, &path, &reject).await.expect(200);
    patch(&world, &desk, &path, &json!({ "name": "好家政" })).await;
    // The same decision, sent again, is none on what has been corrected.
    let corrected = decide(&world, &path, &reject).await.expect(200);
    assert_eq!(
        (&corrected["status"], &corrected["name"]),
        (&json!("pending"), &json!("好家政"))
    );
    world.review(&agency, "approve").await.expect(200);
}

#[tokio::test]
async fn a_badge_never_vouches_for_whom_nobody_has_looked_at() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let path = format!("/v1/workers/{}", text(id));
    world.review_worker(id, "approve").await.expect(200);
    let badges = format!("{path}/badges");
    let badge = || {
        let call = world.call("POST", &badges).token(&desk).key("badge");
        call.json(&json!({})).send()
    };
    badge().await.expect_problem(409, "photo-missing");
    let proposed = world.put_photo(&desk, id).await;
    assert_eq!(proposed["photo"], Value::Null);
    badge().await.expect_problem(409, "photo-missing");
    world.review_worker(id, "approve").await.expect(200);
    let badge = badge().await.expect(201);

    // Another name, face and phone wait, and the old ones serve.
    let change = json!({ "name": "贾冒", "phone": "15300001111", "skills": ["cooking"] });
    let changed = patch(&world, &desk, &path, &change).await;
    assert_eq!(
        (&changed["name"], &changed["status"]),
        (&sent["name"], &json!("approved"))
    );
    let page = format!("/b/{}", text(&badge["token"]));
    let call = world
        .call("GET", &page)
        .header("accept", "application/json");
    assert_eq!(call.send().await.expect(200)["name"], "钱*");
    let items = waiting(&world, "worker").await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["pending_changes"]["name"], "贾*", "masked");
    assert!(!items[0].to_string().contains("15300001111"));

    // She is told of the phone in a session that the old one opened.
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    let call = world.call("GET", "/v1/me/record");
    let own = call.token(text(&session["token"])).send().await.expect(200);
    assert_eq!(own["worker"]["pending_changes"]["phone"], "15300001111");

    let rejected = world.review_worker(id, "reject").await.expect(200);
    assert_eq!(
        (&rejected["name"], &rejected["pending_changes"]),
        (&sent["name"], &Value::Null)
    );
}

#[tokio::test]
async fn a_phone_opens_sessions_once_it_was_confirmed_with_her() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let path = format!("/v1/workers/{}", text(id));
    let approve = decision_on(&json!(1), "approve");
    decide(&world, &path, &approve).await.expect(200);
    let no_session = world.worker_session(&sent["phone"]).await;
    no_session.expect_problem(401, "bad-credentials");
    // The authority may ask her later.
    let mut confirm = approve.clone();
    confirm["phone_confirmed"] = json!(true);
    decide(&world, &path, &confirm).await.expect(200);
    world.worker_session(&sent["phone"]).await.expect(200);
    // The first approval, sent again, does not undo it.
    decide(&world, &path, &approve).await.expect(200);
    world.worker_session(&sent["phone"]).await.expect(200);
}

#[tokio::test]
async fn a_phone_opens_sessions_until_another_one_was_confirmed_with_her() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let path = format!("/v1/workers/{}", text(id));
    world.review_worker(id, "approve").await.expect(200);
    let authority = world.authority().await;
    let (first, second) = (sent["phone"].clone(), registration(&world)["phone"].clone());
    let open = async |phone: &Value| world.worker_session(phone).await.status;
    // The authority approves this phone of hers, and has not asked her.
    let approve = async |phone: &Value| {
        patch(&world, &desk, &path, &json!({ "phone": phone })).await;
        let shown = world.read_worker(&authority, id).await.expect(200);
        let proposal = &shown["proposals"][0];
        let mut approve = decision_on(&proposal["version"], "approve");
        approve["proposal_id"] = proposal["proposal_id"].clone();
        let approved = decide(&world, &path, &approve).await.expect(200);
        assert_eq!(approved["phone"], *phone);
    };
    approve(&second).await;
    assert_eq!((open(&first).await, open(&second).await), (200, 401));
    // Back at the old one, nothing has to be confirmed.
    approve(&first).await;
    assert_eq!((open(&first).await, open(&second).await), (200, 401));
    approve(&second).await;
    let third = registration(&world)["phone"].clone();
    approve(&third).await;
    assert_eq!((open(&first).await, open(&third).await), (200, 401));
    // Nobody else has it, until the new one is confirmed.
    let mut other = registration(&world);
    other["phone"] = first.clone();
    let other = world.send_worker(&desk, "other", &other).await.expect(201);
    let taken = world.review_worker(&other["worker_id"], "approve").await;
    taken.expect_problem(409, "phone-taken");
    world.review_worker(id, "approve").await.expect(200);
    assert_eq!((open(&first).await, open(&third).await), (401, 200));
    let freed = world.review_worker(&other["worker_id"], "approve").await;
    freed.expect(200);
    let session = world.worker_session(&first).await.expect(200);
    assert_eq!(session["subject"], other["worker_id"]);

    // Erasing her frees both.
    approve(&second).await;
    let erase = world.call("POST", &format!("{path}/erase"));
    let erase = erase.token(&authority).json(&json!({ "reason": "so" }));
    erase.send().await.expect(200);
    assert_eq!((open(&third).await, open(&second).await), (401, 401));
    for phone in [&third, &second] {
        let mut other = registration(&world);
        other["phone"] = phone.clone();
        let other = world.send_worker(&desk, text(phone), &other).await;
        let other = other.expect(201);
        let approved = world.review_worker(&other["worker_id"], "approve").await;
        approved.expect(200);
    }
}

#[tokio::test]
async fn agencies_that_want_the_same_worker_wait_side_by_side() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (second, second_desk) = with_agency(&world).await;
    let (third, third_desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.review_worker(id, "approve").await.expect(200);
    for desk in [&second_desk, &third_desk] {
        world.send_worker(desk, "k", &sent).await.expect(201);
    }
    let again = world.send_worker(&second_desk, "k", &sent).await;
    assert_eq!(again.expect(201)["status"], "pending");
    world.agree_by_hand(id, &third.id).await;
    let items = waiting(&world, "worker").await;
    let by: Vec<&str> = items.iter().map(|item| text(&item["agency_id"])).collect();
    assert_eq!(by, [second.id.as_str(), third.id.as_str()]);

    let path = format!("/v1/workers/{}", text(id));
    let mut decision = decision_on(&items[1]["version"], "approve");
    decision["proposal_id"] = items[1]["proposal_id"].clone();
    let moved = decide(&world, &path, &decision).await.expect(200);
    assert_eq!(moved["agency_id"], third.id.as_str());
    // The other still waits, with another version, since it would move her from another agency now.
    let mut stale = decision_on(&items[0]["version"], "approve");
    stale["proposal_id"] = items[0]["proposal_id"].clone();
    let stale = decide(&world, &path, &stale).await;
    stale.expect_problem(409, "changed-since");
    world
        .review_proposal(id, "reject", &second.id)
        .await
        .expect(200);
    let told = world.read_worker(&second_desk, id).await.expect(200);
    assert_eq!(told["status"], "rejected");
    assert!(!told.to_string().contains(&third.id));
}

#[tokio::test]
async fn no_approval_of_before_counts_for_who_comes_back_after_her_data_was_erased() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let path = format!("/v1/workers/{}", text(id));
    world.put_photo(&desk, id).await;
    let authority = world.authority().await;
    let shown = world.read_worker(&authority, id).await.expect(200);
    let mut approve = decision_on(&shown["version"], "approve");
    approve["phone_confirmed"] = json!(true);
    decide(&world, &path, &approve).await.expect(200);
    let erase = world
        .call("POST", &format!("{path}/erase"))
        .token(&authority);
    let erase = erase.json(&json!({ "reason": "she asked for it" }));
    erase.send().await.expect(200);

    world.advance(std::time::Duration::from_secs(1)).await;
    let (_, other) = with_agency(&world).await;
    let mut anew = registration(&world);
    anew["id_number"] = sent["id_number"].clone();
    anew["consent"]["given_at"] = json!(world.now().to_rfc3339());
    let again = world.send_worker(&other, "anew", &anew).await.expect(201);
    assert_eq!(again["worker_id"], *id);
    let put = world.put_photo(&other, id).await;
    assert_eq!(put["status"], "pending");
    let unseen = decide(&world, &path, &approve).await;
    unseen.expect_problem(409, "changed-since");
    let no_session = world.worker_session(&anew["phone"]).await;
    no_session.expect_problem(401, "bad-credentials");
}

/// Whatever it asks, an agency cannot tell whether somebody whom it has registered works elsewhere.
#[tokio::test]
async fn a_proposal_is_answered_as_a_registration_is() {
    let world = World::empty().await;
    let (_, employer) = with_agency(&world).await;
    let (sent, worker) = world.new_worker(&employer).await;
    let employed = &worker["worker_id"];
    world.put_photo(&employer, employed).await;
    world.review_worker(employed, "approve").await.expect(200);
    world.badge_for(&employer, employed).await;
    // Another one was known, and has had her data erased.
    let (gone, erased) = world.new_worker(&employer).await;
    let erased = &erased["worker_id"];
    world.put_photo(&employer, erased).await;
    world.review_worker(erased, "approve").await.expect(200);
    world.badge_for(&employer, erased).await;
    let authority = world.authority().await;
    let erase = format!("/v1/workers/{}/erase", text(erased));
    let erase = world.call("POST", &erase).token(&authority);
    let erase = erase.json(&json!({ "reason": "she asked for it" }));
    erase.send().await.expect(200);
    world.advance(std::time::Duration::from_secs(1)).await;

    let (_, desk) = with_agency(&world).await;
    let fresh = registration(&world);
    let answers = async |body: &Value| {
        let key = text(&body["phone"]);
        let mut answers = Vec::new();
        let registered = world.send_worker(&desk, key, body).await;
        let id = registered.body["worker_id"].clone();
        let path = format!("/v1/workers/{}", text(&id));
        answers.push(registered);
        // What a source says of her is not for an agency that she does not work for.
        let said =
            json!({ "section": "identity", "state": "clear", "as_of": world.now().to_rfc3339() });
        let authority = world.authority().await;
        let recorded = world.call("POST", &format!("{path}/sections"));
        let recorded = recorded.token(&authority).json(&said);
        recorded.send().await.expect(200);
        answers.push(world.send_worker(&desk, key, body).await);
        answers.push(world.read_worker(&desk, &id).await);
        let call = |method, path: &str| world.call(method, path).token(&desk);
        answers.push(call("GET", &format!("{path}/photo")).send().await);
        let put = call("PUT", &format!("{path}/photo")).raw("image/jpeg", photo());
        answers.push(put.send().await);
        answers.push(call("GET", &format!("{path}/trace")).send().await);
        let change = json!({ "skills": ["cooking"] });
        answers.push(call("PATCH", &path).json(&change).send().await);
        let temperature = json!({
            "section": "body_temperature", "state": "clear", "as_of": world.now().to_rfc3339(),
        });
        let sections = call("POST", &format!("{path}/sections"));
        answers.push(sections.json(&temperature).send().await);
        let complaints = call("POST", &format!("{path}/complaints")).key("k");
        answers.push(complaints.json(&json!({ "reason": "late" })).send().await);
        let badges = call("POST", &format!("{path}/badges")).key("k");
        answers.push(badges.json(&json!({})).send().await);
        answers.push(call("GET", &format!("{path}/badges")).send().await);
        answers.push(call("GET", &format!("{path}/calendar")).send().await);
        let free = call("PUT", &format!("{path}/availability"));
        answers.push(free.json(&json!({ "leave": [] })).send().await);
        let leave = call("POST", &format!("{path}/leave"));
        answers.push(leave.json(&json!({ "reason": "no work" })).send().await);
        let listed = call("GET", "/v1/workers").send().await.expect(200);
        let listed = listed["items"].as_array().expect("items").clone();
        let listed = listed.into_iter().find(|item| item["worker_id"] == id);
        let alike = answers.into_iter().map(|mut answer| {
            for own in ["registered_at", "name", "phone", "id_number"] {
                answer.body[own].take();
            }
            answer.body["consent"]["given_at"].take();
            (
                answer.status,
                answer.body.to_string().replace(text(&id), "ID"),
            )
        });
        let alike: Vec<_> = alike.collect();
        (alike, listed.expect("it is listed")["status"].clone())
    };
    let mut known = registration(&world);
    known["id_number"] = sent["id_number"].clone();
    let expected = answers(&fresh).await;
    assert_eq!(answers(&known).await, expected);
    known = registration(&world);
    known["id_number"] = gone["id_number"].clone();
    assert_eq!(answers(&known).await, expected);
}

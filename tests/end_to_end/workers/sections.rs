//! Sections recorded by hand, complaints, and what several sources come to.

use super::*;

#[tokio::test]
async fn sections_are_recorded_by_hand_by_those_who_may() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (_, other) = with_agency(&world).await;
    let (_, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    world.review_worker(id, "approve").await.expect(200);
    let path = format!("/v1/workers/{}/sections", text(id));
    let now = world.now().to_rfc3339();
    let record = |token: String, section: &'static str| {
        let body =
            json!({ "section": section, "state": "clear", "as_of": now, "reference": "W-17" });
        world.call("POST", &path).token(&token).json(&body).send()
    };
    let state = |seen: &Value, section: &str| {
        let sections = seen["sections"].as_array().expect("nine");
        let found = sections.iter().find(|found| found["section"] == section);
        found.expect("the section")["state"].clone()
    };
    for _ in 0..2 {
        let seen = record(desk.clone(), "body_temperature").await.expect(200);
        assert_eq!(state(&seen, "body_temperature"), "clear");
    }
    record(desk.clone(), "identity")
        .await
        .expect_problem(403, "forbidden");
    record(other, "body_temperature")
        .await
        .expect_problem(404, "not-found");
    let authority = world.authority().await;
    let seen = record(authority.clone(), "identity").await.expect(200);
    assert_eq!(state(&seen, "identity"), "clear");
    // An insurance without an end would be valid for ever.
    let answer = record(authority, "personal_insurance").await;
    assert_eq!(
        (answer.status, answer.pointers()),
        (422, vec!["/valid_until".to_owned()])
    );
    let path = format!("/v1/workers/{}/complaints", text(&worker["worker_id"]));
    let complain = |reason: &'static str| {
        let call = world.call("POST", &path).token(&desk).key("c");
        call.json(&json!({ "reason": reason })).send()
    };
    let first = complain("late").await.expect(201);
    assert_eq!(complain("late").await.expect(201), first);
    complain("rude")
        .await
        .expect_problem(422, "idempotency-key-reused");
}

/// What one source said long ago does not lie over what another says now.
#[tokio::test]
async fn one_sources_lapsed_word_does_not_outweigh_anothers_fresh_one() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let authority = world.authority().await;
    let path = format!("/v1/workers/{}/sections", worker.id);
    let ago = |hours: u32| (world.now() - Duration::from_secs(3_600) * hours).to_rfc3339();
    let record = |section: &str, state: &str, hours: u32, until: Option<String>| {
        let body = json!({ "section": section, "state": state, "as_of": ago(hours), "valid_until": until });
        world
            .call("POST", &path)
            .token(&authority)
            .json(&body)
            .send()
    };
    let over = Some(ago(24));
    let holds = Some(world.in_future(Duration::from_secs(86_400)));
    for (section, state, hours, until, expected) in [
        ("dishonesty", "clear", 25, None, "clear"),
        ("personal_insurance", "clear", 300, over, "clear"),
        ("personal_insurance", "clear", 200, holds, "clear"),
        ("personal_insurance", "unknown", 100, None, "clear"),
        ("dishonesty", "flagged", 25, None, "flagged"),
        ("dishonesty", "withheld", 24, None, "withheld"),
        ("dishonesty", "clear", 24, None, "clear"),
    ] {
        let seen = record(section, state, hours, until).await.expect(200);
        let sections = seen["sections"].as_array().expect("nine");
        let found = sections.iter().find(|found| found["section"] == section);
        let found = found.expect("the section");
        assert_eq!(found["state"], expected, "{section} {state} {hours} h ago");
    }
    let older = record("dishonesty", "flagged", 26, None).await;
    older.expect_problem(409, "conflict");
}

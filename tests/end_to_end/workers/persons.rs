//! Who can be registered: ages, consents, skills, names.

use super::*;

/// A registration of somebody who has her birthday this many days from today, and is then so old.
fn of_age(world: &World, days: u64, age: i16) -> Value {
    let mut birthday = (world.now() + days as u32 * Duration::from_secs(86_400)).date();
    if (birthday.month(), birthday.day()) == (2, 29) {
        birthday = birthday.tomorrow().expect("a day");
    }
    let born = format!(
        "{:04}{:02}{:02}",
        birthday.year() - age,
        birthday.month(),
        birthday.day()
    );
    let serial = world.unique() % 1_000;
    let number = IdNumber::complete(&format!("230102{born}{serial:03}"));
    let mut body = registration(world);
    body["id_number"] = json!(number.expect("a number").as_str());
    body
}

#[tokio::test]
async fn who_is_too_young_or_too_old_is_not_registered() {
    let world = World::empty().await;
    let (agency, desk) = with_agency(&world).await;
    for (body, pointers) in [
        (of_age(&world, 0, 18), vec![]),
        (of_age(&world, 0, 70), vec![]),
        (of_age(&world, 1, 18), vec!["/id_number"]),
        (of_age(&world, 0, 71), vec!["/id_number"]),
        (of_age(&world, 0, 3), vec!["/id_number"]),
        (of_age(&world, 5, 0), vec!["/id_number"]),
    ] {
        let key = format!("age-{}", world.unique());
        let answer = world.send_worker(&desk, &key, &body).await;
        assert_eq!(answer.pointers(), pointers, "{}", answer.body);
        assert_eq!(answer.status, if pointers.is_empty() { 201 } else { 422 });
    }
    // Who was registered in time is found again by a repeat, however old she is by then.
    let body = of_age(&world, 1, 71);
    let first = world.send_worker(&desk, "k", &body).await.expect(201);
    world.advance(Duration::from_secs(3 * 86_400)).await;
    let desk = world.desk(&agency).await;
    assert_eq!(
        world.send_worker(&desk, "k", &body).await.expect(201),
        first
    );
    let again = world.send_worker(&desk, "l", &body).await;
    assert_eq!(again.pointers(), ["/id_number"]);
}

#[tokio::test]
async fn consent_and_skills_are_what_they_can_be() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let ago = |days: u32| (world.now() - days * Duration::from_secs(86_400)).to_rfc3339();
    for (given_at, is_taken) in [(ago(729), true), (ago(733), false)] {
        let mut body = registration(&world);
        body["consent"]["given_at"] = json!(given_at);
        let answer = world.send_worker(&desk, &given_at, &body).await;
        assert_eq!(answer.status == 201, is_taken, "{}", answer.body);
        if !is_taken {
            assert_eq!(answer.pointers(), ["/consent/given_at"]);
        }
    }
    let mut body = registration(&world);
    body["skills"] = json!(["cleaning", "deep_cleaning", "live_in"]);
    let answer = world.send_worker(&desk, "k", &body).await;
    assert_eq!(answer.pointers(), ["/skills/1", "/skills/2"]);
    let words = "deep_cleaning is no approved service of this agency";
    assert_eq!(answer.body["errors"][0]["detail"], words);

    // Nor can she get them later, or a consent from before she was of age.
    let mut body = of_age(&world, 0, 18);
    body["consent"]["given_at"] = json!(world.now().to_rfc3339());
    let worker = world.send_worker(&desk, "l", &body).await.expect(201);
    let path = format!("/v1/workers/{}", text(&worker["worker_id"]));
    let old = json!({ "text_version": "2026-01", "given_at": ago(2) });
    for (change, pointer) in [
        (json!({ "skills": ["live_in"] }), "/skills/0"),
        (json!({ "consent": old }), "/consent/given_at"),
        (json!({ "name": "\u{202e}张丽" }), "/name"),
        (json!({ "name": "张丽1" }), "/name"),
    ] {
        let call = world.call("PATCH", &path).token(&desk).json(&change);
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.pointers()),
            (422, vec![pointer.to_owned()])
        );
    }
}

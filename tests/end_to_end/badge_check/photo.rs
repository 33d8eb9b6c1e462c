//! The worker's photo is shown to the customer at whose door she stands, and to nobody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

#[tokio::test]
async fn a_match_shows_her_photo_and_nothing_else_at_the_door_does() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", 5 * HOUR).await;
    let impostor = world.cleared_worker(&agency, &["cleaning"]).await;
    let theirs = badge_of(&world, &agency, &impostor).await;
    let desk = world.desk(&agency).await;
    for id in [&worker.id, &impostor.id] {
        world
            .call("PUT", &format!("/v1/workers/{id}/photo"))
            .token(&desk)
            .raw("image/jpeg", crate::workers::photo())
            .send()
            .await
            .expect(200);
    }
    let url = format!(
        "{}/v1/workers/{}/photo",
        world.platform.base_url(),
        worker.id
    );
    let stored = world.client.get(url).bearer_auth(&desk).send().await;
    let stored = stored.expect("an answer").bytes().await.expect("a photo");
    let encoded = STANDARD.encode(&stored);

    // Hours before the visit, when the scan begins it, and afterwards; by the printed badge and by her phone.
    let shown_by = async |token: &str| {
        let seen = scan(&world, &order, token).await.expect(200);
        assert_eq!(seen["result"], "match");
        let url = seen["badge"]["photo"].as_str().expect("a photo").to_owned();
        url.strip_prefix("data:image/jpeg;base64,")
            .expect("a JPEG in the answer itself")
            .to_owned()
    };
    assert!(shown_by(&badge.token).await == encoded);
    world.advance(4 * HOUR).await;
    let phone = code(&world, &badge, 0);
    assert!(shown_by(&phone).await == encoded);
    assert_eq!(status(&world, &order).await, "in_service");
    assert!(shown_by(&badge.token).await == encoded);

    // No other answer about the badge or the order has it.
    let desk = world.desk(&agency).await;
    let customer = world.customer("demo-customer-1").await;
    let other = world.customer("demo-customer-2").await;
    let check = async |who: &str, token: &str| {
        let path = format!("/v1/orders/{}/badge-check", order.id);
        let call = world.call("POST", &path).token(who);
        call.json(&json!({ "token": token })).send().await
    };
    let page = format!("/b/{}", badge.token);
    let badge_page = world
        .call("GET", &page)
        .header("accept", "application/json");
    let badge_page = badge_page.send();
    let mut answers = vec![
        check(&other, &badge.token).await.body,
        check(&customer, &theirs.token).await.body,
        check(&customer, &code(&world, &badge, -90)).await.body,
        badge_page.await.body,
        world.order(&customer, &order.id).await,
        world.order(&desk, &order.id).await,
    ];
    world
        .change_worker(&worker.id, |worker| worker.standing = Standing::Suspended)
        .await;
    answers.push(check(&customer, &badge.token).await.body);
    assert_eq!(answers[1]["result"], "mismatch");
    assert_eq!(answers[2]["result"], "invalid");
    assert_eq!(answers[6]["result"], "suspended");
    for answer in answers {
        let text = answer.to_string();
        assert!(!text.contains("data:image"), "{text}");
        assert!(!text.contains(&encoded[..64]), "{text}");
    }
    // A customer cannot fetch it either.
    for token in [&customer, &other] {
        let path = format!("/v1/workers/{}/photo", worker.id);
        let asked = world.call("GET", &path).token(token).send().await;
        assert!([403, 404].contains(&asked.status), "{}", asked.status);
    }
}

/// A photo of the printed code, on a grey table.
async fn photographed(world: &World, agency: &Agency, badge: &Printed) -> Vec<u8> {
    let desk = world.desk(agency).await;
    let url = format!(
        "{}/v1/badges/{}/qr.png",
        world.platform.base_url(),
        badge.id
    );
    let printed = world.client.get(url).bearer_auth(desk).send().await;
    let printed = printed.expect("an answer").bytes().await.expect("a code");
    let code = image::load_from_memory(&printed)
        .expect("a PNG")
        .into_luma8();
    let mut table = image::GrayImage::from_pixel(1_200, 900, image::Luma([140]));
    image::imageops::overlay(&mut table, &code, 200, 100);
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let written = table.write_to(&mut jpeg, image::ImageFormat::Jpeg);
    written.expect("a JPEG");
    jpeg.into_inner()
}

#[tokio::test]
async fn a_photo_of_the_badge_is_as_good_as_a_scan() {
    let world = World::empty().await;
    let (agency, _, badge, order) = staffed(&world, "cleaning", 5 * HOUR).await;
    let impostor = world.cleared_worker(&agency, &["cleaning"]).await;
    let theirs = badge_of(&world, &agency, &impostor).await;
    let path = format!("/v1/orders/{}/badge-check", order.id);
    let show = async |code: &str, photo: Vec<u8>| {
        let customer = world.customer(code).await;
        let call = world.call("POST", &path).token(&customer);
        call.raw("image/jpeg", photo).send().await
    };
    let hers = photographed(&world, &agency, &badge).await;
    let seen = show("demo-customer-1", hers.clone()).await.expect(200);
    assert_eq!(seen["result"], "match");
    let other = photographed(&world, &agency, &theirs).await;
    let seen = show("demo-customer-1", other).await.expect(200);
    assert_eq!(
        (&seen["result"], &seen["badge"]),
        (&json!("mismatch"), &Value::Null)
    );

    let stranger = show("demo-customer-2", hers).await;
    stranger.expect_problem(404, "not-found");
    let face = show("demo-customer-1", crate::workers::photo()).await;
    assert_eq!(face.pointers(), [""]);
    let refused = face.expect_problem(422, "invalid");
    assert!(
        refused["errors"][0]["detail"]
            .as_str()
            .is_some_and(|words| words.contains("no QR code"))
    );
    let large = show("demo-customer-1", vec![0xff; 2 * 1024 * 1024 + 1]).await;
    large.expect_problem(413, "too-large");
}

//! There is exactly one claim, and every other agency is told the true reason.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::agency::Decision;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::operator::Operator;
use crate::world::{Agency, CENTRE, World, moved};

/// Approved agencies within the radius, each with its session and its claim token.
async fn contenders(world: &World, count: usize) -> Vec<(Agency, String, String)> {
    let agencies = approved(world, count).await;
    let mut all = Vec::new();
    for agency in agencies {
        let desk = world.desk(&agency).await;
        all.push((agency, desk, String::new()));
    }
    all
}

async fn approved(world: &World, count: usize) -> Vec<Agency> {
    let mut agencies = Vec::new();
    for i in 0..count {
        let place = moved(
            CENTRE,
            (i % 20) as f64 * 100.0 - 1_000.0,
            (i / 20) as f64 * 100.0 - 800.0,
        );
        let agency = world.register(&["cleaning"], &[place]).await;
        world.review(&agency, "approve").await.expect(200);
        agencies.push(agency);
    }
    world.drain().await;
    agencies
}

async fn take_offers(world: &World, all: &mut [(Agency, String, String)], id: &str) {
    let offers = join_all(all.iter().map(|(_, desk, _)| world.offer(desk, id))).await;
    for ((_, _, token), offer) in all.iter_mut().zip(offers) {
        *token = offer["claim_token"]
            .as_str()
            .expect("a claim token")
            .to_owned();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_300_agencies_that_grab_at_once_exactly_one_wins() {
    exactly_one_wins(300).await;
}

/// These agencies grab one order at once: one gets it, all others are told that it is taken.
pub async fn exactly_one_wins(count: usize) {
    let world = World::empty().await;
    let mut all = contenders(&world, count).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id").to_owned();
    world.drain().await;
    take_offers(&world, &mut all, &id).await;

    // The order's message comes a second time while they grab.
    let operator = Operator::of(&world).await;
    let again = operator.repeat_fan_out(&world, &order);
    let (answers, _) = futures::join!(
        join_all(
            all.iter()
                .map(|(_, desk, token)| world.grab(desk, &id, token))
        ),
        again
    );
    let mut counts: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for answer in &answers {
        *counts
            .entry((answer.status, answer.slug().to_owned()))
            .or_default() += 1;
    }
    let expected = BTreeMap::from([
        ((200, String::new()), 1),
        ((409, "order-taken".to_owned()), count - 1),
    ]);
    assert_eq!(counts, expected);

    let winner = answers
        .iter()
        .position(|a| a.status == 200)
        .expect("a winner");
    let seen = world.order(&customer, &id).await;
    assert_eq!(seen["claim"]["agency_id"], all[winner].0.id.as_str());
    let (_, desk, token) = &all[winner];
    let repeat = world.grab(desk, &id, token).await.expect(200);
    assert_eq!(
        repeat["claim"], seen["claim"],
        "the winner's repeat gets its claim again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grabs_against_the_deadline_and_the_customers_cancel_end_in_one_state() {
    for round in 0..4_u64 {
        let world = World::empty().await;
        let mut all = contenders(&world, 30).await;
        // If nobody grabs it in time, there is somebody to assign.
        world.cleared_worker(&all[0].0, &["cleaning"]).await;
        let customer = world.customer("demo-customer-1").await;
        let order = world.place(&customer, &world.cleaning(CENTRE)).await;
        let id = order["order_id"].as_str().expect("an id").to_owned();
        world.drain().await;
        take_offers(&world, &mut all, &id).await;
        if round % 2 == 0 {
            // The deadline passes while they grab.
            world.skip(Duration::from_millis(179_990));
        }
        let cancel = async {
            if round >= 2 {
                let path = format!("/v1/orders/{id}/cancel");
                let reason = json!({ "reason": "changed my mind" });
                Some(
                    world
                        .call("POST", &path)
                        .token(&customer)
                        .json(&reason)
                        .send()
                        .await,
                )
            } else {
                None
            }
        };
        // By the platform's clock the sessions may have expired: take new ones.
        let desks = join_all(all.iter().map(|(agency, _, _)| world.desk(agency))).await;
        let grabs = join_all(
            desks
                .iter()
                .zip(&all)
                .map(|(desk, (_, _, token))| world.grab(desk, &id, token)),
        );
        let (answers, cancelled) = futures::join!(grabs, cancel);
        let winners = answers.iter().filter(|a| a.status == 200).count();
        assert!(winners <= 1, "{winners} winners");
        world.drain().await;
        let seen = world
            .order(&world.customer("demo-customer-1").await, &id)
            .await;
        let status = seen["status"].as_str().expect("a status");
        if let Some(answer) = cancelled {
            assert_eq!((answer.status, status), (200, "cancelled"));
        } else {
            assert_eq!(status, "claimed");
        }
        for answer in answers.iter().filter(|a| a.status != 200) {
            assert!(
                ["order-taken", "order-cancelled", "grab-window-closed"].contains(&answer.slug()),
                "a loser was told {} {}",
                answer.status,
                answer.body
            );
        }
        let claims = seen["timeline"]
            .as_array()
            .expect("lines")
            .iter()
            .filter(|line| line["what"] == "claimed" || line["what"] == "assigned")
            .count();
        assert!(
            claims <= 1,
            "at most one claim in an epoch: {}",
            seen["timeline"]
        );
    }
}

#[tokio::test]
async fn each_losing_reason_is_told_apart_in_its_order() {
    let world = World::empty().await;
    let agencies = approved(&world, 3).await;
    let far = world
        .agency(&["cleaning"], &[moved(CENTRE, 7_000.0, 0.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id").to_owned();
    world.drain().await;
    let mut desks = Vec::new();
    for agency in agencies.iter().chain([&far]) {
        desks.push(world.desk(agency).await);
    }
    let token = |offer: Value| {
        offer["claim_token"]
            .as_str()
            .expect("a claim token")
            .to_owned()
    };
    let tokens = [
        token(world.offer(&desks[0], &id).await),
        token(world.offer(&desks[1], &id).await),
        token(world.offer(&desks[2], &id).await),
    ];
    assert!(
        world.all_offers(&desks[3]).await.is_empty(),
        "7 km away is not offered"
    );

    // Forged, cut, somebody else's, for an order that does not exist: all get the same answer.
    for bad in [
        "",
        "x",
        &tokens[1],
        &tokens[0][1..],
        &format!("{}A", tokens[0]),
    ] {
        world
            .grab(&desks[0], &id, bad)
            .await
            .expect_problem(403, "not-offered");
    }
    world
        .grab(&desks[0], "ord_00000000000000000000000000", &tokens[0])
        .await
        .expect_problem(403, "not-offered");

    // That the agency is suspended is told before that the order is taken.
    world.review(&agencies[2], "suspend").await.expect(200);
    world
        .grab(&desks[2], &id, &tokens[2])
        .await
        .expect_problem(403, "agency-not-approved");
    world.grab(&desks[0], &id, &tokens[0]).await.expect(200);
    world
        .grab(&desks[1], &id, &tokens[1])
        .await
        .expect_problem(409, "order-taken");
    world
        .grab(&desks[2], &id, &tokens[2])
        .await
        .expect_problem(403, "agency-not-approved");
    // This holds for the winner's repeat too.
    world.stand(&agencies[0], Decision::Suspend).await;
    world
        .grab(&desks[0], &id, &tokens[0])
        .await
        .expect_problem(403, "agency-not-approved");
    world.stand(&agencies[0], Decision::Reinstate).await;
    world.grab(&desks[0], &id, &tokens[0]).await.expect(200);

    world
        .call("POST", &format!("/v1/orders/{id}/cancel"))
        .token(&customer)
        .json(&json!({ "reason": "not needed" }))
        .send()
        .await
        .expect(200);
    world
        .grab(&desks[1], &id, &tokens[1])
        .await
        .expect_problem(410, "order-cancelled");
    // A customer cannot grab.
    world
        .grab(&customer, &id, &tokens[0])
        .await
        .expect_problem(403, "forbidden");
}

//! Which ratings count for an agency's stars.

use super::*;

/// What a customer says of who lives where, and how long the visit lasts.
struct Visit {
    code: &'static str,
    phone: &'static str,
    address: &'static str,
    lasts: Duration,
}

impl Visit {
    /// Has it, gives five stars, and says whether they count.
    async fn rated(&self, world: &World, agency: &Agency, worker: &Hired, badge: &Printed) -> bool {
        let mut order = world.cleaning(CENTRE);
        order["start_at"] = json!(world.in_future(HOUR));
        order["contact"]["phone"] = json!(self.phone);
        order["address"] = json!(self.address);
        let customer = world.customer(self.code).await;
        let placed = world.place(&customer, &order).await;
        let id = placed["order_id"].as_str().expect("an id").to_owned();
        world.drain().await;
        let desk = world.desk(agency).await;
        let offer = world.offer(&desk, &id).await;
        let token = offer["claim_token"].as_str().expect("a token");
        world.grab(&desk, &id, token).await.expect(200);
        let order = Claimed {
            agency: agency.clone(),
            id,
        };
        staff(world, &order, &worker.id).await.expect(200);
        let act = async |what: &str, body: Value| {
            let customer = world.customer(self.code).await;
            let call = world.call("POST", &format!("/v1/orders/{}/{what}", order.id));
            call.token(&customer).json(&body).send().await.expect(200)
        };
        let checked = act("badge-check", json!({ "token": badge.token })).await;
        assert_eq!(checked["result"], "match");
        world.advance(self.lasts).await;
        act("complete", json!({})).await;
        let rated = act("rating", json!({ "stars": 5, "comment": "好" })).await;
        let again = act("rating", json!({ "stars": 5, "comment": "好" })).await;
        assert_eq!(again["rating"], rated["rating"]);
        // It is shown to the agency either way.
        let desk = world.desk(agency).await;
        let seen = world.order(&desk, &order.id).await;
        assert_eq!(seen["rating"], rated["rating"]);
        assert_eq!(seen["rating"]["comment"], "好");
        rated["rating"]["counts"].as_bool().expect("yes or no")
    }
}

#[tokio::test]
async fn a_friend_with_three_accounts_gives_one_rating_of_a_visit_that_took_place() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let badge = badge_of(&world, &agency, &worker).await;
    let home = "道里区中央大街 100 号 3 单元 502";
    let first = Visit {
        code: "demo-customer-1",
        phone: "13912345678",
        address: home,
        // Of two hours that are booked.
        lasts: 59 * MINUTE,
    };
    assert!(!first.rated(&world, &agency, &worker, &badge).await);
    let long = Visit {
        lasts: 61 * MINUTE,
        ..first
    };
    assert!(long.rated(&world, &agency, &worker, &badge).await);
    assert!(!long.rated(&world, &agency, &worker, &badge).await);
    let elsewhere = "道里区中央大街 7 号";
    for (code, phone, address, counts) in [
        ("demo-customer-1", "13912345679", elsewhere, false),
        ("demo-customer-2", "139 1234 5678", elsewhere, false),
        (
            "demo-customer-2",
            "13912345679",
            "道里区中央大街100号3单元502",
            false,
        ),
        ("demo-customer-2", "13912345679", elsewhere, true),
    ] {
        let visit = Visit {
            code,
            phone,
            address,
            ..long
        };
        let rated = visit.rated(&world, &agency, &worker, &badge).await;
        assert_eq!(rated, counts, "{code} {phone} {address}");
    }
    world.drain().await;
    let counted = stats(&world, &agency).await;
    assert_eq!(
        (counted.stars_sum, counted.stars_count, counted.completed),
        (10, 2, 7)
    );
}

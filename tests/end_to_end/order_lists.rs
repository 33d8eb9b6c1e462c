//! Lists of orders, as desks and customers work with them.

use std::time::Duration;

use domain::time::Millis;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::staffing::{Claimed, staff};
use crate::world::{CENTRE, World, moved};

const HOUR: Duration = Duration::from_secs(3_600);

async fn get(world: &World, token: &str, path: &str, held: Option<&str>) -> Answer {
    let call = world.call("GET", path).token(token);
    let call = match held {
        Some(held) => call.header("if-none-match", held),
        None => call,
    };
    call.send().await
}

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("text").to_owned()
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items").iter();
    items.filter_map(|item| item["order_id"].as_str()).collect()
}

#[tokio::test]
async fn a_desk_finds_its_orders_by_status_day_store_and_worker() {
    let world = World::empty().await;
    let north = moved(CENTRE, 3_000.0, 0.0);
    let agency = world.agency(&["cleaning"], &[CENTRE, north]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let customer = world.customer("demo-customer-1").await;
    let desk = world.desk(&agency).await;
    let mut orders = Vec::new();
    for (place, start_in) in [(CENTRE, 24 * HOUR), (north, 48 * HOUR), (CENTRE, 72 * HOUR)] {
        let mut order = world.cleaning(place);
        order["start_at"] = json!(world.in_future(start_in));
        let placed = world.place(&customer, &order).await;
        let id = placed["order_id"].as_str().expect("an id").to_owned();
        world.drain().await;
        let offer = world.offer(&desk, &id).await;
        let token = offer["claim_token"].as_str().expect("a token");
        world.grab(&desk, &id, token).await.expect(200);
        orders.push(Claimed {
            agency: agency.clone(),
            id,
        });
        world.skip(Duration::from_millis(10));
    }
    let [first, second, third] = [0, 1, 2].map(|n| orders[n].id.as_str());
    staff(&world, &orders[0], &worker.id).await.expect(200);
    let reason = json!({ "reason": "not needed" });
    let call = world.call("POST", &format!("/v1/orders/{second}/cancel"));
    call.token(&customer).json(&reason).send().await.expect(200);
    let call = world.call("POST", &format!("/v1/orders/{third}/release"));
    call.token(&desk).json(&reason).send().await.expect(200);
    world.drain().await;

    let all = get(&world, &desk, "/v1/orders?counts=true", None)
        .await
        .expect(200);
    // A claim that is lost counts from then on.
    assert_eq!(ids(&all), [third, second, first]);
    let [lost, cancelled, staffed] = [0, 1, 2].map(|n| &all["items"][n]);
    assert_eq!(lost["ended"]["reason"], "released");
    assert_eq!(cancelled["ended"]["reason"], "cancelled");
    assert_eq!(staffed["ended"], Value::Null);
    assert_eq!(
        staffed["worker"],
        json!({ "worker_id": worker.id, "name": worker.name })
    );
    assert_eq!(lost["worker"], Value::Null);
    assert_eq!(staffed["area"].as_str().map(str::len), Some(6));
    let counts = json!({
        "claimed": 0, "staffed": 1, "in_service": 0, "completed": 0, "rated": 0, "cancelled": 1, "lost": 1, "exact": true,
    });
    assert_eq!(all["counts"], counts);
    let alone = get(&world, &desk, &format!("/v1/orders/{third}"), None)
        .await
        .expect(200);
    assert_eq!(alone["ended"], lost["ended"]);

    let own = get(&world, &desk, &format!("/v1/agencies/{}", agency.id), None)
        .await
        .expect(200);
    let store_at = |place: (f64, f64)| {
        let mut stores = own["stores"].as_array().expect("stores").iter();
        let near = |store: &&Value| {
            let lat = store["location"]["lat"].as_f64().expect("a latitude");
            (lat - place.0).abs() < 0.001
        };
        stores.find(near).expect("a store")["store_id"]
            .as_str()
            .expect("an id")
    };
    let day = |later: Duration| (Millis(world.now().0) + later).date().to_string();
    let (tomorrow, next, home) = (day(24 * HOUR), day(48 * HOUR), store_at(CENTRE));
    for (query, expected) in [
        ("status=staffed".to_owned(), vec![first]),
        ("status=lost".to_owned(), vec![third]),
        ("status=claimed".to_owned(), vec![]),
        (format!("day={tomorrow}"), vec![first]),
        (format!("day={next}"), vec![second]),
        (format!("store_id={home}"), vec![third, first]),
        (format!("store_id={}", store_at(north)), vec![second]),
        (format!("worker_id={}", worker.id), vec![first]),
        (format!("store_id={home}&status=lost"), vec![third]),
        (format!("day={next}&worker_id={}", worker.id), vec![]),
    ] {
        let path = format!("/v1/orders?{query}");
        let page = get(&world, &desk, &path, None).await.expect(200);
        assert_eq!(
            (ids(&page), &page["counts"]),
            (expected, &Value::Null),
            "{query}"
        );
    }
    // Page by page it is the same.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/orders?store_id={home}&limit=1&cursor={cursor}");
        let page = get(&world, &desk, &path, None).await.expect(200);
        paged.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, [third, first]);

    let own = get(&world, &customer, "/v1/orders?status=cancelled", None)
        .await
        .expect(200);
    assert_eq!(ids(&own), [second]);
    assert_eq!(own["items"][0]["store_id"], Value::Null);
    let path = format!("/v1/orders?day={tomorrow}");
    let own = get(&world, &customer, &path, None).await.expect(200);
    assert_eq!(ids(&own), [first]);
    assert_eq!(own["items"][0]["worker"], Value::Null);
    for (token, query) in [
        (&customer, "worker_id=1"),
        (&customer, "counts=true"),
        (&desk, "day=tomorrow"),
        (&desk, "status=gone"),
        (&desk, "store_id=1"),
        (&desk, "counts=1"),
    ] {
        let path = format!("/v1/orders?{query}");
        let answer = get(&world, token, &path, None).await;
        answer.expect_problem(400, "malformed");
    }
}

#[tokio::test]
async fn who_asks_again_is_told_only_what_is_new() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let order = crate::staffing::claimed(&world, &agency, "cleaning", 24 * HOUR).await;
    staff(&world, &order, &worker.id).await.expect(200);
    let customer = world.customer("demo-customer-1").await;
    let paths = ["/v1/orders".to_owned(), format!("/v1/orders/{}", order.id)];
    let mut held = Vec::new();
    for path in &paths {
        let answer = get(&world, &customer, path, None).await;
        held.push(etag(&answer));
        answer.expect(200);
    }
    // The worker is looked at anew each time, and that alone is no news.
    world.skip(Duration::from_secs(5));
    for (path, held) in paths.iter().zip(&held) {
        let answer = get(&world, &customer, path, Some(held)).await;
        assert_eq!(
            (answer.status, etag(&answer)),
            (304, held.clone()),
            "{path}"
        );
    }
    let call = world.call("POST", &format!("/v1/orders/{}/cancel", order.id));
    let call = call
        .token(&customer)
        .json(&json!({ "reason": "not needed" }));
    call.send().await.expect(200);
    for (path, held) in paths.iter().zip(&held) {
        let answer = get(&world, &customer, path, Some(held)).await;
        assert_ne!(etag(&answer), *held, "{path}");
        answer.expect(200);
    }
}

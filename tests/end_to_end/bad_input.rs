//! Bad input: a clear problem that names every fault at once, and nothing stored.

use serde_json::{Value, json};

use crate::contract;
use crate::world::{CENTRE, World, registration};

/// Puts `value` at `pointer`, or takes the field away if it is `None`.
fn with(mut body: Value, pointer: &str, value: Option<Value>) -> Value {
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let object = body
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("an object");
    match value {
        Some(value) => object.insert(field.to_owned(), value),
        None => object.remove(field),
    };
    body
}

#[tokio::test]
async fn every_fault_of_an_order_is_named_and_nothing_is_stored() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let good = world.cleaning(CENTRE);
    let past = world.now().to_rfc3339();
    let beyond = world.in_future(std::time::Duration::from_secs(61 * 86_400));
    let faults: Vec<(&str, Option<Value>)> = vec![
        ("/location/datum", None),
        ("/location/datum", Some(json!("bd09"))),
        ("/location/lat", Some(json!(91))),
        ("/location/lat", Some(json!(75.1))),
        ("/location/lat", Some(json!("NaN"))),
        ("/location/lat", Some(Value::Null)),
        ("/location/lon", Some(json!(-180.5))),
        ("/start_at", Some(json!(past))),
        ("/start_at", Some(json!(beyond))),
        ("/start_at", Some(json!("tomorrow"))),
        ("/start_at", Some(json!("2030-01-01T10:00:00"))),
        ("/duration_min", Some(json!(0))),
        ("/duration_min", Some(json!(25 * 60))),
        ("/duration_min", Some(json!(-5))),
        ("/duration_min", Some(json!(1.5))),
        ("/service", Some(json!("gardening"))),
        ("/service", None),
        ("/address", Some(json!(""))),
        ("/address", Some(json!("x".repeat(2_000)))),
        ("/contact", None),
        ("/contact/phone", Some(json!("12345678901"))),
        ("/contact/phone", Some(json!("1391234567"))),
        ("/contact/name", Some(json!(""))),
        ("/budget_fen", Some(json!(-1))),
        ("/budget_fen", Some(json!(10.5))),
        ("/notes", Some(json!(["a"]))),
        ("/colour", Some(json!("green"))),
        ("/contact/fax", Some(json!("1"))),
    ];
    for (pointer, value) in faults {
        let body = with(good.clone(), pointer, value.clone());
        let answer = world
            .call("POST", "/v1/orders")
            .token(&customer)
            .key("bad")
            .json(&body)
            .send()
            .await;
        assert_eq!(
            answer.pointers(),
            [pointer],
            "{value:?} answered {}",
            answer.body
        );
        // A client that reads the contract knows it too, except what depends on the clock.
        let is_late = [json!(past), json!(beyond)]
            .iter()
            .any(|time| Some(time) == value.as_ref());
        let described = contract::faults("POST", "/v1/orders", &body);
        assert_eq!(described.is_empty(), is_late, "{body}");
        let body = answer.expect_problem(422, "invalid");
        if pointer == "/location/datum" && value.is_some() {
            assert_eq!(body["errors"][0]["detail"], "must be one of wgs84, gcj02");
        }
    }
    // All at once.
    let mut all = with(good.clone(), "/location/datum", None);
    all = with(all, "/duration_min", Some(json!(0)));
    all = with(all, "/contact/phone", Some(json!("1")));
    all = with(all, "/colour", Some(json!("green")));
    let answer = world
        .call("POST", "/v1/orders")
        .token(&customer)
        .key("bad")
        .json(&all)
        .send()
        .await;
    assert_eq!(
        answer.pointers(),
        [
            "/colour",
            "/contact/phone",
            "/duration_min",
            "/location/datum"
        ]
    );
    let faults = json!([
        { "pointer": "/duration_min", "detail": "必须在 30 与 1440 之间" },
        { "pointer": "/contact/phone", "detail": "必须是 11 位手机号，如 13912345678" },
        { "pointer": "/location/datum", "detail": "必填" },
        { "pointer": "/colour", "detail": "不是已知的字段" },
    ]);
    let call = world.call("POST", "/v1/orders").token(&customer).key("bad");
    let call = call.header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8");
    let answer = call.json(&all).send().await;
    assert_eq!(answer.headers["content-language"], "zh-CN");
    let body = answer.expect_problem(422, "invalid");
    assert_eq!(
        (&body["title"], &body["detail"]),
        (&json!("请求内容有误"), &json!("有 4 项内容有误。"))
    );
    let in_order = |faults: &Value| {
        let mut faults = faults.as_array().expect("faults").clone();
        faults.sort_by_key(|fault| fault["pointer"].to_string());
        faults
    };
    assert_eq!(in_order(&body["errors"]), in_order(&faults));
    let listed = world
        .call("GET", "/v1/orders")
        .token(&customer)
        .send()
        .await
        .expect(200);
    assert_eq!(listed["items"], json!([]), "nothing was stored");
    // None of it used up the key.
    world
        .call("POST", "/v1/orders")
        .token(&customer)
        .key("bad")
        .json(&good)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn what_people_type_is_taken_as_it_was_meant() {
    let world = World::empty().await;
    let mut typed = registration(1, &["cleaning"], &[CENTRE]);
    let uscc = typed["uscc"].as_str().expect("a code").to_lowercase();
    let full_width = |c: char| char::from_u32(u32::from(c) + 0xfee0).expect("a character");
    typed["uscc"] = json!(format!(" {}-{}", &uscc[..9], &uscc[9..]));
    typed["phone"] = json!("１３８ １２３４ ５６７８");
    typed["responsible_person"] = json!("买买提•吐尔逊");
    let body = world
        .call("POST", "/v1/agencies")
        .key("a-registration-key-of-more-than-32-characters")
        .json(&typed)
        .send()
        .await
        .expect(201);
    let path = format!(
        "/v1/agencies/{}",
        body["agency_id"].as_str().expect("an id")
    );
    let authority = world.authority().await;
    let seen = world.call("GET", &path).token(&authority).send().await;
    let seen = seen.expect(200);
    assert_eq!(seen["uscc"], json!(uscc.to_uppercase()));
    assert_eq!(seen["phone"], "13812345678");
    assert_eq!(seen["responsible_person"], "买买提·吐尔逊");

    let customer = world.customer("demo-customer-1").await;
    let mut typed = world.cleaning(CENTRE);
    typed["duration_min"] = json!(120.0);
    typed["budget_fen"] = json!(12000.0);
    typed["notes"] = json!(" ");
    typed["contact"]["name"] = json!("Zoe\u{308} ❤\u{fe0f}");
    let phone: String = "+86 139-1234-5678"
        .chars()
        .map(|c| if c == ' ' { c } else { full_width(c) })
        .collect();
    typed["contact"]["phone"] = json!(phone);
    let placed = world.place(&customer, &typed).await;
    assert_eq!(placed["duration_min"], 120);
    assert_eq!(placed["notes"], Value::Null);
    let contact = json!({ "name": "Zoë ❤\u{fe0f}", "phone": "13912345678" });
    assert_eq!(placed["contact"], contact);
}

#[tokio::test]
async fn what_nobody_can_see_is_in_no_text() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.cleaning(CENTRE);
    let agency = registration(1, &["cleaning"], &[CENTRE]);
    // Zero width, byte-order mark, overriding direction, private, unassigned, nothing but a filler.
    for hidden in [
        "张\u{200b}丽",
        "\u{feff}张丽",
        "张丽\u{202e}",
        "\u{e000}",
        "张\u{378}",
        "\u{3164}",
    ] {
        for pointer in ["/address", "/notes", "/contact/name"] {
            let body = with(order.clone(), pointer, Some(json!(hidden)));
            let call = world.call("POST", "/v1/orders").token(&customer).key("k");
            let answer = call.json(&body).send().await;
            assert_eq!(
                (answer.status, answer.pointers()),
                (422, vec![pointer.to_owned()])
            );
        }
        for pointer in [
            "/name",
            "/responsible_person",
            "/stores/0/name",
            "/stores/0/address",
        ] {
            let body = with(agency.clone(), pointer, Some(json!(hidden)));
            let call = world.call("POST", "/v1/agencies");
            let call = call.key("a-registration-key-of-more-than-32-characters");
            let answer = call.json(&body).send().await;
            assert_eq!(
                (answer.status, answer.pointers()),
                (422, vec![pointer.to_owned()])
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_even_json_is_told_apart() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let post = |content_type: &'static str, body: Vec<u8>| {
        let (world, customer) = (&world, &customer);
        async move {
            world
                .call("POST", "/v1/orders")
                .token(customer)
                .key("k")
                .raw(content_type, body)
                .send()
                .await
        }
    };
    let good = serde_json::to_vec(&world.cleaning(CENTRE)).expect("JSON");
    post("application/json", good[..good.len() / 2].to_vec())
        .await
        .expect_problem(400, "malformed");
    post("application/json", Vec::new())
        .await
        .expect_problem(400, "malformed");
    post("application/json", vec![0xff, 0xfe, 0x00])
        .await
        .expect_problem(400, "malformed");
    post("application/json", b"[1,2]".to_vec())
        .await
        .expect_problem(422, "invalid");
    post("application/json", br#"{"location":{"lat":NaN}}"#.to_vec())
        .await
        .expect_problem(400, "malformed");
    post("text/plain", good.clone())
        .await
        .expect_problem(415, "unsupported-media-type");
    post("application/json", vec![b' '; 1_000_000])
        .await
        .expect_problem(413, "too-large");
    post("application/json; charset=utf-8", good)
        .await
        .expect(201);

    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    post("application/json", deep.into_bytes())
        .await
        .expect_problem(400, "malformed");
}

#[tokio::test]
async fn keys_cursors_and_queries_are_checked() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.cleaning(CENTRE);
    world
        .call("POST", "/v1/orders")
        .token(&customer)
        .json(&order)
        .send()
        .await
        .expect_problem(400, "idempotency-key-missing");
    for bad in [
        "limit=0",
        "limit=101",
        "limit=ten",
        "cursor=zzz",
        "cursor=%20",
        "cursor=e30",
        "color=red",
        "limit=1&limit=2",
    ] {
        let answer = world
            .call("GET", &format!("/v1/orders?{bad}"))
            .token(&customer)
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.slug()),
            (400, "malformed"),
            "{bad}: {}",
            answer.body
        );
    }
    let first = world
        .call("GET", "/v1/orders?limit=5&cursor=")
        .token(&customer);
    first.send().await.expect(200);
    // A cursor of somebody else's list, or one edited by hand, is refused.
    for _ in 0..2 {
        world.place(&customer, &order).await;
    }
    let page = world
        .call("GET", "/v1/orders?limit=1")
        .token(&customer)
        .send()
        .await
        .expect(200);
    let cursor = page["next_cursor"].as_str().expect("a cursor").to_owned();
    let other = world.customer("demo-customer-2").await;
    let path = format!("/v1/orders?cursor={cursor}");
    world
        .call("GET", &path)
        .token(&other)
        .send()
        .await
        .expect_problem(400, "malformed");
    let mut edited = cursor.into_bytes();
    let middle = edited.len() / 2;
    edited[middle] = if edited[middle] == b'A' { b'B' } else { b'A' };
    let path = format!("/v1/orders?cursor={}", String::from_utf8_lossy(&edited));
    world
        .call("GET", &path)
        .token(&customer)
        .send()
        .await
        .expect_problem(400, "malformed");
    world
        .call("GET", "/v1/nothing")
        .send()
        .await
        .expect_problem(404, "not-found");
    world
        .call("DELETE", "/v1/orders")
        .send()
        .await
        .expect_problem(404, "not-found");
    // Of anything, whether or not it has a route; the token is not repeated.
    for path in ["/v1/orders", "/v1/nothing"] {
        let traced = world.call("TRACE", path).token(&customer).send().await;
        assert!(traced.headers.contains_key("allow"));
        let body = traced.expect_problem(405, "method-not-allowed");
        assert!(!body.to_string().contains(&customer));
    }
}

#[tokio::test]
async fn faults_of_a_registration_are_all_named() {
    let world = World::empty().await;
    let key = "a-registration-key-of-more-than-32-characters";
    let good = registration(1, &["cleaning"], &[CENTRE]);
    let mut bad = with(good.clone(), "/uscc", Some(json!("91350100M000100Y44")));
    bad = with(bad, "/phone", Some(json!("02512345678")));
    bad = with(bad, "/services", Some(json!(["cleaning", "gardening"])));
    bad = with(bad, "/stores/0/location/datum", None);
    bad = with(bad, "/website", Some(json!("https://example.com")));
    let answer = world
        .call("POST", "/v1/agencies")
        .key(key)
        .json(&bad)
        .send()
        .await;
    assert_eq!(
        answer.pointers(),
        [
            "/phone",
            "/services/1",
            "/stores/0/location/datum",
            "/uscc",
            "/website"
        ]
    );
    answer.expect_problem(422, "invalid");
    world
        .call("POST", "/v1/agencies")
        .key("short")
        .json(&good)
        .send()
        .await
        .expect_problem(400, "idempotency-key-missing");
    for (pointer, value) in [
        ("/services", json!([])),
        ("/stores", json!([])),
        ("/name", json!("")),
        ("/stores/0/location/lat", json!(1e300)),
    ] {
        let body = with(good.clone(), pointer, Some(value));
        let described = contract::faults("POST", "/v1/agencies", &body);
        assert!(!described.is_empty(), "{body}");
        let answer = world
            .call("POST", "/v1/agencies")
            .key(key)
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.pointers(), [pointer]);
        answer.expect_problem(422, "invalid");
    }
    world
        .call("POST", "/v1/agencies")
        .key(key)
        .json(&good)
        .send()
        .await
        .expect(201);
    let other = with(good, "/name", Some(json!("另一家家政服务有限公司")));
    world
        .call("POST", "/v1/agencies")
        .key(key)
        .json(&other)
        .send()
        .await
        .expect_problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn forged_expired_and_foreign_tokens_are_refused_alike() {
    let world = World::empty().await;
    let token = world.customer("demo-customer-1").await;
    let read = |token: String| {
        let world = &world;
        async move { world.call("GET", "/v1/orders").token(&token).send().await }
    };
    read(token.clone()).await.expect(200);
    let parts: Vec<&str> = token.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"; // {"alg":"none","typ":"JWT"}
    let mut flipped = token.clone().into_bytes();
    let at = token.len() - 10;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    let forged = [
        String::new(),
        "x".to_owned(),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        String::from_utf8(flipped).expect("ASCII"),
        format!("{}.{}.{}", parts[0], &parts[1][1..], parts[2]),
    ];
    for token in forged {
        let answer = read(token).await;
        assert!(answer.headers.contains_key("www-authenticate"));
        answer.expect_problem(401, "unauthenticated");
    }
    // Clocks may differ by five seconds.
    world.skip(std::time::Duration::from_secs(15 * 60 + 5));
    read(token).await.expect_problem(401, "unauthenticated");
    world
        .call("POST", "/v1/sessions/customer")
        .json(&json!({ "code": "nobody" }))
        .send()
        .await
        .expect_problem(401, "bad-credentials");
    let access_key = world.platform.demo().authority.access_key.clone();
    for (access_key, secret) in [
        (access_key.as_str(), "wrong"),
        ("hau_nobody", "wrong"),
        ("", ""),
    ] {
        let answer = world
            .call("POST", "/v1/sessions/authority")
            .json(&json!({ "access_key": access_key, "secret": secret }))
            .send()
            .await;
        assert!([401, 422].contains(&answer.status), "{}", answer.body);
    }
}

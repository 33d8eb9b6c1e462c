//! The events that functions get from the gateway, and the answers that clients get.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use super::*;
use crate::test_bed::{Seen, TestBed};

async fn gateway(answer: Result<Value, &'static str>) -> (Gateway, Seen) {
    let bed = TestBed::new().await;
    let answer = answer.map_err(str::to_owned);
    let seen = bed.answers(move |_| answer.clone());
    let clock = Clock::new(|| domain::time::Millis(1_795_465_020_000));
    let gateway =
        Gateway::new(&bed.stack, bed.invoker.clone(), clock, "0", "b.example.cn").unwrap();
    (gateway, seen)
}

fn request(method: &str, uri: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(HOST, "127.0.0.1:8080")
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn events_are_those_of_payload_version_2() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 204 }))).await;
    let asked = request("GET", "/things/a%20b?x=1&x=2&y=%E5%8C%97")
        .header("x-many", "1")
        .header("x-many", "2")
        .header(COOKIE, "a=1; b=2")
        .body(Body::empty())
        .unwrap();
    assert_eq!(gateway.answer(asked).await.status(), 204);
    let event = seen.lock().unwrap()[0].clone();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "GET /things/{id}");
    assert_eq!(event["pathParameters"], json!({ "id": "a b" }));
    assert_eq!(
        event["queryStringParameters"],
        json!({ "x": "1,2", "y": "北" })
    );
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%E5%8C%97");
    assert_eq!(event["headers"]["x-many"], "1,2");
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event["requestContext"]["http"]["method"], "GET");
    assert_eq!(
        event["requestContext"]["time"],
        "23/Nov/2026:20:17:00 +0000"
    );
    assert!(event.get("body").is_none());
}

/// Requests of addresses to a gateway with these rules, at the time that the clock shows.
async fn limited(
    rules: impl IntoIterator<Item = Rule>,
    now: &Arc<AtomicI64>,
) -> (impl AsyncFn(&str, &str, [u8; 4]) -> Response, Seen) {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Ok(json!({ "statusCode": 200 })));
    let clock = {
        let now = Arc::clone(now);
        Clock::new(move || domain::time::Millis(now.load(Ordering::Relaxed)))
    };
    let gateway =
        Gateway::new(&bed.stack, bed.invoker.clone(), clock, "0", "b.example.cn").unwrap();
    gateway.limit_addresses(rules);
    let ask = async move |method: &str, path: &str, from: [u8; 4]| {
        let mut asked = request(method, path).body(Body::empty()).unwrap();
        let from = ConnectInfo(SocketAddr::from((from, 1)));
        asked.extensions_mut().insert(from);
        gateway.answer(asked).await
    };
    (ask, seen)
}

const ONE: [u8; 4] = [127, 0, 0, 1];
const OTHER: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn public_requests_of_one_address_are_limited_per_minute() {
    let now = Arc::new(AtomicI64::new(1_795_465_020_000));
    let [mut public, ..] = RULES;
    public.most = 2;
    let (ask, seen) = limited([public], &now).await;
    for path in ["/b/1", "/v1/log/keys"] {
        assert_eq!(ask("GET", path, ONE).await.status(), 200);
    }
    now.fetch_add(29_001, Ordering::Relaxed);
    let refused = ask("GET", "/p/1", ONE).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &HeaderValue::from_static("31"))
    );
    assert!(body(refused).await.contains("/problems/rate-limited"));
    // Not limited: another address, a path that is not public, and the next minute.
    assert_eq!(ask("GET", "/b/1", OTHER).await.status(), 200);
    assert_eq!(ask("GET", "/things/1", ONE).await.status(), 200);
    now.fetch_add(31_000, Ordering::Relaxed);
    assert_eq!(ask("GET", "/b/1", ONE).await.status(), 200);
    assert_eq!(seen.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn registrations_and_sessions_of_one_address_are_limited() {
    // 20:17:00.
    let now = Arc::new(AtomicI64::new(1_795_465_020_000));
    let (ask, _) = limited(RULES, &now).await;
    let refused = async |path: &str, from| {
        let answer = ask("POST", path, from).await;
        let wait = answer.headers().get("retry-after");
        wait.map(|wait| wait.to_str().unwrap().to_owned())
    };
    for _ in 0..10 {
        assert_eq!(refused("/v1/agencies", ONE).await, None);
    }
    for path in ["/v1/agencies", "/v1/%61gencies"] {
        assert_eq!(refused(path, ONE).await.as_deref(), Some("2580"));
    }
    for path in ["/v1/sessions/agency", "/v1/sessions/customer"] {
        for _ in 0..30 {
            assert_eq!(refused(path, ONE).await, None);
        }
    }
    assert_eq!(
        refused("/v1/sessions/worker", ONE).await.as_deref(),
        Some("60")
    );
    // Neither what an agency does nor another address is limited with it.
    assert_eq!(refused("/v1/agencies/1/stores", ONE).await, None);
    assert_eq!(refused("/v1/agencies", OTHER).await, None);
    now.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(refused("/v1/sessions/worker", ONE).await, None);
    assert_eq!(refused("/v1/agencies", ONE).await.as_deref(), Some("2520"));
    now.fetch_add(2_520_000, Ordering::Relaxed);
    assert_eq!(refused("/v1/agencies", ONE).await, None);
}

#[tokio::test]
async fn a_foreign_or_invalid_host_is_refused_without_invoking_a_function() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 200 }))).await;
    for (host, status) in [
        ("[", 400),
        ("a b", 400),
        ("example.com:8080", 400),
        ("127.0.0.1.example.com", 400),
        ("", 200),
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("b.example.cn", 200),
    ] {
        let mut asked = request("GET", "/things/1").body(Body::empty()).unwrap();
        asked.headers_mut().insert(HOST, host.parse().unwrap());
        let answer = gateway.answer(asked).await;
        assert_eq!(answer.status(), status, "{host:?}");
    }
    let twice = request("GET", "/things/1").header(HOST, "127.0.0.1");
    let twice = gateway.answer(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(twice.status(), 400);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

/// A function panics on a scheme that is none.
#[tokio::test]
async fn where_a_request_came_from_is_what_the_gateway_says() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 200 }))).await;
    let asked = request("GET", "/things/1")
        .header("x-forwarded-proto", "::")
        .header("x-forwarded-proto", "a b")
        .header("x-forwarded-port", "x")
        .header("x-forwarded-for", "1.2.3.4");
    let answer = gateway.answer(asked.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 200);
    let headers = seen.lock().unwrap()[0]["headers"].clone();
    for (name, value) in [
        ("proto", "http"),
        ("port", "8080"),
        ("for", "1.2.3.4, 127.0.0.1"),
    ] {
        assert_eq!(headers[format!("x-forwarded-{name}")], value);
    }
}

#[tokio::test]
async fn fixed_segments_win_over_parameters_and_unmatched_paths_are_default() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 200 }))).await;
    for (method, uri) in [
        ("GET", "/things/all"),
        ("GET", "/things/1"),
        ("POST", "/things/1"),
        ("GET", "/things/"),
        ("GET", "/things/1/more"),
    ] {
        gateway
            .answer(request(method, uri).body(Body::empty()).unwrap())
            .await;
    }
    let keys: Vec<Value> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|e| e["routeKey"].clone())
        .collect();
    assert_eq!(
        keys,
        [
            "GET /things/all",
            "GET /things/{id}",
            "$default",
            "$default",
            "$default"
        ]
    );
}

#[tokio::test]
async fn json_is_passed_as_text_and_pictures_as_base64() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 200 }))).await;
    for (kind, content) in [
        ("application/json", &b"{}"[..]),
        ("image/png", &b"{}"[..]),
        ("application/json", &[0xff, 0xfe][..]),
    ] {
        let asked = request("POST", "/things").header(CONTENT_TYPE, kind);
        gateway
            .answer(asked.body(Body::from(content.to_vec())).unwrap())
            .await;
    }
    let seen = seen.lock().unwrap();
    let pair = |i: usize| (seen[i]["body"].clone(), seen[i]["isBase64Encoded"].clone());
    assert_eq!(pair(0), (json!("{}"), json!(false)));
    assert_eq!(pair(1), (json!("e30="), json!(true)));
    assert_eq!(pair(2), (json!("//4="), json!(true)));
}

#[tokio::test]
async fn answers_keep_status_headers_cookies_and_bytes() {
    let (gateway, _) = gateway(Ok(json!({
        "statusCode": 201,
        "headers": { "content-type": "image/png" },
        "cookies": ["a=1", "b=2"],
        "body": "//4=",
        "isBase64Encoded": true,
    })))
    .await;
    let response = gateway
        .answer(request("GET", "/x").body(Body::empty()).unwrap())
        .await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()[CONTENT_TYPE], "image/png");
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(&bytes[..], [0xff, 0xfe]);
}

#[tokio::test]
async fn a_failed_function_is_answered_with_a_problem() {
    for answer in [Err("it failed"), Ok(json!({ "no": "status" }))] {
        let (gateway, _) = gateway(answer).await;
        let response = gateway
            .answer(request("GET", "/x").body(Body::empty()).unwrap())
            .await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let problem: Value = serde_json::from_str(&body(response).await).unwrap();
        assert_eq!(problem["type"], "/problems/internal");
    }
}

#[tokio::test]
async fn a_body_over_10_mb_is_refused_by_the_gateway_itself() {
    let (gateway, seen) = gateway(Ok(json!({ "statusCode": 200 }))).await;
    let large = Body::from(vec![b' '; REQUEST_LIMIT + 1]);
    let response = gateway
        .answer(request("POST", "/x").body(large).unwrap())
        .await;
    assert_eq!(response.status(), 413);
    assert_eq!(
        body(response).await,
        r#"{"message":"Request Entity Too Large"}"#
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_functions_say_to_other_origins_counts_only_without_a_configuration() {
    let answer = json!({ "statusCode": 200, "headers": { "access-control-allow-origin": "*" } });
    for (named, expected) in [
        (None, Some("*")),
        (Some("https://a.example.cn"), Some("https://a.example.cn")),
        (Some("https://b.example.cn"), None),
    ] {
        let mut bed = TestBed::new().await;
        let answer = answer.clone();
        bed.answers(move |_| Ok(answer.clone()));
        bed.stack.cors = named.map(|origin| Cors {
            allow_origins: vec![origin.to_owned()],
            allow_methods: vec!["GET".to_owned()],
            allow_headers: vec![],
            expose_headers: vec![],
            max_age: 600,
        });
        let clock = Clock::new(|| domain::time::Millis(1_795_465_020_000));
        let gateway =
            Gateway::new(&bed.stack, bed.invoker.clone(), clock, "0", "b.example.cn").unwrap();
        let asked = request("GET", "/things/1").header("origin", "https://a.example.cn");
        let answer = gateway.answer(asked.body(Body::empty()).unwrap()).await;
        let allowed = answer.headers().get("access-control-allow-origin");
        assert_eq!(allowed.map(|origin| origin.to_str().unwrap()), expected);
    }
}

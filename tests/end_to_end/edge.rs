//! What is between callers and the API: CloudFront, if the city has it, and other sites' pages, if they are let in.

use demo::City;
use local::platform::Options;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::world::World;

const ELSEWHERE: &str = "https://desk.example.cn";

async fn world(parameters: &[(&str, &str)]) -> World {
    let parameters = parameters.iter().copied();
    World::with(Options {
        city: City::None,
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Options::default()
    })
    .await
}

/// Asks as a browser does, or CloudFront: what the contract does not have may be answered too.
async fn ask(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, HeaderMap, String) {
    let method = method.parse().expect("a method");
    let url = format!("{}{path}", world.platform.base_url());
    let request = headers.iter().fold(
        world.client.request(method, url),
        |request, (name, value)| request.header(*name, *value),
    );
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.expect("text"))
}

/// The headers by which a server lets a page of another origin read an answer.
fn shared(headers: &HeaderMap) -> Vec<String> {
    let names = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("access-control-")?;
        Some(format!("{name}: {}", value.to_str().expect("ASCII")))
    });
    names.collect()
}

async fn preflight(world: &World, origin: &str) -> (u16, HeaderMap) {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,content-type,idempotency-key",
        ),
    ];
    let (status, headers, _) = ask(world, "OPTIONS", "/v1/orders", &asked).await;
    (status, headers)
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let world = world(&[]).await;
    let (status, headers) = preflight(&world, ELSEWHERE).await;
    assert_eq!((status, shared(&headers)), (404, vec![]));
    let (status, headers, _) = ask(&world, "GET", "/v1/services", &[("origin", ELSEWHERE)]).await;
    assert_eq!((status, shared(&headers)), (200, vec![]));
}

#[tokio::test]
async fn pages_of_named_origins_call_the_api_and_those_of_others_do_not() {
    let named = format!("http://localhost:9000,{ELSEWHERE}");
    let world = world(&[("AllowedOrigins", &named)]).await;
    let read = [
        format!("allow-origin: {ELSEWHERE}"),
        "expose-headers: content-disposition,date,etag,retry-after".to_owned(),
    ];
    let (status, headers) = preflight(&world, ELSEWHERE).await;
    let asked = [
        "allow-methods: GET,HEAD,POST,PUT,PATCH,DELETE",
        "allow-headers: authorization,content-type,idempotency-key,if-none-match",
        "max-age: 600",
    ];
    let all: Vec<_> = read
        .iter()
        .cloned()
        .chain(asked.map(str::to_owned))
        .collect();
    assert_eq!((status, shared(&headers)), (204, all));
    let (status, headers, _) = ask(&world, "GET", "/v1/services", &[("origin", ELSEWHERE)]).await;
    assert_eq!((status, shared(&headers)), (200, read.to_vec()));
    // A refusal is read by the page too.
    let (status, headers, _) = ask(&world, "GET", "/v1/orders", &[("origin", ELSEWHERE)]).await;
    assert_eq!((status, shared(&headers)), (401, read.to_vec()));

    for other in [
        "http://desk.example.cn",
        "https://desk.example.cn:8443",
        "https://desk.example.cn.example.com",
        "https://example.cn",
        "null",
    ] {
        let (status, headers) = preflight(&world, other).await;
        assert_eq!((status, shared(&headers)), (204, vec![]), "{other}");
        let (_, headers, _) = ask(&world, "GET", "/v1/services", &[("origin", other)]).await;
        assert_eq!(shared(&headers), [""; 0], "{other}");
    }
    // Who is no browser's page is answered as ever.
    let (status, headers, _) = ask(&world, "OPTIONS", "/v1/orders", &[]).await;
    assert_eq!((status, shared(&headers)), (404, vec![]));
}

/// A browser sends the cookie along from a neighbouring host, but lets no page there read the answer, or send the header
/// without which the cookie does not count.
#[tokio::test]
async fn the_refresh_cookie_is_of_no_use_to_a_named_origin() {
    let world = world(&[("AllowedOrigins", ELSEWHERE)]).await;
    let code = json!({ "code": "demo-customer-1", "cookie": true });
    let call = world.call("POST", "/v1/sessions/customer");
    let opened = call.header("origin", ELSEWHERE).json(&code).send().await;
    assert!(
        !opened
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let cookie = opened.headers["set-cookie"].to_str().expect("ASCII");
    let pair = cookie.split(';').next().expect("a cookie");

    let refresh = world.call("POST", "/v1/sessions/refresh");
    let refresh = refresh.header("origin", ELSEWHERE).header("cookie", pair);
    let refused = refresh.send().await;
    assert!(
        !refused
            .headers
            .contains_key("access-control-allow-credentials")
    );
    refused.expect_problem(403, "forbidden");
    let (_, allowed) = preflight(&world, ELSEWHERE).await;
    let headers = allowed["access-control-allow-headers"].to_str();
    assert!(!headers.expect("ASCII").contains("x-requested-with"));
}

/// How a wrong secret is answered that comes through CloudFront from `viewer`; past it, if there is no secret.
async fn guess(world: &World, forwarded_for: &str, secret: Option<&str>) -> u16 {
    let call = world.call("POST", "/v1/sessions/agency");
    let call = call.header("x-forwarded-for", forwarded_for);
    let call = match secret {
        Some(secret) => call.header("x-homehail-edge", secret),
        None => call,
    };
    let given = json!({ "access_key": "hak_nobody", "secret": "wrong" });
    call.json(&given).send().await.status
}

#[tokio::test]
async fn wrong_secrets_are_counted_by_who_is_before_cloudfront_whatever_else_they_write() {
    let world = world(&[("CloudFront", "beside")]).await;
    let secret = world.setting("EDGE_SECRET");
    let through = Some(secret.as_str());
    for n in 0..10 {
        let forged = format!("192.0.2.{n}, 203.0.113.7");
        assert_eq!(guess(&world, &forged, through).await, 401);
    }
    assert_eq!(guess(&world, "203.0.113.7", through).await, 429);
    assert_eq!(guess(&world, "192.0.2.99, 203.0.113.7", through).await, 429);
    assert_eq!(guess(&world, "203.0.113.8", through).await, 401);
    // Past CloudFront one is who the gateway sees, with a secret that is made up, too.
    for n in 0..10 {
        let forged = format!("192.0.2.{n}");
        let made_up = (n % 2 == 0).then_some("made up");
        assert_eq!(guess(&world, &forged, made_up).await, 401);
    }
    assert_eq!(guess(&world, "192.0.2.99", None).await, 429);
    assert_eq!(guess(&world, "192.0.2.99", Some("made up")).await, 429);
}

#[tokio::test]
async fn where_cloudfront_is_the_only_way_nobody_is_answered_past_it() {
    let world = world(&[("CloudFront", "only")]).await;
    let secret = world.setting("EDGE_SECRET");
    for path in ["/", "/health", "/v1/services", "/v1/orders", "/nowhere"] {
        for secret in [None, Some("made up")] {
            let header = secret.map(|secret| ("x-homehail-edge", secret));
            let (status, headers, body) = ask(&world, "GET", path, header.as_slice()).await;
            assert_eq!(status, 403, "{path}");
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            assert!(body.contains("/problems/forbidden"), "{path}: {body}");
        }
    }
    let header = [("x-homehail-edge", secret.as_str())];
    for (path, expected) in [("/", 200), ("/v1/services", 200), ("/v1/orders", 401)] {
        let (status, _, body) = ask(&world, "GET", path, &header).await;
        assert_eq!(status, expected, "{path}");
        assert!(!body.contains(&secret));
    }
}

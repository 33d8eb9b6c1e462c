use serde_json::json;

use super::*;

fn post(content_type: Option<&str>, body: impl Into<Body>) -> Request {
    let mut builder = ::http::Request::post("https://x/v1/orders");
    if let Some(content_type) = content_type {
        builder = builder.header(CONTENT_TYPE, content_type);
    }
    builder.body(body.into()).unwrap()
}

fn get(path_and_query: &str) -> Request {
    ::http::Request::get(format!("https://x{path_and_query}"))
        .body(Body::Empty)
        .unwrap()
}

#[test]
fn bodies_that_cannot_be_read() {
    let json_type = Some("application/json");
    let large = format!("\"{}\"", "a".repeat(LARGEST_BODY));
    let deep = "[".repeat(60_000);
    let cases: Vec<(Option<&str>, Body, u16, &str)> = vec![
        (None, "{}".into(), 415, "unsupported-media-type"),
        (
            Some("text/plain"),
            "{}".into(),
            415,
            "unsupported-media-type",
        ),
        (
            Some("application/jsonx"),
            "{}".into(),
            415,
            "unsupported-media-type",
        ),
        (
            Some("application/problem+json"),
            "{}".into(),
            415,
            "unsupported-media-type",
        ),
        (json_type, large.as_str().into(), 413, "too-large"),
        (json_type, Body::Empty, 400, "malformed"),
        (json_type, "".into(), 400, "malformed"),
        (json_type, "{\"a\": ".into(), 400, "malformed"),
        (json_type, "{\"a\": NaN}".into(), 400, "malformed"),
        (json_type, "{\"a\": 1e999}".into(), 400, "malformed"),
        (json_type, "{\"a\": -1e999}".into(), 400, "malformed"),
        (json_type, "{} {}".into(), 400, "malformed"),
        (json_type, "\u{feff}{}".into(), 400, "malformed"),
        (json_type, deep.as_str().into(), 400, "malformed"),
        (json_type, vec![b'"', 0xff, b'"'].into(), 400, "malformed"),
    ];
    for (content_type, body, status, slug) in cases {
        let problem = JsonBody::from_request(&post(content_type, body)).unwrap_err();
        assert_eq!(
            (problem.status.as_u16(), problem.slug),
            (status, slug),
            "{content_type:?}"
        );
    }
}

#[test]
fn bodies_that_can_be_read() {
    let largest = format!("\"{}\"", "a".repeat(LARGEST_BODY - 2));
    for (content_type, body) in [
        ("application/json", "{}"),
        ("application/json; charset=utf-8", " {\n} "),
        ("Application/JSON;charset=UTF-8", "{\"a\": 1, \"a\": 2}"),
        ("application/json", largest.as_str()),
    ] {
        assert!(
            JsonBody::from_request(&post(Some(content_type), body)).is_ok(),
            "{content_type}"
        );
    }
}

#[test]
fn a_body_hash_tells_bodies_apart_and_not_spellings() {
    let hash = |text: &str| {
        JsonBody::from_request(&post(Some("application/json"), text))
            .unwrap()
            .hash()
    };
    let body = r#"{"a": [1, {"b": null, "c": "é"}], "d": true}"#;
    assert_eq!(
        hash(body),
        hash(r#"{"d":true,"a":[1,{"c":"\u00e9","b":null}]}"#)
    );
    for other in [
        r#"{"a": [1, {"b": null, "c": "e"}], "d": true}"#,
        r#"{"a": [{"b": null, "c": "é"}, 1], "d": true}"#,
        r#"{"a": [1, {"b": null, "c": "é"}], "d": "true"}"#,
        r#"{"a": [1, {"c": "é"}], "d": true}"#,
    ] {
        assert_ne!(hash(body), hash(other), "{other}");
    }
}

#[test]
fn idempotency_keys() {
    let longest = "k".repeat(64);
    let too_long = "k".repeat(65);
    let cases = [
        (None, Err("idempotency-key-missing")),
        (Some(""), Err("malformed")),
        (Some("a b"), Err("malformed")),
        (Some("schlüssel"), Err("malformed")),
        (Some(too_long.as_str()), Err("malformed")),
        (Some("a"), Ok("a")),
        (Some("~!{}"), Ok("~!{}")),
        (Some(longest.as_str()), Ok(longest.as_str())),
    ];
    for (key, expected) in cases {
        let mut request = post(None, "");
        if let Some(key) = key {
            let value = HeaderValue::from_bytes(key.as_bytes()).unwrap();
            request.headers_mut().insert("Idempotency-Key", value);
        }
        let result = idempotency_key(&request).map_err(|problem| {
            assert_eq!(problem.status, 400);
            problem.slug
        });
        assert_eq!(result, expected, "{key:?}");
    }
}

#[test]
fn queries_are_read_strictly() {
    let read = |path: &str| {
        let query = query(&get(path), &["limit", "cursor"])?;
        Ok::<_, Problem>((query.limit()?, query.cursor().map(str::to_owned)))
    };
    assert_eq!(read("/").unwrap(), (20, None));
    assert_eq!(read("/?").unwrap(), (20, None));
    assert_eq!(read("/?limit=5&cursor=").unwrap(), (5, None));
    assert_eq!(read("/?cursor").unwrap(), (20, None));
    assert_eq!(
        read("/?limit=1&cursor=a%2Bb+c").unwrap(),
        (1, Some("a+b c".to_owned()))
    );
    assert_eq!(read("/?limit=100").unwrap(), (100, None));
    assert_eq!(read("/?limit=5.0").unwrap(), (5, None));
    for bad in [
        "/?limit=0",
        "/?limit=101",
        "/?limit=",
        "/?limit=+1",
        "/?limit=1.",
        "/?limit=1.5",
        "/?limit=.0",
        "/?limit=-1",
        "/?limit=a",
        "/?limit=99999999999",
        "/?limit=1&limit=1",
        "/?other=1",
        "/?cursor=%ff",
    ] {
        let problem = read(bad).unwrap_err();
        assert_eq!(
            (problem.status.as_u16(), problem.slug),
            (400, "malformed"),
            "{bad}"
        );
    }
}

#[test]
fn paths_are_decoded_part_by_part() {
    assert_eq!(path(&get("/v1/orders")).unwrap(), ["v1", "orders"]);
    assert_eq!(
        path(&get("/v1/a%2Fb%E5%AE%B6/")).unwrap(),
        ["v1", "a/b家", ""]
    );
    assert_eq!(path(&get("/")).unwrap(), [""]);
    assert_eq!(path(&get("/v1/%ff")).unwrap_err().slug, "not-found");
}

#[test]
fn answers_are_json_and_not_stored() {
    let response = json(StatusCode::CREATED, &json!({"a": null}));
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.body(), &Body::from(r#"{"a":null}"#));

    let response = no_content();
    assert_eq!(response.status(), 204);
    assert_eq!(response.body(), &Body::Empty);
}

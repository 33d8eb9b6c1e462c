use ::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::http::{JsonBody, json, respond};

/// A request as API Gateway gives it to a function (payload version 2).
fn event(path: &str, body: &str, is_base64: bool) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("POST {path}"),
        "rawPath": path,
        "rawQueryString": "a=1",
        "headers": {"content-type": "application/json", "host": "localhost"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": "r-1",
            "routeKey": format!("POST {path}"),
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_i64,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

/// Answers with what it was sent; panics when told to.
async fn echo(request: Request) -> Response {
    let body = JsonBody::from_request(&request).and_then(|body| {
        body.read(|fields| {
            let say = fields.string("say", 1..=100);
            assert_ne!(say.as_deref(), Some("panic"), "a planted panic");
            say
        })
    });
    respond(body.map(|said| {
        let id = request
            .lambda_context_ref()
            .map(|context| context.request_id.clone());
        json(
            StatusCode::CREATED,
            &json!({
                "said": said,
                "path": crate::http::path(&request).unwrap(),
                "query": request.uri().query(),
                "id": id,
            }),
        )
    }))
}

async fn call(event: Value) -> (i64, Value) {
    let response = http_invoke(&Settings::from_variables([]), echo)(event)
        .await
        .unwrap();
    let body = response["body"].as_str().unwrap_or("null");
    (
        response["statusCode"].as_i64().unwrap(),
        serde_json::from_str(body).unwrap(),
    )
}

#[tokio::test]
async fn a_gateway_event_becomes_a_request_and_its_answer_a_response() {
    let expected = json!({"said": "你好", "path": ["v1", "x"], "query": "a=1", "id": "r-1"});
    let body = r#"{"say": "你好"}"#;
    assert_eq!(
        call(event("/v1/x", body, false)).await,
        (201, expected.clone())
    );
    assert_eq!(
        call(event("/v1/x", &STANDARD.encode(body), true)).await,
        (201, expected)
    );
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_malformed() {
    let encoded = STANDARD.encode(b"{\"say\": \"\xff\"}");
    let (status, problem) = call(event("/v1/x", &encoded, true)).await;
    assert_eq!(
        (status, &problem["type"]),
        (400, &json!("/problems/malformed"))
    );
}

#[tokio::test]
async fn a_panic_is_an_internal_problem() {
    let (status, problem) = call(event("/v1/x", r#"{"say": "panic"}"#, false)).await;
    assert_eq!(
        (status, &problem["type"]),
        (500, &json!("/problems/internal"))
    );
}

#[tokio::test]
async fn what_is_no_gateway_event_is_an_error_and_not_a_crash() {
    for event in [json!({}), json!(null), event("/v1/x", "not base64!", true)] {
        assert!(
            http_invoke(&Settings::from_variables([]), echo)(event)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn events_of_other_kinds_go_through_as_json() {
    let double = event_invoke(|numbers: Vec<u32>| async move {
        assert!(!numbers.is_empty(), "a planted panic");
        numbers.iter().map(|n| n * 2).collect::<Vec<_>>()
    });
    assert_eq!(double(json!([1, 2])).await.unwrap(), json!([2, 4]));
    assert!(double(json!("x")).await.is_err());
    assert!(double(json!([])).await.is_err());
}

#[tokio::test]
async fn an_empty_host_does_not_swallow_a_part_of_the_path() {
    let mut event = event("/v1/x", r#"{"say": "a"}"#, false);
    event["headers"]["host"] = json!("");
    assert_eq!(call(event).await.1["path"], json!(["v1", "x"]));
}

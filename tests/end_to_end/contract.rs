//! Checks every answer that any test receives against the contract, `infra/openapi.yaml`, so that the two cannot drift
//! apart.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use local::template::{EventSource, Route};
use serde_json::{Value, json};

use crate::world::World;

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../infra/openapi.yaml");
    serde_saphyr::from_str(text).expect("openapi.yaml is YAML")
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// Fails the test if the contract does not know this answer of this route.
#[track_caller]
pub fn check(method: &str, path: &str, status: u16, content_type: Option<&str>, body: &Value) {
    let is_head = method == "HEAD";
    let method = if is_head { "GET" } else { method };
    let bare = path.split('?').next().unwrap_or(path);
    let Some(template) = route(method, bare) else {
        assert!(
            matches!(status, 404 | 405),
            "{method} {bare} is not in openapi.yaml, yet answered {status}"
        );
        return;
    };
    let operation = &DESCRIPTION["paths"][&template][method.to_lowercase()];
    let responses = &operation["responses"];
    let key = [
        status.to_string(),
        format!("{}XX", status / 100),
        "default".to_owned(),
    ]
    .into_iter()
    .find(|key| responses.get(key).is_some());
    let Some(key) = key else {
        panic!("openapi.yaml names no answer {status} for {method} {template}; it was {body}");
    };
    let response = resolve(&responses[&key]);
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        assert!(
            body.is_null(),
            "{method} {template} {status} should have no body, had {body}"
        );
        return;
    };
    let media = content_type.unwrap_or_default().split(';').next();
    let media = media.unwrap_or_default().trim();
    let Some(described) = content.get(media) else {
        panic!("openapi.yaml names no {status} of `{media}` for {method} {template}: {body}");
    };
    if is_head {
        assert!(body.is_null(), "HEAD {template} has a body: {body}");
        return;
    }
    let schema = &described["schema"];
    let name = format!("{method} {template} {key} {media}");
    let errors: Vec<String> = validator(&name, schema)
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{name} is not as openapi.yaml says: {errors:?} in {body}"
    );
}

/// Every `METHOD /path/{template}` of the contract.
pub fn operations() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, item) in DESCRIPTION["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("a path item").keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                all.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    all
}

fn route(method: &str, path: &str) -> Option<String> {
    let wanted: Vec<&str> = path.split('/').collect();
    operations()
        .into_iter()
        .filter(|(m, _)| m == method)
        .map(|(_, template)| template)
        .filter(|template| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == wanted.len()
                && parts
                    .iter()
                    .zip(&wanted)
                    .all(|(t, w)| t.starts_with('{') || t == w)
        })
        // A literal segment goes before a parameter.
        .min_by_key(|template| template.matches('{').count())
}

fn resolve(node: &'static Value) -> &'static Value {
    match node["$ref"].as_str() {
        Some(reference) => DESCRIPTION
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("openapi.yaml has no {reference}")),
        None => node,
    }
}

fn validator(name: &str, schema: &Value) -> &'static Validator {
    let mut known = VALIDATORS.lock().expect("no poison");
    if let Some(validator) = known.get(name) {
        return validator;
    }
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": DESCRIPTION["components"],
    });
    let made: &'static Validator = Box::leak(Box::new(
        jsonschema::validator_for(&whole)
            .unwrap_or_else(|error| panic!("schema of {name} is not valid: {error}")),
    ));
    known.insert(name.to_owned(), made);
    made
}

#[tokio::test]
async fn the_contract_has_exactly_the_routes_of_the_template() {
    let world = World::empty().await;
    let functions = world.platform.stack().functions.iter();
    let mut routes: Vec<(String, String)> = functions
        .flat_map(|function| &function.events)
        .filter_map(|event| match event {
            EventSource::Http(Route::Exact { method, path }) => {
                Some((method.clone(), path.clone()))
            }
            _ => None,
        })
        .collect();
    let mut described = operations();
    routes.sort();
    described.sort();
    let of = |routes: &[(String, String)], method: &str| -> Vec<String> {
        let paths = routes.iter().filter(|(m, _)| m == method);
        paths.map(|(_, path)| path.clone()).collect()
    };
    assert_eq!(of(&routes, "HEAD"), of(&routes, "GET"));
    routes.retain(|(method, _)| method != "HEAD");
    assert_eq!(routes, described);
}

#[tokio::test]
async fn head_is_answered_as_get_is_without_the_body() {
    let world = World::empty().await;
    let customer = world.customer("demo-customer-1").await;
    let ask = async |method: reqwest::Method, path: &str| {
        let url = format!("{}{path}", world.platform.base_url());
        let request = world.client.request(method, url).bearer_auth(&customer);
        let answer = request.send().await.expect("an answer");
        let headers = ["content-type", "content-length", "cache-control"];
        let headers = headers.map(|name| answer.headers().get(name).cloned());
        let status = answer.status().as_u16();
        (status, headers, answer.bytes().await.expect("a body"))
    };
    let (all, mut answered) = (operations(), 0);
    for (_, template) in all.iter().filter(|(method, _)| method == "GET") {
        let path: Vec<&str> = template
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect();
        let path = path.join("/");
        let (status, headers, _) = ask(reqwest::Method::GET, &path).await;
        let head = ask(reqwest::Method::HEAD, &path).await;
        assert_eq!(head, (status, headers, Vec::new().into()), "{path}");
        answered += u32::from(status == 200);
    }
    // The keys, the badge page of no badge, the log's checkpoint and keys, one's orders, whether it is in health.
    assert!(answered >= 5, "{answered}");
    let post_only = world.call("HEAD", "/v1/orders/1/grab").send().await;
    assert_eq!(post_only.status, 404);
}

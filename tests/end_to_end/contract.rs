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

/// One request, and what it was answered with.
pub struct Exchange<'a> {
    pub method: &'a str,
    /// With the query.
    pub path: &'a str,
    /// The request's body, if it is JSON.
    pub sent: Option<Value>,
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: &'a Value,
}

impl Exchange<'_> {
    /// Fails the test if the contract does not know this answer of this route, or forbids a body that was taken.
    #[track_caller]
    pub fn check(&self) {
        let (status, body) = (self.status, self.body);
        let is_head = self.method == "HEAD";
        let method = if is_head { "GET" } else { self.method };
        let bare = self.path.split('?').next().unwrap_or(self.path);
        let Some(template) = route(method, bare) else {
            let refusal = if method == "TRACE" { 405 } else { 404 };
            assert_eq!(status, refusal, "{method} {bare} is not in openapi.yaml");
            return;
        };
        let operation = &DESCRIPTION["paths"][&template][method.to_lowercase()];
        if let Some(sent) = self.sent.as_ref().filter(|_| status < 300) {
            let faults = faults(method, &template, sent);
            assert!(
                faults.is_empty(),
                "{method} {template} took {sent}: {faults:?}"
            );
        }
        let named = &operation["responses"][status.to_string()];
        assert!(
            !named.is_null(),
            "openapi.yaml names no answer {status} for {method} {template}; it was {body}"
        );
        let response = resolve(named);
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            assert!(
                body.is_null(),
                "{method} {template} {status} should have no body, had {body}"
            );
            return;
        };
        let media = self.content_type.unwrap_or_default().split(';').next();
        let media = media.unwrap_or_default().trim();
        let Some(described) = content.get(media) else {
            panic!("openapi.yaml names no {status} of `{media}` for {method} {template}: {body}");
        };
        if is_head {
            assert!(body.is_null(), "HEAD {template} has a body: {body}");
            return;
        }
        let name = format!("{method} {template} {status} {media}");
        let faults = faults_of(&name, &described["schema"], body);
        assert!(
            faults.is_empty(),
            "{name} is not as openapi.yaml says: {faults:?} in {body}"
        );
        if let Some(slug) = body["type"].as_str().filter(|_| status >= 400) {
            let slug = slug.trim_start_matches("/problems/");
            let words = named.get("description").unwrap_or(&response["description"]);
            assert!(
                words
                    .as_str()
                    .is_some_and(|words| words.contains(&format!("`{slug}`"))),
                "openapi.yaml does not name `{slug}` for {method} {template} {status}: {words}"
            );
        }
    }
}

/// What the contract has against this JSON as the request's body.
pub fn faults(method: &str, template: &str, sent: &Value) -> Vec<String> {
    let operation = &DESCRIPTION["paths"][template][method.to_lowercase()];
    let described = resolve(&operation["requestBody"]);
    match &described["content"]["application/json"]["schema"] {
        Value::Null => Vec::new(),
        schema => faults_of(&format!("the request of {method} {template}"), schema, sent),
    }
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

/// Whose sessions an operation takes; none if it takes no session.
pub fn roles(method: &str, template: &str) -> Option<Vec<String>> {
    let operation = &DESCRIPTION["paths"][template][method.to_lowercase()];
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        return None;
    }
    let roles = operation["x-roles"].as_array();
    let roles = roles.unwrap_or_else(|| panic!("{method} {template} names no x-roles"));
    let roles = roles
        .iter()
        .map(|role| role.as_str().expect("a role").to_owned());
    Some(roles.collect())
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
                    .all(|(t, w)| (t.starts_with('{') && !w.is_empty()) || t == w)
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

/// Where the value is not as the schema says, and why.
fn faults_of(name: &str, schema: &Value, value: &Value) -> Vec<String> {
    validator(name, schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
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
    let options = jsonschema::options().should_validate_formats(true);
    let made: &'static Validator =
        Box::leak(Box::new(options.build(&whole).unwrap_or_else(|error| {
            panic!("schema of {name} is not valid: {error}")
        })));
    known.insert(name.to_owned(), made);
    made
}

#[test]
fn every_operation_lists_what_it_refuses() {
    for (method, path) in operations() {
        let operation = &DESCRIPTION["paths"][&path][method.to_lowercase()];
        let mut statuses = vec!["400", "500", "503"];
        if operation.get("security").is_none() {
            statuses.push("401");
        }
        let body = resolve(&operation["requestBody"]);
        if !body["content"]["application/json"].is_null() {
            statuses.extend(["413", "415", "422"]);
        }
        let responses = operation["responses"].as_object().expect("responses");
        for status in statuses {
            assert!(responses.contains_key(status), "{method} {path} {status}");
        }
        let mut named = responses.keys();
        assert!(
            named.all(|key| key.parse::<u16>().is_ok()),
            "{method} {path}"
        );
    }
}

/// Of every body that is taken, and of every one that is answered when all is well; what is no JSON needs none.
#[test]
fn every_json_body_has_an_example_that_its_schema_allows() {
    for (method, path) in operations() {
        let operation = &DESCRIPTION["paths"][&path][method.to_lowercase()];
        let responses = operation["responses"].as_object().expect("responses");
        let done = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'));
        let bodies = done.map(|(_, response)| resolve(response));
        for body in bodies.chain([resolve(&operation["requestBody"])]) {
            let content = body["content"].as_object().into_iter().flatten();
            for (media, described) in content.filter(|(media, _)| media.contains("json")) {
                let name = format!("{method} {path} {media}");
                let named = described["examples"].as_object().into_iter().flatten();
                let named = named.map(|(_, example)| &resolve(example)["value"]);
                let own = [
                    &described["example"],
                    &resolve(&described["schema"])["example"],
                ];
                let examples: Vec<&Value> = named.chain(own).filter(|one| !one.is_null()).collect();
                // Lines, of which the schema says only that they are text.
                let is_lines = media.contains("ndjson");
                assert!(is_lines || !examples.is_empty(), "{name} has no example");
                for example in examples {
                    let schema = format!("{name} {}", body["description"]);
                    let faults = faults_of(&schema, &described["schema"], example);
                    assert!(faults.is_empty(), "{name}: {faults:?} in {example}");
                }
            }
        }
    }
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

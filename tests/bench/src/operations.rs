//! What each HTTP operation reads and writes: every one of the contract is called once on the demo city, and its function's calls
//! and capacity units are counted at the wire.
//!
//! A body is the example of its schema, in which ids stand for those of the city. An operation that is refused (it shows its
//! status) has counted what the refusal takes.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use demo::{AgencyAccess, WorkerAccess};
use domain::time::Millis;
use local::template::{EventSource, Route};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::city::BenchCity;
use crate::counts::{names, units};
use crate::table::{Row, Table};

/// An order's life, which has an order of its own; then everything else by its path.
const FIRST: [&str; 16] = [
    "placeOrder",
    "readOrder",
    "listOrders",
    "listOpenOffers",
    "checkOffers",
    "grabOrder",
    "listCandidates",
    "staffOrder",
    "readWorkerPhoto",
    "checkBadge",
    "listOwnVisits",
    "completeOrder",
    "rateOrder",
    "complain",
    "answerComplaint",
    "decideComplaint",
];
/// After these, little works any more.
const LAST: [&str; 12] = [
    "suspendBadge",
    "reinstateBadge",
    "revokeBadge",
    "withdrawConsent",
    "giveConsent",
    "eraseOwnData",
    "keepOwnData",
    "leaveAgency",
    "reviewWorker",
    "endEmployment",
    "eraseWorker",
    "reviewAgency",
];

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    /// A role whose session it takes; none if it takes no session.
    role: Option<&'a str>,
    /// The example of its body, and the media type.
    body: Option<(&'a str, Value)>,
}

/// Calls every operation, and shows what it took. Fails if a function scans a table.
pub(crate) async fn row(city: &BenchCity, table: &mut Table) -> Result<()> {
    let text = include_str!("../../../infra/openapi.yaml");
    let contract: Value = serde_saphyr::from_str(text)?;
    let mut operations = operations(&contract)?;
    operations.sort_by_key(|operation| {
        let place = |of: &[&str]| of.iter().position(|id| *id == operation.id);
        let first = place(&FIRST).unwrap_or(FIRST.len());
        (first, place(&LAST).map_or(0, |place| place + 1))
    });
    let (platform, wire) = (&city.platform, city.platform.wire());
    let mut scene = Scene::set(city).await?;
    let (mut lines, mut done) = (Vec::new(), 0);
    wire.measure_capacity(true);
    for operation in &operations {
        let function = function_of(city, operation)?;
        scene.prepare(city, operation.id).await?;
        platform.drain().await?;
        wire.reset();
        let status = scene.call(city, operation).await?;
        let usage = wire.usage(&function);
        platform.drain().await?;
        let scans = usage.calls.keys().any(|call| call.ends_with(":Scan"));
        ensure!(!scans, "{} scans a table", operation.id);
        let units = units(&usage, None);
        let calls = names(&usage.calls).replace("dynamodb:", "");
        lines.push(format!(
            "{:6} {:57} {} {:5} {:5}  {calls}",
            operation.method,
            operation.path,
            status.as_u16(),
            units.read,
            units.write
        ));
        done += u32::from(status.is_success());
    }
    wire.measure_capacity(false);
    let measured = format!(
        "{done} done, {} refused, no Scan",
        operations.len() - done as usize
    );
    let row = Row::new("units of each HTTP operation, of its function", "no Scan");
    let row = row.measured(measured, &[]);
    let row = row.note("Status, read units, write units with indexes, and the calls.");
    table.push(lines.into_iter().fold(row, Row::note));
    Ok(())
}

fn operations(contract: &Value) -> Result<Vec<Operation<'_>>> {
    let resolve = |node: &'_ Value| -> Option<Value> {
        let target = node["$ref"]
            .as_str()
            .map(|reference| reference.trim_start_matches('#'));
        target.map_or(Some(node.clone()), |target| {
            contract.pointer(target).cloned()
        })
    };
    let mut all = Vec::new();
    for (path, item) in contract["paths"].as_object().context("paths")? {
        for (method, operation) in item.as_object().context("an item")? {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let body = resolve(&operation["requestBody"]).context("a body")?;
            let content = body["content"].as_object();
            let body =
                content
                    .and_then(|content| content.iter().next())
                    .map(|(media, described)| {
                        let own = &described["example"];
                        let schema = resolve(&described["schema"]).unwrap_or_default();
                        let example = if own.is_null() {
                            schema["example"].clone()
                        } else {
                            own.clone()
                        };
                        let media = if media.starts_with("image/") {
                            "image/jpeg"
                        } else {
                            "application/json"
                        };
                        (media, example)
                    });
            all.push(Operation {
                id,
                method: method.to_uppercase(),
                path,
                role: operation["x-roles"][0].as_str(),
                body,
            });
        }
    }
    Ok(all)
}

/// The name of the code of the function that answers it.
fn function_of(city: &BenchCity, operation: &Operation<'_>) -> Result<String> {
    let is_it = |event: &EventSource| {
        matches!(event, EventSource::Http(Route::Exact { method, path })
            if *method == operation.method && path == operation.path)
    };
    let mut functions = city.platform.stack().functions.iter();
    let found = functions.find(|function| function.events.iter().any(is_it));
    Ok(found
        .with_context(|| format!("{} has no function", operation.id))?
        .code
        .clone())
}

/// Who calls, and the ids that are known by now.
struct Scene<'a> {
    agency: &'a AgencyAccess,
    worker: &'a WorkerAccess,
    tokens: BTreeMap<&'static str, String>,
    known: BTreeMap<String, String>,
    /// The customer's login code.
    customer: String,
    /// What the agency's owner and the supervisor log in by.
    owner: Value,
    supervisor: Value,
    order: Value,
}

impl<'a> Scene<'a> {
    async fn set(city: &'a BenchCity) -> Result<Self> {
        let demo = city.platform.demo();
        let worker = demo.workers.iter().find(|worker| worker.kind == "clear");
        let worker = worker.context("the city has a clear worker")?;
        let mut agencies = demo.agencies.iter();
        let agency = agencies.find(|agency| agency.agency_id == worker.agency_id);
        let agency = agency.context("she has an agency")?;
        let store = agency.stores.first().context("it has a store")?;
        let login = |code: &str| json!({ "code": code });
        let keys = |key: &str, secret: &str| json!({ "access_key": key, "secret": secret });
        let owner = keys(&agency.access_key, &agency.secret);
        let supervisor = keys(&demo.authority.access_key, &demo.authority.secret);
        let customer = demo.customers.first().context("the city has customers")?;
        let mut tokens = BTreeMap::new();
        for (role, kind, body) in [
            ("customer", "customer", login(&customer.code)),
            ("worker", "worker", login(&worker.code)),
            ("owner", "agency", owner.clone()),
            ("supervisor", "authority", supervisor.clone()),
        ] {
            let path = format!("/v1/sessions/{kind}");
            let (_, answer) = city.send(Method::POST, &path, None, Some(&body)).await?;
            tokens.insert(role, text(&answer, "token")?);
        }
        let start_at = Millis(city.platform.clock().now_ms()) + Duration::from_secs(6_000);
        let source = demo.feeds.first().context("the city has a source")?;
        let known = [
            ("agency_id", &agency.agency_id),
            ("store_id", &store.store_id),
            ("worker_id", &worker.worker_id),
            ("badge_id", &worker.badge.badge_id),
            ("token", &worker.badge.token),
            ("access_key", &agency.access_key),
            ("secret", &agency.secret),
            ("source", &source.source),
        ];
        Ok(Self {
            agency,
            worker,
            tokens,
            known: known.map(|(name, id)| (name.to_owned(), id.clone())).into(),
            customer: customer.code.clone(),
            owner,
            supervisor,
            order: json!({
                "service": worker.skills.first(), "start_at": start_at.to_rfc3339(), "duration_min": 60,
                "address": "道里区中央大街 100 号", "location": store.location,
                "contact": { "name": "王小明", "phone": "13912345678" },
            }),
        })
    }

    /// Another order, where the one of this life is past what is to be measured.
    async fn prepare(&mut self, city: &BenchCity, operation: &str) -> Result<()> {
        if !["cancelOrder", "releaseOrder", "grabOrder"].contains(&operation) {
            return Ok(());
        }
        if operation != "grabOrder" {
            self.place(city).await?;
        }
        let order = self
            .known
            .get("order_id")
            .context("an order was placed")?
            .clone();
        let token = city.claim_token(&order, self.agency)?;
        if operation == "releaseOrder" {
            let desk = &self.tokens["owner"];
            city.platform.drain().await?;
            city.grab(desk, &order, &token).await?;
        }
        self.known.insert("claim_token".to_owned(), token);
        Ok(())
    }

    async fn place(&mut self, city: &BenchCity) -> Result<StatusCode> {
        let token = Some(self.tokens["customer"].as_str());
        let (status, answer) = city
            .send(Method::POST, "/v1/orders", token, Some(&self.order))
            .await?;
        self.learn(&answer);
        Ok(status)
    }

    async fn call(&mut self, city: &BenchCity, operation: &Operation<'_>) -> Result<StatusCode> {
        if operation.id == "placeOrder" {
            return self.place(city).await;
        }
        let mut path: String = operation.path.to_owned();
        for (name, id) in &self.known {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        path.push_str(match operation.id {
            "listReviews" => "?kind=worker",
            "proveInclusion" => "?index=0",
            "proveConsistency" => "?from=1",
            "signPage" => "?url=x",
            _ if operation.role == Some("supervisor") => "?purpose=bench",
            _ => "",
        });
        let method = Method::from_bytes(operation.method.as_bytes())?;
        let token = operation.role.map(|role| self.tokens[role].as_str());
        let body = operation
            .body
            .as_ref()
            .map(|(_, example)| self.real(operation.id, example));
        let is_photo = matches!(operation.body, Some(("image/jpeg", _)));
        let (status, answer) = if is_photo {
            city.send_photo(&path, token).await?
        } else {
            city.send(method, &path, token, body.as_ref()).await?
        };
        if status.is_success()
            && operation.id != "registerAgency"
            && operation.id != "registerWorker"
        {
            self.learn(&answer);
        }
        Ok(status)
    }

    /// The example, with the ids that are known.
    fn real(&self, operation: &str, example: &Value) -> Value {
        let mut body = example.clone();
        for (name, value) in body.as_object_mut().into_iter().flatten() {
            if let Some(id) = self.known.get(name) {
                *value = json!(id);
            }
        }
        if body["code"].is_string() {
            body["code"] = json!(match operation {
                "createWorkerSession" => &self.worker.code,
                _ => &self.customer,
            });
        }
        // Whatever was shown last.
        if ["setAvailability", "setOwnLeave"].contains(&operation) {
            body["version"] = Value::Null;
        }
        match operation {
            "createAgencySession" => self.owner.clone(),
            "createAuthoritySession" => self.supervisor.clone(),
            _ => body,
        }
    }

    /// Keeps what an answer says of new things.
    fn learn(&mut self, answer: &Value) {
        for name in [
            "access_key",
            "secret",
            "order_id",
            "complaint_id",
            "objection_id",
            "member_id",
            "refresh_token",
        ] {
            if let Some(id) = answer[name].as_str() {
                self.known.insert(name.to_owned(), id.to_owned());
            }
        }
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer[field].as_str();
    Ok(text
        .with_context(|| format!("no {field} in {answer}"))?
        .to_owned())
}

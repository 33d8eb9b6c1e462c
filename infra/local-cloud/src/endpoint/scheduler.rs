//! EventBridge Scheduler as SDKs speak it: REST with JSON.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::request::Request;
use crate::cloud::Cloud;
use crate::iam::Call;
use crate::refusal::Refusal;
use crate::scheduler::{Key, Plan};

/// What a page holds unless the caller wants less, and at most.
const PAGE: usize = 100;
/// The group of calls that name none.
const DEFAULT_GROUP: &str = "default";

/// Does the operation that a method and a path name.
pub(super) async fn call(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let path = request.uri.path();
    let mut parts = path.trim_start_matches('/').split('/');
    match (&request.method, parts.next(), parts.next(), parts.next()) {
        (&Method::POST, Some("schedules"), Some(name), None) => create(cloud, request, name).await,
        (&Method::DELETE, Some("schedules"), Some(name), None) => {
            delete(cloud, request, name).await
        }
        (&Method::GET, Some("schedules"), None, None) => list(cloud, request),
        (method, ..) => Err(Refusal::new(
            "UnknownOperationException",
            format!("{method} {path} is not emulated here, or unknown"),
        )),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn decoded(name: &str) -> Result<String, Refusal> {
    let name = percent_encoding::percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_| invalid("the path is not UTF-8"))?;
    Ok(name.into_owned())
}

/// The query's parameters; one that is not emulated is refused by its name.
fn query(request: &Request, known: &[&str]) -> Result<BTreeMap<String, String>, Refusal> {
    let query = request
        .query()
        .ok_or_else(|| invalid("the query is not UTF-8"))?;
    match query.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!(
            "The parameter {name} is not emulated here."
        ))),
        None => Ok(query),
    }
}

fn authorize(cloud: &Cloud, request: &Request, action: &str, key: &Key) -> Result<(), Refusal> {
    let arn = cloud.names().schedule(&key.0, &key.1);
    request.authorize(cloud, action, &arn)
}

async fn create(cloud: &Cloud, request: &Request, name: &str) -> Result<Value, Refusal> {
    let mut plan: Plan = request.json(|_| "ValidationException")?;
    if plan.group_name.is_empty() {
        plan.group_name = DEFAULT_GROUP.to_owned();
    }
    let key = (plan.group_name.clone(), decoded(name)?);
    authorize(cloud, request, "scheduler:CreateSchedule", &key)?;
    let pass = Call::new(&request.caller, "iam:PassRole", &plan.target.role_arn)
        .with("iam:PassedToService", "scheduler.amazonaws.com");
    cloud.identities().authorize(&pass)?;
    let arn = cloud.names().schedule(&key.0, &key.1);
    cloud
        .change(|state, t| state.schedules.create(key, plan, t))
        .await?;
    Ok(json!({ "ScheduleArn": arn }))
}

async fn delete(cloud: &Cloud, request: &Request, name: &str) -> Result<Value, Refusal> {
    let mut parameters = query(request, &["groupName", "clientToken"])?;
    let group = parameters.remove("groupName");
    let key = (
        group.unwrap_or_else(|| DEFAULT_GROUP.to_owned()),
        decoded(name)?,
    );
    authorize(cloud, request, "scheduler:DeleteSchedule", &key)?;
    cloud
        .change(|state, t| state.schedules.delete(&key, t))
        .await?;
    Ok(json!({}))
}

fn list(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let known = ["ScheduleGroup", "NamePrefix", "MaxResults", "NextToken"];
    let parameters = query(request, &known)?;
    let any = ("*".to_owned(), "*".to_owned());
    authorize(cloud, request, "scheduler:ListSchedules", &any)?;
    let parameter = |name: &str| parameters.get(name).map(String::as_str);
    let group = parameter("ScheduleGroup");
    let prefix = parameter("NamePrefix").unwrap_or_default();
    let after = parameter("NextToken").and_then(|token| token.split_once('/'));
    let max = match parameter("MaxResults") {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|max| (1..=PAGE).contains(max))
            .ok_or_else(|| invalid("MaxResults must be between 1 and 100."))?,
    };
    let state = cloud.lock();
    let mut wanted = state.schedules.all().filter(|(key, _)| {
        group.is_none_or(|group| group == key.0)
            && key.1.starts_with(prefix)
            && after.is_none_or(|after| (key.0.as_str(), key.1.as_str()) > after)
    });
    let page: Vec<_> = wanted.by_ref().take(max).collect();
    let schedules = page.iter().map(|(key, schedule)| {
        json!({
            "Arn": cloud.names().schedule(&key.0, &key.1),
            "GroupName": key.0,
            "Name": key.1,
            "State": "ENABLED",
            // Seconds.
            "CreationDate": schedule.created_at as f64 / 1_000.0,
            "LastModificationDate": schedule.created_at as f64 / 1_000.0,
            "Target": { "Arn": schedule.plan.target.arn },
        })
    });
    let mut output = json!({ "Schedules": schedules.collect::<Vec<_>>() });
    if let (Some((last, _)), Some(_)) = (page.last(), wanted.next()) {
        output["NextToken"] = json!(format!("{}/{}", last.0, last.1));
    }
    Ok(output)
}

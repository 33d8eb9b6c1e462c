//! EventBridge Scheduler as SDKs speak it: REST with JSON.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::schedules::{DEFAULT_GROUP, FlexibleTimeWindow, Key, Plan, Schedule, Target};
use crate::cloud::Cloud;
use crate::endpoint::Request;
use crate::iam::Call;
use crate::refusal::Refusal;

/// What pages hold unless the caller wants fewer, and at most.
const PAGE: usize = 100;

/// The body of `CreateSchedule` and `UpdateSchedule`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutSchedule {
    group_name: Option<String>,
    client_token: Option<String>,
    schedule_expression: String,
    schedule_expression_timezone: Option<String>,
    flexible_time_window: FlexibleTimeWindow,
    target: Target,
    action_after_completion: Option<String>,
    description: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateGroup {
    client_token: Option<String>,
}

/// Does the operation that a method and a path name.
pub(crate) async fn call(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let mut path = request.uri.path().trim_start_matches('/').split('/');
    let (collection, name, more) = (path.next(), path.next(), path.next());
    let name = name.map(decoded).transpose()?;
    match (&request.method, collection, name, more) {
        (&Method::POST, Some("schedules"), Some(name), None) => {
            put(cloud, request, name, true).await
        }
        (&Method::PUT, Some("schedules"), Some(name), None) => {
            put(cloud, request, name, false).await
        }
        (&Method::GET, Some("schedules"), Some(name), None) => get(cloud, request, name),
        (&Method::DELETE, Some("schedules"), Some(name), None) => {
            delete(cloud, request, name).await
        }
        (&Method::GET, Some("schedules"), None, None) => list(cloud, request),
        (&Method::POST, Some("schedule-groups"), Some(name), None) => {
            let input: CreateGroup = read(&request.body)?;
            authorize_group(cloud, request, "scheduler:CreateScheduleGroup", &name)?;
            cloud
                .change(|state, t| state.schedules.create_group(&name, input.client_token, t))
                .await?;
            Ok(json!({ "ScheduleGroupArn": cloud.names().schedule_group(&name) }))
        }
        (&Method::GET, Some("schedule-groups"), Some(name), None) => {
            authorize_group(cloud, request, "scheduler:GetScheduleGroup", &name)?;
            let group = cloud.lock().schedules.group(&name)?;
            Ok(shown_group(cloud, &name, group.created_at))
        }
        (&Method::DELETE, Some("schedule-groups"), Some(name), None) => {
            query(request, &["clientToken"])?;
            authorize_group(cloud, request, "scheduler:DeleteScheduleGroup", &name)?;
            cloud
                .change(|state, t| state.schedules.delete_group(&name, t))
                .await?;
            Ok(json!({}))
        }
        (&Method::GET, Some("schedule-groups"), None, None) => list_groups(cloud, request),
        (method, ..) => Err(Refusal::new(
            "UnknownOperationException",
            format!(
                "{method} {} is not emulated here, or unknown",
                request.uri.path()
            ),
        )),
    }
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| invalid("the path is not UTF-8"))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // An operation without parameters may come without a body.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| invalid(format!("The request's parameters: {error}")))
}

/// The query's parameters; one that is not emulated is refused by its name.
fn query(request: &Request, known: &[&str]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut parameters = BTreeMap::new();
    let pairs = request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|p| !p.is_empty());
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !known.contains(&name) {
            return Err(invalid(format!(
                "The parameter {name} is not emulated here."
            )));
        }
        parameters.insert(name.to_owned(), decoded(&value.replace('+', " "))?);
    }
    Ok(parameters)
}

fn group_of(parameter: Option<&String>) -> String {
    parameter
        .cloned()
        .unwrap_or_else(|| DEFAULT_GROUP.to_owned())
}

fn authorize(cloud: &Cloud, request: &Request, action: &str, key: &Key) -> Result<(), Refusal> {
    let arn = cloud.names().schedule(&key.0, &key.1);
    cloud
        .identities()
        .authorize(&Call::new(&request.caller, action, &arn))
}

fn authorize_group(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    group: &str,
) -> Result<(), Refusal> {
    let arn = cloud.names().schedule_group(group);
    cloud
        .identities()
        .authorize(&Call::new(&request.caller, action, &arn))
}

async fn put(
    cloud: &Cloud,
    request: &Request,
    name: String,
    create: bool,
) -> Result<Value, Refusal> {
    let input: PutSchedule = read(&request.body)?;
    let key = (group_of(input.group_name.as_ref()), name);
    let action = if create {
        "scheduler:CreateSchedule"
    } else {
        "scheduler:UpdateSchedule"
    };
    authorize(cloud, request, action, &key)?;
    let role = &input.target.role_arn;
    let pass = Call::new(&request.caller, "iam:PassRole", role)
        .with("iam:PassedToService", "scheduler.amazonaws.com");
    cloud.identities().authorize(&pass)?;
    // An operator may try things with a role that nobody described; a function may not.
    let asks_role = !request.caller.is_operator() || cloud.identities().role(role).is_some();
    let arn = cloud.names().schedule(&key.0, &key.1);
    let plan = Plan {
        schedule_expression: input.schedule_expression,
        schedule_expression_timezone: input.schedule_expression_timezone,
        flexible_time_window: input.flexible_time_window,
        target: input.target,
        action_after_completion: input.action_after_completion,
        description: input.description,
        state: input.state,
    };
    let token = input.client_token;
    cloud
        .change(|state, t| match create {
            true => state.schedules.create(key, plan, token, asks_role, t),
            false => state.schedules.update(key, plan, token, asks_role, t),
        })
        .await?;
    Ok(json!({ "ScheduleArn": arn }))
}

fn get(cloud: &Cloud, request: &Request, name: String) -> Result<Value, Refusal> {
    let parameters = query(request, &["groupName"])?;
    let key = (group_of(parameters.get("groupName")), name);
    authorize(cloud, request, "scheduler:GetSchedule", &key)?;
    let state = cloud.lock();
    let schedule = state.schedules.get(&key)?;
    let mut shown = serde_json::to_value(&schedule.plan)
        .map_err(|error| Refusal::new("InternalServerException", error.to_string()))?;
    shown["ActionAfterCompletion"] = json!(
        schedule
            .plan
            .action_after_completion
            .as_deref()
            .unwrap_or("NONE")
    );
    shown["ScheduleExpressionTimezone"] = json!(
        schedule
            .plan
            .schedule_expression_timezone
            .as_deref()
            .unwrap_or("UTC")
    );
    summarise(cloud, &key, schedule, &mut shown);
    Ok(shown)
}

fn summarise(cloud: &Cloud, key: &Key, schedule: &Schedule, shown: &mut Value) {
    shown["Arn"] = json!(cloud.names().schedule(&key.0, &key.1));
    shown["GroupName"] = json!(key.0);
    shown["Name"] = json!(key.1);
    shown["State"] = json!("ENABLED");
    shown["CreationDate"] = seconds(schedule.created_at);
    shown["LastModificationDate"] = seconds(schedule.modified_at);
}

fn seconds(ms: i64) -> Value {
    json!(ms as f64 / 1_000.0)
}

async fn delete(cloud: &Cloud, request: &Request, name: String) -> Result<Value, Refusal> {
    let parameters = query(request, &["groupName", "clientToken"])?;
    let key = (group_of(parameters.get("groupName")), name);
    authorize(cloud, request, "scheduler:DeleteSchedule", &key)?;
    cloud
        .change(|state, t| state.schedules.delete(&key, t))
        .await?;
    Ok(json!({}))
}

fn list(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let parameters = query(
        request,
        &[
            "ScheduleGroup",
            "NamePrefix",
            "State",
            "MaxResults",
            "NextToken",
        ],
    )?;
    let any = ("*".to_owned(), "*".to_owned());
    authorize(cloud, request, "scheduler:ListSchedules", &any)?;
    let group = parameters.get("ScheduleGroup");
    let prefix = parameters.get("NamePrefix").map_or("", String::as_str);
    let after = parameters
        .get("NextToken")
        .and_then(|token| token.split_once('/'));
    let enabled = parameters
        .get("State")
        .is_none_or(|state| state == "ENABLED");
    let max = page(&parameters)?;
    let state = cloud.lock();
    let mut found = state.schedules.all().filter(|(key, _)| {
        enabled
            && group.is_none_or(|group| *group == key.0)
            && key.1.starts_with(prefix)
            && after.is_none_or(|after| (key.0.as_str(), key.1.as_str()) > after)
    });
    let mut shown = Vec::new();
    let mut last = None;
    for (key, schedule) in found.by_ref().take(max) {
        let mut summary = json!({ "Target": { "Arn": schedule.plan.target.arn } });
        summarise(cloud, key, schedule, &mut summary);
        shown.push(summary);
        last = Some(key);
    }
    let mut output = json!({ "Schedules": shown });
    if let (Some(last), Some(_)) = (last, found.next()) {
        output["NextToken"] = json!(format!("{}/{}", last.0, last.1));
    }
    Ok(output)
}

fn list_groups(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let parameters = query(request, &["NamePrefix", "MaxResults", "NextToken"])?;
    authorize_group(cloud, request, "scheduler:ListScheduleGroups", "*")?;
    let prefix = parameters.get("NamePrefix").map_or("", String::as_str);
    let after = parameters.get("NextToken").map_or("", String::as_str);
    let max = page(&parameters)?;
    let state = cloud.lock();
    let mut found = state
        .schedules
        .groups()
        .filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after);
    let mut shown = Vec::new();
    let mut last = None;
    for (name, group) in found.by_ref().take(max) {
        shown.push(shown_group(cloud, name, group.created_at));
        last = Some(name);
    }
    let mut output = json!({ "ScheduleGroups": shown });
    if let (Some(last), Some(_)) = (last, found.next()) {
        output["NextToken"] = json!(last);
    }
    Ok(output)
}

fn page(parameters: &BTreeMap<String, String>) -> Result<usize, Refusal> {
    let Some(text) = parameters.get("MaxResults") else {
        return Ok(PAGE);
    };
    let max = text.parse().ok().filter(|max| (1..=PAGE).contains(max));
    max.ok_or_else(|| invalid("MaxResults must be between 1 and 100."))
}

fn shown_group(cloud: &Cloud, name: &str, created_at: i64) -> Value {
    json!({
        "Arn": cloud.names().schedule_group(name),
        "Name": name,
        "State": "ACTIVE",
        "CreationDate": seconds(created_at),
        "LastModificationDate": seconds(created_at),
    })
}

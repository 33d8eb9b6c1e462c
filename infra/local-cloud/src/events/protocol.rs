//! EventBridge as SDKs speak it: AWS JSON 1.1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::buses::{DEFAULT_BUS, Target};
use super::transformer::Transformer;
use crate::cloud::Cloud;
use crate::endpoint::Request;
use crate::iam::Call;
use crate::random::uuid;
use crate::refusal::Refusal;

/// EventBridge: a call puts at most ten events.
const MAX_ENTRIES: usize = 10;
/// EventBridge: the entries of a call are together below 256 KB.
const MAX_BYTES: usize = 262_144;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnBus {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRule {
    name: String,
    event_pattern: String,
    event_bus_name: Option<String>,
    description: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRules {
    event_bus_name: Option<String>,
    name_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnRule {
    rule: String,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutTargets {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<TargetInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TargetInput {
    id: String,
    arn: String,
    input_transformer: Option<Transformer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveTargets {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    /// Seconds since the epoch.
    time: Option<f64>,
}

/// Does one operation.
pub(crate) async fn call(
    cloud: &Cloud,
    operation: &str,
    request: &Request,
) -> Result<Value, Refusal> {
    match operation {
        "CreateEventBus" => {
            let input: OnBus = read(request)?;
            let name = input.name.unwrap_or_default();
            authorize(
                cloud,
                request,
                "events:CreateEventBus",
                &cloud.names().bus(&name),
            )?;
            cloud
                .change(|state, t| state.buses.create(&name, t))
                .await?;
            Ok(json!({ "EventBusArn": cloud.names().bus(&name) }))
        }
        "DescribeEventBus" => {
            let input: OnBus = read(request)?;
            let name = bus_name(cloud, input.name);
            authorize(
                cloud,
                request,
                "events:DescribeEventBus",
                &cloud.names().bus(&name),
            )?;
            let bus = cloud.lock().buses.bus(&name)?;
            let created = bus.created_at as f64 / 1_000.0;
            let arn = cloud.names().bus(&name);
            Ok(json!({ "Name": name, "Arn": arn, "CreationTime": created }))
        }
        "PutRule" => put_rule(cloud, request).await,
        "DescribeRule" => describe_rule(cloud, request),
        "ListRules" => list_rules(cloud, request),
        "DeleteRule" => {
            let input: Named = read(request)?;
            let bus = bus_name(cloud, input.event_bus_name);
            on_rule(cloud, request, "events:DeleteRule", &bus, &input.name)?;
            cloud
                .change(|state, t| state.buses.delete_rule(&bus, &input.name, t))
                .await?;
            Ok(json!({}))
        }
        "PutTargets" => put_targets(cloud, request).await,
        "ListTargetsByRule" => list_targets(cloud, request),
        "RemoveTargets" => remove_targets(cloud, request).await,
        "PutEvents" => put_events(cloud, request).await,
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("events:{operation} is not emulated here, or unknown to EventBridge"),
        )),
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| {
        Refusal::new(
            "ValidationException",
            format!("The request's parameters: {error}"),
        )
    })
}

fn bus_name(cloud: &Cloud, name_or_arn: Option<String>) -> String {
    let name = name_or_arn.unwrap_or_else(|| DEFAULT_BUS.to_owned());
    cloud.names().bus_name(&name).to_owned()
}

fn authorize(cloud: &Cloud, request: &Request, action: &str, arn: &str) -> Result<(), Refusal> {
    cloud
        .identities()
        .authorize(&Call::new(&request.caller, action, arn))
}

fn on_rule(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    bus: &str,
    rule: &str,
) -> Result<(), Refusal> {
    authorize(cloud, request, action, &cloud.names().rule(bus, rule))
}

async fn put_rule(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: PutRule = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(cloud, request, "events:PutRule", &bus, &input.name)?;
    if input.state.is_some_and(|state| state != "ENABLED") {
        let message = "State: only ENABLED is emulated here.";
        return Err(Refusal::new("ValidationException", message));
    }
    cloud
        .change(|state, t| {
            let (name, pattern) = (&input.name, &input.event_pattern);
            state
                .buses
                .put_rule(&bus, name, pattern, input.description, t)
        })
        .await?;
    Ok(json!({ "RuleArn": cloud.names().rule(&bus, &input.name) }))
}

fn describe_rule(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: Named = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(cloud, request, "events:DescribeRule", &bus, &input.name)?;
    let state = cloud.lock();
    let rule = state.buses.rule(&bus, &input.name)?;
    Ok(json!({
        "Name": input.name,
        "Arn": cloud.names().rule(&bus, &input.name),
        "EventBusName": bus,
        "EventPattern": rule.pattern,
        "Description": rule.description,
        "State": "ENABLED",
    }))
}

fn list_rules(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: ListRules = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(cloud, request, "events:ListRules", &bus, "*")?;
    let state = cloud.lock();
    state.buses.bus(&bus)?;
    let prefix = input.name_prefix.unwrap_or_default();
    let rules = state
        .buses
        .rules(&bus)
        .filter(|(name, _)| name.starts_with(&prefix));
    let rules: Vec<Value> = rules
        .map(|(name, rule)| {
            json!({
                "Name": name,
                "Arn": cloud.names().rule(&bus, name),
                "EventBusName": bus,
                "EventPattern": rule.pattern,
                "Description": rule.description,
                "State": "ENABLED",
            })
        })
        .collect();
    Ok(json!({ "Rules": rules }))
}

async fn put_targets(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: PutTargets = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(cloud, request, "events:PutTargets", &bus, &input.rule)?;
    for target in &input.targets {
        if target.arn.split(':').nth(2) != Some("sqs") {
            let message = format!("{}: only SQS queues are emulated here.", target.arn);
            return Err(Refusal::new("ValidationException", message));
        }
        target
            .input_transformer
            .as_ref()
            .map(Transformer::check)
            .transpose()?;
    }
    // An operator may try things on queues without a policy; a function may not.
    let asks_policy = !request.caller.is_operator();
    cloud
        .change(|state, t| {
            for target in input.targets {
                let (arn, transformer) = (target.arn, target.input_transformer);
                let new = Target {
                    arn,
                    transformer,
                    asks_policy,
                };
                state
                    .buses
                    .put_target(&bus, &input.rule, &target.id, new, t)?;
            }
            Ok(())
        })
        .await?;
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

fn list_targets(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: OnRule = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(
        cloud,
        request,
        "events:ListTargetsByRule",
        &bus,
        &input.rule,
    )?;
    let state = cloud.lock();
    let targets = &state.buses.rule(&bus, &input.rule)?.targets;
    let targets: Vec<Value> = targets
        .iter()
        .map(|(id, target)| {
            let mut shown = json!({ "Id": id, "Arn": target.arn });
            if let Some(transformer) = &target.transformer {
                shown["InputTransformer"] = json!(transformer);
            }
            shown
        })
        .collect();
    Ok(json!({ "Targets": targets }))
}

async fn remove_targets(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: RemoveTargets = read(request)?;
    let bus = bus_name(cloud, input.event_bus_name);
    on_rule(cloud, request, "events:RemoveTargets", &bus, &input.rule)?;
    let failed = cloud
        .change(|state, t| {
            let mut failed = Vec::new();
            for id in &input.ids {
                if !state.buses.remove_target(&bus, &input.rule, id, t)? {
                    failed.push(json!({
                        "TargetId": id,
                        "ErrorCode": "ResourceNotFoundException",
                        "ErrorMessage": format!("Rule {} has no target {id}.", input.rule),
                    }));
                }
            }
            Ok(failed)
        })
        .await?;
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

/// Accepts events, each by itself, and delivers them in the same transaction.
async fn put_events(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: PutEvents = read(request)?;
    let count = input.entries.len();
    if !(1..=MAX_ENTRIES).contains(&count) {
        return Err(Refusal::new(
            "ValidationException",
            format!("{count} entries: the call must have between 1 and 10."),
        ));
    }
    if input.entries.iter().map(Entry::bytes).sum::<usize>() >= MAX_BYTES {
        return Err(Refusal::new(
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        ));
    }
    for entry in &input.entries {
        let bus = bus_name(cloud, entry.event_bus_name.clone());
        authorize(cloud, request, "events:PutEvents", &cloud.names().bus(&bus))?;
    }
    let results = cloud
        .change(|state, t| {
            let mut results = Vec::new();
            for entry in input.entries {
                let bus = bus_name(cloud, entry.event_bus_name.clone());
                let event = entry.sealed(cloud, t.now);
                results.push(match event.and_then(|e| state.buses.bus(&bus).map(|_| e)) {
                    Ok(event) => {
                        for delivery in state.buses.deliveries(&bus, &event) {
                            state.deliver_event(&delivery, t);
                        }
                        json!({ "EventId": event["id"] })
                    }
                    Err(refusal) => {
                        json!({ "ErrorCode": refusal.code, "ErrorMessage": refusal.message })
                    }
                });
            }
            Ok(results)
        })
        .await?;
    let failed = results
        .iter()
        .filter(|result| result.get("ErrorCode").is_some())
        .count();
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

impl Entry {
    /// The size that EventBridge counts ("Calculating Amazon EventBridge event entry size").
    fn bytes(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let time = if self.time.is_some() { 14 } else { 0 };
        texts + time + self.resources.iter().map(String::len).sum::<usize>()
    }

    /// The event as targets receive it.
    fn sealed(&self, cloud: &Cloud, now: i64) -> Result<Value, Refusal> {
        let given = |what: &str, value: &Option<String>| match value.as_deref() {
            None | Some("") => Err(Refusal::new(
                "InvalidArgument",
                format!("Parameter {what} is not valid."),
            )),
            Some(value) => Ok(value.to_owned()),
        };
        let source = given("Source", &self.source)?;
        let detail_type = given("DetailType", &self.detail_type)?;
        let detail: Value = serde_json::from_str(&given("Detail", &self.detail)?)
            .map_err(|_| Refusal::new("MalformedDetail", "Detail is malformed."))?;
        if !detail.is_object() {
            return Err(Refusal::new("MalformedDetail", "Detail is not an object."));
        }
        let at_ms = self.time.map_or(now, |seconds| (seconds * 1_000.0) as i64);
        // EventBridge tells whole seconds.
        let at = jiff::Timestamp::from_second(at_ms.div_euclid(1_000))
            .map_err(|_| Refusal::new("InvalidArgument", "Parameter Time is not valid."))?;
        Ok(json!({
            "version": "0",
            "id": uuid()?,
            "detail-type": detail_type,
            "source": source,
            "account": cloud.names().account,
            "time": at.to_string(),
            "region": cloud.names().region,
            "resources": self.resources,
            "detail": detail,
        }))
    }
}

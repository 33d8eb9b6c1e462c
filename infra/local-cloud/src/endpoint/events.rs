//! EventBridge as SDKs speak it: AWS JSON 1.1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::Request;
use crate::cloud::Cloud;
use crate::random::uuid;
use crate::refusal::Refusal;

/// EventBridge: a call puts at most ten events.
const MAX_ENTRIES: usize = 10;
/// EventBridge: the entries of a call are together below 256 KB.
const MAX_BYTES: usize = 262_144;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    event_bus_name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
}

pub(super) async fn call(
    cloud: &Cloud,
    operation: &str,
    request: &Request,
) -> Result<Value, Refusal> {
    match operation {
        "PutEvents" => put_events(cloud, request).await,
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("events:{operation} is not emulated here, or unknown to EventBridge"),
        )),
    }
}

/// Accepts events, each by itself, and delivers them in the same transaction.
async fn put_events(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let PutEvents { entries } = request.json(|_| "ValidationException")?;
    let invalid = |message: &str| Err(Refusal::new("ValidationException", message));
    if !(1..=MAX_ENTRIES).contains(&entries.len()) {
        return invalid("The call must have between 1 and 10 entries.");
    }
    if entries.iter().map(Entry::bytes).sum::<usize>() >= MAX_BYTES {
        return invalid("Total size of the entries in the request is over the limit.");
    }
    let names = cloud.names();
    for entry in &entries {
        let bus = names.bus(names.bus_name(&entry.event_bus_name));
        request.authorize(cloud, "events:PutEvents", &bus)?;
    }
    let results = cloud
        .change(|state, t| {
            let accept = |entry: &Entry| {
                let event = entry.seal(cloud, t.now)?;
                state.deliver_event(names.bus_name(&entry.event_bus_name), &event, t)?;
                Ok(json!({ "EventId": event["id"] }))
            };
            Ok(entries.iter().map(accept).collect::<Vec<_>>())
        })
        .await?;
    let failed = results.iter().filter(|result| result.is_err()).count();
    let results = results.into_iter().map(|result| {
        result.unwrap_or_else(|refusal: Refusal| {
            json!({ "ErrorCode": refusal.code, "ErrorMessage": refusal.message })
        })
    });
    Ok(json!({ "FailedEntryCount": failed, "Entries": results.collect::<Vec<_>>() }))
}

impl Entry {
    /// The size that EventBridge counts ("Calculating Amazon EventBridge event entry size").
    fn bytes(&self) -> usize {
        self.source.len() + self.detail_type.len() + self.detail.len()
    }

    /// The event as targets receive it.
    fn seal(&self, cloud: &Cloud, now: i64) -> Result<Value, Refusal> {
        for (name, value) in [
            ("Source", &self.source),
            ("DetailType", &self.detail_type),
            ("Detail", &self.detail),
        ] {
            if value.is_empty() {
                let message = format!("Parameter {name} is not valid.");
                return Err(Refusal::new("InvalidArgument", message));
            }
        }
        let detail = serde_json::from_str(&self.detail).ok();
        let detail: Value = detail
            .filter(Value::is_object)
            .ok_or_else(|| Refusal::new("MalformedDetail", "Detail is malformed."))?;
        // EventBridge tells whole seconds.
        let at = jiff::Timestamp::from_second(now.div_euclid(1_000)).unwrap_or_default();
        Ok(json!({
            "version": "0",
            "id": uuid()?,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": cloud.names().account,
            "time": at.to_string(),
            "region": cloud.names().region,
            "resources": [],
            "detail": detail,
        }))
    }
}

//! SQS as SDKs speak it: AWS JSON 1.0.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::message::{Draft, MessageAttribute, Received, Sent};
use super::queues::no_queue;
use crate::cloud::Cloud;
use crate::endpoint::Request;
use crate::iam::Call;
use crate::refusal::Refusal;

/// SQS: a batch has one to ten entries.
const MAX_ENTRIES: usize = 10;
/// SQS: `ListQueues` answers at most a thousand queues at a time.
const MAX_LISTED: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnQueue {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueUrl {
    queue_name: String,
    queue_owner_aws_account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListQueues {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetQueueAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    queue_url: String,
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendEntry {
    id: String,
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Batch<T> {
    queue_url: String,
    #[serde(default = "Vec::new")]
    entries: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReceiveMessage {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteEntry {
    id: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeVisibilityEntry {
    id: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

/// Does one operation.
pub(crate) async fn call(
    cloud: &Cloud,
    operation: &str,
    request: &Request,
) -> Result<Value, Refusal> {
    match operation {
        "CreateQueue" => create_queue(cloud, request).await,
        "GetQueueUrl" => get_queue_url(cloud, request),
        "ListQueues" => list_queues(cloud, request),
        "ListDeadLetterSourceQueues" => list_sources(cloud, request),
        "GetQueueAttributes" => get_attributes(cloud, request).await,
        "SetQueueAttributes" => set_attributes(cloud, request).await,
        "DeleteQueue" => {
            let input: OnQueue = read(request)?;
            let queue = allowed(cloud, request, "sqs:DeleteQueue", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.delete_queue(&queue, t))
                .await?;
            Ok(json!({}))
        }
        "PurgeQueue" => {
            let input: OnQueue = read(request)?;
            let queue = allowed(cloud, request, "sqs:PurgeQueue", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.purge(&queue, t))
                .await?;
            Ok(json!({}))
        }
        "SendMessage" => send(cloud, request).await,
        "SendMessageBatch" => send_batch(cloud, request).await,
        "ReceiveMessage" => receive(cloud, request).await,
        "DeleteMessage" => {
            let input: DeleteMessage = read(request)?;
            let queue = allowed(cloud, request, "sqs:DeleteMessage", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.delete(&queue, &input.receipt_handle, t))
                .await?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => delete_batch(cloud, request).await,
        "ChangeMessageVisibility" => {
            let input: ChangeVisibility = read(request)?;
            let queue = allowed(
                cloud,
                request,
                "sqs:ChangeMessageVisibility",
                &input.queue_url,
            )?;
            cloud
                .change_visibility(&queue, &input.receipt_handle, input.visibility_timeout)
                .await?;
            Ok(json!({}))
        }
        "ChangeMessageVisibilityBatch" => change_visibility_batch(cloud, request).await,
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("sqs:{operation} is not emulated here, or unknown to SQS"),
        )),
    }
}

/// Reads the parameters; one that is not emulated is refused by its name.
fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| {
        let text = error.to_string();
        let code = if text.starts_with("missing field") {
            "MissingParameter"
        } else if text.starts_with("unknown field") {
            "UnsupportedOperation"
        } else {
            "InvalidParameterValue"
        };
        Refusal::new(code, format!("The request's parameters: {text}"))
    })
}

/// The queue that a URL names, once the caller may do `action` with it.
fn allowed(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    queue_url: &str,
) -> Result<String, Refusal> {
    let queue = cloud
        .names()
        .queue_of_url(queue_url)
        .ok_or_else(|| no_queue(queue_url))?;
    authorize(cloud, request, action, queue)?;
    Ok(queue.to_owned())
}

fn authorize(cloud: &Cloud, request: &Request, action: &str, queue: &str) -> Result<(), Refusal> {
    if request.caller.is_operator() {
        return Ok(());
    }
    let policy = cloud.lock().queues.policy(queue);
    let arn = cloud.names().queue(queue);
    let call = Call::new(&request.caller, action, &arn).guarded_by(policy.as_deref());
    cloud.identities().authorize(&call)
}

async fn create_queue(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: CreateQueue = read(request)?;
    authorize(cloud, request, "sqs:CreateQueue", &input.queue_name)?;
    cloud
        .change(|state, t| state.queues.create(&input.queue_name, input.attributes, t))
        .await?;
    Ok(json!({ "QueueUrl": cloud.queue_url(&request.endpoint, &input.queue_name) }))
}

fn get_queue_url(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: GetQueueUrl = read(request)?;
    authorize(cloud, request, "sqs:GetQueueUrl", &input.queue_name)?;
    let owner = input.queue_owner_aws_account_id;
    let ours = owner.is_none_or(|owner| owner == cloud.names().account);
    if !ours || !cloud.lock().queues.exists(&input.queue_name) {
        return Err(no_queue(&input.queue_name));
    }
    Ok(json!({ "QueueUrl": cloud.queue_url(&request.endpoint, &input.queue_name) }))
}

fn list_queues(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: ListQueues = read(request)?;
    authorize(cloud, request, "sqs:ListQueues", "*")?;
    let max = input.max_results.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let after = input.next_token.unwrap_or_default();
    let names = cloud.lock().queues.list(&prefix, &after, max + 1);
    let urls: Vec<String> = names
        .iter()
        .take(max)
        .map(|name| cloud.queue_url(&request.endpoint, name))
        .collect();
    let mut output = json!({ "QueueUrls": urls });
    // SQS pages only for those who say how many they want.
    if names.len() > max && input.max_results.is_some() {
        output["NextToken"] = json!(names[max - 1]);
    }
    Ok(output)
}

fn list_sources(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: OnQueue = read(request)?;
    let queue = allowed(
        cloud,
        request,
        "sqs:ListDeadLetterSourceQueues",
        &input.queue_url,
    )?;
    let sources = cloud.lock().queues.dead_letter_sources(&queue)?;
    let urls: Vec<String> = sources
        .iter()
        .map(|name| cloud.queue_url(&request.endpoint, name))
        .collect();
    Ok(json!({ "queueUrls": urls }))
}

async fn get_attributes(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: GetQueueAttributes = read(request)?;
    let queue = allowed(cloud, request, "sqs:GetQueueAttributes", &input.queue_url)?;
    let attributes = cloud
        .change(|state, t| state.queues.attributes(&queue, &input.attribute_names, t))
        .await?;
    Ok(json!({ "Attributes": attributes }))
}

async fn set_attributes(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: SetQueueAttributes = read(request)?;
    let queue = allowed(cloud, request, "sqs:SetQueueAttributes", &input.queue_url)?;
    cloud
        .change(|state, t| state.queues.set_attributes(&queue, input.attributes, t))
        .await?;
    Ok(json!({}))
}

async fn send(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: SendMessage = read(request)?;
    let queue = allowed(cloud, request, "sqs:SendMessage", &input.queue_url)?;
    let draft = Draft {
        body: input.message_body,
        delay_s: input.delay_seconds,
        group: input.message_group_id,
        attributes: input.message_attributes,
    };
    let sender = &request.caller.user_id;
    let sent = cloud
        .change(|state, t| state.queues.send(&queue, draft, sender, t))
        .await?;
    Ok(Value::Object(told(&sent)))
}

fn told(sent: &Sent) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("MessageId".into(), json!(sent.message_id));
    told.insert("MD5OfMessageBody".into(), json!(sent.md5));
    if let Some(md5) = &sent.attributes_md5 {
        told.insert("MD5OfMessageAttributes".into(), json!(md5));
    }
    told
}

async fn send_batch(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: Batch<SendEntry> = read(request)?;
    let queue = allowed(cloud, request, "sqs:SendMessage", &input.queue_url)?;
    let ids: Vec<String> = input.entries.iter().map(|entry| entry.id.clone()).collect();
    check_ids(&ids)?;
    let drafts = input.entries.into_iter().map(|entry| Draft {
        body: entry.message_body,
        delay_s: entry.delay_seconds,
        group: entry.message_group_id,
        attributes: entry.message_attributes,
    });
    let drafts = drafts.collect();
    let sender = &request.caller.user_id;
    let sent = cloud
        .change(|state, t| state.queues.send_batch(&queue, drafts, sender, t))
        .await?;
    Ok(per_entry(ids, sent, |sent| told(&sent)))
}

async fn delete_batch(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: Batch<DeleteEntry> = read(request)?;
    let queue = allowed(cloud, request, "sqs:DeleteMessage", &input.queue_url)?;
    let (ids, handles): (Vec<String>, Vec<String>) = input
        .entries
        .into_iter()
        .map(|entry| (entry.id, entry.receipt_handle))
        .unzip();
    check_ids(&ids)?;
    let deleted = cloud.delete(&queue, &handles).await?;
    Ok(per_entry(ids, deleted, |()| Map::new()))
}

async fn change_visibility_batch(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: Batch<ChangeVisibilityEntry> = read(request)?;
    let queue = allowed(
        cloud,
        request,
        "sqs:ChangeMessageVisibility",
        &input.queue_url,
    )?;
    let ids: Vec<String> = input.entries.iter().map(|entry| entry.id.clone()).collect();
    check_ids(&ids)?;
    let changed = cloud
        .change(|state, t| {
            let changed = input.entries.iter().map(|entry| {
                let (handle, seconds) = (&entry.receipt_handle, entry.visibility_timeout);
                state.queues.change_visibility(&queue, handle, seconds, t)
            });
            Ok(changed.collect::<Vec<_>>())
        })
        .await?;
    Ok(per_entry(ids, changed, |()| Map::new()))
}

fn check_ids(ids: &[String]) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Err(Refusal::new(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.",
        ));
    }
    if ids.len() > MAX_ENTRIES {
        return Err(Refusal::new(
            "TooManyEntriesInBatchRequest",
            format!(
                "Maximum number of entries per request are 10. You have sent {}.",
                ids.len()
            ),
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some(id) = ids
        .iter()
        .find(|id| !(1..=80).contains(&id.len()) || !id.chars().all(allowed))
    {
        return Err(Refusal::new(
            "InvalidBatchEntryId",
            format!("The batch entry id {id:?} is not of 1 to 80 letters, digits, '-' and '_'."),
        ));
    }
    for (at, id) in ids.iter().enumerate() {
        if ids[..at].contains(id) {
            return Err(Refusal::new(
                "BatchEntryIdsNotDistinct",
                format!("Id {id} repeated."),
            ));
        }
    }
    Ok(())
}

/// The answer to a batch: what became of each entry.
fn per_entry<T>(
    ids: Vec<String>,
    results: Vec<Result<T, Refusal>>,
    told: impl Fn(T) -> Map<String, Value>,
) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, result) in ids.into_iter().zip(results) {
        match result {
            Ok(done) => {
                let mut entry = told(done);
                entry.insert("Id".into(), json!(id));
                successful.push(Value::Object(entry));
            }
            Err(refusal) => failed.push(json!({
                "Id": id,
                "SenderFault": true,
                "Code": refusal.code,
                "Message": refusal.message,
            })),
        }
    }
    json!({ "Successful": successful, "Failed": failed })
}

async fn receive(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: ReceiveMessage = read(request)?;
    let queue = allowed(cloud, request, "sqs:ReceiveMessage", &input.queue_url)?;
    let max = input.max_number_of_messages.unwrap_or(1);
    let received = cloud
        .receive(
            &queue,
            max,
            input.wait_time_seconds,
            input.visibility_timeout,
        )
        .await?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let mut system = input.message_system_attribute_names;
    system.extend(input.attribute_names);
    let messages: Vec<Value> = received
        .iter()
        .map(|m| shown(m, &system, &input.message_attribute_names))
        .collect();
    Ok(json!({ "Messages": messages }))
}

fn shown(message: &Received, system: &[String], asked: &[String]) -> Value {
    let mut shown = json!({
        "MessageId": message.message_id(),
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5_of_body(),
        "Body": message.body(),
    });
    let wants = |name: &str| system.iter().any(|asked| asked == "All" || asked == name);
    let attributes: BTreeMap<_, _> = message
        .system_attributes()
        .into_iter()
        .filter(|(name, _)| wants(name))
        .collect();
    if !attributes.is_empty() {
        shown["Attributes"] = json!(attributes);
    }
    let wants = |name: &str| {
        asked.iter().any(|asked| match asked.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => asked == "All" || asked == name,
        })
    };
    let attributes: BTreeMap<&String, &MessageAttribute> = message
        .message_attributes()
        .iter()
        .filter(|(name, _)| wants(name))
        .collect();
    if !attributes.is_empty() {
        // SQS digests what it returns, which may be fewer than were sent.
        shown["MD5OfMessageAttributes"] = json!(message.md5_of_attributes(&attributes));
        shown["MessageAttributes"] = json!(attributes);
    }
    shown
}

//! SQS as SDKs speak it: AWS JSON 1.0.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::Request;
use crate::cloud::Cloud;
use crate::iam::Call;
use crate::refusal::Refusal;
use crate::sqs::{Draft, MessageAttribute, Received, no_queue};

/// SQS: a batch has one to ten entries.
const MAX_ENTRIES: usize = 10;
/// SQS: `ListQueues` answers at most a thousand queues at a time.
const MAX_LISTED: usize = 1_000;

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
    #[serde(default)]
    queue_name_prefix: String,
    #[serde(default)]
    next_token: String,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteQueue {
    queue_url: String,
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
    message_group_id: Option<String>,
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
struct ChangeVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Batch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

/// One message of a batch that deletes or hides.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

pub(super) async fn call(
    cloud: &Cloud,
    operation: &str,
    request: &Request,
) -> Result<Value, Refusal> {
    match operation {
        "CreateQueue" => create_queue(cloud, request).await,
        "GetQueueUrl" => get_queue_url(cloud, request),
        "ListQueues" => list_queues(cloud, request),
        "DeleteQueue" => {
            let input: DeleteQueue = read(request)?;
            let queue = allowed(cloud, request, "sqs:DeleteQueue", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.delete_queue(&queue, t))
                .await?;
            Ok(json!({}))
        }
        "GetQueueAttributes" => {
            let input: GetQueueAttributes = read(request)?;
            let queue = allowed(cloud, request, "sqs:GetQueueAttributes", &input.queue_url)?;
            let attributes = cloud
                .change(|state, t| state.queues.attributes(&queue, &input.attribute_names, t))
                .await?;
            Ok(json!({ "Attributes": attributes }))
        }
        "SetQueueAttributes" => {
            let input: SetQueueAttributes = read(request)?;
            let queue = allowed(cloud, request, "sqs:SetQueueAttributes", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.set_attributes(&queue, input.attributes, t))
                .await?;
            Ok(json!({}))
        }
        "SendMessage" => send(cloud, request).await,
        "ReceiveMessage" => receive(cloud, request).await,
        "DeleteMessage" => {
            let input: DeleteMessage = read(request)?;
            let queue = allowed(cloud, request, "sqs:DeleteMessage", &input.queue_url)?;
            cloud
                .change(|state, t| state.queues.delete(&queue, &input.receipt_handle, t))
                .await?;
            Ok(json!({}))
        }
        "ChangeMessageVisibility" => {
            let input: ChangeVisibility = read(request)?;
            let action = "sqs:ChangeMessageVisibility";
            let queue = allowed(cloud, request, action, &input.queue_url)?;
            let (handle, seconds) = (&input.receipt_handle, input.visibility_timeout);
            cloud
                .change(|state, t| state.queues.change_visibility(&queue, handle, seconds, t))
                .await?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => batch(cloud, request, "sqs:DeleteMessage").await,
        "ChangeMessageVisibilityBatch" => {
            batch(cloud, request, "sqs:ChangeMessageVisibility").await
        }
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("sqs:{operation} is not emulated here, or unknown to SQS"),
        )),
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    request.json(|error| {
        if error.starts_with("missing field") {
            "MissingParameter"
        } else if error.starts_with("unknown field") {
            "UnsupportedOperation"
        } else {
            "InvalidParameterValue"
        }
    })
}

/// The queue that a URL names, once the caller may do `action` with it.
fn allowed(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    queue_url: &str,
) -> Result<String, Refusal> {
    let queue = cloud.names().queue_of_url(queue_url);
    let queue = queue.ok_or_else(|| no_queue(queue_url))?;
    authorize(cloud, request, action, queue)?;
    Ok(queue.to_owned())
}

fn authorize(cloud: &Cloud, request: &Request, action: &str, queue: &str) -> Result<(), Refusal> {
    let policy = cloud.lock().queues.policy(queue);
    let arn = cloud.names().queue(queue);
    let call = Call::new(&request.caller, action, &arn).guarded_by(policy.as_deref());
    cloud.identities().authorize(&call)
}

fn queue_url(cloud: &Cloud, request: &Request, queue: &str) -> String {
    cloud.names().queue_url(&request.endpoint, queue)
}

async fn create_queue(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: CreateQueue = read(request)?;
    authorize(cloud, request, "sqs:CreateQueue", &input.queue_name)?;
    cloud
        .change(|state, t| state.queues.create(&input.queue_name, input.attributes, t))
        .await?;
    Ok(json!({ "QueueUrl": queue_url(cloud, request, &input.queue_name) }))
}

fn get_queue_url(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: GetQueueUrl = read(request)?;
    authorize(cloud, request, "sqs:GetQueueUrl", &input.queue_name)?;
    let owner = input.queue_owner_aws_account_id;
    let ours = owner.is_none_or(|owner| owner == cloud.names().account);
    if !ours || !cloud.lock().queues.exists(&input.queue_name) {
        return Err(no_queue(&input.queue_name));
    }
    Ok(json!({ "QueueUrl": queue_url(cloud, request, &input.queue_name) }))
}

fn list_queues(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: ListQueues = read(request)?;
    authorize(cloud, request, "sqs:ListQueues", "*")?;
    let max = input.max_results.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
    let (prefix, after) = (&input.queue_name_prefix, &input.next_token);
    let names = cloud.lock().queues.list(prefix, after, max + 1);
    let urls = names.iter().take(max);
    let urls: Vec<String> = urls.map(|name| queue_url(cloud, request, name)).collect();
    let mut output = json!({ "QueueUrls": urls });
    // SQS pages only for those who say how many they want.
    if names.len() > max && input.max_results.is_some() {
        output["NextToken"] = json!(names[max - 1]);
    }
    Ok(output)
}

async fn send(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: SendMessage = read(request)?;
    let queue = allowed(cloud, request, "sqs:SendMessage", &input.queue_url)?;
    let draft = Draft {
        delay_s: input.delay_seconds,
        group: input.message_group_id,
        trace: request.header("x-amzn-trace-id").map(str::to_owned),
        ..Draft::new(input.message_body)
    };
    let sender = &request.caller.user_id;
    let sent = cloud
        .change(|state, t| state.queues.send(&queue, draft, sender, t))
        .await?;
    Ok(json!({ "MessageId": sent.message_id, "MD5OfMessageBody": sent.md5 }))
}

/// Deletes or hides several messages, and answers the result of each.
async fn batch(cloud: &Cloud, request: &Request, action: &str) -> Result<Value, Refusal> {
    let Batch { queue_url, entries } = read(request)?;
    let queue = allowed(cloud, request, action, &queue_url)?;
    check_ids(&entries)?;
    let hides = action == "sqs:ChangeMessageVisibility";
    if let Some(entry) = entries
        .iter()
        .find(|entry| entry.visibility_timeout.is_some() != hides)
    {
        let message = format!(
            "VisibilityTimeout of the entry {} is missing or unknown",
            entry.id
        );
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let results = cloud
        .change(|state, t| {
            let queues = &mut state.queues;
            let results = entries.iter().map(|entry| match entry.visibility_timeout {
                Some(seconds) => {
                    queues.change_visibility(&queue, &entry.receipt_handle, seconds, t)
                }
                None => queues.delete(&queue, &entry.receipt_handle, t),
            });
            Ok(results.collect::<Vec<_>>())
        })
        .await?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (Entry { id, .. }, result) in entries.iter().zip(results) {
        match result {
            Ok(()) => successful.push(json!({ "Id": id })),
            Err(refusal) => failed.push(json!({
                "Id": id,
                "SenderFault": true,
                "Code": refusal.code,
                "Message": refusal.message,
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn check_ids(entries: &[Entry]) -> Result<(), Refusal> {
    let refused = |code, message: String| Err(Refusal::new(code, message));
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return refused("EmptyBatchRequest", message.to_owned());
    }
    let count = entries.len();
    if count > MAX_ENTRIES {
        let message =
            format!("Maximum number of entries per request are 10. You have sent {count}.");
        return refused("TooManyEntriesInBatchRequest", message);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for (at, Entry { id, .. }) in entries.iter().enumerate() {
        if !(1..=80).contains(&id.len()) || !id.chars().all(allowed) {
            let message = format!(
                "The batch entry id {id:?} is not of 1 to 80 letters, digits, '-' and '_'."
            );
            return refused("InvalidBatchEntryId", message);
        }
        if entries[..at].iter().any(|earlier| earlier.id == *id) {
            return refused("BatchEntryIdsNotDistinct", format!("Id {id} repeated."));
        }
    }
    Ok(())
}

async fn receive(cloud: &Cloud, request: &Request) -> Result<Value, Refusal> {
    let input: ReceiveMessage = read(request)?;
    let queue = allowed(cloud, request, "sqs:ReceiveMessage", &input.queue_url)?;
    let max = input.max_number_of_messages.unwrap_or(1);
    let (wait_s, visibility_s) = (input.wait_time_seconds, input.visibility_timeout);
    let received = cloud.receive(&queue, max, wait_s, visibility_s).await?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let system = [input.message_system_attribute_names, input.attribute_names].concat();
    let messages: Vec<Value> = received
        .iter()
        .map(|message| shown(message, &system, &input.message_attribute_names))
        .collect();
    Ok(json!({ "Messages": messages }))
}

/// A message with the system attributes and the sender's attributes that are asked for.
fn shown(message: &Received, system: &[String], asked: &[String]) -> Value {
    let mut shown = json!({
        "MessageId": message.message_id(),
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5_of_body(),
        "Body": message.body(),
    });
    let wants =
        |asked: &[String], name: &str| asked.iter().any(|asked| asked == "All" || asked == name);
    let mut attributes = message.system_attributes();
    attributes.retain(|name, _| wants(system, name));
    if !attributes.is_empty() {
        shown["Attributes"] = json!(attributes);
    }
    let attributes = message.message_attributes().iter();
    let attributes: BTreeMap<&String, &MessageAttribute> =
        attributes.filter(|(name, _)| wants(asked, name)).collect();
    if !attributes.is_empty() {
        shown["MessageAttributes"] = json!(attributes);
    }
    shown
}

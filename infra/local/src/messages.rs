//! The queues that functions are triggered by: ours, or those of another cloud.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use aws_smithy_types::timeout::TimeoutConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local_cloud::{Cloud, Draft, MessageAttribute, Received};
use serde_json::{Map, Value, json};

/// SQS gives at most so many messages at once.
const MOST_MESSAGES: u32 = 10;
const LONG_POLL_S: i32 = 20;
/// A long poll's answer may take a little longer than the poll.
const PATIENCE: Duration = Duration::from_secs(LONG_POLL_S as u64 + 10);

/// A queue.
#[derive(Clone)]
pub(crate) enum MessageQueue {
    /// One of ours.
    Ours {
        /// The cloud that it is in.
        cloud: Arc<Cloud>,
        /// Its name.
        name: String,
    },
    /// One of another cloud.
    Other {
        /// Who may use it.
        sqs: aws_sdk_sqs::Client,
        /// Its URL.
        url: String,
    },
}

/// A message that was received.
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) receipt: String,
    /// What Lambda hands to functions, but for what it says of the queue.
    pub(crate) record: Value,
}

impl MessageQueue {
    /// The queue's name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Ours { name, .. } => name,
            Self::Other { url, .. } => url.rsplit('/').next().unwrap_or_default(),
        }
    }

    /// Waits for messages, at most as long as a long poll.
    pub(crate) async fn receive(&self) -> Result<Vec<Delivery>> {
        match self {
            Self::Ours { cloud, name } => {
                let (most, wait) = (MOST_MESSAGES.into(), LONG_POLL_S.into());
                let received = cloud.receive(name, most, Some(wait), None).await?;
                Ok(received.into_iter().map(ours).collect())
            }
            Self::Other { sqs, url } => {
                let patience = TimeoutConfig::builder()
                    .operation_attempt_timeout(PATIENCE)
                    .operation_timeout(PATIENCE)
                    .build();
                let received = sqs
                    .receive_message()
                    .queue_url(url)
                    .max_number_of_messages(MOST_MESSAGES as i32)
                    .wait_time_seconds(LONG_POLL_S)
                    .message_system_attribute_names(MessageSystemAttributeName::All)
                    .message_attribute_names("All")
                    .customize()
                    .config_override(aws_sdk_sqs::Config::builder().timeout_config(patience))
                    .send()
                    .await?;
                let messages = received.messages.unwrap_or_default();
                messages.into_iter().map(other).collect()
            }
        }
    }

    /// Deletes messages, and answers what went wrong with some of them.
    pub(crate) async fn delete(&self, receipts: &[String]) -> Result<Vec<anyhow::Error>> {
        match self {
            Self::Ours { cloud, name } => {
                let results = cloud.delete(name, receipts).await?;
                Ok(results
                    .into_iter()
                    .filter_map(Result::err)
                    .map(Into::into)
                    .collect())
            }
            Self::Other { sqs, url } => {
                let mut errors = Vec::new();
                for receipts in receipts.chunks(MOST_MESSAGES as usize) {
                    let mut delete = sqs.delete_message_batch().queue_url(url);
                    for (index, receipt) in receipts.iter().enumerate() {
                        let entry = DeleteMessageBatchRequestEntry::builder()
                            .id(index.to_string())
                            .receipt_handle(receipt)
                            .build()?;
                        delete = delete.entries(entry);
                    }
                    let failed = delete.send().await?.failed;
                    errors.extend(failed.into_iter().map(|entry| anyhow!("{entry:?}")));
                }
                Ok(errors)
            }
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&self, body: String) -> Result<()> {
        match self {
            Self::Ours { cloud, name } => {
                cloud.send(name, Draft::new(body)).await?;
            }
            Self::Other { sqs, url } => {
                let send = sqs.send_message().queue_url(url).message_body(body);
                send.send().await?;
            }
        }
        Ok(())
    }
}

fn ours(message: Received) -> Delivery {
    let attributes: Map<String, Value> = message
        .message_attributes()
        .iter()
        .map(|(name, attribute)| (name.clone(), our_attribute(attribute)))
        .collect();
    Delivery {
        id: message.message_id().to_owned(),
        receipt: message.receipt_handle.clone(),
        record: json!({
            "messageId": message.message_id(),
            "receiptHandle": message.receipt_handle,
            "body": message.body(),
            "attributes": message.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": message.md5_of_body(),
        }),
    }
}

fn our_attribute(attribute: &MessageAttribute) -> Value {
    attribute_record(
        &attribute.data_type,
        attribute.string_value.as_deref(),
        attribute.binary_value.clone(),
    )
}

fn other(message: Message) -> Result<Delivery> {
    let id = message.message_id.context("a message has no id")?;
    let receipt = message
        .receipt_handle
        .context("a message has no receipt handle")?;
    let system: Map<String, Value> = message
        .attributes
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value)))
        .collect();
    let attributes: Map<String, Value> = message
        .message_attributes
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| {
            let text = value.string_value.as_deref();
            let binary = value.binary_value.map(|blob| STANDARD.encode(blob));
            (name, attribute_record(&value.data_type, text, binary))
        })
        .collect();
    Ok(Delivery {
        record: json!({
            "messageId": id,
            "receiptHandle": receipt,
            "body": message.body,
            "attributes": system,
            "messageAttributes": attributes,
            "md5OfBody": message.md5_of_body,
        }),
        id,
        receipt,
    })
}

fn attribute_record(data_type: &str, text: Option<&str>, binary: Option<String>) -> Value {
    let mut value = json!({
        "dataType": data_type,
        "stringListValues": [],
        "binaryListValues": [],
    });
    if let Some(text) = text {
        value["stringValue"] = Value::from(text);
    }
    if let Some(binary) = binary {
        value["binaryValue"] = Value::from(binary);
    }
    value
}

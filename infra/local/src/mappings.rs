//! Queues that trigger functions: what Lambda's pollers do.
//!
//! A batch is invoked as one event. What succeeded is deleted; what failed stays where it is and
//! comes again when its visibility timeout ends, until the queue's own redrive policy moves it to
//! the dead letters.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::{Cloud, MessageAttribute, Received};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::invoker::Invoker;
use crate::template::{Function, QueueSource};

/// Batches of one queue that run at the same time, at most.
const CONCURRENCY: usize = 32;
/// SQS gives at most so many messages at once.
const MOST_MESSAGES: u32 = 10;
const LONG_POLL_S: i64 = 20;

/// One queue and the function that it triggers.
#[derive(Clone)]
pub(crate) struct Mapping {
    cloud: Arc<Cloud>,
    invoker: Invoker,
    activity: Activity,
    function: String,
    region: String,
    queue: String,
    arn: String,
    batch_size: usize,
    reports_failures: bool,
}

impl Mapping {
    /// Checks that the function's role lets Lambda poll, as Lambda checks it.
    pub(crate) fn new(
        cloud: &Arc<Cloud>,
        invoker: &Invoker,
        activity: &Activity,
        function: &Function,
        source: &QueueSource,
        region: &str,
    ) -> Result<Self> {
        for action in [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ] {
            cloud
                .identities()
                .authorize_service_under_role(
                    "lambda.amazonaws.com",
                    &function.role,
                    action,
                    &source.queue,
                    None,
                )
                .with_context(|| format!("{} cannot be triggered by its queue", function.name))?;
        }
        let queue = source.queue.rsplit(':').next().unwrap_or_default();
        Ok(Self {
            cloud: Arc::clone(cloud),
            invoker: invoker.clone(),
            activity: activity.clone(),
            function: function.code.clone(),
            region: region.to_owned(),
            queue: queue.to_owned(),
            arn: source.queue.clone(),
            batch_size: source.batch_size.clamp(1, MOST_MESSAGES) as usize,
            reports_failures: source.reports_failures,
        })
    }

    /// The queue's name.
    pub(crate) fn queue(&self) -> &str {
        &self.queue
    }

    /// Polls for as long as it is not dropped.
    pub(crate) async fn run(self) {
        let slots = Arc::new(Semaphore::new(CONCURRENCY));
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let received = self
                .cloud
                .receive(&self.queue, MOST_MESSAGES.into(), Some(LONG_POLL_S), None)
                .await;
            let mut messages = match received {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::error!(queue = self.queue, %error, "a queue cannot be polled");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            // Counted as running from here on, not only once its turn comes.
            let mut batches = Vec::new();
            while !messages.is_empty() {
                let rest = messages.split_off(self.batch_size.min(messages.len()));
                batches.push((
                    self.activity.begin(),
                    std::mem::replace(&mut messages, rest),
                ));
            }
            let mut slot = Some(slot);
            for (active, batch) in batches {
                let slot = match slot.take() {
                    Some(first) => first,
                    None => match Arc::clone(&slots).acquire_owned().await {
                        Ok(slot) => slot,
                        Err(_) => return,
                    },
                };
                let mapping = self.clone();
                running.spawn(async move {
                    mapping.batch(batch).await;
                    drop((active, slot));
                });
            }
        }
    }

    async fn batch(&self, messages: Vec<Received>) {
        let records: Vec<Value> = messages.iter().map(|m| self.record(m)).collect();
        let answer = self
            .invoker
            .invoke(&self.function, json!({ "Records": records }))
            .await;
        let failed = match answer {
            Ok(answer) => self.failures(&answer, &messages),
            Err(error) => {
                tracing::warn!(function = self.function, %error, "a batch of messages failed");
                return;
            }
        };
        let done: Vec<String> = messages
            .iter()
            .filter(|message| !failed.contains(message.message_id()))
            .map(|message| message.receipt_handle.clone())
            .collect();
        if done.is_empty() {
            return;
        }
        match self.cloud.delete(&self.queue, &done).await {
            Ok(results) => {
                for error in results.into_iter().filter_map(Result::err) {
                    tracing::warn!(queue = self.queue, %error, "a message cannot be deleted");
                }
            }
            Err(error) => {
                tracing::error!(queue = self.queue, %error, "messages cannot be deleted");
            }
        }
    }

    /// The ids of the messages that failed. An answer that names none of ours fails all.
    fn failures<'a>(&self, answer: &Value, messages: &'a [Received]) -> BTreeSet<&'a str> {
        let all = || messages.iter().map(Received::message_id).collect();
        if !self.reports_failures {
            return BTreeSet::new();
        }
        let failures = match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return BTreeSet::new(),
            Some(Value::Array(failures)) => failures,
            Some(_) => return all(),
        };
        let mut failed = BTreeSet::new();
        for failure in failures {
            let id = failure["itemIdentifier"].as_str().unwrap_or_default();
            match messages.iter().find(|message| message.message_id() == id) {
                Some(message) => failed.insert(message.message_id()),
                None => return all(),
            };
        }
        failed
    }

    fn record(&self, message: &Received) -> Value {
        let attributes: Map<String, Value> = message
            .message_attributes()
            .iter()
            .map(|(name, attribute)| (name.clone(), message_attribute(attribute)))
            .collect();
        json!({
            "messageId": message.message_id(),
            "receiptHandle": message.receipt_handle,
            "body": message.body(),
            "attributes": message.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": self.region,
        })
    }
}

fn message_attribute(attribute: &MessageAttribute) -> Value {
    let mut value = json!({
        "dataType": attribute.data_type,
        "stringListValues": [],
        "binaryListValues": [],
    });
    if let Some(text) = &attribute.string_value {
        value["stringValue"] = Value::from(text.as_str());
    }
    if let Some(binary) = &attribute.binary_value {
        value["binaryValue"] = Value::from(binary.as_str());
    }
    value
}

#[cfg(test)]
mod tests;

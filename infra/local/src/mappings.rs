//! Queues that trigger functions, as Lambda's pollers do.
//!
//! A batch of messages is one invocation. Messages that succeeded are deleted. A failed message is received
//! again when its visibility timeout ends, until the queue's redrive policy moves it to the dead letters. A message
//! whose chain goes round in a loop is stopped, unless the function is allowed to loop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use local_cloud::{MessageAttribute, Received};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::lineage::Lineage;
use crate::template::{Function, QueueSource};
use crate::trigger_context::{TriggerContext, queue_name};

/// The most batches of one queue that run at the same time; fewer if the template says so.
const CONCURRENCY: u32 = 32;
/// The most messages that SQS returns at once.
const MOST_MESSAGES: u32 = 10;
const LONG_POLL_S: i64 = 20;

#[derive(Clone)]
pub(crate) struct QueueMapping {
    context: TriggerContext,
    function: String,
    may_loop: bool,
    source: QueueSource,
}

impl QueueMapping {
    /// Checks that the function's role lets Lambda poll.
    pub(crate) fn new(
        context: &TriggerContext,
        function: &Function,
        source: &QueueSource,
    ) -> Result<Self> {
        for action in [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ] {
            context.check_lambda_may(function, action, &source.queue)?;
        }
        Ok(Self {
            context: context.clone(),
            function: function.code.clone(),
            may_loop: function.may_loop,
            source: source.clone(),
        })
    }

    pub(crate) fn queue(&self) -> &str {
        queue_name(&self.source.queue)
    }

    /// Polls until it is dropped.
    pub(crate) async fn run(self) {
        let most = self
            .source
            .concurrency
            .unwrap_or(CONCURRENCY)
            .min(CONCURRENCY);
        let slots = Arc::new(Semaphore::new(most as usize));
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let (most, wait) = (MOST_MESSAGES.into(), Some(LONG_POLL_S));
            let received = self.context.cloud.receive(self.queue(), most, wait, None);
            let mut messages = match received.await {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::error!(queue = self.queue(), ?error, "a queue cannot be polled");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            // Batches count as running while they wait for a slot, so that a test waits for them.
            let mut batches = Vec::new();
            let size = self.source.batch_size.clamp(1, MOST_MESSAGES) as usize;
            while !messages.is_empty() {
                let rest = messages.split_off(size.min(messages.len()));
                let batch = std::mem::replace(&mut messages, rest);
                batches.push((self.context.activity.begin(), batch));
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
                    mapping.process(batch).await;
                    drop((active, slot));
                });
            }
        }
    }

    async fn process(&self, mut messages: Vec<Received>) {
        if !self.may_loop {
            let (stopped, rest) = messages.into_iter().partition(|m| self.is_loop(m));
            self.stop(stopped).await;
            messages = rest;
        }
        if messages.is_empty() {
            return;
        }
        let records: Vec<Value> = messages.iter().map(|m| self.record(m)).collect();
        let event = json!({ "Records": records });
        let answer = self.context.invoker.invoke(&self.function, event).await;
        let failed = match answer {
            Ok(answer) => self.failed_ids(&answer, &messages),
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
        match self.context.cloud.delete(self.queue(), &done).await {
            Ok(results) => {
                for error in results.into_iter().filter_map(Result::err) {
                    tracing::warn!(queue = self.queue(), %error, "a message cannot be deleted");
                }
            }
            Err(error) => {
                tracing::error!(queue = self.queue(), ?error, "messages cannot be deleted");
            }
        }
    }

    fn is_loop(&self, message: &Received) -> bool {
        let attributes = message.system_attributes();
        let trace = attributes.get("AWSTraceHeader");
        trace.is_some_and(|trace| Lineage::read(trace).is_loop(&self.function))
    }

    async fn stop(&self, messages: Vec<Received>) {
        for message in messages {
            let (function, queue) = (&self.function, self.queue());
            tracing::error!(function, queue, "a loop is stopped");
            let given_up = self.context.cloud.give_up(queue, &message.receipt_handle);
            if let Err(error) = given_up.await {
                tracing::error!(queue, %error, "a message cannot be given up");
            }
        }
    }

    /// The ids of the messages that failed. If the answer names an unknown message, all failed.
    fn failed_ids<'a>(&self, answer: &Value, messages: &'a [Received]) -> BTreeSet<&'a str> {
        let all = || {
            messages
                .iter()
                .map(|message| message.message_id())
                .collect()
        };
        if !self.source.reports_failures {
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

    /// A message as Lambda passes it to functions.
    fn record(&self, message: &Received) -> Value {
        let attributes = message.message_attributes().iter();
        let attributes: Map<String, Value> = attributes
            .map(|(name, attribute)| (name.clone(), attribute_record(attribute)))
            .collect();
        json!({
            "messageId": message.message_id(),
            "receiptHandle": message.receipt_handle,
            "body": message.body(),
            "attributes": message.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.source.queue,
            "awsRegion": crate::REGION,
        })
    }
}

fn attribute_record(attribute: &MessageAttribute) -> Value {
    json!({
        "dataType": attribute.data_type,
        "stringValue": attribute.string_value,
        "stringListValues": [],
        "binaryListValues": [],
    })
}

#[cfg(test)]
mod tests;

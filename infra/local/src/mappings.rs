//! Queues that trigger functions: what Lambda's pollers do.
//!
//! A batch is invoked as one event. What succeeded is deleted; what failed stays where it is and
//! comes again when its visibility timeout ends, until the queue's own redrive policy moves it to
//! the dead letters.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::Cloud;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::invoker::Invoker;
use crate::messages::{Delivery, MessageQueue};
use crate::template::{Function, QueueSource};

/// Batches of one queue that run at the same time, at most.
const CONCURRENCY: usize = 32;
/// SQS gives at most so many messages at once.
const MOST_MESSAGES: u32 = 10;

/// One queue and the function that it triggers.
#[derive(Clone)]
pub(crate) struct Mapping {
    queue: MessageQueue,
    invoker: Invoker,
    activity: Activity,
    function: String,
    region: String,
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
        let queue = MessageQueue::Ours {
            cloud: Arc::clone(cloud),
            name: source
                .queue
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        Ok(Self::of(queue, invoker, activity, function, source, region))
    }

    /// Polls this queue, whosever it is.
    pub(crate) fn of(
        queue: MessageQueue,
        invoker: &Invoker,
        activity: &Activity,
        function: &Function,
        source: &QueueSource,
        region: &str,
    ) -> Self {
        Self {
            queue,
            invoker: invoker.clone(),
            activity: activity.clone(),
            function: function.code.clone(),
            region: region.to_owned(),
            arn: source.queue.clone(),
            batch_size: source.batch_size.clamp(1, MOST_MESSAGES) as usize,
            reports_failures: source.reports_failures,
        }
    }

    /// The queue's name.
    pub(crate) fn queue(&self) -> &str {
        self.queue.name()
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
            let mut messages = match self.queue.receive().await {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::error!(queue = self.queue(), ?error, "a queue cannot be polled");
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

    async fn batch(&self, messages: Vec<Delivery>) {
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
            .filter(|message| !failed.contains(message.id.as_str()))
            .map(|message| message.receipt.clone())
            .collect();
        if done.is_empty() {
            return;
        }
        match self.queue.delete(&done).await {
            Ok(errors) => {
                for error in errors {
                    tracing::warn!(queue = self.queue(), %error, "a message cannot be deleted");
                }
            }
            Err(error) => {
                tracing::error!(queue = self.queue(), ?error, "messages cannot be deleted");
            }
        }
    }

    /// The ids of the messages that failed. An answer that names none of ours fails all.
    fn failures<'a>(&self, answer: &Value, messages: &'a [Delivery]) -> BTreeSet<&'a str> {
        let all = || messages.iter().map(|message| message.id.as_str()).collect();
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
            match messages.iter().find(|message| message.id == id) {
                Some(message) => failed.insert(message.id.as_str()),
                None => return all(),
            };
        }
        failed
    }

    fn record(&self, message: &Delivery) -> Value {
        let mut record = message.record.clone();
        record["eventSource"] = Value::from("aws:sqs");
        record["eventSourceARN"] = Value::from(self.arn.as_str());
        record["awsRegion"] = Value::from(self.region.as_str());
        record
    }
}

#[cfg(test)]
mod tests;

//! Changes of tables that trigger functions: what Lambda's stream pollers do.
//!
//! Records come in order, in batches. A batch that fails comes again, with growing pauses; where the
//! function names the record from which it failed, only the rest comes again; a batch without
//! progress is halved, to corner the record that fails. A record that fails for too long is given up:
//! its position goes to the on-failure queue, and the stream goes on. The position up to which all
//! is done is kept, so that a restart goes on from there.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::{Clock, Cloud};
use serde_json::{Value, json};

use crate::activity::Activity;
use crate::changes::{Change, ChangeFeed, OurFeed};
use crate::invoker::Invoker;
use crate::messages::MessageQueue;
use crate::services::Joints;
use crate::template::{Function, StreamSource};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A stream that cannot be read is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// One stream and the function that it triggers.
pub(crate) struct StreamMapping {
    feed: ChangeFeed,
    invoker: Invoker,
    activity: Activity,
    clock: Clock,
    function: Function,
    source: StreamSource,
    region: String,
    on_failure: Option<MessageQueue>,
}

/// What came of an invocation.
enum Outcome {
    Done,
    /// Those before this index are done.
    FailedFrom(usize),
}

impl StreamMapping {
    /// Goes on where the last run stopped. Checks that the function's role lets Lambda read.
    pub(crate) fn new(
        cloud: &Arc<Cloud>,
        invoker: &Invoker,
        activity: &Activity,
        dynamo: &crate::dynamo::Dynamo,
        function: &Function,
        source: &StreamSource,
        region: &str,
    ) -> Result<Self> {
        let mut needed = vec![
            ("dynamodb:DescribeStream", source.stream.as_str()),
            ("dynamodb:GetShardIterator", source.stream.as_str()),
            ("dynamodb:GetRecords", source.stream.as_str()),
        ];
        if let Some(on_failure) = &source.on_failure {
            needed.push(("sqs:SendMessage", &on_failure.queue));
        }
        for (action, resource) in needed {
            cloud
                .identities()
                .authorize_service_under_role(
                    "lambda.amazonaws.com",
                    &function.role,
                    action,
                    resource,
                    None,
                )
                .with_context(|| format!("{} cannot be triggered by its stream", function.name))?;
        }
        let position = position_key(function, source);
        let reader = dynamo.reader(&source.stream, cloud.note_get(&position))?;
        let feed = OurFeed::new(cloud, reader, dynamo.writes(), position);
        let on_failure = source.on_failure.as_ref().map(|on_failure| {
            let name = on_failure.queue.rsplit(':').next().unwrap_or_default();
            MessageQueue::Ours {
                cloud: Arc::clone(cloud),
                name: name.to_owned(),
            }
        });
        Ok(Self {
            feed: ChangeFeed::Ours(feed),
            invoker: invoker.clone(),
            activity: activity.clone(),
            clock: cloud.clock().clone(),
            function: function.clone(),
            source: source.clone(),
            region: region.to_owned(),
            on_failure,
        })
    }

    /// Reads this stream, which functions know as `source.stream`.
    pub(crate) fn of(
        feed: ChangeFeed,
        on_failure: Option<MessageQueue>,
        joints: &Joints<'_>,
        (function, source): (&Function, StreamSource),
    ) -> Self {
        Self {
            feed,
            invoker: joints.invoker.clone(),
            activity: joints.activity.clone(),
            clock: joints.clock.clone(),
            function: function.clone(),
            source,
            region: joints.region.to_owned(),
            on_failure,
        }
    }

    /// How far the stream has been read: see [`ChangeFeed::caught_up`].
    pub(crate) fn caught_up(&self) -> Arc<AtomicU64> {
        self.feed.caught_up()
    }

    /// Reads for as long as it is not dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let most = self.source.batch_size.max(1) as usize;
            let found = match self.feed.next(most).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(
                        stream = self.source.stream,
                        ?error,
                        "a stream cannot be read"
                    );
                    tokio::time::sleep(TRY_AGAIN).await;
                    continue;
                }
            };
            let Some(end) = found.end else {
                self.feed.wait().await;
                continue;
            };
            let _running = self.activity.begin();
            self.work_off(&found.changes).await;
            self.feed.done(&end).await;
        }
    }

    /// Ends when every record is done or given up.
    async fn work_off(&self, records: &[Change]) {
        // What is left, the next on top, and how often each part has failed as it is.
        let mut left = vec![(records, 0)];
        while let Some((batch, failures)) = left.pop() {
            if batch.is_empty() {
                continue;
            }
            let from = match self.invoke(batch).await {
                Outcome::Done => continue,
                Outcome::FailedFrom(from) => from,
            };
            if from > 0 {
                left.push((&batch[from..], 0));
            } else if self.source.bisects && batch.len() > 1 {
                let (first, second) = batch.split_at(batch.len() / 2);
                left.push((second, failures));
                left.push((first, failures));
            } else if self.source.retries.is_some_and(|most| failures >= most) {
                self.give_up(batch, failures + 1).await;
                continue;
            } else {
                left.push((batch, failures + 1));
            }
            self.pause(failures).await;
        }
    }

    async fn invoke(&self, batch: &[Change]) -> Outcome {
        let records: Vec<Value> = batch.iter().map(|record| self.record(record)).collect();
        let event = json!({ "Records": records });
        match self.invoker.invoke(&self.function.code, event).await {
            Ok(answer) if self.source.reports_failures => failed_from(&answer, batch),
            Ok(_) => Outcome::Done,
            Err(error) => {
                let function = &self.function.code;
                tracing::warn!(function, %error, "a batch of changes failed");
                Outcome::FailedFrom(0)
            }
        }
    }

    async fn pause(&self, failures: u32) {
        let pause = FIRST_PAUSE
            .saturating_mul(1 << failures.min(10))
            .min(LONGEST_PAUSE);
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or_default();
        let until = self.clock.now_ms() + pause_ms;
        self.clock.sleep_until(until).await;
    }

    /// Tells the on-failure queue which records were given up, in the document that Lambda sends.
    async fn give_up(&self, batch: &[Change], invocations: u32) {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return;
        };
        let function = &self.function.code;
        tracing::error!(
            function,
            sequence_number = first.sequence_number,
            "a change is given up"
        );
        let Some(on_failure) = &self.on_failure else {
            return;
        };
        let document = json!({
            "requestContext": {
                "requestId": self.invoker.request_id(),
                "functionArn": self.function.name,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": invocations,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": rfc3339(self.clock.now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": self.feed.shard(),
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": rfc3339(first.at_ms),
                "approximateArrivalOfLastRecord": rfc3339(last.at_ms),
                "batchSize": batch.len(),
                "streamArn": self.source.stream,
            },
        });
        if let Err(error) = on_failure.send(document.to_string()).await {
            tracing::error!(function, %error, "what was given up cannot be told");
        }
    }

    /// A record as Lambda hands it to functions.
    fn record(&self, record: &Change) -> Value {
        let mut value = record.record.clone();
        value["awsRegion"] = Value::from(self.region.as_str());
        value["eventSourceARN"] = Value::from(self.source.stream.as_str());
        value
    }
}

fn failed_from(answer: &Value, batch: &[Change]) -> Outcome {
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Outcome::Done,
        Some(Value::Array(failures)) if failures.is_empty() => return Outcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Outcome::FailedFrom(0),
    };
    // The lowest counts. One that is not of this batch fails all of it.
    let indexes = failures.iter().map(|failure| {
        let failed = failure["itemIdentifier"].as_str();
        batch
            .iter()
            .position(|record| Some(record.sequence_number.as_str()) == failed)
            .unwrap_or_default()
    });
    Outcome::FailedFrom(indexes.min().unwrap_or_default())
}

fn position_key(function: &Function, source: &StreamSource) -> String {
    format!("position of {} in {}", function.code, source.stream)
}

fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;

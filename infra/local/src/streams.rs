//! Changes of tables that trigger functions: what Lambda's stream pollers do.
//!
//! Records come in order, in batches. A batch that fails comes again, with growing pauses; where the
//! function names the record from which it failed, only the rest comes again; a batch without
//! progress is halved, to corner the record that fails. A record that fails for too long is given up:
//! its position goes to the on-failure queue, and the stream goes on. The position up to which all
//! is done is kept, so that a restart goes on from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use dynoxide::actions::get_records::Record;
use local_cloud::Draft;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::dynamo::{Dynamo, StreamReader, Writes};
use crate::joints::{Joints, queue_name};
use crate::template::{Function, StreamSource};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A stream that cannot be read is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Records come at once after a write; this is for those that nobody told of.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(crate) struct StreamMapping {
    joints: Joints,
    reader: StreamReader,
    writes: Writes,
    told: watch::Receiver<u64>,
    caught_up: Arc<AtomicU64>,
    function: Function,
    source: StreamSource,
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
        joints: &Joints,
        dynamo: &Dynamo,
        function: &Function,
        source: &StreamSource,
    ) -> Result<Self> {
        for action in [
            "dynamodb:DescribeStream",
            "dynamodb:GetShardIterator",
            "dynamodb:GetRecords",
        ] {
            joints.may_lambda(function, action, &source.stream)?;
        }
        if let Some(queue) = &source.on_failure {
            joints.may_lambda(function, "sqs:SendMessage", queue)?;
        }
        let after = joints.cloud.note_get(&position_key(function, source));
        Ok(Self {
            joints: joints.clone(),
            reader: dynamo.reader(&source.stream, after)?,
            writes: dynamo.writes().clone(),
            told: dynamo.writes().subscribe(),
            // Unlike any count, until the first look has found nothing more.
            caught_up: Arc::new(AtomicU64::new(u64::MAX)),
            function: function.clone(),
            source: source.clone(),
        })
    }

    /// The count of writes up to which everything is done.
    pub(crate) fn caught_up(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.caught_up)
    }

    /// Reads for as long as it is not dropped.
    pub(crate) async fn run(mut self) {
        let position = position_key(&self.function, &self.source);
        loop {
            let count = self.writes.count();
            let most = self.source.batch_size.max(1) as usize;
            let records = match self.reader.next(most) {
                Ok(records) => records,
                Err(error) => {
                    let stream = &self.source.stream;
                    tracing::error!(stream, ?error, "a stream cannot be read");
                    tokio::time::sleep(TRY_AGAIN).await;
                    continue;
                }
            };
            let Some(last) = records.last() else {
                self.caught_up.store(count, Ordering::SeqCst);
                let more = self.told.wait_for(|told| *told > count);
                let _ = tokio::time::timeout(LOOK_AGAIN, more).await;
                continue;
            };
            let end = last.dynamodb.sequence_number.clone();
            let _running = self.joints.activity.begin();
            let changes: Vec<Record> = records.into_iter().filter(is_change).collect();
            self.work_off(&changes).await;
            if let Err(error) = self.joints.cloud.note_put(&position, &end).await {
                tracing::error!(%error, "a stream's position cannot be kept");
            }
        }
    }

    /// Ends when every record is done or given up.
    async fn work_off(&self, records: &[Record]) {
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

    async fn invoke(&self, batch: &[Record]) -> Outcome {
        let records: Vec<Value> = batch.iter().map(|record| self.record(record)).collect();
        let event = json!({ "Records": records });
        match self.joints.invoker.invoke(&self.function.code, event).await {
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
        let until = self.joints.clock().now_ms() + pause_ms;
        self.joints.clock().sleep_until(until).await;
    }

    /// Tells the on-failure queue which records were given up, in the document that Lambda sends.
    async fn give_up(&self, batch: &[Record], invocations: u32) {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return;
        };
        let function = &self.function.code;
        tracing::error!(
            function,
            sequence_number = first.dynamodb.sequence_number,
            "a change is given up after too many failures"
        );
        let Some(on_failure) = &self.source.on_failure else {
            return;
        };
        let document = json!({
            "requestContext": {
                "requestId": self.joints.invoker.request_id(),
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
            "timestamp": rfc3339(self.joints.clock().now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": self.reader.shard,
                "startSequenceNumber": first.dynamodb.sequence_number,
                "endSequenceNumber": last.dynamodb.sequence_number,
                "approximateArrivalOfFirstRecord": rfc3339(made_ms(first)),
                "approximateArrivalOfLastRecord": rfc3339(made_ms(last)),
                "batchSize": batch.len(),
                "streamArn": self.source.stream,
            },
        });
        let draft = Draft::new(document.to_string());
        let sent = self.joints.cloud.send(queue_name(on_failure), draft).await;
        if let Err(error) = sent {
            tracing::error!(function, %error, "the on-failure queue could not be told of a change that was given up");
        }
    }

    /// A record as Lambda hands it to functions.
    fn record(&self, record: &Record) -> Value {
        let mut value = serde_json::to_value(record).unwrap_or_default();
        value["awsRegion"] = Value::from(crate::REGION);
        value["eventSourceARN"] = Value::from(self.source.stream.as_str());
        value
    }
}

/// The database records writes that change nothing; DynamoDB does not.
fn is_change(record: &Record) -> bool {
    record.event_name != "MODIFY" || record.dynamodb.new_image != record.dynamodb.old_image
}

/// When the change was made, in milliseconds since 1970.
fn made_ms(record: &Record) -> i64 {
    (record.dynamodb.approximate_creation_date_time * 1000.0) as i64
}

fn failed_from(answer: &Value, batch: &[Record]) -> Outcome {
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
            .position(|record| Some(record.dynamodb.sequence_number.as_str()) == failed)
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

//! Table streams that trigger functions, as Lambda's stream pollers do.
//!
//! A function gets the records in order, in batches. A failed batch is retried with growing pauses. If the
//! function names the first record that failed, only that one and those after it are retried. A batch that
//! fails at its first record is halved, to isolate the bad record. When its retries are used up, the poller
//! sends its position to the on-failure queue and continues. The position reached is stored, so that a restart
//! continues from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use dynoxide::actions::get_records::Record;
use local_cloud::{Draft, Pattern};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::dynamo::{Dynamo, StreamReader, Writes};
use crate::template::{Function, StreamSource};
use crate::trigger_context::{TriggerContext, queue_name};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Pause after a failed read.
const READ_RETRY: Duration = Duration::from_secs(1);
/// The longest pause between reads. A write that [`Writes`] counts ends it early; some are not counted.
const READ_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct StreamMapping {
    context: TriggerContext,
    reader: StreamReader,
    writes: Writes,
    write_counts: watch::Receiver<u64>,
    caught_up: Arc<AtomicU64>,
    function: Function,
    source: StreamSource,
    filters: Vec<Pattern>,
}

enum BatchOutcome {
    Done,
    /// The records before this index succeeded.
    FailedFrom(usize),
}

impl StreamMapping {
    /// Continues where the last run stopped. Checks that the function's role lets Lambda read.
    pub(crate) fn new(
        context: &TriggerContext,
        dynamo: &Dynamo,
        function: &Function,
        source: &StreamSource,
    ) -> Result<Self> {
        for action in [
            "dynamodb:DescribeStream",
            "dynamodb:GetShardIterator",
            "dynamodb:GetRecords",
        ] {
            context.check_lambda_may(function, action, &source.stream)?;
        }
        if let Some(queue) = &source.on_failure {
            context.check_lambda_may(function, "sqs:SendMessage", queue)?;
        }
        let after = context.cloud.note_get(&position_key(function, source));
        Ok(Self {
            context: context.clone(),
            reader: dynamo.reader(&source.stream, after)?,
            writes: dynamo.writes().clone(),
            write_counts: dynamo.writes().subscribe(),
            // Differs from every count until the reader has reached the end once.
            caught_up: Arc::new(AtomicU64::new(u64::MAX)),
            function: function.clone(),
            source: source.clone(),
            filters: source
                .filters
                .iter()
                .map(Pattern::read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The count of writes up to which every record is processed.
    pub(crate) fn caught_up(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.caught_up)
    }

    /// Reads until it is dropped.
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
                    tokio::time::sleep(READ_RETRY).await;
                    continue;
                }
            };
            let Some(last) = records.last() else {
                self.caught_up.store(count, Ordering::SeqCst);
                let more = self.write_counts.wait_for(|latest| *latest > count);
                let _ = tokio::time::timeout(READ_INTERVAL, more).await;
                continue;
            };
            let end = last.dynamodb.sequence_number.clone();
            let _running = self.context.activity.begin();
            let changes = records.into_iter();
            let changes = changes.filter(|record| is_change(record) && self.wants(record));
            let changes: Vec<Record> = changes.collect();
            self.process(&changes).await;
            if let Err(error) = self.context.cloud.note_put(&position, &end).await {
                tracing::error!(%error, "a stream's position cannot be stored");
            }
        }
    }

    /// Returns when every record has succeeded or was given up.
    async fn process(&self, records: &[Record]) {
        // A stack of the parts left, the next on top, each with how often it has failed.
        let mut left = vec![(records, 0)];
        while let Some((batch, failures)) = left.pop() {
            if batch.is_empty() {
                continue;
            }
            let from = match self.invoke(batch).await {
                BatchOutcome::Done => continue,
                BatchOutcome::FailedFrom(from) => from,
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

    async fn invoke(&self, batch: &[Record]) -> BatchOutcome {
        let records: Vec<Value> = batch.iter().map(|record| self.record(record)).collect();
        let event = json!({ "Records": records });
        match self
            .context
            .invoker
            .invoke(&self.function.code, event)
            .await
        {
            Ok(answer) if self.source.reports_failures => failed_from(&answer, batch),
            Ok(_) => BatchOutcome::Done,
            Err(error) => {
                let function = &self.function.code;
                tracing::warn!(function, %error, "a batch of changes failed");
                BatchOutcome::FailedFrom(0)
            }
        }
    }

    async fn pause(&self, failures: u32) {
        let pause = FIRST_PAUSE
            .saturating_mul(1 << failures.min(10))
            .min(LONGEST_PAUSE);
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or_default();
        let until = self.context.clock().now_ms() + pause_ms;
        self.context.clock().sleep_until(until).await;
    }

    /// Sends the position of the records to the on-failure queue, in the document that Lambda sends.
    async fn give_up(&self, batch: &[Record], invocations: u32) {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return;
        };
        let function = &self.function.code;
        tracing::error!(
            function,
            sequence_number = first.dynamodb.sequence_number,
            "a record is given up after too many failures"
        );
        let Some(on_failure) = &self.source.on_failure else {
            return;
        };
        let document = json!({
            "requestContext": {
                "requestId": self.context.invoker.request_id(),
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
            "timestamp": rfc3339(self.context.clock().now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": self.reader.shard,
                "startSequenceNumber": first.dynamodb.sequence_number,
                "endSequenceNumber": last.dynamodb.sequence_number,
                "approximateArrivalOfFirstRecord": rfc3339(created_ms(first)),
                "approximateArrivalOfLastRecord": rfc3339(created_ms(last)),
                "batchSize": batch.len(),
                "streamArn": self.source.stream,
            },
        });
        let draft = Draft::new(document.to_string());
        let sent = self.context.cloud.send(queue_name(on_failure), draft).await;
        if let Err(error) = sent {
            tracing::error!(function, %error, "the position of a record that was given up cannot be sent to the on-failure queue");
        }
    }

    /// Whether one of the template's filters lets the record through, if there are any.
    fn wants(&self, record: &Record) -> bool {
        let value = self.record(record);
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(&value))
    }

    /// A record as Lambda passes it to functions.
    fn record(&self, record: &Record) -> Value {
        let mut value = serde_json::to_value(record).unwrap_or_default();
        value["awsRegion"] = Value::from(crate::REGION);
        value["eventSourceARN"] = Value::from(self.source.stream.as_str());
        value
    }
}

/// The database also records writes that change nothing. DynamoDB does not.
fn is_change(record: &Record) -> bool {
    record.event_name != "MODIFY" || record.dynamodb.new_image != record.dynamodb.old_image
}

/// Milliseconds since 1970.
fn created_ms(record: &Record) -> i64 {
    (record.dynamodb.approximate_creation_date_time * 1000.0) as i64
}

fn failed_from(answer: &Value, batch: &[Record]) -> BatchOutcome {
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return BatchOutcome::Done,
        Some(Value::Array(failures)) if failures.is_empty() => return BatchOutcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return BatchOutcome::FailedFrom(0),
    };
    // The lowest index counts. A record that is not of this batch fails all of it.
    let indexes = failures.iter().map(|failure| {
        let failed = failure["itemIdentifier"].as_str();
        batch
            .iter()
            .position(|record| Some(record.dynamodb.sequence_number.as_str()) == failed)
            .unwrap_or_default()
    });
    BatchOutcome::FailedFrom(indexes.min().unwrap_or_default())
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

//! Streams that trigger functions: order, retries and giving up.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::*;
use crate::template::EventSource;
use crate::test_bed::{Seen, TestBed, until};

struct Stream {
    bed: TestBed,
}

impl Stream {
    async fn new() -> Self {
        Self {
            bed: TestBed::new().await,
        }
    }

    fn consume(&self) -> (tokio::task::JoinHandle<()>, Arc<AtomicU64>) {
        let bed = &self.bed;
        let event = bed.event(|event| matches!(event, EventSource::Stream(_)));
        let EventSource::Stream(source) = event else {
            unreachable!()
        };
        let mapping =
            StreamMapping::new(&bed.context(), &bed.dynamo, bed.function(), source).unwrap();
        let caught_up = mapping.caught_up();
        (tokio::spawn(mapping.run()), caught_up)
    }

    fn put(&self, key: &str, value: &str) {
        let put =
            json!({ "TableName": "things", "Item": { "pk": { "S": key }, "v": { "S": value } } });
        let put = serde_json::from_value(put).unwrap();
        self.bed.dynamo.database().put_item(put).unwrap();
        self.bed.dynamo.writes().add();
    }

    async fn caught_up(&self, caught_up: &AtomicU64) {
        let writes = self.bed.dynamo.writes().count();
        until("the consumer has processed all writes", async || {
            self.bed.clock.advance(Duration::from_secs(5));
            caught_up.load(Ordering::SeqCst) == writes
        })
        .await;
    }
}

fn keys(event: &Value) -> Vec<&str> {
    event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap())
        .collect()
}

fn all_keys(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter().flat_map(keys).map(str::to_owned).collect()
}

#[tokio::test]
async fn changes_arrive_in_order_and_as_lambda_passes_them() {
    let stream = Stream::new().await;
    let seen = stream
        .bed
        .answers(|_| Ok(json!({ "batchItemFailures": [] })));
    for key in ["a", "b", "c"] {
        stream.put(key, "1");
    }
    let (_task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    assert_eq!(all_keys(&seen), ["a", "b", "c"]);
    let record = seen.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!(record["eventSource"], "aws:dynamodb");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["dynamodb"]["NewImage"]["v"]["S"], "1");
    let arn = record["eventSourceARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/"));
}

#[tokio::test]
async fn a_restart_continues_where_the_last_run_stopped() {
    let stream = Stream::new().await;
    let seen = stream.bed.answers(|_| Ok(Value::Null));
    stream.put("before", "1");
    let (task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    task.abort();
    stream.put("after", "1");
    let (_task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    assert_eq!(all_keys(&seen), ["before", "after"]);
}

#[tokio::test]
async fn only_records_that_a_filter_lets_through_wake_the_function() {
    let mut stream = Stream::new().await;
    for event in &mut stream.bed.stack.functions[0].events {
        if let EventSource::Stream(source) = event {
            source.filters = ["a", "b"]
                .map(|prefix| json!({ "dynamodb": { "Keys": { "pk": { "S": [{ "prefix": prefix }] } } } }))
                .into();
        }
    }
    let seen = stream.bed.answers(|_| Ok(Value::Null));
    let (_task, caught_up) = stream.consume();
    for key in ["c", "d", "b1", "e", "a1"] {
        stream.put(key, "1");
        stream.caught_up(&caught_up).await;
    }
    assert_eq!(all_keys(&seen), ["b1", "a1"]);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_not_passed_on() {
    let stream = Stream::new().await;
    let seen = stream.bed.answers(|_| Ok(Value::Null));
    for value in ["1", "1", "2"] {
        stream.put("a", value);
    }
    let (_task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    assert_eq!(all_keys(&seen), ["a", "a"]);
}

#[tokio::test]
async fn only_the_failed_records_and_those_after_them_are_retried() {
    let stream = Stream::new().await;
    let once = std::sync::atomic::AtomicBool::new(true);
    let seen = stream.bed.answers(move |event| {
        if once.swap(false, Ordering::SeqCst) {
            let third = &event["Records"][2]["dynamodb"]["SequenceNumber"];
            Ok(json!({ "batchItemFailures": [{ "itemIdentifier": third }] }))
        } else {
            Ok(json!({ "batchItemFailures": [] }))
        }
    });
    for key in ["a", "b", "c", "d"] {
        stream.put(key, "1");
    }
    let (_task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    assert_eq!(all_keys(&seen), ["a", "b", "c", "d", "c", "d"]);
}

#[tokio::test]
async fn a_record_that_always_fails_is_isolated_given_up_and_reported() {
    let stream = Stream::new().await;
    let seen = stream.bed.answers(|event| {
        if keys(event).contains(&"poison") {
            Err("no".to_owned())
        } else {
            Ok(json!({ "batchItemFailures": [] }))
        }
    });
    for key in ["a", "b", "poison", "c"] {
        stream.put(key, "1");
    }
    let (_task, caught_up) = stream.consume();
    stream.caught_up(&caught_up).await;
    let alone = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|event| keys(event) == ["poison"])
        .count();
    assert_eq!(alone, 3, "once, and two retries");
    let done: Vec<String> = {
        let seen = seen.lock().unwrap();
        let fine = seen.iter().filter(|event| !keys(event).contains(&"poison"));
        fine.flat_map(keys).map(str::to_owned).collect()
    };
    assert_eq!(done, ["a", "b", "c"]);
    let told = stream
        .bed
        .cloud
        .receive("dead", 10, Some(0), None)
        .await
        .unwrap();
    assert_eq!(told.len(), 1);
    let document: Value = serde_json::from_str(told[0].body()).unwrap();
    assert_eq!(
        document["requestContext"]["condition"],
        "RetryAttemptsExhausted"
    );
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    let info = &document["DDBStreamBatchInfo"];
    assert_eq!(info["batchSize"], 1);
    assert_eq!(info["startSequenceNumber"], info["endSequenceNumber"]);
}

//! Queues that trigger functions: delivery, failure and dead letters.

use serde_json::json;

use super::*;
use crate::template::EventSource;
use crate::test_bed::{Seen, TestBed, until};

async fn consume(bed: &TestBed) -> tokio::task::JoinHandle<()> {
    let event = bed.event(|event| matches!(event, EventSource::Queue(_)));
    let EventSource::Queue(source) = event else {
        unreachable!()
    };
    let mapping = QueueMapping::new(&bed.context(), bed.function(), source).unwrap();
    tokio::spawn(mapping.run())
}

async fn send(bed: &TestBed, bodies: &[&str]) {
    for body in bodies {
        let draft = local_cloud::Draft::new(*body);
        bed.cloud.send("work", draft).await.unwrap();
    }
}

async fn left(bed: &TestBed) -> usize {
    let depth = bed.cloud.depth("work").await.unwrap();
    depth.visible + depth.in_flight + depth.delayed
}

fn bodies(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let records = seen
        .iter()
        .flat_map(|event| event["Records"].as_array().unwrap());
    records
        .map(|record| record["body"].as_str().unwrap().to_owned())
        .collect()
}

/// An answer that names the messages with this body as failed.
fn fails(event: &Value, body: &str) -> Value {
    let records = event["Records"].as_array().unwrap();
    let failed = records.iter().filter(|record| record["body"] == body);
    let failures: Vec<Value> = failed
        .map(|record| json!({ "itemIdentifier": record["messageId"] }))
        .collect();
    json!({ "batchItemFailures": failures })
}

#[tokio::test]
async fn messages_arrive_as_lambda_passes_them_and_are_deleted_when_done() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Ok(json!({ "batchItemFailures": [] })));
    send(&bed, &["a", "b"]).await;
    let _task = consume(&bed).await;
    until("the queue is empty", async || left(&bed).await == 0).await;
    let mut bodies = bodies(&seen);
    bodies.sort();
    assert_eq!(bodies, ["a", "b"]);
    let record = seen.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:000000000000:work"
    );
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert!(record["md5OfBody"].is_string() && record["receiptHandle"].is_string());
}

#[tokio::test]
async fn a_failed_message_is_retried_after_its_timeout_and_then_becomes_a_dead_letter() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|event| Ok(fails(event, "bad")));
    send(&bed, &["good", "bad"]).await;
    let _task = consume(&bed).await;
    until("the good one is gone", async || left(&bed).await == 1).await;
    until("the bad one was seen", async || {
        bodies(&seen).contains(&"bad".to_owned())
    })
    .await;
    let times = |body: &str| bodies(&seen).iter().filter(|seen| *seen == body).count();
    assert_eq!(times("bad"), 1);
    bed.clock.advance(Duration::from_secs(31));
    until("the bad one came again", async || times("bad") == 2).await;
    bed.clock.advance(Duration::from_secs(31));
    until("the bad one is a dead letter", async || {
        bed.cloud.depth("dead").await.unwrap().visible == 1
    })
    .await;
    assert_eq!(times("good"), 1);
}

#[tokio::test]
async fn a_message_that_comes_round_in_a_loop_is_a_dead_letter_unless_the_function_may_loop() {
    for may_loop in [false, true] {
        let mut bed = TestBed::new().await;
        bed.stack.functions[0].may_loop = may_loop;
        let seen = bed.answers(|_| Ok(Value::Null));
        for (body, rounds) in [("fifteen", 15), ("sixteen", 16)] {
            let draft = local_cloud::Draft {
                trace: Some(format!("Root=1-0-0;Lineage=worker:{rounds}|other:99")),
                ..local_cloud::Draft::new(body)
            };
            bed.cloud.send("work", draft).await.unwrap();
        }
        let _task = consume(&bed).await;
        until("the queue is empty", async || left(&bed).await == 0).await;
        let dead = bed.cloud.receive("dead", 10, Some(0), None).await.unwrap();
        let dead: Vec<&str> = dead.iter().map(Received::body).collect();
        if may_loop {
            assert_eq!(bodies(&seen).len(), 2);
            assert!(dead.is_empty(), "{dead:?}");
        } else {
            assert_eq!(bodies(&seen), ["fifteen"]);
            assert_eq!(dead, ["sixteen"]);
        }
    }
}

#[tokio::test]
async fn a_failed_invocation_keeps_its_messages() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Err("no".to_owned()));
    send(&bed, &["a"]).await;
    let _task = consume(&bed).await;
    until("it was tried", async || bodies(&seen).len() == 1).await;
    until("nothing runs", async || bed.activity.running() == 0).await;
    assert_eq!(left(&bed).await, 1);
}

#[tokio::test]
async fn an_answer_that_names_an_unknown_message_fails_the_batch() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "" }] })));
    send(&bed, &["a"]).await;
    let _task = consume(&bed).await;
    until("it was tried", async || bodies(&seen).len() == 1).await;
    until("nothing runs", async || bed.activity.running() == 0).await;
    assert_eq!(left(&bed).await, 1);
}

//! Schedules fire by the clock, once for several missed periods, and keep their next time over a restart.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;

use super::*;
use crate::test_bed::{Seen, TestBed, until};

fn every_five_minutes(at_once: bool) -> TimeSource {
    TimeSource {
        name: "WorkerTick".to_owned(),
        every: Duration::from_secs(300),
        at_once,
        input: None,
    }
}

fn start(bed: &TestBed, source: &TimeSource) -> (NextAt, JoinHandle<()>) {
    let timer = Timer::new(&bed.context(), bed.function(), source);
    (timer.next_at(), tokio::spawn(timer.run()))
}

async fn has_seen(seen: &Seen, count: usize) {
    until("an invocation", async || {
        seen.lock().unwrap().len() >= count
    })
    .await;
    assert_eq!(seen.lock().unwrap().len(), count);
}

#[tokio::test]
async fn a_rule_fires_after_a_period_and_once_for_several_missed_ones() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Ok(json!(null)));
    let (next, timer) = start(&bed, &every_five_minutes(false));
    assert!(!next.is_due(bed.clock.now_ms()), "not due yet");
    bed.clock.advance(Duration::from_secs(300));
    has_seen(&seen, 1).await;
    until("the next time", async || !next.is_due(bed.clock.now_ms())).await;
    bed.clock.advance(Duration::from_secs(3_600));
    has_seen(&seen, 2).await;
    let event = seen.lock().unwrap()[0].clone();
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["source"], "aws.events");
    let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/WorkerTick");
    assert_eq!(event["resources"], json!([rule]));
    timer.abort();
}

#[tokio::test]
async fn a_schedule_fires_at_once_with_its_input() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Err("no".to_owned()));
    let source = TimeSource {
        input: Some(json!({ "task": "sequence" })),
        ..every_five_minutes(true)
    };
    let (next, timer) = start(&bed, &source);
    has_seen(&seen, 1).await;
    assert_eq!(seen.lock().unwrap()[0], json!({ "task": "sequence" }));
    // It failed, and is retried in the next period.
    until("the next time", async || !next.is_due(bed.clock.now_ms())).await;
    bed.clock.advance(Duration::from_secs(300));
    has_seen(&seen, 2).await;
    timer.abort();
}

#[tokio::test]
async fn a_restart_keeps_the_next_time() {
    let bed = TestBed::new().await;
    let seen = bed.answers(|_| Ok(json!(null)));
    let source = every_five_minutes(true);
    let (next, timer) = start(&bed, &source);
    has_seen(&seen, 1).await;
    until("the next time", async || !next.is_due(bed.clock.now_ms())).await;
    timer.abort();
    let (next, timer) = start(&bed, &source);
    assert!(!next.is_due(bed.clock.now_ms()));
    bed.clock.advance(Duration::from_secs(300));
    has_seen(&seen, 2).await;
    timer.abort();
}

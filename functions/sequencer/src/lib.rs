//! Gives events their places in the transparency log, and signs a checkpoint once a day.
//!
//! A record of the ledger table's stream only says that something waits. The table itself says what, so that records
//! may come late, twice or in pieces. Each transaction is conditional on the log's size: several sequencers may run,
//! and one of them is first. A schedule looks again every few minutes, in case a record never came.

use std::time::{Duration, Instant};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use checkpoint::Checkpoints;
use domain::time::Millis;
use runtime::changes::again_from;
use runtime::problem::chain;
use runtime::telemetry;
use serde_json::Value;
use settings::{Clock, ConfigError, Settings};
use store::Log;

/// After this long no further transaction begins: well below the function's timeout.
const TIME_TO_STOP: Duration = Duration::from_secs(40);

/// If an event has waited this long at the end of a whole run, the log does not keep up. A shorter wait is normal for
/// a city that was just loaded.
const TOO_LONG: Duration = Duration::from_secs(15 * 60);

/// A new checkpoint is signed without being asked for when the last one is this old.
const CHECKPOINTS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Sequencer {
    clock: Clock,
    log: Log,
    checkpoints: Checkpoints,
}

enum Trigger {
    /// The stream, with the first record of an event that has no place yet, if there is one.
    Stream(Option<String>),
    Schedule,
}

impl Sequencer {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            log: Log::new(settings),
            checkpoints: Checkpoints::new(settings),
        })
    }

    /// Gives all waiting events their places. If that failed, or time ran out, the stream comes again.
    pub async fn handle(&self, event: Value) -> DynamoDbEventResponse {
        // Boxed, because the compiler limits how deeply the layout of one future may nest.
        match Trigger::read(event) {
            Trigger::Stream(None) => DynamoDbEventResponse::default(),
            Trigger::Stream(Some(first)) => {
                let done = Box::pin(self.sequence()).await;
                again_from((!done).then_some(first))
            }
            Trigger::Schedule => {
                let is_complete = Box::pin(self.sequence()).await;
                if Box::pin(self.sign()).await && is_complete {
                    tracing::info!(
                        heartbeat = "log",
                        "the log is complete and has its checkpoint"
                    );
                }
                DynamoDbEventResponse::default()
            }
        }
    }

    /// Gives waiting events their places; answers whether none is left.
    async fn sequence(&self) -> bool {
        let started = Instant::now();
        let (mut events, mut waited_since) = (0, None);
        let done = loop {
            let now = self.clock.now();
            if started.elapsed() >= TIME_TO_STOP {
                out_of_time(waited_since, now);
                break false;
            }
            match self.log.sequence(now).await {
                Ok(sequenced) if sequenced.events == 0 => break true,
                Ok(sequenced) => {
                    events += sequenced.events;
                    waited_since = sequenced.waited_since;
                }
                Err(error) => {
                    tracing::error!(
                        alarm = "log",
                        error = chain(&error),
                        "events wait for the log"
                    );
                    break false;
                }
            }
        };
        if events > 0 {
            let duration_ms = telemetry::milliseconds(started.elapsed());
            tracing::info!(events, duration_ms, "gave events their places in the log");
        }
        done
    }

    /// Answers whether the last checkpoint is young enough.
    async fn sign(&self) -> bool {
        let signed = self
            .checkpoints
            .latest(CHECKPOINTS_EVERY, self.clock.now())
            .await;
        if let Err(error) = &signed {
            // The next schedule tries again.
            tracing::error!(
                alarm = "log",
                error = chain(error),
                "a checkpoint could not be signed"
            );
        }
        signed.is_ok()
    }
}

/// Logs that time ran out while events were waiting, and how long the oldest of the last batch had waited.
fn out_of_time(waited_since: Option<Millis>, now: Millis) {
    let waited = waited_since.map_or(Duration::ZERO, |since| now.since(since));
    let waited_s = waited.as_secs();
    if waited >= TOO_LONG {
        tracing::error!(
            alarm = "log",
            waited_s,
            "events come faster than the log takes them"
        );
    } else {
        tracing::info!(
            waited_s,
            "there was no time for all events that wait for the log"
        );
    }
}

impl Trigger {
    fn read(event: Value) -> Self {
        if event.get("Records").is_none() {
            return Self::Schedule;
        }
        match serde_json::from_value::<Event>(event) {
            Ok(event) => {
                let mut waiting = event.records.into_iter().filter_map(waits);
                Self::Stream(waiting.next())
            }
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "a batch of the stream cannot be read, so the table is asked"
                );
                Self::Schedule
            }
        }
    }
}

/// The record's sequence number, if its event has no place in the log yet.
fn waits(record: EventRecord) -> Option<String> {
    store::waits_for_the_log(record.change.new_image)
        // Lambda takes a missing sequence number to mean that the whole batch failed, which loses nothing.
        .then(|| record.change.sequence_number.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stream(images: &[Value]) -> Value {
        let records: Vec<Value> = images
            .iter()
            .enumerate()
            .map(|(n, image)| {
                json!({
                    "awsRegion": "us-east-1", "eventID": n.to_string(), "eventName": "INSERT",
                    "eventSource": "aws:dynamodb", "eventVersion": "1.1",
                    "dynamodb": {"Keys": {}, "NewImage": image, "SequenceNumber": format!("{n}00"),
                        "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES",
                        "ApproximateCreationDateTime": 1.0},
                })
            })
            .collect();
        json!({ "Records": records })
    }

    fn first(event: Value) -> Option<String> {
        match Trigger::read(event) {
            Trigger::Stream(first) => first,
            Trigger::Schedule => panic!("it is a stream's"),
        }
    }

    #[test]
    fn only_events_without_a_place_are_worth_looking() {
        let (tile, waiting) = (json!({"pk": {"S": "LOG"}}), json!({"un": {"S": "u"}}));
        let placed = json!({"un": {"S": "x"}, "li": {"N": "1"}});
        assert_eq!(first(stream(&[tile.clone(), placed.clone()])), None);
        assert_eq!(
            first(stream(&[tile, waiting.clone(), placed, waiting])),
            Some("100".to_owned())
        );
    }

    #[test]
    fn what_is_no_stream_is_a_schedule() {
        let schedule = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
        assert!(matches!(Trigger::read(schedule), Trigger::Schedule));
        assert!(matches!(
            Trigger::read(json!({"Records": 7})),
            Trigger::Schedule
        ));
    }
}

//! Tries dead letters of timers, fan-out and feeds again.
//!
//! A message that failed again and again has moved from its queue to the dead letters, and an alarm has gone off. It
//! is sent back with a delay that doubles each time, for as long as that makes sense: a timer until its order's
//! start, a sweep for a day, a fan-out until its epoch's deadline, a batch of credit records for a week. After that, or
//! if it cannot be read at all, it goes to the undeliverable queue for a person to look at.
//!
//! A letter is deleted from the dead letters only after it has been sent on. A crash can at worst send it twice, and
//! all receivers expect repeats.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::{
    FanOutMessage, FanOutQueue, FeedMessage, FeedQueue, LONGEST_DELAY, Sweep, Timer, TimerQueue,
    UndeliverableQueue,
};
use calls::Error;
use domain::time::Millis;
use runtime::queue::each;
use settings::{Clock, ConfigError, Settings};

const LETTERS_AT_ONCE: usize = 5;

/// How long a letter waits before it is sent back for the first time.
const FIRST_DELAY: Duration = Duration::from_secs(15);

pub struct DeadLetters {
    fan_out: FanOutQueue,
    timers: TimerQueue,
    feeds: FeedQueue,
    undeliverable: UndeliverableQueue,
    clock: Clock,
}

enum Letter {
    Timer(Timer),
    Sweep(Sweep),
    FanOut(FanOutMessage),
    Feed(FeedMessage),
}

impl Letter {
    /// Reads a letter; `None` if no function of ours wrote it.
    fn parse(body: &str) -> Option<Self> {
        Timer::parse(body)
            .map(Self::Timer)
            .or_else(|_| Sweep::parse(body).map(Self::Sweep))
            .or_else(|_| FanOutMessage::parse(body).map(Self::FanOut))
            .or_else(|_| FeedMessage::parse(body).map(Self::Feed))
            .ok()
    }

    /// The moment after which there is no point in another try.
    fn until(&self) -> Millis {
        match self {
            Self::Timer(timer) => timer.until,
            Self::Sweep(sweep) => sweep.until(),
            Self::FanOut(message) => message.fan_out().deadline,
            Self::Feed(message) => message.batch().until,
        }
    }

    /// Counts one more trip; returns how many there were before.
    fn count(&mut self) -> u32 {
        let redrives = match self {
            Self::Timer(timer) => &mut timer.redrives,
            Self::Sweep(sweep) => &mut sweep.redrives,
            Self::FanOut(message) => &mut message.fan_out_mut().redrives,
            Self::Feed(message) => &mut message.batch_mut().redrives,
        };
        let before = *redrives;
        *redrives = before.saturating_add(1);
        before
    }
}

/// How long a letter waits after this many trips.
fn delay(redrives: u32) -> Duration {
    FIRST_DELAY
        .saturating_mul(1 << redrives.min(10))
        .min(LONGEST_DELAY)
}

impl DeadLetters {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            fan_out: FanOutQueue::new(settings),
            timers: TimerQueue::new(settings),
            feeds: FeedQueue::new(settings),
            undeliverable: UndeliverableQueue::new(settings),
            clock: settings.clock(),
        })
    }

    /// Handles a batch of dead letters; those that could not be sent on come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, LETTERS_AT_ONCE, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        let id = message.message_id.unwrap_or_default();
        self.send_on(&id, &message.body.unwrap_or_default()).await
    }

    async fn send_on(&self, id: &str, body: &str) -> Result<(), Error> {
        let Some(mut letter) = Letter::parse(body) else {
            tracing::error!(message.id = id, "a dead letter cannot be read; it is kept");
            return self.undeliverable.send(body).await;
        };
        if self.clock.now() >= letter.until() {
            tracing::error!(
                message.id = id,
                "a dead letter is too old to send back; it is kept"
            );
            return self.undeliverable.send(body).await;
        }
        let redrives = letter.count();
        let delay = delay(redrives);
        tracing::warn!(
            message.id = id,
            redrives,
            delay_s = delay.as_secs(),
            "a dead letter goes back to its queue"
        );
        match letter {
            Letter::Timer(timer) => self.timers.send(&timer, delay).await,
            Letter::Sweep(sweep) => self.timers.send_sweep(&sweep, delay).await,
            Letter::FanOut(message) => self.fan_out.send(message, delay).await,
            Letter::Feed(message) => self.feeds.send(&message, delay).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_the_longest_there_is() {
        let seconds: Vec<u64> = (0..9).map(|n| delay(n).as_secs()).collect();
        assert_eq!(seconds, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }

    #[test]
    fn a_letter_counts_its_trips_and_knows_its_end() {
        let body = r#"{"kind":"timer","v":1,"order_id":"ord_00000000000000000000000000","epoch":2,
            "stage":"grab","due":5,"until":9,"redrives":3}"#;
        let mut letter = Letter::parse(body).expect("a timer");
        assert_eq!(letter.until(), Millis(9));
        assert_eq!((letter.count(), letter.count()), (3, 4));
        let body = r#"{"kind":"sweep","v":1,"agency_id":"agy_00000000000000000000000000","at":5,"redrives":1}"#;
        let mut letter = Letter::parse(body).expect("a sweep");
        assert_eq!((letter.until(), letter.count()), (Millis(86_400_005), 1));
        assert!(Letter::parse("{}").is_none());
        assert!(Letter::parse(r#"{"kind":"letter","v":1}"#).is_none());
    }
}

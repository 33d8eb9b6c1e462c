//! Our own queues: orders to be offered, timers, batches of credit records, scans, erasures, and what nobody could deliver.

use std::time::Duration;

use aws_sdk_sqs::Client;
use domain::scan::Scan;
use domain::time::Millis;
use settings::Settings;

use crate::{ErasureMessage, Error, FanOutMessage, FeedMessage, ScanMessage, Sweep, Timer, Whose};

/// The longest delay that SQS takes.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// A sweep is received this much later, so that it mostly finds the decision.
const DECISION_COMES_FIRST: Duration = Duration::from_secs(1);

/// Orders to be offered.
#[derive(Clone, Debug)]
pub struct FanOutQueue {
    sqs: Client,
    url: String,
}

impl FanOutQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("FAN_OUT_QUEUE_URL"),
        }
    }

    /// Sends a message, in the group of its order's cell. Delays are whole seconds, rounded up, at most
    /// [`LONGEST_DELAY`].
    pub async fn send(
        &self,
        message: impl Into<FanOutMessage>,
        delay: Duration,
    ) -> Result<(), Error> {
        let message = message.into();
        let body = message.body()?;
        send(&self.sqs, &self.url, body, Some(message.group()), delay).await
    }
}

#[derive(Clone, Debug)]
pub struct TimerQueue {
    sqs: Client,
    url: String,
}

impl TimerQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("TIMER_QUEUE_URL"),
        }
    }

    /// Sends a timer. Delays are whole seconds, rounded up, at most [`LONGEST_DELAY`].
    pub async fn send(&self, timer: &Timer, delay: Duration) -> Result<(), Error> {
        send(&self.sqs, &self.url, timer.body()?, None, delay).await
    }

    /// Sends a sweep, with a delay as a timer's.
    pub async fn send_sweep(&self, sweep: &Sweep, delay: Duration) -> Result<(), Error> {
        send(&self.sqs, &self.url, sweep.body()?, None, delay).await
    }

    /// Has it looked at what this agency or worker has to do, for a decision that is written right after.
    pub async fn sweep_after(&self, whose: Whose, now: Millis) -> Result<(), Error> {
        let sweep = Sweep {
            whose,
            at: now,
            redrives: 0,
        };
        self.send_sweep(&sweep, DECISION_COMES_FIRST).await
    }
}

/// Batches of credit records, to be applied.
#[derive(Clone, Debug)]
pub struct FeedQueue {
    sqs: Client,
    url: String,
}

impl FeedQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("FEED_QUEUE_URL"),
        }
    }

    /// Sends a message, in the group of its source, so that a large batch does not starve the others. Delays are
    /// whole seconds, rounded up, at most [`LONGEST_DELAY`].
    pub async fn send(&self, message: &FeedMessage, delay: Duration) -> Result<(), Error> {
        let group = Some(message.batch().source.to_string());
        send(&self.sqs, &self.url, message.body()?, group, delay).await
    }
}

/// Scans of badges, on their way to the log.
#[derive(Clone, Debug)]
pub struct ScanQueue {
    sqs: Client,
    url: String,
}

impl ScanQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("SCAN_QUEUE_URL"),
        }
    }

    pub async fn send(&self, scan: Scan) -> Result<(), Error> {
        let body = ScanMessage(scan).body()?;
        send(&self.sqs, &self.url, body, None, Duration::ZERO).await
    }
}

/// People whose data is to be erased.
#[derive(Clone, Debug)]
pub struct ErasureQueue {
    sqs: Client,
    url: String,
}

impl ErasureQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("ERASURE_QUEUE_URL"),
        }
    }

    /// Sends a request. Delays are whole seconds, rounded up, at most [`LONGEST_DELAY`].
    pub async fn send(&self, message: &ErasureMessage, delay: Duration) -> Result<(), Error> {
        send(&self.sqs, &self.url, message.body()?, None, delay).await
    }
}

/// What no function could read, or what was tried until it was no longer worth it: for a person to look at.
#[derive(Clone, Debug)]
pub struct UndeliverableQueue {
    sqs: Client,
    url: String,
}

impl UndeliverableQueue {
    pub fn new(settings: &Settings) -> Self {
        Self {
            sqs: settings.client(Client::new),
            url: settings.text("UNDELIVERABLE_QUEUE_URL"),
        }
    }

    /// Keeps a body as it came.
    pub async fn send(&self, body: &str) -> Result<(), Error> {
        send(&self.sqs, &self.url, body.to_owned(), None, Duration::ZERO).await
    }
}

async fn send(
    sqs: &Client,
    url: &str,
    body: String,
    group: Option<String>,
    delay: Duration,
) -> Result<(), Error> {
    let seconds = whole_seconds(delay.min(LONGEST_DELAY));
    sqs.send_message()
        .queue_url(url)
        .message_body(body)
        .set_message_group_id(group)
        .set_delay_seconds((seconds > 0).then_some(seconds))
        .send()
        .await
        .map_err(|error| Error::call("SendMessage", error))?;
    Ok(())
}

/// Rounded up, because a message that comes too early is sent back for another round.
fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

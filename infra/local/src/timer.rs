//! Schedules that invoke functions: `rate(…)` events of the template.
//!
//! They go by the one clock, so a test that moves it has them fire. What was missed while nothing ran,
//! or while the clock was moved by much, is made up for by one invocation, not by one a period. When an
//! invocation fails, the next period tries again, where Lambda would try twice more in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::joints::Joints;
use crate::template::{Function, TimeSource};
use crate::{ACCOUNT, REGION};

/// When a timer is due next, in milliseconds since 1970.
#[derive(Clone)]
pub(crate) struct NextAt(Arc<AtomicI64>);

impl NextAt {
    /// Whether it is due, and has not been invoked to its end.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.0.load(Ordering::SeqCst) <= now
    }
}

pub(crate) struct Timer {
    joints: Joints,
    function: String,
    source: TimeSource,
    next_at: NextAt,
}

impl Timer {
    /// Goes on where the last run stopped.
    pub(crate) fn new(joints: &Joints, function: &Function, source: &TimeSource) -> Self {
        let now = joints.clock().now_ms();
        let first = match source.at_once {
            true => now,
            false => now + source.every_ms(),
        };
        let before = joints.cloud.note_get(&key(source));
        let before = before.and_then(|text| text.parse::<i64>().ok());
        // A period that has become shorter counts from now on.
        let next = before.map_or(first, |at| at.min(now + source.every_ms()));
        Self {
            joints: joints.clone(),
            function: function.code.clone(),
            source: source.clone(),
            next_at: NextAt(Arc::new(AtomicI64::new(next))),
        }
    }

    /// When it is due next, for whoever waits until nothing is.
    pub(crate) fn next_at(&self) -> NextAt {
        self.next_at.clone()
    }

    /// Invokes for as long as it is not dropped.
    pub(crate) async fn run(self) {
        loop {
            let due = self.next_at.0.load(Ordering::SeqCst);
            self.joints.clock().sleep_until(due).await;
            let _running = self.joints.activity.begin();
            let now = self.joints.clock().now_ms();
            let event = self.event(due);
            if let Err(error) = self.joints.invoker.invoke(&self.function, event).await {
                let function = &self.function;
                tracing::warn!(function, %error, "a scheduled invocation failed");
            }
            let every = self.source.every_ms();
            let next = due + (now.saturating_sub(due) / every + 1) * every;
            let kept = (key(&self.source), next.to_string());
            if let Err(error) = self.joints.cloud.note_put(&kept.0, &kept.1).await {
                tracing::error!(%error, "the time of a schedule cannot be kept");
            }
            self.next_at.0.store(next, Ordering::SeqCst);
        }
    }

    /// What the function gets: the template's input, or what the service sends without one.
    fn event(&self, due: i64) -> Value {
        if let Some(input) = &self.source.input {
            return input.clone();
        }
        let time = jiff::Timestamp::from_second(due / 1_000).unwrap_or_default();
        let (service, kind, detail) = match self.source.at_once {
            true => ("scheduler", "schedule/default", json!("{}")),
            false => ("events", "rule", json!({})),
        };
        let name = &self.source.name;
        json!({
            "version": "0",
            "id": self.joints.invoker.request_id(),
            "detail-type": "Scheduled Event",
            "source": format!("aws.{service}"),
            "account": ACCOUNT,
            "time": time.to_string(),
            "region": REGION,
            "resources": [crate::arn(service, &format!("{kind}/{name}"))],
            "detail": detail,
        })
    }
}

fn key(source: &TimeSource) -> String {
    format!("next time of {}", source.name)
}

#[cfg(test)]
mod tests;

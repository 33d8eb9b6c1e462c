//! Schedules that invoke functions: `rate(…)` events of the template.
//!
//! They follow the platform's clock, so a test can move it to make them fire. Several periods missed while the
//! platform was stopped or the clock was moved cause one invocation. A failed invocation is not retried before
//! the next period; Lambda would retry it twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::template::{Function, TimeSource};
use crate::trigger_context::TriggerContext;
use crate::{ACCOUNT, REGION};

/// When a timer is due next, in milliseconds since 1970. It advances when the invocation has ended.
#[derive(Clone)]
pub(crate) struct NextAt(Arc<AtomicI64>);

impl NextAt {
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.0.load(Ordering::SeqCst) <= now
    }
}

pub(crate) struct Timer {
    context: TriggerContext,
    function: String,
    source: TimeSource,
    next_at: NextAt,
}

impl Timer {
    /// Continues with the time that the last run stored.
    pub(crate) fn new(context: &TriggerContext, function: &Function, source: &TimeSource) -> Self {
        let now = context.clock().now_ms();
        let first = match source.at_once {
            true => now,
            false => now + source.every_ms(),
        };
        let before = context.cloud.note_get(&key(source));
        let before = before.and_then(|text| text.parse::<i64>().ok());
        // The template's period may have become shorter since.
        let next = before.map_or(first, |at| at.min(now + source.every_ms()));
        Self {
            context: context.clone(),
            function: function.code.clone(),
            source: source.clone(),
            next_at: NextAt(Arc::new(AtomicI64::new(next))),
        }
    }

    pub(crate) fn next_at(&self) -> NextAt {
        self.next_at.clone()
    }

    /// Invokes the function until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            let due = self.next_at.0.load(Ordering::SeqCst);
            self.context.clock().sleep_until(due).await;
            let _running = self.context.activity.begin();
            let now = self.context.clock().now_ms();
            let event = self.event(due);
            if let Err(error) = self.context.invoker.invoke(&self.function, event).await {
                let function = &self.function;
                tracing::warn!(function, %error, "a scheduled invocation failed");
            }
            let every = self.source.every_ms();
            let next = due + (now.saturating_sub(due) / every + 1) * every;
            let kept = (key(&self.source), next.to_string());
            if let Err(error) = self.context.cloud.note_put(&kept.0, &kept.1).await {
                tracing::error!(%error, "the next time of a schedule cannot be stored");
            }
            self.next_at.0.store(next, Ordering::SeqCst);
        }
    }

    /// The template's input, or else the event that the service sends.
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
            "id": self.context.invoker.request_id(),
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

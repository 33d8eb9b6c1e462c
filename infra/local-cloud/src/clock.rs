//! The one clock of the emulated cloud: the system's, plus an offset that a test can move.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// System time plus an offset. Clones share the offset.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_ms: Arc<watch::Sender<i64>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    pub fn system() -> Self {
        Self {
            offset_ms: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that the others are made of"
    )]
    pub fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let system_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        system_ms.saturating_add(*self.offset_ms.borrow())
    }

    /// Moves the clock forward and wakes everyone who waits for a time: long polls, schedules,
    /// visibility timeouts.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms
            .send_modify(|offset| *offset = offset.saturating_add(by_ms));
    }

    /// Returns once the clock shows `at_ms` (milliseconds since the epoch) or later.
    pub async fn sleep_until(&self, at_ms: i64) {
        let mut moved = self.offset_ms.subscribe();
        loop {
            let left = at_ms.saturating_sub(self.now_ms());
            let Ok(left) = u64::try_from(left) else {
                return;
            };
            if left == 0 {
                return;
            }
            // Either the time is up or the clock was moved: check again.
            let _ = tokio::time::timeout(Duration::from_millis(left), moved.changed()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn moving_the_clock_wakes_a_sleeper_an_hour_early() {
        let clock = Clock::system();
        let due = clock.now_ms() + 3_600_000;
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(due).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3_600));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .unwrap()
            .unwrap();
        assert!(clock.now_ms() >= due);
    }
}

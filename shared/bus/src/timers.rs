//! Timers: one-off schedules that send a message to the timer queue.

use std::time::Duration;

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use domain::time::Millis;
use settings::Settings;

use crate::{ErasureMessage, Error, Stage, Subject, Timer};

/// The scheduler fires within a minute after a schedule's time, so the time is a minute before the deadline;
/// what comes too early goes back to the queue with a delay.
const FIRES_WITHIN: Duration = Duration::from_secs(60);
/// A schedule's time must not have passed when it is made.
const AHEAD: Duration = Duration::from_secs(1);

/// The schedules of one group, all with one queue as target: that of timers, or of erasures.
#[derive(Clone, Debug)]
pub struct Timers {
    scheduler: Client,
    group: String,
    queue_arn: String,
    role_arn: String,
    dead_letter_arn: String,
}

impl Timers {
    pub fn new(settings: &Settings) -> Self {
        Self {
            scheduler: settings.client(Client::new),
            group: settings.text("TIMER_GROUP"),
            queue_arn: settings.text("TIMER_QUEUE_ARN"),
            role_arn: settings.text("TIMER_ROLE_ARN"),
            dead_letter_arn: settings.text("TIMER_DEAD_LETTERS_ARN"),
        }
    }

    /// Sets a timer. Setting it again is harmless: order, epoch, stage and second are its name.
    pub async fn set(&self, timer: &Timer, now: Millis) -> Result<(), Error> {
        self.create(name(timer), timer.body()?, timer.due, now)
            .await
    }

    /// Sets the timer of an erasure. Setting it again is harmless: whose it is and when it was asked are its name.
    pub async fn set_erasure(&self, message: &ErasureMessage, now: Millis) -> Result<(), Error> {
        let whose = match &message.subject {
            Subject::Worker(id) => id.as_str(),
            Subject::Customer(id) => id.as_str(),
        };
        // The moment to the millisecond: one that was called off and asked for again within a second needs a timer of its own.
        let name = format!("erasure-{whose}-{}", message.erasure.requested_at.0);
        self.create(name, message.body()?, message.erasure.due_at, now)
            .await
    }

    async fn create(
        &self,
        name: String,
        body: String,
        due: Millis,
        now: Millis,
    ) -> Result<(), Error> {
        const CALL: &str = "CreateSchedule";
        let target = Target::builder()
            .arn(&self.queue_arn)
            .role_arn(&self.role_arn)
            .input(body)
            .dead_letter_config(
                DeadLetterConfig::builder()
                    .arn(&self.dead_letter_arn)
                    .build(),
            )
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        let exactly = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        let created = self
            .scheduler
            .create_schedule()
            .name(name)
            .group_name(&self.group)
            .schedule_expression(expression(due, now))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(exactly)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conflict_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(Error::call(CALL, error)),
        }
    }
}

/// At most 64 characters, of letters, digits and hyphens.
fn name(timer: &Timer) -> String {
    let stage = match timer.stage {
        Stage::Grab => 'g',
        Stage::Staffing => 's',
        Stage::Visit => 'v',
    };
    format!(
        "{}-{}-{stage}-{}",
        timer.order_id.bare(),
        timer.epoch,
        timer.due.second()
    )
}

/// Whole seconds, UTC: a minute before it is due, and not before a second from now.
fn expression(due: Millis, now: Millis) -> String {
    let soonest = now + AHEAD + Duration::from_millis(999);
    let second = (due - FIRES_WITHIN).second().max(soonest.second());
    let at = Millis(second.saturating_mul(1000)).to_rfc3339();
    format!("at({})", at.split('.').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use domain::id::OrderId;

    use super::*;

    #[test]
    fn a_name_fits_and_tells_deadlines_apart() {
        let mut timer = Timer {
            order_id: OrderId::from_bytes(&[0xff; 16]),
            epoch: u32::MAX,
            stage: Stage::Grab,
            due: Millis(253_402_300_799_999),
            until: Millis(0),
            looks: 0,
            redrives: 0,
        };
        assert!(name(&timer).len() <= 64);
        assert_eq!(
            name(&timer),
            "zzzzzzzzzzzzzzzzzzzzzzzzzw-4294967295-g-253402300799"
        );
        timer.stage = Stage::Staffing;
        assert_eq!(
            name(&timer),
            "zzzzzzzzzzzzzzzzzzzzzzzzzw-4294967295-s-253402300799"
        );
        timer.stage = Stage::Visit;
        assert_eq!(
            name(&timer),
            "zzzzzzzzzzzzzzzzzzzzzzzzzw-4294967295-v-253402300799"
        );
    }

    #[test]
    fn a_schedule_is_a_minute_early_but_never_past() {
        let cases = [
            (180_000, 0, "at(1970-01-01T00:02:00)"),
            (180_999, 0, "at(1970-01-01T00:02:00)"),
            (30_000, 0, "at(1970-01-01T00:00:01)"),
            (30_000, 1, "at(1970-01-01T00:00:02)"),
            (61_500, 1_000, "at(1970-01-01T00:00:02)"),
        ];
        for (due, now, expected) in cases {
            assert_eq!(
                expression(Millis(due), Millis(now)),
                expected,
                "{due} {now}"
            );
        }
    }
}

//! Amazon EventBridge Scheduler: schedules that send one message to a queue and are then deleted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::journal::{self, Kind};
use crate::names::Names;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) arn: String,
    pub(crate) role_arn: String,
    pub(crate) input: String,
    pub(crate) dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeadLetterConfig {
    pub(crate) arn: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct FlexibleTimeWindow {
    mode: String,
}

/// The input of `CreateSchedule`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Plan {
    /// An existing group: there is no default group here.
    #[serde(default)]
    pub(crate) group_name: String,
    client_token: Option<String>,
    schedule_expression: String,
    schedule_expression_timezone: Option<String>,
    flexible_time_window: FlexibleTimeWindow,
    pub(crate) target: Target,
    action_after_completion: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) plan: Plan,
    /// Milliseconds since the epoch, as is `due_at`.
    pub(crate) created_at: i64,
    due_at: i64,
}

/// A schedule's group and name.
pub(crate) type Key = (String, String);

/// The delivery of a schedule that is due.
pub(crate) struct Firing {
    pub(crate) arn: String,
    pub(crate) target: Target,
    pub(crate) due_at: i64,
}

/// All schedules of the account.
pub(crate) struct Schedules {
    names: Names,
    /// Not in the journal: the embedding program gives them at every start.
    groups: BTreeSet<String>,
    schedules: BTreeMap<Key, Schedule>,
    due: BTreeSet<(i64, Key)>,
}

impl Schedules {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            groups: BTreeSet::new(),
            schedules: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// Reads everything back from the journal.
    pub(crate) fn load(names: Names, file: &Connection) -> Result<Self, Error> {
        let mut this = Self::new(names);
        for (key, schedule) in journal::documents(file, Kind::Schedule)? {
            let (group, name) = key.split_once('/').unwrap_or(("", &key));
            this.insert((group.to_owned(), name.to_owned()), schedule);
        }
        Ok(this)
    }

    pub(crate) fn add_group(&mut self, name: &str) {
        self.groups.insert(name.to_owned());
    }

    /// A repeat with the same client token and the same plan is the same call.
    pub(crate) fn create(
        &mut self,
        key: Key,
        plan: Plan,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        check_name(&key.1)?;
        let due_at = check(&plan)?;
        if !self.groups.contains(&key.0) {
            return Err(not_found(&format!("Schedule group {}", key.0)));
        }
        if let Some(existing) = self.schedules.get(&key) {
            return match plan.client_token.is_some() && existing.plan == plan {
                true => Ok(()),
                false => Err(Refusal::new(
                    "ConflictException",
                    format!("Schedule {} already exists.", key.1),
                )),
            };
        }
        let schedule = Schedule {
            plan,
            created_at: transaction.now,
            due_at,
        };
        transaction.put(Kind::Schedule, &format!("{}/{}", key.0, key.1), &schedule);
        self.insert(key, schedule);
        Ok(())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Schedule)> {
        self.schedules.iter()
    }

    pub(crate) fn delete(
        &mut self,
        key: &Key,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let deleted = self.remove(key, transaction);
        deleted
            .map(|_| ())
            .ok_or_else(|| not_found(&format!("Schedule {}", key.1)))
    }

    /// When the next schedule is due, in milliseconds since the epoch.
    pub(crate) fn next_at(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Removes and returns the schedule that is due first, if any. The caller delivers it in the same
    /// transaction.
    pub(crate) fn fire(&mut self, transaction: &mut Transaction) -> Option<Firing> {
        let (_, key) = self.due.first().filter(|(at, _)| *at <= transaction.now)?;
        let key = key.clone();
        let schedule = self.remove(&key, transaction)?;
        Some(Firing {
            arn: self.names.schedule(&key.0, &key.1),
            target: schedule.plan.target,
            due_at: schedule.due_at,
        })
    }

    fn insert(&mut self, key: Key, schedule: Schedule) {
        self.due.insert((schedule.due_at, key.clone()));
        self.schedules.insert(key, schedule);
    }

    fn remove(&mut self, key: &Key, transaction: &mut Transaction) -> Option<Schedule> {
        let schedule = self.schedules.remove(key)?;
        self.due.remove(&(schedule.due_at, key.clone()));
        transaction.remove(Kind::Schedule, &format!("{}/{}", key.0, key.1));
        Some(schedule)
    }
}

/// Checks a plan and returns when it is due.
fn check(plan: &Plan) -> Result<i64, Refusal> {
    let is_queue = |arn: &str| arn.starts_with("arn:") && arn.split(':').nth(2) == Some("sqs");
    let zone = plan.schedule_expression_timezone.as_deref();
    let target = &plan.target;
    let letters = target.dead_letter_config.as_ref();
    for (holds, wrong) in [
        (
            plan.flexible_time_window.mode == "OFF",
            "FlexibleTimeWindow: only the mode OFF",
        ),
        (
            matches!(zone, None | Some("UTC")),
            "ScheduleExpressionTimezone: only UTC",
        ),
        (
            plan.action_after_completion.as_deref() == Some("DELETE"),
            "ActionAfterCompletion: only DELETE",
        ),
        (is_queue(&target.arn), "Target.Arn: only an SQS queue"),
        (
            letters.is_none_or(|letters| is_queue(&letters.arn)),
            "Target.DeadLetterConfig.Arn: only an SQS queue",
        ),
        (
            target.role_arn.contains(":role/"),
            "Target.RoleArn: only a role",
        ),
        (
            !target.input.is_empty() && !target.input.contains("<aws.scheduler."),
            "Target.Input: only a text without context attributes",
        ),
    ] {
        if !holds {
            return Err(Refusal::new(
                "ValidationException",
                format!("{wrong} is emulated here."),
            ));
        }
    }
    due_at(&plan.schedule_expression)
}

/// Reads `at(yyyy-mm-ddThh:mm:ss)`, in UTC: milliseconds since the epoch.
fn due_at(expression: &str) -> Result<i64, Refusal> {
    let at = expression.strip_prefix("at(");
    at.and_then(|at| at.strip_suffix(')'))
        .and_then(|at| DateTime::strptime("%Y-%m-%dT%H:%M:%S", at).ok())
        .and_then(|at| TimeZone::UTC.to_timestamp(at).ok())
        .map(|at| at.as_millisecond())
        .ok_or_else(|| {
            Refusal::new(
                "ValidationException",
                format!(
                    "Invalid Schedule Expression {expression}: only at(yyyy-mm-ddThh:mm:ss) is emulated here."
                ),
            )
        })
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::new(
        "ValidationException",
        format!(
            "Value '{name}' at 'name' failed to satisfy constraint: 1 to 64 of 0-9, a-z, A-Z, '-', '_' and '.'."
        ),
    ))
}

fn not_found(what: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        format!("{what} does not exist."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_nothing_else() {
        let read = |text| due_at(text).map_err(|refusal| refusal.code);
        assert_eq!(read("at(1970-01-01T00:00:01)"), Ok(1_000));
        for wrong in [
            "at(garbage)",
            "at(2026-01-01T00:00:00Z)",
            "at(2026-02-30T00:00:00)",
            "rate(5 minutes)",
            "cron(0 9 * * ? *)",
            "",
        ] {
            assert_eq!(read(wrong), Err("ValidationException"), "{wrong}");
        }
    }
}

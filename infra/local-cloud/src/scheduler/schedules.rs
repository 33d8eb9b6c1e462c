//! Schedules and their groups: what is planned, and its firing.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::expression::Expression;
use crate::error::Error;
use crate::journal::{self, Kind};
use crate::names::Names;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

/// The group that is there without being created.
pub(super) const DEFAULT_GROUP: &str = "default";

/// What a schedule sends, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) arn: String,
    pub(crate) role_arn: String,
    pub(crate) input: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_policy: Option<RetryPolicy>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeadLetterConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<String>,
}

/// Kept and told; nothing is retried, since delivering to a queue succeeds or is hopeless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RetryPolicy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maximum_event_age_in_seconds: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maximum_retry_attempts: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct FlexibleTimeWindow {
    pub(super) mode: String,
}

/// What `CreateSchedule` and `UpdateSchedule` say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Plan {
    pub(super) schedule_expression: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schedule_expression_timezone: Option<String>,
    pub(super) flexible_time_window: FlexibleTimeWindow,
    pub(super) target: Target,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) action_after_completion: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(super) plan: Plan,
    pub(super) client_token: Option<String>,
    pub(super) created_at: i64,
    pub(super) modified_at: i64,
    /// When it fires next, in milliseconds since the epoch; `None` when it is completed.
    next_at: Option<i64>,
    /// Whether its role's permission is asked when it fires; not for an operator's experiments.
    pub(crate) asks_role: bool,
}

/// A group and when it was made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Group {
    client_token: Option<String>,
    pub(super) created_at: i64,
}

/// A schedule's group and name.
pub(crate) type Key = (String, String);

/// A schedule that is due: what is to be delivered.
pub(crate) struct Firing {
    pub(crate) arn: String,
    pub(crate) target: Target,
    pub(crate) due_at: i64,
    pub(crate) asks_role: bool,
}

/// All schedules of the account.
pub(crate) struct Schedules {
    names: Names,
    groups: BTreeMap<String, Group>,
    schedules: BTreeMap<Key, Schedule>,
    due: BTreeSet<(i64, Key)>,
}

impl Schedules {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            groups: BTreeMap::from([(DEFAULT_GROUP.to_owned(), Group::default())]),
            schedules: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// Reads everything back from the journal.
    pub(crate) fn load(names: Names, file: &Connection) -> Result<Self, Error> {
        let mut this = Self::new(names);
        for (name, body) in journal::documents(file, Kind::ScheduleGroup)? {
            let group = serde_json::from_str(&body).map_err(|source| Error::Stored {
                what: format!("group {name}"),
                source,
            })?;
            this.groups.insert(name, group);
        }
        for (key, body) in journal::documents(file, Kind::Schedule)? {
            let schedule: Schedule =
                serde_json::from_str(&body).map_err(|source| Error::Stored {
                    what: format!("schedule {key}"),
                    source,
                })?;
            let (group, name) = key.split_once('/').unwrap_or((DEFAULT_GROUP, &key));
            this.place((group.to_owned(), name.to_owned()), schedule);
        }
        Ok(this)
    }

    /// Makes a group. A repeat with the same client token is the same call.
    pub(crate) fn create_group(
        &mut self,
        name: &str,
        client_token: Option<String>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        check_name(name)?;
        if let Some(existing) = self.groups.get(name) {
            return match client_token.is_some() && existing.client_token == client_token {
                true => Ok(()),
                false => Err(conflict(&format!("Schedule group {name} already exists."))),
            };
        }
        let group = Group {
            client_token,
            created_at: transaction.now,
        };
        transaction.put(Kind::ScheduleGroup, name, &group);
        self.groups.insert(name.to_owned(), group);
        Ok(())
    }

    pub(super) fn group(&self, name: &str) -> Result<Group, Refusal> {
        self.groups.get(name).cloned().ok_or_else(|| no_group(name))
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.groups.iter()
    }

    /// Deletes a group and its schedules.
    pub(super) fn delete_group(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        if name == DEFAULT_GROUP {
            let message = "The default schedule group cannot be deleted.";
            return Err(Refusal::new("ValidationException", message));
        }
        self.group(name)?;
        let of_group: Vec<Key> = self
            .schedules
            .keys()
            .filter(|(group, _)| group == name)
            .cloned()
            .collect();
        for key in of_group {
            self.remove(&key, transaction);
        }
        self.groups.remove(name);
        transaction.remove(Kind::ScheduleGroup, name);
        Ok(())
    }

    /// Creates a schedule. A repeat with the same client token and the same plan is the same call.
    pub(super) fn create(
        &mut self,
        key: Key,
        plan: Plan,
        client_token: Option<String>,
        asks_role: bool,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        check_name(&key.1)?;
        let expression = check(&plan)?;
        self.group(&key.0)?;
        if let Some(existing) = self.schedules.get(&key) {
            let repeated = client_token.is_some() && existing.client_token == client_token;
            return match repeated && existing.plan == plan {
                true => Ok(()),
                false => Err(conflict(&format!("Schedule {} already exists.", key.1))),
            };
        }
        let now = transaction.now;
        self.keep(
            key,
            Schedule {
                plan,
                client_token,
                created_at: now,
                modified_at: now,
                next_at: Some(first_firing(expression, now)),
                asks_role,
            },
            transaction,
        );
        Ok(())
    }

    /// Replaces a schedule's plan, whole.
    pub(super) fn update(
        &mut self,
        key: Key,
        plan: Plan,
        client_token: Option<String>,
        asks_role: bool,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let expression = check(&plan)?;
        let created_at = self.get(&key)?.created_at;
        let now = transaction.now;
        let next_at = Some(first_firing(expression, now));
        self.keep(
            key,
            Schedule {
                plan,
                client_token,
                created_at,
                modified_at: now,
                next_at,
                asks_role,
            },
            transaction,
        );
        Ok(())
    }

    pub(super) fn get(&self, key: &Key) -> Result<&Schedule, Refusal> {
        self.schedules.get(key).ok_or_else(|| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("Schedule {} does not exist.", key.1),
            )
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Schedule)> {
        self.schedules.iter()
    }

    pub(super) fn delete(
        &mut self,
        key: &Key,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        self.get(key)?;
        self.remove(key, transaction);
        Ok(())
    }

    /// When the next schedule is due, in milliseconds since the epoch.
    pub(crate) fn next_at(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the schedule that is due first, if any is: it is completed or planned anew in the
    /// same transaction in which the caller delivers it.
    pub(crate) fn fire(&mut self, transaction: &mut Transaction) -> Option<Firing> {
        let (due_at, _) = self.due.first().filter(|(at, _)| *at <= transaction.now)?;
        let due_at = *due_at;
        let (_, key) = self.due.pop_first()?;
        let schedule = self.schedules.get(&key)?;
        let plan = &schedule.plan;
        let firing = Firing {
            arn: self.names.schedule(&key.0, &key.1),
            target: plan.target.clone(),
            due_at,
            asks_role: schedule.asks_role,
        };
        let expression = Expression::read(
            &plan.schedule_expression,
            plan.schedule_expression_timezone.as_deref(),
        );
        match expression {
            Ok(Expression::Every(every_ms)) => {
                let mut schedule = schedule.clone();
                // What was missed while the machine was off is fired once, not once a period.
                let missed = (transaction.now - due_at) / every_ms;
                schedule.next_at = Some(due_at + (missed + 1) * every_ms);
                self.keep(key, schedule, transaction);
            }
            _ if plan.action_after_completion.as_deref() == Some("DELETE") => {
                self.remove(&key, transaction);
            }
            _ => {
                let mut schedule = schedule.clone();
                schedule.next_at = None;
                self.keep(key, schedule, transaction);
            }
        }
        Some(firing)
    }

    fn keep(&mut self, key: Key, schedule: Schedule, transaction: &mut Transaction) {
        transaction.put(Kind::Schedule, &format!("{}/{}", key.0, key.1), &schedule);
        self.place(key, schedule);
    }

    fn place(&mut self, key: Key, schedule: Schedule) {
        if let Some(at) = self.schedules.get(&key).and_then(|earlier| earlier.next_at) {
            self.due.remove(&(at, key.clone()));
        }
        if let Some(at) = schedule.next_at {
            self.due.insert((at, key.clone()));
        }
        self.schedules.insert(key, schedule);
    }

    fn remove(&mut self, key: &Key, transaction: &mut Transaction) {
        let Some(schedule) = self.schedules.remove(key) else {
            return;
        };
        if let Some(at) = schedule.next_at {
            self.due.remove(&(at, key.clone()));
        }
        transaction.remove(Kind::Schedule, &format!("{}/{}", key.0, key.1));
    }
}

/// "If you do not provide a StartDate for a rate-based schedule, your schedule starts invoking the
/// target immediately" (EventBridge Scheduler User Guide, schedule types).
fn first_firing(expression: Expression, now: i64) -> i64 {
    match expression {
        Expression::At(at) => at,
        Expression::Every(_) => now,
    }
}

fn check(plan: &Plan) -> Result<Expression, Refusal> {
    let invalid = |message: &str| Err(Refusal::new("ValidationException", message));
    if plan.flexible_time_window.mode != "OFF" {
        return invalid("FlexibleTimeWindow: only the mode OFF is emulated here.");
    }
    if plan
        .state
        .as_deref()
        .is_some_and(|state| state != "ENABLED")
    {
        return invalid("State: only ENABLED is emulated here.");
    }
    if !matches!(
        plan.action_after_completion.as_deref(),
        None | Some("NONE" | "DELETE")
    ) {
        return invalid("ActionAfterCompletion is neither NONE nor DELETE.");
    }
    let is_queue = |arn: &str| arn.starts_with("arn:") && arn.split(':').nth(2) == Some("sqs");
    let target = &plan.target;
    if !is_queue(&target.arn) {
        return invalid("Target.Arn: only SQS queues are emulated here.");
    }
    if !target.role_arn.starts_with("arn:") || !target.role_arn.contains(":role/") {
        return invalid("Target.RoleArn is not a role.");
    }
    if target.input.is_empty() || target.input.contains("<aws.scheduler.") {
        return invalid("Target.Input: a text without context attributes is expected.");
    }
    let dead_letters = target
        .dead_letter_config
        .as_ref()
        .and_then(|config| config.arn.as_ref());
    if dead_letters.is_some_and(|arn| !is_queue(arn)) {
        return invalid("Target.DeadLetterConfig.Arn is not an SQS queue.");
    }
    if let Some(retry) = &target.retry_policy {
        let age = retry.maximum_event_age_in_seconds.unwrap_or(86_400);
        let attempts = retry.maximum_retry_attempts.unwrap_or(185);
        if !(60..=86_400).contains(&age) || !(0..=185).contains(&attempts) {
            return invalid("Target.RetryPolicy is out of range.");
        }
    }
    Expression::read(
        &plan.schedule_expression,
        plan.schedule_expression_timezone.as_deref(),
    )
}

/// Names of schedules and groups: 1 to 64 of `[0-9a-zA-Z-_.]`.
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

fn conflict(message: &str) -> Refusal {
    Refusal::new("ConflictException", message)
}

fn no_group(name: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        format!("Schedule group {name} does not exist."),
    )
}

//! When a worker can work, as her agency and she herself say it and are told it.

use domain::availability::{Availability, FURTHEST_LEAVE, Leave, MOST_LEAVE, Span};
use domain::time::{Millis, rfc3339};
use runtime::{Fields, Problem};
use serde::Serialize;

/// What is said of when a worker can work. Leave that is over is dropped.
pub struct AvailabilityRequest {
    /// None is always.
    pub hours: Vec<Span>,
    pub leave: Vec<Leave>,
    version: Option<i64>,
}

#[derive(Serialize)]
pub struct AvailabilityAnswer {
    version: u64,
    hours: Option<Vec<Span>>,
    leave: Vec<LeaveAnswer>,
}

#[derive(Serialize)]
struct LeaveAnswer {
    #[serde(with = "rfc3339")]
    from: Millis,
    #[serde(with = "rfc3339")]
    until: Millis,
    /// Who has entered it: `agency` or `worker`.
    by: &'static str,
}

impl AvailabilityRequest {
    /// All of it, as her agency says it.
    pub fn read(fields: &mut Fields<'_>, now: Millis) -> Option<Self> {
        let hours = fields.weekly_hours("hours");
        let own = Self::read_own(fields, now);
        hours.zip(own).map(|(hours, own)| Self { hours, ..own })
    }

    /// Leave alone, as she enters it herself.
    pub fn read_own(fields: &mut Fields<'_>, now: Millis) -> Option<Self> {
        let version = fields.optional_integer("version", 0..=i64::MAX);
        let leave = fields.objects("leave", 0..=MOST_LEAVE, |leave| {
            let (from, until) = (leave.time("from"), leave.time("until"));
            let (from, until) = (from?, until?);
            if until <= from {
                leave.refuse("until", "must be after it begins");
            } else if until > now + FURTHEST_LEAVE {
                leave.refuse("until", "must be within two years");
            }
            Some(Leave { from, until })
        });
        let mut leave = leave?;
        leave.retain(|leave| leave.until > now);
        Some(Self {
            hours: Vec::new(),
            leave,
            version,
        })
    }

    /// # Errors
    /// When another version was shown than the one that there is.
    pub fn replaces(&self, before: &Availability) -> Result<(), Problem> {
        let shown = self.version.map(u64::try_from);
        if shown.is_none_or(|shown| shown == Ok(before.version)) {
            Ok(())
        } else {
            Err(Problem::changed_since().member("version", before.version))
        }
    }
}

impl From<&Availability> for AvailabilityAnswer {
    fn from(said: &Availability) -> Self {
        let answer = |by| {
            move |leave: &Leave| LeaveAnswer {
                from: leave.from,
                until: leave.until,
                by,
            }
        };
        let leave = said.leave.iter().map(answer("agency"));
        let mut leave: Vec<_> = leave
            .chain(said.own_leave.iter().map(answer("worker")))
            .collect();
        leave.sort_by_key(|leave| leave.from);
        Self {
            version: said.version,
            hours: (!said.hours.is_empty()).then(|| said.hours.clone()),
            leave,
        }
    }
}

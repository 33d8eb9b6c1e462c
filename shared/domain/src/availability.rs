//! When a worker can work: the weekly hours that her agency gives her, and leave, which both of them enter. Stores have weekly
//! hours too.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::AgencyId;
use crate::service::Service;
use crate::time::{CHINA, Millis};

const DAY_MIN: u16 = 24 * 60;
const MINUTE_MS: i64 = 60_000;
const WEEK_MS: i64 = 7 * DAY_MIN as i64 * MINUTE_MS;
/// 1970-01-01 was a Thursday.
const FIRST_MONDAY_MS: i64 = 4 * DAY_MIN as i64 * MINUTE_MS;

/// The most spans of a week's hours: four a day.
pub const MOST_SPANS: usize = 28;
/// The most leave of each kind.
pub const MOST_LEAVE: usize = 30;
/// How far ahead leave can end.
pub const FURTHEST_LEAVE: Duration = Duration::from_secs(2 * 366 * 86_400);

/// When a worker can work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// Rises by one with every change; 0 while nothing was said.
    pub version: u64,
    /// Whose the hours and the leave are: they count while she works for this agency.
    pub agency: Option<AgencyId>,
    /// None is always.
    pub hours: Vec<Span>,
    pub leave: Vec<Leave>,
    /// What she has entered herself. No agency can take it away, and it stays hers wherever she works.
    pub own_leave: Vec<Leave>,
}

impl Availability {
    /// As this agency, for which she works, may see it.
    #[must_use]
    pub fn seen_by(&self, agency: &AgencyId) -> Self {
        let mut seen = self.clone();
        if seen.agency.as_ref() != Some(agency) {
            seen.hours.clear();
            seen.leave.clear();
        }
        seen
    }

    /// Whether she can work for this agency all that time. Who lives in has no hours, only leave.
    pub fn allows(
        &self,
        agency: &AgencyId,
        service: Option<Service>,
        from: Millis,
        until: Millis,
    ) -> bool {
        let seen = self.seen_by(agency);
        let has_hours = !seen.hours.is_empty() && service != Some(Service::LiveIn);
        let mut leave = seen.leave.iter().chain(&seen.own_leave);
        !leave.any(|leave| leave.from < until && from < leave.until)
            && (!has_hours || cover(&seen.hours, from, until))
    }
}

/// Whether these weekly spans cover all of this time. Spans that touch are as good as one.
pub fn cover(spans: &[Span], from: Millis, until: Millis) -> bool {
    let mut at = (from + CHINA).0 - FIRST_MONDAY_MS;
    let end = at + (until.0 - from.0);
    while at < end {
        let left = spans.iter().filter_map(|span| {
            let (starts, lasts) = span.ms();
            let into = (at - starts).rem_euclid(WEEK_MS);
            (into < lasts).then_some(lasts - into)
        });
        match left.max() {
            Some(left) => at += left,
            None => return false,
        }
    }
    true
}

/// Time off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    pub from: Millis,
    /// The first moment after it.
    pub until: Millis,
}

/// A span of weekly hours. One that ends no later in the day than it begins ends on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub day: Day,
    pub from: ClockTime,
    pub until: ClockTime,
}

impl Span {
    /// When it begins, since Monday began, and how long it lasts.
    fn ms(self) -> (i64, i64) {
        let (day, from, until) = (self.day as u16, self.from.0, self.until.0);
        let lasts = if until > from {
            until - from
        } else {
            until + DAY_MIN - from
        };
        let starts = day * DAY_MIN + from;
        (i64::from(starts) * MINUTE_MS, i64::from(lasts) * MINUTE_MS)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A time of day in China, in minutes: `08:30`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day from 00:00 to 24:00")]
pub struct NotAClockTime;

impl ClockTime {
    /// The end of a day: nothing that is of that day begins then.
    pub fn is_end_of_day(self) -> bool {
        self.0 == DAY_MIN
    }
}

impl FromStr for ClockTime {
    type Err = NotAClockTime;

    fn from_str(text: &str) -> Result<Self, NotAClockTime> {
        let two = |text: &str| match text.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => text.parse::<u16>().ok(),
            _ => None,
        };
        let parts = text.split_once(':');
        let parts = parts.and_then(|(hours, minutes)| two(hours).zip(two(minutes)));
        let (hours, minutes) = parts.ok_or(NotAClockTime)?;
        let time = hours * 60 + minutes;
        (minutes < 60 && time <= DAY_MIN)
            .then_some(Self(time))
            .ok_or(NotAClockTime)
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for ClockTime {
    type Error = NotAClockTime;

    fn try_from(text: String) -> Result<Self, NotAClockTime> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment in China.
    fn at(text: &str) -> Millis {
        Millis::parse_rfc3339(&format!("{text}+08:00")).unwrap()
    }

    fn agency(n: u8) -> AgencyId {
        AgencyId::from_bytes(&[n; 16])
    }

    fn span(day: Day, from: &str, until: &str) -> Span {
        let (from, until) = (from.parse().unwrap(), until.parse().unwrap());
        Span { day, from, until }
    }

    /// Mondays, in two parts; a night that goes on until noon; and the night in which the week begins anew.
    fn available() -> Availability {
        Availability {
            version: 1,
            agency: Some(agency(1)),
            hours: vec![
                span(Day::Monday, "08:00", "12:00"),
                span(Day::Monday, "14:00", "18:00"),
                span(Day::Wednesday, "20:00", "24:00"),
                span(Day::Thursday, "00:00", "12:00"),
                span(Day::Sunday, "22:00", "06:00"),
            ],
            leave: vec![Leave {
                from: at("2026-02-09T00:00:00"),
                until: at("2026-02-11T00:00:00"),
            }],
            own_leave: vec![Leave {
                from: at("2026-02-16T09:00:00"),
                until: at("2026-02-16T10:00:00"),
            }],
        }
    }

    #[test]
    fn a_visit_lies_within_weekly_hours_and_outside_leave() {
        // 2026-02-02 is a Monday.
        for (from, until, is_allowed) in [
            ("2026-02-02T08:00:00", "2026-02-02T12:00:00", true),
            ("2026-02-02T07:59:00", "2026-02-02T09:00:00", false),
            ("2026-02-02T11:00:00", "2026-02-02T15:00:00", false),
            ("2026-02-02T14:00:00", "2026-02-02T18:00:00.001", false),
            ("2026-02-04T21:00:00", "2026-02-05T11:00:00", true),
            ("2026-02-05T11:00:00", "2026-02-05T13:00:00", false),
            ("2026-02-01T23:00:00", "2026-02-02T06:00:00", true),
            ("2026-02-01T23:00:00", "2026-02-02T07:00:00", false),
            // On leave, to the end of the second day.
            ("2026-02-09T08:00:00", "2026-02-09T10:00:00", false),
            ("2026-02-11T20:00:00", "2026-02-11T22:00:00", true),
            // On leave of her own for an hour.
            ("2026-02-16T08:00:00", "2026-02-16T09:00:00", true),
            ("2026-02-16T08:00:00", "2026-02-16T09:00:00.001", false),
            ("2026-02-16T10:00:00", "2026-02-16T11:00:00", true),
        ] {
            let allows = |service| {
                let (from, until) = (at(from), at(until));
                available().allows(&agency(1), service, from, until)
            };
            assert_eq!(allows(None), is_allowed, "{from} {until}");
            assert_eq!(allows(Some(Service::Cleaning)), is_allowed);
        }
    }

    #[test]
    fn hours_do_not_bind_who_lives_in_or_has_another_agency_and_her_own_leave_always_does() {
        let allows = |of, service, from, until| {
            available().allows(&agency(of), Some(service), at(from), at(until))
        };
        let (cleaning, live_in) = (Service::Cleaning, Service::LiveIn);
        assert!(!allows(
            1,
            cleaning,
            "2026-02-03T00:00:00",
            "2026-02-04T00:00:00"
        ));
        assert!(allows(
            1,
            live_in,
            "2026-02-03T00:00:00",
            "2026-02-04T00:00:00"
        ));
        assert!(allows(
            2,
            cleaning,
            "2026-02-03T00:00:00",
            "2026-02-04T00:00:00"
        ));
        assert!(!allows(
            1,
            live_in,
            "2026-02-10T00:00:00",
            "2026-02-11T00:00:00"
        ));
        assert!(allows(
            2,
            live_in,
            "2026-02-10T00:00:00",
            "2026-02-11T00:00:00"
        ));
        for of in [1, 2] {
            assert!(!allows(
                of,
                live_in,
                "2026-02-16T00:00:00",
                "2026-02-17T00:00:00"
            ));
        }
        assert!(Availability::default().allows(&agency(1), None, Millis(0), Millis(i64::MAX / 2)));
    }

    #[test]
    fn times_of_day_are_what_they_say() {
        for text in ["00:00", "08:30", "23:59", "24:00"] {
            assert_eq!(text.parse::<ClockTime>().unwrap().to_string(), text);
        }
        for text in ["", "8:30", "08:60", "24:01", "-1:00", "+8:30", "08:30:00"] {
            assert_eq!(text.parse::<ClockTime>(), Err(NotAClockTime), "{text}");
        }
    }
}

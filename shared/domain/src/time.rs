//! Moments: integer epoch milliseconds inside, RFC 3339 outside.

use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970-01-01T00:00:00Z. In JSON it is that number; see [`rfc3339`] for text.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// Days are those of China Standard Time, which has no summer time.
pub const CHINA: Duration = Duration::from_secs(8 * 3600);
const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time in RFC 3339 with offset, such as 2026-01-31T09:00:00+08:00")]
pub struct NotATime;

impl Millis {
    /// RFC 3339 in UTC with milliseconds, `2026-01-31T01:00:00.000Z`. A time before the year -9999 or
    /// after 9999 is given as the nearest one in between.
    pub fn to_rfc3339(self) -> String {
        let held = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        format!("{held:.3}")
    }

    /// Reads RFC 3339, which always has an offset. Digits beyond milliseconds are cut off.
    pub fn parse_rfc3339(text: &str) -> Result<Self, NotATime> {
        // `jiff` reads more than RFC 3339, such as times without seconds.
        if !has_shape(text.as_bytes()) {
            return Err(NotATime);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self(moment.as_millisecond()))
    }

    /// How long after `earlier` this is; zero if it is earlier.
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// The day in China, in days since 1970-01-01.
    pub fn day(self) -> i64 {
        (self + CHINA).0.div_euclid(DAY_MS)
    }

    /// When this day, in days since 1970-01-01, begins in China.
    pub fn day_begins(day: i64) -> Self {
        Self(day.saturating_mul(DAY_MS)) - CHINA
    }

    /// The day in China, as the calendar has it.
    pub fn date(self) -> jiff::civil::Date {
        jiff::Timestamp::from_millisecond(self.0)
            .map(|at| jiff::tz::offset(8).to_datetime(at).date())
            .unwrap_or(jiff::civil::Date::MAX)
    }

    /// In seconds since 1970, rounded down.
    pub fn second(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// A day of the calendar in China, in days since 1970-01-01; in text `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a day such as 2026-01-31")]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let midnight = format!("{text}T00:00:00+08:00");
        let begins = Millis::parse_rfc3339(&midnight).map_err(|_| NotADay)?;
        Ok(Self(begins.day()))
    }
}

impl Day {
    pub fn begins(self) -> Millis {
        Millis::day_begins(self.0)
    }

    /// The first moment after it.
    pub fn ends(self) -> Millis {
        Millis::day_begins(self.0.saturating_add(1))
    }
}

impl Add<Duration> for Millis {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Millis {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether text has the form `dddd-dd-ddTdd:dd:dd[.d…](Z|±dd:dd)`, letters in either case (RFC 3339, section 5.6).
fn has_shape(text: &[u8]) -> bool {
    const DATE_AND_TIME: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    const OFFSET: &[u8] = b"+dd:dd";
    let fits = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                b'+' => matches!(byte, b'+' | b'-'),
                _ => byte.eq_ignore_ascii_case(wanted),
            })
    };
    let Some((start, mut rest)) = text.split_at_checked(DATE_AND_TIME.len()) else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        rest = &fraction[digits..];
    }
    fits(start, DATE_AND_TIME) && (fits(rest, b"Z") || fits(rest, OFFSET))
}

/// For `#[serde(with = "domain::time::rfc3339")]`: a moment as text.
pub mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Millis;

    /// As [`Millis::to_rfc3339`].
    pub fn serialize<S: Serializer>(moment: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&moment.to_rfc3339())
    }

    /// As [`Millis::parse_rfc3339`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        let text = String::deserialize(deserializer)?;
        Millis::parse_rfc3339(&text).map_err(serde::de::Error::custom)
    }
}

/// The same for a moment that may be `null`.
pub mod optional_rfc3339 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Millis;

    pub fn serialize<S: Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Millis::to_rfc3339).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Millis::parse_rfc3339(&text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_go_in_and_utc_comes_out() {
        for (text, out) in [
            ("2026-01-31T09:00:00+08:00", "2026-01-31T01:00:00.000Z"),
            ("2026-01-31T01:00:00Z", "2026-01-31T01:00:00.000Z"),
            ("2026-01-31t01:00:00.1239z", "2026-01-31T01:00:00.123Z"),
            ("2026-01-30T20:30:00.5-04:30", "2026-01-31T01:00:00.500Z"),
        ] {
            assert_eq!(Millis::parse_rfc3339(text).unwrap().to_rfc3339(), out);
        }
        assert_eq!(Millis(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_without_offset_is_not_a_moment() {
        for text in [
            "",
            "tomorrow",
            "2026-01-31",
            "2026-01-31T09:00:00",
            "2026-01-31T09:00+08:00",
            "2026-01-31T09:00:00+0800",
            "2026-01-31T09:00:00+08",
            "2026-01-31 09:00:00Z",
            "2026-01-31T09:00:00.Z",
            "2026-02-30T09:00:00Z",
            "2026-01-31T25:00:00Z",
            "2026-01-31T09:00:00+08:00[Asia/Shanghai]",
            "２026-01-31T09:00:00Z",
        ] {
            assert_eq!(Millis::parse_rfc3339(text), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_china_eight_hours_before_it_does_in_utc() {
        for (at, day, date) in [
            ("1970-01-01T00:00:00+08:00", 0, "1970-01-01"),
            ("1970-01-01T15:59:59.999Z", 0, "1970-01-01"),
            ("1970-01-01T16:00:00Z", 1, "1970-01-02"),
            ("1969-12-31T15:59:59.999Z", -1, "1969-12-31"),
            ("2024-02-28T16:00:00Z", 19_782, "2024-02-29"),
        ] {
            let at = Millis::parse_rfc3339(at).unwrap();
            assert_eq!((at.day(), at.date().to_string().as_str()), (day, date));
            assert!(Millis::day_begins(day) <= at && at < Millis::day_begins(day + 1));
        }
        assert_eq!(Millis(i64::MAX).date(), jiff::civil::Date::MAX);
    }

    #[test]
    fn arithmetic_never_overflows() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Millis(1) + hour, Millis(3_600_001));
        assert_eq!(Millis(3_600_001) - hour, Millis(1));
        assert_eq!(Millis(i64::MAX) + hour, Millis(i64::MAX));
        assert_eq!(Millis(5).since(Millis(2)), Duration::from_millis(3));
        assert_eq!(Millis(2).since(Millis(5)), Duration::ZERO);
        assert_eq!(Millis(-1).second(), -1);
        assert!(Millis(i64::MAX).to_rfc3339().starts_with("9999-"));
    }
}

//! When a schedule fires: `at(...)` and `rate(...)`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::refusal::Refusal;

/// A schedule expression, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// Once, at so many milliseconds since the epoch.
    At(i64),
    /// Again and again, so many milliseconds apart.
    Every(i64),
}

impl Expression {
    /// Reads `at(yyyy-mm-ddThh:mm:ss)`, in `timezone` (IANA; UTC without one), or
    /// `rate(value unit)`. `cron(...)` is not emulated.
    pub(super) fn read(text: &str, timezone: Option<&str>) -> Result<Self, Refusal> {
        let invalid = |why: &str| {
            Refusal::new(
                "ValidationException",
                format!("Invalid Schedule Expression {text}: {why}."),
            )
        };
        let timezone = match timezone {
            None | Some("UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                let message = format!("The ScheduleExpressionTimezone {name} is not known.");
                Refusal::new("ValidationException", message)
            })?,
        };
        let inside = |kind: &str| {
            text.strip_prefix(kind)?
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        if inside("cron").is_some() {
            return Err(invalid("cron expressions are not emulated here"));
        }
        if let Some(at) = inside("at") {
            let at = DateTime::strptime("%Y-%m-%dT%H:%M:%S", at)
                .map_err(|_| invalid("at(yyyy-mm-ddThh:mm:ss) is expected"))?;
            let at = timezone
                .to_ambiguous_timestamp(at)
                .compatible()
                .map_err(|_| invalid("there is no such time"))?;
            return Ok(Self::At(at.as_millisecond()));
        }
        let (value, unit) = inside("rate")
            .and_then(|rate| rate.split_once(' '))
            .ok_or_else(|| invalid("at(...) or rate(value unit) is expected"))?;
        let value: i64 = value
            .parse()
            .ok()
            .filter(|value| (1..=100_000).contains(value))
            .ok_or_else(|| invalid("the value of a rate is a positive whole number"))?;
        let unit_ms = match unit {
            "minute" | "minutes" => 60_000,
            "hour" | "hours" => 3_600_000,
            "day" | "days" => 86_400_000,
            _ => return Err(invalid("the unit of a rate is minutes, hours or days")),
        };
        Ok(Self::Every(value * unit_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_aws_reads() {
        let read = |text, zone| Expression::read(text, zone).map_err(|refusal| refusal.code);
        assert_eq!(
            read("at(1970-01-01T00:00:01)", None),
            Ok(Expression::At(1_000))
        );
        assert_eq!(
            read("at(1970-01-01T09:00:00)", Some("Asia/Tokyo")),
            Ok(Expression::At(0)),
            "a time zone's wall clock"
        );
        assert_eq!(
            read("rate(2 hours)", None),
            Ok(Expression::Every(7_200_000))
        );
        for wrong in [
            "at(garbage)",
            "at(2026-01-01T00:00:00Z)",
            "at(2026-02-30T00:00:00)",
            "rate(0 minutes)",
            "rate(1 week)",
            "cron(0 9 * * ? *)",
            "",
        ] {
            assert_eq!(read(wrong, None), Err("ValidationException"), "{wrong}");
        }
        assert_eq!(
            read("rate(1 day)", Some("Mars/Olympus")),
            Err("ValidationException")
        );
    }
}

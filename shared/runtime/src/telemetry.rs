//! Logs: one JSON object a line, on standard error, filtered by `RUST_LOG`.

use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging; a second call changes nothing.
///
/// Standard error, because the local run writes its `ready` line to standard output; Lambda collects both.
///
/// `RUST_LOG` is a level, or levels by target. Filters by span or field would bring a regex engine into every binary.
#[expect(
    clippy::disallowed_methods,
    reason = "logging starts before settings are read, and must not depend on them"
)]
pub fn init() {
    let wanted = std::env::var("RUST_LOG").ok();
    let wanted = wanted.and_then(|wanted| wanted.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(true)
        .with_writer(std::io::stderr);
    let started = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .try_init();
    if started.is_err() {
        tracing::debug!("logging had been started already");
    }
}

/// A duration for a log line, in milliseconds to the microsecond: `149.959` and not `149.95915100000002`, whose last
/// digits mean nothing and look like a phone number.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_no_more_digits_than_were_measured() {
        for (nanos, shown) in [
            (149_959_151, "149.959"),
            (15_854_815, "15.854"),
            (999, "0"),
            (2_000_000_000, "2000"),
        ] {
            let milliseconds = milliseconds(Duration::from_nanos(nanos));
            assert_eq!(milliseconds.to_string(), shown);
        }
    }
}

//! Logs: one JSON object a line, on standard error, filtered by `RUST_LOG`.

use std::time::Duration;

use tracing_subscriber::EnvFilter;

/// Starts logging; a second call changes nothing.
///
/// Standard error, because the local run writes its `ready` line to standard output; Lambda collects both.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
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

//! Shows on standard error how much of the city is loaded: a bar on a terminal, otherwise a line every few seconds.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::AbortHandle;

const A_LINE_EVERY: Duration = Duration::from_secs(3);

/// Is shown until it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: Option<AbortHandle>,
}

impl Progress {
    /// `what` is the activity, `count` how many `units` there are.
    pub(crate) fn new(
        shown: bool,
        what: &'static str,
        count: usize,
        units: &'static str,
    ) -> Result<Self> {
        let bar = match shown {
            // Draws nothing if standard error is not a terminal.
            true => ProgressBar::new(count as u64),
            false => ProgressBar::hidden(),
        };
        let style = format!("{{msg}} {{bar:40}} {{pos}}/{{len}} {units}, {{elapsed}}");
        bar.set_style(ProgressStyle::with_template(&style)?);
        bar.set_message(what);
        let prints_lines = shown && !stderr().is_terminal();
        let lines = prints_lines.then(|| tokio::spawn(lines(bar.clone(), units)).abort_handle());
        Ok(Self { bar, lines })
    }

    pub(crate) fn inc(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn set_position(&self, done: u64) {
        self.bar.set_position(done);
    }

    pub(crate) fn set_message(&self, what: &'static str) {
        self.bar.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let Some(lines) = &self.lines {
            lines.abort();
        }
    }
}

async fn lines(bar: ProgressBar, units: &str) {
    loop {
        let (done, count) = (bar.position(), bar.length().unwrap_or_default());
        let _ = writeln!(stderr(), "{}: {done} of {count} {units}", bar.message());
        tokio::time::sleep(A_LINE_EVERY).await;
    }
}

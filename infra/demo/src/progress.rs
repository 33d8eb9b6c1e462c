//! How far the city is, on standard error: a bar on a terminal, else a line every few seconds.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::AbortHandle;

const A_LINE_EVERY: Duration = Duration::from_secs(3);

/// Shown until it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: Option<AbortHandle>,
}

impl Progress {
    /// `what` is being done with `count` of `of`.
    pub(crate) fn new(
        shown: bool,
        what: &'static str,
        count: usize,
        of: &'static str,
    ) -> Result<Self> {
        let bar = match shown {
            // It draws nothing where standard error is no terminal.
            true => ProgressBar::new(count as u64),
            false => ProgressBar::hidden(),
        };
        let style = format!("{{msg}} {{bar:40}} {{pos}}/{{len}} {of}, {{elapsed}}");
        bar.set_style(ProgressStyle::with_template(&style)?);
        bar.set_message(what);
        let prints_lines = shown && !stderr().is_terminal();
        let lines = prints_lines.then(|| tokio::spawn(lines(bar.clone(), of)).abort_handle());
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

async fn lines(bar: ProgressBar, of: &str) {
    loop {
        let (done, count) = (bar.position(), bar.length().unwrap_or_default());
        let _ = writeln!(stderr(), "{}: {done} of {count} {of}", bar.message());
        tokio::time::sleep(A_LINE_EVERY).await;
    }
}

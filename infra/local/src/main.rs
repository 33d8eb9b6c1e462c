//! The command `homehail`: runs the whole platform on this machine.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use demo::City;
use local::platform::{Options, Platform};
use tracing_subscriber::EnvFilter;

/// Runs the whole platform on this machine.
#[derive(Parser)]
#[command(name = "homehail", version)]
struct Arguments {
    /// Where HTTP is served on 127.0.0.1; 0 picks a free port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where everything durable lives.
    #[arg(long, default_value = ".homehail")]
    data_dir: PathBuf,
    /// How long new orders stay on offer before an agency is assigned: 5 s to 15 min, such as `180s` or `3m`.
    #[arg(long, default_value = "180s", value_parser = grab_window)]
    grab_window: Duration,
    /// Whether orders, claims and logins are capped as in a real market.
    #[arg(long, default_value = "on", value_parser = ["on", "off"])]
    caps: String,
    /// Empty the data directory first.
    #[arg(long)]
    fresh: bool,
    /// The city to load at the first start.
    #[arg(long, value_enum, default_value = "harbin")]
    demo: City,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // Standard output has only the line `ready <URL>`.
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error")),
        )
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<()> {
    let mut stopped = std::pin::pin!(stopped()?);
    let started = Platform::start(Options {
        port: arguments.port,
        data_dir: Some(arguments.data_dir),
        fresh: arguments.fresh,
        grab_window: arguments.grab_window,
        caps: arguments.caps == "on",
        limits_addresses: arguments.caps == "on",
        city: arguments.demo,
        progress: true,
        ..Options::default()
    });
    let platform = tokio::select! {
        platform = started => platform?,
        () = &mut stopped => return Ok(()),
    };
    show_areas(platform.base_url());
    let mut output = std::io::stdout();
    writeln!(output, "ready {}", platform.base_url())?;
    output.flush()?;
    tokio::select! {
        () = platform.sweep_periodically() => {}
        () = stopped => {}
    }
    platform.shutdown().await;
    Ok(())
}

/// Says on standard error where the pages are, for each kind of person.
fn show_areas(base_url: &str) {
    for (whose, path) in [
        ("customer", "/order"),
        ("agency", "/desk"),
        ("authority", "/authority"),
        ("worker", "/worker"),
    ] {
        eprintln!("{:<11}{base_url}{path}", format!("{whose}:"));
    }
}

/// Completes on Ctrl-C or SIGTERM.
fn stopped() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("signals cannot be received")?;
    #[cfg(unix)]
    return Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    });
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// `180s`, `3m`, or seconds alone.
fn grab_window(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let seconds = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "write it like 180s or 3m".to_owned())?;
    if !(5..=900).contains(&seconds) {
        return Err("it must be between 5s and 15m".to_owned());
    }
    Ok(Duration::from_secs(seconds))
}

//! Measures the project's budgets on a whole platform in this process, and prints them as one table.
//!
//! Counts (calls, capacity units, bytes) are the same on every machine. Times depend on this machine, whose cores
//! also emulate the cloud. The table shows a missed budget as `over`; only a wrong answer ends the run with an error.

mod badge;
mod binaries;
mod city;
mod cost;
mod counts;
mod cpu;
mod feed;
mod grabs;
mod operations;
mod runtime_api;
mod start;
mod table;
mod tape;
mod throughput;

use anyhow::Result;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::city::BenchCity;
use crate::table::Table;

/// Measures the budgets and prints them as one table; infra/docs/benchmark.md says how to read it.
#[derive(Parser)]
struct Arguments {
    /// Fewer repeats: takes some seconds, with coarser percentiles.
    #[arg(long)]
    quick: bool,
    /// Be a Lambda function that does nothing, for comparing start times.
    #[arg(long, hide = true)]
    hello_world: bool,
}

/// How often each measurement is repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeats {
    /// Invocations whose CPU is measured.
    invocations: u32,
    /// Orders placed one after another, each timed until the last agency has its offer.
    timed_orders: usize,
    /// Orders placed as fast as the platform accepts them.
    hurried_orders: usize,
    /// Pairs of agencies that grab at once, and orders.
    contests: [(usize, usize); 2],
    starts: usize,
}

impl Repeats {
    const FULL: Self = Self {
        invocations: 5_000,
        timed_orders: 40,
        hurried_orders: 300,
        contests: [(60, 8), (300, 4)],
        starts: 15,
    };
    const QUICK: Self = Self {
        invocations: 300,
        timed_orders: 5,
        hurried_orders: 20,
        contests: [(60, 1), (300, 1)],
        starts: 3,
    };
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.hello_world {
        // One thread, like every function of the project.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(start::hello_world());
    }
    let repeats = if arguments.quick {
        Repeats::QUICK
    } else {
        Repeats::FULL
    };
    tokio::runtime::Runtime::new()?.block_on(measure(repeats))
}

async fn measure(repeats: Repeats) -> Result<()> {
    let bar = ProgressBar::new(9);
    bar.set_style(ProgressStyle::with_template(
        "{bar:24} {pos}/{len} {msg}, {elapsed}",
    )?);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let step = |what: &'static str| {
        bar.inc(1);
        bar.set_message(what);
    };

    bar.set_message("loading the demo city");
    let city = BenchCity::start().await?;
    let mut table = Table::default();
    step("counting calls and capacity at the wire");
    let counts = counts::count_one_order(&city).await?;
    counts.rows(&mut table);
    step("CPU of a warm grab");
    cpu::row(&city, repeats.invocations, &mut table).await?;
    step("starting the functions' binaries");
    start::rows(&city, repeats.starts, &mut table).await?;
    binaries::row(&mut table)?;
    badge::row(&city, repeats.invocations, &mut table).await?;
    cost::row(&counts, &mut table);
    step("from 201 to the last offer");
    let to_last_offer = throughput::to_last_offer(&city, repeats.timed_orders).await?;
    step("orders as fast as they are accepted");
    throughput::sustained(&city, repeats.hurried_orders, &mut table).await?;
    table.push(to_last_offer);
    step("grabs at once");
    grabs::rows(&city, &repeats.contests, &mut table).await?;
    step("a batch of credit records");
    feed::rows(&city, &mut table).await?;
    step("units of each operation");
    operations::row(&city, &mut table).await?;
    bar.finish_and_clear();

    print(&table, &city);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(table: &Table, city: &BenchCity) {
    println!("{}", machine());
    println!(
        "Demo city Harbin: {} agencies; an order for {} at its busiest place is offered to {}.\n",
        city.agencies.len(),
        city.service,
        city.in_range.len(),
    );
    println!("{table}");
}

/// This machine, in one line.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "{} build; {model}, {cores} cores; load {load} at the end.",
        build()
    )
}

pub(crate) fn build() -> &'static str {
    if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    }
}

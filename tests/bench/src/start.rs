//! Measures how long functions' binaries take to start, and their memory.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::binaries::{BUILD, Binaries, built};
use crate::city::BenchCity;
use crate::cpu::grab_event;
use crate::runtime_api::{ProcessFigures, RuntimeApi};
use crate::table::{Row, Table, percentile};

/// The function whose memory is also measured after work.
const BUSY: &str = "order-grab";
/// How many grabs it answers before its memory is measured.
const GRABS: u32 = 50;
const BUDGET_MB: f64 = 30.0;

/// Runs a Lambda function that answers with its event.
pub(crate) async fn hello_world() -> Result<()> {
    let hello =
        service_fn(async |event: LambdaEvent<Value>| Ok::<_, lambda_runtime::Error>(event.payload));
    let ended = lambda_runtime::run(hello).await;
    ended.map_err(|error| anyhow::anyhow!(error))
}

pub(crate) async fn rows(city: &BenchCity, starts: usize, table: &mut Table) -> Result<()> {
    let start_row = Row::new(
        "start to ready, deployed binary",
        "≤ 2 × a hello-world function",
    );
    let memory_row = Row::new("memory per function, resident warm", "≤ 30 MB");
    let Some(Binaries { profile, found }) = built()? else {
        table.push(start_row.not_measured(format!("not built: {BUILD}")));
        table.push(memory_row.not_measured(format!("not built: {BUILD}")));
        return Ok(());
    };
    let this = std::env::current_exe()?;
    let nothing = BTreeMap::new();
    let hello = median(&this, &["--hello-world"], &nothing, starts).await?;
    let hello_ms = milliseconds(&hello);

    let mut measured = Vec::new();
    for binary in &found {
        let variables = variables(city, &binary.function)?;
        match median(&binary.path, &[], &variables, starts).await {
            Ok(median) => measured.push((median, binary.function.as_str())),
            Err(error) => {
                let why = format!("{} does not run here: {error}", binary.function);
                table.push(start_row.not_measured(why.clone()));
                table.push(memory_row.not_measured(why));
                return Ok(());
            }
        }
    }
    measured.sort_by_key(|(figures, _)| std::cmp::Reverse(figures.start));
    if let Some((slowest, function)) = measured.first() {
        let slowest = milliseconds(slowest);
        let each: Vec<String> = measured
            .iter()
            .map(|(figures, function)| format!("{function} {:.1}", milliseconds(figures)))
            .collect();
        let mut row = start_row
            .measured(
                format!("{slowest:.1} ms ({function}, the slowest); hello world {hello_ms:.1} ms"),
                &[(slowest, 2.0 * hello_ms)],
            )
            .note(format!(
                "Median of {starts} starts, from spawn to the first request for an event, here and not on Lambda \
                 (where hello world takes 15 ms);"
            ))
            .note(format!("{profile} binaries; hello world is this program ({} build). ms:", crate::build()));
        for line in each.chunks(5) {
            row = row.note(line.join(", "));
        }
        table.push(row);
    }
    memory(city, &found, &measured, memory_row, table).await
}

async fn memory(
    city: &BenchCity,
    found: &[crate::binaries::Binary],
    ready: &[(ProcessFigures, &str)],
    row: Row,
    table: &mut Table,
) -> Result<()> {
    let largest = ready
        .iter()
        .map(|(figures, _)| figures.resident_mb)
        .reduce(f64::max)
        .unwrap_or_default();
    let Some(busy) = found.iter().find(|binary| binary.function == BUSY) else {
        table.push(row.not_measured(format!(
            "{BUSY} is not built; at most {largest:.1} MB when ready"
        )));
        return Ok(());
    };
    let api = RuntimeApi::start(&grab_event(city).await?, GRABS).await?;
    let warm = api
        .measure(&busy.path, &[], &variables(city, BUSY)?)
        .await?
        .resident_mb;
    table.push(row.measured(
        format!(
            "{warm:.1} MB ({BUSY} after {GRABS} grabs); all at most {largest:.1} MB when ready"
        ),
        &[(warm, BUDGET_MB), (largest, BUDGET_MB)],
    ));
    Ok(())
}

fn milliseconds(figures: &ProcessFigures) -> f64 {
    figures.start.as_secs_f64() * 1_000.0
}

/// The median time of several starts, and the largest memory.
async fn median(
    binary: &Path,
    arguments: &[&str],
    variables: &BTreeMap<String, String>,
    starts: usize,
) -> Result<ProcessFigures> {
    let mut all = Vec::new();
    let mut resident_mb: f64 = 0.0;
    for _ in 0..starts {
        let figures = RuntimeApi::start("{}", 0)
            .await?
            .measure(binary, arguments, variables)
            .await?;
        all.push(figures.start.as_secs_f64());
        resident_mb = resident_mb.max(figures.resident_mb);
    }
    all.sort_by(f64::total_cmp);
    let start = std::time::Duration::from_secs_f64(percentile(&all, 0.5));
    Ok(ProcessFigures { start, resident_mb })
}

/// The function's variables in the template, and the endpoints and keys of the emulated services.
fn variables(city: &BenchCity, function: &str) -> Result<BTreeMap<String, String>> {
    let functions = &city.platform.stack().functions;
    let found = functions.iter().find(|found| found.code == function);
    let mut variables = found
        .map(|found| found.environment.clone())
        .unwrap_or_default();
    let aws = &city.platform.demo().aws;
    variables.extend(
        [
            ("AWS_REGION", &aws.region),
            ("AWS_ACCESS_KEY_ID", &aws.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &aws.secret_access_key),
            ("AWS_ENDPOINT_URL", &aws.endpoints.sqs),
            ("AWS_ENDPOINT_URL_DYNAMODB", &aws.endpoints.dynamodb),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone())),
    );
    Ok(variables)
}

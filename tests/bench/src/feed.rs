//! Measures how fast a batch of credit records of all workers is applied, and the capacity per row.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo::city;
use demo::feed::{BatchPosition, FeedRow, FeedSource};
use domain::time::Millis;
use local::platform::Platform;
use serde_json::Value;

use crate::city::BenchCity;
use crate::counts::units;
use crate::table::{Row, Table};

const FUNCTION: &str = "feed-apply";
/// The 180,000 rows of 20,000 workers in a minute.
const ROWS_PER_SECOND: f64 = 3_000.0;
/// Nine rows write a worker's item, event, head, payload and profile, at twice their size in a transaction.
const UNITS_PER_ROW: f64 = 2.0;
const STATUS_INTERVAL: Duration = Duration::from_millis(50);

pub(crate) async fn rows(city: &BenchCity, table: &mut Table) -> Result<()> {
    let platform = &city.platform;
    let wire = platform.wire();
    let as_of = Millis(platform.clock().now_ms());
    let workers = city::workers(&city::harbin(), city::WORKERS);
    let rows: Vec<FeedRow> = workers
        .iter()
        .flat_map(|worker| worker.rows(as_of))
        .collect();
    platform.drain().await?;
    wire.measure_capacity(true);
    wire.reset();
    let batch = send(platform, &rows, as_of).await?;
    wire.measure_capacity(false);
    let applied = batch.answer["applied"].as_u64().unwrap_or_default();
    ensure!(
        applied == rows.len() as u64,
        "{} of {} rows were applied",
        applied,
        rows.len()
    );
    let usage = wire.usage(FUNCTION);
    let calls: u64 = usage.calls.values().sum();
    let used = units(&usage, None);
    let count = rows.len() as f64;
    let rows_per_second = count / batch.took.as_secs_f64();
    table.push(
        Row::new(
            "credit feed, one machine",
            "≥ 3,000 rows/s (release): 180,000 in a minute",
        )
        .reached(
            format!("{rows_per_second:.0} rows/s ({} build)", crate::build()),
            rows_per_second,
            ROWS_PER_SECOND,
        )
        .note(format!(
            "{} rows about {} workers in {:.1} s: announced, sent in parts, split and applied.",
            rows.len(),
            workers.len(),
            batch.took.as_secs_f64(),
        )),
    );
    let per_row = used.write / count;
    table.push(
        Row::new("credit feed, units per row", "≤ 2 write units with indexes")
            .measured(
                format!(
                    "{per_row:.2} written, {:.2} read, {:.2} calls",
                    used.read / count,
                    calls as f64 / count
                ),
                &[(per_row, UNITS_PER_ROW)],
            )
            .note(
                "Of feed-apply, all tables and indexes; a worker has nine rows, one transaction and one event."
                    .to_owned(),
            ),
    );
    Ok(())
}

struct AppliedBatch {
    took: Duration,
    answer: Value,
}

/// Announces the demo source's next batch, sends it, and waits until it is applied.
async fn send(platform: &Platform, rows: &[FeedRow], as_of: Millis) -> Result<AppliedBatch> {
    let demo = platform.demo();
    let feed = demo.feeds.first().context("the city has a feed")?;
    let seed = URL_SAFE_NO_PAD.decode(&feed.private_key)?;
    let seed = seed.first_chunk().context("a seed of 32 bytes")?;
    let source = FeedSource::new(&feed.source, seed)?;
    let seq = feed.last_seq.unwrap_or_default() + 1;
    let position = BatchPosition {
        batch_id: format!("bench-{seq}"),
        seq,
        prev_sha256: feed.last_sha256.clone(),
        as_of,
    };
    let batch = source.batch(&position, rows);
    let url = format!(
        "{}/v1/credit-feeds/{}/batches",
        platform.base_url(),
        feed.source
    );
    let client = reqwest::Client::builder().no_proxy().build()?;
    let started = Instant::now();
    let announced = client.post(&url).json(&batch.announcement).send().await?;
    announced.error_for_status()?;
    let url = format!("{url}/{}", position.batch_id);
    for (part, content) in (1..).zip(batch.parts) {
        let part = client.put(format!("{url}/parts/{part}")).body(content);
        part.send().await?.error_for_status()?;
    }
    loop {
        let answer: Value = client.get(&url).send().await?.json().await?;
        let took = started.elapsed();
        match answer["status"].as_str() {
            Some("applied") => return Ok(AppliedBatch { took, answer }),
            Some("refused") => anyhow::bail!("the batch was refused: {answer}"),
            _ => tokio::time::sleep(STATUS_INTERVAL).await,
        }
    }
}

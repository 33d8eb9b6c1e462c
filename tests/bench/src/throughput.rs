//! Measures how fast offers are delivered on this machine, whose cores also emulate the cloud.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};
use local_cloud::{Cloud, Refusal};

use crate::city::BenchCity;
use crate::table::{Row, Table, percentile};

/// How many orders are placed at the same time.
const AT_ONCE: usize = 8;
const ORDERS_A_SECOND: f64 = 25.0;
const OFFERS_AN_ORDER: f64 = 60.0;
/// SQS's longest.
const LONG_POLL_S: i64 = 20;

/// The queues of the agencies in range.
fn queues(city: &BenchCity) -> Result<Vec<String>> {
    let prefix = city.variable("agency-fanout", "OFFER_QUEUE_PREFIX")?;
    let name = |id: &String| {
        let id: domain::id::AgencyId = id.parse()?;
        Ok(format!("{prefix}{}", id.bare()))
    };
    city.in_range.iter().map(name).collect()
}

/// Waits up to `wait_s` seconds for messages and deletes them; returns when they arrived, or `None`.
async fn receive_and_delete(
    cloud: &Cloud,
    queue: &str,
    wait_s: i64,
) -> Result<Option<Instant>, Refusal> {
    let messages = cloud.receive(queue, 10, Some(wait_s), None).await?;
    if messages.is_empty() {
        return Ok(None);
    }
    let at = Instant::now();
    let receipts: Vec<String> = messages
        .into_iter()
        .map(|message| message.receipt_handle)
        .collect();
    cloud.delete(queue, &receipts).await?;
    Ok(Some(at))
}

async fn empty(cloud: &Cloud, queues: &[String]) -> Result<()> {
    for queue in queues {
        while receive_and_delete(cloud, queue, 0).await?.is_some() {}
    }
    Ok(())
}

/// Places orders one after another and measures the time from the customer's `201` until the last agency has
/// received its offer.
pub(crate) async fn to_last_offer(city: &BenchCity, orders: usize) -> Result<Row> {
    let cloud = city.cloud();
    let queues = queues(city)?;
    let customer = city.customer().await?;
    city.platform.drain().await?;
    empty(cloud, &queues).await?;
    let mut milliseconds = Vec::new();
    for _ in 0..orders {
        let waiting = join_all(
            queues
                .iter()
                .map(|queue| receive_and_delete(cloud, queue, LONG_POLL_S)),
        );
        let placing = async {
            city.place(&customer).await?;
            Ok::<_, anyhow::Error>(Instant::now())
        };
        let (arrivals, placed) = futures::join!(waiting, placing);
        let placed = placed?;
        let arrivals: Vec<Option<Instant>> = arrivals.into_iter().collect::<Result<_, _>>()?;
        ensure!(
            arrivals.iter().all(Option::is_some),
            "an agency in range has no offer after {LONG_POLL_S} s"
        );
        let last = arrivals
            .into_iter()
            .flatten()
            .max()
            .context("an agency is in range")?;
        milliseconds.push(last.saturating_duration_since(placed).as_secs_f64() * 1_000.0);
        city.platform.drain().await?;
    }
    milliseconds.sort_by(f64::total_cmp);
    let (p50, p95) = (
        percentile(&milliseconds, 0.5),
        percentile(&milliseconds, 0.95),
    );
    Ok(
        Row::new("201 to the offer in the last agency's queue", "—").measured(
            format!(
                "p50 {p50:.0} ms, p95 {p95:.0} ms ({orders} orders, {} agencies)",
                queues.len()
            ),
            &[],
        ),
    )
}

/// Places orders as fast as the platform accepts them, and measures the time until every offer is in its queue.
pub(crate) async fn sustained(city: &BenchCity, orders: usize, table: &mut Table) -> Result<()> {
    let (cloud, wire) = (city.cloud(), city.platform.wire());
    let customers = city.customers(usize::MAX).await?;
    let queues = queues(city)?;
    city.platform.drain().await?;
    empty(cloud, &queues).await?;
    wire.reset();
    let begun = Instant::now();
    stream::iter(0..orders)
        .map(|n| city.place(&customers[n % customers.len()]))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let accepted = begun.elapsed();
    let expected = orders * queues.len();
    let all = loop {
        let depths = try_join_all(queues.iter().map(|queue| cloud.depth(queue))).await?;
        let waiting: usize = depths.iter().map(|depth| depth.visible).sum();
        if waiting >= expected {
            break begun.elapsed();
        }
        ensure!(
            begun.elapsed() < Duration::from_secs(600),
            "{waiting} of {expected} offers are in their queues after ten minutes"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    city.platform.drain().await?;
    empty(cloud, &queues).await?;

    let seconds = all.as_secs_f64();
    let offers_a_second = expected as f64 / seconds;
    let orders_a_second = offers_a_second / OFFERS_AN_ORDER;
    table.push(
        Row::new("one machine, everything emulated", "≥ 25 orders/s × 60 offers kept up")
            .reached(
                format!("{orders_a_second:.1} orders/s × 60 ({offers_a_second:.0} offers/s)"),
                orders_a_second,
                ORDERS_A_SECOND,
            )
            .note(format!(
                "{orders} orders of {} offers each, accepted in {:.1} s and all offered after {seconds:.1} s; functions, \
                 tables, queues, streams",
                queues.len(),
                accepted.as_secs_f64(),
            ))
            .note(format!(
                "and the customers share these cores; {} build. The ratio is budget divided by measured.",
                crate::build()
            )),
    );
    Ok(())
}

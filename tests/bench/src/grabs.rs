//! Measures how long grabs take when many agencies grab one order at the same moment.

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use reqwest::StatusCode;

use crate::city::BenchCity;
use crate::table::{Row, Table, percentile};

/// One row per contest, which is a number of contenders and a number of orders.
pub(crate) async fn rows(
    city: &BenchCity,
    contests: &[(usize, usize)],
    table: &mut Table,
) -> Result<()> {
    for &(contenders, orders) in contests {
        ensure!(
            contenders <= city.agencies.len(),
            "the city has fewer agencies"
        );
        let customer = city.customer().await?;
        let desks = city.desks(contenders).await?;
        let mut milliseconds = Vec::new();
        for _ in 0..orders {
            milliseconds.extend(contest(city, &customer, &desks).await?);
        }
        milliseconds.sort_by(f64::total_cmp);
        let [p50, p95, max] = [0.5, 0.95, 1.0].map(|share| percentile(&milliseconds, share));
        let row = Row::new(format!("{contenders} grabs at once"), "one winner").measured(
            format!("one winner; p50 {p50:.0}, p95 {p95:.0}, max {max:.0} ms ({orders} orders)"),
            &[(1.0, 1.0)],
        );
        table.push(row);
    }
    Ok(())
}

/// Places one order that all agencies grab at once; returns how long each waited for its answer, in milliseconds.
async fn contest(city: &BenchCity, customer: &str, desks: &[String]) -> Result<Vec<f64>> {
    let order = city.place(customer).await?.id;
    city.platform.drain().await?;
    let tokens = city.agencies[..desks.len()]
        .iter()
        .map(|agency| city.claim_token(&order, agency))
        .collect::<Result<Vec<_>>>()?;
    let grabs = desks.iter().zip(&tokens).map(|(desk, token)| {
        let order = &order;
        async move {
            let begun = Instant::now();
            let (status, answer) = city.grab(desk, order, token).await?;
            anyhow::Ok((status, answer, begun.elapsed().as_secs_f64() * 1_000.0))
        }
    });
    let answers = try_join_all(grabs).await?;
    let mut winners = 0;
    for (status, answer, _) in &answers {
        match *status {
            StatusCode::OK => winners += 1,
            StatusCode::CONFLICT => {}
            other => anyhow::bail!("a grab was answered {other}: {answer}"),
        }
    }
    ensure!(winners == 1, "an order was grabbed by {winners} agencies");
    Ok(answers
        .into_iter()
        .map(|(_, _, milliseconds)| milliseconds)
        .collect())
}

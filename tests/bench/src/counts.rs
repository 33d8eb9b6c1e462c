//! Counts the AWS calls and the capacity of one order, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local::wire::Usage;
use reqwest::StatusCode;

use crate::city::{BenchCity, GRAB_WINDOW};
use crate::table::{Row, Table};

/// The usage of each function for one order.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) agencies: usize,
    pub(crate) intake: Usage,
    pub(crate) fan_out: Usage,
    pub(crate) grab: Usage,
    /// A grab that comes too late.
    pub(crate) losing_grab: Usage,
    /// `order-events`, from placed to claimed.
    pub(crate) events: Usage,
    /// The grab timer that finds the order claimed.
    pub(crate) timer: Usage,
    orders_table: String,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Units {
    pub(crate) read: f64,
    /// Write units of tables without indexes.
    pub(crate) write_table: f64,
    /// Write units of tables and indexes.
    pub(crate) write: f64,
}

/// Places one order, waits until it is offered, grabs it twice and fires its grab timer.
pub(crate) async fn count_one_order(city: &BenchCity) -> Result<Counts> {
    let (platform, wire) = (&city.platform, city.platform.wire());
    let customer = city.customer().await?;
    let offered: Vec<_> = city
        .agencies
        .iter()
        .filter(|agency| city.in_range.contains(&agency.agency_id))
        .take(2)
        .collect();
    let [winner, loser] = offered[..] else {
        anyhow::bail!("fewer than two agencies are in range");
    };
    let (winners_desk, losers_desk) = (city.desk(winner).await?, city.desk(loser).await?);
    platform.drain().await?;
    wire.measure_capacity(true);
    wire.reset();

    let order = city.place(&customer).await?.id;
    platform.drain().await?;
    let (intake, fan_out) = (wire.usage("order-intake"), wire.usage("agency-fanout"));
    let offers = fan_out
        .calls
        .get("sqs:SendMessage")
        .copied()
        .unwrap_or_default();
    ensure!(
        offers == city.in_range.len() as u64,
        "{offers} offers were sent, and {} agencies are in range",
        city.in_range.len()
    );

    let token = city.claim_token(&order, winner)?;
    let (status, answer) = city.grab(&winners_desk, &order, &token).await?;
    ensure!(
        status == StatusCode::OK,
        "the grab was answered {status}: {answer}"
    );
    platform.drain().await?;
    let (grab, events) = (wire.usage("order-grab"), wire.usage("order-events"));

    wire.reset();
    let token = city.claim_token(&order, loser)?;
    let (status, answer) = city.grab(&losers_desk, &order, &token).await?;
    ensure!(
        status == StatusCode::CONFLICT,
        "a late grab was answered {status}: {answer}"
    );
    let losing_grab = wire.usage("order-grab");

    wire.reset();
    platform
        .clock()
        .advance(GRAB_WINDOW + Duration::from_secs(1));
    platform.drain().await?;
    let timer = wire.usage("auto-assign");
    ensure!(timer.invocations > 0, "the grab timer has not fired");
    wire.measure_capacity(false);
    Ok(Counts {
        agencies: city.in_range.len(),
        intake,
        fan_out,
        grab,
        losing_grab,
        events,
        timer,
        orders_table: city
            .variable("order-grab", "ORDERS_TABLE")
            .context("the orders table has a name")?
            .to_owned(),
    })
}

impl Counts {
    pub(crate) fn rows(&self, table: &mut Table) {
        let queries = self
            .fan_out
            .calls
            .get("dynamodb:Query")
            .copied()
            .unwrap_or_default();
        let read = units(&self.fan_out, None).read;
        table.push(
            Row::new("directory read per order", "1 Query, ≤ 2 RRU")
                .measured(
                    format!(
                        "{queries} Query, {read} RRU, {} agencies in range",
                        self.agencies
                    ),
                    &[(queries as f64, 1.0), (read, 2.0)],
                )
                .note("The Query reads one geohash-5 cell, however many other cells there are."),
        );
        let steps = [
            ("intake", &self.intake),
            ("fan-out", &self.fan_out),
            ("grab", &self.grab),
        ];
        let [intake, fan_out, grab] = steps;
        let written = [intake, fan_out, grab, ("agency's counts", &self.events)];
        let of_orders_table = written.map(|(_, usage)| units(usage, Some(&self.orders_table)));
        let alone: f64 = of_orders_table.iter().map(|units| units.write_table).sum();
        let all: f64 = of_orders_table.iter().map(|units| units.write).sum();
        let by_step = |pick: fn(&Units) -> f64| {
            let parts: Vec<String> = written
                .iter()
                .zip(&of_orders_table)
                .map(|((step, _), units)| format!("{step} {}", pick(units)))
                .collect();
            parts.join(" + ")
        };
        table.push(
            Row::new(
                "write units per order, placed to claimed by a grab",
                "≤ 9 table, ≤ 12 with indexes",
            )
            .measured(
                format!("{alone} table, {all} with indexes"),
                &[(alone, 9.0), (all, 12.0)],
            )
            .note(format!(
                "table alone:  {}",
                by_step(|units| units.write_table)
            ))
            .note(format!("with indexes: {}", by_step(|units| units.write))),
        );
        let calls = steps.map(|(_, usage)| usage.calls.values().sum::<u64>());
        let [intake, fan_out, grab] = calls.map(|calls| calls as f64);
        let agencies = self.agencies as f64;
        let mut row = Row::new(
            "AWS calls: intake / fan-out / grab",
            "4 / 2 + one per agency / 2",
        )
        .measured(
            format!("{intake} / {} + {agencies} / {grab}", fan_out - agencies),
            &[(intake, 4.0), (fan_out, 2.0 + agencies), (grab, 2.0)],
        );
        for (step, usage) in steps {
            row = row.note(format!("{step}: {}", names(&usage.calls)));
        }
        table.push(row);
    }
}

/// The capacity that a function consumed of one table, or of all.
pub(crate) fn units(usage: &Usage, of_table: Option<&str>) -> Units {
    let mut sum = Units::default();
    for ((table, _), used) in &usage.capacity {
        if of_table.is_none_or(|name| name == table) {
            sum.read += used.read;
            sum.write_table += used.write_table;
            sum.write += used.write;
        }
    }
    sum
}

pub(crate) fn names(calls: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> = calls
        .iter()
        .map(|(name, count)| {
            if *count == 1 {
                name.clone()
            } else {
                format!("{count} × {name}")
            }
        })
        .collect();
    parts.join(", ")
}

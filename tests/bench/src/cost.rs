//! Estimates the cost of a million orders on AWS, from the counts of one order and list prices.

use crate::counts::{Counts, units};
use crate::table::{Row, Table};

/// Offers per order in the budget.
const OFFERS: f64 = 60.0;
const BUDGET_USD: f64 = 46.0;

// List prices of us-east-1 in USD per million, without free tiers.
/// On-demand write request units: <https://aws.amazon.com/dynamodb/pricing/on-demand/>.
const WRITE_UNIT: f64 = 0.625;
/// On-demand read request units: the same page.
const READ_UNIT: f64 = 0.125;
/// Standard queues: <https://aws.amazon.com/sqs/pricing/>.
const QUEUE_REQUEST: f64 = 0.40;
/// Invocations by EventBridge Scheduler: <https://aws.amazon.com/eventbridge/pricing/>.
const SCHEDULE: f64 = 1.00;
/// Custom events: the same page.
const EVENT: f64 = 1.00;
/// Requests to functions: <https://aws.amazon.com/lambda/pricing/>.
const INVOCATION: f64 = 0.20;
/// A million GB-seconds on arm64: the same page, 0.0000133334 each.
const GB_SECOND: f64 = 13.3334;
/// Requests to an HTTP API: <https://aws.amazon.com/api-gateway/pricing/>.
const HTTP_REQUEST: f64 = 1.00;

const MEMORY_GB: f64 = 0.25;
/// How long a function waits for an AWS call, in seconds. Most of its billed time is waiting.
const CALL_S: f64 = 0.005;
/// How many offers the fan-out at least sends at the same time.
const SENT_AT_ONCE: f64 = 8.0;
/// Requests to receive and delete a message that triggers a function, when no messages share a batch.
const TAKEN_FROM_QUEUE: f64 = 2.0;
/// The grab timer and the staffing timer.
const TIMERS: f64 = 2.0;
/// Requests over HTTP: the order and the grab.
const REQUESTS: f64 = 2.0;
/// Events on the bus: placed, offered, claimed.
const EVENTS: f64 = 3.0;

pub(crate) fn row(counts: &Counts, table: &mut Table) {
    let steps = [
        &counts.intake,
        &counts.fan_out,
        &counts.grab,
        &counts.events,
    ];
    let (mut write, mut read) = (0.0, 0.0);
    for step in steps {
        let used = units(step, None);
        write += used.write;
        read += used.read;
    }
    let timer = units(&counts.timer, None);
    write += TIMERS * timer.write;
    read += TIMERS * timer.read;

    // A function waits for its calls one after another, except that offers are sent at the same time.
    let calls = |usage: &local::wire::Usage| usage.calls.values().sum::<u64>() as f64;
    let fan_out = calls(&counts.fan_out) - counts.agencies as f64 + OFFERS / SENT_AT_ONCE;
    let waits = calls(&counts.intake)
        + fan_out
        + calls(&counts.grab)
        + calls(&counts.events)
        + TIMERS * calls(&counts.timer);
    let invocations = steps.iter().map(|usage| usage.invocations).sum::<u64>() as f64
        + TIMERS * counts.timer.invocations as f64;

    let offers = OFFERS * QUEUE_REQUEST;
    let tables = write * WRITE_UNIT + read * READ_UNIT;
    // The message of the fan-out and that of each timer are sent, received and deleted.
    let queues = (1.0 + TIMERS) * (1.0 + TAKEN_FROM_QUEUE) * QUEUE_REQUEST;
    let timers = TIMERS * SCHEDULE;
    let functions = invocations * INVOCATION + waits * CALL_S * MEMORY_GB * GB_SECOND;
    let events = EVENTS * EVENT;
    let http = REQUESTS * HTTP_REQUEST;
    let total = offers + tables + queues + timers + functions + events + http;
    let late = units(&counts.losing_grab, None);
    let losing_grab = late.write * WRITE_UNIT
        + late.read * READ_UNIT
        + INVOCATION
        + HTTP_REQUEST
        + calls(&counts.losing_grab) * CALL_S * MEMORY_GB * GB_SECOND;

    table.push(
        Row::new("cost per million orders, 60 offers each", "≤ 46 USD without polling")
            .measured(format!("{total:.2} USD, of it offers {offers:.2}"), &[(total, BUDGET_USD)])
            .note(format!(
                "offers {offers:.2} + tables {tables:.2} ({write} write and {read} read units) + events {events:.2} \
                 + other queues {queues:.2}"
            ))
            .note(format!(
                "+ timers {timers:.2} + HTTP API {http:.2} + functions {functions:.2} ({invocations} invocations, \
                 {waits} waits of 5 ms at 256 MB, arm64)"
            ))
            .note(format!(
                "One grab per order; a million grabs that come too late add {losing_grab:.2} USD."
            ))
            .note(
                "No messages share a batch, as in a quiet hour. List prices of us-east-1, without free tiers, logs, storage \
                 and the archive of events.",
            ),
    );
}

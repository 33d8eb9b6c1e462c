//! From the orders table's stream to events on the bus.
//!
//! There is no double write: an order's change is stored, and its stream record becomes an event. Records of one order
//! come in order, and are put in order, never two of an order in one call. The first record whose event was not accepted is
//! named in the answer, so that the stream comes again from there: nothing is lost, a repeat carries the same version, and
//! consumers drop it. A record that fails by itself, again and again, is noted in the on-failure queue.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use bus::{Events, OrderEvent, OrderEventDetail, OrderEventKind};
use domain::order::{Order, What};
use runtime::problem::chain;
use runtime::{ConfigError, Environment};

/// The function: its client.
pub struct OrderEvents {
    events: Events,
}

/// A record that has an event, and where the stream would start again from it.
struct Pending {
    sequence_number: String,
    event: OrderEvent,
}

impl OrderEvents {
    /// Made once, from the function's configuration.
    ///
    /// # Errors
    /// When a variable is missing.
    pub fn new(env: &Environment) -> Result<Self, ConfigError> {
        let eventbridge = aws_sdk_eventbridge::Client::new(env.sdk());
        Ok(Self {
            events: Events::new(eventbridge, env.var("EVENT_BUS")?),
        })
    }

    /// Handles a batch of stream records, and names the first that is to come again, if any.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut pending = Vec::new();
        let mut unreadable = None;
        for record in event.records {
            let sequence_number = record.change.sequence_number.clone().unwrap_or_default();
            match event_of(record) {
                Ok(Some(event)) => pending.push(Pending {
                    sequence_number,
                    event,
                }),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(
                        stream.sequence = sequence_number,
                        error = chain(&error),
                        "a record cannot be read"
                    );
                    // What came before it is still put; what comes after waits for it.
                    unreadable = Some(sequence_number);
                    break;
                }
            }
        }
        let first_failed = match self.put(&pending).await {
            Some(place) => pending
                .into_iter()
                .nth(place)
                .map(|record| record.sequence_number),
            None => unreadable,
        };
        response(first_failed)
    }

    /// Puts the events; answers the place of the first that was not accepted.
    async fn put(&self, pending: &[Pending]) -> Option<usize> {
        let events: Vec<OrderEvent> = pending.iter().map(|record| record.event.clone()).collect();
        match self.events.put(&events).await {
            Ok(failed) => failed.into_iter().min(),
            Err(error) => {
                tracing::error!(error = chain(&error), "events cannot be written");
                (!events.is_empty()).then_some(0)
            }
        }
    }
}

fn response(first_failed: Option<String>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if let Some(sequence_number) = first_failed {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(sequence_number);
        response.batch_item_failures.push(failure);
    }
    response
}

/// The event of a record; `None` for other items of the table, removals, and images in which no version was made.
fn event_of(record: EventRecord) -> Result<Option<OrderEvent>, store::Error> {
    let Some(order) = store::order_image(record.change.new_image)? else {
        return Ok(None);
    };
    let before = store::order_image(record.change.old_image)?;
    let is_new = before.is_none_or(|before| before.version < order.version);
    Ok(is_new.then(|| describe(&order)))
}

fn describe(order: &Order) -> OrderEvent {
    let last = order.timeline.last();
    let claim = order.claim();
    OrderEvent {
        kind: kind(order),
        detail: OrderEventDetail {
            schema: OrderEventDetail::SCHEMA,
            order_id: order.id.clone(),
            version: order.version,
            epoch: order.epoch,
            status: order.status(),
            agency_id: claim.map(|claim| claim.agency.clone()),
            how: claim.map(|claim| claim.how),
            at: last.map_or(order.placed_at, |line| line.at),
        },
    }
}

/// What the last change was, by the lines it left: an end outweighs the release that led to it.
fn kind(order: &Order) -> OrderEventKind {
    let mut lines = order.timeline.iter().rev().map(|line| line.what);
    match lines.next() {
        Some(What::Placed) => OrderEventKind::Placed,
        Some(What::Offered) => OrderEventKind::Offered,
        Some(What::Claimed) => OrderEventKind::Claimed,
        Some(What::Cancelled) => OrderEventKind::Cancelled,
        Some(What::Unfilled) => OrderEventKind::Unfilled,
        Some(What::Reopened) if lines.next() == Some(What::Released) => OrderEventKind::Released,
        Some(What::Reopened) => OrderEventKind::Reopened,
        _ => OrderEventKind::Changed,
    }
}

#[cfg(test)]
mod tests;

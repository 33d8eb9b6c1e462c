//! Events about orders.

use std::collections::HashSet;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::id::{AgencyId, OrderId};
use domain::order::{How, Status};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use crate::{CALL, Error, Events};

const SOURCE: &str = "homehail.orders";
const SCHEMA: u32 = 1;
/// The most events of one call.
const BATCH: usize = 10;

/// What happened to an order, as an event's detail type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEventKind {
    Placed,
    /// Its offers were made.
    Offered,
    /// An agency has it.
    Claimed,
    /// The agency gave it back.
    Released,
    /// It is on offer again because it was not staffed in time.
    Reopened,
    Cancelled,
    /// No agency was found.
    Unfilled,
    Changed,
}

impl OrderEventKind {
    /// The event's detail type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "order.placed",
            Self::Offered => "order.offered",
            Self::Claimed => "order.claimed",
            Self::Released => "order.released",
            Self::Reopened => "order.reopened",
            Self::Cancelled => "order.cancelled",
            Self::Unfilled => "order.unfilled",
            Self::Changed => "order.changed",
        }
    }
}

/// One version of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEvent {
    pub kind: OrderEventKind,
    /// The order, as it was then.
    pub detail: OrderEventDetail,
}

/// What an event says. Consumers order events by `version` and drop repeats by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEventDetail {
    /// The version of this form.
    pub schema: u32,
    pub order_id: OrderId,
    /// Rises by one with every change of the order.
    pub version: u64,
    pub epoch: u32,
    pub status: Status,
    /// Whose the claim is.
    pub agency_id: Option<AgencyId>,
    /// How that agency came to it.
    pub how: Option<How>,
    #[serde(with = "domain::time::rfc3339")]
    pub at: Millis,
}

impl OrderEventDetail {
    /// The form that is written now.
    pub const SCHEMA: u32 = SCHEMA;
}

impl Events {
    /// Puts events in their order, at most ten and at most one of an order in a call. Answers the places of
    /// those that were not accepted; after a call in which one failed nothing more is put, so that a later
    /// event of an order never overtakes an earlier one by our doing.
    ///
    /// # Errors
    /// When an event cannot be written as JSON, in which case none was put. A call that fails is told by the
    /// places of all its events, and logged.
    pub async fn put(&self, events: &[OrderEvent]) -> Result<Vec<usize>, Error> {
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            entries.push(self.entry(SOURCE, event.kind.as_str(), &event.detail)?);
        }
        for range in calls(events) {
            let mut failed: Vec<usize> = self
                .put_call(&entries[range.clone()])
                .await
                .into_iter()
                .map(|place| range.start + place)
                .collect();
            if !failed.is_empty() {
                failed.extend(range.end..events.len());
                return Ok(failed);
            }
        }
        Ok(Vec::new())
    }

    /// The places of entries that were not accepted.
    async fn put_call(&self, entries: &[PutEventsRequestEntry]) -> Vec<usize> {
        let call = self
            .eventbridge
            .put_events()
            .set_entries(Some(entries.to_vec()));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = Error::call(CALL, error);
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "events were not put"
                );
                return (0..entries.len()).collect();
            }
        };
        let results = answer.entries.unwrap_or_default();
        let accepted = |place: &usize| {
            let result = results.get(*place);
            if let Some(code) = result.and_then(|result| result.error_code.as_deref()) {
                tracing::error!(code, "an event was not accepted");
            }
            result.is_some_and(|result| result.event_id.is_some() && result.error_code.is_none())
        };
        (0..entries.len())
            .filter(|place| !accepted(place))
            .collect()
    }
}

/// Which events go together: in order, as many as fit, no order twice.
fn calls(events: &[OrderEvent]) -> Vec<std::ops::Range<usize>> {
    let mut calls = Vec::new();
    let mut start = 0;
    let mut orders = HashSet::new();
    for (place, event) in events.iter().enumerate() {
        if place - start == BATCH || orders.contains(&event.detail.order_id) {
            calls.push(start..place);
            start = place;
            orders.clear();
        }
        orders.insert(&event.detail.order_id);
    }
    if start < events.len() {
        calls.push(start..events.len());
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(order: u8, version: u64) -> OrderEvent {
        OrderEvent {
            kind: OrderEventKind::Claimed,
            detail: OrderEventDetail {
                schema: SCHEMA,
                order_id: OrderId::from_bytes(&[order; 16]),
                version,
                epoch: 1,
                status: Status::Claimed,
                agency_id: Some(AgencyId::from_bytes(&[0; 16])),
                how: Some(How::Grab),
                at: Millis(1_800_000_000_000),
            },
        }
    }

    #[test]
    fn a_detail_has_ids_and_no_more() {
        assert_eq!(
            serde_json::to_string(&event(0, 3).detail).unwrap(),
            r#"{"schema":1,"order_id":"ord_00000000000000000000000000","version":3,"epoch":1,"status":"claimed","agency_id":"agy_00000000000000000000000000","how":"grab","at":"2027-01-15T08:00:00.000Z"}"#
        );
    }

    #[test]
    fn a_call_has_ten_events_at_most_and_no_order_twice() {
        let of = |orders: &[u8]| {
            let events: Vec<_> = orders.iter().map(|order| event(*order, 1)).collect();
            calls(&events)
        };
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[1, 2, 3]).len(), 1);
        assert_eq!(of(&[1, 2, 1, 1, 3]), [0..2, 2..3, 3..5]);
        let many: Vec<u8> = (0..23).collect();
        assert_eq!(of(&many), [0..10, 10..20, 20..23]);
    }
}

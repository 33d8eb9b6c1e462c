//! Parses the bodies that customers send.

use std::collections::BTreeSet;

use domain::catalogue::{MOST_WISHES, Tag};
use domain::geo::Area;
use domain::id::OrderId;
use domain::market::{Market, StartFault};
use domain::order::{Contact, OrderDetails, Visit};
use domain::service::Service;
use domain::time::Millis;
use runtime::http::JsonBody;
use runtime::{Fields, Problem};

/// The most that a customer can offer to pay, in fen: 100,000 yuan.
const MOST_FEN: i64 = 10_000_000;

/// A request for one visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placing {
    pub(crate) visit: Visit,
    pub(crate) details: OrderDetails,
    /// The earlier order whose worker the customer would like again.
    pub(crate) prefer: Option<OrderId>,
}

impl Placing {
    /// Leaves the start unchecked, so that a late repeat can be read.
    pub(crate) fn parse(body: &JsonBody, market: &Market) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, market, |_| Ok(())))
    }

    /// Checks also that the start is neither too near nor too far away.
    pub(crate) fn parse_now(
        body: &JsonBody,
        market: &Market,
        now: Millis,
    ) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, market, |start| market.check_start(now, start)))
    }

    fn read(
        fields: &mut Fields<'_>,
        market: &Market,
        check_start: impl Fn(Millis) -> Result<(), StartFault>,
    ) -> Option<Self> {
        let service = service(fields, market);
        let start_at = fields.time("start_at");
        if let Some(Err(fault)) = start_at.map(&check_start) {
            fields.refuse("start_at", fault.to_string());
        }
        let duration_min = fields.integer("duration_min", 30..=24 * 60);
        let address = fields.string("address", 1..=200);
        let place = fields.location("location");
        if place.is_some_and(|place| !market.serves(place)) {
            fields.refuse("location", "must be where this market serves");
        }
        let contact = fields.object("contact", |contact| {
            let name = contact.string("name", 1..=50);
            let phone = contact.parsed("phone");
            Some(Contact {
                name: name?,
                phone: phone?,
            })
        });
        let notes = fields.optional_text("notes", 0..=500);
        let budget_fen = fields.optional_integer("budget_fen", 0..=MOST_FEN);
        let wishes = wishes(fields, market, service);
        let prefer = fields.optional_object("prefer", |earlier| earlier.parsed("order_id"));
        Some(Self {
            visit: Visit {
                service: service?,
                start_at: start_at?,
                duration_min: u32::try_from(duration_min?).ok()?,
                area: Area::containing(place?),
                budget_fen,
                wishes: wishes?,
                preferred: None,
            },
            details: OrderDetails {
                place: place?,
                address: address?,
                contact: contact?,
                notes,
            },
            prefer,
        })
    }
}

/// A service that can be ordered in this market.
fn service(fields: &mut Fields<'_>, market: &Market) -> Option<Service> {
    let service = fields.parsed("service")?;
    if !market.services.contains(service) {
        fields.refuse("service", "cannot be ordered here");
        return None;
    }
    Some(service)
}

/// What is wished for of the tags that go with the service.
fn wishes(
    fields: &mut Fields<'_>,
    market: &Market,
    service: Option<Service>,
) -> Option<BTreeSet<Tag>> {
    let wishes = fields.tags("wishes", MOST_WISHES, |tag| {
        service.map_or(Ok(()), |service| market.catalogue.check_wish(tag, service))
    })?;
    if wishes.iter().filter(|tag| tag.sex().is_some()).count() > 1 {
        fields.refuse("wishes", "must not wish for both a woman and a man");
        return None;
    }
    Some(wishes)
}

/// The reason for a cancellation.
pub(crate) fn reason(body: &JsonBody) -> Result<String, Problem> {
    body.read(|fields| fields.string("reason", 1..=200))
}

#[cfg(test)]
mod tests;

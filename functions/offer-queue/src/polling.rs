//! Which of the received offers are shown.

use std::collections::{BTreeSet, HashMap};

use bus::{Offer, OfferKind, Received};
use domain::id::{AgencyId, OrderId};
use domain::order::Order;
use domain::time::Millis;
use serde::Serialize;

use crate::can_be_grabbed;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ShownOffer {
    #[serde(flatten)]
    pub offer: Offer,
    /// What acknowledges it; none in a list, which nothing is taken from.
    pub receipt: Option<String>,
}

/// Received offers, sorted by what has to be done with them.
#[derive(Debug, Default)]
pub struct SiftedOffers {
    pub shown: Vec<ShownOffer>,
    /// Receipts of offers that must not come again.
    pub cleared: Vec<String>,
}

/// Sorts the received offers: each is shown once, and only if it is of use to the agency now.
pub fn sift(
    received: Vec<Received>,
    orders: &[Order],
    agency: &AgencyId,
    now: Millis,
) -> SiftedOffers {
    let orders: HashMap<&OrderId, &Order> = orders.iter().map(|order| (&order.id, order)).collect();
    let mut sifted = SiftedOffers::default();
    let mut seen = BTreeSet::new();
    for Received { offer, receipt } in received {
        let of_use = offer.filter(|offer| {
            let order = orders.get(&offer.order_id);
            order.is_some_and(|order| is_of_use(offer, order, agency, now))
                && seen.insert((offer.order_id.clone(), offer.epoch, offer.kind))
        });
        match of_use {
            Some(offer) => sifted.shown.push(ShownOffer {
                offer,
                receipt: Some(receipt),
            }),
            None => sifted.cleared.push(receipt),
        }
    }
    sifted
}

fn is_of_use(offer: &Offer, order: &Order, agency: &AgencyId, now: Millis) -> bool {
    let is_of_now = offer.epoch == order.epoch;
    match offer.kind {
        OfferKind::Open => is_of_now && can_be_grabbed(order, agency, now),
        OfferKind::Assigned => {
            is_of_now && order.claim().is_some_and(|claim| claim.agency == *agency)
        }
        // However late it is read.
        OfferKind::Ended => true,
    }
}

#[cfg(test)]
mod tests;

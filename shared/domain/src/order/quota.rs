//! How many orders a customer may place, so that nobody floods agencies with offers.

use serde::{Deserialize, Serialize};

use crate::id::OrderId;
use crate::market::Market;

use super::Order;

/// More open orders are not remembered; a cap above this is none.
const MOST_REMEMBERED: usize = 50;

/// What a customer has placed lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Rises by one with every order; 0 before the first.
    #[serde(skip)]
    pub version: u64,
    /// Those that were open when they were looked at last, oldest first.
    pub open: Vec<OrderId>,
    /// The day in China on which the last order was placed.
    pub day: i64,
    /// How many were placed on that day.
    pub placed: u32,
}

/// A customer has placed all that one may for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    #[error("A customer has at most {0} open orders.")]
    Open(u32),
    #[error("A customer places at most {0} orders a day.")]
    Daily(u32),
}

impl Quota {
    /// With one more order, which is about to be placed.
    pub fn with(&self, order: &Order, market: &Market) -> Result<Self, OverQuota> {
        let day = order.placed_at.day();
        let placed = if day == self.day { self.placed } else { 0 };
        if placed >= market.daily_orders_cap {
            return Err(OverQuota::Daily(market.daily_orders_cap));
        }
        if self.open.len() >= market.open_orders_cap as usize {
            return Err(OverQuota::Open(market.open_orders_cap));
        }
        let forgotten = (self.open.len() + 1).saturating_sub(MOST_REMEMBERED);
        let kept = self.open.iter().skip(forgotten).cloned();
        Ok(Self {
            version: self.version + 1,
            open: kept.chain([order.id.clone()]).collect(),
            day,
            placed: placed + 1,
        })
    }
}

//! Deadlines of an order.

use std::time::Duration;

use domain::id::OrderId;
use domain::order::Order;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const KIND: &str = "timer";

/// Which deadline of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The end of the grab window.
    Grab,
    /// The end of the time in which the claiming agency must staff.
    Staffing,
    /// The end of the time in which the visit must be over.
    Visit,
}

/// A deadline, as the scheduler and the timer queue carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub order_id: OrderId,
    /// The epoch whose deadline it is.
    pub epoch: u32,
    pub stage: Stage,
    /// When there is something to be done.
    pub due: Millis,
    /// When it is no longer worth repeating: the order's start; for a visit's end, a day after it.
    pub until: Millis,
    /// How often it has looked, when due, for an order that was not there.
    #[serde(default)]
    pub looks: u32,
    /// How often it has gone through the dead letters.
    #[serde(default)]
    pub redrives: u32,
}

/// How long the end of a visit is worth repeating.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

impl Timer {
    /// The timer of the grab window that is open until `deadline` in this epoch.
    pub fn of_grab(order: &Order, epoch: u32, deadline: Millis) -> Self {
        Self {
            order_id: order.id.clone(),
            epoch,
            stage: Stage::Grab,
            due: deadline,
            until: order.start_at,
            looks: 0,
            redrives: 0,
        }
    }

    /// The timer of the end of an order's visit in this epoch.
    pub fn of_visit(order: &OrderId, epoch: u32, visit_by: Millis) -> Self {
        Self {
            order_id: order.clone(),
            epoch,
            stage: Stage::Visit,
            due: visit_by,
            until: visit_by + A_DAY,
            looks: 0,
            redrives: 0,
        }
    }

    pub fn body(&self) -> Result<String, Error> {
        write(KIND, self)
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            KIND => read(text),
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

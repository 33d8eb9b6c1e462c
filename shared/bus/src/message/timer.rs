//! Deadlines of an order.

use domain::id::OrderId;
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
}

/// A deadline, as the scheduler and the timer queue carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The order.
    pub order_id: OrderId,
    /// The epoch whose deadline it is.
    pub epoch: u32,
    /// Which deadline.
    pub stage: Stage,
    /// When there is something to be done.
    pub due: Millis,
    /// When it is no longer worth repeating: the order's start.
    pub until: Millis,
    /// How often it has looked, when due, for an order that was not there.
    #[serde(default)]
    pub looks: u32,
    /// How often it has gone through the dead letters.
    #[serde(default)]
    pub redrives: u32,
}

impl Timer {
    /// The message's body.
    ///
    /// # Errors
    /// None that a timer can cause; writing JSON is fallible by its signature.
    pub fn body(&self) -> Result<String, Error> {
        write(KIND, self)
    }

    /// From a message's body.
    ///
    /// # Errors
    /// When it is not a timer.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            KIND => read(text),
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

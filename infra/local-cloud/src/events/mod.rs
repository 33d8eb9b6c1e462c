//! Amazon EventBridge: buses, rules by pattern, queues as targets.

mod buses;
mod pattern;
pub(crate) mod protocol;
mod transformer;

pub(crate) use buses::{Buses, Delivery, Target};

//! Amazon EventBridge: buses, rules by pattern, queues as targets.

mod buses;
mod pattern;

pub(crate) use buses::{Buses, Delivery};
pub use pattern::Pattern;

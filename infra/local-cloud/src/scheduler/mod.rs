//! Amazon EventBridge Scheduler: schedules that send to queues.

mod expression;
pub(crate) mod protocol;
mod schedules;

pub(crate) use schedules::{Firing, Schedules};

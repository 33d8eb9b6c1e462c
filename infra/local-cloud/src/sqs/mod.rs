//! Amazon SQS: standard queues.

mod attributes;
mod message;
mod queue;
mod queues;

pub(crate) use message::check_range;
pub use message::{Draft, MessageAttribute, Received, Sent};
pub use queue::Depth;
pub(crate) use queues::{Queues, no_queue};

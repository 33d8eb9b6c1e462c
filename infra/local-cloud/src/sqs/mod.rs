//! Amazon SQS: standard queues.

mod attributes;
mod message;
pub(crate) mod protocol;
mod queue;
mod queues;

pub use message::{Draft, MessageAttribute, Received, Sent};
pub use queue::Depth;
pub(crate) use queues::Queues;

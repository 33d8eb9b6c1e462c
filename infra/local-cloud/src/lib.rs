//! Queues, schedules, a bus and temporary keys that speak AWS's protocols on one machine.
pub mod iam;

mod clock;
mod cloud;
mod endpoint;
mod error;
mod events;
mod journal;
mod names;
mod random;
mod refusal;
mod scheduler;
mod sqs;
mod state;
mod sts;
mod transaction;

pub use clock::Clock;
pub use cloud::Cloud;
pub use error::Error;
pub use iam::Identities;
pub use refusal::Refusal;
pub use sqs::{Depth, Draft, MessageAttribute, Received, Sent};

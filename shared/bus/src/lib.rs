//! What functions tell each other: messages and timers.
//!
//! - [`message`]: the bodies, versioned; only this crate knows them.
//! - [`FanOutQueue`], [`TimerQueue`], [`FeedQueue`], [`ScanQueue`], [`ErasureQueue`], [`UndeliverableQueue`]: our own queues.
//! - [`OfferQueues`]: the agencies' order queues, one each.
//! - [`Timers`]: deadlines, set with the scheduler before the write that needs them.
//!
//! Everything here can come twice, late, or out of order; nothing that was accepted is lost.

pub mod message;
mod offers;
mod queue;
mod timers;

pub use calls::Error;
pub use message::{
    ErasureMessage, FanOut, FanOutMessage, FeedBatch, FeedMessage, Offer, OfferKind, OfferTo,
    Offers, ScanMessage, Stage, Subject, Sweep, Timer, Unreadable, Whose,
};
pub use offers::{OfferQueues, Received};
pub use queue::{
    ErasureQueue, FanOutQueue, FeedQueue, LONGEST_DELAY, ScanQueue, TimerQueue, UndeliverableQueue,
};
pub use timers::Timers;

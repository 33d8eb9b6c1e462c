//! What functions tell each other, and the world: messages, timers, events.
//!
//! - [`message`]: the bodies, versioned; only this crate knows them.
//! - [`FanOutQueue`], [`TimerQueue`], [`FeedQueue`], [`ScanQueue`], [`UndeliverableQueue`]: our own queues.
//! - [`OfferQueues`]: the agencies' order queues, one each.
//! - [`Timers`]: deadlines, set with the scheduler before the write that needs them.
//! - [`Events`]: versions of orders on the event bus.
//! - [`BadgeEvents`]: what happens to badges, on the same.
//!
//! Everything here can come twice, late, or out of order; nothing that was accepted is lost.

mod badge_events;
mod events;
pub mod message;
mod offers;
mod queue;
mod timers;

pub use badge_events::{BadgeEvents, ScannedApart};
pub use calls::Error;
pub use events::{Events, OrderEvent, OrderEventDetail, OrderEventKind};
pub use message::{
    FanOut, FanOutMessage, FeedBatch, FeedMessage, Offer, OfferKind, OfferTo, Offers, ScanMessage,
    Stage, Timer, Unreadable,
};
pub use offers::{OfferQueues, Received};
pub use queue::{FanOutQueue, FeedQueue, LONGEST_DELAY, ScanQueue, TimerQueue, UndeliverableQueue};
pub use timers::Timers;

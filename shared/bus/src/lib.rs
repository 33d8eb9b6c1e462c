//! What functions tell each other, and the world: messages, timers, events.
//!
//! - [`message`]: the bodies, versioned; only this crate knows them.
//! - [`FanOutQueue`], [`TimerQueue`], [`UndeliverableQueue`]: our own queues.
//! - [`OfferQueues`]: the agencies' order queues, one each.
//! - [`Timers`]: deadlines, set with the scheduler before the write that needs them.
//! - [`Events`]: versions of orders on the event bus.
//!
//! Everything here can come twice, late, or out of order; nothing that was accepted is lost.

mod error;
mod events;
pub mod message;
mod offers;
mod queue;
mod timers;

pub use error::Error;
pub use events::{Events, OrderEvent, OrderEventDetail, OrderEventKind};
pub use message::{
    FanOut, FanOutMessage, Offer, OfferKind, OfferTo, Offers, Stage, Timer, Unreadable,
};
pub use offers::{OfferQueues, Received};
pub use queue::{FanOutQueue, LONGEST_DELAY, TimerQueue, UndeliverableQueue};
pub use timers::Timers;

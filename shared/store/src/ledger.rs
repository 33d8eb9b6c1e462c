//! The table `ledger`: the chain of events of each worker, and the transparency log over all of them.

mod caused;
mod chain;
mod key;
mod log;
mod trace;

pub use chain::StoredEvent;
pub(crate) use chain::{read_head, write_event, write_head};
pub use log::{
    Consistency, Inclusion, Log, LogHead, Recorded, Sequenced, SignedCheckpoint, waits_for_the_log,
};
pub use trace::{Opened, TracedEvent};

/// What keys of this table are marked with.
pub(crate) enum Ledger {}

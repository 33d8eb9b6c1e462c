//! The parts of a worker's record that several functions share.
//!
//! - [`WorkerAnswer`], [`TraceAnswer`]: show a worker and her chain to her agency, the authority and herself.
//! - [`AvailabilityRequest`], [`AvailabilityAnswer`]: when she can work.
//! - [`purpose_from`]: why the authority looks at her.
//! - [`Leaving`]: ends her employment.
//! - [`Eraser`]: erases her personal data and revokes her badges.
//! - [`next_event`]: makes an event whose id is its place in the chain.

mod answer;
mod availability;
mod erasure;
mod leaving;
mod look;
mod trace;

use domain::chain::{Actor, EventKind};
use domain::id::EventId;
use runtime::Problem;
use serde_json::Value;
use store::{NewEvent, WorkerFile};

pub use answer::{ChangesAnswer, ErasureAnswer, Reader, WorkerAnswer};
pub use availability::{AvailabilityAnswer, AvailabilityRequest};
pub use erasure::Eraser;
pub use leaving::Leaving;
pub use look::purpose_from;
pub use trace::TraceAnswer;

/// An event whose id is its place in the chain, for causes that have no id of their own. The id does not reveal a
/// repeat: the caller must look at the worker's state to see whether the change has been made already.
pub fn next_event(file: &WorkerFile, kind: EventKind, actor: Actor, payload: Value) -> NewEvent {
    let seq = (file.head.seq + 1).to_string();
    NewEvent {
        id: EventId::from_cause(kind.as_str(), &[file.worker.id.as_str(), "seq", &seq]),
        kind,
        actor,
        payload,
    }
}

/// Refuses a change of a worker whose personal data is erased.
pub fn is_erased() -> Problem {
    Problem::conflict().detail("This worker's personal data has been erased.")
}

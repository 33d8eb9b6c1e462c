//! What several functions do with a worker's record.
//!
//! - [`WorkerAnswer`], [`TraceAnswer`]: how a worker and her chain are shown to her agency, the authority and herself.
//! - [`Eraser`]: erasing her personal data, by the authority or at her own wish; revoking badges.
//! - [`next_event`]: an event that is told from a repeat by the state it leaves.

mod answer;
mod erasure;
mod trace;

use domain::chain::{Actor, EventKind};
use domain::id::EventId;
use runtime::Problem;
use serde_json::Value;
use store::{NewEvent, WorkerFile};

pub use answer::{Reader, WorkerAnswer};
pub use erasure::Eraser;
pub use trace::TraceAnswer;

/// An event that has no cause with a name of its own: its id is its place in the chain. A repeat of what caused it is
/// told by the state that it left.
pub fn next_event(file: &WorkerFile, kind: EventKind, actor: Actor, payload: Value) -> NewEvent {
    let seq = (file.head.seq + 1).to_string();
    NewEvent {
        id: EventId::from_cause(kind.as_str(), &[file.worker.id.as_str(), "seq", &seq]),
        kind,
        actor,
        payload,
    }
}

/// What a client is told who wants to change somebody whose data is erased.
pub fn is_erased() -> Problem {
    Problem::conflict().detail("This worker's personal data has been erased.")
}

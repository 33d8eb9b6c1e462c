//! Workers: what agencies say of theirs, and how they are shown.
//!
//! - [`Desk`]: the routes under `/v1/workers` that agencies and the authority share.
//! - [`WorkerAnswer`], [`TraceAnswer`]: how workers and their chains are shown, here, in reviews and to themselves.
//! - [`Eraser`]: erasing a worker's personal data, by the authority or at her own wish.

mod answer;
mod changes;
mod desk;
mod erasure;
mod photo;
mod register;
mod request;
mod trace;

use domain::chain::EventKind;
use domain::id::EventId;
use runtime::Problem;
use store::WorkerFile;

pub use answer::{Reader, WorkerAnswer, WorkerSummary};
pub use desk::Desk;
pub use erasure::Eraser;
pub use trace::TraceAnswer;

/// The id of an event that has no cause with a name of its own: its place in the chain. A repeat of what caused it is
/// told by the state that it left.
pub fn next_event(kind: EventKind, file: &WorkerFile) -> EventId {
    let seq = (file.head.seq + 1).to_string();
    EventId::of(kind.as_str(), &[file.worker.id.as_str(), "seq", &seq])
}

/// What a client is told who wants to change somebody whose data is erased.
pub fn is_erased() -> Problem {
    Problem::conflict().detail("This worker's personal data has been erased.")
}

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
use runtime::{ConfigError, Environment, Problem};
use store::{PersonalDataKey, WorkerFile, WorkerTables, Workers};

pub use answer::{Reader, WorkerAnswer, WorkerSummary};
pub use desk::Desk;
pub use erasure::Eraser;
pub use trace::TraceAnswer;

/// The tables of workers, with the key to what is personal.
///
/// # Errors
/// When a setting is missing or cannot be used.
pub fn workers(environment: &Environment) -> Result<Workers, ConfigError> {
    let [workers, ledger, subject_keys, personal] = environment.require(&[
        "WORKERS_TABLE",
        "LEDGER_TABLE",
        "SUBJECT_KEYS_TABLE",
        "PERSONAL_DATA_KEY",
    ])?;
    let personal = PersonalDataKey::new(personal)
        .map_err(|error| ConfigError::invalid("PERSONAL_DATA_KEY", error))?;
    let tables = WorkerTables {
        workers: workers.to_owned(),
        ledger: ledger.to_owned(),
        subject_keys: subject_keys.to_owned(),
    };
    let client = aws_sdk_dynamodb::Client::new(environment.sdk());
    Ok(Workers::new(client, tables, personal))
}

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

//! Verifies what Homehail says about its past, offline, from what anybody can get: an exported chain of events, the
//! transparency log's checkpoints and proofs, badges.
//!
//! It shares no code with the functions, because an audit with the same mistake as the platform would not find it. So
//! the canonical JSON ([`canonical`]), the tree ([`merkle`]) and the signed notes ([`note`]) are written again here,
//! from the public descriptions.
//!
//! - [`chain`]: a worker's chain of events, page by page.
//! - [`log`]: all events of the log against a signed checkpoint.
//! - [`proofs`]: inclusion and consistency proofs.
//! - [`note`]: checkpoints and the keys that sign them.
//! - [`badges`]: tokens as badges carry them, with the list of badges that are not valid any more.
//! - [`export`], [`json`]: the files that chains come in.
//! - [`report`]: what was verified, and what was refuted where.
//! - [`command`]: the command line.

pub mod badges;
pub mod canonical;
pub mod chain;
pub mod command;
pub mod export;
pub mod json;
pub mod log;
pub mod merkle;
pub mod note;
pub mod proofs;
pub mod report;

pub use command::run;

//! Credit feeds: what a source announces, in which order its batches count, and what a row of one says.
//!
//! - [`CreditSources`]: who may send credit records, and for which sections.
//! - [`Manifest`]: what a batch is, as its source signed it.
//! - [`Source`]: which batches of a source are applied and which wait, and whether a new one may follow.
//! - [`RowRules::parse`]: one row; [`newest`]: what several rows of a worker come to.
//!
//! Nothing here looks at the clock: a batch that is read twice says the same both times.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain::Hash;
use crate::id::SourceId;
use crate::time::Millis;

mod row;
mod source;
mod sources;

pub use row::{LONGEST_ROW, Rejected, Row, RowRules, Said, newest, rows_of};
pub use source::{Link, MOST_WAITING, Pending, Source, Turn, Unfit};
pub use sources::{CreditSource, CreditSources, SourcesFault};

/// The most rows of a batch.
pub const MOST_ROWS: u32 = 1_000_000;
/// The most parts of a batch.
pub const MOST_PARTS: u32 = 1_000;
/// How far a source's clock may be ahead of ours.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// How long a batch is worth trying to be applied.
pub const WORTH: Duration = Duration::from_hours(7 * 24);

/// A batch's name among those of its source: 1 to 64 of letters, digits, `.`, `_` and `-`, the first one a
/// letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(String);

/// Text that cannot be a batch's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 of letters, digits, '.', '_' and '-', beginning with a letter or digit")]
pub struct NotABatchId;

impl BatchId {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BatchId {
    type Err = NotABatchId;

    fn from_str(text: &str) -> Result<Self, NotABatchId> {
        let known = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let bytes = text.as_bytes();
        let fits = (1..=64).contains(&bytes.len())
            && bytes[0].is_ascii_alphanumeric()
            && bytes.iter().all(known);
        fits.then(|| Self(text.to_owned())).ok_or(NotABatchId)
    }
}

impl TryFrom<String> for BatchId {
    type Error = NotABatchId;

    fn try_from(text: String) -> Result<Self, NotABatchId> {
        text.parse()
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a batch is, as its source signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Whose batch.
    pub source: SourceId,
    /// Its name, never used again.
    pub batch_id: BatchId,
    /// Its place among the source's batches, from 1.
    pub seq: u64,
    /// The batch before: the [`manifest_hash`] of its manifest, or its `sha256`. None, or 64 zeros, for the first.
    #[serde(default)]
    pub prev_sha256: Option<Hash>,
    /// When what it says was so; newer than the batch before.
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Millis,
    /// How many rows it has: lines that are not blank, in all parts.
    pub rows: u32,
    /// How many parts it has, numbered from 1.
    pub parts: u32,
    /// SHA-256 of the bytes of all parts, one after another in their order.
    pub sha256: Hash,
    /// If the source wants each part checked as it arrives: SHA-256 of each.
    #[serde(default)]
    pub part_sha256: Option<Vec<Hash>>,
}

/// What is signed of a manifest: its canonical JSON (RFC 8785), as it was sent.
pub fn signed_form(manifest: &Value) -> Vec<u8> {
    // Maps with text keys can always be written.
    serde_json_canonicalizer::to_vec(manifest).unwrap_or_default()
}

/// The hash of a manifest: SHA-256 of its [`signed_form`].
pub fn manifest_hash(signed_form: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, signed_form).as_ref());
    Hash(hash)
}

#[cfg(test)]
mod tests;

//! Credit feeds: what a source announces, in which order its batches count, and what a row of one says.
//!
//! - [`CreditSources`]: who may send credit records, and for which sections.
//! - [`Manifest`]: what a batch is, as its source signed it.
//! - [`Source`]: which batches of a source are applied and which wait, and whether a new one may follow.
//! - [`RowRules::parse`]: one row; [`newest`]: which of several rows of a worker count.
//!
//! Nothing here looks at the clock: reading a batch again gives the same result.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain::Hash;
use crate::id::SourceId;
use crate::time::Millis;

mod json;
mod row;
mod source;
mod sources;

pub use row::{LONGEST_ROW, NewestRows, Rejected, Row, RowRules, newest, rows_of};
pub use source::{Link, MOST_LATEST, MOST_WAITING, Pending, Source, Turn, Unfit};
pub use sources::{CreditSource, CreditSources, SourcesFault};

pub const MOST_ROWS: u32 = 1_000_000;
pub const MOST_PARTS: u32 = 1_000;
/// How far a source's clock may be ahead of ours.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// How long we keep trying to apply a batch.
pub const WORTH: Duration = Duration::from_hours(7 * 24);

/// A batch's name, unique among those of its source: 1 to 64 letters, digits, `.`, `_` and `-`, beginning
/// with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 of letters, digits, '.', '_' and '-', beginning with a letter or digit")]
pub struct NotABatchId;

impl BatchId {
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

/// A batch's description, signed by its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub source: SourceId,
    /// Never used for another batch of the source.
    pub batch_id: BatchId,
    /// The number of the batch among those of its source, from 1.
    pub seq: u64,
    /// The batch before: the [`manifest_hash`] of its manifest, or its `sha256`. `None`, or 64
    /// zeros, for the first batch.
    #[serde(default)]
    pub prev_sha256: Option<Hash>,
    /// The time that its content is true for; later than that of the batch before.
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Millis,
    /// How many lines are not blank, over all parts.
    pub rows: u32,
    pub parts: u32,
    /// SHA-256 of all parts one after another.
    pub sha256: Hash,
    /// SHA-256 of each part. `None` in batches that were announced before it was required.
    #[serde(default)]
    pub part_sha256: Option<Vec<Hash>>,
}

/// The bytes that a source signs: the manifest's canonical JSON (RFC 8785), as it was sent.
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

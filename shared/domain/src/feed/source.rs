//! The order of a source's batches: which are applied, which wait, and which may follow.

use serde::{Deserialize, Serialize};

use super::{BatchId, Manifest};
use crate::chain::Hash;
use crate::time::Millis;

/// The most batches of a source that can wait for one another.
pub const MOST_WAITING: usize = 100;
/// How many of its latest batches a source knows.
pub const MOST_LATEST: usize = 20;

/// A batch as the next one refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub seq: u64,
    pub batch_id: BatchId,
    pub manifest_sha256: Hash,
    pub sha256: Hash,
    pub as_of: Millis,
}

impl Link {
    /// The link for a manifest with this hash.
    pub fn new(manifest: &Manifest, manifest_sha256: Hash) -> Self {
        Self {
            seq: manifest.seq,
            batch_id: manifest.batch_id.clone(),
            manifest_sha256,
            sha256: manifest.sha256,
            as_of: manifest.as_of,
        }
    }

    /// Whether a successor's `prev_sha256` means this batch. The manifest's hash binds all of it; the content's hash
    /// is accepted for sources that keep nothing else.
    fn is_named_by(&self, prev: Hash) -> bool {
        prev == self.manifest_sha256 || prev == self.sha256
    }
}

/// A batch that was announced and is not applied yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub link: Link,
    /// Its parts did not match the manifest: they may be sent again, or its number may be announced anew.
    pub is_refused: bool,
}

/// Which batches of a source are applied, and which wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The last batch that was applied.
    pub applied: Option<Link>,
    /// Batches announced after it, in order.
    pub pending: Vec<Pending>,
    /// The batches that were announced last, applied or not, the newest first.
    #[serde(default)]
    pub latest: Vec<BatchId>,
}

/// Whether it is a batch's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the next to be applied.
    Next,
    /// Batches before it come first.
    Waits,
    /// It is applied already, or its number was announced anew.
    Over,
}

/// Why a batch cannot be announced. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the next batch of this source has seq {expected}")]
    Gap { expected: u64 },
    #[error("another batch of this source has this seq; the next one has seq {expected}")]
    Taken { expected: u64 },
    #[error("prev_sha256 is not of the batch before")]
    ChainBroken {
        /// The hash of the manifest before; zeros if there is none.
        expected: Hash,
    },
    #[error("as_of is before that of the batch before, {}", .newest.to_rfc3339())]
    Older { newest: Millis },
    #[error("{MOST_WAITING} batches of this source wait to be applied already")]
    TooMany,
}

impl Source {
    /// The batch announced last, which the next one has to follow.
    pub fn last(&self) -> Option<&Link> {
        let waiting = self.pending.last().map(|pending| &pending.link);
        waiting.or(self.applied.as_ref())
    }

    /// The number of the next batch.
    pub fn expected(&self) -> u64 {
        self.last().map_or(1, |link| link.seq + 1)
    }

    /// The source with one more batch. A refused batch's number can be announced anew; the batches after it, which
    /// followed it, are dropped then.
    pub fn announced(&self, link: Link, prev: Option<Hash>) -> Result<Self, Unfit> {
        let expected = self.expected();
        if link.seq > expected {
            return Err(Unfit::Gap { expected });
        }
        let mut source = self.clone();
        if link.seq < expected {
            let refused = |pending: &Pending| pending.is_refused && pending.link.seq == link.seq;
            let place = self.pending.iter().position(refused);
            source
                .pending
                .truncate(place.ok_or(Unfit::Taken { expected })?);
        }
        let before = source.last();
        let prev = prev.unwrap_or(Hash::NONE);
        if !before.map_or(prev == Hash::NONE, |before| before.is_named_by(prev)) {
            let expected = before.map_or(Hash::NONE, |before| before.manifest_sha256);
            return Err(Unfit::ChainBroken { expected });
        }
        if let Some(before) = before
            && link.as_of < before.as_of
        {
            let newest = before.as_of;
            return Err(Unfit::Older { newest });
        }
        if source.pending.len() >= MOST_WAITING {
            return Err(Unfit::TooMany);
        }
        source.latest.insert(0, link.batch_id.clone());
        source.latest.truncate(MOST_LATEST);
        source.pending.push(Pending {
            link,
            is_refused: false,
        });
        Ok(source)
    }

    pub fn turn(&self, batch: &BatchId) -> Turn {
        let place = self.pending.iter().position(|p| p.link.batch_id == *batch);
        match place {
            Some(0) => Turn::Next,
            Some(_) => Turn::Waits,
            None => Turn::Over,
        }
    }

    /// The batch whose turn it is.
    pub fn next(&self) -> Option<&Link> {
        self.pending.first().map(|pending| &pending.link)
    }

    /// The source with its next batch refused, or accepted again.
    #[must_use]
    pub fn next_refused(&self, is_refused: bool) -> Self {
        let mut source = self.clone();
        if let Some(next) = source.pending.first_mut() {
            next.is_refused = is_refused;
        }
        source
    }

    /// The source with its next batch applied.
    #[must_use]
    pub fn next_applied(&self) -> Self {
        let mut source = self.clone();
        if !source.pending.is_empty() {
            source.applied = Some(source.pending.remove(0).link);
        }
        source
    }
}

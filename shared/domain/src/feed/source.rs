use serde::{Deserialize, Serialize};

use super::{BatchId, Manifest};
use crate::chain::Hash;
use crate::time::Millis;

/// The most batches of a source that can wait for one another.
pub const MOST_WAITING: usize = 100;

/// A batch as its successor refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its place.
    pub seq: u64,
    /// Its name.
    pub batch_id: BatchId,
    /// The hash of its manifest.
    pub manifest_sha256: Hash,
    /// The hash of its content.
    pub sha256: Hash,
    /// When what it says was so.
    pub as_of: Millis,
}

impl Link {
    /// The link of a manifest with this hash.
    pub fn of(manifest: &Manifest, manifest_sha256: Hash) -> Self {
        Self {
            seq: manifest.seq,
            batch_id: manifest.batch_id.clone(),
            manifest_sha256,
            sha256: manifest.sha256,
            as_of: manifest.as_of,
        }
    }

    /// Whether this is what a successor says is before it. The manifest's hash binds all of it; the content's
    /// is taken from sources that keep nothing else.
    fn is_named_by(&self, prev: Hash) -> bool {
        prev == self.manifest_sha256 || prev == self.sha256
    }
}

/// A batch that was announced and is not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which.
    pub link: Link,
    /// Its parts are not what it says: they may be put again, or its place may be announced anew.
    pub is_refused: bool,
}

/// Where the batches of a source stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The last one that is applied.
    pub applied: Option<Link>,
    /// Those announced after it, in their order.
    pub pending: Vec<Pending>,
}

/// Where a batch stands among those of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the next to be applied.
    Next,
    /// Others come first.
    Waits,
    /// It is not among those to be applied: it is applied, or its place was announced anew.
    Over,
}

/// Why a batch cannot be announced. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A batch before it is missing.
    #[error("the next batch of this source has seq {expected}")]
    Gap {
        /// The place that comes next.
        expected: u64,
    },
    /// Its place is taken by another.
    #[error("another batch of this source has this seq; the next one has seq {expected}")]
    Taken {
        /// The place that comes next.
        expected: u64,
    },
    /// It does not follow the one before it.
    #[error("prev_sha256 is not of the batch before")]
    ChainBroken {
        /// The hash of that one's manifest; zeros where there is none.
        expected: Hash,
    },
    /// It is older than the one before it.
    #[error("as_of is before that of the batch before, {}", .newest.to_rfc3339())]
    Older {
        /// What it must not be before.
        newest: Millis,
    },
    /// Too many wait already.
    #[error("{MOST_WAITING} batches of this source wait to be applied already")]
    TooMany,
}

impl Source {
    /// The batch that was announced last, which the next one follows.
    pub fn last(&self) -> Option<&Link> {
        let waiting = self.pending.last().map(|pending| &pending.link);
        waiting.or(self.applied.as_ref())
    }

    /// The place that comes next.
    pub fn expected(&self) -> u64 {
        self.last().map_or(1, |link| link.seq + 1)
    }

    /// With one more batch. The place of a refused one can be taken: those that were announced after it, which
    /// followed it, are dropped.
    ///
    /// # Errors
    /// When it does not follow what there is.
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
        source.pending.push(Pending {
            link,
            is_refused: false,
        });
        Ok(source)
    }

    /// Where a batch stands.
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

    /// With the next batch refused, or taken up again.
    #[must_use]
    pub fn next_refused(&self, is_refused: bool) -> Self {
        let mut source = self.clone();
        if let Some(next) = source.pending.first_mut() {
            next.is_refused = is_refused;
        }
        source
    }

    /// With the next batch applied.
    #[must_use]
    pub fn next_applied(&self) -> Self {
        let mut source = self.clone();
        if !source.pending.is_empty() {
            source.applied = Some(source.pending.remove(0).link);
        }
        source
    }
}

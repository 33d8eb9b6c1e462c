//! The transparency log: all workers' events in one Merkle tree (RFC 6962), in the table `ledger`.
//!
//! The tree is kept in tiles ([`tree`]), beside the head, which says how large it is and what its root is. Whoever
//! makes it larger writes tiles, head and the events' places in one transaction, on the head's size ([`sequence`]):
//! so a tile may be trusted as far as the head's size goes, and no further. Proofs read tiles alone.

mod sequence;
mod tree;

use domain::chain::Hash;
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use super::Ledger;
use super::key::{BY_LEAF, parse_tile};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Attributes, Key, Sent, Table, number, read};
use tree::{Plan, TileId, Tiles};

pub use sequence::{Sequenced, waits_for_the_log};

#[derive(Clone, Debug)]
pub struct Log {
    table: Table<Ledger>,
}

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// How many events are in it.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A proof that an event is in the log (RFC 6962, section 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The event's place, from 0.
    pub leaf_index: u64,
    /// The hash of its leaf.
    pub leaf_hash: Hash,
    /// The size of the tree that it is in.
    pub tree_size: u64,
    pub root: Hash,
    /// The proof, from the leaf up.
    pub hashes: Vec<Hash>,
}

/// A proof that the log only grew (RFC 6962, section 2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    pub from: LogHead,
    pub to: LogHead,
    pub hashes: Vec<Hash>,
}

/// The last checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub head: LogHead,
    /// When it was signed.
    pub at: Millis,
    pub note: String,
}

/// What recording a checkpoint came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is the last one now.
    Done,
    /// Another one is, of a tree that is not smaller.
    Behind(Box<SignedCheckpoint>),
}

#[derive(Serialize, Deserialize)]
struct HeadItem {
    sz: u64,
    ro: Bytes,
    at: Millis,
}

#[derive(Serialize, Deserialize)]
struct TileItem {
    hs: Bytes,
}

#[derive(Serialize, Deserialize)]
struct CheckpointItem {
    sz: u64,
    ro: Bytes,
    at: Millis,
    no: String,
}

impl LogHead {
    /// Of a log without events.
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: tree::empty_root(),
        }
    }
}

impl Log {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "LEDGER_TABLE"),
        }
    }

    /// Where the log ends, consistently read.
    pub async fn head(&self) -> Result<LogHead, Error> {
        Ok(self.head_and_checkpoint().await?.0)
    }

    /// Where the log ends, and its last checkpoint, in one call.
    pub async fn head_and_checkpoint(&self) -> Result<(LogHead, Option<SignedCheckpoint>), Error> {
        let keys = [Key::log_head(), Key::checkpoint()];
        let (mut head, mut checkpoint) = (LogHead::empty(), None);
        for item in self.table.get_all(keys).await? {
            if Key::log_head().is_of(&item) {
                head = read_head(item)?;
            } else {
                checkpoint = Some(read_checkpoint(item)?);
            }
        }
        Ok((head, checkpoint))
    }

    /// The place in the log of the event that has this hash. `None` when there is no such event, or it has no place
    /// yet, or only just got it: the index that this asks follows a moment later.
    pub async fn find(&self, event: &Hash) -> Result<Option<u64>, Error> {
        let list = self.table.list_by(&BY_LEAF, Bytes(event.0.to_vec()));
        let found = list.only("li").at_most(1).more().await?;
        let index = found.first().map(|item| number(item, "li"));
        let index = index.map(|index| index.ok_or(Error::wrong("a leaf has no place in the log")));
        index.transpose()
    }

    /// The proof that the leaf at `index` is in the tree of `size`; `None` when it is not, or the log is not that large.
    pub async fn inclusion(
        &self,
        index: u64,
        size: u64,
        head: &LogHead,
    ) -> Result<Option<Inclusion>, Error> {
        let plan = Plan::inclusion(index, size).filter(|_| size <= head.size);
        let Some(plan) = plan else {
            return Ok(None);
        };
        let root = Plan::root(size);
        let leaf = Tiles::of_leaf(index);
        let ids = plan.tiles().into_iter().chain(root.tiles()).chain([leaf]);
        let tiles = self.tiles(ids).await?;
        Ok(Some(Inclusion {
            leaf_index: index,
            leaf_hash: tiles.leaf(index)?,
            tree_size: size,
            root: tiles.root(size)?,
            hashes: tiles.hashes(&plan)?,
        }))
    }

    /// The proof that the tree of `to` begins with the tree of `from`; `None` when it is smaller, or the log is not that
    /// large.
    pub async fn consistency(
        &self,
        from: u64,
        to: u64,
        head: &LogHead,
    ) -> Result<Option<Consistency>, Error> {
        let plan = Plan::consistency(from, to).filter(|_| to <= head.size);
        let Some(plan) = plan else {
            return Ok(None);
        };
        let ids = [&plan, &Plan::root(from), &Plan::root(to)];
        let tiles = self.tiles(ids.into_iter().flat_map(Plan::tiles)).await?;
        let end = |size| -> Result<LogHead, Error> {
            let root = tiles.root(size)?;
            Ok(LogHead { size, root })
        };
        Ok(Some(Consistency {
            from: end(from)?,
            to: end(to)?,
            hashes: tiles.hashes(&plan)?,
        }))
    }

    /// The root that the log had at this size, computed from its tiles; `None` when it is not that large.
    pub async fn root_at(&self, size: u64, head: &LogHead) -> Result<Option<Hash>, Error> {
        if size > head.size {
            return Ok(None);
        }
        let tiles = self.tiles(Plan::root(size).tiles()).await?;
        Ok(Some(tiles.root(size)?))
    }

    /// Makes this the last checkpoint, unless there is one of a tree that is as large or larger.
    pub async fn record_checkpoint(&self, signed: &SignedCheckpoint) -> Result<Recorded, Error> {
        let item = CheckpointItem {
            sz: signed.head.size,
            ro: Bytes(signed.head.root.0.to_vec()),
            at: signed.at,
            no: signed.note.clone(),
        };
        let put = self.table.put(Key::checkpoint().item(item));
        let put = put.when("attribute_not_exists(pk) OR sz < :size");
        match put.value(":size", signed.head.size).send().await? {
            Sent::Done(_) => Ok(Recorded::Done),
            Sent::Refused(found) => {
                let found = found.ok_or(Error::wrong("a checkpoint that is there is gone"))?;
                Ok(Recorded::Behind(Box::new(read_checkpoint(found)?)))
            }
        }
    }

    /// These tiles, consistently read; what is not there is left out.
    async fn tiles(&self, ids: impl IntoIterator<Item = TileId>) -> Result<Tiles, Error> {
        let keys = ids.into_iter().map(|id| Key::tile(id.level, id.index));
        let mut tiles = Tiles::default();
        for item in self.table.get_all(keys).await? {
            let (key, item): (_, TileItem) = read(item)?;
            let (level, index) = parse_tile(&key).ok_or(Error::wrong("its key is not a tile's"))?;
            let (hashes, rest) = item.hs.0.as_chunks::<32>();
            if !rest.is_empty() {
                return Err(Error::wrong("a tile ends within a hash"));
            }
            let hashes = hashes.iter().copied().map(Hash).collect();
            tiles.insert(TileId { level, index }, hashes);
        }
        Ok(tiles)
    }
}

impl From<tree::MissingTile> for Error {
    fn from(missing: tree::MissingTile) -> Self {
        Self::wrong_because("the log cannot be read", missing)
    }
}

fn read_head(item: Attributes) -> Result<LogHead, Error> {
    let (_, item): (_, HeadItem) = read(item)?;
    Ok(LogHead {
        size: item.sz,
        root: Hash(item.ro.array()?),
    })
}

fn read_checkpoint(item: Attributes) -> Result<SignedCheckpoint, Error> {
    let (_, item): (_, CheckpointItem) = read(item)?;
    Ok(SignedCheckpoint {
        head: LogHead {
            size: item.sz,
            root: Hash(item.ro.array()?),
        },
        at: item.at,
        note: item.no,
    })
}

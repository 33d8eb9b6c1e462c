//! The arithmetic of the log's Merkle tree (RFC 6962), over tiles as C2SP's `tlog-tiles` cuts them.
//!
//! A tile holds up to 256 hashes of one level of tiles; a level of tiles is eight levels of the tree. Tiles of
//! level 0 hold the hashes of leaves; the 256 of a full tile have one hash over them, which stands in a tile of
//! level 1. So every hash of a complete subtree can be computed from one tile, a proof in a tree of n leaves from
//! two tiles for each level, and appending changes only the last tile of each.
//!
//! Pure: who has read tiles gives them as [`Tiles`].

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256, digest};
use domain::chain::Hash;

/// How many levels of the tree a level of tiles has.
const HEIGHT: u32 = 8;
/// How many hashes a full tile has.
pub const WIDTH: usize = 1 << HEIGHT;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// Level, from 0 for the leaves'.
    pub level: u32,
    /// Place in its level, from the left.
    pub index: u64,
}

/// A complete subtree: of 2^height leaves, the index-th such from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    height: u32,
    index: u64,
}

/// Tiles that were read, or that are to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles(BTreeMap<TileId, Vec<Hash>>);

/// A proof, or a root, that is still to be computed: the subtrees that each of its hashes is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<Vec<Node>>);

/// A tile is missing, or shorter than the tree that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {} of level {} is missing or too short", .0.index, .0.level)]
pub struct MissingTile(pub TileId);

/// The hash of a leaf whose data is an event's hash.
pub fn leaf_hash(event: &Hash) -> Hash {
    hash_of(&[&[0], &event.0])
}

/// The root of the tree without leaves.
pub fn empty_root() -> Hash {
    let mut root = Hash::NONE;
    root.0.copy_from_slice(digest(&SHA256, &[]).as_ref());
    root
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash_of(&[&[1], &left.0, &right.0])
}

fn hash_of(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = Hash::NONE;
    hash.0.copy_from_slice(context.finish().as_ref());
    hash
}

impl Node {
    /// The tile that it is computed from, and which of its hashes.
    fn tile(self) -> (TileId, std::ops::Range<usize>) {
        let (level, rest) = (self.height / HEIGHT, self.height % HEIGHT);
        let first = self.index << rest;
        let id = TileId {
            level,
            index: first >> HEIGHT,
        };
        // Below 256, so that it fits.
        let place = usize::try_from(first % WIDTH as u64).unwrap_or_default();
        (id, place..place + (1 << rest))
    }
}

impl Plan {
    /// The root of the tree of `size` leaves.
    pub fn root(size: u64) -> Self {
        Self(if size == 0 {
            Vec::new()
        } else {
            vec![subtrees(0, size)]
        })
    }

    /// That leaf `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1); `None` if it is not.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let mut proof = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                proof.push(subtrees(middle, end));
                end = middle;
            } else {
                proof.push(subtrees(start, middle));
                start = middle;
            }
        }
        proof.reverse();
        Some(Self(proof))
    }

    /// That the tree of `to` leaves begins with all that the tree of `from` has (RFC 6962, section 2.1.2); `None` if
    /// it is smaller.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        if from > to {
            return None;
        }
        if from == 0 || from == to {
            return Some(Self(Vec::new()));
        }
        let mut proof = Vec::new();
        let (mut start, mut end) = (0, to);
        let mut is_whole = true;
        while from < end {
            let middle = start + split(end - start);
            if from <= middle {
                proof.push(subtrees(middle, end));
                end = middle;
            } else {
                proof.push(subtrees(start, middle));
                start = middle;
                is_whole = false;
            }
        }
        if !is_whole {
            proof.push(subtrees(start, end));
        }
        proof.reverse();
        Some(Self(proof))
    }

    /// The tiles that it is computed from.
    pub fn tiles(&self) -> Vec<TileId> {
        let mut ids: Vec<TileId> = self.0.iter().flatten().map(|node| node.tile().0).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Tiles {
    /// The tiles that are not full in a tree of `size` leaves: those that appending changes.
    pub fn edge(size: u64) -> Vec<TileId> {
        let mut ids = Vec::new();
        let mut hashes = size;
        let mut level = 0;
        while hashes > 0 {
            if !hashes.is_multiple_of(WIDTH as u64) {
                ids.push(TileId {
                    level,
                    index: hashes >> HEIGHT,
                });
            }
            hashes >>= HEIGHT;
            level += 1;
        }
        ids
    }

    /// Adds a tile that was read.
    pub fn insert(&mut self, id: TileId, hashes: Vec<Hash>) {
        self.0.insert(id, hashes);
    }

    /// The hashes of a plan.
    pub fn hashes(&self, plan: &Plan) -> Result<Vec<Hash>, MissingTile> {
        plan.0.iter().map(|nodes| self.over(nodes)).collect()
    }

    /// The root of the tree of `size` leaves.
    pub fn root(&self, size: u64) -> Result<Hash, MissingTile> {
        let root = self.hashes(&Plan::root(size))?;
        Ok(root.first().copied().unwrap_or_else(empty_root))
    }

    /// The hash of a leaf.
    pub fn leaf(&self, index: u64) -> Result<Hash, MissingTile> {
        self.node(Node { height: 0, index })
    }

    /// The tile in which a leaf's hash stands.
    pub fn of_leaf(index: u64) -> TileId {
        Node { height: 0, index }.tile().0
    }

    /// Appends leaves to the tree of `size` leaves, whose [`Tiles::edge`] this has. Answers the tiles that are new or
    /// longer; they are in here too, so that the new root can be computed.
    pub fn append(&mut self, size: u64, leaves: &[Hash]) -> Result<Self, MissingTile> {
        let mut changed = Self::default();
        let mut new = leaves.to_vec();
        let mut count = size;
        let mut level = 0;
        while !new.is_empty() {
            let mut full = Vec::new();
            for hash in new {
                let id = TileId {
                    level,
                    index: count >> HEIGHT,
                };
                let place = usize::try_from(count % WIDTH as u64).unwrap_or_default();
                let tile = self.0.entry(id).or_default();
                if tile.len() < place {
                    return Err(MissingTile(id));
                }
                // What a tile has beyond the tree's size was written by nobody whose write counts.
                tile.truncate(place);
                tile.push(hash);
                if tile.len() == WIDTH {
                    full.push(fold_complete(tile));
                }
                changed.0.insert(id, tile.clone());
                count += 1;
            }
            // As many as the level above had before.
            count = (count >> HEIGHT) - full.len() as u64;
            new = full;
            level += 1;
        }
        Ok(changed)
    }

    fn over(&self, nodes: &[Node]) -> Result<Hash, MissingTile> {
        // The last, smallest subtrees hang lowest.
        let mut hash: Option<Hash> = None;
        for node in nodes.iter().rev() {
            let left = self.node(*node)?;
            hash = Some(hash.map_or(left, |right| node_hash(&left, &right)));
        }
        Ok(hash.unwrap_or_else(empty_root))
    }

    fn node(&self, node: Node) -> Result<Hash, MissingTile> {
        let (id, range) = node.tile();
        let tile = self.0.get(&id).and_then(|tile| tile.get(range));
        tile.map(fold_complete).ok_or(MissingTile(id))
    }
}

impl IntoIterator for Tiles {
    type Item = (TileId, Vec<Hash>);
    type IntoIter = std::collections::btree_map::IntoIter<TileId, Vec<Hash>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The hash over a power of two of hashes.
fn fold_complete(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => node_hash(left, right),
                _ => pair.first().copied().unwrap_or(Hash::NONE),
            })
            .collect();
    }
    level.first().copied().unwrap_or_else(empty_root)
}

/// The largest power of two below the number of leaves, which is two at least.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The complete subtrees that the leaves from `start` to before `end` fall into, from the left. They are the leaves of
/// a subtree of some tree, so that `start` is aligned to what begins there.
fn subtrees(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut start = start;
    while start < end {
        let height = (end - start).ilog2();
        nodes.push(Node {
            height,
            index: start >> height,
        });
        start += 1 << height;
    }
    nodes
}

#[cfg(test)]
mod tests;

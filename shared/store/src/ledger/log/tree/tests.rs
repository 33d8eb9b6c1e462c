use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{HashableLeaf, RootHash};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

/// An event's hash, as the leaf of another library's tree.
#[derive(Clone)]
struct Leaf(Hash);

impl HashableLeaf for Leaf {
    fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
        hasher.update(&self.0.0);
    }
}

fn event(n: u64) -> Hash {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&n.to_be_bytes());
    Hash(hash)
}

fn reference(size: u64) -> MemoryBackedTree<Sha256, Leaf> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|n| tree.push(Leaf(event(n))));
    tree
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// What is stored, and appended to as the sequencer does: with the edge alone.
#[derive(Default)]
struct Stored {
    tiles: Tiles,
    size: u64,
}

impl Stored {
    fn read(&self, ids: &[TileId]) -> Tiles {
        let mut read = Tiles::default();
        for id in ids {
            read.insert(*id, self.tiles.0[id].clone());
        }
        read
    }

    fn append(&mut self, count: u64) -> Hash {
        let leaves: Vec<Hash> = (self.size..self.size + count)
            .map(|n| leaf_hash(&event(n)))
            .collect();
        let mut edge = self.read(&Tiles::edge(self.size));
        let changed = edge.append(self.size, &leaves).unwrap();
        self.size += count;
        for (id, hashes) in changed {
            self.tiles.insert(id, hashes);
        }
        edge.root(self.size).unwrap()
    }

    fn hashes(&self, plan: &Plan) -> Vec<Hash> {
        self.read(&plan.tiles()).hashes(plan).unwrap()
    }
}

fn stored(size: u64) -> Stored {
    let mut stored = Stored::default();
    stored.append(size);
    stored
}

#[test]
fn the_root_is_that_of_another_library_for_every_small_tree() {
    let mut ours = Stored::default();
    let mut theirs = MemoryBackedTree::<Sha256, Leaf>::new();
    assert_eq!(Tiles::default().root(0).unwrap(), empty_root());
    for n in 0..600 {
        theirs.push(Leaf(event(n)));
        let root = ours.append(1);
        assert_eq!(
            root.0.as_slice(),
            theirs.root().as_bytes().as_slice(),
            "{n}"
        );
    }
    assert_eq!(
        ours.tiles.0.len(),
        3 + 1,
        "three tiles of leaves, one above"
    );
}

#[test]
fn a_batch_of_ninety_changes_few_tiles() {
    // Two of leaves, and one in each level above: all fit into one transaction.
    for size in [0, 1, 165, 166, 200, 256, 65_535 - 89, 65_536 - 1] {
        let mut edge = stored(size).read(&Tiles::edge(size));
        let leaves: Vec<Hash> = (0..90).map(event).collect();
        let changed = edge.append(size, &leaves).unwrap();
        assert!(changed.0.len() <= 4, "{size}: {}", changed.0.len());
    }
}

#[test]
fn a_missing_tile_is_told() {
    let whole = stored(300);
    let mut none = Tiles::default();
    assert!(none.append(300, &[event(1)]).is_err());
    let plan = Plan::inclusion(3, 300).unwrap();
    for id in plan.tiles() {
        let mut some = whole.read(&plan.tiles());
        some.0.remove(&id);
        assert_eq!(some.hashes(&plan), Err(MissingTile(id)));
    }
    let mut short = whole.read(&plan.tiles());
    short.0.values_mut().for_each(|tile| tile.truncate(1));
    assert!(short.hashes(&plan).is_err());
}

#[test]
fn what_a_lost_write_left_behind_does_not_count() {
    let mut ours = stored(10);
    let root = {
        let mut other = Tiles(ours.tiles.0.clone());
        other.append(10, &[event(99), event(98)]).unwrap();
        ours.tiles = other;
        ours.append(3)
    };
    assert_eq!(
        root.0.as_slice(),
        reference(13).root().as_bytes().as_slice()
    );
}

#[test]
fn proofs_of_what_is_not_there_are_not_planned() {
    assert_eq!(Plan::inclusion(3, 3), None);
    assert_eq!(Plan::inclusion(0, 0), None);
    assert_eq!(Plan::consistency(4, 3), None);
    assert_eq!(Plan::consistency(0, 3), Some(Plan(Vec::new())));
    assert_eq!(Plan::consistency(3, 3), Some(Plan(Vec::new())));
    assert_eq!(Plan::root(0).tiles(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn however_it_grew_the_tree_is_the_same(batches in prop::collection::vec(1_u64..91, 1..20)) {
        let mut ours = Stored::default();
        let mut root = empty_root();
        for batch in &batches {
            root = ours.append(*batch);
        }
        let theirs = reference(ours.size);
        let their_root = theirs.root();
        prop_assert_eq!(root.0.as_slice(), their_root.as_bytes().as_slice());
    }

    #[test]
    fn inclusion_proofs_are_those_of_another_library(size in 1_u64..1500, at in any::<prop::sample::Index>()) {
        let index = at.index(size as usize) as u64;
        let (ours, theirs) = (stored(size), reference(size));
        let proof = ours.hashes(&Plan::inclusion(index, size).unwrap());
        let their_proof = theirs.prove_inclusion(index as usize);
        prop_assert_eq!(bytes(&proof), their_proof.as_bytes());
        let leaf = ours.read(&[Tiles::of_leaf(index)]).leaf(index).unwrap();
        prop_assert_eq!(leaf, leaf_hash(&event(index)));
    }

    #[test]
    fn consistency_proofs_are_those_of_another_library(to in 2_u64..1500, at in any::<prop::sample::Index>()) {
        let from = 1 + at.index(to as usize - 1) as u64;
        let (ours, theirs) = (stored(to), reference(to));
        let plan = Plan::consistency(from, to).unwrap();
        let proof = ours.hashes(&plan);
        let their_proof = theirs.prove_consistency((to - from) as usize);
        prop_assert_eq!(bytes(&proof), their_proof.as_bytes());
        // It leads from the older root to the newer one.
        let old = ours.hashes(&Plan::root(from))[0];
        let old = RootHash::<Sha256>::new(old.0.into(), from);
        let proof = ct_merkle::ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
        prop_assert!(theirs.root().verify_consistency(&old, &proof).is_ok());
    }

    #[test]
    fn huge_trees_need_few_tiles(size in 1_u64..u64::MAX / 2, at in any::<u64>()) {
        let plan = Plan::inclusion(at % size, size).unwrap();
        prop_assert!(plan.tiles().len() <= 16);
        prop_assert!(plan.0.len() <= 64);
    }
}

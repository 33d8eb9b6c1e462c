//! The Merkle tree of RFC 6962, with proofs verified as in RFC 9162 (sections 2.1.3.2 and 2.1.4.2).

use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(data);
    hasher.finalize().into()
}

/// The hash of a node with these two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The root over these hashes of leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            // The largest power of two below their number.
            let left = (leaves.len() - 1).ilog2();
            let (left, right) = leaves.split_at(1 << left);
            node_hash(&root(left), &root(right))
        }
    }
}

/// Whether the leaf is at its place under the root; the error says why not.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), String> {
    if index >= size {
        return Err(format!("a tree of {size} has no leaf {index}"));
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err("the proof is too long".to_owned());
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err("the proof is too short".to_owned());
    }
    if hash != *root {
        return Err(format!(
            "the proof leads to another root than that of the tree of {size}"
        ));
    }
    Ok(())
}

/// Whether the larger tree begins with everything in the smaller one; the error says why not.
pub fn verify_consistency(
    (from, from_root): (u64, &Hash),
    (to, to_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), String> {
    if from > to {
        return Err(format!("the tree shrank from {from} to {to}"));
    }
    let same = |ours: &Hash, theirs: &Hash, size: u64| {
        if ours == theirs {
            Ok(())
        } else {
            Err(format!(
                "the proof leads to another root than that of the tree of {size}"
            ))
        }
    };
    if from == to || from == 0 {
        if !proof.is_empty() {
            return Err("the proof is too long".to_owned());
        }
        return if from == to {
            same(from_root, to_root, to)
        } else {
            same(&empty_root(), from_root, from)
        };
    }
    // A smaller tree that is complete is itself the first node.
    let mut path = proof.iter();
    let first = if from.is_power_of_two() {
        *from_root
    } else {
        *path.next().ok_or("the proof is too short")?
    };
    let (mut node, mut last) = (from - 1, to - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for sibling in path {
        if last == 0 {
            return Err("the proof is too long".to_owned());
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err("the proof is too short".to_owned());
    }
    same(&old, from_root, from)?;
    same(&new, to_root, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_tree_and_a_leaf_have_their_published_hashes() {
        let hex = |hash: Hash| data_encoding::HEXLOWER.encode(&hash);
        assert_eq!(
            hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(leaf_hash(&[])),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }
}

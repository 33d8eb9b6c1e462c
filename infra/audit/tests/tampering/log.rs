//! The log over several chains, and its signed checkpoints.

use std::fs;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use homehail_audit::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::chains::{Tampering, pages, tamper};
use super::{Outcome, audit, chain, write};

/// A log of several chains, and a checkpoint of it.
struct Log {
    folder: tempfile::TempDir,
    items: Vec<Value>,
    tree: MemoryBackedTree<Sha256, Leaf>,
    key: String,
}

#[derive(Clone)]
struct Leaf([u8; 32]);

impl ct_merkle::HashableLeaf for Leaf {
    fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
        hasher.update(&self.0);
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn key_id() -> Vec<u8> {
    let bytes = [
        b"homehail/test\n\x01",
        key().verifying_key().as_bytes().as_slice(),
    ]
    .concat();
    Sha256::digest(bytes)[..4].to_vec()
}

fn note(size: u64, root: &[u8]) -> String {
    let body = format!("homehail/test\n{size}\n{}\n", BASE64.encode(root));
    let signature = key().sign(body.as_bytes()).to_bytes();
    let signed = [key_id(), signature.to_vec()].concat();
    format!("{body}\n— homehail/test {}\n", BASE64.encode(&signed))
}

impl Log {
    /// Three chains, whose events take turns.
    fn new(length: usize) -> Self {
        let mut chains: Vec<Vec<Value>> = (0..3).map(|n| chain(n, length)).collect();
        let mut tree = MemoryBackedTree::new();
        for seq in 0..length {
            for chain in &mut chains {
                let item = &mut chain[seq];
                item["leaf_index"] = json!(tree.len());
                let hash = item["hash"].as_str().unwrap();
                tree.push(Leaf(
                    HEXLOWER
                        .decode(hash.as_bytes())
                        .unwrap()
                        .try_into()
                        .unwrap(),
                ));
            }
        }
        let key = [&[1], key().verifying_key().as_bytes().as_slice()].concat();
        Self {
            folder: tempfile::tempdir().unwrap(),
            items: chains.concat(),
            tree,
            key: format!(
                "homehail/test+{}+{}",
                HEXLOWER.encode(&key_id()),
                BASE64.encode(&key)
            ),
        }
    }

    fn root(&self, size: u64) -> Vec<u8> {
        let mut tree = MemoryBackedTree::<Sha256, Leaf>::new();
        for index in 0..size {
            tree.push(self.tree.get(index as usize).unwrap().clone());
        }
        tree.root().as_bytes().to_vec()
    }

    fn checkpoint(&self, size: u64) -> String {
        let text = note(size, &self.root(size));
        write(self.folder.path(), &format!("checkpoint{size}"), &text)
    }

    fn audit(&self, items: &[Value], size: u64) -> Outcome {
        let text: Vec<String> = items.iter().map(ToString::to_string).collect();
        let file = write(self.folder.path(), "log.jsonl", &text.join("\n"));
        let checkpoint = self.checkpoint(size);
        audit(&[
            "log",
            "--checkpoint",
            &checkpoint,
            "--key",
            &self.key,
            &file,
        ])
    }

    fn proof(&self, index: u64) -> Value {
        let proof = self.tree.prove_inclusion(index as usize);
        let hashes: Vec<String> = proof
            .as_bytes()
            .chunks(32)
            .map(|hash| HEXLOWER.encode(hash))
            .collect();
        let leaf = self
            .items
            .iter()
            .find(|item| item["leaf_index"] == index)
            .unwrap();
        let leaf = HEXLOWER
            .decode(leaf["hash"].as_str().unwrap().as_bytes())
            .unwrap();
        let size = self.tree.len();
        json!({
            "leaf_index": index, "leaf_hash": HEXLOWER.encode(&leaf_hash(&leaf)), "tree_size": size,
            "root": HEXLOWER.encode(&self.root(size)), "hashes": hashes,
        })
    }
}

#[test]
fn the_whole_log_is_verified_and_every_missing_or_altered_event_told() {
    let log = Log::new(5);
    let whole = log.audit(&log.items, 15);
    assert_eq!(whole.status, 0, "{}", whole.err);
    assert!(whole.out.contains("15 events"), "{}", whole.out);
    // An earlier checkpoint does not cover the later events.
    assert_eq!(log.audit(&log.items, 9).status, 0);
    for place in 0..log.items.len() {
        let mut items = log.items.clone();
        items.remove(place);
        let told = log.audit(&items, 15);
        assert_eq!(told.status, 1, "{place}");

        // Altered so that the chain is consistent again.
        let mut items = log.items.clone();
        let start = place / 5 * 5;
        let mut forked = items[start..start + 5].to_vec();
        tamper(&mut forked, &Tampering::Fork(place - start, true));
        items.splice(start..start + 5, forked);
        let told = log.audit(&items, 15);
        assert_eq!(told.status, 1, "{place}");
        assert!(told.err.contains("leaves 0 to 14"), "{}", told.err);

        let mut items = log.items.clone();
        items[place]["leaf_index"] = json!((items[place]["leaf_index"].as_u64().unwrap() + 1) % 15);
        assert_eq!(log.audit(&items, 15).status, 1, "{place}");
    }
}

#[test]
fn proofs_are_held_against_what_was_signed() {
    let log = Log::new(5);
    let checkpoint = log.checkpoint(15);
    let chain: Vec<Value> = log.items[..5].to_vec();
    let pages: Vec<String> = pages(&chain, &chain[4])
        .iter()
        .map(ToString::to_string)
        .collect();
    let export = write(log.folder.path(), "chain.json", &pages.join("\n"));
    let proofs: Vec<Value> = chain
        .iter()
        .map(|item| log.proof(item["leaf_index"].as_u64().unwrap()))
        .collect();
    let lines: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    let file = write(log.folder.path(), "proofs.jsonl", &lines.join("\n"));
    let arguments = [
        "inclusion",
        "--chain",
        &export,
        "--checkpoint",
        &checkpoint,
        "--key",
        &log.key,
    ];
    let told = audit(&[&arguments[..], &[&file]].concat());
    assert_eq!(told.status, 0, "{}", told.err);

    // It cannot be said that a chain is in the log if its end is cut off.
    let cut_off = write(log.folder.path(), "cut_off.json", &pages[0]);
    let told = audit(&["inclusion", "--chain", &cut_off, &file]);
    assert_eq!(told.status, 1);
    let cut_off = write(log.folder.path(), "cut_off.jsonl", &chain[0].to_string());
    let told = audit(&["inclusion", "--chain", &cut_off, &file]);
    assert_eq!(told.status, 2);

    // One proof is missing; one belongs to another event; one is from a tree that nobody signed.
    let file = write(log.folder.path(), "few.jsonl", &lines[1..].join("\n"));
    let told = audit(&[&arguments[..], &[&file]].concat());
    assert_eq!(told.status, 1);
    assert!(told.err.contains("seq 1 of"), "{}", told.err);
    for (member, value) in [
        ("leaf_hash", proofs[1]["leaf_hash"].clone()),
        ("tree_size", json!(14)),
        ("root", json!("00".repeat(32))),
        ("leaf_index", json!(1)),
        ("hashes", json!([])),
    ] {
        let mut altered = proofs.clone();
        altered[0][member] = value;
        let lines: Vec<String> = altered.iter().map(ToString::to_string).collect();
        let file = write(log.folder.path(), "altered.jsonl", &lines.join("\n"));
        let told = audit(&[&arguments[..], &[&file]].concat());
        assert_eq!(told.status, 1, "{member}");
        assert!(told.err.contains("altered.jsonl, proof 1"), "{}", told.err);
    }

    let one = write(log.folder.path(), "one.json", &lines[0]);
    let event = log.items[0]["hash"].as_str().unwrap();
    assert_eq!(audit(&["inclusion", "--event", event, &one]).status, 0);
    let event = log.items[1]["hash"].as_str().unwrap();
    assert_eq!(audit(&["inclusion", "--event", event, &one]).status, 1);
}

#[test]
fn proofs_of_another_library_are_understood() {
    let log = Log::new(12);
    let size = log.tree.len();
    let root: Hash = log.root(size).try_into().unwrap();
    let hashes = |bytes: &[u8]| -> Vec<Hash> {
        bytes
            .chunks(32)
            .map(|hash| hash.try_into().unwrap())
            .collect()
    };
    for index in 0..size {
        let leaf = leaf_hash(&log.tree.get(index as usize).unwrap().0);
        let proof = hashes(log.tree.prove_inclusion(index as usize).as_bytes());
        assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
        for other in 0..size {
            let found = verify_inclusion(&leaf, other, size, &proof, &root);
            assert_eq!(found.is_ok(), other == index);
        }
    }
    for from in 1..size {
        let added = (size - from) as usize;
        let proof = hashes(log.tree.prove_consistency(added).as_bytes());
        let old: Hash = log.root(from).try_into().unwrap();
        assert_eq!(
            verify_consistency((from, &old), (size, &root), &proof),
            Ok(())
        );
        let wrong = verify_consistency((from, &root), (size, &root), &proof);
        assert!(wrong.is_err(), "{from}");
        let file = write(log.folder.path(), "consistency.json", &json!({
            "from": from, "from_root": HEXLOWER.encode(&old), "to": size, "to_root": HEXLOWER.encode(&root),
            "hashes": proof.iter().map(|hash| HEXLOWER.encode(hash)).collect::<Vec<_>>(),
        }).to_string());
        let (a, b) = (log.checkpoint(from), log.checkpoint(size));
        let told = audit(&[
            "consistency",
            "--from",
            &a,
            "--to",
            &b,
            "--key",
            &log.key,
            &file,
        ]);
        assert_eq!(told.status, 0, "{}", told.err);
        let told = audit(&["consistency", "--from", &b, "--key", &log.key, &file]);
        assert_eq!(told.status, 1);
    }
}

#[test]
fn a_checkpoint_is_held_against_its_key() {
    let log = Log::new(2);
    let checkpoint = log.checkpoint(6);
    assert_eq!(
        audit(&["checkpoint", "--key", &log.key, &checkpoint]).status,
        0
    );
    let keys = write(log.folder.path(), "keys", &format!("{}\n", log.key));
    assert_eq!(
        audit(&["checkpoint", "--key", &format!("@{keys}"), &checkpoint]).status,
        0
    );
    let forged = fs::read_to_string(&checkpoint)
        .unwrap()
        .replacen("\n6\n", "\n7\n", 1);
    let forged = write(log.folder.path(), "forged", &forged);
    let told = audit(&["checkpoint", "--key", &log.key, &forged]);
    assert_eq!(told.status, 1);
    assert!(
        told.err
            .contains("the signature of homehail/test is not good"),
        "{}",
        told.err
    );
    assert_eq!(audit(&["checkpoint", "--key", "x", &checkpoint]).status, 2);
}

#[test]
fn two_checkpoints_of_one_size_and_different_roots_are_a_fork() {
    let log = Log::new(3);
    let (whole, earlier) = (log.checkpoint(9), log.checkpoint(6));
    let forked = write(log.folder.path(), "forked", &note(9, &[5; 32]));
    let told = audit(&["checkpoint", "--key", &log.key, &whole, &earlier, &forked]);
    assert_eq!(told.status, 1, "{}", told.out);
    assert!(told.err.contains("fork"), "{}", told.err);
    assert!(told.err.contains(&forked), "{}", told.err);
    assert!(told.err.contains(&whole), "{}", told.err);
    assert!(!told.err.contains(&earlier), "{}", told.err);
    // The same checkpoint twice is no fork.
    let again = write(
        log.folder.path(),
        "again",
        &fs::read_to_string(&whole).unwrap(),
    );
    let told = audit(&["checkpoint", "--key", &log.key, &whole, &earlier, &again]);
    assert_eq!(told.status, 0, "{}", told.err);
    // Two signed checkpoints of one size, and a proof between them.
    let proof = json!({
        "from": 9, "from_root": HEXLOWER.encode(&log.root(9)),
        "to": 9, "to_root": HEXLOWER.encode(&[5; 32]), "hashes": [],
    });
    let proof = write(log.folder.path(), "proof.json", &proof.to_string());
    let told = audit(&[
        "consistency",
        "--from",
        &whole,
        "--to",
        &forked,
        "--key",
        &log.key,
        &proof,
    ]);
    assert_eq!(told.status, 1, "{}", told.out);
}

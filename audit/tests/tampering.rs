//! Whatever is done to an exported chain or to the log, the audit ends with status 1 and names the place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use homehail_audit::canonical::canonical;
use homehail_audit::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What the audit answers.
struct Told {
    status: u8,
    out: String,
    err: String,
}

fn audit(arguments: &[&str]) -> Told {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = [&["homehail-audit"], arguments].concat();
    let status = homehail_audit::run(arguments, &mut out, &mut err);
    Told {
        status,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

fn hash_of(event: &Value) -> String {
    let bytes = [b"homehail-event-v1\0", canonical(event).as_bytes()].concat();
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn worker(n: usize) -> String {
    format!("wkr_{n:026}")
}

/// The events of a chain, as the platform exports them.
fn chain(n: usize, length: usize) -> Vec<Value> {
    let mut prev = "0".repeat(64);
    let mut items = Vec::new();
    for seq in 1..=length {
        let payload = json!({"seen": seq, "by": "张三", "weight": 1.5});
        let salt = [seq as u8; 32];
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt).unwrap();
        mac.update(canonical(&payload).as_bytes());
        let event = json!({
            "worker": worker(n), "seq": seq, "at": format!("2026-01-31T01:00:{:02}.000Z", seq % 60),
            "kind": "feed_applied", "actor": "feed:harbin-credit",
            "payload_commitment": HEXLOWER.encode(&mac.finalize().into_bytes()), "prev": prev,
        });
        prev = hash_of(&event);
        // Some have been erased.
        let erased = seq % 3 == 0;
        items.push(json!({
            "event": event, "hash": prev, "leaf_index": null,
            "payload": if erased { Value::Null } else { payload },
            "salt": if erased { Value::Null } else { json!(HEXLOWER.encode(&salt)) },
        }));
    }
    items
}

fn head(items: &[Value]) -> String {
    items.last().unwrap()["hash"].as_str().unwrap().to_owned()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// As several pages, as an export comes.
fn pages(folder: &Path, items: &[Value]) -> Vec<String> {
    let pages: Vec<&[Value]> = items.chunks(4).collect();
    let write = |(n, page): (usize, &&[Value])| {
        // The last page says where the chain ends.
        let head = (page.len() < 4).then(|| page[page.len() - 1]["event"]["seq"].clone());
        let head = head.map(|seq| json!({"seq": seq, "hash": page[page.len() - 1]["hash"]}));
        let text = json!({"items": page, "head": head, "next_cursor": null}).to_string();
        write(folder, &format!("page{n}.json"), &text)
    };
    pages.iter().enumerate().map(write).collect()
}

fn audit_chain(items: &[Value], head: &str) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let mut files = pages(folder.path(), items);
    if files.is_empty() {
        files.push(write(folder.path(), "page0.json", "{\"items\": []}"));
    }
    let mut arguments = vec!["chain", "--head", head];
    arguments.extend(files.iter().map(String::as_str));
    audit(&arguments)
}

/// What somebody does to a chain.
#[derive(Debug, Clone)]
enum Tampering {
    /// A member of an event becomes another.
    Mutate(usize, &'static str, bool),
    /// An event goes missing; the ones behind it are as they were.
    Delete(usize),
    /// Two events change places.
    Swap(usize, usize),
    /// An event is replaced by another with a good hash of its own, and maybe all behind it follow it.
    Fork(usize, bool),
    /// An event comes twice.
    Repeat(usize),
    /// The end is cut off.
    Truncate(usize),
}

const MEMBERS: [&str; 7] = [
    "worker",
    "seq",
    "at",
    "kind",
    "actor",
    "payload_commitment",
    "prev",
];

fn tampering(length: usize) -> impl Strategy<Value = Tampering> {
    let place = 0..length;
    prop_oneof![
        (place.clone(), prop::sample::select(&MEMBERS), any::<bool>())
            .prop_map(|(n, member, told)| Tampering::Mutate(n, member, told)),
        place.clone().prop_map(Tampering::Delete),
        (place.clone(), place.clone()).prop_map(|(a, b)| Tampering::Swap(a, b)),
        (place.clone(), any::<bool>()).prop_map(|(n, all)| Tampering::Fork(n, all)),
        place.clone().prop_map(Tampering::Repeat),
        place.prop_map(Tampering::Truncate),
    ]
}

/// Does it; answers the first seq that is not as it was.
fn tamper(items: &mut Vec<Value>, tampering: &Tampering) -> u64 {
    let first = match *tampering {
        Tampering::Mutate(n, member, rehashed) => {
            let event = &mut items[n]["event"];
            event[member] = match &event[member] {
                Value::Number(seq) => json!(seq.as_u64().unwrap() + 1000),
                Value::String(text) => {
                    let (start, end) = text.split_at(text.len() - 1);
                    json!(format!("{start}{}", if end == "7" { "8" } else { "7" }))
                }
                other => other.clone(),
            };
            if rehashed {
                items[n]["hash"] = json!(hash_of(&items[n]["event"]));
            }
            n
        }
        Tampering::Delete(n) => {
            items.remove(n);
            n
        }
        Tampering::Swap(a, b) => {
            items.swap(a, b);
            a.min(b)
        }
        Tampering::Fork(n, all) => {
            let last = if all { items.len() } else { n + 1 };
            for place in n..last {
                let prev = match place {
                    0 => json!("0".repeat(64)),
                    _ => items[place - 1]["hash"].clone(),
                };
                let event = &mut items[place]["event"];
                event["prev"] = prev;
                event["actor"] = json!("agy_00000000000000000000000000");
                items[place]["hash"] = json!(hash_of(&items[place]["event"]));
            }
            n
        }
        Tampering::Repeat(n) => {
            items.insert(n, items[n].clone());
            n + 1
        }
        Tampering::Truncate(n) => {
            items.truncate(n);
            n
        }
    };
    first as u64 + 1
}

/// The seq, or the item of the page, that the audit names.
fn named(err: &str) -> Vec<u64> {
    let words: Vec<&str> = err.split([' ', ',', ':', ';']).collect();
    words
        .windows(2)
        .filter(|pair| pair[0] == "seq")
        .filter_map(|pair| pair[1].parse().ok())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_a_chain_is_told_with_its_place(
        (length, done) in (2_usize..14).prop_flat_map(|length| (Just(length), tampering(length)))
    ) {
        let whole = chain(1, length);
        let good = audit_chain(&whole, &head(&whole));
        prop_assert_eq!(good.status, 0, "{}", good.err);

        let mut items = whole.clone();
        let first = tamper(&mut items, &done);
        let told = audit_chain(&items, &head(&whole));
        if items == whole {
            prop_assert_eq!(told.status, 0, "{}", told.err);
        } else {
            prop_assert_eq!(told.status, 1, "{:?}: {}", &done, told.err);
            prop_assert!(told.out.is_empty(), "{}", told.out);
            let page = format!("page{}.json", (first - 1) / 4);
            // What was changed, or the one beside it, where the break shows.
            let near = named(&told.err).iter().any(|seq| seq.abs_diff(first) <= 1 || *seq == first + 1000)
                || told.err.contains(&page)
                || told.err.contains("the export")
                || matches!(done, Tampering::Fork(..) | Tampering::Truncate(_)) && told.err.contains("the chain is cut off or forked");
            prop_assert!(near, "{:?}, first {}: {}", &done, first, told.err);
        }
    }

    #[test]
    fn no_byte_of_an_exported_chain_can_be_changed(place in any::<prop::sample::Index>(), with in 0x20_u8..0x7f) {
        let folder = tempfile::tempdir().unwrap();
        let items = chain(1, 3);
        let text = json!({"items": items, "next_cursor": null}).to_string();
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = with;
        prop_assume!(bytes != text.as_bytes());
        let altered = String::from_utf8_lossy(&bytes).into_owned();
        let file = write(folder.path(), "altered.json", &altered);
        let told = audit(&["chain", "--head", &head(&items), &file]);
        // Names of members outside the event may change without a change of what is said.
        let read: Option<Value> = serde_json::from_str(&altered).ok();
        let said = |value: &Value| -> Option<Vec<(Value, Value)>> {
            let items = value["items"].as_array()?;
            Some(items.iter().map(|item| (item["event"].clone(), item["hash"].clone())).collect())
        };
        let same = read.as_ref().and_then(said) == said(&json!({"items": items}));
        if !same {
            prop_assert_ne!(told.status, 0, "{}", altered);
        }
    }
}

#[test]
fn a_payload_is_what_its_event_commits_itself_to() {
    let whole = chain(1, 2);
    for (member, value) in [
        ("payload", json!({"seen": 1, "by": "李四", "weight": 1.5})),
        ("salt", json!("00".repeat(32))),
        ("payload", Value::Null),
    ] {
        let mut items = whole.clone();
        items[0][member] = value;
        let told = audit_chain(&items, &head(&whole));
        assert_eq!(told.status, 1);
        assert!(told.err.contains("page0.json, item 1"), "{}", told.err);
    }
    // Erased, both are gone, and the chain still verifies.
    let mut items = whole.clone();
    items[0]["payload"] = Value::Null;
    items[0]["salt"] = Value::Null;
    assert_eq!(audit_chain(&items, &head(&whole)).status, 0);
}

#[test]
fn what_is_no_export_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "",
        "{",
        "7",
        "{\"items\": 7}",
        "{\"items\": []}",
        "{\"a\": 1, \"a\": 2}",
    ] {
        let file = write(folder.path(), "bad.json", text);
        assert_eq!(audit(&["chain", &file]).status, 2, "{text}");
    }
    assert_eq!(audit(&["chain", "no/such/file"]).status, 2);
    assert_eq!(audit(&["unknown"]).status, 2);
    assert_eq!(audit(&["chain"]).status, 2);
    let help = audit(&["--help"]);
    assert_eq!(help.status, 0);
    assert!(help.out.contains("Exit status"), "{}", help.out);
}

/// A log over some chains, and a checkpoint of it.
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
    /// Three chains, event by event in turn.
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

    fn audit(&self, items: &[Value], size: u64) -> Told {
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
    // Against an earlier checkpoint the later events are later.
    assert_eq!(log.audit(&log.items, 9).status, 0);
    for place in 0..log.items.len() {
        let mut items = log.items.clone();
        items.remove(place);
        let told = log.audit(&items, 15);
        assert_eq!(told.status, 1, "{place}");

        // Altered so that the chain by itself is right again.
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
    let export = write(
        log.folder.path(),
        "chain.json",
        &json!({"items": chain}).to_string(),
    );
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

    // One proof is missing; one is another event's; one is of a tree that nobody signed.
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
fn two_readings_of_one_event_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({"items": chain(1, 1)}).to_string();
    let text = text.replacen("\"seq\":1", "\"seq\":1,\"seq\":1", 1);
    assert!(serde_json::from_str::<Map<String, Value>>(&text).is_ok());
    let file = write(folder.path(), "twice.json", &text);
    assert_eq!(audit(&["chain", &file]).status, 2);
}

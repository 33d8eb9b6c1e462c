//! Whatever an attacker does to an exported chain or to the log, the audit ends with status 1 and names the place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chains;
mod log;

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use homehail_audit::canonical::canonical;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

struct Outcome {
    status: u8,
    out: String,
    err: String,
}

fn audit(arguments: &[&str]) -> Outcome {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = [&["homehail-audit"], arguments].concat();
    let status = homehail_audit::run(arguments, &mut out, &mut err);
    Outcome {
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
        let mut event = json!({
            "worker": worker(n), "seq": seq, "at": format!("2026-01-31T01:00:{:02}.000Z", seq % 60),
            "kind": "feed_applied", "actor": "feed:harbin-credit",
            "payload_commitment": HEXLOWER.encode(&mac.finalize().into_bytes()), "prev": prev,
        });
        // Some were made by a member of an agency, which older ones do not name.
        if seq % 2 == 0 {
            event["actor"] = json!("agy_11111111111111111111111111");
            event["member"] = json!("mem_1111111111111");
        }
        prev = hash_of(&event);
        // Some events have been erased.
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

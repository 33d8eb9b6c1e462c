//! A worker's chain as it is exported, and what somebody does to it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Outcome, audit, chain, hash_of, head, worker, write};

/// The pages of a chain as an export has them, four events each; the last one says where the chain ends. `end` is the
/// last event of the real chain, whatever `items` are.
pub fn pages(items: &[Value], end: &Value) -> Vec<Value> {
    let page = |n: usize| {
        let rest = &items[(n * 4).min(items.len())..];
        // Only the next read shows whether there is more, so the last page may be empty.
        let (page, is_last) = (&rest[..rest.len().min(4)], rest.len() < 4);
        let head = json!({
            "worker": end["event"]["worker"], "seq": end["event"]["seq"], "hash": end["hash"],
        });
        json!({
            "items": page,
            "head": if is_last { head } else { Value::Null },
            "next_cursor": if is_last { Value::Null } else { json!(format!("after{}", n * 4 + 4)) },
        })
    };
    (0..=items.len() / 4).map(page).collect()
}

fn audit_pages(pages: &[Value], head: Option<&str>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let write = |(n, page): (usize, &Value)| {
        write(folder.path(), &format!("page{n}.json"), &page.to_string())
    };
    let files: Vec<String> = pages.iter().enumerate().map(write).collect();
    let mut arguments = vec!["chain"];
    arguments.extend(head.iter().flat_map(|head| ["--head", head]));
    arguments.extend(files.iter().map(String::as_str));
    audit(&arguments)
}

fn audit_chain(items: &[Value], head: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({ "items": items }).to_string();
    let file = write(folder.path(), "page0.json", &text);
    audit(&["chain", "--head", head, &file])
}

/// What an attacker does to a chain.
#[derive(Debug, Clone)]
pub enum Tampering {
    /// Changes a member of an event.
    Mutate(usize, &'static str, bool),
    /// Removes an event; the ones after it stay as they were.
    Delete(usize),
    /// Exchanges two events.
    Swap(usize, usize),
    /// Replaces an event by another with a correct hash, and perhaps makes all later ones follow it.
    Fork(usize, bool),
    /// Repeats an event.
    Repeat(usize),
    /// Cuts the end off.
    Truncate(usize),
}

const MEMBERS: [&str; 8] = [
    "worker",
    "seq",
    "at",
    "kind",
    "actor",
    "member",
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

/// Does it; returns the first seq that is not as it was.
pub fn tamper(items: &mut Vec<Value>, tampering: &Tampering) -> u64 {
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

/// The seq, or the position in the page, that the audit names.
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
        let end = whole.last().unwrap();
        let mut items = whole.clone();
        let first = tamper(&mut items, &done);
        // Where the chain ends is known from elsewhere, or from its last page.
        let hash = head(&whole);
        for head in [None, Some(hash.as_str())] {
            let good = audit_pages(&pages(&whole, end), head);
            prop_assert_eq!(good.status, 0, "{}", good.err);
            let told = audit_pages(&pages(&items, end), head);
            if items == whole {
                prop_assert_eq!(told.status, 0, "{}", told.err);
                continue;
            }
            prop_assert_eq!(told.status, 1, "{:?}: {}", &done, told.err);
            prop_assert!(told.out.is_empty(), "{}", told.out);
            let page = format!("page{}.json", (first - 1) / 4);
            // The changed event, or the one beside it, where the break shows.
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
        let text = pages(&items, &items[2])[0].to_string();
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = with;
        prop_assume!(bytes != text.as_bytes());
        let altered = String::from_utf8_lossy(&bytes).into_owned();
        let file = write(folder.path(), "altered.json", &altered);
        // Names of members outside the event may change without changing what is said.
        let read: Option<Value> = serde_json::from_str(&altered).ok();
        let said = |value: &Value| -> Option<Vec<(Value, Value)>> {
            let items = value["items"].as_array()?;
            Some(items.iter().map(|item| (item["event"].clone(), item["hash"].clone())).collect())
        };
        let same = read.as_ref().and_then(said) == said(&json!({"items": items}));
        if !same {
            prop_assert_ne!(audit(&["chain", &file]).status, 0, "{}", altered);
            prop_assert_ne!(audit(&["chain", "--head", &head(&items), &file]).status, 0, "{}", altered);
        }
    }
}

#[test]
fn an_export_without_its_last_pages_is_cut_off() {
    for length in 1..14 {
        let whole = chain(1, length);
        let pages = pages(&whole, whole.last().unwrap());
        for kept in 1..pages.len() {
            let told = audit_pages(&pages[..kept], None);
            assert_eq!(told.status, 1, "{kept} pages of {length} events");
            let words = format!("page{}.json, after seq {}", kept - 1, kept * 4);
            assert!(told.err.contains(&words), "{}", told.err);
            assert!(told.err.contains("is missing"), "{}", told.err);
        }
    }
    // Giving the end separately does not make a page the last one if it says that it is not.
    let whole = chain(1, 4);
    let cut_off = &pages(&whole, &whole[3])[..1];
    assert_eq!(audit_pages(cut_off, Some(&head(&whole))).status, 1);
}

#[test]
fn where_nothing_says_where_a_chain_ends_it_is_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    let whole = chain(1, 3);
    let told = |items: &[Value], more: &[&str]| {
        let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
        let file = write(folder.path(), "chain.jsonl", &lines.join("\n"));
        audit(&[&["chain", &file], more].concat())
    };
    let cut_off = told(&whole[..2], &[]);
    assert_eq!(cut_off.status, 2);
    assert!(cut_off.out.is_empty(), "{}", cut_off.out);
    assert!(cut_off.err.contains(&worker(1)), "{}", cut_off.err);
    assert!(cut_off.err.contains("where it ends"), "{}", cut_off.err);
    assert_eq!(told(&whole[..2], &["--head", &head(&whole)]).status, 1);
    // A whole chain looks the same, unless its end is known.
    assert_eq!(told(&whole, &[]).status, 2);
    assert_eq!(told(&whole, &["--head", &head(&whole)]).status, 0);
    // What is refuted stays refuted, whether the end is known or not.
    assert_eq!(told(&whole[1..], &[]).status, 1);

    // Events came while pages were read: the last page says neither that there are more nor where the chain ends.
    let mut page = pages(&whole, &whole[2])[0].clone();
    page["head"] = Value::Null;
    assert_eq!(audit_pages(&[page.clone()], None).status, 2);
    assert_eq!(audit_pages(&[page], Some(&head(&whole))).status, 0);
}

#[test]
fn an_export_of_several_workers_is_verified_to_each_ones_end() {
    // Including chains whose last pages are empty, and pages that do not say whose head they have.
    for lengths in [[4, 3], [8, 4], [1, 8]] {
        for named in [true, false] {
            let mut all = Vec::new();
            for (n, length) in lengths.into_iter().enumerate() {
                let whole = chain(n, length);
                let mut pages = pages(&whole, whole.last().unwrap());
                if !named {
                    let head = pages.last_mut().unwrap()["head"].as_object_mut();
                    head.unwrap().remove("worker");
                }
                all.push(pages);
            }
            let told = audit_pages(&all.concat(), None);
            assert_eq!(told.status, 0, "{lengths:?}: {}", told.err);

            // One chain's end says nothing about another's.
            let mut other = all.clone();
            other[0].last_mut().unwrap()["head"] = Value::Null;
            let told = audit_pages(&other.concat(), None);
            assert_eq!(told.status, 2, "{lengths:?}");
            assert!(told.err.contains(&worker(0)), "{}", told.err);
            let mut other = all.clone();
            other[0].last_mut().unwrap()["head"]["hash"] = json!("00".repeat(32));
            assert_eq!(audit_pages(&other.concat(), None).status, 1);
            if lengths[0] >= 4 {
                all[0].pop();
                let told = audit_pages(&all.concat(), None);
                assert_eq!(told.status, 1, "{lengths:?}");
                assert!(told.err.contains("is missing"), "{}", told.err);
            }
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
    // After erasure both are gone, and the chain still verifies.
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

#[test]
fn two_readings_of_one_event_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({"items": chain(1, 1)}).to_string();
    let text = text.replacen("\"seq\":1", "\"seq\":1,\"seq\":1", 1);
    assert!(serde_json::from_str::<Map<String, Value>>(&text).is_ok());
    let file = write(folder.path(), "twice.json", &text);
    assert_eq!(audit(&["chain", &file]).status, 2);
}

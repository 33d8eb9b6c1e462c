//! The transparency log: every event gets its place, anybody can check that the log only grows, and `homehail-audit`
//! verifies it offline from what the platform answers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::chain::{Actor, EventKind};
use domain::id::{EventId, WorkerId};
use futures::future::join_all;
use serde_json::{Value, json};
use store::{Appended, NewEvent, ProfileChange, Step};

use crate::programs;
use crate::workforce::Hired;
use crate::world::{CENTRE, World};

/// After this a new checkpoint is signed, if the log has grown.
const CHECKPOINT_AGE: Duration = Duration::from_secs(61);

/// Runs `homehail-audit` on files.
struct Auditor {
    program: PathBuf,
    folder: tempfile::TempDir,
}

struct Told {
    status: i32,
    err: String,
}

impl Auditor {
    fn new() -> Auditor {
        Auditor {
            program: programs::built(&["--bin", "homehail-audit"]).join("homehail-audit"),
            folder: tempfile::tempdir().expect("a directory"),
        }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Told {
        let output = Command::new(&self.program)
            .args(arguments)
            .output()
            .expect("the program starts");
        Told {
            status: output.status.code().expect("an exit status"),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    fn verifies(&self, arguments: &[&str]) {
        let told = self.run(arguments);
        assert_eq!(told.status, 0, "{arguments:?}: {}", told.err);
    }

    #[track_caller]
    fn refutes(&self, arguments: &[&str], words: &str) {
        let told = self.run(arguments);
        assert_eq!(told.status, 1, "{arguments:?}: {}", told.err);
        assert!(told.err.contains(words), "{}", told.err);
    }

    /// Verifies all chains against a checkpoint, both as the platform answers them.
    async fn verifies_the_log(&self, world: &World, workers: &[&str]) {
        let mut files = Vec::new();
        for (n, worker) in workers.iter().enumerate() {
            let text = export(world, worker).await.to_string();
            files.push(self.file(&format!("all{n}.json"), &text));
        }
        let note = self.file("latest", text(&checkpoint(world).await["note"]));
        let key = key(world).await;
        let mut arguments = vec!["log", "--checkpoint", &note, "--key", &key];
        arguments.extend(files.iter().map(String::as_str));
        self.verifies(&arguments);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

async fn get(world: &World, path: &str) -> Value {
    world
        .call("GET", path)
        .header("accept", "application/json")
        .send()
        .await
        .expect(200)
}

async fn checkpoint(world: &World) -> Value {
    get(world, "/v1/log/checkpoint").await
}

async fn key(world: &World) -> String {
    text(&get(world, "/v1/log/keys").await["keys"][0]).to_owned()
}

/// A worker's chain as the authority is given it, page by page.
async fn pages(world: &World, worker: &str, limit: u32) -> Vec<Value> {
    let authority = world.authority().await;
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/workers/{worker}/trace?purpose=audit&limit={limit}{cursor}");
        let page = world.call("GET", &path).token(&authority).send().await;
        let page = page.expect(200);
        let next = page["next_cursor"].as_str();
        let next = next.map(|next| format!("&cursor={next}"));
        pages.push(page);
        match next {
            Some(next) => cursor = next,
            None => return pages,
        }
    }
}

/// The same on one page.
async fn export(world: &World, worker: &str) -> Value {
    let mut whole = json!({ "items": [] });
    for mut page in pages(world, worker, 50).await {
        let items = page["items"].as_array_mut().expect("items");
        let all = whole["items"].as_array_mut().expect("items");
        all.append(items);
        whole["head"] = page["head"].clone();
    }
    whole
}

/// The places in the log of a worker's events, in the order of her chain.
async fn places(world: &World, worker: &str) -> Vec<Option<u64>> {
    let export = export(world, worker).await;
    let items = export["items"].as_array().expect("items").iter();
    items.map(|item| item["leaf_index"].as_u64()).collect()
}

async fn hired(world: &World) -> Hired {
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    world.cleared_worker(&agency, &["cleaning"]).await
}

/// Changes something in a worker's record, and repeats it until it is answered, which is harmless.
async fn correct(world: &World, worker: &str) {
    let id: WorkerId = worker.parse().expect("a worker");
    let workers = world.workers();
    let event = NewEvent {
        id: EventId::from_cause("correction", &[&world.unique().to_string()]),
        kind: EventKind::Correction,
        actor: Actor::Platform,
        payload: json!({}),
    };
    for _ in 0..20 {
        let step = || Step {
            events: vec![event.clone()],
            ..Step::default()
        };
        let changed = workers
            .change(&id, world.now(), |_| -> Result<Step, ()> { Ok(step()) })
            .await;
        match changed {
            Ok(Appended::Done(_) | Appended::Repeat(_)) => return,
            Err(error) if error.is_retryable() => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("{worker} is too busy");
}

#[tokio::test]
async fn an_auditor_verifies_a_chain_and_the_log_offline() {
    let world = World::empty().await;
    let auditor = Auditor::new();
    let first = hired(&world).await;
    let second = hired(&world).await;
    correct(&world, &first.id).await;
    world.drain().await;

    let earlier = checkpoint(&world).await;
    assert_eq!(earlier["origin"], "homehail/harbin");
    assert_eq!(earlier["size"], 7, "three events each, and a correction");
    let key = key(&world).await;
    let earlier_file = auditor.file("earlier", text(&earlier["note"]));
    auditor.verifies(&["checkpoint", "--key", &key, &earlier_file]);

    // The chain by itself, and each of its events in the log that was signed.
    let chain = export(&world, &first.id).await;
    let chain_file = auditor.file("chain.json", &chain.to_string());
    auditor.verifies(&["chain", &chain_file]);
    let mut proofs = Vec::new();
    for item in chain["items"].as_array().expect("items") {
        let path = format!(
            "/v1/log/proof/inclusion?index={}&size=7",
            item["leaf_index"]
        );
        proofs.push(get(&world, &path).await);
        let path = format!(
            "/v1/log/proof/inclusion?leaf={}&size=7",
            text(&item["hash"])
        );
        assert_eq!(get(&world, &path).await, proofs[proofs.len() - 1]);
    }
    let lines: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    let proofs_file = auditor.file("proofs.jsonl", &lines.join("\n"));
    let against = ["--checkpoint", &earlier_file, "--key", &key];
    let included = [
        &["inclusion", "--chain", &chain_file],
        &against[..],
        &[&proofs_file],
    ]
    .concat();
    auditor.verifies(&included);

    // The log has grown, and begins with what it was.
    correct(&world, &second.id).await;
    world.advance(CHECKPOINT_AGE).await;
    let later = checkpoint(&world).await;
    assert_eq!(later["size"], 8);
    let later_file = auditor.file("later", text(&later["note"]));
    let proof = get(&world, "/v1/log/proof/consistency?from=7&to=8").await;
    let proof_file = auditor.file("consistency.json", &proof.to_string());
    let both = [
        "consistency",
        "--from",
        &earlier_file,
        "--to",
        &later_file,
        "--key",
        &key,
    ];
    auditor.verifies(&[&both[..], &[&proof_file]].concat());
    auditor
        .verifies_the_log(&world, &[&first.id, &second.id])
        .await;

    // Events that were altered, left out or cut off are named.
    let altered = chain.to_string().replacen("consent_given", "reviewed", 1);
    let altered = auditor.file("altered.json", &altered);
    auditor.refutes(&["chain", &altered], "seq 2 of");
    let mut shorter = chain.clone();
    shorter["items"].as_array_mut().expect("items").pop();
    let shorter = auditor.file("shorter.json", &shorter.to_string());
    auditor.refutes(&["chain", &shorter], "cut off or forked");
    let log = [
        "log",
        "--checkpoint",
        &later_file,
        "--key",
        &key,
        &chain_file,
    ];
    auditor.refutes(&log, "of the log is missing");
    auditor.refutes(
        &[
            &both[..],
            &[&auditor.file("wrong.json", &{
                let mut wrong = proof.clone();
                wrong["from_root"] = earlier["root"].clone();
                wrong["hashes"][0] = later["root"].clone();
                wrong.to_string()
            })],
        ]
        .concat(),
        "another root",
    );
}

#[tokio::test]
async fn a_checkpoint_is_a_signed_note_and_new_after_a_minute() {
    let world = World::empty().await;
    let empty = checkpoint(&world).await;
    assert_eq!(empty["size"], 0, "a log without events is signed too");
    let worker = hired(&world).await;
    world.drain().await;
    assert_eq!(checkpoint(&world).await, empty, "it is not a minute old");
    world.advance(CHECKPOINT_AGE).await;
    let signed = checkpoint(&world).await;
    assert_eq!(signed["size"], 3);

    let url = format!("{}/v1/log/checkpoint", world.platform.base_url());
    let answer = world.client.get(url).send().await.expect("an answer");
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
    assert_eq!(answer.text().await.expect("text"), text(&signed["note"]));

    // Without growth there is no new checkpoint, however old the last is.
    world.advance(Duration::from_secs(2 * 86_400)).await;
    assert_eq!(checkpoint(&world).await, signed);
    // What the log grew by in a day is signed without anybody asking.
    correct(&world, &worker.id).await;
    world.drain().await;
    let calls = world.platform.wire().usage("sequencer").calls;
    world.advance(Duration::from_secs(301)).await;
    let signs = |calls: &std::collections::BTreeMap<String, u64>| -> u64 {
        let of_kms = calls.iter().filter(|(call, _)| call.ends_with(":Sign"));
        of_kms.map(|(_, count)| count).sum()
    };
    let after = world.platform.wire().usage("sequencer").calls;
    assert_eq!(signs(&after), signs(&calls) + 1, "{after:?}");
    assert_eq!(checkpoint(&world).await["size"], 4);
}

#[tokio::test]
async fn pages_of_several_chains_are_verified_as_they_were_answered() {
    let world = World::empty().await;
    let auditor = Auditor::new();
    let (mut answers, mut files) = (Vec::new(), vec!["chain".to_owned()]);
    for _ in 0..2 {
        // Of three events: after a page of three there is an empty one.
        let worker = hired(&world).await;
        answers.extend(pages(&world, &worker.id, 3).await);
    }
    assert_eq!(answers[3]["items"], json!([]), "the case to be tested");
    for (n, page) in answers.iter().enumerate() {
        files.push(auditor.file(&format!("page{n}.json"), &page.to_string()));
    }
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    auditor.verifies(&arguments);
    auditor.refutes(&arguments[..4], "page2.json, after seq 3");
}

#[tokio::test]
async fn a_hundred_events_at_once_are_one_chain_in_the_order_of_the_log() {
    let world = World::empty().await;
    let worker = hired(&world).await;
    join_all((0..100).map(|_| correct(&world, &worker.id))).await;
    world.drain().await;
    let places = places(&world, &worker.id).await;
    let whole: Vec<Option<u64>> = (0..103).map(Some).collect();
    assert_eq!(places, whole, "no gap, and the log in the chain's order");
    Auditor::new().verifies_the_log(&world, &[&worker.id]).await;
}

#[tokio::test]
async fn sequencing_cut_off_anywhere_loses_and_doubles_nothing() {
    let auditor = Auditor::new();
    for n in 1.. {
        assert!(n < 40, "sequencer makes too many calls for one batch");
        let world = World::empty().await;
        let wire = world.platform.wire().clone();
        let workers = [hired(&world).await, hired(&world).await];
        world.drain().await;
        wire.cut_after("sequencer", n);
        correct(&world, &workers[0].id).await;
        correct(&world, &workers[1].id).await;
        world.drain().await;
        // Now the schedule has come once more.
        world.advance(Duration::from_secs(301)).await;
        let happened = !wire.take_cuts().is_empty();
        let mut all = Vec::new();
        for worker in &workers {
            let places = places(&world, &worker.id).await;
            assert!(places.is_sorted(), "cut off after call {n}: {places:?}");
            all.extend(places);
        }
        all.sort_unstable();
        let whole: Vec<Option<u64>> = (0..8).map(Some).collect();
        assert_eq!(all, whole, "cut off after call {n}");
        world.advance(CHECKPOINT_AGE).await;
        auditor
            .verifies_the_log(&world, &[&workers[0].id, &workers[1].id])
            .await;
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "sequencer was never called");
            return;
        }
    }
}

#[tokio::test]
async fn signing_cut_off_anywhere_ends_in_one_checkpoint() {
    let world = World::empty().await;
    let worker = hired(&world).await;
    world.drain().await;
    let mut before = checkpoint(&world).await;
    let wire = world.platform.wire().clone();
    for n in 1.. {
        assert!(n < 20, "ledger makes too many calls for one checkpoint");
        correct(&world, &worker.id).await;
        world.advance(CHECKPOINT_AGE).await;
        wire.cut_after("ledger", n);
        let call = world.call("GET", "/v1/log/checkpoint");
        let first = call.header("accept", "application/json").try_send().await;
        let happened = !wire.take_cuts().is_empty();
        if !happened {
            // Never any more.
            wire.cut_after("ledger", 1_000_000);
        }
        let after = checkpoint(&world).await;
        let proof = format!(
            "/v1/log/proof/consistency?from={}&to={}",
            before["size"], after["size"]
        );
        let proof = get(&world, &proof).await;
        assert_eq!(proof["from_root"], before["root"], "cut off after call {n}");
        assert_eq!(proof["to_root"], after["root"], "cut off after call {n}");
        before = after;
        if !happened {
            assert!(n > 1 && first.is_ok(), "ledger was never called");
            return;
        }
    }
}

#[tokio::test]
async fn erasing_a_worker_leaves_her_chain_and_the_log_verifiable() {
    let world = World::empty().await;
    let auditor = Auditor::new();
    let worker = hired(&world).await;
    let id: WorkerId = worker.id.parse().expect("a worker");
    world.drain().await;
    let before = export(&world, &worker.id).await;
    assert!(before["items"][0]["payload"].is_object());

    let workers = world.workers();
    let erased = workers.change(&id, world.now(), |_| -> Result<Step, ()> {
        Ok(Step {
            profile: ProfileChange::Erase,
            events: vec![NewEvent {
                id: EventId::from_cause("redaction", &[&worker.id]),
                kind: EventKind::Redaction,
                actor: Actor::Platform,
                payload: json!({}),
            }],
            ..Step::default()
        })
    });
    let erased = erased.await;
    assert!(matches!(erased, Ok(Appended::Done(_))), "{erased:?}");
    workers.empty_payloads(&id).await.expect("emptied");
    world.drain().await;

    let after = export(&world, &worker.id).await;
    let items = after["items"].as_array().expect("items");
    assert_eq!(items.len(), 4);
    for item in items {
        assert!(
            item["payload"].is_null() && item["salt"].is_null(),
            "{item}"
        );
    }
    auditor.verifies(&["chain", &auditor.file("erased.json", &after.to_string())]);
    auditor.verifies_the_log(&world, &[&worker.id]).await;
}

#[tokio::test]
async fn what_the_log_does_not_have_is_not_proven() {
    let world = World::empty().await;
    let unknown = "ab".repeat(32);
    let refused = async |path: &str, status, slug| {
        let answer = world.call("GET", path).send().await;
        answer.expect_problem(status, slug);
    };
    for path in [
        "inclusion?index=0",
        "inclusion?index=0&size=0",
        "consistency?from=0&to=1",
    ] {
        refused(&format!("/v1/log/proof/{path}"), 404, "not-found").await;
    }
    hired(&world).await;
    world.drain().await;
    for path in [
        &format!("inclusion?leaf={unknown}"),
        "inclusion?index=3",
        "inclusion?index=2&size=2",
        "inclusion?index=0&size=4",
        "inclusion?index=18446744073709551615",
        "consistency?from=4",
        "consistency?from=1&to=4",
    ] {
        refused(&format!("/v1/log/proof/{path}"), 404, "not-found").await;
    }
    for path in [
        "proof/inclusion",
        "proof/inclusion?leaf=ab",
        "proof/inclusion?index=0&leaf=ab",
        "proof/inclusion?index=-1",
        "proof/inclusion?index=0&more=1",
        "proof/consistency",
        "proof/consistency?from=2&to=1",
        "proof/consistency?from=x",
        "checkpoint?size=3",
        "keys?all=true",
    ] {
        refused(&format!("/v1/log/{path}"), 400, "malformed").await;
    }
    let whole = get(&world, "/v1/log/proof/inclusion?index=0").await;
    assert_eq!(whole["tree_size"], 3);
    let same = get(&world, "/v1/log/proof/consistency?from=3").await;
    assert_eq!((&same["to"], &same["hashes"]), (&json!(3), &json!([])));
}

/// An item of the log itself.
async fn log_item(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    (pk, sk): (&str, &str),
) -> HashMap<String, AttributeValue> {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let found = client.get_item().table_name(table);
    let found = found.key("pk", key(pk)).key("sk", key(sk)).send().await;
    found.expect("the table answers").item.expect("an item")
}

#[tokio::test]
async fn a_log_that_was_set_back_is_not_signed_any_more() {
    let world = World::empty().await;
    let client = aws_sdk_dynamodb::Client::new(&world.platform.operator_sdk_config());
    let table = world.setting("LEDGER_TABLE");
    let worker = hired(&world).await;
    world.drain().await;
    checkpoint(&world).await;
    let mut kept = Vec::new();
    for key in [
        ("LOG", "head"),
        ("LOG#checkpoint", "checkpoint"),
        ("LOG", "tile#0#0"),
    ] {
        kept.push(log_item(&client, &table, key).await);
    }
    correct(&world, &worker.id).await;
    world.advance(CHECKPOINT_AGE).await;
    assert_eq!(checkpoint(&world).await["size"], 4);

    // As after a restore from a backup: the table has lost what was signed, the bucket has not.
    for item in kept {
        let put = client.put_item().table_name(&table).set_item(Some(item));
        put.send().await.expect("put");
    }
    // It grows again, with other events.
    let other = hired(&world).await;
    world.advance(CHECKPOINT_AGE).await;
    assert_eq!(places(&world, &other.id).await[0], Some(3));
    let answer = world.call("GET", "/v1/log/checkpoint").send().await;
    answer.expect_problem(500, "internal");
}

//! Credit feeds: what a source may announce, what its rows change, and that each row counts once, however often messages
//! come and wherever functions are cut off.

mod cut_off;
mod intervals;
mod parts;
mod signature;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo::City;
use domain::chain::EventKind;
use domain::credit::{CreditRules, Section, SectionState, Sections};
use domain::feed::{manifest_hash, signed_form};
use domain::time::Millis;
use futures::{StreamExt, stream};
use local::platform::Options;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::operator::Operator;
use crate::workforce::Hired;
use crate::world::{Agency, CENTRE, World};

/// The source of these tests. It may speak for all sections but one.
const SOURCE: &str = "test-court";
const SEED: [u8; 32] = [7; 32];

/// A message that a function was cut off with comes again after this time.
const VISIBLE_AGAIN: Duration = Duration::from_secs(1_025);

#[derive(Clone)]
struct Batch {
    manifest: Value,
    parts: Vec<Vec<u8>>,
}

/// A world with the source, an agency, and workers without a record.
struct Court {
    world: World,
    workers: Vec<Hired>,
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

fn sign(manifest: &Value) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    URL_SAFE_NO_PAD.encode(pair.sign(&signed_form(manifest)).as_ref())
}

impl Batch {
    fn id(&self) -> &str {
        self.manifest["batch_id"].as_str().expect("an id")
    }

    /// What the next manifest has as `prev_sha256`.
    fn hash(&self) -> String {
        manifest_hash(&signed_form(&self.manifest)).to_string()
    }

    fn with(&self, field: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.manifest[field] = value;
        changed
    }
}

impl Court {
    async fn with(workers: usize) -> Court {
        let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
        let mut sections: Vec<&str> = Section::ALL.iter().map(|s| s.as_str()).collect();
        sections.retain(|section| *section != "public_security");
        let sources = json!([{
            "source": SOURCE,
            "public_key": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            "sections": sections,
        }]);
        let world = World::with(Options {
            city: City::None,
            parameters: BTreeMap::from([("CreditSources".to_owned(), sources.to_string())]),
            ..Options::default()
        })
        .await;
        let agency = world.agency(&["cleaning"], &[CENTRE]).await;
        let workers = hire(&world, &agency, workers).await;
        Court { world, workers }
    }

    fn now(&self) -> Millis {
        self.world.now()
    }

    /// A row that says that a section of this worker is clear, as of some time ago.
    fn row(&self, worker: &Hired, section: Section, ago: Duration) -> Value {
        let now = self.now();
        let year = Duration::from_hours(365 * 24);
        json!({
            "worker": { "id_number": worker.id_number },
            "section": section,
            "state": "clear",
            "as_of": (now - ago).to_rfc3339(),
            "valid_until": (now + year).to_rfc3339(),
        })
    }

    /// A batch of these rows that follows `before`.
    fn batch(&self, before: Option<&Batch>, rows: &[Value], parts: usize) -> Batch {
        let lines: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Value::String(raw) => raw.clone(),
                row => row.to_string(),
            })
            .collect();
        let parts: Vec<Vec<u8>> = lines
            .chunks(lines.len().div_ceil(parts))
            .map(|lines| (lines.join("\n") + "\n").into_bytes())
            .collect();
        let seq = before.map_or(1, |before| {
            before.manifest["seq"].as_u64().expect("a number") + 1
        });
        let prev = before.map_or_else(|| "0".repeat(64), Batch::hash);
        let n = self.world.unique();
        let manifest = json!({
            "source": SOURCE,
            "batch_id": format!("batch-{seq}.{n}"),
            "seq": seq,
            "prev_sha256": prev,
            "as_of": (self.now() + Duration::from_millis(seq)).to_rfc3339(),
            "rows": lines.iter().filter(|line| !line.trim().is_empty()).count(),
            "parts": parts.len(),
            "sha256": sha256(&parts.concat()),
            "part_sha256": parts.iter().map(|part| sha256(part)).collect::<Vec<_>>(),
        });
        Batch { manifest, parts }
    }

    async fn announce(&self, batch: &Batch) -> Answer {
        self.try_announce(batch).await.expect("an answer")
    }

    async fn try_announce(&self, batch: &Batch) -> Result<Answer, reqwest::Error> {
        let body = json!({ "manifest": batch.manifest, "signature": sign(&batch.manifest) });
        self.post(&body).await
    }

    async fn post(&self, body: &Value) -> Result<Answer, reqwest::Error> {
        let path = format!("/v1/credit-feeds/{SOURCE}/batches");
        self.world.call("POST", &path).json(body).try_send().await
    }

    async fn put(&self, batch: &Batch, part: usize) -> Result<Answer, reqwest::Error> {
        let content = batch.parts[part - 1].clone();
        self.put_bytes(batch, part, content).await
    }

    async fn put_bytes(
        &self,
        batch: &Batch,
        part: usize,
        content: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let path = format!(
            "/v1/credit-feeds/{SOURCE}/batches/{}/parts/{part}",
            batch.id()
        );
        self.world
            .call("PUT", &path)
            .raw("application/x-ndjson", content)
            .try_send()
            .await
    }

    /// Sends all of a batch, the last part first.
    async fn send(&self, batch: &Batch) {
        self.announce(batch).await.expect(202);
        self.send_parts(batch).await;
    }

    async fn send_parts(&self, batch: &Batch) {
        for part in (1..=batch.parts.len()).rev() {
            let answer = self.put(batch, part).await.expect("an answer");
            answer.expect(202);
        }
    }

    /// The batch's state, asked for until an answer comes: a function may have been cut off.
    async fn read(&self, batch: &Batch, query: &str) -> Value {
        let path = format!("/v1/credit-feeds/{SOURCE}/batches/{}{query}", batch.id());
        let mut answer = self.world.call("GET", &path).send().await;
        if answer.status >= 500 {
            answer = self.world.call("GET", &path).send().await;
        }
        answer.expect(200)
    }

    /// The batch; fails unless it is applied.
    async fn applied(&self, batch: &Batch) -> Value {
        self.world.drain().await;
        let standing = self.read(batch, "").await;
        assert_eq!(standing["status"], "applied", "{standing}");
        let count = |field: &str| standing[field].as_u64().expect("a number");
        assert_eq!(
            count("applied") + count("unchanged") + count("rejected_total"),
            count("rows"),
            "{standing}"
        );
        standing
    }

    async fn status(&self, batch: &Batch) -> String {
        self.world.drain().await;
        let standing = self.read(batch, "").await;
        standing["status"].as_str().expect("a status").to_owned()
    }

    async fn sections(&self, worker: &Hired) -> Sections {
        let id = worker.id.parse().expect("a worker");
        let file = self.world.workers().open(&id).await;
        file.expect("the tables answer")
            .expect("a worker")
            .worker
            .sections
    }

    /// The payloads of the worker's events that batches made.
    async fn events(&self, worker: &Hired) -> Vec<Value> {
        let id = worker.id.parse().expect("a worker");
        let page = self.world.workers().trace(&id, true, 100, None).await;
        let events = page.expect("a chain").items.into_iter();
        let feeds = events.filter(|event| event.stored.event.kind == EventKind::FeedApplied);
        feeds
            .map(|event| event.opened.expect("a payload").payload)
            .collect()
    }
}

async fn hire(world: &World, agency: &Agency, workers: usize) -> Vec<Hired> {
    let hired: Vec<_> = (0..workers)
        .map(|_| world.worker_with(agency, &["cleaning"], Sections::default()))
        .collect();
    stream::iter(hired).buffered(8).collect().await
}

const HOUR: Duration = Duration::from_secs(3_600);

/// The sections that the source may speak for.
fn own_sections() -> impl Iterator<Item = Section> {
    let all = Section::ALL.iter().copied();
    all.filter(|section| *section != Section::PublicSecurity)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_rows_are_applied_once_however_often_their_messages_come() {
    let court = Court::with(300).await;
    let rows: Vec<Value> = court
        .workers
        .iter()
        .flat_map(|worker| own_sections().map(|section| court.row(worker, section, HOUR)))
        .collect();
    let batch = court.batch(None, &rows, 3);
    court.send(&batch).await;
    let operator = Operator::of(&court.world).await;
    // Once while it is being applied, once afterwards.
    for _ in 0..2 {
        for shard in 0..=2 {
            operator
                .repeat_feed(&court.world, SOURCE, batch.id(), shard)
                .await;
        }
        court.announce(&batch).await.expect(202);
        let again = court.put(&batch, 2).await.expect("an answer");
        again.expect(202);
        court.world.drain().await;
    }
    let standing = court.applied(&batch).await;
    assert_eq!(standing["applied"], rows.len());
    assert_eq!(standing["rejected"], json!([]));
    for worker in &court.workers {
        let events = court.events(worker).await;
        assert_eq!(events.len(), 1, "one event a worker and batch");
        assert_eq!(events[0]["sections"].as_array().map(Vec::len), Some(8));
        assert_eq!(court.sections(worker).await.entries().count(), 8);
    }
}

#[tokio::test]
async fn what_does_not_follow_changes_nothing_and_says_so() {
    let court = Court::with(1).await;
    let worker = &court.workers[0];
    let rows = [court.row(worker, Section::Dishonesty, HOUR)];
    let first = court.batch(None, &rows, 1);
    court.send(&first).await;
    court.applied(&first).await;
    let second = court.batch(Some(&first), &rows, 1);

    let gap = second.with("seq", json!(3));
    let told = court
        .announce(&gap)
        .await
        .expect_problem(409, "sequence-gap");
    assert_eq!(told["expected_seq"], 2);
    for prev in [json!("1".repeat(64)), json!("0".repeat(64)), Value::Null] {
        let broken = second.with("prev_sha256", prev);
        let told = court.announce(&broken).await;
        let told = told.expect_problem(409, "chain-broken");
        assert_eq!(told["expected_prev_sha256"], second.manifest["prev_sha256"]);
    }
    let old = second.with("as_of", json!((court.now() - 24 * HOUR).to_rfc3339()));
    court
        .announce(&old)
        .await
        .expect_problem(409, "older-batch");
    let fork = first.with("rows", json!(2));
    court.announce(&fork).await.expect_problem(409, "conflict");
    let fork = fork.with("batch_id", json!("another"));
    court.announce(&fork).await.expect_problem(409, "conflict");
    let early = second.with("as_of", json!((court.now() + HOUR).to_rfc3339()));
    let told = court.announce(&early).await;
    assert_eq!(told.pointers(), ["/manifest/as_of"]);
    told.expect_problem(422, "invalid");

    // Not signed, signed over something else, by another source, for another source, by an unknown one: all get the same answer.
    let signature = sign(&second.manifest);
    let mut altered = signature.clone().into_bytes();
    altered[5] = if altered[5] == b'A' { b'B' } else { b'A' };
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a key");
    let other = URL_SAFE_NO_PAD.encode(other.sign(&signed_form(&second.manifest)).as_ref());
    let mut alike = Vec::new();
    for wrong in [
        "x".to_owned(),
        String::from_utf8(altered).expect("text"),
        other,
        sign(&gap.manifest),
    ] {
        let body = json!({ "manifest": second.manifest, "signature": wrong });
        let answer = court.post(&body).await.expect("an answer");
        alike.push(answer.expect_problem(401, "bad-signature"));
    }
    let body = json!({ "manifest": second.manifest, "signature": signature });
    let unknown = court.world.call("POST", "/v1/credit-feeds/nobody/batches");
    alike.push(
        unknown
            .json(&body)
            .send()
            .await
            .expect_problem(401, "bad-signature"),
    );
    alike.dedup();
    assert_eq!(alike.len(), 1, "{alike:?}");

    // A repeat gets the same answer, and the next batch is accepted.
    let again = court.announce(&first).await.expect(202);
    assert_eq!(again["status"], "applied");
    assert_eq!(again["manifest_sha256"], first.hash());
    assert_eq!(court.events(worker).await.len(), 1);
    court.send(&second).await;
    court.applied(&second).await;
    // What it says is what was said before.
    assert_eq!(court.events(worker).await.len(), 1);
    // The content's hash names a batch too.
    let third = court.batch(Some(&second), &rows, 1);
    let third = third.with("prev_sha256", second.manifest["sha256"].clone());
    court.announce(&third).await.expect(202);

    // The authority sees how all sources stand.
    let feeds = court.world.call("GET", "/v1/credit-feeds");
    let authority = court.world.authority().await;
    let feeds = feeds.token(&authority).send().await.expect(200);
    let [feed] = feeds["items"].as_array().expect("sources").as_slice() else {
        panic!("one source: {feeds}")
    };
    assert_eq!(
        (&feed["source"], feed["sections"].as_array().map(Vec::len)),
        (&json!(SOURCE), Some(8))
    );
    let batches = feed["batches"].as_array().expect("batches").iter();
    let batches: Vec<_> = batches
        .map(|batch| (&batch["batch_id"], &batch["status"]))
        .collect();
    let expected = [
        (&third, "received"),
        (&second, "applied"),
        (&first, "applied"),
    ];
    let expected = expected.map(|(batch, status)| (&batch.manifest["batch_id"], json!(status)));
    assert_eq!(
        batches,
        expected.each_ref().map(|(id, status)| (*id, status))
    );
    let customer = court.world.customer("demo-customer-1").await;
    let refused = court.world.call("GET", "/v1/credit-feeds").token(&customer);
    refused.send().await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn bad_rows_are_told_by_line_and_good_ones_count() {
    let court = Court::with(3).await;
    let [ann, bea, eve] = &court.workers[..] else {
        panic!("three workers")
    };
    let good = |worker| court.row(worker, Section::PersonalInsurance, HOUR);
    let with = |field: &str, value: Value| {
        let mut row = good(bea);
        row[field] = value;
        row
    };
    let older = |field: &str, value: Value| {
        let mut row = court.row(bea, Section::PersonalInsurance, HOUR * 2);
        row[field] = value;
        row
    };
    let twice = |row: &Value, member: &str, also: &str| {
        json!(row.to_string().replace(member, &format!("{also},{member}")))
    };
    let stranger = json!({ "id_number": "11010519491231002X" });
    let mut contradiction = court.row(eve, Section::Identity, HOUR);
    let one_side = contradiction.clone();
    contradiction["state"] = json!("flagged");
    let rows = [
        with("worker", stranger.clone()),                  // 1
        json!(""),                                         // 2
        good(ann),                                         // 3
        with("section", json!("taxes")),                   // 4
        with("section", json!("public_security")),         // 5
        with("state", json!("stale")),                     // 6
        with("as_of", json!(court.world.in_future(HOUR))), // 7
        with("valid_until", json!((court.now() - HOUR * 2).to_rfc3339())), // 8
        with("valid_until", Value::Null),                  // 9
        with("worker", json!({ "id_number": "230103199001010000" })), // 10
        with("colour", json!("red")),                      // 11
        json!("{\"worker\": "),                            // 12
        one_side,                                          // 13
        contradiction,                                     // 14
        with("reference", json!("P-2026-17")),             // 15
        court.row(bea, Section::PersonalInsurance, HOUR * 5), // 16
        with(
            "valid_from",
            json!((court.now() + HOUR * 9_000).to_rfc3339()),
        ), // 17
        older("worker", stranger),                         // 18
        court.row(eve, Section::Identity, HOUR * 3),       // 19
        twice(&good(ann), r#""state":"clear""#, r#""state":"flagged""#), // 20
        twice(&good(ann), r#""id_number":"#, r#""id_number":null"#), // 21
    ];
    let batch = court.batch(None, &rows, 2);
    court.send(&batch).await;
    let standing = court.applied(&batch).await;
    let rejected: Vec<(u64, &str)> = standing["rejected"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let detail = one["detail"].as_str().expect("words");
            (one["line"].as_u64().expect("a line"), detail)
        })
        .collect();
    let expected = [
        (1, "no such worker"),
        (4, "section is not one of the nine"),
        (5, "this source may not speak for this section"),
        (
            6,
            "state must be one of clear, flagged, pending, unknown, withheld",
        ),
        (7, "as_of is in the future"),
        (
            8,
            "it ends before it begins: valid_until must be after valid_from or as_of",
        ),
        (9, "valid_until is needed where this section is clear"),
        (
            10,
            "worker.id_number has a wrong check character; please compare it with the card",
        ),
        (11, "there is a field that is not known"),
        (12, "the row is not a JSON object"),
        (
            13,
            "line 14 says something else of the same section and moment",
        ),
        (
            14,
            "line 13 says something else of the same section and moment",
        ),
        (
            17,
            "it ends before it begins: valid_until must be after valid_from or as_of",
        ),
        (18, "no such worker"),
        (
            19,
            "lines 13 and 14 contradict one another, of the same section and a later moment",
        ),
        (20, "a member is given twice"),
        (21, "a member is given twice"),
    ];
    assert_eq!(rejected, expected);
    assert_eq!(standing["applied"], 2);
    assert_eq!(standing["unchanged"], 1);
    let events = court.events(bea).await;
    assert_eq!(events[0]["sections"][0]["reference"], "P-2026-17");
    assert!(court.events(eve).await.is_empty());

    // Newer rows of the source count, older ones do not, and it can take everything back.
    let mut withdrawn = court.row(ann, Section::PersonalInsurance, Duration::ZERO);
    withdrawn["state"] = json!("unknown");
    let rows = [
        court.row(bea, Section::PersonalInsurance, HOUR * 2),
        withdrawn,
    ];
    let next = court.batch(Some(&batch), &rows, 1);
    court.send(&next).await;
    let standing = court.applied(&next).await;
    assert_eq!(
        (&standing["applied"], &standing["unchanged"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(court.events(bea).await.len(), 1);
    let rules = CreditRules::default();
    let view = court
        .sections(ann)
        .await
        .view(Section::PersonalInsurance, court.now(), &rules);
    assert_eq!(view.state, SectionState::Unknown);
}

#[tokio::test]
async fn a_batch_is_applied_after_the_one_before() {
    let court = Court::with(2).await;
    let worker = &court.workers[0];
    let mut flagged = court.row(worker, Section::Dishonesty, HOUR);
    flagged["state"] = json!("flagged");
    let first = court.batch(None, &[flagged], 1);
    let rows = [court.row(worker, Section::Dishonesty, HOUR / 2)];
    let second = court.batch(Some(&first), &rows, 1);
    let third = court.batch(Some(&second), &rows, 1);
    court.announce(&first).await.expect(202);
    court.send(&second).await;
    court.announce(&third).await.expect(202);
    assert_eq!(court.status(&second).await, "received");
    assert!(court.events(worker).await.is_empty());
    court.send_parts(&first).await;
    court.applied(&first).await;
    court.applied(&second).await;
    assert_eq!(court.status(&third).await, "received");
    let events = court.events(worker).await;
    let seqs: Vec<&Value> = events.iter().map(|event| &event["seq"]).collect();
    assert_eq!(seqs, [&json!(1), &json!(2)]);
}

#[tokio::test]
async fn when_the_source_is_silent_its_sections_turn_stale() {
    let court = Court::with(1).await;
    let worker = &court.workers[0];
    let rows = [Section::Dishonesty, Section::JudicialEnforcement]
        .map(|section| court.row(worker, section, Duration::ZERO));
    let batch = court.batch(None, &rows, 1);
    court.send(&batch).await;
    court.applied(&batch).await;
    let rules = CreditRules::default();
    for (hours, state) in [(0, SectionState::Clear), (25, SectionState::Stale)] {
        court.world.advance(HOUR * hours).await;
        for section in [Section::Dishonesty, Section::JudicialEnforcement] {
            let sections = court.sections(worker).await;
            assert_eq!(sections.view(section, court.now(), &rules).state, state);
        }
    }
}

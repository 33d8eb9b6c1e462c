//! `cargo run` as a new user sees it: one line on standard output, `demo.json`, and a restart after `kill -9` that loses
//! nothing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo::feed::{BatchPosition, FeedRow, FeedSource};
use domain::time::Millis;
use serde_json::{Value, json};

use crate::http::Call;
use crate::programs;

/// The program, running. It is killed when this is dropped.
struct Homehail {
    child: Child,
    base: String,
    demo: Value,
}

impl Drop for Homehail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> PathBuf {
    programs::built(&["--bin", "homehail"]).join("homehail")
}

fn start(data_dir: &Path, arguments: &[&str]) -> Homehail {
    let mut child = Command::new(binary())
        .args(["--port", "0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.next().expect("a line").expect("text");
    let base = line
        .strip_prefix("ready ")
        .expect("the ready line")
        .to_owned();
    assert!(base.starts_with("http://127.0.0.1:"), "{line}");
    let text = std::fs::read(data_dir.join("demo.json")).expect("demo.json is there by then");
    let demo = serde_json::from_slice(&text).expect("JSON");
    Homehail { child, base, demo }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(crate::PATIENCE)
        .build()
        .expect("a client")
}

async fn token(client: &reqwest::Client, base: &str, role: &str, body: &Value) -> String {
    let path = format!("/v1/sessions/{role}");
    let answer = Call::new(client, base, "POST", &path)
        .json(body)
        .send()
        .await
        .expect(200);
    answer["token"].as_str().expect("a token").to_owned()
}

/// The other process uses the machine's clock.
fn now() -> Millis {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let millis = since_1970.expect("after 1970").as_millis();
    Millis(i64::try_from(millis).expect("a time"))
}

/// Sends one more batch as the demo's source, whose key is in `demo.json`; returns what the next batch must name.
async fn tell(client: &reqwest::Client, base: &str, feed: &Value, worker: &Value) -> String {
    let source = feed["source"].as_str().expect("a source");
    let seed = URL_SAFE_NO_PAD.decode(feed["private_key"].as_str().expect("a key"));
    let seed = seed.expect("base64url").try_into().expect("32 bytes");
    let as_of = now();
    let place = BatchPosition {
        batch_id: "mine".to_owned(),
        seq: feed["last_seq"].as_u64().expect("a number") + 1,
        prev_sha256: feed["last_sha256"].as_str().map(str::to_owned),
        as_of,
    };
    let row = FeedRow {
        id_number: worker["id_number"].as_str().expect("a number").to_owned(),
        section: "dishonesty",
        state: "clear",
        as_of,
        valid_from: None,
        valid_until: None,
        reference: None,
    };
    let batch = FeedSource::new(source, &seed).expect("a source");
    let batch = batch.batch(&place, &[row]);
    let path = format!("/v1/credit-feeds/{source}/batches");
    Call::new(client, base, "POST", &path)
        .json(&batch.announcement)
        .send()
        .await
        .expect(202);
    batch.hash
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_city_is_there_and_survives_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let data_dir = dir.path().join("data");
    let first = start(&data_dir, &["--grab-window", "8s", "--caps", "off"]);
    let demo = first.demo.clone();
    assert_eq!(demo["base_url"], first.base.as_str());
    let agencies = demo["agencies"].as_array().expect("agencies");
    assert_eq!(agencies.len(), 311);
    let workers = demo["workers"].as_array().expect("workers");
    for kind in [
        "clear", "flagged", "expired", "stale", "unknown", "withheld",
    ] {
        let is_of_it = |worker: &&Value| worker["kind"] == kind;
        let worker = workers.iter().find(is_of_it).expect(kind);
        assert!(worker["badge"]["token"].is_string(), "{kind}");
    }
    assert_eq!(demo["feeds"][0]["last_seq"], 1);
    for field in ["region", "access_key_id", "secret_access_key"] {
        assert!(demo["aws"][field].is_string(), "aws.{field}");
    }
    for service in ["dynamodb", "sqs", "scheduler", "events", "sts", "s3", "kms"] {
        assert!(
            demo["aws"]["endpoints"][service].is_string(),
            "aws.endpoints.{service}"
        );
    }
    let client = client();
    let customer = token(
        &client,
        &first.base,
        "customer",
        &json!({ "code": demo["customers"][0]["code"] }),
    )
    .await;
    let cleaners = agencies.iter().find(|agency| {
        agency["services"]
            .as_array()
            .is_some_and(|s| s.contains(&json!("cleaning")))
    });
    let at = &cleaners.expect("somebody cleans")["stores"][0]["location"];
    let start_at = (now() + Duration::from_hours(24)).to_rfc3339();
    let order = json!({
        "service": "cleaning", "start_at": start_at, "duration_min": 60, "address": "x 1",
        "location": at, "contact": { "name": "王", "phone": "13912345678" },
    });
    let mut placed = Vec::new();
    for n in 0..12 {
        let body = Call::new(&client, &first.base, "POST", "/v1/orders")
            .token(&customer)
            .key(&format!("restart-{n}"))
            .json(&order)
            .send()
            .await
            .expect(201);
        placed.push(body["order_id"].as_str().expect("an id").to_owned());
    }
    let told = tell(&client, &first.base, &demo["feeds"][0], &workers[0]).await;
    drop(first); // kill -9, with fan-outs and timers under way

    let second = start(&data_dir, &["--grab-window", "8s", "--caps", "off"]);
    assert_eq!(
        second.demo["agencies"], demo["agencies"],
        "the same city and the same keys"
    );
    let feed = &second.demo["feeds"][0];
    assert_eq!(
        (&feed["last_seq"], &feed["last_sha256"]),
        (&json!(2), &json!(told)),
        "what the next batch has to follow"
    );
    let customer = token(
        &client,
        &second.base,
        "customer",
        &json!({ "code": demo["customers"][0]["code"] }),
    )
    .await;
    let mut waited = 0;
    for id in &placed {
        loop {
            let order = Call::new(&client, &second.base, "GET", &format!("/v1/orders/{id}"))
                .token(&customer)
                .send()
                .await
                .expect(200);
            if order["status"] == "claimed" {
                break;
            }
            assert_eq!(order["status"], "open");
            waited += 1;
            assert!(waited < 400, "{id} was never settled");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[test]
fn a_directory_that_is_in_use_or_not_ours_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let data_dir = dir.path().join("data");
    let running = start(&data_dir, &["--demo", "none"]);
    let refused = run_to_end(&data_dir, &["--demo", "none"]);
    assert!(!refused.0);
    assert!(refused.1.contains("another process uses"), "{}", refused.1);
    drop(running);

    let foreign = dir.path().join("photos");
    std::fs::create_dir(&foreign).expect("made");
    std::fs::write(foreign.join("cat.jpg"), b"meow").expect("written");
    let refused = run_to_end(&foreign, &["--demo", "none", "--fresh"]);
    assert!(!refused.0, "--fresh empties no directory that is not ours");
    assert!(foreign.join("cat.jpg").exists());
}

fn run_to_end(data_dir: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(binary())
        .args(["--port", "0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(
        output.stdout.is_empty(),
        "standard output is for the ready line alone"
    );
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

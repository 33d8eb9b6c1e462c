//! Badges: issued once, signed after their event, printed, revoked for those who look online and offline.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use futures::future::join_all;
use reqwest::header::{ACCEPT, HeaderMap};
use serde_json::{Value, json};
use store::Badges;

use crate::http::Answer;
use crate::programs::not_checked;
use crate::world::{Agency, CENTRE, World};

const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/verify_badges.py");

struct Office {
    world: World,
    agency: Agency,
    desk: String,
    worker: String,
}

impl Office {
    async fn open() -> Office {
        let world = World::empty().await;
        let agency = world.agency(&["cleaning"], &[CENTRE]).await;
        let desk = world.desk(&agency).await;
        let worker = world.cleared_worker(&agency, &["cleaning"]).await.id;
        Office {
            world,
            agency,
            desk,
            worker,
        }
    }

    async fn ask(&self, token: &str, worker: &str, key: &str, body: &Value) -> Answer {
        self.world
            .call("POST", &format!("/v1/workers/{worker}/badges"))
            .token(token)
            .key(key)
            .json(body)
            .send()
            .await
    }

    async fn issue(&self, key: &str) -> Value {
        let asked = self.ask(&self.desk, &self.worker, key, &json!({})).await;
        asked.expect(201)
    }

    /// Asks for a badge as a patient client does: again, with the same key, until it is there.
    async fn insist(&self, key: &str) -> Value {
        let path = format!("/v1/workers/{}/badges", self.worker);
        for _ in 0..5 {
            let asked = self.world.call("POST", &path);
            let asked = asked.token(&self.desk).key(key).json(&json!({}));
            match asked.try_send().await {
                Ok(answer) if answer.status < 500 => return answer.expect(201),
                _ => {}
            }
        }
        panic!("no badge after five tries");
    }

    async fn decide(&self, token: &str, badge: &str, decision: &str) -> Answer {
        self.world
            .call("POST", &format!("/v1/badges/{badge}/{decision}"))
            .token(token)
            .json(&json!({ "reason": "the card was lost" }))
            .send()
            .await
    }

    /// What anyone sees who scans this badge.
    async fn scanned(&self, token: &str) -> Value {
        let page = self
            .world
            .call("GET", &format!("/b/{token}"))
            .header(ACCEPT.as_str(), "application/json");
        page.send().await.expect(200)["result"].clone()
    }

    async fn kinds(&self) -> Vec<&'static str> {
        let id = self.worker.parse().expect("a worker");
        let workers = self.world.workers();
        let page = workers.trace(&id, true, 1_000, None).await.expect("a page");
        assert!(page.items.iter().all(|event| event.opened.is_some()));
        let events = page.items.into_iter();
        events
            .map(|event| event.stored.event.kind.as_str())
            .collect()
    }

    /// The answer's bytes as they came.
    async fn raw(&self, path: &str, headers: HeaderMap) -> (u16, HeaderMap, Vec<u8>) {
        let url = format!("{}{path}", self.world.platform.base_url());
        let answer = self.world.client.get(url).headers(headers).send().await;
        let answer = answer.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("a body");
        (status, headers, bytes.to_vec())
    }

    /// What a status list token, as it was served, says of a badge: 0 valid, 1 invalid, 2 suspended.
    async fn listed(&self, list: &[u8], badge: &str) -> u8 {
        let badges = badges_of(&self.world);
        let badge = badges.get(&badge.parse().expect("a badge")).await;
        let place = badge.expect("the table answers").expect("a badge").index.0;
        let token = std::str::from_utf8(list).expect("text");
        let body = token.split('.').nth(1).expect("a JWT");
        let body = URL_SAFE_NO_PAD.decode(body).expect("base64url");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let packed = text(&body["status_list"], "lst");
        let packed = URL_SAFE_NO_PAD.decode(packed).expect("base64url");
        let mut entries = Vec::new();
        let mut reader = ZlibDecoder::new(packed.as_slice());
        reader.read_to_end(&mut entries).expect("zlib");
        entries[place as usize / 4] >> (place % 4 * 2) & 3
    }

    async fn printed(&self, token: &str, badge: &str, print: &str) -> (u16, String, Vec<u8>) {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {token}").parse().expect("a header");
        headers.insert("authorization", bearer);
        let path = format!("/v1/badges/{badge}/{print}");
        let (status, headers, bytes) = self.raw(&path, headers).await;
        let media_type = headers["content-type"].to_str().expect("text").to_owned();
        (status, media_type, bytes)
    }
}

fn badges_of(world: &World) -> Badges {
    Badges::new(&world.platform.operator_settings())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a string")
}

#[tokio::test]
async fn a_badge_is_issued_once_and_another_key_makes_another_one() {
    let office = Office::open().await;
    let first = office.issue("one").await;
    assert_eq!(text(&first, "token").len(), 193);
    let url = format!("https://b.homehail.cn/b/{}", text(&first, "token"));
    assert_eq!(text(&first, "url"), url);
    assert_eq!(office.issue("one").await, first);
    // The body may be left out.
    let bare = office
        .world
        .call("POST", &format!("/v1/workers/{}/badges", office.worker));
    let bare = bare.token(&office.desk).key("one").send().await.expect(201);
    assert_eq!(bare, first);
    let other = office.issue("two").await;
    assert_ne!(other["badge_id"], first["badge_id"]);
    let issued = office.kinds().await;
    let issued = issued.iter().filter(|kind| **kind == "badge_issued");
    assert_eq!(issued.count(), 2);

    let another = json!({ "valid_days": 30 });
    let reused = office.ask(&office.desk, &office.worker, "one", &another);
    reused.await.expect_problem(422, "idempotency-key-reused");
    let short = office.ask(&office.desk, &office.worker, "three", &another);
    let short = short.await.expect(201);
    assert!(
        text(&short, "expires_at")
            <= office
                .world
                .in_future(Duration::from_secs(30 * 86_400))
                .as_str()
    );
    for days in [json!(0), json!(366), json!("30"), json!(1.5)] {
        let body = json!({ "valid_days": days });
        let asked = office.ask(&office.desk, &office.worker, "four", &body);
        let problem = asked.await;
        assert_eq!(problem.pointers(), ["/valid_days"], "{days}");
        problem.expect_problem(422, "invalid");
    }

    let path = format!("/v1/workers/{}/badges?limit=2", office.worker);
    let listed = office.world.call("GET", &path).token(&office.desk);
    let listed = listed.send().await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    assert!(listed["next_cursor"].is_string());
}

#[tokio::test]
async fn who_may_not_have_a_badge_gets_none() {
    let office = Office::open().await;
    let world = &office.world;
    let nothing = json!({});
    let body = &nothing;
    let stranger = world.agency(&["cleaning"], &[CENTRE]).await;
    let strangers_desk = world.desk(&stranger).await;
    let foreign = office.ask(&strangers_desk, &office.worker, "k", body);
    foreign.await.expect_problem(404, "not-found");
    let nobody = "wkr_00000000000000000000000000";
    let nobody = office.ask(&office.desk, nobody, "k", body);
    nobody.await.expect_problem(404, "not-found");
    let customer = world.customer("demo-customer-1").await;
    let customer = office.ask(&customer, &office.worker, "k", body);
    customer.await.expect_problem(403, "forbidden");
    let no_key = world.call("POST", &format!("/v1/workers/{}/badges", office.worker));
    let no_key = no_key.token(&office.desk).json(body).send().await;
    no_key.expect_problem(400, "idempotency-key-missing");

    let waiting = world.cleared_worker(&office.agency, &["cleaning"]).await.id;
    let pending = |worker: &mut domain::worker::Worker| {
        worker.standing = domain::agency::Standing::Pending;
    };
    world.change_worker(&waiting, pending).await;
    let waiting = office.ask(&office.desk, &waiting, "k", body);
    waiting.await.expect_problem(409, "worker-not-approved");

    let badge = office.issue("before").await;
    let badge = text(&badge, "badge_id");
    for path in [
        format!("/v1/badges/{badge}"),
        format!("/v1/badges/{badge}/qr.svg"),
    ] {
        let asked = world.call("GET", &path).token(&strangers_desk).send();
        asked.await.expect_problem(404, "not-found");
    }
    let decided = office.decide(&strangers_desk, badge, "revoke").await;
    decided.expect_problem(404, "not-found");

    world.review(&office.agency, "suspend").await.expect(200);
    let suspended = office.ask(&office.desk, &office.worker, "after", body);
    suspended.await.expect_problem(403, "agency-not-approved");
    let (status, ..) = office.printed(&office.desk, badge, "card.svg").await;
    assert_eq!(status, 403);
    // Revoking is always allowed.
    office
        .decide(&office.desk, badge, "suspend")
        .await
        .expect(200);
    let reinstated = office.decide(&office.desk, badge, "reinstate").await;
    reinstated.expect_problem(403, "agency-not-approved");
}

#[tokio::test]
async fn fifty_badges_at_once_are_fifty_badges() {
    let office = Office::open().await;
    let keys: Vec<String> = (0..50).map(|n| format!("key-{n}")).collect();
    let issued = join_all(keys.iter().map(|key| office.insist(key))).await;
    let ids: BTreeSet<&str> = issued.iter().map(|badge| text(badge, "badge_id")).collect();
    assert_eq!(ids.len(), 50);
    // The index is in bytes 10 to 13 of 80; the 66 after them do not matter here.
    let indexes: BTreeSet<String> = issued
        .iter()
        .map(|badge| place_of(text(badge, "token")))
        .collect();
    assert_eq!(indexes.len(), 50);
    let issued = office.kinds().await;
    let issued = issued.iter().filter(|kind| **kind == "badge_issued");
    assert_eq!(issued.count(), 50);
}

/// The status index of a token, in hexadecimal digits.
fn place_of(token: &str) -> String {
    let mut bytes = [0_u8; 80];
    for digit in token.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            *byte = value as u8;
            carry = value >> 8;
        }
    }
    bytes[10..14]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_badge_is_printed_as_code_and_as_card() {
    let office = Office::open().await;
    let badge = office.issue("one").await;
    let badge = text(&badge, "badge_id");
    let authority = office.world.authority().await;
    for token in [&office.desk, &authority] {
        let (status, media_type, bytes) = office.printed(token, badge, "qr.png").await;
        assert_eq!((status, media_type.as_str()), (200, "image/png"));
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        for print in ["qr.svg", "card.svg"] {
            let (status, media_type, bytes) = office.printed(token, badge, print).await;
            assert_eq!((status, media_type.as_str()), (200, "image/svg+xml"));
            let svg = String::from_utf8(bytes).expect("UTF-8");
            assert!(svg.starts_with("<svg"), "{print}");
            if print == "card.svg" {
                assert!(svg.contains("赵*") && svg.contains("b.homehail.cn"));
            }
        }
    }
    // The authority has seen her face, and she sees that, and what for.
    let card = "card.svg?purpose=%E5%A4%8D%E6%A0%B8";
    assert_eq!(office.printed(&authority, badge, card).await.0, 200);
    let blank = office.printed(&authority, badge, "card.svg?purpose=").await;
    assert_eq!(blank.0, 400);
    let (workers, id) = (office.world.workers(), office.worker.parse());
    let file = workers.open(&id.expect("a worker")).await;
    let file = file.expect("the tables answer").expect("a worker");
    let views = workers.views(&file, 10, None).await.expect("a page").items;
    let mut purposes: Vec<_> = views.into_iter().map(|view| view.purpose).collect();
    purposes.sort();
    let purposes: Vec<_> = purposes.iter().flatten().collect();
    assert_eq!(purposes, ["not stated", "复核"]);
    office
        .decide(&office.desk, badge, "revoke")
        .await
        .expect(200);
    let (status, media_type, _) = office.printed(&office.desk, badge, "card.svg").await;
    assert_eq!(
        (status, media_type.as_str()),
        (409, "application/problem+json")
    );
}

#[tokio::test]
async fn what_the_authority_suspends_no_agency_reinstates() {
    let office = Office::open().await;
    let badge = office.issue("one").await;
    let (badge, token) = (text(&badge, "badge_id"), text(&badge, "token"));
    let authority = office.world.authority().await;
    let desk = &office.desk;
    assert_eq!(office.scanned(token).await, "genuine");

    let suspended = office.decide(desk, badge, "suspend").await.expect(200);
    assert_eq!(suspended["status"], "suspended");
    assert_eq!(suspended["suspended_by"], "agency");
    assert_eq!(suspended["reason"], "the card was lost");
    assert_eq!(
        office.decide(desk, badge, "suspend").await.expect(200),
        suspended
    );
    assert_eq!(office.scanned(token).await, "suspended");
    let path = format!("/v1/workers/{}/badges", office.worker);
    let listed = office.world.call("GET", &path).token(desk).send().await;
    assert_eq!(listed.expect(200)["items"], json!([suspended]));
    let again = office.decide(desk, badge, "reinstate").await.expect(200);
    assert_eq!(again["status"], "valid");
    assert_eq!(again["reason"], Value::Null);
    assert_eq!(office.scanned(token).await, "genuine");

    office
        .decide(&authority, badge, "suspend")
        .await
        .expect(200);
    let refused = office.decide(desk, badge, "reinstate").await;
    refused.expect_problem(403, "forbidden");
    office
        .decide(&authority, badge, "reinstate")
        .await
        .expect(200);
    let revoked = office.decide(desk, badge, "revoke").await.expect(200);
    assert_eq!(
        (&revoked["status"], &revoked["token"]),
        (&json!("revoked"), &Value::Null)
    );
    assert_eq!(
        office.decide(&authority, badge, "revoke").await.expect(200),
        revoked
    );
    for decision in ["suspend", "reinstate"] {
        let refused = office.decide(&authority, badge, decision).await;
        refused.expect_problem(409, "conflict");
    }
    assert_eq!(office.scanned(token).await, "revoked");
    let kinds = office.kinds().await;
    let changes: Vec<&str> = kinds
        .into_iter()
        .filter(|kind| kind.starts_with("badge_"))
        .collect();
    let expected = [
        "badge_issued",
        "badge_suspended",
        "badge_suspended",
        "badge_suspended",
        "badge_suspended",
        "badge_revoked",
    ];
    assert_eq!(changes, expected);
}

#[tokio::test]
async fn the_status_list_is_served_until_it_changes() {
    let office = Office::open().await;
    let list = "/v1/badge-status-list?list=0";
    let badge = office.issue("one").await;
    office.world.drain().await;
    let (status, headers, first) = office.raw(list, HeaderMap::new()).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/statuslist+jwt");
    assert_eq!(headers["cache-control"], "public, max-age=900");
    let mut held = HeaderMap::new();
    held.insert("if-none-match", headers["etag"].clone());
    let (status, _, nothing) = office.raw(list, held.clone()).await;
    assert_eq!((status, nothing.len()), (304, 0));

    let badge = text(&badge, "badge_id");
    assert_eq!(office.listed(&first, badge).await, 0);
    office
        .decide(&office.desk, badge, "revoke")
        .await
        .expect(200);
    office.world.drain().await;
    let (status, _, second) = office.raw(list, held).await;
    assert_eq!(status, 200);
    assert_eq!(office.listed(&second, badge).await, 1);

    let there_is_none = office.world.call("GET", "/v1/badge-status-list?list=1");
    there_is_none.send().await.expect_problem(404, "not-found");
    let no_number = office.world.call("GET", "/v1/badge-status-list?list=x");
    no_number.send().await.expect_problem(400, "malformed");
}

/// What the independent verifier says of each of these texts.
fn verified(folder: &Path, now_s: i64, texts: &[&str]) -> Vec<String> {
    let mut child = Command::new("python3")
        .args([VERIFIER, "check"])
        .arg(folder)
        .args(["--now", &now_s.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut input = child.stdin.take().expect("its input");
    input
        .write_all(texts.join("\n").as_bytes())
        .expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    said.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_independent_program_verifies_badges_offline() {
    let has_python = Command::new("python3")
        .args(["-c", "import cryptography"])
        .stderr(Stdio::null())
        .status();
    if !has_python.is_ok_and(|status| status.success()) {
        not_checked("badges by an independent program: python3 has no module cryptography");
        return;
    }
    let office = Office::open().await;
    let mut badges = Vec::new();
    for key in ["good", "suspended", "revoked"] {
        badges.push(office.issue(key).await);
    }
    let decide =
        |n: usize, decision| office.decide(&office.desk, text(&badges[n], "badge_id"), decision);
    decide(1, "suspend").await.expect(200);
    decide(2, "revoke").await.expect(200);
    office.world.drain().await;

    let folder = tempfile::tempdir().expect("a folder");
    let fetch = || async {
        let (base, path) = (
            office.world.platform.base_url().to_owned(),
            folder.path().to_owned(),
        );
        let fetched = tokio::task::spawn_blocking(move || {
            Command::new("python3")
                .args([VERIFIER, "fetch", &base])
                .arg(path)
                .output()
        });
        let fetched = fetched.await.expect("a thread").expect("python runs");
        let why = String::from_utf8_lossy(&fetched.stderr);
        assert!(fetched.status.success(), "{why}");
        assert_eq!(fetched.stdout, b"1 lists kept\n");
    };
    fetch().await;

    let now_s = office.world.now().second();
    let good = text(&badges[0], "token");
    let last = if good.ends_with('1') { "2" } else { "1" };
    let forged = format!("{}{last}", &good[..192]);
    let tokens = [
        text(&badges[0], "url"),
        good,
        text(&badges[1], "token"),
        text(&badges[2], "token"),
        &forged,
        &good[1..],
    ];
    let said = verified(folder.path(), now_s, &tokens);
    let expected = [
        "valid",
        "valid",
        "suspended",
        "revoked",
        "not-genuine",
        "not-genuine",
    ];
    assert_eq!(said, expected);
    assert_eq!(
        verified(folder.path(), now_s + 25 * 3600, &[good]),
        ["unknown"]
    );
    assert_eq!(
        verified(folder.path(), now_s + 366 * 86_400, &[good]),
        ["expired"]
    );

    // Offline verifiers refuse a revoked badge as soon as the list that they kept has expired.
    decide(0, "revoke").await.expect(200);
    decide(1, "reinstate").await.expect(200);
    office.world.advance(Duration::from_secs(900)).await;
    fetch().await;
    let now_s = office.world.now().second();
    let tokens = [good, text(&badges[1], "token")];
    assert_eq!(
        verified(folder.path(), now_s, &tokens),
        ["revoked", "valid"]
    );
}

#[tokio::test]
async fn an_issue_that_is_cut_off_ends_as_one_badge_with_one_event() {
    for n in 1.. {
        let office = Office::open().await;
        let wire = office.world.platform.wire().clone();
        wire.cut_after("badge-issue", n);
        let badge = office.insist("one").await;
        let kinds = office.kinds().await;
        let issued = kinds.iter().filter(|kind| **kind == "badge_issued");
        assert_eq!(issued.count(), 1, "cut after {n}");
        assert_eq!(office.insist("one").await, badge, "cut after {n}");
        assert_eq!(office.scanned(text(&badge, "token")).await, "genuine");
        let id = office.worker.parse().expect("a worker");
        let badges = badges_of(&office.world).of_worker(&id).await;
        assert_eq!(badges.expect("the table answers").len(), 1);
        let happened = !wire.take_cuts().is_empty();
        office.world.platform.shutdown().await;
        if !happened {
            assert!(n > 10, "an issue and its repeat make more calls");
            break;
        }
    }
}

#[tokio::test]
async fn a_publisher_that_is_cut_off_leaves_a_list_that_the_next_one_replaces() {
    let list = "/v1/badge-status-list?list=0";
    for n in 1.. {
        assert!(n < 40, "badge-status makes too many calls for one change");
        let office = Office::open().await;
        let badge = office.issue("one").await;
        let badge = text(&badge, "badge_id");
        office.world.drain().await;
        let wire = office.world.platform.wire().clone();
        wire.cut_after("badge-status", n);
        let (_, _, before) = office.raw(list, HeaderMap::new()).await;
        assert_eq!(office.listed(&before, badge).await, 0, "cut after {n}");
        office
            .decide(&office.desk, badge, "revoke")
            .await
            .expect(200);
        office.world.advance(Duration::from_secs(900)).await;
        let (status, _, after) = office.raw(list, HeaderMap::new()).await;
        assert_eq!(status, 200);
        assert_eq!(office.listed(&after, badge).await, 1, "cut after {n}");
        let happened = !wire.take_cuts().is_empty();
        office.world.platform.shutdown().await;
        if !happened {
            assert!(n > 3, "a list is looked at, built and replaced");
            return;
        }
    }
}

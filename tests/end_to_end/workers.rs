//! Workers: registered by an agency, decided on by the authority, changed, traced.

mod persons;
mod sections;

use std::time::Duration;

use domain::chain::{ChainEvent, Hash, commitment};
use domain::check::IdNumber;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::log_watch;
use crate::world::{Agency, CENTRE, World, decision_on};

/// A number as it can be part of a name.
pub fn numerals(n: u64) -> String {
    let numerals = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let digits = n.to_string();
    let digits = digits.bytes().map(|digit| usize::from(digit - b'0'));
    digits.map(|digit| numerals[digit]).collect()
}

/// What an agency sends to register a worker whom no other test has.
pub fn registration(world: &World) -> Value {
    let n = world.unique();
    let born = 1971 + n / 1_000 % 28;
    let number =
        IdNumber::complete(&format!("230102{born}0412{:03}", n % 1_000)).expect("a number");
    let name = format!("钱工{}", numerals(n));
    let phone = format!("151{n:08}");
    for words in [name.as_str(), number.as_str(), &phone] {
        log_watch::keep_secret(words);
    }
    json!({
        "name": name, "id_number": number.as_str(), "phone": phone, "skills": ["cleaning"],
        "consent": { "text_version": "2026-01", "given_at": world.now().to_rfc3339() },
    })
}

impl World {
    pub async fn send_worker(&self, desk: &str, key: &str, body: &Value) -> Answer {
        let call = self.call("POST", "/v1/workers").token(desk).key(key);
        call.json(body).send().await
    }

    /// Registers a worker, who then waits for review; returns what was sent and what was answered.
    pub async fn new_worker(&self, desk: &str) -> (Value, Value) {
        let body = registration(self);
        let key = format!("worker-{}", self.unique());
        let answer = self.send_worker(desk, &key, &body).await.expect(201);
        (body, answer)
    }

    /// The authority looks at a worker, has confirmed her phone with her, and decides.
    pub async fn review_worker(&self, id: &Value, decision: &str) -> Answer {
        let token = self.authority().await;
        let shown = self.read_worker(&token, id).await.expect(200);
        let mut body = decision_on(&shown["version"], decision);
        body["phone_confirmed"] = json!(true);
        self.send_review(id, &body).await
    }

    /// The authority looks at what this agency proposes of a worker, who has agreed to it if it is approved, and decides.
    pub async fn review_proposal(&self, id: &Value, decision: &str, agency: &str) -> Answer {
        let body = self.proposal_decision(id, decision, agency).await;
        self.send_review(id, &body).await
    }

    pub async fn proposal_decision(&self, id: &Value, decision: &str, agency: &str) -> Value {
        if decision == "approve" {
            self.agree_by_hand(id, agency).await;
        }
        let token = self.authority().await;
        let shown = self.read_worker(&token, id).await.expect(200);
        let proposals = shown["proposals"].as_array().expect("proposals");
        let own = proposals.iter().find(|own| own["agency_id"] == agency);
        let own = own.expect("a proposal that waits");
        let mut body = decision_on(&own["version"], decision);
        body["proposal_id"] = own["proposal_id"].clone();
        body["phone_confirmed"] = json!(true);
        body
    }

    pub async fn send_review(&self, id: &Value, body: &Value) -> Answer {
        let token = self.authority().await;
        self.call("POST", &format!("/v1/workers/{}/reviews", text(id)))
            .token(&token)
            .json(body)
            .send()
            .await
    }

    /// A worker as this caller sees her.
    pub async fn read_worker(&self, token: &str, id: &Value) -> Answer {
        let path = format!("/v1/workers/{}?purpose=test", text(id));
        self.call("GET", &path).token(token).send().await
    }

    /// A token of the worker who has this phone.
    pub async fn worker_session(&self, phone: &Value) -> Answer {
        self.call("POST", "/v1/sessions/worker")
            .json(&json!({ "code": format!("demo-phone-{}", text(phone)) }))
            .send()
            .await
    }

    /// Stores a photo; of an approved worker it is a proposal.
    pub async fn put_photo(&self, desk: &str, id: &Value) -> Value {
        let path = format!("/v1/workers/{}/photo", text(id));
        let call = self.call("PUT", &path).token(desk);
        call.raw("image/jpeg", photo()).send().await.expect(200)
    }

    pub async fn badge_for(&self, desk: &str, id: &Value) -> Value {
        let path = format!("/v1/workers/{}/badges", text(id));
        let key = format!("badge-{}", self.unique());
        let call = self
            .call("POST", &path)
            .token(desk)
            .key(&key)
            .json(&json!({}));
        call.send().await.expect(201)
    }

    /// All events of the chain at `path`, with every link checked.
    pub async fn chain(&self, token: &str, path: &str) -> Vec<Value> {
        let (mut items, mut cursor, mut head) = (Vec::new(), None, None);
        loop {
            let at = cursor.map(|cursor: String| format!("&cursor={cursor}"));
            let path = format!("{path}limit=2{}", at.unwrap_or_default());
            let page = self
                .call("GET", &path)
                .token(token)
                .send()
                .await
                .expect(200);
            items.extend(page["items"].as_array().expect("items").clone());
            head = Some(page["head"].clone())
                .filter(|head| !head.is_null())
                .or(head);
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        let mut prev = Hash::NONE;
        for (place, item) in items.iter().enumerate() {
            let event: ChainEvent =
                serde_json::from_value(item["event"].clone()).expect("an event");
            assert_eq!((event.seq, event.prev), (place as u64 + 1, prev));
            assert_eq!(item["hash"], event.hash().to_string());
            if let Some(salt) = item["salt"].as_str() {
                let salt: Hash = salt.parse().expect("a salt");
                assert_eq!(
                    commitment(&salt.0, &item["payload"]),
                    event.payload_commitment
                );
            }
            prev = event.hash();
        }
        let head = head.expect("a head");
        assert_eq!(head["hash"], prev.to_string());
        assert_eq!(head["worker"], items[0]["event"]["worker"]);
        items
    }
}

/// The text of a JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

pub fn kinds(chain: &[Value]) -> Vec<&str> {
    chain
        .iter()
        .map(|item| text(&item["event"]["kind"]))
        .collect()
}

/// An approved agency, and its token.
pub async fn with_agency(world: &World) -> (Agency, String) {
    let agency = world.agency(&["cleaning", "cooking"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    (agency, desk)
}

#[tokio::test]
async fn a_registered_worker_waits_is_approved_and_can_log_in() {
    let world = World::empty().await;
    let (agency, desk) = with_agency(&world).await;
    let (sent, answer) = world.new_worker(&desk).await;
    let id = &answer["worker_id"];
    assert_eq!(
        (&answer["status"], &answer["agency_id"]),
        (&json!("pending"), &json!(agency.id))
    );
    let masked = text(&answer["id_number"]);
    assert_eq!(masked.chars().filter(|c| *c == '*').count(), 16);
    assert!(
        answer["sections"]
            .as_array()
            .expect("nine")
            .iter()
            .all(|s| s["state"] != "clear")
    );
    world
        .worker_session(&sent["phone"])
        .await
        .expect_problem(401, "bad-credentials");

    let authority = world.authority().await;
    let path = "/v1/reviews?kind=worker";
    let waiting = world
        .call("GET", path)
        .token(&authority)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &waiting["items"][0]["worker_id"],
            waiting["items"].as_array().map(Vec::len)
        ),
        (id, Some(1))
    );
    for _ in 0..2 {
        let seen = world.review_worker(id, "approve").await.expect(200);
        assert_eq!(seen["status"], "approved");
    }
    world.review_worker(id, "reinstate").await.expect(200);
    world
        .review_worker(id, "reject")
        .await
        .expect_problem(409, "conflict");
    let waiting = world
        .call("GET", path)
        .token(&authority)
        .send()
        .await
        .expect(200);
    assert_eq!(waiting["items"], json!([]));

    let session = world.worker_session(&sent["phone"]).await.expect(200);
    assert_eq!(session["subject"], *id);
    let listed = world
        .call("GET", "/v1/workers")
        .token(&desk)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &listed["items"][0]["worker_id"],
            &listed["items"][0]["name"]
        ),
        (id, &sent["name"])
    );
    let trace = format!("/v1/workers/{}/trace?", text(id));
    let chain = world.chain(&desk, &trace).await;
    assert_eq!(kinds(&chain), ["registered", "consent_given", "reviewed"]);
    assert!(
        chain.iter().all(|item| item["payload"].is_null()),
        "not for the agency"
    );
    let chain = world
        .chain(&authority, &format!("{trace}purpose=audit&"))
        .await;
    assert_eq!(chain[0]["payload"]["name"], sent["name"]);
}

#[tokio::test]
async fn only_approved_agencies_register_workers_and_all_faults_are_named() {
    let world = World::empty().await;
    let pending = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&pending).await;
    let body = registration(&world);
    world
        .send_worker(&desk, "k", &body)
        .await
        .expect_problem(403, "agency-not-approved");
    let (_, desk) = with_agency(&world).await;
    let missing = world
        .call("POST", "/v1/workers")
        .token(&desk)
        .json(&body)
        .send()
        .await;
    missing.expect_problem(400, "idempotency-key-missing");
    let customer = world.customer("demo-customer-1").await;
    world
        .send_worker(&customer, "k", &body)
        .await
        .expect_problem(403, "forbidden");

    let later = world.in_future(Duration::from_secs(3_600));
    let cases = [
        ("/id_number", json!("110105194912310021")),
        ("/id_number", json!("110105194902300021")),
        ("/id_number", json!("1101051949123100")),
        ("/consent", Value::Null),
        (
            "/consent/given_at",
            json!({ "text_version": "1", "given_at": later }),
        ),
        ("/skills", json!([])),
        ("/phone", json!("1")),
    ];
    for (pointer, value) in cases {
        let mut bad = body.clone();
        bad[pointer.split('/').nth(1).expect("a field")] = value;
        let answer = world.send_worker(&desk, "k", &bad).await;
        assert_eq!(
            (answer.status, answer.pointers()),
            (422, vec![pointer.to_owned()])
        );
    }
    let answer = world.send_worker(&desk, "k", &json!({})).await;
    assert_eq!(
        answer.pointers(),
        ["/consent", "/id_number", "/name", "/phone", "/skills"]
    );
}

#[tokio::test]
async fn a_repeat_is_answered_the_same_and_another_body_is_refused() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let mut body = registration(&world);
    body["id_number"] = json!("11010519651231002x");
    let first = world.send_worker(&desk, "k", &body).await.expect(201);
    assert_eq!(
        world.send_worker(&desk, "k", &body).await.expect(201),
        first
    );
    let mut other = body.clone();
    other["name"] = json!("钱工");
    world
        .send_worker(&desk, "k", &other)
        .await
        .expect_problem(422, "idempotency-key-reused");
    // The same person, with a capital X in her ID number.
    body["id_number"] = json!("11010519651231 002Ｘ");
    world
        .send_worker(&desk, "l", &body)
        .await
        .expect_problem(409, "worker-exists");
}

#[tokio::test]
async fn a_phone_is_one_approved_worker_s() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (sent, first) = world.new_worker(&desk).await;
    let mut body = registration(&world);
    body["phone"] = sent["phone"].clone();
    let second = world.send_worker(&desk, "second", &body).await.expect(201);
    world
        .review_worker(&first["worker_id"], "approve")
        .await
        .expect(200);
    let taken = world.review_worker(&second["worker_id"], "approve").await;
    taken.expect_problem(409, "phone-taken");
    // The first one gets another phone once the authority has approved it, and the second one can have hers.
    let path = format!("/v1/workers/{}", text(&first["worker_id"]));
    let change = json!({ "phone": "15399990000", "skills": ["cooking"] });
    for _ in 0..2 {
        let call = world.call("PATCH", &path).token(&desk).json(&change);
        let seen = call.send().await.expect(200);
        assert_eq!(seen["phone"], sent["phone"], "the old one serves");
        assert_eq!(seen["pending_changes"]["phone"], "15399990000");
        assert_eq!(seen["pending_changes"]["skills"], json!(["cooking"]));
    }
    let taken = world.review_worker(&second["worker_id"], "approve").await;
    taken.expect_problem(409, "phone-taken");
    let changed = world.review_worker(&first["worker_id"], "approve").await;
    assert_eq!(changed.expect(200)["skills"], json!(["cooking"]));
    world
        .review_worker(&second["worker_id"], "approve")
        .await
        .expect(200);
    let session = world.worker_session(&sent["phone"]).await.expect(200);
    assert_eq!(session["subject"], second["worker_id"]);
    let chain = world.chain(&desk, &format!("{path}/trace?")).await;
    assert_eq!(
        kinds(&chain)[2..],
        ["reviewed", "correction", "reviewed"],
        "the repeat added nothing"
    );
}

#[tokio::test]
async fn another_agency_learns_nothing_until_the_authority_moves_the_worker() {
    let world = World::empty().await;
    let (old, old_desk) = with_agency(&world).await;
    let new = world
        .agency(&["cleaning", "cooking", "elder_care"], &[CENTRE])
        .await;
    let new_desk = world.desk(&new).await;
    let (sent, worker) = world.new_worker(&old_desk).await;
    let id = &worker["worker_id"];
    world.put_photo(&old_desk, id).await;
    world.review_worker(id, "approve").await.expect(200);
    world.badge_for(&old_desk, id).await;

    let mut body = sent.clone();
    body["skills"] = json!(["elder_care"]);
    let proposed = world.send_worker(&new_desk, "k", &body).await.expect(201);
    assert_eq!(proposed["status"], "pending");
    assert!(!proposed.to_string().contains(&old.id), "{proposed}");
    assert_eq!(
        world.send_worker(&new_desk, "k", &body).await.expect(201),
        proposed
    );
    world
        .send_worker(&new_desk, "l", &body)
        .await
        .expect_problem(409, "worker-exists");
    assert_eq!(world.read_worker(&new_desk, id).await.expect(200), proposed);
    let trace = format!("/v1/workers/{}/trace?", text(id));
    let chain = world.chain(&old_desk, &trace).await;
    assert!(
        !json!(chain).to_string().contains(&new.id),
        "nor the employer of the other"
    );

    let authority = world.authority().await;
    let waiting = world
        .call("GET", "/v1/reviews?kind=worker")
        .token(&authority)
        .send()
        .await;
    let waiting = waiting.expect(200);
    assert_eq!(waiting["items"][0]["agency_id"], json!(new.id));
    assert_eq!(
        waiting["items"][0]["pending_changes"]["skills"],
        json!(["elder_care"])
    );
    let repeated = world.review_worker(id, "approve").await.expect(200);
    assert_eq!(
        (&repeated["agency_id"], &repeated["status"]),
        (&json!(old.id), &json!("approved")),
        "the first approval, sent again, moves nobody"
    );
    let kept = world.review_proposal(id, "reject", &new.id).await;
    let kept = kept.expect(200);
    assert_eq!(
        (&kept["agency_id"], &kept["status"]),
        (&json!(old.id), &json!("approved"))
    );
    // It hears that, and no more.
    let turned_down = world.send_worker(&new_desk, "k", &body).await.expect(201);
    assert_eq!(turned_down["status"], "rejected");
    let seen = world.read_worker(&new_desk, id).await.expect(200);
    assert_eq!(seen, turned_down);

    // It may correct itself.
    let correction = json!({ "skills": ["elder_care", "cooking"] });
    let path = format!("/v1/workers/{}", text(id));
    let call = world.call("PATCH", &path).token(&new_desk);
    let again = call.json(&correction).send().await.expect(200);
    assert_eq!(again["status"], "pending");
    let call = world.call("PATCH", &path).token(&new_desk);
    let call = call.json(&json!({ "skills": ["elder_care"] }));
    call.send().await.expect(200);
    let decision = world.proposal_decision(id, "approve", &new.id).await;
    for _ in 0..2 {
        let moved = world.send_review(id, &decision).await;
        let moved = moved.expect(200);
        assert_eq!(
            (&moved["agency_id"], &moved["skills"]),
            (&json!(new.id), &json!(["elder_care"]))
        );
    }
    world
        .read_worker(&old_desk, id)
        .await
        .expect_problem(404, "not-found");
    let chain = world.chain(&new_desk, &trace).await;
    assert_eq!(
        kinds(&chain)[chain.len() - 4..],
        [
            "reviewed",
            "employer_changed",
            "consent_given",
            "badge_revoked"
        ]
    );
}

/// A JPEG whose metadata says where it was taken.
pub fn photo() -> Vec<u8> {
    let jpeg = include_bytes!("photo.jpg");
    let segment = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 45.7700 126.6270";
    let length = u16::try_from(segment.len() + 2)
        .expect("short")
        .to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, segment, &jpeg[2..]].concat()
}

#[tokio::test]
async fn a_photo_is_stored_without_where_it_was_taken() {
    let world = World::empty().await;
    let (_, desk) = with_agency(&world).await;
    let (_, worker) = world.new_worker(&desk).await;
    let path = format!("/v1/workers/{}/photo", text(&worker["worker_id"]));
    let put = |media_type: &'static str, bytes: Vec<u8>| {
        world
            .call("PUT", &path)
            .token(&desk)
            .raw(media_type, bytes)
            .send()
    };
    put("text/plain", photo())
        .await
        .expect_problem(415, "unsupported-media-type");
    put("IMAGE/JPG", photo()).await.expect(200);
    put("image/jpeg", b"GIF89a".to_vec())
        .await
        .expect_problem(422, "invalid");
    put("image/jpeg", vec![0xff; 1024 * 1024 + 1])
        .await
        .expect_problem(413, "too-large");
    // The content counts, not the media type.
    for _ in 0..2 {
        let seen = put("image/png", photo()).await.expect(200);
        assert_eq!(seen["photo"]["media_type"], "image/jpeg");
    }
    let url = format!("{}{path}", world.platform.base_url());
    let stored = world
        .client
        .get(&url)
        .bearer_auth(&desk)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (stored.status().as_u16(), &stored.headers()["content-type"]),
        (200, &"image/jpeg".parse().expect("a value"))
    );
    let stored = stored.bytes().await.expect("a photo");
    assert!(stored.starts_with(&[0xff, 0xd8]) && !stored.windows(3).any(|w| w == b"GPS"));
    let id = &worker["worker_id"];
    world.review_worker(id, "approve").await.expect(200);
    let trace = format!("/v1/workers/{}/trace?", text(id));
    assert_eq!(
        world.chain(&desk, &trace).await.len(),
        4,
        "one event, however often it is sent"
    );
}

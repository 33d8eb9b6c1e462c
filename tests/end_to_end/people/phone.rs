use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Answer;
use crate::log_watch;
use crate::workers::text;
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

impl World {
    async fn ask_for_code(&self, phone: &str) -> Answer {
        let call = self.call("POST", "/v1/sessions/phone-code");
        call.json(&json!({ "phone": phone })).send().await
    }

    /// What was sent to this phone last.
    async fn code_sent_to(&self, phone: &str) -> Option<String> {
        let url = format!("{}/{phone}", self.platform.sent_codes());
        let answer = self.client.get(url).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        let code = answer["code"].as_str().map(str::to_owned);
        code.inspect(|code| log_watch::keep_secret(code))
    }

    async fn with_code(&self, phone: &str, code: &str, whose: &str) -> Answer {
        let body = json!({ "phone": phone, "code": code, "as": whose });
        self.call("POST", "/v1/sessions/phone")
            .json(&body)
            .send()
            .await
    }
}

#[tokio::test]
async fn a_code_to_the_phone_logs_in_a_customer_and_a_worker_whose_phone_was_confirmed() {
    let world = World::empty().await;
    let phone = "13712345601";
    assert!(world.ask_for_code(phone).await.expect(202).is_null());
    let code = world.code_sent_to(phone).await.expect("a code");
    let typed = format!(" +86 {} ", phone);
    let session = world.with_code(&typed, &code, "customer").await.expect(200);
    assert!(text(&session["subject"]).starts_with("cus_"));
    world.refresh(&session).await.expect(200);
    let used = world.with_code(phone, &code, "customer").await;
    used.expect_problem(401, "bad-credentials");
    world.advance(MINUTE).await;
    world.ask_for_code(phone).await.expect(202);
    let code = world.code_sent_to(phone).await.expect("a code");
    let again = world.with_code(phone, &code, "customer").await.expect(200);
    assert_eq!(again["subject"], session["subject"]);

    let (sent, id, _, _) = crate::own_record::approved(&world).await;
    let hers = text(&sent["phone"]);
    let stranger = "13712345602";
    for phone in [hers, stranger] {
        let answer = world.ask_for_code(phone).await;
        assert!(answer.expect(202).is_null(), "the same whoever it is");
    }
    let code = world.code_sent_to(hers).await.expect("a code");
    let session = world.with_code(hers, &code, "worker").await.expect(200);
    assert_eq!(session["subject"], id);
    let code = world.code_sent_to(stranger).await.expect("a code");
    let nobody = world.with_code(stranger, &code, "worker").await;
    nobody.expect_problem(401, "bad-credentials");

    let faults = world.with_code("1", "12", "agency").await;
    assert_eq!((faults.status, faults.pointers().len()), (422, 3));
}

#[tokio::test]
async fn codes_are_few_end_soon_and_cannot_be_guessed() {
    let world = World::empty().await;
    let (phone, start) = ("13712345603", world.now());
    // Noon in China, so that the day does not end meanwhile.
    let noon = domain::time::Millis::day_begins(start.day() + 1) + 12 * 60 * MINUTE;
    world.advance(noon.since(start)).await;
    world.ask_for_code(phone).await.expect(202);
    let code = world.code_sent_to(phone).await.expect("a code");
    let soon = world.ask_for_code(phone).await;
    let wait = soon.headers["retry-after"].to_str().expect("ASCII");
    assert!(["60", "61"].contains(&wait), "{wait}");
    soon.expect_problem(429, "rate-limited");
    assert_eq!(world.code_sent_to(phone).await.as_ref(), Some(&code));
    // A code too late.
    world.advance(5 * MINUTE).await;
    let late = world.with_code(phone, &code, "customer").await;
    late.expect_problem(401, "bad-credentials");
    // Five wrong ones, and the right one is none any more.
    world.ask_for_code(phone).await.expect(202);
    let code = world.code_sent_to(phone).await.expect("a code");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        let answer = world.with_code(phone, wrong, "customer").await;
        answer.expect_problem(401, "bad-credentials");
    }
    let right = world.with_code(phone, &code, "customer").await;
    right.expect_problem(401, "bad-credentials");
    // Ten a day.
    for _ in 2..10 {
        world.advance(MINUTE).await;
        world.ask_for_code(phone).await.expect(202);
    }
    world.advance(MINUTE).await;
    let most = world.ask_for_code(phone).await;
    most.expect_problem(429, "rate-limited");
    world.ask_for_code("13712345604").await.expect(202);
    world.advance(12 * 60 * MINUTE).await;
    world.ask_for_code(phone).await.expect(202);
}

/// Wherever sending a code or logging in by it is cut off, the next code a minute later is as good as any.
#[tokio::test]
async fn logging_in_by_phone_cut_off_anywhere_works_with_the_next_code() {
    let phone = "13712345605";
    for n in 1.. {
        assert!(n < 20, "sessions makes too many calls for a login by phone");
        let world = World::empty().await;
        let wire = world.platform.wire().clone();
        wire.cut_after("sessions", n);
        let first = world.ask_for_code(phone).await.status;
        if let Some(code) = world.code_sent_to(phone).await {
            world.with_code(phone, &code, "customer").await;
        } else {
            assert!(first >= 500, "a code that was not sent is not promised");
        }
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("sessions", 1_000);
        world.advance(MINUTE).await;
        world.ask_for_code(phone).await.expect(202);
        let code = world.code_sent_to(phone).await.expect("a code");
        world.with_code(phone, &code, "customer").await.expect(200);
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "sessions was never called");
            return;
        }
    }
}

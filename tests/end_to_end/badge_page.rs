//! The badge page as anyone sees it who scans a badge. All forgeries get the same answer and cost nothing.

mod wearer;

use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_sdk_dynamodb::types::AttributeValue;
use badge::{BadgeFields, Token};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::agency::Standing;
use domain::badge::BadgeDecision;
use domain::credit::{Recorded, Section};
use domain::id::{AgencyId, BadgeId, WorkerId};
use domain::time::Millis;
use local::platform::Options;
use serde_json::{Value, json};

use crate::workforce::entry;
use crate::world::World;
use wearer::{DAY, Wearer, unissued};

#[tokio::test]
async fn a_genuine_badge_says_whose_it_is_and_how_she_stands() {
    let wearer = Wearer::new().await;
    let body = wearer.scan().await;
    assert_eq!(body["result"], "genuine");
    assert_eq!(body["standing"], "clear");
    assert_eq!(body["name"], "赵*");
    let agency = body["agency"].as_str().expect("a name");
    assert!(agency.contains("家政服务有限公司"), "{agency}");
    let as_of = Millis::parse_rfc3339(body["as_of"].as_str().expect("a time")).expect("a time");
    assert!(wearer.world.now().since(as_of) < Duration::from_secs(60));
    let sections = body["sections"].as_array().expect("sections");
    assert_eq!(sections.len(), 8);
    for section in sections {
        assert_eq!(section["state"], "clear");
        let names: Vec<_> = section.as_object().expect("a section").keys().collect();
        assert_eq!(names, ["as_of", "section", "state"]);
    }
    let text = body.to_string();
    for secret in [
        &wearer.hired.name,
        &wearer.hired.id_number,
        &wearer.hired.phone,
        &wearer.hired.id,
    ] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
    // Three reads and one message.
    let before = wearer.calls();
    wearer.scan().await;
    assert_eq!(wearer.calls() - before, 4);
}

#[tokio::test]
async fn wechat_finds_its_check_file_at_the_root_and_under_the_badges_links() {
    let check = [
        ("WeChatCheckFile", "x8Jz2kQ0aB.txt"),
        ("WeChatCheckText", "5d41402abc4b2a76b9719d911017c592"),
    ];
    let parameters = check.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let world = World::with(Options {
        parameters: parameters.into(),
        ..Options::default()
    })
    .await;
    let get = async |path: &str| world.call("GET", path).send().await;
    for path in ["/x8Jz2kQ0aB.txt", "/b/x8Jz2kQ0aB.txt"] {
        let file = get(path).await;
        assert_eq!(file.headers["content-type"], "text/plain");
        assert_eq!(file.expect(200), "5d41402abc4b2a76b9719d911017c592");
        let head = world.call("HEAD", path).send().await;
        assert_eq!(head.expect(200), Value::Null);
    }
    let other = get("/other.txt").await;
    other.expect_problem(404, "not-found");
    let json = ("accept", "application/json");
    let other = world.call("GET", "/b/other.txt").header(json.0, json.1);
    assert_eq!(other.send().await.expect(200)["result"], "not_genuine");
    let usage = world.platform.wire().usage("badge-verify");
    assert!(usage.calls.is_empty(), "nothing was read: {usage:?}");
    // Without the parameters there is no such file, also not one without a name.
    let world = World::empty().await;
    for path in ["/x8Jz2kQ0aB.txt", "/b/"] {
        let answer = world.call("GET", path).send().await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_phone_s_code_says_the_same_for_a_minute() {
    let wearer = Wearer::new().await;
    let path = format!("/p/{}", wearer.code());
    assert_eq!(wearer.json(&path).await["result"], "genuine");
    wearer.world.skip(Duration::from_secs(90));
    assert_eq!(wearer.json(&path).await["result"], "not_genuine");
    let fresh = format!("/p/{}", wearer.code());
    assert_eq!(wearer.json(&fresh).await["standing"], "clear");
    // Neither code is accepted as the other.
    let swapped = format!("/p/{}", wearer.token);
    assert_eq!(wearer.json(&swapped).await["result"], "not_genuine");
}

#[tokio::test]
async fn the_page_is_one_document_in_the_reader_s_language() {
    let wearer = Wearer::with_skills(&["elder_care"]).await;
    let path = format!("/b/{}", wearer.token);
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (status, headers, page) = wearer.see(&path, browser, "zh-CN,zh;q=0.9,en;q=0.8").await;
    assert_eq!(status, 200);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept, accept-language"),
        ("content-language", "zh-CN, en"),
    ] {
        assert_eq!(headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    let policy = &headers["content-security-policy"];
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(page.len() < 15_000, "{}", page.len());
    assert!(
        page.starts_with("<!doctype html><html lang=\"zh-CN\">"),
        "{page}"
    );
    for words in [
        "证件真实",
        "Genuine badge",
        "诚信信息正常",
        "赵*",
        "Scan from within your order to see whether this is your worker.",
        // Elder care requires it.
        "体温",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for secret in [
        &wearer.hired.name,
        &wearer.hired.id_number,
        &wearer.hired.phone,
    ] {
        assert!(!page.contains(secret.as_str()));
    }
    let (_, headers, page) = wearer.see(&path, "*/*", "en").await;
    assert!(page.starts_with("<!doctype html><html lang=\"en\">"));
    assert_eq!(headers["content-language"], "en, zh-CN");
}

/// Whatever is wrong before the signature holds, the answer is the same to the byte, and costs no call at all.
#[tokio::test]
async fn forgeries_are_alike_to_the_byte_and_read_nothing() {
    let wearer = Wearer::new().await;
    let fields = wearer.fields();
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).expect("a key");
    let forged = |bytes: &[u8], fields: BadgeFields, pair: &Ed25519KeyPair| {
        let signature = pair.sign(bytes).as_ref().try_into().expect("64 bytes");
        Token::assemble(fields, signature).digits()
    };
    let altered = |change: &dyn Fn(&mut BadgeFields)| {
        let mut altered = fields.clone();
        change(&mut altered);
        forged(&fields.signing_bytes(), altered, &wearer.pair)
    };
    let other_prefix = [
        b"homehail-event-v1\0".as_slice(),
        &fields.signing_bytes()[18..],
    ]
    .concat();
    let token = &wearer.token;
    let last = if token.ends_with('0') { "1" } else { "0" };
    let mut forgeries = vec![
        forged(&fields.signing_bytes(), fields.clone(), &stranger),
        forged(&other_prefix, fields.clone(), &wearer.pair),
        altered(&|fields| fields.expires_day += 1),
        altered(&|fields| fields.expires_day = 1),
        altered(&|fields| fields.index += 1),
        altered(&|fields| fields.badge = BadgeId::from_bytes(&[0; 8])),
        wearer.signed(BadgeFields {
            kid: 8,
            ..fields.clone()
        }),
        format!("{}{last}", &token[..192]),
        token[..192].to_owned(),
        format!("{token}0"),
        "9".repeat(193),
        "0".repeat(193),
        "1".to_owned(),
        "x".repeat(193),
        // Digits that are not ASCII, and bytes that are not text.
        "%EF%BC%91".repeat(193),
        "%FF%FE".to_owned(),
        format!("%3{}{}", &token[..1], &token[1..]),
        "..%2f..%2fv1%2forders".to_owned(),
        "7".repeat(7_000),
    ];
    // An unknown version: the first byte is two.
    let two = BadgeFields {
        kid: 7,
        ..fields.clone()
    };
    let digits = wearer.signed(two);
    forgeries.push(format!(
        "{}{}",
        (digits.as_bytes()[0] - b'0' + 2) % 10,
        &digits[1..]
    ));

    for (accept, language) in [
        ("application/json", "en"),
        ("text/html", "zh"),
        ("text/html", "en"),
    ] {
        let before = wearer.calls();
        let expected = wearer
            .see(&format!("/b/{}", "1".repeat(193)), accept, language)
            .await;
        assert_eq!(expected.0, 200);
        for forgery in &forgeries {
            let seen = wearer.see(&format!("/b/{forgery}"), accept, language).await;
            assert_eq!(seen, expected, "{} characters", forgery.len());
        }
        let codes = [
            wearer.code().replace('1', "2"),
            "0".repeat(70),
            token.clone(),
        ];
        for code in codes {
            let seen = wearer.see(&format!("/p/{code}"), accept, language).await;
            assert_eq!(seen, expected);
        }
        assert_eq!(wearer.calls(), before, "a forgery cost a call");
    }
    let body = wearer.json("/b/1").await;
    assert_eq!(
        body,
        json!({ "result": "not_genuine", "standing": null, "name": null, "agency": null, "as_of": null, "sections": [] })
    );
    assert_eq!(wearer.scans().await.len(), 0);
}

#[tokio::test]
async fn what_was_signed_but_not_issued_is_not_genuine() {
    let wearer = Wearer::new().await;
    let unknown = wearer.signed(BadgeFields {
        badge: BadgeId::from_bytes(&[5; 8]),
        ..wearer.fields()
    });
    let other_day = wearer.signed(BadgeFields {
        expires_day: wearer.badge.expires_day + 1,
        ..wearer.fields()
    });
    for token in [unknown, other_day] {
        let body = wearer.json(&format!("/b/{token}")).await;
        assert_eq!(body["result"], "not_genuine");
        assert_eq!(body["name"], Value::Null);
    }
}

#[tokio::test]
async fn a_badge_is_suspended_reinstated_and_revoked() {
    let wearer = Wearer::new().await;
    for (decision, result) in [
        (BadgeDecision::Suspend, "suspended"),
        (BadgeDecision::Reinstate, "genuine"),
        (BadgeDecision::Revoke, "revoked"),
    ] {
        wearer.decide(decision).await;
        let body = wearer.scan().await;
        assert_eq!(body["result"], result);
        assert_eq!(body["name"], "赵*");
        assert_eq!(body["standing"].is_null(), result != "genuine");
        let on_phone = wearer.json(&format!("/p/{}", wearer.code())).await;
        assert_eq!(on_phone["result"], result);
    }
}

#[tokio::test]
async fn a_badge_is_worth_what_its_worker_and_agency_are() {
    let wearer = Wearer::new().await;
    wearer
        .world
        .review(&wearer.agency, "suspend")
        .await
        .expect(200);
    assert_eq!(wearer.scan().await["result"], "suspended");
    wearer
        .world
        .review(&wearer.agency, "reinstate")
        .await
        .expect(200);
    assert_eq!(wearer.scan().await["result"], "genuine");

    let set = |standing| move |worker: &mut domain::worker::Worker| worker.standing = standing;
    let (world, id) = (&wearer.world, &wearer.hired.id);
    world.change_worker(id, set(Standing::Suspended)).await;
    assert_eq!(wearer.scan().await["result"], "suspended");
    world.change_worker(id, set(Standing::Approved)).await;
    assert_eq!(wearer.scan().await["result"], "genuine");
    let elsewhere = AgencyId::from_bytes(&[7; 16]);
    world
        .change_worker(id, move |worker| worker.agency = elsewhere.clone())
        .await;
    assert_eq!(wearer.scan().await["result"], "revoked");
}

#[tokio::test]
async fn a_badge_expires_at_the_end_of_its_last_day() {
    let wearer = Wearer::new().await;
    let left = wearer.badge.expires_at().since(wearer.world.now());
    let code = |wearer: &Wearer| format!("/p/{}", wearer.code());
    wearer.world.skip(left - Duration::from_secs(5));
    assert_eq!(wearer.scan().await["result"], "genuine");
    wearer.world.skip(Duration::from_secs(5));
    let before = wearer.calls();
    let body = wearer.scan().await;
    assert_eq!(body["result"], "expired");
    assert_eq!(body["name"], Value::Null);
    // Nothing is read, and the scan is logged.
    assert_eq!(wearer.calls() - before, 1);
    assert_eq!(wearer.json(&code(&wearer)).await["result"], "expired");
}

#[tokio::test]
async fn the_standing_is_never_clear_from_absence() {
    let wearer = Wearer::new().await;
    let standing = async || wearer.scan().await["standing"].clone();
    assert_eq!(standing().await, "clear");
    // Courts' sections hold a day.
    wearer.world.skip(Duration::from_secs(25 * 3600));
    let body = wearer.scan().await;
    assert_eq!(body["standing"], "unverified");
    let state = |body: &Value, name: &str| {
        let mut sections = body["sections"].as_array().expect("sections").iter();
        let found = sections.find(|section| section["section"] == name);
        found.expect("the section")["state"].clone()
    };
    assert_eq!(state(&body, "dishonesty"), "stale");
    assert_eq!(state(&body, "judicial_enforcement"), "stale");

    let now = wearer.world.now();
    let flagged = entry(Recorded::Flagged, now);
    wearer
        .world
        .record(&wearer.hired.id, Section::Dishonesty, flagged)
        .await;
    assert_eq!(standing().await, "attention");

    let stranger = wearer
        .world
        .worker_with(&wearer.agency, &["cleaning"], Default::default());
    let stranger = stranger.await;
    let mut other = Wearer {
        badge: unissued(&wearer.world, &wearer.agency, &stranger),
        hired: stranger,
        ..wearer
    };
    other.badge.id = BadgeId::from_bytes(&[3; 8]);
    other.issue(4_712).await;
    assert_eq!(other.scan().await["standing"], "unverified");
}

#[tokio::test]
async fn every_scan_is_logged_and_the_worker_sees_it() {
    let wearer = Wearer::new().await;
    wearer.scan().await;
    wearer.world.skip(Duration::from_secs(1));
    wearer.json(&format!("/p/{}", wearer.code())).await;
    let scans = wearer.scans().await;
    assert_eq!(scans.len(), 2);
    for scan in &scans {
        assert_eq!(scan["re"], AttributeValue::S("genuine".to_owned()));
        assert_eq!(scan["by"], AttributeValue::S("public".to_owned()));
        assert!(!scan.contains_key("pl"));
        let ttl: i64 = scan["ttl"]
            .as_n()
            .expect("a number")
            .parse()
            .expect("seconds");
        let at: i64 = scan["at"]
            .as_n()
            .expect("a number")
            .parse()
            .expect("milliseconds");
        assert_eq!(ttl, at / 1000 + 90 * 86_400);
    }
    let worker: WorkerId = wearer.hired.id.parse().expect("a worker");
    let views = wearer
        .items("WORKERS_TABLE", format!("V#{}", worker.bare()))
        .await;
    assert_eq!(views.len(), 2);

    // A scan of her expired badge, for which nothing was read, is listed too.
    wearer.world.skip(DAY * 201);
    wearer.scan().await;
    assert_eq!(wearer.scans().await.len(), 3);
    let views = wearer
        .items("WORKERS_TABLE", format!("V#{}", worker.bare()))
        .await;
    assert_eq!(views.len(), 3);
}

#[tokio::test]
async fn a_message_that_comes_twice_is_one_line() {
    let wearer = Wearer::new().await;
    for n in 1..=4 {
        wearer.world.platform.wire().cut_after("scan-log", n);
        wearer.scan().await;
        wearer.world.advance(Duration::from_secs(61)).await;
        wearer.world.platform.wire().take_cuts();
        assert_eq!(wearer.scans().await.len(), n as usize, "cut after call {n}");
    }
}

#[tokio::test]
async fn a_link_preview_is_no_scan() {
    let wearer = Wearer::new().await;
    let path = format!("/b/{}", wearer.token);
    for accept in ["text/html", "application/json"] {
        let call = wearer.world.call("HEAD", &path).header("accept", accept);
        call.send().await.expect(200);
    }
    assert_eq!(wearer.scans().await.len(), 0);
}

#[tokio::test]
async fn a_badge_in_two_distant_places_raises_an_event() {
    let wearer = Wearer::new().await;
    let edge = wearer.world.setting("EDGE_SECRET");
    let scan_past = async |secret: &str, agent: &str, lat: &str, lon: &str| {
        wearer
            .world
            .call("GET", &format!("/b/{}", wearer.token))
            .header("accept", "application/json")
            .header("user-agent", agent)
            .header("cloudfront-viewer-latitude", lat)
            .header("cloudfront-viewer-longitude", lon)
            .header("x-homehail-edge", secret)
            .send()
            .await
            .expect(200);
        // The message first: if it took longer, it would come a second time.
        wearer.world.drain().await;
        wearer.world.skip(Duration::from_secs(300));
    };
    let scan = async |agent: &str, lat: &str, lon: &str| scan_past(&edge, agent, lat, lon).await;
    let events = async || {
        wearer.world.drain().await;
        let queue = wearer.world.queue_url("events");
        let sqs = aws_sdk_sqs::Client::new(&wearer.world.platform.operator_sdk_config());
        let mut found = Vec::new();
        loop {
            let some = sqs
                .receive_message()
                .queue_url(&queue)
                .max_number_of_messages(10);
            let some = some
                .send()
                .await
                .expect("an answer")
                .messages
                .unwrap_or_default();
            if some.is_empty() {
                return found;
            }
            for message in some {
                let receipt = message.receipt_handle().expect("a receipt");
                let delete = sqs.delete_message().queue_url(&queue);
                let deleted = delete.receipt_handle(receipt).send().await;
                deleted.expect("it goes");
                let body: Value =
                    serde_json::from_str(message.body().expect("a body")).expect("JSON");
                if body["detail-type"] == "badge.scanned_apart" {
                    found.push(body);
                }
            }
        }
    };
    // In Harbin, by two people; by one of them again from Shenyang, and then in Changchun by a third.
    scan("one", "45.77", "126.63").await;
    scan("two", "45.70", "126.60").await;
    assert_eq!(events().await.len(), 0);
    scan("three", "41.80", "123.43").await;
    let raised = events().await;
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["source"], "homehail.badges");
    let detail = &raised[0]["detail"];
    assert_eq!(detail["badge_id"], wearer.badge.id.as_str());
    assert_eq!(detail["worker_id"], wearer.hired.id.as_str());
    let names: Vec<_> = detail.as_object().expect("a detail").keys().collect();
    assert_eq!(names, ["at", "badge_id", "other_at", "schema", "worker_id"]);
    // Headers that are not a place are ignored.
    scan("four", "north", "123.43").await;
    assert_eq!(events().await.len(), 0);
    // So are those that somebody sends past CloudFront, from Peking.
    scan_past("made up", "five", "39.90", "116.40").await;
    assert_eq!(events().await.len(), 0);
    scan("six", "39.90", "116.40").await;
    assert_eq!(events().await.len(), 1);
}

#[tokio::test]
async fn the_page_comes_when_the_queue_does_not() {
    let wearer = Wearer::new().await;
    let queue = wearer.world.queue_url("scans");
    let sqs = aws_sdk_sqs::Client::new(&wearer.world.platform.operator_sdk_config());
    sqs.delete_queue()
        .queue_url(queue)
        .send()
        .await
        .expect("it goes");
    assert_eq!(wearer.scan().await["result"], "genuine");
}

#[tokio::test]
async fn the_keys_are_published() {
    let wearer = Wearer::new().await;
    let answer = wearer
        .world
        .call("GET", "/.well-known/jwks.json")
        .send()
        .await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=900");
    let body = answer.expect(200);
    let keys = body["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["kid"], "7");
    assert_eq!(
        keys[0]["x"],
        URL_SAFE_NO_PAD.encode(wearer.pair.public_key())
    );
    assert_eq!(keys[1]["kty"], "OKP");
}

/// It can read badges, workers' own items and agencies one by one, and send scans. It cannot read sealed profiles, views,
/// scans or anything else, and cannot change anything.
#[tokio::test]
async fn the_page_s_role_can_read_three_kinds_of_items_and_send_scans() {
    let wearer = Wearer::new().await;
    let stack = wearer.world.platform.stack();
    let mut functions = stack.functions.iter();
    let function = functions.find(|function| function.code == "badge-verify");
    let role = &stack.roles[&function.expect("the function").role];
    let mut allowed = Vec::new();
    for policy in &role.policies {
        for statement in policy.document["Statement"].as_array().expect("statements") {
            assert_eq!(statement["Effect"], "Allow");
            let resource = statement["Resource"].as_str().expect("one resource");
            assert!(
                !resource.ends_with('*') || resource.contains(":logs:"),
                "{resource}"
            );
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            allowed.push(format!("{} {keys}", statement["Action"]));
        }
    }
    assert_eq!(
        allowed,
        [
            r#"["logs:CreateLogStream","logs:PutLogEvents"] null"#,
            r#""dynamodb:GetItem" ["B#*"]"#,
            r#""dynamodb:GetItem" ["W#*"]"#,
            r#""dynamodb:GetItem" ["A#*"]"#,
            r#""sqs:SendMessage" null"#,
        ]
    );
}

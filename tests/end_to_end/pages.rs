//! The pages as a browser gets them, and what a local run offers to try them with.

use std::time::Duration;

use demo::City;
use local::platform::Options;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::world::World;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const DOCUMENTS: [&str; 6] = ["/", "/order", "/desk", "/authority", "/worker", "/check"];

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

#[tokio::test]
async fn documents_run_our_own_scripts_alone_and_are_asked_for_each_time() {
    let world = World::empty().await;
    for path in DOCUMENTS {
        let answer = world.call("GET", path).header("accept", BROWSER);
        let answer = answer.send().await;
        let policy = header(&answer, "content-security-policy").to_owned();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let expected = [
            ("cache-control", "no-cache"),
            ("content-type", "text/html; charset=utf-8"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
        ];
        for (name, value) in expected {
            assert_eq!(header(&answer, name), value, "{path}: {name}");
        }
        let etag = header(&answer, "etag").to_owned();
        let held = world.call("GET", path).header("if-none-match", &etag);
        assert_eq!(held.send().await.expect(304), Value::Null);
        let head = world.call("HEAD", path).send().await;
        assert_eq!(header(&head, "etag"), etag, "{path}");
        assert_eq!(head.expect(200), Value::Null);
        let document = answer.expect(200);
        assert!(
            document
                .as_str()
                .is_some_and(|text| text.starts_with("<!doctype html>"))
        );
    }
}

#[tokio::test]
async fn what_documents_load_is_kept_for_a_year() {
    let world = World::empty().await;
    let document = world.call("GET", "/order").send().await.expect(200);
    let document = document.as_str().expect("text");
    let links: Vec<_> = document
        .split('"')
        .filter(|part| part.starts_with("/a/"))
        .collect();
    assert!(links.len() > 5, "{links:?}");
    let get = async |path: &str| {
        let url = format!("{}{path}", world.platform.base_url());
        let request = reqwest::Client::new()
            .get(url)
            .header("accept-encoding", "gzip");
        request.send().await.expect("an answer")
    };
    for link in &links {
        let answer = get(link).await;
        assert_eq!(answer.status(), 200, "{link}");
        let header = |name: &str| answer.headers()[name].to_str().expect("ASCII");
        assert_eq!(
            header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(header("content-encoding"), "gzip");
        assert_eq!(header("vary"), "accept-encoding");
    }
    // Another version's path is no path: nobody keeps today's file under it.
    let (version, rest) = links[0][3..].split_once('/').expect("a version");
    let other = format!("/a/{}/{rest}", version.replace(|c: char| c != '0', "0"));
    assert_eq!(get(&other).await.status(), 404);
}

/// Programs are told as ever; who names HTML gets a page.
#[tokio::test]
async fn where_nothing_is_people_read_a_page_and_programs_a_problem() {
    let world = World::empty().await;
    for path in ["/nowhere", "/v1/nothing/there", "/a/1/web/style.css"] {
        for accept in [
            "*/*",
            "application/json",
            "application/json, text/html;q=0.5",
        ] {
            let answer = world.call("GET", path).header("accept", accept);
            answer.send().await.expect_problem(404, "not-found");
        }
        let page = world
            .call("GET", path)
            .header("accept", BROWSER)
            .send()
            .await;
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        assert!(header(&page, "content-security-policy").contains("script-src 'self'"));
        page.expect(404);
        let posted = world
            .call("POST", path)
            .header("accept", BROWSER)
            .json(&json!({}));
        posted.send().await.expect_problem(404, "not-found");
    }
}

/// The offers are for this machine's own pages: another page's name that points here reads nothing.
#[tokio::test]
async fn a_local_run_offers_accounts_and_codes_to_its_own_pages() {
    let world = World::with(Options::default()).await;
    let client = reqwest::Client::new();
    let get = async |path: &str, host: Option<&str>| {
        let mut request = client.get(format!("{}{path}", world.platform.base_url()));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.send().await.expect("an answer")
    };
    let accounts = get("/demo/credentials", None).await;
    assert_eq!(accounts.headers()["cache-control"], "no-store");
    let accounts: Value = accounts.json().await.expect("JSON");
    assert_eq!(
        accounts["agencies"],
        json!([]),
        "there is no demo city here"
    );
    let phone = json!({ "phone": "13912345678" });
    let sent = world.call("POST", "/v1/sessions/phone-code").json(&phone);
    sent.send().await.expect(202);
    let code: Value = get("/demo/codes/13912345678", None)
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(code["code"].as_str().map(str::len), Some(6), "{code}");
    for path in ["/demo/credentials", "/demo/codes/13912345678"] {
        assert_eq!(
            get(path, Some("rebound.example")).await.status(),
            400,
            "{path}"
        );
    }
}

/// Whoever tries the platform orders, grabs at a desk, names that agency's worker, and is her then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_accounts_that_are_offered_play_an_order_through() {
    let world = World::with(Options {
        city: City::Harbin,
        ..Options::default()
    })
    .await;
    let url = format!("{}/demo/credentials", world.platform.base_url());
    let offered = world.client.get(url).send().await.expect("an answer");
    let offered: Value = offered.json().await.expect("JSON");
    let log_in = async |kind: &str, account: &Value| {
        let given = match account["code"].as_str() {
            Some(code) => json!({ "code": code }),
            None => json!({ "access_key": account["access_key"], "secret": account["secret"] }),
        };
        let call = world.call("POST", &format!("/v1/sessions/{kind}"));
        let session = call.json(&given).send().await.expect(200);
        session["token"].as_str().expect("a token").to_owned()
    };
    let customer = log_in("customer", &offered["customers"][0]).await;
    log_in("authority", &offered["authority"]).await;
    let list = |name: &str| offered[name].as_array().expect("accounts").clone();
    let (agencies, workers) = (list("agencies"), list("workers"));
    assert_eq!((agencies.len(), workers.len()), (4, 4));
    for (agency, her) in agencies.iter().zip(&workers) {
        assert_eq!(her["agency"], agency["name"]);
        let mut order = world.cleaning((45.757, 126.642));
        order["start_at"] = json!(world.in_future(Duration::from_hours(1)));
        let order = world.place(&customer, &order).await;
        let id = order["order_id"].as_str().expect("an id");
        world.drain().await;
        let desk = log_in("agency", agency).await;
        let open = world
            .call("GET", "/v1/offers/open")
            .token(&desk)
            .send()
            .await;
        let open = open.expect(200)["items"].clone();
        let mut open = open.as_array().expect("offers").iter();
        let offer = open
            .find(|offer| offer["order_id"] == id)
            .expect("an offer");
        let token = json!({ "claim_token": offer["claim_token"] });
        let grab = world.call("POST", &format!("/v1/orders/{id}/grab"));
        grab.token(&desk).json(&token).send().await.expect(200);
        let candidates = world.call("GET", &format!("/v1/orders/{id}/candidates"));
        let candidates = candidates.token(&desk).send().await.expect(200);
        let candidates = candidates["items"].as_array().expect("workers");
        let named = candidates
            .iter()
            .find(|worker| worker["name"] == her["name"]);
        let named = named.expect("she is one of them");
        assert_eq!(named["eligible"], true, "{named}");
        assert_eq!(named["fit"], candidates[0]["fit"], "nobody fits better");
        let staff = world.call("POST", &format!("/v1/orders/{id}/staff"));
        let worker = json!({ "worker_id": named["worker_id"] });
        staff.token(&desk).json(&worker).send().await.expect(200);

        let worker = log_in("worker", her).await;
        let visits = world
            .call("GET", "/v1/me/visits")
            .token(&worker)
            .send()
            .await;
        let visit = &visits.expect(200)["items"][0];
        assert_eq!(visit["order_id"], id);
        assert!(visit["home"]["address"].is_string(), "{visit}");
        let codes = world
            .call("GET", "/v1/me/codes")
            .token(&worker)
            .send()
            .await;
        let code = json!({ "token": codes.expect(200)["items"][0]["digits"] });
        let check = world.call("POST", &format!("/v1/orders/{id}/badge-check"));
        let check = check.token(&customer).json(&code).send().await;
        assert_eq!(check.expect(200)["result"], "match");
    }
}

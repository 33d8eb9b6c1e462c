//! How people stay logged in, and log in outside the mini-program.

mod phone;
mod refresh;

use serde_json::{Value, json};

use crate::http::Answer;
use crate::log_watch;
use crate::workers::text;
use crate::world::World;

impl World {
    /// A session of this kind, with its refresh token in the body.
    async fn open(&self, how: &str, body: &Value) -> Value {
        let path = format!("/v1/sessions/{how}");
        let session = self.call("POST", &path).json(body).send().await.expect(200);
        for field in ["token", "refresh_token"] {
            log_watch::keep_secret(text(&session[field]));
        }
        session
    }

    pub async fn customer_session(&self, code: &str) -> Value {
        self.open("customer", &json!({ "code": code })).await
    }

    pub async fn refresh(&self, session: &Value) -> Answer {
        let token = json!({ "refresh_token": session["refresh_token"] });
        let call = self.call("POST", "/v1/sessions/refresh").json(&token);
        call.send().await
    }
}

#[tokio::test]
async fn one_customer_is_one_in_the_mini_program_and_the_official_account() {
    let world = World::empty().await;
    let log_in = async |how: &str, code: &str| {
        let body = json!({ "code": code });
        world.open(how, &body).await["subject"].clone()
    };
    // Whichever comes first.
    let first = log_in("customer", "demo-customer-1").await;
    assert_eq!(log_in("official-account", "demo-customer-1").await, first);
    assert_eq!(log_in("customer", "demo-customer-1").await, first);
    let second = log_in("official-account", "demo-customer-2").await;
    assert_eq!(log_in("customer", "demo-customer-2").await, second);
    assert_ne!(first, second);
    // WeChat told once that they are one.
    for how in ["customer", "official-account"] {
        assert_eq!(log_in(how, "demo-customer-2~unbound").await, second);
    }

    // Who has placed orders by an open id stays who they are.
    let known = world.customer_session("demo-customer-3~unbound").await;
    let order = world.cleaning(crate::world::CENTRE);
    world.place(text(&known["token"]), &order).await;
    let elsewhere = log_in("official-account", "demo-customer-3").await;
    assert_ne!(known["subject"], elsewhere);
    for _ in 0..2 {
        let again = log_in("customer", "demo-customer-3").await;
        assert_eq!(known["subject"], again);
        assert_eq!(
            log_in("official-account", "demo-customer-3").await,
            elsewhere
        );
    }
    let refused = world.call("POST", "/v1/sessions/official-account");
    let refused = refused.json(&json!({ "code": "x" })).send().await;
    refused.expect_problem(401, "bad-credentials");
}

#[tokio::test]
async fn a_page_of_ours_may_use_wechats_scanner_and_no_other() {
    let world = World::empty().await;
    let base = world.platform.base_url().to_owned();
    let sign = async |url: &str| {
        let url: String = url.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!("/v1/wechat/js-signature?url={url}");
        world.call("GET", &path).send().await
    };
    let page = format!("{base}/scan?order=1");
    let signed = sign(&format!("{page}#here")).await.expect(200);
    let parts = [
        format!("jsapi_ticket={}", local::wechat::TICKET),
        format!("noncestr={}", text(&signed["nonce"])),
        format!("timestamp={}", signed["timestamp"]),
        format!("url={page}"),
    ];
    let legacy = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
    let hash = aws_lc_rs::digest::digest(legacy, parts.join("&").as_bytes());
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(signed["signature"], hash);
    assert_eq!(signed["app_id"], local::wechat::OFFICIAL_ACCOUNT);
    let again = sign(&page).await.expect(200);
    assert_ne!(again["nonce"], signed["nonce"]);
    for url in ["https://evil.example/", "", "http://127.0.0.1:1/"] {
        sign(url).await.expect_problem(400, "malformed");
    }
    let none = world.call("GET", "/v1/wechat/js-signature").send().await;
    none.expect_problem(400, "malformed");
}

//! The stand-in for WeChat's `jscode2session`.
//!
//! It knows the demo customers' codes and takes them any number of times, where WeChat's are good
//! once: so an example can be pasted twice.

use axum::Json;
use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::demo_city;

/// The app id that the stand-in expects.
pub const APP_ID: &str = "wx-homehail-local";

/// `GET /sns/jscode2session`.
pub fn router() -> Router {
    Router::new().route("/sns/jscode2session", get(session))
}

#[derive(Deserialize)]
struct Exchange {
    appid: String,
    secret: String,
    js_code: String,
    grant_type: String,
}

async fn session(Query(exchange): Query<Exchange>) -> Json<Value> {
    // The codes are those of WeChat's documentation of code2Session.
    Json(if exchange.appid != APP_ID {
        json!({ "errcode": 40013, "errmsg": "invalid appid" })
    } else if exchange.secret.is_empty() {
        json!({ "errcode": 40125, "errmsg": "invalid appsecret" })
    } else if exchange.grant_type != "authorization_code" {
        json!({ "errcode": 40002, "errmsg": "invalid grant_type" })
    } else if demo_city::customer_codes().contains(&exchange.js_code) {
        json!({
            "openid": format!("open-{}", exchange.js_code),
            "session_key": "bm90IHVzZWQgaGVyZQ==",
        })
    } else {
        json!({ "errcode": 40029, "errmsg": "invalid code" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(code: &str) -> Value {
        let exchange = Exchange {
            appid: APP_ID.to_owned(),
            secret: "s".to_owned(),
            js_code: code.to_owned(),
            grant_type: "authorization_code".to_owned(),
        };
        session(Query(exchange)).await.0
    }

    #[tokio::test]
    async fn a_demo_customer_s_code_is_good_any_number_of_times() {
        let first = ask("demo-customer-1").await;
        assert_eq!(first, ask("demo-customer-1").await);
        assert_ne!(first["openid"], ask("demo-customer-2").await["openid"]);
    }

    #[tokio::test]
    async fn other_codes_are_invalid() {
        for code in ["", "demo-customer-0", "demo-customer-", "x"] {
            assert_eq!(ask(code).await["errcode"], 40029, "{code}");
        }
    }
}

//! The stand-in for WeChat: logins to the mini-program (`jscode2session`) and to the official account (`oauth2`), access
//! tokens, tickets for pages, and phone numbers.
//!
//! A code works any number of times, where WeChat's works once, so that an example can be pasted twice. A
//! customer's code is one of the demo's, the same for both apps. With [`UNBOUND`] behind it, it is answered as by an app
//! that is bound to no account of the open platform: without a union id. A code for a phone number is [`PHONE_CODE`] and the
//! number.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use demo::city::{self, PHONE_CODE};
use domain::check::MobilePhone;
use serde::Deserialize;
use serde_json::{Value, json};

pub const APP_ID: &str = "wx-homehail-local";
pub const OFFICIAL_ACCOUNT: &str = "wx-homehail-official";
pub const UNBOUND: &str = "~unbound";

/// WeChat: a token is valid for two hours.
const TOKEN_SECONDS: u32 = 7_200;
/// What pages are signed by is no secret on one machine.
pub const TICKET: &str = "a-ticket-of-this-machine";
const NOT_LATEST: &str = "invalid credential, access_token is invalid or not latest";

/// `token` is the secret access token that it gives out.
pub fn router(token: String) -> Router {
    Router::new()
        .route("/sns/jscode2session", get(session))
        .route("/sns/oauth2/access_token", get(official_account))
        .route("/cgi-bin/ticket/getticket", get(ticket))
        .route("/cgi-bin/stable_token", post(stable_token))
        .route("/wxa/business/getuserphonenumber", post(phone_number))
        .with_state(AccessToken(token))
}

#[derive(Clone)]
struct AccessToken(String);

impl AccessToken {
    /// Each app has its own.
    fn of(&self, app_id: &str) -> String {
        format!("{}-of-{app_id}", self.0)
    }
}

#[derive(Deserialize)]
struct Exchange {
    appid: String,
    secret: String,
    #[serde(alias = "js_code")]
    code: String,
    grant_type: String,
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    appid: String,
    secret: String,
}

#[derive(Deserialize)]
struct TokenQuery {
    #[serde(default)]
    access_token: String,
}

#[derive(Deserialize)]
struct PhoneRequest {
    code: String,
}

async fn session(Query(exchange): Query<Exchange>) -> Json<Value> {
    Json(exchanged(
        &exchange,
        APP_ID,
        "open",
        &json!({ "session_key": "bm90IHVzZWQgaGVyZQ==" }),
    ))
}

async fn official_account(Query(exchange): Query<Exchange>) -> Json<Value> {
    let more = json!({ "access_token": "not used here", "expires_in": TOKEN_SECONDS });
    Json(exchanged(&exchange, OFFICIAL_ACCOUNT, "official", &more))
}

/// Who has logged in to this app, and what else it is told.
fn exchanged(exchange: &Exchange, app_id: &str, kind: &str, more: &Value) -> Value {
    let code = exchange.code.strip_suffix(UNBOUND);
    let is_bound = code.is_none();
    let code = code.unwrap_or(&exchange.code);
    // Error codes: WeChat's documentation of code2Session.
    if exchange.appid != app_id {
        error(40013, "invalid appid")
    } else if exchange.secret.is_empty() {
        error(40125, "invalid appsecret")
    } else if exchange.grant_type != "authorization_code" {
        error(40002, "invalid grant_type")
    } else if city::customer_codes().iter().any(|known| known == code) {
        let mut user = more.clone();
        user["openid"] = json!(format!("{kind}-{code}"));
        if is_bound {
            user["unionid"] = json!(format!("union-{code}"));
        }
        user
    } else {
        error(40029, "invalid code")
    }
}

/// `getStableAccessToken`.
async fn stable_token(State(token): State<AccessToken>, body: Bytes) -> Json<Value> {
    let Ok(request) = serde_json::from_slice::<TokenRequest>(&body) else {
        return Json(error(47001, "data format error"));
    };
    Json(if request.grant_type != "client_credential" {
        error(40002, "invalid grant_type")
    } else if ![APP_ID, OFFICIAL_ACCOUNT].contains(&request.appid.as_str()) {
        error(40013, "invalid appid")
    } else if request.secret.is_empty() {
        error(40125, "invalid appsecret")
    } else {
        json!({ "access_token": token.of(&request.appid), "expires_in": TOKEN_SECONDS })
    })
}

/// The ticket that the official account's pages are signed by.
async fn ticket(State(token): State<AccessToken>, Query(query): Query<TokenQuery>) -> Json<Value> {
    Json(if query.access_token == token.of(OFFICIAL_ACCOUNT) {
        json!({ "errcode": 0, "errmsg": "ok", "ticket": TICKET, "expires_in": TOKEN_SECONDS })
    } else {
        error(40001, NOT_LATEST)
    })
}

/// `getPhoneNumber`.
async fn phone_number(
    State(token): State<AccessToken>,
    Query(query): Query<TokenQuery>,
    body: Bytes,
) -> Json<Value> {
    if query.access_token != token.of(APP_ID) {
        return Json(error(40001, NOT_LATEST));
    }
    let Ok(request) = serde_json::from_slice::<PhoneRequest>(&body) else {
        return Json(error(47001, "data format error"));
    };
    let phone = request.code.strip_prefix(PHONE_CODE);
    let phone = phone.filter(|phone| phone.parse::<MobilePhone>().is_ok());
    Json(match phone {
        None => error(40029, "invalid code"),
        Some(phone) => json!({
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": phone,
                "purePhoneNumber": phone,
                "countryCode": "86",
                "watermark": { "timestamp": 1_767_225_600, "appid": APP_ID },
            },
        }),
    })
}

fn error(code: u32, message: &str) -> Value {
    json!({ "errcode": code, "errmsg": message })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(code: &str) -> Value {
        let exchange = Exchange {
            appid: APP_ID.to_owned(),
            secret: "s".to_owned(),
            code: code.to_owned(),
            grant_type: "authorization_code".to_owned(),
        };
        session(Query(exchange)).await.0
    }

    async fn phone(access_token: &str, code: &str) -> Value {
        let query = TokenQuery {
            access_token: format!("{access_token}-of-{APP_ID}"),
        };
        let body = json!({ "code": code }).to_string().into();
        phone_number(State(AccessToken("token".to_owned())), Query(query), body)
            .await
            .0
    }

    #[tokio::test]
    async fn a_demo_customers_code_works_any_number_of_times() {
        let first = ask("demo-customer-1").await;
        assert_eq!(first, ask("demo-customer-1").await);
        assert_ne!(first["openid"], ask("demo-customer-2").await["openid"]);
    }

    #[tokio::test]
    async fn other_codes_are_invalid() {
        for code in ["", "demo-customer-0", "demo-customer-", "x", UNBOUND] {
            assert_eq!(ask(code).await["errcode"], 40029, "{code}");
        }
    }

    #[tokio::test]
    async fn the_app_gets_a_token_for_its_secret() {
        let ask = async |grant_type: &str, appid: &str, secret: &str| {
            let body = json!({ "grant_type": grant_type, "appid": appid, "secret": secret });
            let token = State(AccessToken("token".to_owned()));
            stable_token(token, body.to_string().into()).await.0
        };
        let answer = ask("client_credential", APP_ID, "s").await;
        assert_eq!(
            answer,
            json!({ "access_token": format!("token-of-{APP_ID}"), "expires_in": 7_200 })
        );
        assert_eq!(ask("password", APP_ID, "s").await["errcode"], 40002);
        assert_eq!(
            ask("client_credential", "wx-else", "s").await["errcode"],
            40013
        );
        assert_eq!(ask("client_credential", APP_ID, "").await["errcode"], 40125);
    }

    #[tokio::test]
    async fn a_code_gives_its_phone_number_to_the_holder_of_the_token() {
        let answer = phone("token", "demo-phone-19800000001").await;
        assert_eq!(answer["errcode"], 0);
        assert_eq!(answer["phone_info"]["purePhoneNumber"], "19800000001");
        assert_eq!(answer["phone_info"]["countryCode"], "86");
        assert_eq!(
            phone("guess", "demo-phone-19800000001").await["errcode"],
            40001
        );
        for code in ["demo-phone-1", "demo-customer-1", ""] {
            assert_eq!(phone("token", code).await["errcode"], 40029, "{code}");
        }
    }
}

//! WeChat's `getuserphonenumber`: exchanges a worker's code for her phone number.
//!
//! It takes an access token for the mini-program, which lasts two hours and is kept until it is about to end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::check::MobilePhone;
use domain::time::Millis;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use crate::wechat::{ExchangeError, WeChat};

/// A token that ends sooner than this is not used any more.
const SPARE: Duration = Duration::from_secs(5 * 60);
/// WeChat does not accept the token, or not any longer.
const TOKEN_REFUSED: [i64; 3] = [40001, 40014, 42001];
const CHINA: &str = "86";

/// Exchanges codes for phone numbers, and keeps the access token that this takes.
#[derive(Debug, Default)]
pub struct PhoneNumbers {
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    until: Millis,
}

/// Empty, so that a token cannot slip into a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    expires_in: Option<u32>,
    errcode: Option<i64>,
}

#[derive(Deserialize)]
struct PhoneAnswer {
    #[serde(default)]
    errcode: i64,
    phone_info: Option<PhoneInfo>,
}

#[derive(Deserialize)]
struct PhoneInfo {
    #[serde(rename = "purePhoneNumber")]
    pure_phone_number: String,
    #[serde(rename = "countryCode")]
    country_code: String,
}

impl PhoneNumbers {
    /// The phone number behind `code`; `None` if it is not a Chinese mobile phone. No error names the token, the
    /// secret or the code.
    pub async fn exchange(
        &self,
        wechat: &WeChat,
        code: &str,
        now: Millis,
    ) -> Result<Option<MobilePhone>, ExchangeError> {
        for is_last in [false, true] {
            let token = self.token(wechat, now).await?;
            let token = utf8_percent_encode(&token, NON_ALPHANUMERIC);
            let path = format!("/wxa/business/getuserphonenumber?access_token={token}");
            let answer: PhoneAnswer = wechat.post(&path, &json!({ "code": code })).await?;
            match answer.errcode {
                0 => return phone(answer.phone_info),
                40029 | 40163 => return Err(ExchangeError::BadCode),
                45011 => return Err(ExchangeError::RateLimited),
                // Somebody else had a new token made.
                errcode if TOKEN_REFUSED.contains(&errcode) && !is_last => self.keep(None),
                errcode => return Err(ExchangeError::Refused(errcode)),
            }
        }
        Err(ExchangeError::Unreachable("no token is taken".to_owned()))
    }

    async fn token(&self, wechat: &WeChat, now: Millis) -> Result<String, ExchangeError> {
        let kept = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(kept) = kept.filter(|kept| now + SPARE < kept.until) {
            return Ok(kept.text);
        }
        let (app_id, secret) = wechat.app();
        let body = json!({ "grant_type": "client_credential", "appid": app_id, "secret": secret });
        let answer: TokenAnswer = wechat.post("/cgi-bin/stable_token", &body).await?;
        if let Some(errcode) = answer.errcode.filter(|errcode| *errcode != 0) {
            return Err(ExchangeError::Refused(errcode));
        }
        let (Some(text), Some(seconds)) = (answer.access_token, answer.expires_in) else {
            let words = "its answer has no token";
            return Err(ExchangeError::Unreachable(words.to_owned()));
        };
        self.keep(Some(Token {
            text: text.clone(),
            until: now + Duration::from_secs(u64::from(seconds)),
        }));
        Ok(text)
    }

    fn keep(&self, token: Option<Token>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

fn phone(info: Option<PhoneInfo>) -> Result<Option<MobilePhone>, ExchangeError> {
    let words = "its answer has no phone";
    let info = info.ok_or_else(|| ExchangeError::Unreachable(words.to_owned()))?;
    let is_chinese = info.country_code == CHINA;
    let phone = info.pure_phone_number.parse().ok();
    Ok(phone.filter(|_| is_chinese))
}

#[cfg(test)]
mod tests;

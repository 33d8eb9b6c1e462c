//! What WeChat gives to an app for two hours, and what is kept until it is about to end.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::time::Millis;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wechat::{Answer, ExchangeError, WeChat};

/// What ends sooner than this is not used any more.
pub(crate) const SPARE: Duration = Duration::from_secs(5 * 60);
/// WeChat does not accept the token, or not any longer.
const TOKEN_REFUSED: [i64; 3] = [40001, 40014, 42001];

/// A text that is good until a moment.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<(String, Millis)>>);

impl Kept {
    pub(crate) fn get(&self, now: Millis) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|(_, until)| now + SPARE < *until);
        kept.map(|(text, _)| text.clone())
    }

    pub(crate) fn keep(&self, text: &str, seconds: u32, now: Millis) {
        let until = now + Duration::from_secs(seconds.into());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((text.to_owned(), until));
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Empty, so that a token cannot slip into a log.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    expires_in: Option<u32>,
}

/// The access token of one app.
#[derive(Debug, Default)]
pub(crate) struct AccessToken(Kept);

impl AccessToken {
    /// Asks one of WeChat's paths that take an access token, which comes last in the query: posts the body if there is one.
    /// No error names the token, the secret or the body.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        wechat: &WeChat,
        path: &str,
        body: Option<&Value>,
        now: Millis,
    ) -> Result<T, ExchangeError> {
        let mut is_again = false;
        loop {
            let token = self.token(wechat, now).await?;
            let token = utf8_percent_encode(&token, NON_ALPHANUMERIC);
            let path = format!("{path}access_token={token}");
            let answer: Answer<T> = match body {
                Some(body) => wechat.peer.post(&path, body).await?,
                None => wechat.peer.get(&path).await?,
            };
            match answer.content() {
                // Somebody else had a new token made.
                Err(ExchangeError::Refused(code)) if TOKEN_REFUSED.contains(&code) && !is_again => {
                    self.0.forget();
                    is_again = true;
                }
                content => return content,
            }
        }
    }

    async fn token(&self, wechat: &WeChat, now: Millis) -> Result<String, ExchangeError> {
        if let Some(kept) = self.0.get(now) {
            return Ok(kept);
        }
        let (app_id, secret) = wechat.app();
        let body = json!({ "grant_type": "client_credential", "appid": app_id, "secret": secret });
        let answer: Answer<TokenAnswer> = wechat.peer.post("/cgi-bin/stable_token", &body).await?;
        let answer = answer.content()?;
        let (Some(token), Some(seconds)) = (answer.access_token, answer.expires_in) else {
            return Err(ExchangeError::Unreachable("its answer has no token"));
        };
        self.0.keep(&token, seconds, now);
        Ok(token)
    }
}

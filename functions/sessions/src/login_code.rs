//! Logging in by a code that is sent to one's phone, for the web and for workers outside the mini-program.
//!
//! Asking for a code is answered the same whoever's the phone is, so it tells nobody who is registered. What the sender is
//! told is one small contract, because those who send messages differ: see `operating.md`.

use domain::check::MobilePhone;
use domain::login_code::{LoginCode, VALID};
use lambda_http::http::StatusCode;
use runtime::http::{self, Request, Response};
use runtime::{Problem, secret};
use serde::Deserialize;
use serde_json::json;
use settings::Settings;

use crate::customer::no_such;
use crate::peer::Peer;
use crate::wechat::ExchangeError;
use crate::{Opened, Sessions, random};

/// Who sends codes to phones.
pub(crate) struct CodeSender {
    peer: Peer,
    secret: String,
}

impl CodeSender {
    pub(crate) fn new(settings: &Settings) -> Option<Self> {
        let (name, secret) = ("SMS_ENDPOINT", settings.text("SMS_SECRET"));
        let endpoint = settings.optional(name)?.to_owned();
        Some(Self {
            peer: Peer::new(settings, name, &endpoint),
            secret,
        })
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum As {
    Customer,
    Worker,
}

impl Sessions {
    /// `POST /v1/sessions/phone-code`.
    pub(crate) async fn send_code(&self, request: &Request) -> Result<Response, Problem> {
        let sender = self.code_sender.as_ref();
        let sender = sender.ok_or_else(|| no_such("login by phone"))?;
        let phone = http::read_json(request, |fields| fields.parsed::<MobilePhone>("phone"))?;
        let code = LoginCode::of_random(random()?);
        let (hash, phone_hash) = (self.code_hash(&phone, &code), self.phones.of(&phone));
        // Kept first, so that none that was sent is refused.
        let kept = self
            .log_ins
            .keep_code(&phone_hash, &hash, &self.market, self.clock.now());
        if let Err(wait) = kept.await? {
            let words = "A code was sent to this phone a moment ago, or too many were today.";
            let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            return Err(Problem::rate_limited(wait_s.saturating_add(1)).detail(words));
        }
        let (phone, code) = (phone.as_str(), code.as_str());
        let message = json!({ "phone": phone, "code": code, "valid_s": VALID.as_secs() });
        let sent = sender.peer.tell(&sender.secret, &message).await;
        sent.map_err(|error| Problem::from(ExchangeError::from(error)))?;
        tracing::info!("a login code was sent");
        let mut answer = http::no_content();
        *answer.status_mut() = StatusCode::ACCEPTED;
        Ok(answer)
    }

    /// `POST /v1/sessions/phone`.
    pub(crate) async fn by_phone(&self, request: &Request) -> Result<Opened, Problem> {
        let (phone, code, whose, by_cookie) = http::read_json(request, |fields| {
            let phone = fields.parsed::<MobilePhone>("phone");
            let code = fields.parsed::<LoginCode>("code");
            let whose = fields.one_of::<As>("as");
            let by_cookie = fields.optional_flag("cookie");
            Some((phone?, code?, whose?, by_cookie.unwrap_or_default()))
        })?;
        let (hash, phone_hash) = (self.code_hash(&phone, &code), self.phones.of(&phone));
        let now = self.clock.now();
        if !self.log_ins.use_code(&phone_hash, &hash, now).await? {
            return Err(Problem::bad_credentials());
        }
        match whose {
            As::Customer => {
                let id = self.customer_id(&[b"phone", phone.as_str().as_bytes()])?;
                Ok(Opened::customer(id, by_cookie))
            }
            As::Worker => self.worker_with(phone_hash, by_cookie).await,
        }
    }

    fn code_hash(&self, phone: &MobilePhone, code: &LoginCode) -> [u8; 32] {
        let parts = [phone.as_str().as_bytes(), code.as_str().as_bytes()];
        secret::hmac(&self.code_key, &parts)
    }
}

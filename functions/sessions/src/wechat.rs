//! WeChat: exchanges the codes of `wx.login` and of the official account's page for who it is.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::Problem;
use serde::Deserialize;
use settings::Settings;

use crate::peer::{NoAnswer, Peer};

/// A user's codes may be exchanged 100 times a minute.
const RATE_LIMIT_S: u32 = 60;

/// WeChat, as one of our apps has it: the mini-program or the official account.
#[derive(Debug)]
pub struct WeChat {
    pub(crate) peer: Peer,
    app_id: String,
    secret: String,
}

/// Who somebody is to WeChat.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// To this app.
    #[serde(default)]
    pub openid: String,
    /// To all apps of one account of WeChat's open platform, if this app is one of them.
    pub unionid: Option<String>,
}

/// Why WeChat does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The code is unknown, used or too old (40029, 40163).
    #[error("WeChat does not take the code")]
    BadCode,
    /// The user logs in too often (45011).
    #[error("WeChat limits the rate of this user")]
    RateLimited,
    /// WeChat has blocked the user as a high risk (40226).
    #[error("WeChat has blocked the user")]
    Blocked,
    /// WeChat gives another error, such as a wrong app secret.
    #[error("WeChat answers errcode {0}")]
    Refused(i64),
    /// WeChat cannot be reached, or its answer cannot be read.
    #[error("WeChat does not answer: {0}")]
    Unreachable(&'static str),
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let problem = match error {
            ExchangeError::BadCode => Problem::bad_credentials(),
            ExchangeError::RateLimited => Problem::rate_limited(RATE_LIMIT_S),
            ExchangeError::Blocked => Problem::forbidden().detail("WeChat has blocked this user."),
            ExchangeError::Refused(_) | ExchangeError::Unreachable(_) => Problem::unavailable(),
        };
        problem.because(&error)
    }
}

impl From<NoAnswer> for ExchangeError {
    fn from(NoAnswer(why): NoAnswer) -> Self {
        Self::Unreachable(why)
    }
}

/// What WeChat answers: what was asked for, or an error code.
#[derive(Deserialize)]
pub(crate) struct Answer<T> {
    #[serde(default)]
    errcode: i64,
    #[serde(flatten)]
    content: T,
}

impl<T> Answer<T> {
    pub(crate) fn content(self) -> Result<T, ExchangeError> {
        match self.errcode {
            0 => Ok(self.content),
            40029 | 40163 => Err(ExchangeError::BadCode),
            45011 => Err(ExchangeError::RateLimited),
            40226 => Err(ExchangeError::Blocked),
            other => Err(ExchangeError::Refused(other)),
        }
    }
}

impl WeChat {
    /// As the mini-program.
    pub fn new(settings: &Settings) -> Self {
        let app_id = settings.text("WECHAT_APP_ID");
        Self::with_app(settings, app_id, settings.text("WECHAT_SECRET"))
    }

    /// As the official account, if there is one.
    pub fn official_account(settings: &Settings) -> Option<Self> {
        let secret = settings.text("OFFICIAL_ACCOUNT_SECRET");
        let app_id = settings.optional("OFFICIAL_ACCOUNT_APP_ID")?;
        Some(Self::with_app(settings, app_id.to_owned(), secret))
    }

    fn with_app(settings: &Settings, app_id: String, secret: String) -> Self {
        let name = "WECHAT_ENDPOINT";
        Self {
            peer: Peer::new(settings, name, &settings.text(name)),
            app_id,
            secret,
        }
    }

    /// Who logs in to the mini-program with this code of `wx.login`. No error names the app secret or the code.
    pub async fn mini_program_user(&self, code: &str) -> Result<Identity, ExchangeError> {
        self.user("/sns/jscode2session", "js_code", code).await
    }

    /// Who comes back from WeChat's page of consent for the official account with this code.
    pub async fn official_account_user(&self, code: &str) -> Result<Identity, ExchangeError> {
        self.user("/sns/oauth2/access_token", "code", code).await
    }

    async fn user(&self, path: &str, name: &str, code: &str) -> Result<Identity, ExchangeError> {
        let mut path = path.to_owned();
        for (separator, name, value) in [
            ('?', "appid", self.app_id.as_str()),
            ('&', "secret", &self.secret),
            ('&', name, code),
            ('&', "grant_type", "authorization_code"),
        ] {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            let _ = write!(path, "{separator}{name}={value}");
        }
        let answer: Answer<Identity> = self.peer.get(&path).await?;
        let user = answer.content()?;
        if user.openid.is_empty() {
            return Err(ExchangeError::Unreachable("its answer has no open id"));
        }
        Ok(user)
    }

    pub(crate) fn app(&self) -> (&str, &str) {
        (&self.app_id, &self.secret)
    }
}

#[cfg(test)]
mod tests;

//! WeChat's `jscode2session`: exchanges the code from `wx.login` for the customer's open id.

use std::fmt::Write as _;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settings::Settings;

/// WeChat answers within a second or not at all, and a customer is waiting.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A user's codes may be exchanged 100 times a minute.
const RATE_LIMIT_S: u32 = 60;

/// A connection to WeChat, over the same TLS stack as the AWS clients.
#[derive(Debug)]
pub struct WeChat {
    connector: Connector,
    endpoint: String,
    app_id: String,
    secret: String,
}

/// Why a code was not exchanged.
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
    Unreachable(String),
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

/// Either `openid` or `errcode`; `session_key` is not needed here.
#[derive(Deserialize)]
struct Answer {
    openid: Option<String>,
    errcode: Option<i64>,
}

impl WeChat {
    pub fn new(settings: &Settings) -> Self {
        let endpoint = settings.text("WECHAT_ENDPOINT");
        let connector = if endpoint.starts_with("https://") {
            let tls = Provider::Rustls(CryptoMode::AwsLc);
            Connector::builder().tls_provider(tls).build()
        } else {
            if !endpoint.starts_with("http://") {
                settings.refuse("WECHAT_ENDPOINT", "it is not http or https");
            }
            // A stand-in on this machine, which works without certificates.
            Connector::builder().build_http()
        };
        Self {
            connector,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            app_id: settings.text("WECHAT_APP_ID"),
            secret: settings.text("WECHAT_SECRET"),
        }
    }

    /// The open id behind `code` from `wx.login`. No error names the app secret or the code.
    pub async fn open_id(&self, code: &str) -> Result<String, ExchangeError> {
        let exchange = self.exchange(code);
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(answer) => open_id(answer?),
            Err(_) => Err(ExchangeError::Unreachable("timed out".to_owned())),
        }
    }

    async fn exchange(&self, code: &str) -> Result<Answer, ExchangeError> {
        let mut uri = format!("{}/sns/jscode2session", self.endpoint);
        for (name, value) in [
            ("?appid", self.app_id.as_str()),
            ("&secret", &self.secret),
            ("&js_code", code),
            ("&grant_type", "authorization_code"),
        ] {
            let _ = write!(
                uri,
                "{name}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            );
        }
        // Errors here could contain the address, and with it the secret, so only their kind is logged.
        let request = HttpRequest::get(&uri)
            .map_err(|_| ExchangeError::Unreachable("its address is no address".to_owned()))?;
        self.call(request).await
    }

    /// Posts a body to one of WeChat's paths, whose query may contain a token.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path_and_query: &str,
        body: &Value,
    ) -> Result<T, ExchangeError> {
        let uri = format!("{}{path_and_query}", self.endpoint);
        let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
        request
            .set_uri(uri)
            .map_err(|_| ExchangeError::Unreachable("its address is no address".to_owned()))?;
        request
            .set_method("POST")
            .map_err(|_| ExchangeError::Unreachable("it cannot be posted to".to_owned()))?;
        request
            .headers_mut()
            .insert("content-type", "application/json");
        let exchange = self.call(request);
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(ExchangeError::Unreachable("timed out".to_owned())),
        }
    }

    pub(crate) fn app(&self) -> (&str, &str) {
        (&self.app_id, &self.secret)
    }

    async fn call<T: DeserializeOwned>(&self, request: HttpRequest) -> Result<T, ExchangeError> {
        let response = self.connector.call(request).await.map_err(|error| {
            ExchangeError::Unreachable(
                if error.is_timeout() {
                    "timed out"
                } else {
                    "no connection"
                }
                .to_owned(),
            )
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(ExchangeError::Unreachable(format!(
                "status {}",
                status.as_u16()
            )));
        }
        let body = ByteStream::new(response.into_body()).collect().await;
        let body =
            body.map_err(|_| ExchangeError::Unreachable("its answer broke off".to_owned()))?;
        serde_json::from_slice(&body.into_bytes())
            .map_err(|_| ExchangeError::Unreachable("its answer is not as documented".to_owned()))
    }
}

fn open_id(answer: Answer) -> Result<String, ExchangeError> {
    match answer.errcode.unwrap_or(0) {
        0 => match answer.openid {
            Some(open_id) if !open_id.is_empty() => Ok(open_id),
            _ => Err(ExchangeError::Unreachable(
                "its answer has no open id".to_owned(),
            )),
        },
        40029 | 40163 => Err(ExchangeError::BadCode),
        45011 => Err(ExchangeError::RateLimited),
        40226 => Err(ExchangeError::Blocked),
        other => Err(ExchangeError::Refused(other)),
    }
}

#[cfg(test)]
mod tests;

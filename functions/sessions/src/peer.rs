//! A server that is neither ours nor AWS: WeChat, or who sends messages to phones. Reached over the same TLS stack as AWS.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settings::Settings;

/// It answers within a second or not at all, and somebody is waiting.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Peer {
    connector: Connector,
    endpoint: String,
}

/// It cannot be reached, or its answer cannot be read. Says nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub &'static str);

impl Peer {
    /// At this address, which the setting `name` has.
    pub fn new(settings: &Settings, name: &'static str, endpoint: &str) -> Self {
        let connector = if endpoint.starts_with("https://") {
            let tls = Provider::Rustls(CryptoMode::AwsLc);
            Connector::builder().tls_provider(tls).build()
        } else {
            if !endpoint.starts_with("http://") {
                settings.refuse(name, "it is not http or https");
            }
            // A stand-in on this machine, which works without certificates.
            Connector::builder().build_http()
        };
        Self {
            connector,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        }
    }

    /// What a path, with its query, answers.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, NoAnswer> {
        let request = HttpRequest::get(format!("{}{path}", self.endpoint));
        read(&self.send(request.map_err(|_| NO_ADDRESS)?).await?)
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, NoAnswer> {
        read(&self.send(self.posted(path, body)?).await?)
    }

    /// Posts to the address itself, with a bearer token, and only waits until that was taken.
    pub async fn tell(&self, token: &str, body: &Value) -> Result<(), NoAnswer> {
        let mut request = self.posted("", body)?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}"));
        self.send(request).await.map(|_| ())
    }

    fn posted(&self, path: &str, body: &Value) -> Result<HttpRequest, NoAnswer> {
        let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
        let uri = request.set_uri(format!("{}{path}", self.endpoint));
        uri.map_err(|_| NO_ADDRESS)?;
        let method = request.set_method("POST");
        method.map_err(|_| NoAnswer("it cannot be posted to"))?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json");
        Ok(request)
    }

    async fn send(&self, request: HttpRequest) -> Result<Vec<u8>, NoAnswer> {
        let answer = tokio::time::timeout(TIMEOUT, self.exchange(request)).await;
        answer.unwrap_or(Err(TIMED_OUT))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Vec<u8>, NoAnswer> {
        // Its errors could contain the address, and with it a secret, so only their kind is told.
        let answer = self.connector.call(request).await.map_err(|error| {
            if error.is_timeout() {
                TIMED_OUT
            } else {
                NoAnswer("no connection")
            }
        })?;
        if !answer.status().is_success() {
            tracing::warn!(status = answer.status().as_u16(), "a peer answers an error");
            return Err(NoAnswer("its status is an error"));
        }
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(|_| NoAnswer("its answer broke off"))?;
        Ok(body.into_bytes().into())
    }
}

const NO_ADDRESS: NoAnswer = NoAnswer("its address is no address");
const TIMED_OUT: NoAnswer = NoAnswer("timed out");

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body).map_err(|_| NoAnswer("its answer is not as documented"))
}

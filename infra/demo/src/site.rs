//! The running platform, as far as the demo has to do with it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use domain::time::Millis;
use futures::future::BoxFuture;
use reqwest::StatusCode;
use serde_json::{Value, json};
use settings::Settings;

use crate::Aws;

/// A running platform, and its operator's keys.
pub struct Site<'a> {
    /// Where it serves HTTP.
    pub base_url: &'a str,
    pub client: reqwest::Client,
    /// How AWS's tools get in, which `demo.json` says.
    pub aws: Aws,
    /// All functions' variables, with the operator's way in.
    pub settings: &'a Settings,
    /// A text that nobody else can know, for one purpose; the same at every start.
    pub text: &'a (dyn Fn(&str) -> String + Sync),
    /// The seed of the key that the demo's source signs with.
    pub source_seed: [u8; 32],
    pub now: Millis,
    /// Waits until nothing is left to be done.
    pub drain: &'a (dyn Fn() -> BoxFuture<'a, Result<()>> + Sync),
    /// Writes a file that only its owner can read, all of it or nothing.
    pub write: fn(&Path, &[u8]) -> Result<()>,
    /// Whether standard error says how far the city is.
    pub shows_progress: bool,
}

impl Site<'_> {
    /// The `Authorization` of an agency or the authority.
    pub(crate) async fn session(&self, role: &str, key: &str, secret: &str) -> Result<String> {
        let body = json!({ "access_key": key, "secret": secret });
        let path = format!("/v1/sessions/{role}");
        let session = self.post(&path, &[], &body).await?;
        Ok(format!("Bearer {}", text(&session, "token")?))
    }

    /// A `POST` of JSON that has to succeed.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value> {
        let body = body.to_string().into_bytes();
        let mut with_type = vec![("content-type", "application/json")];
        with_type.extend(headers);
        self.call("POST", path, &with_type, body).await
    }

    /// A request that has to succeed.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Value> {
        let answer = self.send(method, path, headers, body).await?;
        success(path, answer)
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let url = format!("{}{path}", self.base_url);
        let mut request = self.client.request(method.parse()?, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }
}

/// The body of an answer that is a success.
pub(crate) fn success(path: &str, (status, body): (StatusCode, Vec<u8>)) -> Result<Value> {
    if !status.is_success() {
        let body = String::from_utf8_lossy(&body);
        bail!("{path} answers {status}: {body}");
    }
    ensure!(!body.is_empty(), "{path} answers nothing");
    Ok(serde_json::from_slice(&body)?)
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("the answer has no `{name}`"))
}

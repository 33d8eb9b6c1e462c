//! Access to the running platform: its HTTP contract and its operator's keys.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use domain::time::Millis;
use futures::future::BoxFuture;
use reqwest::StatusCode;
use serde_json::{Value, json};
use settings::Settings;

use crate::Aws;

pub struct Site<'a> {
    pub base_url: &'a str,
    pub client: reqwest::Client,
    /// Is copied to `demo.json`.
    pub aws: Aws,
    /// The variables of all functions, with the operator's AWS configuration.
    pub settings: &'a Settings,
    /// A secret text for one purpose, the same at every start.
    pub secret_text: &'a (dyn Fn(&str) -> String + Sync),
    /// The Ed25519 seed of the demo's source.
    pub source_seed: [u8; 32],
    pub now: Millis,
    /// Waits until the platform has no work left.
    pub drain: &'a (dyn Fn() -> BoxFuture<'a, Result<()>> + Sync),
    /// Writes a file that only its owner can read, whole or not at all.
    pub write: fn(&Path, &[u8]) -> Result<()>,
    pub shows_progress: bool,
}

impl Site<'_> {
    /// Opens a session; returns the `Authorization` header.
    pub(crate) async fn session(&self, role: &str, key: &str, secret: &str) -> Result<String> {
        let body = json!({ "access_key": key, "secret": secret });
        let path = format!("/v1/sessions/{role}");
        let session = self.post(&path, &[], &body).await?;
        Ok(format!("Bearer {}", string_field(&session, "token")?))
    }

    /// Posts JSON. Any answer but a success is an error.
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

    /// Any answer but a success is an error.
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

/// The body of a successful answer.
pub(crate) fn success(path: &str, (status, body): (StatusCode, Vec<u8>)) -> Result<Value> {
    if !status.is_success() {
        let body = String::from_utf8_lossy(&body);
        bail!("{path} answered {status}: {body}");
    }
    ensure!(!body.is_empty(), "{path} answered without a body");
    Ok(serde_json::from_slice(&body)?)
}

pub(crate) fn string_field<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("the answer has no `{name}`"))
}

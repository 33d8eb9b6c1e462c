//! HTTP as a client sees it: every answer is read whole, and checked against the published contract.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::contract::Exchange;

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `Null` if it was empty.
    pub body: Value,
}

impl Answer {
    /// The slug of a problem (`/problems/<slug>`), empty for anything else.
    pub fn slug(&self) -> &str {
        self.body["type"]
            .as_str()
            .and_then(|t| t.strip_prefix("/problems/"))
            .unwrap_or_default()
    }

    /// The pointers of all faults that a problem names, sorted.
    pub fn pointers(&self) -> Vec<String> {
        let mut all: Vec<String> = self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|fault| fault["pointer"].as_str().map(str::to_owned))
            .collect();
        all.sort();
        all
    }

    /// Fails the test unless the answer has this status; returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "answer was {}", self.body);
        self.body
    }

    /// Fails the test unless the answer is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, slug: &str) -> Value {
        assert_eq!(
            (self.status, self.slug()),
            (status, slug),
            "answer was {}",
            self.body
        );
        let kind = self
            .headers
            .get("content-type")
            .and_then(|v| v.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"));
        self.body
    }
}

pub struct Call<'a> {
    client: &'a reqwest::Client,
    method: &'a str,
    base: &'a str,
    path: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl<'a> Call<'a> {
    /// A request to `path` (with its query) of the platform at `base`.
    pub fn new(client: &'a reqwest::Client, base: &'a str, method: &'a str, path: &str) -> Self {
        Call {
            client,
            method,
            base,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: None,
        }
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(
            HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
            HeaderValue::from_str(value).expect("a header value"),
        );
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", serde_json::to_vec(body).expect("JSON"))
    }

    pub fn raw(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self = self.header("content-type", content_type);
        self.body = Some(body);
        self
    }

    /// Sends it. `Err` means that no answer came (the connection broke).
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(self.method.as_bytes()).expect("a method");
        let mut request = self
            .client
            .request(method, format!("{}{}", self.base, self.path))
            .headers(self.headers);
        let mut sent = None;
        if let Some(body) = self.body {
            sent = serde_json::from_slice(&body).ok();
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        let media = headers.get("content-type").and_then(|v| v.to_str().ok());
        let body = if bytes.is_empty() {
            Value::Null
        } else if media.is_some_and(|media| media.starts_with("text/")) {
            Value::from(String::from_utf8_lossy(&bytes))
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                panic!(
                    "{} {} answered {status} with no JSON: {bytes:?}",
                    self.method, self.path
                )
            })
        };
        let media = headers.get("content-type").and_then(|v| v.to_str().ok());
        let exchange = Exchange {
            method: self.method,
            path: &self.path,
            sent,
            status,
            content_type: media,
            body: &body,
        };
        exchange.check();
        let is_chinese = headers.contains_key("content-language");
        let is_problem = media == Some("application/problem+json");
        // Rows of a batch of credit records say what is wrong with them too.
        if (is_problem || body["rejected"].is_array()) && !is_chinese {
            let lists = [&body["errors"], &body["rejected"]].into_iter();
            let faults = lists.filter_map(Value::as_array).flatten();
            let texts = faults.map(|fault| &fault["detail"]);
            let texts = texts.chain([&body["title"], &body["detail"]]);
            let is_known = |text: &str| runtime::chinese(text).is_some();
            for text in texts.filter_map(Value::as_str) {
                assert!(
                    is_known(text) || text.split("; ").all(is_known),
                    "the catalogue has no Chinese for: {text}"
                );
            }
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Sends it; fails the test if no answer came.
    pub async fn send(self) -> Answer {
        self.try_send().await.expect("the platform answers")
    }
}

//! A request whose signature has been verified, with the accessors that all services use.

use std::collections::BTreeMap;

use axum::body::Bytes;
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::cloud::Cloud;
use crate::iam::{Call, Caller};
use crate::refusal::Refusal;

pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) caller: Caller,
    /// How the caller reached us, such as `http://127.0.0.1:8081`: queue URLs begin with it.
    pub(super) endpoint: String,
}

impl Request {
    /// Reads the parameters of an operation. One that is not emulated is refused by its name, with
    /// the code that the service has for this error.
    pub(super) fn json<'a, T: Deserialize<'a>>(
        &'a self,
        code: impl Fn(&str) -> &'static str,
    ) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let error = error.to_string();
            Refusal::new(code(&error), format!("The request's parameters: {error}"))
        })
    }

    /// The query's parameters; `None` if they are not UTF-8.
    pub(super) fn query(&self) -> Option<BTreeMap<String, String>> {
        pairs(self.uri.query().unwrap_or_default())
    }

    /// The body as `application/x-www-form-urlencoded`; `None` if it is not UTF-8.
    pub(super) fn form(&self) -> Option<BTreeMap<String, String>> {
        pairs(std::str::from_utf8(&self.body).ok()?)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn authorize(
        &self,
        cloud: &Cloud,
        action: &str,
        resource: &str,
    ) -> Result<(), Refusal> {
        let call = Call::new(&self.caller, action, resource);
        cloud.identities().authorize(&call)
    }
}

fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_decode_str(&text).decode_utf8().ok()?;
        Some(decoded.into_owned())
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

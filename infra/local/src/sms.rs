//! The stand-in for who sends login codes to phones: shows each on standard error, and answers the last one of a phone to
//! whoever asks on this machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const PATH: &str = "/sms";

#[derive(Clone)]
pub(crate) struct Sender {
    secret: Arc<str>,
    /// By phone.
    last: Arc<Mutex<HashMap<String, String>>>,
}

#[derive(Deserialize)]
struct Message {
    phone: String,
    code: String,
    valid_s: u32,
}

impl Sender {
    pub(crate) fn new(secret: String) -> Self {
        Self {
            secret: secret.into(),
            last: Arc::default(),
        }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route(PATH, post(send))
            .route(&format!("{PATH}/{{phone}}"), get(last))
            .with_state(self)
    }

    /// The last code that was sent to a phone.
    pub(crate) fn last_code(&self, phone: &str) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(phone).cloned()
    }
}

async fn send(State(sender): State<Sender>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let wanted = format!("Bearer {}", sender.secret);
    if headers
        .get(AUTHORIZATION)
        .is_none_or(|given| *given != *wanted)
    {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(Message {
        phone,
        code,
        valid_s,
    }) = serde_json::from_slice(&body)
    else {
        return StatusCode::BAD_REQUEST;
    };
    // Not a log line: those of functions hold no code and no phone.
    eprintln!("login code for {phone}: {code}, valid for {valid_s} s");
    let mut last = sender.last.lock().unwrap_or_else(PoisonError::into_inner);
    last.insert(phone, code);
    StatusCode::NO_CONTENT
}

async fn last(State(sender): State<Sender>, Path(phone): Path<String>) -> Json<Value> {
    Json(json!({ "code": sender.last_code(&phone) }))
}

//! The transparency log as anybody can read it: checkpoints, the keys that sign them, and proofs.
//!
//! Nothing in it is personal: hashes of events, and hashes over those. A proof reads a few tiles of the tree and
//! never an event. For a tree of a given size it never changes, so whoever asked may keep it.

mod request;

use std::time::Duration;

use checkpoint::Checkpoints;
use domain::time::Millis;
use lambda_http::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use lambda_http::http::{Method, StatusCode};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde::Serialize;
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use store::{Consistency, Inclusion, Log, SignedCheckpoint};

use request::{Leaf, SizeRange, WantedProof};

/// In this time at most one checkpoint is signed, however many are asked for.
const CHECKPOINTS_EVERY: Duration = Duration::from_secs(60);
/// How long others may keep a checkpoint.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=60");
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub struct Ledger {
    clock: Clock,
    log: Log,
    checkpoints: Checkpoints,
}

#[derive(Serialize)]
struct CheckpointAnswer<'a> {
    origin: &'a str,
    size: u64,
    root: String,
    signed_at: String,
    note: &'a str,
}

#[derive(Serialize)]
struct InclusionAnswer {
    leaf_index: u64,
    leaf_hash: String,
    tree_size: u64,
    root: String,
    hashes: Vec<String>,
}

#[derive(Serialize)]
struct ConsistencyAnswer {
    from: u64,
    from_root: String,
    to: u64,
    to_root: String,
    hashes: Vec<String>,
}

impl Ledger {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            log: Log::new(settings),
            checkpoints: Checkpoints::new(settings),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "log", "checkpoint"]) => self.checkpoint(request).await,
            (&Method::GET, ["v1", "log", "keys"]) => self.keys(request).await,
            (&Method::GET, ["v1", "log", "proof", "inclusion"]) => self.inclusion(request).await,
            (&Method::GET, ["v1", "log", "proof", "consistency"]) => {
                self.consistency(request).await
            }
            _ => Err(Problem::not_found()),
        }
    }

    async fn checkpoint(&self, request: &Request) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let signed = self
            .checkpoints
            .latest(CHECKPOINTS_EVERY, self.clock.now())
            .await?;
        let wants_json = http::header(request, ACCEPT)
            .is_some_and(|accept| accept.to_ascii_lowercase().contains("application/json"));
        let mut response = if wants_json {
            http::json(StatusCode::OK, &self.describe(&signed))
        } else {
            let mut response = Response::new(signed.note.into());
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, text);
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, FOR_A_WHILE);
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        Ok(response)
    }

    fn describe<'a>(&'a self, signed: &'a SignedCheckpoint) -> CheckpointAnswer<'a> {
        CheckpointAnswer {
            origin: self.checkpoints.origin(),
            size: signed.head.size,
            root: signed.head.root.to_string(),
            signed_at: Millis::to_rfc3339(signed.at),
            note: &signed.note,
        }
    }

    async fn keys(&self, request: &Request) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let keys = self.checkpoints.verifiers().await;
        let keys = keys?;
        let body = json!({ "origin": self.checkpoints.origin(), "keys": keys });
        Ok(kept(http::json(StatusCode::OK, &body), FOR_A_WHILE))
    }

    async fn inclusion(&self, request: &Request) -> Result<Response, Problem> {
        let wanted = WantedProof::from_request(request)?;
        let index = match wanted.leaf {
            Leaf::Index(index) => index,
            Leaf::Event(hash) => {
                let found = self.log.find(&hash).await?;
                found.ok_or_else(|| no_such("No event of this hash has a place in the log yet."))?
            }
        };
        let head = self.log.head().await?;
        let size = wanted.size.unwrap_or(head.size);
        let proof = self.log.inclusion(index, size, &head).await;
        let proof = proof?.ok_or_else(|| {
            no_such("The log is not that large, or has no such leaf at that size.")
        })?;
        let body = InclusionAnswer::from(proof);
        Ok(answered(&body, wanted.size.is_some()))
    }

    async fn consistency(&self, request: &Request) -> Result<Response, Problem> {
        let between = SizeRange::from_request(request)?;
        let head = self.log.head().await?;
        let to = between.to.unwrap_or(head.size);
        let proof = self.log.consistency(between.from, to, &head).await;
        let proof = proof?.ok_or_else(|| no_such("The log is not that large."))?;
        Ok(answered(
            &ConsistencyAnswer::from(proof),
            between.to.is_some(),
        ))
    }
}

impl From<Inclusion> for InclusionAnswer {
    fn from(proof: Inclusion) -> Self {
        Self {
            leaf_index: proof.leaf_index,
            leaf_hash: proof.leaf_hash.to_string(),
            tree_size: proof.tree_size,
            root: proof.root.to_string(),
            hashes: proof.hashes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Consistency> for ConsistencyAnswer {
    fn from(proof: Consistency) -> Self {
        Self {
            from: proof.from.size,
            from_root: proof.from.root.to_string(),
            to: proof.to.size,
            to_root: proof.to.root.to_string(),
            hashes: proof.hashes.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A proof. With a given tree size, it never changes.
fn answered(body: &impl Serialize, is_fixed: bool) -> Response {
    let response = http::json(StatusCode::OK, body);
    if is_fixed {
        kept(response, FOR_EVER)
    } else {
        response
    }
}

/// An answer that others may keep; failures must not be kept.
fn kept(mut response: Response, how_long: HeaderValue) -> Response {
    if response.status().is_success() {
        response.headers_mut().insert(CACHE_CONTROL, how_long);
    }
    response
}

fn no_such(detail: &str) -> Problem {
    Problem::not_found().detail(detail)
}

//! Tokens for customers, workers, agencies and the authority; answers routes that nobody has.
//!
//! A customer is identified by a code from WeChat ([`wechat`]), a worker by a code that WeChat exchanges for her
//! phone number ([`phone`]), agencies and the authority by access key and secret. The answer is a token for 15
//! minutes, signed by a key that never leaves KMS, which every function verifies itself by public keys.

mod credentials;
pub mod phone;
pub mod wechat;

use domain::agency::Standing;
use domain::id::CustomerId;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, Request, Response};
use runtime::session::{Session, Unsigned};
use runtime::{Caller, Principal, Problem, Verifier, secret};
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use signer::Signer;
use store::{Directory, PhoneHashes, WorkerRecords};

use crate::phone::PhoneNumbers;
use crate::wechat::WeChat;

pub struct Sessions {
    clock: Clock,
    directory: Directory,
    verifier: Verifier,
    signer: Signer,
    subject_key: [u8; 32],
    wechat: WeChat,
    phone_numbers: PhoneNumbers,
    phones: PhoneHashes,
    workers: WorkerRecords,
    wrong_secrets_cap: u32,
}

impl Sessions {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            workers: WorkerRecords::new(settings),
            directory: Directory::new(settings),
            verifier: Verifier::new(settings),
            signer: Signer::new(settings, "SESSION_SIGNING_KEY"),
            subject_key: settings.key("SUBJECT_KEY", "homehail customer id v1"),
            wechat: WeChat::new(settings),
            phone_numbers: PhoneNumbers::default(),
            phones: PhoneHashes::new(settings),
            wrong_secrets_cap: settings.market().wrong_secrets_cap,
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let principal = match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "sessions", "customer"]) => self.customer(request).await?,
            (&Method::POST, ["v1", "sessions", "agency"]) => self.agency(request).await?,
            (&Method::POST, ["v1", "sessions", "authority"]) => self.authority(request).await?,
            (&Method::POST, ["v1", "sessions", "worker"]) => self.worker(request).await?,
            // The gateway sends here whatever no function has a route for.
            _ => return Err(Problem::not_found()),
        };
        let session = self.session(&principal).await?;
        tracing::info!(role = principal.role(), "a session was given");
        Ok(http::json(
            StatusCode::OK,
            &json!({
                "token": session.token,
                "expires_at": session.expires_at.to_rfc3339(),
                "subject": principal.subject(),
            }),
        ))
    }

    async fn session(&self, principal: &Principal) -> Result<Session, Problem> {
        let now = self.clock.now();
        let session = Unsigned::new(principal, self.verifier.signing_kid(), now);
        let signature = self.signer.sign(session.message.clone().into_bytes());
        let session = session.signed(&signature.await?);
        // Otherwise every other function would refuse it, without saying why.
        if let Err(reason) = self.verifier.verify(&session.token, now) {
            let words = "SESSION_SIGNING_KEY is not the first key of SESSION_PUBLIC_KEYS";
            tracing::error!(reason, "{words}");
            return Err(Problem::internal());
        }
        Ok(session)
    }

    async fn customer(&self, request: &Request) -> Result<Principal, Problem> {
        let code = http::read_json(request, |fields| fields.string("code", 1..=128))?;
        let open_id = self.wechat.open_id(&code).await?;
        let mac = secret::hmac(&self.subject_key, &[open_id.as_bytes()]);
        let id = mac.first_chunk::<16>().map(CustomerId::from_bytes);
        let id = id.ok_or_else(Problem::internal)?;
        Ok(Principal::new(Caller::Customer(id)))
    }

    /// A worker, by the phone that she was approved with. If she has been suspended since, she can still see her
    /// record and object to it. Whether somebody was never approved or is unknown is not revealed.
    async fn worker(&self, request: &Request) -> Result<Principal, Problem> {
        let code = http::read_json(request, |fields| fields.string("code", 1..=128))?;
        let now = self.clock.now();
        let phone = self
            .phone_numbers
            .exchange(&self.wechat, &code, now)
            .await?;
        let Some(phone) = phone else {
            return Err(Problem::bad_credentials());
        };
        let found = self
            .workers
            .by_confirmed_phone(&self.phones.of(&phone))
            .await;
        let Some(id) = found? else {
            return Err(Problem::bad_credentials());
        };
        let worker = self.workers.get(&id).await?;
        let may_enter = worker.is_some_and(|worker| {
            !worker.is_erased && matches!(worker.standing, Standing::Approved | Standing::Suspended)
        });
        if may_enter {
            Ok(Principal::new(Caller::Worker(id)))
        } else {
            Err(Problem::bad_credentials())
        }
    }
}

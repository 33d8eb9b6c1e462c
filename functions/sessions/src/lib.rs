//! Sessions for customers, workers, agencies and the authority; answers routes that nobody has.
//!
//! A customer is identified by WeChat ([`customer`]) or by a code to a phone ([`login_code`]), a worker by a phone that the
//! authority has confirmed with her, which WeChat ([`phone`]) or a code shows, agencies and the authority by access key and
//! secret ([`credentials`]). The answer is a token for 15 minutes, signed by a key that never leaves KMS, which every
//! function verifies itself by public keys, and another that opens the next session ([`refresh`]).
//!
//! Pages in WeChat's browser get the signature for its scanner here too ([`js_signature`]), because it takes the same
//! secret.

mod access;
mod credentials;
mod customer;
mod js_signature;
mod login_code;
mod peer;
pub mod phone;
mod refresh;
pub mod wechat;

use domain::agency::Standing;
use domain::market::Market;
use domain::time::Millis;
use lambda_http::http::Method;
use runtime::http::{self, Request, Response};
use runtime::session::{Session, Unsigned};
use runtime::{Caller, Principal, Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use signer::Signer;
use store::{Directory, LogIns, Opener, Orders, PhoneHashes, WorkerRecords};

use crate::customer::read_code;
use crate::js_signature::PageTicket;
use crate::login_code::CodeSender;
use crate::phone::PhoneNumbers;
use crate::wechat::WeChat;

pub struct Sessions {
    clock: Clock,
    market: Market,
    directory: Directory,
    log_ins: LogIns,
    orders: Orders,
    verifier: Verifier,
    signer: Signer,
    subject_key: [u8; 32],
    refresh_key: [u8; 32],
    code_key: [u8; 32],
    wechat: WeChat,
    official_account: Option<WeChat>,
    page_ticket: PageTicket,
    web_host: Option<String>,
    code_sender: Option<CodeSender>,
    phone_numbers: PhoneNumbers,
    phones: PhoneHashes,
    workers: WorkerRecords,
}

/// Who is given sessions, as it is known at this moment.
struct Person {
    principal: Principal,
    /// A member's.
    name: Option<String>,
}

impl From<Caller> for Person {
    fn from(caller: Caller) -> Self {
        Self {
            principal: Principal::new(caller),
            name: None,
        }
    }
}

/// Somebody who has shown who it is.
struct Opened {
    person: Person,
    /// What is looked at again when the session is renewed.
    opener: Opener,
    /// Whether the refresh token goes into a cookie.
    by_cookie: bool,
}

impl Sessions {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            market: settings.market(),
            workers: WorkerRecords::new(settings),
            directory: Directory::new(settings),
            log_ins: LogIns::new(settings),
            orders: Orders::new(settings),
            verifier: Verifier::new(settings),
            signer: Signer::new(settings, "SESSION_SIGNING_KEY"),
            subject_key: settings.key("SUBJECT_KEY", "homehail customer id v1"),
            refresh_key: settings.key("REFRESH_KEY", "homehail refresh token v1"),
            code_key: settings.key("REFRESH_KEY", "homehail login code v1"),
            wechat: WeChat::new(settings),
            official_account: WeChat::official_account(settings),
            page_ticket: PageTicket::default(),
            web_host: settings.optional("WEB_HOST").map(str::to_owned),
            code_sender: CodeSender::new(settings),
            phone_numbers: PhoneNumbers::default(),
            phones: PhoneHashes::new(settings),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let opened = match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "sessions", how]) => match *how {
                "customer" => self.customer(request).await?,
                "official-account" => self.official_account(request).await?,
                "phone" => self.by_phone(request).await?,
                "agency" => self.agency(request).await?,
                "authority" => self.authority(request).await?,
                "worker" => self.worker(request).await?,
                "phone-code" => return self.send_code(request).await,
                "refresh" => return self.refresh(request).await,
                _ => return Err(Problem::not_found()),
            },
            (&Method::DELETE, ["v1", "sessions"]) => return self.log_out(request).await,
            (&Method::GET, ["v1", "wechat", "js-signature"]) => {
                return self.js_signature(request).await;
            }
            // The gateway sends here whatever no function has a route for.
            _ => return Err(Problem::not_found()),
        };
        self.begin(opened).await
    }

    /// A session, and when it was given.
    async fn session(&self, principal: &Principal) -> Result<(Session, Millis), Problem> {
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
        Ok((session, now))
    }

    /// `POST /v1/sessions/worker`.
    async fn worker(&self, request: &Request) -> Result<Opened, Problem> {
        let (code, by_cookie) = read_code(request)?;
        let now = self.clock.now();
        let phone = self
            .phone_numbers
            .exchange(&self.wechat, &code, now)
            .await?;
        let phone = phone.ok_or_else(Problem::bad_credentials)?;
        self.worker_with(self.phones.of(&phone), by_cookie).await
    }

    /// A worker, by the phone that she was approved with. If she has been suspended since, she can still see her
    /// record and object to it. Whether somebody was never approved or is unknown is not revealed.
    async fn worker_with(&self, phone: String, by_cookie: bool) -> Result<Opened, Problem> {
        let Some(id) = self.workers.by_confirmed_phone(&phone).await? else {
            return Err(Problem::bad_credentials());
        };
        let worker = self.workers.get(&id).await?;
        let may_enter = worker.is_some_and(|worker| {
            !worker.is_erased && matches!(worker.standing, Standing::Approved | Standing::Suspended)
        });
        if !may_enter {
            return Err(Problem::bad_credentials());
        }
        Ok(Opened {
            person: Caller::Worker(id.clone()).into(),
            opener: Opener::Worker { id, phone },
            by_cookie,
        })
    }
}

/// Random bytes.
fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    filled.map_err(|_| Problem::internal())?;
    Ok(bytes)
}

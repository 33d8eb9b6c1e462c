//! Issuing a badge: first its event is added to the worker's chain, then the badge is signed.
//!
//! A request that is cut off in between leaves a badge without signature; repeating the request signs it.

use std::time::Duration;

use badge::{BadgeFields, Token, Verdict};
use domain::agency::Standing;
use domain::badge::{Badge, BadgeSignature, BadgeStatus, LIST_PLACES, StatusIndex};
use domain::chain::Actor;
use domain::id::{AgencyId, BadgeId, WorkerId};
use domain::member::Right;
use domain::time::Millis;
use lambda_http::http::StatusCode;
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Problem, secret};
use store::{Issued, NewBadge};

use crate::BadgeIssue;
use crate::answer::{IssuedAnswer, fields_of, token_of};

/// The longest validity, and the one that is given unless the request asks for less.
const MOST_DAYS: u32 = 365;
/// An agency issues a worker no more badges that have not expired. What was lost or revoked counts, since it keeps its
/// place in a status list.
const MOST_BADGES: usize = 30;
const DAY: Duration = Duration::from_secs(86_400);

/// Why no badge is issued.
enum Refusal {
    /// No photo of her has been approved.
    PhotoMissing,
    /// The worker belongs to another agency.
    NotHers,
    /// The worker is not approved, or was erased.
    NotApproved,
}

impl BadgeIssue {
    /// `POST /v1/workers/{worker_id}/badges`.
    pub(crate) async fn issue(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let by = principal.agency(Right::Badges)?;
        let agency = &by.team;
        let worker: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let key = http::idempotency_key(request)?;
        let (days, body_hash) = wanted(request)?;
        self.approved(agency).await?;
        let records = self.workers.records();
        let seen = records.seen_by(agency, &worker).await?;
        if seen.ok_or_else(Problem::not_found)?.standing != Standing::Approved {
            return Err(Problem::worker_not_approved());
        }
        let id = self.badge_id(agency, &worker, key);
        let before = self.badges.get_issued(&id).await?;
        let badge = match before {
            Some((_, hash)) if hash != body_hash => {
                return Err(Problem::idempotency_key_reused());
            }
            Some((badge, _)) => badge,
            None => {
                let all = self.badges.of_worker(&worker).await?.into_iter();
                let ours = all.filter(|badge| badge.agency == *agency && !badge.is_expired(now));
                if ours.count() >= MOST_BADGES {
                    let words =
                        format!("A worker has at most {MOST_BADGES} badges that have not expired.");
                    return Err(Problem::rate_limited(86_400).detail(words));
                }
                let new = NewBadge {
                    badge: Badge {
                        id,
                        worker,
                        agency: agency.clone(),
                        status: BadgeStatus::Valid,
                        index: StatusIndex(0),
                        expires_day: self.last_day(days, now)?,
                        issued_at: now,
                        version: 1,
                        signed: None,
                    },
                    body_hash,
                    actor: Actor::from(by),
                    directory: self.directory.clone(),
                };
                self.chained(new, now).await?
            }
        };
        let (badge, token) = self.signed(badge, now).await?;
        Ok(http::json(
            StatusCode::CREATED,
            &IssuedAnswer::new(&badge, &token, &self.host),
        ))
    }

    /// The id follows from the request, so that a repeat finds its badge; without the key nobody can guess it.
    fn badge_id(&self, agency: &AgencyId, worker: &WorkerId, key: &str) -> BadgeId {
        let parts = [
            agency.bare().as_bytes(),
            worker.bare().as_bytes(),
            key.as_bytes(),
        ];
        let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = secret::hmac(&self.id_key, &parts);
        BadgeId::from_bytes(&[b0, b1, b2, b3, b4, b5, b6, b7])
    }

    /// The last day of a badge that is to be valid for `days`; no later than the key that signs it counts.
    fn last_day(&self, days: u32, now: Millis) -> Result<u16, Problem> {
        let key = self.keys.signs_at(now).ok_or_else(no_key)?;
        let until = (now + DAY * days).min(key.verify_until);
        BadgeFields::last_day_before(until).ok_or_else(no_key)
    }

    /// Stores the badge together with its event in the worker's chain.
    async fn chained(&self, new: NewBadge, now: Millis) -> Result<Badge, Problem> {
        let agency = new.badge.agency.clone();
        let (id, worker) = (new.badge.id.clone(), new.badge.worker.clone());
        let issued = self
            .badges
            .issue(&self.workers, new, now, random_place, |file| {
                if file.worker.agency != agency {
                    Err(Refusal::NotHers)
                } else if !file.worker.may_work() {
                    Err(Refusal::NotApproved)
                } else if file.worker.photo.is_none() {
                    Err(Refusal::PhotoMissing)
                } else {
                    Ok(())
                }
            });
        match issued.await? {
            Issued::Done(badge) => {
                tracing::info!(badge.id = %id, worker.id = %worker, agency.id = %agency, "a badge was issued");
                Ok(*badge)
            }
            Issued::KeyReused => Err(Problem::idempotency_key_reused()),
            Issued::Refused(Refusal::NotApproved) => Err(Problem::worker_not_approved()),
            Issued::Refused(Refusal::PhotoMissing) => Err(Problem::photo_missing()),
            Issued::Refused(Refusal::NotHers) | Issued::NotFound => Err(Problem::not_found()),
        }
    }

    /// Signs the badge, unless it is signed already.
    async fn signed(&self, badge: Badge, now: Millis) -> Result<(Badge, Token), Problem> {
        if let Some(token) = token_of(&badge) {
            return Ok((badge, token));
        }
        if badge.status == BadgeStatus::Revoked || badge.is_expired(now) {
            let why =
                "This badge was revoked, or expired, before it was signed; issue another one.";
            return Err(Problem::conflict().detail(why));
        }
        let key = self.keys.signs_at(now).ok_or_else(no_key)?;
        let fields = fields_of(&badge, key.kid);
        let signature = self.signer.sign(fields.signing_bytes()).await?;
        let token = Token::assemble(fields.clone(), signature);
        // Otherwise the customer at the door would be the one to find out that key and number do not belong together.
        if self.keys.verify(&token.digits(), now) != Verdict::Genuine(fields) {
            tracing::error!(
                alarm = "badge-key",
                kid = key.kid,
                "BADGE_SIGNING_KEY is not this key of BADGE_PUBLIC_KEYS"
            );
            return Err(Problem::internal());
        }
        let signature = BadgeSignature {
            kid: key.kid,
            bytes: signature,
        };
        let badge = self.badges.sign(&badge.id, &signature).await;
        let badge = badge?;
        let token = token_of(&badge).ok_or_else(Problem::internal)?;
        Ok((badge, token))
    }
}

/// The days of validity that the body asks for, and its hash. The body may be left out.
fn wanted(request: &Request) -> Result<(u32, [u8; 32]), Problem> {
    if request.body().is_empty() {
        return Ok((MOST_DAYS, secret::sha256(b"{}")));
    }
    let body = JsonBody::from_request(request)?;
    let days = body.read(|fields| {
        let days = fields.given("valid_days").is_some();
        let number = fields.optional_integer("valid_days", 1..=i64::from(MOST_DAYS));
        if days {
            number
        } else {
            Some(i64::from(MOST_DAYS))
        }
    })?;
    Ok((u32::try_from(days).unwrap_or(MOST_DAYS), body.hash()))
}

fn random_place() -> Result<u32, store::Error> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| store::Error::wrong("there is no randomness"))?;
    Ok(u32::from_be_bytes(bytes) % LIST_PLACES)
}

fn no_key() -> Problem {
    tracing::error!(alarm = "badge-key", "no key of BADGE_PUBLIC_KEYS signs now");
    Problem::internal()
}

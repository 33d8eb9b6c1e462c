//! Badges as HTTP shows them, to the agency and the authority.

use badge::{BadgeFields, Token};
use domain::badge::{Badge, BadgeStatus, Decider};
use domain::id::{AgencyId, BadgeId, WorkerId};
use domain::time::{Millis, rfc3339};
use serde::Serialize;

/// Answers issuing a badge, and each repeat of it.
#[derive(Serialize)]
pub struct IssuedAnswer {
    badge_id: BadgeId,
    token: String,
    url: String,
    #[serde(with = "rfc3339")]
    expires_at: Millis,
}

/// A badge when it is read, listed or decided on.
#[derive(Serialize)]
pub struct BadgeAnswer {
    badge_id: BadgeId,
    worker_id: WorkerId,
    agency_id: AgencyId,
    status: &'static str,
    suspended_by: Option<Decider>,
    /// Of a suspended one.
    reason: Option<String>,
    #[serde(with = "rfc3339")]
    issued_at: Millis,
    #[serde(with = "rfc3339")]
    expires_at: Millis,
    token: Option<String>,
    url: Option<String>,
}

impl IssuedAnswer {
    pub fn new(badge: &Badge, token: &Token, host: &str) -> Self {
        Self {
            badge_id: badge.id.clone(),
            token: token.digits(),
            url: token.url(host),
            expires_at: badge.expires_at(),
        }
    }
}

impl BadgeAnswer {
    /// Without the token if the badge is revoked, because nobody needs that any more, or not signed.
    pub fn new(badge: &Badge, reason: Option<String>, host: &str) -> Self {
        let token = token_of(badge).filter(|_| badge.status != BadgeStatus::Revoked);
        Self {
            badge_id: badge.id.clone(),
            worker_id: badge.worker.clone(),
            agency_id: badge.agency.clone(),
            status: badge.status.as_str(),
            suspended_by: match badge.status {
                BadgeStatus::Suspended { by } => Some(by),
                BadgeStatus::Valid | BadgeStatus::Revoked => None,
            },
            reason,
            issued_at: badge.issued_at,
            expires_at: badge.expires_at(),
            token: token.as_ref().map(Token::digits),
            url: token.map(|token| token.url(host)),
        }
    }
}

/// What the badge's token says when key `kid` signs it.
pub fn fields_of(badge: &Badge, kid: u8) -> BadgeFields {
    BadgeFields {
        kid,
        badge: badge.id.clone(),
        index: badge.index.0,
        expires_day: badge.expires_day,
    }
}

/// `None` if the badge is not signed.
pub fn token_of(badge: &Badge) -> Option<Token> {
    let signed = badge.signed?;
    Some(Token::assemble(fields_of(badge, signed.kid), signed.bytes))
}

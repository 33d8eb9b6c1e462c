//! Sessions: tokens that last 15 minutes. Who makes one signs it with an Ed25519 key that is not here.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{CredentialId, MemberId};
use domain::member::Role;
use domain::time::Millis;
use serde::Deserialize;
use serde_json::json;

use crate::Principal;

pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The issuer: every token names it as `iss`.
pub(crate) const ISSUER: &str = "homehail";
/// Whom tokens are for: every token names it as `aud`.
pub(crate) const AUDIENCE: &str = "homehail-api";

/// Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) role: String,
    /// Who of the agency or the authority.
    pub(crate) member: Option<MemberId>,
    pub(crate) member_role: Option<Role>,
    /// By which they came.
    pub(crate) credential: Option<CredentialId>,
    pub(crate) iat: i64,
    pub(crate) nbf: Option<i64>,
    /// At this second the token is not valid any more.
    pub(crate) exp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// For `Authorization: Bearer`.
    pub token: String,
    pub expires_at: Millis,
}

/// A session before it is signed.
pub struct Unsigned {
    /// What is to be signed, by the key that it names.
    pub message: String,
    expires_at: Millis,
}

impl Unsigned {
    /// A session for `principal` from `now` on, to be signed by the key `kid`.
    pub fn new(principal: &Principal, kid: &str, now: Millis) -> Self {
        let iat = now.second();
        let exp = iat + LIFETIME.as_secs().cast_signed();
        let header = json!({ "typ": "JWT", "alg": "EdDSA", "kid": kid });
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": principal.subject(),
            "role": principal.role(),
            "iat": iat,
            "nbf": iat,
            "exp": exp,
        });
        if let Some((member, role)) = principal.member() {
            claims["member"] = json!(member);
            claims["member_role"] = json!(role);
            claims["credential"] = json!(principal.credential());
        }
        let encode = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        Self {
            message: format!("{}.{}", encode(header), encode(claims)),
            expires_at: Millis(exp * 1000),
        }
    }

    pub fn signed(self, signature: &[u8; 64]) -> Session {
        Session {
            token: format!("{}.{}", self.message, URL_SAFE_NO_PAD.encode(signature)),
            expires_at: self.expires_at,
        }
    }
}

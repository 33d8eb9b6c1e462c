//! Who calls: principals, and the tokens that prove them.

use std::time::Duration;

use ::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AgencyId, AuthorityId, CredentialId, CustomerId, MemberId, WorkerId};
use domain::member::{MemberOf, Right, Role, TeamId};
use domain::time::Millis;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use settings::Settings;

use crate::session::{AUDIENCE, Claims, ISSUER};
use crate::{Problem, http};

/// How far the clock of the function that made a token may be from the clock of the one that verifies it.
const LEEWAY: Duration = Duration::from_secs(5);

/// The caller, according to a verified token.
///
/// Which agency or authority calls is told only to who names the right that it takes: what its member's role does not allow
/// is answered with 403. So is a caller of another kind, by the methods that are named after one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal(Caller);

/// Who calls, once it is known that they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Customer(CustomerId),
    Agency(MemberOf<AgencyId>),
    Authority(MemberOf<AuthorityId>),
    Worker(WorkerId),
}

impl Principal {
    /// As sessions are given.
    pub fn new(caller: Caller) -> Self {
        Self(caller)
    }

    pub fn subject(&self) -> String {
        match &self.0 {
            Caller::Customer(id) => id.to_string(),
            Caller::Agency(by) => by.team.to_string(),
            Caller::Authority(by) => by.team.to_string(),
            Caller::Worker(id) => id.to_string(),
        }
    }

    /// What kind of caller, as tokens carry it.
    pub fn role(&self) -> &'static str {
        match &self.0 {
            Caller::Customer(_) => "customer",
            Caller::Agency(_) => "agency",
            Caller::Authority(_) => "authority",
            Caller::Worker(_) => "worker",
        }
    }

    /// Who of the agency or the authority.
    pub fn member(&self) -> Option<(&MemberId, Role)> {
        match &self.0 {
            Caller::Agency(by) => Some((&by.member, by.role)),
            Caller::Authority(by) => Some((&by.member, by.role)),
            Caller::Customer(_) | Caller::Worker(_) => None,
        }
    }

    pub(crate) fn credential(&self) -> Option<&CredentialId> {
        match &self.0 {
            Caller::Agency(by) => by.credential.as_ref(),
            Caller::Authority(by) => by.credential.as_ref(),
            Caller::Customer(_) | Caller::Worker(_) => None,
        }
    }

    /// Whoever calls, if a member's role has this right.
    pub fn may(&self, right: Right) -> Result<&Caller, Problem> {
        match self.member() {
            Some((_, role)) if !role.may(right) => {
                Err(Problem::forbidden().detail("This member's role does not allow it."))
            }
            _ => Ok(&self.0),
        }
    }

    pub fn agency(&self, right: Right) -> Result<&MemberOf<AgencyId>, Problem> {
        match self.may(right)? {
            Caller::Agency(by) => Ok(by),
            _ => Err(Problem::forbidden().detail("Only an agency can do this.")),
        }
    }

    pub fn authority(&self, right: Right) -> Result<&MemberOf<AuthorityId>, Problem> {
        match self.may(right)? {
            Caller::Authority(by) => Ok(by),
            _ => Err(Problem::forbidden().detail("Only the authority can do this.")),
        }
    }

    pub fn customer(&self) -> Result<&CustomerId, Problem> {
        match &self.0 {
            Caller::Customer(id) => Ok(id),
            _ => Err(Problem::forbidden().detail("Only a customer can do this.")),
        }
    }

    pub fn worker(&self) -> Result<&WorkerId, Problem> {
        match &self.0 {
            Caller::Worker(id) => Ok(id),
            _ => Err(Problem::forbidden().detail("Only a worker can do this.")),
        }
    }

    fn from_claims(claims: &Claims) -> Option<Self> {
        let sub = &claims.sub;
        let named = claims.member.clone().zip(claims.member_role);
        let by = claims.credential.clone();
        let caller = match claims.role.as_str() {
            "customer" => Caller::Customer(sub.parse().ok()?),
            "agency" => Caller::Agency(acting(sub.parse().ok()?, named, by)),
            "authority" => Caller::Authority(acting(sub.parse().ok()?, named, by)),
            "worker" => Caller::Worker(sub.parse().ok()?),
            _ => return None,
        };
        Some(Self(caller))
    }
}

/// Tokens from before members had ids are the first member's.
fn acting<T: Clone + Into<TeamId>>(
    team: T,
    named: Option<(MemberId, Role)>,
    credential: Option<CredentialId>,
) -> MemberOf<T> {
    match named {
        Some((member, role)) => MemberOf {
            team,
            member,
            role,
            credential,
        },
        None => MemberOf::first(team),
    }
}

/// Verifies session tokens.
///
/// Which algorithm is used depends on the key: whatever a token's header says, a key of this set verifies Ed25519
/// signatures and nothing else. A key inside the token is ignored.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// By their ids.
    keys: Vec<(String, DecodingKey)>,
    validation: Validation,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: String,
    kid: String,
    x: String,
}

fn public_keys(jwks: &str) -> Result<Vec<(String, DecodingKey)>, &'static str> {
    let set: KeySet = serde_json::from_str(jwks).map_err(|_| "it is not a JWK set of OKP keys")?;
    let mut keys = Vec::new();
    for key in set.keys {
        if key.kty != "OKP" || key.crv != "Ed25519" {
            return Err("only Ed25519 keys can verify sessions");
        }
        let public_key = URL_SAFE_NO_PAD.decode(&key.x).unwrap_or_default();
        if public_key.len() != 32 {
            return Err("a public key has 32 bytes");
        }
        keys.push((key.kid, DecodingKey::from_ed_der(&public_key)));
    }
    if keys.is_empty() {
        return Err("it holds no key");
    }
    Ok(keys)
}

impl Verifier {
    /// Takes a JWK set (RFC 7517) of Ed25519 keys (RFC 8037).
    pub fn new(settings: &Settings) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Checked below, by the function's clock.
        validation.validate_exp = false;
        Self {
            keys: settings.parsed("SESSION_PUBLIC_KEYS", public_keys),
            validation,
        }
    }

    /// The id of the key that signs: the first of the set. Those after it signed what is still out, or will sign next.
    pub fn signing_kid(&self) -> &str {
        self.keys.first().map_or("", |(kid, _)| kid)
    }

    /// The sender of this request. 401 `unauthenticated` whatever is wrong with the token; only
    /// a debug line says what.
    pub fn authenticate(
        &self,
        request: &lambda_http::Request,
        now: Millis,
    ) -> Result<Principal, Problem> {
        let session = self.authenticate_session(request, now);
        session.map(|(principal, _)| principal)
    }

    /// The sender of this request, and since when it has had this session, in whole seconds.
    pub fn authenticate_session(
        &self,
        request: &lambda_http::Request,
        now: Millis,
    ) -> Result<(Principal, Millis), Problem> {
        let token = http::header(request, AUTHORIZATION).and_then(bearer);
        let verdict = token
            .ok_or("no bearer token")
            .and_then(|token| self.verify(token, now));
        verdict.map_err(|reason| {
            tracing::debug!(reason, "a token was not accepted");
            Problem::unauthenticated()
        })
    }

    /// Whom a token was given to, and when.
    ///
    /// # Errors
    /// What is wrong with it, for a log and nobody else.
    pub fn verify(&self, token: &str, now: Millis) -> Result<(Principal, Millis), &'static str> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| "header cannot be read")?;
        let kid = header.kid.ok_or("no kid")?;
        let mut keys = self.keys.iter();
        let (_, key) = keys.find(|(known, _)| *known == kid).ok_or("unknown kid")?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|_| "signature, algorithm or claims are wrong")?
            .claims;
        let at = |second: i64| Millis(second.saturating_mul(1000));
        if now >= at(claims.exp) + LEEWAY {
            return Err("expired");
        }
        if now + LEEWAY < at(claims.iat.max(claims.nbf.unwrap_or(claims.iat))) {
            return Err("not yet valid");
        }
        let principal = Principal::from_claims(&claims).ok_or("role and subject do not fit")?;
        Ok((principal, at(claims.iat)))
    }
}

/// The token of `Bearer <token>`; the scheme is case-insensitive (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

#[cfg(test)]
mod tests;

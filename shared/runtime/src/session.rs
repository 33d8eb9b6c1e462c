//! Sessions: tokens that last 15 minutes, signed with Ed25519.

use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Millis;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use settings::Settings;

use crate::{Principal, Problem, secret};

pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The issuer: every token names it as `iss`.
pub(crate) const ISSUER: &str = "homehail";

const LABEL: &str = "homehail session signing key v1";

/// A PKCS #8 version 1 Ed25519 private key is these bytes and the seed (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) role: String,
    /// Seconds since 1970.
    pub(crate) iat: i64,
    /// Seconds since 1970; at this second the token is not valid any more.
    pub(crate) exp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// For `Authorization: Bearer`.
    pub token: String,
    pub expires_at: Millis,
}

#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    public_key: Vec<u8>,
    kid: String,
}

impl Signer {
    /// Signs with the key derived from `SESSION_SIGNING_KEY`.
    pub fn new(settings: &Settings) -> Self {
        let seed = settings.key("SESSION_SIGNING_KEY", LABEL);
        let public_key = match Ed25519KeyPair::from_seed_unchecked(&seed) {
            Ok(pair) => pair.public_key().as_ref().to_vec(),
            Err(error) => {
                settings.refuse("SESSION_SIGNING_KEY", error);
                Vec::new()
            }
        };
        Self {
            key: EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &seed].concat()),
            kid: kid(&public_key),
            public_key,
        }
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A session for `principal`, from `now` on.
    pub fn sign(&self, principal: &Principal, now: Millis) -> Result<Session, Problem> {
        let iat = now.0.div_euclid(1000);
        let exp = iat + LIFETIME.as_secs().cast_signed();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: principal.subject(),
            role: principal.role().to_owned(),
            iat,
            exp,
        };
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|error| Problem::internal().because(&error))?;
        Ok(Session {
            token,
            expires_at: Millis(exp * 1000),
        })
    }

    /// The public key as a JWK set (RFC 7517, RFC 8037), for `SESSION_PUBLIC_KEYS`. During a rotation, put the keys
    /// of two sets into one list.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(&self.public_key),
        }] })
    }
}

/// The first 8 hexadecimal digits of the public key's SHA-256.
fn kid(public_key: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&secret::sha256(public_key)[..4])
}

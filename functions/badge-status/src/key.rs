//! The key that signs status lists.
//!
//! It is derived from a secret and used in this process, because a list is a JWT, which is signed as a whole, and KMS signs
//! Ed25519 only over messages of at most 4,096 bytes (`infra/docs/decisions/badge-keys.md`).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use runtime::{ConfigError, secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const LABEL: &str = "homehail status list signing key v1";
/// The media type of a status list, without `application/`.
const TYPE: &str = "statuslist+jwt";
/// PKCS #8 version 1 of an Ed25519 private key is these bytes and the seed (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

pub struct StatusKey {
    key: EncodingKey,
    kid: String,
    x: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    kid: String,
    x: String,
}

/// Does not print the key, so that it cannot slip into a log.
impl std::fmt::Debug for StatusKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatusKey")
    }
}

impl StatusKey {
    /// Derives the key from `secret`.
    ///
    /// # Errors
    /// When the cryptographic library refuses the key.
    pub fn new(secret: &str) -> Result<Self, ConfigError> {
        let seed = secret::derive(secret, LABEL);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|error| ConfigError::invalid("the status lists' signing key", error))?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        // The letter keeps it from being taken for the number of a badge key.
        let kid = format!("s{}", &x[..8]);
        let key = EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &seed].concat());
        Ok(Self { key, kid, x })
    }

    /// The same key under the name that verifiers know it by from the JWK set `jwks`.
    ///
    /// # Errors
    /// When `jwks` is no JWK set, does not have the key, or names it by a number.
    pub fn known_in(self, jwks: &str) -> Result<Self, ConfigError> {
        let invalid = |reason: &str| ConfigError::invalid("STATUS_PUBLIC_KEYS", reason);
        let set: KeySet =
            serde_json::from_str(jwks).map_err(|_| invalid("it is not a JWK set of OKP keys"))?;
        let known = set.keys.into_iter().find(|key| key.x == self.x);
        let known = known.ok_or_else(|| invalid("the key that signs is not in it"))?;
        if known.kid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(
                "the key that signs is called by a number there, as badge keys are",
            ));
        }
        Ok(Self {
            kid: known.kid,
            ..self
        })
    }

    /// Its public key as a member of a JWK set (RFC 7517, RFC 8037).
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.kid,
            "x": self.x,
        })
    }

    /// The claims as a signed status list token.
    ///
    /// # Errors
    /// When they cannot be signed.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_signs_has_to_be_one_that_verifiers_know() {
        let key = || StatusKey::new("a secret").unwrap();
        let mut jwk = key().jwk();
        jwk["kid"] = json!("s2026");
        let set = json!({ "keys": [StatusKey::new("another").unwrap().jwk(), jwk] });
        let known = key().known_in(&set.to_string()).unwrap();
        assert_eq!(known.kid, "s2026");
        let token = known.sign(&json!({})).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("statuslist+jwt"));
        assert_eq!(header.kid.as_deref(), Some("s2026"));
        assert_eq!(header.alg, Algorithm::EdDSA);

        let others = json!({ "keys": [StatusKey::new("another").unwrap().jwk()] });
        assert!(key().known_in(&others.to_string()).is_err());
        assert!(key().known_in("{}").is_err());
        // Verifiers take what is signed under a number for a badge's.
        for number in ["2026", "1", ""] {
            let mut jwk = key().jwk();
            jwk["kid"] = json!(number);
            let set = json!({ "keys": [jwk] });
            assert!(key().known_in(&set.to_string()).is_err(), "{number}");
        }
        assert_eq!(format!("{:?}", key()), "StatusKey");
    }
}

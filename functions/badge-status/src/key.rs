//! The key that signs status lists.
//!
//! It is derived from a secret and used in this process, because a list is a JWT, which is signed as a whole, and KMS signs
//! Ed25519 only over messages of at most 4,096 bytes (`infra/docs/decisions/badge-keys.md`).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use settings::Settings;

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
    pub fn new(settings: &Settings) -> Self {
        let seed = settings.key("STATUS_SIGNING_KEY", LABEL);
        let x = match Ed25519KeyPair::from_seed_unchecked(&seed) {
            Ok(pair) => URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            Err(error) => {
                settings.refuse("STATUS_SIGNING_KEY", error);
                String::new()
            }
        };
        Self {
            key: EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &seed].concat()),
            // The letter keeps it from being taken for the number of a badge key.
            kid: format!("s{}", x.get(..8).unwrap_or_default()),
            x,
        }
    }

    /// The same key under the name that verifiers know it by from `STATUS_PUBLIC_KEYS`, which has to hold it.
    pub fn known_in(self, settings: &Settings) -> Self {
        Self {
            kid: settings.parsed("STATUS_PUBLIC_KEYS", |jwks| self.kid_in(jwks)),
            ..self
        }
    }

    fn kid_in(&self, jwks: &str) -> Result<String, &'static str> {
        let set: KeySet =
            serde_json::from_str(jwks).map_err(|_| "it is not a JWK set of OKP keys")?;
        let known = set.keys.into_iter().find(|key| key.x == self.x);
        let known = known.ok_or("the key that signs is not in it")?;
        if known.kid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("the key that signs is called by a number there, as badge keys are");
        }
        Ok(known.kid)
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
    use settings::ConfigError;

    use super::*;

    fn key(secret: &str) -> StatusKey {
        StatusKey::new(&Settings::from_variables([("STATUS_SIGNING_KEY", secret)]))
    }

    fn known_in(jwks: &str) -> Result<StatusKey, ConfigError> {
        let settings = Settings::from_variables([("STATUS_PUBLIC_KEYS", jwks)]);
        settings.finish(key("a secret").known_in(&settings))
    }

    #[test]
    fn the_key_that_signs_has_to_be_one_that_verifiers_know() {
        let mut jwk = key("a secret").jwk();
        jwk["kid"] = json!("s2026");
        let set = json!({ "keys": [key("another").jwk(), jwk] });
        let known = known_in(&set.to_string()).unwrap();
        assert_eq!(known.kid, "s2026");
        let token = known.sign(&json!({})).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("statuslist+jwt"));
        assert_eq!(header.kid.as_deref(), Some("s2026"));
        assert_eq!(header.alg, Algorithm::EdDSA);

        let others = json!({ "keys": [key("another").jwk()] });
        assert!(known_in(&others.to_string()).is_err());
        assert!(known_in("{}").is_err());
        // Verifiers take what is signed under a number for a badge's.
        for number in ["2026", "1", ""] {
            let mut jwk = key("a secret").jwk();
            jwk["kid"] = json!(number);
            let set = json!({ "keys": [jwk] });
            assert!(known_in(&set.to_string()).is_err(), "{number}");
        }
        assert_eq!(format!("{:?}", key("a secret")), "StatusKey");
    }
}

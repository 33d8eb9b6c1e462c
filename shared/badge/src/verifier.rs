//! The public keys, and the verification of tokens by them.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Settings;

use crate::{BadgeFields, Token};

/// How long a key signs after its `sign_from`.
const SIGNS_FOR: Duration = Duration::from_secs(180 * 86_400);

/// The y coordinates, with the sign bit cleared, of the curve's points of order 8 or less: five, and for two of them a
/// second form at or above the field's size. With such a point as public key anybody can make "signatures" without a
/// private key, so none of them is accepted.
const SMALL_ORDER: [[u8; 32]; 7] = [
    hex(b"0000000000000000000000000000000000000000000000000000000000000000"),
    hex(b"0100000000000000000000000000000000000000000000000000000000000000"),
    hex(b"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    hex(b"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    hex(b"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex(b"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex(b"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
];

const fn hex(text: &[u8; 64]) -> [u8; 32] {
    const fn digit(character: u8) -> u8 {
        match character {
            b'0'..=b'9' => character - b'0',
            _ => character - b'a' + 10,
        }
    }
    let mut bytes = [0; 32];
    let mut place = 0;
    while place < 32 {
        bytes[place] = digit(text[2 * place]) << 4 | digit(text[2 * place + 1]);
        place += 1;
    }
    bytes
}

/// Why configured public keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotKeys {
    #[error("not a list of badge keys: {0}")]
    Json(#[from] serde_json::Error),
    #[error("there is no key")]
    Empty,
    #[error("there are two keys {0}")]
    Twice(u8),
    #[error("key {0} is no Ed25519 public key, or one of small order")]
    NotAKey(u8),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfiguredKey {
    kid: u8,
    x: String,
    #[serde(with = "domain::time::rfc3339")]
    sign_from: Millis,
    #[serde(with = "domain::time::rfc3339")]
    verify_until: Millis,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfiguredKeys {
    keys: Vec<ConfiguredKey>,
}

/// A public key that badges are verified by.
pub struct PublicKey {
    /// The number by which tokens name it.
    pub kid: u8,
    /// From then on it signs, for 180 days.
    pub sign_from: Millis,
    /// From then on nothing that it signed counts as genuine.
    pub verify_until: Millis,
    key: Ed25519,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey {}", self.kid)
    }
}

impl PublicKey {
    /// From then on it signs nothing.
    fn signs_until(&self) -> Millis {
        (self.sign_from + SIGNS_FOR).min(self.verify_until)
    }

    /// A member of a JWK set (RFC 7517, RFC 8037), with its number as text.
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.kid.to_string(),
            "x": URL_SAFE_NO_PAD.encode(self.key.bytes()),
        })
    }
}

/// An Ed25519 public key (RFC 8032) of full order.
struct Ed25519(ParsedPublicKey);

impl Ed25519 {
    /// `None` for a point of small order. Bytes that are no point of the curve are accepted, and verify nothing.
    fn new(bytes: &[u8; 32]) -> Option<Self> {
        let mut unsigned = *bytes;
        unsigned[31] &= 0x7f;
        if SMALL_ORDER.contains(&unsigned) {
            return None;
        }
        ParsedPublicKey::new(&ED25519, bytes).ok().map(Self)
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// Strict: an S that is not reduced is refused, R is compared byte by byte, and the cofactor is not used.
    fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// What a token turns out to be, without reading a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Without the reason, because nobody outside is to be told one.
    NotGenuine,
    /// Signed by us, but its last day is over.
    Expired(BadgeFields),
    Genuine(BadgeFields),
}

#[derive(Debug, Default)]
pub struct Verifier {
    keys: Vec<PublicKey>,
}

impl Verifier {
    pub fn new(settings: &Settings) -> Self {
        settings.parsed("BADGE_PUBLIC_KEYS", Self::from_json)
    }

    /// Takes `{"keys":[{"kid": 1, "x": "<32 bytes in base64url>", "sign_from": "<RFC 3339>",
    /// "verify_until": "<RFC 3339>"}]}`.
    ///
    /// # Errors
    /// When it is anything else, two keys have one number, or a key is no Ed25519 key or of small order.
    pub fn from_json(keys: &str) -> Result<Self, NotKeys> {
        let configured: ConfiguredKeys = serde_json::from_str(keys)?;
        let mut keys: Vec<PublicKey> = Vec::with_capacity(configured.keys.len());
        for configured in configured.keys {
            let kid = configured.kid;
            if keys.iter().any(|key| key.kid == kid) {
                return Err(NotKeys::Twice(kid));
            }
            let bytes = URL_SAFE_NO_PAD.decode(&configured.x).unwrap_or_default();
            let bytes: [u8; 32] = bytes.try_into().map_err(|_| NotKeys::NotAKey(kid))?;
            keys.push(PublicKey {
                kid,
                sign_from: configured.sign_from,
                verify_until: configured.verify_until,
                key: Ed25519::new(&bytes).ok_or(NotKeys::NotAKey(kid))?,
            });
        }
        if keys.is_empty() {
            return Err(NotKeys::Empty);
        }
        Ok(Self { keys })
    }

    /// Checks in this order, and stops at the first that fails: 193 ASCII digits, a number below 2^640, version,
    /// whether the key is known, signature, last day.
    pub fn verify(&self, digits: &str, now: Millis) -> Verdict {
        let Some(token) = Token::parse(digits) else {
            return Verdict::NotGenuine;
        };
        let fields = token.fields();
        let Some(key) = self.verifies_at(fields.kid, now) else {
            return Verdict::NotGenuine;
        };
        if !key
            .key
            .is_signed(&fields.signing_bytes(), token.signature())
        {
            return Verdict::NotGenuine;
        }
        if now >= fields.expires_at() {
            return Verdict::Expired(fields.clone());
        }
        Verdict::Genuine(fields.clone())
    }

    /// In the order in which they are configured.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The key to sign with at `now`: of those within their 180 days, the one that began last.
    pub fn signs_at(&self, now: Millis) -> Option<&PublicKey> {
        let signing = self
            .keys
            .iter()
            .filter(|key| (key.sign_from..key.signs_until()).contains(&now));
        signing.max_by_key(|key| key.sign_from)
    }

    /// From then on none of the keys signs, also of those that have not begun.
    pub fn signs_until(&self) -> Millis {
        let ends = self.keys.iter().map(PublicKey::signs_until);
        ends.max().unwrap_or_default()
    }

    fn verifies_at(&self, kid: u8, now: Millis) -> Option<&PublicKey> {
        let known = self.keys.iter().find(|key| key.kid == kid);
        known.filter(|key| now < key.verify_until)
    }
}

#[cfg(test)]
mod tests;

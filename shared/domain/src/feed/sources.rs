//! The sources of credit records: who may send them, for which sections, and with which key.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use serde::Deserialize;

use crate::credit::Section;
use crate::id::SourceId;

/// The source name of what agencies record by hand. A feed of this name would overwrite those
/// entries, and they the feed's.
const AGENCY_SOURCE: &str = "agency";

/// Who may send credit records: the setting `CREDIT_SOURCES`, a list of
/// `{"source", "public_key" (32 bytes in base64url), "sections"}`.
#[derive(Clone, Debug, Default)]
pub struct CreditSources(BTreeMap<SourceId, CreditSource>);

#[derive(Clone, Debug)]
pub struct CreditSource {
    /// The sections it may report.
    pub sections: Vec<Section>,
    key: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcesFault {
    #[error("it is not a list of sources: {0}")]
    NotAList(String),
    #[error("the public key of {0} is not 32 bytes in base64url")]
    Key(SourceId),
    /// The name is taken by entries that agencies record by hand.
    #[error("{0} is the source of what agencies record by hand")]
    Reserved(SourceId),
    #[error("{0} is there twice")]
    Twice(SourceId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    source: SourceId,
    public_key: String,
    sections: Vec<Section>,
}

impl CreditSources {
    pub fn from_json(text: &str) -> Result<Self, SourcesFault> {
        let settings: Vec<Setting> = serde_json::from_str(text)
            .map_err(|error| SourcesFault::NotAList(error.to_string()))?;
        let mut sources = BTreeMap::new();
        for setting in settings {
            let source = setting.source;
            if source.as_str() == AGENCY_SOURCE {
                return Err(SourcesFault::Reserved(source));
            }
            let bytes = BASE64URL_NOPAD.decode(setting.public_key.as_bytes()).ok();
            let key = bytes.and_then(|bytes| bytes.try_into().ok());
            let key = key.ok_or_else(|| SourcesFault::Key(source.clone()))?;
            let sections = setting.sections;
            let known = sources.insert(source.clone(), CreditSource { sections, key });
            if known.is_some() {
                return Err(SourcesFault::Twice(source));
            }
        }
        Ok(Self(sources))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&SourceId, &CreditSource)> {
        self.0.iter()
    }

    /// `None` for a name that is no source.
    pub fn get(&self, source: &SourceId) -> Option<&CreditSource> {
        self.0.get(source)
    }
}

impl CreditSource {
    /// Whether the source signed this message with Ed25519; the signature in base64 or
    /// base64url, with or without padding.
    pub fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        let text = signature.trim_end_matches('=').as_bytes();
        // Bytes that need neither `+/` nor `-_` are the same in both.
        let signature = [BASE64URL_NOPAD, BASE64_NOPAD]
            .iter()
            .find_map(|alphabet| alphabet.decode(text).ok());
        signature.is_some_and(|signature| key.verify(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    fn setting(key: &[u8]) -> String {
        let key = BASE64URL_NOPAD.encode(key);
        format!(r#"[{{"source":"court","public_key":"{key}","sections":["dishonesty"]}}]"#)
    }

    #[test]
    fn a_source_is_known_by_its_signature() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let sources = CreditSources::from_json(&setting(pair.public_key().as_ref())).unwrap();
        assert!(sources.get(&"police".parse().unwrap()).is_none());
        let court = sources.get(&"court".parse().unwrap()).unwrap();
        assert_eq!(court.sections, [Section::Dishonesty]);
        let signature = BASE64URL_NOPAD.encode(pair.sign(b"a manifest").as_ref());
        assert!(court.has_signed(b"a manifest", &signature));
        assert!(court.has_signed(b"a manifest", &format!("{signature}==")));
        assert!(!court.has_signed(b"another", &signature));
        // The signature as most tools write it. This message's signature has characters in which the two alphabets
        // differ.
        let message = (0..100_u8).map(|n| [n]).find(|message| {
            let signature = BASE64_NOPAD.encode(pair.sign(message).as_ref());
            signature.contains('+') && signature.contains('/')
        });
        let message = message.unwrap();
        let signed = pair.sign(&message);
        for encoding in [
            data_encoding::BASE64,
            data_encoding::BASE64URL,
            BASE64_NOPAD,
            BASE64URL_NOPAD,
        ] {
            assert!(court.has_signed(&message, &encoding.encode(signed.as_ref())));
        }
        for wrong in ["", "%", &signature[1..], &signature.replace('A', "B")] {
            let is_other = *wrong != signature;
            assert!(
                !(is_other && court.has_signed(b"a manifest", wrong)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_setting_that_is_wrong_is_refused() {
        assert!(CreditSources::from_json("[]").is_ok());
        assert!(CreditSources::from_json(&setting(&[1; 31])).is_err());
        assert!(CreditSources::from_json("{}").is_err());
        let twice = setting(&[1; 32]).replace("}]", "},") + &setting(&[1; 32])[1..];
        let agency = setting(&[1; 32]).replace("court", "agency");
        assert_eq!(
            CreditSources::from_json(&agency).unwrap_err().to_string(),
            "agency is the source of what agencies record by hand"
        );
        assert_eq!(
            CreditSources::from_json(&twice).unwrap_err().to_string(),
            "court is there twice"
        );
    }
}

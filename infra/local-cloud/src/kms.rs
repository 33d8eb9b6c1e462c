//! AWS KMS: keys that sign with Ed25519 and never leave it. Not in the journal: the embedding program
//! gives their seeds at every start.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::refusal::Refusal;

/// SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// All keys of the account, by id.
#[derive(Default)]
pub(crate) struct SigningKeys(BTreeMap<String, Arc<SigningKey>>);

pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKeys {
    /// Adds a key under an id, or replaces it.
    pub(crate) fn add(&mut self, id: &str, seed: &[u8; 32]) -> Result<(), Refusal> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Refusal::new("InternalFailure", "the seed of a key is refused"))?;
        self.0.insert(id.to_owned(), Arc::new(SigningKey(pair)));
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.0.get(id).cloned()
    }
}

impl SigningKey {
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// As SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.0.public_key().as_ref()].concat()
    }
}

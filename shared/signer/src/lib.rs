//! Signs with an Ed25519 key in AWS KMS, which the key never leaves. Badges, sessions and checkpoints have one each.
//!
//! A crate of its own, so that only functions that sign are linked with KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use calls::Error;
use settings::Settings;

/// SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

#[derive(Clone, Debug)]
pub struct Signer {
    client: Client,
    key: String,
}

impl Signer {
    /// Reads the key's id from the setting `key`.
    pub fn new(settings: &Settings, key: &'static str) -> Self {
        Self {
            client: settings.client(Client::new),
            key: settings.text(key),
        }
    }

    /// The signature over a message of at most 4,096 bytes: R and S (RFC 8032).
    pub async fn sign(&self, message: Vec<u8>) -> Result<[u8; 64], Error> {
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|error| Error::call("Sign", error))?;
        let signature = answer.signature.map(Blob::into_inner);
        signature
            .and_then(|signature| signature.try_into().ok())
            .ok_or(Error::wrong("KMS answered no Ed25519 signature"))
    }

    /// The public half of the key. It is an error if the key is not an Ed25519 key.
    pub async fn public_key(&self) -> Result<[u8; 32], Error> {
        let answer = self.client.get_public_key().key_id(&self.key).send().await;
        let answer = answer.map_err(|error| Error::call("GetPublicKey", error))?;
        let key = answer.public_key.map(Blob::into_inner).unwrap_or_default();
        let key = key.strip_prefix(&SPKI_PREFIX);
        key.and_then(|key| key.try_into().ok())
            .ok_or(Error::wrong("the key is no Ed25519 key"))
    }
}

#[cfg(test)]
mod tests;

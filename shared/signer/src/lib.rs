//! An Ed25519 key in AWS KMS, which it never leaves: badges and checkpoints are signed by one each.
//!
//! A crate of its own, so that only those that sign are linked with KMS.

use std::error::Error as StdError;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};

/// Error codes after which the same call may succeed, besides server faults.
const PASSING: [&str; 4] = [
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
    "ThrottlingException",
];

/// SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Signs with one Ed25519 key of KMS.
#[derive(Clone, Debug)]
pub struct Signer {
    client: Client,
    key: String,
}

/// KMS did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call failed.
    #[error("{call} failed")]
    Call {
        /// The operation.
        call: &'static str,
        /// Whether the same call may succeed later.
        retryable: bool,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What came back is no signature.
    #[error("KMS answered something that is no Ed25519 signature")]
    NoSignature,
    /// The key is of another kind.
    #[error("the key is no Ed25519 key")]
    OtherKey,
}

impl Error {
    /// Whether trying again may help. It does not against a permission that is missing, or a key that was disabled.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Call {
                retryable: true,
                ..
            }
        )
    }

    fn call<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let retryable = match &error {
            SdkError::ServiceError(failure) => {
                failure.raw().status().is_server_error()
                    || failure
                        .err()
                        .code()
                        .is_some_and(|code| PASSING.contains(&code))
            }
            SdkError::ConstructionFailure(_) => false,
            // No answer, or half of one.
            _ => true,
        };
        Self::Call {
            call,
            retryable,
            source: error.into(),
        }
    }
}

impl Signer {
    /// With the key of this id.
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        Self {
            client,
            key: key.into(),
        }
    }

    /// The signature over a message of at most 4,096 bytes: R and S (RFC 8032).
    ///
    /// # Errors
    /// When KMS does not give one.
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
        let signature = answer.signature.ok_or(Error::NoSignature)?;
        <[u8; 64]>::try_from(signature.into_inner()).map_err(|_| Error::NoSignature)
    }

    /// The public half of the key.
    ///
    /// # Errors
    /// When KMS does not give it, or the key is of another kind.
    pub async fn public_key(&self) -> Result<[u8; 32], Error> {
        let answer = self.client.get_public_key().key_id(&self.key).send().await;
        let answer = answer.map_err(|error| Error::call("GetPublicKey", error))?;
        let key = answer.public_key.ok_or(Error::OtherKey)?.into_inner();
        let key = key.strip_prefix(&SPKI_PREFIX);
        key.and_then(|key| key.try_into().ok())
            .ok_or(Error::OtherKey)
    }
}

#[cfg(test)]
mod tests;

//! The key that signs badges, in AWS KMS: it never leaves it.

use std::error::Error as StdError;

use aws_sdk_kms::Client;
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

/// Signs with one Ed25519 key of KMS.
#[derive(Clone, Debug)]
pub struct Signer {
    client: Client,
    key: String,
}

/// Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// The call failed.
    #[error("KMS did not sign")]
    Call {
        /// Whether the same call may succeed later.
        retryable: bool,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What came back is no signature.
    #[error("KMS answered something that is no Ed25519 signature")]
    NoSignature,
}

impl NotSigned {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Call {
                retryable: true,
                ..
            }
        )
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
    pub async fn sign(&self, message: Vec<u8>) -> Result<[u8; 64], NotSigned> {
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|error| {
                let retryable = match &error {
                    SdkError::ServiceError(failure) => {
                        failure.raw().status().is_server_error()
                            || failure
                                .err()
                                .code()
                                .is_some_and(|code| PASSING.contains(&code))
                    }
                    SdkError::ConstructionFailure(_) => false,
                    _ => true,
                };
                NotSigned::Call {
                    retryable,
                    source: error.into(),
                }
            })?;
        let signature = answer.signature.ok_or(NotSigned::NoSignature)?;
        <[u8; 64]>::try_from(signature.into_inner()).map_err(|_| NotSigned::NoSignature)
    }
}

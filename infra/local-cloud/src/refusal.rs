//! What an operation answers when it does not do what it was asked.

/// An error of one of the emulated services: AWS's code and a message for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The error code as AWS documents it, for example `QueueDoesNotExist`.
    pub code: &'static str,
    /// What was wrong, with the name of the offending thing.
    pub message: String,
}

impl Refusal {
    /// A refusal with AWS's `code`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The name that services with JSON (DynamoDB, EventBridge, Scheduler) give to this refusal,
    /// where it differs from [`Refusal::code`].
    pub fn json_code(&self) -> &'static str {
        match self.code {
            "AccessDenied" => "AccessDeniedException",
            "InvalidClientTokenId" => "UnrecognizedClientException",
            "SignatureDoesNotMatch" => "InvalidSignatureException",
            "IncompleteSignature" => "IncompleteSignatureException",
            "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
            "ExpiredToken" => "ExpiredTokenException",
            "InternalFailure" => "InternalServerException",
            code => code,
        }
    }

    /// What has been acknowledged can no longer be kept: the disk refuses.
    pub(crate) fn not_kept() -> Self {
        Self::new(
            "InternalFailure",
            "the store of the emulated cloud has failed; see the log",
        )
    }

    /// A parameter that AWS knows and this emulation does not.
    pub(crate) fn not_emulated(parameter: &str) -> Self {
        Self::new(
            "UnsupportedOperation",
            format!("{parameter} is not emulated here: it is no part of what this project uses"),
        )
    }
}

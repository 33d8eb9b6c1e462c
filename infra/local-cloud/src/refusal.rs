//! Errors of the emulated services.

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
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The code as services with a JSON protocol name it.
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

    /// The disk cannot be written.
    pub(crate) fn not_kept() -> Self {
        Self::new(
            "InternalFailure",
            "the store of the emulated cloud has failed; see the log",
        )
    }

    /// `what` names a feature that AWS has and this emulation does not.
    pub(crate) fn not_emulated(code: &'static str, what: &str) -> Self {
        Self::new(
            code,
            format!("{what} is not emulated here: this project does not use it"),
        )
    }
}

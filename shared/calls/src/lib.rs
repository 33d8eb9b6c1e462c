//! What can go wrong with a call to AWS, in one type for tables, queues, timers, the bus, buckets and keys.
//!
//! Whoever answers HTTP turns an [`Error`] into a problem, whoever consumes a queue or a stream into a retry; both by
//! [`Error::is_retryable`], which is decided here once for all services.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

type Source = Box<dyn StdError + Send + Sync>;

/// Error codes after which the same call may succeed, besides server faults. All services' in one list: none of
/// them uses another's code for something that does not pass.
const PASSING: [&str; 17] = [
    // DynamoDB
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    // SQS, Scheduler, EventBridge
    "InternalException",
    "RequestThrottled",
    "ServiceUnavailable",
    "Throttling",
    "TooManyRequestsException",
    // KMS
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
    // S3: two writes of one object at once
    "ConditionalRequestConflict",
    "OperationAborted",
    // All of them
    "InternalServerError",
    "ThrottlingException",
];

/// What the JSON protocol and the query protocol call a queue that is not there.
const NO_SUCH_QUEUE: [&str; 2] = [
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
];

/// A call to AWS did not do what it was for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{call} failed")]
    Call {
        call: &'static str,
        /// Whether the same call may succeed later.
        retryable: bool,
        source: Source,
    },
    /// Work was left undone again and again, or others were writing the same things.
    #[error("too busy for {call}")]
    Busy { call: &'static str },
    /// The queue is not there. Of an approved agency: not yet, because it was approved a moment ago.
    #[error("the queue does not exist")]
    NoSuchQueue,
    /// Something stored, received or to be sent is not what it has to be. Trying again brings the same.
    #[error("{what}")]
    Wrong {
        what: &'static str,
        source: Option<Source>,
    },
    /// Sealed data cannot be opened: it was sealed by another key or for another owner, or altered.
    #[error("sealed data cannot be opened")]
    Sealed,
    /// A cursor is not one that this list gave out.
    #[error("a cursor is not one of this list")]
    BadCursor,
}

impl Error {
    /// A call that the SDK gave up on.
    pub fn call<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let retryable = match &error {
            SdkError::ServiceError(failure) => {
                let code = failure.err().code().unwrap_or_default();
                if NO_SUCH_QUEUE.contains(&code) {
                    return Self::NoSuchQueue;
                }
                failure.raw().status().is_server_error() || PASSING.contains(&code)
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

    /// An answer that broke off before all of it was read.
    pub fn cut_off(call: &'static str, error: impl Into<Source>) -> Self {
        Self::Call {
            call,
            retryable: true,
            source: error.into(),
        }
    }

    /// One entry of a batch call failed with this code of the service, for a reason that is not the entry's.
    pub fn entry(call: &'static str, code: &str) -> Self {
        Self::cut_off(call, format!("an entry failed with {code}"))
    }

    /// A request that the SDK could not even put together, which is a fault of ours.
    pub fn unbuildable(call: &'static str, error: impl Into<Source>) -> Self {
        Self::Call {
            call,
            retryable: false,
            source: error.into(),
        }
    }

    /// Something is not what it has to be, and nothing more is known of why.
    pub const fn wrong(what: &'static str) -> Self {
        Self::Wrong { what, source: None }
    }

    /// Something is not what it has to be, for this reason.
    pub fn wrong_because(what: &'static str, source: impl Into<Source>) -> Self {
        Self::Wrong {
            what,
            source: Some(source.into()),
        }
    }

    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call { retryable, .. } => *retryable,
            Self::Busy { .. } | Self::NoSuchQueue => true,
            Self::Wrong { .. } | Self::Sealed | Self::BadCursor => false,
        }
    }
}

impl From<serde_dynamo::Error> for Error {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::wrong_because("an item cannot be read or written", error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::wrong_because("JSON cannot be read or written", error)
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("refused")]
    struct Refused(ErrorMetadata);

    impl ProvideErrorMetadata for Refused {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn refused(status: u16, code: &str) -> Error {
        let answer = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        let error = Refused(ErrorMetadata::builder().code(code).build());
        Error::call("Call", SdkError::service_error(error, answer))
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for (status, code, passes) in [
            (400, "AccessDeniedException", false),
            (400, "ConditionalCheckFailedException", false),
            (400, "DisabledException", false),
            (400, "ResourceNotFoundException", false),
            (400, "ValidationException", false),
            (403, "AccessDenied", false),
            (404, "NoSuchBucket", false),
            (412, "PreconditionFailed", false),
            (400, "ProvisionedThroughputExceededException", true),
            (400, "ThrottlingException", true),
            (400, "TransactionInProgressException", true),
            (403, "RequestThrottled", true),
            (409, "ConditionalRequestConflict", true),
            (500, "KMSInternalException", true),
            (503, "Unheard", true),
        ] {
            assert_eq!(
                refused(status, code).is_retryable(),
                passes,
                "{status} {code}"
            );
        }
        assert!(Error::call::<Refused>("Call", SdkError::timeout_error("late")).is_retryable());
        let unsent = SdkError::<Refused, _>::construction_failure("no region");
        assert!(!Error::call("Call", unsent).is_retryable());
    }

    #[test]
    fn a_queue_that_is_not_there_is_known_in_both_protocols() {
        for code in NO_SUCH_QUEUE {
            assert!(matches!(refused(400, code), Error::NoSuchQueue));
        }
    }
}

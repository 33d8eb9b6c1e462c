//! What can go wrong with queues, timers and the event bus.

use std::error::Error as StdError;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// Error codes after which the same call may succeed, besides server faults.
const PASSING: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "InternalException",
    "ServiceUnavailable",
];

/// What the JSON protocol and the query protocol call a queue that is not there.
const NO_SUCH_QUEUE: [&str; 2] = [
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
];

/// A message could not be sent, received, acknowledged, or a timer not set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The queue is not there: the agency has never been approved, or a name is wrong.
    #[error("the queue does not exist")]
    NoSuchQueue,
    /// A call as a whole failed.
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
    /// One entry of a batch call failed, for a reason that is not the entry's.
    #[error("an entry of {call} failed with {code}")]
    Entry {
        /// The operation.
        call: &'static str,
        /// The service's code.
        code: String,
    },
    /// A message could not be written as JSON, which is a fault of ours.
    #[error("a message cannot be written")]
    Unwritable(#[source] serde_json::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Call {
                retryable: true,
                ..
            } | Self::Entry { .. }
        )
    }

    /// A failed call.
    pub(crate) fn call<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> Self
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

    /// A request that could not even be put together, which is a fault of ours.
    pub(crate) fn unbuildable(
        call: &'static str,
        error: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self::Call {
            call,
            retryable: false,
            source: error.into(),
        }
    }
}

//! What can go wrong with a table.

use std::error::Error as StdError;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Error codes after which the same call may succeed, besides server faults.
const PASSING: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "LimitExceededException",
    "InternalServerError",
];

/// A table could not be read or written.
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
    /// The table left work undone, again and again, or others were writing the same items.
    #[error("the table is too busy for {call}")]
    Busy {
        /// The operation.
        call: &'static str,
    },
    /// An item cannot be read as what its key says it is.
    #[error("an item cannot be read")]
    Item(#[source] serde_dynamo::Error),
    /// An item says what cannot be.
    #[error("an item is wrong: {0}")]
    Wrong(&'static str),
    /// What was sealed cannot be opened: another key, another order, or altered.
    #[error("sealed details cannot be opened")]
    Sealed,
    /// A cursor is not one that this list gave out.
    #[error("a cursor is not one of this list")]
    BadCursor,
}

impl Error {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Call {
                retryable: true,
                ..
            } | Self::Busy { .. }
        )
    }

    /// A failed call.
    pub(crate) fn call<E>(call: &'static str, error: SdkError<E, HttpResponse>) -> Self
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

impl From<serde_dynamo::Error> for Error {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Item(error)
    }
}

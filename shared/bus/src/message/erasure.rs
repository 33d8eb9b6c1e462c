//! Somebody's wish to have her data erased.

use domain::erasure::Erasure;
use domain::id::{CustomerId, WorkerId};
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const KIND: &str = "erasure";

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    Worker(WorkerId),
    Customer(CustomerId),
}

/// To be done once it is due, if this very request still stands then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureMessage {
    pub subject: Subject,
    #[serde(flatten)]
    pub erasure: Erasure,
}

impl ErasureMessage {
    pub fn body(&self) -> Result<String, Error> {
        write(KIND, self)
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            KIND => read(text),
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

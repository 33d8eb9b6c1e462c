//! Scans of badges, on their way to the log.

use domain::scan::Scan;
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const KIND: &str = "scan";

/// One scan of a badge whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScanMessage(pub Scan);

impl ScanMessage {
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

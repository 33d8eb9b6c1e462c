//! Bodies of messages: JSON with `kind` and `v`. A reader refuses kinds and versions that it does not know,
//! and ignores fields that it does not know.

mod erasure;
mod fan_out;
mod feed;
mod offer;
mod scan;
mod sweep;
mod timer;

pub use erasure::{ErasureMessage, Subject};
pub use fan_out::{FanOut, FanOutMessage, OfferTo, Offers};
pub use feed::{FeedBatch, FeedMessage};
pub use offer::{Offer, OfferKind};
pub use scan::ScanMessage;
pub use sweep::{Sweep, Whose};
pub use timer::{Stage, Timer};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The version of every body here.
const VERSION: u32 = 1;

/// A body that cannot be read, and will not be readable later either.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or a field is missing or wrong.
    #[error("the body cannot be read")]
    Json(#[from] serde_json::Error),
    /// It is of a kind that this queue does not carry.
    #[error("unknown kind {0:?}")]
    Kind(String),
    /// It is of a version that this program does not know.
    #[error("unknown version {0}")]
    Version(u32),
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Self {
        Self::wrong_because("a message cannot be read", error)
    }
}

#[derive(Deserialize)]
struct Head {
    kind: String,
    v: u32,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    kind: &'a str,
    v: u32,
    #[serde(flatten)]
    body: &'a T,
}

fn write<T: Serialize>(kind: &str, body: &T) -> Result<String, Error> {
    let envelope = Envelope {
        kind,
        v: VERSION,
        body,
    };
    Ok(serde_json::to_string(&envelope)?)
}

/// The kind of a body whose version is known.
fn kind(text: &str) -> Result<String, Unreadable> {
    let head: Head = serde_json::from_str(text)?;
    if head.v != VERSION {
        return Err(Unreadable::Version(head.v));
    }
    Ok(head.kind)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests;

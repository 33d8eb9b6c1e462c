//! Why a cloud could not be opened.

use crate::refusal::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process may have it.
    #[error("the file of the emulated cloud cannot be opened or read")]
    File(#[from] rusqlite::Error),
    #[error("the thread that writes the emulated cloud's file cannot be started")]
    Writer(#[from] std::io::Error),
    #[error("the folder of the emulated cloud's objects cannot be made or read")]
    Objects(#[source] std::io::Error),
    #[error("{what} in the file of the emulated cloud cannot be read")]
    Stored {
        what: String,
        source: serde_json::Error,
    },
    #[error("{what} in the file of the emulated cloud is refused")]
    Refused {
        what: String,
        #[source]
        refusal: Refusal,
    },
}

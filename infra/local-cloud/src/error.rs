//! Why a cloud could not be opened or set up.

use crate::refusal::Refusal;

/// An error of the embedding program's own calls, not of the services.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The SQLite file could not be opened or read; another process may have it.
    #[error("the file of the emulated cloud")]
    File(#[from] rusqlite::Error),
    /// The thread that writes the file could not be started.
    #[error("the writer of the emulated cloud's file")]
    Writer(#[from] std::io::Error),
    /// The folder of objects' bytes could not be made or read.
    #[error("the folder of the emulated cloud's objects")]
    Objects(#[source] std::io::Error),
    /// Something in the file is not what this version writes.
    #[error("{what} in the file of the emulated cloud cannot be read")]
    Stored {
        /// What was being read.
        what: String,
        /// Why it could not be read.
        source: serde_json::Error,
    },
    /// Something in the file is not accepted by this version.
    #[error("{what} in the file of the emulated cloud is refused")]
    Refused {
        /// What was being read.
        what: String,
        /// Why it is refused.
        #[source]
        refusal: Refusal,
    },
}

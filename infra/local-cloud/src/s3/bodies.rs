//! Where objects' bytes lie: each object's in a file of its own, named by an id that is never used again.
//!
//! A file is written before the journal tells of its object, and removed after the journal has
//! forgotten it. So whatever ends the process, every object has its file; files that no object
//! names are removed at the next start.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use crate::refusal::Refusal;

pub(crate) enum Bodies {
    Memory(Mutex<HashMap<String, Bytes>>),
    Folder(PathBuf),
}

impl Bodies {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// In `folder`, which is made if it is missing; files not named in `known` are removed.
    pub(crate) fn in_folder(folder: &Path, known: &HashSet<&str>) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| known.contains(name))
            {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self::Folder(folder.to_owned()))
    }

    pub(crate) async fn write(&self, id: &str, body: Bytes) -> Result<(), Refusal> {
        match self {
            Self::Memory(bodies) => {
                let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.insert(id.to_owned(), body);
                Ok(())
            }
            Self::Folder(folder) => {
                let written = write_private(&folder.join(id), &body).await;
                written.map_err(|error| {
                    tracing::error!(%error, "an object's file cannot be written");
                    Refusal::not_kept()
                })
            }
        }
    }

    /// `None`: it was removed, because the object was deleted or replaced.
    pub(crate) async fn read(&self, id: &str) -> Result<Option<Bytes>, Refusal> {
        match self {
            Self::Memory(bodies) => {
                let bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(bodies.get(id).cloned())
            }
            Self::Folder(folder) => match tokio::fs::read(folder.join(id)).await {
                Ok(body) => Ok(Some(body.into())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    tracing::error!(%error, "an object's file cannot be read");
                    Err(Refusal::not_kept())
                }
            },
        }
    }

    pub(crate) async fn remove(&self, id: &str) {
        match self {
            Self::Memory(bodies) => {
                let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.remove(id);
            }
            Self::Folder(folder) => {
                // What stays is removed at the next start.
                let _ = tokio::fs::remove_file(folder.join(id)).await;
            }
        }
    }
}

/// Writes a file that only its owner can read.
async fn write_private(path: &Path, body: &[u8]) -> std::io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    file.write_all(body).await?;
    file.flush().await
}

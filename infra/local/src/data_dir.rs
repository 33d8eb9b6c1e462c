//! The data directory of a run: the files that survive a restart, locked against a second process.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const MARKER: &str = "homehail-data";
const MARKER_TEXT: &str =
    "The data of a local Homehail run; `homehail --fresh` empties this directory.\n";
const LOCK: &str = "lock";

/// The files that a run may create. `--fresh` deletes these and nothing else.
const OURS: [&str; 6] = [
    "key",
    "tables.sqlite",
    "cloud.sqlite",
    "demo.json",
    "demo-workers.json",
    "ports.json",
];
/// Folders that `--fresh` deletes with their content. Only a run writes to them.
const OUR_FOLDERS: [&str; 1] = ["cloud.objects"];
/// Suffixes of files that SQLite or an interrupted write leaves beside one of ours.
const BESIDE: [&str; 5] = ["", "-wal", "-shm", "-journal", ".new"];

/// Files that others open than the code that writes ours: made first, so that only their owner reads them. What SQLite
/// puts beside a file has the file's mode.
const OPENED_ELSEWHERE: [&str; 4] = [MARKER, LOCK, "tables.sqlite", "cloud.sqlite"];

/// A data directory that this process alone uses.
pub struct DataDir {
    path: PathBuf,
    /// The operating system releases it when the process ends, even when it is killed.
    _lock: File,
}

impl DataDir {
    /// Locks the directory and creates it if it is missing. `fresh` empties it first.
    ///
    /// # Errors
    /// When it holds files but is not a data directory of ours, or another process uses it.
    pub fn open(path: &Path, fresh: bool) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))?;
        let marker = path.join(MARKER);
        if !marker.is_file() {
            let mut entries =
                fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))?;
            if entries.next().is_some() {
                bail!(
                    "{} holds files and is not a Homehail data directory: choose another with --data-dir",
                    path.display()
                );
            }
            fs::write(&marker, MARKER_TEXT)
                .with_context(|| format!("{} cannot be written", marker.display()))?;
        }
        let lock = File::create(path.join(LOCK))
            .with_context(|| format!("{} cannot be locked", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another process uses {}: stop it, or choose another directory with --data-dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        let directory = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        if fresh {
            directory.empty()?;
        }
        directory
            .make_private()
            .with_context(|| format!("{} cannot be made private", path.display()))?;
        Ok(directory)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Only the owner reads the directory and the files in it, whatever mode an older version gave them.
    fn make_private(&self) -> std::io::Result<()> {
        for name in OPENED_ELSEWHERE {
            fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.file(name))?;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let owner_only =
                |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
            owner_only(&self.path, 0o700)?;
            for name in OPENED_ELSEWHERE {
                owner_only(&self.file(name), 0o600)?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let kind = entry.file_type()?;
            let removed = if kind.is_file() && is_ours(&name) {
                fs::remove_file(entry.path())
            } else if kind.is_dir() && OUR_FOLDERS.contains(&&*name) {
                fs::remove_dir_all(entry.path())
            } else {
                Ok(())
            };
            removed.with_context(|| format!("{} cannot be deleted", entry.path().display()))?;
        }
        Ok(())
    }
}

fn is_ours(name: &str) -> bool {
    OURS.iter()
        .filter_map(|ours| name.strip_prefix(ours))
        .any(|rest| BESIDE.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let first = DataDir::open(&path, false).unwrap();
        let error = DataDir::open(&path, true).err().unwrap().to_string();
        assert!(error.contains("another process uses"), "{error}");
        drop(first);
        DataDir::open(&path, false).unwrap();
    }

    #[test]
    fn fresh_deletes_our_files_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let data = DataDir::open(&path, false).unwrap();
        for name in ["key", "tables.sqlite-wal", "keynote.txt"] {
            fs::write(data.file(name), "x").unwrap();
        }
        for name in ["cloud.objects", "objects"] {
            fs::create_dir(data.file(name)).unwrap();
            fs::write(data.file(name).join("x"), "x").unwrap();
        }
        drop(data);
        let data = DataDir::open(&path, true).unwrap();
        assert!(!data.file("key").exists());
        assert!(!data.file("tables.sqlite-wal").exists());
        assert!(!data.file("cloud.objects").exists());
        assert!(data.file("keynote.txt").exists());
        assert!(data.file("objects").join("x").exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_files_also_those_of_an_older_version() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        drop(DataDir::open(&path, false).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for given in [0o600, 0o644] {
            let old = path.join("tables.sqlite");
            fs::set_permissions(&old, fs::Permissions::from_mode(given)).unwrap();
            drop(DataDir::open(&path, false).unwrap());
            assert_eq!(mode(&path), 0o700);
            for entry in fs::read_dir(&path).unwrap() {
                let file = entry.unwrap().path();
                assert_eq!(mode(&file), 0o600, "{}", file.display());
            }
        }
    }

    #[test]
    fn a_foreign_directory_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("key"), "mine").unwrap();
        assert!(DataDir::open(directory.path(), true).is_err());
        assert!(directory.path().join("key").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

//! Derives every secret of a local run from one random value in the data directory.
//!
//! So a restart has the same session keys, order ids and access keys, and there is one file to guard.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_encoding::{BASE32_NOPAD, HEXLOWER};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// 20 characters, beginning with `AKIA`.
    pub id: String,
    /// 40 characters.
    pub secret: String,
}

#[derive(Clone)]
pub struct Keys {
    master: String,
}

impl Keys {
    /// For a run that keeps nothing.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).context("no random bytes from the system")?;
        Ok(Self {
            master: HEXLOWER.encode(&bytes),
        })
    }

    /// Reads the master value from a file. A missing file is created with mode 0600.
    pub fn open(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let master = text.trim().to_owned();
                ensure!(
                    HEXLOWER
                        .decode(master.as_bytes())
                        .is_ok_and(|bytes| bytes.len() == 32),
                    "{} does not hold a key",
                    path.display()
                );
                Ok(Self { master })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let keys = Self::random()?;
                write_private(path, format!("{}\n", keys.master).as_bytes())?;
                Ok(keys)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// The value of a secret of the template, by its logical id.
    pub fn secret(&self, logical_id: &str) -> String {
        HEXLOWER.encode(&self.derive("secret", logical_id))
    }

    /// The access key of a role or of the operator.
    pub fn access_key(&self, name: &str) -> AccessKey {
        let id = BASE32_NOPAD.encode(&self.derive("access key", name)[..10]);
        AccessKey {
            id: format!("AKIA{id}"),
            secret: STANDARD.encode(&self.derive("secret access key", name)[..30]),
        }
    }

    /// A secret text for one purpose, the same at every start.
    pub fn secret_text(&self, purpose: &str) -> String {
        HEXLOWER.encode(&self.derive("text", purpose))
    }

    /// The Ed25519 seed (RFC 8032) of a KMS key, by its logical id, or of the demo's source of credit records,
    /// by its name.
    pub fn signing_seed(&self, name: &str) -> [u8; 32] {
        self.derive("signing key", name)
    }

    /// The public key to [`Keys::signing_seed`], 32 bytes in base64url.
    pub fn public_key(&self, name: &str) -> Result<String> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.signing_seed(name))
            .ok()
            .context("the cryptographic library refuses a key")?;
        Ok(URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()))
    }

    fn derive(&self, kind: &str, name: &str) -> [u8; 32] {
        settings::derive(&self.master, &format!("homehail local {kind}: {name}"))
    }
}

/// Writes a file that only its owner can read. A failed write leaves the old file as it was.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let written = (|| {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&draft)?.write_all(content)?;
        std::fs::rename(&draft, path)
    })();
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_finds_the_same_keys() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let first = Keys::open(&path).unwrap();
        let second = Keys::open(&path).unwrap();
        assert_eq!(first.secret("OrderIdKey"), second.secret("OrderIdKey"));
        assert_eq!(first.access_key("operator"), second.access_key("operator"));
        assert_ne!(first.secret("OrderIdKey"), first.secret("SubjectKey"));
        assert_ne!(
            first.secret("OrderIdKey"),
            Keys::random().unwrap().secret("OrderIdKey")
        );
    }

    #[test]
    fn access_keys_have_the_form_of_aws_access_keys() {
        let key = Keys::random().unwrap().access_key("operator");
        assert_eq!((key.id.len(), key.secret.len()), (20, 40));
        assert!(key.id.starts_with("AKIA"));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        Keys::open(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "zz").unwrap();
        assert!(Keys::open(&path).is_err());
    }
}

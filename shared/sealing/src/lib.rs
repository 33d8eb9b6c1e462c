//! Authenticated encryption of what is stored: AES-256-GCM, a random nonce before ciphertext and tag.
//!
//! A crate of its own, because tables and buckets both need it and neither's SDK should come with it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use calls::Error;

/// A key of 256 bits.
#[derive(Clone)]
pub struct SealingKey(pub [u8; 32]);

/// Empty, so that a key cannot slip into a log.
impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// The key of one thing of many that are sealed alike: HKDF-SHA-256 (RFC 5869), its id as info. So no key seals more than
    /// a few messages, and random nonces never come near to meeting.
    ///
    /// # Errors
    /// None that an id can cause.
    pub fn of(&self, id: &str) -> Result<Self, Error> {
        let mut key = [0; 32];
        Prk::new_less_safe(HKDF_SHA256, &self.0)
            .expand(&[id.as_bytes()], HKDF_SHA256)
            .and_then(|expanded| expanded.fill(&mut key))
            .map_err(|_| Error::Sealed)?;
        Ok(Self(key))
    }

    fn usable(&self) -> Result<RandomizedNonceKey, Error> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).map_err(|_| Error::Sealed)
    }

    /// Seals `body`, which can be opened only with the same associated data.
    ///
    /// # Errors
    /// When the system has no randomness for the nonce.
    pub fn seal(&self, associated: &[u8], mut body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let nonce = self
            .usable()?
            .seal_in_place_append_tag(Aad::from(associated), &mut body)
            .map_err(|_| Error::Sealed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or with other associated data, or altered.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed)?;
        let mut body = body.to_vec();
        let plain = self
            .usable()?
            .open_in_place(nonce, Aad::from(associated), &mut body)
            .map_err(|_| Error::Sealed)?;
        Ok(plain.to_vec())
    }
}

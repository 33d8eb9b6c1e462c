//! Sealing, as all of this crate does it: AES-256-GCM, a random nonce before ciphertext and tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::Error;

fn usable(key: &[u8; 32]) -> Result<RandomizedNonceKey, Error> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Sealed)
}

/// Seals `body`; it opens with the same associated data alone.
pub(crate) fn seal(key: &[u8; 32], associated: &[u8], mut body: Vec<u8>) -> Result<Vec<u8>, Error> {
    let nonce = usable(key)?
        .seal_in_place_append_tag(Aad::from(associated), &mut body)
        .map_err(|_| Error::Sealed)?;
    let mut sealed = nonce.as_ref().to_vec();
    sealed.append(&mut body);
    Ok(sealed)
}

/// Opens what [`seal`] made.
pub(crate) fn open(key: &[u8; 32], associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed)?;
    let mut body = body.to_vec();
    let plain = usable(key)?
        .open_in_place(nonce, Aad::from(associated), &mut body)
        .map_err(|_| Error::Sealed)?;
    Ok(plain.to_vec())
}

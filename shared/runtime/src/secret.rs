//! Keyed hashes, comparison that reveals nothing by how long it takes, and secrets that are given out.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::CredentialId;

/// A credential's id, and its secret, as they follow from the request that adds it: a repeat gets the same, and only a hash
/// is stored.
pub struct NewSecret {
    pub id: CredentialId,
    /// Given to who asked: base64url of 256 bits.
    pub text: String,
    /// Stored: SHA-256 of the text.
    pub hash: [u8; 32],
}

impl NewSecret {
    /// `parts` say whose it is, who adds it, and end with the request's `Idempotency-Key`. The secret depends on the body too,
    /// so that the key alone does not reveal it.
    pub fn derive(ids: &[u8], secrets: &[u8], parts: &[&str], body_hash: &[u8; 32]) -> Self {
        let mut parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let named: Vec<&[u8]> = [&b"credential"[..]]
            .into_iter()
            .chain(parts.clone())
            .collect();
        let [a, b, c, d, e, f, g, h, ..] = hmac(ids, &named);
        parts.push(body_hash);
        let text = URL_SAFE_NO_PAD.encode(hmac(secrets, &parts));
        Self {
            id: CredentialId::from_bytes(&[a, b, c, d, e, f, g, h]),
            hash: sha256(text.as_bytes()),
            text,
        }
    }
}

/// HMAC-SHA-256 of several parts, each preceded by its length, so that no two lists of parts give the same input.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    bytes_32(context.sign().as_ref())
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    bytes_32(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn bytes_32(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(hmac(b"k", &[b"ab", b"c"]), hmac(b"k", &[b"a", b"bc"]));
        assert_ne!(hmac(b"k", &[b"abc"]), hmac(b"k", &[b"abc", b""]));
    }

    #[test]
    fn sha_256_is_the_published_one() {
        let abc = data_encoding::HEXLOWER.encode(&sha256(b"abc"));
        assert_eq!(
            abc,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn only_equal_strings_are_the_same() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
    }
}

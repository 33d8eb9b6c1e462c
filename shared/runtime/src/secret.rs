//! Keys from configured secrets, keyed hashes, and comparison that tells nothing by its duration.

use aws_lc_rs::{constant_time, digest, hkdf, hmac};

/// A 256-bit key for one purpose: HKDF-SHA-256 (RFC 5869) of `secret` without salt, `label` as info.
///
/// Different labels give independent keys, so that one secret can serve several purposes and a key
/// made for one is of no use for another.
pub fn derive(secret: &str, label: &str) -> [u8; 32] {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret.as_bytes());
    let mut key = [0; 32];
    // Expanding fails only beyond 255 blocks; this is one.
    let filled = extracted
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|expanded| expanded.fill(&mut key));
    debug_assert!(filled.is_ok(), "one block can always be expanded");
    key
}

/// HMAC-SHA-256 of several parts, each preceded by its length, so that no two lists of parts give
/// the same input.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    bytes_32(context.sign().as_ref())
}

/// SHA-256.
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
    fn labels_separate_keys() {
        assert_eq!(derive("secret", "a"), derive("secret", "a"));
        assert_ne!(derive("secret", "a"), derive("secret", "b"));
        assert_ne!(derive("secret", "a"), derive("other", "a"));
        assert_ne!(derive("secret", "a"), [0; 32]);
    }

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

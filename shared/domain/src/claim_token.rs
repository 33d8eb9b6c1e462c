//! Claim tokens: proof, without a read, that an order was offered to an agency.
//!
//! A token is base64url of 21 bytes: the key's id (the first byte of the key's SHA-256), the epoch (4 bytes,
//! big-endian), and HMAC-SHA-256, cut to 16 bytes, of order, epoch and agency. It says nothing about the
//! deadline, which lives on the order alone.

use aws_lc_rs::{constant_time, digest, hmac};
use data_encoding::BASE64URL_NOPAD;

use crate::id::{AgencyId, OrderId};

/// Keeps these MACs apart from whatever else the key may sign.
const DOMAIN: &[u8] = b"homehail-claim-token-v1\0";
/// The label by which both the minting and the verifying function derive a key from the configured secret.
pub const KEY_LABEL: &str = "homehail claim tokens v1";

const MAC_BYTES: usize = 16;
const TOKEN_BYTES: usize = 1 + 4 + MAC_BYTES;

/// The key that tokens are made with, and the previous one, whose tokens are still accepted.
#[derive(Clone)]
pub struct ClaimTokenKeys {
    current: Key,
    previous: Option<Key>,
}

#[derive(Clone)]
struct Key {
    id: u8,
    hmac: hmac::Key,
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, bytes);
        Self {
            id: hash.as_ref().first().copied().unwrap_or_default(),
            hmac: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }
    }

    fn mac(&self, order: &OrderId, epoch: [u8; 4], agency: &AgencyId) -> [u8; MAC_BYTES] {
        let mut context = hmac::Context::with_key(&self.hmac);
        // Ids have one length each, so no two sets of parts give the same input.
        context.update(DOMAIN);
        context.update(order.as_str().as_bytes());
        context.update(&epoch);
        context.update(agency.as_str().as_bytes());
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&context.sign().as_ref()[..MAC_BYTES]);
        mac
    }
}

impl ClaimTokenKeys {
    /// Each key should be 32 random bytes.
    pub fn new(current: &[u8], previous: Option<&[u8]>) -> Self {
        Self {
            current: Key::new(current),
            previous: previous.map(Key::new),
        }
    }

    /// The token with which `agency` can grab `order` in this epoch.
    pub fn mint(&self, order: &OrderId, epoch: u32, agency: &AgencyId) -> String {
        let epoch = epoch.to_be_bytes();
        let mut token = [0; TOKEN_BYTES];
        token[0] = self.current.id;
        token[1..5].copy_from_slice(&epoch);
        token[5..].copy_from_slice(&self.current.mac(order, epoch, agency));
        BASE64URL_NOPAD.encode(&token)
    }

    /// The epoch in which `order` was offered to `agency`; `None` if the token does not prove it. The comparison
    /// takes the same time wherever the bytes differ.
    pub fn verify(&self, token: &str, order: &OrderId, agency: &AgencyId) -> Option<u32> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let token: &[u8; TOKEN_BYTES] = bytes.as_slice().try_into().ok()?;
        let &[key_id, e0, e1, e2, e3, ref mac @ ..] = token;
        let epoch = [e0, e1, e2, e3];
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .filter(|key| key.id == key_id)
            .any(|key| {
                let wanted = key.mac(order, epoch, agency);
                constant_time::verify_slices_are_equal(&wanted, mac).is_ok()
            })
            .then(|| u32::from_be_bytes(epoch))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(n: u8) -> OrderId {
        OrderId::from_bytes(&[n; 16])
    }

    fn agency(n: u8) -> AgencyId {
        AgencyId::from_bytes(&[n; 16])
    }

    #[test]
    fn a_token_proves_order_epoch_and_agency() {
        let keys = ClaimTokenKeys::new(&[1; 32], None);
        let token = keys.mint(&order(1), 3, &agency(1));
        assert_eq!(token.len(), 28);
        assert_eq!(keys.verify(&token, &order(1), &agency(1)), Some(3));
        assert_eq!(keys.verify(&token, &order(2), &agency(1)), None);
        assert_eq!(keys.verify(&token, &order(1), &agency(2)), None);
    }

    #[test]
    fn tokens_of_the_key_before_are_accepted_and_of_older_ones_not() {
        let token = ClaimTokenKeys::new(&[1; 32], None).mint(&order(1), 1, &agency(1));
        let rotated = ClaimTokenKeys::new(&[2; 32], Some(&[1; 32]));
        assert_eq!(rotated.verify(&token, &order(1), &agency(1)), Some(1));
        assert_ne!(rotated.mint(&order(1), 1, &agency(1)), token);
        let again = ClaimTokenKeys::new(&[3; 32], Some(&[2; 32]));
        assert_eq!(again.verify(&token, &order(1), &agency(1)), None);
    }

    #[test]
    fn what_is_no_token_proves_nothing() {
        let keys = ClaimTokenKeys::new(&[1; 32], None);
        let token = keys.mint(&order(1), 1, &agency(1));
        for text in [
            "",
            "x",
            &token[1..],
            &format!("{token}A"),
            &format!("{token}="),
            "零",
        ] {
            assert_eq!(keys.verify(text, &order(1), &agency(1)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_found(key: [u8; 32], epoch: u32, byte in 0..TOKEN_BYTES, bit in 0..8) {
            let keys = ClaimTokenKeys::new(&key, Some(&[9; 32]));
            let token = keys.mint(&order(1), epoch, &agency(1));
            prop_assert_eq!(keys.verify(&token, &order(1), &agency(1)), Some(epoch));
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
            bytes[byte] ^= 1_u8 << bit;
            let flipped = BASE64URL_NOPAD.encode(&bytes);
            prop_assert_eq!(keys.verify(&flipped, &order(1), &agency(1)), None);
        }
    }
}

//! What an order keeps sealed: address, contact, notes; and what its customer says of the visit.

use domain::id::OrderId;
use domain::order::{OrderDetails, Rating};
use sealing::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use settings::Settings;

use crate::Error;

/// Tells this use of a secret from any other.
const LABEL: &str = "homehail order details v1";

/// The key that seals the details of orders: AES-256-GCM, a random nonce each, the order's id as associated
/// data, so that details cannot be put under another order.
#[derive(Debug)]
pub struct SealKey(SealingKey);

/// Sealed details: nonce and ciphertext with tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

impl SealKey {
    pub fn new(settings: &Settings) -> Self {
        Self(SealingKey(settings.key("DETAILS_KEY", LABEL)))
    }

    /// Seals an order's details.
    pub fn seal(&self, order: &OrderId, details: &OrderDetails) -> Result<Sealed, Error> {
        self.seal_as(order.as_str(), details)
    }

    /// Opens an order's details.
    ///
    /// # Errors
    /// [`Error::Sealed`] when they were sealed by another key or for another order, or altered.
    pub fn open(&self, order: &OrderId, sealed: &Sealed) -> Result<OrderDetails, Error> {
        self.open_as(order.as_str(), sealed)
    }

    /// Seals what the customer says of a visit.
    pub fn seal_rating(&self, order: &OrderId, rating: &Rating) -> Result<Sealed, Error> {
        self.seal_as(&rating_of(order), rating)
    }

    /// Opens what the customer says of a visit.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or for another order, or altered.
    pub fn open_rating(&self, order: &OrderId, sealed: &Sealed) -> Result<Rating, Error> {
        self.open_as(&rating_of(order), sealed)
    }

    fn seal_as(&self, what: &str, plain: &impl Serialize) -> Result<Sealed, Error> {
        let body = serde_json::to_vec(plain).map_err(|_| Error::Sealed)?;
        self.0.seal(what.as_bytes(), body).map(Sealed)
    }

    fn open_as<T: DeserializeOwned>(&self, what: &str, sealed: &Sealed) -> Result<T, Error> {
        let plain = self.0.open(what.as_bytes(), &sealed.0)?;
        serde_json::from_slice(&plain).map_err(|_| Error::Sealed)
    }
}

/// The associated data of a rating, which no details have.
fn rating_of(order: &OrderId) -> String {
    format!("{order}#rating")
}

/// Empty, because nobody can read it anyway.
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

#[cfg(test)]
mod tests {
    use domain::order::Contact;

    use super::*;

    fn key_of(secret: &str) -> SealKey {
        SealKey::new(&Settings::from_variables([("DETAILS_KEY", secret)]))
    }

    #[test]
    fn details_open_only_for_their_order_and_with_their_key() {
        let details = OrderDetails {
            address: "中央大街1号".to_owned(),
            contact: Contact {
                name: "王芳".to_owned(),
                phone: "13800138000".parse().unwrap(),
            },
            notes: None,
        };
        let key = key_of("a secret");
        let order = OrderId::from_bytes(&[1; 16]);
        let sealed = key.seal(&order, &details).unwrap();
        assert!(key.open(&order, &sealed).unwrap() == details);
        assert!(sealed != key.seal(&order, &details).unwrap());

        let other_order = OrderId::from_bytes(&[2; 16]);
        assert!(matches!(
            key.open(&other_order, &sealed),
            Err(Error::Sealed)
        ));
        let other_key = key_of("another secret");
        assert!(matches!(
            other_key.open(&order, &sealed),
            Err(Error::Sealed)
        ));
        for n in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[n] ^= 1;
            assert!(matches!(key.open(&order, &altered), Err(Error::Sealed)));
            assert!(matches!(
                key.open(&order, &Sealed(sealed.0[..n].to_vec())),
                Err(Error::Sealed)
            ));
        }
    }
}

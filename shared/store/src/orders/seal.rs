//! What an order keeps sealed: address, place, contact, notes; the place once more for those who look who is in range, with
//! why an agency was chosen, which tells distances; and what its customer says of the visit. Each order has keys of its own, and
//! so has each customer of an agency, for what the agency notes of them.

use std::fmt::Display;

use data_encoding::BASE64URL_NOPAD;
use domain::geo::Wgs84;
use domain::id::{AgencyCustomerId, OrderId};
use domain::order::{OrderDetails, Rating, SealedPlace};
use sealing::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use settings::Settings;

use crate::Error;

/// Tells these uses of a secret from any other.
const DETAILS: &str = "homehail order details v2";
const PLACES: &str = "homehail order places v1";

/// The key that seals the details of orders: AES-256-GCM, a key for each order, a random nonce each, the order's id and what
/// it is as associated data, so that details cannot be put under another order.
#[derive(Debug)]
pub struct SealKey(SealingKey);

/// The key that seals where orders are, in the same way.
#[derive(Debug)]
pub struct PlaceKey(SealingKey);

/// Something sealed: nonce and ciphertext with tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

impl SealKey {
    pub fn new(settings: &Settings) -> Self {
        Self(SealingKey(settings.key("DETAILS_KEY", DETAILS)))
    }

    /// Seals an order's details.
    pub fn seal(&self, order: &OrderId, details: &OrderDetails) -> Result<Sealed, Error> {
        seal(&self.0, order, "details", details)
    }

    /// Opens an order's details.
    ///
    /// # Errors
    /// [`Error::Sealed`] when they were sealed by another key or for another order, or altered.
    pub fn open(&self, order: &OrderId, sealed: &Sealed) -> Result<OrderDetails, Error> {
        open(&self.0, order, "details", sealed)
    }

    /// Seals what the customer says of a visit.
    pub fn seal_rating(&self, order: &OrderId, rating: &Rating) -> Result<Sealed, Error> {
        seal(&self.0, order, "rating", rating)
    }

    pub(super) fn seal_complaint(
        &self,
        order: &OrderId,
        complaint: &impl Serialize,
    ) -> Result<Sealed, Error> {
        seal(&self.0, order, "complaint", complaint)
    }

    pub(super) fn open_complaint<T: DeserializeOwned>(
        &self,
        order: &OrderId,
        sealed: &Sealed,
    ) -> Result<T, Error> {
        open(&self.0, order, "complaint", sealed)
    }

    /// Seals what an agency notes of a customer.
    pub fn seal_notes(&self, customer: &AgencyCustomerId, notes: &str) -> Result<Sealed, Error> {
        seal(&self.0, customer, "notes", &notes)
    }

    /// Opens what an agency has noted of a customer.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or for another customer, or altered.
    pub fn open_notes(&self, customer: &AgencyCustomerId, notes: &Sealed) -> Result<String, Error> {
        open(&self.0, customer, "notes", notes)
    }

    /// Opens what the customer says of a visit.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or for another order, or altered.
    pub fn open_rating(&self, order: &OrderId, sealed: &Sealed) -> Result<Rating, Error> {
        open(&self.0, order, "rating", sealed)
    }
}

impl PlaceKey {
    pub fn new(settings: &Settings) -> Self {
        Self(SealingKey(settings.key("PLACE_KEY", PLACES)))
    }

    /// Seals where an order is.
    pub fn seal(&self, order: &OrderId, place: Wgs84) -> Result<SealedPlace, Error> {
        let (lat, lon) = (place.lat_e7().to_be_bytes(), place.lon_e7().to_be_bytes());
        let sealed = seal_bytes(&self.0, order, "place", [lat, lon].concat())?;
        Ok(SealedPlace(BASE64URL_NOPAD.encode(&sealed.0)))
    }

    /// Opens where an order is.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or for another order, or altered.
    pub fn open(&self, order: &OrderId, place: &SealedPlace) -> Result<Wgs84, Error> {
        let sealed = BASE64URL_NOPAD.decode(place.0.as_bytes());
        let sealed = Sealed(sealed.map_err(|_| Error::Sealed)?);
        let plain = open_bytes(&self.0, order, "place", &sealed)?;
        let [a, b, c, d, e, f, g, h] = plain.try_into().map_err(|_| Error::Sealed)?;
        let (lat, lon) = ([a, b, c, d], [e, f, g, h]);
        let place = Wgs84::from_e7(i32::from_be_bytes(lat), i32::from_be_bytes(lon));
        place.ok_or(Error::Sealed)
    }

    /// Seals why an agency was chosen.
    pub fn seal_explanation(
        &self,
        order: &OrderId,
        explanation: &impl Serialize,
    ) -> Result<Sealed, Error> {
        seal(&self.0, order, "explanation", explanation)
    }

    /// Opens why an agency was chosen.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key or for another order, or altered.
    pub fn open_explanation<T: DeserializeOwned>(
        &self,
        order: &OrderId,
        sealed: &Sealed,
    ) -> Result<T, Error> {
        open(&self.0, order, "explanation", sealed)
    }
}

fn seal(
    key: &SealingKey,
    of: &impl Display,
    what: &str,
    plain: &impl Serialize,
) -> Result<Sealed, Error> {
    let body = serde_json::to_vec(plain).map_err(|_| Error::Sealed)?;
    seal_bytes(key, of, what, body)
}

fn seal_bytes(
    key: &SealingKey,
    of: &impl Display,
    what: &str,
    plain: Vec<u8>,
) -> Result<Sealed, Error> {
    let key = key.of(&of.to_string())?;
    key.seal(&associated(of, what), plain).map(Sealed)
}

fn open<T: DeserializeOwned>(
    key: &SealingKey,
    of: &impl Display,
    what: &str,
    sealed: &Sealed,
) -> Result<T, Error> {
    let plain = open_bytes(key, of, what, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Error::Sealed)
}

fn open_bytes(
    key: &SealingKey,
    of: &impl Display,
    what: &str,
    sealed: &Sealed,
) -> Result<Vec<u8>, Error> {
    let key = key.of(&of.to_string())?;
    key.open(&associated(of, what), &sealed.0)
}

fn associated(of: &impl Display, what: &str) -> Vec<u8> {
    format!("{of}#{what}").into_bytes()
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
            place: Wgs84::from_e7(457_700_000, 1_266_270_000).unwrap(),
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

    #[test]
    fn notes_open_only_for_their_customer() {
        let key = key_of("a secret");
        let customer = AgencyCustomerId::from_bytes(&[1; 16]);
        let sealed = key.seal_notes(&customer, "三楼").unwrap();
        assert_eq!(key.open_notes(&customer, &sealed).unwrap(), "三楼");
        let other = AgencyCustomerId::from_bytes(&[2; 16]);
        assert!(matches!(
            key.open_notes(&other, &sealed),
            Err(Error::Sealed)
        ));
    }

    #[test]
    fn a_place_opens_only_for_its_order_and_with_its_key() {
        let place = Wgs84::from_e7(457_700_001, -1_266_270_009).unwrap();
        let settings = |secret| Settings::from_variables([("PLACE_KEY", secret)]);
        let key = PlaceKey::new(&settings("a secret"));
        let (order, other) = (OrderId::from_bytes(&[1; 16]), OrderId::from_bytes(&[2; 16]));
        let sealed = key.seal(&order, place).unwrap();
        assert_eq!(key.open(&order, &sealed).unwrap(), place);
        assert!(matches!(key.open(&other, &sealed), Err(Error::Sealed)));
        let other_key = PlaceKey::new(&settings("another secret"));
        assert!(matches!(
            other_key.open(&order, &sealed),
            Err(Error::Sealed)
        ));
        for text in ["", "!", &sealed.0[1..]] {
            let altered = SealedPlace(text.to_owned());
            assert!(matches!(key.open(&order, &altered), Err(Error::Sealed)));
        }
        // How long it is says nothing of where it is.
        let near = Wgs84::from_e7(1, 1).unwrap();
        assert_eq!(key.seal(&order, near).unwrap().0.len(), sealed.0.len());
    }

    #[test]
    fn every_order_has_a_key_of_its_own() {
        let key = key_of("a secret");
        let sealed = seal(&key.0, &OrderId::from_bytes(&[1; 16]), "details", &1).unwrap();
        let order = OrderId::from_bytes(&[1; 16]);
        assert!(
            key.0
                .open(&associated(&order, "details"), &sealed.0)
                .is_err()
        );
    }
}

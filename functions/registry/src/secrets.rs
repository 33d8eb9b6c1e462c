//! Derives ids and secrets from requests. A repeated request gets the same ones, and only a hash of a secret is stored.

use domain::id::{AgencyId, StoreId};
use runtime::secret::{self, NewSecret};
use settings::Settings;

use crate::REGISTRATION;

pub struct RegistrationKeys {
    ids: [u8; 32],
    secrets: [u8; 32],
}

impl RegistrationKeys {
    pub fn new(settings: &Settings) -> Self {
        Self {
            ids: settings.key("REGISTRATION_KEY", "homehail registration ids v1"),
            secrets: settings.key("REGISTRATION_KEY", "homehail agency secrets v1"),
        }
    }

    /// The id of the agency that a registration with this `Idempotency-Key` makes.
    pub fn agency_id(&self, key: &str) -> AgencyId {
        AgencyId::from_bytes(&first_bytes(&secret::hmac(
            &self.ids,
            &[b"agency", key.as_bytes()],
        )))
    }

    /// The first credential of an agency that is registered with this `Idempotency-Key`.
    pub fn credential(&self, agency: &AgencyId, key: &str, body_hash: &[u8; 32]) -> NewSecret {
        let parts = [agency.bare(), REGISTRATION, key];
        NewSecret::derive(&self.ids, &self.secrets, &parts, body_hash)
    }

    /// The id of the store that `agency` adds with this `Idempotency-Key`, in this position of the request.
    pub fn store_id(&self, agency: &AgencyId, key: &str, position: usize) -> StoreId {
        let position = (position as u64).to_be_bytes();
        let parts = [
            b"store",
            agency.bare().as_bytes(),
            key.as_bytes(),
            &position,
        ];
        StoreId::from_bytes(&first_bytes(&secret::hmac(&self.ids, &parts)))
    }
}

fn first_bytes<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> RegistrationKeys {
        RegistrationKeys::new(&Settings::from_variables([("REGISTRATION_KEY", secret)]))
    }

    #[test]
    fn ids_and_secrets_follow_from_the_request_and_the_key() {
        let (again, other) = (keys("secret"), keys("other"));
        let keys = keys("secret");
        assert_eq!(keys.agency_id("k"), again.agency_id("k"));
        assert_ne!(keys.agency_id("k"), keys.agency_id("l"));
        assert_ne!(keys.agency_id("k"), other.agency_id("k"));

        let agency = keys.agency_id("k");
        let made = |keys: &RegistrationKeys, key, body: u8| {
            let made = keys.credential(&agency, key, &[body; 32]);
            (made.id, made.text)
        };
        let first = made(&keys, "k", 1);
        assert_eq!(first, made(&again, "k", 1));
        assert_eq!(first.1.len(), 43, "256 bits in base64url");
        for another in [made(&keys, "l", 1), made(&other, "k", 1)] {
            assert!(first.0 != another.0 && first.1 != another.1);
        }
        let other_body = made(&keys, "k", 2);
        assert!(first.0 == other_body.0 && first.1 != other_body.1);
        assert_eq!(
            keys.store_id(&agency, "k", 0),
            again.store_id(&agency, "k", 0)
        );
        assert_ne!(
            keys.store_id(&agency, "k", 0),
            keys.store_id(&agency, "k", 1)
        );
        assert_ne!(
            keys.store_id(&agency, "k", 0),
            keys.store_id(&keys.agency_id("l"), "k", 0)
        );
    }

    #[test]
    fn the_stored_hash_is_that_of_the_given_secret() {
        let agency = AgencyId::from_bytes(&[0; 16]);
        let made = keys("secret").credential(&agency, "k", &[0; 32]);
        assert_eq!(made.hash, secret::sha256(made.text.as_bytes()));
    }
}

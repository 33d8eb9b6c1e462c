//! Derives ids and secrets from registration requests. A repeated request gets the same ones, and only a hash of
//! the secret is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AgencyId, StoreId};
use runtime::secret;
use settings::Settings;

pub struct RegistrationKeys {
    ids: [u8; 32],
    secrets: [u8; 32],
}

/// The secret with which an agency logs in.
pub struct AgencySecret {
    /// Given to the agency: base64url of 256 bits.
    pub text: String,
    /// Stored: SHA-256 of the text.
    pub hash: [u8; 32],
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

    /// Depends on the body too, so that the `Idempotency-Key` alone does not reveal the secret.
    pub fn agency_secret(&self, key: &str, body_hash: &[u8; 32]) -> AgencySecret {
        let text =
            URL_SAFE_NO_PAD.encode(secret::hmac(&self.secrets, &[key.as_bytes(), body_hash]));
        let hash = secret::sha256(text.as_bytes());
        AgencySecret { text, hash }
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

        let secret =
            |keys: &RegistrationKeys, key, body: u8| keys.agency_secret(key, &[body; 32]).text;
        assert_eq!(secret(&keys, "k", 1), secret(&again, "k", 1));
        assert_ne!(secret(&keys, "k", 1), secret(&keys, "k", 2));
        assert_ne!(secret(&keys, "k", 1), secret(&keys, "l", 1));
        assert_ne!(secret(&keys, "k", 1), secret(&other, "k", 1));
        assert_eq!(secret(&keys, "k", 1).len(), 43, "256 bits in base64url");

        let agency = keys.agency_id("k");
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
        let made = keys("secret").agency_secret("k", &[0; 32]);
        assert_eq!(made.hash, secret::sha256(made.text.as_bytes()));
    }
}

//! Ids and secrets made from the requests that ask for them, so that a repeat gets the same ones and
//! nothing but a hash need be stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AgencyId, StoreId};
use runtime::secret;
use settings::Settings;

/// The keys behind registration.
pub struct RegistrationKeys {
    ids: [u8; 32],
    secrets: [u8; 32],
}

/// What an agency proves itself by.
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

    /// The agency that a registration with this `Idempotency-Key` makes.
    pub fn agency(&self, key: &str) -> AgencyId {
        AgencyId::from_bytes(&first(&secret::hmac(
            &self.ids,
            &[b"agency", key.as_bytes()],
        )))
    }

    /// The secret of that agency. It depends on the body too: who has the key and not the body learns nothing.
    pub fn agency_secret(&self, key: &str, body_hash: &[u8; 32]) -> AgencySecret {
        let text =
            URL_SAFE_NO_PAD.encode(secret::hmac(&self.secrets, &[key.as_bytes(), body_hash]));
        let hash = secret::sha256(text.as_bytes());
        AgencySecret { text, hash }
    }

    /// The store of `agency` that a request with this `Idempotency-Key` makes in this position.
    pub fn store(&self, agency: &AgencyId, key: &str, position: usize) -> StoreId {
        let position = (position as u64).to_be_bytes();
        let parts = [
            b"store",
            agency.bare().as_bytes(),
            key.as_bytes(),
            &position,
        ];
        StoreId::from_bytes(&first(&secret::hmac(&self.ids, &parts)))
    }
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
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
    fn the_same_request_gives_the_same_and_another_gives_another() {
        let (again, other) = (keys("secret"), keys("other"));
        let keys = keys("secret");
        assert_eq!(keys.agency("k"), again.agency("k"));
        assert_ne!(keys.agency("k"), keys.agency("l"));
        assert_ne!(keys.agency("k"), other.agency("k"));

        let secret =
            |keys: &RegistrationKeys, key, body: u8| keys.agency_secret(key, &[body; 32]).text;
        assert_eq!(secret(&keys, "k", 1), secret(&again, "k", 1));
        assert_ne!(secret(&keys, "k", 1), secret(&keys, "k", 2));
        assert_ne!(secret(&keys, "k", 1), secret(&keys, "l", 1));
        assert_ne!(secret(&keys, "k", 1), secret(&other, "k", 1));
        assert_eq!(secret(&keys, "k", 1).len(), 43, "256 bits in base64url");

        let agency = keys.agency("k");
        assert_eq!(keys.store(&agency, "k", 0), again.store(&agency, "k", 0));
        assert_ne!(keys.store(&agency, "k", 0), keys.store(&agency, "k", 1));
        assert_ne!(
            keys.store(&agency, "k", 0),
            keys.store(&keys.agency("l"), "k", 0)
        );
    }

    #[test]
    fn what_is_stored_is_the_hash_of_what_is_given() {
        let made = keys("secret").agency_secret("k", &[0; 32]);
        assert_eq!(made.hash, secret::sha256(made.text.as_bytes()));
    }
}

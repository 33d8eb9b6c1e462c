//! What is known of a person, under a key of her own.
//!
//! Every worker has a random key of 256 bits in the table `subject-keys`, wrapped under a master key. Whatever is
//! personal of her is sealed under it, in whatever table: deleting that one item makes all of it unreadable, in
//! backups too. That table alone has no point-in-time recovery.

use aws_lc_rs::hmac;
use domain::id::{EventId, WorkerId};
use sealing::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use settings::Settings;

use crate::Error;

/// Tells this use of a secret from any other.
const LABEL: &str = "homehail personal data v1";

/// The master key, under which persons' keys are wrapped: AES-256-GCM, the worker's id as associated data.
#[derive(Debug)]
pub(crate) struct PersonalDataKey(SealingKey);

/// A person's own key.
#[derive(Clone)]
pub struct PersonKey([u8; 32]);

impl PersonalDataKey {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self(SealingKey(settings.key("PERSONAL_DATA_KEY", LABEL)))
    }

    /// A new key of a person, and how it is stored.
    pub(crate) fn create(&self, worker: &WorkerId) -> Result<(PersonKey, Vec<u8>), Error> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| Error::Sealed)?;
        let wrapped = self.0.seal(&aad(worker, "key"), key.to_vec())?;
        Ok((PersonKey(key), wrapped))
    }

    pub(crate) fn unwrap(&self, worker: &WorkerId, wrapped: &[u8]) -> Result<PersonKey, Error> {
        let key = self.0.open(&aad(worker, "key"), wrapped)?;
        key.try_into().map(PersonKey).map_err(|_| Error::Sealed)
    }
}

impl PersonKey {
    /// Seals something about this worker; `what` says what, and must be said again to open it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn seal(
        &self,
        worker: &WorkerId,
        what: &str,
        value: &impl Serialize,
    ) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(value).map_err(|_| Error::Sealed)?;
        SealingKey(self.0).seal(&aad(worker, what), json)
    }

    /// Opens what was sealed as `what` about this worker.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was sealed by another key, of another worker or as something else, or altered.
    pub fn open<T: DeserializeOwned>(
        &self,
        worker: &WorkerId,
        what: &str,
        sealed: &[u8],
    ) -> Result<T, Error> {
        let json = SealingKey(self.0).open(&aad(worker, what), sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::Sealed)
    }

    /// The salt of an event's commitment. It goes when the key goes.
    pub(crate) fn salt(&self, event: &EventId) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(b"homehail payload salt v1\0");
        context.update(event.as_str().as_bytes());
        let mut salt = [0; 32];
        salt.copy_from_slice(context.sign().as_ref());
        salt
    }
}

fn aad(worker: &WorkerId, what: &str) -> Vec<u8> {
    [worker.as_str().as_bytes(), b"\0", what.as_bytes()].concat()
}

/// Empty, so that a key cannot slip into a log.
impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master_key(secret: &str) -> PersonalDataKey {
        PersonalDataKey::new(&Settings::from_variables([("PERSONAL_DATA_KEY", secret)]))
    }

    #[test]
    fn what_is_sealed_opens_for_its_person_and_purpose_alone() {
        let master = master_key("a secret");
        let (her, other) = (
            WorkerId::from_bytes(&[1; 16]),
            WorkerId::from_bytes(&[2; 16]),
        );
        let (key, wrapped) = master.create(&her).unwrap();
        let key_again = master.unwrap(&her, &wrapped).unwrap();
        let sealed = key.seal(&her, "profile", &"张伟").unwrap();
        assert_eq!(
            key_again.open::<String>(&her, "profile", &sealed).unwrap(),
            "张伟"
        );

        assert!(master.unwrap(&other, &wrapped).is_err());
        assert!(master_key("another").unwrap(&her, &wrapped).is_err());
        assert!(key.open::<String>(&her, "payload", &sealed).is_err());
        assert!(key.open::<String>(&other, "profile", &sealed).is_err());
        let (another, _) = master.create(&her).unwrap();
        assert!(another.open::<String>(&her, "profile", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(key.open::<String>(&her, "profile", &altered).is_err());
        }
    }

    #[test]
    fn every_event_has_its_own_salt() {
        let master = master_key("a secret");
        let (key, _) = master.create(&WorkerId::from_bytes(&[1; 16])).unwrap();
        let (a, b) = (EventId::from_cause("a", &[]), EventId::from_cause("b", &[]));
        assert_eq!(key.salt(&a), key.salt(&a));
        assert_ne!(key.salt(&a), key.salt(&b));
    }
}

//! Who a worker is, without a table.

use aws_lc_rs::hmac;
use domain::check::{IdNumber, MobilePhone};
use domain::id::WorkerId;
use settings::Settings;

/// Makes workers' ids from ID numbers, by a secret key that is never rotated: a person has one id for ever, and
/// nobody without the key can tell whose it is.
pub struct WorkerIds(hmac::Key);

impl WorkerIds {
    pub fn new(settings: &Settings) -> Self {
        let secret = settings.text("WORKER_ID_KEY");
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The id of the person with this number.
    pub fn of(&self, number: &IdNumber) -> WorkerId {
        let mut bytes = [0; 16];
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"homehail worker id v1\0");
        context.update(number.as_str().as_bytes());
        bytes.copy_from_slice(&context.sign().as_ref()[..16]);
        WorkerId::from_bytes(&bytes)
    }
}

/// Makes keyed hashes of phones, by which a worker is found from hers.
pub struct PhoneHashes(hmac::Key);

impl PhoneHashes {
    pub fn new(settings: &Settings) -> Self {
        let secret = settings.text("PHONE_KEY");
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The hash of this phone, in base32.
    pub fn of(&self, phone: &MobilePhone) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"homehail worker phone v1\0");
        context.update(phone.as_str().as_bytes());
        domain::id::base32(&context.sign().as_ref()[..16])
    }
}

/// Empty, so that a key cannot slip into a log.
impl std::fmt::Debug for WorkerIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkerIds")
    }
}

/// Empty, so that a key cannot slip into a log.
impl std::fmt::Debug for PhoneHashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneHashes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker_ids(secret: &str) -> WorkerIds {
        WorkerIds::new(&Settings::from_variables([("WORKER_ID_KEY", secret)]))
    }

    #[test]
    fn a_person_has_one_id_under_one_key() {
        let number: IdNumber = "11010519491231002X".parse().unwrap();
        let written_small: IdNumber = "11010519491231002x".parse().unwrap();
        let ids = worker_ids("a secret");
        assert_eq!(ids.of(&number), ids.of(&written_small));
        assert_ne!(ids.of(&number), worker_ids("another").of(&number));
        let other: IdNumber = "440524188001010014".parse().unwrap();
        assert_ne!(ids.of(&number), ids.of(&other));
    }
}

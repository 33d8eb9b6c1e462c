//! Where what is in the table `sessions`.

use domain::id::CustomerId;

use super::{FamilyId, LogIns};
use crate::table::{ItemKey, Key, Partition};

/// What sort keys of customers' pointers to their links begin with.
const POINTER: &str = "link#";

impl Key<LogIns> {
    /// A family, by whose it is: a customer's or worker's id, or an access key.
    pub(super) fn family(subject: &str, id: &FamilyId) -> Self {
        Self::new(subject_pk(subject), format!("family#{}", id.hash()))
    }

    /// The code that was sent last to a phone, by its hash.
    pub(super) fn code(phone_hash: &str) -> Self {
        Self::new(format!("P#{phone_hash}"), "code")
    }

    /// Which customer is meant by what WeChat knows somebody by, of which this is a keyed hash.
    pub(super) fn link(known_by: &CustomerId) -> Self {
        link(known_by.bare())
    }

    /// That there is such a link to a customer.
    pub(super) fn pointer(customer: &CustomerId, known_by: &CustomerId) -> Self {
        let pk = subject_pk(customer.as_str());
        Self::new(pk, format!("{POINTER}{}", known_by.bare()))
    }

    /// The link that this points to, if it does.
    pub(super) fn pointed_to(pointer: &ItemKey) -> Option<Self> {
        pointer.sk.strip_prefix(POINTER).map(link)
    }
}

impl Partition<LogIns> {
    pub(super) fn of_subject(subject: &str) -> Self {
        Self::new(subject_pk(subject), "")
    }
}

fn link(bare: &str) -> Key<LogIns> {
    Key::new(format!("L#{bare}"), "link")
}

fn subject_pk(subject: &str) -> String {
    format!("S#{subject}")
}

//! Workers (家政服务员): whom they work for, what they can do, and what the authority decided about them.

mod proposal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agency::Standing;
use crate::check::{IdNumber, MobilePhone};
use crate::credit::{Section, Sections};
use crate::id::{AgencyId, SourceId, WorkerId};
use crate::service::ServiceSet;
use crate::time::Millis;

pub use proposal::{LastDecision, Proposal, ProposedChanges};

/// A worker without personal data other than the masked name. Everything that the trust gate looks at is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub id: WorkerId,
    /// Rises by one with every change to these fields.
    pub version: u64,
    /// Rises with every change of what her review shows: what was given of her, not what is recorded of her.
    pub review_version: u64,
    pub last_decision: Option<LastDecision>,
    pub agency: AgencyId,
    /// Her standing with the authority.
    pub standing: Standing,
    /// The services she can be staffed for.
    pub skills: ServiceSet,
    /// Her name as anyone may see it: `张*`. Empty once her data is erased.
    pub masked_name: String,
    pub registered_at: Millis,
    /// Since when something about her waits for the authority.
    pub waits_since: Option<Millis>,
    pub photo: Option<Photo>,
    pub sections: Sections,
    /// Whether her personal data has been erased; she cannot work then.
    pub is_erased: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// The key of the stored object.
    pub key: String,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
}

/// A worker's personal data, which is stored under her own key and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    pub id_number: IdNumber,
    pub phone: MobilePhone,
    pub consent: Consent,
    /// The sources' own references, such as the numbers of certificates and policies.
    #[serde(default)]
    pub references: BTreeMap<Section, BTreeMap<SourceId, String>>,
    /// Whether the authority has confirmed with her that this phone is hers. It opens sessions only then.
    #[serde(default)]
    pub phone_confirmed: bool,
    /// What agencies want of her, at most one proposal of each, the oldest first.
    #[serde(default)]
    pub proposals: Vec<Proposal>,
}

/// Her consent to the processing of sensitive data (PIPL 28, 29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Which text she was shown.
    pub text_version: String,
    #[serde(with = "crate::time::rfc3339")]
    pub given_at: Millis,
}

/// Empty, so that personal data cannot slip into a log.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile")
    }
}

impl Worker {
    /// Whether she may work at all: approved, and her data not erased.
    pub fn may_work(&self) -> bool {
        self.standing == Standing::Approved && !self.is_erased
    }

    /// Whether what is known of her has been approved: its changes are proposals then, and her phone is reserved for her.
    pub fn was_approved(&self) -> bool {
        matches!(self.standing, Standing::Approved | Standing::Suspended)
    }
}

/// A name as anyone may see it: the first character of the family name and one `*` (`张*`). The number of `*` does not
/// depend on the name's length, which would say something too.
pub fn masked_name(name: &str) -> String {
    let first = name.trim().chars().next();
    first.map(|first| format!("{first}*")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_masked_behind_its_first_character() {
        for (name, masked) in [
            ("张伟", "张*"),
            ("欧阳娜娜", "欧*"),
            (" 李 ", "李*"),
            ("", ""),
        ] {
            assert_eq!(masked_name(name), masked);
        }
    }
}

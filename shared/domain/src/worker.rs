//! Workers (家政服务员): whom they work for, what they can do, and what the authority decided about them.

use serde::{Deserialize, Serialize};

use crate::agency::{Decision, NotFromHere, Standing};
use crate::check::{IdNumber, MobilePhone};
use crate::credit::{References, Sections};
use crate::id::{AgencyId, WorkerId};
use crate::service::ServiceSet;
use crate::time::Millis;

/// A worker without personal data other than the masked name. Everything that the trust gate looks at is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    pub id: WorkerId,
    /// Rises by one with every change to these fields.
    pub version: u64,
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
    #[serde(default)]
    pub references: References,
    /// Set while the authority has not decided on another agency's registration of her.
    #[serde(default)]
    pub proposed: Option<ProposedEmployment>,
}

/// Her consent to the processing of sensitive data (PIPL 28, 29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Which text she was shown.
    pub text_version: String,
    #[serde(with = "crate::time::rfc3339")]
    pub given_at: Millis,
}

/// Another agency's registration of somebody who already works for one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedEmployment {
    pub agency: AgencyId,
    /// As given by that agency.
    pub name: String,
    /// As given by that agency.
    pub phone: MobilePhone,
    /// As given by that agency.
    pub skills: ServiceSet,
    pub consent: Consent,
    pub at: Millis,
}

/// Empty, so that personal data cannot slip into a log.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile")
    }
}

/// Empty, so that personal data cannot slip into a log.
impl std::fmt::Debug for ProposedEmployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProposedEmployment")
    }
}

impl Worker {
    /// Whether she may work at all: approved, and her data not erased.
    pub fn may_work(&self) -> bool {
        self.standing == Standing::Approved && !self.is_erased
    }

    /// The worker after a decision; `None` when she already stands as decided.
    pub fn decided(&self, decision: Decision) -> Result<Option<Self>, NotFromHere> {
        let standing = self.standing.decide(decision)?;
        if standing == self.standing {
            return Ok(None);
        }
        let mut worker = self.clone();
        worker.standing = standing;
        worker.waits_since = None;
        Ok(Some(worker))
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

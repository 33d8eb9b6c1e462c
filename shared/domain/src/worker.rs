//! Workers (家政服务员): who they work for, what they can do, what the authority decided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agency::{Decision, NotFromHere, Standing};
use crate::check::{IdNumber, MobilePhone};
use crate::credit::{Section, Sections};
use crate::id::{AgencyId, SourceId, WorkerId};
use crate::service::ServiceSet;
use crate::time::Millis;

/// A worker, as far as no personal data but the masked name is concerned. All that the gate looks at is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Her id.
    pub id: WorkerId,
    /// Rises by one with every change of what is here.
    pub version: u64,
    /// Whom she works for.
    pub agency: AgencyId,
    /// How she stands with the authority.
    pub standing: Standing,
    /// The services she can be staffed for.
    pub skills: ServiceSet,
    /// Her name as anyone may see it: `张*`. Empty once her data is erased.
    pub masked_name: String,
    /// When she was registered first.
    pub registered_at: Millis,
    /// Since when something of hers waits for the authority.
    pub waits_since: Option<Millis>,
    /// Her photo; none until there is one.
    pub photo: Option<Photo>,
    /// What the sources say of her.
    pub sections: Sections,
    /// Whether her personal data has been erased. She cannot work then.
    pub is_erased: bool,
}

/// A stored photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// The name of the stored object.
    pub key: String,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
}

/// A worker's personal data, which is stored under her own key and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Her name.
    pub name: String,
    /// Her ID number.
    pub id_number: IdNumber,
    /// Her phone.
    pub phone: MobilePhone,
    /// What she agreed to.
    pub consent: Consent,
    /// What sources refer to, such as the numbers of certificates and policies.
    #[serde(default)]
    pub references: BTreeMap<Section, BTreeMap<SourceId, String>>,
    /// Another agency has registered her, which the authority has not decided on yet.
    #[serde(default)]
    pub proposed: Option<ProposedEmployment>,
}

/// What a worker agreed to: that her sensitive data is worked with (PIPL 28, 29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Which text she was shown.
    pub text_version: String,
    /// When she agreed.
    #[serde(with = "crate::time::rfc3339")]
    pub given_at: Millis,
}

/// What another agency registered of somebody who works for an agency already.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedEmployment {
    /// The agency.
    pub agency: AgencyId,
    /// Her name, as given there.
    pub name: String,
    /// Her phone, as given there.
    pub phone: MobilePhone,
    /// What she can do, as given there.
    pub skills: ServiceSet,
    /// What she agreed to there.
    pub consent: Consent,
    /// When it was registered.
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

    /// With a decision taken. `None` when it stands already.
    ///
    /// # Errors
    /// When the decision cannot be taken from here.
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

/// A name as anyone may see it: the first character of the family name, and one `*` (`张*`), however long the
/// name is, since its length says something too.
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

//! Workers (家政服务员): whom they work for, what they can do, and what the authority decided about them.

mod proposal;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan;
use serde::{Deserialize, Serialize};

use crate::agency::Standing;
use crate::catalogue::Tag;
use crate::check::{IdNumber, MobilePhone, Sex};
use crate::credit::{References, Sections};
use crate::id::{AgencyId, WorkerId};
use crate::service::{Service, ServiceSet};
use crate::text::first_visible;
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
    /// Whom she works for; [`Worker::employer`] tells it from nobody.
    pub agency: AgencyId,
    /// Her standing with the authority.
    pub standing: Standing,
    /// The services she can be staffed for.
    pub skills: ServiceSet,
    /// Of some of her skills, how long and with what; at most one of each.
    pub experience: Vec<Experience>,
    /// As her ID number has it; `None` of who was registered before it was kept, and once her data is erased.
    pub sex: Option<Sex>,
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

/// How long a worker has done a service, and what she brings for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experience {
    pub service: Service,
    pub years: u32,
    pub tags: BTreeSet<Tag>,
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
    /// Whether the authority has confirmed with her that this phone is hers. It opens sessions only then.
    #[serde(default)]
    pub phone_confirmed: bool,
    /// The phone that was confirmed before it: it opens her sessions until this one is confirmed.
    #[serde(default)]
    pub former_phone: Option<MobilePhone>,
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

/// Who is younger cannot consent alone (Civil Code, article 17).
const FULL_AGE: i16 = 18;
/// How long ago a consent may have been given when it is recorded, in years.
const CONSENT_YEARS: i64 = 2;
/// How far a caller's clock may be ahead of ours.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// Why a consent does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentFault {
    #[error("must not be in the future")]
    Future,
    #[error("must not be more than 2 years ago")]
    TooOld,
    #[error("must not be before she was 18")]
    UnderAge,
}

impl Consent {
    /// Whether it can be recorded now; that she was of age only if it is known who she is.
    pub fn check(&self, whose: Option<&IdNumber>, now: Millis) -> Result<(), ConsentFault> {
        if self.given_at > now + CLOCKS_DIFFER {
            Err(ConsentFault::Future)
        } else if self.given_at.date() < now.date().saturating_sub(CONSENT_YEARS.years()) {
            Err(ConsentFault::TooOld)
        } else if whose.is_some_and(|number| number.age(self.given_at) < FULL_AGE) {
            Err(ConsentFault::UnderAge)
        } else {
            Ok(())
        }
    }
}

/// Empty, so that personal data cannot slip into a log.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile")
    }
}

impl Worker {
    /// In place of an employer of whoever has left hers: no agency has this id, so none is taken for it.
    pub fn no_agency() -> AgencyId {
        AgencyId::from_bytes(&[0; 16])
    }

    /// The agency that she works for, unless she has left it.
    pub fn employer(&self) -> Option<&AgencyId> {
        Some(&self.agency).filter(|agency| **agency != Self::no_agency())
    }

    /// As her agency sees her. What sources say of her it reads once she is approved: before, it would tell whether she is
    /// known already, and to whom.
    #[must_use]
    pub fn shown_to_agency(mut self) -> Self {
        if !self.was_approved() {
            self.sections = Sections::default();
        }
        self
    }

    pub fn experience_in(&self, service: Service) -> Option<&Experience> {
        let mut all = self.experience.iter();
        all.find(|experience| experience.service == service)
    }

    /// Whether she may work at all: approved, and her data not erased.
    pub fn may_work(&self) -> bool {
        self.standing == Standing::Approved && !self.is_erased
    }

    /// Whether what is known of her now was at this moment: her data has not been erased since, nor did she come back as
    /// somebody new.
    pub fn was_registered(&self, at: Millis) -> bool {
        !self.is_erased && self.registered_at <= at
    }

    /// Whether what is known of her has been approved: its changes are proposals then, and her phone is reserved for her.
    pub fn was_approved(&self) -> bool {
        matches!(self.standing, Standing::Approved | Standing::Suspended)
    }
}

/// A name as anyone may see it: the first visible character of the family name and one `*` (`张*`). The number of `*` does not
/// depend on the name's length, which would say something too.
pub fn masked_name(name: &str) -> String {
    let first = first_visible(name);
    first.map(|first| format!("{first}*")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_recent_and_an_adult_s() {
        let of = IdNumber::complete("23010220080601001").unwrap();
        let at = |text: &str| Millis::parse_rfc3339(text).unwrap();
        for (given_at, now, expected) in [
            (
                "2026-06-01T00:00:00+08:00",
                "2026-06-01T00:00:01+08:00",
                Ok(()),
            ),
            (
                "2026-05-31T23:59:59+08:00",
                "2026-06-02T00:00:00+08:00",
                Err(ConsentFault::UnderAge),
            ),
            (
                "2026-06-01T00:00:00+08:00",
                "2028-06-01T23:59:59+08:00",
                Ok(()),
            ),
            (
                "2026-06-01T23:59:59+08:00",
                "2028-06-02T00:00:00+08:00",
                Err(ConsentFault::TooOld),
            ),
            (
                "2028-02-29T12:00:00+08:00",
                "2030-02-28T12:00:00+08:00",
                Ok(()),
            ),
            (
                "2028-02-29T12:00:00+08:00",
                "2030-03-01T00:00:00+08:00",
                Err(ConsentFault::TooOld),
            ),
            ("2027-01-01T00:01:00Z", "2027-01-01T00:00:00Z", Ok(())),
            (
                "2027-01-01T00:01:00.001Z",
                "2027-01-01T00:00:00Z",
                Err(ConsentFault::Future),
            ),
        ] {
            let consent = Consent {
                text_version: "1".to_owned(),
                given_at: at(given_at),
            };
            assert_eq!(
                consent.check(Some(&of), at(now)),
                expected,
                "{given_at} {now}"
            );
        }
    }

    #[test]
    fn a_name_is_masked_behind_its_first_character() {
        for (name, masked) in [
            ("张伟", "张*"),
            ("欧阳娜娜", "欧*"),
            (" 李 ", "李*"),
            ("\u{200b}\u{202e}张丽", "张*"),
            ("\u{301}\u{feff}Zoë", "Z*"),
            ("", ""),
        ] {
            assert_eq!(masked_name(name), masked);
        }
    }
}

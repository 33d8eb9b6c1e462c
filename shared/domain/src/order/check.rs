//! The badge check: a customer scans, from within the order, the badge of whoever stands at the door.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agency::Standing;
use crate::badge::Badge;
use crate::credit::{PublicStanding, Section, SectionView, at_the_door, gate, public_standing};
use crate::id::BadgeId;
use crate::market::Market;
use crate::scan::{ScanResult, live};
use crate::time::Millis;
use crate::worker::{Profile, Worker};

use super::{Order, State};

/// A match begins the visit from this long before its start.
pub const EARLIEST_START: Duration = Duration::from_secs(2 * 3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// The badge of the worker named for this order, and nothing stands against her.
    Match,
    /// Somebody else's badge. Nothing more is said of either person.
    Mismatch,
    /// No worker is named yet.
    NoWorkerYet,
    /// Her badge, but her credit record does not let her begin.
    NotCleared,
    /// Her badge, but the badge, she or her agency is suspended.
    Suspended,
    /// Her badge, but it was revoked.
    Revoked,
    /// The badge has expired.
    Expired,
    /// Not a badge of ours, or a code that has run out or was used before for this order.
    Invalid,
}

impl CheckResult {
    /// The same in the log of scans.
    pub fn scanned(self) -> ScanResult {
        match self {
            Self::Match => ScanResult::Match,
            Self::Mismatch => ScanResult::Mismatch,
            Self::NoWorkerYet => ScanResult::NoWorkerYet,
            Self::NotCleared => ScanResult::NotCleared,
            Self::Suspended => ScanResult::Suspended,
            Self::Revoked => ScanResult::Revoked,
            Self::Expired => ScanResult::Expired,
            Self::Invalid => ScanResult::NotGenuine,
        }
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub result: CheckResult,
    pub starts: bool,
}

/// The result of showing this badge for this order now. The caller has verified the signature and that the badge has
/// not expired. A mismatch is found before anything else about the badge, so that the answer says nothing about that
/// person; `worker` and `agency` are needed only for the order's own badge.
///
/// A match begins the visit from [`EARLIEST_START`] on, if everything holds that the service requires at the door.
/// Before that time, sections that are looked at only at the door are left out. After the visit has begun, a match
/// only says who she is.
pub fn badge_check(
    order: &Order,
    badge: &Badge,
    worker: Option<&Worker>,
    agency: Option<Standing>,
    market: &Market,
    now: Millis,
) -> Check {
    let says = |result| Check {
        result,
        starts: false,
    };
    let (Some(claim), Some(staffing)) = (order.claim(), order.staffing()) else {
        return says(CheckResult::NoWorkerYet);
    };
    if badge.worker != staffing.worker {
        return says(CheckResult::Mismatch);
    }
    match live(badge, worker, agency, now) {
        ScanResult::Genuine => {}
        ScanResult::Expired => return says(CheckResult::Expired),
        ScanResult::Suspended => return says(CheckResult::Suspended),
        _ => return says(CheckResult::Revoked),
    }
    let Some(worker) = worker.filter(|worker| worker.agency == claim.agency) else {
        return says(CheckResult::NotCleared);
    };
    if !matches!(order.state, State::Staffed(..)) {
        return says(CheckResult::Match);
    }
    let rules = &market.credit;
    let starts = now + EARLIEST_START >= order.start_at;
    let refused = if starts {
        at_the_door(&worker.sections, order.service, now, rules)
    } else {
        let visit = (order.start_at, order.ends_at());
        gate(&worker.sections, order.service, visit, now, rules)
    };
    if !refused.is_empty() || !worker.skills.contains(order.service) {
        return says(CheckResult::NotCleared);
    }
    Check {
        result: CheckResult::Match,
        starts,
    }
}

/// What the customer sees of the worker when her badge matches.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MatchedBadge {
    pub badge_id: BadgeId,
    /// Masked, as on the badge page.
    pub name: String,
    pub agency: String,
    /// In full size, as a `data:` URL.
    pub photo: String,
    pub question: &'static str,
    pub standing: PublicStanding,
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Millis,
    /// The first moment at which the badge is not valid any more.
    #[serde(with = "crate::time::rfc3339")]
    pub valid_until: Millis,
    pub sections: Vec<MatchedSection>,
}

/// Empty, so that a photo cannot slip into a log.
impl std::fmt::Debug for MatchedBadge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MatchedBadge")
    }
}

/// A section as the customer of the order sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatchedSection {
    #[serde(flatten)]
    pub view: SectionView,
    /// For an insurance, the insurer.
    pub insurer: Option<String>,
    /// For an insurance, the policy's number, of which only the last four characters show.
    pub policy_number: Option<String>,
}

impl MatchedBadge {
    /// `profile` holds the policies' numbers.
    pub fn new(
        badge: &Badge,
        worker: &Worker,
        profile: Option<&Profile>,
        agency_name: &str,
        photo: String,
        market: &Market,
        now: Millis,
    ) -> Self {
        let views = worker.sections.views(worker.skills, now, &market.credit);
        let sections = views.into_iter().map(|view| {
            let is_insurance = matches!(
                view.section,
                Section::PersonalInsurance | Section::OccupationalInsurance
            );
            let source = view.source.as_ref().filter(|_| is_insurance);
            let number = source.and_then(|_| profile?.references.get(&view));
            MatchedSection {
                insurer: source.map(ToString::to_string),
                policy_number: number.map(masked_number),
                view,
            }
        });
        Self {
            badge_id: badge.id.clone(),
            name: worker.masked_name.clone(),
            agency: agency_name.to_owned(),
            photo,
            question: "是这个人吗？ Is it this person?",
            standing: public_standing(&worker.sections, worker.skills, now, &market.credit),
            as_of: now,
            valid_until: badge.expires_at(),
            sections: sections.collect(),
        }
    }
}

/// `****1234`; a number of fewer than eight characters is hidden entirely.
fn masked_number(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    let shown = if characters.len() < 8 { 0 } else { 4 };
    let last: String = characters[characters.len() - shown..].iter().collect();
    format!("****{last}")
}

#[cfg(test)]
mod tests;

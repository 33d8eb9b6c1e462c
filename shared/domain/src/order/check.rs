//! The badge check: the customer of an order scans the badge of who stands at the door.

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

/// From how long before its start on a match begins the visit.
pub const EARLIEST_START: Duration = Duration::from_secs(2 * 3600);

/// What a badge check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It is the badge of the worker who was named for this order, and nothing stands against her.
    Match,
    /// It is somebody else's. Nothing more is said, of neither.
    Mismatch,
    /// Nobody was named yet.
    NoWorkerYet,
    /// It is her badge, and her credit record does not let her begin.
    NotCleared,
    /// It is her badge, and it, she or her agency is suspended.
    Suspended,
    /// It was her badge.
    Revoked,
    /// The badge's time is over.
    Expired,
    /// It is no badge of ours, or a code that is over or was used for this order.
    Invalid,
}

impl CheckResult {
    /// As the log of scans has it.
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

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub result: CheckResult,
    pub starts: bool,
}

/// What comes of showing this badge for this order now, when its signature has held and its last day is not over. Who
/// is somebody else is told that before anything else about the badge, so that a mismatch says nothing of her: `worker`
/// and `agency` are needed only for the order's own.
///
/// A match begins the visit from [`EARLIEST_START`] on, if everything holds that the service requires at the door. Before
/// that, what is looked at only at the door is left out. Once begun, a match only says who she is.
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

/// What the customer of an order is shown of the worker when her badge matches.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MatchedBadge {
    pub badge_id: BadgeId,
    /// Her name, masked.
    pub name: String,
    pub agency: String,
    /// Her photo in full size, as a `data:` URL; none if there is none.
    pub photo: Option<String>,
    pub question: &'static str,
    /// Her credit record in one word.
    pub standing: PublicStanding,
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Millis,
    /// The first moment at which the badge is valid no more.
    #[serde(with = "crate::time::rfc3339")]
    pub valid_until: Millis,
    /// What the sections say, and who says so.
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
    /// Which, what it says, who says so, since when and until when.
    #[serde(flatten)]
    pub view: SectionView,
    /// Of an insurance: who insures.
    pub insurer: Option<String>,
    /// Of an insurance: the policy's number, all but its last four characters hidden.
    pub policy_number: Option<String>,
}

impl MatchedBadge {
    /// Of this badge and its worker; her profile has the numbers of policies.
    pub fn of(
        badge: &Badge,
        worker: &Worker,
        profile: Option<&Profile>,
        agency_name: &str,
        photo: Option<String>,
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
            let number = source.and_then(|source| {
                let references = &profile?.references;
                references.get(&view.section)?.get(source)
            });
            MatchedSection {
                insurer: source.map(ToString::to_string),
                policy_number: number.map(|number| masked_number(number)),
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

/// A number as `****1234`; what has fewer than eight characters is hidden as a whole.
fn masked_number(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    let shown = if characters.len() < 8 { 0 } else { 4 };
    let last: String = characters[characters.len() - shown..].iter().collect();
    format!("****{last}")
}

#[cfg(test)]
mod tests;

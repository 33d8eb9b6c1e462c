//! What agencies did with an order: claims that they lost, and numbers that change with it.

use crate::agency::AgencyStats;
use crate::id::{AgencyId, WorkerId};

use serde::{Deserialize, Serialize};

use super::{Order, State, What};

/// Why an agency has a claim no more without having had the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimEnd {
    /// By the customer.
    Cancelled,
    NotStaffed,
    /// The authority suspended the agency.
    Suspended,
    /// Nobody came.
    Unattended,
    /// By the agency itself, which needs no notice.
    Released,
}

impl ClaimEnd {
    /// Whether the agency has let the customer down.
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::NotStaffed | Self::Unattended | Self::Released)
    }
}

/// Which agencies lost their claim between one version of an order and the next.
pub fn ended_claims(before: &Order, after: &Order) -> Vec<(AgencyId, ClaimEnd)> {
    if let (Some(claim), State::Cancelled { .. }) = (before.claim(), &after.state) {
        return vec![(claim.agency.clone(), ClaimEnd::Cancelled)];
    }
    let news = after.timeline.iter().skip(before.timeline.len());
    let news: Vec<What> = news.map(|line| line.what).collect();
    let end = if news.contains(&What::Released) {
        ClaimEnd::Released
    } else if news.contains(&What::StaffingMissed) {
        ClaimEnd::NotStaffed
    } else if news.contains(&What::AgencySuspended) {
        ClaimEnd::Suspended
    } else {
        ClaimEnd::Unattended
    };
    let lost = after.excluded.difference(&before.excluded);
    lost.map(|agency| (agency.clone(), end)).collect()
}

/// Why a worker who was named for a visit does not make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitLost {
    /// By the customer.
    Cancelled,
    /// Her agency gave the order back.
    Released,
    /// Her agency was suspended.
    Suspended,
    /// She did not come in time.
    Unattended,
    /// Her agency has named another worker.
    Replaced,
    /// She may not work, or not for this agency any more.
    CannotCome,
}

/// Who was named in one version of an order and is not in the next, and why.
pub fn visit_lost(before: &Order, after: &Order) -> Option<(WorkerId, VisitLost)> {
    let named = &before.staffing()?.worker;
    let now = after.staffing().map(|staffing| &staffing.worker);
    let why = match ended_claims(before, after).first() {
        _ if now == Some(named) => return None,
        Some((_, ClaimEnd::Cancelled)) => VisitLost::Cancelled,
        Some((_, ClaimEnd::Released)) => VisitLost::Released,
        Some((_, ClaimEnd::Suspended)) => VisitLost::Suspended,
        Some((_, ClaimEnd::Unattended | ClaimEnd::NotStaffed)) => VisitLost::Unattended,
        None if now.is_some() => VisitLost::Replaced,
        None => VisitLost::CannotCome,
    };
    Some((named.clone(), why))
}

/// What agencies did between one version of an order and the next: completed a visit, got stars for it, or gave a claim
/// up.
pub fn tally(before: &Order, after: &Order) -> Vec<(AgencyId, AgencyStats)> {
    let ended = ended_claims(before, after).into_iter();
    let given_up = ended.filter(|(_, end)| end.is_given_up());
    let mut tally: Vec<_> = given_up
        .map(|(agency, _)| {
            let abandoned = AgencyStats {
                abandoned: 1,
                ..AgencyStats::default()
            };
            (agency, abandoned)
        })
        .collect();
    match (&before.state, &after.state) {
        (State::InService(..), State::Completed(claim, _)) => {
            let completed = AgencyStats {
                completed: 1,
                ..AgencyStats::default()
            };
            tally.push((claim.agency.clone(), completed));
        }
        (State::Completed(..), State::Rated(claim, _, given)) if given.counts => {
            let rated = AgencyStats {
                stars_sum: given.stars.count().into(),
                stars_count: 1,
                ..AgencyStats::default()
            };
            tally.push((claim.agency.clone(), rated));
        }
        _ => {}
    }
    tally
}

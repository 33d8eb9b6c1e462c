//! What agencies did with an order: claims that they lost, and numbers that change with it.

use crate::agency::AgencyStats;
use crate::id::AgencyId;

use serde::{Deserialize, Serialize};

use super::{Order, State, What};

/// Why an agency has a claim no more without having had the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimEnd {
    /// By the customer.
    Cancelled,
    NotStaffed,
    /// Nobody came.
    Unattended,
    /// By the agency itself, which needs no notice.
    Released,
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
    } else {
        ClaimEnd::Unattended
    };
    let lost = after.excluded.difference(&before.excluded);
    lost.map(|agency| (agency.clone(), end)).collect()
}

/// What agencies did between one version of an order and the next: completed a visit, got stars for it, or lost a
/// claim without a visit (released, not staffed in time, or nobody came).
pub fn tally(before: &Order, after: &Order) -> Vec<(AgencyId, AgencyStats)> {
    let lost = after.excluded.difference(&before.excluded);
    let mut tally: Vec<_> = lost
        .map(|agency| {
            let abandoned = AgencyStats {
                abandoned: 1,
                ..AgencyStats::default()
            };
            (agency.clone(), abandoned)
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

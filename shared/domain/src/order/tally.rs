//! Which numbers of agencies change with an order.

use crate::agency::AgencyStats;
use crate::id::AgencyId;

use super::{Order, State};

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
        (State::Completed(..), State::Rated(claim, _, stars)) => {
            let rated = AgencyStats {
                stars_sum: stars.count().into(),
                stars_count: 1,
                ..AgencyStats::default()
            };
            tally.push((claim.agency.clone(), rated));
        }
        _ => {}
    }
    tally
}

//! Who could be sent: an agency's workers with the skill whose credit records pass the gate and who are free.

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::{Hindrance, Wanted, promised};
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::order::{Order, ineligible, wishes_fulfilled};
use domain::score::{Choice, Workforce};
use domain::worker::Worker;
use futures::{StreamExt, TryStreamExt, stream};
use store::Assignments;

use crate::AutoAssign;

/// How many agencies' workers are read at the same time.
const AGENCIES_AT_ONCE: usize = 16;
/// How many workers' calendars are read at once.
const CALENDARS_AT_ONCE: usize = 50;

/// The cleared workers of each agency.
pub(crate) type Cleared = BTreeMap<AgencyId, (Workforce, Vec<WorkerId>)>;

/// The unstaffed claims of each agency.
pub(crate) type Claims = BTreeMap<AgencyId, Vec<OrderId>>;

impl AutoAssign {
    /// The workers of these agencies who pass the gate for the order's visit now, free or not. The index is a moment
    /// behind, but naming the worker puts her through the gate again.
    pub(crate) async fn cleared(
        &self,
        order: &Order,
        agencies: Vec<AgencyId>,
    ) -> Result<Cleared, store::Error> {
        let each = agencies.into_iter().map(|agency| async move {
            let workers = self.workers.last_of_agency(&agency).await?;
            Ok((agency, self.workforce(order, &workers)))
        });
        stream::iter(each.collect::<Vec<_>>())
            .buffer_unordered(AGENCIES_AT_ONCE)
            .try_collect()
            .await
    }

    fn workforce(&self, order: &Order, workers: &[Worker]) -> (Workforce, Vec<WorkerId>) {
        let now = self.clock.now();
        let skilled: Vec<&Worker> = workers
            .iter()
            .filter(|worker| worker.may_work() && worker.skills.contains(order.service))
            .collect();
        let cleared = skilled.iter().filter(|worker| {
            let free = Hindrance::default();
            ineligible(order, worker, free, &self.market, now).is_empty()
        });
        let cleared: Vec<&&Worker> = cleared.collect();
        let wishes = cleared.iter().map(|worker| wishes_fulfilled(order, worker));
        let workforce = Workforce {
            skilled: count(skilled.len()),
            cleared: count(cleared.len()),
            wishes: wishes.max().unwrap_or_default(),
        };
        let ids = cleared.iter().map(|worker| worker.id.clone());
        (workforce, ids.collect())
    }

    /// Passes over the best until one has more cleared workers who are free than it has promised for the same time, and
    /// returns what that one had been assigned before. The agencies behind the winner are not asked, because that would
    /// change nothing.
    pub(crate) async fn pass_over_the_booked(
        &self,
        order: &Order,
        choice: &mut Choice,
        cleared: &Cleared,
        claims: &Claims,
    ) -> Result<Option<Assignments>, store::Error> {
        while let Some(winner) = choice.winner() {
            let agency = &winner.agency;
            // What is assigned after this read is refused by its version; what was before, the index may not show yet.
            let assignments = self.orders.assignments(agency).await?;
            let claimed = claims.get(agency).into_iter().flatten();
            let claimed: BTreeSet<_> = claimed.chain(&assignments.orders).cloned().collect();
            let claimed: Vec<OrderId> = claimed.into_iter().collect();
            let claimed = self.orders.get_many(&claimed).await?;
            let promised = promised(order, &claimed, agency, self.market.travel_time());
            let workers = cleared.get(agency);
            let workers = workers.map(|(_, ids)| ids.as_slice()).unwrap_or_default();
            if self.are_more_free(order, agency, workers, promised).await? {
                return Ok(Some(assignments));
            }
            choice.pass_over_winner();
        }
        Ok(None)
    }

    /// Whether more than `promised` of these workers of the agency are free for the visit.
    async fn are_more_free(
        &self,
        order: &Order,
        agency: &AgencyId,
        workers: &[WorkerId],
        promised: usize,
    ) -> Result<bool, store::Error> {
        let (wanted, travel_time) = (Wanted::from(order), self.market.travel_time());
        let around = (wanted.from - travel_time, wanted.until + travel_time);
        let mut free = 0;
        for some in workers.chunks(CALENDARS_AT_ONCE) {
            let diaries = self.calendars.diaries(&self.orders, some, agency, around);
            let diaries = diaries.await?;
            let hindrances = diaries
                .values()
                .map(|diary| diary.hindrance(&wanted, agency, travel_time));
            let hindered = hindrances.filter(|hindrance| *hindrance != Hindrance::default());
            free += some.len() - hindered.count();
            if free > promised {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

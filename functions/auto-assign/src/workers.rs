//! Who could be sent: an agency's workers with the skill whose credit records pass the gate and who are free.

use std::collections::BTreeMap;

use domain::calendar::is_booked;
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::order::{Order, ineligible};
use domain::score::{Choice, Workforce};
use domain::worker::Worker;
use futures::{StreamExt, TryStreamExt, stream};

use crate::AutoAssign;

/// How many agencies' workers are read at the same time.
const AGENCIES_AT_ONCE: usize = 16;
/// How many workers a page has, and how many pages are read for an agency: beyond 2,000 workers, those registered
/// last stand for all.
const PAGE: u32 = 500;
const PAGES: usize = 4;
/// How many workers' calendars are read at once.
const CALENDARS_AT_ONCE: usize = 50;

/// The cleared workers of each agency.
pub(crate) type Cleared = BTreeMap<AgencyId, (Workforce, Vec<WorkerId>)>;

impl AutoAssign {
    /// The workers of these agencies who pass the gate for the order's visit now, free or not. The index is a moment
    /// behind, but naming the worker puts her through the gate again.
    pub(crate) async fn cleared(
        &self,
        order: &Order,
        agencies: Vec<AgencyId>,
    ) -> Result<Cleared, store::Error> {
        let each = agencies.into_iter().map(|agency| async move {
            let mut workers = Vec::new();
            let mut cursor: Option<String> = None;
            for _ in 0..PAGES {
                let page = self.workers.of_agency(&agency, PAGE, cursor.as_deref());
                let page = page.await?;
                workers.extend(page.items);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
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
        let cleared: Vec<WorkerId> = skilled
            .iter()
            .filter(|worker| ineligible(order, worker, false, &self.market, now).is_empty())
            .map(|worker| worker.id.clone())
            .collect();
        let count = |workers: usize| u32::try_from(workers).unwrap_or(u32::MAX);
        let workforce = Workforce {
            skilled: count(skilled.len()),
            cleared: count(cleared.len()),
        };
        (workforce, cleared)
    }

    /// Passes over the best until one has a cleared worker who is free. The agencies behind the winner are not asked,
    /// because that would change nothing.
    pub(crate) async fn pass_over_the_booked(
        &self,
        order: &Order,
        choice: &mut Choice,
        cleared: &Cleared,
    ) -> Result<(), store::Error> {
        while let Some(winner) = choice.winner() {
            let workers = cleared.get(&winner.agency);
            let workers = workers.map(|(_, ids)| ids.as_slice()).unwrap_or_default();
            if self.is_any_free(order, workers).await? {
                break;
            }
            choice.pass_over_winner();
        }
        Ok(())
    }

    async fn is_any_free(&self, order: &Order, workers: &[WorkerId]) -> Result<bool, store::Error> {
        let travel_time = self.market.travel_time();
        for some in workers.chunks(CALENDARS_AT_ONCE) {
            let calendars = self.calendars.get_all(some).await?;
            if calendars.len() < some.len() {
                return Ok(true);
            }
            let in_the_way: BTreeMap<&WorkerId, Vec<_>> = calendars
                .iter()
                .map(|(worker, calendar)| {
                    (worker, calendar.in_the_way(order, travel_time).collect())
                })
                .collect();
            if in_the_way.values().any(Vec::is_empty) {
                return Ok(true);
            }
            let others: Vec<OrderId> = in_the_way
                .values()
                .flatten()
                .map(|entry| entry.order.clone())
                .collect();
            let others = self.orders.get_many(&others).await?;
            let mut each = in_the_way.into_iter();
            if each.any(|(worker, entries)| !is_booked(entries, &others, worker)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

//! What is taken back because an agency or a worker may not work any more.
//!
//! The message is sent before the decision that it follows, and comes again until it finds nothing a minute later: by then
//! whatever was begun before the decision, such as a grab that had read the agency as approved, has been written. It asks
//! how things are now, not what was decided.

use std::time::Duration;

use bus::{Sweep, Whose};
use calls::Error;
use domain::agency::Standing;
use domain::id::{AgencyId, WorkerId};
use domain::market::FURTHEST_START;
use domain::order::{Change, ClaimEnd, Order, Status, cannot_come};
use futures::{StreamExt, TryStreamExt, stream};
use store::Written;

use crate::AutoAssign;

/// How many orders are taken back at the same time, and by one message.
const ORDERS_AT_ONCE: usize = 8;
const MOST_ORDERS: usize = 100;
/// How long until it is looked again: soon when something was found, which may not have been all.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(10);
/// A coming visit was claimed this long ago at most; one whose time has come, a little longer.
const LONGEST_CLAIM: Duration = FURTHEST_START.saturating_add(Duration::from_secs(2 * 24 * 3600));

impl AutoAssign {
    pub(crate) async fn sweep(&self, sweep: &Sweep) -> Result<(), Error> {
        let found = match &sweep.whose {
            Whose::AgencyId(agency) => self.sweep_agency(agency).await?,
            Whose::WorkerId(worker) => self.sweep_worker(worker).await?,
        };
        if found > 0 {
            tracing::info!(orders = found, "claims or visits were taken back");
        } else if sweep.is_last(self.clock.now()) {
            return Ok(());
        }
        let delay = if found > 0 { SOON } else { LATER };
        self.timer_queue.send_sweep(sweep, delay).await
    }

    /// Puts on offer again what a suspended agency has claimed, as far as no visit has begun. Says how many orders it found.
    async fn sweep_agency(&self, agency: &AgencyId) -> Result<usize, Error> {
        let found = self
            .directory
            .agencies(std::slice::from_ref(agency))
            .await?;
        if found
            .iter()
            .all(|found| found.standing != Standing::Suspended)
        {
            return Ok(0);
        }
        let since = self.clock.now() - LONGEST_CLAIM;
        let (mut ids, staffed) = tokio::try_join!(
            self.orders.claims(agency, Status::Claimed, since),
            self.orders.claims(agency, Status::Staffed, since),
        )?;
        ids.extend(staffed);
        ids.truncate(MOST_ORDERS);
        let mut orders = self.orders.get_many(&ids).await?;
        // The index is a moment behind.
        orders.retain(|order| {
            matches!(order.status(), Status::Claimed | Status::Staffed)
                && order.claim().is_some_and(|claim| claim.agency == *agency)
        });
        let each = orders
            .into_iter()
            .map(|order| async move { self.end_claim(&order, agency, ClaimEnd::Suspended).await });
        all(each).await
    }

    /// Takes a worker from the coming visits that she cannot make any more. Says how many orders it found.
    async fn sweep_worker(&self, id: &WorkerId) -> Result<usize, Error> {
        let found = self.workers.get_all(std::slice::from_ref(id)).await?;
        let Some(worker) = found.first() else {
            return Ok(0);
        };
        let calendars = self.calendars.get_all(std::slice::from_ref(id)).await?;
        let entries = calendars.values().flat_map(|calendar| &calendar.entries);
        let ids: Vec<_> = entries.map(|entry| entry.order.clone()).collect();
        let mut orders = self.orders.get_many(&ids).await?;
        orders.retain(|order| cannot_come(order, worker, self.clock.now()));
        let each = orders
            .into_iter()
            .map(|order| async move { self.unstaff(&order, id).await });
        all(each).await
    }

    /// Its agency has a new time to name somebody, and is told. The timer and the message come before the write, because
    /// nobody would repeat them.
    async fn unstaff(&self, order: &Order, worker: &WorkerId) -> Result<(), Error> {
        let now = self.clock.now();
        let staff_by = self.market.staff_by(now, order.start_at);
        self.set_staffing_timer(order, staff_by).await?;
        self.announce(order).await?;
        let worker = worker.clone();
        let change = Change::Unstaff { worker, staff_by };
        let changed = self.orders.change(order, &change, order.epoch, now).await?;
        if let Written::Done(_) = changed {
            tracing::info!(order.id = %order.id, "a worker cannot come any more");
        }
        Ok(())
    }
}

/// Does them, a few at a time; says how many there were.
async fn all(
    each: impl Iterator<Item: Future<Output = Result<(), Error>>>,
) -> Result<usize, Error> {
    let each: Vec<_> = each.collect();
    let count = each.len();
    let done = stream::iter(each).buffer_unordered(ORDERS_AT_ONCE);
    done.try_collect::<()>().await?;
    Ok(count)
}

//! A claim that its agency loses: the order goes on offer again, is assigned anew, or ends.

use std::time::Duration;

use bus::{FanOut, Timer};
use domain::id::AgencyId;
use domain::order::{Change, ClaimEnd, Order, Reopening, reopen};
use domain::time::Millis;
use store::Written;

use calls::Error;

use crate::AutoAssign;

/// A fan-out message is received this much later than it is sent, so that the write it needs is there first.
const AFTER_THE_WRITE: Duration = Duration::from_secs(1);

impl AutoAssign {
    /// Ends the claim, because nobody was named in time or the agency was suspended. The next epoch's timer and message come
    /// before the write, because nobody would repeat them.
    pub(crate) async fn end_claim(
        &self,
        order: &Order,
        agency: &AgencyId,
        end: ClaimEnd,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let then = reopen(order, &self.market, end, now);
        if let Reopening::Again { epoch, deadline } = then {
            self.set_grab_timer(order, epoch, deadline).await?;
            if now < deadline {
                self.send_fan_out(order, epoch, deadline, AFTER_THE_WRITE)
                    .await?;
            }
        }
        let agency = agency.clone();
        let change = match end {
            ClaimEnd::Suspended => Change::Suspend { agency, then },
            _ => Change::MissStaffing { agency, then },
        };
        let ended = self.orders.change(order, &change, order.epoch, now).await?;
        if let Written::Done(after) = ended {
            tracing::info!(
                order.id = %order.id,
                status = after.status().as_str(),
                ?end,
                "a claim has ended"
            );
        }
        // Otherwise it was staffed, released or cancelled since it was read, or this message, come twice, reopened it
        // already.
        Ok(())
    }

    /// Sends the fan-out of the order's present epoch, if it has not been done.
    pub(crate) async fn fan_out_again(&self, order: &Order) -> Result<(), Error> {
        self.send_fan_out(order, order.epoch, order.grab_deadline, Duration::ZERO)
            .await
    }

    async fn set_grab_timer(
        &self,
        order: &Order,
        epoch: u32,
        deadline: Millis,
    ) -> Result<(), Error> {
        let timer = Timer::of_grab(order, epoch, deadline);
        self.timers.set(&timer, self.clock.now()).await
    }

    async fn send_fan_out(
        &self,
        order: &Order,
        epoch: u32,
        deadline: Millis,
        delay: Duration,
    ) -> Result<(), Error> {
        let message = FanOut::new(order, epoch, deadline, self.market.radius_m);
        self.fan_out.send(message, delay).await
    }
}

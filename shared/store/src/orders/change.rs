//! Changes of an order, each one conditional write.

use domain::id::{AgencyId, CustomerId, OrderId};
use domain::order::change::Change;
use domain::order::{
    CancelOutcome, Claim, GrabOutcome, How, Order, ReleaseOutcome, Reopening, State, Status,
    cancel_outcome, grab_refusal, release_outcome,
};
use domain::time::Millis;

use super::Orders;
use super::write::{Attempts, STAFFING, Write, Written, n, s};
use crate::Error;

const CALL: &str = "UpdateItem";
/// How often a grab is tried whose answer did not come.
const GRABS: u32 = 3;

/// An order, and what a change of it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<O> {
    /// What it came to.
    pub outcome: O,
    /// The order as the change left it, or as it was found when the change was refused.
    pub order: Order,
}

/// What marking an epoch as fanned out came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FannedOut {
    /// It is marked.
    Now(Box<Order>),
    /// It had been, and the order is still on offer in this epoch.
    Before(Box<Order>),
    /// The order, or this epoch of it, is not there yet.
    NotYet,
    /// The order is not on offer any more in this epoch.
    Over,
}

/// What assigning an order, or leaving it unfilled, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is done.
    Now(Box<Order>),
    /// The same had been done before.
    Before(Box<Order>),
    /// The deadline has not come.
    NotDue(Box<Order>),
    /// The epoch has ended otherwise, or there is no such order.
    Over(Option<Box<Order>>),
}

/// What ending a claim that was not staffed in time came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The claim has ended.
    Now(Box<Order>),
    /// There is still time to staff.
    NotDue(Box<Order>),
    /// The claim is staffed, or has ended before, or there is no such order.
    Over(Option<Box<Order>>),
}

impl Orders {
    /// Marks an epoch as fanned out: so many agencies within so many metres. Nothing that an index projects is
    /// touched, so it costs one write.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn mark_fanned_out(
        &self,
        order: &OrderId,
        epoch: u32,
        now: Millis,
        radius_m: u32,
        agencies: u32,
    ) -> Result<FannedOut, Error> {
        let change = Change::Offer { agencies, radius_m };
        let write = Write::when(
            &[Status::Open],
            Some(epoch),
            "dl > :now AND (attribute_not_exists(fe) OR fe < :in)",
        )
        .value(":now", n(now.0))
        .set("fe", n(epoch))
        .lines(change.lines(epoch, None, now))?;
        Ok(match self.write(order, write, Attempts::Policy).await? {
            Written::Done(order) => FannedOut::Now(Box::new(order)),
            Written::Refused(None) => FannedOut::NotYet,
            Written::Refused(Some(found)) if found.epoch < epoch && !found.state.is_over() => {
                FannedOut::NotYet
            }
            Written::Refused(Some(found)) => match found.state {
                State::Open { deadline } if found.epoch == epoch && now < deadline => {
                    FannedOut::Before(Box::new(found))
                }
                _ => FannedOut::Over,
            },
        })
    }

    /// An agency grabs an order in an epoch that it was offered. `now` is asked for each try, `staff_by` says by
    /// when a claim of that moment must be staffed. `None` when there is no such order.
    ///
    /// Each try is sent once. When its answer does not come, the order is read first to see whose it is, and a
    /// new try takes a fresh now: a repeat by the SDK could claim an order after its deadline, and would take our
    /// own claim for another's.
    ///
    /// # Errors
    /// When no try was answered.
    pub async fn grab(
        &self,
        order: &OrderId,
        epoch: u32,
        agency: &AgencyId,
        agency_name: &str,
        now: impl Fn() -> Millis,
        staff_by: impl Fn(Millis) -> Millis,
    ) -> Result<Option<Changed<GrabOutcome>>, Error> {
        let mut failure = Error::Busy { call: CALL };
        for _ in 0..GRABS {
            let at = now();
            let claim = Claim {
                agency: agency.clone(),
                agency_name: agency_name.to_owned(),
                how: How::Grab,
                at,
                staff_by: staff_by(at),
            };
            let write = Write::when(
                &[Status::Open],
                Some(epoch),
                "dl > :now AND NOT contains(ex, :ca)",
            )
            .value(":now", n(at.0))
            .claim(&claim)
            .lines(Change::Claim(claim.clone()).lines(epoch, None, at))?;
            let found = match self.write(order, write, Attempts::One).await {
                Ok(Written::Done(order)) => {
                    return Ok(Some(Changed {
                        outcome: GrabOutcome::Won,
                        order,
                    }));
                }
                Ok(Written::Refused(found)) => found,
                Err(error) if error.is_retryable() => {
                    failure = error;
                    self.get(order).await?
                }
                Err(error) => return Err(error),
            };
            let Some(order) = found else { return Ok(None) };
            let outcome = grab_refusal(&order, agency, epoch, at);
            // Nothing stands against it: the try was lost on its way, and the next one may do.
            if outcome != GrabOutcome::Won {
                return Ok(Some(Changed { outcome, order }));
            }
        }
        Err(failure)
    }

    /// Assigns an order whose grab window has closed.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    #[expect(clippy::too_many_arguments, reason = "each is part of the one write")]
    pub async fn assign(
        &self,
        order: &OrderId,
        epoch: u32,
        agency: &AgencyId,
        agency_name: &str,
        now: Millis,
        staff_by: Millis,
        explanation: &str,
    ) -> Result<Settled, Error> {
        let claim = Claim {
            agency: agency.clone(),
            agency_name: agency_name.to_owned(),
            how: How::Assignment,
            at: now,
            staff_by,
        };
        let write = Write::when(
            &[Status::Open],
            Some(epoch),
            "dl <= :now AND NOT contains(ex, :ca)",
        )
        .value(":now", n(now.0))
        .claim(&claim)
        .set("xp", s(explanation))
        .lines(Change::Claim(claim.clone()).lines(epoch, None, now))?;
        let written = self.write(order, write, Attempts::Policy).await?;
        Ok(settled(written, epoch, now, |found| {
            let ours = |claim: &Claim| claim.agency == *agency && claim.how == How::Assignment;
            found.claim().is_some_and(ours)
        }))
    }

    /// Ends an order whose grab window has closed and that nobody can be assigned.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn unfilled(
        &self,
        order: &OrderId,
        epoch: u32,
        now: Millis,
        reason: &str,
        explanation: &str,
    ) -> Result<Settled, Error> {
        let change = Change::LeaveUnfilled {
            reason: reason.to_owned(),
        };
        let write = Write::when(&[Status::Open], Some(epoch), "dl <= :now")
            .value(":now", n(now.0))
            .status(Status::Unfilled)
            .set("xp", s(explanation))
            .lines(change.lines(epoch, None, now))?;
        let written = self.write(order, write, Attempts::Policy).await?;
        Ok(settled(written, epoch, now, |found| {
            found.status() == Status::Unfilled
        }))
    }

    /// Its customer cancels an order. `None` when this customer has no such order.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn cancel(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        reason: &str,
        now: Millis,
    ) -> Result<Option<Changed<CancelOutcome>>, Error> {
        // The line says in which epoch it was, which only the order knows.
        let mut found = self.get(order).await?;
        for _ in 0..GRABS {
            let Some(before) = found.filter(|found| found.customer == *customer) else {
                return Ok(None);
            };
            let outcome = cancel_outcome(&before);
            if outcome != CancelOutcome::Cancelled {
                return Ok(Some(Changed {
                    outcome,
                    order: before,
                }));
            }
            let change = Change::Cancel {
                reason: reason.to_owned(),
            };
            let statuses = [Status::Open, Status::Claimed, Status::Staffed];
            let mut write = Write::when(&statuses, Some(before.epoch), "cu = :cu")
                .value(":cu", s(customer))
                .status(Status::Cancelled)
                .lines(change.lines(before.epoch, None, now))?;
            write.remove = STAFFING;
            found = match self.write(order, write, Attempts::Policy).await? {
                Written::Done(order) => return Ok(Some(Changed { outcome, order })),
                Written::Refused(found) => found,
            };
        }
        Err(Error::Busy { call: CALL })
    }

    /// The claiming agency gives an order back, in the epoch of its claim. `None` when there is no such order.
    ///
    /// # Errors
    /// When it was not written, or that is not known; [`Error::Busy`] when the claim is of another epoch.
    pub async fn release(
        &self,
        order: &OrderId,
        epoch: u32,
        agency: &AgencyId,
        reason: &str,
        then: Reopening,
        now: Millis,
    ) -> Result<Option<Changed<ReleaseOutcome>>, Error> {
        let change = Change::Release {
            agency: agency.clone(),
            reason: reason.to_owned(),
            then,
        };
        let statuses = [Status::Claimed, Status::Staffed];
        let write = Write::when(&statuses, Some(epoch), "ca = :agency")
            .value(":agency", s(agency))
            .reopen(agency, then)
            .lines(change.lines(epoch, Some(agency), now))?;
        match self.write(order, write, Attempts::Policy).await? {
            Written::Done(order) => Ok(Some(Changed {
                outcome: ReleaseOutcome::Released,
                order,
            })),
            Written::Refused(None) => Ok(None),
            Written::Refused(Some(order)) => match release_outcome(&order, agency) {
                ReleaseOutcome::Released => Err(Error::Busy { call: CALL }),
                outcome => Ok(Some(Changed { outcome, order })),
            },
        }
    }

    /// Ends an agency's claim that was not staffed in time.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn miss_staffing(
        &self,
        order: &OrderId,
        epoch: u32,
        agency: &AgencyId,
        then: Reopening,
        now: Millis,
    ) -> Result<Missed, Error> {
        let change = Change::MissStaffing { then };
        let write = Write::when(
            &[Status::Claimed],
            Some(epoch),
            "ca = :agency AND sb <= :now",
        )
        .value(":agency", s(agency))
        .value(":now", n(now.0))
        .reopen(agency, then)
        .lines(change.lines(epoch, Some(agency), now))?;
        Ok(match self.write(order, write, Attempts::Policy).await? {
            Written::Done(order) => Missed::Now(Box::new(order)),
            Written::Refused(Some(found)) => {
                let is_in_time = matches!(&found.state, State::Claimed(claim)
                    if claim.agency == *agency && now < claim.staff_by);
                if is_in_time && found.epoch == epoch {
                    Missed::NotDue(Box::new(found))
                } else {
                    Missed::Over(Some(Box::new(found)))
                }
            }
            Written::Refused(None) => Missed::Over(None),
        })
    }
}

fn settled(written: Written, epoch: u32, now: Millis, is_same: impl Fn(&Order) -> bool) -> Settled {
    match written {
        Written::Done(order) => Settled::Now(Box::new(order)),
        Written::Refused(None) => Settled::Over(None),
        Written::Refused(Some(found)) => match found.state {
            _ if found.epoch != epoch => Settled::Over(Some(Box::new(found))),
            State::Open { deadline } if now < deadline => Settled::NotDue(Box::new(found)),
            _ if is_same(&found) => Settled::Before(Box::new(found)),
            _ => Settled::Over(Some(Box::new(found))),
        },
    }
}

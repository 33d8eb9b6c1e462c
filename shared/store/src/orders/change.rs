//! Changes of an order, each one conditional write.

use domain::id::{AgencyId, CustomerId, OrderId};
use domain::member::MemberOf;
use domain::order::{
    CancelOutcome, Change, Claim, GrabOutcome, How, Order, ReleaseOutcome, Reopening, Status, Term,
    cancel_outcome, grab_outcome, release_outcome,
};
use domain::time::Millis;

use super::write::{Write, Written};
use super::{Assignments, Listing, Orders, item};
use crate::Error;
use crate::table::{Committed, Part, Rivals, Tries, commit};

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
    Now(Box<Order>),
    /// The same had been done before.
    Before(Box<Order>),
    /// The deadline has not come.
    NotDue(Box<Order>),
    /// The epoch has ended otherwise, or there is no such order.
    Over(Option<Box<Order>>),
}

impl Orders {
    /// Marks an epoch as fanned out to so many agencies. From now on the order is listed among those on offer.
    pub async fn mark_fanned_out(
        &self,
        order: &OrderId,
        epoch: u32,
        now: Millis,
        agencies: u32,
        listing: &Listing,
    ) -> Result<FannedOut, Error> {
        let radius_m = listing.ra;
        let change = Change::Offer { agencies, radius_m };
        let write = Write::of(&change, epoch, now)?.listed(listing)?;
        Ok(match self.write(order, write).await? {
            Written::Done(order) => FannedOut::Now(Box::new(order)),
            Written::Refused(None) => FannedOut::NotYet,
            Written::Refused(Some(found)) => match found.unmet(change.terms(epoch, now)) {
                Some(Term::Epoch(_)) if found.epoch < epoch && !found.state.is_over() => {
                    FannedOut::NotYet
                }
                Some(Term::NotFannedOut(_)) => FannedOut::Before(Box::new(found)),
                _ => FannedOut::Over,
            },
        })
    }

    /// A member of an agency grabs an order in an epoch that it was offered. `now` is asked for each try, `staff_by` says by
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
        by: &MemberOf<AgencyId>,
        agency_name: &str,
        now: impl Fn() -> Millis,
        staff_by: impl Fn(Millis) -> Millis,
    ) -> Result<Option<Changed<GrabOutcome>>, Error> {
        let (agency, mut failure) = (&by.team, Error::Busy { call: CALL });
        for _ in 0..GRABS {
            let at = now();
            let claim = Claim {
                agency: agency.clone(),
                agency_name: agency_name.to_owned(),
                how: How::Grab,
                at,
                staff_by: staff_by(at),
            };
            let change = Change::Claim(claim);
            let write = Write::by(Some(&by.member), &change, epoch, at)?.once();
            let found = match self.write(order, write).await {
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
            let outcome = grab_outcome(&order, agency, order.unmet(change.terms(epoch, at)));
            // Nothing stands against it: the try was lost on its way, and the next one may do.
            if outcome != GrabOutcome::Won {
                return Ok(Some(Changed { outcome, order }));
            }
        }
        Err(failure)
    }

    /// Gives an order whose grab window has closed to an agency, unless that has been assigned anything since
    /// `assignments` were read: then `None`, and it has to be chosen anew.
    pub async fn assign(
        &self,
        order: &OrderId,
        epoch: u32,
        claim: &Claim,
        explanation: &str,
        assignments: &Assignments,
    ) -> Result<Option<Settled>, Error> {
        let change = Change::Claim(claim.clone());
        let write = Write::of(&change, epoch, claim.at)?.explained(explanation);
        let members = [
            write.to(self, order).named(Part::Order),
            self.add_assignment(&claim.agency, assignments, order),
        ];
        let refused = match commit(members).await? {
            Committed::Done => {
                let after = self.get(order).await?;
                let after = after.ok_or(Error::wrong("an order is gone"))?;
                return Ok(Some(Settled::Now(Box::new(after))));
            }
            Committed::Conflict => return Ok(None),
            Committed::Refused(refused) => refused.into_iter(),
        };
        let Some(refused) = refused
            .into_iter()
            .find(|refused| refused.part == Part::Order)
        else {
            return Ok(None);
        };
        let found = refused.item.map(item::read).transpose()?;
        Ok(Some(settled_before(
            found,
            &change,
            epoch,
            claim.at,
            |found| {
                let ours =
                    |ours: &Claim| ours.agency == claim.agency && ours.how == How::Assignment;
                found.claim().is_some_and(ours)
            },
        )))
    }

    /// Ends an order whose grab window has closed and that nobody can be assigned.
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
        self.settle(order, epoch, &change, explanation, now, |found| {
            found.status() == Status::Unfilled
        })
        .await
    }

    async fn settle(
        &self,
        order: &OrderId,
        epoch: u32,
        change: &Change,
        explanation: &str,
        now: Millis,
        is_same: impl Fn(&Order) -> bool,
    ) -> Result<Settled, Error> {
        let write = Write::of(change, epoch, now)?.explained(explanation);
        Ok(match self.write(order, write).await? {
            Written::Done(order) => Settled::Now(Box::new(order)),
            Written::Refused(found) => settled_before(found, change, epoch, now, is_same),
        })
    }

    /// Its customer cancels an order. `None` when this customer has no such order.
    pub async fn cancel(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        reason: &str,
        now: Millis,
    ) -> Result<Option<Changed<CancelOutcome>>, Error> {
        let change = Change::Cancel {
            customer: customer.clone(),
            reason: reason.to_owned(),
        };
        self.change_by_customer(
            order,
            &change,
            now,
            cancel_outcome,
            CancelOutcome::Cancelled,
        )
        .await
    }

    /// A change that its customer wants. The lines say in which epoch it was, which only the order knows.
    pub(super) async fn change_by_customer<O: PartialEq>(
        &self,
        order: &OrderId,
        change: &Change,
        now: Millis,
        outcome: impl Fn(&Order, Option<Term>) -> Option<O>,
        done: O,
    ) -> Result<Option<Changed<O>>, Error> {
        let mut found = self.get(order).await?;
        let mut tries = Tries::new(CALL, Rivals::Few, order.as_str());
        loop {
            tries.next().await?;
            let Some(order) = found else { return Ok(None) };
            let unmet = order.unmet(change.terms(order.epoch, now));
            match outcome(&order, unmet) {
                Some(outcome) if outcome == done => {}
                refused => return Ok(refused.map(|outcome| Changed { outcome, order })),
            }
            found = match self.change(&order, change, order.epoch, now).await? {
                Written::Done(order) => {
                    return Ok(Some(Changed {
                        outcome: done,
                        order,
                    }));
                }
                Written::Refused(found) => found,
            };
        }
    }

    /// The claiming agency gives an order back, in the epoch of its claim. `None` when there is no such order.
    ///
    /// # Errors
    /// When it was not written, or that is not known; [`Error::Busy`] when the claim is of another epoch.
    pub async fn release(
        &self,
        order: &OrderId,
        epoch: u32,
        by: &MemberOf<AgencyId>,
        reason: &str,
        then: Reopening,
        now: Millis,
    ) -> Result<Option<Changed<ReleaseOutcome>>, Error> {
        let agency = &by.team;
        let change = Change::Release {
            agency: agency.clone(),
            reason: reason.to_owned(),
            then,
        };
        let write = Write::by(Some(&by.member), &change, epoch, now)?;
        match self.write(order, write).await? {
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
}

/// What an order came to that was found so when it was to be settled.
fn settled_before(
    found: Option<Order>,
    change: &Change,
    epoch: u32,
    now: Millis,
    is_same: impl Fn(&Order) -> bool,
) -> Settled {
    let Some(found) = found.map(Box::new) else {
        return Settled::Over(None);
    };
    match found.unmet(change.terms(epoch, now)) {
        Some(Term::Reached(..)) => Settled::NotDue(found),
        Some(Term::Is(_)) if is_same(&found) => Settled::Before(found),
        _ => Settled::Over(Some(found)),
    }
}

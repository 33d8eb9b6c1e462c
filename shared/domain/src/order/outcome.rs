//! What is answered to an agency or a customer who asks for a change, derived from the first term that the order does
//! not meet.

use crate::id::AgencyId;
use crate::market::Market;
use crate::time::Millis;

use super::{ClaimEnd, How, Order, State, Status, Term, What, rule};

/// The outcome of a grab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrabOutcome {
    Won,
    /// The agency had the order already.
    AlreadyYours,
    /// It was not offered to this agency in this epoch.
    NotOffered,
    Cancelled,
    Taken,
    Closed,
}

/// The outcome of a grab by this agency, given the first term that the order does not meet. The agency's approval,
/// which is checked between `NotOffered` and `AlreadyYours`, stands in its own item. `Won` here only means that
/// nothing stands against the grab; the write decides.
pub fn grab_outcome(order: &Order, agency: &AgencyId, unmet: Option<Term>) -> GrabOutcome {
    match (unmet, order.claim()) {
        (None, _) => GrabOutcome::Won,
        (Some(Term::Epoch(_) | Term::NotExcluded(_)), _) => GrabOutcome::NotOffered,
        (_, Some(claim)) if claim.agency == *agency => GrabOutcome::AlreadyYours,
        (_, Some(_)) => GrabOutcome::Taken,
        _ if order.status() == Status::Cancelled => GrabOutcome::Cancelled,
        _ => GrabOutcome::Closed,
    }
}

/// What happens to an order whose claim ends without a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reopening {
    /// It is put on offer again; or, with a deadline that is now, assigned at once.
    Again { epoch: u32, deadline: Millis },
    /// No grab window is left, or the order has had as many epochs as the market allows.
    Unfilled,
}

/// What happens to `order` if its claim ends so now. Epochs that a suspension ends are nobody's fault, and do not count.
pub fn reopen(order: &Order, market: &Market, end: ClaimEnd, now: Millis) -> Reopening {
    let lines = order.timeline.iter();
    let suspensions = lines
        .filter(|line| line.what == What::AgencySuspended)
        .count();
    let uncounted = suspensions + usize::from(end == ClaimEnd::Suspended);
    let counted = (order.epoch as usize).saturating_sub(uncounted);
    match market.grab_deadline(now, order.start_at) {
        Some(deadline) if counted < market.max_epochs as usize => Reopening::Again {
            epoch: order.epoch + 1,
            deadline: if counted < market.offered_epochs as usize {
                deadline
            } else {
                now
            },
        },
        _ => Reopening::Unfilled,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelOutcome {
    Cancelled,
    /// It was cancelled before.
    Already,
    /// It is in service or over.
    TooLate,
}

/// The outcome of cancelling, given the first term that the order does not meet; `None` for anyone but its customer.
pub fn cancel_outcome(order: &Order, unmet: Option<Term>) -> Option<CancelOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(CancelOutcome::Cancelled),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Cancelled) => Some(CancelOutcome::Already),
        _ => Some(CancelOutcome::TooLate),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompleteOutcome {
    Completed,
    /// It was completed before.
    Already,
    /// It has not begun: no badge check has matched.
    NotStarted,
    /// The order has ended without a visit.
    TooLate,
}

/// The outcome of saying that a visit is over, given the first term that the order does not meet; `None`
/// for anyone but its customer.
pub fn complete_outcome(order: &Order, unmet: Option<Term>) -> Option<CompleteOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(CompleteOutcome::Completed),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Completed | Status::Rated) => Some(CompleteOutcome::Already),
        (_, Status::Cancelled | Status::Unfilled) => Some(CompleteOutcome::TooLate),
        _ => Some(CompleteOutcome::NotStarted),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateOutcome {
    Rated,
    /// It was rated before; the stored rating tells whether this repeats it.
    Already,
    NotCompleted,
    /// The order has ended without a visit.
    TooLate,
}

/// The outcome of rating, given the first term that the order does not meet; `None` for anyone but its customer.
pub fn rate_outcome(order: &Order, unmet: Option<Term>) -> Option<RateOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(RateOutcome::Rated),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Rated) => Some(RateOutcome::Already),
        (_, Status::Cancelled | Status::Unfilled) => Some(RateOutcome::TooLate),
        _ => Some(RateOutcome::NotCompleted),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseOutcome {
    Released,
    /// This agency has released it before.
    Already,
    /// The agency lost the claim in another way: not staffed in time, or cancelled.
    NotClaimed,
    /// The visit has begun.
    TooLate,
    /// The agency never had the claim, and is told nothing about the order.
    NotYours,
}

/// The outcome of a release by `agency`. An agency can have an order's claim only once, because whoever loses it is
/// excluded from then on.
pub fn release_outcome(order: &Order, agency: &AgencyId) -> ReleaseOutcome {
    match order.unmet(rule::release(agency, order.epoch)) {
        None => ReleaseOutcome::Released,
        Some(Term::NotExcluded(_)) if order.released_by(agency).is_some() => {
            ReleaseOutcome::Already
        }
        Some(Term::NotExcluded(_)) => ReleaseOutcome::NotClaimed,
        Some(Term::HeldBy(_)) => ReleaseOutcome::NotYours,
        Some(_) if order.status() == Status::Cancelled => ReleaseOutcome::NotClaimed,
        Some(_) => ReleaseOutcome::TooLate,
    }
}

/// What a timer has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The grab window is still open.
    Wait { deadline: Millis },
    /// The window has closed: choose an agency.
    Choose,
    /// Claimed: the worker must be named by `staff_by`.
    AwaitStaffing {
        /// When the claim ends if nobody has been named.
        staff_by: Millis,
    },
    /// Claimed, but nobody was named in time: end the claim.
    MissStaffing { agency: AgencyId, how: How },
    /// A worker is named or has come; the visit must be over by `visit_by`.
    AwaitVisit {
        /// When the visit is ended if nobody has said that it is over.
        visit_by: Millis,
    },
    /// Nobody came, or nobody said that the visit is over: end it.
    EndVisit {
        /// When the visit should have been over.
        visit_by: Millis,
    },
    /// The order is not in this epoch yet; the write that set the timer may still be on its way.
    NotYet,
    /// The order has ended, or is in a later epoch.
    Nothing,
}

/// What a timer of `epoch` has to do now.
pub fn settlement(order: &Order, epoch: u32, market: &Market, now: Millis) -> Settlement {
    if order.state.is_over() || order.epoch > epoch {
        return Settlement::Nothing;
    }
    if order.epoch < epoch {
        return Settlement::NotYet;
    }
    match &order.state {
        State::Open { deadline } if now < *deadline => Settlement::Wait {
            deadline: *deadline,
        },
        State::Open { .. } => Settlement::Choose,
        State::Claimed(claim) if now < claim.staff_by => Settlement::AwaitStaffing {
            staff_by: claim.staff_by,
        },
        State::Claimed(claim) => Settlement::MissStaffing {
            agency: claim.agency.clone(),
            how: claim.how,
        },
        State::Staffed(..) | State::InService(..) => {
            let visit_by = market.visit_by(order.ends_at());
            if now < visit_by {
                Settlement::AwaitVisit { visit_by }
            } else {
                Settlement::EndVisit { visit_by }
            }
        }
        _ => Settlement::Nothing,
    }
}

impl Order {
    /// The epoch in which this agency released the order.
    pub fn released_by(&self, agency: &AgencyId) -> Option<u32> {
        self.timeline
            .iter()
            .find(|line| {
                line.what == What::Released
                    && matches!(&line.by, super::By::Agency(by) if by == agency)
            })
            .map(|line| line.epoch)
    }
}

//! What those are told who ask for a change: by the first term of its rule that the order which was found does not meet.

use crate::id::AgencyId;
use crate::market::Market;
use crate::time::Millis;

use super::{How, Order, State, Status, Term, What, rule};

/// What a grab comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrabOutcome {
    /// The order is the agency's.
    Won,
    /// It was the agency's already.
    AlreadyYours,
    /// It was not offered to this agency in this epoch.
    NotOffered,
    Cancelled,
    Taken,
    /// The deadline has passed.
    Closed,
}

/// What a grab by this agency comes to on an order that does not meet this term of it first. Whether the agency is
/// approved comes between `NotOffered` and `AlreadyYours`, and is its own item's to say. `Won` here means that nothing
/// stands against it; to win is to have written it.
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

/// What becomes of an order whose claim ends without a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reopening {
    /// It is put on offer again.
    Again { epoch: u32, deadline: Millis },
    /// No window is left, or it has been on offer as often as the market allows.
    Unfilled,
}

/// What becomes of `order` if its claim ends now.
pub fn reopen(order: &Order, market: &Market, now: Millis) -> Reopening {
    if order.epoch >= market.max_epochs {
        return Reopening::Unfilled;
    }
    match market.grab_deadline(now, order.start_at) {
        Some(deadline) => Reopening::Again {
            epoch: order.epoch + 1,
            deadline,
        },
        None => Reopening::Unfilled,
    }
}

/// What cancelling comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelOutcome {
    Cancelled,
    /// It was already.
    Already,
    /// It is in service or over.
    TooLate,
}

/// What cancelling comes to on an order that does not meet this term of it first; `None` for who has not placed it.
pub fn cancel_outcome(order: &Order, unmet: Option<Term>) -> Option<CancelOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(CancelOutcome::Cancelled),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Cancelled) => Some(CancelOutcome::Already),
        _ => Some(CancelOutcome::TooLate),
    }
}

/// What saying that a visit is over comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompleteOutcome {
    Completed,
    /// It was already.
    Already,
    /// It has not begun: no badge check has matched.
    NotStarted,
    /// The order has ended without a visit.
    TooLate,
}

/// What saying that the visit is over comes to on an order that does not meet this term of it first; `None` for who has
/// not placed it.
pub fn complete_outcome(order: &Order, unmet: Option<Term>) -> Option<CompleteOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(CompleteOutcome::Completed),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Completed | Status::Rated) => Some(CompleteOutcome::Already),
        (_, Status::Cancelled | Status::Unfilled) => Some(CompleteOutcome::TooLate),
        _ => Some(CompleteOutcome::NotStarted),
    }
}

/// What rating a visit comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateOutcome {
    Rated,
    /// It was rated before; whether the same was said, the rating itself tells.
    Already,
    NotCompleted,
    /// The order has ended without a visit.
    TooLate,
}

/// What rating comes to on an order that does not meet this term of it first; `None` for who has not placed it.
pub fn rate_outcome(order: &Order, unmet: Option<Term>) -> Option<RateOutcome> {
    match (unmet, order.status()) {
        (None, _) => Some(RateOutcome::Rated),
        (Some(Term::Customer(_)), _) => None,
        (_, Status::Rated) => Some(RateOutcome::Already),
        (_, Status::Cancelled | Status::Unfilled) => Some(RateOutcome::TooLate),
        _ => Some(RateOutcome::NotCompleted),
    }
}

/// What a release comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseOutcome {
    Released,
    /// This agency has given it back before.
    Already,
    /// It had the claim, and lost it otherwise: not staffed in time, or cancelled.
    NotClaimed,
    /// The visit has begun.
    TooLate,
    /// It never had the claim, and does not know of the order's fate.
    NotYours,
}

/// What a release by `agency` comes to on this order. An agency has an order's claim once at most,
/// because whoever loses it is left out from then on.
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

/// What a timer of an epoch finds to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The grab window is still open.
    Wait { deadline: Millis },
    /// The window has closed: choose an agency.
    Choose,
    /// Claimed; the worker must be named by then.
    AwaitStaffing {
        /// When the claim ends if nobody has been named.
        staff_by: Millis,
    },
    /// Claimed, and nobody was named in time: the claim ends.
    MissStaffing { agency: AgencyId, how: How },
    /// The worker is named, or has come; the visit must be over by then.
    AwaitVisit {
        /// When it is ended if nobody has said that it is over.
        visit_by: Millis,
    },
    /// Nobody came, or nobody said that the visit is over: it ends.
    EndVisit {
        /// When its time was over.
        visit_by: Millis,
    },
    /// The order is not in this epoch yet; the write that needs the timer may be on its way.
    NotYet,
    /// Ended, or in a later epoch: nothing left to do.
    Nothing,
}

/// What a timer of `epoch` finds to do now.
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
    /// The epoch that ended with a release by this agency.
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

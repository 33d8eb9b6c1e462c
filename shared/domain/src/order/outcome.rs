//! What those are told who ask for a change, by the order that was found.

use crate::id::AgencyId;
use crate::market::Market;
use crate::time::Millis;

use super::{How, Order, State, What};

/// What a grab comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrabOutcome {
    /// The order is the agency's.
    Won,
    /// It was the agency's already.
    AlreadyYours,
    /// It was not offered to this agency in this epoch.
    NotOffered,
    /// The customer does not want it any more.
    Cancelled,
    /// Another agency has it.
    Taken,
    /// The deadline has passed.
    Closed,
}

/// What a grab by an agency with a claim token of `epoch` comes to, now, on this order: the first that
/// holds. Whether the agency is approved comes between `NotOffered` and `AlreadyYours`, and is its own
/// item's to say. `Won` here means that nothing stands against it; to win is to have written it.
pub fn grab_refusal(order: &Order, agency: &AgencyId, epoch: u32, now: Millis) -> GrabOutcome {
    if epoch != order.epoch || order.excluded.contains(agency) {
        return GrabOutcome::NotOffered;
    }
    if let Some(claim) = order.claim() {
        return if claim.agency == *agency {
            GrabOutcome::AlreadyYours
        } else {
            GrabOutcome::Taken
        };
    }
    match order.state {
        State::Cancelled { .. } => GrabOutcome::Cancelled,
        State::Open { deadline } if now < deadline => GrabOutcome::Won,
        _ => GrabOutcome::Closed,
    }
}

/// What becomes of an order whose claim ends without a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reopening {
    /// It is put on offer again.
    Again {
        /// The new epoch.
        epoch: u32,
        /// When its grab window closes.
        deadline: Millis,
    },
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
    /// The order is cancelled.
    Cancelled,
    /// It was already.
    Already,
    /// It is in service or over.
    TooLate,
}

/// What cancelling this order comes to.
pub fn cancel_outcome(order: &Order) -> CancelOutcome {
    match order.state {
        State::Open { .. } | State::Claimed(_) | State::Staffed(..) => CancelOutcome::Cancelled,
        State::Cancelled { .. } => CancelOutcome::Already,
        State::InService(..) | State::Completed(..) | State::Rated(..) | State::Unfilled => {
            CancelOutcome::TooLate
        }
    }
}

/// What saying that a visit is over comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompleteOutcome {
    /// The visit is over.
    Completed,
    /// It was already.
    Already,
    /// It has not begun: no badge check has matched.
    NotStarted,
    /// The order has ended without a visit.
    TooLate,
}

/// What the customer's saying that the visit is over comes to on this order.
pub fn complete_outcome(order: &Order) -> CompleteOutcome {
    match order.state {
        State::InService(..) => CompleteOutcome::Completed,
        State::Completed(..) | State::Rated(..) => CompleteOutcome::Already,
        State::Open { .. } | State::Claimed(_) | State::Staffed(..) => CompleteOutcome::NotStarted,
        State::Cancelled { .. } | State::Unfilled => CompleteOutcome::TooLate,
    }
}

/// What rating a visit comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateOutcome {
    /// It is rated.
    Rated,
    /// It was rated before; whether the same was said, the rating itself tells.
    Already,
    /// The visit is not over.
    NotCompleted,
    /// The order has ended without a visit.
    TooLate,
}

/// What a rating comes to on this order.
pub fn rate_outcome(order: &Order) -> RateOutcome {
    match order.state {
        State::Completed(..) => RateOutcome::Rated,
        State::Rated(..) => RateOutcome::Already,
        State::Open { .. } | State::Claimed(_) | State::Staffed(..) | State::InService(..) => {
            RateOutcome::NotCompleted
        }
        State::Cancelled { .. } | State::Unfilled => RateOutcome::TooLate,
    }
}

/// What a release comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseOutcome {
    /// The claim is given back.
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
    if order.excluded.contains(agency) {
        return if order.released_by(agency).is_some() {
            ReleaseOutcome::Already
        } else {
            ReleaseOutcome::NotClaimed
        };
    }
    match &order.state {
        State::Claimed(claim) | State::Staffed(claim, _) if claim.agency == *agency => {
            ReleaseOutcome::Released
        }
        State::InService(claim, _) | State::Completed(claim, _) | State::Rated(claim, ..)
            if claim.agency == *agency =>
        {
            ReleaseOutcome::TooLate
        }
        State::Cancelled { claim: Some(claim) } if claim.agency == *agency => {
            ReleaseOutcome::NotClaimed
        }
        _ => ReleaseOutcome::NotYours,
    }
}

/// What a timer of an epoch finds to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The grab window is still open.
    Wait {
        /// When it closes.
        deadline: Millis,
    },
    /// The window has closed: choose an agency.
    Choose,
    /// Claimed; the worker must be named by then.
    AwaitStaffing {
        /// When the claim ends if nobody has been named.
        staff_by: Millis,
    },
    /// Claimed, and nobody was named in time: the claim ends.
    MissStaffing {
        /// Whose claim.
        agency: AgencyId,
        /// How it had come by it.
        how: How,
    },
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

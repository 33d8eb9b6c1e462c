//! The rulebook: the terms that each change requires of its order.
//!
//! The terms of a change come in the order in which reasons are told, so the first that an order does not meet
//! explains the refusal. `store` compiles the terms on what can change into the condition of the write; it evaluates
//! those on what never changes before the write.

use crate::id::{AgencyId, CustomerId, WorkerId};
use crate::time::Millis;

use super::{Change, How, Order, Reopening, Status};

/// What a change requires of its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    Is(&'static [Status]),
    Epoch(u32),
    Customer(CustomerId),
    /// This agency has the claim, or had it when the customer cancelled.
    HeldBy(AgencyId),
    /// This agency has not lost the claim before.
    NotExcluded(AgencyId),
    Named(WorkerId),
    /// Nobody is named, or another worker.
    NotNamed(WorkerId),
    NotFannedOut(u32),
    Before(Moment, Millis),
    Reached(Moment, Millis),
}

/// A moment that a term compares with the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    GrabDeadline,
    /// When the worker must have been named.
    StaffBy,
    /// The first moment after the visit; never changes.
    VisitEnd,
    /// When the platform ends a visit that nobody came to or said to be over; never changes.
    VisitBy(Millis),
}

impl Moment {
    fn on(self, order: &Order) -> Option<Millis> {
        match self {
            Self::GrabDeadline => Some(order.grab_deadline),
            Self::StaffBy => order.state.last_claim().map(|claim| claim.staff_by),
            Self::VisitEnd => Some(order.ends_at()),
            Self::VisitBy(moment) => Some(moment),
        }
    }
}

impl Term {
    pub fn holds(&self, order: &Order) -> bool {
        let names = |worker: &WorkerId| {
            order
                .staffing()
                .is_some_and(|named| named.worker == *worker)
        };
        match self {
            Self::Is(statuses) => statuses.contains(&order.status()),
            Self::Epoch(epoch) => order.epoch == *epoch,
            Self::Customer(customer) => order.customer == *customer,
            Self::HeldBy(agency) => {
                let claim = order.state.last_claim();
                claim.is_some_and(|claim| claim.agency == *agency)
            }
            Self::NotExcluded(agency) => !order.excluded.contains(agency),
            Self::Named(worker) => names(worker),
            Self::NotNamed(worker) => !names(worker),
            Self::NotFannedOut(epoch) => order.fanned_out < Some(*epoch),
            Self::Before(moment, now) => moment.on(order).is_some_and(|moment| *now < moment),
            Self::Reached(moment, now) => moment.on(order).is_some_and(|moment| *now >= moment),
        }
    }
}

impl Order {
    /// The first of these terms that the order does not meet.
    pub fn unmet(&self, terms: Vec<Term>) -> Option<Term> {
        terms.into_iter().find(|term| !term.holds(self))
    }
}

impl Change {
    /// What this change requires of an order in this epoch at this time, in the order in which reasons are told.
    pub fn terms(&self, epoch: u32, now: Millis) -> Vec<Term> {
        use Moment::{GrabDeadline, StaffBy, VisitBy};
        use Status::{Claimed, Completed, InService, Open, Staffed};
        use Term::{
            Before, Customer, Epoch, HeldBy, Is, Named, NotExcluded, NotFannedOut, Reached,
        };
        let asked = Epoch(epoch);
        let by = |customer: &CustomerId| Customer(customer.clone());
        let mut terms = match self {
            Self::Offer { .. } => {
                let window = Before(GrabDeadline, now);
                vec![asked, Is(&[Open]), window, NotFannedOut(epoch)]
            }
            Self::Claim(claim) => {
                let allowed = NotExcluded(claim.agency.clone());
                match claim.how {
                    How::Grab => vec![asked, allowed, Is(&[Open]), Before(GrabDeadline, now)],
                    How::Assignment => {
                        vec![asked, Is(&[Open]), Reached(GrabDeadline, now), allowed]
                    }
                }
            }
            Self::LeaveUnfilled { .. } => vec![asked, Is(&[Open]), Reached(GrabDeadline, now)],
            Self::Staff {
                agency,
                staffing,
                instead_of,
            } => staff(agency, &staffing.worker, instead_of.as_ref(), epoch, now),
            Self::Start { worker } => vec![asked, Is(&[Staffed]), Named(worker.clone())],
            Self::Complete { customer } => vec![by(customer), Is(&[InService]), asked],
            Self::CompleteByTime { visit_by } => {
                vec![asked, Is(&[InService]), Reached(VisitBy(*visit_by), now)]
            }
            Self::LeaveUnattended { agency, visit_by } => {
                let (held, over) = (HeldBy(agency.clone()), Reached(VisitBy(*visit_by), now));
                vec![asked, Is(&[Staffed]), held, over]
            }
            Self::Rate { customer, .. } => vec![by(customer), Is(&[Completed]), asked],
            Self::Release { agency, .. } => release(agency, epoch),
            Self::MissStaffing { agency, .. } => {
                let (held, over) = (HeldBy(agency.clone()), Reached(StaffBy, now));
                vec![asked, Is(&[Claimed]), held, over]
            }
            Self::Suspend { agency, .. } => {
                let held = HeldBy(agency.clone());
                vec![asked, Is(&[Claimed, Staffed]), held]
            }
            Self::Unstaff { worker, .. } => vec![asked, Is(&[Staffed]), Named(worker.clone())],
            Self::Cancel { customer, .. } => {
                vec![by(customer), Is(&[Open, Claimed, Staffed]), asked]
            }
        };
        if let Some(Reopening::Again { epoch: next, .. }) = self.reopening() {
            // Epochs are counted without gaps.
            terms.push(Epoch(next.saturating_sub(1)));
        }
        terms
    }
}

/// Until the visit begins, the agency may replace the worker that it knows to be named.
pub(super) fn staff(
    agency: &AgencyId,
    worker: &WorkerId,
    instead_of: Option<&WorkerId>,
    epoch: u32,
    now: Millis,
) -> Vec<Term> {
    let mut terms = vec![
        Term::NotExcluded(agency.clone()),
        Term::HeldBy(agency.clone()),
        Term::NotNamed(worker.clone()),
    ];
    match instead_of {
        None => terms.extend([
            Term::Is(&[Status::Claimed]),
            Term::Before(Moment::StaffBy, now),
        ]),
        Some(named) => terms.extend([
            Term::Is(&[Status::Staffed]),
            Term::Before(Moment::VisitEnd, now),
            Term::Named(named.clone()),
        ]),
    }
    terms.push(Term::Epoch(epoch));
    terms
}

pub(super) fn release(agency: &AgencyId, epoch: u32) -> Vec<Term> {
    vec![
        Term::NotExcluded(agency.clone()),
        Term::HeldBy(agency.clone()),
        Term::Is(&[Status::Claimed, Status::Staffed]),
        Term::Epoch(epoch),
    ]
}

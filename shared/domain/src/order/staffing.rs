//! Naming the worker: whether the agency still may, and what keeps a worker from a visit.

use serde::Serialize;

use crate::calendar::Hindrance;
use crate::credit::{SectionRefusal, gate};
use crate::id::{AgencyId, WorkerId};
use crate::market::Market;
use crate::time::Millis;
use crate::worker::Worker;

use super::{Moment, Order, State, Status, Term, TimelineEntry, What, rule};

/// How often an agency can name a worker under one claim; each time adds a line to the timeline.
pub const MOST_STAFFINGS: usize = 10;

/// The outcome of naming a worker, as far as the order is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StaffOutcome {
    /// Nothing on the order stands against it.
    Staffable,
    /// She is the one named already.
    Already,
    /// The agency lost the claim: released, not staffed in time, or cancelled.
    NotClaimed,
    /// The visit has begun, or its time is over.
    TooLate,
    TooOften,
    /// The agency never had the claim, and is told nothing about the order.
    NotYours,
}

/// The outcome of naming this worker instead of whoever is named. That workers may be named only so often is not a
/// term: a write's condition cannot count lines.
pub fn staff_outcome(
    order: &Order,
    agency: &AgencyId,
    worker: &WorkerId,
    now: Millis,
) -> StaffOutcome {
    let named = order.staffing().map(|staffing| &staffing.worker);
    match order.unmet(rule::staff(agency, worker, named, order.epoch, now)) {
        None => {
            let is_naming =
                |line: &&TimelineEntry| line.what == What::Staffed && line.epoch == order.epoch;
            if order.timeline.iter().filter(is_naming).count() < MOST_STAFFINGS {
                StaffOutcome::Staffable
            } else {
                StaffOutcome::TooOften
            }
        }
        Some(Term::NotExcluded(_) | Term::Before(Moment::StaffBy, _)) => StaffOutcome::NotClaimed,
        Some(Term::HeldBy(_)) => StaffOutcome::NotYours,
        Some(Term::NotNamed(_)) => StaffOutcome::Already,
        Some(_) if order.status() == Status::Cancelled => StaffOutcome::NotClaimed,
        Some(_) => StaffOutcome::TooLate,
    }
}

/// Whether this worker is named for a coming visit that she cannot make any more: she may not work, or works for another
/// agency. Once the visit should have begun, the agency may still replace her, but gets no further time for it.
pub fn cannot_come(order: &Order, worker: &Worker, now: Millis) -> bool {
    matches!(&order.state, State::Staffed(claim, staffing)
        if staffing.worker == worker.id && !(worker.may_work() && worker.agency == claim.agency))
        && now < order.start_at
}

/// What keeps a worker from a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// The authority has not approved her, or her data is erased.
    NotApproved,
    NoSkill,
    /// She has another visit at that time, or is on her way.
    Booked,
    /// She is on leave then, or it is outside her hours.
    NotAvailable,
    /// A required section of her credit record does not hold.
    Section(SectionRefusal),
}

/// In answers, members that do not apply are `null`.
impl Serialize for Ineligible {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reason<'a> {
            kind: &'static str,
            section: Option<&'a str>,
            state: Option<&'a str>,
            valid_until: Option<String>,
        }
        let (kind, refusal) = match self {
            Self::NotApproved => ("not_approved", None),
            Self::NoSkill => ("no_skill", None),
            Self::Booked => ("booked", None),
            Self::NotAvailable => ("not_available", None),
            Self::Section(refusal) => ("section", Some(refusal)),
        };
        let reason = Reason {
            kind,
            section: refusal.map(|refusal| refusal.section.as_str()),
            state: refusal.map(|refusal| refusal.state.as_str()),
            valid_until: refusal
                .and_then(|refusal| refusal.valid_until)
                .map(Millis::to_rfc3339),
        };
        reason.serialize(serializer)
    }
}

/// The trust gate: everything that keeps a worker from an order's visit, as of now. Whether she works for the
/// agency is not checked here; another agency's worker is treated as unknown.
pub fn ineligible(
    order: &Order,
    worker: &Worker,
    hindrance: Hindrance,
    market: &Market,
    now: Millis,
) -> Vec<Ineligible> {
    let mut reasons = Vec::new();
    if !worker.may_work() {
        reasons.push(Ineligible::NotApproved);
    }
    if !worker.skills.contains(order.service) {
        reasons.push(Ineligible::NoSkill);
    }
    if hindrance.is_booked {
        reasons.push(Ineligible::Booked);
    }
    if hindrance.is_away {
        reasons.push(Ineligible::NotAvailable);
    }
    let visit = (order.start_at, order.ends_at());
    let refused = gate(&worker.sections, order.service, visit, now, &market.credit);
    reasons.extend(refused.into_iter().map(Ineligible::Section));
    reasons
}

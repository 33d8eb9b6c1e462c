//! Every change of an order: what it leads to, and which lines it adds to the timeline. [`super::rule`] says what a
//! change requires.

use crate::id::{AgencyId, CustomerId, WorkerId};
use crate::time::Millis;

use super::{
    Asked, By, Claim, Given, How, Order, Reopening, Staffing, State, Term, TimelineEntry, What,
};

/// A change of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The offers of this epoch were made.
    Offer {
        agencies: u32,
        radius_m: u32,
    },
    /// An agency gets it: by grabbing it before the deadline, or by assignment from the deadline on.
    Claim(Claim),
    /// The agency that has the claim names the worker, or replaces the one that it knows to be named.
    Staff {
        agency: AgencyId,
        staffing: Staffing,
        instead_of: Option<WorkerId>,
    },
    /// The worker's badge was checked and matched.
    Start {
        worker: WorkerId,
    },
    /// The customer says that the visit is over.
    Complete {
        customer: CustomerId,
    },
    /// The customer did not say so in time.
    CompleteByTime {
        visit_by: Millis,
    },
    Rate {
        customer: CustomerId,
        given: Given,
    },
    /// Nobody came to the visit: no badge check ever matched.
    LeaveUnattended {
        agency: AgencyId,
        visit_by: Millis,
    },
    /// The agency gives the claim back.
    Release {
        agency: AgencyId,
        reason: String,
        then: Reopening,
    },
    /// The agency did not name a worker in time.
    MissStaffing {
        agency: AgencyId,
        then: Reopening,
    },
    /// The authority has suspended the agency.
    Suspend {
        agency: AgencyId,
        then: Reopening,
    },
    /// The worker cannot come any more; the agency has until `staff_by` to name another.
    Unstaff {
        worker: WorkerId,
        staff_by: Millis,
    },
    Cancel {
        customer: CustomerId,
        reason: String,
    },
    /// No agency could be assigned.
    LeaveUnfilled {
        reason: String,
    },
}

impl Change {
    /// How the order goes on when this ends a claim before the visit.
    pub fn reopening(&self) -> Option<Reopening> {
        match self {
            Self::Release { then, .. }
            | Self::MissStaffing { then, .. }
            | Self::Suspend { then, .. } => Some(*then),
            _ => None,
        }
    }

    /// The lines that this change adds to the timeline of an order in this epoch.
    pub fn lines(&self, epoch: u32, now: Millis) -> Vec<TimelineEntry> {
        let by_agency = |agency: &AgencyId| By::Agency(agency.clone());
        let (what, by, why) = match self {
            &Self::Offer { agencies, radius_m } => {
                let asked = Asked { agencies, radius_m };
                (What::Offered, By::Platform, Some(asked.to_string()))
            }
            Self::Claim(claim) => {
                let by = match claim.how {
                    How::Grab => by_agency(&claim.agency),
                    How::Assignment => By::Platform,
                };
                (What::Claimed, by, Some(claim.how.as_str().to_owned()))
            }
            Self::Staff { agency, .. } => (What::Staffed, by_agency(agency), None),
            Self::Start { .. } => (What::Started, By::Customer, None),
            Self::Complete { .. } => (What::Completed, By::Customer, None),
            Self::CompleteByTime { .. } => {
                let why = "its time was over".to_owned();
                (What::Completed, By::Platform, Some(why))
            }
            Self::Rate { .. } => (What::Rated, By::Customer, None),
            Self::LeaveUnattended { .. } => {
                (What::Unfilled, By::Platform, Some("nobody came".to_owned()))
            }
            Self::Release { agency, reason, .. } => {
                (What::Released, by_agency(agency), Some(reason.clone()))
            }
            Self::MissStaffing { .. } => (What::StaffingMissed, By::Platform, None),
            Self::Suspend { .. } => (What::AgencySuspended, By::Platform, None),
            Self::Unstaff { .. } => (What::Unstaffed, By::Platform, None),
            Self::Cancel { reason, .. } => (What::Cancelled, By::Customer, Some(reason.clone())),
            Self::LeaveUnfilled { reason } => (What::Unfilled, By::Platform, Some(reason.clone())),
        };
        let line = |what, by, why, epoch| TimelineEntry {
            at: now,
            what,
            by,
            member: None,
            why,
            epoch,
        };
        let mut lines = vec![line(what, by, why, epoch)];
        lines.extend(self.reopening().map(|then| match then {
            Reopening::Again { epoch, .. } => line(What::Reopened, By::Platform, None, epoch),
            Reopening::Unfilled => {
                let why = "no time is left to offer it again".to_owned();
                line(What::Unfilled, By::Platform, Some(why), epoch)
            }
        }));
        lines
    }
}

impl Order {
    /// The order after the change, if it is in this epoch: the next version, with its new lines in the timeline.
    /// Otherwise the first term of the change that the order does not meet.
    pub fn changed(&self, change: &Change, epoch: u32, now: Millis) -> Result<Self, Term> {
        if let Some(unmet) = self.unmet(change.terms(epoch, now)) {
            return Err(unmet);
        }
        let mut order = self.clone();
        order.version += 1;
        order.timeline.extend(change.lines(epoch, now));
        if let Change::Offer { .. } = change {
            order.fanned_out = Some(epoch);
        }
        if let Change::Release { agency, .. }
        | Change::MissStaffing { agency, .. }
        | Change::Suspend { agency, .. }
        | Change::LeaveUnattended { agency, .. } = change
        {
            order.excluded.insert(agency.clone());
        }
        order.state = match (change, order.state) {
            (Change::Claim(claim), _) => State::Claimed(claim.clone()),
            (Change::Staff { staffing, .. }, State::Claimed(claim) | State::Staffed(claim, _)) => {
                State::Staffed(claim, staffing.clone())
            }
            (Change::Start { .. }, State::Staffed(claim, staffing)) => {
                State::InService(claim, staffing)
            }
            (
                Change::Complete { .. } | Change::CompleteByTime { .. },
                State::InService(claim, staffing),
            ) => State::Completed(claim, staffing),
            (Change::Rate { given, .. }, State::Completed(claim, staffing)) => {
                State::Rated(claim, staffing, *given)
            }
            (
                Change::Release { then, .. }
                | Change::MissStaffing { then, .. }
                | Change::Suspend { then, .. },
                _,
            ) => match *then {
                Reopening::Again { epoch, deadline } => {
                    order.epoch = epoch;
                    order.grab_deadline = deadline;
                    State::Open { deadline }
                }
                Reopening::Unfilled => State::Unfilled,
            },
            (Change::Unstaff { staff_by, .. }, State::Staffed(claim, _)) => State::Claimed(Claim {
                staff_by: *staff_by,
                ..claim
            }),
            (Change::Cancel { .. }, state) => State::Cancelled {
                claim: state.claim().cloned(),
            },
            (Change::LeaveUnfilled { .. } | Change::LeaveUnattended { .. }, _) => State::Unfilled,
            // An offer leaves the order open; the terms allow no other case.
            (_, state) => state,
        };
        Ok(order)
    }
}

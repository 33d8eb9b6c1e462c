//! Every change of an order: when it is allowed, what it leads to, and the lines it leaves.

use crate::id::AgencyId;
use crate::time::Millis;

use super::{
    By, Claim, How, Order, Reopening, Staffing, Stars, State, Status, TimelineEntry, What,
};

/// A change of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The offers of this epoch were made.
    Offer {
        /// To so many agencies.
        agencies: u32,
        /// Within so many metres.
        radius_m: u32,
    },
    /// An agency gets it: by grabbing it before the deadline, or by assignment from the deadline on.
    Claim(Claim),
    /// The claiming agency names the worker, or another one.
    Staff(Staffing),
    /// A badge check matched.
    Start,
    /// The customer says that the visit is over.
    Complete,
    /// The customer has not said so in time.
    CompleteByTime {
        /// When that time is over.
        visit_by: Millis,
    },
    /// The customer rates it.
    Rate(Stars),
    /// Nobody came to the visit: no badge check ever matched.
    LeaveUnattended {
        /// When the time for it is over.
        visit_by: Millis,
    },
    /// The claiming agency gives it back.
    Release {
        /// Which.
        agency: AgencyId,
        /// Its reason.
        reason: String,
        /// What follows.
        then: Reopening,
    },
    /// The claiming agency did not name a worker in time.
    MissStaffing {
        /// What follows.
        then: Reopening,
    },
    /// The customer does not want it any more.
    Cancel {
        /// The customer's reason.
        reason: String,
    },
    /// Nobody can be assigned.
    LeaveUnfilled {
        /// Why not.
        reason: String,
    },
}

/// A change that the order's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot be {wanted}", .status.as_str())]
pub struct Refusal {
    /// Where the order stands.
    pub status: Status,
    /// What it should have become.
    pub wanted: &'static str,
}

impl Change {
    /// What it does, as a participle.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offer { .. } => What::Offered.as_str(),
            Self::Claim(_) => What::Claimed.as_str(),
            Self::Staff(_) => What::Staffed.as_str(),
            Self::Start => What::Started.as_str(),
            Self::Complete | Self::CompleteByTime { .. } => What::Completed.as_str(),
            Self::Rate(_) => What::Rated.as_str(),
            Self::Release { .. } => What::Released.as_str(),
            Self::MissStaffing { .. } => What::StaffingMissed.as_str(),
            Self::Cancel { .. } => What::Cancelled.as_str(),
            Self::LeaveUnfilled { .. } | Self::LeaveUnattended { .. } => What::Unfilled.as_str(),
        }
    }

    /// The lines that it leaves in the timeline of an order that is in this epoch. `agency` is whose the claim
    /// is, where the change itself does not say.
    pub fn lines(&self, epoch: u32, agency: Option<&AgencyId>, now: Millis) -> Vec<TimelineEntry> {
        let line = |what, by, why: Option<String>| TimelineEntry {
            at: now,
            what,
            by,
            why,
            epoch,
        };
        let claiming = || agency.cloned().map_or(By::Platform, By::Agency);
        match self {
            Self::Offer { agencies, radius_m } => {
                let why = format!("{agencies} agencies within {radius_m} m");
                vec![line(What::Offered, By::Platform, Some(why))]
            }
            Self::Claim(claim) => {
                let by = match claim.how {
                    How::Grab => By::Agency(claim.agency.clone()),
                    How::Assignment => By::Platform,
                };
                vec![line(What::Claimed, by, Some(claim.how.as_str().to_owned()))]
            }
            Self::Staff(_) => vec![line(What::Staffed, claiming(), None)],
            Self::Start => vec![line(What::Started, By::Customer, None)],
            Self::Complete => vec![line(What::Completed, By::Customer, None)],
            Self::CompleteByTime { .. } => {
                let why = "its time was over".to_owned();
                vec![line(What::Completed, By::Platform, Some(why))]
            }
            Self::Rate(_) => vec![line(What::Rated, By::Customer, None)],
            Self::LeaveUnattended { .. } => {
                let why = "nobody came".to_owned();
                vec![line(What::Unfilled, By::Platform, Some(why))]
            }
            Self::Release {
                agency,
                reason,
                then,
            } => {
                let by = By::Agency(agency.clone());
                let released = line(What::Released, by, Some(reason.clone()));
                vec![released, then.line(epoch, now)]
            }
            Self::MissStaffing { then } => {
                vec![
                    line(What::StaffingMissed, By::Platform, None),
                    then.line(epoch, now),
                ]
            }
            Self::Cancel { reason } => {
                vec![line(What::Cancelled, By::Customer, Some(reason.clone()))]
            }
            Self::LeaveUnfilled { reason } => {
                vec![line(What::Unfilled, By::Platform, Some(reason.clone()))]
            }
        }
    }
}

impl Reopening {
    /// The line that it leaves when `epoch` has ended.
    fn line(self, epoch: u32, now: Millis) -> TimelineEntry {
        let (what, why, epoch) = match self {
            Self::Again { epoch, .. } => (What::Reopened, None, epoch),
            Self::Unfilled => (
                What::Unfilled,
                Some("no time is left to offer it again".to_owned()),
                epoch,
            ),
        };
        TimelineEntry {
            at: now,
            what,
            by: By::Platform,
            why,
            epoch,
        }
    }
}

impl Order {
    /// This order with the change made: the next version, with its lines in the timeline.
    ///
    /// # Errors
    /// When its state, or the moment, does not allow it.
    pub fn changed(&self, change: &Change, now: Millis) -> Result<Self, Refusal> {
        let state = self.next_state(change, now).ok_or(Refusal {
            status: self.status(),
            wanted: change.name(),
        })?;
        let mut order = self.clone();
        let holder = self.claim().map(|claim| &claim.agency);
        order.timeline.extend(change.lines(self.epoch, holder, now));
        order.version += 1;
        order.state = state;
        match change {
            Change::Offer { .. } => order.fanned_out = Some(self.epoch),
            Change::Release { then, .. } | Change::MissStaffing { then } => {
                order.excluded.extend(holder.cloned());
                if let Reopening::Again { epoch, deadline } = *then {
                    order.epoch = epoch;
                    order.grab_deadline = deadline;
                }
            }
            Change::LeaveUnattended { .. } => order.excluded.extend(holder.cloned()),
            _ => {}
        }
        Ok(order)
    }

    fn next_state(&self, change: &Change, now: Millis) -> Option<State> {
        match (change, &self.state) {
            (Change::Offer { .. }, State::Open { .. }) if self.fanned_out != Some(self.epoch) => {
                Some(self.state.clone())
            }
            (Change::Claim(claim), State::Open { deadline })
                if !self.excluded.contains(&claim.agency)
                    && (claim.how == How::Grab) == (now < *deadline) =>
            {
                Some(State::Claimed(claim.clone()))
            }
            (Change::LeaveUnfilled { .. }, State::Open { deadline }) if now >= *deadline => {
                Some(State::Unfilled)
            }
            (Change::Staff(staffing), State::Claimed(claim)) if now < claim.staff_by => {
                Some(State::Staffed(claim.clone(), staffing.clone()))
            }
            (Change::Staff(staffing), State::Staffed(claim, named))
                if named.worker != staffing.worker && now < self.ends_at() =>
            {
                Some(State::Staffed(claim.clone(), staffing.clone()))
            }
            (Change::Start, State::Staffed(claim, staffing)) => {
                Some(State::InService(claim.clone(), staffing.clone()))
            }
            (Change::Complete, State::InService(claim, staffing)) => {
                Some(State::Completed(claim.clone(), staffing.clone()))
            }
            (Change::CompleteByTime { visit_by }, State::InService(claim, staffing))
                if now >= *visit_by =>
            {
                Some(State::Completed(claim.clone(), staffing.clone()))
            }
            (Change::LeaveUnattended { visit_by }, State::Staffed(..)) if now >= *visit_by => {
                Some(State::Unfilled)
            }
            (Change::Rate(stars), State::Completed(claim, staffing)) => {
                Some(State::Rated(claim.clone(), staffing.clone(), *stars))
            }
            (
                Change::Release { agency, then, .. },
                State::Claimed(claim) | State::Staffed(claim, _),
            ) if claim.agency == *agency => self.after(*then),
            (Change::MissStaffing { then }, State::Claimed(claim)) if now >= claim.staff_by => {
                self.after(*then)
            }
            (Change::Cancel { .. }, State::Open { .. }) => Some(State::Cancelled { claim: None }),
            (Change::Cancel { .. }, State::Claimed(claim) | State::Staffed(claim, _)) => {
                Some(State::Cancelled {
                    claim: Some(claim.clone()),
                })
            }
            _ => None,
        }
    }

    /// Epochs are counted without a gap.
    fn after(&self, then: Reopening) -> Option<State> {
        match then {
            Reopening::Again { epoch, deadline } => {
                (epoch == self.epoch + 1).then_some(State::Open { deadline })
            }
            Reopening::Unfilled => Some(State::Unfilled),
        }
    }
}

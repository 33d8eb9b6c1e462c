//! Complaints: what a customer holds against a visit, what the agency answers, what the authority decides.
//!
//! An order has one complaint at most, and it has the order's id. Nothing of it changes once it is said: the agency answers once,
//! within its time, and the authority decides once, with the answer before it or after that time. So a decision needs to name no
//! version of what was seen.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, ComplaintId, OrderId, WorkerId};
use crate::market::Market;
use crate::order::{By, Order, Status, What};
use crate::time::Millis;

/// What a complaint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Conduct,
    Quality,
    /// Nobody came, or not for as long as was booked.
    Absence,
    Price,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplaintStatus {
    /// The agency has not answered.
    Open,
    Answered,
    Upheld,
    Dismissed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of open, answered, upheld, dismissed")]
pub struct NotAComplaintStatus;

impl FromStr for ComplaintStatus {
    type Err = NotAComplaintStatus;

    fn from_str(text: &str) -> Result<Self, NotAComplaintStatus> {
        match text {
            "open" => Ok(Self::Open),
            "answered" => Ok(Self::Answered),
            "upheld" => Ok(Self::Upheld),
            "dismissed" => Ok(Self::Dismissed),
            _ => Err(NotAComplaintStatus),
        }
    }
}

impl ComplaintStatus {
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Upheld | Self::Dismissed)
    }
}

/// What the authority decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Upheld,
    Dismissed,
}

/// A complaint, as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    pub complaint_id: ComplaintId,
    pub order_id: OrderId,
    pub agency_id: AgencyId,
    /// Who came to the visit; shown to the authority alone.
    pub worker_id: Option<WorkerId>,
    pub status: ComplaintStatus,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
    /// The first moment at which the agency cannot answer any more.
    #[serde(with = "crate::time::rfc3339")]
    pub answer_by: Millis,
    pub about: About,
    pub detail: String,
    pub answer: Option<Answer>,
    pub decision: Option<Ruling>,
}

/// What the agency says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub text: String,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
}

/// What the authority says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    pub decision: Verdict,
    pub reason: String,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
}

/// Empty, so that what was said cannot slip into a log.
impl std::fmt::Debug for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Complaint")
    }
}

/// Why there can be no complaint of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoComplaint {
    NotOver,
    /// It ended without an agency's having it.
    NoClaim,
    TooLate,
}

impl Complaint {
    /// The complaint that the customer of an order makes now.
    pub fn of(
        order: &Order,
        (about, detail): (About, String),
        market: &Market,
        now: Millis,
    ) -> Result<Self, NoComplaint> {
        let ended_at = order.ended_at().ok_or(NoComplaint::NotOver)?;
        let agency = order.had_last().ok_or(NoComplaint::NoClaim)?;
        if now >= ended_at + market.complaint_window() {
            return Err(NoComplaint::TooLate);
        }
        Ok(Self {
            complaint_id: ComplaintId::of(&order.id),
            order_id: order.id.clone(),
            agency_id: agency.clone(),
            worker_id: order.staffing().map(|staffing| staffing.worker.clone()),
            status: ComplaintStatus::Open,
            at: now,
            answer_by: now + market.complaint_answer_time(),
            about,
            detail,
            answer: None,
            decision: None,
        })
    }

    /// Whether the agency can answer, so that the authority has to wait.
    pub fn awaits_answer(&self, now: Millis) -> bool {
        self.status == ComplaintStatus::Open && now < self.answer_by
    }

    pub fn take_answer(&mut self, answer: Answer) {
        self.status = ComplaintStatus::Answered;
        self.answer = Some(answer);
    }

    pub fn take_ruling(&mut self, ruling: Ruling) {
        self.status = match ruling.decision {
            Verdict::Upheld => ComplaintStatus::Upheld,
            Verdict::Dismissed => ComplaintStatus::Dismissed,
        };
        self.decision = Some(ruling);
    }
}

impl Order {
    /// When it ended, if it is over. A rating comes after that.
    pub fn ended_at(&self) -> Option<Millis> {
        let is_end = |what| matches!(what, What::Completed | What::Cancelled | What::Unfilled);
        let mut lines = self.timeline.iter().rev();
        let end = lines.find(|line| is_end(line.what))?;
        self.state.is_over().then_some(end.at)
    }

    /// The agency that had the claim when the order ended. Of one that nobody came to, it is who had named a worker last.
    fn had_last(&self) -> Option<&AgencyId> {
        if self.status() != Status::Unfilled {
            return self.state.last_claim().map(|claim| &claim.agency);
        }
        let mut lines = self.timeline.iter().rev();
        let line = lines.find(|line| line.what == What::Staffed && line.epoch == self.epoch)?;
        match &line.by {
            By::Agency(agency) => Some(agency),
            By::Customer | By::Platform => None,
        }
    }
}

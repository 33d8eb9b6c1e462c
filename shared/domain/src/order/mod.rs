//! An order's life: its states, its changes, and who is shown what.
//!
//! - [`Order`] and [`State`]: an order, and what each state adds to it.
//! - [`change`]: every change that there is, what it leads to, which lines it adds.
//! - [`rule`]: what each change requires, said once.
//! - [`check`]: who is at the door, and whether the visit begins.
//! - [`outcome`]: what an agency or customer is told whose change comes too late.
//! - [`quota`]: how many orders a customer may place.
//! - [`mod@fit`]: what a customer wishes for, and who fits it best.
//! - [`staffing`]: who can be named for a visit, and what keeps a worker from it.
//! - [`counts`]: how much an agency can claim.
//! - [`listed`]: lists, and what they are asked for.
//! - [`served`]: what an agency has had of each of its customers.
//! - [`view`]: who is shown what.
//!
//! Every change is one conditional write, and its condition is compiled from the terms of the rulebook. When the
//! condition fails, the first term that the stored order does not meet is the reason.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::catalogue::Tag;
use crate::check::MobilePhone;
use crate::geo::{Area, Wgs84};
use crate::id::{AgencyId, CustomerId, OrderId, WorkerId};
use crate::market::Market;
use crate::service::Service;
use crate::time::Millis;

pub mod change;
pub mod check;
pub mod counts;
pub mod fit;
pub mod listed;
pub mod outcome;
pub mod quota;
pub mod rule;
pub mod served;
pub mod staffing;
mod tally;
pub mod timeline;
pub mod view;

pub use change::Change;
pub use check::{Check, CheckResult, MatchedBadge, badge_check};
pub use counts::{ClaimCounts, ClaimNews, GrabCap, claim_news};
pub use fit::{Fit, Preferred, fit, wishes_fulfilled};
pub use listed::{ListedClaim, Tab, TabCounts, Wanted};
pub use outcome::{
    CancelOutcome, CompleteOutcome, GrabOutcome, RateOutcome, ReleaseOutcome, Reopening,
    Settlement, cancel_outcome, complete_outcome, grab_outcome, rate_outcome, release_outcome,
    reopen, settlement,
};
pub use quota::{OverQuota, Quota};
pub use rule::{Moment, Term};
pub use served::{SeenContact, Served, ServedNews, served_news};
pub use staffing::{Ineligible, StaffOutcome, cannot_come, ineligible, staff_outcome};
pub use tally::{ClaimEnd, VisitLost, ended_claims, tally, visit_lost};
pub use timeline::{Asked, By, TimelineEntry, What};
pub use view::{EndedView, ListedOrder, NamedWorker, OrderView, RatingView, Viewer, WorkerView};

/// A customer's request for one visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    /// Rises by one with every change, from 1.
    pub version: u64,
    pub customer: CustomerId,
    /// The first bytes of the SHA-256 of the request, which tell a repeat from a reused key.
    pub body_hash: [u8; 16],
    pub service: Service,
    pub start_at: Millis,
    pub duration_min: u32,
    /// All that is known of the place without a key.
    pub area: Area,
    pub budget_fen: Option<i64>,
    /// What the customer wishes for beside the service.
    pub wishes: BTreeSet<Tag>,
    /// Whom the customer would like again.
    pub preferred: Option<Preferred>,
    pub placed_at: Millis,
    /// How often the order has been put on offer.
    pub epoch: u32,
    /// When the grab window of this epoch closes or closed.
    pub grab_deadline: Millis,
    /// The last epoch whose offers have been made.
    pub fanned_out: Option<u32>,
    /// Agencies that had the claim and lost it: they released it, did not staff it in time, or were suspended.
    pub excluded: BTreeSet<AgencyId>,
    pub state: State,
    /// The id of the explanation that the last settling wrote.
    pub explanation: Option<String>,
    /// Oldest first.
    pub timeline: Vec<TimelineEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// On offer until the deadline; then an agency is assigned.
    Open {
        /// The first moment at which it cannot be grabbed any more.
        deadline: Millis,
    },
    Claimed(Claim),
    Staffed(Claim, Staffing),
    /// The worker has come.
    InService(Claim, Staffing),
    /// The visit is over.
    Completed(Claim, Staffing),
    Rated(Claim, Staffing, Given),
    Cancelled {
        claim: Option<Claim>,
    },
    Unfilled,
}

/// An agency's claim on an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub agency: AgencyId,
    /// The agency's name at the time of the claim.
    pub agency_name: String,
    pub how: How,
    pub at: Millis,
    /// By when the agency must have named the worker.
    pub staff_by: Millis,
}

/// Who comes to the visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staffing {
    pub worker: WorkerId,
    pub at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Stars(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 5")]
pub struct NotStars;

impl Stars {
    pub fn count(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Stars {
    type Error = NotStars;

    fn try_from(count: u8) -> Result<Self, NotStars> {
        (1..=5)
            .contains(&count)
            .then_some(Self(count))
            .ok_or(NotStars)
    }
}

impl From<Stars> for u8 {
    fn from(stars: Stars) -> Self {
        stars.0
    }
}

/// What a customer gave for a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    pub stars: Stars,
    /// Whether it counts for the agency's stars; it is kept and shown either way.
    pub counts: bool,
}

/// Of a customer's ratings of one agency, one counts in this time.
pub const RATING_COUNTS_EVERY: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What a customer says about a visit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    pub stars: Stars,
    pub comment: Option<String>,
    pub at: Millis,
}

/// Empty, so that a comment cannot slip into a log.
impl std::fmt::Debug for Rating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rating")
    }
}

/// How an agency got its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was the first to grab the order.
    Grab,
    /// The platform chose it after the window had closed.
    Assignment,
}

impl How {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grab => "grab",
            Self::Assignment => "assignment",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    Claimed,
    Staffed,
    InService,
    Completed,
    Rated,
    Cancelled,
    Unfilled,
}

impl Status {
    pub const ALL: &[Self] = &[
        Self::Open,
        Self::Claimed,
        Self::Staffed,
        Self::InService,
        Self::Completed,
        Self::Rated,
        Self::Cancelled,
        Self::Unfilled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Staffed => "staffed",
            Self::InService => "in_service",
            Self::Completed => "completed",
            Self::Rated => "rated",
            Self::Cancelled => "cancelled",
            Self::Unfilled => "unfilled",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == name)
    }
}

impl State {
    pub fn status(&self) -> Status {
        match self {
            Self::Open { .. } => Status::Open,
            Self::Claimed(_) => Status::Claimed,
            Self::Staffed(..) => Status::Staffed,
            Self::InService(..) => Status::InService,
            Self::Completed(..) => Status::Completed,
            Self::Rated(..) => Status::Rated,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Unfilled => Status::Unfilled,
        }
    }

    /// The present claim; a cancelled order has none.
    pub fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Claimed(claim)
            | Self::Staffed(claim, _)
            | Self::InService(claim, _)
            | Self::Completed(claim, _)
            | Self::Rated(claim, ..) => Some(claim),
            Self::Open { .. } | Self::Cancelled { .. } | Self::Unfilled => None,
        }
    }

    /// The present claim, or the one that stood when the customer cancelled.
    pub fn last_claim(&self) -> Option<&Claim> {
        match self {
            Self::Cancelled { claim } => claim.as_ref(),
            _ => self.claim(),
        }
    }

    /// The named worker. An order that ended without a visit has none any more.
    pub fn staffing(&self) -> Option<&Staffing> {
        match self {
            Self::Staffed(_, staffing)
            | Self::InService(_, staffing)
            | Self::Completed(_, staffing)
            | Self::Rated(_, staffing, _) => Some(staffing),
            Self::Open { .. } | Self::Claimed(_) | Self::Cancelled { .. } | Self::Unfilled => None,
        }
    }

    /// Whether nothing can happen any more but a rating.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Completed(..) | Self::Rated(..) | Self::Cancelled { .. } | Self::Unfilled
        )
    }
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub service: Service,
    pub start_at: Millis,
    pub duration_min: u32,
    pub area: Area,
    pub budget_fen: Option<i64>,
    pub wishes: BTreeSet<Tag>,
    pub preferred: Option<Preferred>,
}

impl Order {
    /// A new order, open in epoch 1. `None` when no grab window is left before
    /// the visit; [`Market::check_start`] tells why.
    pub fn placed(
        id: OrderId,
        customer: CustomerId,
        body_hash: [u8; 16],
        visit: Visit,
        market: &Market,
        now: Millis,
    ) -> Option<Self> {
        let deadline = market.grab_deadline(now, visit.start_at)?;
        Some(Self {
            id,
            version: 1,
            customer,
            body_hash,
            service: visit.service,
            start_at: visit.start_at,
            duration_min: visit.duration_min,
            area: visit.area,
            budget_fen: visit.budget_fen,
            wishes: visit.wishes,
            preferred: visit.preferred,
            placed_at: now,
            epoch: 1,
            grab_deadline: deadline,
            fanned_out: None,
            excluded: BTreeSet::new(),
            state: State::Open { deadline },
            explanation: None,
            timeline: vec![TimelineEntry {
                at: now,
                what: What::Placed,
                by: By::Customer,
                member: None,
                why: None,
                epoch: 1,
            }],
        })
    }

    pub fn status(&self) -> Status {
        self.state.status()
    }

    pub fn claim(&self) -> Option<&Claim> {
        self.state.claim()
    }

    pub fn staffing(&self) -> Option<&Staffing> {
        self.state.staffing()
    }

    /// The first moment after the visit.
    pub fn ends_at(&self) -> Millis {
        self.start_at + Duration::from_secs(u64::from(self.duration_min) * 60)
    }

    /// Whether the visit took at least half of the time that was booked: a rating of a shorter one does not count.
    pub fn took_half(&self) -> bool {
        let at = |what| {
            let line = self.timeline.iter().rfind(|line| line.what == what);
            line.map(|line| line.at)
        };
        let booked = self.ends_at().since(self.start_at);
        let took = at(What::Started).zip(at(What::Completed));
        took.is_some_and(|(began, over)| over.since(began) * 2 >= booked)
    }

    /// Whether it is open past its deadline, so that an agency is being chosen.
    pub fn is_settling(&self, now: Millis) -> bool {
        matches!(self.state, State::Open { deadline } if now >= deadline)
    }

    /// Whether it is open and the offers of this epoch have not been made.
    pub fn awaits_fan_out(&self) -> bool {
        matches!(self.state, State::Open { .. }) && self.fanned_out != Some(self.epoch)
    }
}

/// How long after an order's end its details are kept.
pub const DETAILS_KEPT: Duration = Duration::from_secs(180 * 86_400);

/// What only the customer, the agency that has the claim, and the authority may see.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetails {
    pub place: Wgs84,
    pub address: String,
    pub contact: Contact,
    pub notes: Option<String>,
}

/// Where an order is, sealed for those who have to find who is in range: base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPlace(pub String);

/// Whom to call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub name: String,
    pub phone: MobilePhone,
}

/// Empty, so that details cannot slip into a log.
impl std::fmt::Debug for OrderDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OrderDetails")
    }
}

/// Empty, so that a contact cannot slip into a log.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact")
    }
}

#[cfg(test)]
mod tests;

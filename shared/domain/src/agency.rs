//! Agencies, their stores, and what the authority decides about them.

mod view;

use serde::{Deserialize, Serialize};

use crate::check::{MobilePhone, Uscc};
use crate::geo::Wgs84;
use crate::id::{AgencyId, AuthorityId, StoreId};
use crate::service::ServiceSet;
use crate::time::Millis;

pub use view::{AgencyView, StoreView};

/// How an agency or a store stands with the authority. Only what is approved works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Pending,
    Approved,
    Rejected,
    /// Was approved once, and stopped.
    Suspended,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
        }
    }

    /// Where a decision leads from here. One that repeats the present standing changes nothing.
    pub fn decide(self, decision: Decision) -> Result<Self, NotFromHere> {
        let to = decision.leads_to();
        let allowed = matches!(
            (self, decision),
            (Self::Pending | Self::Rejected, Decision::Approve)
                | (Self::Pending, Decision::Reject)
                | (Self::Approved, Decision::Suspend)
                | (Self::Suspended, Decision::Reinstate)
        );
        if allowed || self == to {
            Ok(to)
        } else {
            Err(NotFromHere {
                standing: self,
                decision,
            })
        }
    }
}

/// What the authority can decide; each is a single word in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
    /// It may not work any more, until it is reinstated.
    Suspend,
    /// It may work again.
    Reinstate,
}

impl Decision {
    /// The word in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
        }
    }

    fn leads_to(self) -> Standing {
        match self {
            Self::Approve | Self::Reinstate => Standing::Approved,
            Self::Reject => Standing::Rejected,
            Self::Suspend => Standing::Suspended,
        }
    }
}

/// A decision that makes no sense for this standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The decision {} cannot be taken on what is {}.", .decision.as_str(), .standing.as_str())]
pub struct NotFromHere {
    pub standing: Standing,
    /// What was to be decided.
    pub decision: Decision,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub decision: Decision,
    pub reason: String,
    pub by: AuthorityId,
    pub at: Millis,
}

/// What an agency has done so far: the numbers that it is scored by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyStats {
    /// The sum of all ratings, 1 to 5 stars each.
    pub stars_sum: u64,
    pub stars_count: u64,
    /// Claims that ended with a visit.
    pub completed: u64,
    /// Claims that were released or not staffed in time.
    pub abandoned: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub id: AgencyId,
    pub name: String,
    pub uscc: Uscc,
    pub responsible_person: String,
    pub phone: MobilePhone,
    pub services: ServiceSet,
    pub standing: Standing,
    /// Rises by one with every change of the agency or any of its stores.
    pub version: u64,
    pub stats: AgencyStats,
    pub registered_at: Millis,
    /// Oldest first.
    pub reviews: Vec<Review>,
}

impl Agency {
    /// The agency after a decision: a new version, with the decision kept. `None` when it already stands as decided.
    pub fn decided(&self, review: Review) -> Result<Option<Self>, NotFromHere> {
        let standing = self.standing.decide(review.decision)?;
        if standing == self.standing {
            return Ok(None);
        }
        let mut agency = self.clone();
        agency.standing = standing;
        agency.version += 1;
        agency.reviews.push(review);
        Ok(Some(agency))
    }
}

/// A store (门店) of an agency. Distance counts from its approved location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub id: StoreId,
    pub name: String,
    pub address: String,
    /// The approved location: distances count from here.
    pub location: Option<Wgs84>,
    /// A new location that waits for review.
    pub proposed: Option<Wgs84>,
    /// `pending` while a location waits for review.
    pub status: Standing,
    pub added_at: Millis,
    /// Oldest first.
    pub reviews: Vec<Review>,
}

impl Store {
    /// A new store, which waits for review.
    pub fn proposed(id: StoreId, name: String, address: String, at: Wgs84, now: Millis) -> Self {
        Self {
            id,
            name,
            address,
            location: None,
            proposed: Some(at),
            status: Standing::Pending,
            added_at: now,
            reviews: Vec::new(),
        }
    }

    /// Where distances are measured from: the approved location, also while a new one waits for review; nowhere while
    /// the store is suspended or rejected. Whether the agency itself is approved is not looked at here.
    pub fn counts_at(&self) -> Option<Wgs84> {
        match self.status {
            Standing::Approved | Standing::Pending => self.location,
            Standing::Rejected | Standing::Suspended => None,
        }
    }

    /// The store after a move: the new location waits for review, and the old one counts meanwhile.
    /// A suspended store stays suspended.
    #[must_use]
    pub fn moved(&self, to: Wgs84) -> Self {
        let mut store = self.clone();
        if self.location == Some(to) && self.status == Standing::Approved {
            // It is there already: nothing to review.
            return store;
        }
        store.proposed = Some(to);
        if self.status != Standing::Suspended {
            store.status = Standing::Pending;
        }
        store
    }

    /// The store after a decision, which is kept. `None` when it already stands as decided.
    ///
    /// Approving makes the proposed location the one that counts. Rejecting a move leaves the store where it was. A
    /// store that was moved while suspended waits for review once it is reinstated.
    pub fn decided(&self, review: Review) -> Result<Option<Self>, NotFromHere> {
        let decision = review.decision;
        let is_repeat = self.proposed.is_none()
            && self.reviews.last().map(|last| last.decision) == Some(decision);
        // A store that works while its move is reviewed can be suspended like any other.
        let works = self.status == Standing::Pending && self.location.is_some();
        let standing = match decision {
            Decision::Suspend if works => Standing::Suspended,
            Decision::Reinstate if works => return Ok(None),
            Decision::Reject if is_repeat => return Ok(None),
            _ => self.status.decide(decision)?,
        };
        if standing == self.status {
            return Ok(None);
        }
        let mut store = self.clone();
        store.status = standing;
        match decision {
            Decision::Approve => store.location = store.proposed.take().or(store.location),
            Decision::Reject => {
                store.proposed = None;
                if store.location.is_some() {
                    store.status = Standing::Approved;
                }
            }
            Decision::Reinstate if store.proposed.is_some() => store.status = Standing::Pending,
            Decision::Reinstate | Decision::Suspend => {}
        }
        store.reviews.push(review);
        Ok(Some(store))
    }
}

#[cfg(test)]
mod tests;

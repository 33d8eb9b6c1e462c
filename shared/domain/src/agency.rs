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
    /// Waits for review.
    Pending,
    /// Reviewed and allowed to work.
    Approved,
    /// Reviewed and refused; may be approved later.
    Rejected,
    /// Approved once, and stopped.
    Suspended,
}

impl Standing {
    /// Its name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
        }
    }

    /// Where a decision leads from here. Deciding what stands already changes nothing.
    ///
    /// # Errors
    /// When the decision cannot be taken from here.
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

/// What the authority can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may work.
    Approve,
    /// It may not work.
    Reject,
    /// It may not work any more.
    Suspend,
    /// It may work again.
    Reinstate,
}

impl Decision {
    /// Its name in requests.
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

/// A decision that cannot be taken from the standing there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The decision {} cannot be taken on what is {}.", .decision.as_str(), .standing.as_str())]
pub struct NotFromHere {
    /// What stands.
    pub standing: Standing,
    /// What was to be decided.
    pub decision: Decision,
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: AuthorityId,
    /// When.
    pub at: Millis,
}

/// What an agency has done so far, as far as the choice of an agency looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyStats {
    /// The sum of all ratings, 1 to 5 stars each.
    pub stars_sum: u64,
    /// How many ratings.
    pub stars_count: u64,
    /// Claims that were completed.
    pub completed: u64,
    /// Claims that were released or not staffed in time.
    pub abandoned: u64,
}

/// An agency (家政企业).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Its registered name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: Uscc,
    /// Who answers for it.
    pub responsible_person: String,
    /// Where that person is reached.
    pub phone: MobilePhone,
    /// What it offers.
    pub services: ServiceSet,
    /// How it stands.
    pub standing: Standing,
    /// Rises by one with every change of the agency or any of its stores.
    pub version: u64,
    /// What it has done so far.
    pub stats: AgencyStats,
    /// When it registered.
    pub registered_at: Millis,
    /// What was decided about it, oldest first.
    pub reviews: Vec<Review>,
}

impl Agency {
    /// With a decision taken: a new version, and the decision kept. `None` when it stands already.
    ///
    /// # Errors
    /// When the decision cannot be taken from here.
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
    /// Its id.
    pub id: StoreId,
    /// What it is called.
    pub name: String,
    /// Where it is, in words.
    pub address: String,
    /// Where it is, as approved.
    pub location: Option<Wgs84>,
    /// Where it will be, once that is approved.
    pub proposed: Option<Wgs84>,
    /// How it stands; `pending` as long as a location waits for review.
    pub status: Standing,
    /// When it was added.
    pub added_at: Millis,
    /// What was decided about it, oldest first.
    pub reviews: Vec<Review>,
}

impl Store {
    /// A store that waits for review.
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

    /// Where it counts: at its approved location, also while a new one waits for review, and nowhere while it
    /// is suspended or rejected. Whether the agency itself is approved is another question.
    pub fn counts_at(&self) -> Option<Wgs84> {
        match self.status {
            Standing::Approved | Standing::Pending => self.location,
            Standing::Rejected | Standing::Suspended => None,
        }
    }

    /// Moved: the new location waits for review, the old one counts meanwhile. A suspended store stays suspended.
    #[must_use]
    pub fn moved(&self, to: Wgs84) -> Self {
        let mut store = self.clone();
        if self.location == Some(to) && self.status == Standing::Approved {
            // Where it is already: nothing to review.
            return store;
        }
        store.proposed = Some(to);
        if self.status != Standing::Suspended {
            store.status = Standing::Pending;
        }
        store
    }

    /// With a decision taken and kept. `None` when it stands already.
    ///
    /// Approving makes the proposed location the one that counts. Rejecting a move leaves the store where it
    /// was. A store that was moved while suspended waits for review once it is reinstated.
    ///
    /// # Errors
    /// When the decision cannot be taken from here.
    pub fn decided(&self, review: Review) -> Result<Option<Self>, NotFromHere> {
        let decision = review.decision;
        let is_repeat = self.proposed.is_none()
            && self.reviews.last().map(|last| last.decision) == Some(decision);
        // A store that works while its move is reviewed can be suspended like any that works.
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

//! Agencies, their stores, and what the authority decides about them.
//!
//! Everything reviewable has a version, which rises with each change of what its review shows. A decision names the version that
//! was looked at, so that nothing is approved that nobody has seen. What was approved stays in force until its change is approved.

mod paper;
mod view;

use serde::{Deserialize, Serialize};

use crate::availability::{Span, cover};
use crate::check::{MobilePhone, Uscc};
use crate::geo::{AREA_REACH_M, Area, Nearest, Wgs84, nearest_in_range};
use crate::id::{AgencyId, AuthorityId, StoreId};
use crate::service::{Service, ServiceSet};
use crate::stars::StarTally;
use crate::time::Millis;

pub use paper::{Paper, PaperKind, PaperType, Papers};
pub use view::{AgencyView, PaperView, StoreView};

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

    /// Whether it must name the version that was looked at: suspending must never wait for another look.
    pub fn needs_version(self) -> bool {
        matches!(self, Self::Approve | Self::Reject)
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

/// Why a decision is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDecided {
    #[error(transparent)]
    NotFromHere(#[from] NotFromHere),
    #[error("What is to be decided has changed since it was shown; its version is {version} now.")]
    ChangedSince { version: u64 },
    /// Neither is it changed.
    #[error("The store is closed for good.")]
    StoreClosed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub decision: Decision,
    /// The version that was looked at; always there when something is approved or rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Those that this version showed, or proposed: what was decided on can be told ever after.
    #[serde(default, skip_serializing_if = "Papers::is_empty")]
    pub papers: Papers,
    pub reason: String,
    pub by: AuthorityId,
    pub at: Millis,
}

impl Review {
    /// Whether this decision can be taken on what has this version now and was decided on by `last`.
    ///
    /// Returns `false` for the repeat of the last decision, which changes nothing, whatever has changed since.
    ///
    /// # Errors
    /// When something is approved or rejected that is not what was looked at.
    fn binds(&self, version: u64, last: Option<&Review>) -> Result<bool, NotDecided> {
        if !self.decision.needs_version() {
            return Ok(true);
        }
        let is_repeat =
            last.is_some_and(|last| (last.decision, last.version) == (self.decision, self.version));
        if !is_repeat && self.version != Some(version) {
            return Err(NotDecided::ChangedSince { version });
        }
        Ok(!is_repeat)
    }
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
    /// Complaints that the authority has upheld.
    #[serde(default)]
    pub upheld: u64,
}

impl AgencyStats {
    pub fn stars(self) -> StarTally {
        StarTally {
            sum: self.stars_sum,
            count: self.stars_count,
        }
    }
}

/// What an agency wants to change of itself; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgencyChange {
    pub name: Option<String>,
    pub responsible_person: Option<String>,
    pub phone: Option<MobilePhone>,
    pub services: Option<ServiceSet>,
    #[serde(skip_serializing_if = "Papers::is_empty")]
    pub papers: Papers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub id: AgencyId,
    pub name: String,
    pub uscc: Uscc,
    pub responsible_person: String,
    pub phone: MobilePhone,
    pub services: ServiceSet,
    pub papers: Papers,
    pub standing: Standing,
    /// Rises by one with every change of the agency or any of its stores.
    pub version: u64,
    /// Rises with every change of what its review shows: itself, and the stores that would be approved with it.
    pub review_version: u64,
    /// What it wants to change, of what was approved.
    pub proposed: Option<AgencyChange>,
    /// Since when something about it waits for the authority.
    pub waits_since: Option<Millis>,
    pub stats: AgencyStats,
    pub registered_at: Millis,
    /// Oldest first.
    pub reviews: Vec<Review>,
}

impl AgencyChange {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn apply(self, agency: &mut Agency) {
        if let Some(name) = self.name {
            agency.name = name;
        }
        if let Some(person) = self.responsible_person {
            agency.responsible_person = person;
        }
        if let Some(phone) = self.phone {
            agency.phone = phone;
        }
        agency.services = self.services.unwrap_or(agency.services);
        agency.papers = std::mem::take(&mut agency.papers).with(self.papers);
    }
}

impl Agency {
    /// The agency after a change that it wants: made at once while it has not been approved, and then it waits for review
    /// (again); proposed otherwise, beside what it has proposed already. What it has already is no proposal. `None` when
    /// nothing changes.
    pub fn changed(&self, change: AgencyChange, now: Millis) -> Option<Self> {
        let mut agency = self.clone();
        match self.standing {
            Standing::Pending | Standing::Rejected => {
                change.apply(&mut agency);
                agency.standing = Standing::Pending;
                agency.waits_since.get_or_insert(now);
            }
            Standing::Approved | Standing::Suspended => {
                let before = self.proposed.clone().unwrap_or_default();
                let proposed = AgencyChange {
                    name: change.name.or(before.name).filter(|new| *new != self.name),
                    responsible_person: change
                        .responsible_person
                        .or(before.responsible_person)
                        .filter(|new| *new != self.responsible_person),
                    phone: change
                        .phone
                        .or(before.phone)
                        .filter(|new| *new != self.phone),
                    services: change
                        .services
                        .or(before.services)
                        .filter(|new| *new != self.services),
                    papers: before.papers.with(change.papers).without(&self.papers),
                };
                agency.proposed = Some(proposed).filter(|proposed| !proposed.is_empty());
                agency.waits_since = agency
                    .proposed
                    .is_some()
                    .then(|| self.waits_since.unwrap_or(now));
            }
        }
        if agency == *self {
            return None;
        }
        agency.version += 1;
        agency.review_version += 1;
        Some(agency)
    }

    /// The papers that a decision would be on: those of its registration, or those that it proposes.
    pub fn papers_to_decide(&self) -> &Papers {
        let proposed = self.proposed.as_ref();
        proposed.map_or(&self.papers, |proposed| &proposed.papers)
    }

    /// All papers that are kept for it: those that serve, those that wait, and those that were ever decided on, so that a forged
    /// one is not gone once another takes its place.
    pub fn kept_papers(&self) -> impl Iterator<Item = &Paper> {
        let proposed = self.proposed.iter().map(|proposed| &proposed.papers);
        let decided = self.reviews.iter().map(|review| &review.papers);
        let all = std::iter::once(&self.papers).chain(proposed).chain(decided);
        all.flat_map(Papers::iter)
    }

    /// Which of these kinds it has not shown.
    pub fn lacks(&self, required: &[PaperKind]) -> Vec<PaperKind> {
        let missing = required
            .iter()
            .filter(|kind| self.papers.get(**kind).is_none());
        missing.copied().collect()
    }

    /// The agency after a change of one of its stores.
    #[must_use]
    pub fn with_store_changed(&self) -> Self {
        let mut agency = self.clone();
        agency.version += 1;
        // Its stores are approved with it.
        if matches!(self.standing, Standing::Pending | Standing::Rejected) {
            agency.review_version += 1;
        }
        agency
    }

    /// The agency after a decision, which is kept, or after one on what it has proposed. `None` when it already stands as
    /// decided.
    ///
    /// # Errors
    /// When the decision makes no sense now, or is not about what waits now.
    pub fn decided(&self, mut review: Review) -> Result<Option<Self>, NotDecided> {
        if !review.binds(self.review_version, self.reviews.last())? {
            return Ok(None);
        }
        if review.decision.needs_version() {
            review.papers = self.papers_to_decide().clone();
        }
        let mut agency = self.clone();
        if let (Some(proposed), true) = (&self.proposed, review.decision.needs_version()) {
            if review.decision == Decision::Approve {
                proposed.clone().apply(&mut agency);
            }
            agency.proposed = None;
        } else {
            agency.standing = self.standing.decide(review.decision)?;
            if agency.standing == self.standing {
                return Ok(None);
            }
        }
        agency.waits_since = self.waits_since.filter(|_| agency.proposed.is_some());
        agency.version += 1;
        agency.reviews.push(review);
        Ok(Some(agency))
    }
}

/// What an agency changes of a store; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreChange {
    pub name: Option<String>,
    pub address: Option<String>,
    pub location: Option<Wgs84>,
    /// Empty is all that its agency offers.
    pub services: Option<ServiceSet>,
}

impl StoreChange {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
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
    /// What it is there for, as far as its agency offers it; empty is all that its agency offers.
    pub services: ServiceSet,
    /// Weekly, and not reviewed: it is offered orders at any hour, and they only weigh when one is assigned. None is always.
    pub opening_hours: Vec<Span>,
    /// What waits for review; of a store that was never approved, the location alone.
    pub proposed: StoreChange,
    /// `pending` while that waits.
    pub status: Standing,
    /// Rises with every change of what its review shows.
    pub review_version: u64,
    pub added_at: Millis,
    /// Since when it is closed, for good.
    pub closed_at: Option<Millis>,
    /// Oldest first.
    pub reviews: Vec<Review>,
}

/// The store for this service that is nearest to the middle of an area; of stores equally near, the first by id.
pub fn nearest_store(stores: &[Store], area: &Area, service: Service) -> Option<Nearest<StoreId>> {
    nearest_within(stores, area, service, u32::MAX)
}

/// Whether some home in the area can be within so many metres of a store for this service.
pub fn can_reach(stores: &[Store], area: &Area, service: Service, radius_m: u32) -> bool {
    nearest_within(stores, area, service, radius_m.saturating_add(AREA_REACH_M)).is_some()
}

fn nearest_within(
    stores: &[Store],
    area: &Area,
    service: Service,
    radius_m: u32,
) -> Option<Nearest<StoreId>> {
    let places = stores.iter().filter_map(|store| {
        let at = store.counts_for(service)?;
        Some(((), store.id.clone(), at))
    });
    nearest_in_range(area.centre(), radius_m, places).remove(&())
}

impl Store {
    /// A new store, which waits for review. It does all that its agency offers, at any hour.
    pub fn proposed(id: StoreId, name: String, address: String, at: Wgs84, now: Millis) -> Self {
        Self {
            id,
            name,
            address,
            location: None,
            proposed: StoreChange {
                location: Some(at),
                ..StoreChange::default()
            },
            services: ServiceSet::EMPTY,
            opening_hours: Vec::new(),
            status: Standing::Pending,
            review_version: 1,
            added_at: now,
            closed_at: None,
            reviews: Vec::new(),
        }
    }

    /// Where distances are measured from: the approved location, also while a new one waits for review; nowhere while
    /// the store is suspended or rejected, or once it is closed. Whether the agency itself is approved is not looked at here.
    pub fn counts_at(&self) -> Option<Wgs84> {
        match self.status {
            _ if self.closed_at.is_some() => None,
            Standing::Approved | Standing::Pending => self.location,
            Standing::Rejected | Standing::Suspended => None,
        }
    }

    /// The same for orders of this service. Whether the agency offers it is not looked at here.
    pub fn counts_for(&self, service: Service) -> Option<Wgs84> {
        let is_for_it = self.services.is_empty() || self.services.contains(service);
        self.counts_at().filter(|_| is_for_it)
    }

    /// What it is there for, if its agency offers this.
    pub fn services_of(&self, offered: ServiceSet) -> ServiceSet {
        if self.services.is_empty() {
            offered
        } else {
            self.services.both(offered)
        }
    }

    /// Whether it is open all that time. No hours bind who lives in.
    pub fn is_open(&self, service: Service, from: Millis, until: Millis) -> bool {
        self.opening_hours.is_empty()
            || service == Service::LiveIn
            || cover(&self.opening_hours, from, until)
    }

    /// Whether it waits for the authority, by itself or with its agency.
    pub fn waits(&self) -> bool {
        self.status == Standing::Pending && self.closed_at.is_none()
    }

    /// The store as it is once it is closed, for good: nothing of it waits any more. `None` when it is closed already.
    pub fn closed(&self, now: Millis) -> Option<Self> {
        self.closed_at.is_none().then(|| Self {
            proposed: StoreChange::default(),
            review_version: self.review_version + 1,
            closed_at: Some(now),
            ..self.clone()
        })
    }

    /// The store after a change. What was approved is the place with its name, address and services: a change of them waits for
    /// review, and the old ones serve meanwhile; back at the old ones, nothing waits. Opening hours change at once. A suspended
    /// store stays suspended. `None` when nothing changes.
    ///
    /// # Errors
    /// When the store is closed.
    pub fn changed(
        &self,
        change: StoreChange,
        opening_hours: Option<Vec<Span>>,
    ) -> Result<Option<Self>, NotDecided> {
        if self.closed_at.is_some() {
            return Err(NotDecided::StoreClosed);
        }
        let mut store = self.clone();
        let waits = &mut store.proposed;
        if change.location.is_some() {
            waits.location = change.location.filter(|_| change.location != self.location);
        }
        if self.location.is_some() {
            if change.name.is_some() {
                waits.name = change.name.filter(|name| *name != self.name);
            }
            if change.address.is_some() {
                waits.address = change.address.filter(|address| *address != self.address);
            }
            if change.services.is_some() {
                waits.services = change
                    .services
                    .filter(|services| *services != self.services);
            }
        } else {
            store.name = change.name.unwrap_or(store.name);
            store.address = change.address.unwrap_or(store.address);
            store.services = change.services.unwrap_or(store.services);
        }
        store.status = match (self.status, store.proposed.is_empty()) {
            (Standing::Suspended, _) => Standing::Suspended,
            (_, false) => Standing::Pending,
            (Standing::Pending, true) => Standing::Approved,
            (standing, true) => standing,
        };
        if store != *self {
            store.review_version += 1;
        }
        store.opening_hours = opening_hours.unwrap_or(store.opening_hours);
        Ok(Some(store).filter(|store| store != self))
    }

    /// The store after a decision, which is kept. `None` when it already stands as decided.
    ///
    /// Approving makes the proposed location the one that counts. Rejecting a move leaves the store where it was. A
    /// store that was moved while suspended waits for review once it is reinstated.
    ///
    /// # Errors
    /// When the decision makes no sense now, or is not about what waits now.
    pub fn decided(&self, review: Review) -> Result<Option<Self>, NotDecided> {
        if self.closed_at.is_some() {
            return Err(NotDecided::StoreClosed);
        }
        let decision = review.decision;
        if !review.binds(self.review_version, self.reviews.last())? {
            return Ok(None);
        }
        // A store that works while its move is reviewed can be suspended like any other.
        let works = self.status == Standing::Pending && self.location.is_some();
        let standing = match decision {
            Decision::Suspend if works => Standing::Suspended,
            Decision::Reinstate if works => return Ok(None),
            _ => self.status.decide(decision)?,
        };
        if standing == self.status {
            return Ok(None);
        }
        let mut store = self.clone();
        store.status = standing;
        match decision {
            Decision::Approve => {
                let approved = std::mem::take(&mut store.proposed);
                store.name = approved.name.unwrap_or(store.name);
                store.address = approved.address.unwrap_or(store.address);
                store.location = approved.location.or(store.location);
                store.services = approved.services.unwrap_or(store.services);
            }
            Decision::Reject => {
                store.proposed = StoreChange::default();
                if store.location.is_some() {
                    store.status = Standing::Approved;
                }
            }
            Decision::Reinstate if !store.proposed.is_empty() => store.status = Standing::Pending,
            Decision::Reinstate | Decision::Suspend => {}
        }
        store.reviews.push(review);
        Ok(Some(store))
    }
}

#[cfg(test)]
mod tests;

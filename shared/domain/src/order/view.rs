//! Who sees what of an order, in the words of the HTTP contract.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::agency::Standing;
use crate::catalogue::Tag;
use crate::check::MobilePhone;
use crate::credit::{CreditRules, PublicStanding, Section, SectionState, public_standing};
use crate::geo::{Area, Wgs84};
use crate::id::{AgencyId, MemberId, OrderId, StoreId, WorkerId};
use crate::service::Service;
use crate::stars::{StarTally, StarsView};
use crate::time::Millis;
use crate::worker::Worker;

use super::{
    Asked, By, ClaimEnd, Contact, How, Order, OrderDetails, Rating, Stars, State, Status,
    TimelineEntry, What,
};

/// Who looks at an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    Customer,
    Claimant(AgencyId),
    /// An agency that had the claim: it sees what it knew, and the order's status.
    Former(AgencyId),
    Authority,
}

/// An order in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedOrder {
    #[serde(flatten)]
    pub summary: OrderSummary,
    /// The agency's own store that is nearest to the area; `None` to everybody else.
    pub store_id: Option<StoreId>,
    /// Who will come or came, for the agency that she works for.
    pub worker: Option<NamedWorker>,
}

#[derive(Clone, Debug, Serialize)]
pub struct NamedWorker {
    pub worker_id: WorkerId,
    /// In full.
    pub name: String,
}

/// What lists show of an order, and readings too.
#[derive(Clone, Debug, Serialize)]
pub struct OrderSummary {
    pub order_id: OrderId,
    pub status: Status,
    pub epoch: u32,
    pub service: Service,
    #[serde(with = "crate::time::rfc3339")]
    pub start_at: Millis,
    pub duration_min: u32,
    pub budget_fen: Option<i64>,
    #[serde(with = "crate::time::rfc3339")]
    pub placed_at: Millis,
    /// When the grab window of this epoch closes or closed.
    #[serde(with = "crate::time::rfc3339")]
    pub grab_deadline: Millis,
    /// Whether the window has closed and an agency is being chosen.
    pub settling: bool,
    /// The geohash cell of 6 characters around the home.
    pub area: Area,
    pub claim: Option<ClaimView>,
    /// How the claim of the agency that looks ended without a visit; `None` to everybody else.
    pub ended: Option<EndedView>,
}

/// How an agency's claim ended without a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EndedView {
    pub reason: ClaimEnd,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
}

/// An order shown by itself. What the viewer may not see is `None`.
#[derive(Clone, Debug, Serialize)]
pub struct OrderView {
    #[serde(flatten)]
    pub summary: OrderSummary,
    pub wishes: BTreeSet<Tag>,
    /// Whom the customer would like again; only for the agency that she works for.
    pub preferred_worker_id: Option<WorkerId>,
    /// `None` until a worker is named.
    pub worker: Option<WorkerView>,
    pub location: Option<Wgs84>,
    pub address: Option<String>,
    pub contact: Option<Contact>,
    pub notes: Option<String>,
    /// `None` until the visit is rated.
    pub rating: Option<RatingView>,
    /// Why the platform chose the assigned agency; only the authority sees it.
    pub explanation: Option<Value>,
    pub timeline: Vec<LineView>,
}

/// The named worker, as the badge page shows her.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerView {
    /// Only for those who work with it: her agency, while she is there, and the authority.
    pub worker_id: Option<WorkerId>,
    /// Masked; `None` once her data is erased.
    pub name: Option<String>,
    pub agency: String,
    pub standing: PublicStanding,
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Millis,
    /// Without details; empty for a worker who has left.
    pub sections: Vec<SeenSection>,
    /// What she brings for this service.
    pub tags: BTreeSet<Tag>,
    /// `None` until a rating counts.
    pub stars: Option<StarsView>,
    /// Where the customer finds her photo, from when she is named until the visit is over.
    pub photo: Option<String>,
}

/// A section as anyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenSection {
    pub section: Section,
    pub state: SectionState,
    pub as_of: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RatingView {
    pub stars: Stars,
    pub comment: Option<String>,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
    /// Whether it counts for the agency's stars.
    pub counts: bool,
}

impl RatingView {
    /// What was said, and whether it counts.
    pub fn new(rating: Rating, counts: bool) -> Self {
        Self {
            stars: rating.stars,
            comment: rating.comment,
            at: rating.at,
            counts,
        }
    }
}

impl WorkerView {
    /// The worker of an order, with her stars, as `viewer` sees her now, under the agency that has its claim; `None` if nobody
    /// has. If she or her agency (whose standing is `agency`) may not work, she is not shown as clear, whatever her sections
    /// say. If she has left the agency or was erased, only a name is shown: her record has nothing to do with this order any
    /// more. Nor has the name, if she was registered anew since.
    pub fn new(
        order: &Order,
        (worker, stars): (&Worker, StarTally),
        agency: Option<Standing>,
        viewer: &Viewer,
        now: Millis,
        rules: &CreditRules,
    ) -> Option<Self> {
        let (claim, staffing) = (order.claim()?, order.staffing()?);
        let is_known = worker.was_registered(staffing.at);
        let is_here = worker.agency == claim.agency && is_known;
        let knows_her = match viewer {
            Viewer::Authority => true,
            Viewer::Claimant(_) => is_here,
            Viewer::Customer | Viewer::Former(_) => false,
        };
        let name = Some(worker.masked_name.clone()).filter(|_| is_known);
        let sections = if is_here {
            worker.sections.views(worker.skills, now, rules)
        } else {
            Vec::new()
        };
        let sections = sections.into_iter().map(|view| SeenSection {
            section: view.section,
            state: view.state,
            as_of: view.as_of.map(Millis::to_rfc3339),
        });
        let may_come = is_here && worker.may_work() && agency == Some(Standing::Approved);
        let experience = worker.experience_in(order.service).filter(|_| is_here);
        let has_photo = *viewer == Viewer::Customer && order.shows_photo_of(worker);
        Some(Self {
            worker_id: knows_her.then(|| worker.id.clone()),
            name,
            agency: claim.agency_name.clone(),
            standing: if may_come {
                public_standing(&worker.sections, worker.skills, now, rules)
            } else {
                PublicStanding::Attention
            },
            as_of: now,
            sections: sections.collect(),
            tags: experience.map(|own| own.tags.clone()).unwrap_or_default(),
            stars: stars.view().filter(|_| is_here),
            photo: has_photo.then(|| format!("/v1/orders/{}/worker/photo", order.id)),
        })
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ClaimView {
    pub agency_id: AgencyId,
    pub agency_name: String,
    pub how: How,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
    /// By when the agency must have named the worker.
    #[serde(with = "crate::time::rfc3339")]
    pub staff_by: Millis,
    /// The agency's, for the customer of an order shown by itself; `None` until a rating counts.
    pub stars: Option<StarsView>,
    /// The agency's, likewise, once a worker is named.
    pub phone: Option<MobilePhone>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LineView {
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
    pub what: What,
    pub by: By,
    /// Only for the agency itself and the authority.
    pub member_id: Option<MemberId>,
    pub why: Option<String>,
    /// Only of an offer.
    pub asked: Option<Asked>,
    pub epoch: u32,
}

impl Order {
    /// In which role this agency may read the order; `None` if it never had the claim. An agency that lost it by
    /// missed staffing or a cancellation is not shown the exact place any more.
    pub fn viewer(&self, agency: &AgencyId) -> Option<Viewer> {
        let had_last = self
            .state
            .last_claim()
            .is_some_and(|claim| claim.agency == *agency);
        if had_last && self.status() != Status::Cancelled {
            Some(Viewer::Claimant(agency.clone()))
        } else if had_last || self.excluded.contains(agency) {
            Some(Viewer::Former(agency.clone()))
        } else {
            None
        }
    }

    /// Whether its customer may see this worker's photo: from when she is named until the visit is over, as long as she may come.
    pub fn shows_photo_of(&self, worker: &Worker) -> bool {
        matches!(&self.state, State::Staffed(claim, staffing) | State::InService(claim, staffing)
            if staffing.worker == worker.id && claim.agency == worker.agency)
            && worker.may_work()
            && worker.photo.is_some()
    }

    /// The order as `viewer` sees it now. `details` are needed only for viewers who may see them: of the agencies only the one
    /// that has named who comes, so that nobody collects homes by grabbing.
    pub fn view(&self, viewer: &Viewer, details: Option<&OrderDetails>, now: Millis) -> OrderView {
        let may_come = match viewer {
            Viewer::Customer | Viewer::Authority => true,
            Viewer::Claimant(_) => self.staffing().is_some(),
            Viewer::Former(_) => false,
        };
        let details = details.filter(|_| may_come);
        OrderView {
            summary: self.summary(viewer, now),
            wishes: self.wishes.clone(),
            preferred_worker_id: None,
            worker: None,
            location: details.map(|details| details.place),
            address: details.map(|details| details.address.clone()),
            contact: details.map(|details| details.contact.clone()),
            notes: details.and_then(|details| details.notes.clone()),
            rating: None,
            explanation: None,
            timeline: self
                .lines_for(viewer)
                .map(|line| LineView {
                    // What a customer writes may say who and where.
                    why: line
                        .why
                        .clone()
                        .filter(|_| may_come || line.by != By::Customer),
                    member_id: line.member.clone().filter(|_| *viewer != Viewer::Customer),
                    ..LineView::from(line)
                })
                .collect(),
        }
    }

    /// The order in a list, as `viewer` sees it now.
    pub fn summary(&self, viewer: &Viewer, now: Millis) -> OrderSummary {
        // An agency that lost the claim is not told who has it now.
        let claim = self
            .claim()
            .filter(|_| !matches!(viewer, Viewer::Former(_)));
        OrderSummary {
            order_id: self.id.clone(),
            status: self.status(),
            epoch: self.epoch,
            service: self.service,
            start_at: self.start_at,
            duration_min: self.duration_min,
            budget_fen: self.budget_fen,
            placed_at: self.placed_at,
            grab_deadline: self.grab_deadline,
            settling: self.is_settling(now),
            area: self.area.clone(),
            ended: self.cancelled_under(viewer),
            claim: claim.map(|claim| ClaimView {
                agency_id: claim.agency.clone(),
                agency_name: claim.agency_name.clone(),
                how: claim.how,
                at: claim.at,
                staff_by: claim.staff_by,
                stars: None,
                phone: None,
            }),
        }
    }

    /// For the agency that had the claim when the customer cancelled. What else ended a claim, the order itself does not say.
    fn cancelled_under(&self, viewer: &Viewer) -> Option<EndedView> {
        let (State::Cancelled { claim: Some(claim) }, Viewer::Former(own)) = (&self.state, viewer)
        else {
            return None;
        };
        let mut lines = self.timeline.iter().rev();
        let line = lines.find(|line| line.what == What::Cancelled);
        let at = line.filter(|_| claim.agency == *own)?.at;
        Some(EndedView {
            reason: ClaimEnd::Cancelled,
            at,
        })
    }

    /// All lines; for an agency, only those that name no other agency.
    fn lines_for<'a>(&'a self, viewer: &'a Viewer) -> impl Iterator<Item = &'a TimelineEntry> {
        self.timeline.iter().filter(move |line| match viewer {
            Viewer::Customer | Viewer::Authority => true,
            Viewer::Claimant(own) | Viewer::Former(own) => match &line.by {
                By::Agency(agency) => agency == own,
                By::Customer | By::Platform => true,
            },
        })
    }
}

impl From<&TimelineEntry> for LineView {
    fn from(line: &TimelineEntry) -> Self {
        Self {
            at: line.at,
            what: line.what,
            by: line.by.clone(),
            member_id: line.member.clone(),
            why: line.why.clone(),
            asked: line.asked(),
            epoch: line.epoch,
        }
    }
}

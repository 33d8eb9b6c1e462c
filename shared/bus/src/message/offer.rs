//! An offer as an agency's queue carries it: the HTTP contract's JSON without `receipt`, because agencies
//! with software of their own read it from the queue themselves.

use std::collections::BTreeSet;

use domain::catalogue::Tag;
use domain::geo::Area;
use domain::id::{OrderId, StoreId, WorkerId};
use domain::order::{ClaimEnd, Order};
use domain::service::Service;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{FanOut, OfferTo, Unreadable, read};
use crate::Error;

/// What an offer says about its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// It can be grabbed.
    Open,
    /// It has been assigned to this agency.
    Assigned,
    /// A notice: this agency's claim of it is over.
    Ended,
}

/// An order shown to one agency, or a notice of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub order_id: OrderId,
    /// The epoch it is offered or assigned in.
    pub epoch: u32,
    /// To be grabbed, assigned, or over.
    pub kind: OfferKind,
    /// What is asked for.
    pub service: Service,
    /// When the visit begins.
    #[serde(with = "domain::time::rfc3339")]
    pub start_at: Millis,
    /// How long it takes, in minutes.
    pub duration_min: u32,
    /// Where, as a geohash of 6 characters.
    pub area: Area,
    /// From the store to the area's centre, in metres, rounded up to 100. None where there is no store.
    pub distance_m: Option<u32>,
    /// Of the agency's stores for this service the one nearest to the area's centre. None in a notice, and when none is left.
    pub store_id: Option<StoreId>,
    /// What the customer would pay, in fen.
    pub budget_fen: Option<i64>,
    /// What the customer wishes for beside the service.
    #[serde(default)]
    pub wishes: BTreeSet<Tag>,
    /// Which of this agency's workers the customer would like again. None in a notice.
    #[serde(default)]
    pub preferred_worker_id: Option<WorkerId>,
    /// The epoch's grab deadline.
    #[serde(with = "domain::time::rfc3339")]
    pub grab_deadline: Millis,
    /// What to grab with; none unless it can be grabbed.
    pub claim_token: Option<String>,
    /// Why the claim is over; only in a notice.
    #[serde(default)]
    pub reason: Option<ClaimEnd>,
}

impl Offer {
    /// What one agency may grab. It shows only the area of the order's place.
    pub fn open(order: &FanOut, line: &OfferTo, claim_token: String) -> Self {
        let preferred = order.preferred.as_ref();
        let preferred = preferred.and_then(|wanted| wanted.shown_to(&line.agency_id));
        Self {
            order_id: order.order_id.clone(),
            epoch: order.epoch,
            kind: OfferKind::Open,
            service: order.service,
            start_at: order.start_at,
            duration_min: order.duration_min,
            area: order.area.clone(),
            distance_m: Some(line.distance_m),
            store_id: Some(line.store_id.clone()),
            budget_fen: order.budget_fen,
            wishes: order.wishes.clone(),
            preferred_worker_id: preferred.cloned(),
            grab_deadline: order.deadline,
            claim_token: Some(claim_token),
            reason: None,
        }
    }

    /// The notice to an agency that it has the claim of this order no more.
    pub fn ended(order: &Order, epoch: u32, reason: ClaimEnd) -> Self {
        Self {
            order_id: order.id.clone(),
            epoch,
            kind: OfferKind::Ended,
            service: order.service,
            start_at: order.start_at,
            duration_min: order.duration_min,
            area: order.area.clone(),
            distance_m: None,
            store_id: None,
            budget_fen: order.budget_fen,
            wishes: order.wishes.clone(),
            preferred_worker_id: None,
            grab_deadline: order.grab_deadline,
            claim_token: None,
            reason: Some(reason),
        }
    }

    pub fn body(&self) -> Result<String, Error> {
        Ok(serde_json::to_string(self)?)
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        read(text)
    }
}

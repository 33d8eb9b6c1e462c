//! Orders to be offered.

use std::collections::BTreeSet;

use domain::catalogue::Tag;
use domain::geo::{Area, Nearest, offer_distance_m};
use domain::id::{AgencyId, OrderId, StoreId};
use domain::order::{Order, Preferred, SealedPlace};
use domain::service::Service;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const FAN_OUT: &str = "fan_out";
const OFFERS: &str = "offers";

/// An order to be offered to every agency in range: all that is needed to find them, without a read of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FanOut {
    pub order_id: OrderId,
    /// The epoch to be offered.
    pub epoch: u32,
    /// The epoch's grab deadline.
    pub deadline: Millis,
    /// What is asked for.
    pub service: Service,
    /// When the visit begins.
    pub start_at: Millis,
    /// How long it takes, in minutes.
    pub duration_min: u32,
    pub area: Area,
    /// Only in the first epoch's message: without it the order has to be read.
    #[serde(default)]
    pub place: Option<SealedPlace>,
    /// What the customer would pay, in fen.
    pub budget_fen: Option<i64>,
    /// What the customer wishes for beside the service.
    #[serde(default)]
    pub wishes: BTreeSet<Tag>,
    /// Whom the customer would like again, which only her agency is told.
    #[serde(default)]
    pub preferred: Option<Preferred>,
    /// The market's first radius, in metres.
    pub radius_m: u32,
    /// How often it has gone through the dead letters.
    #[serde(default)]
    pub redrives: u32,
}

impl FanOut {
    /// For an epoch of an order that may not be stored yet.
    pub fn new(order: &Order, epoch: u32, deadline: Millis, radius_m: u32) -> Self {
        Self {
            order_id: order.id.clone(),
            epoch,
            deadline,
            service: order.service,
            start_at: order.start_at,
            duration_min: order.duration_min,
            area: order.area.clone(),
            place: None,
            budget_fen: order.budget_fen,
            wishes: order.wishes.clone(),
            preferred: order.preferred.clone(),
            radius_m,
            redrives: 0,
        }
    }
}

/// Agencies found, still to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    #[serde(flatten)]
    pub fan_out: FanOut,
    /// Whom to tell; at most [`Offers::MOST`].
    pub offers: Vec<OfferTo>,
}

impl Offers {
    /// The most agencies of one message: so many may be told twice when a message is repeated.
    pub const MOST: usize = 200;
}

/// One agency to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferTo {
    pub agency_id: AgencyId,
    pub store_id: StoreId,
    /// From there to the centre of the order's area, in metres, rounded up to 100.
    pub distance_m: u32,
}

impl OfferTo {
    pub fn new(agency: &AgencyId, nearest: &Nearest<StoreId>, area: &Area) -> Self {
        Self {
            agency_id: agency.clone(),
            store_id: nearest.store.clone(),
            distance_m: offer_distance_m(nearest.at, area),
        }
    }
}

/// What the fan-out queue carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FanOutMessage {
    /// An order whose agencies are to be found.
    FanOut(FanOut),
    /// An order whose agencies have been found.
    Offers(Offers),
}

impl FanOutMessage {
    /// The order in it.
    pub fn fan_out(&self) -> &FanOut {
        match self {
            Self::FanOut(fan_out) => fan_out,
            Self::Offers(offers) => &offers.fan_out,
        }
    }

    /// The order in it, to be changed.
    pub fn fan_out_mut(&mut self) -> &mut FanOut {
        match self {
            Self::FanOut(fan_out) => fan_out,
            Self::Offers(offers) => &mut offers.fan_out,
        }
    }

    /// The message group: the order's cell, so that a storm in one district does not starve the others.
    pub fn group(&self) -> String {
        let area = self.fan_out().area.as_str();
        area.get(..5).unwrap_or(area).to_owned()
    }

    pub fn body(&self) -> Result<String, Error> {
        match self {
            Self::FanOut(fan_out) => write(FAN_OUT, fan_out),
            Self::Offers(offers) => write(OFFERS, offers),
        }
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            FAN_OUT => read(text).map(Self::FanOut),
            OFFERS => read(text).map(Self::Offers),
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

impl From<FanOut> for FanOutMessage {
    fn from(fan_out: FanOut) -> Self {
        Self::FanOut(fan_out)
    }
}

impl From<Offers> for FanOutMessage {
    fn from(offers: Offers) -> Self {
        Self::Offers(offers)
    }
}

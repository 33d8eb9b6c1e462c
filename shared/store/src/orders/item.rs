//! The order's item: attribute names are short because each is paid for with every write.

use std::collections::BTreeSet;

use domain::catalogue::Tag;
use domain::geo::Area;
use domain::id::{AgencyId, CustomerId, MemberId, WorkerId};
use domain::order::{
    By, Claim, Given, How, Order, Preferred, Staffing, Stars, State, Status, TimelineEntry, What,
};
use domain::service::Service;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Orders;
use super::key::{ORDER, parse_order};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{self, Item, Key};

#[derive(Serialize, Deserialize)]
struct OrderItem {
    v: u64,
    st: Status,
    ep: u32,
    cu: CustomerId,
    bh: Bytes,
    sv: Service,
    sa: Millis,
    du: u32,
    ar: Area,
    #[serde(skip_serializing_if = "Option::is_none")]
    bu: Option<i64>,
    #[serde(flatten)]
    wishes: WishesItem,
    pa: Millis,
    dl: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    fe: Option<u32>,
    // DynamoDB has no empty sets.
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "serde_dynamo::string_set::serialize"
    )]
    ex: BTreeSet<AgencyId>,
    #[serde(flatten)]
    claim: ClaimItem,
    #[serde(flatten)]
    staffing: StaffingItem,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rs: Option<Stars>,
    /// Whether the stars do not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rn: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    xp: Option<String>,
    tl: Vec<Line>,
}

/// All or none of these are there.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ClaimItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<AgencyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ch: Option<How>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ct: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sb: Option<Millis>,
}

/// Both or none of these are there.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct StaffingItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    wo: Option<WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wt: Option<Millis>,
}

/// What the customer wishes for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct WishesItem {
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "serde_dynamo::string_set::serialize"
    )]
    wi: BTreeSet<Tag>,
    /// Whom the customer would like again, and her agency: both or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pw: Option<WorkerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pg: Option<AgencyId>,
}

impl WishesItem {
    pub(super) fn read(self) -> (BTreeSet<Tag>, Option<Preferred>) {
        let preferred = self.pw.zip(self.pg);
        let preferred = preferred.map(|(worker, agency)| Preferred { worker, agency });
        (self.wi, preferred)
    }
}

/// A line of the timeline.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    t: Millis,
    w: What,
    b: By,
    /// Who of the agency, without prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    e: u32,
}

impl From<TimelineEntry> for Line {
    fn from(line: TimelineEntry) -> Self {
        Self {
            t: line.at,
            w: line.what,
            b: line.by,
            m: line.member.map(|member| member.bare().to_owned()),
            y: line.why,
            e: line.epoch,
        }
    }
}

impl From<Line> for TimelineEntry {
    fn from(line: Line) -> Self {
        Self {
            at: line.t,
            what: line.w,
            by: line.b,
            member: line.m.and_then(|bare| MemberId::from_bare(&bare).ok()),
            why: line.y,
            epoch: line.e,
        }
    }
}

impl From<Claim> for ClaimItem {
    fn from(claim: Claim) -> Self {
        Self {
            ca: Some(claim.agency),
            cn: Some(claim.agency_name),
            ch: Some(claim.how),
            ct: Some(claim.at),
            sb: Some(claim.staff_by),
        }
    }
}

impl From<Staffing> for StaffingItem {
    fn from(staffing: Staffing) -> Self {
        Self {
            wo: Some(staffing.worker),
            wt: Some(staffing.at),
        }
    }
}

impl StaffingItem {
    fn staffing(self) -> Option<Staffing> {
        Some(Staffing {
            worker: self.wo?,
            at: self.wt?,
        })
    }
}

impl ClaimItem {
    fn claim(self) -> Option<Claim> {
        Some(Claim {
            agency: self.ca?,
            agency_name: self.cn?,
            how: self.ch?,
            at: self.ct?,
            staff_by: self.sb?,
        })
    }
}

/// The item of an order.
pub(super) fn write(order: &Order) -> Item<Orders> {
    let claim = order.state.last_claim();
    let preferred = order.preferred.as_ref();
    let rated = match order.state {
        State::Rated(_, _, rated) => Some(rated),
        _ => None,
    };
    let item = OrderItem {
        v: order.version,
        st: order.status(),
        ep: order.epoch,
        cu: order.customer.clone(),
        bh: Bytes(order.body_hash.to_vec()),
        sv: order.service,
        sa: order.start_at,
        du: order.duration_min,
        ar: order.area.clone(),
        bu: order.budget_fen,
        wishes: WishesItem {
            wi: order.wishes.clone(),
            pw: preferred.map(|preferred| preferred.worker.clone()),
            pg: preferred.map(|preferred| preferred.agency.clone()),
        },
        pa: order.placed_at,
        dl: order.grab_deadline,
        fe: order.fanned_out,
        ex: order.excluded.clone(),
        claim: claim.cloned().map(ClaimItem::from).unwrap_or_default(),
        staffing: order
            .staffing()
            .cloned()
            .map(StaffingItem::from)
            .unwrap_or_default(),
        rs: rated.map(|rated| rated.stars),
        rn: rated.is_some_and(|rated| !rated.counts),
        xp: order.explanation.clone(),
        tl: order.timeline.iter().cloned().map(Line::from).collect(),
    };
    Key::order(&order.id).item(item)
}

/// The order of an item.
pub(super) fn read(item: impl Into<serde_dynamo::Item>) -> Result<Order, Error> {
    let (key, item): (_, OrderItem) = table::read(item)?;
    let (wishes, preferred) = item.wishes.read();
    let claim = item.claim.claim();
    let staffing = item.staffing.staffing();
    let held = |claim: Option<Claim>| claim.ok_or(Error::wrong("it is claimed, but by nobody"));
    let named =
        |staffing: Option<Staffing>| staffing.ok_or(Error::wrong("it is staffed, but with nobody"));
    let state = match item.st {
        Status::Open => State::Open { deadline: item.dl },
        Status::Claimed => State::Claimed(held(claim)?),
        Status::Staffed => State::Staffed(held(claim)?, named(staffing)?),
        Status::InService => State::InService(held(claim)?, named(staffing)?),
        Status::Completed => State::Completed(held(claim)?, named(staffing)?),
        Status::Rated => {
            let stars = item
                .rs
                .ok_or(Error::wrong("it is rated, but without stars"))?;
            let counts = !item.rn;
            State::Rated(held(claim)?, named(staffing)?, Given { stars, counts })
        }
        Status::Cancelled => State::Cancelled { claim },
        Status::Unfilled => State::Unfilled,
    };
    Ok(Order {
        id: parse_order(&key.pk)?,
        version: item.v,
        customer: item.cu,
        body_hash: item.bh.array()?,
        service: item.sv,
        start_at: item.sa,
        duration_min: item.du,
        area: item.ar,
        budget_fen: item.bu,
        wishes,
        preferred,
        placed_at: item.pa,
        epoch: item.ep,
        grab_deadline: item.dl,
        fanned_out: item.fe,
        excluded: item.ex,
        state,
        explanation: item.xp,
        timeline: item.tl.into_iter().map(TimelineEntry::from).collect(),
    })
}

/// The order of an image in the table's stream; `None` for its other items.
///
/// # Errors
/// When it is an order's item and cannot be read.
pub fn order_image(image: impl Into<serde_dynamo::Item>) -> Result<Option<Order>, Error> {
    let image = image.into();
    let is_order = image.get(table::SK) == Some(&serde_dynamo::AttributeValue::S(ORDER.to_owned()));
    if is_order {
        read(image).map(Some)
    } else {
        Ok(None)
    }
}

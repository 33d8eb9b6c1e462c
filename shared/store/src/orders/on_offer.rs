//! Orders on offer, found by where they are: what people look at, while programs poll their queues.
//!
//! An order is listed by its cell from when it has been offered until its status changes, with what an agency in range
//! may see of it. One that was offered in a wider radius than the market's, because nobody was near, is listed by a
//! larger cell, so that few lists are read for the many that were not.

use std::collections::BTreeSet;

use domain::catalogue::Tag;
use domain::geo::{Area, Cell3, Cell4, Wgs84, cells3_touched_by_disc, cells4_touched_by_disc};
use domain::id::{AgencyId, OrderId};
use domain::market::Market;
use domain::order::{Preferred, SealedPlace};
use domain::service::Service;
use domain::time::Millis;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::Orders;
use super::item::WishesItem;
use super::key::{ON_OFFER, parse_order};
use crate::Error;
use crate::table::{Attributes, read};

/// How many lists are read at the same time.
const LISTS_AT_ONCE: usize = 8;

/// An order on offer, as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnOffer {
    pub order: OrderId,
    pub epoch: u32,
    pub deadline: Millis,
    pub service: Service,
    pub start_at: Millis,
    pub duration_min: u32,
    pub area: Area,
    pub place: SealedPlace,
    pub budget_fen: Option<i64>,
    pub wishes: BTreeSet<Tag>,
    pub preferred: Option<Preferred>,
    /// How far from it, in metres, agencies were offered it.
    pub radius_m: u32,
    pub excluded: BTreeSet<AgencyId>,
}

/// Where an order that was offered within some radius is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listing {
    /// The cell.
    oc: String,
    /// The radius.
    pub(super) ra: u32,
    /// The place, for who has to find out whether a store is in range.
    pl: SealedPlace,
}

/// What the index has.
#[derive(Deserialize)]
struct Listed {
    ep: u32,
    dl: Millis,
    sv: Service,
    sa: Millis,
    du: u32,
    ar: Area,
    pl: SealedPlace,
    #[serde(default)]
    bu: Option<i64>,
    #[serde(flatten)]
    wishes: WishesItem,
    ra: u32,
    #[serde(default)]
    ex: BTreeSet<AgencyId>,
}

impl Listing {
    /// Of an order at this place that is offered within so many metres.
    pub fn new(place: Wgs84, sealed: SealedPlace, radius_m: u32, market: &Market) -> Self {
        let cell = if radius_m <= market.radius_m {
            Cell4::containing(place).into()
        } else {
            Cell3::containing(place).into()
        };
        Self {
            oc: cell,
            ra: radius_m,
            pl: sealed,
        }
    }
}

impl Orders {
    /// The orders on offer around these places, the soonest deadline first: all that were offered so far as there, and
    /// others a little farther. Eventually consistent, as indexes are: a grab may find that another was faster.
    pub async fn on_offer_at(
        &self,
        places: &[Wgs84],
        market: &Market,
        now: Millis,
    ) -> Result<Vec<OnOffer>, Error> {
        let widest_m = market.radii().last().unwrap_or_default();
        let near = places
            .iter()
            .flat_map(|place| cells4_touched_by_disc(*place, market.radius_m));
        let far = places
            .iter()
            .flat_map(|place| cells3_touched_by_disc(*place, widest_m));
        let cells = near.map(String::from).chain(far.map(String::from));
        let cells: BTreeSet<String> = cells.collect();
        let listed = stream::iter(cells)
            .map(|cell| async move {
                let list = self.table.list_by(&ON_OFFER, cell);
                list.and("dl > :now").value(":now", now).all(on_offer).await
            })
            .buffer_unordered(LISTS_AT_ONCE);
        let mut orders: Vec<OnOffer> = listed.try_concat().await?;
        orders.sort_by(|a, b| (a.deadline, &a.order).cmp(&(b.deadline, &b.order)));
        Ok(orders)
    }
}

fn on_offer(item: Attributes) -> Result<OnOffer, Error> {
    let (key, listed): (_, Listed) = read(item)?;
    let (wishes, preferred) = listed.wishes.read();
    Ok(OnOffer {
        order: parse_order(&key.pk)?,
        epoch: listed.ep,
        deadline: listed.dl,
        service: listed.sv,
        start_at: listed.sa,
        duration_min: listed.du,
        area: listed.ar,
        place: listed.pl,
        budget_fen: listed.bu,
        wishes,
        preferred,
        radius_m: listed.ra,
        excluded: listed.ex,
    })
}

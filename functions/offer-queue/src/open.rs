//! What an agency can grab now, for people at several desks: the same at each of them, and reading takes nothing away.

use bus::{FanOut, Offer, OfferTo};
use domain::agency::{Agency, Store};
use domain::geo::nearest_in_range;
use domain::id::AgencyId;
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::json;
use store::OnOffer;

use crate::OfferQueue;
use crate::polling::ShownOffer;

/// The most offers that are listed, of those the soonest to close.
const MOST_LISTED: usize = 100;

impl OfferQueue {
    /// `GET /v1/offers/open`. Places of orders are read here, but what is shown of them is what offers show.
    pub(crate) async fn list_open(
        &self,
        request: &Request,
        agency: &AgencyId,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let (agency, stores) = self.approved_with_stores(agency).await?;
        let places: Vec<_> = stores.iter().filter_map(Store::counts_at).collect();
        let now = self.clock.now();
        let orders = self.orders.on_offer_at(&places, &self.market, now).await?;
        let mut offers = Vec::new();
        for order in orders {
            if offers.len() == MOST_LISTED {
                break;
            }
            offers.extend(self.offered(order, &agency, &stores)?);
        }
        Ok(http::json_if_changed(request, &json!({ "items": offers })))
    }

    /// An order as this agency is offered it; `None` if it is not.
    fn offered(
        &self,
        order: OnOffer,
        agency: &Agency,
        stores: &[Store],
    ) -> Result<Option<ShownOffer>, Problem> {
        if !agency.services.contains(order.service) || order.excluded.contains(&agency.id) {
            return Ok(None);
        }
        let place = self.places.open(&order.order, &order.place)?;
        let stores = stores.iter().filter_map(|store| {
            Some((
                &agency.id,
                store.id.clone(),
                store.counts_for(order.service)?,
            ))
        });
        let nearest = nearest_in_range(place, order.radius_m, stores);
        let Some(nearest) = nearest.get(&agency.id) else {
            return Ok(None);
        };
        let line = OfferTo::new(&agency.id, nearest, &order.area);
        let token = self.tokens.mint(&order.order, order.epoch, &agency.id);
        let order = FanOut {
            order_id: order.order,
            epoch: order.epoch,
            deadline: order.deadline,
            service: order.service,
            start_at: order.start_at,
            duration_min: order.duration_min,
            area: order.area,
            place: None,
            budget_fen: order.budget_fen,
            wishes: order.wishes,
            preferred: order.preferred,
            radius_m: order.radius_m,
            redrives: 0,
        };
        Ok(Some(ShownOffer {
            offer: Offer::open(&order, &line, token),
            receipt: None,
        }))
    }
}

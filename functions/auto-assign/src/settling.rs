//! The end of a grab window: the order is assigned, or ends unfilled.

use bus::{Offer, OfferKind, Stage, Timer};
use domain::agency::nearest_store;
use domain::geo::{Nearest, Wgs84, offer_distance_m};
use domain::id::{AgencyId, StoreId};
use domain::order::{Claim, How, Order, State};
use domain::score::{Choice, Explanation};
use domain::time::Millis;
use store::Settled;

use calls::Error;

use crate::AutoAssign;

/// How often an agency is chosen anew to which something else is assigned meanwhile.
const MOST_CHOICES: u32 = 8;

/// The timeline's words for an order that no agency could be assigned.
const NOBODY: &str = "no agency in range could be assigned";

impl AutoAssign {
    /// Chooses an agency and gives it the order. The explanation is written first, because the claim names it; then
    /// the staffing timer, because no claim may be without one; then the claim; last, the agency is told.
    ///
    /// # Errors
    /// Also when so much is assigned to the best agencies in this moment that no choice stands: the timer comes again.
    pub(crate) async fn settle(&self, timer: &Timer, order: &Order) -> Result<(), Error> {
        for _ in 0..MOST_CHOICES {
            if let Some(settled) = self.choose_once(order).await? {
                return self.settled(timer, order, settled).await;
            }
        }
        Err(Error::Busy { call: "assign" })
    }

    /// `None`: the chosen agency was assigned another order meanwhile.
    async fn choose_once(&self, order: &Order) -> Result<Option<Settled>, Error> {
        let (choices, assignments) = self.choices(order).await?;
        let now = self.clock.now();
        let explanation = Explanation::new(&choices, &self.market);
        let explanation = self.places.seal_explanation(&order.id, &explanation)?;
        let explanation = self
            .orders
            .put_explanation(&order.id, order.epoch, now, &explanation)
            .await?;
        let Some(winner) = choices.last().and_then(Choice::winner) else {
            let unfilled = self
                .orders
                .unfilled(&order.id, order.epoch, now, NOBODY, &explanation);
            return Ok(Some(unfilled.await?));
        };
        let claim = Claim {
            agency: winner.agency.clone(),
            agency_name: winner.name.clone(),
            how: How::Assignment,
            at: now,
            staff_by: self.market.staff_by(now, order.start_at),
        };
        self.set_staffing_timer(order, claim.staff_by).await?;
        let assigned =
            self.orders
                .assign(&order.id, order.epoch, &claim, &explanation, &assignments);
        assigned.await
    }

    async fn settled(&self, timer: &Timer, order: &Order, settled: Settled) -> Result<(), Error> {
        match settled {
            Settled::Now(order) | Settled::Before(order) => {
                tracing::info!(
                    order.id = %order.id,
                    epoch = order.epoch,
                    status = order.status().as_str(),
                    "an order was settled"
                );
                self.announce(&order).await
            }
            // Somebody else was faster: the same timer a second time, or a grab at the very end of the window. This
            // timer still has to see to what such a claim needs.
            Settled::Over(Some(found)) if found.epoch == order.epoch => self.claimed(&found).await,
            Settled::Over(_) => Ok(()),
            Settled::NotDue(found) => self.wait_until(timer, found.grab_deadline).await,
        }
    }

    /// Makes what a claim needs: its staffing timer and, if the platform made the claim, the message to the agency.
    /// Doing so again only tells the agency once more.
    pub(crate) async fn claimed(&self, order: &Order) -> Result<(), Error> {
        let State::Claimed(claim) = &order.state else {
            return Ok(());
        };
        self.set_staffing_timer(order, claim.staff_by).await?;
        match claim.how {
            How::Assignment => self.announce(order).await,
            How::Grab => Ok(()),
        }
    }

    pub(crate) async fn set_staffing_timer(&self, order: &Order, due: Millis) -> Result<(), Error> {
        let timer = Timer {
            order_id: order.id.clone(),
            epoch: order.epoch,
            stage: Stage::Staffing,
            due,
            until: order.start_at,
            looks: 0,
            redrives: 0,
        };
        self.timers.set(&timer, self.clock.now()).await
    }

    /// Where an order is that is not over.
    pub(crate) async fn place(&self, order: &Order) -> Result<Wgs84, Error> {
        let home = self.orders.home(&order.id, self.clock.now()).await?;
        let home = home.ok_or(Error::wrong("an order that is not over has no home"))?;
        self.places.open(&order.id, &home.place)
    }

    /// Tells the agency, in its queue, that it has an order to name a worker for which it does not know of.
    pub(crate) async fn announce(&self, order: &Order) -> Result<(), Error> {
        let Some(claim) = order.claim() else {
            return Ok(());
        };
        let Some((_, stores)) = self.directory.agency_with_stores(&claim.agency).await? else {
            tracing::error!(order.id = %order.id, agency.id = %claim.agency, "an assigned agency does not exist");
            return Ok(());
        };
        // None if its last store for this service was closed or suspended: the claim stays, and it is told all the same.
        let nearest = nearest_store(&stores, &order.area, order.service);
        match self
            .offers
            .send(&claim.agency, &assigned(order, &claim.agency, nearest))
            .await
        {
            Err(bus::Error::NoSuchQueue) => {
                tracing::warn!(
                    order.id = %order.id,
                    agency.id = %claim.agency,
                    "an agency has no queue for its assignment"
                );
                Ok(())
            }
            sent => Ok(sent?),
        }
    }
}

/// The assignment as the agency reads it. It shows no more of the place than an offer; the rest can
/// be read with the claim.
fn assigned(order: &Order, agency: &AgencyId, nearest: Option<Nearest<StoreId>>) -> Offer {
    Offer {
        order_id: order.id.clone(),
        epoch: order.epoch,
        kind: OfferKind::Assigned,
        service: order.service,
        start_at: order.start_at,
        duration_min: order.duration_min,
        distance_m: nearest
            .as_ref()
            .map(|nearest| offer_distance_m(nearest.at, &order.area)),
        area: order.area.clone(),
        store_id: nearest.map(|nearest| nearest.store),
        budget_fen: order.budget_fen,
        wishes: order.wishes.clone(),
        preferred_worker_id: order.preferred_of(agency).cloned(),
        grab_deadline: order.grab_deadline,
        claim_token: None,
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use domain::geo::Area;
    use domain::id::{CustomerId, OrderId, WorkerId};
    use domain::market::Market;
    use domain::order::{Preferred, Visit};
    use domain::service::Service;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_assignment_is_as_the_contract_says_and_has_no_claim_token() {
        let place = Wgs84::from_e7(457_568_000, 1_266_424_000).unwrap();
        let agency = AgencyId::from_bytes(&[1; 16]);
        let visit = Visit {
            service: Service::ElderCare,
            start_at: Millis(86_400_000),
            duration_min: 60,
            area: Area::containing(place),
            budget_fen: None,
            wishes: ["dementia_care".parse().unwrap()].into(),
            preferred: Some(Preferred {
                worker: WorkerId::from_bytes(&[0; 16]),
                agency: agency.clone(),
            }),
        };
        let (id, customer) = (
            OrderId::from_bytes(&[1; 16]),
            CustomerId::from_bytes(&[2; 16]),
        );
        let order =
            Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0)).unwrap();
        let nearest = Nearest {
            store: StoreId::from_bytes(&[1; 8]),
            at: Wgs84::from_e7(457_868_000, 1_266_424_000).unwrap(),
            distance_m: 3_335.8,
        };
        let offer = serde_json::to_value(assigned(&order, &agency, Some(nearest))).unwrap();
        assert_eq!(
            offer,
            json!({
                "order_id": "ord_040g2081040g2081040g208104",
                "epoch": 1,
                "kind": "assigned",
                "service": "elder_care",
                "start_at": "1970-01-02T00:00:00.000Z",
                "duration_min": 60,
                "area": Area::containing(place).as_str(),
                "distance_m": offer["distance_m"],
                "store_id": "sto_040g2081040g2",
                "budget_fen": null,
                "wishes": ["dementia_care"],
                "preferred_worker_id": "wkr_00000000000000000000000000",
                "grab_deadline": "1970-01-01T00:03:00.000Z",
                "claim_token": null,
                "reason": null,
            })
        );
        assert!(offer["distance_m"].as_u64().is_some_and(|m| m % 100 == 0));
        let without = serde_json::to_value(assigned(&order, &agency, None)).unwrap();
        assert_eq!(
            (&without["distance_m"], &without["store_id"]),
            (&json!(null), &json!(null)),
            "the claim stays when its store is closed"
        );
    }
}

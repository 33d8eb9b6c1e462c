//! What each agency in range is offered.

use std::collections::{BTreeMap, BTreeSet};

use bus::{FanOut, Offer, OfferKind, OfferTo};
use domain::geo::{Area, Nearest, offer_distance_m};
use domain::id::{AgencyId, StoreId};

/// One line for each agency in range that is not excluded, with the distance that it may know: from its store to the
/// centre of the order's area, rounded up.
pub(crate) fn lines(
    in_range: &BTreeMap<AgencyId, Nearest<StoreId>>,
    excluded: &BTreeSet<AgencyId>,
    area: &Area,
) -> Vec<OfferTo> {
    in_range
        .iter()
        .filter(|(agency, _)| !excluded.contains(agency))
        .map(|(agency, nearest)| OfferTo {
            agency_id: agency.clone(),
            store_id: nearest.store.clone(),
            distance_m: offer_distance_m(nearest.at, area),
        })
        .collect()
}

/// The offer as the agency reads it. It shows only the area of the order's place.
pub(crate) fn offer(order: &FanOut, line: &OfferTo, claim_token: String) -> Offer {
    Offer {
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
        grab_deadline: order.deadline,
        claim_token: Some(claim_token),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use domain::geo::{Wgs84, nearest_in_range};
    use domain::id::OrderId;
    use domain::service::Service;
    use domain::time::Millis;
    use serde_json::json;

    use super::*;

    fn harbin(north_e7: i32) -> Wgs84 {
        Wgs84::from_e7(457_568_000 + north_e7, 1_266_424_000).unwrap()
    }

    fn order() -> FanOut {
        FanOut {
            order_id: OrderId::from_bytes(&[1; 16]),
            epoch: 2,
            deadline: Millis(180_000),
            service: Service::Cooking,
            start_at: Millis(86_400_000),
            duration_min: 120,
            area: Area::containing(harbin(0)),
            place: None,
            budget_fen: Some(12_000),
            radius_m: 5_000,
            redrives: 0,
        }
    }

    fn agency(n: u8) -> AgencyId {
        AgencyId::from_bytes(&[n; 16])
    }

    #[test]
    fn each_agency_in_range_has_one_line_but_for_those_excluded() {
        let store = |n| StoreId::from_bytes(&[n; 8]);
        let found = nearest_in_range(
            harbin(0),
            5_000,
            [
                (agency(1), store(1), harbin(100_000)),
                (agency(1), store(2), harbin(200_000)),
                (agency(2), store(3), harbin(300_000)),
                (agency(3), store(4), harbin(400_000)),
            ],
        );
        let excluded = BTreeSet::from([agency(2)]);
        let lines = lines(&found, &excluded, &order().area);
        let to: Vec<_> = lines
            .iter()
            .map(|line| (&line.agency_id, &line.store_id))
            .collect();
        assert_eq!(to, [(&agency(1), &store(1)), (&agency(3), &store(4))]);
        assert!(lines.iter().all(|line| line.distance_m % 100 == 0));
    }

    #[test]
    fn the_distance_is_the_same_for_every_order_of_one_area() {
        let area = Area::containing(harbin(0));
        let store = harbin(300_000);
        let distances: BTreeSet<u32> = (-40..40)
            .map(|step| harbin(step * 2_000))
            .filter(|place| Area::containing(*place) == area)
            .map(|place| {
                let found = nearest_in_range(
                    place,
                    5_000,
                    [(agency(1), StoreId::from_bytes(&[1; 8]), store)],
                );
                lines(&found, &BTreeSet::new(), &area)[0].distance_m
            })
            .collect();
        assert_eq!(distances.len(), 1);
    }

    #[test]
    fn an_offer_is_as_the_contract_says_and_has_only_the_area() {
        let line = OfferTo {
            agency_id: agency(1),
            store_id: StoreId::from_bytes(&[1; 8]),
            distance_m: 1_200,
        };
        let offer = offer(&order(), &line, "token".to_owned());
        assert_eq!(
            serde_json::to_value(offer).unwrap(),
            json!({
                "order_id": "ord_040g2081040g2081040g208104",
                "epoch": 2,
                "kind": "open",
                "service": "cooking",
                "start_at": "1970-01-02T00:00:00.000Z",
                "duration_min": 120,
                "area": order().area.as_str(),
                "distance_m": 1200,
                "store_id": "sto_040g2081040g2",
                "budget_fen": 12000,
                "grab_deadline": "1970-01-01T00:03:00.000Z",
                "claim_token": "token",
                "reason": null,
            })
        );
    }
}

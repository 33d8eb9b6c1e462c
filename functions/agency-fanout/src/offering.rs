//! What each agency in range is offered.

use std::collections::{BTreeMap, BTreeSet};

use bus::OfferTo;
use domain::geo::{Area, Nearest};
use domain::id::{AgencyId, StoreId};

/// One line for each agency in range that is not excluded.
pub(crate) fn lines(
    in_range: &BTreeMap<AgencyId, Nearest<StoreId>>,
    excluded: &BTreeSet<AgencyId>,
    area: &Area,
) -> Vec<OfferTo> {
    in_range
        .iter()
        .filter(|(agency, _)| !excluded.contains(agency))
        .map(|(agency, nearest)| OfferTo::new(agency, nearest, area))
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::geo::{Wgs84, nearest_in_range};

    use super::*;

    fn harbin(north_e7: i32) -> Wgs84 {
        Wgs84::from_e7(457_568_000 + north_e7, 1_266_424_000).unwrap()
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
        let lines = lines(&found, &excluded, &Area::containing(harbin(0)));
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
}

//! Which agencies are in range of a place, and by which of their stores.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Wgs84, distance_m};

/// The store by which an agency is in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest<S> {
    pub store: S,
    pub at: Wgs84,
    /// The exact distance to the place in metres: not to be shown to anyone before the claim.
    pub distance_m: f64,
}

/// The agencies with a store at most `radius_m` metres from `place`, each with its nearest store. Of stores equally
/// near, the first by id counts, so that a repeat names the same one.
pub fn nearest_in_range<A: Ord, S: Ord>(
    place: Wgs84,
    radius_m: u32,
    stores: impl IntoIterator<Item = (A, S, Wgs84)>,
) -> BTreeMap<A, Nearest<S>> {
    let mut nearest: BTreeMap<A, Nearest<S>> = BTreeMap::new();
    for (agency, store, at) in stores {
        let distance_m = distance_m(at, place);
        if distance_m > f64::from(radius_m) {
            continue;
        }
        let found = Nearest {
            store,
            at,
            distance_m,
        };
        match nearest.entry(agency) {
            Entry::Vacant(entry) => {
                entry.insert(found);
            }
            Entry::Occupied(mut entry) => {
                let best = entry.get();
                let nearer = found
                    .distance_m
                    .total_cmp(&best.distance_m)
                    .then_with(|| found.store.cmp(&best.store))
                    .is_lt();
                if nearer {
                    entry.insert(found);
                }
            }
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn north_of_harbin(metres: f64) -> Wgs84 {
        let degrees = (metres / crate::geo::EARTH_RADIUS_M).to_degrees();
        Wgs84::from_degrees(45.7568 + degrees, 126.6424).unwrap()
    }

    #[test]
    fn an_agency_is_in_range_by_the_nearest_of_its_stores() {
        let found = nearest_in_range(
            north_of_harbin(0.0),
            5_000,
            [
                ("a", 1, north_of_harbin(4_000.0)),
                ("a", 2, north_of_harbin(-1_000.0)),
                ("a", 3, north_of_harbin(9_000.0)),
                ("b", 4, north_of_harbin(5_001.0)),
                ("c", 6, north_of_harbin(2_000.0)),
                ("c", 5, north_of_harbin(2_000.0)),
            ],
        );
        let by: Vec<_> = found
            .iter()
            .map(|(&agency, near)| (agency, near.store))
            .collect();
        assert_eq!(by, [("a", 2), ("c", 5)]);
        assert!((found["a"].distance_m - 1_000.0).abs() < 0.1);
    }

    #[test]
    fn the_edge_of_the_disc_belongs_to_it() {
        let store = north_of_harbin(5_000.0);
        let place = north_of_harbin(0.0);
        // The first place on the way in that lies within the radius counts; the one before it does not.
        let inside = Wgs84::from_e7(place.lat_e7() + 2, place.lon_e7()).unwrap();
        let outside = Wgs84::from_e7(place.lat_e7() - 2, place.lon_e7()).unwrap();
        assert!(nearest_in_range(inside, 5_000, [("a", 1, store)]).contains_key("a"));
        assert!(nearest_in_range(outside, 5_000, [("a", 1, store)]).is_empty());
    }
}

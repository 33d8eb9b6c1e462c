//! Which agencies are in range of a place, and by which of their stores.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Area, Wgs84, distance_m};

/// How far an agency in range is, and the store that it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest<S> {
    /// The store nearest to the centre of the place's area, so that it is the same for every home there: the one nearest
    /// to the home would say where in the area it is.
    pub store: S,
    pub at: Wgs84,
    /// From the place to whichever store is nearest, in metres: not to be shown to anyone before the claim.
    pub distance_m: f64,
}

/// The agencies with a store at most `radius_m` metres from `place`. Of stores equally near, the first by id is told, so
/// that a repeat names the same one.
pub fn nearest_in_range<A: Ord, S: Ord>(
    place: Wgs84,
    radius_m: u32,
    stores: impl IntoIterator<Item = (A, S, Wgs84)>,
) -> BTreeMap<A, Nearest<S>> {
    let centre = Area::containing(place).centre();
    let mut nearest: BTreeMap<A, Nearest<S>> = BTreeMap::new();
    for (agency, store, at) in stores {
        let found = Nearest {
            store,
            at,
            distance_m: distance_m(at, place),
        };
        match nearest.entry(agency) {
            Entry::Vacant(entry) => {
                entry.insert(found);
            }
            Entry::Occupied(mut entry) => {
                let best = entry.get_mut();
                let least_m = found.distance_m.min(best.distance_m);
                let is_told = distance_m(found.at, centre)
                    .total_cmp(&distance_m(best.at, centre))
                    .then_with(|| found.store.cmp(&best.store))
                    .is_lt();
                if is_told {
                    *best = found;
                }
                best.distance_m = least_m;
            }
        }
    }
    nearest.retain(|_, found| found.distance_m <= f64::from(radius_m));
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
    fn an_agency_is_told_the_same_store_whatever_home_of_the_area_it_is_about() {
        let area = Area::containing(north_of_harbin(0.0));
        let centre = area.centre();
        let at = |north: i32, east: i32| {
            Wgs84::from_e7(centre.lat_e7() + north, centre.lon_e7() + east).unwrap()
        };
        // Some 200 m around the centre, and one a little nearer to it than the others.
        let around = [(20_000, 0), (-20_000, 0), (0, 30_000), (0, -25_000)];
        let stores = || {
            around
                .iter()
                .zip(1..)
                .map(|((n, e), id)| ("a", id, at(*n, *e)))
        };
        for north in (-27_000..=27_000).step_by(9_000) {
            for east in (-54_000..=54_000).step_by(9_000) {
                let home = at(north, east);
                assert_eq!(Area::containing(home), area);
                let found = nearest_in_range(home, 5_000, stores());
                let exact = stores().map(|(_, _, store)| distance_m(store, home));
                assert_eq!(found["a"].distance_m, exact.fold(f64::MAX, f64::min));
                assert_eq!((found["a"].store, found["a"].at), (4, at(0, -25_000)));
            }
        }
        // In range by one store, it is told another that is nearer to the centre, though not to the home.
        let (south, far) = (at(-27_000, 0), at(-80_000, 0));
        let found = nearest_in_range(south, 700, [("a", 1, far), ("a", 2, at(50_000, 0))]);
        assert_eq!(found["a"].store, 2);
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

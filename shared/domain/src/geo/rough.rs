//! A place as roughly as the log of scans keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::{decode, encode};
use super::{Area, NotACell, Wgs84, distance_m};

/// Characters kept of a place that an Internet address was looked up to.
const BY_ADDRESS: usize = 4;
/// Characters kept of an order's place.
const BY_ORDER: usize = 5;

/// How far the person can be from the place of an address, in metres. Vendors of such tables count a place within
/// 50 km as right, and for phones it is often the city where the provider's network ends.
const ADDRESS_ERROR_M: f64 = 50_000.0;
/// Half the diagonal of a cell of 5 characters at the equator, where it is largest.
const CELL5_ERROR_M: f64 = 3_460.0;

/// A geohash of 4 characters (from an Internet address) or 5 (from an order); nothing more exact is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RoughPlace {
    geohash: String,
    centre: Wgs84,
}

impl RoughPlace {
    /// The place of an Internet address, in degrees; `None` for coordinates out of range.
    pub fn of_address(lat: f64, lon: f64) -> Option<Self> {
        let point = Wgs84::from_degrees(lat, lon)?;
        Self::try_from(encode(point.lat(), point.lon(), BY_ADDRESS)).ok()
    }

    /// The neighbourhood of an order.
    pub fn of_order(area: &Area) -> Option<Self> {
        let cell = area.as_str().get(..BY_ORDER)?;
        Self::try_from(cell.to_owned()).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.geohash
    }

    /// The least distance in metres between two people whose rough places are these.
    pub fn least_distance_m(&self, other: &Self) -> f64 {
        let between = distance_m(self.centre, other.centre);
        (between - self.error_m() - other.error_m()).max(0.0)
    }

    fn error_m(&self) -> f64 {
        if self.geohash.len() == BY_ORDER {
            CELL5_ERROR_M
        } else {
            ADDRESS_ERROR_M
        }
    }
}

impl fmt::Display for RoughPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.geohash)
    }
}

impl TryFrom<String> for RoughPlace {
    type Error = NotACell;

    fn try_from(geohash: String) -> Result<Self, NotACell> {
        let characters = if geohash.len() == BY_ORDER {
            BY_ORDER
        } else {
            BY_ADDRESS
        };
        let (lat, lon) = decode(&geohash, characters)?;
        Ok(Self {
            geohash,
            centre: Wgs84::rounded(lat, lon),
        })
    }
}

impl From<RoughPlace> for String {
    fn from(place: RoughPlace) -> Self {
        place.geohash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_as_its_cell() {
        let harbin = RoughPlace::of_address(45.77, 126.627).unwrap();
        assert_eq!(harbin.as_str(), "yb4h");
        let area = Area::containing(Wgs84::from_degrees(45.77, 126.627).unwrap());
        let order = RoughPlace::of_order(&area).unwrap();
        assert_eq!(order.as_str(), "yb4h3");
        for text in ["", "yb4", "yb4h2t", "YB4H", "yb4a"] {
            assert!(RoughPlace::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert_eq!(RoughPlace::of_address(f64::NAN, 0.0), None);
        assert_eq!(RoughPlace::of_address(80.0, 0.0), None);
    }

    #[test]
    fn what_a_place_does_not_tell_counts_for_nearness() {
        let address = |lat, lon| RoughPlace::of_address(lat, lon).unwrap();
        let order = |lat, lon| {
            let area = Area::containing(Wgs84::from_degrees(lat, lon).unwrap());
            RoughPlace::of_order(&area).unwrap()
        };
        let harbin = address(45.77, 126.63);
        // Shenyang is 505 km away.
        let shenyang = address(41.80, 123.43);
        let least = harbin.least_distance_m(&shenyang) / 1000.0;
        assert!((380.0..430.0).contains(&least), "{least}");
        assert_eq!(harbin.least_distance_m(&harbin), 0.0);
        // Two districts of Harbin, 12 km apart.
        let apart = order(45.77, 126.60).least_distance_m(&order(45.77, 126.755)) / 1000.0;
        assert!((3.0..12.0).contains(&apart), "{apart}");
        let next_door = order(45.77, 126.60).least_distance_m(&order(45.77, 126.63));
        assert_eq!(next_door, 0.0);
    }
}

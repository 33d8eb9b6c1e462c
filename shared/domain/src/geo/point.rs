//! A WGS-84 point as it is stored, and the distance between two.

use serde::{Deserialize, Serialize};

use super::{Datum, Location};

/// Mean radius of the Earth in metres (IUGG R1), the sphere on which distances are measured.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Places beyond this latitude, in degrees north or south, are refused.
pub const MAX_LATITUDE: f64 = 75.0;

/// Stored coordinates are whole multiples of 1e-7 degrees: 1 cm.
const PER_DEGREE: f64 = 1e7;
const MAX_LAT_E7: i32 = 750_000_000;
const MAX_LON_E7: i32 = 1_800_000_000;

/// A point in WGS-84, at most 75° from the equator, in units of 1e-7 degrees.
///
/// The antimeridian has one form, -180°. In JSON it is a location whose datum is `wgs84`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "Location", try_from = "Location")]
pub struct Wgs84 {
    lat_e7: i32,
    lon_e7: i32,
}

impl Wgs84 {
    /// From units of 1e-7 degrees; `None` beyond 75° of latitude or 180° of longitude.
    pub fn from_e7(lat_e7: i32, lon_e7: i32) -> Option<Self> {
        let in_range = (-MAX_LAT_E7..=MAX_LAT_E7).contains(&lat_e7)
            && (-MAX_LON_E7..=MAX_LON_E7).contains(&lon_e7);
        in_range.then(|| Self::wrapped(lat_e7, lon_e7))
    }

    /// From degrees, rounded to the nearest 1e-7; `None` for what is not a number, or out of range.
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Self> {
        let in_range =
            (-MAX_LATITUDE..=MAX_LATITUDE).contains(&lat) && (-180.0..=180.0).contains(&lon);
        in_range.then(|| Self::rounded(lat, lon))
    }

    /// Rounds degrees to the nearest unit. The latitude may lie a little beyond 75°, as the centre of an area can.
    pub(super) fn rounded(lat: f64, lon: f64) -> Self {
        Self::wrapped(
            (lat * PER_DEGREE).round() as i32,
            (lon * PER_DEGREE).round() as i32,
        )
    }

    fn wrapped(lat_e7: i32, lon_e7: i32) -> Self {
        let lon_e7 = if lon_e7 == MAX_LON_E7 {
            -MAX_LON_E7
        } else {
            lon_e7
        };
        Self { lat_e7, lon_e7 }
    }

    /// In units of 1e-7 degrees, north positive.
    pub fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// In units of 1e-7 degrees, east positive.
    pub fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// In degrees, north positive.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / PER_DEGREE
    }

    /// In degrees, east positive.
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e7) / PER_DEGREE
    }
}

impl From<Wgs84> for Location {
    fn from(point: Wgs84) -> Self {
        Self {
            lat: point.lat(),
            lon: point.lon(),
            datum: Datum::Wgs84,
        }
    }
}

/// Great-circle distance in metres on a sphere of radius [`EARTH_RADIUS_M`], by the haversine formula,
/// which stays exact for points that are close together. The same in both directions, to the last bit.
pub fn distance_m(a: Wgs84, b: Wgs84) -> f64 {
    central_angle(
        (a.lat().to_radians(), a.lon().to_radians()),
        (b.lat().to_radians(), b.lon().to_radians()),
    ) * EARTH_RADIUS_M
}

/// The angle between two points `(latitude, longitude)`, all in radians.
pub(super) fn central_angle((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f64 {
    let lat = ((lat_b - lat_a) / 2.0).sin();
    let lon = ((lon_b - lon_a) / 2.0).sin();
    let square = lat * lat + lat_a.cos() * lat_b.cos() * (lon * lon);
    // Rounding can lift the square a hair above 1 for antipodes.
    2.0 * square.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> Wgs84 {
        Wgs84::from_degrees(lat, lon).unwrap()
    }

    #[test]
    fn a_degree_along_the_equator_is_a_360th_of_the_sphere() {
        let degree = distance_m(point(0.0, 10.0), point(0.0, 11.0));
        assert!((degree - EARTH_RADIUS_M * std::f64::consts::PI / 180.0).abs() < 1e-6);
    }

    #[test]
    fn distances_cross_the_antimeridian() {
        let across = distance_m(point(60.0, 179.99), point(60.0, -179.99));
        let elsewhere = distance_m(point(60.0, 9.99), point(60.0, 10.01));
        assert!((across - elsewhere).abs() < 1e-3, "{across} {elsewhere}");
        assert_eq!(distance_m(point(1.0, 180.0), point(1.0, -180.0)), 0.0);
    }

    #[test]
    fn the_antimeridian_has_one_form() {
        assert_eq!(point(1.0, 180.0), point(1.0, -180.0));
        assert_eq!(
            Wgs84::from_e7(0, 1_800_000_000),
            Wgs84::from_e7(0, -1_800_000_000)
        );
    }

    #[test]
    fn places_out_of_range_are_refused() {
        assert!(Wgs84::from_degrees(75.0, 180.0).is_some());
        assert!(Wgs84::from_degrees(-75.0, -180.0).is_some());
        for (lat, lon) in [
            (75.000_000_1, 0.0),
            (-90.0, 0.0),
            (0.0, 180.000_000_1),
            (0.0, -181.0),
            (f64::NAN, 0.0),
            (0.0, f64::NAN),
            (f64::INFINITY, 0.0),
            (0.0, f64::NEG_INFINITY),
        ] {
            assert_eq!(Wgs84::from_degrees(lat, lon), None, "{lat} {lon}");
        }
        assert_eq!(Wgs84::from_e7(750_000_001, 0), None);
        assert_eq!(Wgs84::from_e7(0, i32::MIN), None);
    }

    #[test]
    fn json_keeps_every_digit() {
        let harbin = Wgs84::from_e7(457_567_891, 1_266_424_647).unwrap();
        let json = serde_json::to_string(&harbin).unwrap();
        assert_eq!(
            json,
            r#"{"lat":45.7567891,"lon":126.6424647,"datum":"wgs84"}"#
        );
        assert_eq!(serde_json::from_str::<Wgs84>(&json).unwrap(), harbin);
    }
}

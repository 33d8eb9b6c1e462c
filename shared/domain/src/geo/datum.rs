//! What a request says about a place, and its conversion to WGS-84 at the edge.
//!
//! GCJ-02, the datum of Chinese maps and mini-programs, shifts every point in China by some hundred
//! metres (511 m in Harbin). The formulas are those published in many open projects, among them
//! eviltransform, coordtransform and gcoord; the inverse has no closed form and is iterated here
//! until it stands still, where most of those stop after one step and are metres off.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::Wgs84;

/// Semi-major axis of the Krasovsky 1940 ellipsoid, in metres.
const KRASOVSKY_A: f64 = 6_378_245.0;
/// The ellipsoid's first eccentricity, squared.
const KRASOVSKY_EE: f64 = 0.006_693_421_622_965_943;

/// The datum of a location in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// What satellites deliver; everything is stored in it.
    Wgs84,
    /// What Chinese maps show.
    Gcj02,
}

/// A location as a request gives it and an answer shows it. It is stored as [`Wgs84`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// In degrees, north positive.
    pub lat: f64,
    /// In degrees, east positive.
    pub lon: f64,
    pub datum: Datum,
}

/// What is wrong with a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationFault {
    /// Not a number, or beyond 75°.
    #[error("must be a latitude from -75 to 75 degrees")]
    Latitude,
    /// Not a number, or beyond 180°.
    #[error("must be a longitude from -180 to 180 degrees")]
    Longitude,
}

impl LocationFault {
    pub fn field(self) -> &'static str {
        match self {
            Self::Latitude => "lat",
            Self::Longitude => "lon",
        }
    }
}

impl Location {
    /// The place in WGS-84, to within 1 m of what was meant; points outside China are not shifted. Every fault is
    /// named, not just the first.
    pub fn to_wgs84(self) -> Result<Wgs84, Vec<LocationFault>> {
        let (lat, lon) = match self.datum {
            Datum::Wgs84 => (self.lat, self.lon),
            Datum::Gcj02 => gcj02_to_wgs84(self.lat, self.lon),
        };
        Wgs84::from_degrees(lat, lon).ok_or_else(|| self.faults())
    }

    fn faults(self) -> Vec<LocationFault> {
        let latitude = Wgs84::from_degrees(self.lat, 0.0).is_none();
        let longitude = Wgs84::from_degrees(0.0, self.lon).is_none();
        let faults = [
            latitude.then_some(LocationFault::Latitude),
            longitude.then_some(LocationFault::Longitude),
        ];
        faults.into_iter().flatten().collect()
    }
}

impl TryFrom<Location> for Wgs84 {
    type Error = String;

    fn try_from(location: Location) -> Result<Self, String> {
        location.to_wgs84().map_err(|faults| {
            let faults: Vec<_> = faults
                .into_iter()
                .map(|fault| format!("{} {fault}", fault.field()))
                .collect();
            faults.join("; ")
        })
    }
}

/// Whether the published conversion leaves a point, in degrees of either datum, unshifted.
///
/// The test is the rectangle that all published conversions use. It is generous: its edges run through
/// the sea and other countries, and within a kilometre of them the two directions can disagree.
pub fn out_of_china(lat: f64, lon: f64) -> bool {
    !((0.8293..=55.8271).contains(&lat) && (72.004..=137.8347).contains(&lon))
}

/// A WGS-84 point, in degrees, as GCJ-02 shows it.
pub fn wgs84_to_gcj02(lat: f64, lon: f64) -> (f64, f64) {
    if out_of_china(lat, lon) {
        return (lat, lon);
    }
    let (d_lat, d_lon) = shift(lat, lon);
    (lat + d_lat, lon + d_lon)
}

/// The WGS-84 point, in degrees, that GCJ-02 shows at this one.
pub fn gcj02_to_wgs84(lat: f64, lon: f64) -> (f64, f64) {
    if out_of_china(lat, lon) {
        return (lat, lon);
    }
    // Two close points are shifted alike to within half a percent of their distance, so each round
    // gains more than two digits: four take 1.5 km to under 1 µm, two more reach the last bits.
    let (mut wgs_lat, mut wgs_lon) = (lat, lon);
    for _ in 0..6 {
        let (d_lat, d_lon) = shift(wgs_lat, wgs_lon);
        (wgs_lat, wgs_lon) = (lat - d_lat, lon - d_lon);
    }
    (wgs_lat, wgs_lon)
}

/// By how many degrees GCJ-02 shifts a WGS-84 point.
fn shift(lat: f64, lon: f64) -> (f64, f64) {
    let x = lon - 105.0;
    let y = lat - 35.0;
    let wave = |amplitude: f64, turns: f64| amplitude * (turns * PI).sin();

    let along = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let north = wave(20.0, y) + wave(40.0, y / 3.0) + wave(160.0, y / 12.0) + wave(320.0, y / 30.0);
    let east = wave(20.0, x) + wave(40.0, x / 3.0) + wave(150.0, x / 12.0) + wave(300.0, x / 30.0);
    let root = x.abs().sqrt();
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + (along + north) * 2.0 / 3.0;
    let east_m =
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (along + east) * 2.0 / 3.0;

    // Metres to degrees by the ellipsoid's radii of curvature at this latitude.
    let sin = lat.to_radians().sin();
    let w = 1.0 - KRASOVSKY_EE * sin * sin;
    let meridian = KRASOVSKY_A * (1.0 - KRASOVSKY_EE) / (w * w.sqrt());
    let parallel = KRASOVSKY_A / w.sqrt() * lat.to_radians().cos();
    (
        (north_m / meridian).to_degrees(),
        (east_m / parallel).to_degrees(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::distance_m;

    fn gap_m((lat_a, lon_a): Degrees, (lat_b, lon_b): Degrees) -> f64 {
        distance_m(Wgs84::rounded(lat_a, lon_a), Wgs84::rounded(lat_b, lon_b))
    }

    type Degrees = (f64, f64);

    /// WGS-84 and GCJ-02 of the same places, as `(lat, lon)`, from the test data of open projects, and to
    /// within how many metres they should agree.
    const PUBLISHED: [(&str, Degrees, Degrees, f64); 13] = [
        // coordtransform (wandergis), test/app.js; to all digits, since it uses the same ellipsoid.
        (
            "Beijing",
            (39.915, 116.404),
            (39.916_404_281_501_64, 116.410_244_499_169_38),
            0.02,
        ),
        // eviltransform (googollee), go/transform_test.go; its formula has another radius: 1 cm.
        (
            "Shanghai",
            (31.177_427_6, 121.527_210_6),
            (31.175_303_983_645_97, 121.531_541_859_215),
            0.1,
        ),
        (
            "Shenzhen",
            (22.543_847, 113.912_316),
            (22.540_796_131_694_766, 113.917_176_480_836_3),
            0.1,
        ),
        (
            "Beijing west",
            (39.911_954, 116.377_817),
            (39.913_345_455_360_69, 116.384_047_224_556_57),
            0.1,
        ),
        // gcoord (hujiulong), test/fixtures/china-cities.json; seven digits.
        (
            "Shenyang",
            (41.803_262_9, 123.425_330_6),
            (41.805_702_3, 123.431_478_7),
            1.0,
        ),
        (
            "Xilinhot",
            (43.931_280_5, 116.041_403_5),
            (43.933_457_3, 116.048_230_8),
            1.0,
        ),
        (
            "Jiuquan",
            (39.731_994_6, 98.493_717_5),
            (39.732_823_4, 98.494_359_5),
            1.0,
        ),
        (
            "Nagqu",
            (31.478_443_6, 92.049_961_9),
            (31.476_206_3, 92.051_243_8),
            1.0,
        ),
        (
            "Zhengzhou",
            (34.747_800_4, 113.619_285_6),
            (34.746_617_3, 113.625_333_4),
            1.0,
        ),
        (
            "Luzhou",
            (28.874_840_4, 105.438_665_5),
            (28.871_815, 105.442_265_9),
            1.0,
        ),
        (
            "Quanzhou",
            (24.877_048_7, 118.671_136_5),
            (24.874_136_3, 118.675_678_7),
            1.0,
        ),
        (
            "Shantou",
            (23.356_756_9, 116.677_511_4),
            (23.354_096_4, 116.681_973_5),
            1.0,
        ),
        (
            "Qinzhou",
            (21.982_828_1, 108.650_395_2),
            (21.979_939_2, 108.654_148_5),
            1.0,
        ),
    ];

    #[test]
    fn conversions_agree_with_published_ones() {
        for (place, wgs84, gcj02, within_m) in PUBLISHED {
            let there = gap_m(wgs84_to_gcj02(wgs84.0, wgs84.1), gcj02);
            let back = gap_m(gcj02_to_wgs84(gcj02.0, gcj02.1), wgs84);
            assert!(
                there < within_m && back < within_m,
                "{place}: {there} m, {back} m"
            );
        }
    }

    #[test]
    fn the_shift_in_harbin_is_half_a_kilometre() {
        let harbin = (45.756_8, 126.642_4);
        let shift = gap_m(harbin, wgs84_to_gcj02(harbin.0, harbin.1));
        assert!((505.0..520.0).contains(&shift), "{shift}");
    }

    #[test]
    fn points_outside_china_are_not_shifted() {
        for (lat, lon) in [
            (45.0, 137.834_8),
            (45.0, 72.003_9),
            (0.829_2, 110.0),
            (55.827_2, 110.0),
            (-33.86, 151.21),
            (51.5, -0.12),
            (37.77, -122.42),
        ] {
            let location = |datum| Location { lat, lon, datum };
            assert_eq!(
                location(Datum::Gcj02).to_wgs84(),
                location(Datum::Wgs84).to_wgs84()
            );
            assert_eq!(wgs84_to_gcj02(lat, lon), (lat, lon));
        }
        assert!(!out_of_china(0.8293, 72.004) && !out_of_china(55.8271, 137.8347));
    }

    #[test]
    fn every_fault_of_a_location_is_named() {
        for datum in [Datum::Wgs84, Datum::Gcj02] {
            let faults = |lat, lon| Location { lat, lon, datum }.to_wgs84().unwrap_err();
            assert_eq!(faults(75.1, 0.0), [LocationFault::Latitude]);
            assert_eq!(faults(0.0, -180.1), [LocationFault::Longitude]);
            assert_eq!(
                faults(f64::NAN, f64::INFINITY),
                [LocationFault::Latitude, LocationFault::Longitude]
            );
        }
        assert_eq!(LocationFault::Longitude.field(), "lon");
    }

    #[test]
    fn a_location_must_say_its_datum_and_nothing_else() {
        let parse = serde_json::from_str::<Location>;
        assert!(parse(r#"{"lat":45.7,"lon":126.6,"datum":"gcj02"}"#).is_ok());
        assert!(parse(r#"{"lat":45.7,"lon":126.6}"#).is_err());
        assert!(parse(r#"{"lat":45.7,"lon":126.6,"datum":"bd09"}"#).is_err());
        assert!(parse(r#"{"lat":45.7,"lon":126.6,"datum":"wgs84","alt":1}"#).is_err());
    }
}

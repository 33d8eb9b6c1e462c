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
/// Its first eccentricity, squared.
const KRASOVSKY_EE: f64 = 0.006_693_421_622_965_943;

/// The datum of a location in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// What satellites deliver, and what is stored.
    Wgs84,
    /// What Chinese maps show.
    Gcj02,
}

/// A location as a request gives it and an answer shows it. It is stored as [`Wgs84`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Latitude in degrees, north positive.
    pub lat: f64,
    /// Longitude in degrees, east positive.
    pub lon: f64,
    /// What the two are measured in.
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
    /// The field that is at fault.
    pub fn field(self) -> &'static str {
        match self {
            Self::Latitude => "lat",
            Self::Longitude => "lon",
        }
    }
}

impl Location {
    /// The place in WGS-84, to within 1 m of what was meant; points outside China are not shifted.
    ///
    /// # Errors
    /// Every fault there is: a coordinate that is not a finite number, a latitude beyond 75°, a
    /// longitude beyond 180°.
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

/// The WGS-84 point, in degrees, that GCJ-02 shows at the one given.
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

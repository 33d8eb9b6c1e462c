//! How much of a place an offer shows before the order is claimed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::{decode, encode};
use super::{NotACell, Wgs84, distance_m};

const CHARACTERS: usize = 6;

/// No point of an area is further from its centre, in metres: at the equator it is 683.
pub const AREA_REACH_M: u32 = 700;

/// The geohash cell of 6 characters around a place: 0.85 km by 0.61 km at Harbin. An offer shows the order's area,
/// and nothing more exact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Area {
    geohash: String,
    centre: Wgs84,
}

impl Area {
    /// The area in which the point lies.
    pub fn containing(point: Wgs84) -> Self {
        let geohash = encode(point.lat(), point.lon(), CHARACTERS);
        // A geohash that was just encoded can be decoded; if not, the point itself lies in the cell too.
        let (lat, lon) = decode(&geohash, CHARACTERS).unwrap_or((point.lat(), point.lon()));
        Self {
            geohash,
            centre: Wgs84::rounded(lat, lon),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.geohash
    }

    /// For an area that crosses the 75th parallel, this can lie some metres beyond it.
    pub fn centre(&self) -> Wgs84 {
        self.centre
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.geohash)
    }
}

impl TryFrom<String> for Area {
    type Error = NotACell;

    fn try_from(geohash: String) -> Result<Self, NotACell> {
        let (lat, lon) = decode(&geohash, CHARACTERS)?;
        Ok(Self {
            geohash,
            centre: Wgs84::rounded(lat, lon),
        })
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.geohash
    }
}

/// The distance that an offer shows, in metres: from the store to the centre of the order's area, rounded up
/// to 100 m. From exact distances to several stores one could work out the home.
pub fn offer_distance_m(store: Wgs84, area: &Area) -> u32 {
    let hundreds = (distance_m(store, area.centre()) / 100.0).ceil();
    hundreds as u32 * 100
}

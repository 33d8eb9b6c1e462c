//! How much of a place an offer shows before the order is claimed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::{decode, encode};
use super::{NotACell, Wgs84, distance_m};

const CHARACTERS: usize = 6;

/// The geohash cell of 6 characters that holds a place: 0.85 km by 0.61 km at Harbin. An offer shows this
/// and no more of where the order is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Area {
    geohash: String,
    centre: Wgs84,
}

impl Area {
    /// The area that holds the point.
    pub fn of(point: Wgs84) -> Self {
        let geohash = encode(point.lat(), point.lon(), CHARACTERS);
        // What was encoded a line above decodes; the point itself is in the cell in any case.
        let (lat, lon) = decode(&geohash, CHARACTERS).unwrap_or((point.lat(), point.lon()));
        Self {
            geohash,
            centre: Wgs84::rounded(lat, lon),
        }
    }

    /// Its geohash.
    pub fn as_str(&self) -> &str {
        &self.geohash
    }

    /// Its centre. Of an area that holds the 75th parallel, it can lie some metres beyond that.
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
/// to 100 m. Exact distances from several stores would give the home away.
pub fn offer_distance_m(store: Wgs84, area: &Area) -> u32 {
    let hundreds = (distance_m(store, area.centre()) / 100.0).ceil();
    hundreds as u32 * 100
}

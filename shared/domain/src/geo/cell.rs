//! Geohash cells, and those that a disc touches.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use geohash::Coord;
use serde::{Deserialize, Serialize};

use super::Wgs84;
use super::point::{EARTH_RADIUS_M, central_angle};

/// The distance to a cell's edge is computed in floating point, good to about a micrometre at these sizes. A cell
/// this far beyond the disc still counts as touched: one too many is harmless, one too few is not.
const SLACK_M: f64 = 0.01;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a geohash of the length wanted")]
pub struct NotACell;

macro_rules! cell {
    ($(#[$doc:meta])* $name:ident, $grid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The cell in which the point lies. A point on a border belongs to the cell to the north or east.
            pub fn containing(point: Wgs84) -> Self {
                Self(encode(point.lat(), point.lon(), $grid.characters))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotACell;

            fn from_str(text: &str) -> Result<Self, NotACell> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotACell;

            fn try_from(text: String) -> Result<Self, NotACell> {
                decode(&text, $grid.characters)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(cell: $name) -> Self {
                cell.0
            }
        }
    };
}

cell! {
    /// A geohash cell of 5 characters: 3.41 km by 4.89 km at Harbin. Orders are looked up by it.
    Cell5, GRID5
}

cell! {
    /// A geohash cell of 4 characters: 27 km by 20 km at Harbin. Wider radii are looked up by it.
    Cell4, GRID4
}

cell! {
    /// A geohash cell of 3 characters: 109 km by 156 km at Harbin. It lists orders that were offered in a wider radius.
    Cell3, GRID3
}

/// The cells that the disc of `radius_m` metres around `centre` touches: every cell that holds a point
/// within the radius, and none that is more than a centimetre beyond it.
pub fn cells5_touched_by_disc(centre: Wgs84, radius_m: u32) -> BTreeSet<Cell5> {
    touched(&GRID5, centre, radius_m).map(Cell5).collect()
}

/// As [`cells5_touched_by_disc`], in cells of 4 characters.
pub fn cells4_touched_by_disc(centre: Wgs84, radius_m: u32) -> BTreeSet<Cell4> {
    touched(&GRID4, centre, radius_m).map(Cell4).collect()
}

/// As [`cells5_touched_by_disc`], in cells of 3 characters.
pub fn cells3_touched_by_disc(centre: Wgs84, radius_m: u32) -> BTreeSet<Cell3> {
    touched(&GRID3, centre, radius_m).map(Cell3).collect()
}

/// The division of the globe into the cells of one length. Odd bits halve longitude first.
struct Grid {
    characters: usize,
    columns: i32,
    rows: i32,
}

const GRID5: Grid = Grid {
    characters: 5,
    columns: 1 << 13,
    rows: 1 << 12,
};
const GRID4: Grid = Grid {
    characters: 4,
    columns: 1 << 10,
    rows: 1 << 10,
};

const GRID3: Grid = Grid {
    characters: 3,
    columns: 1 << 8,
    rows: 1 << 7,
};

impl Grid {
    /// In degrees of latitude.
    fn height(&self) -> f64 {
        180.0 / f64::from(self.rows)
    }

    /// In degrees of longitude.
    fn width(&self) -> f64 {
        360.0 / f64::from(self.columns)
    }

    /// The row of a latitude in degrees. What lies beyond the outermost rows counts to them.
    fn row(&self, lat: f64) -> i32 {
        (((lat + 90.0) / self.height()).floor() as i32).clamp(0, self.rows - 1)
    }
}

/// The geohashes of all cells of `grid` that the disc touches.
///
/// The candidates are the cells of the disc's bounding box; those whose nearest point lies in the disc are
/// kept. Columns are counted eastward without end, and wrapped only to name the cell, so that the antimeridian
/// is like any other meridian.
fn touched(grid: &Grid, centre: Wgs84, radius_m: u32) -> impl Iterator<Item = String> {
    let reach_m = f64::from(radius_m) + SLACK_M;
    let angle = reach_m / EARTH_RADIUS_M;
    let rows =
        grid.row(centre.lat() - angle.to_degrees())..=grid.row(centre.lat() + angle.to_degrees());
    let columns = columns(grid, centre, angle);
    rows.flat_map(move |row| columns.clone().map(move |column| (row, column)))
        .filter(move |&(row, column)| {
            nearest_angle(grid, row, column, centre) * EARTH_RADIUS_M <= reach_m
        })
        .map(|(row, column)| {
            let lat = (f64::from(row) + 0.5) * grid.height() - 90.0;
            let column = column.rem_euclid(grid.columns);
            let lon = (f64::from(column) + 0.5) * grid.width() - 180.0;
            encode(lat, lon, grid.characters)
        })
}

/// The columns that the bounding box of a disc of the angular radius `angle` (radians) spans.
fn columns(grid: &Grid, centre: Wgs84, angle: f64) -> std::ops::RangeInclusive<i32> {
    // The meridians that touch a disc are this far from its centre (a spherical right triangle);
    // a disc that holds a pole meets all of them.
    let sine = angle.sin() / centre.lat().to_radians().cos();
    if angle >= std::f64::consts::FRAC_PI_2 || sine >= 1.0 {
        return 0..=grid.columns - 1;
    }
    let half = sine.asin().to_degrees();
    let column = |lon: f64| ((lon + 180.0) / grid.width()).floor() as i32;
    let (west, east) = (column(centre.lon() - half), column(centre.lon() + half));
    // A box that goes all the way around must name each column once.
    west..=east.min(west + grid.columns - 1)
}

/// The angle, in radians, between the centre and the nearest point of a cell.
fn nearest_angle(grid: &Grid, row: i32, column: i32, centre: Wgs84) -> f64 {
    let south = (f64::from(row) * grid.height() - 90.0).to_radians();
    let north = (f64::from(row + 1) * grid.height() - 90.0).to_radians();
    let west = (f64::from(column) * grid.width() - 180.0).to_radians();
    let width = grid.width().to_radians();
    let (lat, lon) = (centre.lat().to_radians(), centre.lon().to_radians());

    // How far east of the cell's western edge the centre lies, from 0 to a full turn.
    let eastward = (lon - west).rem_euclid(std::f64::consts::TAU);
    if eastward <= width {
        // Straight above, below or inside: the shortest way to the cell is along the meridian.
        return (lat - lat.clamp(south, north)).abs();
    }
    // On every parallel the point nearest in longitude is the nearest, so it is on the closer of the two
    // meridian edges: where the great circle from the centre meets that meridian at a right angle, or at
    // the end of the edge next to it.
    let aside = (eastward - width).min(std::f64::consts::TAU - eastward);
    let foot = lat.sin().atan2(lat.cos() * aside.cos());
    central_angle((lat, 0.0), (foot.clamp(south, north), aside))
}

/// The geohash of a point in degrees.
pub(super) fn encode(lat: f64, lon: f64, characters: usize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "geohash refuses only coordinates off the globe, and lengths beyond 12"
    )]
    geohash::encode(Coord { x: lon, y: lat }, characters).expect("a point on the globe")
}

/// The centre `(latitude, longitude)` of the cell with this geohash of exactly `characters`, in degrees.
pub(super) fn decode(text: &str, characters: usize) -> Result<(f64, f64), NotACell> {
    // `geohash` also reads upper case, but a cell shall have one name only.
    let lower = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    if text.len() != characters || !lower {
        return Err(NotACell);
    }
    let (centre, _, _) = geohash::decode(text).map_err(|_| NotACell)?;
    Ok((centre.y, centre.x))
}

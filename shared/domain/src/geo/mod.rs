//! Places: points, datums, distances, and the cells that make "all in range" one read.
//!
//! - [`point`]: a WGS-84 point as it is stored, and the distance between two.
//! - [`datum`]: what a request says about a place, and its conversion at the edge.
//! - [`cell`]: geohash cells, and those that a disc touches.
//! - [`nearest`]: which agencies are in range, and by which store.
//! - [`area`]: how much of a place an offer shows before the order is claimed.
//! - [`rough`]: how much of a place the log of scans keeps.
//!
//! The rule that all of this serves: an order at `o` is within a store's radius exactly if
//! [`distance_m`]`(store, o) <= radius`; and whenever it is, the cell of `o` is among the cells that
//! the store's disc touches. So one read of the order's own cell lists every store that can be in
//! range, and the exact distance decides.

pub mod area;
pub mod cell;
pub mod datum;
pub mod nearest;
pub mod point;
pub mod rough;

#[cfg(test)]
mod range_tests;

pub use area::{AREA_REACH_M, Area, offer_distance_m};
pub use cell::{
    Cell3, Cell4, Cell5, NotACell, cells3_touched_by_disc, cells4_touched_by_disc,
    cells5_touched_by_disc,
};
pub use datum::{Datum, Location, LocationFault};
pub use nearest::{Nearest, nearest_in_range};
pub use point::{EARTH_RADIUS_M, MAX_LATITUDE, Wgs84, distance_m};
pub use rough::RoughPlace;

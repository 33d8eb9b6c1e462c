//! Which cells an agency's stores belong in, and which they have to leave.

use std::collections::BTreeSet;

use domain::agency::{Agency, Standing, Store};
use domain::geo::{Cell4, Wgs84, cells5_touched_by_disc};
use domain::id::StoreId;
use store::{Cell, CellStore};

pub type Place = (Cell, StoreId);

/// What the cells should hold for an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    pub held: Vec<(Cell, CellStore)>,
    /// Places where the agency must not be any more.
    pub cleared: BTreeSet<Place>,
}

impl Projection {
    /// For an agency and its stores, with cells for a radius in metres. `seen_at` is where stores were before;
    /// `written` is what an earlier look at the agency has written.
    pub fn new(
        agency: &Agency,
        stores: &[Store],
        radius_m: u32,
        seen_at: &[(StoreId, Wgs84)],
        written: &BTreeSet<Place>,
    ) -> Self {
        let works = agency.standing == Standing::Approved;
        let mut held = Vec::new();
        let mut cleared = written.clone();
        for (store, at) in seen_at {
            cleared.extend(cells(*at, radius_m).map(|cell| (cell, store.clone())));
        }
        for store in stores {
            // Also where it does not count now: cells may be left from when it did.
            if let Some(at) = store.location {
                cleared.extend(cells(at, radius_m).map(|cell| (cell, store.id.clone())));
            }
            let services = store.services_of(agency.services);
            let works = works && !services.is_empty();
            let Some(at) = store.counts_at().filter(|_| works) else {
                continue;
            };
            held.extend(cells(at, radius_m).map(|cell| {
                let in_cell = CellStore {
                    agency: agency.id.clone(),
                    store: store.id.clone(),
                    at,
                    services,
                    radius_m,
                    version: agency.version,
                };
                (cell, in_cell)
            }));
        }
        for (cell, store) in &held {
            cleared.remove(&(cell.clone(), store.store.clone()));
        }
        Self { held, cleared }
    }

    pub fn places(&self) -> BTreeSet<Place> {
        self.held
            .iter()
            .map(|(cell, store)| (cell.clone(), store.store.clone()))
            .collect()
    }
}

/// Every cell in which a store at this place is kept.
fn cells(at: Wgs84, radius_m: u32) -> impl Iterator<Item = Cell> {
    let disc = cells5_touched_by_disc(at, radius_m)
        .into_iter()
        .map(Cell::Disc);
    disc.chain(std::iter::once(Cell::Home(Cell4::containing(at))))
}

#[cfg(test)]
mod tests;

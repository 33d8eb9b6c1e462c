//! Who is in range of a place: the one read on which every order depends.

use std::collections::BTreeMap;

use domain::geo::{
    AREA_REACH_M, Area, Cell5, Nearest, Wgs84, cells4_touched_by_disc, nearest_in_range,
};
use domain::id::{AgencyId, StoreId};
use domain::service::Service;
use futures::{StreamExt, TryStreamExt, stream};

use super::{CellStore, Directory};
use crate::Error;

/// How many home cells are read at the same time.
const CELLS_AT_ONCE: usize = 8;

impl Directory {
    /// The agencies that offer `service` and have a store at most `radius_m` metres from `place`.
    /// `market_radius_m` is the radius that disc cells are built for: up to that the place's own
    /// cell holds all there are, beyond it home cells are read. Which cells are read depends on nothing but the place's
    /// area, and so does which store an agency is told.
    pub async fn in_range(
        &self,
        place: Wgs84,
        service: Service,
        radius_m: u32,
        market_radius_m: u32,
    ) -> Result<BTreeMap<AgencyId, Nearest<StoreId>>, Error> {
        let stores = if radius_m <= market_radius_m {
            self.stores_by_disc(place, radius_m).await?
        } else {
            self.stores_by_home(place, radius_m).await?
        };
        let offering = stores
            .into_iter()
            .filter(|store| store.services.contains(service))
            .map(|store| (store.agency, store.store, store.at));
        Ok(nearest_in_range(place, radius_m, offering))
    }

    async fn stores_by_disc(&self, place: Wgs84, radius_m: u32) -> Result<Vec<CellStore>, Error> {
        let stores = self.stores_in_cell5(&Cell5::containing(place)).await?;
        if stores.iter().all(|store| store.radius_m >= radius_m) {
            return Ok(stores);
        }
        // The market's radius has been raised, and the cells not built anew yet: stores may be missing here.
        tracing::warn!(
            radius_m,
            "cells are built for a smaller radius; reading home cells"
        );
        self.stores_by_home(place, radius_m).await
    }

    async fn stores_by_home(&self, place: Wgs84, radius_m: u32) -> Result<Vec<CellStore>, Error> {
        let centre = Area::containing(place).centre();
        let cells = cells4_touched_by_disc(centre, radius_m.saturating_add(AREA_REACH_M));
        stream::iter(cells)
            .map(|cell| async move { self.stores_in_cell4(&cell).await })
            .buffer_unordered(CELLS_AT_ONCE)
            .try_concat()
            .await
    }
}

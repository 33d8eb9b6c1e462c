//! The stars of workers: what customers gave them, added up.
//!
//! They are beside the worker and not in her chain: who rates her visits would otherwise make her chain grow, and every rating
//! would contend with every change of her record for its head. Each rating stands with its order.

use std::collections::BTreeMap;

use domain::id::WorkerId;
use domain::order::Stars;
use domain::stars::StarTally;
use domain::worker::Worker;
use serde::Deserialize;

use super::item::read_worker;
use super::key::parse_stars;
use super::{WorkerRecords, Workers};
use crate::Error;
use crate::table::{Attributes, Key, Member, Part, read};

#[derive(Deserialize)]
struct StarsItem {
    su: u64,
    co: u64,
}

impl WorkerRecords {
    /// A worker with her stars, read at once.
    pub async fn get_with_stars(
        &self,
        id: &WorkerId,
    ) -> Result<Option<(Worker, StarTally)>, Error> {
        let (mut worker, mut stars) = (None, StarTally::default());
        for item in self
            .table
            .get_all([Key::worker(id), Key::stars(id)])
            .await?
        {
            if Key::worker(id).is_of(&item) {
                worker = Some(read_worker(item)?);
            } else {
                stars = read_stars(item)?.1;
            }
        }
        Ok(worker.map(|worker| (worker, stars)))
    }

    /// Workers' stars. Who has none is left out.
    pub async fn stars(
        &self,
        workers: &[WorkerId],
    ) -> Result<BTreeMap<WorkerId, StarTally>, Error> {
        let items = self.table.get_all(workers.iter().map(Key::stars)).await?;
        items.into_iter().map(read_stars).collect()
    }

    /// Adds a rating to a worker's stars, as part of a transaction. [`Part::Worker`] is refused if her data is erased: nothing
    /// may be left behind then.
    pub(crate) fn add_stars(&self, worker: &WorkerId, stars: Stars) -> [Member; 2] {
        let is_there = "attribute_exists(pk) AND attribute_not_exists(er)";
        let check = self.table.check(Key::worker(worker), is_there);
        let add = self
            .table
            .update(Key::stars(worker), "ADD su :stars, co :one");
        let add = add.value(":stars", stars.count()).value(":one", 1);
        [check.named(Part::Worker), add.named(Part::Stars)]
    }
}

impl Workers {
    /// Her stars go with her data.
    pub fn forget_stars(&self, worker: &WorkerId) -> Member {
        self.workers.delete(Key::stars(worker)).named(Part::Stars)
    }
}

fn read_stars(item: Attributes) -> Result<(WorkerId, StarTally), Error> {
    let (key, StarsItem { su, co }) = read(item)?;
    let worker = parse_stars(&key).ok_or(Error::wrong("its key is not that of stars"))?;
    Ok((worker, StarTally { sum: su, count: co }))
}

//! The calendars of the table `workers`: the visits that each worker is named for.
//!
//! A calendar is written in the transaction that names her for an order, on its version, and never otherwise.

use std::collections::BTreeMap;

use domain::calendar::{Calendar, CalendarEntry};
use domain::id::{OrderId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use super::Workers;
use super::key::parse_calendar;
use crate::Error;
use crate::table::{self, Attributes, Item, Key, Member, Part, Table};

/// The calendars of the table `workers`.
#[derive(Clone, Debug)]
pub struct Calendars {
    table: Table<Workers>,
}

#[derive(Serialize, Deserialize)]
struct CalendarItem {
    v: u64,
    en: Vec<EntryItem>,
}

#[derive(Serialize, Deserialize)]
struct EntryItem {
    o: OrderId,
    e: u32,
    f: Millis,
    t: Millis,
}

impl Calendars {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "WORKERS_TABLE"),
        }
    }

    /// A worker's calendar; empty if there is none.
    pub async fn get(&self, worker: &WorkerId) -> Result<Calendar, Error> {
        let found = self.table.get(Key::calendar(worker)).await?;
        let found = found.map(read).transpose()?;
        Ok(found.map(|(_, calendar)| calendar).unwrap_or_default())
    }

    /// Workers' calendars. Who has none is left out.
    pub async fn get_all(
        &self,
        workers: &[WorkerId],
    ) -> Result<BTreeMap<WorkerId, Calendar>, Error> {
        let keys = workers.iter().map(Key::calendar);
        let items = self.table.get_all(keys).await?;
        items.into_iter().map(read).collect()
    }

    /// Writes a calendar's next version as part of a transaction, if the one before still stands.
    pub fn keep(&self, worker: &WorkerId, calendar: &Calendar) -> Member {
        let put = self.table.put(write(worker, calendar));
        let before = calendar.version.saturating_sub(1);
        put.on_version(before).named(Part::Calendar)
    }
}

fn write(worker: &WorkerId, calendar: &Calendar) -> Item<Workers> {
    let entries = calendar.entries.iter().map(|entry| EntryItem {
        o: entry.order.clone(),
        e: entry.epoch,
        f: entry.from,
        t: entry.to,
    });
    Key::calendar(worker).item(CalendarItem {
        v: calendar.version,
        en: entries.collect(),
    })
}

fn read(item: Attributes) -> Result<(WorkerId, Calendar), Error> {
    let (key, item): (_, CalendarItem) = table::read(item)?;
    let worker = parse_calendar(&key);
    let worker = worker.ok_or(Error::wrong("its key is not a calendar's"))?;
    let entries = item.en.into_iter().map(|entry| CalendarEntry {
        order: entry.o,
        epoch: entry.e,
        from: entry.f,
        to: entry.t,
    });
    let calendar = Calendar {
        version: item.v,
        entries: entries.collect(),
    };
    Ok((worker, calendar))
}

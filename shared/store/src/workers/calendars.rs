//! The calendars of the table `workers`: the visits that each worker is named for, and when she can work.
//!
//! A calendar is written on its version: in the transaction that names her for an order, and when it is said when she can
//! work. So whoever names her has seen her leave, and whoever enters leave her visits.

use std::collections::BTreeMap;

use domain::availability::{Availability, Leave, Span};
use domain::calendar::{Calendar, CalendarEntry, Diary, holds};
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::time::Millis;
use domain::worker::Worker;
use serde::{Deserialize, Serialize};
use settings::Settings;

use super::key::parse_calendar;
use super::{WorkerRecords, Workers};
use crate::table::{
    self, Attributes, Committed, Item, Key, Member, Part, Rivals, TRANSACT, Table, Tries, commit,
};
use crate::{Error, Orders};

/// How many calendars are read at once: the largest that there are fit into one answer.
const AT_ONCE: usize = 50;

/// The calendars of the table `workers`.
#[derive(Clone, Debug)]
pub struct Calendars {
    table: Table<Workers>,
}

#[derive(Serialize, Deserialize)]
struct CalendarItem {
    v: u64,
    en: Vec<EntryItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    av: Option<AvailabilityItem>,
}

/// When she can work: `v` version, `ag` whose hours and leave these are, `hr` weekly hours, `lv` leave, `ol` her own.
#[derive(Serialize, Deserialize)]
struct AvailabilityItem {
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ag: Option<AgencyId>,
    hr: Vec<Span>,
    lv: Vec<Leave>,
    ol: Vec<Leave>,
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

    /// The diaries of workers of this agency, with the visits that stand and overlap this time. Who has no calendar is left
    /// out: she has no visits, and can always work.
    pub async fn diaries(
        &self,
        orders: &Orders,
        workers: &[WorkerId],
        agency: &AgencyId,
        (from, until): (Millis, Millis),
    ) -> Result<BTreeMap<WorkerId, Diary>, Error> {
        let mut diaries = BTreeMap::new();
        for some in workers.chunks(AT_ONCE) {
            let calendars = self.get_all(some).await?;
            let around = |calendar: &Calendar| {
                let mut entries = calendar.entries.clone();
                entries.retain(|entry| entry.from < until && from < entry.to);
                entries
            };
            let entries = calendars.values().flat_map(around);
            let ids: Vec<OrderId> = entries.map(|entry| entry.order).collect();
            let found = orders.get_many(&ids).await?;
            for (worker, calendar) in calendars {
                let entries = around(&calendar).into_iter();
                let visits = entries.filter_map(|entry| {
                    let order = found.iter().find(|order| order.id == entry.order);
                    order.filter(|order| holds(&entry, Some(*order), &worker, agency))
                });
                let mut visits: Vec<_> = visits.cloned().collect();
                visits.sort_by_key(|visit| visit.start_at);
                diaries.insert(worker, Diary { calendar, visits });
            }
        }
        Ok(diaries)
    }

    /// Says when a worker can work, as `decide` has it for her as she is and what was said before. Nothing is written if that
    /// is the same. `deed` is the line of the audit trail for the calendar's next version. The inner error is the decision's.
    pub async fn set_availability<R>(
        &self,
        id: &WorkerId,
        mut decide: impl FnMut(Option<&Worker>, &Availability) -> Result<Availability, R>,
        deed: impl Fn(u64) -> Option<Member>,
    ) -> Result<Result<Calendar, R>, Error> {
        let records = WorkerRecords {
            table: self.table.clone(),
        };
        let mut tries = Tries::new(TRANSACT, Rivals::Many, id.as_str());
        loop {
            tries.next().await?;
            let (worker, before) = (records.get(id).await?, self.get(id).await?);
            let mut wanted = match decide(worker.as_ref(), &before.availability) {
                Ok(wanted) => wanted,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let Some(worker) = worker.filter(|_| wanted != before.availability) else {
                return Ok(Ok(before));
            };
            wanted.version = before.availability.version + 1;
            let after = before.available(wanted);
            let members = [self.keep(id, &after), records.unchanged(&worker)];
            let members = members.into_iter().chain(deed(after.version));
            if let Committed::Done = commit(members).await? {
                return Ok(Ok(after));
            }
        }
    }

    /// Forgets when a worker could work, since her data is erased. The visits stay until they are taken from her.
    pub async fn forget_availability(&self, id: &WorkerId) -> Result<(), Error> {
        let update = "SET v = v + :one REMOVE av";
        let update = self.table.update(Key::calendar(id), update);
        let update = update.when("attribute_exists(av)").value(":one", 1);
        update.send().await.map(|_| ())
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
    let availability = &calendar.availability;
    let availability = (*availability != Availability::default()).then(|| AvailabilityItem {
        v: availability.version,
        ag: availability.agency.clone(),
        hr: availability.hours.clone(),
        lv: availability.leave.clone(),
        ol: availability.own_leave.clone(),
    });
    Key::calendar(worker).item(CalendarItem {
        v: calendar.version,
        en: entries.collect(),
        av: availability,
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
        availability: item
            .av
            .map(|said| Availability {
                version: said.v,
                agency: said.ag,
                hours: said.hr,
                leave: said.lv,
                own_leave: said.ol,
            })
            .unwrap_or_default(),
    };
    Ok((worker, calendar))
}

//! The calendars of the table `workers`: the visits that each worker is named for.
//!
//! A calendar is written in the transaction that names her for an order, on its version, and never otherwise.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::calendar::{Calendar, CalendarEntry};
use domain::id::{OrderId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::key::{self, Attributes, Key};
use crate::transaction::{self, Also};
use crate::{Error, batch};

/// The calendars of the table `workers`.
#[derive(Clone, Debug)]
pub struct Calendars {
    client: Client,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct CalendarItem {
    pk: String,
    sk: String,
    v: u64,
    en: Vec<EntryItem>,
}

/// A visit.
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
            client: settings.client(Client::new),
            table: settings.text("WORKERS_TABLE"),
        }
    }

    /// A worker's calendar, consistently read; empty if there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, worker: &WorkerId) -> Result<Calendar, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::calendar(worker).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        let found = answer.item.map(read).transpose()?;
        Ok(found.map(|(_, calendar)| calendar).unwrap_or_default())
    }

    /// Workers' calendars, consistently read. Who has none is left out.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn get_all(
        &self,
        workers: &[WorkerId],
    ) -> Result<BTreeMap<WorkerId, Calendar>, Error> {
        let keys = workers
            .iter()
            .map(|worker| (self.table.as_str(), Key::calendar(worker)));
        let items = batch::get(&self.client, keys).await?;
        items.into_iter().map(read).collect()
    }

    /// Writes a calendar's next version as part of a transaction, if the one before still stands.
    ///
    /// # Errors
    /// None that a calendar can cause; building is fallible by its signature.
    pub fn also_keep(&self, worker: &WorkerId, calendar: &Calendar) -> Result<Also, Error> {
        let item = write(worker, calendar)?;
        let before = calendar.version.saturating_sub(1);
        if before == 0 {
            return transaction::put_new(&self.table, item).map(Also);
        }
        let version = AttributeValue::N(before.to_string());
        let condition = ("v = :v", vec![(":v", version)]);
        transaction::put(&self.table, item, Some(condition)).map(Also)
    }
}

fn write(worker: &WorkerId, calendar: &Calendar) -> Result<Attributes, Error> {
    let key = Key::calendar(worker);
    let entries = calendar.entries.iter().map(|entry| EntryItem {
        o: entry.order.clone(),
        e: entry.epoch,
        f: entry.from,
        t: entry.to,
    });
    Ok(serde_dynamo::to_item(CalendarItem {
        pk: key.pk,
        sk: key.sk,
        v: calendar.version,
        en: entries.collect(),
    })?)
}

fn read(item: Attributes) -> Result<(WorkerId, Calendar), Error> {
    let item: CalendarItem = serde_dynamo::from_item(item)?;
    let worker = key::parse_calendar(&item.pk);
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

//! The log of scans, in the table `badges`: kept for 90 days, and gone then by themselves.

use std::time::Duration;

use domain::geo::RoughPlace;
use domain::id::{BadgeId, OrderId, WorkerId};
use domain::scan::{KEPT, Scan, ScanResult, ScannedBy};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use super::Badges;
use super::key::scans_from;
use crate::Error;
use crate::table::{Key, Partition, Table, read};

/// The log of scans.
#[derive(Clone, Debug)]
pub struct Scans {
    table: Table<Badges>,
}

#[derive(Serialize, Deserialize)]
struct ScanItem {
    at: Millis,
    bg: BadgeId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wk: Option<WorkerId>,
    by: ScannedBy,
    wh: String,
    re: ScanResult,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    or: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pl: Option<RoughPlace>,
    /// Seconds since 1970.
    ttl: i64,
}

impl Scans {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "BADGES_TABLE"),
        }
    }

    /// Writes down a scan. The same one written twice is one: it is named by its badge, its moment and its
    /// scanner.
    pub async fn add(&self, scan: &Scan) -> Result<(), Error> {
        let key = Key::scan(&scan.badge_id, scan.at, &scan.who);
        let item = ScanItem {
            at: scan.at,
            bg: scan.badge_id.clone(),
            wk: scan.worker_id.clone(),
            by: scan.by,
            wh: scan.who.clone(),
            re: scan.result,
            or: scan.order_id.clone(),
            pl: scan.place.clone(),
            ttl: (scan.at + KEPT).second(),
        };
        self.table.put(key.item(item)).send().await.map(|_| ())
    }

    /// The scans of a badge within `range` before and after `at` of which it is known where they were, all of them,
    /// consistently read, in the order of time.
    pub async fn placed_around(
        &self,
        badge: &BadgeId,
        at: Millis,
        range: Duration,
    ) -> Result<Vec<Scan>, Error> {
        // `~` stands behind every scan of the last moment.
        let (from, to) = (scans_from(at - range), scans_from(at + range) + "~");
        let list = self.table.list(Partition::scans(badge)).between(&from, &to);
        let list = list.filter("attribute_exists(pl)");
        list.all(|item| Ok(scan(read(item)?.1))).await
    }
}

fn scan(item: ScanItem) -> Scan {
    Scan {
        badge_id: item.bg,
        worker_id: item.wk,
        at: item.at,
        by: item.by,
        who: item.wh,
        result: item.re,
        order_id: item.or,
        place: item.pl,
    }
}

//! The log of scans, in the table `badges`: kept for 90 days, and gone then by themselves.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::geo::RoughPlace;
use domain::id::{BadgeId, OrderId, WorkerId};
use domain::scan::{KEPT, Scan, ScanResult, ScannedBy};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::Error;
use crate::key::{self, Key};

/// The log of scans.
#[derive(Clone, Debug)]
pub struct Scans {
    client: Client,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct ScanItem {
    pk: String,
    sk: String,
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
            client: settings.client(Client::new),
            table: settings.text("BADGES_TABLE"),
        }
    }

    /// Writes down a scan. The same one written twice is one: it is named by its badge, its moment and its
    /// scanner.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn add(&self, scan: &Scan) -> Result<(), Error> {
        let key = Key::scan(&scan.badge_id, scan.at, &scan.who);
        let item = ScanItem {
            pk: key.pk,
            sk: key.sk,
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
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| Error::call("PutItem", error))
    }

    /// The scans of a badge within `range` before and after `at` of which it is known where they were, all of them,
    /// consistently read, in the order of time.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn placed_around(
        &self,
        badge: &BadgeId,
        at: Millis,
        range: Duration,
    ) -> Result<Vec<Scan>, Error> {
        let text = AttributeValue::S;
        let mut scans = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .filter_expression("attribute_exists(pl)")
                .expression_attribute_values(":pk", text(key::scans_pk(badge)))
                .expression_attribute_values(":from", text(key::scans_from(at - range)))
                // Behind every scan of the last moment.
                .expression_attribute_values(":to", text(key::scans_from(at + range) + "~"))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                scans.push(read(serde_dynamo::from_item(item)?));
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(scans);
            }
        }
    }
}

fn read(item: ScanItem) -> Scan {
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

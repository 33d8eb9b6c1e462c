//! Orders by customer and by agency.

use domain::id::{AgencyId, CustomerId, OrderId, WorkerId};
use domain::order::{Status, VisitLost};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Orders;
use super::key::{BY_AGENCY, BY_CUSTOMER, BY_WORKER, parse_order};
use crate::table::{Attributes, ItemKey, Key, read};
use crate::{Error, Page};

/// The attributes by which the index finds a worker's orders, and why she does not make this one. An order itself has no `yl`.
#[derive(Serialize, Deserialize)]
struct VisitItem {
    wo: WorkerId,
    sa: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    yl: Option<VisitLost>,
}

impl Orders {
    /// A customer's orders, the newest first.
    pub async fn by_customer(
        &self,
        customer: &CustomerId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        let list = self.table.list_by(&BY_CUSTOMER, customer).backward();
        list.page(limit, cursor, id).await
    }

    /// The orders that an agency has a claim on, the latest claim first.
    pub async fn by_agency(
        &self,
        agency: &AgencyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        let list = self.table.list_by(&BY_AGENCY, agency).backward();
        list.page(limit, cursor, id).await
    }

    /// The orders that a worker was ever named for, the latest visit first, with why she does not make it. One for which she
    /// is named again comes twice, and that she lost it first counts for nothing.
    pub async fn by_worker(
        &self,
        worker: &WorkerId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<(OrderId, Option<VisitLost>)>, Error> {
        let list = self.table.list_by(&BY_WORKER, worker).backward();
        list.page(limit, cursor, |item| {
            let (key, item): (_, VisitItem) = read(item)?;
            Ok((parse_order(&key.pk)?, item.yl))
        })
        .await
    }

    /// Keeps an order in the list of a worker who is not named for it any more. Doing so again is harmless.
    pub async fn keep_lost_visit(
        &self,
        order: &OrderId,
        worker: &WorkerId,
        start_at: Millis,
        why: VisitLost,
    ) -> Result<(), Error> {
        let item = Key::lost_visit(order, worker).item(VisitItem {
            wo: worker.clone(),
            sa: start_at,
            yl: Some(why),
        });
        self.table.put(item).send().await.map(|_| ())
    }

    /// The claims that an agency has got since then and whose orders have this status. Eventually consistent, as
    /// indexes are.
    pub async fn claims(
        &self,
        agency: &AgencyId,
        status: Status,
        since: Millis,
    ) -> Result<Vec<OrderId>, Error> {
        let list = self.table.list_by(&BY_AGENCY, agency);
        list.and("ct >= :since")
            .value(":since", since)
            .filter("st = :status")
            .value(":status", status)
            .all(id)
            .await
    }
}

fn id(item: Attributes) -> Result<OrderId, Error> {
    parse_order(&ItemKey::of(&item)?.pk)
}

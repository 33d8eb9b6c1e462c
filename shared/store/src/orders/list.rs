//! Orders by customer and by agency.

use domain::geo::Area;
use domain::id::{AgencyId, CustomerId, OrderId, WorkerId};
use domain::order::{ClaimEnd, ListedClaim, Status, VisitLost};
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

/// What an agency's index has of an order that it has claimed, and what is kept of one that it has lost: that has no `st`.
#[derive(Serialize, Deserialize)]
struct ClaimEntry {
    ca: AgencyId,
    ct: Millis,
    #[serde(default, skip_serializing)]
    st: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sa: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ar: Option<Area>,
    #[serde(default, skip_serializing)]
    wo: Option<WorkerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ce: Option<ClaimEnd>,
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

    /// The orders that an agency has or had a claim on, the latest first, claimed or lost `within` a time: of the next `look`
    /// those that `keep` keeps, a page of them. It is told of all of them; the second answer says whether they were all there
    /// are.
    pub async fn by_agency(
        &self,
        agency: &AgencyId,
        within: Option<(Millis, Millis)>,
        look: u32,
        limit: u32,
        cursor: Option<&str>,
        mut keep: impl FnMut(&ListedClaim) -> bool,
    ) -> Result<(Page<ListedClaim>, bool), Error> {
        let mut list = self.table.list_by(&BY_AGENCY, agency).backward();
        if let Some((from, to)) = within {
            list = list.and("ct BETWEEN :from AND :to");
            list = list.value(":from", from).value(":to", to);
        }
        list.page_out_of(look, limit, cursor, |item| {
            let claim = listed(item)?;
            Ok(keep(&claim).then_some(claim))
        })
        .await
    }

    /// Keeps an order in the list of an agency that has lost its claim. Doing so again is harmless.
    pub async fn keep_lost(&self, agency: &AgencyId, lost: &ListedClaim) -> Result<(), Error> {
        let item = Key::lost(&lost.order, agency).item(ClaimEntry {
            ca: agency.clone(),
            ct: lost.at,
            st: None,
            sa: lost.start_at,
            ar: lost.area.clone(),
            wo: None,
            ce: lost.end,
        });
        self.table.put(item).send().await.map(|_| ())
    }

    /// How an agency lost its claim of an order, if it did.
    pub async fn lost(
        &self,
        order: &OrderId,
        agency: &AgencyId,
    ) -> Result<Option<ListedClaim>, Error> {
        let found = self.table.get(Key::lost(order, agency)).await?;
        found.map(listed).transpose()
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

fn listed(item: Attributes) -> Result<ListedClaim, Error> {
    let (key, entry): (_, ClaimEntry) = read(item)?;
    Ok(ListedClaim {
        order: parse_order(&key.pk)?,
        at: entry.ct,
        status: entry.st,
        start_at: entry.sa,
        area: entry.ar,
        worker: entry.wo,
        end: entry.ce,
    })
}

fn id(item: Attributes) -> Result<OrderId, Error> {
    parse_order(&ItemKey::of(&item)?.pk)
}

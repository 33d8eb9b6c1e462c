//! Lists of orders: a customer's own, and those that an agency has or had a claim on.

use std::collections::BTreeMap;

use domain::agency::{Standing, Store, nearest_store};
use domain::id::{AgencyId, CustomerId, OrderId, WorkerId};
use domain::member::Right;
use domain::order::{ListedClaim, ListedOrder, NamedWorker, Order, Tab, TabCounts, Viewer, Wanted};
use domain::time::Millis;
use runtime::http::{self, Query, Request, Response};
use runtime::{Caller, Principal, Problem};
use serde::Serialize;

use crate::Visits;

/// Of an agency's list that is filtered or counted, so many claims are looked at for a page.
const LOOKED_AT: u32 = 1_000;

#[derive(Serialize)]
struct OrderList {
    items: Vec<ListedOrder>,
    next_cursor: Option<String>,
    /// `None` unless they are asked for.
    counts: Option<TabCounts>,
}

impl Visits {
    pub(crate) async fn list(
        &self,
        request: &Request,
        principal: &Principal,
        now: Millis,
    ) -> Result<Response, Problem> {
        let list = match principal.may(Right::Read)? {
            Caller::Customer(customer) => self.own_orders(request, customer, now).await?,
            Caller::Agency(by) => self.claimed_orders(request, &by.team, now).await?,
            Caller::Authority(_) | Caller::Worker(_) => return Err(Problem::forbidden()),
        };
        Ok(http::json_if_changed(request, &list))
    }

    async fn own_orders(
        &self,
        request: &Request,
        customer: &CustomerId,
        now: Millis,
    ) -> Result<OrderList, Problem> {
        let query = http::query(request, &["limit", "cursor", "status", "day"])?;
        let wanted = wanted(&query)?;
        let (limit, cursor) = (query.limit()?, query.cursor());
        let page = self.orders.by_customer(customer, limit, cursor).await?;
        let orders = self.orders.get_many(&page.items).await?;
        let orders = orders
            .iter()
            .filter(|order| order.customer == *customer && wanted.fits_order(order));
        let items = orders.map(|order| ListedOrder {
            summary: order.summary(&Viewer::Customer, now),
            store_id: None,
            worker: None,
        });
        Ok(OrderList {
            items: items.collect(),
            next_cursor: page.next,
            counts: None,
        })
    }

    async fn claimed_orders(
        &self,
        request: &Request,
        agency: &AgencyId,
        now: Millis,
    ) -> Result<OrderList, Problem> {
        let known = [
            "limit",
            "cursor",
            "status",
            "day",
            "store_id",
            "worker_id",
            "counts",
        ];
        let query = http::query(request, &known)?;
        let wanted = wanted(&query)?;
        let is_counted = match query.text("counts") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Problem::malformed().detail("counts must be true or false.")),
        };
        let (limit, cursor) = (query.limit()?, query.cursor());

        let found = self.directory.agency_with_stores(agency).await?;
        let (standing, stores) = found
            .map(|(agency, stores)| (agency.standing, stores))
            .unwrap_or((Standing::Pending, Vec::new()));
        let look = if is_counted || !wanted.is_everything() {
            LOOKED_AT
        } else {
            limit
        };
        let (within, mut counts) = (wanted.claimed_within(), TabCounts::default());
        let keep = |claim: &ListedClaim| {
            let fits = wanted.fits(claim, &stores);
            if fits {
                counts.add(claim.tab());
            }
            fits && wanted.fits_tab(claim.tab())
        };
        let page = self
            .orders
            .by_agency(agency, within, look, limit, cursor, keep);
        let (page, is_all) = page.await?;
        counts.exact = is_all && wanted.is_exact(&stores);
        let ids: Vec<OrderId> = page.items.iter().map(|claim| claim.order.clone()).collect();
        let orders = self.orders.get_many(&ids).await?;
        let names = match standing {
            Standing::Approved => self.names(agency, &orders).await?,
            _ => BTreeMap::new(),
        };
        let items = page.items.iter().filter_map(|claim| {
            let order = orders.iter().find(|order| order.id == claim.order)?;
            // The index may lag behind: what is not the agency's any more, or not what is wanted, is left out.
            let viewer = order.viewer(agency)?;
            let is_wanted = (claim.tab() == Tab::Lost || wanted.fits_tab(Tab::Has(order.status())))
                && wanted.is_of_store(&stores, &order.area, order.service);
            is_wanted.then(|| listed(order, claim, &viewer, &stores, &names, now))
        });
        Ok(OrderList {
            items: items.collect(),
            next_cursor: page.next,
            counts: is_counted.then_some(counts),
        })
    }

    /// The full names of the workers named for these orders who work for the agency.
    async fn names(
        &self,
        agency: &AgencyId,
        orders: &[Order],
    ) -> Result<BTreeMap<WorkerId, String>, Problem> {
        let named = orders.iter().filter_map(|order| {
            order.claim().filter(|claim| claim.agency == *agency)?;
            Some(order.staffing()?.worker.clone())
        });
        let mut named: Vec<WorkerId> = named.collect();
        named.sort_unstable();
        named.dedup();
        let workers = self.workers.records().get_all(&named).await?;
        let hers = |id: &WorkerId| {
            let worker = workers.iter().find(|worker| worker.id == *id);
            worker.is_some_and(|worker| worker.agency == *agency && !worker.is_erased)
        };
        named.retain(hers);
        let profiles = self.workers.profiles(&named).await?.into_iter();
        Ok(profiles.map(|(id, profile)| (id, profile.name)).collect())
    }
}

fn wanted(query: &Query) -> Result<Wanted, Problem> {
    Ok(Wanted {
        tab: query.parsed("status")?,
        day: query.parsed("day")?,
        store: query.parsed("store_id")?,
        worker: query.parsed("worker_id")?,
    })
}

/// An order in an agency's list.
fn listed(
    order: &Order,
    claim: &ListedClaim,
    viewer: &Viewer,
    stores: &[Store],
    names: &BTreeMap<WorkerId, String>,
    now: Millis,
) -> ListedOrder {
    let mut summary = order.summary(viewer, now);
    summary.ended = summary.ended.or_else(|| claim.ended());
    let is_holder = matches!(viewer, Viewer::Claimant(_));
    let staffing = order.staffing().filter(|_| is_holder);
    let worker = staffing.and_then(|staffing| {
        let name = names.get(&staffing.worker)?.clone();
        let worker_id = staffing.worker.clone();
        Some(NamedWorker { worker_id, name })
    });
    ListedOrder {
        summary,
        store_id: nearest_store(stores, &order.area, order.service).map(|nearest| nearest.store),
        worker,
    }
}

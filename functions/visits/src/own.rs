//! A worker's own visits: those to come, those that were, and those that she was named for and did not make.
//!
//! Where the home is and who lives there she reads while she is named and the visit is not over, as long as her agency may
//! read it too. Afterwards she reads what the customer said of the visit, and nothing that says who it was.

use std::collections::BTreeSet;

use domain::agency::Standing;
use domain::geo::Area;
use domain::id::{OrderId, WorkerId};
use domain::order::{Order, OrderDetails, Rating, RatingView, State, Status, VisitLost};
use domain::service::Service;
use domain::time::{Millis, rfc3339};
use domain::worker::Worker;
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Page, Request, Response};
use serde::Serialize;

use crate::Visits;

#[derive(Serialize)]
struct OwnVisit {
    order_id: OrderId,
    service: Service,
    /// None of a visit that she does not make: what became of the order is not hers to know.
    status: Option<Status>,
    /// Why she does not make it.
    lost: Option<VisitLost>,
    #[serde(with = "rfc3339")]
    start_at: Millis,
    duration_min: u32,
    area: Area,
    /// The agency that she makes it for.
    agency: Option<String>,
    home: Option<OrderDetails>,
    /// What was said of it, without who said it.
    rating: Option<RatingView>,
}

impl OwnVisit {
    fn new(
        order: Order,
        worker: &WorkerId,
        lost: Option<VisitLost>,
        home: Option<OrderDetails>,
        rating: Option<Rating>,
    ) -> Self {
        let is_named = names(&order, worker);
        let claim = order.claim().filter(|_| is_named);
        let counts = matches!(order.state, State::Rated(_, _, given) if given.counts);
        Self {
            status: is_named.then(|| order.status()),
            lost: lost.filter(|_| !is_named),
            agency: claim.map(|claim| claim.agency_name.clone()),
            home,
            rating: rating.map(|rating| RatingView::new(rating, counts)),
            order_id: order.id,
            service: order.service,
            start_at: order.start_at,
            duration_min: order.duration_min,
            area: order.area,
        }
    }
}

fn names(order: &Order, worker: &WorkerId) -> bool {
    let staffing = order.staffing();
    staffing.is_some_and(|staffing| staffing.worker == *worker)
}

impl Visits {
    /// Those that start last come first. `since` is when her session began: one of before she was registered anew, after her
    /// data was erased, reads nothing.
    pub(crate) async fn own_visits(
        &self,
        request: &Request,
        id: &WorkerId,
        since: Millis,
        now: Millis,
    ) -> Result<Response, Problem> {
        let query = http::query(request, &["limit", "cursor"])?;
        let limit = query.limit()?;
        let worker = self.workers.records().get(id).await?;
        let worker = worker.filter(|worker| worker.registered_at.second() <= since.second());
        let worker = worker.ok_or_else(Problem::unauthenticated)?;
        let page = self.orders.by_worker(id, limit, query.cursor()).await?;
        let mut seen = BTreeSet::new();
        let mut listed = page.items;
        listed.retain(|(order, _)| seen.insert(order.clone()));
        let ids: Vec<OrderId> = listed.iter().map(|(order, _)| order.clone()).collect();
        let orders = self.orders.get_many(&ids).await?;

        let under_way = self.under_way(&worker, &orders).await?;
        let rated = |order: &&Order| names(order, id) && order.status() == Status::Rated;
        let rated = orders.iter().filter(rated).map(|order| order.id.clone());
        let rated: Vec<OrderId> = rated.collect();
        let read = tokio::try_join!(
            self.orders.homes(&under_way, now),
            self.orders.ratings(&rated),
        );
        let (homes, ratings) = read?;
        let items = orders.into_iter().map(|order| {
            let home = homes.get(&order.id);
            let details = home.map(|home| self.seal.open(&order.id, &home.details));
            let rating = ratings.get(&order.id);
            let rating = rating.map(|rating| self.seal.open_rating(&order.id, rating));
            let lost = listed.iter().find(|(listed, _)| *listed == order.id);
            let lost = lost.and_then(|(_, lost)| *lost);
            Ok(OwnVisit::new(
                order,
                id,
                lost,
                details.transpose()?,
                rating.transpose()?,
            ))
        });
        let page = Page {
            items: items.collect::<Result<Vec<_>, store::Error>>()?,
            next_cursor: page.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    /// The visits of which she may read where the home is: those that she is on her way to, or in the midst of, for the
    /// agency that she works for, which is approved.
    async fn under_way(&self, worker: &Worker, orders: &[Order]) -> Result<Vec<OrderId>, Problem> {
        let is_hers = |order: &&Order| {
            matches!(&order.state, State::Staffed(claim, _) | State::InService(claim, _)
                if claim.agency == worker.agency)
                && names(order, &worker.id)
                && worker.may_work()
        };
        let hers = orders.iter().filter(is_hers).map(|order| order.id.clone());
        let hers: Vec<OrderId> = hers.collect();
        if hers.is_empty() {
            return Ok(hers);
        }
        let agency = self.directory.agency(&worker.agency).await?;
        let is_approved = agency.is_some_and(|agency| agency.standing == Standing::Approved);
        Ok(if is_approved { hers } else { Vec::new() })
    }
}

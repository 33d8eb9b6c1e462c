//! Customers as their agency is shown them.

use std::collections::BTreeSet;

use domain::check::MobilePhone;
use domain::id::{AgencyCustomerId, AgencyId, OrderId, WorkerId};
use domain::order::{Order, SeenContact, Stars, State, Status};
use domain::service::Service;
use domain::stars::StarsView;
use domain::time::Millis;
use domain::worker::Worker;
use serde::Serialize;
use store::AgencyCustomer;

#[derive(Serialize)]
pub(crate) struct ListedCustomer {
    pub(crate) customer_id: AgencyCustomerId,
    pub(crate) name: String,
    pub(crate) masked_phone: String,
    /// In full, while a worker is to come to them or is there.
    pub(crate) phone: Option<MobilePhone>,
    /// How many have begun.
    pub(crate) visits: u32,
    /// When the latest of them was to start.
    #[serde(with = "domain::time::rfc3339")]
    pub(crate) last_visit_at: Millis,
    pub(crate) services: BTreeSet<Service>,
    /// What they have given.
    pub(crate) stars: Option<StarsView>,
}

#[derive(Serialize)]
pub(crate) struct CustomerView {
    #[serde(flatten)]
    pub(crate) listed: ListedCustomer,
    /// The agency's own.
    pub(crate) notes: Option<String>,
    /// The visits, the latest first.
    pub(crate) items: Vec<VisitView>,
}

#[derive(Serialize)]
pub(crate) struct VisitView {
    order_id: OrderId,
    service: Service,
    #[serde(with = "domain::time::rfc3339")]
    start_at: Millis,
    status: Status,
    /// Who came; `None` if she works for the agency no more.
    worker: Option<SeenWorker>,
    stars: Option<Stars>,
}

#[derive(Serialize)]
struct SeenWorker {
    worker_id: WorkerId,
    /// Masked.
    name: String,
}

impl ListedCustomer {
    /// `None` for somebody who has had no visit.
    pub(crate) fn new(kept: &AgencyCustomer, contact: SeenContact) -> Option<Self> {
        let served = &kept.served;
        Some(Self {
            customer_id: kept.id.clone(),
            name: contact.name,
            masked_phone: contact.masked_phone,
            phone: contact.phone,
            visits: served.visits,
            last_visit_at: served.last_visit()?,
            services: served.services(),
            stars: served.stars(),
        })
    }
}

impl VisitView {
    pub(crate) fn new(order: &Order, agency: &AgencyId, workers: &[Worker]) -> Self {
        let worker = order.staffing().and_then(|staffing| {
            let worker = workers.iter().find(|one| one.id == staffing.worker)?;
            let is_here = worker.agency == *agency && worker.was_registered(staffing.at);
            is_here.then(|| SeenWorker {
                worker_id: worker.id.clone(),
                name: worker.masked_name.clone(),
            })
        });
        Self {
            order_id: order.id.clone(),
            service: order.service,
            start_at: order.start_at,
            status: order.status(),
            worker,
            stars: match order.state {
                State::Rated(_, _, given) => Some(given.stars),
                _ => None,
            },
        }
    }
}

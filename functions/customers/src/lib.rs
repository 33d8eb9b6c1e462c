//! An agency's customers: those for whom one of its workers has begun a visit.
//!
//! What is listed is kept by `order-events`, without a name. Who a customer is is opened from the latest of their orders with
//! this agency, by the rule of orders: so whoever is erased, or was not visited for 180 days, is gone from here too, and a phone
//! is in full only while somebody is to come or is there. No two agencies have the same id of a customer.
//!
//! - [`view`]: customers as they are shown.
//! - [`export`]: the list as a file for a spreadsheet.

mod export;
mod view;

use domain::agency::Standing;
use domain::id::{AgencyCustomerId, AgencyId, OrderId, WorkerId};
use domain::market::Market;
use domain::member::{Deed, MemberOf, Right};
use domain::time::Millis;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, Page, Request, Response};
use runtime::{Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{AgencyCustomer, Directory, Orders, SealKey, WorkerRecords};

use crate::view::{CustomerView, ListedCustomer, VisitView};

/// In characters.
const LONGEST_NOTES: usize = 1_000;

pub struct Customers {
    clock: Clock,
    verifier: Verifier,
    market: Market,
    orders: Orders,
    workers: WorkerRecords,
    directory: Directory,
    seal: SealKey,
}

impl Customers {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            market: settings.market(),
            orders: Orders::new(settings),
            workers: WorkerRecords::new(settings),
            directory: Directory::new(settings),
            seal: SealKey::new(settings),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "customers"]) => self.list(request).await,
            (&Method::GET, ["v1", "customers.csv"]) => self.export(request).await,
            (&Method::GET, ["v1", "customers", customer]) => self.read(request, customer).await,
            (&Method::PATCH, ["v1", "customers", customer]) => self.note(request, customer).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn list(&self, request: &Request) -> Result<Response, Problem> {
        let by = self.caller(request, Right::Read).await?;
        let query = http::query(request, &["limit", "cursor"])?;
        let page = self.page(&by.team, query.limit()?, query.cursor()).await?;
        Ok(http::json_if_changed(request, &page))
    }

    async fn read(&self, request: &Request, customer: &str) -> Result<Response, Problem> {
        let by = self.caller(request, Right::Read).await?;
        http::query(request, &[])?;
        let (kept, listed) = self.found(&by.team, customer).await?;
        let view = self.view(&by.team, kept, listed).await?;
        Ok(http::json_if_changed(request, &view))
    }

    async fn note(&self, request: &Request, customer: &str) -> Result<Response, Problem> {
        let by = self.caller(request, Right::Orders).await?;
        http::query(request, &[])?;
        let notes = http::read_json(request, |fields| {
            // Blank text takes back what was noted; only by mistake is nothing said.
            let is_said = fields.required("notes").is_some();
            let notes = fields.optional_text("notes", 1..=LONGEST_NOTES);
            is_said.then_some(notes)
        })?;
        let (mut kept, listed) = self.found(&by.team, customer).await?;
        if notes != self.notes(&kept)? {
            let sealed = notes.map(|notes| self.seal.seal_notes(&kept.id, &notes));
            kept.notes = sealed.transpose()?;
            let now = self.clock.now();
            let deed = Deed::new(now, &by.member, "customer_noted", &kept.id);
            let cause = format!("{}#{}#customer_noted", by.member, kept.id);
            let deed = self.directory.deed(&by.team_id(), &deed, &cause);
            let noted = self
                .orders
                .note(&by.team, &kept.id, kept.notes.as_ref(), deed);
            noted.await?.then_some(()).ok_or_else(Problem::not_found)?;
            tracing::info!(agency.id = %by.team, "an agency noted something of a customer");
        }
        let view = self.view(&by.team, kept, listed).await?;
        Ok(http::json(StatusCode::OK, &view))
    }

    /// A member of an approved agency whose role has this right.
    async fn caller(&self, request: &Request, right: Right) -> Result<MemberOf<AgencyId>, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let by = principal.agency(right)?;
        let agency = self.directory.agency(&by.team).await?;
        let is_approved = agency.is_some_and(|agency| agency.standing == Standing::Approved);
        let by = is_approved.then(|| by.clone());
        by.ok_or_else(Problem::agency_not_approved)
    }

    /// A page of customers. Those of whom nothing tells any more who they are are left out.
    async fn page(
        &self,
        agency: &AgencyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<ListedCustomer>, Problem> {
        let now = self.clock.now();
        let page = self.orders.customers(agency, limit, cursor, now).await?;
        Ok(Page {
            items: self.listed(agency, &page.items, now).await?,
            next_cursor: page.next,
        })
    }

    async fn listed(
        &self,
        agency: &AgencyId,
        kept: &[AgencyCustomer],
        now: Millis,
    ) -> Result<Vec<ListedCustomer>, Problem> {
        let orders = kept.iter().flat_map(|kept| kept.served.told_by());
        let orders: Vec<OrderId> = orders.cloned().collect();
        let opened = self.orders.get_with_details(&orders, &self.seal, now);
        let opened = opened.await?;
        let listed = kept.iter().filter_map(|kept| {
            let contact = kept.served.told_by().find_map(|id| {
                let (order, details) = opened.get(id)?;
                order.seen_contact(agency, details.clone())
            });
            ListedCustomer::new(kept, contact?)
        });
        Ok(listed.collect())
    }

    /// One customer of this agency; 404 if nothing tells any more who they are.
    async fn found(
        &self,
        agency: &AgencyId,
        customer: &str,
    ) -> Result<(AgencyCustomer, ListedCustomer), Problem> {
        let now = self.clock.now();
        let id: AgencyCustomerId = customer.parse().map_err(|_| Problem::not_found())?;
        let kept = self.orders.customer(agency, &id, now).await?;
        let kept = kept.ok_or_else(Problem::not_found)?;
        let mut listed = self
            .listed(agency, std::slice::from_ref(&kept), now)
            .await?;
        let listed = listed.pop().ok_or_else(Problem::not_found)?;
        Ok((kept, listed))
    }

    /// A customer with notes and visits, and who came, as far as she still works for the agency.
    async fn view(
        &self,
        agency: &AgencyId,
        kept: AgencyCustomer,
        listed: ListedCustomer,
    ) -> Result<CustomerView, Problem> {
        let notes = self.notes(&kept)?;
        let begun = kept.served.begun().into_iter();
        let ids: Vec<OrderId> = begun.map(|(id, _)| id.clone()).collect();
        let orders = self.orders.get_many(&ids).await?;
        let came = orders.iter().filter_map(|order| order.staffing());
        let came: Vec<WorkerId> = came.map(|staffing| staffing.worker.clone()).collect();
        let workers = self.workers.get_all(&came).await?;
        let visits = orders.iter();
        let visits = visits.map(|order| VisitView::new(order, agency, &workers));
        Ok(CustomerView {
            listed,
            notes,
            items: visits.collect(),
        })
    }

    fn notes(&self, kept: &AgencyCustomer) -> Result<Option<String>, Problem> {
        let notes = kept.notes.as_ref();
        let notes = notes.map(|notes| self.seal.open_notes(&kept.id, notes));
        Ok(notes.transpose()?)
    }
}

//! The customer's side of an order: placed, read, listed, cancelled.
//!
//! Placing makes three calls, in an order that survives a crash between any two of them: the **timer** first,
//! so that no order is without one; then the **order** with its sealed details, in one transaction whose own
//! condition tells a repeat, because the order's id follows from the customer and the `Idempotency-Key`; then
//! the **message** that has it offered. Whoever was not told `201` repeats the request, or there is no order;
//! an order whose message was never sent is found by its timer.

mod request;

use std::time::Duration;

use bus::{FanOut, FanOutQueue, Timer, TimerQueue, Timers};
use domain::id::{CustomerId, OrderId};
use domain::market::Market;
use domain::order::{CancelOutcome, Order, OrderDetails, Settlement, Viewer, settlement};
use domain::time::Millis;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, JsonBody, Page, Request, Response};
use runtime::{Principal, Problem, Verifier, secret};
use serde_json::{Value, json};
use settings::{Clock, ConfigError, Settings};
use store::{OrderViews, Orders, Placed, SealKey};

use crate::request::Placing;

/// The function.
pub struct OrderIntake {
    clock: Clock,
    verifier: Verifier,
    market: Market,
    orders: Orders,
    views: OrderViews,
    timers: Timers,
    timer_queue: TimerQueue,
    fan_out: FanOutQueue,
    order_id_key: [u8; 32],
    seal: SealKey,
}

impl OrderIntake {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            market: settings.market(),
            orders: Orders::new(settings),
            views: OrderViews::new(settings),
            timers: Timers::new(settings),
            timer_queue: TimerQueue::new(settings),
            fan_out: FanOutQueue::new(settings),
            order_id_key: settings.key("ORDER_ID_KEY", "homehail order id v1"),
            seal: SealKey::new(settings),
        })
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if path == ["health"] && request.method() == Method::GET {
            return self.health().await;
        }
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "orders"]) => self.place(request, &principal, now).await,
            (&Method::GET, ["v1", "orders"]) => self.list(request, &principal, now).await,
            (&Method::GET, ["v1", "orders", id]) => self.read(request, &principal, id, now).await,
            (&Method::POST, ["v1", "orders", id, "cancel"]) => {
                self.cancel(request, &principal, id, now).await
            }
            _ => Err(Problem::not_found()),
        }
    }

    async fn place(
        &self,
        request: &Request,
        principal: &Principal,
        now: Millis,
    ) -> Result<Response, Problem> {
        let customer = principal.customer()?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let id = self.order_id(customer, key)?;
        let hash = body_hash(&body)?;
        let placing = match Placing::parse_now(&body, &self.market, now) {
            Ok(placing) => placing,
            // What was placed in time may be repeated when its time is over.
            Err(problem) => return self.placed_before(&body, &id, hash, now, problem).await,
        };
        let Placing { visit, details } = placing;
        let order = Order::placed(id, customer.clone(), hash, visit, &self.market, now)
            .ok_or_else(Problem::internal)?;

        let sealed = self.seal.seal(&order.id, &details)?;
        let timer = grab_timer(&order);
        self.timers.set(&timer, now).await?;
        let order = match self.orders.place(&order, &sealed).await? {
            Placed::New => {
                tracing::info!(order.id = %order.id, "an order was placed");
                order
            }
            Placed::Repeat(order) => *order,
            Placed::KeyReused => return Err(Problem::idempotency_key_reused()),
        };
        if order.awaits_fan_out() {
            let (epoch, deadline) = (order.epoch, order.grab_deadline);
            let message = FanOut::new(&order, epoch, deadline, self.market.radius_m);
            let sent = self.fan_out.send(message, Duration::ZERO).await;
            sent?;
        }
        self.created(&order, &details, now).await
    }

    /// Answers a repeat whose only fault is that its start is no longer far enough away; anything else is the
    /// problem that it was.
    async fn placed_before(
        &self,
        body: &JsonBody,
        id: &OrderId,
        hash: [u8; 16],
        now: Millis,
        problem: Problem,
    ) -> Result<Response, Problem> {
        let Ok(placing) = Placing::parse(body, &self.market) else {
            return Err(problem);
        };
        match self.orders.get(id).await? {
            Some(order) if order.body_hash == hash => {
                self.created(&order, &placing.details, now).await
            }
            Some(_) => Err(Problem::idempotency_key_reused()),
            None => Err(problem),
        }
    }

    async fn created(
        &self,
        order: &Order,
        details: &OrderDetails,
        now: Millis,
    ) -> Result<Response, Problem> {
        let view = self.views.view(order, &Viewer::Customer, details, now);
        Ok(http::json(StatusCode::CREATED, &view.await?))
    }

    async fn list(
        &self,
        request: &Request,
        principal: &Principal,
        now: Millis,
    ) -> Result<Response, Problem> {
        let query = http::query(request, &["limit", "cursor"])?;
        let (limit, cursor) = (query.limit()?, query.cursor());
        let page = match principal {
            Principal::Customer(customer) => self.orders.by_customer(customer, limit, cursor).await,
            Principal::Agency(agency) => self.orders.by_agency(agency, limit, cursor).await,
            Principal::Authority(_) | Principal::Worker(_) => return Err(Problem::forbidden()),
        };
        let page = page?;
        let orders = self.orders.get_many(&page.items).await?;
        // The index may be a moment behind the orders: what is no longer the caller's is left out.
        let items = page
            .items
            .iter()
            .filter_map(|id| orders.iter().find(|order| order.id == *id))
            .filter_map(|order| Some(order.summary(&viewer(order, principal)?, now)))
            .collect();
        let next_cursor = page.next;
        Ok(http::json(StatusCode::OK, &Page { items, next_cursor }))
    }

    async fn read(
        &self,
        request: &Request,
        principal: &Principal,
        id: &str,
        now: Millis,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
        let found = self.views.open(&id).await?;
        let (order, details) = found.ok_or_else(Problem::not_found)?;
        let viewer = viewer(&order, principal).ok_or_else(Problem::not_found)?;
        if let Some(timer) = overdue(&order, &self.market, now) {
            self.have_settled(&timer).await;
        }
        let mut view = self.views.view(&order, &viewer, &details, now).await?;
        if viewer == Viewer::Authority {
            view.explanation = self.explanation(&order).await?;
        }
        Ok(http::json(StatusCode::OK, &view))
    }

    /// Why the last settling came out as it did.
    async fn explanation(&self, order: &Order) -> Result<Option<Value>, Problem> {
        let Some(name) = &order.explanation else {
            return Ok(None);
        };
        let kept = self.orders.explanation(&order.id, name).await;
        let Some(kept) = kept? else {
            return Ok(None);
        };
        let kept = serde_json::from_str(&kept);
        kept.map(Some)
            .map_err(|error| Problem::internal().because(&error))
    }

    /// Sends an order that is overdue to those who settle, should its timer have been lost. The read is answered all
    /// the same if that fails: the next one tries again.
    async fn have_settled(&self, timer: &Timer) {
        if let Err(error) = self.timer_queue.send(timer, Duration::ZERO).await {
            let error = runtime::problem::chain(&error);
            tracing::warn!(order.id = %timer.order_id, error, "an order could not be sent to be settled");
        }
    }

    async fn cancel(
        &self,
        request: &Request,
        principal: &Principal,
        id: &str,
        now: Millis,
    ) -> Result<Response, Problem> {
        let customer = principal.customer()?;
        let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
        let reason = request::reason(&JsonBody::from_request(request)?)?;
        let cancelled = self.orders.cancel(&id, customer, &reason, now).await;
        let changed = cancelled?.ok_or_else(Problem::not_found)?;
        match changed.outcome {
            CancelOutcome::Cancelled => {
                tracing::info!(order.id = %id, "an order was cancelled");
            }
            CancelOutcome::Already => {}
            CancelOutcome::TooLate => return Err(Problem::too_late()),
        }
        let view = self.views.view_changed(&changed.order, now).await?;
        Ok(http::json(StatusCode::OK, &view))
    }

    /// Asks the table for an order that nobody has.
    async fn health(&self) -> Result<Response, Problem> {
        let nobodys = OrderId::from_bytes(&[0; 16]);
        self.orders.get(&nobodys).await?;
        Ok(http::json(StatusCode::OK, &json!({ "status": "ok" })))
    }

    fn order_id(&self, customer: &CustomerId, key: &str) -> Result<OrderId, Problem> {
        let parts = [customer.as_str().as_bytes(), key.as_bytes()];
        let mac = secret::hmac(&self.order_id_key, &parts);
        let id = mac.first_chunk::<16>().map(OrderId::from_bytes);
        id.ok_or_else(Problem::internal)
    }
}

/// As whom the caller may read an order; none if it may not know of it.
fn viewer(order: &Order, principal: &Principal) -> Option<Viewer> {
    match principal {
        Principal::Customer(customer) => (order.customer == *customer).then_some(Viewer::Customer),
        Principal::Agency(agency) => order
            .viewer(agency)
            .filter(|viewer| matches!(viewer, Viewer::Claimant(_))),
        Principal::Authority(_) => Some(Viewer::Authority),
        Principal::Worker(_) => None,
    }
}

/// The timer that should have changed the order before now: it is open past its deadline, or its visit's time is over.
fn overdue(order: &Order, market: &Market, now: Millis) -> Option<Timer> {
    match settlement(order, order.epoch, market, now) {
        Settlement::Choose => Some(grab_timer(order)),
        Settlement::EndVisit { visit_by } => {
            Some(Timer::of_visit(&order.id, order.epoch, visit_by))
        }
        _ => None,
    }
}

/// The timer of the grab window that the order is in.
fn grab_timer(order: &Order) -> Timer {
    Timer::of_grab(order, order.epoch, order.grab_deadline)
}

fn body_hash(body: &JsonBody) -> Result<[u8; 16], Problem> {
    let hash = body.hash();
    hash.first_chunk().copied().ok_or_else(Problem::internal)
}

//! Places, reads and cancels orders.
//!
//! Placing makes four calls, in an order that survives a crash between any two of them:
//!
//! 1. The order and what the customer has placed lately are **read**. The order's id is derived from the customer and the
//!    `Idempotency-Key`, so a repeat finds it, and is not counted again.
//! 2. The **timer** is set, so that no order is without one.
//! 3. One transaction writes the **order** with its sealed details and what the customer has placed with it.
//! 4. The **message** to the fan-out is sent. If that fails, the timer still finds the order.
//!
//! An order that wishes for the worker of an earlier visit first reads that order, and her.
//!
//! A customer who was not told `201` repeats the request.

mod request;

use std::time::Duration;

use bus::{FanOut, FanOutQueue, Timer, TimerQueue, Timers};
use domain::id::{CustomerId, OrderId};
use domain::market::Market;
use domain::member::Right;
use domain::order::{
    CancelOutcome, Order, OrderDetails, OverQuota, Preferred, Quota, Settlement, State, Status,
    Viewer, settlement,
};
use domain::time::Millis;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Caller, Fault, Principal, Problem, Verifier, secret};
use serde_json::{Value, json};
use settings::{Clock, ConfigError, Settings};
use store::{Home, OrderViews, Orders, PlaceKey, SealKey, WorkerRecords};

use crate::request::Placing;

/// The most attempts when the same customer places other orders at the same time.
const MOST_ATTEMPTS: usize = 8;

pub struct OrderIntake {
    clock: Clock,
    verifier: Verifier,
    market: Market,
    orders: Orders,
    workers: WorkerRecords,
    views: OrderViews,
    timers: Timers,
    timer_queue: TimerQueue,
    fan_out: FanOutQueue,
    order_id_key: [u8; 32],
    seal: SealKey,
    places: PlaceKey,
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
            workers: WorkerRecords::new(settings),
            views: OrderViews::new(settings),
            timers: Timers::new(settings),
            timer_queue: TimerQueue::new(settings),
            fan_out: FanOutQueue::new(settings),
            order_id_key: settings.key("ORDER_ID_KEY", "homehail order id v1"),
            seal: SealKey::new(settings),
            places: PlaceKey::new(settings),
        })
    }

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
        let placing = Placing::parse_now(&body, &self.market, now);
        // A repeat is answered even if its start is too near or past by now.
        let details = match &placing {
            Ok(placing) => placing.details.clone(),
            Err(problem) => match Placing::parse(&body, &self.market) {
                Ok(placing) => placing.details,
                Err(_) => return Err(problem.clone()),
            },
        };
        for _ in 0..MOST_ATTEMPTS {
            let found = self.orders.before_placing(&id, customer).await?;
            if let Some(order) = found.order {
                if order.body_hash != hash {
                    return Err(Problem::idempotency_key_reused());
                }
                return self.offered_response(&order, &details, now).await;
            }
            if found.is_to_be_erased {
                return Err(Problem::erasure_pending());
            }
            let Placing {
                mut visit, prefer, ..
            } = placing.clone()?;
            if let Some(earlier) = prefer {
                visit.preferred = self.preferred(customer, &earlier).await?;
            }
            let order = Order::placed(id.clone(), customer.clone(), hash, visit, &self.market, now)
                .ok_or_else(Problem::internal)?;
            let quota = self.quota_with(found.quota, &order, now).await?;
            let home = Home {
                details: self.seal.seal(&order.id, &details)?,
                place: self.places.seal(&order.id, details.place)?,
            };
            self.timers.set(&grab_timer(&order), now).await?;
            if self.orders.place(&order, &home, &quota).await? {
                tracing::info!(order.id = %order.id, "an order was placed");
                return self.offered_response(&order, &details, now).await;
            }
        }
        Err(Problem::unavailable())
    }

    /// Who came to an earlier visit of the customer's own, and for whom she works now; `None` once her data is erased.
    async fn preferred(
        &self,
        customer: &CustomerId,
        earlier: &OrderId,
    ) -> Result<Option<Preferred>, Problem> {
        let order = self.orders.get(earlier).await?;
        let order = order.filter(|order| order.customer == *customer);
        let Some(State::Completed(_, came) | State::Rated(_, came, _)) =
            order.map(|order| order.state)
        else {
            return Err(Problem::invalid(vec![Fault {
                pointer: "/prefer/order_id".to_owned(),
                detail: "must be an order of one's own that a worker has come to".to_owned(),
            }]));
        };
        let worker = self.workers.get(&came.worker).await?;
        let worker = worker.filter(|worker| !worker.is_erased);
        Ok(worker.map(|worker| Preferred {
            worker: worker.id,
            agency: worker.agency,
        }))
    }

    /// What the customer has placed once this order is placed too.
    async fn quota_with(
        &self,
        mut quota: Quota,
        order: &Order,
        now: Millis,
    ) -> Result<Quota, Problem> {
        let mut with = quota.with(order, &self.market);
        if let Err(OverQuota::Open(_)) = with {
            // Some of these may have been claimed, or have ended.
            let open = self.orders.get_many(&quota.open).await?.into_iter();
            let open = open.filter(|order| order.status() == Status::Open);
            quota.open = open.map(|order| order.id).collect();
            with = quota.with(order, &self.market);
        }
        with.map_err(|over| {
            let wait_s = match over {
                OverQuota::Open(_) => self.market.grab_window_s,
                OverQuota::Daily(_) => {
                    let tomorrow = Millis::day_begins(now.day() + 1);
                    tomorrow.since(now).as_secs() as u32 + 1
                }
            };
            Problem::rate_limited(wait_s).detail(over.to_string())
        })
    }

    /// Has the order offered, unless it was, and answers it.
    async fn offered_response(
        &self,
        order: &Order,
        details: &OrderDetails,
        now: Millis,
    ) -> Result<Response, Problem> {
        if order.awaits_fan_out() {
            let (epoch, deadline) = (order.epoch, order.grab_deadline);
            let mut message = FanOut::new(order, epoch, deadline, self.market.radius_m);
            if epoch == 1 {
                message.place = Some(self.places.seal(&order.id, details.place)?);
            }
            self.fan_out.send(message, Duration::ZERO).await?;
        }
        let view = self
            .views
            .view(order, &Viewer::Customer, Some(details), now);
        Ok(http::json(StatusCode::CREATED, &view.await?))
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
        let found = self.views.open(&id, now).await?;
        let (order, details) = found.ok_or_else(Problem::not_found)?;
        let viewer = viewer(&order, principal.may(Right::Read)?).ok_or_else(Problem::not_found)?;
        if let Some(timer) = overdue_timer(&order, &self.market, now) {
            self.request_settling(&timer).await;
        }
        let mut view = self
            .views
            .view(&order, &viewer, details.as_ref(), now)
            .await?;
        if viewer == Viewer::Authority {
            view.explanation = self.explanation(&order).await?;
        }
        let mut same = view.clone();
        if let Some(worker) = &mut same.worker {
            // The moment at which this was computed, which is no news.
            worker.as_of = order.placed_at;
        }
        Ok(http::json_if_news(request, &view, &same))
    }

    /// Why the last settling ended as it did.
    async fn explanation(&self, order: &Order) -> Result<Option<Value>, Problem> {
        let Some(name) = &order.explanation else {
            return Ok(None);
        };
        let stored = self.orders.explanation(&order.id, name).await?;
        let opened = stored.map(|sealed| self.places.open_explanation(&order.id, &sealed));
        Ok(opened.transpose()?)
    }

    /// Sends an overdue order's timer again, in case it was lost. A failure is only logged, because the next read of
    /// the order tries again.
    async fn request_settling(&self, timer: &Timer) {
        if let Err(error) = self.timer_queue.send(timer, Duration::ZERO).await {
            let error = runtime::problem::chain(&error);
            tracing::warn!(order.id = %timer.order_id, error, "an overdue order's timer could not be sent again");
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

    /// Reads an order that cannot exist, to see that the table answers.
    async fn health(&self) -> Result<Response, Problem> {
        let impossible_id = OrderId::from_bytes(&[0; 16]);
        self.orders.get(&impossible_id).await?;
        Ok(http::json(StatusCode::OK, &json!({ "status": "ok" })))
    }

    fn order_id(&self, customer: &CustomerId, key: &str) -> Result<OrderId, Problem> {
        let parts = [customer.as_str().as_bytes(), key.as_bytes()];
        let mac = secret::hmac(&self.order_id_key, &parts);
        let id = mac.first_chunk::<16>().map(OrderId::from_bytes);
        id.ok_or_else(Problem::internal)
    }
}

/// The role in which the caller may read the order; `None` if it may not.
fn viewer(order: &Order, caller: &Caller) -> Option<Viewer> {
    match caller {
        Caller::Customer(customer) => (order.customer == *customer).then_some(Viewer::Customer),
        Caller::Agency(by) => order.viewer(&by.team),
        Caller::Authority(_) => Some(Viewer::Authority),
        Caller::Worker(_) => None,
    }
}

/// The timer that should have fired already, if the order is open past its deadline or its visit's time is over.
fn overdue_timer(order: &Order, market: &Market, now: Millis) -> Option<Timer> {
    match settlement(order, order.epoch, market, now) {
        Settlement::Choose => Some(grab_timer(order)),
        Settlement::EndVisit { visit_by } => {
            Some(Timer::of_visit(&order.id, order.epoch, visit_by))
        }
        _ => None,
    }
}

/// The timer that ends the order's current grab window.
fn grab_timer(order: &Order) -> Timer {
    Timer::of_grab(order, order.epoch, order.grab_deadline)
}

fn body_hash(body: &JsonBody) -> Result<[u8; 16], Problem> {
    let hash = body.hash();
    hash.first_chunk().copied().ok_or_else(Problem::internal)
}

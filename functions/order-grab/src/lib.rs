//! The agency's side of an order: grab, staff and release.
//!
//! A grab makes two calls. The claim token has already proved that the order was offered to this agency in an epoch.
//! One read of two tables brings the agency's standing, consistently, what its claims come to, and the parts of the order
//! that never change. One conditional write, sent once, decides. Whoever loses is told the first reason that holds.
//!
//! A release is as crash-proof as placing an order: timer, message, write. Naming the worker is one transaction
//! ([`staffing`]).

mod staffing;

use std::time::Duration;

use bus::{FanOut, FanOutQueue, Timer, Timers};
use domain::agency::Standing;
use domain::claim_token::{ClaimTokenKeys, KEY_LABEL};
use domain::id::{AgencyId, OrderId};
use domain::market::Market;
use domain::member::{MemberOf, Right};
use domain::order::{
    ClaimEnd, GrabCap, GrabOutcome, Order, ReleaseOutcome, Reopening, Viewer, release_outcome,
    reopen,
};
use domain::time::Millis;
use lambda_http::http::header::{HeaderValue, RETRY_AFTER};
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, Request, Response};
use runtime::{Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{Calendars, Directory, GrabRead, OrderViews, Orders, WorkerRecords};

/// The message of a reopened order is received this much later, so that the write it needs is there first.
const WRITE_COMES_FIRST: Duration = Duration::from_secs(1);

pub struct OrderGrab {
    clock: Clock,
    verifier: Verifier,
    market: Market,
    orders: Orders,
    directory: Directory,
    workers: WorkerRecords,
    calendars: Calendars,
    timers: Timers,
    fan_out: FanOutQueue,
    claim_tokens: ClaimTokenKeys,
    views: OrderViews,
}

impl OrderGrab {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let current = settings.key("CLAIM_TOKEN_KEY", KEY_LABEL);
        let previous = settings.optional("CLAIM_TOKEN_KEY_PREVIOUS");
        let previous = previous.map(|key| settings::derive(key, KEY_LABEL));
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            market: settings.market(),
            orders: Orders::new(settings),
            views: OrderViews::new(settings),
            directory: Directory::new(settings),
            workers: WorkerRecords::new(settings),
            calendars: Calendars::new(settings),
            timers: Timers::new(settings),
            fan_out: FanOutQueue::new(settings),
            claim_tokens: ClaimTokenKeys::new(&current, previous.as_ref().map(|key| &key[..])),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let (&Method::POST, ["v1", "orders", id, action]) = (request.method(), path.as_slice())
        else {
            return Err(Problem::not_found());
        };
        let by = principal.agency(Right::Orders)?;
        let order: OrderId = id.parse().map_err(|_| match *action {
            // Text that cannot be an order's id was not offered to anybody.
            "grab" => Problem::not_offered(),
            _ => Problem::not_found(),
        })?;
        match *action {
            "grab" => self.grab(request, &order, by).await,
            "staff" => self.staff(request, &order, by).await,
            "release" => self.release(request, &order, by).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn grab(
        &self,
        request: &Request,
        id: &OrderId,
        by: &MemberOf<AgencyId>,
    ) -> Result<Response, Problem> {
        let agency = &by.team;
        // Text that cannot be a token proves nothing, but is no fault of the request.
        let token = http::read_json(request, |fields| fields.string("claim_token", 0..=200))?;
        let epoch = self.claim_tokens.verify(&token, id, agency);
        let epoch = epoch.ok_or_else(Problem::not_offered)?;

        let read = self.orders.grab_read(&self.directory, id, agency).await;
        let grabber = Grabber::check(read?, epoch, agency, &self.market, self.clock.now())?;

        let now = || self.clock.now();
        let staff_by = |at| self.market.staff_by(at, grabber.order.start_at);
        let name = &grabber.agency_name;
        let grabbed = self.orders.grab(id, epoch, by, name, now, staff_by).await;
        let grabbed = grabbed?.ok_or_else(Problem::not_offered)?;

        tracing::info!(
            order.id = %id, agency.id = %agency, epoch, outcome = ?grabbed.outcome, "a grab was answered"
        );
        if let Some(problem) = losing_reason(grabbed.outcome) {
            return Err(problem);
        }
        let (order, now) = (&grabbed.order, self.clock.now());
        let view = self.views.view_claimed(order, agency, now);
        Ok(http::json(StatusCode::OK, &view.await?))
    }

    async fn release(
        &self,
        request: &Request,
        id: &OrderId,
        by: &MemberOf<AgencyId>,
    ) -> Result<Response, Problem> {
        let agency = &by.team;
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=200))?;
        let order = self.orders.get(id).await?;
        let order = order.ok_or_else(Problem::not_found)?;
        let now = self.clock.now();
        let (outcome, order) = match release_outcome(&order, agency) {
            ReleaseOutcome::Released => {
                let then = reopen(&order, &self.market, ClaimEnd::Released, now);
                self.prepare(&order, then, now).await?;
                let epoch = order.epoch;
                let written = self.orders.release(id, epoch, by, &reason, then, now).await;
                let changed = written?.ok_or_else(Problem::not_found)?;
                (changed.outcome, changed.order)
            }
            outcome => (outcome, order),
        };
        if let Some(problem) = unreleasable(outcome) {
            return Err(problem);
        }
        tracing::info!(order.id = %id, agency.id = %agency, ?outcome, "a release was answered");
        let view = order.view(&Viewer::Former(agency.clone()), None, now);
        Ok(http::json(StatusCode::OK, &view))
    }

    /// Makes what the order needs in its next epoch, before the write that begins it.
    async fn prepare(&self, order: &Order, then: Reopening, now: Millis) -> Result<(), Problem> {
        let Reopening::Again { epoch, deadline } = then else {
            return Ok(());
        };
        let timer = Timer::of_grab(order, epoch, deadline);
        self.timers.set(&timer, now).await?;
        if now < deadline {
            let message = FanOut::new(order, epoch, deadline, self.market.radius_m);
            self.fan_out.send(message, WRITE_COMES_FIRST).await?;
        }
        Ok(())
    }
}

/// An approved agency, and the order that it was offered in this epoch or a later one.
struct Grabber {
    agency_name: String,
    order: Order,
}

impl Grabber {
    /// Checks what comes before the write's own reasons: `not-offered` for an earlier epoch's token or an agency that has
    /// lost the claim, then `agency-not-approved`, then the caps, unless it has the order already.
    fn check(
        read: GrabRead,
        epoch: u32,
        id: &AgencyId,
        market: &Market,
        now: Millis,
    ) -> Result<Self, Problem> {
        let order = read.order.ok_or_else(Problem::not_offered)?;
        if order.epoch != epoch || order.excluded.contains(id) {
            return Err(Problem::not_offered());
        }
        let agency = read.agency.ok_or_else(Problem::agency_not_approved)?;
        if agency.standing != Standing::Approved {
            return Err(Problem::agency_not_approved());
        }
        let is_own = order.claim().is_some_and(|claim| claim.agency == *id);
        match read.counts.grab_cap(market, now) {
            Some(cap) if !is_own => {
                tracing::info!(agency.id = %id, ?cap, "an agency may not grab at the moment");
                Err(capped(cap, now))
            }
            _ => Ok(Self {
                agency_name: agency.name,
                order,
            }),
        }
    }
}

fn capped(cap: GrabCap, now: Millis) -> Problem {
    match cap {
        GrabCap::TooManyUnstaffed => Problem::new(
            "too-many-unstaffed",
            StatusCode::CONFLICT,
            "Too many unstaffed claims",
            "This agency has grabbed as many orders as it may without naming their workers: name them, or release some.",
        ),
        GrabCap::ClaimsGivenUp => tomorrow(
            "claims-given-up",
            "Too many claims were given up",
            "Too many claims of this agency ended today without a visit; it can grab again tomorrow.",
            now,
        ),
    }
}

/// 429 until the day, in China, is over.
fn tomorrow(slug: &'static str, title: &'static str, detail: &str, now: Millis) -> Problem {
    let rest = Millis::day_begins(now.day() + 1).since(now);
    let problem = Problem::new(slug, StatusCode::TOO_MANY_REQUESTS, title, detail);
    problem.header(RETRY_AFTER, HeaderValue::from(rest.as_secs() + 1))
}

/// Why a grab lost; `None` for the winner and its repeat.
fn losing_reason(outcome: GrabOutcome) -> Option<Problem> {
    match outcome {
        GrabOutcome::Won | GrabOutcome::AlreadyYours => None,
        GrabOutcome::NotOffered => Some(Problem::not_offered()),
        GrabOutcome::Cancelled => Some(Problem::order_cancelled()),
        GrabOutcome::Taken => Some(Problem::order_taken()),
        GrabOutcome::Closed => Some(Problem::grab_window_closed()),
    }
}

/// Why a release is refused; `None` if it was done, now or before.
fn unreleasable(outcome: ReleaseOutcome) -> Option<Problem> {
    match outcome {
        ReleaseOutcome::Released | ReleaseOutcome::Already => None,
        ReleaseOutcome::NotYours => Some(Problem::not_found()),
        ReleaseOutcome::TooLate => Some(Problem::too_late()),
        ReleaseOutcome::NotClaimed => Some(not_claimed()),
    }
}

/// 409: the agency had the claim, but lost it in another way.
fn not_claimed() -> Problem {
    Problem::new(
        "not-claimed",
        StatusCode::CONFLICT,
        "The order is not claimed by this agency",
        "This agency had the order and has lost it: it was not staffed in time, the customer cancelled, or the agency was suspended.",
    )
}

#[cfg(test)]
mod tests;

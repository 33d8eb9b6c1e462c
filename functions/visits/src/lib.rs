//! Visits: a customer's, an agency's and a worker's own, what a customer does with one, and complaints.
//!
//! - [`list`]: which orders there are.
//! - [`badge_check`]: checks the badge of the worker at the door, scanned or on a [`photo`].
//! - [`ending`]: completes and rates the visit.
//! - [`complaints`]: what is held against a visit, and what comes of it.
//! - [`own`]: a worker's own visits.
//! - [`worker_photo`]: who will be at the door.

mod badge_check;
mod complaints;
mod ending;
mod list;
mod own;
mod photo;
mod raters;
mod worker_photo;

use badge::Checker;
use bus::ScanQueue;
use domain::id::OrderId;
use domain::market::Market;
use lambda_http::http::Method;
use objects::Photos;
use runtime::http::{self, Request, Response};
use runtime::{Problem, Scanners, Verifier};
use settings::{Clock, ConfigError, Settings};
use store::{Badges, Directory, OrderViews, Orders, SealKey, Workers};

use crate::raters::Raters;

pub struct Visits {
    clock: Clock,
    verifier: Verifier,
    market: Market,
    orders: Orders,
    views: OrderViews,
    seal: SealKey,
    raters: Raters,
    workers: Workers,
    badges: Badges,
    directory: Directory,
    photos: Photos,
    checker: Checker,
    scanners: Scanners,
    scans: ScanQueue,
}

impl Visits {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            market: settings.market(),
            orders: Orders::new(settings),
            views: OrderViews::new(settings),
            seal: SealKey::new(settings),
            raters: Raters::new(settings),
            workers: Workers::new(settings),
            badges: Badges::new(settings),
            directory: Directory::new(settings),
            photos: Photos::new(settings),
            checker: Checker::new(settings),
            scanners: Scanners::new(settings),
            scans: ScanQueue::new(settings),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let now = self.clock.now();
        let (principal, since) = self.verifier.authenticate_session(request, now)?;
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "orders"]) => return self.list(request, &principal, now).await,
            (&Method::GET, ["v1", "me", "visits"]) => {
                let worker = principal.worker()?;
                return self.own_visits(request, worker, since, now).await;
            }
            (&Method::GET, ["v1", "complaints"]) => {
                return self.complaints(request, &principal, now).await;
            }
            (&Method::POST, ["v1", "complaints", id, "answer"]) => {
                return self.answer_complaint(request, &principal, id, now).await;
            }
            (&Method::POST, ["v1", "complaints", id, "decision"]) => {
                return self.decide_complaint(request, &principal, id, now).await;
            }
            _ => {}
        }
        let ["v1", "orders", id, action @ ..] = path.as_slice() else {
            return Err(Problem::not_found());
        };
        let customer = principal.customer()?;
        let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
        match (request.method(), action) {
            (&Method::POST, ["badge-check"]) => {
                self.badge_check(request, &principal, &id, now).await
            }
            (&Method::POST, ["complete"]) => self.complete(customer, &id, now).await,
            (&Method::POST, ["rating"]) => self.rate(request, customer, &id, now).await,
            (&Method::POST, ["complaints"]) => self.complain(request, customer, &id, now).await,
            (&Method::GET, ["worker", "photo"]) => self.worker_photo(request, customer, &id).await,
            _ => Err(Problem::not_found()),
        }
    }
}

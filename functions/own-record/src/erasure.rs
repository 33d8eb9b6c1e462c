//! Asking that one's data be erased, and thinking better of it.
//!
//! The timer is set before the request is kept, so that none is without one; it names the request, and does nothing if
//! that was called off. A worker's request is an event of her chain, stands in her record for her agency and the authority
//! to see, and in the authority's list. A customer can place no order as long as hers stands; those that are open are
//! cancelled at once, by the function that will erase her.

use std::time::Duration;

use bus::{ErasureMessage, Subject};
use domain::chain::{Actor, EventKind};
use domain::erasure::{Erasure, KeptErasure};
use domain::id::{CustomerId, WorkerId};
use domain::time::Millis;
use lambda_http::http::StatusCode;
use record::{ErasureAnswer, is_erased, next_event};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::json;
use store::{Step, WorkerFile};

use crate::OwnRecord;

impl OwnRecord {
    pub(crate) async fn worker_wants_erasure(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        let reason = reason(request)?;
        let now = self.clock.now();
        if let Some(erasure) = standing(self.workers.kept_erasure(id).await?, now)? {
            return Ok(accepted(erasure));
        }
        let erasure = Erasure::requested(now, &self.market);
        let subject = Subject::Worker(id.clone());
        let message = ErasureMessage { subject, erasure };
        self.timers.set_erasure(&message, now).await?;
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            if file.worker.is_erased {
                return Err(is_erased());
            }
            let payload = json!({ "reason": reason, "due_at": erasure.due_at.to_rfc3339() });
            let (kind, by) = (EventKind::ErasureRequested, Actor::Worker(id.clone()));
            Ok(Step {
                events: vec![next_event(file, kind, by, payload)],
                with: vec![self.workers.request_erasure(id, &erasure)],
                ..Step::default()
            })
        };
        self.change_own(id, now, decide).await?;
        tracing::info!(worker.id = %id, "a worker asked to be erased");
        Ok(accepted(erasure))
    }

    pub(crate) async fn worker_keeps_data(&self, id: &WorkerId) -> Result<Response, Problem> {
        let now = self.clock.now();
        if let Some(erasure) = not_too_late(self.workers.erasure(id).await?, now)? {
            let decide = |file: &WorkerFile| -> Result<Step, Problem> {
                let (kind, by) = (EventKind::ErasureCalledOff, Actor::Worker(id.clone()));
                Ok(Step {
                    events: vec![next_event(file, kind, by, json!({}))],
                    with: vec![self.workers.call_off_erasure(id, &erasure, now)],
                    ..Step::default()
                })
            };
            self.change_own(id, now, decide).await?;
            tracing::info!(worker.id = %id, "a worker is not to be erased");
        }
        Ok(http::no_content())
    }

    /// A repeat sends the message again, in case it was lost.
    pub(crate) async fn customer_wants_erasure(
        &self,
        request: &Request,
        id: &CustomerId,
    ) -> Result<Response, Problem> {
        reason(request)?;
        let now = self.clock.now();
        let subject = Subject::Customer(id.clone());
        let waiting = standing(self.orders.kept_erasure(id).await?, now)?;
        let erasure = waiting.unwrap_or_else(|| Erasure::requested(now, &self.market));
        let mut message = ErasureMessage { subject, erasure };
        if waiting.is_none() {
            self.timers.set_erasure(&message, now).await?;
            message.erasure = self.orders.request_erasure(id, erasure).await?;
        }
        self.erasures.send(&message, Duration::ZERO).await?;
        tracing::info!("a customer asked to be erased");
        Ok(accepted(message.erasure))
    }

    pub(crate) async fn customer_keeps_data(&self, id: &CustomerId) -> Result<Response, Problem> {
        let (waiting, now) = (self.orders.erasure(id).await?, self.clock.now());
        if let Some(erasure) = not_too_late(waiting, now)? {
            self.orders.call_off_erasure(id, &erasure, now).await?;
            tracing::info!("a customer is not to be erased");
        }
        Ok(http::no_content())
    }
}

/// Nobody has to say why; who does not need not send a body.
pub(crate) fn reason(request: &Request) -> Result<Option<String>, Problem> {
    if request.body().is_empty() {
        return Ok(None);
    }
    http::read_json(request, |fields| {
        Some(fields.optional_text("reason", 0..=200))
    })
}

/// The request that stands; none if it can be asked now.
fn standing(kept: Option<KeptErasure>, now: Millis) -> Result<Option<Erasure>, Problem> {
    match kept.and_then(KeptErasure::again_from) {
        Some(from) if now < from => {
            let wait_s = from.since(now).as_secs() as u32 + 1;
            let words = "It was called off less than an hour ago.";
            Err(Problem::rate_limited(wait_s).detail(words))
        }
        _ => Ok(kept.and_then(KeptErasure::waits)),
    }
}

/// What can still be called off. From its moment on, it may be under way.
fn not_too_late(waiting: Option<Erasure>, now: Millis) -> Result<Option<Erasure>, Problem> {
    match waiting {
        Some(erasure) if erasure.is_due(now) => {
            Err(Problem::too_late().detail("The data is being erased."))
        }
        waiting => Ok(waiting),
    }
}

/// Whether an erasure waits, for who wants to know, or to think better of it.
pub(crate) fn asked(waiting: Option<Erasure>) -> Response {
    let erasure = waiting.map(ErasureAnswer::from);
    http::json(StatusCode::OK, &json!({ "erasure": erasure }))
}

fn accepted(erasure: Erasure) -> Response {
    http::json(StatusCode::ACCEPTED, &ErasureAnswer::from(erasure))
}

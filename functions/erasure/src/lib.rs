//! Erases workers and customers who have asked for it, when their time has come.
//!
//! A message names a request, and does nothing if another one or none stands: it was called off, or done. A customer's
//! message comes twice: at once, so that open orders are cancelled, and by its timer. A visit under way is waited for.
//!
//! Every step can be repeated, and the request goes last, so that a run that is cut off is finished by the next. No HTTP
//! request reaches this function, which is why it may delete.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::{ErasureMessage, ErasureQueue, LONGEST_DELAY, Subject};
use calls::Error;
use domain::chain::Actor;
use domain::erasure::Erasure;
use domain::id::{CustomerId, WorkerId};
use domain::order::{CancelOutcome, Order};
use record::Eraser;
use runtime::queue::each;
use settings::{Clock, ConfigError, Settings};
use store::{LogIns, Orders, Workers};

/// Orders of a customer that are read at once.
const PAGE: u32 = 25;
const REASON: &str = "she asked for it";
/// What the timeline says of orders that were open.
const CANCELLED: &str = "the customer wants to be erased";

pub struct Erasures {
    clock: Clock,
    orders: Orders,
    workers: Workers,
    log_ins: LogIns,
    eraser: Eraser,
    queue: ErasureQueue,
}

impl Erasures {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            orders: Orders::new(settings),
            workers: Workers::new(settings),
            log_ins: LogIns::new(settings),
            eraser: Eraser::new(settings),
            queue: ErasureQueue::new(settings),
        })
    }

    /// Handles a batch of requests; those that failed come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, 1, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        let message = ErasureMessage::parse(&message.body.unwrap_or_default())?;
        let wait = match &message.subject {
            Subject::Worker(id) => self.worker(id, &message.erasure).await?,
            Subject::Customer(id) => self.customer(id, &message.erasure).await?,
        };
        match wait {
            // What takes longer has its timer.
            Some(wait) if wait <= LONGEST_DELAY => self.queue.send(&message, wait).await,
            _ => Ok(()),
        }
    }

    /// How long it has to wait, if it does.
    async fn worker(&self, id: &WorkerId, asked: &Erasure) -> Result<Option<Duration>, Error> {
        let now = self.clock.now();
        if !asked.is_due(now) {
            return Ok(Some(asked.due_at.since(now)));
        }
        let worker = self.workers.records().get(id).await?;
        // One that was cut off after it had become final is finished.
        let is_erased = worker.is_some_and(|worker| worker.is_erased);
        if is_erased || self.workers.erasure(id).await? == Some(*asked) {
            let by = Actor::Worker(id.clone());
            self.eraser.erase(id, &by, REASON, None, now).await?;
        }
        Ok(None)
    }

    /// How long it has to wait, if it does.
    async fn customer(&self, id: &CustomerId, asked: &Erasure) -> Result<Option<Duration>, Error> {
        if self.orders.erasure(id).await? != Some(*asked) {
            return Ok(None);
        }
        let is_due = asked.is_due(self.clock.now());
        let (mut are_over, mut cursor) = (true, None);
        loop {
            let page = self.orders.by_customer(id, PAGE, cursor.as_deref()).await?;
            for order in self.orders.get_many(&page.items).await? {
                // After a restore, what she has placed since she came back as somebody new is hers to keep.
                if order.placed_at >= asked.due_at {
                    continue;
                }
                match self.ended(order, id).await? {
                    Some(order) if is_due => self.orders.erase(&order).await?,
                    Some(_) => {}
                    None => are_over = false,
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if !is_due {
            return Ok(Some(asked.due_at.since(self.clock.now())));
        }
        if !are_over {
            return Ok(Some(LONGEST_DELAY));
        }
        self.log_ins.forget(id.as_str()).await?;
        let listed = self.workers.list_erased_customer(id, asked);
        self.orders.finish_erasure(id, asked, listed).await?;
        tracing::info!("a customer's personal data was erased");
        Ok(None)
    }

    /// An order that is over, or is cancelled here; `None` while its visit is under way.
    async fn ended(&self, order: Order, id: &CustomerId) -> Result<Option<Order>, Error> {
        if order.state.is_over() {
            return Ok(Some(order));
        }
        let now = self.clock.now();
        let changed = self.orders.cancel(&order.id, id, CANCELLED, now).await?;
        let changed = changed.filter(|changed| changed.outcome != CancelOutcome::TooLate);
        Ok(changed.map(|changed| changed.order))
    }
}

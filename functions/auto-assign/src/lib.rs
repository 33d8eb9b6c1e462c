//! The timer queue: what happens to an order when one of its deadlines has passed.
//!
//! A `grab` timer is due at the end of a grab window: an order that is still open is assigned ([`settling`]), or ends
//! unfilled. A `staffing` timer is due when the agency should have named the worker: an order that is still only
//! claimed goes on offer again ([`staffing`]). A `visit` timer is due some time after a visit's end: a visit that
//! nobody came to ends unfilled, one that nobody said to be over ends completed ([`visits`]). A `sweep` on the same
//! queue takes back what a suspended agency has claimed, or what a worker is named for who may not work ([`sweeping`]).
//!
//! A timer may fire early, late, twice, for an order that is not stored yet, or for one that ended long ago. Only the
//! order says what is due: every change is one conditional write, and whatever a write needs later, above all its
//! timer, is made before it. So if a run dies between any two calls, the next one still gets to the same end.

mod candidates;
mod settling;
mod staffing;
mod sweeping;
mod visits;
mod workers;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::{FanOutQueue, LONGEST_DELAY, OfferQueues, Stage, Sweep, Timer, TimerQueue, Timers};
use calls::Error;
use domain::market::Market;
use domain::order::{ClaimEnd, Settlement, settlement};
use domain::time::Millis;
use runtime::queue::each;
use settings::{Clock, ConfigError, Settings};
use store::{Calendars, Directory, Orders, PlaceKey, WorkerRecords};

/// How many timers are handled at the same time.
const TIMERS_AT_ONCE: usize = 5;

/// How often a due timer looks for its order again, and how far apart, before it is dropped: the order may be stored,
/// or its new epoch written, a moment after its timer was set.
const MORE_LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

pub struct AutoAssign {
    orders: Orders,
    directory: Directory,
    workers: WorkerRecords,
    calendars: Calendars,
    fan_out: FanOutQueue,
    timer_queue: TimerQueue,
    timers: Timers,
    offers: OfferQueues,
    places: PlaceKey,
    market: Market,
    clock: Clock,
}

impl AutoAssign {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            orders: Orders::new(settings),
            directory: Directory::new(settings),
            workers: WorkerRecords::new(settings),
            calendars: Calendars::new(settings),
            fan_out: FanOutQueue::new(settings),
            timer_queue: TimerQueue::new(settings),
            timers: Timers::new(settings),
            offers: OfferQueues::new(settings),
            places: PlaceKey::new(settings),
            market: settings.market(),
            clock: settings.clock(),
        })
    }

    /// Handles a batch of the timer queue; timers that failed come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, TIMERS_AT_ONCE, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        let body = message.body.unwrap_or_default();
        match Sweep::parse(&body) {
            Ok(sweep) => self.sweep(&sweep).await,
            Err(_) => self.fire(&Timer::parse(&body)?).await,
        }
    }

    /// Does what is due according to the order, whatever the timer was set for.
    async fn fire(&self, timer: &Timer) -> Result<(), Error> {
        if self.clock.now() < timer.due {
            return self.wait_until(timer, timer.due).await;
        }
        let Some(order) = self.orders.get(&timer.order_id).await? else {
            return self.look_again(timer).await;
        };
        match settlement(&order, timer.epoch, &self.market, self.clock.now()) {
            Settlement::Wait { deadline } => {
                // The order was placed again after a crash, with a later deadline than this timer's.
                if order.awaits_fan_out() {
                    self.fan_out_again(&order).await?;
                }
                self.wait_until(timer, deadline).await
            }
            Settlement::Choose => self.settle(timer, &order).await,
            Settlement::AwaitStaffing { staff_by } => match timer.stage {
                Stage::Grab => self.claimed(&order).await,
                Stage::Staffing | Stage::Visit => self.wait_until(timer, staff_by).await,
            },
            Settlement::MissStaffing { agency, .. } => {
                self.end_claim(&order, &agency, ClaimEnd::NotStaffed).await
            }
            Settlement::AwaitVisit { visit_by } => match timer.stage {
                Stage::Visit => self.wait_until(timer, visit_by).await,
                // Staffing sets the visit's own timer before its write.
                Stage::Grab | Stage::Staffing => Ok(()),
            },
            Settlement::EndVisit { visit_by } => self.end_visit(&order, visit_by).await,
            Settlement::NotYet => self.look_again(timer).await,
            Settlement::Nothing => Ok(()),
        }
    }

    /// Puts the timer back until `due`, or for as long as a queue can delay it.
    async fn wait_until(&self, timer: &Timer, due: Millis) -> Result<(), Error> {
        let rest = due.since(self.clock.now());
        let timer = Timer {
            due,
            ..timer.clone()
        };
        self.timer_queue
            .send(&timer, rest.min(LONGEST_DELAY))
            .await?;
        Ok(())
    }

    /// Comes back for an order or an epoch that is not stored yet; after a few looks it is given up.
    async fn look_again(&self, timer: &Timer) -> Result<(), Error> {
        if timer.looks >= MORE_LOOKS {
            tracing::warn!(
                order.id = %timer.order_id,
                epoch = timer.epoch,
                "a timer's order was never stored"
            );
            return Ok(());
        }
        let timer = Timer {
            looks: timer.looks + 1,
            ..timer.clone()
        };
        self.timer_queue.send(&timer, BETWEEN_LOOKS).await?;
        Ok(())
    }
}

//! Turns the orders table's stream into events on the bus, and into agencies' numbers.
//!
//! Nothing is written twice: an order's change is stored, and its stream record becomes an event. Records of one
//! order come in order, and are sent in order, never two of an order in one call. The answer names the first record
//! whose event was not accepted, and the stream comes again from there. So nothing is lost; a repeat carries the same
//! version, and consumers drop it. A record that fails by itself, again and again, goes to the on-failure queue.
//!
//! What a change means for an agency (a visit completed or rated, a claim lost) is added to the numbers by which it
//! is scored. The same transaction notes that this version of the order has been counted, so a repeat adds nothing.
//! What it means for the caps on the agency's claims is kept in an item of its own, as sets of orders.
//! Whom an agency serves becomes its customer, by an item that has the order and no name.
//! What members of agencies have done becomes a line of their agency's audit trail, whose key follows from the change.
//! The details of an order that has ended are given the day on which they go.
//! A worker who is not named any more keeps the order in her list, with why.
//! An agency that has lost a claim keeps the order in its list, and hears of it in its queue, unless it was its own doing.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use bus::{Offer, OfferQueues};
use calls::Error;
use domain::agency::AgencyStats;
use domain::id::{AgencyId, WorkerId};
use domain::member::{Deed, TeamId};
use domain::order::{
    By, ClaimEnd, ClaimNews, DETAILS_KEPT, ListedClaim, Order, ServedNews, Status, VisitLost, What,
    claim_news, ended_claims, served_news, tally, visit_lost,
};
use domain::time::Millis;
use events::{Events, OrderEvent, OrderEventDetail, OrderEventKind};
use runtime::changes::again_from;
use runtime::problem::chain;
use settings::{ConfigError, Settings};
use store::{Directory, Orders};

pub struct OrderEvents {
    events: Events,
    queues: OfferQueues,
    orders: Orders,
    directory: Directory,
}

/// A record that becomes an event, and the place from which the stream would repeat it.
struct Pending {
    sequence_number: String,
    change: OrderChange,
}

/// A claim that an agency had before the change and lost by it.
#[derive(Debug, PartialEq)]
struct EndedClaim {
    agency: AgencyId,
    notice: Offer,
    /// Whether the order itself still says that the agency had it.
    is_kept: bool,
}

#[derive(Debug, PartialEq)]
struct OrderChange {
    event: OrderEvent,
    /// The agencies' numbers that it changes.
    tally: Vec<(AgencyId, AgencyStats)>,
    claims: Option<ClaimNews>,
    served: Option<ServedNews>,
    ended: Vec<EndedClaim>,
    /// What a member of an agency has done.
    deeds: Vec<(AgencyId, Deed)>,
    /// Who was named before the change and is not any more, and when the visit starts.
    lost_visit: Option<(WorkerId, VisitLost, Millis)>,
}

impl OrderEvents {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            events: Events::new(settings),
            queues: OfferQueues::new(settings),
            orders: Orders::new(settings),
            directory: Directory::new(settings),
        })
    }

    /// Handles a batch of stream records; answers from which record it has to come again, if any.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut pending = Vec::new();
        let mut unreadable = None;
        for record in event.records {
            let sequence_number = record.change.sequence_number.clone().unwrap_or_default();
            match event_of(record) {
                Ok(Some(change)) => pending.push(Pending {
                    sequence_number,
                    change,
                }),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(
                        stream.sequence = sequence_number,
                        error = chain(&error),
                        "a record cannot be read"
                    );
                    // Events of records before this one are still sent; those after it wait.
                    unreadable = Some(sequence_number);
                    break;
                }
            }
        }
        if let Some(place) = Box::pin(self.count(&pending)).await {
            let uncounted = pending.drain(place..).next();
            unreadable = uncounted.map(|record| record.sequence_number);
        }
        let first_failed = match self.put(&pending).await {
            Some(place) => pending
                .into_iter()
                .nth(place)
                .map(|record| record.sequence_number),
            None => unreadable,
        };
        again_from(first_failed)
    }

    /// Adds to agencies' numbers; returns the position of the first record that could not be counted.
    async fn count(&self, pending: &[Pending]) -> Option<usize> {
        for (place, record) in pending.iter().enumerate() {
            let change = &record.change;
            let done = async {
                self.count_one(change).await?;
                if let Some(news) = &change.claims {
                    self.orders.count_claim(news).await?;
                }
                if let Some(news) = &change.served {
                    self.orders.keep_served(news).await?;
                }
                self.keep_deeds(change).await?;
                self.let_home_go(change).await?;
                self.keep_lost_visit(change).await?;
                self.tell_of_ended(change).await
            };
            if let Err(error) = done.await {
                tracing::error!(error = chain(&error), "a change cannot be counted");
                return Some(place);
            }
        }
        None
    }

    async fn keep_deeds(&self, change: &OrderChange) -> Result<(), Error> {
        let OrderEventDetail {
            order_id, version, ..
        } = &change.event.detail;
        for (agency, deed) in &change.deeds {
            let (team, cause) = (
                TeamId::Agency(agency.clone()),
                format!("{order_id}#{version}"),
            );
            self.directory.keep_deed(&team, deed, &cause).await?;
        }
        Ok(())
    }

    /// From the end of an order on, its details have their days numbered.
    async fn let_home_go(&self, change: &OrderChange) -> Result<(), Error> {
        let OrderEventDetail { order_id, at, .. } = &change.event.detail;
        match change.event.detail.status {
            Status::Completed | Status::Cancelled | Status::Unfilled => {
                self.orders.let_home_go(order_id, *at + DETAILS_KEPT).await
            }
            _ => Ok(()),
        }
    }

    async fn count_one(&self, change: &OrderChange) -> Result<(), Error> {
        if change.tally.is_empty() {
            return Ok(());
        }
        let counts = change.tally.iter();
        let counts = counts.map(|(agency, more)| self.directory.count(agency, *more));
        let (order, version) = (&change.event.detail.order_id, change.event.detail.version);
        let counted = self
            .orders
            .count_once(order, version, counts.collect())
            .await?;
        tracing::info!(order.id = %order, version, counted, "a change was counted");
        Ok(())
    }

    async fn keep_lost_visit(&self, change: &OrderChange) -> Result<(), Error> {
        let Some((worker, why, start_at)) = &change.lost_visit else {
            return Ok(());
        };
        let order = &change.event.detail.order_id;
        let kept = self.orders.keep_lost_visit(order, worker, *start_at, *why);
        kept.await
    }

    /// Keeps lost claims in the agencies' lists, and tells those that have not given them up themselves.
    async fn tell_of_ended(&self, change: &OrderChange) -> Result<(), Error> {
        let OrderEventDetail { order_id, at, .. } = &change.event.detail;
        for ended in &change.ended {
            if !ended.is_kept {
                let lost = ListedClaim {
                    order: order_id.clone(),
                    at: *at,
                    status: None,
                    start_at: Some(ended.notice.start_at),
                    area: Some(ended.notice.area.clone()),
                    worker: None,
                    end: ended.notice.reason,
                };
                self.orders.keep_lost(&ended.agency, &lost).await?;
            }
            if ended.notice.reason == Some(ClaimEnd::Released) {
                continue;
            }
            match self.queues.send(&ended.agency, &ended.notice).await {
                Err(Error::NoSuchQueue) => {
                    tracing::warn!(agency.id = %ended.agency, "an agency has no queue for a notice");
                }
                sent => sent?,
            }
            tracing::info!(order.id = %order_id, agency.id = %ended.agency, "an agency was told that its claim is over");
        }
        Ok(())
    }

    /// Sends the events; returns the position of the first that was not accepted.
    async fn put(&self, pending: &[Pending]) -> Option<usize> {
        let events = pending.iter().map(|record| record.change.event.clone());
        let events: Vec<OrderEvent> = events.collect();
        match self.events.put(&events).await {
            Ok(failed) => failed.into_iter().min(),
            Err(error) => {
                tracing::error!(error = chain(&error), "events cannot be written");
                (!events.is_empty()).then_some(0)
            }
        }
    }
}

/// The event of a record; `None` for other items of the table, for removals, and for changes that made no new version.
fn event_of(record: EventRecord) -> Result<Option<OrderChange>, Error> {
    let Some(order) = store::order_image(record.change.new_image)? else {
        return Ok(None);
    };
    let before = store::order_image(record.change.old_image)?;
    let (tally, claims, served, ended, deeds, lost_visit) = match &before {
        Some(before) if before.version >= order.version => return Ok(None),
        Some(before) => (
            tally(before, &order),
            claim_news(before, &order),
            served_news(before, &order),
            ended(before, &order),
            deeds(before, &order),
            visit_lost(before, &order).map(|(worker, why)| (worker, why, order.start_at)),
        ),
        None => Default::default(),
    };
    Ok(Some(OrderChange {
        event: describe(&order),
        tally,
        claims,
        served,
        ended,
        deeds,
        lost_visit,
    }))
}

/// What the new lines of the timeline say that members have done.
fn deeds(before: &Order, after: &Order) -> Vec<(AgencyId, Deed)> {
    let lines = after.timeline.iter().skip(before.timeline.len());
    let deeds = lines.filter_map(|line| match (&line.by, &line.member) {
        (By::Agency(agency), Some(member)) => {
            let deed = Deed::new(line.at, member, line.what.as_str(), &after.id);
            Some((agency.clone(), deed))
        }
        _ => None,
    });
    deeds.collect()
}

fn ended(before: &Order, after: &Order) -> Vec<EndedClaim> {
    let claims = ended_claims(before, after).into_iter();
    let claims = claims.map(|(agency, reason)| EndedClaim {
        notice: Offer::ended(after, before.epoch, reason),
        is_kept: after
            .state
            .last_claim()
            .is_some_and(|claim| claim.agency == agency),
        agency,
    });
    claims.collect()
}

fn describe(order: &Order) -> OrderEvent {
    let last = order.timeline.last();
    let claim = order.claim();
    OrderEvent {
        kind: kind(order),
        detail: OrderEventDetail {
            schema: OrderEventDetail::SCHEMA,
            order_id: order.id.clone(),
            version: order.version,
            epoch: order.epoch,
            status: order.status(),
            agency_id: claim.map(|claim| claim.agency.clone()),
            how: claim.map(|claim| claim.how),
            at: last.map_or(order.placed_at, |line| line.at),
        },
    }
}

/// The latest change, according to the lines that it added: an end counts more than the release that led to it.
fn kind(order: &Order) -> OrderEventKind {
    let mut lines = order.timeline.iter().rev().map(|line| line.what);
    match lines.next() {
        Some(What::Placed) => OrderEventKind::Placed,
        Some(What::Offered) => OrderEventKind::Offered,
        Some(What::Claimed) => OrderEventKind::Claimed,
        Some(What::Cancelled) => OrderEventKind::Cancelled,
        Some(What::Unfilled) => OrderEventKind::Unfilled,
        Some(What::Reopened) if lines.next() == Some(What::Released) => OrderEventKind::Released,
        Some(What::Reopened) => OrderEventKind::Reopened,
        _ => OrderEventKind::Changed,
    }
}

#[cfg(test)]
mod tests;

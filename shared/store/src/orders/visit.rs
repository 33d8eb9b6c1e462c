//! A visit: who is named for it, its beginning, its end, its rating.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{BadgeId, CustomerId, OrderId, WorkerId};
use domain::order::{
    Change, CompleteOutcome, Order, RateOutcome, Rating, Staffing, State, complete_outcome,
    rate_outcome,
};
use domain::time::Millis;

use super::change::{Changed, ROUNDS};
use super::write::{Write, Written};
use super::{Orders, SEALED};
use crate::key::Key;
use crate::transaction::{self, Also, Committed};
use crate::{Error, Sealed};

const CALL: &str = "TransactWriteItems";
/// How often a count is tried that another one of the same agency got in the way of.
const COUNTS: u32 = 12;

/// What ending a visit whose time is over came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VisitEnded {
    /// It has ended: completed if the worker had come, unfilled if not.
    Now(Box<Order>),
    /// It had ended before, or the order is in another epoch, or there is none.
    Over,
}

/// What rating a visit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rated {
    /// It is rated.
    Now,
    /// It had been rated, like this.
    Before(Sealed),
    /// It is not over yet.
    NotCompleted,
    /// The order has ended without a visit.
    TooLate,
}

impl Orders {
    /// Names the worker, or another one, for an order as it was found, together with `also`: her calendar, and that
    /// nothing has changed that the gate looked at. `None` when somebody else got in the way of any of it: what was
    /// looked at has to be looked at again.
    ///
    /// # Errors
    /// When it was not written, or that is not known; naming her again is harmless.
    pub async fn staff(
        &self,
        before: &Order,
        staffing: &Staffing,
        also: Vec<Also>,
        now: Millis,
    ) -> Result<Option<Order>, Error> {
        let Some(claim) = before.claim() else {
            return Ok(None);
        };
        let change = Change::Staff {
            agency: claim.agency.clone(),
            staffing: staffing.clone(),
            instead_of: before.staffing().map(|named| named.worker.clone()),
        };
        let Ok(after) = before.changed(&change, before.epoch, now) else {
            return Ok(None);
        };
        let write = Write::of(&change, before.epoch, now)?;
        let mut writes = vec![write.transact(&self.table, &before.id)?];
        writes.extend(also.into_iter().map(|also| also.0));
        Ok(match transaction::commit(&self.client, writes).await? {
            Committed::Done => Some(after),
            Committed::Refused(_) | Committed::Conflict => None,
        })
    }

    /// Begins the visit of a staffed order, as part of a transaction: the worker who was named in this epoch has come.
    ///
    /// # Errors
    /// None that an order can cause; building is fallible by its signature.
    pub fn also_start(
        &self,
        order: &OrderId,
        epoch: u32,
        worker: &WorkerId,
        now: Millis,
    ) -> Result<Also, Error> {
        let worker = worker.clone();
        Write::of(&Change::Start { worker }, epoch, now)?
            .transact(&self.table, order)
            .map(Also)
    }

    /// Remembers, as part of a transaction, that the code which a phone showed at this step was used for this order;
    /// refused if it was used for it before.
    ///
    /// # Errors
    /// None that a code can cause; building is fallible by its signature.
    pub fn also_use_code(
        &self,
        order: &OrderId,
        badge: &BadgeId,
        step: u32,
    ) -> Result<Also, Error> {
        let key = Key::used_code(order, badge, step);
        transaction::put_new(&self.table, key.attributes()).map(Also)
    }

    /// Remembers that a code was used for this order. `false` if it was used for it before.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn use_code(
        &self,
        order: &OrderId,
        badge: &BadgeId,
        step: u32,
    ) -> Result<bool, Error> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Key::used_code(order, badge, step).attributes()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(Error::call("PutItem", error)),
        }
    }

    /// Its customer rates a visit that is over; `sealed` is the rating. `None` when this customer has no such order.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn rate(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        rating: &Rating,
        sealed: &Sealed,
    ) -> Result<Option<Changed<Rated>>, Error> {
        let change = Change::Rate {
            customer: customer.clone(),
            stars: rating.stars,
        };
        for _ in 0..ROUNDS {
            let Some(before) = self.get(order).await? else {
                return Ok(None);
            };
            let unmet = before.unmet(change.terms(before.epoch, rating.at));
            let outcome = match rate_outcome(&before, unmet) {
                None => return Ok(None),
                Some(RateOutcome::Rated) => Rated::Now,
                Some(RateOutcome::Already) => {
                    let kept = self.rating(order).await?;
                    Rated::Before(kept.ok_or(Error::wrong("a rated order has no rating"))?)
                }
                Some(RateOutcome::NotCompleted) => Rated::NotCompleted,
                Some(RateOutcome::TooLate) => Rated::TooLate,
            };
            let Ok(after) = before.changed(&change, before.epoch, rating.at) else {
                return Ok(Some(Changed {
                    outcome,
                    order: before,
                }));
            };
            let write = Write::of(&change, before.epoch, rating.at)?;
            let mut kept = Key::rating(order).attributes();
            kept.insert(
                SEALED.to_owned(),
                AttributeValue::B(Blob::new(sealed.0.clone())),
            );
            let writes = vec![
                write.transact(&self.table, order)?,
                transaction::put(&self.table, kept, None)?,
            ];
            if let Committed::Done = transaction::commit(&self.client, writes).await? {
                return Ok(Some(Changed {
                    outcome,
                    order: after,
                }));
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// Counts what a version of an order says of an agency, once however often that is asked for. `false` when it had
    /// been counted, or when what counts it is refused: there is no such agency.
    ///
    /// # Errors
    /// When it was not written, or that is not known; counting again is harmless.
    pub async fn count_once(
        &self,
        order: &OrderId,
        version: u64,
        counting: Vec<Also>,
    ) -> Result<bool, Error> {
        for round in 0..COUNTS {
            transaction::pause(round, order.as_str()).await;
            let key = Key::counted(order, version);
            let mut writes = vec![transaction::put_new(&self.table, key.attributes())?];
            writes.extend(counting.iter().cloned().map(|also| also.0));
            match transaction::commit(&self.client, writes).await? {
                Committed::Done => return Ok(true),
                Committed::Refused(_) => return Ok(false),
                Committed::Conflict => {}
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// What the customer says of a visit, sealed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn rating(&self, order: &OrderId) -> Result<Option<Sealed>, Error> {
        match self.get_item(Key::rating(order)).await? {
            Some(mut item) => match item.remove(SEALED) {
                Some(AttributeValue::B(sealed)) => Ok(Some(Sealed(sealed.into_inner()))),
                _ => Err(Error::wrong("a rating is not sealed")),
            },
            None => Ok(None),
        }
    }

    /// Its customer says that the visit is over. `None` when this customer has no such order.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn complete(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        now: Millis,
    ) -> Result<Option<Changed<CompleteOutcome>>, Error> {
        let change = Change::Complete {
            customer: customer.clone(),
        };
        self.change_by_customer(
            order,
            &change,
            now,
            complete_outcome,
            CompleteOutcome::Completed,
        )
        .await
    }

    /// Ends a visit whose time was over at `visit_by`: completed if the worker had come, else unfilled. `before` is
    /// the order as it was found.
    ///
    /// # Errors
    /// When it was not written, or that is not known; [`Error::Busy`] when the order has changed meanwhile, or its time
    /// is not over.
    pub async fn end_visit(
        &self,
        before: &Order,
        visit_by: Millis,
        now: Millis,
    ) -> Result<VisitEnded, Error> {
        let change = match &before.state {
            State::Staffed(claim, _) => Change::LeaveUnattended {
                agency: claim.agency.clone(),
                visit_by,
            },
            State::InService(..) => Change::CompleteByTime { visit_by },
            _ => return Ok(VisitEnded::Over),
        };
        match self.change(before, &change, before.epoch, now).await? {
            Written::Done(order) => Ok(VisitEnded::Now(Box::new(order))),
            Written::Refused(Some(found))
                if found.epoch == before.epoch
                    && matches!(found.state, State::Staffed(..) | State::InService(..)) =>
            {
                Err(Error::Busy { call: CALL })
            }
            Written::Refused(_) => Ok(VisitEnded::Over),
        }
    }
}

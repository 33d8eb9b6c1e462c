//! A visit: who is named for it, its beginning, its end, its rating.

use domain::id::{BadgeId, CustomerId, MemberId, OrderId, WorkerId};
use domain::order::{
    Change, CompleteOutcome, Given, Order, RATING_COUNTS_EVERY, RateOutcome, Rating, Staffing,
    State, complete_outcome, rate_outcome,
};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::change::Changed;
use super::write::{Write, Written};
use super::{Orders, item, key, read_sealed, sealed};
use crate::table::{
    self, Committed, ItemKey, Key, Member, Part, Rivals, TRANSACT, Tries, commit, read,
};
use crate::{Error, Sealed, WorkerRecords};

#[derive(Serialize)]
struct UsedCode {
    /// The order that it was used for.
    od: OrderId,
}

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
    Now,
    /// It had been rated, like this.
    Before(Sealed),
    /// It is not over yet.
    NotCompleted,
    /// The order has ended without a visit.
    TooLate,
}

/// That a rating counted of who gave it.
#[derive(Serialize, Deserialize)]
struct RaterItem {
    at: Millis,
    /// In seconds.
    ttl: i64,
}

impl Orders {
    /// A member of the agency names the worker, or another one, for an order as it was found, together `with` her calendar, and that
    /// nothing has changed that the gate looked at. `None` when somebody else got in the way of any of it: what was
    /// looked at has to be looked at again.
    pub async fn staff(
        &self,
        before: &Order,
        by: &MemberId,
        staffing: &Staffing,
        with: Vec<Member>,
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
        let Ok(mut after) = before.changed(&change, before.epoch, now) else {
            return Ok(None);
        };
        if let Some(line) = after.timeline.pop() {
            after.timeline.push(line.by_member(by));
        }
        let write = Write::by(Some(by), &change, before.epoch, now)?;
        let write = write.to(self, &before.id).named(Part::Order);
        Ok(match commit(std::iter::once(write).chain(with)).await? {
            Committed::Done => Some(after),
            Committed::Refused(_) | Committed::Conflict => None,
        })
    }

    /// Begins the visit of a staffed order, as part of a transaction: the worker who was named in this epoch has come.
    ///
    /// # Errors
    /// None that an order can cause.
    pub fn start(
        &self,
        order: &OrderId,
        epoch: u32,
        worker: &WorkerId,
        now: Millis,
    ) -> Result<Member, Error> {
        let worker = worker.clone();
        let write = Write::of(&Change::Start { worker }, epoch, now)?;
        Ok(write.to(self, order).named(Part::Order))
    }

    /// Remembers, as part of a transaction, that the code which a phone showed at this step was used for this order;
    /// refused if it was used for another.
    pub fn code_used(&self, order: &OrderId, badge: &BadgeId, step: u32) -> Member {
        self.put_code(order, badge, step).named(Part::Code)
    }

    /// Remembers that a code was used for this order. `false` if it was used for another.
    pub async fn use_code(
        &self,
        order: &OrderId,
        badge: &BadgeId,
        step: u32,
    ) -> Result<bool, Error> {
        Ok(self.put_code(order, badge, step).send().await?.is_done())
    }

    fn put_code(&self, order: &OrderId, badge: &BadgeId, step: u32) -> table::Write {
        let code = Key::used_code(badge, step).item(UsedCode { od: order.clone() });
        let put = self.table.put(code);
        put.when("attribute_not_exists(pk) OR od = :order")
            .value(":order", order)
    }

    /// Its customer rates a visit that is over; `rating_sealed` is the rating. It counts if the visit took long enough, and
    /// of none of `raters` (hashes of the agency, each with something by which the customer is known) a rating has
    /// counted lately; then it is added to the stars of the worker who came, one of `workers`. `None` when this customer has
    /// no such order.
    pub async fn rate(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        rating: &Rating,
        rating_sealed: &Sealed,
        raters: &[String],
        workers: &WorkerRecords,
    ) -> Result<Option<Changed<Rated>>, Error> {
        let lately = rating.at - RATING_COUNTS_EVERY;
        let mut tries = Tries::new(TRANSACT, Rivals::Few, order.as_str());
        let mut is_erased = false;
        loop {
            tries.next().await?;
            let keys = raters.iter().map(|hash| Key::rater(hash));
            let (mut before, mut has_counted) = (None, false);
            for item in self.table.get_all(keys.chain([Key::order(order)])).await? {
                match ItemKey::of(&item)?.sk.as_str() {
                    key::RATER => has_counted |= read::<RaterItem>(item)?.1.at > lately,
                    _ => before = Some(item::read(item)?),
                }
            }
            let Some(before) = before else {
                return Ok(None);
            };
            let counts = before.took_half() && !has_counted;
            let change = Change::Rate {
                customer: customer.clone(),
                given: Given {
                    stars: rating.stars,
                    counts,
                },
            };
            let unmet = before.unmet(change.terms(before.epoch, rating.at));
            let outcome = match rate_outcome(&before, unmet) {
                None => return Ok(None),
                Some(RateOutcome::Rated) => Rated::Now,
                Some(RateOutcome::Already) => {
                    let kept = self.rating(order).await?;
                    // Without it, what was said has been erased.
                    kept.map_or(Rated::TooLate, Rated::Before)
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
            let kept = self.table.put(sealed(Key::rating(order), rating_sealed));
            let mut members = vec![
                write.to(self, order).named(Part::Order),
                kept.named(Part::Rating),
            ];
            for hash in raters.iter().filter(|_| counts) {
                let counted = Key::rater(hash).item(RaterItem {
                    at: rating.at,
                    ttl: (rating.at + RATING_COUNTS_EVERY).second() + 1,
                });
                let put = self.table.put(counted);
                let put = put.when("attribute_not_exists(pk) OR #at <= :lately");
                members.push(put.value(":lately", lately).named(Part::Rater));
            }
            if let Some(came) = before.staffing().filter(|_| counts && !is_erased) {
                members.extend(workers.add_stars(&came.worker, rating.stars));
            }
            match commit(members).await? {
                Committed::Done => {
                    return Ok(Some(Changed {
                        outcome,
                        order: after,
                    }));
                }
                Committed::Refused(refused) => {
                    is_erased |= refused.iter().any(|one| one.part == Part::Worker);
                }
                Committed::Conflict => {}
            }
        }
    }

    /// Counts what a version of an order says of an agency, once however often that is asked for. `false` when it had
    /// been counted, or when what counts it is refused: there is no such agency.
    pub async fn count_once(
        &self,
        order: &OrderId,
        version: u64,
        counts: Vec<Member>,
    ) -> Result<bool, Error> {
        let counted = Key::counted(order, version);
        let counted = self.table.put(counted.only()).if_absent();
        let members = [vec![counted.named(Part::Counted)], counts].concat();
        let mut tries = Tries::new(TRANSACT, Rivals::Many, order.as_str());
        loop {
            tries.next().await?;
            match commit(members.clone()).await? {
                Committed::Done => return Ok(true),
                Committed::Refused(_) => return Ok(false),
                Committed::Conflict => {}
            }
        }
    }

    /// What the customer says of a visit, sealed.
    pub async fn rating(&self, order: &OrderId) -> Result<Option<Sealed>, Error> {
        let found = self.table.get(Key::rating(order)).await?;
        found.map(read_sealed).transpose()
    }

    /// Its customer says that the visit is over. `None` when this customer has no such order.
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
                Err(Error::Busy { call: "UpdateItem" })
            }
            Written::Refused(_) => Ok(VisitEnded::Over),
        }
    }
}

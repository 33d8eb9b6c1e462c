//! Naming the worker who comes.
//!
//! Everything is read first and consistently: the order, the agency, the worker, her calendar, and the orders of
//! overlapping visits, since cancelling and releasing leave calendars as they are. Then one transaction writes the
//! order and the calendar, each on the condition that it is as read, and checks that nothing about the worker has
//! changed and that the agency is still approved. If anything changed meanwhile, it all starts again. The timer that ends the visit is set before the
//! write.

use std::time::Duration;

use bus::Timer;
use domain::agency::Standing;
use domain::calendar::{Calendar, Hindrance, is_booked};
use domain::id::{AgencyId, MemberId, OrderId, WorkerId};
use domain::member::MemberOf;
use domain::order::{
    ClaimCounts, Ineligible, Order, StaffOutcome, Staffing, ineligible, staff_outcome,
};
use domain::time::Millis;
use domain::worker::Worker;
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::Value;
use store::GrabRead;

use crate::{OrderGrab, not_claimed, tomorrow};

/// How often it starts again: of many desks that want the same worker at once, one gets her each time, and the others
/// mostly find her booked the next time.
const ROUNDS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(15);

struct StaffingRead {
    order: Order,
    is_approved: bool,
    counts: ClaimCounts,
    worker: Option<Worker>,
    calendar: Calendar,
}

impl OrderGrab {
    pub(crate) async fn staff(
        &self,
        request: &Request,
        id: &OrderId,
        by: &MemberOf<AgencyId>,
    ) -> Result<Response, Problem> {
        let agency = &by.team;
        // Text that cannot be a worker's id names nobody, but is no fault of the request.
        let worker = http::read_json(request, |fields| fields.string("worker_id", 1..=200))?;
        let worker: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        for round in 0..ROUNDS {
            pause(round, id).await;
            let now = self.clock.now();
            let read = self.read_for_staffing(id, agency, &worker).await?;
            let outcome = staff_outcome(&read.order, agency, &worker, now);
            // An agency that never had the claim learns nothing, not even about itself.
            if outcome == StaffOutcome::NotYours {
                return Err(Problem::not_found());
            }
            if !read.is_approved {
                return Err(Problem::agency_not_approved());
            }
            if let Some(problem) = unstaffable(outcome) {
                return Err(problem);
            }
            let staffed = match outcome {
                StaffOutcome::Already => Some(read.order),
                _ if read.order.staffing().is_none()
                    && !read.counts.may_open(id, &self.market, now) =>
                {
                    return Err(too_many_disclosures(now));
                }
                _ => self.name_worker(&read, &by.member, now).await?,
            };
            if let Some(order) = staffed {
                let now = self.clock.now();
                let view = self.views.view_claimed(&order, agency, now);
                return Ok(http::json(StatusCode::OK, &view.await?));
            }
        }
        Err(Problem::unavailable())
    }

    async fn read_for_staffing(
        &self,
        id: &OrderId,
        agency: &AgencyId,
        worker: &WorkerId,
    ) -> Result<StaffingRead, Problem> {
        let read = tokio::try_join!(
            self.orders.grab_read(&self.directory, id, agency),
            self.workers.seen_by(agency, worker),
            self.calendars.get(worker),
        );
        let (read, worker, calendar) = read?;
        let GrabRead {
            agency: found,
            order,
            counts,
        } = read;
        Ok(StaffingRead {
            order: order.ok_or_else(Problem::not_found)?,
            is_approved: found.is_some_and(|agency| agency.standing == Standing::Approved),
            counts,
            worker,
            calendar,
        })
    }

    /// Puts the worker through the gate, and writes. `None` if something changed meanwhile.
    async fn name_worker(
        &self,
        read: &StaffingRead,
        by: &MemberId,
        now: Millis,
    ) -> Result<Option<Order>, Problem> {
        let order = &read.order;
        // Another agency's worker counts as unknown.
        let worker = read.worker.as_ref().ok_or_else(Problem::not_found)?;
        let agency = &worker.agency;

        let travel_time = self.market.travel_time();
        let in_the_way: Vec<_> = read.calendar.in_the_way(order, travel_time).collect();
        let others: Vec<OrderId> = in_the_way.iter().map(|e| e.order.clone()).collect();
        let others = self.orders.get_many(&others).await?;
        // Of somebody who is only proposed, neither another employer's visits are told nor when she can work.
        let service = Some(order.service);
        let availability = &read.calendar.availability;
        let hindrance = Hindrance {
            is_booked: is_booked(in_the_way, &others, &worker.id, agency),
            is_away: !availability.allows(agency, service, order.start_at, order.ends_at()),
        };
        let hindrance = Some(hindrance).filter(|_| worker.was_approved());
        let hindrance = hindrance.unwrap_or_default();
        let reasons = ineligible(order, worker, hindrance, &self.market, now);
        if !reasons.is_empty() {
            tracing::info!(order.id = %order.id, worker.id = %worker.id, "a worker was not eligible");
            return Err(not_eligible(&reasons));
        }

        let visit_by = self.market.visit_by(order.ends_at());
        let timer = Timer::of_visit(&order.id, order.epoch, visit_by);
        self.timers.set(&timer, now).await?;

        let staffing = Staffing {
            worker: worker.id.clone(),
            at: now,
        };
        let calendar = read.calendar.with(order, travel_time, now);
        let with = vec![
            self.calendars.keep(&worker.id, &calendar),
            self.workers.unchanged(worker),
            self.directory.stays_approved(agency),
        ];
        let staffed = self.orders.staff(order, by, &staffing, with, now).await;
        let staffed = staffed?;
        if staffed.is_some() {
            tracing::info!(order.id = %order.id, worker.id = %worker.id, "an order was staffed");
        }
        Ok(staffed)
    }
}

/// Why nobody can be named; `None` if somebody can be, or is.
fn unstaffable(outcome: StaffOutcome) -> Option<Problem> {
    match outcome {
        StaffOutcome::Staffable | StaffOutcome::Already => None,
        StaffOutcome::NotYours => Some(Problem::not_found()),
        StaffOutcome::NotClaimed => Some(not_claimed()),
        StaffOutcome::TooLate => Some(Problem::too_late()),
        StaffOutcome::TooOften => Some(Problem::conflict().detail(
            "Workers have been named for this order too often; release it if nobody can come.",
        )),
    }
}

fn too_many_disclosures(now: Millis) -> Problem {
    tomorrow(
        "too-many-disclosures",
        "Too many orders' details were opened",
        "Naming a worker opens the details of an order, and this agency has opened as many today as it may.",
        now,
    )
}

fn not_eligible(reasons: &[Ineligible]) -> Problem {
    let problem = Problem::new(
        "worker-not-eligible",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The worker is not eligible",
        "This worker cannot be staffed for this order; `reasons` names everything that stands against it.",
    );
    // Only names and times: writing them as JSON cannot fail.
    problem.member(
        "reasons",
        serde_json::to_value(reasons).unwrap_or(Value::Null),
    )
}

/// Waits before a further round, a little differently for each order, so that many do not come back at once.
async fn pause(round: u32, order: &OrderId) {
    if round > 0 {
        let spread = order.as_str().bytes().map(u32::from).sum::<u32>() % 16;
        tokio::time::sleep(PAUSE * (round * 16 + spread) / 16).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staffing_is_refused_with_its_reason() {
        let told = |outcome| unstaffable(outcome).map(|p| (p.status.as_u16(), p.slug));
        assert_eq!(told(StaffOutcome::Staffable), None);
        assert_eq!(told(StaffOutcome::Already), None);
        assert_eq!(told(StaffOutcome::NotYours), Some((404, "not-found")));
        assert_eq!(told(StaffOutcome::NotClaimed), Some((409, "not-claimed")));
        assert_eq!(told(StaffOutcome::TooLate), Some((409, "too-late")));
        assert_eq!(told(StaffOutcome::TooOften), Some((409, "conflict")));
    }

    #[test]
    fn all_reasons_are_told() {
        let problem = not_eligible(&[Ineligible::NotApproved, Ineligible::Booked]);
        let answer = problem.into_response();
        assert_eq!(answer.status(), 422);
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["type"], "/problems/worker-not-eligible");
        assert_eq!(body["reasons"][0]["kind"], "not_approved");
        assert_eq!(body["reasons"][1]["kind"], "booked");
        assert_eq!(body["reasons"][1]["section"], Value::Null);
    }
}

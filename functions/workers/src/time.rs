//! When a worker can work, what she is named for, and the end of her employment.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::availability::Availability;
use domain::calendar::Diary;
use domain::chain::Actor;
use domain::geo::Area;
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::member::{Deed, Right};
use domain::order::{Order, Status};
use domain::service::Service;
use domain::time::{Millis, rfc3339};
use domain::worker::Worker;
use lambda_http::http::StatusCode;
use record::{AvailabilityAnswer, AvailabilityRequest};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde::Serialize;
use store::WorkerFile;

use crate::{Desk, require_employee};

const DAY: Duration = Duration::from_secs(86_400);
/// How much of a calendar is shown unless it is said, and at most.
const USUAL: Duration = DAY.saturating_mul(14);
const LONGEST: Duration = DAY.saturating_mul(62);

#[derive(Serialize)]
struct CalendarAnswer {
    worker_id: WorkerId,
    #[serde(flatten)]
    availability: AvailabilityAnswer,
    visits: Vec<VisitAnswer>,
}

#[derive(Serialize)]
struct VisitAnswer {
    order_id: OrderId,
    service: Service,
    status: Status,
    #[serde(with = "rfc3339")]
    start_at: Millis,
    #[serde(with = "rfc3339")]
    ends_at: Millis,
    area: Area,
}

impl From<&Order> for VisitAnswer {
    fn from(order: &Order) -> Self {
        Self {
            order_id: order.id.clone(),
            service: order.service,
            status: order.status(),
            start_at: order.start_at,
            ends_at: order.ends_at(),
            area: order.area.clone(),
        }
    }
}

impl Desk {
    pub(crate) async fn put_availability(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (by, id) = self.agency_and_worker(request, worker)?;
        let (agency, now) = (by.team.clone(), self.clock.now());
        let said = http::read_json(request, |fields| AvailabilityRequest::read(fields, now))?;
        self.open_employee(&agency, &id).await?;
        let decide = |worker: Option<&Worker>, before: &Availability| {
            let is_here = worker.is_some_and(|worker| worker.agency == agency && !worker.is_erased);
            if !is_here {
                return Err(Problem::not_found());
            }
            let wanted = Availability {
                agency: Some(agency.clone()),
                hours: said.hours.clone(),
                leave: said.leave.clone(),
                ..before.clone()
            };
            if wanted != *before {
                said.replaces(before)?;
            }
            Ok(wanted)
        };
        let deed = Deed::new(now, &by.member, "availability_set", &id);
        let deed = |version| {
            let cause = format!("{id}#{version}");
            Some(self.directory.deed(&by.team_id(), &deed, &cause))
        };
        let calendar = self.calendars.set_availability(&id, decide, deed);
        let calendar = calendar.await??;
        tracing::info!(agency.id = %agency, worker.id = %id, "it was said when a worker can work");
        let answer = AvailabilityAnswer::from(&calendar.availability.seen_by(&agency));
        Ok(http::json(StatusCode::OK, &answer))
    }

    pub(crate) async fn calendar(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let agency = self.calling_agency(request, Right::Read)?.team;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let query = http::query(request, &["from", "until"])?;
        let from = moment(&query, "from")?.unwrap_or(self.clock.now());
        let until = moment(&query, "until")?.unwrap_or(from + USUAL);
        if until <= from || until > from + LONGEST {
            let words = "until must be after from, and within 62 days of it.";
            return Err(Problem::malformed().detail(words));
        }
        self.open_employee(&agency, &id).await?;
        let ids = std::slice::from_ref(&id);
        let diaries = self
            .calendars
            .diaries(&self.orders, ids, &agency, (from, until));
        let mut diaries: BTreeMap<WorkerId, Diary> = diaries.await?;
        let diary = diaries.remove(&id).unwrap_or_default();
        let availability = diary.calendar.availability.seen_by(&agency);
        let answer = CalendarAnswer {
            worker_id: id,
            availability: AvailabilityAnswer::from(&availability),
            visits: diary.visits.iter().map(VisitAnswer::from).collect(),
        };
        Ok(http::json(StatusCode::OK, &answer))
    }

    /// Ends her employment at once.
    pub(crate) async fn leave(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let (by, id) = self.agency_and_worker(request, worker)?;
        let (actor, agency) = (Actor::from(&by), by.team);
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=200))?;
        self.open_employee(&agency, &id).await?;
        let now = self.clock.now();
        self.leaving
            .leave(&id, &agency, &actor, &reason, now)
            .await?;
        Ok(http::no_content())
    }

    /// A worker of this agency, which is approved, as she is.
    async fn open_employee(&self, agency: &AgencyId, id: &WorkerId) -> Result<WorkerFile, Problem> {
        self.require_approved(agency).await?;
        let file = self.workers.open(id).await?;
        let file = file.ok_or_else(Problem::not_found)?;
        require_employee(&file, agency)?;
        Ok(file)
    }
}

/// A moment in the query.
pub(crate) fn moment(query: &http::Query, name: &str) -> Result<Option<Millis>, Problem> {
    let moment = query.text(name).map(Millis::parse_rfc3339).transpose();
    moment.map_err(|fault| Problem::malformed().detail(format!("{name} {fault}.")))
}

//! When she can work, and for whom: leave of her own, agreeing to work for another agency, leaving hers.

use domain::availability::Availability;
use domain::chain::{Actor, EventKind};
use domain::id::{ProposalId, WorkerId};
use domain::worker::{Consent, Worker};
use lambda_http::http::StatusCode;
use record::{AvailabilityAnswer, AvailabilityRequest, is_erased, next_event};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::json;
use store::{ProfileChange, Step, WorkerFile};

use crate::OwnRecord;
use crate::answer::EmployerAnswer;

/// What is written down of a worker who does not say why she leaves.
const NOT_STATED: &str = "she has left";

impl OwnRecord {
    pub(crate) async fn availability(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let file = self.open(id).await?;
        let calendar = self.calendars.get(id).await?;
        let seen = calendar.availability.seen_by(&file.worker.agency);
        Ok(http::json(StatusCode::OK, &AvailabilityAnswer::from(&seen)))
    }

    /// Her own leave alone: hours, and leave that her agency has entered, are its own.
    pub(crate) async fn put_leave(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let said = http::read_json(request, |fields| AvailabilityRequest::read_own(fields, now))?;
        let mut agency = Worker::no_agency();
        let decide = |worker: Option<&Worker>, before: &Availability| {
            let worker = worker.ok_or_else(Problem::unauthenticated)?;
            if worker.is_erased {
                return Err(is_erased());
            }
            agency.clone_from(&worker.agency);
            let wanted = Availability {
                own_leave: said.leave.clone(),
                ..before.clone()
            };
            if wanted != *before {
                said.replaces(before)?;
            }
            Ok(wanted)
        };
        let calendar = self.calendars.set_availability(id, decide, |_| None);
        let calendar = calendar.await??;
        tracing::info!(worker.id = %id, "a worker entered leave");
        let seen = calendar.availability.seen_by(&agency);
        Ok(http::json(StatusCode::OK, &AvailabilityAnswer::from(&seen)))
    }

    /// Without it the authority cannot approve that she moves.
    pub(crate) async fn agree(
        &self,
        request: &Request,
        id: &WorkerId,
        proposal: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let text_version =
            http::read_json(request, |fields| fields.string("text_version", 1..=40))?;
        let proposal: ProposalId = proposal.parse().map_err(|_| Problem::not_found())?;
        let consent = Consent {
            text_version,
            given_at: now,
        };
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            let profile = file.profile.as_ref().ok_or_else(is_erased)?;
            let agreed = profile.agreed(&proposal, consent.clone());
            let agreed = agreed.ok_or_else(Problem::not_found)?;
            if agreed == *profile {
                return Ok(Step::default());
            }
            let payload = json!({ "proposal": proposal, "consent": consent });
            let (kind, by) = (EventKind::ConsentGiven, Actor::Worker(id.clone()));
            Ok(Step {
                profile: ProfileChange::Put(Box::new(agreed)),
                events: vec![next_event(file, kind, by, payload)],
                ..Step::default()
            })
        };
        let file = self.change_own(id, now, decide).await?;
        tracing::info!(worker.id = %id, "a worker agreed to work for another agency");
        Ok(http::json(
            StatusCode::OK,
            &self.worker_answer(&file).await?,
        ))
    }

    /// A repeat finds her without an agency, and changes nothing.
    pub(crate) async fn leave_agency(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        let reason = crate::erasure::reason(request)?;
        let file = self.open(id).await?;
        if let Some(agency) = file.worker.employer() {
            let (actor, now) = (Actor::Worker(id.clone()), self.clock.now());
            let reason = reason.as_deref().filter(|reason| !reason.is_empty());
            let reason = reason.unwrap_or(NOT_STATED);
            self.leaving.leave(id, agency, &actor, reason, now).await?;
        }
        Ok(http::no_content())
    }

    /// The agencies that want to employ her, and wait for the authority.
    pub(crate) async fn wanted_by(
        &self,
        file: &WorkerFile,
    ) -> Result<Vec<EmployerAnswer>, Problem> {
        let proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
        let mut agencies = Vec::new();
        for wish in proposals.filter(|wish| wish.waits() && wish.consent.is_some()) {
            let agency = self.directory.agency(&wish.agency).await?;
            agencies.extend(agency.map(EmployerAnswer::from));
        }
        Ok(agencies)
    }
}

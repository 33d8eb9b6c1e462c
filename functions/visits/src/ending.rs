//! Completes and rates a visit.

use domain::id::{CustomerId, OrderId};
use domain::order::{CompleteOutcome, Rating, Stars};
use domain::time::Millis;
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Request, Response};
use store::Rated;

use crate::Visits;

/// In characters.
const LONGEST_COMMENT: usize = 500;

impl Visits {
    /// The request's body is ignored.
    pub(crate) async fn complete(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        now: Millis,
    ) -> Result<Response, Problem> {
        let completed = self.orders.complete(id, customer, now).await;
        let changed = completed?.ok_or_else(Problem::not_found)?;
        match changed.outcome {
            CompleteOutcome::Completed => {
                tracing::info!(order.id = %id, "a visit was completed");
            }
            CompleteOutcome::Already => {}
            CompleteOutcome::NotStarted => return Err(not_started()),
            CompleteOutcome::TooLate => return Err(Problem::too_late()),
        }
        let view = self.views.view_changed(&changed.order, now).await?;
        Ok(http::json(StatusCode::OK, &view))
    }

    pub(crate) async fn rate(
        &self,
        request: &Request,
        customer: &CustomerId,
        id: &OrderId,
        now: Millis,
    ) -> Result<Response, Problem> {
        let rating = http::read_json(request, |fields| {
            let stars = fields.integer("stars", 1..=5);
            let comment = fields.optional_text("comment", 1..=LONGEST_COMMENT);
            let stars = u8::try_from(stars?).ok()?;
            Some(Rating {
                stars: Stars::try_from(stars).ok()?,
                comment,
                at: now,
            })
        })?;
        let sealed = self.seal.seal_rating(id, &rating)?;
        let found = self.views.open(id, now).await?;
        let found = found.filter(|(order, _)| order.customer == *customer);
        let (order, details) = found.ok_or_else(Problem::not_found)?;
        let claim = order.claim().map(|claim| &claim.agency);
        let raters = claim.map(|agency| self.raters.of(agency, &order, details.as_ref()));
        let raters = raters.unwrap_or_default();
        let workers = self.workers.records();
        let rated = self
            .orders
            .rate(id, customer, &rating, &sealed, &raters, &workers)
            .await;
        let changed = rated?.ok_or_else(Problem::not_found)?;
        match &changed.outcome {
            Rated::Now => tracing::info!(order.id = %id, "a visit was rated"),
            Rated::Before(kept) => {
                let kept = self.seal.open_rating(id, kept)?;
                if (kept.stars, &kept.comment) != (rating.stars, &rating.comment) {
                    return Err(rated_already());
                }
            }
            Rated::NotCompleted => return Err(not_completed()),
            Rated::TooLate => return Err(Problem::too_late()),
        }
        let view = self.views.view_changed(&changed.order, now).await?;
        Ok(http::json(StatusCode::OK, &view))
    }
}

fn not_started() -> Problem {
    Problem::new(
        "not-started",
        StatusCode::CONFLICT,
        "The visit has not begun",
        "No badge check has matched for this order yet.",
    )
}

fn not_completed() -> Problem {
    Problem::new(
        "not-completed",
        StatusCode::CONFLICT,
        "The visit is not over",
        "A visit can be rated once it is completed.",
    )
}

fn rated_already() -> Problem {
    Problem::new(
        "rated-already",
        StatusCode::CONFLICT,
        "The visit is rated",
        "This visit already has a different rating, and a rating cannot be changed.",
    )
}

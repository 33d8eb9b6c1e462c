//! Suspending, reinstating and revoking badges, each with its event; reading and listing them.

use domain::badge::{Badge, BadgeDecision, BadgeRefusal, Decider};
use domain::chain::Actor;
use domain::id::{BadgeId, WorkerId};
use domain::member::Right;
use lambda_http::http::StatusCode;
use runtime::http::{self, Page, Request, Response};
use runtime::{Caller, Problem};
use store::{Appended, Badges, Step, WorkerFile};

use crate::BadgeIssue;
use crate::answer::BadgeAnswer;

/// How often a decision is tried when other changes of the badge get in its way.
const ROUNDS: u32 = 8;

impl BadgeIssue {
    /// `GET /v1/badges/{badge_id}`.
    pub(crate) async fn read(&self, request: &Request, badge: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        http::query(request, &[])?;
        let badge = self.readable(caller, badge).await?;
        self.answered(badge).await
    }

    /// `GET /v1/workers/{worker_id}/badges`, the newest first. An agency reads those that it has issued itself.
    pub(crate) async fn list(&self, request: &Request, worker: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        let query = http::query(request, &["limit", "cursor"])?;
        let limit = query.limit()?;
        let worker: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let records = self.workers.records();
        let hers = match caller {
            Caller::Authority(_) => records.get(&worker).await?,
            Caller::Agency(by) => {
                self.approved(&by.team).await?;
                records.seen_by(&by.team, &worker).await?
            }
            _ => None,
        };
        let hers = hers.ok_or_else(Problem::not_found)?;
        let mut page = Page {
            items: Vec::new(),
            next_cursor: None,
        };
        // Of whoever waits for approval an agency learns nothing from before, and so not whether she is known.
        if matches!(caller, Caller::Authority(_)) || hers.was_approved() || hers.is_erased {
            let badges = &self.badges;
            let found = badges.page_of_worker(&worker, limit, query.cursor());
            let found = found.await?;
            let mut shown = found.items;
            shown.retain(|badge| is_shown(caller, badge));
            page.items = self.views(&worker, &shown).await?;
            page.next_cursor = found.next;
        }
        Ok(http::json(StatusCode::OK, &page))
    }

    /// `POST /v1/badges/{badge_id}/revoke`, `…/suspend`, `…/reinstate`.
    pub(crate) async fn decide(
        &self,
        request: &Request,
        badge: &str,
        decision: BadgeDecision,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let caller = principal.may(Right::Badges)?;
        let (by, actor) = decider(caller)?;
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=500))?;
        for _ in 0..ROUNDS {
            let before = self.visible(caller, badge).await?;
            // A suspended agency may suspend and revoke badges, but not reinstate any.
            if let (BadgeDecision::Reinstate, Caller::Agency(by)) = (decision, caller) {
                self.approved(&by.team).await?;
            }
            let after = match before.decided(decision, by) {
                Ok(Some(after)) => after,
                Ok(None) => return self.answered(before).await,
                Err(refusal) => return Err(refused(refusal)),
            };
            let step = self
                .badges
                .decide(&before, &after, actor.clone(), &reason)?;
            let decide = |file: &WorkerFile| {
                // Nothing is added to the history of somebody who was erased.
                if file.worker.is_erased {
                    return Err(());
                }
                Ok(Step {
                    events: vec![step.event.clone()],
                    with: step.with.clone(),
                    ..Step::default()
                })
            };
            let (directory, worker) = (&self.directory, &before.worker);
            let changed = self
                .workers
                .change_by(directory, &actor, worker, now, decide);
            match changed.await? {
                Appended::Done(_) => {
                    tracing::info!(badge.id = %after.id, status = after.status.as_str(), "a badge was suspended, reinstated or revoked");
                    return self.answered(after).await;
                }
                Appended::Refused(()) => {
                    let why = "The worker's data is erased; her badges are good no more.";
                    return Err(Problem::conflict().detail(why));
                }
                Appended::NotFound => return Err(Problem::not_found()),
                // Something else changed the badge meanwhile.
                Appended::Repeat(_) | Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }

    /// The badge, if the caller may know that it exists.
    pub(crate) async fn visible(&self, caller: &Caller, badge: &str) -> Result<Badge, Problem> {
        decider(caller)?;
        let id: BadgeId = badge.parse().map_err(|_| Problem::not_found())?;
        let badge = self.badges.get(&id).await?;
        let badge = badge.filter(|badge| is_shown(caller, badge));
        badge.ok_or_else(Problem::not_found)
    }

    /// The badge, if the caller may read it: an agency that is not approved may only end what it has issued.
    pub(crate) async fn readable(&self, caller: &Caller, badge: &str) -> Result<Badge, Problem> {
        let badge = self.visible(caller, badge).await?;
        if let Caller::Agency(by) = caller {
            self.approved(&by.team).await?;
        }
        Ok(badge)
    }

    async fn answered(&self, badge: Badge) -> Result<Response, Problem> {
        let views = self.views(&badge.worker.clone(), &[badge]).await?;
        Ok(http::json(StatusCode::OK, &views.first()))
    }

    /// Badges of one worker, as they are shown.
    async fn views(
        &self,
        worker: &WorkerId,
        badges: &[Badge],
    ) -> Result<Vec<BadgeAnswer>, Problem> {
        let mut reasons = Badges::reasons(&self.workers, worker, badges).await?;
        let views = badges
            .iter()
            .map(|badge| BadgeAnswer::new(badge, reasons.remove(&badge.id), &self.host));
        Ok(views.collect())
    }
}

/// Whether the caller may know of this badge, who is the authority or an agency.
fn is_shown(caller: &Caller, badge: &Badge) -> bool {
    !matches!(caller, Caller::Agency(by) if badge.agency != by.team)
}

/// In which role the caller decides, for the badge and for the event.
fn decider(caller: &Caller) -> Result<(Decider, Actor), Problem> {
    match caller {
        Caller::Agency(by) => Ok((Decider::Agency, Actor::from(by))),
        Caller::Authority(by) => Ok((Decider::Authority, Actor::from(by))),
        _ => Err(Problem::forbidden().detail("Only an agency or the authority can do this.")),
    }
}

fn refused(refusal: BadgeRefusal) -> Problem {
    let problem = match refusal {
        BadgeRefusal::Revoked => Problem::conflict(),
        BadgeRefusal::NotYours => Problem::forbidden(),
    };
    problem.detail(refusal.to_string())
}

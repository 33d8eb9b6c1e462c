//! Badges: issued, printed, suspended, reinstated, revoked; and the status lists.
//!
//! Everything about a badge is an event of its worker's chain, in one transaction with it. [`issuing`] signs a badge
//! only after its event stands there, by a key that never leaves KMS ([`Signer`]). What a badge is worth at the door
//! is not decided here: `badge-verify` asks the tables, and who is offline the status lists that `badge-status`
//! publishes.

mod answer;
mod deciding;
mod issuing;
mod printing;
mod status_list;

use domain::badge::BadgeDecision;
use domain::id::AgencyId;
use lambda_http::http::Method;
use objects::{Photos, StatusLists};
use runtime::http::{self, Request, Response};
use runtime::{Problem, Verifier};
use settings::{Clock, ConfigError, Settings};
use signer::Signer;
use store::{Badges, Directory, Workers};

use crate::printing::Print;

pub struct BadgeIssue {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    workers: Workers,
    badges: Badges,
    photos: Photos,
    lists: StatusLists,
    keys: badge::Verifier,
    signer: Signer,
    id_key: [u8; 32],
    host: String,
}

impl BadgeIssue {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            workers: Workers::new(settings),
            badges: Badges::new(settings),
            photos: Photos::new(settings),
            lists: StatusLists::new(settings),
            keys: badge::Verifier::new(settings),
            signer: Signer::new(settings, "BADGE_SIGNING_KEY"),
            id_key: settings.key("BADGE_ID_KEY", "homehail badge ids v1"),
            host: settings.text("BADGE_HOST"),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v1", "workers", worker, "badges"]) => {
                self.issue(request, worker).await
            }
            (&Method::GET, ["v1", "workers", worker, "badges"]) => self.list(request, worker).await,
            (&Method::GET, ["v1", "badges", badge]) => self.read(request, badge).await,
            (&Method::GET, ["v1", "badges", badge, print]) => {
                let print = Print::named(print).ok_or_else(Problem::not_found)?;
                self.print(request, badge, print).await
            }
            (&Method::POST, ["v1", "badges", badge, decision]) => {
                let decision = match *decision {
                    "suspend" => BadgeDecision::Suspend,
                    "reinstate" => BadgeDecision::Reinstate,
                    "revoke" => BadgeDecision::Revoke,
                    _ => return Err(Problem::not_found()),
                };
                self.decide(request, badge, decision).await
            }
            (&Method::GET, ["v1", "badge-status-list"]) => self.status_list(request).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn approved(&self, agency: &AgencyId) -> Result<(), Problem> {
        let is_approved = self.directory.is_approved(agency).await?;
        is_approved
            .then_some(())
            .ok_or_else(Problem::agency_not_approved)
    }
}

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

use domain::agency::Standing;
use domain::badge::BadgeDecision;
use domain::id::AgencyId;
use lambda_http::http::Method;
use runtime::http::{self, Request, Response};
use runtime::{Clock, ConfigError, Environment, Problem, Verifier, secret};
use signer::Signer;
use store::{Badges, Directory, PersonalDataKey, Photos, StatusLists, WorkerTables, Workers};

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
    /// From its environment.
    ///
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(environment: &Environment) -> Result<Self, ConfigError> {
        let [
            session_keys,
            directory,
            workers,
            ledger,
            subject_keys,
            badges,
            photos,
            published,
        ] = environment.require(&[
            "SESSION_PUBLIC_KEYS",
            "DIRECTORY_TABLE",
            "WORKERS_TABLE",
            "LEDGER_TABLE",
            "SUBJECT_KEYS_TABLE",
            "BADGES_TABLE",
            "PHOTOS_BUCKET",
            "PUBLISHED_BUCKET",
        ])?;
        let [personal, id_key, signing_key, public_keys, host] = environment.require(&[
            "PERSONAL_DATA_KEY",
            "BADGE_ID_KEY",
            "BADGE_SIGNING_KEY",
            "BADGE_PUBLIC_KEYS",
            "BADGE_HOST",
        ])?;
        let dynamodb = aws_sdk_dynamodb::Client::new(environment.sdk());
        let s3 = aws_sdk_s3::Client::new(environment.sdk());
        let kms = aws_sdk_kms::Client::new(environment.sdk());
        let personal = PersonalDataKey::new(personal)
            .map_err(|error| ConfigError::invalid("PERSONAL_DATA_KEY", error))?;
        let tables = WorkerTables {
            workers: workers.to_owned(),
            ledger: ledger.to_owned(),
            subject_keys: subject_keys.to_owned(),
        };
        Ok(Self {
            clock: environment.clock().clone(),
            verifier: Verifier::new(session_keys)?,
            directory: Directory::new(dynamodb.clone(), directory),
            workers: Workers::new(dynamodb.clone(), tables, personal),
            badges: Badges::new(dynamodb, badges),
            photos: Photos::new(s3.clone(), photos),
            lists: StatusLists::new(s3, published),
            keys: badge::Verifier::new(public_keys)
                .map_err(|error| ConfigError::invalid("BADGE_PUBLIC_KEYS", error))?,
            signer: Signer::new(kms, signing_key),
            id_key: secret::derive(id_key, "homehail badge ids v1"),
            host: host.to_owned(),
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

    /// Reads the agency's own item, which alone decides on its standing.
    async fn approved(&self, agency: &AgencyId) -> Result<(), Problem> {
        let agency = self.directory.agency(agency).await?;
        match agency {
            Some(agency) if agency.standing == Standing::Approved => Ok(()),
            _ => Err(Problem::agency_not_approved()),
        }
    }
}

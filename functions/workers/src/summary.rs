//! A worker in her agency's list.

use domain::agency::Standing;
use domain::credit::{CreditRules, PublicStanding, public_standing};
use domain::id::WorkerId;
use domain::service::ServiceSet;
use domain::time::{Millis, rfc3339};
use domain::worker::{Experience, Worker};
use serde::Serialize;

#[derive(Serialize)]
pub struct WorkerSummary {
    worker_id: WorkerId,
    status: Standing,
    /// As her agency knows her; none once her data is erased.
    name: Option<String>,
    skills: ServiceSet,
    experience: Vec<Experience>,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    erased: bool,
    standing: PublicStanding,
    /// How far her nearest visit of the day is from the place that was asked for.
    nearest_visit_m: Option<u32>,
}

impl WorkerSummary {
    pub fn new(
        worker: Worker,
        name: Option<String>,
        nearest_visit_m: Option<u32>,
        rules: &CreditRules,
        now: Millis,
    ) -> Self {
        Self {
            standing: public_standing(&worker.sections, worker.skills, now, rules),
            worker_id: worker.id,
            status: worker.standing,
            name,
            skills: worker.skills,
            experience: worker.experience,
            registered_at: worker.registered_at,
            erased: worker.is_erased,
            nearest_visit_m,
        }
    }
}

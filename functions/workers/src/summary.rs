//! A worker in a list, without personal data.

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
    /// Masked: 张*.
    name: String,
    skills: ServiceSet,
    experience: Vec<Experience>,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    erased: bool,
    standing: PublicStanding,
}

impl WorkerSummary {
    pub fn new(worker: Worker, rules: &CreditRules, now: Millis) -> Self {
        Self {
            standing: public_standing(&worker.sections, worker.skills, now, rules),
            worker_id: worker.id,
            status: worker.standing,
            name: worker.masked_name,
            skills: worker.skills,
            experience: worker.experience,
            registered_at: worker.registered_at,
            erased: worker.is_erased,
        }
    }
}

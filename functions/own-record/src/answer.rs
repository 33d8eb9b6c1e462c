//! The answers that show a worker her own record.

use domain::agency::{Agency, Standing};
use domain::badge::Badge;
use domain::id::{AgencyId, BadgeId, EventId};
use domain::time::{Millis, rfc3339};
use record::WorkerAnswer;
use serde::Serialize;
use store::{Look, Objection, ObjectionAnswer, View};

/// The whole record except the chain, which has its own path and pages.
#[derive(Serialize)]
pub struct RecordAnswer {
    pub worker: WorkerAnswer,
    /// None once she has left hers.
    pub employer: Option<EmployerAnswer>,
    /// Those that wait for the authority's decision, and for her to agree.
    pub wanted_by: Vec<EmployerAnswer>,
    pub badges: Vec<BadgeAnswer>,
    pub objections: Vec<ObjectionShown>,
    /// The path of her chain.
    pub trace: &'static str,
}

#[derive(Serialize)]
pub struct EmployerAnswer {
    agency_id: AgencyId,
    name: String,
    status: Standing,
}

impl From<Agency> for EmployerAnswer {
    fn from(agency: Agency) -> Self {
        Self {
            agency_id: agency.id,
            name: agency.name,
            status: agency.standing,
        }
    }
}

#[derive(Serialize)]
pub struct BadgeAnswer {
    badge_id: BadgeId,
    agency_id: AgencyId,
    status: &'static str,
    #[serde(with = "rfc3339")]
    issued_at: Millis,
    #[serde(with = "rfc3339")]
    expires_at: Millis,
}

#[derive(Serialize)]
pub struct ObjectionShown {
    objection_id: EventId,
    about: String,
    text: String,
    #[serde(with = "rfc3339")]
    at: Millis,
    answer: Option<AnswerShown>,
}

#[derive(Serialize)]
struct AnswerShown {
    outcome: &'static str,
    reason: String,
    #[serde(with = "rfc3339")]
    at: Millis,
}

#[derive(Serialize)]
pub struct ViewShown {
    #[serde(with = "rfc3339")]
    at: Millis,
    how: Look,
    who: String,
    purpose: Option<String>,
}

impl From<Badge> for BadgeAnswer {
    fn from(badge: Badge) -> Self {
        Self {
            status: badge.status.as_str(),
            issued_at: badge.issued_at,
            expires_at: badge.expires_at(),
            badge_id: badge.id,
            agency_id: badge.agency,
        }
    }
}

impl From<Objection> for ObjectionShown {
    fn from(objection: Objection) -> Self {
        Self {
            objection_id: objection.id,
            about: objection.about,
            text: objection.text,
            at: objection.at,
            answer: objection.answer.map(AnswerShown::from),
        }
    }
}

impl From<ObjectionAnswer> for AnswerShown {
    fn from(answer: ObjectionAnswer) -> Self {
        Self {
            outcome: if answer.upheld { "upheld" } else { "dismissed" },
            reason: answer.reason,
            at: answer.at,
        }
    }
}

impl From<View> for ViewShown {
    fn from(view: View) -> Self {
        // Nobody is told who scanned: the log holds only a keyed hash.
        let who = match view.how {
            Look::Scan => "somebody".to_owned(),
            Look::OrderCheck => "customer".to_owned(),
            Look::Authority => view.who.unwrap_or_default(),
        };
        Self {
            at: view.at,
            how: view.how,
            who,
            purpose: view.purpose,
        }
    }
}

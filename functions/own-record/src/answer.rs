//! What a worker is shown of her own record.

use domain::agency::Standing;
use domain::badge::Badge;
use domain::id::{AgencyId, BadgeId, EventId};
use domain::time::{Millis, rfc3339};
use record::WorkerAnswer;
use serde::Serialize;
use store::{Look, Objection, ObjectionAnswer, View};

/// All of it but the chain, which is read by pages.
#[derive(Serialize)]
pub struct RecordAnswer {
    pub worker: WorkerAnswer,
    pub employer: EmployerAnswer,
    pub badges: Vec<BadgeAnswer>,
    pub objections: Vec<ObjectionShown>,
    /// Where her chain is read.
    pub trace: &'static str,
}

/// Whom she works for.
#[derive(Serialize)]
pub struct EmployerAnswer {
    pub agency_id: AgencyId,
    pub name: String,
    pub status: Standing,
}

/// One of her badges.
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

/// What she objected to.
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

/// Who looked.
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
        // Who scanned is not hers to know, nor does anybody here: the log holds a keyed hash.
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

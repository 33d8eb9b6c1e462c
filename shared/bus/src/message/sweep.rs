//! What is to be taken back because somebody may not work any more.

use std::time::Duration;

use domain::id::{AgencyId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const KIND: &str = "sweep";

/// What was begun before the decision, such as a grab, is over so much later.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// How long a sweep that fails is worth repeating.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Whose claims or visits are swept. In JSON, `{"agency_id": …}` or `{"worker_id": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    AgencyId(AgencyId),
    WorkerId(WorkerId),
}

/// Sent before a decision by which an agency or a worker may not work any more, so that no decision is without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    #[serde(flatten)]
    pub whose: Whose,
    /// When it was sent.
    pub at: Millis,
    /// How often it has gone through the dead letters.
    #[serde(default)]
    pub redrives: u32,
}

impl Sweep {
    /// Whether nothing can come after it that it would have to find.
    pub fn is_last(&self, now: Millis) -> bool {
        now >= self.at + UNDER_WAY
    }

    /// When it is no longer worth repeating.
    pub fn until(&self) -> Millis {
        self.at + A_DAY
    }

    pub fn body(&self) -> Result<String, Error> {
        write(KIND, self)
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            KIND => read(text),
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

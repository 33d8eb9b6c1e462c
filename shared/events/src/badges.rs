//! Events about badges, for whoever watches over them.

use domain::id::{BadgeId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use crate::{CALL, Error, Events};

const SOURCE: &str = "homehail.badges";
const SCANNED_APART: &str = "badge.scanned_apart";
const SCHEMA: u32 = 1;

/// That a badge was scanned in two places that no one goes between in the time: there may be copies of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannedApart {
    pub schema: u32,
    pub badge_id: BadgeId,
    pub worker_id: WorkerId,
    #[serde(with = "domain::time::rfc3339")]
    pub at: Millis,
    /// When it was scanned in the other place.
    #[serde(with = "domain::time::rfc3339")]
    pub other_at: Millis,
}

impl ScannedApart {
    /// The two scans, which name the event: a repeat has the same.
    pub fn new(badge_id: BadgeId, worker_id: WorkerId, at: Millis, other_at: Millis) -> Self {
        Self {
            schema: SCHEMA,
            badge_id,
            worker_id,
            at,
            other_at,
        }
    }
}

impl Events {
    /// Puts an event. It can come twice, and says the same then.
    pub async fn scanned_apart(&self, event: &ScannedApart) -> Result<(), Error> {
        let entry = self.entry(SOURCE, SCANNED_APART, event)?;
        let put = self.eventbridge.put_events().entries(entry).send().await;
        let answer = put.map_err(|error| Error::call(CALL, error))?;
        let result = answer.entries().first();
        match result.and_then(|result| result.error_code.clone()) {
            Some(code) => Err(Error::entry(CALL, &code)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_ids_and_times_and_no_more() {
        let badge = BadgeId::from_bytes(&[0; 8]);
        let worker = WorkerId::from_bytes(&[0; 16]);
        let at = Millis(1_800_000_000_000);
        let event = ScannedApart::new(badge, worker, at, Millis(at.0 - 60_000));
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"schema":1,"badge_id":"bdg_0000000000000","worker_id":"wkr_00000000000000000000000000","at":"2027-01-15T08:00:00.000Z","other_at":"2027-01-15T07:59:00.000Z"}"#
        );
    }
}

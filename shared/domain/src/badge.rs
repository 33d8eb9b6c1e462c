//! Badges (诚信服务卡) as records: to whom they were issued, and whether they are still valid.
//!
//! The crate `badge` has what is printed on them and how that is verified.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, BadgeId, WorkerId};
use crate::time::Millis;

/// How many places a status list has.
pub const LIST_PLACES: u32 = 1 << 20;

/// A badge's place in the status lists: which list, and where in it. A token carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusIndex(pub u32);

impl StatusIndex {
    pub const LISTS: u32 = u32::MAX / LIST_PLACES + 1;

    /// Numbers beyond the last list or the last place wrap around.
    pub fn new(list: u32, place: u32) -> Self {
        Self((list % Self::LISTS) * LIST_PLACES + place % LIST_PLACES)
    }

    pub fn list(self) -> u32 {
        self.0 / LIST_PLACES
    }

    pub fn place(self) -> u32 {
        self.0 % LIST_PLACES
    }
}

/// Who suspends, reinstates or revokes a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// The worker's agency.
    Agency,
    Authority,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeStatus {
    Valid,
    /// Until it is reinstated. What the authority suspended, only the authority reinstates.
    Suspended {
        by: Decider,
    },
    /// For ever.
    Revoked,
}

impl BadgeStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended { .. } => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeDecision {
    Suspend,
    Reinstate,
    Revoke,
}

/// Why a decision on a badge is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadgeRefusal {
    #[error("A revoked badge stays revoked; issue another one.")]
    Revoked,
    #[error("The authority suspended this badge, and only the authority can reinstate it.")]
    NotYours,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Badge {
    pub id: BadgeId,
    pub worker: WorkerId,
    /// The agency that issued it. The badge vouches that she works there.
    pub agency: AgencyId,
    pub status: BadgeStatus,
    pub index: StatusIndex,
    /// The last day on which it is valid, in China's days since 1970-01-01.
    pub expires_day: u16,
    pub issued_at: Millis,
    /// Rises by one with every change.
    pub version: u64,
    /// `None` until it is signed, which happens only after its event stands in the chain.
    pub signed: Option<BadgeSignature>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BadgeSignature {
    /// The number of the key that signed.
    pub kid: u8,
    /// R and S (RFC 8032).
    pub bytes: [u8; 64],
}

/// Without the signature: whoever has all parts can make the badge's code.
impl fmt::Debug for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Badge({}, {})", self.id, self.status.as_str())
    }
}

impl Badge {
    /// The badge after a decision; `None` when the decision changes nothing. A revoked badge is refused, and so is an
    /// agency that wants to reinstate what the authority suspended.
    pub fn decided(
        &self,
        decision: BadgeDecision,
        by: Decider,
    ) -> Result<Option<Self>, BadgeRefusal> {
        let status = match (self.status, decision) {
            (BadgeStatus::Revoked, BadgeDecision::Revoke)
            | (BadgeStatus::Valid, BadgeDecision::Reinstate) => return Ok(None),
            (BadgeStatus::Revoked, _) => return Err(BadgeRefusal::Revoked),
            (_, BadgeDecision::Revoke) => BadgeStatus::Revoked,
            (BadgeStatus::Valid, BadgeDecision::Suspend) => BadgeStatus::Suspended { by },
            // The authority makes an agency's suspension its own, but not the other way round.
            (BadgeStatus::Suspended { by: before }, BadgeDecision::Suspend) => {
                if before == by || before == Decider::Authority {
                    return Ok(None);
                }
                BadgeStatus::Suspended { by }
            }
            (BadgeStatus::Suspended { by: before }, BadgeDecision::Reinstate) => {
                if before == Decider::Authority && by != Decider::Authority {
                    return Err(BadgeRefusal::NotYours);
                }
                BadgeStatus::Valid
            }
        };
        Ok(Some(Self {
            status,
            version: self.version + 1,
            ..self.clone()
        }))
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, now: Millis) -> bool {
        now >= self.expires_at()
    }

    /// The first moment at which it is not valid any more: the end of its last day in China.
    pub fn expires_at(&self) -> Millis {
        end_of_day(self.expires_day)
    }
}

/// The first moment after a day, which is given in China's days since 1970-01-01.
pub fn end_of_day(day: u16) -> Millis {
    Millis::day_begins(i64::from(day) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(status: BadgeStatus) -> Badge {
        Badge {
            id: BadgeId::from_bytes(&[1; 8]),
            worker: WorkerId::from_bytes(&[2; 16]),
            agency: AgencyId::from_bytes(&[3; 16]),
            status,
            index: StatusIndex(5),
            expires_day: 20_833,
            issued_at: Millis(0),
            version: 3,
            signed: None,
        }
    }

    #[test]
    fn an_index_is_a_list_and_a_place() {
        let index = StatusIndex::new(3, 17);
        assert_eq!((index.list(), index.place()), (3, 17));
        assert_eq!(index.0, 3 << 20 | 17);
        let last = StatusIndex(u32::MAX);
        assert_eq!(last.list() + 1, StatusIndex::LISTS);
        assert_eq!(last.place() + 1, LIST_PLACES);
        assert_eq!(StatusIndex::new(last.list(), last.place()), last);
    }

    #[test]
    fn decisions_lead_where_the_table_says() {
        use BadgeDecision::{Reinstate, Revoke, Suspend};
        use Decider::{Agency, Authority};
        let valid = BadgeStatus::Valid;
        let revoked = BadgeStatus::Revoked;
        let suspended = |by| BadgeStatus::Suspended { by };
        // `None`: the badge already stands as decided.
        let table = [
            (valid, Suspend, Agency, Ok(Some(suspended(Agency)))),
            (valid, Suspend, Authority, Ok(Some(suspended(Authority)))),
            (valid, Reinstate, Agency, Ok(None)),
            (valid, Revoke, Agency, Ok(Some(revoked))),
            (suspended(Agency), Suspend, Agency, Ok(None)),
            (
                suspended(Agency),
                Suspend,
                Authority,
                Ok(Some(suspended(Authority))),
            ),
            (suspended(Agency), Reinstate, Agency, Ok(Some(valid))),
            (suspended(Agency), Reinstate, Authority, Ok(Some(valid))),
            (suspended(Authority), Suspend, Agency, Ok(None)),
            (
                suspended(Authority),
                Reinstate,
                Agency,
                Err(BadgeRefusal::NotYours),
            ),
            (suspended(Authority), Reinstate, Authority, Ok(Some(valid))),
            (suspended(Authority), Revoke, Agency, Ok(Some(revoked))),
            (revoked, Revoke, Authority, Ok(None)),
            (revoked, Suspend, Authority, Err(BadgeRefusal::Revoked)),
            (revoked, Reinstate, Authority, Err(BadgeRefusal::Revoked)),
        ];
        for (from, decision, by, expected) in table {
            let decided = badge(from).decided(decision, by);
            let status = decided.map(|badge| {
                badge.map(|badge| {
                    assert_eq!(badge.version, 4);
                    badge.status
                })
            });
            assert_eq!(status, expected, "{from:?} {decision:?} by {by:?}");
        }
    }

    #[test]
    fn a_badge_is_valid_through_its_last_day() {
        let badge = badge(BadgeStatus::Valid);
        let end = Millis::parse_rfc3339("2027-01-16T00:00:00+08:00").unwrap();
        assert_eq!(badge.expires_at(), end);
        assert!(!badge.is_expired(Millis(end.0 - 1)));
        assert!(badge.is_expired(end));
    }
}

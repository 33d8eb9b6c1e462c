//! Scans of badges: what a scan answers, what the log keeps of it, and which two scans show that a badge was copied.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agency::Standing;
use crate::badge::{Badge, BadgeStatus};
use crate::geo::RoughPlace;
use crate::id::{BadgeId, OrderId, WorkerId};
use crate::time::Millis;
use crate::worker::Worker;

/// How long the log keeps a scan.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How far back a scan is compared with others of the same badge.
pub const COMPARED: Duration = Duration::from_secs(30 * 60);

/// No badge travels faster than this, in km/h: the highest speed that a motorway in China may allow (Regulation on
/// the Implementation of the Road Traffic Safety Law, article 78). Workers' visits lie within a city.
const FASTEST_KMH: f64 = 120.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanResult {
    Genuine,
    /// Past its last day.
    Expired,
    /// It is revoked, or its worker was erased or left the agency.
    Revoked,
    /// The badge, its worker or her agency is suspended.
    Suspended,
    NotGenuine,
    /// Scanned from within an order, and it is the order's worker.
    Match,
    /// Scanned from within an order, and it is somebody else.
    Mismatch,
    /// Scanned from within an order that has no worker yet.
    NoWorkerYet,
    /// Scanned from within an order: its worker, but her record does not let her begin.
    NotCleared,
}

impl ScanResult {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::NotGenuine => "not_genuine",
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::NoWorkerYet => "no_worker_yet",
            Self::NotCleared => "not_cleared",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScannedBy {
    /// Not logged in.
    Public,
    /// From within an order.
    Customer,
    Agency,
    Authority,
}

/// One scan of a badge whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    pub badge_id: BadgeId,
    /// `None` if the badge was not looked up.
    pub worker_id: Option<WorkerId>,
    pub at: Millis,
    pub by: ScannedBy,
    /// A keyed hash that only tells one scanner from another.
    pub who: String,
    pub result: ScanResult,
    pub order_id: Option<OrderId>,
    pub place: Option<RoughPlace>,
}

impl Scan {
    /// Whether these two scans show that a badge was copied: two scanners within [`COMPARED`], further apart than a
    /// car drives in the time between, even if both places are as wrong as they can be.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        let (Some(here), Some(there)) = (&self.place, &other.place) else {
            return false;
        };
        let between = self.at.since(other.at).max(other.at.since(self.at));
        let reach_m = FASTEST_KMH / 3.6 * between.as_secs_f64();
        self.badge_id == other.badge_id
            && self.who != other.who
            && between <= COMPARED
            && here.least_distance_m(there) > reach_m
    }
}

/// What a badge of ours is worth now, together with its worker and her agency.
///
/// The worst counts: revoked before expired before suspended. When the worker is unknown, was erased or has moved to
/// another agency, the badge counts as revoked.
pub fn live(
    badge: &Badge,
    worker: Option<&Worker>,
    agency: Option<Standing>,
    now: Millis,
) -> ScanResult {
    let stays = worker.filter(|worker| !worker.is_erased && worker.agency == badge.agency);
    let Some(worker) = stays else {
        return ScanResult::Revoked;
    };
    match badge.status {
        BadgeStatus::Revoked => ScanResult::Revoked,
        _ if badge.is_expired(now) => ScanResult::Expired,
        BadgeStatus::Valid if worker.may_work() && agency == Some(Standing::Approved) => {
            ScanResult::Genuine
        }
        BadgeStatus::Valid | BadgeStatus::Suspended { .. } => ScanResult::Suspended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badge::{Decider, StatusIndex};
    use crate::credit::Sections;
    use crate::id::AgencyId;
    use crate::service::ServiceSet;

    const NOW: Millis = Millis(1_800_014_400_000);
    const TODAY: u16 = 20_833;

    fn badge(status: BadgeStatus) -> Badge {
        Badge {
            id: BadgeId::from_bytes(&[1; 8]),
            worker: WorkerId::from_bytes(&[2; 16]),
            agency: AgencyId::from_bytes(&[3; 16]),
            status,
            index: StatusIndex(5),
            expires_day: TODAY,
            issued_at: Millis(0),
            version: 3,
            signed: None,
        }
    }

    fn worker(standing: Standing) -> Worker {
        Worker {
            id: WorkerId::from_bytes(&[2; 16]),
            version: 1,
            agency: AgencyId::from_bytes(&[3; 16]),
            standing,
            skills: ServiceSet::all(),
            experience: Vec::new(),
            sex: None,
            masked_name: "张*".to_owned(),
            registered_at: Millis(0),
            waits_since: None,
            photo: None,
            sections: Sections::default(),
            is_erased: false,
            review_version: 1,
            last_decision: None,
        }
    }

    #[test]
    fn a_badge_says_what_its_worker_and_agency_let_it_say() {
        use Standing::{Approved, Pending, Rejected, Suspended};
        let valid = badge(BadgeStatus::Valid);
        let says =
            |badge: &Badge, worker: Option<&Worker>, agency| live(badge, worker, agency, NOW);
        for standing in [Approved, Pending, Rejected, Suspended] {
            let expected = if standing == Approved {
                ScanResult::Genuine
            } else {
                ScanResult::Suspended
            };
            let worker_stands = worker(standing);
            assert_eq!(says(&valid, Some(&worker_stands), Some(Approved)), expected);
            let worker = worker(Approved);
            assert_eq!(says(&valid, Some(&worker), Some(standing)), expected);
        }
        let approved = worker(Approved);
        assert_eq!(says(&valid, Some(&approved), None), ScanResult::Suspended);
        assert_eq!(says(&valid, None, Some(Approved)), ScanResult::Revoked);
        for by in [Decider::Agency, Decider::Authority] {
            let suspended = badge(BadgeStatus::Suspended { by });
            let said = says(&suspended, Some(&approved), Some(Approved));
            assert_eq!(said, ScanResult::Suspended);
        }
        let revoked = badge(BadgeStatus::Revoked);
        let said = says(&revoked, Some(&approved), Some(Suspended));
        assert_eq!(said, ScanResult::Revoked);

        let mut erased = worker(Approved);
        erased.is_erased = true;
        assert_eq!(
            says(&valid, Some(&erased), Some(Approved)),
            ScanResult::Revoked
        );
        let mut gone = worker(Approved);
        gone.agency = AgencyId::from_bytes(&[4; 16]);
        assert_eq!(
            says(&valid, Some(&gone), Some(Approved)),
            ScanResult::Revoked
        );
    }

    #[test]
    fn an_end_outweighs_a_suspension_and_a_revocation_outweighs_an_end() {
        let late = badge(BadgeStatus::Valid).expires_at();
        let worker = worker(Standing::Suspended);
        let says = |status| live(&badge(status), Some(&worker), None, late);
        let by = Decider::Agency;
        assert_eq!(says(BadgeStatus::Valid), ScanResult::Expired);
        assert_eq!(says(BadgeStatus::Suspended { by }), ScanResult::Expired);
        assert_eq!(says(BadgeStatus::Revoked), ScanResult::Revoked);
    }

    fn scan(who: &str, minutes: i64, place: Option<(f64, f64)>) -> Scan {
        Scan {
            badge_id: BadgeId::from_bytes(&[1; 8]),
            worker_id: None,
            at: Millis(NOW.0 + minutes * 60_000),
            by: ScannedBy::Public,
            who: who.to_owned(),
            result: ScanResult::Genuine,
            order_id: None,
            place: place.and_then(|(lat, lon)| RoughPlace::of_address(lat, lon)),
        }
    }

    #[test]
    fn two_scans_are_apart_if_no_car_goes_so_fast() {
        let harbin = Some((45.77, 126.63));
        let shenyang = Some((41.80, 123.43));
        let changchun = Some((43.88, 125.32));
        let first = scan("a", 0, harbin);
        for (other, expected) in [
            (scan("b", 0, shenyang), true),
            (scan("b", 29, shenyang), true),
            (scan("b", -29, shenyang), true),
            // 233 km away, of which 133 are certain; a car drives 60 in half an hour.
            (scan("b", 30, changchun), true),
            (scan("b", 31, shenyang), false),
            (scan("b", 5, harbin), false),
            (scan("b", 5, None), false),
            // The same person on another network, with another address.
            (scan("a", 5, shenyang), false),
        ] {
            assert_eq!(first.is_apart_from(&other), expected, "{other:?}");
            assert_eq!(other.is_apart_from(&first), expected, "{other:?}");
        }
        let mut other_badge = scan("b", 5, shenyang);
        other_badge.badge_id = BadgeId::from_bytes(&[2; 8]);
        assert!(!first.is_apart_from(&other_badge));
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for result in [
            ScanResult::Genuine,
            ScanResult::NotGenuine,
            ScanResult::NoWorkerYet,
            ScanResult::NotCleared,
        ] {
            let json = serde_json::to_string(&result).unwrap();
            assert_eq!(json, format!("\"{}\"", result.as_str()));
        }
    }
}

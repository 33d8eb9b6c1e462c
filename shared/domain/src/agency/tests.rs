use super::*;

use Decision::{Approve, Reinstate, Reject, Suspend};
use Standing::{Approved, Pending, Rejected, Suspended};

fn review(decision: Decision) -> Review {
    Review {
        decision,
        reason: "papers seen".to_owned(),
        by: "aut_harbin".parse().unwrap(),
        at: Millis(5),
    }
}

fn place(lat: f64) -> Wgs84 {
    Wgs84::from_degrees(lat, 126.6).unwrap()
}

fn store() -> Store {
    let id = StoreId::from_bytes(&[1; 8]);
    Store::proposed(
        id,
        "一号店".into(),
        "中央大街 1 号".into(),
        place(45.7),
        Millis(1),
    )
}

#[track_caller]
fn after(store: &Store, decision: Decision) -> Store {
    store.decided(review(decision)).unwrap().unwrap()
}

#[test]
fn every_decision_from_every_standing() {
    let table = [
        (Pending, Approve, Some(Approved)),
        (Pending, Reject, Some(Rejected)),
        (Pending, Suspend, None),
        (Pending, Reinstate, None),
        (Approved, Approve, Some(Approved)),
        (Approved, Reject, None),
        (Approved, Suspend, Some(Suspended)),
        (Approved, Reinstate, Some(Approved)),
        (Rejected, Approve, Some(Approved)),
        (Rejected, Reject, Some(Rejected)),
        (Rejected, Suspend, None),
        (Rejected, Reinstate, None),
        (Suspended, Approve, None),
        (Suspended, Reject, None),
        (Suspended, Suspend, Some(Suspended)),
        (Suspended, Reinstate, Some(Approved)),
    ];
    for (standing, decision, wanted) in table {
        assert_eq!(
            standing.decide(decision).ok(),
            wanted,
            "{standing:?} {decision:?}"
        );
    }
    assert_eq!(
        Pending.decide(Suspend).unwrap_err().to_string(),
        "The decision suspend cannot be taken on what is pending."
    );
}

#[test]
fn a_decision_on_an_agency_is_kept_once() {
    let agency = Agency {
        id: AgencyId::from_bytes(&[1; 16]),
        name: "龙江家政".into(),
        uscc: "91350100M000100Y43".parse().unwrap(),
        responsible_person: "李明".into(),
        phone: "13912345678".parse().unwrap(),
        services: ServiceSet::all(),
        standing: Pending,
        version: 3,
        stats: AgencyStats::default(),
        registered_at: Millis(1),
        reviews: Vec::new(),
    };
    let approved = agency.decided(review(Approve)).unwrap().unwrap();
    assert_eq!((approved.standing, approved.version), (Approved, 4));
    assert_eq!(approved.reviews, [review(Approve)]);
    assert_eq!(approved.decided(review(Approve)), Ok(None));
    assert!(approved.decided(review(Reject)).is_err());
}

#[test]
fn a_store_counts_only_where_it_was_approved() {
    let new = store();
    assert_eq!(new.counts_at(), None);
    let approved = after(&new, Approve);
    assert_eq!(approved.counts_at(), Some(place(45.7)));

    let moved = approved.moved(place(45.9));
    assert_eq!(
        (moved.status, moved.counts_at()),
        (Pending, Some(place(45.7)))
    );
    let there = after(&moved, Approve);
    assert_eq!(
        (there.status, there.counts_at()),
        (Approved, Some(place(45.9)))
    );
    assert_eq!(there.proposed, None);

    let back = after(&moved, Reject);
    assert_eq!(
        (back.status, back.counts_at()),
        (Approved, Some(place(45.7)))
    );
    assert_eq!(
        back.decided(review(Reject)),
        Ok(None),
        "a repeat changes nothing"
    );
    assert_eq!(approved.moved(place(45.7)), approved, "it is there already");
}

#[test]
fn a_suspended_store_counts_nowhere_until_reinstated() {
    let approved = after(&store(), Approve);
    let suspended = after(&approved, Suspend);
    assert_eq!(suspended.counts_at(), None);
    assert_eq!(after(&suspended, Reinstate).counts_at(), Some(place(45.7)));
    // Moved meanwhile: the old place counts again, and the new one waits.
    let moved = suspended.moved(place(45.9));
    assert_eq!((moved.status, moved.counts_at()), (Suspended, None));
    let reinstated = after(&moved, Reinstate);
    assert_eq!(
        (reinstated.status, reinstated.counts_at()),
        (Pending, Some(place(45.7)))
    );
    // One that works while its move is reviewed can be suspended too.
    assert_eq!(
        after(&approved.moved(place(45.9)), Suspend).counts_at(),
        None
    );
    assert_eq!(after(&store(), Reject).counts_at(), None);
}

use domain::agency::{AgencyStats, StoreChange};
use domain::id::AgencyId;
use domain::service::{Service, ServiceSet};
use domain::time::Millis;

use super::*;

const RADIUS_M: u32 = 5_000;

fn harbin(east_deg: f64) -> Wgs84 {
    Wgs84::from_degrees(45.77, 126.62 + east_deg).unwrap()
}

fn agency(standing: Standing) -> Agency {
    Agency {
        id: AgencyId::from_bytes(&[1; 16]),
        name: "平安家政".to_owned(),
        uscc: "91350100M000100Y43".parse().unwrap(),
        responsible_person: "张三".to_owned(),
        phone: "13912345678".parse().unwrap(),
        services: ServiceSet::all(),
        papers: Default::default(),
        standing,
        version: 7,
        review_version: 1,
        proposed: None,
        waits_since: None,
        stats: AgencyStats::default(),
        registered_at: Millis(0),
        reviews: Vec::new(),
    }
}

fn store(number: u8, status: Standing, location: Option<Wgs84>, proposed: Option<Wgs84>) -> Store {
    let id = StoreId::from_bytes(&[number; 8]);
    let proposed_store =
        Store::proposed(id, "店".to_owned(), "路".to_owned(), harbin(0.0), Millis(0));
    Store {
        status,
        location,
        proposed: StoreChange {
            location: proposed,
            ..StoreChange::default()
        },
        ..proposed_store
    }
}

fn projected(standing: Standing, stores: &[Store]) -> Projection {
    Projection::new(&agency(standing), stores, RADIUS_M, &[], &BTreeSet::new())
}

fn places(store: &Store, at: Wgs84) -> BTreeSet<Place> {
    cells(at, RADIUS_M)
        .map(|cell| (cell, store.id.clone()))
        .collect()
}

#[test]
fn an_approved_store_is_in_every_cell_that_its_disc_touches_and_in_its_home_cell() {
    let at = harbin(0.0);
    let store = store(1, Standing::Approved, Some(at), None);
    let projection = projected(Standing::Approved, std::slice::from_ref(&store));
    assert_eq!(projection.places(), places(&store, at));
    assert!(projection.cleared.is_empty());
    let discs = projection
        .held
        .iter()
        .filter(|(cell, _)| matches!(cell, Cell::Disc(_)))
        .count();
    assert!((7..=12).contains(&discs), "{discs} at Harbin");
    assert_eq!(projection.held.len(), discs + 1);
    for (_, held) in &projection.held {
        assert_eq!((held.at, held.version, held.radius_m), (at, 7, RADIUS_M));
    }
}

#[test]
fn nothing_is_held_of_who_may_not_work() {
    let stores = [store(1, Standing::Approved, Some(harbin(0.0)), None)];
    for standing in [Standing::Pending, Standing::Rejected, Standing::Suspended] {
        let projection = projected(standing, &stores);
        assert!(projection.held.is_empty(), "{standing:?}");
        assert_eq!(
            projection.cleared,
            places(&stores[0], harbin(0.0)),
            "{standing:?}"
        );
    }
    for status in [Standing::Rejected, Standing::Suspended] {
        let projection = projected(
            Standing::Approved,
            &[store(1, status, Some(harbin(0.0)), None)],
        );
        assert!(projection.held.is_empty(), "{status:?}");
        assert_eq!(
            projection.cleared,
            places(&stores[0], harbin(0.0)),
            "{status:?}"
        );
    }
}

#[test]
fn a_store_is_held_for_what_it_does_and_its_agency_offers() {
    let mut own = store(1, Standing::Approved, Some(harbin(0.0)), None);
    own.services = [Service::Cooking, Service::LiveIn].into_iter().collect();
    let mut agency = agency(Standing::Approved);
    agency.services = [Service::Cooking, Service::Cleaning].into_iter().collect();
    let project = |agency: &Agency, store: &Store| {
        let stores = std::slice::from_ref(store);
        Projection::new(agency, stores, RADIUS_M, &[], &BTreeSet::new())
    };
    let held = project(&agency, &own).held;
    assert!(!held.is_empty());
    for (_, held) in held {
        assert_eq!(held.services, [Service::Cooking].into_iter().collect());
    }
    let closed = own.closed(Millis(1)).unwrap();
    agency.services = [Service::Cleaning].into_iter().collect();
    for projection in [project(&agency, &own), project(&agency, &closed)] {
        assert_eq!(projection.held, []);
        assert_eq!(projection.cleared, places(&own, harbin(0.0)));
    }
}

#[test]
fn a_moved_store_counts_at_its_old_place_until_it_is_approved() {
    let (old, new) = (harbin(0.0), harbin(0.3));
    let moving = store(1, Standing::Pending, Some(old), Some(new));
    assert_eq!(
        projected(Standing::Approved, std::slice::from_ref(&moving)).places(),
        places(&moving, old)
    );

    let moved = store(1, Standing::Approved, Some(new), None);
    let seen = [(moved.id.clone(), old), (moved.id.clone(), new)];
    let agency = agency(Standing::Approved);
    let stores = [moved.clone()];
    let projection = Projection::new(&agency, &stores, RADIUS_M, &seen, &BTreeSet::new());
    assert_eq!(projection.places(), places(&moved, new));
    let left: BTreeSet<_> = places(&moved, old)
        .difference(&places(&moved, new))
        .cloned()
        .collect();
    assert!(!left.is_empty());
    assert_eq!(projection.cleared, left);
}

#[test]
fn a_new_store_is_nowhere_until_it_is_approved() {
    let new = store(2, Standing::Pending, None, Some(harbin(0.0)));
    let projection = projected(Standing::Approved, &[new]);
    assert_eq!(
        projection,
        Projection {
            held: Vec::new(),
            cleared: BTreeSet::new()
        }
    );
}

#[test]
fn what_an_earlier_look_has_written_is_cleared_if_it_is_no_longer_so() {
    let at = harbin(0.0);
    let store = store(1, Standing::Approved, Some(at), None);
    let stores = [store.clone()];
    let written = projected(Standing::Approved, &stores).places();
    let suspended = agency(Standing::Suspended);
    let projection = Projection::new(&suspended, &stores, RADIUS_M, &[], &written);
    assert_eq!(projection.cleared, written);
    let approved = agency(Standing::Approved);
    let projection = Projection::new(&approved, &stores, RADIUS_M, &[], &written);
    assert!(projection.cleared.is_empty());
}

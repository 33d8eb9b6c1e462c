//! What a list is asked for, and what an agency that lost a claim is told.

use crate::agency::{Standing, Store};
use crate::id::StoreId;
use crate::time::Day;

use super::*;

fn store(n: u8, lat: f64) -> Store {
    let at = Wgs84::from_degrees(lat, 126.65).unwrap();
    let id = StoreId::from_bytes(&[n; 8]);
    let mut store = Store::proposed(id, "店".to_owned(), "路".to_owned(), at, PLACED);
    store.location = Some(at);
    store.status = Standing::Approved;
    store
}

fn listed(order: &Order) -> ListedClaim {
    ListedClaim {
        order: order.id.clone(),
        at: PLACED,
        status: Some(order.status()),
        start_at: Some(order.start_at),
        area: Some(order.area.clone()),
        worker: order.staffing().map(|staffing| staffing.worker.clone()),
        end: None,
    }
}

#[test]
fn filters_are_combined() {
    let stores = [store(1, 45.80), store(2, 45.771), store(3, 45.70)];
    let order = in_state(Status::Staffed);
    let today = Day(order.start_at.day());
    let all = Wanted {
        tab: Some(Tab::Has(Status::Staffed)),
        day: Some(today),
        store: Some(stores[1].id.clone()),
        worker: Some(staffing(1).worker),
    };
    let fits = |wanted: &Wanted, claim: &ListedClaim| {
        wanted.fits(claim, &stores) && wanted.fits_tab(claim.tab())
    };
    assert!(fits(&all, &listed(&order)));
    assert!(fits(&Wanted::default(), &listed(&order)));
    for other in [
        Wanted {
            tab: Some(Tab::Lost),
            ..all.clone()
        },
        Wanted {
            day: Some(Day(today.0 + 1)),
            ..all.clone()
        },
        Wanted {
            store: Some(stores[0].id.clone()),
            ..all.clone()
        },
        Wanted {
            worker: Some(staffing(2).worker),
            ..all.clone()
        },
    ] {
        assert!(!fits(&other, &listed(&order)), "{other:?}");
    }
    let (from, to) = all.claimed_within().unwrap();
    assert!(from <= order.placed_at && order.ends_at() < to);
    // A lost claim of an older version says no more than that it is lost.
    let lost = ListedClaim {
        status: None,
        start_at: None,
        area: None,
        ..listed(&order)
    };
    assert_eq!(lost.tab(), Tab::Lost);
    assert!(!all.fits(&lost, &stores));
}

#[test]
fn an_order_is_of_the_nearest_store_for_its_service() {
    let mut stores = [store(1, 45.80), store(2, 45.771)];
    let order = in_state(Status::Staffed);
    stores[1].services = [Service::Childcare].into_iter().collect();
    assert!(!stores[1].services.contains(order.service));
    for (wanted, is_of) in [(0, true), (1, false)] {
        let wanted = Wanted {
            store: Some(stores[wanted].id.clone()),
            ..Wanted::default()
        };
        // The claim alone does not say, so both may be wanted, and are not counted as if they were.
        assert!(wanted.fits(&listed(&order), &stores));
        assert!(!wanted.is_exact(&stores) && wanted.is_exact(&stores[..1]));
        assert_eq!(
            wanted.is_of_store(&stores, &order.area, order.service),
            is_of
        );
    }
    let all = Wanted::default();
    assert!(all.is_exact(&stores) && all.is_of_store(&[], &order.area, order.service));
}

#[test]
fn a_day_is_a_day_in_china() {
    let day: Day = "2026-05-01".parse().unwrap();
    assert_eq!(day.begins().to_rfc3339(), "2026-04-30T16:00:00.000Z");
    assert_eq!(day.ends().to_rfc3339(), "2026-05-01T16:00:00.000Z");
    for text in [
        "",
        "2026-5-1",
        "2026-02-30",
        "2026-05-01T00:00:00Z",
        "today",
    ] {
        assert!(text.parse::<Day>().is_err(), "{text}");
    }
}

#[test]
fn only_who_had_the_claim_is_told_of_the_cancellation_as_the_end_of_it() {
    let at = Millis(PLACED.0 + 1);
    let order = in_state(Status::Claimed).changed(&cancel(), 1, at).unwrap();
    let ended = |viewer: &Viewer| order.summary(viewer, at).ended;
    let reason = ClaimEnd::Cancelled;
    assert_eq!(
        ended(&Viewer::Former(agency(1))),
        Some(EndedView { reason, at })
    );
    for other in [
        Viewer::Former(agency(2)),
        Viewer::Customer,
        Viewer::Authority,
    ] {
        assert_eq!(ended(&other), None);
    }
}

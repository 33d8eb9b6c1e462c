use super::*;
use crate::chain::Hash;

use Decision::{Approve, Reinstate, Reject, Suspend};
use Standing::{Approved, Pending, Rejected, Suspended};

/// Of somebody who has looked at this version.
fn review_of(version: u64, decision: Decision) -> Review {
    Review {
        decision,
        version: Some(version),
        papers: Papers::default(),
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
    let review = review_of(store.review_version, decision);
    store.decided(review).unwrap().unwrap()
}

fn moved(store: &Store, lat: f64) -> Store {
    let change = StoreChange {
        location: Some(place(lat)),
        ..StoreChange::default()
    };
    after_change(store, change).unwrap()
}

#[track_caller]
fn after_change(store: &Store, change: StoreChange) -> Option<Store> {
    store.changed(change, None).unwrap()
}

fn agency() -> Agency {
    Agency {
        id: AgencyId::from_bytes(&[1; 16]),
        name: "龙江家政".into(),
        uscc: "91350100M000100Y43".parse().unwrap(),
        responsible_person: "李明".into(),
        phone: "13912345678".parse().unwrap(),
        services: ServiceSet::all(),
        papers: Papers::default(),
        standing: Pending,
        version: 3,
        review_version: 1,
        proposed: None,
        waits_since: Some(Millis(1)),
        stats: AgencyStats::default(),
        registered_at: Millis(1),
        reviews: Vec::new(),
    }
}

fn renamed(agency: &Agency, name: &str) -> Agency {
    let change = AgencyChange {
        name: Some(name.to_owned()),
        ..AgencyChange::default()
    };
    agency.changed(change, Millis(9)).unwrap()
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
    let approve = review_of(1, Approve);
    let approved = agency().decided(approve.clone()).unwrap().unwrap();
    assert_eq!((approved.standing, approved.version), (Approved, 4));
    assert_eq!(approved.waits_since, None);
    assert_eq!(approved.reviews, std::slice::from_ref(&approve));
    assert_eq!(approved.decided(approve), Ok(None));
    assert!(approved.decided(review_of(1, Reject)).is_err());
}

#[test]
fn a_decision_binds_what_was_seen() {
    let changed_since = |version| Err(NotDecided::ChangedSince { version });
    let renamed = renamed(&agency(), "龙江家政服务");
    assert_eq!(renamed.decided(review_of(1, Approve)), changed_since(2));
    assert_eq!(renamed.decided(review_of(1, Reject)), changed_since(2));
    let unseen = Review {
        version: None,
        ..review_of(1, Approve)
    };
    assert_eq!(renamed.decided(unseen), changed_since(2));
    // Its stores are approved with it, later ones are not.
    let with_store = renamed.with_store_changed();
    assert_eq!(with_store.decided(review_of(2, Approve)), changed_since(3));
    let approved = with_store.decided(review_of(3, Approve)).unwrap().unwrap();
    assert_eq!(approved.with_store_changed().review_version, 3);

    let first = moved(&after(&store(), Approve), 45.8);
    let again = moved(&first, 45.9);
    let seen = review_of(first.review_version, Approve);
    assert!(again.decided(seen.clone()).is_err());
    // Nor does the same approval, sent again, approve the next move.
    let there = first.decided(seen.clone()).unwrap().unwrap();
    let next = moved(&there, 45.9);
    assert_eq!(next.decided(seen), Ok(None));
    assert_eq!(next.counts_at(), Some(place(45.8)));
}

#[test]
fn what_was_approved_stays_until_its_change_is_approved() {
    let approved = agency().decided(review_of(1, Approve)).unwrap().unwrap();
    let proposes = renamed(&approved, "别的家政");
    assert_eq!(proposes.name, "龙江家政");
    assert_eq!(proposes.standing, Approved);
    assert_eq!(proposes.waits_since, Some(Millis(9)));
    let rejected = proposes.decided(review_of(2, Reject)).unwrap().unwrap();
    assert_eq!((&*rejected.name, &rejected.proposed), ("龙江家政", &None));
    let renamed_now = proposes.decided(review_of(2, Approve)).unwrap().unwrap();
    assert_eq!(
        (&*renamed_now.name, renamed_now.standing),
        ("别的家政", Approved)
    );
    assert_eq!(renamed_now.waits_since, None);
    // Back to what it is: nothing waits.
    let back = renamed(&proposes, "龙江家政");
    assert_eq!((&back.proposed, back.waits_since), (&None, None));
    // One that was rejected corrects itself.
    let rejected = agency().decided(review_of(1, Reject)).unwrap().unwrap();
    let corrected = renamed(&rejected, "龙江家政服务");
    assert_eq!(
        (&*corrected.name, corrected.standing),
        ("龙江家政服务", Pending)
    );
    assert_eq!(
        corrected.decided(review_of(1, Reject)),
        Ok(None),
        "the same decision, sent again, is none on what has been corrected"
    );
}

fn licence(content: u8) -> AgencyChange {
    let paper = Paper {
        kind: PaperKind::BusinessLicence,
        sha256: Hash([content; 32]),
        media_type: PaperType::Png,
        bytes: 8,
        uploaded_at: Millis(i64::from(content)),
    };
    AgencyChange {
        papers: paper.into(),
        ..AgencyChange::default()
    }
}

#[test]
fn a_decision_tells_which_papers_it_was_on() {
    let now = Millis(9);
    let put = |agency: &Agency, content| agency.changed(licence(content), now).unwrap();
    assert_eq!(
        agency().lacks(&[PaperKind::BusinessLicence]),
        [PaperKind::BusinessLicence]
    );
    let shown = put(&agency(), 1);
    assert_eq!(shown.review_version, 2);
    assert!(shown.lacks(&[PaperKind::BusinessLicence]).is_empty());
    assert_eq!(shown.changed(licence(1), now), None);
    assert!(shown.decided(review_of(1, Approve)).is_err());

    let rejected = shown.decided(review_of(2, Reject)).unwrap().unwrap();
    let corrected = put(&rejected, 2);
    assert_eq!((corrected.standing, corrected.review_version), (Pending, 3));
    let approved = corrected.decided(review_of(3, Approve)).unwrap().unwrap();
    let proposes = put(&approved, 3);
    assert_eq!(proposes.papers, licence(2).papers);
    assert_eq!(proposes.papers_to_decide(), &licence(3).papers);
    assert_eq!(put(&proposes, 2).proposed, None, "it is there already");
    let there = proposes.decided(review_of(4, Approve)).unwrap().unwrap();
    assert_eq!(there.papers, licence(3).papers);
    let suspended = there.decided(review_of(4, Suspend)).unwrap().unwrap();

    let decided = suspended.reviews.iter().map(|review| review.papers.clone());
    let expected = [1, 2, 3].map(|content| licence(content).papers);
    let expected = expected.into_iter().chain([Papers::default()]);
    assert!(decided.eq(expected));
    for content in [1, 2, 3] {
        let kept = Hash([content; 32]);
        assert!(there.kept_papers().any(|paper| paper.sha256 == kept));
    }
}

#[test]
fn a_store_counts_only_where_it_was_approved() {
    let new = store();
    assert_eq!(new.counts_at(), None);
    let approved = after(&new, Approve);
    assert_eq!(approved.counts_at(), Some(place(45.7)));

    let moved_away = moved(&approved, 45.9);
    assert_eq!(
        (moved_away.status, moved_away.counts_at()),
        (Pending, Some(place(45.7)))
    );
    let there = after(&moved_away, Approve);
    assert_eq!(
        (there.status, there.counts_at()),
        (Approved, Some(place(45.9)))
    );
    assert!(there.proposed.is_empty());

    let back = after(&moved_away, Reject);
    assert_eq!(
        (back.status, back.counts_at()),
        (Approved, Some(place(45.7)))
    );
    assert_eq!(
        back.decided(review_of(moved_away.review_version, Reject)),
        Ok(None),
        "a repeat changes nothing"
    );
    let change = StoreChange {
        location: Some(place(45.7)),
        ..StoreChange::default()
    };
    assert_eq!(after_change(&approved, change), None, "it is there already");

    // Its name and address are those of the place that was approved.
    let change = StoreChange {
        address: Some("别处".to_owned()),
        ..StoreChange::default()
    };
    let renamed = after_change(&approved, change.clone()).unwrap();
    assert_eq!(
        (&renamed.address, renamed.status),
        (&approved.address, Pending)
    );
    assert_eq!(renamed.counts_at(), Some(place(45.7)));
    let here = after(&renamed, Approve);
    assert_eq!((&*here.address, here.status), ("别处", Approved));
    assert_eq!(here.counts_at(), Some(place(45.7)));
    assert_eq!(after(&renamed, Reject).address, approved.address);
    let back = StoreChange {
        address: Some(approved.address.clone()),
        ..StoreChange::default()
    };
    let back = after_change(&renamed, back).unwrap();
    assert_eq!((back.status, back.proposed.is_empty()), (Approved, true));
    assert_eq!(
        after_change(&new, change).unwrap().address,
        "别处",
        "nobody has looked at it yet"
    );
}

#[test]
fn a_suspended_store_counts_nowhere_until_reinstated() {
    let approved = after(&store(), Approve);
    let suspended = after(&approved, Suspend);
    assert_eq!(suspended.counts_at(), None);
    assert_eq!(after(&suspended, Reinstate).counts_at(), Some(place(45.7)));
    // Moved meanwhile: the old place counts again, and the new one waits.
    let moved_away = moved(&suspended, 45.9);
    assert_eq!(
        (moved_away.status, moved_away.counts_at()),
        (Suspended, None)
    );
    let reinstated = after(&moved_away, Reinstate);
    assert_eq!(
        (reinstated.status, reinstated.counts_at()),
        (Pending, Some(place(45.7)))
    );
    // One that works while its move is reviewed can be suspended too.
    assert_eq!(after(&moved(&approved, 45.9), Suspend).counts_at(), None);
    assert_eq!(after(&store(), Reject).counts_at(), None);
}

fn of_services(services: &[Service]) -> StoreChange {
    StoreChange {
        services: Some(services.iter().copied().collect()),
        ..StoreChange::default()
    }
}

#[test]
fn the_services_of_a_store_are_reviewed_like_its_place() {
    let cooks = of_services(&[Service::Cooking]);
    let new = after_change(&store(), cooks.clone()).unwrap();
    assert_eq!(new.services.len(), 1, "nobody has looked at it yet");
    assert!(after(&new, Approve).services.contains(Service::Cooking));

    let approved = after(&store(), Approve);
    let proposes = after_change(&approved, cooks.clone()).unwrap();
    assert_eq!(
        (proposes.status, proposes.services),
        (Pending, ServiceSet::EMPTY)
    );
    assert_eq!(after(&proposes, Reject).services, ServiceSet::EMPTY);
    let cooking = after(&proposes, Approve);
    assert_eq!(after_change(&cooking, cooks), None, "it does that already");
    assert_eq!(cooking.counts_for(Service::Cooking), Some(place(45.7)));
    assert_eq!(cooking.counts_for(Service::LiveIn), None);
    // What its agency does not offer, it does not do; without services of its own it does all of them.
    let offered = [Service::Cleaning].into_iter().collect();
    assert_eq!(cooking.services_of(offered), ServiceSet::EMPTY);
    assert_eq!(approved.services_of(offered), offered);
    let all = after(&after_change(&cooking, of_services(&[])).unwrap(), Approve);
    assert_eq!(all.counts_for(Service::LiveIn), Some(place(45.7)));
}

fn span(day: &str, from: &str, until: &str) -> Span {
    serde_json::from_str(&format!(
        r#"{{"day":"{day}","from":"{from}","until":"{until}"}}"#
    ))
    .unwrap()
}

#[test]
fn opening_hours_are_chinas_and_cover_a_visit_to_its_end() {
    let hours = vec![
        span("monday", "08:00", "18:00"),
        span("friday", "20:00", "04:00"),
        span("sunday", "00:00", "24:00"),
    ];
    let open = Store {
        opening_hours: hours,
        ..store()
    };
    // 2026-02-02 and 2026-07-06 are Mondays: no clock is changed in summer.
    for (from, until, is_open) in [
        (
            "2026-02-02T08:00:00+08:00",
            "2026-02-02T18:00:00+08:00",
            true,
        ),
        (
            "2026-07-06T08:00:00+08:00",
            "2026-07-06T18:00:00+08:00",
            true,
        ),
        ("2026-07-06T00:00:00Z", "2026-07-06T10:00:00Z", true),
        (
            "2026-02-02T07:59:00+08:00",
            "2026-02-02T09:00:00+08:00",
            false,
        ),
        (
            "2026-02-02T16:00:00+08:00",
            "2026-02-02T18:01:00+08:00",
            false,
        ),
        (
            "2026-02-03T09:00:00+08:00",
            "2026-02-03T10:00:00+08:00",
            false,
        ),
        // Over midnight, and longer than the span.
        (
            "2026-02-06T23:00:00+08:00",
            "2026-02-07T04:00:00+08:00",
            true,
        ),
        (
            "2026-02-06T23:00:00+08:00",
            "2026-02-07T04:30:00+08:00",
            false,
        ),
        // On Sunday to midnight, and Monday's shop is not open yet.
        (
            "2026-02-08T22:00:00+08:00",
            "2026-02-09T00:00:00+08:00",
            true,
        ),
        (
            "2026-02-08T22:00:00+08:00",
            "2026-02-09T00:30:00+08:00",
            false,
        ),
    ] {
        let at = |text| Millis::parse_rfc3339(text).unwrap();
        let opens = |store: &Store, service| store.is_open(service, at(from), at(until));
        assert_eq!(opens(&open, Service::Cleaning), is_open, "{from} {until}");
        assert!(opens(&open, Service::LiveIn) && opens(&store(), Service::Cleaning));
    }
}

#[test]
fn opening_hours_change_at_once_and_nothing_else_with_them() {
    let (approved, hours) = (
        after(&store(), Approve),
        vec![span("monday", "08:00", "18:00")],
    );
    let set = |store: &Store, change, hours: &[Span]| store.changed(change, Some(hours.to_vec()));
    let open = set(&approved, StoreChange::default(), &hours);
    let open = open.unwrap().unwrap();
    let same = Store {
        opening_hours: hours.clone(),
        ..approved.clone()
    };
    assert_eq!(open, same, "the version is of what is reviewed");
    assert_eq!(set(&open, StoreChange::default(), &hours), Ok(None));
    let both = set(&open, of_services(&[Service::Cooking]), &[]);
    let both = both.unwrap().unwrap();
    assert_eq!((both.opening_hours.len(), both.status), (0, Pending));
    assert_eq!(both.services, ServiceSet::EMPTY);
}

#[test]
fn a_closed_store_is_closed_for_good() {
    let approved = after(&store(), Approve);
    let moving = moved(&approved, 45.9);
    for before in [
        store(),
        approved.clone(),
        moving,
        after(&store(), Reject),
        after(&approved, Suspend),
    ] {
        let closed = before.closed(Millis(7)).unwrap();
        assert_eq!(closed.counts_at(), None);
        assert!(!closed.waits() && closed.proposed.is_empty());
        assert_eq!(closed.closed(Millis(8)), None, "a repeat changes nothing");
        let refused = Err(NotDecided::StoreClosed);
        assert_eq!(closed.changed(of_services(&[]), None), refused);
        assert_eq!(
            closed.changed(StoreChange::default(), Some(vec![])),
            refused
        );
        for decision in [Approve, Reject, Suspend, Reinstate] {
            let review = review_of(closed.review_version, decision);
            assert_eq!(closed.decided(review), refused, "{decision:?}");
        }
        for review in before.reviews {
            assert_eq!(closed.decided(review), refused, "nor is one repeated");
        }
    }
}

#[test]
fn an_area_is_reached_from_the_stores_that_are_there_for_the_service() {
    let near = after(&store(), Approve);
    let cook = Store {
        id: StoreId::from_bytes(&[2; 8]),
        location: Some(place(45.71)),
        services: [Service::Cooking].into_iter().collect(),
        ..near.clone()
    };
    let (stores, area) = ([near, cook], Area::containing(place(45.73)));
    let nearest = |service| nearest_store(&stores, &area, service).unwrap().store;
    assert_eq!(nearest(Service::Cooking), stores[1].id);
    assert_eq!(nearest(Service::Cleaning), stores[0].id);
    // 2.2 km to one and 3.3 km to the other, give or take the width of the area.
    for (service, radius_m, reaches) in [
        (Service::Cooking, 3_000, true),
        (Service::Cooking, 1_000, false),
        (Service::Cleaning, 4_100, true),
        (Service::Cleaning, 2_000, false),
    ] {
        let can = can_reach(&stores, &area, service, radius_m);
        assert_eq!(can, reaches, "{service} {radius_m}");
    }
    assert!(!can_reach(&stores[1..], &area, Service::Cleaning, 20_000));
}

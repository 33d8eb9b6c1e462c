//! What an agency's claims come to, and what that keeps it from.

use super::*;

fn nth(n: u8) -> Order {
    Order {
        id: OrderId::from_bytes(&[n; 16]),
        ..order()
    }
}

/// Counts what a change made of an order, and answers the order after it.
fn count(counts: &mut ClaimCounts, before: &Order, change: &Change, now: Millis) -> Order {
    let after = before.changed(change, before.epoch, now).unwrap();
    if let Some(news) = claim_news(before, &after) {
        *counts = counts.with(&news);
        assert_eq!(counts.with(&news), *counts, "a repeat is harmless");
    }
    after
}

fn grabbed(counts: &mut ClaimCounts, n: u8, now: Millis) -> Order {
    count(
        counts,
        &nth(n),
        &Change::Claim(claim(1, How::Grab, now)),
        now,
    )
}

fn tight() -> Market {
    Market {
        unstaffed_cap: 2,
        given_up_cap: 2,
        disclosure_cap: 2,
        ..Market::default()
    }
}

#[test]
fn claims_by_grab_count_until_somebody_is_named_or_they_end() {
    let market = tight();
    let mut counts = ClaimCounts::default();
    let first = grabbed(&mut counts, 1, PLACED);
    assert_eq!(counts.grab_cap(&market, PLACED), None);
    let second = grabbed(&mut counts, 2, PLACED);
    let cap = |counts: &ClaimCounts, now| counts.grab_cap(&market, now);
    assert_eq!(cap(&counts, PLACED), Some(GrabCap::TooManyUnstaffed));
    // What is not staffed in time is over, though nobody has told yet.
    let staff_by = first.claim().unwrap().staff_by;
    assert_eq!(cap(&counts, staff_by), None);

    let staffed = count(&mut counts, &first, &staff(1, None), PLACED);
    assert_eq!(cap(&counts, PLACED), None);
    count(&mut counts, &staffed, &unstaff(1), PLACED);
    assert_eq!(cap(&counts, PLACED), Some(GrabCap::TooManyUnstaffed));
    count(&mut counts, &second, &cancel(), PLACED);
    assert_eq!(cap(&counts, PLACED), None);

    // Assignments are nobody's wish.
    for n in 3..9 {
        let assignment = Change::Claim(claim(1, How::Assignment, DEADLINE));
        count(&mut counts, &nth(n), &assignment, DEADLINE);
    }
    assert_eq!(cap(&counts, DEADLINE), None);
    assert_eq!(Market::default().unstaffed_cap, 10);
}

#[test]
fn what_is_given_up_counts_until_the_day_is_over() {
    let market = tight();
    let later = Millis(PLACED.0 + 1_800_000);
    let visit_by = market.visit_by(order().ends_at());
    let given_up = [
        (Status::Claimed, release(1, again()), PLACED),
        (Status::Staffed, release(1, again()), PLACED),
        (Status::Claimed, missed(again()), later),
        (Status::Staffed, unattended(1, visit_by), visit_by),
    ];
    for (status, change, now) in given_up {
        let mut counts = ClaimCounts::default();
        for n in 1..=2 {
            assert_eq!(counts.grab_cap(&market, now), None);
            let order = Order {
                id: nth(n).id,
                ..in_state(status)
            };
            count(&mut counts, &order, &change, now);
        }
        let cap = |now| counts.grab_cap(&market, now);
        assert_eq!(cap(now), Some(GrabCap::ClaimsGivenUp), "{change:?}");
        let tomorrow = Millis::day_begins(now.day() + 1);
        assert_eq!(cap(Millis(tomorrow.0 - 1)), Some(GrabCap::ClaimsGivenUp));
        assert_eq!(cap(tomorrow), None);
    }
    for change in [suspend(1, again()), cancel()] {
        let mut counts = ClaimCounts::default();
        for n in 1..=2 {
            let order = Order {
                id: nth(n).id,
                ..in_state(Status::Claimed)
            };
            count(&mut counts, &order, &change, PLACED);
        }
        assert_eq!(counts.grab_cap(&market, PLACED), None, "{change:?}");
    }
}

#[test]
fn so_many_orders_are_opened_on_a_day() {
    let market = tight();
    let mut counts = ClaimCounts::default();
    for n in 1..=2 {
        let order = grabbed(&mut counts, n, PLACED);
        assert!(counts.may_open(&order.id, &market, PLACED));
        count(&mut counts, &order, &staff(1, None), PLACED);
    }
    let third = nth(3).id;
    assert!(!counts.may_open(&third, &market, PLACED));
    assert!(
        counts.may_open(&nth(2).id, &market, PLACED),
        "it is open already"
    );
    let tomorrow = Millis::day_begins(PLACED.day() + 1);
    assert!(counts.may_open(&third, &market, tomorrow));

    // News of yesterday that comes late is none of today.
    let order = in_state(Status::Claimed);
    counts = counts.with(&ClaimNews {
        at: tomorrow,
        ..claim_news(&order, &order.changed(&staff(1, None), 1, PLACED).unwrap()).unwrap()
    });
    for n in 5..9 {
        let order = grabbed(&mut counts, n, PLACED);
        count(&mut counts, &order, &staff(1, None), PLACED);
    }
    assert!(counts.may_open(&third, &market, tomorrow));
}

#[test]
fn whatever_comes_the_item_stays_small() {
    let mut counts = ClaimCounts::default();
    for n in 0..1_000_u32 {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let news = ClaimNews {
            agency: agency(1),
            order: OrderId::from_bytes(&id),
            at: PLACED,
            staff_by: Some(DEADLINE),
            is_given_up: true,
            is_opened: true,
        };
        counts = counts.with(&news);
    }
    assert!(serde_json::to_string(&counts).unwrap().len() < 40_000);
    let market = Market::default().without_caps();
    assert_eq!(counts.grab_cap(&market, PLACED), None);
    assert!(counts.may_open(&order().id, &market, PLACED));
}

#[test]
fn what_a_suspension_ends_is_no_fault() {
    let staffed = in_state(Status::Staffed);
    let suspended = staffed.changed(&suspend(1, again()), 1, PLACED).unwrap();
    assert_eq!(
        ended_claims(&staffed, &suspended),
        [(agency(1), ClaimEnd::Suspended)]
    );
    assert_eq!(tally(&staffed, &suspended), []);
    let released = staffed.changed(&release(1, again()), 1, PLACED).unwrap();
    assert_eq!(tally(&staffed, &released).len(), 1);
}

#[test]
fn a_worker_is_told_why_she_does_not_make_a_visit() {
    let staffed = in_state(Status::Staffed);
    let end = staffed.ends_at();
    for (change, lost) in [
        (cancel(), Some(VisitLost::Cancelled)),
        (release(1, again()), Some(VisitLost::Released)),
        (suspend(1, again()), Some(VisitLost::Suspended)),
        (unattended(1, end), Some(VisitLost::Unattended)),
        (staff(2, Some(1)), Some(VisitLost::Replaced)),
        (unstaff(1), Some(VisitLost::CannotCome)),
        (start(1), None),
    ] {
        let now = if lost == Some(VisitLost::Unattended) {
            end
        } else {
            PLACED
        };
        let after = staffed.changed(&change, 1, now).unwrap();
        let told = visit_lost(&staffed, &after);
        assert_eq!(
            told,
            lost.map(|lost| (staffing(1).worker, lost)),
            "{change:?}"
        );
        assert_eq!(visit_lost(&after, &after), None);
    }
}

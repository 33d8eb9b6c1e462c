use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod complaints;
mod counts;
mod epochs;
mod listed;
mod quota;
mod shown;
mod visits;

const PLACED: Millis = Millis(1_800_000_000_000);
const DEADLINE: Millis = Millis(PLACED.0 + 180_000);

fn agency(n: u8) -> AgencyId {
    AgencyId::from_bytes(&[n; 16])
}

fn order() -> Order {
    let visit = Visit {
        service: Service::Cleaning,
        start_at: Millis(PLACED.0 + 24 * 3_600_000),
        duration_min: 120,
        area: Area::containing(Wgs84::from_degrees(45.77, 126.65).unwrap()),
        budget_fen: Some(12_800),
        wishes: Default::default(),
        preferred: None,
    };
    let id = OrderId::from_bytes(&[7; 16]);
    let customer = CustomerId::from_bytes(&[1; 16]);
    Order::placed(id, customer, [3; 16], visit, &Market::default(), PLACED).unwrap()
}

fn claim(n: u8, how: How, at: Millis) -> Claim {
    Claim {
        agency: agency(n),
        agency_name: "龙江家政".to_owned(),
        how,
        at,
        staff_by: Millis(at.0 + 1_800_000),
    }
}

fn staffing(n: u8) -> Staffing {
    Staffing {
        worker: WorkerId::from_bytes(&[n; 16]),
        at: PLACED,
    }
}

fn in_state(status: Status) -> Order {
    let mut order = order();
    let claim = claim(1, How::Grab, PLACED);
    order.state = match status {
        Status::Open => order.state,
        Status::Claimed => State::Claimed(claim),
        Status::Staffed => State::Staffed(claim, staffing(1)),
        Status::InService => State::InService(claim, staffing(1)),
        Status::Completed => State::Completed(claim, staffing(1)),
        Status::Rated => State::Rated(claim, staffing(1), given(5, true)),
        Status::Cancelled => State::Cancelled { claim: None },
        Status::Unfilled => State::Unfilled,
    };
    order
}

fn again() -> Reopening {
    Reopening::Again {
        epoch: 2,
        deadline: Millis(DEADLINE.0 + 180_000),
    }
}

fn release(n: u8, then: Reopening) -> Change {
    Change::Release {
        agency: agency(n),
        reason: "no worker free".to_owned(),
        then,
    }
}

fn missed(then: Reopening) -> Change {
    Change::MissStaffing {
        agency: agency(1),
        then,
    }
}

/// Agency 1 names this worker, instead of whom it knows to be named.
fn staff(n: u8, instead_of: Option<u8>) -> Change {
    Change::Staff {
        agency: agency(1),
        staffing: staffing(n),
        instead_of: instead_of.map(|n| staffing(n).worker),
    }
}

fn start(n: u8) -> Change {
    Change::Start {
        worker: staffing(n).worker,
    }
}

fn complete(customer: CustomerId) -> Change {
    Change::Complete { customer }
}

fn given(stars: u8, counts: bool) -> Given {
    let stars = Stars(stars);
    Given { stars, counts }
}

fn rate(customer: CustomerId, stars: u8) -> Change {
    let given = given(stars, true);
    Change::Rate { customer, given }
}

fn unattended(n: u8, visit_by: Millis) -> Change {
    let agency = agency(n);
    Change::LeaveUnattended { agency, visit_by }
}

fn suspend(n: u8, then: Reopening) -> Change {
    let agency = agency(n);
    Change::Suspend { agency, then }
}

fn unstaff(n: u8) -> Change {
    Change::Unstaff {
        worker: staffing(n).worker,
        staff_by: DEADLINE,
    }
}

fn cancel() -> Change {
    Change::Cancel {
        customer: order().customer,
        reason: "not needed".to_owned(),
    }
}

fn unfilled() -> Change {
    Change::LeaveUnfilled {
        reason: "nobody in range".to_owned(),
    }
}

#[test]
fn every_change_in_every_state() {
    use Status::{
        Cancelled, Claimed, Completed, InService, Open, Rated, Staffed, Unfilled as UnfilledStatus,
    };
    let before = Millis(DEADLINE.0 - 1);
    let much_later = Millis(PLACED.0 + 1_800_000);
    let visit_by = Market::default().visit_by(order().ends_at());
    let offer = Change::Offer {
        agencies: 60,
        radius_m: 5_000,
    };
    let (customer, other) = (order().customer, CustomerId::from_bytes(&[2; 16]));
    let gap = Reopening::Again {
        epoch: 3,
        deadline: DEADLINE,
    };
    type Allowed = Vec<(Status, Status)>;
    // The change, the moment, and the only states that allow it, with what they become.
    let table: Vec<(Change, Millis, Allowed)> = vec![
        (offer.clone(), before, vec![(Open, Open)]),
        (offer, DEADLINE, vec![]),
        (
            Change::Claim(claim(2, How::Grab, before)),
            before,
            vec![(Open, Claimed)],
        ),
        (
            Change::Claim(claim(2, How::Grab, DEADLINE)),
            DEADLINE,
            vec![],
        ),
        (
            Change::Claim(claim(2, How::Assignment, before)),
            before,
            vec![],
        ),
        (
            Change::Claim(claim(2, How::Assignment, DEADLINE)),
            DEADLINE,
            vec![(Open, Claimed)],
        ),
        (staff(1, None), before, vec![(Claimed, Staffed)]),
        (staff(2, None), before, vec![(Claimed, Staffed)]),
        (staff(2, None), much_later, vec![]),
        (staff(2, Some(1)), before, vec![(Staffed, Staffed)]),
        (staff(2, Some(1)), much_later, vec![(Staffed, Staffed)]),
        (staff(1, Some(1)), before, vec![]),
        (staff(3, Some(2)), before, vec![]),
        (staff(2, Some(1)), order().ends_at(), vec![]),
        (start(1), before, vec![(Staffed, InService)]),
        (start(2), before, vec![]),
        (
            complete(customer.clone()),
            before,
            vec![(InService, Completed)],
        ),
        (complete(other.clone()), before, vec![]),
        (
            Change::CompleteByTime { visit_by },
            Millis(visit_by.0 - 1),
            vec![],
        ),
        (
            Change::CompleteByTime { visit_by },
            visit_by,
            vec![(InService, Completed)],
        ),
        (unattended(1, visit_by), Millis(visit_by.0 - 1), vec![]),
        (
            unattended(1, visit_by),
            visit_by,
            vec![(Staffed, UnfilledStatus)],
        ),
        (unattended(2, visit_by), visit_by, vec![]),
        (rate(customer, 4), before, vec![(Completed, Rated)]),
        (rate(other.clone(), 4), before, vec![]),
        (
            release(1, again()),
            before,
            vec![(Claimed, Open), (Staffed, Open)],
        ),
        (
            release(1, Reopening::Unfilled),
            before,
            vec![(Claimed, UnfilledStatus), (Staffed, UnfilledStatus)],
        ),
        (release(2, again()), before, vec![]),
        (release(1, gap), before, vec![]),
        (missed(again()), before, vec![]),
        (missed(again()), much_later, vec![(Claimed, Open)]),
        (missed(gap), much_later, vec![]),
        (
            Change::MissStaffing {
                agency: agency(2),
                then: again(),
            },
            much_later,
            vec![],
        ),
        (
            suspend(1, again()),
            much_later,
            vec![(Claimed, Open), (Staffed, Open)],
        ),
        (
            suspend(1, Reopening::Unfilled),
            before,
            vec![(Claimed, UnfilledStatus), (Staffed, UnfilledStatus)],
        ),
        (suspend(2, again()), before, vec![]),
        (suspend(1, gap), before, vec![]),
        (unstaff(1), much_later, vec![(Staffed, Claimed)]),
        (unstaff(2), before, vec![]),
        (
            cancel(),
            before,
            vec![
                (Open, Cancelled),
                (Claimed, Cancelled),
                (Staffed, Cancelled),
            ],
        ),
        (
            Change::Cancel {
                customer: other,
                reason: "not needed".to_owned(),
            },
            before,
            vec![],
        ),
        (unfilled(), before, vec![]),
        (unfilled(), DEADLINE, vec![(Open, UnfilledStatus)]),
    ];
    for (change, now, allowed) in table {
        for status in Status::ALL {
            let order = in_state(*status);
            let wanted = allowed
                .iter()
                .find(|(from, _)| from == status)
                .map(|(_, to)| *to);
            let found = order.changed(&change, 1, now);
            assert_eq!(
                found.as_ref().ok().map(Order::status),
                wanted,
                "{change:?} while {status:?}"
            );
            assert!(
                order.changed(&change, 2, now).is_err(),
                "{change:?} in another epoch while {status:?}"
            );
            if let Ok(next) = found {
                assert_eq!(next.version, order.version + 1);
                assert!(
                    next.timeline.len() > order.timeline.len(),
                    "it leaves a line"
                );
            }
        }
    }
    assert_eq!(
        in_state(Rated).changed(&cancel(), 1, before).unwrap_err(),
        Term::Is(&[Open, Claimed, Staffed])
    );
}

#[test]
fn who_had_the_claim_or_was_fanned_out_to_is_not_again() {
    let now = Millis(DEADLINE.0 - 1);
    let offer = Change::Offer {
        agencies: 60,
        radius_m: 5_000,
    };
    let offered = order().changed(&offer, 1, now).unwrap();
    let refused = offered.changed(&offer, 1, now).unwrap_err();
    assert_eq!(refused, Term::NotFannedOut(1));
    let cases = [
        (Status::Open, Change::Claim(claim(1, How::Grab, now)), now),
        (
            Status::Open,
            Change::Claim(claim(1, How::Assignment, DEADLINE)),
            DEADLINE,
        ),
        (Status::Claimed, staff(1, None), now),
        (Status::Staffed, staff(2, Some(1)), now),
        (Status::Staffed, release(1, again()), now),
    ];
    for (status, change, now) in cases {
        let mut order = in_state(status);
        assert!(order.changed(&change, 1, now).is_ok(), "{change:?}");
        order.excluded.insert(agency(1));
        let refused = order.changed(&change, 1, now).unwrap_err();
        assert_eq!(refused, Term::NotExcluded(agency(1)), "{change:?}");
    }
    for (status, instead_of) in [
        (Status::Claimed, None),
        (Status::Staffed, Some(staffing(1).worker)),
    ] {
        let others = Change::Staff {
            agency: agency(2),
            staffing: staffing(2),
            instead_of,
        };
        let refused = in_state(status).changed(&others, 1, now);
        assert_eq!(refused.unwrap_err(), Term::HeldBy(agency(2)));
    }
}

#[test]
fn the_first_losing_reason_that_holds_is_told() {
    use GrabOutcome::{AlreadyYours, Cancelled, Closed, NotOffered, Taken, Won};
    let before = Millis(DEADLINE.0 - 1);
    let grabbed = |order: &Order, n, epoch, now| {
        let change = Change::Claim(claim(n, How::Grab, now));
        grab_outcome(order, &agency(n), order.unmet(change.terms(epoch, now)))
    };
    let cases = [
        (Status::Open, 1, before, Won),
        (Status::Open, 1, DEADLINE, Closed),
        (Status::Claimed, 1, before, AlreadyYours),
        (Status::Claimed, 1, DEADLINE, AlreadyYours),
        (Status::Claimed, 2, before, Taken),
        (Status::Claimed, 2, DEADLINE, Taken),
        (Status::Staffed, 1, DEADLINE, AlreadyYours),
        (Status::Staffed, 2, DEADLINE, Taken),
        (Status::InService, 2, DEADLINE, Taken),
        (Status::Completed, 2, DEADLINE, Taken),
        (Status::Rated, 2, DEADLINE, Taken),
        (Status::Cancelled, 2, before, Cancelled),
        (Status::Cancelled, 2, DEADLINE, Cancelled),
        (Status::Unfilled, 2, before, Closed),
        (Status::Unfilled, 2, DEADLINE, Closed),
    ];
    for (status, n, now, wanted) in cases {
        let order = in_state(status);
        assert_eq!(grabbed(&order, n, 1, now), wanted, "{status:?} {n} {now:?}");
        // A token of another epoch is none, whatever else holds.
        for epoch in [0, 2] {
            assert_eq!(grabbed(&order, n, epoch, now), NotOffered);
        }
    }
    let mut left_out = order();
    left_out.excluded.insert(agency(1));
    assert_eq!(grabbed(&left_out, 1, 1, before), NotOffered);
}

#[test]
fn cancelling_comes_too_late_once_the_visit_has_begun_or_the_order_is_over() {
    for status in Status::ALL {
        let wanted = match status {
            Status::Open | Status::Claimed | Status::Staffed => CancelOutcome::Cancelled,
            Status::Cancelled => CancelOutcome::Already,
            _ => CancelOutcome::TooLate,
        };
        let order = in_state(*status);
        let outcome = cancel_outcome(&order, order.unmet(cancel().terms(1, PLACED)));
        assert_eq!(outcome, Some(wanted), "{status:?}");
        let theirs = Term::Customer(order.customer.clone());
        assert_eq!(cancel_outcome(&order, Some(theirs)), None);
    }
}

#[test]
fn a_release_is_answered_by_what_the_agency_has_had() {
    use ReleaseOutcome::{Already, NotClaimed, NotYours, Released, TooLate};
    for status in Status::ALL {
        let wanted = match status {
            Status::Claimed | Status::Staffed => Released,
            Status::InService | Status::Completed | Status::Rated => TooLate,
            _ => NotYours,
        };
        assert_eq!(
            release_outcome(&in_state(*status), &agency(1)),
            wanted,
            "{status:?}"
        );
        assert_eq!(
            release_outcome(&in_state(*status), &agency(2)),
            NotYours,
            "{status:?}"
        );
    }
    let claimed = in_state(Status::Claimed);
    let released = claimed.changed(&release(1, again()), 1, PLACED).unwrap();
    assert_eq!(release_outcome(&released, &agency(1)), Already);
    let much_later = Millis(PLACED.0 + 1_800_000);
    let missed = claimed.changed(&missed(again()), 1, much_later).unwrap();
    assert_eq!(release_outcome(&missed, &agency(1)), NotClaimed);
    let cancelled = claimed.changed(&cancel(), 1, PLACED).unwrap();
    assert_eq!(release_outcome(&cancelled, &agency(1)), NotClaimed);
}

#[test]
fn a_timer_finds_what_its_epoch_needs() {
    let before = Millis(DEADLINE.0 - 1);
    let market = Market::default();
    let found = |order: &Order, epoch, now| settlement(order, epoch, &market, now);
    let open = order();
    assert_eq!(
        found(&open, 1, before),
        Settlement::Wait { deadline: DEADLINE }
    );
    assert_eq!(found(&open, 1, DEADLINE), Settlement::Choose);
    assert_eq!(found(&open, 2, DEADLINE), Settlement::NotYet);
    assert_eq!(found(&open, 0, DEADLINE), Settlement::Nothing);
    let claimed = in_state(Status::Claimed);
    let staff_by = Millis(PLACED.0 + 1_800_000);
    assert_eq!(
        found(&claimed, 1, DEADLINE),
        Settlement::AwaitStaffing { staff_by }
    );
    let missed = Settlement::MissStaffing {
        agency: agency(1),
        how: How::Grab,
    };
    assert_eq!(found(&claimed, 1, staff_by), missed);
    let visit_by = Millis(order().ends_at().0 + 7_200_000);
    for status in [Status::Staffed, Status::InService] {
        let order = in_state(status);
        for now in [staff_by, Millis(visit_by.0 - 1)] {
            assert_eq!(found(&order, 1, now), Settlement::AwaitVisit { visit_by });
        }
        assert_eq!(
            found(&order, 1, visit_by),
            Settlement::EndVisit { visit_by }
        );
        assert_eq!(found(&order, 0, visit_by), Settlement::Nothing);
    }
    for status in [
        Status::Completed,
        Status::Rated,
        Status::Cancelled,
        Status::Unfilled,
    ] {
        assert_eq!(found(&in_state(status), 1, visit_by), Settlement::Nothing);
    }
}

/// A change picked by a number, as good or bad luck would have it.
fn some_change(order: &Order, pick: u8, n: u8, now: Millis) -> Change {
    let market = Market::default();
    let then = reopen(order, &market, ClaimEnd::Released, now);
    match pick % 10 {
        0 => Change::Offer {
            agencies: 1,
            radius_m: 5_000,
        },
        1 => Change::Claim(claim(n, How::Grab, now)),
        2 => Change::Claim(claim(n, How::Assignment, now)),
        3 => Change::Staff {
            agency: order
                .claim()
                .map_or(agency(n), |claim| claim.agency.clone()),
            staffing: staffing(n),
            instead_of: order.staffing().map(|named| named.worker.clone()),
        },
        4 => release(n, then),
        5 => Change::MissStaffing {
            agency: order
                .claim()
                .map_or(agency(n), |claim| claim.agency.clone()),
            then,
        },
        6 => cancel(),
        7 => suspend(n, reopen(order, &market, ClaimEnd::Suspended, now)),
        8 => unstaff(n),
        _ => unfilled(),
    }
}

proptest! {
    #[test]
    fn whatever_comes_an_epoch_has_one_claim_and_an_agency_one_chance(
        steps in prop::collection::vec((0..10_u8, 0..4_u8, 0..2_000_000_i64), 0..60),
    ) {
        let mut order = order();
        let mut now = PLACED;
        for (pick, n, pause) in steps {
            now = Millis(now.0 + pause);
            let change = some_change(&order, pick, n, now);
            if let Ok(next) = order.changed(&change, order.epoch, now) {
                prop_assert_eq!(next.version, order.version + 1);
                prop_assert!(next.epoch == order.epoch || next.epoch == order.epoch + 1);
                prop_assert!(next.grab_deadline.0 <= next.start_at.0 - 600_000);
                prop_assert!(!order.state.is_over(), "what is over stays over");
                order = next;
            }
        }
        let mut epochs: Vec<u32> = order
            .timeline
            .iter()
            .filter(|line| line.what == What::Claimed)
            .map(|line| line.epoch)
            .collect();
        let claims = epochs.len();
        epochs.dedup();
        prop_assert_eq!(claims, epochs.len());
        let lines = order.timeline.iter();
        let suspensions = lines.filter(|line| line.what == What::AgencySuspended).count();
        prop_assert!(order.epoch as usize <= 20 + suspensions);
        if let Some(claim) = order.claim() {
            prop_assert!(!order.excluded.contains(&claim.agency));
        }
        prop_assert!(order.timeline.is_sorted_by_key(|line| line.at));
    }
}

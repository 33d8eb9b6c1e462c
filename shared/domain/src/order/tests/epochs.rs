//! How often an order is put on offer.

use super::*;

#[test]
fn a_release_opens_a_new_epoch_without_that_agency() {
    let grabbed = order()
        .changed(&Change::Claim(claim(1, How::Grab, PLACED)), 1, PLACED)
        .unwrap();
    let market = Market::default();
    let later = Millis(PLACED.0 + 600_000);
    let then = reopen(&grabbed, &market, ClaimEnd::Released, later);
    let deadline = Millis(later.0 + 180_000);
    assert_eq!(then, Reopening::Again { epoch: 2, deadline });
    let released = grabbed.changed(&release(1, then), 1, later).unwrap();
    assert_eq!((released.epoch, released.grab_deadline), (2, deadline));
    assert_eq!(released.state, State::Open { deadline });
    assert!(released.awaits_fan_out());
    assert!(released.excluded.contains(&agency(1)));
    let again = Change::Claim(claim(1, How::Grab, later));
    assert!(
        released.changed(&again, 2, later).is_err(),
        "never the same agency twice"
    );
    let lines: Vec<_> = released
        .timeline
        .iter()
        .map(|line| (line.what, line.epoch))
        .collect();
    assert_eq!(
        lines,
        [
            (What::Placed, 1),
            (What::Claimed, 1),
            (What::Released, 1),
            (What::Reopened, 2)
        ]
    );
}

#[test]
fn an_order_ends_unfilled_when_no_window_or_no_epoch_is_left() {
    let market = Market::default();
    let order = in_state(Status::Claimed);
    let reopened = |order: &Order, now| reopen(order, &market, ClaimEnd::Released, now);
    let latest = Millis(order.start_at.0 - 600_000);
    assert!(matches!(
        reopened(&order, Millis(latest.0 - 1)),
        Reopening::Again { epoch: 2, .. }
    ));
    assert_eq!(reopened(&order, latest), Reopening::Unfilled);
    // On offer five times, then assigned at once, up to twenty times in all.
    let of_epoch = |epoch| Order {
        epoch,
        ..order.clone()
    };
    for (ended, deadline) in [
        (4, Some(DEADLINE)),
        (5, Some(PLACED)),
        (19, Some(PLACED)),
        (20, None),
    ] {
        let then = deadline.map_or(Reopening::Unfilled, |deadline| Reopening::Again {
            epoch: ended + 1,
            deadline,
        });
        assert_eq!(reopened(&of_epoch(ended), PLACED), then);
    }
}

#[test]
fn epochs_that_a_suspension_ended_do_not_count() {
    let market = Market::default();
    let mut order = in_state(Status::Claimed);
    order.epoch = 5;
    let reopened = |order: &Order, end| reopen(order, &market, end, PLACED);
    let (offered, assigned) = [DEADLINE, PLACED]
        .map(|deadline| Reopening::Again { epoch: 6, deadline })
        .into();
    assert_eq!(reopened(&order, ClaimEnd::NotStaffed), assigned);
    assert_eq!(reopened(&order, ClaimEnd::Suspended), offered);
    let suspended = Change::Suspend {
        agency: agency(1),
        then: offered,
    };
    let mut order = order.changed(&suspended, 5, PLACED).unwrap();
    assert_eq!((order.epoch, order.status()), (6, Status::Open));
    assert!(order.excluded.contains(&agency(1)));
    // The sixth is the fifth that counts.
    order.state = in_state(Status::Claimed).state;
    let next = Reopening::Again {
        epoch: 7,
        deadline: PLACED,
    };
    assert_eq!(reopened(&order, ClaimEnd::NotStaffed), next);
    order.epoch = 21;
    assert_eq!(reopened(&order, ClaimEnd::NotStaffed), Reopening::Unfilled);
}

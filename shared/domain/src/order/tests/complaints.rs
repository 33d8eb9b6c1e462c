//! Of which orders one can complain, and about whom.

use crate::complaint::{About, Complaint, NoComplaint};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn complain(order: &Order, now: Millis) -> Result<Complaint, NoComplaint> {
    let said = (About::Absence, "没有人来".to_owned());
    Complaint::of(order, said, &Market::default(), now)
}

/// The order after these changes, each an hour after the one before.
fn after(changes: &[Change]) -> Order {
    let mut order = order();
    for (n, change) in (0..).zip(changes) {
        let now = PLACED + Duration::from_secs(3_600) * n;
        let epoch = order.epoch;
        order = order.changed(change, epoch, now).unwrap();
    }
    order
}

#[test]
fn one_complains_of_the_agency_that_had_the_order_when_it_ended() {
    let grab = Change::Claim(Claim {
        staff_by: PLACED + 10 * DAY,
        ..claim(1, How::Grab, PLACED)
    });
    let customer = || order().customer;
    let visit_by = PLACED;
    let ended_after = |changes: &[Change]| {
        let found = complain(&after(changes), PLACED + DAY);
        found.map(|complaint| (complaint.agency_id, complaint.worker_id))
    };
    let came = Some(staffing(1).worker);
    let visit = [grab.clone(), staff(1, None), start(1), complete(customer())];
    let rated = [visit.as_slice(), &[rate(customer(), 1)]].concat();
    let unfilled_now = Reopening::Unfilled;
    for (changes, expected) in [
        (&visit[..0], Err(NoComplaint::NotOver)),
        (&visit[..1], Err(NoComplaint::NotOver)),
        (&visit[..3], Err(NoComplaint::NotOver)),
        (&visit[..], Ok((agency(1), came.clone()))),
        (&rated[..], Ok((agency(1), came))),
        (&[cancel()], Err(NoComplaint::NoClaim)),
        (&[grab.clone(), cancel()], Ok((agency(1), None))),
        (
            &[grab.clone(), staff(1, None), unattended(1, visit_by)],
            Ok((agency(1), None)),
        ),
        (
            &[grab.clone(), release(1, unfilled_now)],
            Err(NoComplaint::NoClaim),
        ),
    ] {
        assert_eq!(ended_after(changes), expected, "{changes:?}");
    }
}

#[test]
fn one_complains_within_thirty_days_and_the_agency_answers_within_seven() {
    let order = after(&[Change::Claim(claim(1, How::Grab, PLACED)), cancel()]);
    let ended_at = PLACED + Duration::from_secs(3_600);
    assert_eq!(order.ended_at(), Some(ended_at));
    let last = Millis((ended_at + 30 * DAY).0 - 1);
    let complaint = complain(&order, last).unwrap();
    let late = complain(&order, ended_at + 30 * DAY);
    assert_eq!(late, Err(NoComplaint::TooLate));
    assert!(complaint.awaits_answer(Millis((last + 7 * DAY).0 - 1)));
    assert!(!complaint.awaits_answer(last + 7 * DAY));
    assert_eq!(complaint.complaint_id.order(), order.id);
}

use domain::agency::{Agency, AgencyStats};
use domain::geo::{Area, Wgs84};
use domain::id::CustomerId;
use domain::order::{Claim, ClaimCounts, ClaimNews, How, State, Visit};
use domain::service::{Service, ServiceSet};

use super::*;

fn order(epoch: u32) -> Order {
    let visit = Visit {
        service: Service::Cleaning,
        start_at: Millis(100_000_000),
        duration_min: 120,
        area: Area::containing(Wgs84::from_degrees(45.77, 126.65).unwrap()),
        budget_fen: None,
        wishes: Default::default(),
        preferred: None,
    };
    let id = OrderId::from_bytes(&[7; 16]);
    let customer = CustomerId::from_bytes(&[1; 16]);
    let order = Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0));
    Order {
        epoch,
        ..order.unwrap()
    }
}

fn agency(standing: Standing) -> Agency {
    Agency {
        id: AgencyId::from_bytes(&[1; 16]),
        name: "龙江家政".into(),
        uscc: "91350100M000100Y43".parse().unwrap(),
        responsible_person: "李明".into(),
        phone: "13912345678".parse().unwrap(),
        services: ServiceSet::all(),
        papers: Default::default(),
        standing,
        version: 1,
        review_version: 1,
        proposed: None,
        waits_since: None,
        stats: AgencyStats::default(),
        registered_at: Millis(0),
        reviews: Vec::new(),
    }
}

fn read(epoch: u32, standing: Standing) -> GrabRead {
    GrabRead {
        agency: Some(agency(standing)),
        order: Some(order(epoch)),
        counts: ClaimCounts::default(),
    }
}

fn refusal(read: GrabRead) -> Option<&'static str> {
    let (market, id) = (Market::default(), AgencyId::from_bytes(&[1; 16]));
    let checked = Grabber::check(read, 2, &id, &market, Millis(0));
    checked.err().map(|problem| problem.slug)
}

#[test]
fn an_earlier_epoch_counts_before_the_agencys_standing() {
    assert_eq!(refusal(read(2, Standing::Approved)), None);
    for standing in [Standing::Pending, Standing::Rejected, Standing::Suspended] {
        assert_eq!(refusal(read(2, standing)), Some("agency-not-approved"));
        assert_eq!(refusal(read(3, standing)), Some("not-offered"));
    }
    assert_eq!(refusal(read(3, Standing::Approved)), Some("not-offered"));
}

#[test]
fn the_caps_count_after_the_standing_and_not_for_ones_own_order() {
    let news = |n| ClaimNews {
        agency: AgencyId::from_bytes(&[1; 16]),
        order: OrderId::from_bytes(&[n; 16]),
        at: Millis(0),
        staff_by: Some(Millis(1_000)),
        is_given_up: false,
        is_opened: false,
    };
    let counts = (0..10).fold(ClaimCounts::default(), |counts, n| counts.with(&news(n)));
    let at_the_cap = |epoch, standing| GrabRead {
        counts: counts.clone(),
        ..read(epoch, standing)
    };
    assert_eq!(
        refusal(at_the_cap(2, Standing::Approved)),
        Some("too-many-unstaffed")
    );
    assert_eq!(
        refusal(at_the_cap(2, Standing::Suspended)),
        Some("agency-not-approved")
    );
    assert_eq!(
        refusal(at_the_cap(3, Standing::Approved)),
        Some("not-offered")
    );
    let mut own = at_the_cap(2, Standing::Approved);
    let claim = Claim {
        agency: AgencyId::from_bytes(&[1; 16]),
        agency_name: "龙江家政".into(),
        how: How::Grab,
        at: Millis(0),
        staff_by: Millis(1_000),
    };
    own.order = own.order.map(|order| Order {
        state: State::Claimed(claim),
        ..order
    });
    assert_eq!(refusal(own), None);
    let mut lost = at_the_cap(2, Standing::Approved);
    if let Some(order) = &mut lost.order {
        order.excluded.insert(AgencyId::from_bytes(&[1; 16]));
    }
    assert_eq!(refusal(lost), Some("not-offered"));
}

#[test]
fn who_gave_up_too_much_is_told_when_to_come_back() {
    let evening = Millis(Millis::day_begins(20_000).0 - 60_000);
    let answer = capped(GrabCap::ClaimsGivenUp, evening).into_response();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "61");
}

#[test]
fn an_order_that_is_not_there_was_not_offered_and_an_unknown_agency_is_not_approved() {
    let mut nowhere = read(2, Standing::Approved);
    nowhere.order = None;
    assert_eq!(refusal(nowhere), Some("not-offered"));
    let mut nobody = read(2, Standing::Approved);
    nobody.agency = None;
    assert_eq!(refusal(nobody), Some("agency-not-approved"));
}

#[test]
fn each_loser_is_told_its_reason() {
    let told = |outcome| losing_reason(outcome).map(|p| (p.status.as_u16(), p.slug));
    assert_eq!(told(GrabOutcome::Won), None);
    assert_eq!(told(GrabOutcome::AlreadyYours), None);
    assert_eq!(told(GrabOutcome::NotOffered), Some((403, "not-offered")));
    assert_eq!(told(GrabOutcome::Cancelled), Some((410, "order-cancelled")));
    assert_eq!(told(GrabOutcome::Taken), Some((409, "order-taken")));
    assert_eq!(told(GrabOutcome::Closed), Some((410, "grab-window-closed")));
}

#[test]
fn a_release_is_refused_with_its_reason() {
    let told = |outcome| unreleasable(outcome).map(|p| (p.status.as_u16(), p.slug));
    assert_eq!(told(ReleaseOutcome::Released), None);
    assert_eq!(told(ReleaseOutcome::Already), None);
    assert_eq!(told(ReleaseOutcome::NotYours), Some((404, "not-found")));
    assert_eq!(told(ReleaseOutcome::TooLate), Some((409, "too-late")));
    assert_eq!(told(ReleaseOutcome::NotClaimed), Some((409, "not-claimed")));
}

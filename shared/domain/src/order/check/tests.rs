use super::*;
use crate::badge::{BadgeStatus, Decider, StatusIndex};
use crate::credit::{Entry, Recorded, References};
use crate::geo::{Area, Wgs84};
use crate::id::{AgencyId, CustomerId, OrderId, WorkerId};
use crate::order::{Claim, How, Staffing, Visit};
use crate::service::Service;

const HOUR: i64 = 3_600_000;
const START: Millis = Millis(1_800_000_000_000);
const DOOR: Millis = Millis(START.0 - 600_000);

fn order() -> Order {
    let visit = Visit {
        service: Service::ElderCare,
        start_at: START,
        duration_min: 120,
        area: Area::containing(Wgs84::from_degrees(45.77, 126.65).unwrap()),
        budget_fen: None,
        wishes: Default::default(),
        preferred: None,
    };
    let market = Market::default();
    let id = OrderId::from_bytes(&[7; 16]);
    let customer = CustomerId::from_bytes(&[1; 16]);
    let placed = Millis(START.0 - 24 * HOUR);
    let order = Order::placed(id, customer, [3; 16], visit, &market, placed).unwrap();
    let claim = Claim {
        agency: AgencyId::from_bytes(&[1; 16]),
        agency_name: "龙江家政".to_owned(),
        how: How::Grab,
        at: placed,
        staff_by: placed,
    };
    Order {
        state: State::Staffed(claim, staffing()),
        ..order
    }
}

fn staffing() -> Staffing {
    Staffing {
        worker: WorkerId::from_bytes(&[1; 16]),
        at: START,
    }
}

fn entry(as_of: Millis) -> Entry {
    Entry {
        source: "picc-harbin".parse().unwrap(),
        recorded: Recorded::Clear,
        as_of,
        valid_from: None,
        valid_until: Some(Millis(START.0 + 300 * 24 * HOUR)),
    }
}

fn worker() -> Worker {
    let as_of = Millis(START.0 - 2 * HOUR);
    Worker {
        id: staffing().worker,
        version: 1,
        agency: AgencyId::from_bytes(&[1; 16]),
        standing: Standing::Approved,
        skills: [Service::ElderCare].into_iter().collect(),
        experience: Vec::new(),
        sex: None,
        masked_name: "张*".to_owned(),
        registered_at: as_of,
        waits_since: None,
        photo: None,
        sections: Section::ALL.iter().map(|s| (*s, entry(as_of))).collect(),
        is_erased: false,
        review_version: 1,
        last_decision: None,
    }
}

fn badge() -> Badge {
    Badge {
        id: BadgeId::from_bytes(&[1; 8]),
        worker: staffing().worker,
        agency: AgencyId::from_bytes(&[1; 16]),
        status: BadgeStatus::Valid,
        index: StatusIndex(5),
        expires_day: 20_900,
        issued_at: Millis(0),
        version: 1,
        signed: None,
    }
}

fn check(order: &Order, badge: &Badge, worker: &Worker, now: Millis) -> (CheckResult, bool) {
    let approved = Some(Standing::Approved);
    let check = badge_check(
        order,
        badge,
        Some(worker),
        approved,
        &Market::default(),
        now,
    );
    (check.result, check.starts)
}

#[test]
fn a_match_begins_the_visit_from_two_hours_before_it_on() {
    let at = |now| check(&order(), &badge(), &worker(), now);
    let earliest = Millis(START.0 - 2 * HOUR);
    assert_eq!(at(earliest), (CheckResult::Match, true));
    assert!(!at(Millis(earliest.0 - 1)).1);
    assert_eq!(at(Millis(START.0 + HOUR)), (CheckResult::Match, true));
    // Once begun it only says who she is, whatever has become of her record since.
    let State::Staffed(claim, staffing) = order().state else {
        panic!("it is staffed");
    };
    let begun = Order {
        state: State::InService(claim, staffing),
        ..order()
    };
    let unknown = Worker {
        sections: Default::default(),
        ..worker()
    };
    assert_eq!(
        check(&begun, &badge(), &unknown, DOOR),
        (CheckResult::Match, false)
    );
}

#[test]
fn what_is_looked_at_only_at_the_door_keeps_nobody_from_an_early_match() {
    let sections = Section::ALL.iter();
    let sections = sections.filter(|section| **section != Section::BodyTemperature);
    let as_of = Millis(START.0 - 12 * HOUR);
    let untested = Worker {
        sections: sections.map(|s| (*s, entry(as_of))).collect(),
        ..worker()
    };
    let early = Millis(START.0 - 3 * HOUR);
    assert_eq!(
        check(&order(), &badge(), &untested, early),
        (CheckResult::Match, false)
    );
    assert_eq!(
        check(&order(), &badge(), &untested, DOOR),
        (CheckResult::NotCleared, false)
    );
}

#[test]
fn somebody_else_is_a_mismatch_whatever_else_is_wrong() {
    let mut other = badge();
    other.worker = WorkerId::from_bytes(&[2; 16]);
    for status in [
        BadgeStatus::Valid,
        BadgeStatus::Revoked,
        BadgeStatus::Suspended {
            by: Decider::Authority,
        },
    ] {
        other.status = status;
        let suspended = Worker {
            standing: Standing::Suspended,
            ..worker()
        };
        assert_eq!(
            check(&order(), &other, &suspended, DOOR),
            (CheckResult::Mismatch, false)
        );
    }
}

#[test]
fn everything_else_has_its_word() {
    let with_badge = |change: fn(&mut Badge)| {
        let mut badge = badge();
        change(&mut badge);
        check(&order(), &badge, &worker(), DOOR).0
    };
    assert_eq!(
        with_badge(|badge| badge.status = BadgeStatus::Revoked),
        CheckResult::Revoked
    );
    let suspend = |badge: &mut Badge| {
        badge.status = BadgeStatus::Suspended {
            by: Decider::Agency,
        };
    };
    assert_eq!(with_badge(suspend), CheckResult::Suspended);
    assert_eq!(
        with_badge(|badge| badge.expires_day = 20_000),
        CheckResult::Expired
    );

    let with_worker = |change: fn(&mut Worker)| {
        let mut worker = worker();
        change(&mut worker);
        check(&order(), &badge(), &worker, DOOR).0
    };
    assert_eq!(
        with_worker(|worker| worker.standing = Standing::Suspended),
        CheckResult::Suspended
    );
    assert_eq!(
        with_worker(|worker| worker.sections = Default::default()),
        CheckResult::NotCleared
    );
    assert_eq!(
        with_worker(|worker| worker.skills = [Service::Cooking].into_iter().collect()),
        CheckResult::NotCleared
    );
    assert_eq!(
        with_worker(|worker| worker.is_erased = true),
        CheckResult::Revoked
    );

    let market = Market::default();
    let suspended = Some(Standing::Suspended);
    let found = badge_check(
        &order(),
        &badge(),
        Some(&worker()),
        suspended,
        &market,
        DOOR,
    );
    assert_eq!(found.result, CheckResult::Suspended);
    let claimed = Order {
        state: State::Claimed(order().claim().unwrap().clone()),
        ..order()
    };
    assert_eq!(
        check(&claimed, &badge(), &worker(), DOOR).0,
        CheckResult::NoWorkerYet
    );
}

#[test]
fn the_customer_sees_who_says_what_and_the_end_of_a_policys_number() {
    let insurance = Section::PersonalInsurance;
    let worker = worker();
    let source = "picc-harbin".parse().unwrap();
    let policy = &worker.sections.of(insurance, &source)[0];
    let mut references = References::default();
    references.note(&worker.sections, insurance, policy, Some("PICC2026001234"));
    let profile = Profile {
        name: "张伟".to_owned(),
        id_number: crate::check::IdNumber::complete("23010319850615123").unwrap(),
        phone: "13912345678".parse().unwrap(),
        consent: crate::worker::Consent {
            text_version: "2026-01".to_owned(),
            given_at: START,
        },
        references,
        phone_confirmed: false,
        former_phone: None,
        proposals: Vec::new(),
    };
    let market = Market::default();
    let photo = "data:image/jpeg;base64,AA==".to_owned();
    let seen = MatchedBadge::new(
        &badge(),
        &worker,
        Some(&profile),
        "龙江家政",
        photo,
        &market,
        DOOR,
    );
    let json = serde_json::to_value(&seen).unwrap();
    let sections = json["sections"].as_array().unwrap();
    let insurance = sections
        .iter()
        .find(|section| section["section"] == "personal_insurance")
        .unwrap();
    assert_eq!(insurance["state"], "clear");
    assert_eq!(insurance["source"], "picc-harbin");
    assert_eq!(insurance["insurer"], "picc-harbin");
    assert_eq!(insurance["policy_number"], "****1234");
    assert_eq!(sections[0]["insurer"], serde_json::Value::Null);
    let text = json.to_string();
    for secret in ["PICC2026", "张伟", "1985", "139"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(masked_number("1234567"), "****");
    assert_eq!(format!("{seen:?}"), "MatchedBadge");
}

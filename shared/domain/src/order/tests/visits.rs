//! Who comes, how a visit ends, what it counts.

use serde_json::json;

use super::*;
use crate::agency::{AgencyStats, Standing};
use crate::calendar::Hindrance;
use crate::check::Sex;
use crate::credit::{Entry, Recorded, Section};
use crate::stars::StarTally;
use crate::worker::{Experience, Photo, Worker};

#[test]
fn whom_an_agency_can_name_depends_on_its_claim() {
    use StaffOutcome::{Already, NotClaimed, NotYours, Staffable, TooLate, TooOften};
    let soon = Millis(PLACED.0 + 60_000);
    let staff_by = Millis(PLACED.0 + 1_800_000);
    let end = order().ends_at();
    let cases = [
        (Status::Open, 1, 1, soon, NotYours),
        (Status::Claimed, 1, 1, soon, Staffable),
        (Status::Claimed, 1, 1, staff_by, NotClaimed),
        (Status::Claimed, 2, 1, soon, NotYours),
        (Status::Staffed, 1, 1, soon, Already),
        (Status::Staffed, 1, 2, staff_by, Staffable),
        (Status::Staffed, 1, 2, end, TooLate),
        (Status::Staffed, 2, 1, soon, NotYours),
        (Status::InService, 1, 1, end, Already),
        (Status::InService, 1, 2, soon, TooLate),
        (Status::Completed, 1, 2, soon, TooLate),
        (Status::Rated, 1, 2, soon, TooLate),
        (Status::Cancelled, 1, 1, soon, NotYours),
        (Status::Unfilled, 1, 1, soon, NotYours),
    ];
    for (status, by, n, now, wanted) in cases {
        let outcome = staff_outcome(&in_state(status), &agency(by), &staffing(n).worker, now);
        assert_eq!(outcome, wanted, "{status:?} {by} {n} {now:?}");
    }
    let named = &staffing(1).worker;
    let cancelled = in_state(Status::Staffed)
        .changed(&cancel(), 1, soon)
        .unwrap();
    assert_eq!(
        staff_outcome(&cancelled, &agency(1), named, soon),
        NotClaimed
    );
    let released = in_state(Status::Staffed)
        .changed(&release(1, again()), 1, soon)
        .unwrap();
    assert_eq!(
        staff_outcome(&released, &agency(1), named, soon),
        NotClaimed
    );
    assert_eq!(released.staffing(), None);

    let mut order = in_state(Status::Claimed);
    for n in 0..10 {
        let change = staff(n, n.checked_sub(1));
        order = order.changed(&change, 1, soon).unwrap();
    }
    let outcome = staff_outcome(&order, &agency(1), &staffing(10).worker, soon);
    assert_eq!(outcome, TooOften);
}

/// A worker who cleans, of whom everything that cleaning requires is clear until then.
fn worker(clear_until: Millis) -> Worker {
    let entry = |_| Entry {
        source: "harbin".parse().unwrap(),
        recorded: Recorded::Clear,
        as_of: PLACED,
        valid_from: None,
        valid_until: Some(clear_until),
    };
    Worker {
        id: staffing(1).worker,
        version: 1,
        agency: agency(1),
        standing: Standing::Approved,
        skills: [Service::Cleaning].into_iter().collect(),
        experience: Vec::new(),
        sex: None,
        masked_name: "张*".to_owned(),
        registered_at: PLACED,
        waits_since: None,
        photo: None,
        sections: Section::ALL.iter().map(|s| (*s, entry(s))).collect(),
        is_erased: false,
        review_version: 1,
        last_decision: None,
    }
}

#[test]
fn who_may_not_work_or_works_elsewhere_cannot_come() {
    let staffed = in_state(Status::Staffed);
    let fine = worker(staffed.ends_at());
    let suspended = Worker {
        standing: Standing::Suspended,
        ..fine.clone()
    };
    let moved = Worker {
        agency: agency(2),
        ..fine.clone()
    };
    let erased = Worker {
        is_erased: true,
        ..fine.clone()
    };
    let before = Millis(staffed.start_at.0 - 1);
    assert!(!cannot_come(&staffed, &fine, before));
    for worker in [&suspended, &moved, &erased] {
        assert!(cannot_come(&staffed, worker, before));
        assert!(!cannot_come(&staffed, worker, staffed.start_at));
        assert!(!cannot_come(&in_state(Status::Claimed), worker, before));
        assert!(!cannot_come(&in_state(Status::InService), worker, before));
    }
    let another = Worker {
        id: staffing(2).worker,
        ..suspended
    };
    assert!(!cannot_come(&staffed, &another, before));

    let unstaffed = staffed.changed(&unstaff(1), 1, before).unwrap();
    let claim = unstaffed.claim().unwrap();
    assert_eq!((claim.staff_by, unstaffed.staffing()), (DEADLINE, None));
    assert_eq!(claim.at, staffed.claim().unwrap().at);
}

#[test]
fn everything_that_keeps_a_worker_from_a_visit_is_named_at_once() {
    let market = Market::default();
    let mut cooking = order();
    cooking.service = Service::Cooking;
    let end = cooking.ends_at();
    let reasons = |order: &Order, worker: &Worker, is_hindered| {
        let hindrance = Hindrance {
            is_booked: is_hindered,
            is_away: is_hindered,
        };
        let reasons = ineligible(order, worker, hindrance, &market, PLACED);
        serde_json::to_value(reasons).unwrap()
    };
    assert_eq!(reasons(&order(), &worker(end), false), json!([]));
    let plain =
        |kind: &str| json!({"kind": kind, "section": null, "state": null, "valid_until": null});
    let mut pending = worker(end);
    pending.standing = Standing::Pending;
    pending.sections = [].into_iter().collect();
    let section = |section: &str| json!({"kind": "section", "section": section, "state": "unknown", "valid_until": null});
    assert_eq!(
        reasons(&cooking, &pending, true),
        json!([
            plain("not_approved"),
            plain("no_skill"),
            plain("booked"),
            plain("not_available"),
            section("identity"),
            section("background_check"),
            section("judicial_enforcement"),
            section("dishonesty"),
            section("health_certificate"),
            section("personal_insurance"),
        ])
    );
    // What ends within the visit does not hold for it; what is refreshed is looked at now.
    let short = Millis(end.0 - 1);
    let found = reasons(&order(), &worker(short), false);
    let sections: Vec<&Value> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["section"])
        .collect();
    assert_eq!(
        sections,
        ["identity", "background_check", "personal_insurance"]
    );
    assert_eq!(found[0]["state"], "expired");
    assert_eq!(found[0]["valid_until"], json!(short.to_rfc3339()));
}

#[test]
fn the_worker_is_shown_as_the_badge_page_shows_her() {
    let rules = &Market::default().credit;
    let order = in_state(Status::Staffed);
    let claim = order.claim().unwrap();
    let seen_under = |worker: &Worker, agency, viewer: &Viewer| {
        let stars = StarTally { sum: 47, count: 10 };
        let view = WorkerView::new(&order, (worker, stars), agency, viewer, PLACED, rules);
        serde_json::to_value(view).unwrap()
    };
    let seen =
        |worker: &Worker, viewer: &Viewer| seen_under(worker, Some(Standing::Approved), viewer);
    let mut clear = worker(order.ends_at());
    clear.experience = [Service::Cooking, Service::Cleaning]
        .map(|service| Experience {
            service,
            years: 3,
            tags: [service.as_str().parse().unwrap()].into(),
        })
        .into();
    let customer = seen(&clear, &Viewer::Customer);
    assert_eq!(customer["worker_id"], Value::Null);
    assert_eq!(customer["name"], "张*");
    assert_eq!(customer["agency"], json!(claim.agency_name));
    assert_eq!(customer["standing"], "clear");
    assert_eq!(customer["as_of"], json!(PLACED.to_rfc3339()));
    assert_eq!(customer["tags"], json!(["cleaning"]));
    assert_eq!(customer["stars"], json!({"average": 4.4, "count": 10}));
    assert_eq!(customer["photo"], Value::Null);
    let sections = customer["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 9);
    assert_eq!(
        sections[0],
        json!({"section": "identity", "state": "clear", "as_of": PLACED.to_rfc3339()})
    );
    let desk = seen(&clear, &Viewer::Claimant(agency(1)));
    assert_eq!(desk["worker_id"], json!(clear.id.as_str()));

    // Neither she nor her agency works without approval.
    for standing in [
        None,
        Some(Standing::Pending),
        Some(Standing::Rejected),
        Some(Standing::Suspended),
    ] {
        let under = seen_under(&clear, standing, &Viewer::Customer);
        assert_eq!(under["standing"], "attention", "{standing:?}");
    }
    let suspended = Worker {
        standing: Standing::Suspended,
        ..clear
    };
    assert_eq!(seen(&suspended, &Viewer::Customer)["standing"], "attention");
}

#[test]
fn the_photo_is_the_customer_s_from_naming_to_the_end_while_she_may_come() {
    let rules = &Market::default().credit;
    let with_photo = Worker {
        photo: Some(Photo {
            key: "1.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
        }),
        ..worker(order().ends_at())
    };
    let sees = |order: &Order, worker: &Worker, viewer: Viewer| {
        let approved = Some(Standing::Approved);
        let her = (worker, StarTally::default());
        let view = WorkerView::new(order, her, approved, &viewer, PLACED, rules);
        view.is_some_and(|view| view.photo.is_some())
    };
    for status in Status::ALL {
        let order = in_state(*status);
        let is_coming = matches!(status, Status::Staffed | Status::InService);
        assert_eq!(
            sees(&order, &with_photo, Viewer::Customer),
            is_coming,
            "{status:?}"
        );
        assert!(!sees(&order, &with_photo, Viewer::Claimant(agency(1))));
        assert!(!sees(&order, &with_photo, Viewer::Authority));
    }
    let staffed = in_state(Status::Staffed);
    let suspended = Worker {
        standing: Standing::Suspended,
        ..with_photo.clone()
    };
    let moved = Worker {
        agency: agency(2),
        ..with_photo
    };
    for gone in [suspended, moved, worker(staffed.ends_at())] {
        assert!(!sees(&staffed, &gone, Viewer::Customer));
    }
}

#[test]
fn who_fits_best_is_told_by_the_first_difference() {
    let mut order = order();
    let tags = |tags: &[&str]| tags.iter().map(|tag| tag.parse().unwrap()).collect();
    let whose = |n: u8, sex, years, of: &[&str]| Worker {
        id: staffing(n).worker,
        sex: Some(sex),
        experience: vec![Experience {
            service: order.service,
            years,
            tags: tags(of),
        }],
        ..worker(PLACED)
    };
    let (good, none) = (StarTally { sum: 50, count: 10 }, StarTally::default());
    // Each is better than the one before by something that counts for more than what it is worse in.
    let ascending = [
        (whose(1, Sex::Male, 1, &[]), none),
        (whose(2, Sex::Male, 1, &[]), good),
        (whose(3, Sex::Male, 2, &[]), none),
        (whose(4, Sex::Male, 0, &["pets"]), none),
        (whose(5, Sex::Male, 0, &["pets", "windows", "korean"]), none),
        (whose(6, Sex::Female, 0, &[]), none),
        (whose(7, Sex::Male, 0, &[]), none),
    ];
    order.wishes = tags(&["female_worker", "pets", "windows"]);
    order.preferred = Some(Preferred {
        worker: staffing(7).worker,
        agency: agency(1),
    });
    let fits = |order: &Order| {
        let fits = ascending
            .iter()
            .map(|(worker, stars)| fit(order, worker, *stars, 50));
        fits.collect::<Vec<_>>()
    };
    assert!(
        fits(&order).is_sorted_by(|a, b| a < b),
        "{:?}",
        fits(&order)
    );
    assert_eq!(fits(&order)[4].wishes, 2);
    // Of another agency she is nobody in particular, and without a wish nobody has the wrong sex.
    order.preferred = Some(Preferred {
        worker: staffing(7).worker,
        agency: agency(2),
    });
    assert!(fits(&order).iter().all(|fit| !fit.preferred));
    order.wishes = tags(&[]);
    assert!(fits(&order).iter().all(|fit| fit.sex));
}

#[test]
fn of_a_worker_who_is_not_the_agencys_any_more_an_order_shows_a_name_at_most() {
    let rules = &Market::default().credit;
    let order = in_state(Status::Completed);
    let claim = order.claim().unwrap();
    let here = worker(order.ends_at());
    let moved = Worker {
        agency: agency(2),
        ..here.clone()
    };
    let erased = Worker {
        masked_name: String::new(),
        is_erased: true,
        ..here.clone()
    };
    // Whoever comes back after that is somebody new.
    let staffing = order.staffing().unwrap();
    let anew = Worker {
        registered_at: staffing.at + Duration::from_millis(1),
        ..here.clone()
    };
    for (gone, name) in [
        (&moved, json!("张*")),
        (&erased, Value::Null),
        (&anew, Value::Null),
    ] {
        for (viewer, id) in [
            (Viewer::Customer, Value::Null),
            (Viewer::Claimant(agency(1)), Value::Null),
            (Viewer::Authority, json!(here.id.as_str())),
        ] {
            let approved = Some(Standing::Approved);
            let gone = (gone, StarTally { sum: 5, count: 1 });
            let view = WorkerView::new(&order, gone, approved, &viewer, PLACED, rules);
            assert_eq!(
                serde_json::to_value(view).unwrap(),
                json!({
                    "worker_id": id,
                    "name": name,
                    "agency": claim.agency_name,
                    "standing": "attention",
                    "as_of": PLACED.to_rfc3339(),
                    "sections": [],
                    "tags": [],
                    "stars": null,
                    "photo": null,
                }),
                "{viewer:?}"
            );
        }
    }
}

#[test]
fn a_visit_is_over_and_rated_in_this_order() {
    for status in Status::ALL {
        let order = in_state(*status);
        let wanted = match status {
            Status::InService => (CompleteOutcome::Completed, RateOutcome::NotCompleted),
            Status::Completed => (CompleteOutcome::Already, RateOutcome::Rated),
            Status::Rated => (CompleteOutcome::Already, RateOutcome::Already),
            Status::Cancelled | Status::Unfilled => {
                (CompleteOutcome::TooLate, RateOutcome::TooLate)
            }
            _ => (CompleteOutcome::NotStarted, RateOutcome::NotCompleted),
        };
        let theirs = &order.customer;
        let unmet = |change: Change| order.unmet(change.terms(1, PLACED));
        let outcomes = (
            complete_outcome(&order, unmet(complete(theirs.clone()))),
            rate_outcome(&order, unmet(rate(theirs.clone(), 4))),
        );
        assert_eq!(outcomes, (Some(wanted.0), Some(wanted.1)), "{status:?}");
        let other = CustomerId::from_bytes(&[2; 16]);
        let outcomes = (
            complete_outcome(&order, unmet(complete(other.clone()))),
            rate_outcome(&order, unmet(rate(other, 4))),
        );
        assert_eq!(outcomes, (None, None), "{status:?}");
    }
    assert!(Stars::try_from(0).is_err() && Stars::try_from(6).is_err());
    let rating: Rating = serde_json::from_str(r#"{"stars":5,"comment":"好","at":1}"#).unwrap();
    assert_eq!(format!("{rating:?}"), "Rating");
}

#[test]
fn an_agency_whose_worker_never_came_has_had_the_order() {
    let visit_by = Market::default().visit_by(order().ends_at());
    let change = unattended(1, visit_by);
    let left = in_state(Status::Staffed)
        .changed(&change, 1, visit_by)
        .unwrap();
    assert_eq!(left.viewer(&agency(1)), Some(Viewer::Former(agency(1))));
    let last = left.timeline.last().unwrap();
    assert_eq!(
        (last.what, last.why.as_deref()),
        (What::Unfilled, Some("nobody came"))
    );
    let change = Change::CompleteByTime { visit_by };
    let ended = in_state(Status::InService)
        .changed(&change, 1, visit_by)
        .unwrap();
    assert_eq!(ended.timeline.last().unwrap().by, By::Platform);
}

#[test]
fn what_counts_for_an_agency_is_what_became_of_its_claims() {
    let visit_by = Market::default().visit_by(order().ends_at());
    let stats = |order: Order, change: Change, now| {
        let next = order.changed(&change, 1, now).unwrap();
        let tally = tally(&order, &next);
        tally
            .into_iter()
            .map(|(by, stats)| {
                assert_eq!(by, agency(1));
                let AgencyStats {
                    stars_sum,
                    stars_count,
                    completed,
                    abandoned,
                    upheld: _,
                } = stats;
                [stars_sum, stars_count, completed, abandoned]
            })
            .collect::<Vec<_>>()
    };
    let late = Millis(PLACED.0 + 1_800_000);
    let then = again();
    let cases = [
        (
            Status::Claimed,
            release(1, then),
            PLACED,
            vec![[0, 0, 0, 1]],
        ),
        (
            Status::Staffed,
            release(1, then),
            PLACED,
            vec![[0, 0, 0, 1]],
        ),
        (Status::Claimed, missed(then), late, vec![[0, 0, 0, 1]]),
        (
            Status::Staffed,
            unattended(1, visit_by),
            visit_by,
            vec![[0, 0, 0, 1]],
        ),
        (
            Status::InService,
            complete(order().customer),
            late,
            vec![[0, 0, 1, 0]],
        ),
        (
            Status::InService,
            Change::CompleteByTime { visit_by },
            visit_by,
            vec![[0, 0, 1, 0]],
        ),
        (
            Status::Completed,
            rate(order().customer, 4),
            late,
            vec![[4, 1, 0, 0]],
        ),
        (
            Status::Completed,
            Change::Rate {
                customer: order().customer,
                given: given(4, false),
            },
            late,
            vec![[0, 0, 0, 0]; 0],
        ),
        (Status::Staffed, start(1), late, vec![]),
        (Status::Staffed, cancel(), PLACED, vec![]),
        (Status::Open, unfilled(), DEADLINE, vec![]),
    ];
    for (status, change, now, wanted) in cases {
        let name = format!("{change:?}");
        assert_eq!(
            stats(in_state(status), change, now),
            wanted,
            "{name} while {status:?}"
        );
    }
}

#[test]
fn a_visit_took_half_of_what_was_booked_or_not() {
    let minutes = |n: i64| Millis(PLACED.0 + n * 60_000);
    let over = |began: i64, ended: i64| {
        let began = in_state(Status::Staffed).changed(&start(1), 1, minutes(began));
        let ended = began
            .unwrap()
            .changed(&complete(order().customer), 1, minutes(ended));
        ended.unwrap()
    };
    // Two hours are booked.
    for (began, ended, wanted) in [
        (0, 59, false),
        (0, 60, true),
        (90, 149, false),
        (90, 300, true),
    ] {
        assert_eq!(over(began, ended).took_half(), wanted, "{began} to {ended}");
    }
    assert!(!in_state(Status::Completed).took_half(), "nobody knows");
}

//! What several entries and several sources come to.

use proptest::prelude::*;

use super::*;

const INSURANCE: Section = Section::PersonalInsurance;

/// What `name` says as of `AS_OF` and so many milliseconds: a policy from one day to another.
fn policy(name: &str, as_of: i64, from: i64, until: i64) -> Entry {
    Entry {
        source: source(name),
        recorded: Recorded::Clear,
        as_of: Millis(AS_OF.0 + as_of),
        valid_from: Some(days(from)),
        valid_until: Some(days(until)),
    }
}

/// What was said of the insurance, one after another, all of it taken.
fn insured(said: &[Entry]) -> Sections {
    let mut sections = Sections::default();
    for entry in said {
        let recording = sections.record(INSURANCE, entry.clone(), days(0));
        assert_eq!(recording, Recording::New, "{entry:?}");
    }
    sections
}

#[test]
fn an_insurance_that_has_not_begun_is_pending_and_counts_once_it_has() {
    let sections = insured(&[policy("picc", 0, 3, 30)]);
    let state = |at| sections.view(INSURANCE, at, &rules()).state;
    assert_eq!(state(days(1)), SectionState::Pending);
    assert_eq!(state(Millis(days(3).0 - 1)), SectionState::Pending);
    assert_eq!(state(days(3)), SectionState::Clear);
    // Booked before it begins, for a visit after it has.
    let mut sections = all(Recorded::Clear);
    for (n, recorded) in (1..).zip([Recorded::Unknown, Recorded::Clear]) {
        let next = Entry {
            source: source("bureau"),
            recorded,
            valid_from: (recorded == Recorded::Clear).then_some(days(3)),
            ..policy("bureau", n, 3, 30)
        };
        sections.record(INSURANCE, next, AS_OF);
    }
    let now = Millis(AS_OF.0 + 2);
    let visit = (days(4), days(5));
    assert!(gate(&sections, Service::Cleaning, visit, now, &rules()).is_empty());
    let visit = (Millis(days(3).0 - 1), days(5));
    assert!(!gate(&sections, Service::Cleaning, visit, now, &rules()).is_empty());
}

/// Of one source: what holds until another begins, and what counts of what it says one after another.
#[test]
fn entries_of_a_source_are_intervals() {
    use SectionState::{Clear, Expired, Flagged, Pending, Unknown};
    let says = |recorded, as_of, from: Option<i64>| Entry {
        recorded,
        valid_from: from.map(days),
        ..policy("picc", as_of, 0, 1)
    };
    let this_year = policy("picc", 0, -100, 20);
    let taken_back = |as_of| says(Recorded::Unknown, as_of, None);
    for (case, said, expected) in [
        (
            "a renewal announced early leaves alone what holds until then",
            vec![this_year.clone(), policy("picc", 1, 20, 40)],
            [
                (0, Clear),
                (19, Clear),
                (20, Clear),
                (39, Clear),
                (40, Expired),
            ],
        ),
        (
            "announced first, it still does",
            vec![policy("picc", 1, 20, 40), this_year.clone()],
            [
                (0, Clear),
                (19, Clear),
                (20, Clear),
                (39, Clear),
                (40, Expired),
            ],
        ),
        (
            "a gap is one",
            vec![this_year.clone(), policy("picc", 1, 25, 40)],
            [
                (19, Clear),
                (20, Expired),
                (24, Expired),
                (25, Clear),
                (40, Expired),
            ],
        ),
        (
            "the same policy ends earlier",
            vec![this_year.clone(), policy("picc", 1, -100, 10)],
            [
                (0, Clear),
                (9, Clear),
                (10, Expired),
                (19, Expired),
                (20, Expired),
            ],
        ),
        (
            "a correction has the same as-of time",
            vec![this_year.clone(), policy("picc", 0, -100, 10)],
            [
                (0, Clear),
                (9, Clear),
                (10, Expired),
                (19, Expired),
                (20, Expired),
            ],
        ),
        (
            "flagged as of the same moment",
            vec![this_year.clone(), says(Recorded::Flagged, 0, None)],
            [
                (0, Flagged),
                (9, Flagged),
                (19, Flagged),
                (20, Flagged),
                (99, Flagged),
            ],
        ),
        (
            "flagged until it is taken back, which a policy does from its beginning on",
            vec![says(Recorded::Flagged, 0, None), policy("picc", 1, 5, 20)],
            [
                (0, Flagged),
                (4, Flagged),
                (5, Clear),
                (19, Clear),
                (20, Expired),
            ],
        ),
        (
            "it takes back all that it said",
            vec![this_year.clone(), policy("picc", 1, 20, 40), taken_back(2)],
            [
                (0, Unknown),
                (19, Unknown),
                (20, Unknown),
                (39, Unknown),
                (40, Unknown),
            ],
        ),
        (
            "cancelled from a later day on",
            vec![this_year.clone(), says(Recorded::Unknown, 1, Some(10))],
            [
                (0, Clear),
                (9, Clear),
                (10, Unknown),
                (19, Unknown),
                (20, Unknown),
            ],
        ),
        (
            "taken back, and insured anew",
            vec![this_year, taken_back(1), policy("picc", 2, 10, 40)],
            [
                (0, Unknown),
                (9, Unknown),
                (10, Clear),
                (39, Clear),
                (40, Expired),
            ],
        ),
        (
            "nothing before it begins",
            vec![policy("picc", 0, 10, 20)],
            [
                (0, Pending),
                (9, Pending),
                (10, Clear),
                (19, Clear),
                (20, Expired),
            ],
        ),
    ] {
        let sections = insured(&said);
        for (day, state) in expected {
            let view = sections.view(INSURANCE, days(day), &rules());
            assert_eq!(view.state, state, "{case}, day {day}");
        }
        let stored: Sections = sections.entries().map(|(s, e)| (s, e.clone())).collect();
        assert_eq!(stored, sections, "{case}");
    }
}

#[test]
fn what_a_source_says_again_or_too_late_changes_nothing() {
    let mut sections = insured(&[policy("picc", 5, -1, 20), policy("picc", 5, 20, 40)]);
    let before = sections.clone();
    for (entry, expected) in [
        (policy("picc", 5, -1, 20), Recording::Known),
        (policy("picc", 5, 20, 40), Recording::Known),
        (policy("picc", 4, -1, 25), Recording::NotNewer),
        (policy("picc", 4, -50, 0), Recording::NotNewer),
        (policy("picc", 4, 30, 40), Recording::NotNewer),
    ] {
        let recording = sections.record(INSURANCE, entry.clone(), days(0));
        assert_eq!(recording, expected, "{entry:?}");
        assert_eq!(sections, before, "{entry:?}");
    }
    // Once the second one holds, the first one is forgotten.
    sections.record(INSURANCE, policy("picc", 5, 20, 40), days(20));
    assert_eq!(sections.entries().count(), 1);
}

#[test]
fn a_source_has_a_bounded_number_of_entries() {
    let bound = i64::try_from(MOST_ENTRIES).unwrap();
    let said: Vec<Entry> = (0..bound).map(|n| policy("picc", n, n, n + 1)).collect();
    let mut sections = insured(&said);
    let more = policy("picc", bound, bound, bound + 1);
    let before = sections.clone();
    let recording = sections.record(INSURANCE, more.clone(), days(0));
    assert_eq!(recording, Recording::TooMany);
    assert_eq!(sections, before);
    // Another source has its own, and so has the same one once another of its entries has begun.
    let other = policy("ping-an", 0, 0, 1);
    assert_eq!(sections.record(INSURANCE, other, days(0)), Recording::New);
    assert_eq!(sections.record(INSURANCE, more, days(1)), Recording::New);
    let flagged = Entry {
        recorded: Recorded::Flagged,
        valid_from: None,
        ..policy("picc", 99, 0, 1)
    };
    sections.record(INSURANCE, flagged, days(1));
    assert_eq!(sections.of(INSURANCE, &source("picc")).len(), 1);
}

/// Between sources: flagged by any, else withheld by any, else clear by any, else the gravest.
#[test]
fn one_source_can_clear_what_another_does_not_know_and_not_what_it_holds_against_her() {
    use SectionState::{Clear, Expired, Flagged, Pending, Unknown, Withheld};
    let says = |recorded| Entry {
        recorded,
        valid_from: None,
        ..policy("bureau", 0, 0, 30)
    };
    let in_order = [
        (says(Recorded::Flagged), Flagged),
        (says(Recorded::Withheld), Withheld),
        (says(Recorded::Clear), Clear),
        (policy("bureau", 0, -9, -1), Expired),
        (says(Recorded::Pending), Pending),
        (policy("bureau", 0, 5, 9), Pending),
        (says(Recorded::Unknown), Unknown),
    ];
    for (place, (first, state)) in in_order.iter().enumerate() {
        for (second, _) in &in_order[place..] {
            for (one, another) in [("a", "b"), ("b", "a")] {
                let named = |name: &str, entry: &Entry| Entry {
                    source: source(name),
                    ..entry.clone()
                };
                let sections = insured(&[named(one, first), named(another, second)]);
                let view = sections.view(INSURANCE, days(0), &rules());
                assert_eq!(view.state, *state, "{first:?} {second:?}");
            }
        }
    }
}

#[test]
fn todays_word_of_the_court_counts_beside_yesterdays_of_another() {
    let said = |name: &str, hours_ago: i64| Entry {
        source: source(name),
        as_of: Millis(AS_OF.0 - hours_ago * 3_600_000),
        valid_until: None,
        ..entry(Recorded::Clear)
    };
    let section = Section::Dishonesty;
    let sections: Sections = [("court", 1), ("bureau", 25)]
        .map(|(name, hours_ago)| (section, said(name, hours_ago)))
        .into_iter()
        .collect();
    let view = sections.view(section, AS_OF, &rules());
    assert_eq!(view.state, SectionState::Clear);
    assert_eq!(view.source, Some(source("court")));
    assert_eq!(view.valid_until, Some(Millis(AS_OF.0 + 23 * 3_600_000)));
    let view = sections.view(section, days(1), &rules());
    assert_eq!(view.state, SectionState::Stale);
}

/// What is clear until when, and which visits that covers, by one source or several.
#[test]
fn a_visit_is_covered_by_several_entries_if_there_is_no_gap() {
    let flagged_later = Entry {
        recorded: Recorded::Flagged,
        ..policy("ping-an", 1, 15, 99)
    };
    for (case, said, until) in [
        ("one", vec![policy("picc", 0, 0, 10)], 10),
        (
            "its renewal",
            vec![policy("picc", 0, 0, 10), policy("picc", 1, 10, 20)],
            20,
        ),
        (
            "another insurer's",
            vec![policy("picc", 0, 0, 10), policy("ping-an", 0, 8, 20)],
            20,
        ),
        (
            "a gap of a day",
            vec![policy("picc", 0, 0, 10), policy("picc", 1, 11, 20)],
            10,
        ),
        (
            "flagged meanwhile",
            vec![policy("picc", 0, 0, 30), flagged_later],
            15,
        ),
    ] {
        let of_insurance = insured(&said);
        let view = of_insurance.view(INSURANCE, days(0), &rules());
        assert_eq!(view.state, SectionState::Clear, "{case}");
        assert_eq!(view.valid_until, Some(days(until)), "{case}");
        let others = all(Recorded::Clear);
        let others = others
            .entries()
            .filter(|(section, _)| *section != INSURANCE);
        let entries = others.chain(of_insurance.entries());
        let sections: Sections = entries.map(|(s, entry)| (s, entry.clone())).collect();
        let refused = |from: i64, to: i64| {
            let visit = (Millis(days(until).0 + from), Millis(days(until).0 + to));
            let gate = gate(&sections, Service::Cleaning, visit, AS_OF, &rules());
            let states = gate
                .into_iter()
                .filter(|refusal| refusal.section == INSURANCE);
            states
                .map(|refusal| refusal.valid_until)
                .collect::<Vec<_>>()
        };
        assert_eq!(refused(-12 * 3_600_000, 0), [], "{case}");
        assert_eq!(refused(-12 * 3_600_000, 1).len(), 1, "{case}");
        // Covered at both ends, and not in between.
        assert_eq!(refused(-1, DAY_MS + 1).len(), 1, "{case}");
    }
}

#[test]
fn a_reference_is_the_one_of_the_entry_that_counts() {
    let (old, new) = (policy("picc", 0, 0, 10), policy("picc", 1, 10, 20));
    let mut sections = insured(std::slice::from_ref(&old));
    // As it was stored before entries were intervals.
    let stored = serde_json::json!({ "personal_insurance": { "picc": "P-1" } });
    let mut references: References = serde_json::from_value(stored).unwrap();
    let shown = |references: &References, sections: &Sections, day| {
        let view = sections.view(INSURANCE, days(day), &rules());
        references.get(&view).map(str::to_owned)
    };
    assert_eq!(shown(&references, &sections, 5).as_deref(), Some("P-1"));
    assert!(!references.note(&sections, INSURANCE, &old, Some("P-1")));
    sections.record(INSURANCE, new.clone(), days(0));
    assert!(references.note(&sections, INSURANCE, &new, Some("P-2")));
    let stored = serde_json::to_value(&references).unwrap();
    let mut references: References = serde_json::from_value(stored).unwrap();
    for (day, expected) in [(5, "P-1"), (15, "P-2")] {
        assert_eq!(
            shown(&references, &sections, day).as_deref(),
            Some(expected)
        );
    }
    assert!(references.note(&sections, INSURANCE, &new, Some("P-3")));
    assert_eq!(shown(&references, &sections, 15).as_deref(), Some("P-3"));
    sections.record(INSURANCE, new.clone(), days(10));
    assert!(references.note(&sections, INSURANCE, &new, None));
    assert!(
        references == References::default(),
        "nothing is kept of what is over"
    );
}

#[test]
fn what_needs_an_end_and_has_none_is_unknown() {
    for section in [
        Section::HealthCertificate,
        Section::PersonalInsurance,
        Section::OccupationalInsurance,
    ] {
        let endless = Entry {
            valid_until: None,
            ..entry(Recorded::Clear)
        };
        let sections: Sections = [(section, endless)].into_iter().collect();
        assert_eq!(
            sections.view(section, AS_OF, &rules()).state,
            SectionState::Unknown
        );
    }
}

proptest! {
    /// Whatever a source says in whatever order: of what has begun at a moment, what is newest counts, and of two as
    /// new what came later.
    #[test]
    fn what_is_newest_of_what_has_begun_counts(
        said in proptest::collection::vec((0..4_i64, -5..5_i64, 1..9_i64, 0..6_usize), 1..8),
        now in -3..3_i64,
    ) {
        let mut all: Vec<Entry> = Vec::new();
        let mut sections = Sections::default();
        for (as_of, from, lasts, recorded) in said {
            let clear = policy("picc", as_of, from, from + lasts);
            let entry = match Recorded::ALL.get(recorded) {
                Some(Recorded::Clear) | None => clear,
                Some(other) => Entry { recorded: *other, valid_from: None, ..clear },
            };
            if !all.contains(&entry) {
                sections.record(INSURANCE, entry.clone(), days(now));
                all.push(entry);
            }
        }
        for day in now..12 {
            let begun = all.iter().enumerate().filter(|(_, entry)| entry.begins() <= days(day));
            let newest = begun.max_by_key(|(place, entry)| (entry.as_of, *place));
            let view = sections.view(INSURANCE, days(day), &rules());
            if let Some((_, entry)) = newest {
                let expected = rules().rule(INSURANCE).state(entry, days(day));
                prop_assert_eq!(view.state, expected, "day {}", day);
                prop_assert_eq!(view.begins, Some(entry.begins()));
            } else {
                prop_assert_ne!(view.state, SectionState::Clear);
            }
        }
        let stored: Sections = sections.entries().map(|(s, e)| (s, e.clone())).collect();
        prop_assert_eq!(stored, sections);
    }
}

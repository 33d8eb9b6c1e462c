mod intervals;

use super::*;

const DAY_MS: i64 = 24 * 3_600 * 1_000;
const AS_OF: Millis = Millis(1_800_000_000_000);

fn rules() -> CreditRules {
    CreditRules::default()
}

fn source(name: &str) -> SourceId {
    name.parse().unwrap()
}

fn entry(recorded: Recorded) -> Entry {
    Entry {
        source: source("bureau"),
        recorded,
        as_of: AS_OF,
        valid_from: None,
        valid_until: Some(Millis(AS_OF.0 + 30 * DAY_MS)),
    }
}

fn days(days: i64) -> Millis {
    Millis(AS_OF.0 + days * DAY_MS)
}

/// A record in which all sections say so.
fn all(recorded: Recorded) -> Sections {
    let sections = Section::ALL.iter();
    sections
        .map(|section| (*section, entry(recorded)))
        .collect()
}

fn required(service: Service) -> Vec<Section> {
    let sections = Section::ALL.iter().copied();
    sections
        .filter(|section| rules().rule(*section).required_by.contains(service))
        .collect()
}

/// When a section that was clear as of `AS_OF`, with 30 days printed, is clear no more.
fn ends(section: Section) -> Millis {
    match section {
        Section::JudicialEnforcement | Section::Dishonesty | Section::BodyTemperature => days(1),
        _ => days(30),
    }
}

#[test]
fn the_table_of_sections_is_the_products() {
    use Section::*;
    let by_all = [
        Identity,
        BackgroundCheck,
        JudicialEnforcement,
        Dishonesty,
        PersonalInsurance,
    ];
    for (service, more) in [
        (Service::Cleaning, vec![]),
        (Service::DeepCleaning, vec![OccupationalInsurance]),
        (Service::ApplianceCleaning, vec![OccupationalInsurance]),
        (Service::Cooking, vec![HealthCertificate]),
        (Service::Childcare, vec![HealthCertificate]),
        (
            Service::MaternityCare,
            vec![HealthCertificate, BodyTemperature, OccupationalInsurance],
        ),
        (Service::ElderCare, vec![HealthCertificate, BodyTemperature]),
        (
            Service::LiveIn,
            vec![HealthCertificate, OccupationalInsurance],
        ),
    ] {
        let mut expected: Vec<Section> = by_all.iter().copied().chain(more).collect();
        expected.sort();
        assert_eq!(required(service), expected, "{service}");
    }
    for (section, lasts) in [(Identity, 730), (BackgroundCheck, 90), (PublicSecurity, 90)] {
        let entry = Entry {
            valid_until: None,
            ..entry(Recorded::Clear)
        };
        assert_eq!(rules().rule(section).valid_until(&entry), Some(days(lasts)));
    }
    let long = Entry {
        valid_until: Some(days(5_000)),
        ..entry(Recorded::Clear)
    };
    for (section, until) in [
        (HealthCertificate, days(365)),
        (PersonalInsurance, days(5_000)),
        (OccupationalInsurance, days(5_000)),
        (JudicialEnforcement, days(1)),
        (BodyTemperature, days(1)),
    ] {
        assert_eq!(
            rules().rule(section).valid_until(&long),
            Some(until),
            "{section:?}"
        );
    }
}

/// Every state × the moments around every limit × every service: only clear within its validity passes the gate,
/// passes the door, or shows as clear.
#[test]
fn only_clear_within_its_validity_is_ever_green() {
    let moments = [-1, 0, 1, DAY_MS - 1, DAY_MS, DAY_MS + 1, 25 * 3_600_000]
        .into_iter()
        .chain([30 * DAY_MS - 1, 30 * DAY_MS, 400 * DAY_MS])
        .map(|after| Millis(AS_OF.0 + after));
    for at in moments {
        for recorded in Recorded::ALL.iter().copied() {
            let sections = all(recorded);
            for section in Section::ALL.iter().copied() {
                let is_clear = recorded == Recorded::Clear && AS_OF <= at && at < ends(section);
                let view = sections.view(section, at, &rules());
                assert_eq!(
                    view.state == SectionState::Clear,
                    is_clear,
                    "{section:?} {at:?}"
                );
            }
            for service in Service::ALL.iter().copied() {
                let holds = |section: &Section| {
                    recorded == Recorded::Clear && AS_OF <= at && at < ends(*section)
                };
                let against: Vec<Section> = required(service)
                    .into_iter()
                    .filter(|section| !holds(section))
                    .collect();
                let refused = |refusals: Vec<SectionRefusal>| -> Vec<Section> {
                    refusals
                        .into_iter()
                        .map(|refusal| refusal.section)
                        .collect()
                };
                let door = at_the_door(&sections, service, at, &rules());
                assert_eq!(refused(door), against, "{service} {recorded:?} {at:?}");

                let visit = (at, Millis(at.0 + 1));
                let gate = gate(&sections, service, visit, at, &rules());
                let without_temperature: Vec<Section> = against
                    .iter()
                    .copied()
                    .filter(|section| *section != Section::BodyTemperature)
                    .collect();
                assert_eq!(refused(gate), without_temperature, "{service} {recorded:?}");

                let skills = [service].into_iter().collect();
                let standing = public_standing(&sections, skills, at, &rules());
                assert_eq!(
                    standing == PublicStanding::Clear,
                    against.is_empty(),
                    "{service} {recorded:?} {at:?}"
                );
            }
        }
    }
}

#[test]
fn of_whom_nothing_is_known_is_unverified() {
    let nothing = Sections::default();
    let skills = ServiceSet::all();
    let standing = public_standing(&nothing, skills, AS_OF, &rules());
    assert_eq!(standing, PublicStanding::Unverified);
    assert_eq!(
        public_standing(&all(Recorded::Clear), ServiceSet::EMPTY, AS_OF, &rules()),
        PublicStanding::Unverified,
        "who can do nothing has shown nothing"
    );
    for service in Service::ALL.iter().copied() {
        let gate = gate(&nothing, service, (AS_OF, days(1)), AS_OF, &rules());
        assert!(
            gate.iter()
                .all(|refusal| refusal.state == SectionState::Unknown)
        );
        assert!(!gate.is_empty());
    }
    let views = nothing.views([Service::Cleaning].into_iter().collect(), AS_OF, &rules());
    let state = |section| {
        views
            .iter()
            .find(|view| view.section == section)
            .map(|view| view.state)
    };
    assert_eq!(state(Section::Identity), Some(SectionState::Unknown));
    assert_eq!(
        state(Section::HealthCertificate),
        Some(SectionState::NotRequired)
    );
    assert_eq!(views.len(), 9);
}

#[test]
fn what_courts_say_is_stale_after_a_day_and_flags_never_fade() {
    let at = Millis(AS_OF.0 + 25 * 3_600_000);
    for section in [Section::JudicialEnforcement, Section::Dishonesty] {
        let state = |recorded| all(recorded).view(section, at, &rules()).state;
        assert_eq!(state(Recorded::Clear), SectionState::Stale);
        assert_eq!(state(Recorded::Flagged), SectionState::Flagged);
    }
    let forever = Millis(AS_OF.0 + 100 * 365 * DAY_MS);
    for section in Section::ALL.iter().copied() {
        let state = all(Recorded::Flagged)
            .view(section, forever, &rules())
            .state;
        assert_eq!(state, SectionState::Flagged);
    }
    let skills = [Service::Cleaning, Service::LiveIn].into_iter().collect();
    let standing = |recorded| public_standing(&all(recorded), skills, at, &rules());
    assert_eq!(standing(Recorded::Flagged), PublicStanding::Attention);
    assert_eq!(standing(Recorded::Withheld), PublicStanding::Unverified);
    assert_eq!(
        standing(Recorded::Clear),
        PublicStanding::Unverified,
        "stale"
    );
}

#[test]
fn a_temperature_counts_in_the_standing_of_those_whose_services_require_it() {
    use PublicStanding::{Attention, Clear, Unverified};
    let with = |temperature: Option<Recorded>, at| {
        let mut sections: Sections = all(Recorded::Clear)
            .entries()
            .filter(|(section, _)| *section != Section::BodyTemperature)
            .map(|(section, entry)| (section, entry.clone()))
            .collect();
        if let Some(recorded) = temperature {
            sections.record(Section::BodyTemperature, entry(recorded), AS_OF);
        }
        move |skill: Service| {
            let skills = [skill].into_iter().collect();
            public_standing(&sections, skills, at, &rules())
        }
    };
    let a_day_later = Millis(AS_OF.0 + DAY_MS);
    let still = Millis(a_day_later.0 - 1);
    for (temperature, at, expected) in [
        (Some(Recorded::Clear), still, Clear),
        (Some(Recorded::Flagged), still, Attention),
        (Some(Recorded::Pending), still, Unverified),
        (Some(Recorded::Withheld), still, Unverified),
        (None, still, Unverified),
        (Some(Recorded::Clear), a_day_later, Attention),
    ] {
        let standing = with(temperature, at);
        for skill in [Service::ElderCare, Service::MaternityCare] {
            assert_eq!(standing(skill), expected, "{skill} {temperature:?} {at:?}");
        }
        if at == still {
            assert_eq!(standing(Service::Cleaning), Clear, "{temperature:?}");
        }
    }
}

#[test]
fn a_health_certificate_that_ends_before_the_visit_does_is_refused() {
    let sections = all(Recorded::Clear);
    let booked = Millis(AS_OF.0 + 1);
    let ends = days(30);
    let hour = 3_600_000;
    let visit = |from: i64| (Millis(ends.0 + from), Millis(ends.0 + from + 2 * hour));
    let refused = |visit| {
        let gate = gate(&sections, Service::Cooking, visit, booked, &rules());
        gate.into_iter()
            .map(|refusal| (refusal.section, refusal.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        refused(visit(-2 * hour)),
        [],
        "valid through the visit's end"
    );
    for from in [-2 * hour + 1, -hour, 0, hour] {
        assert!(
            refused(visit(from)).contains(&(Section::HealthCertificate, SectionState::Expired)),
            "{from}"
        );
    }
}

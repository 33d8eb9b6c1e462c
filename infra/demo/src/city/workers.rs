//! The city's workers: invented people with valid ID numbers, and their credit records.

use std::collections::HashSet;

use domain::catalogue::Catalogue;
use domain::check::IdNumber;
use domain::credit::Section;
use domain::service::ServiceSet;
use domain::time::Millis;
use domain::worker::Experience;

use super::draw::Draw;
use super::{DemoAgency, SEED, person};
use crate::feed::FeedRow;

/// Workers of `harbin`.
pub const WORKERS: usize = 2_000;
/// Workers of `harbin-full`: its first 2,000 are those of `harbin`.
pub const WORKERS_FULL: usize = 20_000;

const DAY_MS: i64 = 86_400_000;
/// Region codes of Heilongjiang for ID numbers (GB/T 2260).
const REGIONS: [&str; 14] = [
    "230102", "230103", "230104", "230108", "230109", "230110", "230111", "230112", "230113",
    "230183", "230281", "231004", "231223", "232301",
];

/// The state of a worker's credit record, as an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkerKind {
    /// Every section that matters is clear.
    Clear,
    /// A court lists her as dishonest.
    Flagged,
    /// Her insurance has ended.
    Expired,
    /// The court's answer is three days old.
    Stale,
    /// Nobody has checked her background.
    Unknown,
    /// The result of her background check is withheld.
    Withheld,
    /// Her background check is not finished.
    Pending,
}

impl WorkerKind {
    pub const ALL: [Self; 7] = [
        Self::Clear,
        Self::Flagged,
        Self::Expired,
        Self::Stale,
        Self::Unknown,
        Self::Withheld,
        Self::Pending,
    ];

    /// Its name in `demo.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Flagged => "flagged",
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Withheld => "withheld",
            Self::Pending => "pending",
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct DemoWorker {
    /// Index of her agency in [`harbin`](super::harbin).
    pub agency: usize,
    pub name: String,
    /// Invented, with a valid check digit.
    pub id_number: IdNumber,
    pub phone: String,
    /// Some of the services that her agency offers.
    pub skills: ServiceSet,
    /// In each of her skills.
    pub experience: Vec<Experience>,
    pub kind: WorkerKind,
}

/// Shows no personal data, as the debug output of real people.
impl std::fmt::Debug for DemoWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DemoWorker")
    }
}

/// The first `count` workers of the city, always the same. Each agency's first worker is clear and has all the
/// skills that the agency offers.
pub fn workers(city: &[DemoAgency], count: usize) -> Vec<DemoWorker> {
    let mut draw = Draw::seeded(SEED ^ 0x776f_726b);
    // Apart, because it was drawn later.
    let mut experience_draw = Draw::seeded(SEED ^ 0x7461_6773);
    let catalogue = Catalogue::default();
    let mut taken = HashSet::new();
    let agencies = city.len().max(1);
    (0..count)
        .map(|index| {
            let name = person(&mut draw);
            let id_number = id_number(&mut draw, &mut taken);
            let skills = skills(&mut draw, city, index);
            DemoWorker {
                agency: index % agencies,
                name,
                id_number,
                // Valid as a mobile number, and visibly invented.
                phone: format!("198{:08}", index + 1),
                skills,
                experience: experience(&mut experience_draw, skills, &catalogue),
                kind: kind(index, agencies),
            }
        })
        .collect()
}

/// Up to 15 years and three tags of each skill.
fn experience(draw: &mut Draw, skills: ServiceSet, catalogue: &Catalogue) -> Vec<Experience> {
    let in_service = |service| {
        let tags = catalogue
            .tags(service)
            .filter(|terms| terms.tag.sex().is_none());
        let tags: Vec<_> = tags.map(|terms| &terms.tag).collect();
        Experience {
            service,
            years: draw.below(16) as u32,
            tags: (0..draw.below(4))
                .map(|_| draw.one_of(&tags).clone())
                .collect(),
        }
    };
    skills.iter().map(in_service).collect()
}

/// Each agency's first worker is clear; of the others, one in four is not.
fn kind(index: usize, agencies: usize) -> WorkerKind {
    if index < agencies {
        return WorkerKind::Clear;
    }
    match index % 24 {
        n @ 0..6 => WorkerKind::ALL[n + 1],
        _ => WorkerKind::Clear,
    }
}

fn skills(draw: &mut Draw, city: &[DemoAgency], index: usize) -> ServiceSet {
    let Some(agency) = city.get(index % city.len().max(1)) else {
        return ServiceSet::EMPTY;
    };
    let mut offered: Vec<_> = agency.services.iter().collect();
    draw.shuffle(&mut offered);
    let count = match index < city.len() {
        true => offered.len(),
        false => 1 + draw.below(offered.len()),
    };
    offered.into_iter().take(count).collect()
}

/// A number that is not in `taken`, of a person born between 1966 and 2003.
fn id_number(draw: &mut Draw, taken: &mut HashSet<String>) -> IdNumber {
    loop {
        let region = draw.one_of(&REGIONS);
        let year = 1966 + draw.below(38);
        let (month, day) = (1 + draw.below(12), 1 + draw.below(28));
        // Most are women: the last digit before the check digit is even.
        let serial = match draw.below(10) {
            0 => 2 * draw.below(500) + 1,
            _ => 2 * draw.below(500),
        };
        let body = format!("{region}{year}{month:02}{day:02}{serial:03}");
        if taken.insert(body.clone()) {
            #[expect(clippy::expect_used, reason = "a region, a day and a serial number")]
            return IdNumber::complete(&body).expect("17 digits of an ID number");
        }
    }
}

impl DemoWorker {
    /// Her rows in a full batch of the demo's source.
    pub fn rows(&self, as_of: Millis) -> Vec<FeedRow> {
        Section::ALL
            .iter()
            .filter_map(|section| self.row(*section, as_of))
            .collect()
    }

    /// Her rows in a daily batch: a court's answer is valid for 24 hours, a temperature for a shift.
    pub fn daily_rows(&self, as_of: Millis) -> Vec<FeedRow> {
        let daily = [
            Section::JudicialEnforcement,
            Section::Dishonesty,
            Section::BodyTemperature,
        ];
        daily
            .into_iter()
            .filter_map(|section| self.row(section, as_of))
            .filter(|row| row.as_of == as_of)
            .collect()
    }

    fn row(&self, section: Section, as_of: Millis) -> Option<FeedRow> {
        let days = |days: i64| Millis(as_of.0 + days * DAY_MS);
        let clear = FeedRow {
            id_number: self.id_number.as_str().to_owned(),
            section: section.as_str(),
            state: "clear",
            as_of,
            valid_from: None,
            valid_until: None,
            reference: None,
        };
        let is = |state| FeedRow {
            state,
            ..clear.clone()
        };
        Some(match (section, self.kind) {
            (Section::BackgroundCheck, WorkerKind::Unknown) => return None,
            (Section::BackgroundCheck, WorkerKind::Withheld) => is("withheld"),
            (Section::BackgroundCheck, WorkerKind::Pending) => is("pending"),
            (Section::Dishonesty, WorkerKind::Flagged) => is("flagged"),
            (Section::JudicialEnforcement, WorkerKind::Stale) => FeedRow {
                as_of: days(-3),
                ..clear
            },
            // Records of violations are sealed, so the police mostly withhold the answer.
            (Section::PublicSecurity, _) => is("withheld"),
            (Section::HealthCertificate, _) => FeedRow {
                as_of: days(-60),
                valid_until: Some(days(300)),
                ..clear
            },
            (Section::PersonalInsurance, WorkerKind::Expired) => FeedRow {
                as_of: days(-372),
                valid_until: Some(days(-7)),
                reference: Some(self.policy_number("PA")),
                ..clear
            },
            (Section::PersonalInsurance, _) => FeedRow {
                as_of: days(-30),
                valid_until: Some(days(335)),
                reference: Some(self.policy_number("PA")),
                ..clear
            },
            (Section::OccupationalInsurance, _) => FeedRow {
                as_of: days(-30),
                valid_until: Some(days(335)),
                reference: Some(self.policy_number("ZR")),
                ..clear
            },
            _ => clear,
        })
    }

    fn policy_number(&self, product: &str) -> String {
        format!("{product}2301{}", &self.phone[3..])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use domain::check::MobilePhone;
    use domain::credit::{CreditRules, Entry, Recorded, Sections, gate};

    use super::*;
    use crate::city::harbin;

    const NOW: Millis = Millis(1_780_000_000_000);

    fn sections(worker: &DemoWorker) -> Sections {
        worker
            .rows(NOW)
            .into_iter()
            .map(|row| {
                let entry = Entry {
                    source: "demo".parse().unwrap(),
                    recorded: Recorded::named(row.state).unwrap(),
                    as_of: row.as_of,
                    valid_from: row.valid_from,
                    valid_until: row.valid_until,
                };
                (Section::named(row.section).unwrap(), entry)
            })
            .collect()
    }

    #[test]
    fn the_full_city_begins_with_the_workers_of_the_small_one() {
        let city = harbin();
        let full = workers(&city, WORKERS_FULL);
        assert_eq!(full.len(), 20_000);
        assert!(full[..WORKERS] == workers(&city, WORKERS)[..]);
        // Fixed values, to notice when a dependency changes the city.
        assert_eq!(full[0].id_number.as_str(), "230110197204064149");
        assert_eq!(full[0].phone, "19800000001");
    }

    #[test]
    fn workers_are_unique_and_have_skills_that_their_agency_offers() {
        let city = harbin();
        let workers = workers(&city, WORKERS_FULL);
        let numbers: BTreeSet<_> = workers.iter().map(|w| w.id_number.as_str()).collect();
        assert_eq!(numbers.len(), workers.len());
        let phones: BTreeSet<_> = workers.iter().map(|w| &w.phone).collect();
        assert_eq!(phones.len(), workers.len());
        for worker in &workers {
            assert!(worker.phone.parse::<MobilePhone>().is_ok());
            assert!(!worker.skills.is_empty());
            let offered = city[worker.agency].services;
            assert!(worker.skills.iter().all(|skill| offered.contains(skill)));
        }
        for (agency, first) in city.iter().zip(&workers) {
            assert_eq!(first.skills, agency.services);
            assert_eq!(first.kind, WorkerKind::Clear);
        }
    }

    #[test]
    fn only_clear_workers_pass_the_gate() {
        let city = harbin();
        let mut kinds: BTreeMap<WorkerKind, usize> = BTreeMap::new();
        for worker in workers(&city, WORKERS) {
            *kinds.entry(worker.kind).or_default() += 1;
            let rules = CreditRules::default();
            let until = Millis(NOW.0 + 3 * 3_600_000);
            let skill = worker.skills.iter().next().unwrap();
            let refusals = gate(&sections(&worker), skill, (NOW, until), NOW, &rules);
            assert_eq!(
                refusals.is_empty(),
                worker.kind == WorkerKind::Clear,
                "{:?}",
                worker.kind
            );
            if worker.kind != WorkerKind::Clear {
                assert_eq!(refusals[0].state.as_str(), worker.kind.as_str());
            }
        }
        assert_eq!(kinds.len(), 7);
        assert!(kinds[&WorkerKind::Clear] > 1_500);
        assert!(kinds.values().all(|count| *count >= 60));
    }
}

//! What anyone is told about a badge.

use domain::agency::Agency;
use domain::credit::{CreditRules, PublicStanding, Section, SectionState, public_standing};
use domain::scan::ScanResult;
use domain::time::{Millis, optional_rfc3339};
use domain::worker::Worker;
use serde::Serialize;

/// One section of the worker's record: its state, without source or details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SectionLine {
    pub(crate) section: Section,
    pub(crate) state: SectionState,
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    pub(crate) as_of: Option<Millis>,
}

/// What is not told is `null` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub(crate) result: ScanResult,
    pub(crate) standing: Option<PublicStanding>,
    pub(crate) name: Option<String>,
    pub(crate) agency: Option<String>,
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    pub(crate) as_of: Option<Millis>,
    pub(crate) sections: Vec<SectionLine>,
}

impl Answer {
    /// The same to the byte for everything that fails, so it does not even have a time.
    pub(crate) fn not_genuine() -> Self {
        Self {
            result: ScanResult::NotGenuine,
            standing: None,
            name: None,
            agency: None,
            as_of: None,
            sections: Vec::new(),
        }
    }

    /// A badge whose last day is over. Nothing is looked up for it.
    pub(crate) fn expired(now: Millis) -> Self {
        Self {
            result: ScanResult::Expired,
            as_of: Some(now),
            ..Self::not_genuine()
        }
    }

    /// A revoked or suspended badge: whose it is, but not how her record stands, so that nobody takes a good record
    /// for a permission.
    pub(crate) fn of_no_use(
        result: ScanResult,
        worker: Option<&Worker>,
        agency: Option<&Agency>,
        now: Millis,
    ) -> Self {
        let name = worker.map(|worker| worker.masked_name.clone());
        Self {
            result,
            name: name.filter(|name| !name.is_empty()),
            agency: agency.map(|agency| agency.name.clone()),
            as_of: Some(now),
            ..Self::not_genuine()
        }
    }

    /// A valid badge: the standing in one word, and the state of each section at `now`. A section that is looked at
    /// only at the door is shown only if one of her skills requires it.
    pub(crate) fn genuine(
        worker: &Worker,
        agency: Option<&Agency>,
        rules: &CreditRules,
        now: Millis,
    ) -> Self {
        let standing = public_standing(&worker.sections, worker.skills, now, rules);
        let is_shown = |section: Section| {
            let rule = rules.rule(section);
            let is_required = worker
                .skills
                .iter()
                .any(|skill| rule.required_by.contains(skill));
            !rule.only_at_the_door || is_required
        };
        let views = worker.sections.views(worker.skills, now, rules).into_iter();
        let lines = views.filter(|view| is_shown(view.section));
        Self {
            standing: Some(standing),
            sections: lines
                .map(|view| SectionLine {
                    section: view.section,
                    state: view.state,
                    as_of: view.as_of,
                })
                .collect(),
            ..Self::of_no_use(ScanResult::Genuine, Some(worker), agency, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::agency::Standing;
    use domain::credit::{Entry, Recorded, Sections};
    use domain::id::{AgencyId, WorkerId};
    use domain::service::{Service, ServiceSet};
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis(1_800_014_400_000);

    fn worker(skills: &[Service]) -> Worker {
        let entry = |recorded| Entry {
            source: "demo".parse().unwrap(),
            recorded,
            as_of: Millis(NOW.0 - 3_600_000),
            valid_from: None,
            valid_until: Some(Millis(NOW.0 + 86_400_000)),
        };
        let sections = Section::ALL
            .iter()
            .map(|section| (*section, entry(Recorded::Clear)));
        Worker {
            id: WorkerId::from_bytes(&[2; 16]),
            version: 1,
            agency: AgencyId::from_bytes(&[3; 16]),
            standing: Standing::Approved,
            skills: skills.iter().copied().collect::<ServiceSet>(),
            experience: Vec::new(),
            sex: None,
            masked_name: "张*".to_owned(),
            registered_at: Millis(0),
            waits_since: None,
            photo: None,
            sections: sections.collect::<Sections>(),
            is_erased: false,
            review_version: 1,
            last_decision: None,
        }
    }

    fn json_of(answer: &Answer) -> serde_json::Value {
        serde_json::to_value(answer).unwrap()
    }

    #[test]
    fn what_is_not_genuine_says_nothing_else() {
        assert_eq!(
            json_of(&Answer::not_genuine()),
            json!({"result": "not_genuine", "standing": null, "name": null, "agency": null, "as_of": null, "sections": []})
        );
        assert_eq!(
            json_of(&Answer::expired(NOW)),
            json!({"result": "expired", "standing": null, "name": null, "agency": null, "as_of": "2027-01-15T12:00:00.000Z", "sections": []})
        );
    }

    #[test]
    fn a_good_badge_shows_states_without_sources() {
        let answer = Answer::genuine(
            &worker(&[Service::Cleaning]),
            None,
            &CreditRules::default(),
            NOW,
        );
        let json = json_of(&answer);
        assert_eq!(json["result"], "genuine");
        assert_eq!(json["standing"], "clear");
        assert_eq!(json["name"], "张*");
        assert_eq!(json["sections"].as_array().unwrap().len(), 8);
        assert_eq!(
            json["sections"][0],
            json!({"section": "identity", "state": "clear", "as_of": "2027-01-15T11:00:00.000Z"})
        );
    }

    #[test]
    fn body_temperature_is_shown_only_where_it_is_required() {
        let shows = |skill| {
            let answer = Answer::genuine(&worker(&[skill]), None, &CreditRules::default(), NOW);
            let mut sections = answer.sections.iter();
            sections.any(|line| line.section == Section::BodyTemperature)
        };
        assert!(!shows(Service::Cleaning));
        assert!(!shows(Service::Cooking));
        assert!(shows(Service::ElderCare));
        assert!(shows(Service::MaternityCare));
    }

    #[test]
    fn what_is_of_no_use_shows_no_standing() {
        let mut erased = worker(&[Service::Cleaning]);
        erased.masked_name.clear();
        let json = json_of(&Answer::of_no_use(
            ScanResult::Revoked,
            Some(&erased),
            None,
            NOW,
        ));
        assert_eq!(json["name"], json!(null));
        assert_eq!(json["standing"], json!(null));
        assert_eq!(json["sections"], json!([]));
    }
}

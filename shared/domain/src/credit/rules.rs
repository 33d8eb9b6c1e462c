//! The rules of credit records: how long each section holds, and which services require it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::service::{Service, ServiceSet};
use crate::time::Millis;

use super::{Entry, Recorded, Section, SectionState};

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 24 * HOUR_S;

/// How long each section holds and which services require it. A section that is not listed has its usual rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreditRules {
    rules: BTreeMap<Section, SectionRule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionRule {
    /// When a `clear` ends.
    pub lapse: Lapse,
    /// The services that require it.
    pub required_by: ServiceSet,
    /// Sources confirm it again and again, so that what counts is what it says now; it goes stale instead of expiring.
    #[serde(default)]
    pub refreshed: bool,
    /// Looked at in the badge check only.
    #[serde(default)]
    pub only_at_the_door: bool,
}

/// When a `clear` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// This many seconds after its as-of time, or when the source says, if that is earlier.
    AfterSeconds(u64),
    /// When the source says, which it must, and at most this many seconds after its as-of time.
    AsPrintedAtMostSeconds(u64),
    /// When the source says, which it must.
    AsPrinted,
}

impl SectionRule {
    pub fn needs_end(&self) -> bool {
        !matches!(self.lapse, Lapse::AfterSeconds(_))
    }

    /// The first moment at which a `clear` entry does not hold any more. `None` for other states, and where a
    /// required end is missing.
    pub fn valid_until(&self, entry: &Entry) -> Option<Millis> {
        if entry.recorded != Recorded::Clear {
            return None;
        }
        let at_most = |seconds| entry.as_of + Duration::from_secs(seconds);
        match (self.lapse, entry.valid_until) {
            (Lapse::AfterSeconds(s), printed) => {
                Some(printed.map_or(at_most(s), |printed| printed.min(at_most(s))))
            }
            (Lapse::AsPrintedAtMostSeconds(s), Some(printed)) => Some(printed.min(at_most(s))),
            (Lapse::AsPrinted, printed) => printed,
            (Lapse::AsPrintedAtMostSeconds(_), None) => None,
        }
    }

    /// What an entry says at `at`.
    pub fn state(&self, entry: &Entry, at: Millis) -> SectionState {
        let has_begun = at >= entry.begins();
        match entry.recorded {
            Recorded::Unknown => SectionState::Unknown,
            Recorded::Clear => match self.valid_until(entry) {
                None => SectionState::Unknown,
                Some(until) if at >= until && self.refreshed => SectionState::Stale,
                Some(until) if at >= until => SectionState::Expired,
                Some(_) if !has_begun => SectionState::Pending,
                Some(_) => SectionState::Clear,
            },
            _ if !has_begun => SectionState::Pending,
            Recorded::Flagged => SectionState::Flagged,
            Recorded::Pending => SectionState::Pending,
            Recorded::Withheld => SectionState::Withheld,
        }
    }
}

impl CreditRules {
    /// The configured rule of a section, or else the usual one.
    pub fn rule(&self, section: Section) -> SectionRule {
        let own = self.rules.get(&section).cloned();
        own.unwrap_or_else(|| usual(section))
    }

    /// These rules, with another one for `section`.
    #[must_use]
    pub fn with(mut self, section: Section, rule: SectionRule) -> Self {
        self.rules.insert(section, rule);
        self
    }
}

impl Default for CreditRules {
    fn default() -> Self {
        Self {
            rules: Section::ALL
                .iter()
                .map(|section| (*section, usual(*section)))
                .collect(),
        }
    }
}

fn usual(section: Section) -> SectionRule {
    use Service::{
        ApplianceCleaning, Childcare, Cooking, DeepCleaning, ElderCare, LiveIn, MaternityCare,
    };
    let all = ServiceSet::all();
    let (lapse, required_by) = match section {
        Section::Identity => (Lapse::AfterSeconds(730 * DAY_S), all),
        Section::BackgroundCheck => (Lapse::AfterSeconds(90 * DAY_S), all),
        Section::JudicialEnforcement | Section::Dishonesty => (Lapse::AfterSeconds(DAY_S), all),
        Section::PublicSecurity => (Lapse::AfterSeconds(90 * DAY_S), ServiceSet::EMPTY),
        Section::HealthCertificate => (
            Lapse::AsPrintedAtMostSeconds(365 * DAY_S),
            [Cooking, Childcare, MaternityCare, ElderCare, LiveIn]
                .into_iter()
                .collect(),
        ),
        Section::BodyTemperature => (
            Lapse::AfterSeconds(DAY_S),
            [MaternityCare, ElderCare].into_iter().collect(),
        ),
        Section::PersonalInsurance => (Lapse::AsPrinted, all),
        Section::OccupationalInsurance => (
            Lapse::AsPrinted,
            [DeepCleaning, ApplianceCleaning, MaternityCare, LiveIn]
                .into_iter()
                .collect(),
        ),
    };
    SectionRule {
        lapse,
        required_by,
        refreshed: matches!(section, Section::JudicialEnforcement | Section::Dishonesty),
        only_at_the_door: section == Section::BodyTemperature,
    }
}

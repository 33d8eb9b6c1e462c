//! Credit records (诚信信息): what is known about a worker, in sections, each with its source and date.
//!
//! - [`Sections`]: what the sources said, and what that comes to at a given time ([`Sections::view`]).
//! - [`CreditRules`]: how long each section holds, and which services require it; set for each market.
//! - [`gate`]: what keeps a worker from being staffed for a visit.
//! - [`at_the_door`]: what keeps a visit from starting.
//! - [`public_standing`]: the one word of the badge page.
//!
//! A section is never green because nothing is known: only `clear` within its validity counts, worked out when asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::SourceId;
use crate::service::{Service, ServiceSet};
use crate::time::{Millis, optional_rfc3339};

mod rules;

pub use rules::{CreditRules, Lapse, SectionRule};

macro_rules! named {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $type {
            $($(#[$doc])* $name,)+
        }

        impl $type {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Used in requests, feeds and answers.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }
    };
}

named! {
    /// A section of a credit record.
    Section {
        /// Whether she is who she says (身份核验).
        Identity = "identity",
        /// What the agency's or the bureau's check of her background found (背景审查).
        BackgroundCheck = "background_check",
        /// Whether a court is enforcing a judgment against her (被执行人).
        JudicialEnforcement = "judicial_enforcement",
        /// Whether a court lists her as dishonest (失信被执行人).
        Dishonesty = "dishonesty",
        /// The conclusion that the police may give; violation records are sealed (公安).
        PublicSecurity = "public_security",
        /// Her health certificate (健康证).
        HealthCertificate = "health_certificate",
        /// Measured at the beginning of a shift (体温).
        BodyTemperature = "body_temperature",
        /// Insurance for her own accidents (人身意外保险).
        PersonalInsurance = "personal_insurance",
        /// Insurance for damage that she causes (职业责任保险).
        OccupationalInsurance = "occupational_insurance",
    }
}

named! {
    /// What a section says at a given time.
    SectionState {
        /// Nothing is against her, and that still holds.
        Clear = "clear",
        /// Something is against her, however old that is.
        Flagged = "flagged",
        /// Asked for, or being looked into.
        Pending = "pending",
        /// No source said anything.
        Unknown = "unknown",
        /// It was clear, and was not confirmed in time.
        Stale = "stale",
        /// It was clear, and has run out.
        Expired = "expired",
        /// The source is not allowed to say.
        Withheld = "withheld",
        /// None of her skills requires it, and no source said anything.
        NotRequired = "not_required",
    }
}

named! {
    /// What a source can say. The other states follow from time and rules.
    Recorded {
        /// Nothing is against her.
        Clear = "clear",
        /// Something is against her.
        Flagged = "flagged",
        /// Being looked into.
        Pending = "pending",
        /// The source takes back what it said.
        Unknown = "unknown",
        /// The source is not allowed to say.
        Withheld = "withheld",
    }
}

impl SectionState {
    /// Of several states the highest counts.
    pub fn gravity(self) -> u8 {
        match self {
            Self::Withheld => 6,
            Self::Flagged => 5,
            Self::Stale | Self::Expired => 4,
            Self::Pending => 3,
            Self::Unknown => 2,
            Self::NotRequired => 1,
            Self::Clear => 0,
        }
    }
}

/// What one source says about one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub source: SourceId,
    pub recorded: Recorded,
    /// The time that the statement is true for.
    pub as_of: Millis,
    /// When it begins to hold, if not at `as_of`.
    pub valid_from: Option<Millis>,
    /// The first moment at which it does not hold any more, as printed or confirmed.
    pub valid_until: Option<Millis>,
}

/// A section at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionView {
    pub section: Section,
    pub state: SectionState,
    /// `None` if no source said anything.
    pub source: Option<SourceId>,
    /// When that was so.
    #[serde(with = "optional_rfc3339")]
    pub as_of: Option<Millis>,
    /// The first moment at which it is not clear any more.
    #[serde(with = "optional_rfc3339")]
    pub valid_until: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is newer than what its source said before, and now stands.
    Newer,
    /// Its source has said something as new or newer; nothing changed.
    NotNewer,
}

/// The newest statement of each source on each section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections(BTreeMap<Section, BTreeMap<SourceId, Entry>>);

impl Sections {
    /// Records what a source says, if it is newer than what that source said before.
    pub fn record(&mut self, section: Section, entry: Entry) -> Recording {
        let said = self.0.entry(section).or_default();
        if said
            .get(&entry.source)
            .is_some_and(|before| before.as_of >= entry.as_of)
        {
            return Recording::NotNewer;
        }
        said.insert(entry.source.clone(), entry);
        Recording::Newer
    }

    pub fn entries(&self) -> impl Iterator<Item = (Section, &Entry)> {
        let sections = self.0.iter();
        sections.flat_map(|(section, said)| said.values().map(|entry| (*section, entry)))
    }

    /// What a section says at `at`. Of several sources the gravest counts; among equals, the one that ends first.
    pub fn view(&self, section: Section, at: Millis, rules: &CreditRules) -> SectionView {
        let rule = rules.rule(section);
        let said = self.0.get(&section).into_iter().flat_map(BTreeMap::values);
        let views = said.map(|entry| SectionView {
            section,
            state: rule.state(entry, at),
            source: Some(entry.source.clone()),
            as_of: Some(entry.as_of),
            valid_until: rule.valid_until(entry),
        });
        let gravest = views.reduce(|a, b| {
            let ends = |view: &SectionView| view.valid_until.map_or(i64::MAX, |until| until.0);
            let rank = |view: &SectionView| (view.state.gravity(), -ends(view));
            if rank(&b) > rank(&a) { b } else { a }
        });
        gravest.unwrap_or(SectionView {
            section,
            state: SectionState::Unknown,
            source: None,
            as_of: None,
            valid_until: None,
        })
    }

    /// All nine sections at `now`, for a worker with these skills.
    pub fn views(&self, skills: ServiceSet, now: Millis, rules: &CreditRules) -> Vec<SectionView> {
        let all = Section::ALL.iter();
        all.map(|section| {
            let mut view = self.view(*section, now, rules);
            let is_required = skills
                .iter()
                .any(|skill| rules.rule(*section).required_by.contains(skill));
            if view.source.is_none() && !is_required {
                view.state = SectionState::NotRequired;
            }
            view
        })
        .collect()
    }
}

impl FromIterator<(Section, Entry)> for Sections {
    fn from_iter<I: IntoIterator<Item = (Section, Entry)>>(entries: I) -> Self {
        let mut sections = Self::default();
        for (section, entry) in entries {
            sections.record(section, entry);
        }
        sections
    }
}

/// A section that keeps a worker from a visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionRefusal {
    pub section: Section,
    /// Anything but `clear`, at the moment that counts.
    pub state: SectionState,
    /// The first moment at which it is not clear any more.
    #[serde(with = "optional_rfc3339")]
    pub valid_until: Option<Millis>,
}

impl From<SectionView> for SectionRefusal {
    fn from(view: SectionView) -> Self {
        Self {
            section: view.section,
            state: view.state,
            valid_until: view.valid_until,
        }
    }
}

/// The trust gate: the sections that keep a worker from being staffed for a visit `from`..`to`, asked at `now`.
/// Durable sections must be clear from the visit's beginning to its end. Refreshed ones, which nobody can know ahead,
/// must be clear now. Sections that are looked at only at the door are left out.
pub fn gate(
    sections: &Sections,
    service: Service,
    (from, to): (Millis, Millis),
    now: Millis,
    rules: &CreditRules,
) -> Vec<SectionRefusal> {
    let required = Section::ALL.iter().filter_map(|section| {
        let rule = rules.rule(*section);
        (rule.required_by.contains(service) && !rule.only_at_the_door).then_some((*section, rule))
    });
    let refused = required.filter_map(|(section, rule)| {
        let moments = if rule.refreshed {
            [now, now]
        } else {
            // `to` itself does not belong to the visit.
            [from.max(now), Millis(to.0.saturating_sub(1)).max(now)]
        };
        let views = moments.map(|at| sections.view(section, at, rules));
        views
            .into_iter()
            .filter(|view| view.state != SectionState::Clear)
            .max_by_key(|view| view.state.gravity())
    });
    refused.map(SectionRefusal::from).collect()
}

/// The sections that keep a visit from starting now: all that its service requires, temperature included.
pub fn at_the_door(
    sections: &Sections,
    service: Service,
    now: Millis,
    rules: &CreditRules,
) -> Vec<SectionRefusal> {
    let required = Section::ALL
        .iter()
        .filter(|section| rules.rule(**section).required_by.contains(service));
    let views = required.map(|section| sections.view(*section, now, rules));
    views
        .filter(|view| view.state != SectionState::Clear)
        .map(SectionRefusal::from)
        .collect()
}

/// A worker's credit record in one word, for anyone who scans her badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicStanding {
    /// Everything that her skills require is clear.
    Clear,
    /// Something that they require is flagged or has expired.
    Attention,
    /// Something that they require is not known to be clear.
    Unverified,
}

/// The standing over all sections that any of the worker's skills requires. Sections that are looked at only at the
/// door, such as the temperature, count too: whoever scans a badge stands at one. A worker without skills has shown
/// nothing, and is unverified.
pub fn public_standing(
    sections: &Sections,
    skills: ServiceSet,
    now: Millis,
    rules: &CreditRules,
) -> PublicStanding {
    let required = Section::ALL.iter().filter(|section| {
        let rule = rules.rule(**section);
        skills.iter().any(|skill| rule.required_by.contains(skill))
    });
    let states: Vec<SectionState> = required
        .map(|section| sections.view(*section, now, rules).state)
        .collect();
    let against =
        |state: &SectionState| matches!(state, SectionState::Flagged | SectionState::Expired);
    if states.iter().any(against) {
        PublicStanding::Attention
    } else if !states.is_empty() && states.iter().all(|state| *state == SectionState::Clear) {
        PublicStanding::Clear
    } else {
        PublicStanding::Unverified
    }
}

#[cfg(test)]
mod tests;

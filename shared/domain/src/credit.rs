//! Credit records (诚信信息): what is known about a worker, in sections, each with its source and date.
//!
//! - [`Sections`]: what the sources said, and what that comes to at a given time ([`Sections::view`]).
//! - [`References`]: what the sources call it, such as a policy's number.
//! - [`CreditRules`]: how long each section holds, and which services require it; set for each market.
//! - [`gate`]: what keeps a worker from being staffed for a visit.
//! - [`at_the_door`]: what keeps a visit from starting.
//! - [`public_standing`]: the one word of the badge page.
//!
//! A section is never green because nothing is known: only `clear` within its validity counts, worked out when asked.

use std::cmp::Reverse;
use std::iter;

use serde::{Deserialize, Serialize};

use crate::id::SourceId;
use crate::service::{Service, ServiceSet};
use crate::time::{Millis, optional_rfc3339};

mod references;
mod rules;
mod sections;

pub use references::References;
pub use rules::{CreditRules, Lapse, SectionRule};
pub use sections::{MOST_ENTRIES, Recording, Sections};

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
    /// Of a section's states during a visit the highest counts.
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
    /// When it begins to hold; see [`begins`].
    pub valid_from: Option<Millis>,
    /// The first moment at which it does not hold any more, as printed or confirmed.
    pub valid_until: Option<Millis>,
}

impl Entry {
    pub fn begins(&self) -> Millis {
        begins(self.recorded, self.as_of, self.valid_from)
    }
}

/// When a statement begins to hold: when its source says so; else `clear` from its as-of time on, and anything else at
/// once, so that no `clear` outlasts it for the seconds by which the source's clock is ahead.
pub fn begins(recorded: Recorded, as_of: Millis, valid_from: Option<Millis>) -> Millis {
    let usual = match recorded {
        Recorded::Clear => as_of,
        _ => Millis(i64::MIN),
    };
    valid_from.unwrap_or(usual)
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
    /// The first moment at which it is not clear any more, whichever source keeps it clear until then.
    #[serde(with = "optional_rfc3339")]
    pub valid_until: Option<Millis>,
    /// Which of the source's entries counts: the one that begins then.
    #[serde(skip)]
    pub begins: Option<Millis>,
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
/// Durable sections must be clear from the visit's beginning to its end, be it by several entries one after another.
/// Refreshed ones, which nobody can know ahead, must be clear now. Sections that are looked at only at the door are
/// left out.
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
        // `to` itself does not belong to the visit.
        let (from, to) = if rule.refreshed {
            (now, now)
        } else {
            (from.max(now), to)
        };
        let changes = sections.changes(section, from, rules).into_iter();
        let moments = iter::once(from).chain(changes.filter(|at| *at < to));
        let views = moments.map(|at| sections.view(section, at, rules));
        views
            .filter(|view| view.state != SectionState::Clear)
            .min_by_key(|view| Reverse(view.state.gravity()))
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

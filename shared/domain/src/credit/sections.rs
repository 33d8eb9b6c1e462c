//! What sources said of a worker's sections, and what that comes to at a given time.

use std::collections::BTreeMap;

use super::{CreditRules, Entry, Section, SectionRule, SectionState, SectionView};
use crate::id::SourceId;
use crate::service::ServiceSet;
use crate::time::Millis;

/// The most entries that a source can have of one section: the one that counts now, and those that begin later.
pub const MOST_ENTRIES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It stands now, and counts at some moment.
    New,
    /// It stood already, word for word.
    Known,
    /// Its source has said something newer of every moment that it speaks of.
    NotNewer,
    /// [`MOST_ENTRIES`] of its source would still count beside it.
    TooMany,
}

/// What each source says of each section.
///
/// A source's entries are kept in the order in which they begin, which is the order of their as-of times too; of two
/// with the same as-of time the one recorded later comes later. At any moment the last one that has begun counts.
/// Whatever another one has taken the place of, from its beginning on, is left away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections(BTreeMap<Section, BTreeMap<SourceId, Vec<Entry>>>);

impl Sections {
    /// Records what a source says, and leaves away what cannot count from `now` on.
    pub fn record(&mut self, section: Section, entry: Entry, now: Millis) -> Recording {
        let by_source = self.0.entry(section).or_default();
        let said = by_source.entry(entry.source.clone()).or_default();
        leave_away(said, now);
        if said.contains(&entry) {
            return Recording::Known;
        }
        let begins = entry.begins();
        let place = said.partition_point(|other| other.as_of <= entry.as_of);
        if let Some(newer) = said.get(place)
            && newer.begins() <= begins.max(now)
        {
            return Recording::NotNewer;
        }
        let kept = said[..place].partition_point(|older| older.begins() < begins);
        let mut after = said.clone();
        after.splice(kept..place, [entry]);
        leave_away(&mut after, now);
        if after.len() > MOST_ENTRIES {
            return Recording::TooMany;
        }
        *said = after;
        Recording::New
    }

    /// What a source says of a section, in the order in which it begins.
    pub fn of(&self, section: Section, source: &SourceId) -> &[Entry] {
        let said = self.0.get(&section).and_then(|said| said.get(source));
        said.map_or(&[], Vec::as_slice)
    }

    /// Those of a source and section in the order in which they begin.
    pub fn entries(&self) -> impl Iterator<Item = (Section, &Entry)> {
        let sections = self.0.iter();
        sections.flat_map(|(section, said)| said.values().flatten().map(|entry| (*section, entry)))
    }

    /// What a section says at `at`.
    pub fn view(&self, section: Section, at: Millis, rules: &CreditRules) -> SectionView {
        let rule = rules.rule(section);
        let Some((state, entry)) = self.counting(section, at, &rule) else {
            return SectionView {
                section,
                state: SectionState::Unknown,
                source: None,
                as_of: None,
                valid_until: None,
                begins: None,
            };
        };
        let valid_until = if state == SectionState::Clear {
            let is_clear = |at: &Millis| {
                let counting = self.counting(section, *at, &rule);
                counting.is_some_and(|(state, _)| state == SectionState::Clear)
            };
            let mut changes = self.changes(section, at, rules).into_iter();
            changes.find(|at| !is_clear(at))
        } else {
            rule.valid_until(entry)
        };
        SectionView {
            section,
            state,
            source: Some(entry.source.clone()),
            as_of: Some(entry.as_of),
            valid_until,
            begins: Some(entry.begins()),
        }
    }

    /// The entry that a section's state at `at` comes from. Flagged by any source counts before withheld by any, and
    /// that before clear by any; else the gravest counts. Among equals the one that ends last counts, or was said last.
    fn counting(
        &self,
        section: Section,
        at: Millis,
        rule: &SectionRule,
    ) -> Option<(SectionState, &Entry)> {
        let sources = self.0.get(&section).into_iter().flat_map(BTreeMap::values);
        let counting = sources.filter_map(|said| {
            let begun = said.partition_point(|entry| entry.begins() <= at);
            let entry = said.get(begun.saturating_sub(1))?;
            Some((rule.state(entry, at), entry))
        });
        counting.max_by_key(|(state, entry)| {
            let before_clear = match state {
                SectionState::Flagged => 3,
                SectionState::Withheld => 2,
                SectionState::Clear => 1,
                _ => 0,
            };
            let ends = rule.valid_until(entry);
            (before_clear, state.gravity(), ends, entry.as_of)
        })
    }

    /// The moments after `after` at which a section's state can change, in their order.
    pub(super) fn changes(
        &self,
        section: Section,
        after: Millis,
        rules: &CreditRules,
    ) -> Vec<Millis> {
        let rule = rules.rule(section);
        let said = self.0.get(&section).into_iter();
        let said = said.flat_map(BTreeMap::values).flatten();
        let changes = said.flat_map(|entry| [Some(entry.begins()), rule.valid_until(entry)]);
        let mut changes: Vec<Millis> = changes.flatten().filter(|at| *at > after).collect();
        changes.sort_unstable();
        changes
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

/// Leaves away what others have taken the place of by `now`.
fn leave_away(said: &mut Vec<Entry>, now: Millis) {
    let begun = said.partition_point(|entry| entry.begins() <= now);
    said.drain(..begun.saturating_sub(1));
}

impl FromIterator<(Section, Entry)> for Sections {
    fn from_iter<I: IntoIterator<Item = (Section, Entry)>>(entries: I) -> Self {
        let mut sections = Self::default();
        for (section, entry) in entries {
            sections.record(section, entry, Millis(i64::MIN));
        }
        sections
    }
}

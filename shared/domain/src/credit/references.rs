//! What sources call what they said, such as the numbers of certificates and policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entry, Section, SectionView, Sections};
use crate::id::SourceId;
use crate::time::Millis;

/// The sources' own references. Personal.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct References(BTreeMap<Section, BTreeMap<SourceId, OfSource>>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum OfSource {
    /// As it was stored when a source had one entry of a section.
    One(String),
    /// When the entry begins that has the reference.
    ByBeginning(Vec<(Millis, String)>),
}

impl References {
    /// The reference of the entry that counts.
    pub fn get(&self, view: &SectionView) -> Option<&str> {
        match self.0.get(&view.section)?.get(view.source.as_ref()?)? {
            OfSource::One(text) => Some(text),
            OfSource::ByBeginning(all) => {
                let own = all.iter().find(|(begins, _)| Some(*begins) == view.begins);
                own.map(|(_, text)| text.as_str())
            }
        }
    }

    /// Notes the reference of an entry that stands in `sections`, and forgets those of its source's entries that are
    /// there no more. Whether the entry had another one, or none.
    pub fn note(
        &mut self,
        sections: &Sections,
        section: Section,
        entry: &Entry,
        reference: Option<&str>,
    ) -> bool {
        let of_section = self.0.entry(section).or_default();
        let kept = sections.of(section, &entry.source).iter();
        let kept = kept.map(Entry::begins);
        let mut all: Vec<(Millis, String)> = match of_section.remove(&entry.source) {
            None => Vec::new(),
            Some(OfSource::One(text)) => kept.map(|begins| (begins, text.clone())).collect(),
            Some(OfSource::ByBeginning(mut all)) => {
                let kept: Vec<Millis> = kept.collect();
                all.retain(|(begins, _)| kept.contains(begins));
                all
            }
        };
        let own = all.iter().position(|(begins, _)| *begins == entry.begins());
        let before = own.map(|own| all.swap_remove(own).1);
        all.extend(reference.map(|text| (entry.begins(), text.to_owned())));
        all.sort_unstable();
        if !all.is_empty() {
            of_section.insert(entry.source.clone(), OfSource::ByBeginning(all));
        }
        self.0.retain(|_, by_source| !by_source.is_empty());
        before.as_deref() != reference
    }
}

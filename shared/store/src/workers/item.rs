//! Items of workers.

use std::collections::{BTreeMap, BTreeSet};

use domain::agency::Standing;
use domain::catalogue::Tag;
use domain::check::Sex;
use domain::credit::{Entry, Recorded, Section, Sections};
use domain::id::{AgencyId, SourceId, WorkerId};
use domain::service::{Service, ServiceSet};
use domain::time::Millis;
use domain::worker::{Experience, LastDecision, Photo, Proposal, Worker, masked_name};
use serde::{Deserialize, Serialize};

use super::key::parse_worker;
use super::{Waits, Workers};
use crate::Error;
use crate::table::{Item, Key, read};

#[derive(Serialize, Deserialize)]
struct WorkerItem {
    v: u64,
    #[serde(default = "first_version")]
    rv: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ld: Option<LastDecision>,
    st: Standing,
    /// None of whoever has left her employer, so that she is in no agency's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ag: Option<AgencyId>,
    skl: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exp: Vec<StoredExperience>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sx: Option<Sex>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mn: String,
    // An index that leaves these out is read into the same item.
    #[serde(default)]
    rg: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ph: Option<Photo>,
    #[serde(default)]
    se: BTreeMap<Section, Vec<StoredEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    er: Option<bool>,
}

/// Of items from before there were versions, and of an index that leaves it out.
fn first_version() -> u64 {
    1
}

#[derive(Serialize, Deserialize)]
struct StoredExperience {
    s: Service,
    y: u32,
    t: BTreeSet<Tag>,
}

impl From<&Experience> for StoredExperience {
    fn from(experience: &Experience) -> Self {
        Self {
            s: experience.service,
            y: experience.years,
            t: experience.tags.clone(),
        }
    }
}

impl From<StoredExperience> for Experience {
    fn from(stored: StoredExperience) -> Self {
        Self {
            service: stored.s,
            years: stored.y,
            tags: stored.t,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    o: SourceId,
    s: Recorded,
    a: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<Millis>,
}

pub(super) fn write_worker(worker: &Worker) -> Item<Workers> {
    let mut se: BTreeMap<Section, Vec<StoredEntry>> = BTreeMap::new();
    for (section, entry) in worker.sections.entries() {
        se.entry(section).or_default().push(StoredEntry {
            o: entry.source.clone(),
            s: entry.recorded,
            a: entry.as_of,
            f: entry.valid_from,
            u: entry.valid_until,
        });
    }
    Key::worker(&worker.id).item(WorkerItem {
        v: worker.version,
        rv: worker.review_version,
        ld: worker.last_decision.clone(),
        st: worker.standing,
        ag: worker.employer().cloned(),
        skl: worker.skills.bits(),
        exp: worker
            .experience
            .iter()
            .map(StoredExperience::from)
            .collect(),
        sx: worker.sex,
        mn: worker.masked_name.clone(),
        rg: worker.registered_at,
        wait: worker
            .waits_since
            .map(|_| Waits::Decision.as_str().to_owned()),
        since: worker.waits_since,
        ph: worker.photo.clone(),
        se,
        er: worker.is_erased.then_some(true),
    })
}

/// How an agency that has proposed to employ a worker sees her, in lists and where it names her: as it would see somebody
/// new, whom nobody knows.
pub(super) fn write_proposed(worker: &WorkerId, proposal: &Proposal) -> Item<Workers> {
    let changes = &proposal.changes;
    Key::proposed(worker, &proposal.agency).item(WorkerItem {
        v: proposal.revision,
        rv: 1,
        ld: None,
        st: proposal.standing,
        ag: Some(proposal.agency.clone()),
        skl: changes.skills.unwrap_or_default().bits(),
        exp: changes
            .experience
            .iter()
            .flatten()
            .map(StoredExperience::from)
            .collect(),
        sx: None,
        mn: changes.name.as_deref().map(masked_name).unwrap_or_default(),
        rg: proposal.at,
        wait: None,
        since: None,
        ph: None,
        se: BTreeMap::new(),
        er: None,
    })
}

/// A worker's item as the table, a stream or the index by agency has it. The index has no photo.
pub(super) fn read_worker(item: impl Into<serde_dynamo::Item>) -> Result<Worker, Error> {
    let (key, item): (_, WorkerItem) = read(item)?;
    let id = parse_worker(&key).ok_or(Error::wrong("its key is not a worker's"))?;
    let entries = item.se.into_iter().flat_map(|(section, said)| {
        said.into_iter().map(move |stored| {
            let entry = Entry {
                source: stored.o,
                recorded: stored.s,
                as_of: stored.a,
                valid_from: stored.f,
                valid_until: stored.u,
            };
            (section, entry)
        })
    });
    let sections: Sections = entries.collect();
    Ok(Worker {
        id,
        version: item.v,
        review_version: item.rv,
        last_decision: item.ld,
        agency: item.ag.unwrap_or_else(Worker::no_agency),
        standing: item.st,
        skills: ServiceSet::from_bits(item.skl),
        experience: item.exp.into_iter().map(Experience::from).collect(),
        sex: item.sx,
        masked_name: item.mn,
        registered_at: item.rg,
        waits_since: item.since,
        photo: item.ph,
        sections,
        is_erased: item.er.unwrap_or_default(),
    })
}

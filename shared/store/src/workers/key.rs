//! Where what is in the table `workers`.

use domain::feed::BatchId;
use domain::id::{AgencyId, EventId, SourceId, WorkerId};
use domain::time::Millis;

use super::Workers;
use crate::table::{Index, ItemKey, Key, Partition};

/// Sort key of a worker's own item.
const WORKER: &str = "worker";
/// What sort keys of agencies' proposals to employ a worker begin with.
const PROPOSED: &str = "proposed#";
/// What sort keys of looks at a worker's record begin with.
const VIEW: &str = "view#";
/// What sort keys of a worker's objections begin with.
const OBJECTION: &str = "objection#";

/// Sort key of a worker's wish to have her data erased.
const ERASURE: &str = "erasure";

pub(super) static BY_AGENCY: Index<Workers> = Index::new("by-agency", "ag", "rg", |key| {
    is_worker(key) || key.sk.starts_with(PROPOSED)
});
/// The workers of whom something waits for the authority.
pub(super) static WORKERS_BY_REVIEW: Index<Workers> =
    Index::new("by-review", "wait", "since", |key| {
        is_worker(key) || parse_erasure(key).is_some()
    });
/// The objections that wait for it.
pub(super) static OBJECTIONS_BY_REVIEW: Index<Workers> =
    Index::new("by-review", "wait", "since", |key| {
        parse_objection(key).is_some()
    });

impl Key<Workers> {
    pub(super) fn worker(worker: &WorkerId) -> Self {
        Self::new(format!("W#{}", worker.bare()), WORKER)
    }

    /// How an agency that has proposed to employ a worker sees her.
    pub(super) fn proposed(worker: &WorkerId, agency: &AgencyId) -> Self {
        Self::new(
            format!("W#{}", worker.bare()),
            format!("{PROPOSED}{}", agency.bare()),
        )
    }

    /// A worker's sealed personal data, apart from what others may read of her.
    pub(super) fn profile(worker: &WorkerId) -> Self {
        Self::new(format!("N#{}", worker.bare()), "profile")
    }

    /// That a worker took her consent back.
    pub(super) fn withdrawn(worker: &WorkerId) -> Self {
        Self::new(format!("N#{}", worker.bare()), "withdrawn")
    }

    /// That a worker wants her data erased.
    pub(super) fn erasure(worker: &WorkerId) -> Self {
        Self::new(format!("N#{}", worker.bare()), ERASURE)
    }

    /// A registration of a worker, by the agency and the hash of its idempotency key.
    pub(super) fn request(agency: &AgencyId, key_hash: &str) -> Self {
        Self::new(format!("R#{}#{key_hash}", agency.bare()), "request")
    }

    /// Whose a phone is, by its keyed hash.
    pub(super) fn phone(hash: &str) -> Self {
        Self::new(format!("P#{hash}"), "phone")
    }

    /// The visits that a worker is named for.
    pub(super) fn calendar(worker: &WorkerId) -> Self {
        Self::new(format!("C#{}", worker.bare()), "calendar")
    }

    /// What customers gave a worker.
    pub(super) fn stars(worker: &WorkerId) -> Self {
        Self::new(format!("S#{}", worker.bare()), "stars")
    }

    /// That somebody looked at a worker's record; of several looks at one moment, `nonce` says which.
    pub(super) fn view(worker: &WorkerId, at: Millis, nonce: &str) -> Self {
        Self::new(view_pk(worker), format!("{VIEW}{:013}#{nonce}", at.0))
    }

    /// What a worker objects to, by the event that says so.
    pub(super) fn objection(worker: &WorkerId, event: &EventId) -> Self {
        Self::new(objection_pk(worker), format!("{OBJECTION}{}", event.bare()))
    }

    /// Where the batches of a source of credit records stand.
    pub(super) fn feed_source(source: &SourceId) -> Self {
        Self::new(format!("F#{source}"), "source")
    }

    pub(super) fn feed_batch(source: &SourceId, batch: &BatchId) -> Self {
        Self::new(format!("F#{source}"), format!("batch#{batch}"))
    }
}

impl Partition<Workers> {
    /// The looks at a worker's record.
    pub(super) fn views(worker: &WorkerId) -> Self {
        Self::new(view_pk(worker), VIEW)
    }

    pub(super) fn objections(worker: &WorkerId) -> Self {
        Self::new(objection_pk(worker), OBJECTION)
    }
}

fn view_pk(worker: &WorkerId) -> String {
    format!("V#{}", worker.bare())
}

fn objection_pk(worker: &WorkerId) -> String {
    format!("O#{}", worker.bare())
}

fn is_worker(key: &ItemKey) -> bool {
    key.sk == WORKER && parse_worker(key).is_some()
}

pub(super) fn parse_worker(key: &ItemKey) -> Option<WorkerId> {
    WorkerId::from_bare(key.pk.strip_prefix("W#")?).ok()
}

pub(super) fn parse_erasure(key: &ItemKey) -> Option<WorkerId> {
    let bare = key.pk.strip_prefix("N#").filter(|_| key.sk == ERASURE)?;
    WorkerId::from_bare(bare).ok()
}

pub(super) fn parse_calendar(key: &ItemKey) -> Option<WorkerId> {
    WorkerId::from_bare(key.pk.strip_prefix("C#")?).ok()
}

pub(super) fn parse_stars(key: &ItemKey) -> Option<WorkerId> {
    WorkerId::from_bare(key.pk.strip_prefix("S#")?).ok()
}

/// Whose objection it is, and which.
pub(super) fn parse_objection(key: &ItemKey) -> Option<(WorkerId, EventId)> {
    let worker = WorkerId::from_bare(key.pk.strip_prefix("O#")?).ok()?;
    let event = EventId::from_bare(key.sk.strip_prefix(OBJECTION)?).ok()?;
    Some((worker, event))
}

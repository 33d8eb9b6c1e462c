//! Where what is in the table `badges`.

use domain::badge::StatusIndex;
use domain::id::{BadgeId, WorkerId};
use domain::time::Millis;

use super::Badges;
use crate::table::{ItemKey, Key, Partition};

/// What sort keys of a worker's pointers to her badges begin with.
const POINTER: &str = "badge#";
/// Sort key of the item that says which status list is being filled.
pub(super) const FILLING: &str = "filling";

impl Key<Badges> {
    pub(super) fn badge(badge: &BadgeId) -> Self {
        Self::new(format!("B#{}", badge.bare()), "badge")
    }

    /// Which badge a worker was issued, in the order of time.
    pub(super) fn pointer(worker: &WorkerId, at: Millis, badge: &BadgeId) -> Self {
        let sk = format!("{POINTER}{:013}#{}", at.0, badge.bare());
        Self::new(worker_pk(worker), sk)
    }

    /// A place of a status list that a badge has taken.
    pub(super) fn taken_place(index: StatusIndex) -> Self {
        Self::new(format!("X#{}", index.list()), place_sk(index))
    }

    /// The list from which places are taken.
    pub(super) fn filling_list() -> Self {
        Self::new("X", FILLING)
    }

    /// A place of a status list whose badge is not valid.
    pub(super) fn not_valid(index: StatusIndex) -> Self {
        Self::new(not_valid_pk(index.list()), place_sk(index))
    }

    pub(super) fn scan(badge: &BadgeId, at: Millis, who: &str) -> Self {
        Self::new(scans_pk(badge), format!("{}{who}", scans_from(at)))
    }
}

impl Partition<Badges> {
    /// A worker's pointers to her badges.
    pub(super) fn pointers(worker: &WorkerId) -> Self {
        Self::new(worker_pk(worker), POINTER)
    }

    /// The entries of a status list that are not valid.
    pub(super) fn not_valid(list: u32) -> Self {
        Self::new(not_valid_pk(list), "")
    }

    pub(super) fn scans(badge: &BadgeId) -> Self {
        Self::new(scans_pk(badge), "")
    }
}

fn worker_pk(worker: &WorkerId) -> String {
    format!("W#{}", worker.bare())
}

fn not_valid_pk(list: u32) -> String {
    format!("L#{list}")
}

fn scans_pk(badge: &BadgeId) -> String {
    format!("S#{}", badge.bare())
}

/// What sort keys of scans at this moment begin with; thirteen digits, so that they sort as moments do.
pub(super) fn scans_from(at: Millis) -> String {
    format!("{:013}#", at.0.max(0))
}

/// Seven digits hold every place, so that places sort as numbers do.
fn place_sk(index: StatusIndex) -> String {
    format!("{:07}", index.place())
}

pub(super) fn parse_badge(key: &ItemKey) -> Option<BadgeId> {
    BadgeId::from_bare(key.pk.strip_prefix("B#")?).ok()
}

/// The badge of a worker's pointer to it.
pub(super) fn parse_pointer(key: &ItemKey) -> Option<BadgeId> {
    let (_, badge) = key.sk.strip_prefix(POINTER)?.split_once('#')?;
    BadgeId::from_bare(badge).ok()
}

/// The list of an entry that is not valid.
pub(super) fn parse_not_valid(pk: &str) -> Option<u32> {
    pk.strip_prefix("L#")?.parse().ok()
}

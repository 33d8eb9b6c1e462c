//! Where what is in the table `ledger`.

use domain::id::{EventId, WorkerId};

use super::Ledger;
use crate::table::{Index, ItemKey, Key, Partition};

/// What sort keys of events begin with.
const EVENT: &str = "event#";
/// What sort keys of events' payloads begin with.
const PAYLOAD: &str = "payload#";
/// Partition key of where the log ends, and of its tiles.
const LOG: &str = "LOG";
/// Partition key of the log's latest checkpoint: apart, so that a role may write it and nothing else of the log.
const LOG_CHECKPOINT: &str = "LOG#checkpoint";

/// The events that have no place in the log, the oldest first.
pub(super) static UNSEQUENCED: Index<Ledger> = Index::new("unsequenced", "un", "ua", is_event);
/// The places in the log by the hashes of events.
pub(super) static BY_LEAF: Index<Ledger> = Index::new("by-leaf", "lh", "li", is_event);

impl Key<Ledger> {
    /// An event of a worker's chain.
    pub(crate) fn event(worker: &WorkerId, seq: u64) -> Self {
        Self::new(chain_pk(worker), format!("{EVENT}{seq:010}"))
    }

    /// What an event is about.
    pub(crate) fn payload(worker: &WorkerId, event: &EventId) -> Self {
        Self::new(chain_pk(worker), format!("{PAYLOAD}{}", event.bare()))
    }

    /// Where a worker's chain ends.
    pub(crate) fn head(worker: &WorkerId) -> Self {
        Self::new(chain_pk(worker), "head")
    }

    /// Where the log ends.
    pub(super) fn log_head() -> Self {
        Self::new(LOG, "head")
    }

    /// A tile of the log's tree.
    pub(super) fn tile(level: u32, index: u64) -> Self {
        Self::new(LOG, format!("tile#{level}#{index}"))
    }

    /// The log's latest checkpoint.
    pub(super) fn checkpoint() -> Self {
        Self::new(LOG_CHECKPOINT, "checkpoint")
    }
}

impl Partition<Ledger> {
    pub(super) fn events(worker: &WorkerId) -> Self {
        Self::new(chain_pk(worker), EVENT)
    }

    pub(super) fn payloads(worker: &WorkerId) -> Self {
        Self::new(chain_pk(worker), PAYLOAD)
    }
}

fn chain_pk(worker: &WorkerId) -> String {
    format!("E#{}", worker.bare())
}

fn is_event(key: &ItemKey) -> bool {
    parse_event(key).is_some()
}

/// Whose event it is, and its place in her chain.
pub(super) fn parse_event(key: &ItemKey) -> Option<(WorkerId, u64)> {
    let worker = WorkerId::from_bare(key.pk.strip_prefix("E#")?).ok()?;
    Some((worker, key.sk.strip_prefix(EVENT)?.parse().ok()?))
}

pub(super) fn parse_payload(key: &ItemKey) -> Option<EventId> {
    EventId::from_bare(key.sk.strip_prefix(PAYLOAD)?).ok()
}

/// The level and index of a tile.
pub(super) fn parse_tile(key: &ItemKey) -> Option<(u32, u64)> {
    let (level, index) = key.sk.strip_prefix("tile#")?.split_once('#')?;
    Some((level.parse().ok()?, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_data_model_says() {
        for (key, expected) in [
            (Key::log_head(), "LOG head"),
            (Key::tile(1, 2), "LOG tile#1#2"),
            (Key::checkpoint(), "LOG#checkpoint checkpoint"),
        ] {
            assert_eq!(key.to_string(), expected);
        }
    }
}

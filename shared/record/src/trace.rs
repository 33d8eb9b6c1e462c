//! A worker's chain as HTTP shows it: what `homehail-audit` reads.

use domain::chain::{ChainEvent, Hash, Head};
use domain::id::WorkerId;
use serde::Serialize;
use serde_json::Value;
use store::{Page, TracedEvent};

/// A page of a chain.
#[derive(Serialize)]
pub struct TraceAnswer {
    items: Vec<TracedAnswer>,
    /// Where the chain ends, with its last page.
    head: Option<HeadAnswer>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct TracedAnswer {
    event: ChainEvent,
    hash: Hash,
    leaf_index: Option<u64>,
    payload: Option<Value>,
    salt: Option<Hash>,
}

#[derive(Serialize)]
struct HeadAnswer {
    /// A last page may be empty, and then nothing else says whose it is.
    worker: WorkerId,
    seq: u64,
    hash: Hash,
}

impl TraceAnswer {
    /// Of a page of this worker's chain, and of the head as it was before the page was read: events that came since are no fault.
    pub fn of(worker: &WorkerId, page: Page<TracedEvent>, head: Head) -> Self {
        let last = page.items.last().map_or(0, |last| last.stored.event.seq);
        let is_end = page.next.is_none() && last <= head.seq;
        let items = page.items.into_iter().map(|traced| {
            let (salt, payload) = match traced.opened {
                Some(opened) => (Some(opened.salt), Some(opened.payload)),
                None => (None, None),
            };
            TracedAnswer {
                event: traced.stored.event,
                hash: traced.stored.hash,
                leaf_index: traced.stored.leaf_index,
                payload,
                salt,
            }
        });
        Self {
            items: items.collect(),
            head: is_end.then(|| HeadAnswer {
                worker: worker.clone(),
                seq: head.seq,
                hash: head.hash,
            }),
            next_cursor: page.next,
        }
    }
}

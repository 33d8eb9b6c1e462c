//! How HTTP answers show a worker's chain. `homehail-audit` reads this form.

use domain::chain::{ChainEvent, Hash, Head};
use domain::id::WorkerId;
use serde::Serialize;
use serde_json::Value;
use store::{Page, TracedEvent};

#[derive(Serialize)]
pub struct TraceAnswer {
    items: Vec<TracedAnswer>,
    /// Where the chain ends; only the last page has it.
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
    /// Named here because an empty last page has no event that names her.
    worker: WorkerId,
    seq: u64,
    hash: Hash,
}

impl TraceAnswer {
    /// `head` must have been read before `page`. If the page has events beyond it, the answer has no head.
    pub fn from_page(worker: &WorkerId, page: Page<TracedEvent>, head: Head) -> Self {
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

//! Giving events their places in the log.
//!
//! Events that have none stand in the sparse index `unsequenced`, oldest first. The index may be behind: it can show
//! what has a place by now, and not show what was appended just before. So what it names is read again from the
//! table, and an event gets its place only behind the one before it in its chain; one that the index does not show
//! yet is fetched from the chain. Whichever way the process ends, what was not committed is still in the index.

use std::collections::BTreeMap;

use domain::chain::Hash;
use domain::id::WorkerId;
use domain::time::Millis;

use super::super::chain::{self, StoredEvent, read_event};
use super::super::key::{UNSEQUENCED, parse_event};
use super::{HeadItem, Log, LogHead, TileItem, tree};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{
    Attributes, Committed, ItemKey, Key, Member, Part, Partition, Rivals, TRANSACT, Tries, commit,
};
use tree::{Tiles, leaf_hash};

/// The most events of one transaction: of its hundred writes, one is the head's, and at most nine are tiles' (two of
/// leaves, and one for each level above in a tree of 2^64).
const MOST: usize = 90;
/// The most keys of a page of the index, and of a chain that is walked back.
const PAGE: u32 = 90;

/// What a round of sequencing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// How many events got their places.
    pub events: usize,
    /// Since when the oldest of them had waited; none when it did nothing.
    pub waited_since: Option<Millis>,
}

/// An event that can get a place now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ready {
    worker: WorkerId,
    seq: u64,
    hash: Hash,
    at: Millis,
}

/// Whether a stream's image is of an event that has no place in the log.
pub fn waits_for_the_log(image: impl Into<serde_dynamo::Item>) -> bool {
    let waits = serde_dynamo::AttributeValue::S(chain::UNSEQUENCED.to_owned());
    image.into().get("un") == Some(&waits)
}

impl Log {
    /// Gives up to 90 events that have none their places at the end of the log, in one transaction.
    pub async fn sequence(&self, now: Millis) -> Result<Sequenced, Error> {
        let who = format!("sequencer {}", now.0);
        let mut tries = Tries::new(TRANSACT, Rivals::Few, &who);
        loop {
            tries.next().await?;
            let head = self.head().await?;
            let ready = self.ready().await?;
            if ready.is_empty() {
                return Ok(Sequenced {
                    events: 0,
                    waited_since: None,
                });
            }
            if self.append(&head, &ready, now).await? {
                return Ok(Sequenced {
                    events: ready.len(),
                    waited_since: ready.iter().map(|event| event.at).min(),
                });
            }
            tracing::info!(
                log.size = head.size,
                "another sequencer was first, looking again"
            );
        }
    }

    /// Events that can get their places now, each behind the ones before it in its chain.
    async fn ready(&self) -> Result<Vec<Ready>, Error> {
        let mut ready: Vec<Ready> = Vec::new();
        let list = self.table.list_by(&UNSEQUENCED, chain::UNSEQUENCED);
        let mut list = list.at_most(PAGE);
        while ready.len() < MOST && !list.is_at_end() {
            self.add(&list.more().await?, &mut ready).await?;
        }
        // Any beginning of it keeps the order within each chain.
        ready.truncate(MOST);
        Ok(ready)
    }

    /// Adds those of a page of the index that can get their places.
    async fn add(&self, page: &[Attributes], ready: &mut Vec<Ready>) -> Result<(), Error> {
        let mut workers: Vec<WorkerId> = Vec::new();
        let mut seqs: BTreeMap<WorkerId, Vec<u64>> = BTreeMap::new();
        for item in page {
            let (worker, seq) = parse_event(&ItemKey::of(item)?)
                .ok_or(Error::wrong("what waits for the log is no event"))?;
            if !workers.contains(&worker) {
                workers.push(worker.clone());
            }
            seqs.entry(worker).or_default().push(seq);
        }
        let mut keys = Vec::new();
        for (worker, seqs) in &seqs {
            // With the one before the first: it must have its place.
            let before = seqs.iter().min().map(|first| first - 1);
            let before = before.filter(|seq| *seq > 0);
            for seq in seqs.iter().copied().chain(before) {
                keys.push(Key::event(worker, seq));
            }
        }
        let mut found: BTreeMap<WorkerId, Vec<StoredEvent>> = BTreeMap::new();
        for item in self.table.get_all(keys).await? {
            let event = read_event(item)?;
            let of = found.entry(event.event.worker.clone()).or_default();
            of.push(event);
        }
        for worker in workers {
            let events = found.remove(&worker).unwrap_or_default();
            self.add_chain(&worker, events, ready).await?;
        }
        Ok(())
    }

    /// Adds those of one chain, from the first that has no place on, as far as they follow each other.
    async fn add_chain(
        &self,
        worker: &WorkerId,
        mut events: Vec<StoredEvent>,
        ready: &mut Vec<Ready>,
    ) -> Result<(), Error> {
        events.sort_by_key(|stored| stored.event.seq);
        // Of an earlier page of the same index.
        let taken = ready.iter().rev().find(|ready| ready.worker == *worker);
        let has_place = |stored: &&StoredEvent| stored.leaf_index.is_some();
        let placed = events.iter().rev().find(has_place);
        let placed = placed.map_or(0, |stored| stored.event.seq);
        let mut last = taken.map_or(0, |taken| taken.seq).max(placed);
        events.retain(|stored| stored.leaf_index.is_none() && stored.event.seq > last);
        let Some(first) = events.first().map(|stored| stored.event.seq) else {
            return Ok(());
        };
        if first > last + 1 {
            let Some(before) = self.walk_back(worker, first, last).await? else {
                tracing::error!(
                    alarm = "log",
                    worker.id = %worker,
                    seq = first,
                    "an event waits for the log, and the one before it is not there"
                );
                return Ok(());
            };
            last = before.first().map_or(first, |stored| stored.event.seq) - 1;
            events.splice(..0, before);
        }
        for stored in events {
            // A hole in the middle is filled when what follows it is looked at next.
            if stored.event.seq != last + 1 {
                break;
            }
            last = stored.event.seq;
            ready.push(Ready {
                worker: worker.clone(),
                seq: last,
                hash: stored.hash,
                at: stored.event.at,
            });
        }
        Ok(())
    }

    /// The events of a chain right before `seq` that have no places, from the earliest; `None` if one of them is missing.
    /// What stands up to `last` is taken care of.
    async fn walk_back(
        &self,
        worker: &WorkerId,
        seq: u64,
        last: u64,
    ) -> Result<Option<Vec<StoredEvent>>, Error> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let (from, to) = (Key::event(worker, last + 1), Key::event(worker, seq - 1));
        let list = self.table.list(Partition::events(worker));
        let mut list = list.between(from.sk(), to.sk()).backward().at_most(PAGE);
        while !list.is_at_end() {
            for item in list.more().await? {
                let stored = read_event(item)?;
                let expected = events.last().map_or(seq, |event| event.event.seq) - 1;
                if stored.event.seq != expected {
                    return Ok(None);
                }
                if stored.leaf_index.is_some() {
                    events.reverse();
                    return Ok(Some(events));
                }
                events.push(stored);
            }
        }
        let is_whole = events.last().map(|event| event.event.seq) == Some(last + 1);
        events.reverse();
        Ok(is_whole.then_some(events))
    }

    /// Appends them; `false` if the log was no longer as `head` says or one of them has got its place.
    async fn append(&self, head: &LogHead, ready: &[Ready], now: Millis) -> Result<bool, Error> {
        let mut edge = self.tiles(Tiles::edge(head.size)).await?;
        let leaves: Vec<Hash> = ready.iter().map(|event| leaf_hash(&event.hash)).collect();
        let changed = edge.append(head.size, &leaves)?;
        let size = head.size + ready.len() as u64;
        let new = LogHead {
            size,
            root: edge.root(size)?,
        };
        let mut members = vec![self.write_head(head, &new, now)];
        for (id, hashes) in changed {
            let hs = Bytes(hashes.iter().flat_map(|hash| hash.0).collect());
            let tile = Key::tile(id.level, id.index).item(TileItem { hs });
            members.push(self.table.put(tile).named(Part::Tile));
        }
        for (index, event) in (head.size..).zip(ready) {
            members.push(self.write_place(event, index));
        }
        Ok(matches!(commit(members).await?, Committed::Done))
    }

    fn write_head(&self, old: &LogHead, new: &LogHead, now: Millis) -> Member {
        let put = self.table.put(Key::log_head().item(HeadItem {
            sz: new.size,
            ro: Bytes(new.root.0.to_vec()),
            at: now,
        }));
        let put = if old.size == 0 {
            put.if_absent()
        } else {
            put.when("sz = :size AND ro = :root")
                .value(":size", old.size)
                .value(":root", Bytes(old.root.0.to_vec()))
        };
        put.named(Part::Head)
    }

    fn write_place(&self, event: &Ready, index: u64) -> Member {
        let key = Key::event(&event.worker, event.seq);
        let update = "SET li = :index, lh = :hash REMOVE un, ua";
        let update = self.table.update(key, update);
        update
            .when("ha = :hash AND attribute_not_exists(li)")
            .value(":hash", Bytes(event.hash.0.to_vec()))
            .value(":index", index)
            .named(Part::Event)
    }
}

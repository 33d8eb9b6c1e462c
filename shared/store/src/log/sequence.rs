//! Giving events their places in the log.
//!
//! Events that have none stand in the sparse index `unsequenced`, oldest first. The index may be behind: it can show
//! what has a place by now, and not show what was appended just before. So what it names is read again from the
//! table, and an event gets its place only behind the one before it in its chain; one that the index does not show
//! yet is fetched from the chain. Whichever way the process ends, what was not committed is still in the index.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::chain::Hash;
use domain::id::WorkerId;
use domain::time::Millis;

use super::{HeadItem, Log, LogHead, TileItem, bytes, tree};
use crate::bytes::Bytes;
use crate::key::{self, Attributes, Key};
use crate::transaction::{self, Committed, pause};
use crate::workers::{StoredEvent, UNSEQUENCED, read_event};
use crate::{Error, batch};
use tree::{Tiles, leaf_hash};

/// The most events of one transaction: of its hundred writes, one is the head's, and at most nine are tiles' (two of
/// leaves, and one for each level above in a tree of 2^64).
const MOST: usize = 90;
const UNSEQUENCED_INDEX: &str = "unsequenced";
/// How often a transaction is made anew that another sequencer got in the way of.
const ROUNDS: u32 = 8;
/// The most keys of a page of the index, and of a chain that is walked back.
const PAGE: i32 = 90;

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
    let waits = serde_dynamo::AttributeValue::S(UNSEQUENCED.to_owned());
    image.into().get("un") == Some(&waits)
}

impl Log {
    /// Gives up to 90 events that have none their places at the end of the log, in one transaction.
    ///
    /// # Errors
    /// When it was not written, or that is not known; doing it again is harmless.
    pub async fn sequence(&self, now: Millis) -> Result<Sequenced, Error> {
        for round in 0..ROUNDS {
            pause(round, &format!("sequencer {}", now.0)).await;
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
        Err(Error::Busy {
            call: "TransactWriteItems",
        })
    }

    /// Events that can get their places now, each behind the ones before it in its chain.
    async fn ready(&self) -> Result<Vec<Ready>, Error> {
        let mut ready: Vec<Ready> = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(UNSEQUENCED_INDEX)
                .key_condition_expression("un = :un")
                .expression_attribute_values(":un", AttributeValue::S(UNSEQUENCED.to_owned()))
                .limit(PAGE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            self.add(&page.items.unwrap_or_default(), &mut ready)
                .await?;
            start = page.last_evaluated_key;
            if ready.len() >= MOST || start.is_none() {
                // Any beginning of it keeps the order within each chain.
                ready.truncate(MOST);
                return Ok(ready);
            }
        }
    }

    /// Adds those of a page of the index that can get their places.
    async fn add(&self, page: &[Attributes], ready: &mut Vec<Ready>) -> Result<(), Error> {
        let mut workers: Vec<WorkerId> = Vec::new();
        let mut seqs: BTreeMap<WorkerId, Vec<u64>> = BTreeMap::new();
        for item in page {
            let key = Key::of(item).ok_or(Error::wrong("an event in the index has no key"))?;
            let (worker, seq) = key::parse_event(&key.pk, &key.sk)
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
                keys.push((self.table.as_str(), Key::event(worker, seq)));
            }
        }
        let mut found: BTreeMap<WorkerId, Vec<StoredEvent>> = BTreeMap::new();
        for item in batch::get(&self.client, keys).await? {
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
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", AttributeValue::S(from.pk.clone()))
                .expression_attribute_values(":from", AttributeValue::S(from.sk.clone()))
                .expression_attribute_values(":to", AttributeValue::S(to.sk.clone()))
                .consistent_read(true)
                .scan_index_forward(false)
                .limit(PAGE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in page.items.unwrap_or_default() {
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
            start = page.last_evaluated_key;
            if start.is_none() {
                let is_whole = events.last().map(|event| event.event.seq) == Some(last + 1);
                events.reverse();
                return Ok(is_whole.then_some(events));
            }
        }
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
        let mut writes = vec![self.write_head(head, &new, now)?];
        for (id, hashes) in changed {
            let key = Key::tile(id.level, id.index);
            let item = TileItem {
                pk: key.pk,
                sk: key.sk,
                hs: Bytes(hashes.iter().flat_map(|hash| hash.0).collect()),
            };
            writes.push(transaction::put(
                &self.table,
                serde_dynamo::to_item(item)?,
                None,
            )?);
        }
        for (index, event) in (head.size..).zip(ready) {
            writes.push(self.write_place(event, index)?);
        }
        match transaction::commit(&self.client, writes).await? {
            Committed::Done => Ok(true),
            Committed::Refused(_) | Committed::Conflict => Ok(false),
        }
    }

    fn write_head(
        &self,
        old: &LogHead,
        new: &LogHead,
        now: Millis,
    ) -> Result<TransactWriteItem, Error> {
        let key = Key::log_head();
        let item = serde_dynamo::to_item(HeadItem {
            pk: key.pk,
            sk: key.sk,
            sz: new.size,
            ro: Bytes(new.root.0.to_vec()),
            at: now,
        })?;
        let condition = if old.size == 0 {
            ("attribute_not_exists(pk)", Vec::new())
        } else {
            let size = AttributeValue::N(old.size.to_string());
            (
                "sz = :size AND ro = :root",
                vec![(":size", size), (":root", bytes(&old.root.0))],
            )
        };
        transaction::put(&self.table, item, Some(condition))
    }

    fn write_place(&self, event: &Ready, index: u64) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::event(&event.worker, event.seq).attributes()))
            .condition_expression("ha = :hash AND attribute_not_exists(li)")
            .update_expression("SET li = :index, lh = :hash REMOVE un, ua")
            .expression_attribute_values(":hash", bytes(&event.hash.0))
            .expression_attribute_values(":index", AttributeValue::N(index.to_string()))
            .build()
            .map_err(|error| Error::unbuildable("TransactWriteItems", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

//! One queue in memory: messages that can be received, hidden messages, and the turns of groups.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::attributes::Attributes;
use super::message::{Content, Receipt, Received};
use crate::journal::{Op, Standing};
use crate::transaction::Transaction;

/// How many messages a queue has, by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Can be received now.
    pub visible: usize,
    /// Received, neither deleted nor timed out.
    pub in_flight: usize,
    /// Sent with a delay that is not over.
    pub delayed: usize,
}

pub(crate) struct Queue {
    pub(super) name: Arc<str>,
    pub(super) attributes: Attributes,
    /// Milliseconds since the epoch.
    pub(super) created_at: i64,
    pub(super) modified_at: i64,
    /// By the order of sending, which is also the order of expiry.
    messages: BTreeMap<u64, Message>,
    ready: Ready,
    /// Messages that cannot be received yet, by when they can.
    hidden: BTreeSet<(i64, u64)>,
    /// Notified when a waiting receiver should check again.
    pub(super) changed: Arc<Notify>,
}

pub(crate) struct Message {
    pub(super) content: Arc<Content>,
    visible_at: i64,
    receives: u32,
    /// How many of the receives were in the queue that it is a dead letter of.
    receives_elsewhere: u32,
    first_received_at: Option<i64>,
    dead_letter_source: Option<Arc<str>>,
    hidden: bool,
}

/// Messages that can be received: groups take turns, so that a crowded one does not hold up the
/// others; within a group the oldest comes first.
#[derive(Default)]
struct Ready {
    groups: HashMap<Option<Arc<str>>, BTreeSet<u64>>,
    turns: VecDeque<Option<Arc<str>>>,
    count: usize,
}

impl Ready {
    fn insert(&mut self, group: Option<Arc<str>>, seq: u64) {
        let waiting = self.groups.entry(group.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(group);
        }
        self.count += usize::from(waiting.insert(seq));
    }

    fn next(&mut self) -> Option<u64> {
        while let Some(group) = self.turns.pop_front() {
            let Some(waiting) = self.groups.get_mut(&group) else {
                continue;
            };
            let seq = waiting.pop_first();
            if waiting.is_empty() {
                self.groups.remove(&group);
            } else {
                self.turns.push_back(group);
            }
            if seq.is_some() {
                self.count -= 1;
                return seq;
            }
        }
        None
    }

    fn remove(&mut self, group: &Option<Arc<str>>, seq: u64) {
        let Some(waiting) = self.groups.get_mut(group) else {
            return;
        };
        self.count -= usize::from(waiting.remove(&seq));
        if waiting.is_empty() {
            self.groups.remove(group);
            self.turns.retain(|turn| turn != group);
        }
    }
}

impl Message {
    pub(super) fn new(content: Arc<Content>, standing: Standing) -> Self {
        Self {
            content,
            visible_at: standing.visible_at,
            receives: standing.receives,
            receives_elsewhere: standing.receives_elsewhere,
            first_received_at: standing.first_received_at,
            dead_letter_source: standing.dead_letter_source,
            hidden: false,
        }
    }

    fn standing(&self, queue: &Arc<str>) -> Standing {
        Standing {
            queue: Arc::clone(queue),
            visible_at: self.visible_at,
            receives: self.receives,
            receives_elsewhere: self.receives_elsewhere,
            first_received_at: self.first_received_at,
            dead_letter_source: self.dead_letter_source.clone(),
        }
    }

    fn is_in_flight(&self) -> bool {
        self.hidden && self.receives > self.receives_elsewhere
    }
}

impl Queue {
    pub(super) fn new(name: Arc<str>, attributes: Attributes, created_at: i64) -> Self {
        Self {
            name,
            attributes,
            created_at,
            modified_at: created_at,
            messages: BTreeMap::new(),
            ready: Ready::default(),
            hidden: BTreeSet::new(),
            changed: Arc::default(),
        }
    }

    /// Takes a message in, as sent, moved or read from the journal.
    pub(super) fn put(&mut self, seq: u64, mut message: Message, now: i64) {
        message.hidden = message.visible_at > now;
        if message.hidden {
            self.hidden.insert((message.visible_at, seq));
        } else {
            self.ready.insert(message.content.group.clone(), seq);
        }
        self.messages.insert(seq, message);
        self.changed.notify_waiters();
    }

    fn remove(&mut self, seq: u64) -> Option<Message> {
        let message = self.messages.remove(&seq)?;
        if message.hidden {
            self.hidden.remove(&(message.visible_at, seq));
        } else {
            self.ready.remove(&message.content.group, seq);
        }
        Some(message)
    }

    /// Removes expired messages, and makes messages receivable whose time has come.
    pub(super) fn turn(&mut self, transaction: &mut Transaction) {
        let now = transaction.now;
        let kept_since = now - self.attributes.retention_s * 1_000;
        while let Some((&seq, first)) = self.messages.first_key_value()
            && first.content.sent_at <= kept_since
        {
            self.remove(seq);
            transaction.push(Op::DeleteMessage { seq });
        }
        while let Some(&(at, seq)) = self.hidden.first()
            && at <= now
        {
            self.hidden.pop_first();
            if let Some(message) = self.messages.get_mut(&seq) {
                message.hidden = false;
                self.ready.insert(message.content.group.clone(), seq);
            }
        }
    }

    /// When the next hidden message can be received, in milliseconds since the epoch.
    pub(super) fn next_visible_at(&self) -> Option<i64> {
        self.hidden.first().map(|(at, _)| *at)
    }

    /// Receives up to `max` messages and hides them; `dead` are those that were received too often
    /// already, which have left the queue.
    pub(super) fn receive(
        &mut self,
        max: usize,
        visibility_s: i64,
        max_receives: Option<u32>,
        transaction: &mut Transaction,
    ) -> (Vec<Received>, Vec<(u64, Message)>) {
        self.turn(transaction);
        let now = transaction.now;
        let (mut received, mut dead) = (Vec::new(), Vec::new());
        // With a visibility timeout of zero a message is ready again at once; it is not to be
        // received twice by one call.
        let mut again = Vec::new();
        while received.len() < max {
            let Some(seq) = self.ready.next() else { break };
            let Some(message) = self.messages.get_mut(&seq) else {
                continue;
            };
            let receives_here = message.receives - message.receives_elsewhere;
            if max_receives.is_some_and(|max| receives_here >= max) {
                if let Some(message) = self.messages.remove(&seq) {
                    dead.push((seq, message));
                }
                continue;
            }
            message.receives += 1;
            let first_received_at = *message.first_received_at.get_or_insert(now);
            message.visible_at = now + visibility_s * 1_000;
            message.hidden = visibility_s > 0;
            if message.hidden {
                self.hidden.insert((message.visible_at, seq));
            } else {
                again.push((message.content.group.clone(), seq));
            }
            received.push(Received {
                receipt_handle: Receipt::handle(
                    &self.name,
                    seq,
                    &message.content.id,
                    message.receives,
                ),
                content: Arc::clone(&message.content),
                receives: message.receives,
                first_received_at,
                dead_letter_source: message.dead_letter_source.clone(),
            });
            let standing = message.standing(&self.name);
            transaction.push(Op::MoveMessage { seq, standing });
        }
        for (group, seq) in again {
            self.ready.insert(group, seq);
        }
        (received, dead)
    }

    /// Takes a received message out, to be moved.
    pub(super) fn take(&mut self, receipt: &Receipt) -> Option<Message> {
        self.message(receipt)?;
        self.remove(receipt.seq)
    }

    /// Takes in a dead letter of the queue whose ARN is `source`. It keeps its id, its age and its
    /// count of receives.
    pub(super) fn take_dead_letter(
        &mut self,
        seq: u64,
        mut message: Message,
        source: Arc<str>,
        transaction: &mut Transaction,
    ) {
        message.receives_elsewhere = message.receives;
        message.dead_letter_source = Some(source);
        message.visible_at = transaction.now;
        transaction.push(Op::MoveMessage {
            seq,
            standing: message.standing(&self.name),
        });
        self.put(seq, message, transaction.now);
    }

    /// Deletes the receipt's message. SQS: with a receipt that is not the latest "the request
    /// succeeds, but the message might not be deleted"; here it is not.
    pub(super) fn delete(&mut self, receipt: &Receipt, transaction: &mut Transaction) {
        if self.message(receipt).is_some() {
            self.remove(receipt.seq);
            transaction.push(Op::DeleteMessage { seq: receipt.seq });
        }
    }

    /// Hides a message in flight for so many seconds from now; `false` if it is not in flight
    /// under this receipt.
    pub(super) fn change_visibility(
        &mut self,
        receipt: &Receipt,
        seconds: i64,
        transaction: &mut Transaction,
    ) -> bool {
        self.turn(transaction);
        if !self.message(receipt).is_some_and(Message::is_in_flight) {
            return false;
        }
        self.set_visible_at(receipt.seq, transaction.now + seconds * 1_000, transaction);
        true
    }

    /// Makes every message in flight visible at once.
    pub(super) fn release_in_flight(&mut self, transaction: &mut Transaction) -> usize {
        let in_flight: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, m)| m.is_in_flight())
            .map(|(seq, _)| *seq)
            .collect();
        for seq in &in_flight {
            self.set_visible_at(*seq, transaction.now, transaction);
        }
        in_flight.len()
    }

    fn set_visible_at(&mut self, seq: u64, at: i64, transaction: &mut Transaction) {
        let Some(mut message) = self.remove(seq) else {
            return;
        };
        message.visible_at = at;
        transaction.push(Op::MoveMessage {
            seq,
            standing: message.standing(&self.name),
        });
        self.put(seq, message, transaction.now);
    }

    fn message(&self, receipt: &Receipt) -> Option<&Message> {
        self.messages
            .get(&receipt.seq)
            .filter(|m| m.content.id == receipt.message_id && m.receives == receipt.receives)
    }

    /// How many messages there are.
    pub(super) fn depth(&self) -> Depth {
        let delayed = self
            .hidden
            .iter()
            .filter(|(_, seq)| self.messages.get(seq).is_some_and(|m| !m.is_in_flight()))
            .count();
        Depth {
            visible: self.ready.count,
            in_flight: self.hidden.len() - delayed,
            delayed,
        }
    }
}

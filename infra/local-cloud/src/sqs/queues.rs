//! All queues of the account, and their operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, check_name};
use super::message::{Content, Draft, Receipt, Received, Sent, check_range};
use super::queue::{Depth, Message, Queue};
use crate::error::Error;
use crate::iam::Policy;
use crate::journal::{self, Kind, Op, Standing};
use crate::names::Names;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

pub(crate) struct Queues {
    names: Names,
    queues: BTreeMap<Arc<str>, Queue>,
    next_seq: u64,
}

/// A queue's document in the journal.
#[derive(Serialize, Deserialize)]
struct StoredQueue {
    attributes: BTreeMap<String, String>,
    created_at: i64,
    modified_at: i64,
}

/// The messages for a receiver. If there are none, it should check again at `next_visible_at`.
pub(crate) struct Receiving {
    pub(crate) messages: Vec<Received>,
    pub(crate) next_visible_at: Option<i64>,
}

impl Queues {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            queues: BTreeMap::new(),
            next_seq: 1,
        }
    }

    /// Reads queues and messages back from the journal.
    pub(crate) fn load(names: Names, file: &Connection, now: i64) -> Result<Self, Error> {
        let mut this = Self::new(names);
        for (name, stored) in journal::documents::<StoredQueue>(file, Kind::Queue)? {
            let attributes =
                Attributes::read(stored.attributes, &this.names).map_err(|refusal| {
                    Error::Refused {
                        what: format!("the queue {name}"),
                        refusal,
                    }
                })?;
            let name: Arc<str> = name.into();
            let mut queue = Queue::new(Arc::clone(&name), attributes, stored.created_at);
            queue.modified_at = stored.modified_at;
            this.queues.insert(name, queue);
        }
        for stored in journal::messages(file)? {
            this.next_seq = this.next_seq.max(stored.seq + 1);
            let content: Content =
                serde_json::from_str(&stored.content).map_err(|source| Error::Stored {
                    what: format!("the message {}", stored.seq),
                    source,
                })?;
            if let Some(queue) = this.queues.get_mut(&stored.standing.queue) {
                let message = Message::new(Arc::new(content), stored.standing);
                queue.put(stored.seq, message, now);
            }
        }
        Ok(this)
    }

    fn queue(&mut self, name: &str) -> Result<&mut Queue, Refusal> {
        self.queues.get_mut(name).ok_or_else(|| no_queue(name))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.queues.contains_key(name)
    }

    pub(crate) fn policy(&self, name: &str) -> Option<Arc<Policy>> {
        self.queues.get(name)?.attributes.policy.clone()
    }

    /// Notifies receivers of a queue to check again.
    pub(crate) fn changed(
        &mut self,
        name: &str,
    ) -> Result<(Arc<tokio::sync::Notify>, i64), Refusal> {
        let queue = self.queue(name)?;
        Ok((Arc::clone(&queue.changed), queue.attributes.wait_s))
    }

    /// Makes a queue. One of the same name whose attributes agree is left as it is.
    pub(crate) fn create(
        &mut self,
        name: &str,
        given: BTreeMap<String, String>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        if name.ends_with(".fifo") {
            let what = format!("{name}, a FIFO queue,");
            return Err(Refusal::not_emulated("UnsupportedOperation", &what));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=80).contains(&name.len()) || !name.chars().all(allowed) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let attributes = Attributes::read(given, &self.names)?;
        if let Some(queue) = self.queues.get(name) {
            if queue.attributes.agree_with(&attributes) {
                return Ok(());
            }
            return Err(Refusal::new(
                "QueueNameExists",
                format!("A queue named {name} already exists with different attributes."),
            ));
        }
        self.check_redrive(&attributes)?;
        let name: Arc<str> = name.into();
        let queue = Queue::new(Arc::clone(&name), attributes, transaction.now);
        keep(&queue, transaction);
        self.queues.insert(name, queue);
        Ok(())
    }

    /// Makes a queue, or gives one that exists exactly these attributes.
    pub(crate) fn provision(
        &mut self,
        name: &str,
        given: BTreeMap<String, String>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        if !self.exists(name) {
            return self.create(name, given, transaction);
        }
        let attributes = Attributes::read(given, &self.names)?;
        self.check_redrive(&attributes)?;
        let queue = self.queue(name)?;
        if queue.attributes.given() != attributes.given() {
            queue.attributes = attributes;
            queue.modified_at = transaction.now;
            keep(queue, transaction);
        }
        Ok(())
    }

    fn check_redrive(&self, attributes: &Attributes) -> Result<(), Refusal> {
        match &attributes.redrive {
            Some(redrive) if !self.exists(&redrive.target) => Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "RedrivePolicy: the dead-letter queue {} does not exist",
                    redrive.target
                ),
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn delete_queue(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let queue = self.queues.remove(name).ok_or_else(|| no_queue(name))?;
        transaction.remove(Kind::Queue, name);
        transaction.push(Op::DeleteMessages {
            queue: Arc::clone(&queue.name),
        });
        queue.changed.notify_waiters();
        Ok(())
    }

    pub(crate) fn set_attributes(
        &mut self,
        name: &str,
        changes: BTreeMap<String, String>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let Some(queue) = self.queues.get(name) else {
            return Err(no_queue(name));
        };
        let attributes = queue.attributes.changed(changes, &self.names)?;
        self.check_redrive(&attributes)?;
        let queue = self.queue(name)?;
        queue.attributes = attributes;
        queue.modified_at = transaction.now;
        queue.changed.notify_waiters();
        keep(queue, transaction);
        Ok(())
    }

    pub(crate) fn attributes(
        &mut self,
        name: &str,
        asked: &[String],
        transaction: &mut Transaction,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        for attribute in asked {
            check_name(attribute)?;
        }
        let arn = self.names.queue(name);
        let queue = self.queue(name)?;
        queue.turn(transaction);
        let depth = queue.depth();
        let mut all = queue.attributes.settled();
        all.extend([
            ("QueueArn", arn),
            ("ApproximateNumberOfMessages", depth.visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                depth.in_flight.to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                depth.delayed.to_string(),
            ),
            ("CreatedTimestamp", (queue.created_at / 1_000).to_string()),
            (
                "LastModifiedTimestamp",
                (queue.modified_at / 1_000).to_string(),
            ),
        ]);
        let wanted = |name: &str| asked.iter().any(|asked| asked == "All" || asked == name);
        let all = all.into_iter().filter(|(name, _)| wanted(name));
        Ok(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The names after `after` that begin with `prefix`, in order.
    pub(crate) fn list(&self, prefix: &str, after: &str, max: usize) -> Vec<Arc<str>> {
        let names = self
            .queues
            .keys()
            .filter(|n| n.starts_with(prefix) && ***n > *after);
        names.take(max).cloned().collect()
    }

    pub(crate) fn send(
        &mut self,
        name: &str,
        draft: Draft,
        sender: &str,
        transaction: &mut Transaction,
    ) -> Result<Sent, Refusal> {
        let seq = self.next_seq;
        let queue = self.queue(name)?;
        let delay_s = draft.delay_s.unwrap_or(queue.attributes.delay_s);
        let content = draft.seal(sender, transaction.now)?;
        let sent = Sent {
            message_id: content.id.clone(),
            md5: content.md5.clone(),
        };
        let standing = Standing {
            queue: Arc::clone(&queue.name),
            visible_at: transaction.now + delay_s * 1_000,
            receives: 0,
            receives_elsewhere: 0,
            first_received_at: None,
            dead_letter_source: None,
        };
        transaction.push(Op::PutMessage {
            seq,
            standing: standing.clone(),
            content: serde_json::to_string(&content)
                .map_err(|error| Refusal::new("InternalFailure", error.to_string()))?,
        });
        queue.put(
            seq,
            Message::new(Arc::new(content), standing),
            transaction.now,
        );
        self.next_seq += 1;
        Ok(sent)
    }

    /// Receives the messages that are visible now, and moves those that were received too often.
    pub(crate) fn receive(
        &mut self,
        name: &str,
        max: i64,
        visibility_s: Option<i64>,
        transaction: &mut Transaction,
    ) -> Result<Receiving, Refusal> {
        check_range("MaxNumberOfMessages", max, 1..=10)?;
        let max = usize::try_from(max).unwrap_or(1);
        check_visibility(visibility_s.unwrap_or(0))?;
        let source: Arc<str> = self.names.queue(name).into();
        // As long as the dead-letter queue is missing, messages stay where they are.
        let redrive = self
            .queue(name)?
            .attributes
            .redrive
            .clone()
            .filter(|r| self.exists(&r.target));
        let queue = self.queue(name)?;
        let visibility_s = visibility_s.unwrap_or(queue.attributes.visibility_s);
        let max_receives = redrive.as_ref().map(|redrive| redrive.max_receives);
        let (messages, dead) = queue.receive(max, visibility_s, max_receives, transaction);
        let next_visible_at = queue.next_visible_at();
        if let Some(redrive) = redrive {
            for (seq, message) in dead {
                self.queue(&redrive.target)?.take_dead_letter(
                    seq,
                    message,
                    Arc::clone(&source),
                    transaction,
                );
            }
        }
        Ok(Receiving {
            messages,
            next_visible_at,
        })
    }

    pub(crate) fn delete(
        &mut self,
        name: &str,
        handle: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let queue = self.queue(name)?;
        queue.delete(&Receipt::read(name, handle)?, transaction);
        Ok(())
    }

    /// Moves a received message to the queue's dead letters at once, or deletes it if there are none.
    pub(crate) fn give_up(
        &mut self,
        name: &str,
        handle: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let Some(redrive) = self.queue(name)?.attributes.redrive.clone() else {
            return self.delete(name, handle, transaction);
        };
        let source: Arc<str> = self.names.queue(name).into();
        let receipt = Receipt::read(name, handle)?;
        if let Some(message) = self.queue(name)?.take(&receipt) {
            let dead_letters = self.queue(&redrive.target)?;
            dead_letters.take_dead_letter(receipt.seq, message, source, transaction);
        }
        Ok(())
    }

    pub(crate) fn change_visibility(
        &mut self,
        name: &str,
        handle: &str,
        seconds: i64,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let queue = self.queue(name)?;
        let receipt = Receipt::read(name, handle)?;
        check_visibility(seconds)?;
        if queue.change_visibility(&receipt, seconds, transaction) {
            return Ok(());
        }
        Err(Refusal::new(
            "InvalidParameterValue",
            "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
        ))
    }

    pub(crate) fn release_in_flight(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<usize, Refusal> {
        Ok(self.queue(name)?.release_in_flight(transaction))
    }

    pub(crate) fn depth(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<Depth, Refusal> {
        let queue = self.queue(name)?;
        queue.turn(transaction);
        Ok(queue.depth())
    }

    /// Removes expired messages also from queues that nobody receives from.
    pub(crate) fn turn_all(&mut self, transaction: &mut Transaction) {
        for queue in self.queues.values_mut() {
            queue.turn(transaction);
        }
    }
}

fn keep(queue: &Queue, transaction: &mut Transaction) {
    let stored = StoredQueue {
        attributes: queue.attributes.given().clone(),
        created_at: queue.created_at,
        modified_at: queue.modified_at,
    };
    transaction.put(Kind::Queue, &queue.name, &stored);
}

fn check_visibility(seconds: i64) -> Result<(), Refusal> {
    check_range("VisibilityTimeout", seconds, 0..=43_200)
}

pub(crate) fn no_queue(name: &str) -> Refusal {
    Refusal::new(
        "QueueDoesNotExist",
        format!("The specified queue does not exist: {name}"),
    )
}

//! The cloud as the program that embeds it uses it: every service's state under one lock, before one journal.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::error::Error;
use crate::iam::Identities;
use crate::journal::{self, Journal, Kind};
use crate::names::Names;
use crate::refusal::Refusal;
use crate::s3::Bodies;
use crate::sqs::{Depth, Draft, Received, Sent, check_range};
use crate::state::State;
use crate::transaction::Transaction;

/// How often expired messages and keys are removed, in milliseconds.
const TIDY_EVERY_MS: i64 = 10_000;

/// Queues, schedules, a bus, objects and keys of one account in one region.
pub struct Cloud {
    state: Mutex<State>,
    journal: Journal,
    bodies: Bodies,
    clock: Clock,
    identities: Arc<Identities>,
    names: Names,
    /// Notified when the time of the next schedule changes.
    replanned: Arc<Notify>,
}

impl Cloud {
    /// Opens the cloud on a SQLite file, which is made if it is missing, or without a file for as
    /// long as the value lives. Objects' bytes lie in a folder beside the file, named like it but
    /// ending in `.objects`. Call it within a Tokio runtime, on which it fires schedules. Those that
    /// fell due while the cloud was closed fire at once.
    ///
    /// `identities` is consulted on every request and can be filled before or after. A file that
    /// another process has open is refused.
    pub fn open(
        path: Option<&Path>,
        clock: Clock,
        identities: Arc<Identities>,
        region: &str,
        account: &str,
    ) -> Result<Arc<Self>, Error> {
        let names = Names {
            region: region.to_owned(),
            account: account.to_owned(),
        };
        let (state, journal, bodies) = match path {
            None => (
                State::new(names.clone(), Arc::clone(&identities)),
                Journal::forgetful(),
                Bodies::in_memory(),
            ),
            Some(path) => {
                let file = journal::open(path)?;
                let now = clock.now_ms();
                let state = State::load(names.clone(), Arc::clone(&identities), &file, now)?;
                let folder = path.with_extension("objects");
                let bodies =
                    Bodies::in_folder(&folder, &state.objects.ids()).map_err(Error::Objects)?;
                (state, Journal::start(file)?, bodies)
            }
        };
        let cloud = Arc::new(Self {
            state: Mutex::new(state),
            journal,
            bodies,
            clock,
            identities,
            names,
            replanned: Arc::default(),
        });
        tokio::spawn(keep_time(Arc::downgrade(&cloud)));
        Ok(cloud)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Who may call, and what each may do.
    pub fn identities(&self) -> &Arc<Identities> {
        &self.identities
    }

    /// Makes a queue, or gives one that exists exactly these attributes (by SQS's names, such as
    /// `VisibilityTimeout`). A dead-letter queue has to be made before the queues that name it.
    pub async fn create_queue(
        &self,
        name: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        self.change(|state, transaction| {
            state
                .queues
                .provision(name, attributes.clone(), transaction)
        })
        .await
    }

    /// Makes a group of schedules. Groups, buses, rules, buckets and signing keys are not kept: make
    /// them at every start.
    pub fn create_schedule_group(&self, name: &str) {
        self.lock().schedules.add_group(name);
    }

    pub fn create_bus(&self, name: &str) {
        self.lock().buses.add(name);
    }

    /// Makes a rule on a bus, or replaces the one of this name. Its targets are ARNs of queues, whose
    /// policies have to let `events.amazonaws.com` send.
    pub fn put_rule(
        &self,
        bus: &str,
        rule: &str,
        pattern: &Value,
        targets: Vec<String>,
    ) -> Result<(), Refusal> {
        self.lock().buses.put_rule(bus, rule, pattern, targets)
    }

    /// Makes a bucket; `locked`: with object lock, so that nothing in it is replaced or deleted.
    pub fn create_bucket(&self, name: &str, locked: bool) {
        self.lock().objects.add_bucket(name, locked);
    }

    /// Adds a KMS key that signs with Ed25519, from its seed (RFC 8032), or replaces the one with this id.
    pub fn add_signing_key(&self, id: &str, seed: &[u8; 32]) -> Result<(), Refusal> {
        self.lock().signing_keys.add(id, seed)
    }

    /// Sends a message, as the embedding program.
    pub async fn send(&self, queue: &str, draft: Draft) -> Result<Sent, Refusal> {
        let sender = self.names.account.clone();
        self.change(|state, transaction| state.queues.send(queue, draft, &sender, transaction))
            .await
    }

    /// Receives up to `max` (1 to 10) messages, hidden for `visibility_s` seconds (the queue's own
    /// timeout if `None`), waiting up to `wait_s` seconds (the queue's own wait if `None`) for the
    /// first.
    pub async fn receive(
        &self,
        queue: &str,
        max: i64,
        wait_s: Option<i64>,
        visibility_s: Option<i64>,
    ) -> Result<Vec<Received>, Refusal> {
        let (changed, queue_wait_s) = self.lock().queues.changed(queue)?;
        let wait_s = wait_s.unwrap_or(queue_wait_s);
        check_range("WaitTimeSeconds", wait_s, 0..=20)?;
        let until = self.clock.now_ms() + wait_s * 1_000;
        loop {
            // Listening begins before looking, so that nothing arrives in between.
            let mut told = std::pin::pin!(changed.notified());
            told.as_mut().enable();
            let receiving = self
                .change(|state, transaction| {
                    state.queues.receive(queue, max, visibility_s, transaction)
                })
                .await?;
            if !receiving.messages.is_empty() || self.clock.now_ms() >= until {
                return Ok(receiving.messages);
            }
            let again = receiving.next_visible_at.map_or(until, |at| at.min(until));
            tokio::select! {
                () = told => {}
                () = self.clock.sleep_until(again) => {}
            }
        }
    }

    /// Deletes received messages; the answers are in the order of the receipts.
    pub async fn delete(
        &self,
        queue: &str,
        receipt_handles: &[String],
    ) -> Result<Vec<Result<(), Refusal>>, Refusal> {
        self.change(|state, transaction| {
            let delete = |handle: &String| state.queues.delete(queue, handle, transaction);
            Ok(receipt_handles.iter().map(delete).collect())
        })
        .await
    }

    /// Moves a received message to the queue's dead letters at once, or deletes it if it has none: for a program that
    /// stops a message, as Lambda stops a loop.
    pub async fn give_up(&self, queue: &str, receipt_handle: &str) -> Result<(), Refusal> {
        self.change(|state, t| state.queues.give_up(queue, receipt_handle, t))
            .await
    }

    /// Makes every message in flight visible again; returns how many. For a program that has
    /// started anew, whose predecessor's receivers are gone.
    pub async fn release_in_flight(&self, queue: &str) -> Result<usize, Refusal> {
        self.change(|state, transaction| state.queues.release_in_flight(queue, transaction))
            .await
    }

    pub async fn depth(&self, queue: &str) -> Result<Depth, Refusal> {
        self.change(|state, transaction| state.queues.depth(queue, transaction))
            .await
    }

    /// When the next schedule is due, in milliseconds since the epoch.
    pub fn next_schedule_at(&self) -> Option<i64> {
        self.lock().schedules.next_at()
    }

    /// Keeps a text under a key, durably: for positions in streams and the like.
    pub async fn note_put(&self, key: &str, value: &str) -> Result<(), Refusal> {
        self.change(|state, transaction| {
            transaction.put_text(Kind::Note, key, value);
            state.notes.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
        .await
    }

    /// What is kept under a key.
    pub fn note_get(&self, key: &str) -> Option<String> {
        self.lock().notes.get(key).cloned()
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves at worst one call's change undone in memory.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and returns once the change is committed.
    pub(crate) async fn change<T>(
        &self,
        change: impl FnOnce(&mut State, &mut Transaction) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (result, committed) = {
            let mut state = self.lock();
            let mut transaction = Transaction::at(self.clock.now_ms());
            let next_before = state.schedules.next_at();
            let result = change(&mut state, &mut transaction);
            if state.schedules.next_at() != next_before {
                self.replanned.notify_one();
            }
            // Under the lock: the journal has the changes in the order in which they were made.
            (result, self.journal.append(transaction.into_ops()))
        };
        if let Some(committed) = committed {
            match committed.await {
                Ok(Ok(())) => {}
                _ => return Err(Refusal::not_kept()),
            }
        }
        result
    }

    async fn fire_due(&self) -> Result<(), Refusal> {
        if self
            .next_schedule_at()
            .is_none_or(|at| at > self.clock.now_ms())
        {
            return Ok(());
        }
        self.change(|state, transaction| {
            state.fire_due(transaction);
            Ok(())
        })
        .await
    }

    async fn tidy(&self) -> Result<(), Refusal> {
        let forgotten = self.identities.forget_expired_sessions();
        self.change(|state, transaction| {
            state.queues.turn_all(transaction);
            for key in forgotten {
                transaction.remove(Kind::Session, &key);
            }
            Ok(())
        })
        .await
    }
}

/// Fires schedules at their time and tidies up, as long as the cloud is there.
async fn keep_time(cloud: Weak<Cloud>) {
    let mut tidy_at = 0;
    loop {
        let Some(open) = cloud.upgrade() else { return };
        let (clock, replanned) = (open.clock.clone(), Arc::clone(&open.replanned));
        let mut told = std::pin::pin!(replanned.notified());
        told.as_mut().enable();
        let mut outcome = open.fire_due().await;
        if outcome.is_ok() && tidy_at <= clock.now_ms() {
            tidy_at = clock.now_ms() + TIDY_EVERY_MS;
            outcome = open.tidy().await;
        }
        if let Err(refusal) = outcome {
            tracing::error!(%refusal, "the emulated cloud stops firing schedules");
            return;
        }
        let next = open
            .next_schedule_at()
            .map_or(tidy_at, |at| at.min(tidy_at));
        // Nothing is held while waiting, so that the embedding program can close the cloud.
        drop(open);
        tokio::select! {
            () = told => {}
            () = clock.sleep_until(next) => {}
        }
    }
}

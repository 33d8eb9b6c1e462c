//! Credit feeds: the sources and their batches, in the table `workers`. What batches hold is in a bucket.
//!
//! A batch is `received` until all its parts are there and its turn has come; `applying` once it is split into
//! shards, each with all rows of some workers; `applied` when every shard is done. What a source may announce next
//! is decided on its own item ([`domain::feed::Source`]) under its version, together with the batch that changes.

mod item;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::chain::Hash;
use domain::feed::{BatchId, Link, Manifest, Source, Turn, Unfit};
use domain::id::SourceId;
use domain::time::Millis;
use settings::Settings;

use crate::key::{Attributes, Key};
use crate::transaction::{self, Committed, pause};
use crate::{Error, batch};

const CALL: &str = "TransactWriteItems";
const UPDATE: &str = "UpdateItem";
/// How many rejected rows a page of a batch's report has.
pub const REPORT_PAGE: usize = 1_000;
/// How often a change of a source is decided anew that another one got in the way of.
const ROUNDS: u32 = 20;

/// The sources and their batches.
#[derive(Clone, Debug)]
pub struct Feeds {
    client: Client,
    table: String,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Announced; its parts come in, or it waits for its turn.
    Received,
    /// Split into so many shards, which are being applied.
    Applying,
    /// Done with.
    Applied,
    /// Its parts are not what it says.
    Refused,
}

impl BatchState {
    /// Its name in items and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Refused => "refused",
        }
    }
}

/// A batch as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What was announced.
    pub manifest: Manifest,
    /// The hash of that.
    pub manifest_sha256: Hash,
    /// When that was.
    pub received_at: Millis,
    /// How far it is.
    pub state: BatchState,
    /// Why it is refused.
    pub detail: Option<String>,
    /// The parts that are there.
    pub parts: BTreeSet<u32>,
    /// How many shards it was split into; 0 until then.
    pub shards: u32,
    /// The shards that are done, from 1.
    pub done: BTreeSet<u32>,
    /// Shards of which there are rejected rows; 0 is the splitting itself.
    pub with_rejected: BTreeSet<u32>,
    /// What became of its rows so far.
    pub counts: Counts,
    /// When it was applied.
    pub applied_at: Option<Millis>,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Recorded.
    pub applied: u64,
    /// Good, and not newer than what the source had said.
    pub unchanged: u64,
    /// Bad.
    pub rejected: u64,
}

impl Batch {
    /// Whether all its parts are there.
    pub fn is_complete(&self) -> bool {
        self.numbering().is_some()
    }

    /// The numbers of its parts in their order, once all are there. They count from 1; those of a source that
    /// counts from 0 are taken too.
    pub fn numbering(&self) -> Option<std::ops::Range<u32>> {
        let parts = self.manifest.parts;
        [1..parts + 1, 0..parts]
            .into_iter()
            .find(|numbers| numbers.clone().all(|n| self.parts.contains(&n)))
    }

    /// Whether all its shards are done.
    pub fn is_done(&self) -> bool {
        self.shards > 0 && self.done.len() == self.shards as usize
    }
}

/// What announcing a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It is stored.
    New(Box<Batch>),
    /// The same manifest was announced before; this is how the batch stands.
    Again(Box<Batch>),
    /// Another batch of the source has this name.
    NameTaken,
    /// It does not follow what the source announced before.
    Unfit(Unfit),
}

/// A batch and its source, read together.
#[derive(Clone, Debug)]
pub struct Found {
    /// The batch.
    pub batch: Batch,
    /// Where it stands among its source's.
    pub turn: Turn,
    source: Source,
    version: u64,
}

impl Found {
    /// Whether its place was announced anew, so that nothing will become of it.
    pub fn is_replaced(&self) -> bool {
        let waits = matches!(self.batch.state, BatchState::Received | BatchState::Refused);
        waits && self.turn == Turn::Over
    }
}

impl Feeds {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            table: settings.text("WORKERS_TABLE"),
        }
    }

    /// Stores a batch, if it follows what its source announced before. `signed` is the manifest's signed form.
    ///
    /// # Errors
    /// When it was not stored, or that is not known; announcing it again is harmless.
    pub async fn announce(
        &self,
        manifest: &Manifest,
        signed: &[u8],
        now: Millis,
    ) -> Result<Announced, Error> {
        let hash = domain::feed::manifest_hash(signed);
        let (source, id) = (&manifest.source, &manifest.batch_id);
        for round in 0..ROUNDS {
            pause(round, id.as_str()).await;
            let (batches, standing, version) = self.read(source, id).await?;
            if let Some(known) = batches {
                return Ok(if known.manifest_sha256 == hash {
                    Announced::Again(Box::new(known))
                } else {
                    Announced::NameTaken
                });
            }
            let link = Link::of(manifest, hash);
            let after = match standing.announced(link, manifest.prev_sha256) {
                Ok(after) => after,
                Err(unfit) => return Ok(Announced::Unfit(unfit)),
            };
            let item = item::new_batch(manifest, signed, hash, now)?;
            let writes = vec![
                transaction::put_new(&self.table, item.clone())?,
                self.source_write(source, &after, version)?,
            ];
            if self.committed(writes).await? {
                let stored = item::read_batch(item)?;
                return Ok(Announced::New(Box::new(stored)));
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// A batch with its turn, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find(&self, source: &SourceId, id: &BatchId) -> Result<Option<Found>, Error> {
        let (batch, source, version) = self.read(source, id).await?;
        Ok(batch.map(|batch| Found {
            turn: source.turn(id),
            batch,
            source,
            version,
        }))
    }

    /// The batch of a source whose turn it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn next(&self, source: &SourceId) -> Result<Option<BatchId>, Error> {
        let source = self.source(source).await?;
        Ok(source.and_then(|source| source.next().map(|link| link.batch_id.clone())))
    }

    /// The batch that a source announced last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn last(&self, source: &SourceId) -> Result<Option<Link>, Error> {
        let source = self.source(source).await?;
        Ok(source.and_then(|source| source.last().cloned()))
    }

    async fn source(&self, source: &SourceId) -> Result<Option<Source>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::feed_source(source).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        let found = answer.item.map(item::read_source).transpose()?;
        Ok(found.map(|(source, _)| source))
    }

    /// Notes that a part is there. A refused batch is received again with it. `None` when the batch takes no parts
    /// any more.
    ///
    /// # Errors
    /// When it was not noted, or that is not known; noting it again is harmless.
    pub async fn part_received(
        &self,
        source: &SourceId,
        id: &BatchId,
        part: u32,
    ) -> Result<Option<Batch>, Error> {
        let number = AttributeValue::Ns(vec![part.to_string()]);
        let changed = self
            .update(source, id)
            .update_expression("ADD #got :part SET #st = :received REMOVE #dt")
            .condition_expression("#st IN (:received, :refused)")
            .expression_attribute_names("#got", item::PARTS)
            .expression_attribute_names("#st", item::STATE)
            .expression_attribute_names("#dt", item::DETAIL)
            .expression_attribute_values(":part", number)
            .expression_attribute_values(":received", state(BatchState::Received))
            .expression_attribute_values(":refused", state(BatchState::Refused))
            .send()
            .await;
        match changed {
            Ok(changed) => changed.attributes.map(item::read_batch).transpose(),
            Err(error) if is_refused(&error) => Ok(None),
            Err(error) => Err(Error::call(UPDATE, error)),
        }
    }

    /// The batch, whose turn it is, is split into shards. False when somebody else has gone on with it.
    ///
    /// # Errors
    /// When that was not written, or that is not known.
    pub async fn start(&self, found: &Found, shards: u32, counts: Counts) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Applying;
            batch.detail = None;
            batch.shards = shards;
            batch.counts = counts;
            if counts.rejected > 0 {
                batch.with_rejected.insert(0);
            }
            (batch, found.source.next_refused(false))
        })
        .await
    }

    /// The batch, whose turn it is, is not what it says. False when somebody else has gone on with it.
    ///
    /// # Errors
    /// When that was not written, or that is not known.
    pub async fn refuse(&self, found: &Found, detail: &str) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Refused;
            batch.detail = Some(detail.to_owned());
            (batch, found.source.next_refused(true))
        })
        .await
    }

    /// A shard is done. Answers how the batch stands now; if the shard had been done before, nothing changes.
    ///
    /// # Errors
    /// When it was not noted, or that is not known; noting it again is harmless.
    pub async fn shard_done(
        &self,
        source: &SourceId,
        id: &BatchId,
        shard: u32,
        counts: Counts,
    ) -> Result<Option<Batch>, Error> {
        let number = |n: u64| AttributeValue::N(n.to_string());
        let one = AttributeValue::Ns(vec![shard.to_string()]);
        let rejects = counts.rejected > 0;
        let adds = "ADD #done :one, #ap :ap, #un :un, #rj :rj";
        let mut update = self
            .update(source, id)
            .update_expression(if rejects {
                format!("{adds}, #rs :one")
            } else {
                adds.to_owned()
            })
            .condition_expression("#st = :applying AND NOT contains(#done, :shard)")
            .expression_attribute_names("#st", item::STATE)
            .expression_attribute_names("#done", item::DONE)
            .expression_attribute_names("#ap", item::APPLIED)
            .expression_attribute_names("#un", item::UNCHANGED)
            .expression_attribute_names("#rj", item::REJECTED)
            .expression_attribute_values(":applying", state(BatchState::Applying))
            .expression_attribute_values(":one", one)
            .expression_attribute_values(":shard", number(shard.into()))
            .expression_attribute_values(":ap", number(counts.applied))
            .expression_attribute_values(":un", number(counts.unchanged))
            .expression_attribute_values(":rj", number(counts.rejected));
        if rejects {
            update = update.expression_attribute_names("#rs", item::WITH_REJECTED);
        }
        match update.send().await {
            Ok(changed) => changed.attributes.map(item::read_batch).transpose(),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    failed.item.clone().map(item::read_batch).transpose()
                }
                _ => Err(Error::call(UPDATE, error)),
            },
        }
    }

    /// All shards of the batch, whose turn it is, are done. False when somebody else has gone on with it.
    ///
    /// # Errors
    /// When that was not written, or that is not known.
    pub async fn finish(&self, found: &Found, now: Millis) -> Result<bool, Error> {
        self.turned(found, |found| {
            let mut batch = found.batch.clone();
            batch.state = BatchState::Applied;
            batch.applied_at = Some(now);
            (batch, found.source.next_applied())
        })
        .await
    }

    /// Writes the batch whose turn it is and its source as `change` says. Others may be announced meanwhile; when the
    /// batch itself is in another state than it was found in, nothing is written.
    async fn turned(
        &self,
        found: &Found,
        change: impl Fn(&Found) -> (Batch, Source),
    ) -> Result<bool, Error> {
        let (source, id) = (&found.batch.manifest.source, &found.batch.manifest.batch_id);
        let mut now = found.clone();
        for round in 0..ROUNDS {
            pause(round, id.as_str()).await;
            if now.turn != Turn::Next {
                return Ok(false);
            }
            let (batch, after) = change(&now);
            let key = Key::feed_batch(source, id);
            let writes = vec![
                item::change(&self.table, key, &now.batch, &batch)?,
                self.source_write(source, &after, now.version)?,
            ];
            if self.committed(writes).await? {
                return Ok(true);
            }
            match self.find(source, id).await? {
                Some(again) if again.batch.state == found.batch.state => now = again,
                _ => return Ok(false),
            }
        }
        Err(Error::Busy { call: CALL })
    }

    async fn committed(
        &self,
        writes: Vec<aws_sdk_dynamodb::types::TransactWriteItem>,
    ) -> Result<bool, Error> {
        let committed = transaction::commit(&self.client, writes).await?;
        Ok(matches!(committed, Committed::Done))
    }

    /// The source as it is to be, if it has this version; 0 if it must not be there yet.
    fn source_write(
        &self,
        id: &SourceId,
        source: &Source,
        version: u64,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, Error> {
        let item = item::write_source(id, source, version + 1)?;
        if version == 0 {
            return transaction::put_new(&self.table, item);
        }
        let version = AttributeValue::N(version.to_string());
        let condition = Some(("v = :v", vec![(":v", version)]));
        transaction::put(&self.table, item, condition)
    }

    async fn read(
        &self,
        source: &SourceId,
        id: &BatchId,
    ) -> Result<(Option<Batch>, Source, u64), Error> {
        let batch_key = Key::feed_batch(source, id);
        let keys = [Key::feed_source(source), batch_key.clone()];
        let keys = keys.map(|key| (self.table.as_str(), key));
        let (mut batch, mut standing, mut version) = (None, Source::default(), 0);
        for found in batch::get(&self.client, keys).await? {
            if Key::of(&found).as_ref() == Some(&batch_key) {
                batch = Some(item::read_batch(found)?);
            } else {
                (standing, version) = item::read_source(found)?;
            }
        }
        Ok((batch, standing, version))
    }

    /// A change of a batch that answers all of it, as it is now or as it was if its condition fails.
    fn update(
        &self,
        source: &SourceId,
        id: &BatchId,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::feed_batch(source, id).attributes()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

fn state(state: BatchState) -> AttributeValue {
    AttributeValue::S(state.as_str().to_owned())
}

fn is_refused<R>(error: &aws_sdk_dynamodb::error::SdkError<UpdateItemError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// The number set of an item; DynamoDB has none that is empty.
fn numbers(item: &Attributes, name: &str) -> Result<BTreeSet<u32>, Error> {
    match item.get(name) {
        None => Ok(BTreeSet::new()),
        Some(AttributeValue::Ns(numbers)) => numbers
            .iter()
            .map(|n| {
                n.parse()
                    .map_err(|_| Error::wrong("a batch counts no whole numbers"))
            })
            .collect(),
        Some(_) => Err(Error::wrong("a batch counts no numbers")),
    }
}

//! The streams that functions are triggered by: of our tables, or of another cloud's.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record as OtherRecord, ShardIteratorType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynoxide::actions::get_records::Record;
use local_cloud::Cloud;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::dynamo::{StreamReader, Writes};

/// Records come at once after a write of ours; this is for those that nobody told of.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Nobody tells of another cloud's writes. Lambda looks four times a second.
const LOOK_ELSEWHERE: Duration = Duration::from_millis(100);

/// A change of a table.
pub(crate) struct Change {
    pub(crate) sequence_number: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// What Lambda hands to functions, but for region and stream.
    pub(crate) record: Value,
}

/// What one look at a stream found.
pub(crate) struct Found {
    /// What a function should hear of.
    pub(crate) changes: Vec<Change>,
    /// Up to where the stream was read; `None` if there was nothing.
    pub(crate) end: Option<String>,
}

/// A stream, and how far it has been read.
pub(crate) enum ChangeFeed {
    /// Of one of our tables.
    Ours(OurFeed),
    /// Of a table of another cloud.
    Other(OtherFeed),
}

/// A stream of ours.
pub(crate) struct OurFeed {
    cloud: Arc<Cloud>,
    reader: StreamReader,
    writes: Writes,
    told: watch::Receiver<u64>,
    position: String,
    caught_up: Arc<AtomicU64>,
}

/// A stream of another cloud. Where it was read up to is not kept: another start reads it from
/// the beginning, and what functions do with changes bears repeating.
pub(crate) struct OtherFeed {
    client: aws_sdk_dynamodbstreams::Client,
    shard: String,
    iterator: String,
    empty_looks: Arc<AtomicU64>,
}

impl ChangeFeed {
    /// How far it has been read. Of a stream of ours: the count of writes up to which everything is
    /// done. Of another's: how many looks found nothing more.
    pub(crate) fn caught_up(&self) -> Arc<AtomicU64> {
        match self {
            Self::Ours(feed) => Arc::clone(&feed.caught_up),
            Self::Other(feed) => Arc::clone(&feed.empty_looks),
        }
    }

    /// The stream's one shard, as give-ups name it.
    pub(crate) fn shard(&self) -> &str {
        match self {
            Self::Ours(feed) => &feed.reader.shard,
            Self::Other(feed) => &feed.shard,
        }
    }

    /// The next changes, at most `limit`.
    pub(crate) async fn next(&mut self, limit: usize) -> Result<Found> {
        match self {
            Self::Ours(feed) => feed.next(limit),
            Self::Other(feed) => feed.next(limit).await,
        }
    }

    /// Waits until another look may find more.
    pub(crate) async fn wait(&mut self) {
        match self {
            Self::Ours(feed) => {
                let seen = feed.caught_up.load(Ordering::SeqCst);
                let more = feed.told.wait_for(|count| *count > seen);
                let _ = tokio::time::timeout(LOOK_AGAIN, more).await;
            }
            Self::Other(_) => tokio::time::sleep(LOOK_ELSEWHERE).await,
        }
    }

    /// Everything up to `end` is done.
    pub(crate) async fn done(&self, end: &str) {
        if let Self::Ours(feed) = self
            && let Err(error) = feed.cloud.note_put(&feed.position, end).await
        {
            tracing::error!(%error, "a stream's position cannot be kept");
        }
    }
}

impl OurFeed {
    /// Goes on where `reader` stands; the position is kept under `position`.
    pub(crate) fn new(
        cloud: &Arc<Cloud>,
        reader: StreamReader,
        writes: &Writes,
        position: String,
    ) -> Self {
        Self {
            cloud: Arc::clone(cloud),
            reader,
            writes: writes.clone(),
            told: writes.subscribe(),
            position,
            // Unlike any count, until the first look has found nothing more.
            caught_up: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    fn next(&mut self, limit: usize) -> Result<Found> {
        let count = self.writes.count();
        let records = self.reader.next(limit)?;
        let end = records
            .last()
            .map(|record| record.dynamodb.sequence_number.clone());
        if end.is_none() {
            self.caught_up.store(count, Ordering::SeqCst);
        }
        let changes = records.iter().filter(|record| is_change(record)).map(ours);
        Ok(Found {
            changes: changes.collect(),
            end,
        })
    }
}

impl OtherFeed {
    /// Reads the stream from its beginning.
    pub(crate) async fn new(client: aws_sdk_dynamodbstreams::Client, stream: &str) -> Result<Self> {
        let described = client.describe_stream().stream_arn(stream).send().await?;
        let shards = described
            .stream_description
            .and_then(|description| description.shards)
            .unwrap_or_default();
        ensure!(
            shards.len() == 1,
            "{stream} has {} shards: only a stream of one is read here",
            shards.len()
        );
        let shard = shards.into_iter().next().and_then(|shard| shard.shard_id);
        let shard = shard.context("a shard has no id")?;
        let iterator = client
            .get_shard_iterator()
            .stream_arn(stream)
            .shard_id(&shard)
            .shard_iterator_type(ShardIteratorType::TrimHorizon)
            .send()
            .await?;
        Ok(Self {
            client,
            iterator: iterator
                .shard_iterator
                .context("the stream gives no iterator")?,
            shard,
            empty_looks: Arc::default(),
        })
    }

    async fn next(&mut self, limit: usize) -> Result<Found> {
        let answer = self
            .client
            .get_records()
            .shard_iterator(&self.iterator)
            .limit(i32::try_from(limit)?)
            .send()
            .await?;
        self.iterator = answer
            .next_shard_iterator
            .context("the stream's shard is closed: only a stream of one is read here")?;
        let records = answer.records.unwrap_or_default();
        let changes: Vec<Change> = records.iter().map(other).collect::<Result<_>>()?;
        if changes.is_empty() {
            self.empty_looks.fetch_add(1, Ordering::SeqCst);
        }
        Ok(Found {
            end: changes.last().map(|last| last.sequence_number.clone()),
            changes,
        })
    }
}

/// The database records writes that change nothing; DynamoDB does not.
fn is_change(record: &Record) -> bool {
    record.event_name != "MODIFY" || record.dynamodb.new_image != record.dynamodb.old_image
}

fn ours(record: &Record) -> Change {
    Change {
        sequence_number: record.dynamodb.sequence_number.clone(),
        at_ms: (record.dynamodb.approximate_creation_date_time * 1000.0) as i64,
        record: serde_json::to_value(record).unwrap_or_default(),
    }
}

fn other(record: &OtherRecord) -> Result<Change> {
    let change = record
        .dynamodb()
        .context("a record tells of no change of a table")?;
    let sequence_number = change
        .sequence_number()
        .context("a record has no sequence number")?;
    let at_ms = match change.approximate_creation_date_time() {
        Some(at) => at.to_millis()?,
        None => 0,
    };
    let mut dynamodb = json!({
        // In seconds: milliseconds since 1970 are far below 2^53.
        "ApproximateCreationDateTime": at_ms as f64 / 1000.0,
        "SequenceNumber": sequence_number,
        "SizeBytes": change.size_bytes(),
        "StreamViewType": change.stream_view_type().map(|view| view.as_str()),
    });
    for (name, image) in [
        ("Keys", change.keys()),
        ("NewImage", change.new_image()),
        ("OldImage", change.old_image()),
    ] {
        if let Some(image) = image {
            dynamodb[name] = item(image)?;
        }
    }
    let mut value = json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(|name| name.as_str()),
        "eventVersion": record.event_version(),
        "eventSource": "aws:dynamodb",
        "dynamodb": dynamodb,
    });
    if let Some(who) = record.user_identity() {
        value["userIdentity"] = json!({ "type": who.r#type(), "principalId": who.principal_id() });
    }
    Ok(Change {
        sequence_number: sequence_number.to_owned(),
        at_ms,
        record: value,
    })
}

fn item(image: &HashMap<String, AttributeValue>) -> Result<Value> {
    image
        .iter()
        .map(|(name, attribute)| Ok((name.clone(), value(attribute)?)))
        .collect::<Result<Map<_, _>>>()
        .map(Value::Object)
}

/// An attribute in DynamoDB's JSON.
fn value(attribute: &AttributeValue) -> Result<Value> {
    Ok(match attribute {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::Null(is_null) => json!({ "NULL": is_null }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(several) => {
            let encoded: Vec<String> = several.iter().map(|bytes| STANDARD.encode(bytes)).collect();
            json!({ "BS": encoded })
        }
        AttributeValue::L(list) => {
            let values: Vec<Value> = list.iter().map(value).collect::<Result<_>>()?;
            json!({ "L": values })
        }
        AttributeValue::M(map) => json!({ "M": item(map)? }),
        unknown => anyhow::bail!("an attribute of an unknown kind: {unknown:?}"),
    })
}

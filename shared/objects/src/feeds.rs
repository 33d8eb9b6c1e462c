//! What batches of credit records hold: parts as they came, shards with the rows of some workers, rejected rows, and
//! the pages of the report on them.

use domain::feed::{BatchId, Rejected, Row};
use domain::id::{SourceId, WorkerId};
use s3::{Bucket, Over};
use sealing::SealingKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::Error;

/// Tells this use of a secret from any other.
const LABEL: &str = "homehail feed objects v1";

/// The objects of batches. Parts have ID numbers, so all are sealed, with the object's key as associated data, so that
/// none can be put in another's place.
#[derive(Debug)]
pub struct FeedObjects {
    bucket: Bucket,
    key: SealingKey,
}

/// All rows of a batch about some workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRows {
    pub workers: Vec<WorkerRows>,
}

/// All rows of a batch about one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRows {
    pub worker: WorkerId,
    /// What is said of her: the newest row of each section.
    pub rows: Vec<Row>,
    /// The lines of the other good rows about her, which say nothing new beside them.
    #[serde(default)]
    pub unchanged: Vec<u32>,
}

impl FeedObjects {
    pub fn new(settings: &Settings) -> Self {
        Self {
            bucket: Bucket::new(settings, "FEED_BUCKET"),
            key: SealingKey(settings.key("FEED_KEY", LABEL)),
        }
    }

    /// Stores a part as it came.
    pub async fn put_part(
        &self,
        source: &SourceId,
        batch: &BatchId,
        part: u32,
        content: Vec<u8>,
    ) -> Result<(), Error> {
        self.put(object_key(source, batch, "parts", part), content)
            .await
    }

    /// A part as it came, if it is there.
    pub async fn part(
        &self,
        source: &SourceId,
        batch: &BatchId,
        part: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.get(object_key(source, batch, "parts", part)).await
    }

    /// Stores a shard, from 1.
    pub async fn put_shard(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
        rows: &ShardRows,
    ) -> Result<(), Error> {
        let key = object_key(source, batch, "shards", shard);
        self.put(key, serde_json::to_vec(rows)?).await
    }

    /// # Errors
    /// When it cannot be read, or is not there.
    pub async fn shard(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
    ) -> Result<ShardRows, Error> {
        self.read(object_key(source, batch, "shards", shard)).await
    }

    /// Stores what a shard rejected; 0 is the splitting.
    pub async fn put_rejected(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
        rejected: &[Rejected],
    ) -> Result<(), Error> {
        let key = object_key(source, batch, "rejected", shard);
        self.put(key, serde_json::to_vec(rejected)?).await
    }

    /// What a shard rejected.
    ///
    /// # Errors
    /// When it cannot be read, or is not there.
    pub async fn rejected(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
    ) -> Result<Vec<Rejected>, Error> {
        self.read(object_key(source, batch, "rejected", shard))
            .await
    }

    /// Stores a page of the report, from 0.
    pub async fn put_report(
        &self,
        source: &SourceId,
        batch: &BatchId,
        page: u32,
        rejected: &[Rejected],
    ) -> Result<(), Error> {
        let key = object_key(source, batch, "report", page);
        self.put(key, serde_json::to_vec(rejected)?).await
    }

    /// A page of the report.
    ///
    /// # Errors
    /// When it cannot be read, or is not there.
    pub async fn report(
        &self,
        source: &SourceId,
        batch: &BatchId,
        page: u32,
    ) -> Result<Vec<Rejected>, Error> {
        self.read(object_key(source, batch, "report", page)).await
    }

    async fn put(&self, key: String, content: Vec<u8>) -> Result<(), Error> {
        let sealed = self.key.seal(key.as_bytes(), content)?;
        let put = self.bucket.put(&key, None, sealed, Over::Anything);
        put.await.map(|_| ())
    }

    async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        let found = self.bucket.get(&key).await?;
        found
            .map(|object| self.key.open(key.as_bytes(), &object.content))
            .transpose()
    }

    async fn read<T: DeserializeOwned>(&self, key: String) -> Result<T, Error> {
        let found = self.get(key).await?;
        let found = found.ok_or(Error::wrong("an object of a batch is missing"))?;
        Ok(serde_json::from_slice(&found)?)
    }
}

fn object_key(source: &SourceId, batch: &BatchId, kind: &str, number: u32) -> String {
    format!("{source}/{batch}/{kind}/{number:04}")
}

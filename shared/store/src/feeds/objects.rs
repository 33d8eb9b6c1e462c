//! What batches hold, as objects of a bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use domain::feed::{BatchId, Rejected, Row};
use domain::id::{SourceId, WorkerId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::{Error, aead};

/// Tells this use of a secret from any other.
const LABEL: &str = "homehail feed objects v1";

/// The objects of batches: parts as they came, shards with the rows of some workers, rejected rows. Parts have ID numbers,
/// so all are sealed: AES-256-GCM, the object's key as associated data, so that none can be put in another's place.
pub struct FeedObjects {
    s3: Client,
    bucket: String,
    key: [u8; 32],
}

/// Without the key.
impl std::fmt::Debug for FeedObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FeedObjects({})", self.bucket)
    }
}

/// All rows of a batch about some workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRows {
    /// The workers.
    pub workers: Vec<WorkerRows>,
}

/// All rows of a batch about one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRows {
    /// The worker.
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
            s3: settings.client(Client::new),
            bucket: settings.text("FEED_BUCKET"),
            key: settings.key("FEED_KEY", LABEL),
        }
    }

    /// Stores a part as it came.
    ///
    /// # Errors
    /// When it was not stored, or that is not known.
    pub async fn put_part(
        &self,
        source: &SourceId,
        batch: &BatchId,
        part: u32,
        content: Vec<u8>,
    ) -> Result<(), Error> {
        self.put(part_key(source, batch, part), content).await
    }

    /// A part as it came, if it is there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn part(
        &self,
        source: &SourceId,
        batch: &BatchId,
        part: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.get(part_key(source, batch, part)).await
    }

    /// Stores a shard, from 1.
    ///
    /// # Errors
    /// When it was not stored, or that is not known.
    pub async fn put_shard(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
        rows: &ShardRows,
    ) -> Result<(), Error> {
        self.put(shard_key(source, batch, shard), json(rows)?).await
    }

    /// A shard.
    ///
    /// # Errors
    /// When it cannot be read, or is not there.
    pub async fn shard(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
    ) -> Result<ShardRows, Error> {
        self.read(shard_key(source, batch, shard)).await
    }

    /// Stores what a shard rejected; 0 is the splitting.
    ///
    /// # Errors
    /// When it was not stored, or that is not known.
    pub async fn put_rejected(
        &self,
        source: &SourceId,
        batch: &BatchId,
        shard: u32,
        rejected: &[Rejected],
    ) -> Result<(), Error> {
        let key = format!("{}/rejected/{shard:04}", folder(source, batch));
        self.put(key, json(&rejected)?).await
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
        let key = format!("{}/rejected/{shard:04}", folder(source, batch));
        self.read(key).await
    }

    /// Stores a page of the report, from 0.
    ///
    /// # Errors
    /// When it was not stored, or that is not known.
    pub async fn put_report(
        &self,
        source: &SourceId,
        batch: &BatchId,
        page: u32,
        rejected: &[Rejected],
    ) -> Result<(), Error> {
        let key = format!("{}/report/{page:04}", folder(source, batch));
        self.put(key, json(&rejected)?).await
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
        let key = format!("{}/report/{page:04}", folder(source, batch));
        self.read(key).await
    }

    async fn put(&self, key: String, content: Vec<u8>) -> Result<(), Error> {
        let sealed = aead::seal(&self.key, key.as_bytes(), content)?;
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(ByteStream::from(sealed))
            .send()
            .await
            .map_err(|error| Error::call("PutObject", error))?;
        Ok(())
    }

    async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        const CALL: &str = "GetObject";
        let answer = self.s3.get_object().bucket(&self.bucket).key(&key).send();
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                let is_missing = error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key);
                return if is_missing {
                    Ok(None)
                } else {
                    Err(Error::call(CALL, error))
                };
            }
        };
        let body = answer.body.collect().await;
        let body = body.map_err(|error| Error::cut_off(CALL, error))?;
        aead::open(&self.key, key.as_bytes(), &body.to_vec()).map(Some)
    }

    async fn read<T: DeserializeOwned>(&self, key: String) -> Result<T, Error> {
        let found = self.get(key).await?;
        let found = found.ok_or(Error::wrong("an object of a batch is missing"))?;
        serde_json::from_slice(&found).map_err(|_| Error::wrong("an object cannot be read"))
    }
}

fn folder(source: &SourceId, batch: &BatchId) -> String {
    format!("{source}/{batch}")
}

fn part_key(source: &SourceId, batch: &BatchId, part: u32) -> String {
    format!("{}/parts/{part:04}", folder(source, batch))
}

fn shard_key(source: &SourceId, batch: &BatchId, shard: u32) -> String {
    format!("{}/shards/{shard:04}", folder(source, batch))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|_| Error::wrong("an object cannot be written"))
}

//! Batches of credit records, to be applied.

use domain::feed::BatchId;
use domain::id::SourceId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Unreadable, kind, read, write};
use crate::Error;

const SPLIT: &str = "feed_split";
const SHARD: &str = "feed_shard";

/// A batch of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedBatch {
    pub source: SourceId,
    pub batch_id: BatchId,
    /// The moment after which it is not worth repeating.
    pub until: Millis,
    /// How often it has gone through the dead letters.
    #[serde(default)]
    pub redrives: u32,
}

#[derive(Serialize, Deserialize)]
struct Shard {
    #[serde(flatten)]
    batch: FeedBatch,
    shard: u32,
}

/// What the feed queue carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedMessage {
    /// A batch to be taken up: split if it is complete and its turn has come, gone on with if it is split.
    Split(FeedBatch),
    /// A shard of a batch to be applied, from 1.
    Shard(FeedBatch, u32),
}

impl FeedMessage {
    /// The batch in it.
    pub fn batch(&self) -> &FeedBatch {
        match self {
            Self::Split(batch) | Self::Shard(batch, _) => batch,
        }
    }

    /// The batch in it, to be changed.
    pub fn batch_mut(&mut self) -> &mut FeedBatch {
        match self {
            Self::Split(batch) | Self::Shard(batch, _) => batch,
        }
    }

    pub fn body(&self) -> Result<String, Error> {
        match self {
            Self::Split(batch) => write(SPLIT, batch),
            Self::Shard(batch, shard) => write(
                SHARD,
                &Shard {
                    batch: batch.clone(),
                    shard: *shard,
                },
            ),
        }
    }

    /// From a message's body.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        match kind(text)?.as_str() {
            SPLIT => read(text).map(Self::Split),
            SHARD => {
                let Shard { batch, shard } = read(text)?;
                Ok(Self::Shard(batch, shard))
            }
            other => Err(Unreadable::Kind(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"kind":"feed_split","v":1,"source":"harbin-credit","batch_id":"2026-11-23","until":1800000180000,"redrives":1}"#;
    const SHARD_BODY: &str = r#"{"kind":"feed_shard","v":1,"source":"harbin-credit","batch_id":"2026-11-23","until":1800000180000,"redrives":1,"shard":7}"#;

    #[test]
    fn messages_of_feeds_are_written_and_read() {
        let batch = FeedBatch {
            source: "harbin-credit".parse().unwrap(),
            batch_id: "2026-11-23".parse().unwrap(),
            until: Millis(1_800_000_180_000),
            redrives: 1,
        };
        for (message, body) in [
            (FeedMessage::Split(batch.clone()), BODY),
            (FeedMessage::Shard(batch, 7), SHARD_BODY),
        ] {
            assert_eq!(message.body().unwrap(), body);
            assert_eq!(FeedMessage::parse(body).unwrap(), message);
        }
        assert!(FeedMessage::parse(&BODY.replace("split", "shards")).is_err());
        let first = FeedMessage::parse(&BODY.replace(r#","redrives":1"#, "")).unwrap();
        assert_eq!(first.batch().redrives, 0);
    }
}

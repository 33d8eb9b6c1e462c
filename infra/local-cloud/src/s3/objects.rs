//! Buckets and their objects, without the objects' bytes.
//!
//! Versions are not emulated. Under object lock, AWS would keep a replaced or deleted object as an older version;
//! here replacing and deleting are refused.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::journal::{self, Kind};
use crate::refusal::Refusal;
use crate::transaction::Transaction;

/// S3: a key has at most 1,024 bytes.
const MAX_KEY_BYTES: usize = 1_024;

#[derive(Default)]
struct Bucket {
    /// Whether the embedding program has made it at this start.
    exists: bool,
    locked: bool,
    objects: BTreeMap<String, Object>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Its file's name, which is never reused.
    pub(crate) id: String,
    /// When it was written, in milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) size: usize,
    /// MD5 in hexadecimal, without quotes.
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    /// CRC-32 in base64, if the writer sent it.
    pub(crate) crc32: Option<String>,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Always,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match`, an ETag without quotes.
    Is(String),
}

/// All buckets of the account.
#[derive(Default)]
pub(crate) struct Objects {
    buckets: BTreeMap<String, Bucket>,
}

impl Objects {
    /// Reads the objects back from the journal; the embedding program makes the buckets at every start.
    pub(crate) fn load(file: &Connection) -> Result<Self, Error> {
        let mut this = Self::default();
        for (_, object) in journal::documents::<Object>(file, Kind::Object)? {
            let bucket = this.buckets.entry(object.bucket.clone()).or_default();
            bucket.objects.insert(object.key.clone(), object);
        }
        Ok(this)
    }

    /// The ids of all objects.
    pub(crate) fn ids(&self) -> HashSet<&str> {
        let objects = self.buckets.values().flat_map(|b| b.objects.values());
        objects.map(|object| object.id.as_str()).collect()
    }

    /// Makes a bucket; object lock retains what is in it if it is `locked`.
    pub(crate) fn add_bucket(&mut self, name: &str, locked: bool) {
        let bucket = self.buckets.entry(name.to_owned()).or_default();
        bucket.exists = true;
        bucket.locked = locked;
    }

    fn bucket(&self, name: &str) -> Result<&Bucket, Refusal> {
        let bucket = self.buckets.get(name).filter(|bucket| bucket.exists);
        bucket.ok_or_else(|| {
            Refusal::new(
                "NoSuchBucket",
                format!("The specified bucket does not exist: {name}"),
            )
        })
    }

    /// Whether objects are locked; S3 wants a checksum then.
    pub(crate) fn is_locked(&self, bucket: &str) -> Result<bool, Refusal> {
        Ok(self.bucket(bucket)?.locked)
    }

    /// Writes an object whose bytes lie under its id already. Answers the id of the one that it replaces.
    pub(crate) fn put(
        &mut self,
        object: Object,
        condition: &Condition,
        transaction: &mut Transaction,
    ) -> Result<Option<String>, Refusal> {
        if object.key.len() > MAX_KEY_BYTES {
            return Err(Refusal::new("KeyTooLongError", "Your key is too long"));
        }
        let bucket = self.bucket(&object.bucket)?;
        let before = bucket.objects.get(&object.key);
        match (condition, before) {
            (Condition::Always, _) | (Condition::Absent, None) => {}
            (Condition::Is(etag), Some(before)) if *etag == before.etag => {}
            (Condition::Is(_), None) => return Err(no_key()),
            (Condition::Absent | Condition::Is(_), Some(_)) => {
                return Err(Refusal::new(
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                ));
            }
        }
        if bucket.locked && before.is_some() {
            return Err(stays());
        }
        let before = before.map(|before| before.id.clone());
        if let Some(before) = &before {
            transaction.remove(Kind::Object, before);
        }
        transaction.put(Kind::Object, &object.id, &object);
        if let Some(bucket) = self.buckets.get_mut(&object.bucket) {
            bucket.objects.insert(object.key.clone(), object);
        }
        Ok(before)
    }

    /// Deletes an object and answers its id. One that is not there counts as deleted.
    pub(crate) fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        transaction: &mut Transaction,
    ) -> Result<Option<String>, Refusal> {
        if self.bucket(bucket)?.locked {
            return Err(stays());
        }
        let bucket = self.buckets.get_mut(bucket);
        let Some(object) = bucket.and_then(|bucket| bucket.objects.remove(key)) else {
            return Ok(None);
        };
        transaction.remove(Kind::Object, &object.id);
        Ok(Some(object.id))
    }

    pub(crate) fn get(&self, bucket: &str, key: &str) -> Result<Object, Refusal> {
        let object = self.bucket(bucket)?.objects.get(key);
        object.cloned().ok_or_else(no_key)
    }

    /// Up to `max` objects after the key `after`, in the order of their keys' bytes, and whether more follow.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
        max: usize,
    ) -> Result<(Vec<&Object>, bool), Refusal> {
        let from = match after < prefix {
            true => Bound::Included(prefix),
            false => Bound::Excluded(after),
        };
        let objects = self
            .bucket(bucket)?
            .objects
            .range::<str, _>((from, Bound::Unbounded));
        let mut objects = objects
            .map(|(_, object)| object)
            .take_while(|object| object.key.starts_with(prefix));
        let page = objects.by_ref().take(max).collect();
        Ok((page, objects.next().is_some()))
    }
}

fn no_key() -> Refusal {
    Refusal::new("NoSuchKey", "The specified key does not exist.")
}

fn stays() -> Refusal {
    let what = "replacing or deleting an object under object lock, which makes a version,";
    Refusal::not_emulated("NotImplemented", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_pages() {
        let mut objects = Objects::default();
        objects.add_bucket("b", false);
        let mut transaction = Transaction::at(0);
        for key in ["a", "log/1", "log/2", "log/3", "z"] {
            let object = Object {
                bucket: "b".into(),
                key: key.into(),
                id: key.into(),
                at: 0,
                size: 0,
                etag: String::new(),
                content_type: None,
                crc32: None,
            };
            objects
                .put(object, &Condition::Always, &mut transaction)
                .unwrap();
        }
        let list = |prefix: &str, after: &str| {
            let (page, more) = objects.list("b", prefix, after, 2).unwrap();
            let keys: Vec<_> = page.iter().map(|object| object.key.clone()).collect();
            (keys.join(" "), more)
        };
        assert_eq!(list("", ""), ("a log/1".into(), true));
        assert_eq!(list("log/", ""), ("log/1 log/2".into(), true));
        assert_eq!(list("log/", "log/2"), ("log/3".into(), false));
        assert_eq!(list("", "log/3"), ("z".into(), false));
    }
}

//! Buckets, and the versions of their objects.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use crate::error::Error;
use crate::journal::{self, Kind};
use crate::random;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

const DAY_MS: i64 = 86_400_000;
/// S3: a key has at most 1,024 bytes.
const MAX_KEY_BYTES: usize = 1_024;

/// A bucket as a template describes it.
#[derive(Clone, Debug)]
pub struct BucketDescription<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether what is replaced or deleted is kept as an older version.
    pub versioned: bool,
    /// For how many days nobody can delete a version; `None`: no object lock.
    pub locked_days: Option<u32>,
}

#[derive(Default, Serialize, Deserialize)]
struct Settings {
    versioned: bool,
    locked_days: Option<u32>,
}

#[derive(Default)]
struct Bucket {
    settings: Settings,
    /// Versions by key, the newest last; never empty.
    objects: BTreeMap<String, Vec<Version>>,
}

/// A version of an object, or a marker that it was deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    bucket: String,
    key: String,
    /// Names the version and its file; clients know it in a bucket with versions.
    pub(super) id: String,
    seq: u64,
    /// When it was written, in milliseconds since the epoch.
    pub(super) at: i64,
    pub(super) is_marker: bool,
    pub(super) content: Content,
    /// Until when it cannot be deleted.
    pub(super) retain_until: Option<i64>,
}

/// What an object is, but for its bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) etag: String,
    /// Headers that come back as they were given: `content-type`, `cache-control`, `x-amz-meta-…`.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) checksum: Option<Checksum>,
}

/// What has to be the case for a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Always,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match`, an ETag without quotes.
    Is(String),
}

/// What came of a write or a deletion.
pub(super) struct Changed {
    /// The version's id, in a bucket that has versions.
    pub(super) version: Option<String>,
    /// Whether that version is a delete marker.
    pub(super) is_marker: bool,
    /// Versions that are gone, whose files can go.
    pub(super) gone: Vec<String>,
}

/// One object in a list.
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) at: i64,
    pub(super) size: u64,
    pub(super) etag: String,
}

/// A page of a list.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Listed>,
    pub(super) prefixes: Vec<String>,
    /// The last key or prefix, when more follow.
    pub(super) more_after: Option<String>,
}

/// All buckets of the account.
#[derive(Default)]
pub(crate) struct Objects {
    buckets: BTreeMap<String, Bucket>,
    next_seq: u64,
}

impl Objects {
    /// Reads everything back from the journal.
    pub(crate) fn load(file: &Connection) -> Result<Self, Error> {
        let mut this = Self::default();
        for (name, body) in journal::documents(file, Kind::Bucket)? {
            let settings = read(&body, || format!("bucket {name}"))?;
            this.buckets.entry(name).or_default().settings = settings;
        }
        for (id, body) in journal::documents(file, Kind::Object)? {
            let version: Version = read(&body, || format!("object version {id}"))?;
            this.next_seq = this.next_seq.max(version.seq + 1);
            let bucket = this.buckets.entry(version.bucket.clone()).or_default();
            let versions = bucket.objects.entry(version.key.clone()).or_default();
            versions.push(version);
        }
        for bucket in this.buckets.values_mut() {
            for versions in bucket.objects.values_mut() {
                versions.sort_by_key(|version| version.seq);
            }
        }
        Ok(this)
    }

    /// The ids of all versions that have bytes.
    pub(crate) fn ids(&self) -> HashSet<&str> {
        let objects = self
            .buckets
            .values()
            .flat_map(|bucket| bucket.objects.values());
        let versions = objects.flatten().filter(|version| !version.is_marker);
        versions.map(|version| version.id.as_str()).collect()
    }

    /// Makes a bucket, or gives one that exists these settings.
    pub(crate) fn provision(
        &mut self,
        description: &BucketDescription<'_>,
        transaction: &mut Transaction,
    ) {
        let settings = Settings {
            versioned: description.versioned,
            locked_days: description.locked_days,
        };
        transaction.put(Kind::Bucket, description.name, &settings);
        let bucket = self.buckets.entry(description.name.to_owned());
        bucket.or_default().settings = settings;
    }

    fn bucket(&self, name: &str) -> Result<&Bucket, Refusal> {
        self.buckets.get(name).ok_or_else(|| no_bucket(name))
    }

    /// Whether writing to this bucket takes a checksum or a digest: S3 wants one where retention is set.
    pub(super) fn wants_digest(&self, bucket: &str) -> Result<bool, Refusal> {
        Ok(self.bucket(bucket)?.settings.locked_days.is_some())
    }

    /// Writes an object whose bytes lie under `id` already.
    pub(super) fn put(
        &mut self,
        (bucket, key): (&str, &str),
        id: String,
        content: Content,
        condition: &Condition,
        transaction: &mut Transaction,
    ) -> Result<Changed, Refusal> {
        if key.len() > MAX_KEY_BYTES {
            return Err(Refusal::new("KeyTooLongError", "Your key is too long"));
        }
        let there = current(self.bucket(bucket)?, key).map(|version| &version.content.etag);
        match (condition, there) {
            (Condition::Always, _) | (Condition::Absent, None) => {}
            (Condition::Is(etag), Some(there)) if etag == there => {}
            (Condition::Is(_), None) => return Err(no_key()),
            (Condition::Absent | Condition::Is(_), Some(_)) => return Err(failed_condition()),
        }
        self.add((bucket, key), id, Some(content), transaction)
    }

    /// Deletes an object: puts a marker on it in a bucket with versions, removes it in another. One that
    /// is not there counts as deleted.
    pub(super) fn delete(
        &mut self,
        (bucket, key): (&str, &str),
        transaction: &mut Transaction,
    ) -> Result<Changed, Refusal> {
        if self.bucket(bucket)?.settings.versioned {
            return self.add((bucket, key), random::uuid()?, None, transaction);
        }
        let gone = self.remove_all((bucket, key), transaction);
        Ok(Changed {
            version: None,
            is_marker: false,
            gone,
        })
    }

    /// Deletes one version for good, unless it is retained.
    pub(super) fn delete_version(
        &mut self,
        (bucket, key): (&str, &str),
        id: &str,
        transaction: &mut Transaction,
    ) -> Result<Changed, Refusal> {
        let none = Changed {
            version: Some(id.to_owned()),
            is_marker: false,
            gone: Vec::new(),
        };
        let version = match self.version((bucket, key), id) {
            Ok(version) => version,
            // What is not there counts as deleted.
            Err(refusal) if refusal.code == "NoSuchVersion" => return Ok(none),
            Err(refusal) => return Err(refusal),
        };
        if version
            .retain_until
            .is_some_and(|until| until > transaction.now)
        {
            return Err(Refusal::new(
                "AccessDenied",
                "Access Denied because object protected by object lock.",
            ));
        }
        let changed = Changed {
            is_marker: version.is_marker,
            gone: vec![version.id.clone()],
            ..none
        };
        if let Some(bucket) = self.buckets.get_mut(bucket)
            && let Some(versions) = bucket.objects.get_mut(key)
        {
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                bucket.objects.remove(key);
            }
        }
        transaction.remove(Kind::Object, id);
        Ok(changed)
    }

    /// The object as it is now.
    pub(super) fn get(&self, (bucket, key): (&str, &str)) -> Result<Version, Refusal> {
        current(self.bucket(bucket)?, key)
            .cloned()
            .ok_or_else(no_key)
    }

    /// One version of it.
    pub(super) fn version(
        &self,
        (bucket, key): (&str, &str),
        id: &str,
    ) -> Result<Version, Refusal> {
        let bucket = self.bucket(bucket)?;
        let mut versions = bucket.objects.get(key).into_iter().flatten();
        let found = versions.find(|version| version.id == id && bucket.settings.versioned);
        found
            .cloned()
            .ok_or_else(|| Refusal::new("NoSuchVersion", "The specified version does not exist."))
    }

    /// The id that clients know a version by.
    pub(super) fn version_id(&self, bucket: &str, version: &Version) -> Option<String> {
        let bucket = self.buckets.get(bucket)?;
        bucket.settings.versioned.then(|| version.id.clone())
    }

    /// Up to `max` keys and common prefixes after `after`, in the order of their bytes.
    pub(super) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: &str,
        after: &str,
        max: usize,
    ) -> Result<Page, Refusal> {
        let mut page = Page::default();
        let mut last = String::new();
        let from = match after < prefix {
            true => Bound::Included(prefix),
            false => Bound::Excluded(after),
        };
        let range = (from, Bound::Unbounded);
        for (key, _) in self.bucket(bucket)?.objects.range::<str, _>(range) {
            let Some(rest) = key.strip_prefix(prefix) else {
                break;
            };
            let Some(version) = current(self.bucket(bucket)?, key) else {
                continue;
            };
            let folder = match delimiter.is_empty() {
                true => None,
                false => rest.find(delimiter).map(|at| &rest[..at + delimiter.len()]),
            };
            let entry = match folder {
                Some(folder) => format!("{prefix}{folder}"),
                None => key.clone(),
            };
            // All of a folder's keys are one entry, on this page or the one before.
            if entry == last || (folder.is_some() && after.starts_with(&entry)) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == max {
                page.more_after = Some(last);
                break;
            }
            last.clone_from(&entry);
            match folder {
                Some(_) => page.prefixes.push(entry),
                None => page.objects.push(Listed {
                    key: entry,
                    at: version.at,
                    size: version.content.size,
                    etag: version.content.etag.clone(),
                }),
            }
        }
        Ok(page)
    }

    /// Adds a version (`None`: a marker) as the newest; without versions, it replaces the others.
    fn add(
        &mut self,
        (bucket, key): (&str, &str),
        id: String,
        content: Option<Content>,
        transaction: &mut Transaction,
    ) -> Result<Changed, Refusal> {
        let Settings {
            versioned,
            locked_days,
        } = self.bucket(bucket)?.settings;
        let gone = match versioned {
            true => Vec::new(),
            false => self.remove_all((bucket, key), transaction),
        };
        let is_marker = content.is_none();
        let retained = locked_days.filter(|_| !is_marker);
        let version = Version {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            id: id.clone(),
            seq: self.next_seq,
            at: transaction.now,
            is_marker,
            content: content.unwrap_or_default(),
            retain_until: retained.map(|days| transaction.now + i64::from(days) * DAY_MS),
        };
        self.next_seq += 1;
        transaction.put(Kind::Object, &id, &version);
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket
                .objects
                .entry(key.to_owned())
                .or_default()
                .push(version);
        }
        Ok(Changed {
            version: versioned.then_some(id),
            is_marker,
            gone,
        })
    }

    fn remove_all(
        &mut self,
        (bucket, key): (&str, &str),
        transaction: &mut Transaction,
    ) -> Vec<String> {
        let bucket = self.buckets.get_mut(bucket);
        let versions = bucket.and_then(|bucket| bucket.objects.remove(key));
        let ids = versions
            .unwrap_or_default()
            .into_iter()
            .map(|version| version.id);
        ids.inspect(|id| transaction.remove(Kind::Object, id))
            .collect()
    }
}

fn current<'a>(bucket: &'a Bucket, key: &str) -> Option<&'a Version> {
    let newest = bucket.objects.get(key)?.last()?;
    (!newest.is_marker).then_some(newest)
}

fn read<T: for<'de> Deserialize<'de>>(
    body: &str,
    what: impl FnOnce() -> String,
) -> Result<T, Error> {
    serde_json::from_str(body).map_err(|source| Error::Stored {
        what: what(),
        source,
    })
}

fn no_bucket(name: &str) -> Refusal {
    Refusal::new(
        "NoSuchBucket",
        format!("The specified bucket does not exist: {name}"),
    )
}

fn no_key() -> Refusal {
    Refusal::new("NoSuchKey", "The specified key does not exist.")
}

pub(super) fn failed_condition() -> Refusal {
    Refusal::new(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    )
}

//! Items of sources and batches.

use std::collections::BTreeSet;

use domain::chain::Hash;
use domain::feed::Source;
use domain::id::SourceId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use serde_dynamo::number_set::{self, NumberSet};

use super::{Batch, BatchState, Counts, Feeds};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Attributes, Key, Member, Part, read};
use crate::workers::Workers;

#[derive(Serialize, Deserialize)]
struct SourceItem {
    v: u64,
    /// Its [`Source`] as JSON.
    so: String,
}

impl Feeds {
    /// The source as it is to be, if it has this version; 0 if it must not be there yet.
    pub(super) fn source_write(
        &self,
        id: &SourceId,
        source: &Source,
        version: u64,
    ) -> Result<Member, Error> {
        let item = Key::feed_source(id).item(SourceItem {
            v: version + 1,
            so: serde_json::to_string(source)?,
        });
        Ok(self.table.put(item).on_version(version).named(Part::Source))
    }
}

pub(super) fn read_source(item: Attributes) -> Result<(Source, u64), Error> {
    let (_, item): (_, SourceItem) = read(item)?;
    Ok((serde_json::from_str(&item.so)?, item.v))
}

#[derive(Serialize, Deserialize)]
pub(super) struct BatchItem {
    /// The manifest as it was signed.
    mf: String,
    /// The signature, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sg: Option<String>,
    mh: Bytes,
    ra: Millis,
    st: BatchState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dt: Option<String>,
    #[serde(default)]
    sh: u32,
    #[serde(default)]
    ap: u64,
    #[serde(default)]
    un: u64,
    #[serde(default)]
    rj: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aa: Option<Millis>,
    // DynamoDB has no empty sets.
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "number_set::serialize"
    )]
    got: BTreeSet<u32>,
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "number_set::serialize"
    )]
    dn: BTreeSet<u32>,
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "number_set::serialize"
    )]
    rs: BTreeSet<u32>,
}

impl BatchItem {
    /// A batch that has just been announced.
    pub(super) fn announced(signed: &[u8], signature: &str, hash: Hash, now: Millis) -> Self {
        Self {
            mf: String::from_utf8_lossy(signed).into_owned(),
            sg: Some(signature.to_owned()),
            mh: Bytes(hash.0.to_vec()),
            ra: now,
            st: BatchState::Received,
            dt: None,
            sh: 0,
            ap: 0,
            un: 0,
            rj: 0,
            aa: None,
            got: BTreeSet::new(),
            dn: BTreeSet::new(),
            rs: BTreeSet::new(),
        }
    }

    pub(super) fn batch(self) -> Result<Batch, Error> {
        Ok(Batch {
            manifest: serde_json::from_str(&self.mf)?,
            signed_form: self.mf,
            signature: self.sg,
            manifest_sha256: Hash(self.mh.array()?),
            received_at: self.ra,
            state: self.st,
            detail: self.dt,
            parts: self.got,
            shards: self.sh,
            done: self.dn,
            with_rejected: self.rs,
            counts: Counts {
                applied: self.ap,
                unchanged: self.un,
                rejected: self.rj,
            },
            applied_at: self.aa,
        })
    }
}

pub(super) fn read_batch(item: Attributes) -> Result<Batch, Error> {
    read::<BatchItem>(item)?.1.batch()
}

impl Feeds {
    /// A batch whose turn it is goes from one state to another.
    pub(super) fn batch_write(&self, key: Key<Workers>, before: &Batch, after: &Batch) -> Member {
        let mut change = "SET #st = :after, #sh = :sh, #ap = :ap, #un = :un, #rj = :rj".to_owned();
        if after.detail.is_some() {
            change.push_str(", #dt = :dt");
        }
        if after.applied_at.is_some() {
            change.push_str(", #aa = :aa");
        }
        let has_new =
            after.with_rejected != before.with_rejected && !after.with_rejected.is_empty();
        if has_new {
            change.push_str(", #rs = :rs");
        }
        if after.detail.is_none() && before.detail.is_some() {
            change.push_str(" REMOVE #dt");
        }
        let mut update = self
            .table
            .update(key, change)
            .when("#st = :before")
            .value(":before", before.state)
            .value(":after", after.state)
            .value(":sh", after.shards)
            .value(":ap", after.counts.applied)
            .value(":un", after.counts.unchanged)
            .value(":rj", after.counts.rejected);
        if let Some(detail) = &after.detail {
            update = update.value(":dt", detail);
        }
        if let Some(at) = after.applied_at {
            update = update.value(":aa", at);
        }
        if has_new {
            update = update.value(":rs", NumberSet(&after.with_rejected));
        }
        update.named(Part::Batch)
    }
}

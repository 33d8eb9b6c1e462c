//! Items of sources and batches.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::chain::Hash;
use domain::feed::{Manifest, Source};
use domain::id::SourceId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{Batch, BatchState, Counts, numbers, state};
use crate::Error;
use crate::bytes::Bytes;
use crate::key::{Attributes, Key};

pub(super) const STATE: &str = "st";
pub(super) const DETAIL: &str = "dt";
pub(super) const PARTS: &str = "got";
pub(super) const DONE: &str = "dn";
pub(super) const WITH_REJECTED: &str = "rs";
pub(super) const APPLIED: &str = "ap";
pub(super) const UNCHANGED: &str = "un";
pub(super) const REJECTED: &str = "rj";
const SHARDS: &str = "sh";
const APPLIED_AT: &str = "aa";

#[derive(Serialize, Deserialize)]
struct SourceItem {
    pk: String,
    sk: String,
    v: u64,
    /// Its [`Source`] as JSON.
    so: String,
}

pub(super) fn write_source(
    id: &SourceId,
    source: &Source,
    version: u64,
) -> Result<Attributes, Error> {
    let key = Key::feed_source(id);
    let so =
        serde_json::to_string(source).map_err(|_| Error::wrong("a source cannot be written"))?;
    Ok(serde_dynamo::to_item(SourceItem {
        pk: key.pk,
        sk: key.sk,
        v: version,
        so,
    })?)
}

pub(super) fn read_source(item: Attributes) -> Result<(Source, u64), Error> {
    let item: SourceItem = serde_dynamo::from_item(item)?;
    let source = serde_json::from_str(&item.so);
    let source = source.map_err(|_| Error::wrong("a source cannot be read"))?;
    Ok((source, item.v))
}

/// The attributes that stay as they are, and those that are single values. The number sets are read apart.
#[derive(Serialize, Deserialize)]
struct BatchItem {
    pk: String,
    sk: String,
    /// The manifest as it was signed.
    mf: String,
    mh: Bytes,
    ra: Millis,
    st: String,
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
}

pub(super) fn new_batch(
    manifest: &Manifest,
    signed: &[u8],
    hash: Hash,
    now: Millis,
) -> Result<Attributes, Error> {
    let key = Key::feed_batch(&manifest.source, &manifest.batch_id);
    Ok(serde_dynamo::to_item(BatchItem {
        pk: key.pk,
        sk: key.sk,
        mf: String::from_utf8_lossy(signed).into_owned(),
        mh: Bytes(hash.0.to_vec()),
        ra: now,
        st: BatchState::Received.as_str().to_owned(),
        dt: None,
        sh: 0,
        ap: 0,
        un: 0,
        rj: 0,
        aa: None,
    })?)
}

pub(super) fn read_batch(item: Attributes) -> Result<Batch, Error> {
    let parts = numbers(&item, PARTS)?;
    let done = numbers(&item, DONE)?;
    let with_rejected = numbers(&item, WITH_REJECTED)?;
    let item: BatchItem = serde_dynamo::from_item(item)?;
    let manifest = serde_json::from_str(&item.mf);
    let states = [
        BatchState::Received,
        BatchState::Applying,
        BatchState::Applied,
        BatchState::Refused,
    ];
    Ok(Batch {
        manifest: manifest.map_err(|_| Error::wrong("a manifest cannot be read"))?,
        manifest_sha256: Hash(item.mh.array()?),
        received_at: item.ra,
        state: states
            .into_iter()
            .find(|state| state.as_str() == item.st)
            .ok_or(Error::wrong("a batch has an unknown state"))?,
        detail: item.dt,
        parts,
        shards: item.sh,
        done,
        with_rejected,
        counts: Counts {
            applied: item.ap,
            unchanged: item.un,
            rejected: item.rj,
        },
        applied_at: item.aa,
    })
}

/// A batch whose turn it is goes from one state to another.
pub(super) fn change(
    table: &str,
    key: Key,
    before: &Batch,
    after: &Batch,
) -> Result<TransactWriteItem, Error> {
    let number = |n: u64| AttributeValue::N(n.to_string());
    let mut set = "SET #st = :after, #sh = :sh, #ap = :ap, #un = :un, #rj = :rj".to_owned();
    let mut update = Update::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .condition_expression("#st = :before")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .expression_attribute_names("#st", STATE)
        .expression_attribute_names("#sh", SHARDS)
        .expression_attribute_names("#ap", APPLIED)
        .expression_attribute_names("#un", UNCHANGED)
        .expression_attribute_names("#rj", REJECTED)
        .expression_attribute_values(":before", state(before.state))
        .expression_attribute_values(":after", state(after.state))
        .expression_attribute_values(":sh", number(after.shards.into()))
        .expression_attribute_values(":ap", number(after.counts.applied))
        .expression_attribute_values(":un", number(after.counts.unchanged))
        .expression_attribute_values(":rj", number(after.counts.rejected));
    if let Some(detail) = &after.detail {
        set.push_str(", #dt = :dt");
        update = update
            .expression_attribute_names("#dt", DETAIL)
            .expression_attribute_values(":dt", AttributeValue::S(detail.clone()));
    }
    if let Some(at) = after.applied_at {
        set.push_str(", #aa = :aa");
        update = update
            .expression_attribute_names("#aa", APPLIED_AT)
            .expression_attribute_values(":aa", AttributeValue::N(at.0.to_string()));
    }
    if !after.with_rejected.is_empty() && after.with_rejected != before.with_rejected {
        set.push_str(", #rs = :rs");
        update = update
            .expression_attribute_names("#rs", WITH_REJECTED)
            .expression_attribute_values(":rs", number_set(&after.with_rejected));
    }
    if after.detail.is_none() && before.detail.is_some() {
        set.push_str(" REMOVE #dt");
        update = update.expression_attribute_names("#dt", DETAIL);
    }
    let update = update
        .update_expression(set)
        .build()
        .map_err(|error| Error::unbuildable("TransactWriteItems", error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn number_set(numbers: &BTreeSet<u32>) -> AttributeValue {
    AttributeValue::Ns(numbers.iter().map(u32::to_string).collect())
}

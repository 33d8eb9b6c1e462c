//! Who looked at a worker's record, and when: hers to see.

use aws_lc_rs::digest::{SHA256, digest};
use domain::id::{AuthorityId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::{WorkerFile, WorkerRecords, Workers};
use crate::bytes::Bytes;
use crate::table::{Key, Partition, read};
use crate::{Error, Page};

/// What a purpose is sealed as.
const PURPOSE: &str = "purpose";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Her badge was scanned by anyone.
    Scan,
    /// Her badge was scanned by a customer from within an order.
    OrderCheck,
    /// The authority read her record.
    Authority,
}

/// A look at a worker's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub at: Millis,
    pub how: Look,
    /// The authority's id, or a keyed hash of whoever scanned; nobody may be told from it.
    pub who: Option<String>,
    /// What for, as the authority said. Gone when her data is erased.
    pub purpose: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ViewItem {
    at: Millis,
    ho: Look,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pu: Option<Bytes>,
    /// Seconds since 1970; none is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl WorkerRecords {
    /// Writes down that a badge of this worker was scanned: `who` is a keyed hash, `until` when it is forgotten.
    /// The same scan written twice is one.
    pub async fn add_scan(
        &self,
        worker: &WorkerId,
        at: Millis,
        how: Look,
        who: &str,
        until: Millis,
    ) -> Result<(), Error> {
        let key = Key::view(worker, at, &nonce(how, who, ""));
        let item = ViewItem {
            at,
            ho: how,
            wh: Some(who.to_owned()),
            pu: None,
            ttl: Some(until.second()),
        };
        self.table.put(key.item(item)).send().await.map(|_| ())
    }
}

impl Workers {
    /// Writes down that the authority looks at a worker's record, before it is shown anything.
    ///
    /// # Errors
    /// When it was not written, or that is not known; nothing may be shown then.
    pub async fn add_look(
        &self,
        file: &WorkerFile,
        by: &AuthorityId,
        purpose: &str,
        at: Millis,
    ) -> Result<(), Error> {
        let id = &file.worker.id;
        let key = Key::view(id, at, &nonce(Look::Authority, by.as_str(), purpose));
        // Of an erased worker nothing personal is shown, and there is no key to seal a purpose with.
        let sealed = file.key.as_ref().map(|own| own.seal(id, PURPOSE, &purpose));
        let item = ViewItem {
            at,
            ho: Look::Authority,
            wh: Some(by.to_string()),
            pu: sealed.transpose()?.map(Bytes),
            ttl: None,
        };
        self.workers.put(key.item(item)).send().await.map(|_| ())
    }

    /// A page of the looks at a worker's record, the last first.
    pub async fn views(
        &self,
        file: &WorkerFile,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<View>, Error> {
        let id = &file.worker.id;
        let list = self.workers.list(Partition::views(id)).backward();
        list.page(limit, from, |item| {
            let (_, item): (_, ViewItem) = read(item)?;
            let purpose = item.pu.as_ref().zip(file.key.as_ref());
            Ok(View {
                at: item.at,
                how: item.ho,
                who: item.wh,
                // What was sealed before an erasure, under a key that is gone, stays closed.
                purpose: purpose.and_then(|(sealed, own)| own.open(id, PURPOSE, &sealed.0).ok()),
            })
        })
        .await
    }
}

/// Tells looks at one moment apart.
fn nonce(how: Look, who: &str, purpose: &str) -> String {
    let text = format!("{how:?}\0{who}\0{purpose}");
    domain::id::base32(&digest(&SHA256, text.as_bytes()).as_ref()[..5])
}

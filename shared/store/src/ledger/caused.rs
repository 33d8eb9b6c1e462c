//! What a cause has come to already.

use domain::id::EventId;
use serde_json::Value;

use crate::Error;
use crate::subject_keys::SealedItem;
use crate::table::Key;
use crate::workers::{Body, PAYLOAD, WorkerFile, Workers};

impl Workers {
    /// What an event of this id is about, if there is one in the chain of the worker that was opened. The inner
    /// one is `None` when that has been erased, or was sealed by a key that was: she has been registered anew since.
    pub async fn caused(
        &self,
        file: &WorkerFile,
        event: &EventId,
    ) -> Result<Option<Option<Value>>, Error> {
        let id = &file.worker.id;
        let found = self.ledger.get_all([Key::payload(id, event)]).await?.pop();
        if found.is_none() {
            return Ok(None);
        }
        let (Some(body), Some(key)) = (SealedItem::body(found)?, file.key()) else {
            return Ok(Some(None));
        };
        let opened = key.open::<Body>(id, PAYLOAD, &body).ok();
        Ok(Some(opened.map(|body| body.payload)))
    }
}

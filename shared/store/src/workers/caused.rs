//! What a cause has come to already.

use domain::id::EventId;
use serde_json::Value;

use super::append::{Body, PAYLOAD};
use super::item::SealedItem;
use super::{WorkerFile, Workers};
use crate::key::Key;
use crate::{Error, batch};

impl Workers {
    /// What an event of this id is about, if there is one in the chain of the worker that was opened. The inner
    /// one is `None` when that has been erased, or was sealed by a key that was: she has been registered anew since.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn caused(
        &self,
        file: &WorkerFile,
        event: &EventId,
    ) -> Result<Option<Option<Value>>, Error> {
        let id = &file.worker.id;
        let key = [(self.tables.ledger.as_str(), Key::payload(id, event))];
        let Some(found) = batch::get(&self.client, key).await?.into_iter().next() else {
            return Ok(None);
        };
        let (Some(body), Some(key)) = (SealedItem::read(found)?.bo, file.key()) else {
            return Ok(Some(None));
        };
        let opened = key.open::<Body>(id, PAYLOAD, &body.0).ok();
        Ok(Some(opened.map(|body| body.payload)))
    }
}

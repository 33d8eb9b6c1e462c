//! The table `subject-keys`: every worker's own key, and who was erased, workers and customers. It is never restored, so that deleting a key
//! makes what it sealed unreadable for good.

mod personal;

use domain::id::{CustomerId, WorkerId};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Attributes, Key, read};

pub use personal::PersonKey;
pub(crate) use personal::PersonalDataKey;

/// What keys of this table are marked with.
pub(crate) enum SubjectKeys {}

impl Key<SubjectKeys> {
    pub(crate) fn subject_key(worker: &WorkerId) -> Self {
        Self::new(format!("S#{}", worker.bare()), "key")
    }

    /// That a worker's data was erased.
    pub(crate) fn erased(worker: &WorkerId) -> Self {
        Self::new(format!("S#{}", worker.bare()), "erased")
    }

    /// What a customer had asked for whose orders were erased last.
    pub(crate) fn erased_customer(customer: &CustomerId) -> Self {
        Self::new(format!("C#{}", customer.bare()), "erased")
    }
}

/// Something sealed: a payload, a profile, a wrapped key.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedItem {
    /// Of a payload: its event's place in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sq: Option<u64>,
    /// Nothing once it is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bo: Option<Bytes>,
}

impl SealedItem {
    pub(crate) fn of(sealed: Vec<u8>) -> Self {
        Self {
            sq: None,
            bo: Some(Bytes(sealed)),
        }
    }

    /// What is sealed in an item, if there is one.
    pub(crate) fn body(item: Option<Attributes>) -> Result<Option<Vec<u8>>, Error> {
        let item = item.map(read::<Self>).transpose()?;
        Ok(item.and_then(|(_, item)| item.bo).map(|body| body.0))
    }
}

//! The table `sessions`: what people log in and stay logged in by. Families of refresh tokens, codes that were sent to
//! phones, and links from what WeChat knows a customer by.
//!
//! It holds no token and no code, only hashes and how far a family has come.

mod code;
mod family;
mod key;
mod link;

use settings::Settings;

use crate::Error;
use crate::table::{Committed, ItemKey, Key, Part, Partition, TRANSACT, Table, commit};

pub use family::{Credential, FamilyId, Opener, StoredFamily};
pub use link::Linked;

#[derive(Clone, Debug)]
pub struct LogIns {
    table: Table<LogIns>,
}

impl LogIns {
    pub fn new(settings: &Settings) -> Self {
        Self {
            table: Table::new(settings, "SESSIONS_TABLE"),
        }
    }

    /// Forgets all that is kept of somebody, by a customer's or worker's id: every device is logged out, and links lead
    /// nowhere any more. Doing so again finishes it.
    pub async fn forget(&self, subject: &str) -> Result<(), Error> {
        let list = self.table.list(Partition::of_subject(subject));
        let found = list.only("pk, sk").all(Ok).await?;
        let mut members = Vec::new();
        for item in found {
            // A link goes before what says that there is one.
            let link = Key::pointed_to(&ItemKey::of(&item)?);
            let keys = link.into_iter().chain([Key::of(&item)?]);
            members.extend(keys.map(|key| self.table.delete(key).named(Part::Deleted)));
        }
        for some in members.chunks(50) {
            if !matches!(commit(some.to_vec()).await?, Committed::Done) {
                return Err(Error::Busy { call: TRANSACT });
            }
        }
        Ok(())
    }
}

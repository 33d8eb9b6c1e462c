//! Families of refresh tokens: one item a device. Every token but the first takes one conditional write.

use domain::id::{CustomerId, WorkerId, base32};
use domain::refresh::Family;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::LogIns;
use crate::Error;
use crate::table::{Key, read};

/// 128 random bits. Only tokens have them; the table has a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct FamilyId(pub [u8; 16]);

impl FamilyId {
    pub(super) fn hash(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.0);
        base32(&digest.as_ref()[..16])
    }
}

/// Who opened a session, and by what. It is looked at again before another is opened by a refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opener {
    Customer(CustomerId),
    Worker {
        id: WorkerId,
        /// The hash of the phone that was hers.
        phone: String,
    },
    Agency(Credential),
    Authority(Credential),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub access_key: String,
    /// The beginning of a hash of the secret's hash: tells whether the secret is another one now.
    pub secret: String,
}

impl Opener {
    /// What its families are kept under.
    pub fn subject(&self) -> &str {
        match self {
            Self::Customer(id) => id.as_str(),
            Self::Worker { id, .. } => id.as_str(),
            Self::Agency(credential) | Self::Authority(credential) => &credential.access_key,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFamily {
    #[serde(flatten)]
    pub family: Family,
    pub opener: Opener,
    /// When its person logged in.
    pub opened_at: Millis,
    /// In seconds.
    ttl: i64,
}

impl LogIns {
    /// Begins a family with a token of number 0.
    pub async fn begin_family(
        &self,
        id: &FamilyId,
        opener: &Opener,
        now: Millis,
    ) -> Result<Family, Error> {
        let family = Family::begun(now);
        let item = Key::family(opener.subject(), id).item(StoredFamily {
            family,
            opener: opener.clone(),
            opened_at: now,
            ttl: family.expires_at().second() + 1,
        });
        self.table.put(item).if_absent().send().await?;
        Ok(family)
    }

    pub async fn family(
        &self,
        subject: &str,
        id: &FamilyId,
    ) -> Result<Option<StoredFamily>, Error> {
        let found = self.table.get(Key::family(subject, id)).await?;
        let found = found.map(read::<StoredFamily>).transpose()?;
        Ok(found.map(|(_, family)| family))
    }

    /// Uses up the newest token of this family, as it was read. `None` if it is not the newest any more.
    pub async fn renew_family(
        &self,
        subject: &str,
        id: &FamilyId,
        read: &Family,
        now: Millis,
    ) -> Result<Option<Family>, Error> {
        let family = read.renewed(now);
        let set = "SET newest = :next, renewed_at = :now, #ttl = :ttl";
        let update = self.table.update(Key::family(subject, id), set);
        let update = update
            .when("newest = :newest AND is_ended = :no")
            .value(":newest", read.newest)
            .value(":no", false)
            .value(":next", family.newest)
            .value(":now", now)
            .value(":ttl", family.expires_at().second() + 1);
        Ok(update.send().await?.is_done().then_some(family))
    }

    /// None of its tokens is taken any more. One that is not there stays so.
    pub async fn end_family(&self, subject: &str, id: &FamilyId) -> Result<(), Error> {
        let key = Key::family(subject, id);
        let end = self.table.update(key, "SET is_ended = :yes");
        let end = end.when("attribute_exists(pk)").value(":yes", true);
        end.send().await.map(|_| ())
    }
}

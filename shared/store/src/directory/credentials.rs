//! How agencies log in, and how many wrong secrets were tried.
//!
//! The credentials of an agency are one item, apart from the agency's: who reads agencies does not read their secrets'
//! hashes, and adding and withdrawing are conditional on its version.

use domain::agency::{AccessKey, Credentials};
use domain::id::AgencyId;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Directory;
use crate::Error;
use crate::table::{Key, Rivals, Sent, Tries, Write, read};

#[derive(Serialize, Deserialize)]
struct CredentialsItem {
    v: u64,
    #[serde(flatten)]
    credentials: Credentials,
}

#[derive(Serialize, Deserialize)]
struct WrongSecretsItem {
    /// How many there were.
    n: u32,
    /// Until when they are counted.
    un: Millis,
    /// In seconds.
    ttl: i64,
}

impl Directory {
    /// All credentials of an agency, consistently read; none if there is no such agency.
    pub async fn credentials(&self, agency: &AgencyId) -> Result<Credentials, Error> {
        let Some(found) = self.table.get(Key::credentials(agency)).await? else {
            return Ok(Credentials::default());
        };
        let (_, CredentialsItem { v, credentials }) = read(found)?;
        Ok(Credentials {
            version: v,
            ..credentials
        })
    }

    /// SHA-256 of the secret that goes with an access key, if it opens sessions.
    pub async fn secret_hash(&self, key: &AccessKey) -> Result<Option<[u8; 32]>, Error> {
        let credentials = self.credentials(&key.agency).await?;
        let credential = credentials.get(&key.credential);
        Ok(credential.map(|credential| credential.secret_hash.0))
    }

    /// Changes an agency's credentials as `change` says, which is asked again if they have changed since they were read.
    /// Answers them as they are then.
    pub async fn change_credentials<R>(
        &self,
        agency: &AgencyId,
        change: impl Fn(&Credentials) -> Result<Option<Credentials>, R>,
    ) -> Result<Result<Credentials, R>, Error> {
        let mut tries = Tries::new("PutItem", Rivals::Few, agency.as_str());
        loop {
            tries.next().await?;
            let before = self.credentials(agency).await?;
            let after = match change(&before) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(Ok(before)),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let put = self.put_credentials(agency, &after);
            if put.on_version(before.version).send().await?.is_done() {
                return Ok(Ok(after));
            }
        }
    }

    pub(super) fn put_credentials(&self, agency: &AgencyId, credentials: &Credentials) -> Write {
        self.table
            .put(Key::credentials(agency).item(CredentialsItem {
                v: credentials.version,
                credentials: credentials.clone(),
            }))
    }

    /// Counts a wrong secret under a hash of access key and address. Answers how many there were with it, and until when
    /// they are counted: until `until`, if it is the first. The hash has 20 bits, so that whoever tries invented keys
    /// fills no table.
    pub async fn count_wrong_secret(
        &self,
        hash: u32,
        until: Millis,
        now: Millis,
    ) -> Result<(u32, Millis), Error> {
        let key = || Key::wrong_secrets(hash);
        let mut tries = Tries::new("UpdateItem", Rivals::Few, "wrong secrets");
        loop {
            tries.next().await?;
            let more = self.table.update(key(), "ADD n :one").when("un > :now");
            let more = more.value(":one", 1).value(":now", now);
            if let Sent::Done(found) = more.send().await? {
                let (_, WrongSecretsItem { n, un, .. }) = read(found)?;
                return Ok((n, un));
            }
            let first = self.table.put(key().item(WrongSecretsItem {
                n: 1,
                un: until,
                ttl: until.second() + 1,
            }));
            let first = first.when("attribute_not_exists(pk) OR un <= :now");
            if first.value(":now", now).send().await?.is_done() {
                return Ok((1, until));
            }
        }
    }
}

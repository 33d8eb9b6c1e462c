//! The members of agencies and of the authority, how they log in, and how many wrong secrets were tried.
//!
//! The members of an agency and all their credentials are one item, apart from the agency's: who reads agencies does not read
//! their secrets' hashes, and every change is conditional on its version.

use domain::member::{Credential, Deed, Member, Team, TeamId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Directory;
use crate::Error;
use crate::table::{Committed, Key, Part, Rivals, Sent, TRANSACT, Tries, Write, commit, read};

#[derive(Serialize, Deserialize)]
struct TeamItem {
    v: u64,
    all: Vec<Credential>,
    #[serde(default)]
    members: Vec<Member>,
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
    /// The members of an agency or the authority, consistently read. Of what nobody has changed yet, and of who is no agency,
    /// the version is 0.
    pub async fn team(&self, id: &TeamId) -> Result<Team, Error> {
        let Some(found) = self.table.get(Key::team(id)).await? else {
            return Ok(Team::new(id.clone(), 0, Vec::new(), Vec::new()));
        };
        let (_, TeamItem { v, all, members }) = read(found)?;
        Ok(Team::new(id.clone(), v, members, all))
    }

    /// Changes a team as `change` says, which is asked again if it has changed since it was read. What was done stands in the
    /// audit trail of who did it. Answers the team as it is then.
    pub async fn change_team<R>(
        &self,
        id: &TeamId,
        by: &TeamId,
        deed: &Deed,
        change: impl Fn(&Team) -> Result<Option<Team>, R>,
    ) -> Result<Result<Team, R>, Error> {
        let mut tries = Tries::new(TRANSACT, Rivals::Few, id.as_str());
        loop {
            tries.next().await?;
            let before = self.team(id).await?;
            let after = match change(&before) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(Ok(before)),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let put = self.put_team(&after).on_version(before.version);
            let members = [
                put.named(Part::Team),
                self.deed(by, deed, &format!("{}#{}", id.as_str(), after.version)),
            ];
            if let Committed::Done = commit(members).await? {
                return Ok(Ok(after));
            }
        }
    }

    pub(super) fn put_team(&self, team: &Team) -> Write {
        self.table.put(Key::team(&team.id).item(TeamItem {
            v: team.version,
            all: team.credentials.clone(),
            members: team.members.clone(),
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

//! The audit trail: what the members of an agency or the authority have done, a line each.
//!
//! A line is written in the transaction of what it tells of; of orders, whose changes are one cheap write, it follows from
//! the table's stream. Its key follows from its cause, so that a repeat writes the same line. It holds ids and words, and no
//! personal data: who the member is, is told by the team. After two years it goes.

use std::time::Duration;

use domain::chain::Actor;
use domain::id::{MemberId, WorkerId};
use domain::member::{Deed, TeamId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::Directory;
use crate::table::{Key, Member, Part, Partition, Write, read};
use crate::{Error, NewEvent, Page};

const KEPT: Duration = Duration::from_secs(730 * 24 * 3_600);

#[derive(Serialize, Deserialize)]
struct DeedItem {
    at: Millis,
    mb: MemberId,
    wh: String,
    ab: String,
    /// In seconds.
    ttl: i64,
}

impl Directory {
    /// A line of a team's audit trail, as part of a transaction. `cause` is what no other deed of the same moment has.
    pub fn deed(&self, team: &TeamId, deed: &Deed, cause: &str) -> Member {
        self.put_deed(team, deed, cause).named(Part::Deed)
    }

    /// The same by itself; doing so again is harmless.
    pub async fn keep_deed(&self, team: &TeamId, deed: &Deed, cause: &str) -> Result<(), Error> {
        let put = self.put_deed(team, deed, cause);
        put.send().await.map(|_| ())
    }

    /// The line for what a member did to a worker, according to this event; none if no member did it.
    pub fn deed_to(
        &self,
        worker: &WorkerId,
        by: &Actor,
        event: &NewEvent,
        now: Millis,
    ) -> Option<Member> {
        let team = match by {
            Actor::Agency(agency, _) => TeamId::Agency(agency.clone()),
            Actor::Authority(authority, _) => TeamId::Authority(authority.clone()),
            _ => return None,
        };
        let deed = Deed::new(now, by.member()?, event.kind.as_str(), worker);
        Some(self.deed(&team, &deed, event.id.as_str()))
    }

    /// What a team's members have done, or one of them, the newest first. Of one member a page may have fewer than there
    /// are, or none, as long as it says that another follows.
    pub async fn deeds(
        &self,
        team: &TeamId,
        member: Option<&MemberId>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Deed>, Error> {
        let mut list = self.table.list(Partition::deeds(team)).backward();
        if let Some(member) = member {
            list = list.filter("mb = :member").value(":member", member);
        }
        list.page(limit, cursor, |item| {
            let (_, item): (_, DeedItem) = read(item)?;
            Ok(Deed {
                at: item.at,
                member: item.mb,
                what: item.wh,
                about: item.ab,
            })
        })
        .await
    }

    fn put_deed(&self, team: &TeamId, deed: &Deed, cause: &str) -> Write {
        self.table
            .put(Key::deed(team, deed.at, cause).item(DeedItem {
                at: deed.at,
                mb: deed.member.clone(),
                wh: deed.what.clone(),
                ab: deed.about.clone(),
                ttl: (deed.at + KEPT).second(),
            }))
    }
}

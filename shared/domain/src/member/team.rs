//! How the members of an agency or the authority log in: each by credentials of their own, an access key and a secret.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Member, Role, TeamId};
use crate::chain::Hash;
use crate::id::{AgencyId, AuthorityId, CredentialId, MemberId};
use crate::time::Millis;

/// What the first member is called until somebody gives them a name.
pub(super) const UNNAMED: &str = "first";
/// How many members can be active at once.
pub const MOST_MEMBERS: usize = 50;
/// The same with those that were ended lately.
const MOST_MEMBERS_REMEMBERED: usize = 200;
/// How many credentials a member can have at once.
pub const MOST_CREDENTIALS: usize = 10;
/// How many there can be of all members, with those that were withdrawn lately.
const MOST_REMEMBERED: usize = 200;
/// For so long a repeat of the request that made it does not bring a withdrawn one back.
const WITHDRAWN_REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3_600);
/// For so long it is known who an ended member was: as long as the audit trail tells what they did.
const ENDED_REMEMBERED: Duration = Duration::from_secs(730 * 24 * 3_600);

/// What a member is found by when they log in: `hak_`, and both ids without prefix; of the authority with `_` between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    pub team: TeamId,
    pub credential: CredentialId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an access key that begins with hak_")]
pub struct NotAnAccessKey;

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credential = self.credential.bare();
        match &self.team {
            TeamId::Agency(agency) => write!(f, "hak_{}{credential}", agency.bare()),
            TeamId::Authority(authority) => write!(f, "hak_{}_{credential}", authority.bare()),
        }
    }
}

impl FromStr for AccessKey {
    type Err = NotAnAccessKey;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKey> {
        let bare = text.strip_prefix("hak_").ok_or(NotAnAccessKey)?;
        let (team, credential) = match bare.split_once('_') {
            Some((authority, credential)) => {
                let authority = AuthorityId::from_bare(authority);
                (authority.map(TeamId::Authority), credential)
            }
            None => {
                let (agency, credential) = bare.split_at_checked(26).ok_or(NotAnAccessKey)?;
                (AgencyId::from_bare(agency).map(TeamId::Agency), credential)
            }
        };
        Ok(Self {
            team: team.map_err(|_| NotAnAccessKey)?,
            credential: CredentialId::from_bare(credential).map_err(|_| NotAnAccessKey)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub id: CredentialId,
    /// Who logs in by it; the first member, if that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// By which people tell one from another.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Hash,
    /// Of the request that added it.
    pub body_hash: Hash,
    /// The agency or the authority, by its id.
    pub added_by: String,
    pub added_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Millis>,
}

/// The members of an agency or the authority, and all their credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    /// Rises by one with every change; 0 before the first.
    pub version: u64,
    /// Oldest first, with those that were ended lately.
    pub members: Vec<Member>,
    /// Oldest first, with those that were withdrawn lately.
    pub credentials: Vec<Credential>,
}

/// What is to change of a member; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub is_active: Option<bool>,
}

/// Why a team is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChanged {
    /// Another request has used the same key.
    KeyReused,
    /// It was added by the same request, and withdrawn since.
    Withdrawn,
    /// As many as there can be at once.
    TooMany,
    /// With those that were withdrawn or ended lately; one of them is forgotten then.
    TooManyLately {
        until: Millis,
    },
    /// Whoever asks does not manage the members any more, or has come by what was withdrawn.
    NoManager,
    /// Nobody who manages the others could log in any more.
    Last,
    NotFound,
}

impl Team {
    /// A team as it is stored. What was stored before there were members has none: then there is the first alone, whom nobody has given
    /// a name yet.
    pub fn new(
        id: TeamId,
        version: u64,
        mut members: Vec<Member>,
        credentials: Vec<Credential>,
    ) -> Self {
        let first = id.first_member();
        if members.iter().all(|member| member.id != first) {
            let first = Member {
                id: first,
                name: UNNAMED.to_owned(),
                role: id.roles()[0],
                body_hash: Hash::NONE,
                added_at: credentials
                    .first()
                    .map_or(Millis(0), |first| first.added_at),
                ended_at: None,
            };
            members.insert(0, first);
        }
        Self {
            id,
            version,
            members,
            credentials,
        }
    }

    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// The first who may manage the others.
    pub fn manager(&self) -> Option<&Member> {
        self.active().find(|member| self.manages(member))
    }

    /// Those that open sessions.
    pub fn live(&self) -> impl Iterator<Item = &Credential> {
        let all = self.credentials.iter();
        all.filter(|credential| credential.withdrawn_at.is_none())
    }

    /// Whose a credential is.
    pub fn holder(&self, credential: &Credential) -> MemberId {
        let holder = credential.member.clone();
        holder.unwrap_or_else(|| self.id.first_member())
    }

    /// One that opens sessions, and whose it is.
    pub fn opened_by(&self, id: &CredentialId) -> Option<(&Credential, &Member)> {
        let credential = self.live().find(|credential| credential.id == *id)?;
        let member = self.member(&self.holder(credential))?;
        member.is_active().then_some((credential, member))
    }

    /// Whether a member, who came by this credential, manages the others now, whatever the session says. Only the authority's first
    /// comes without one, by the operator's key, which is not among these.
    pub fn is_managed_by(&self, member: &MemberId, credential: Option<&CredentialId>) -> bool {
        let found = match (credential, &self.id) {
            (Some(id), _) => self.opened_by(id).map(|(_, member)| member),
            (None, TeamId::Authority(_)) => self.member(&self.id.first_member()),
            (None, TeamId::Agency(_)) => None,
        };
        found.is_some_and(|found| found.id == *member && found.is_active() && self.manages(found))
    }

    /// With another member, who logs in by `first`. `None` if the same request has added them before.
    pub fn with_member(
        &self,
        new: &Member,
        first: &Credential,
    ) -> Result<Option<Self>, NotChanged> {
        if let Some(before) = self.member(&new.id) {
            return match self.opened_by(&first.id) {
                _ if before.body_hash != new.body_hash => Err(NotChanged::KeyReused),
                None => Err(NotChanged::Withdrawn),
                Some(_) => Ok(None),
            };
        }
        let mut next = self.clone();
        let (lately, oldest) = (new.added_at - ENDED_REMEMBERED, self.id.first_member());
        let is_kept = |member: &Member| member.ended_at.is_none_or(|at| at > lately);
        next.members
            .retain(|member| is_kept(member) || member.id == oldest);
        if self.active().count() >= MOST_MEMBERS {
            return Err(NotChanged::TooMany);
        }
        if next.members.len() >= MOST_MEMBERS_REMEMBERED {
            let ended = next.members.iter().filter(|member| member.id != oldest);
            let first = ended.filter_map(|member| member.ended_at).min();
            let until = first.unwrap_or(new.added_at) + ENDED_REMEMBERED;
            return Err(NotChanged::TooManyLately { until });
        }
        next.members.push(new.clone());
        next.with_credential(first)
    }

    /// With another credential. `None` if the same request has added it before.
    ///
    /// The ten of a member are counted by who added them, and what the authority adds for an agency takes the place of what was
    /// withdrawn first: nobody who got hold of an agency's credential can lock the agency out for good.
    pub fn with_credential(&self, new: &Credential) -> Result<Option<Self>, NotChanged> {
        let holder = self.holder(new);
        let is_active = self.member(&holder).is_some_and(Member::is_active);
        // Who is no agency has no members either.
        let is_agency = matches!(self.id, TeamId::Agency(_));
        if !is_active || (is_agency && self.version == 0) {
            return Err(NotChanged::NotFound);
        }
        let mut known = self.credentials.iter();
        if let Some(before) = known.find(|before| before.id == new.id) {
            return match before.withdrawn_at {
                _ if before.body_hash != new.body_hash => Err(NotChanged::KeyReused),
                Some(_) => Err(NotChanged::Withdrawn),
                None => Ok(None),
            };
        }
        let mut next = self.clone();
        let lately = new.added_at - WITHDRAWN_REMEMBERED;
        next.credentials
            .retain(|before| before.withdrawn_at.is_none_or(|at| at > lately));
        let own = self.live().filter(|before| self.holder(before) == holder);
        let own = own.filter(|before| before.added_by == new.added_by);
        if own.count() >= MOST_CREDENTIALS {
            return Err(NotChanged::TooMany);
        }
        let given = new.added_by != self.id.as_str();
        while next.credentials.len() >= MOST_REMEMBERED {
            let all = next.credentials.iter().enumerate();
            let withdrawn = all.filter_map(|(place, one)| Some((one.withdrawn_at?, place)));
            match withdrawn.min() {
                Some((_, place)) if given => drop(next.credentials.remove(place)),
                None if given => break,
                Some((first, _)) => {
                    let until = first + WITHDRAWN_REMEMBERED;
                    return Err(NotChanged::TooManyLately { until });
                }
                None => return Err(NotChanged::TooMany),
            }
        }
        next.credentials.push(new.clone());
        Ok(Some(next.raised()))
    }

    /// Without this credential, which opens no sessions from then on. `None` if it was withdrawn before.
    pub fn without_credential(
        &self,
        id: &CredentialId,
        may_be_last: bool,
        now: Millis,
    ) -> Result<Option<Self>, NotChanged> {
        let mut next = self.clone();
        let mut all = next.credentials.iter_mut();
        let found = all.find(|credential| credential.id == *id);
        let found = found.ok_or(NotChanged::NotFound)?;
        if found.withdrawn_at.is_some() {
            return Ok(None);
        }
        found.withdrawn_at = Some(now);
        if !may_be_last {
            self.must_stay_managed(&next)?;
        }
        Ok(Some(next.raised()))
    }

    /// With this member changed. Who is ended loses their credentials with it, so that coming back takes new ones. `None` if
    /// they were so before.
    pub fn with_change(
        &self,
        id: &MemberId,
        change: &MemberChange,
        now: Millis,
    ) -> Result<Option<Self>, NotChanged> {
        let mut next = self.clone();
        let mut all = next.members.iter_mut();
        let found = all.find(|member| member.id == *id);
        let member = found.ok_or(NotChanged::NotFound)?;
        if let Some(name) = &change.name {
            member.name.clone_from(name);
        }
        member.role = change.role.unwrap_or(member.role);
        match change.is_active {
            Some(false) => member.ended_at = member.ended_at.or(Some(now)),
            Some(true) => member.ended_at = None,
            None => {}
        }
        if next == *self {
            return Ok(None);
        }
        if next.active().count() > MOST_MEMBERS {
            return Err(NotChanged::TooMany);
        }
        if change.is_active == Some(false) {
            for credential in &mut next.credentials {
                if self.holder(credential) == *id {
                    credential.withdrawn_at = credential.withdrawn_at.or(Some(now));
                }
            }
        }
        self.must_stay_managed(&next)?;
        Ok(Some(next.raised()))
    }

    fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_active())
    }

    fn manages(&self, member: &Member) -> bool {
        member.role == self.id.roles()[0]
    }

    /// Whether somebody who manages the others can log in. The authority's first member has the operator's key, which is not
    /// among these credentials.
    fn is_managed(&self) -> bool {
        let first = match self.id {
            TeamId::Authority(_) => Some(self.id.first_member()),
            TeamId::Agency(_) => None,
        };
        let mut managers = self.active().filter(|member| self.manages(member));
        managers.any(|member| {
            let is_own = |credential: &Credential| self.holder(credential) == member.id;
            first.as_ref() == Some(&member.id) || self.live().any(is_own)
        })
    }

    fn must_stay_managed(&self, next: &Self) -> Result<(), NotChanged> {
        if self.is_managed() && !next.is_managed() {
            return Err(NotChanged::Last);
        }
        Ok(())
    }

    fn raised(self) -> Self {
        Self {
            version: self.version + 1,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;

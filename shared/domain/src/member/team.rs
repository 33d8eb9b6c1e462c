//! How the members of an agency or the authority log in: each by credentials of their own, an access key and a secret.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Member, Role, TeamId};
use crate::chain::Hash;
use crate::id::{AgencyId, AuthorityId, CredentialId, MemberId};
use crate::time::Millis;

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
    TooMany,
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
                name: "first".to_owned(),
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
        if self.active().count() >= MOST_MEMBERS || next.members.len() >= MOST_MEMBERS_REMEMBERED {
            return Err(NotChanged::TooMany);
        }
        next.members.push(new.clone());
        next.with_credential(first)
    }

    /// With another credential. `None` if the same request has added it before.
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
        if own.count() >= MOST_CREDENTIALS || next.credentials.len() >= MOST_REMEMBERED {
            return Err(NotChanged::TooMany);
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
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn agency() -> TeamId {
        TeamId::Agency(AgencyId::from_bytes(&[0xff; 16]))
    }

    fn authority() -> TeamId {
        TeamId::Authority("aut_harbin-commerce".parse().unwrap())
    }

    fn credential(n: u8) -> Credential {
        Credential {
            id: CredentialId::from_bytes(&[n; 8]),
            member: None,
            name: "前台".to_owned(),
            secret_hash: Hash([n; 32]),
            body_hash: Hash([n; 32]),
            added_by: "agy_x".to_owned(),
            added_at: NOW,
            withdrawn_at: None,
        }
    }

    fn member(n: u8, role: Role) -> Member {
        Member {
            id: MemberId::from_bytes(&[n; 8]),
            name: "小李".to_owned(),
            role,
            body_hash: Hash([n; 32]),
            added_at: NOW,
            ended_at: None,
        }
    }

    /// Of member `n`, and the credential that they come with.
    fn newcomer(n: u8, role: Role) -> (Member, Credential) {
        let member = member(n, role);
        let own = Credential {
            member: Some(member.id.clone()),
            ..credential(n)
        };
        (member, own)
    }

    /// As it is stored when an agency registers.
    fn registered() -> Team {
        Team::new(agency(), 1, Vec::new(), vec![credential(1)])
    }

    fn with(team: &Team, n: u8) -> Team {
        team.with_credential(&credential(n)).unwrap().unwrap()
    }

    fn without(team: &Team, n: u8) -> Team {
        let left = team.without_credential(&credential(n).id, false, NOW);
        left.unwrap().unwrap()
    }

    fn with_member(team: &Team, n: u8, role: Role) -> Team {
        let (member, own) = newcomer(n, role);
        team.with_member(&member, &own).unwrap().unwrap()
    }

    fn change(role: Option<Role>, is_active: Option<bool>) -> MemberChange {
        MemberChange {
            name: None,
            role,
            is_active,
        }
    }

    #[test]
    fn an_access_key_names_the_team_and_the_credential() {
        for (team, text) in [
            (agency(), "hak_zzzzzzzzzzzzzzzzzzzzzzzzzw0000000000000"),
            (authority(), "hak_harbin-commerce_0000000000000"),
        ] {
            let credential = CredentialId::from_bytes(&[0; 8]);
            let key = AccessKey { team, credential };
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse(), Ok(key));
            let longer = format!("{text}0");
            for wrong in [
                "",
                "hak_",
                "hak__",
                "hak_家",
                &text[1..],
                &text[..30],
                &longer,
            ] {
                assert_eq!(wrong.parse::<AccessKey>(), Err(NotAnAccessKey), "{wrong}");
            }
        }
    }

    #[test]
    fn what_was_stored_before_there_were_members_is_the_owners() {
        let team = registered();
        let (_, owner) = team.opened_by(&credential(1).id).unwrap();
        assert_eq!(
            (&owner.id, owner.role),
            (&agency().first_member(), Role::Owner)
        );
        assert_eq!(team.manager(), Some(owner));
        let unknown = Team::new(agency(), 0, Vec::new(), Vec::new());
        assert_eq!(
            unknown.with_credential(&credential(1)),
            Err(NotChanged::NotFound)
        );
        let (member, own) = newcomer(2, Role::Viewer);
        assert_eq!(
            unknown.with_member(&member, &own),
            Err(NotChanged::NotFound)
        );
    }

    #[test]
    fn one_that_was_withdrawn_does_not_come_back() {
        let both = with(&registered(), 2);
        assert_eq!(both.with_credential(&credential(1)), Ok(None), "a repeat");
        let mut other = credential(1);
        other.body_hash = Hash([9; 32]);
        assert_eq!(both.with_credential(&other), Err(NotChanged::KeyReused));

        let first = credential(1).id;
        let left = without(&both, 1);
        assert_eq!((left.version, left.opened_by(&first)), (3, None));
        assert_eq!(
            left.without_credential(&first, false, NOW),
            Ok(None),
            "a repeat"
        );
        assert_eq!(
            left.with_credential(&credential(1)),
            Err(NotChanged::Withdrawn)
        );
        let unknown = left.without_credential(&credential(7).id, true, NOW);
        assert_eq!(unknown, Err(NotChanged::NotFound));
    }

    #[test]
    fn a_member_comes_once_with_a_credential_and_goes_with_all() {
        let team = with_member(&registered(), 2, Role::Dispatcher);
        let (dispatcher, own) = newcomer(2, Role::Dispatcher);
        assert_eq!(team.opened_by(&own.id), Some((&own, &dispatcher)));
        assert_eq!(team.with_member(&dispatcher, &own), Ok(None), "a repeat");
        let mut other = dispatcher.clone();
        other.body_hash = Hash([9; 32]);
        assert_eq!(team.with_member(&other, &own), Err(NotChanged::KeyReused));

        let end = change(None, Some(false));
        let ended = team
            .with_change(&dispatcher.id, &end, NOW)
            .unwrap()
            .unwrap();
        assert_eq!(ended.opened_by(&own.id), None);
        assert_eq!(ended.with_change(&dispatcher.id, &end, NOW), Ok(None));
        assert_eq!(
            ended.with_member(&dispatcher, &own),
            Err(NotChanged::Withdrawn)
        );
        let more = Credential {
            member: Some(dispatcher.id.clone()),
            ..credential(3)
        };
        assert_eq!(ended.with_credential(&more), Err(NotChanged::NotFound));
        // Back again, it takes a new one.
        let back = change(None, Some(true));
        let back = ended
            .with_change(&dispatcher.id, &back, NOW)
            .unwrap()
            .unwrap();
        assert_eq!(back.opened_by(&own.id), None);
        let back = back.with_credential(&more).unwrap().unwrap();
        assert_eq!(
            back.opened_by(&more.id).map(|(_, member)| &member.id),
            Some(&dispatcher.id)
        );
    }

    #[test]
    fn somebody_who_manages_the_members_can_always_log_in() {
        let team = with_member(&registered(), 2, Role::Viewer);
        let owner = agency().first_member();
        let only = credential(1).id;
        let last = Err(NotChanged::Last);
        assert_eq!(team.without_credential(&only, false, NOW), last);
        let without_any = team.without_credential(&only, true, NOW).unwrap().unwrap();
        assert!(without_any.opened_by(&only).is_none());
        for change in [
            change(Some(Role::Dispatcher), None),
            change(None, Some(false)),
        ] {
            assert_eq!(team.with_change(&owner, &change, NOW), last);
            let two = with_member(&team, 3, Role::Owner);
            assert!(two.with_change(&owner, &change, NOW).unwrap().is_some());
            // An owner who cannot log in does not count.
            let id = newcomer(3, Role::Owner).1.id;
            let locked = two.without_credential(&id, false, NOW).unwrap().unwrap();
            assert_eq!(locked.with_change(&owner, &change, NOW), last);
        }

        // The operator's key is the first supervisor's, and is not withdrawn here.
        let bureau = Team::new(authority(), 0, Vec::new(), Vec::new());
        let bureau = with_member(&bureau, 2, Role::Supervisor);
        let second = newcomer(2, Role::Supervisor).1.id;
        assert!(bureau.without_credential(&second, false, NOW).is_ok());
        let first = authority().first_member();
        let end = change(None, Some(false));
        let ended = bureau.with_change(&first, &end, NOW).unwrap().unwrap();
        assert_eq!(ended.without_credential(&second, false, NOW), last);
    }

    #[test]
    fn there_are_ten_credentials_a_member_and_not_more_than_a_team_can_hold() {
        let mut team = registered();
        for n in 2..=10 {
            team = with(&team, n);
        }
        assert_eq!(
            team.with_credential(&credential(11)),
            Err(NotChanged::TooMany)
        );
        for n in 11..=200 {
            team = with(&without(&team, n - 1), n);
        }
        team = without(&team, 200);
        assert_eq!(
            team.with_credential(&credential(201)),
            Err(NotChanged::TooMany)
        );
        let mut later = credential(201);
        later.added_at = NOW + WITHDRAWN_REMEMBERED;
        let team = team.with_credential(&later).unwrap().unwrap();
        assert_eq!(
            team.credentials.len(),
            10,
            "what was withdrawn long ago is forgotten"
        );
    }

    #[test]
    fn there_are_fifty_members_at_once() {
        let mut team = registered();
        for n in 2..=50 {
            team = with_member(&team, n, Role::Viewer);
        }
        let (member, own) = newcomer(51, Role::Viewer);
        assert_eq!(team.with_member(&member, &own), Err(NotChanged::TooMany));
        let ended = team.with_change(
            &newcomer(2, Role::Viewer).0.id,
            &change(None, Some(false)),
            NOW,
        );
        let ended = ended.unwrap().unwrap();
        let full = ended.with_member(&member, &own).unwrap().unwrap();
        let back = full.with_change(
            &newcomer(2, Role::Viewer).0.id,
            &change(None, Some(true)),
            NOW,
        );
        assert_eq!(back, Err(NotChanged::TooMany));
    }
}

//! Members: the people of an agency and of the authority, what each may do, and how they log in.
//!
//! What a member may do depends on the role alone ([`Role::may`]). Who asks for a caller's agency or authority names the
//! [`Right`] that it takes.

mod team;

use serde::{Deserialize, Serialize};

use crate::chain::{Actor, Hash};
use crate::id::{AgencyId, AuthorityId, CredentialId, MemberId};
use crate::time::Millis;

pub use team::{
    AccessKey, Credential, MOST_CREDENTIALS, MOST_MEMBERS, MemberChange, NotAnAccessKey,
    NotChanged, Team,
};

/// The first three are of agencies, the others of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Dispatcher,
    Viewer,
    Supervisor,
    Reviewer,
    Auditor,
}

/// A kind of deed, for which a role has the right or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Seeing what the agency or the authority sees.
    Read,
    /// Grabbing, staffing and releasing orders; emptying the order queue; noting something of a customer.
    Orders,
    /// Registering and changing workers, and what is recorded of them.
    Workers,
    Badges,
    /// Changing the agency and its stores.
    Agency,
    /// Changing who logs in, and reading what they have done.
    Members,
    /// Taking the list of the agency's customers away as a file.
    Export,
    /// Deciding in the authority's name.
    Review,
}

impl Role {
    /// What each role may do.
    pub fn may(self, right: Right) -> bool {
        use Right::{Agency, Badges, Export, Members, Orders, Read, Review, Workers};
        let rights: &[Right] = match self {
            Self::Owner => &[Read, Orders, Workers, Badges, Agency, Members, Export],
            Self::Dispatcher => &[Read, Orders, Workers, Badges],
            Self::Supervisor => &[Read, Workers, Badges, Members, Review],
            Self::Reviewer => &[Read, Workers, Badges, Review],
            Self::Viewer | Self::Auditor => &[Read],
        };
        rights.contains(&right)
    }
}

/// Whose members they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TeamId {
    Agency(AgencyId),
    Authority(AuthorityId),
}

impl From<AgencyId> for TeamId {
    fn from(id: AgencyId) -> Self {
        Self::Agency(id)
    }
}

impl From<AuthorityId> for TeamId {
    fn from(id: AuthorityId) -> Self {
        Self::Authority(id)
    }
}

impl TeamId {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Agency(id) => id.as_str(),
            Self::Authority(id) => id.as_str(),
        }
    }

    /// The roles of its members. The first is the one that manages the others; one such member always remains.
    pub fn roles(&self) -> [Role; 3] {
        match self {
            Self::Agency(_) => [Role::Owner, Role::Dispatcher, Role::Viewer],
            Self::Authority(_) => [Role::Supervisor, Role::Reviewer, Role::Auditor],
        }
    }

    /// Who is a member from the beginning: whoever registered the agency, or has the operator's key of the authority.
    pub fn first_member(&self) -> MemberId {
        MemberId::first(self.as_str())
    }
}

/// A member who acts for an agency or the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberOf<T> {
    pub team: T,
    pub member: MemberId,
    pub role: Role,
    /// By which the session was opened; none if it was the operator's key.
    pub credential: Option<CredentialId>,
}

impl<T: Clone + Into<TeamId>> MemberOf<T> {
    /// Who is a member from the beginning, and manages those to come.
    pub fn first(team: T) -> Self {
        let id: TeamId = team.clone().into();
        Self {
            member: id.first_member(),
            role: id.roles()[0],
            credential: None,
            team,
        }
    }

    pub fn team_id(&self) -> TeamId {
        self.team.clone().into()
    }
}

impl<T: Clone + Into<TeamId>> From<&MemberOf<T>> for Actor {
    fn from(by: &MemberOf<T>) -> Self {
        let member = Some(by.member.clone());
        match by.team_id() {
            TeamId::Agency(id) => Self::Agency(id, member),
            TeamId::Authority(id) => Self::Authority(id, member),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: MemberId,
    pub name: String,
    pub role: Role,
    /// Of the request that added the member.
    pub body_hash: Hash,
    pub added_at: Millis,
    /// Since when the member logs in no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
}

impl Member {
    pub fn is_active(&self) -> bool {
        self.ended_at.is_none()
    }

    /// `None` for a first member to whom nobody has given one.
    pub fn given_name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| *name != team::UNNAMED)
    }

    pub fn acting_for<T>(self, team: T, credential: Option<CredentialId>) -> MemberOf<T> {
        MemberOf {
            team,
            member: self.id,
            role: self.role,
            credential,
        }
    }
}

/// A line of the audit trail: what a member did, in one word, and the id of what it was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub at: Millis,
    pub member: MemberId,
    pub what: String,
    pub about: String,
}

impl Deed {
    pub fn new(at: Millis, member: &MemberId, what: &str, about: impl ToString) -> Self {
        Self {
            at,
            member: member.clone(),
            what: what.to_owned(),
            about: about.to_string(),
        }
    }
}

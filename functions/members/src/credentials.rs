//! By what members log in: shown, added, withdrawn.

use domain::id::{CredentialId, MemberId};
use domain::member::{AccessKey, Credential, NotChanged, Team, TeamId};
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, JsonBody, Request, Response};
use serde_json::{Value, json};

use crate::{Manager, Members};

/// Whose credentials are changed, and by whom.
struct Whose {
    by: Manager,
    team: TeamId,
    /// If it is one member's in particular.
    holder: Option<MemberId>,
}

impl Members {
    /// Those of an agency, whoever's they are.
    pub(crate) async fn credentials(
        &self,
        request: &Request,
        agency: &str,
    ) -> Result<Response, Problem> {
        let whose = self.whose(request, "agencies", agency)?;
        http::query(request, &[])?;
        let team = self.directory.team(&whose.team).await?;
        if team.version == 0 {
            return Err(Problem::not_found());
        }
        let items: Vec<Value> = team.live().map(|one| view(&team, one)).collect();
        Ok(http::json(StatusCode::OK, &json!({ "items": items })))
    }

    /// Of an agency it is one of the owner who asks; if the authority does, of an owner.
    pub(crate) async fn add_credential(
        &self,
        request: &Request,
        of: &str,
        id: &str,
    ) -> Result<Response, Problem> {
        let Whose { by, team, holder } = self.whose(request, of, id)?;
        let own = (by.team == team).then(|| by.member.clone());
        let holder = holder.or(own);
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let name = body.read(|fields| fields.string("name", 1..=60))?;
        let (new, secret) = self.new_credential(&by, &team, holder.as_ref(), name, key, &body);
        let about = access_key(&team, &new.id);
        let changed = self.commit(&by, &team, "credential_added", about, |team| {
            let mut new = new.clone();
            let owner = || team.manager().map(|owner| owner.id.clone());
            new.member = new.member.or_else(owner);
            team.with_credential(&new)
        });
        let team = changed.await?;
        let added = team.opened_by(&new.id).ok_or_else(Problem::internal)?;
        let mut view = view(&team, added.0);
        view["secret"] = secret.into();
        Ok(http::json(StatusCode::CREATED, &view))
    }

    /// It opens no more sessions; those that it has opened last for some minutes.
    pub(crate) async fn withdraw_credential(
        &self,
        request: &Request,
        of: &str,
        id: &str,
        access_key: &str,
    ) -> Result<Response, Problem> {
        let Whose { by, team, holder } = self.whose(request, of, id)?;
        let key: AccessKey = access_key.parse().map_err(|_| Problem::not_found())?;
        if key.team != team {
            return Err(Problem::not_found());
        }
        let (may_be_last, now) = (by.team != team, self.clock.now());
        let changed = self.commit(&by, &team, "credential_withdrawn", access_key, |team| {
            let mut known = team.credentials.iter();
            let found = known.find(|known| known.id == key.credential);
            let found = found.ok_or(NotChanged::NotFound)?;
            if holder
                .as_ref()
                .is_some_and(|holder| team.holder(found) != *holder)
            {
                return Err(NotChanged::NotFound);
            }
            team.without_credential(&key.credential, may_be_last, now)
        });
        changed.await?;
        Ok(http::no_content())
    }

    /// Those of one of one's own members; those of an agency are its owner's and the authority's to change.
    fn whose(&self, request: &Request, of: &str, id: &str) -> Result<Whose, Problem> {
        let by = self.manager(request)?;
        let not_found = |_| Problem::not_found();
        let (team, holder) = if of == "agencies" {
            (TeamId::Agency(id.parse().map_err(not_found)?), None)
        } else {
            (by.team.clone(), Some(id.parse().map_err(not_found)?))
        };
        match by.team {
            TeamId::Agency(_) if by.team != team => Err(Problem::not_found()),
            _ => Ok(Whose { by, team, holder }),
        }
    }
}

pub(crate) fn access_key(team: &TeamId, credential: &CredentialId) -> String {
    let key = AccessKey {
        team: team.clone(),
        credential: credential.clone(),
    };
    key.to_string()
}

/// Without the secret, which is shown only to who has just added it.
pub(crate) fn view(team: &Team, credential: &Credential) -> Value {
    json!({
        "access_key": access_key(&team.id, &credential.id),
        "member_id": team.holder(credential),
        "name": credential.name,
        "added_by": credential.added_by,
        "added_at": credential.added_at.to_rfc3339(),
    })
}

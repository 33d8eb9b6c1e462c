//! Who acts for an agency or the authority: its members, their roles and credentials, and what they have done.
//!
//! An agency's owner and the authority's supervisor manage the members of their own. What they change is one item on its
//! version, and a line of the audit trail in the same transaction. Ids and secrets follow from the request, so that a repeat
//! shows the same secret if the answer was lost; only its hash is stored.

mod credentials;

use domain::chain::Hash;
use domain::id::{CredentialId, MemberId};
use domain::member::{
    Credential, Deed, MOST_CREDENTIALS, MOST_MEMBERS, Member, MemberChange, NotChanged, Right,
    Role, Team, TeamId,
};
use domain::time::Millis;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, JsonBody, Page, Request, Response};
use runtime::secret::NewSecret;
use runtime::{Caller, Fields, Problem, Verifier};
use serde_json::{Value, json};
use settings::{Clock, ConfigError, Settings};
use store::Directory;

pub struct Members {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    ids: [u8; 32],
    secrets: [u8; 32],
}

/// The member who manages others, whose member that is, and by what they came.
struct Manager {
    team: TeamId,
    member: MemberId,
    credential: Option<CredentialId>,
}

impl Members {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            ids: settings.key("MEMBER_KEY", "homehail member ids v1"),
            secrets: settings.key("MEMBER_KEY", "homehail member secrets v1"),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "members"]) => self.list(request).await,
            (&Method::POST, ["v1", "members"]) => self.add(request).await,
            (&Method::PATCH, ["v1", "members", member]) => self.change(request, member).await,
            (&Method::GET, ["v1", "audit"]) => self.audit(request).await,
            (&Method::GET, ["v1", "agencies", agency, "credentials"]) => {
                self.credentials(request, agency).await
            }
            (&Method::POST, ["v1", of, id, "credentials"]) => {
                self.add_credential(request, of, id).await
            }
            (&Method::DELETE, ["v1", of, id, "credentials", access_key]) => {
                self.withdraw_credential(request, of, id, access_key).await
            }
            _ => Err(Problem::not_found()),
        }
    }

    async fn list(&self, request: &Request) -> Result<Response, Problem> {
        let by = self.manager(request)?;
        let query = http::query(request, &["limit", "cursor"])?;
        let limit = query.limit()? as usize;
        let team = self.directory.team(&by.team).await?;
        let mut rest = team.members.iter();
        if let Some(last) = query.cursor().filter(|cursor| !cursor.is_empty()) {
            let is_there = rest.any(|member| member.id.as_str() == last);
            is_there.then_some(()).ok_or_else(Problem::malformed)?;
        }
        let items: Vec<&Member> = rest.by_ref().take(limit).collect();
        let last = items.last().map(|member| member.id.to_string());
        let page = Page {
            items: items.iter().map(|member| view(&team, member)).collect(),
            next_cursor: last.filter(|_| rest.next().is_some()),
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    async fn add(&self, request: &Request) -> Result<Response, Problem> {
        let by = self.manager(request)?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let (name, role) = body.read(|fields| {
            let name = fields.string("name", 1..=60);
            let role = role(fields, &by.team);
            Some((name?, role?))
        })?;
        let (mut first, secret) =
            self.new_credential(&by, &by.team, None, name.clone(), key, &body);
        // Members are known by the credential with which they come.
        let id = MemberId::from_bare(first.id.bare()).map_err(|_| Problem::internal())?;
        first.member = Some(id.clone());
        let new = Member {
            id,
            name,
            role,
            body_hash: Hash(body.hash()),
            added_at: first.added_at,
            ended_at: None,
        };
        let changed = self.commit(&by, &by.team, "member_added", &new.id, |team| {
            team.with_member(&new, &first)
        });
        let team = changed.await?;
        let member = team.member(&new.id).ok_or_else(Problem::internal)?;
        let answer = json!({
            "member_id": member.id,
            "name": member.name,
            "role": member.role,
            "access_key": credentials::access_key(&by.team, &first.id),
            "secret": secret,
        });
        Ok(http::json(StatusCode::CREATED, &answer))
    }

    async fn change(&self, request: &Request, member: &str) -> Result<Response, Problem> {
        let by = self.manager(request)?;
        let id: MemberId = member.parse().map_err(|_| Problem::not_found())?;
        let change = http::read_json(request, |fields| {
            let name = fields.optional_string("name", 1..=60);
            let role = match fields.given("role") {
                Some(_) => role(fields, &by.team),
                None => None,
            };
            let is_active = fields.optional_flag("is_active");
            fields.require_one_of(&["name", "role", "is_active"]);
            Some(MemberChange {
                name,
                role,
                is_active,
            })
        })?;
        let now = self.clock.now();
        let changed = self.commit(&by, &by.team, "member_changed", &id, |team| {
            team.with_change(&id, &change, now)
        });
        let team = changed.await?;
        let member = team.member(&id).ok_or_else(Problem::internal)?;
        Ok(http::json(StatusCode::OK, &view(&team, member)))
    }

    /// What the members have done, the newest first.
    async fn audit(&self, request: &Request) -> Result<Response, Problem> {
        let by = self.manager(request)?;
        let query = http::query(request, &["limit", "cursor", "member_id"])?;
        let limit = query.limit()?;
        let member: Option<MemberId> = match query.text("member_id") {
            Some(text) => Some(text.parse().map_err(|_| {
                Problem::malformed().detail("member_id must be an id that begins with mem_.")
            })?),
            None => None,
        };
        let deeds = self
            .directory
            .deeds(&by.team, member.as_ref(), limit, query.cursor())
            .await?;
        let team = self.directory.team(&by.team).await?;
        let items = deeds.items.into_iter().map(|deed| {
            json!({
                "at": deed.at.to_rfc3339(),
                "member_id": deed.member,
                "member_name": team.member(&deed.member).map(|member| &member.name),
                "what": deed.what,
                "about": deed.about,
            })
        });
        let page = Page {
            items: items.collect(),
            next_cursor: deeds.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    fn manager(&self, request: &Request) -> Result<Manager, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let (team, member, credential) = match principal.may(Right::Members)? {
            Caller::Agency(by) => (by.team_id(), &by.member, &by.credential),
            Caller::Authority(by) => (by.team_id(), &by.member, &by.credential),
            Caller::Customer(_) | Caller::Worker(_) => return Err(Problem::forbidden()),
        };
        Ok(Manager {
            team,
            member: member.clone(),
            credential: credential.clone(),
        })
    }

    /// Changes a team, which the manager who does it can read in their own audit trail. Their session lasts some minutes, so it
    /// is looked at whether they still manage and their credential still stands: whoever stole one that was withdrawn since
    /// makes no other.
    async fn commit(
        &self,
        by: &Manager,
        team: &TeamId,
        what: &'static str,
        about: impl ToString,
        change: impl Fn(&Team) -> Result<Option<Team>, NotChanged>,
    ) -> Result<Team, Problem> {
        let deed = Deed::new(self.clock.now(), &by.member, what, about);
        let own = match by.team == *team {
            true => None,
            false => Some(self.directory.team(&by.team).await?),
        };
        let change = |team: &Team| {
            let changed = change(team);
            let own = own.as_ref().unwrap_or(team);
            // A repeat has nothing left to do: it may have withdrawn its own.
            if changed == Ok(None) || own.is_managed_by(&by.member, by.credential.as_ref()) {
                return changed;
            }
            Err(NotChanged::NoManager)
        };
        let changed = self.directory.change_team(team, &by.team, &deed, change);
        let now = self.clock.now();
        let changed = changed.await?.map_err(|why| not_changed(why, now))?;
        let by = by.member.as_str();
        tracing::info!(
            team = team.as_str(),
            by,
            what,
            "members or their credentials were changed"
        );
        Ok(changed)
    }

    /// A credential and its secret, which depends on the body too, so that the key alone does not reveal it.
    fn new_credential(
        &self,
        by: &Manager,
        team: &TeamId,
        holder: Option<&MemberId>,
        name: String,
        key: &str,
        body: &JsonBody,
    ) -> (Credential, String) {
        let for_whom = holder.map_or("", MemberId::as_str);
        let parts = [team.as_str(), by.member.as_str(), for_whom, key];
        let new = NewSecret::derive(&self.ids, &self.secrets, &parts, &body.hash());
        let credential = Credential {
            id: new.id,
            member: holder.cloned(),
            name,
            secret_hash: Hash(new.hash),
            body_hash: Hash(body.hash()),
            added_by: by.team.as_str().to_owned(),
            added_at: self.clock.now(),
            withdrawn_at: None,
        };
        (credential, new.text)
    }
}

fn role(fields: &mut Fields<'_>, team: &TeamId) -> Option<Role> {
    let role = fields.one_of("role")?;
    if team.roles().contains(&role) {
        return Some(role);
    }
    fields.refuse(
        "role",
        match team {
            TeamId::Agency(_) => "must be owner, dispatcher or viewer",
            TeamId::Authority(_) => "must be supervisor, reviewer or auditor",
        },
    );
    None
}

fn view(team: &Team, member: &Member) -> Value {
    let own = team.live().filter(|one| team.holder(one) == member.id);
    let credentials: Vec<Value> = own.map(|one| credentials::view(team, one)).collect();
    json!({
        "member_id": member.id,
        "name": member.name,
        "role": member.role,
        "is_active": member.is_active(),
        "added_at": member.added_at.to_rfc3339(),
        "credentials": credentials,
    })
}

fn not_changed(why: NotChanged, now: Millis) -> Problem {
    match why {
        NotChanged::KeyReused => Problem::idempotency_key_reused(),
        NotChanged::Withdrawn => {
            Problem::conflict().detail("What this request added has been withdrawn.")
        }
        NotChanged::TooMany => Problem::conflict().detail(format!(
            "There are at most {MOST_MEMBERS} members, each with {MOST_CREDENTIALS} credentials: one must go before another comes."
        )),
        NotChanged::TooManyLately { until } => {
            let wait_s = u32::try_from(until.since(now).as_secs() + 1).unwrap_or(u32::MAX);
            let words = "Too many members or credentials have come and gone lately.";
            Problem::rate_limited(wait_s).detail(words)
        }
        NotChanged::NoManager => Problem::unauthenticated()
            .detail("What this session was opened by does not manage the members any more: log in again."),
        NotChanged::Last => Problem::conflict().detail(
            "Nobody who manages the members could log in any more: make somebody else ready for it first.",
        ),
        NotChanged::NotFound => Problem::not_found(),
    }
}

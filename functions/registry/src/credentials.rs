//! The credentials of an agency: shown, added, withdrawn, by itself and by the authority.
//!
//! A secret is shown to who added it and is stored as a hash only. It follows from the request, so that a repeat shows the
//! same one if the answer was lost.

use domain::agency::{AccessKey, Credential, MOST_CREDENTIALS, NotChanged};
use domain::chain::Hash;
use domain::id::AgencyId;
use lambda_http::http::StatusCode;
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Principal, Problem};
use serde_json::{Value, json};

use crate::Registry;

impl Registry {
    pub(crate) async fn credentials(
        &self,
        request: &Request,
        agency: &str,
    ) -> Result<Response, Problem> {
        let (_, id) = self.itself_or_authority(request, agency)?;
        http::query(request, &[])?;
        let all = self.directory.credentials(&id).await?;
        if all.version == 0 {
            return Err(Problem::not_found());
        }
        let items: Vec<Value> = all.live().map(|credential| view(&id, credential)).collect();
        Ok(http::json(StatusCode::OK, &json!({ "items": items })))
    }

    pub(crate) async fn add_credential(
        &self,
        request: &Request,
        agency: &str,
    ) -> Result<Response, Problem> {
        let (caller, id) = self.itself_or_authority(request, agency)?;
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let name = body.read(|fields| fields.string("name", 1..=60))?;
        let (added_by, body_hash) = (caller.subject(), body.hash());
        let secret = self.keys.credential(&id, &added_by, key, &body_hash);
        let new = Credential {
            id: secret.id,
            name,
            secret_hash: Hash(secret.hash),
            body_hash: Hash(body_hash),
            added_by,
            added_at: self.clock.now(),
            withdrawn_at: None,
        };
        let changed = self
            .directory
            .change_credentials(&id, |all| match all.version {
                0 => Err(NotChanged::NotFound),
                _ => all.with(&new),
            });
        let all = changed.await?.map_err(not_changed)?;
        let added = all.get(&new.id).ok_or_else(Problem::internal)?;
        tracing::info!(agency.id = %id, added_by = added.added_by, "a credential was added");
        let mut view = view(&id, added);
        view["secret"] = secret.text.into();
        Ok(http::json(StatusCode::CREATED, &view))
    }

    /// It opens no more sessions; those that it has opened last for some minutes.
    pub(crate) async fn withdraw_credential(
        &self,
        request: &Request,
        agency: &str,
        access_key: &str,
    ) -> Result<Response, Problem> {
        let (caller, id) = self.itself_or_authority(request, agency)?;
        let key: AccessKey = access_key.parse().map_err(|_| Problem::not_found())?;
        if key.agency != id {
            return Err(Problem::not_found());
        }
        let may_be_last = matches!(caller, Principal::Authority(_));
        let now = self.clock.now();
        let changed = self
            .directory
            .change_credentials(&id, |all| all.without(&key.credential, may_be_last, now));
        changed.await?.map_err(not_changed)?;
        tracing::info!(agency.id = %id, withdrawn_by = caller.subject(), "a credential was withdrawn");
        Ok(http::no_content())
    }
}

/// Without the secret, which is shown only to who has just added it.
fn view(agency: &AgencyId, credential: &Credential) -> Value {
    let key = AccessKey {
        agency: agency.clone(),
        credential: credential.id.clone(),
    };
    json!({
        "access_key": key.to_string(),
        "name": credential.name,
        "added_by": credential.added_by,
        "added_at": credential.added_at.to_rfc3339(),
    })
}

fn not_changed(why: NotChanged) -> Problem {
    match why {
        NotChanged::KeyReused => Problem::idempotency_key_reused(),
        NotChanged::Withdrawn => {
            Problem::conflict().detail("What this request added has been withdrawn.")
        }
        NotChanged::TooMany => Problem::rate_limited(3_600).detail(format!(
            "An agency has at most {MOST_CREDENTIALS} credentials, and does not change them all the time."
        )),
        NotChanged::Last => Problem::conflict()
            .detail("Without its last credential the agency could not log in: add another one first."),
        NotChanged::NotFound => Problem::not_found(),
    }
}

//! The account's access keys and roles: authenticates callers and authorises calls.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::constant_time;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::caller::{Caller, Who};
use super::context::Context;
use super::policy::{Policy, PolicyError, Verdict};
use super::signature::Authorization;
use crate::clock::Clock;
use crate::names::partition_of;
use crate::refusal::Refusal;

/// A role as a template describes it.
#[derive(Clone, Debug)]
pub struct RoleDescription<'a> {
    pub name: &'a str,
    /// `AssumeRolePolicyDocument`.
    pub trust: &'a Value,
    pub policies: &'a [Value],
    /// `MaxSessionDuration`; AWS's default is 3,600.
    pub max_session_seconds: u32,
}

#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) name: String,
    trust: Policy,
    policies: Vec<Policy>,
    pub(crate) max_session_seconds: u32,
}

/// Temporary keys, as STS hands them out.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Session {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub(crate) expires_at: i64,
}

/// One thing that somebody asks for.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    caller: &'a Caller,
    action: &'a str,
    resource: &'a str,
    context: Context,
    resource_policy: Option<&'a Policy>,
}

impl<'a> Call<'a> {
    /// `action` as in policies (`sqs:SendMessage`), `resource` an ARN.
    pub fn new(caller: &'a Caller, action: &'a str, resource: &'a str) -> Self {
        Self {
            caller,
            action,
            resource,
            context: Context::default(),
            resource_policy: None,
        }
    }

    /// Adds a condition key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.insert(key, value);
        self
    }

    /// Adds a condition key that holds several values.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        self.context.insert_all(key, values);
        self
    }

    /// Has the resource's own policy asked, too.
    #[must_use]
    pub(crate) fn guarded_by(mut self, policy: Option<&'a Policy>) -> Self {
        self.resource_policy = policy;
        self
    }
}

enum Key {
    Lasting { secret: String, caller: Caller },
    Temporary(Session),
}

#[derive(Default)]
struct Registry {
    keys: HashMap<String, Key>,
    roles: HashMap<String, Arc<Role>>,
}

/// The account's access keys and roles, filled by the program that embeds the cloud.
pub struct Identities {
    clock: Clock,
    account: String,
    partition: &'static str,
    registry: RwLock<Registry>,
}

impl Identities {
    /// An account that nobody can use yet. `region` decides the ARNs' partition.
    pub fn new(clock: Clock, region: &str, account: &str) -> Self {
        Self {
            clock,
            account: account.to_owned(),
            partition: partition_of(region),
            registry: RwLock::default(),
        }
    }

    /// Lets the holder of an access key do everything.
    pub fn add_operator(&self, access_key: &str, secret: &str) {
        let caller = Caller {
            arn: format!("arn:{}:iam::{}:user/operator", self.partition, self.account),
            user_id: access_key.to_owned(),
            account: self.account.clone(),
            who: Who::Operator,
            tags: BTreeMap::new(),
        };
        self.add_key(access_key, secret, caller);
    }

    /// Adds a role or replaces the one of this name; returns its ARN.
    pub fn add_role(&self, role: &RoleDescription<'_>) -> Result<String, PolicyError> {
        let arn = self.role_arn(role.name);
        let read = Role {
            arn: arn.clone(),
            name: role.name.to_owned(),
            trust: Policy::of_trust(role.trust)?,
            policies: role
                .policies
                .iter()
                .map(Policy::of_identity)
                .collect::<Result<_, _>>()?,
            max_session_seconds: role.max_session_seconds,
        };
        self.write(|registry| registry.roles.insert(arn.clone(), Arc::new(read)));
        Ok(arn)
    }

    fn role_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    /// Lets the holder of an access key act under a role without asking STS, as Lambda lets a
    /// function act under its own. `session` names the session, for example the function.
    pub fn add_role_key(&self, role: &str, session: &str, access_key: &str, secret: &str) {
        let caller = self.session_caller(&self.role_arn(role), role, session, BTreeMap::new());
        self.add_key(access_key, secret, caller);
    }

    /// Who signed this request: the key must be known, its signature right and, for temporary
    /// keys, the session token right and not expired.
    ///
    /// Refusals: `MissingAuthenticationToken`, `IncompleteSignature`, `InvalidClientTokenId`,
    /// `SignatureDoesNotMatch`, `ExpiredToken`.
    pub fn authenticate(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Caller, Refusal> {
        let authorization = Authorization::from_headers(headers)?;
        let unknown = || {
            Refusal::new(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            )
        };
        let token = headers
            .get("x-amz-security-token")
            .map(http::HeaderValue::as_bytes);
        let (secret, caller, expires_at) = {
            let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
            match registry.keys.get(authorization.access_key) {
                None => return Err(unknown()),
                Some(Key::Lasting { secret, caller }) => (secret.clone(), caller.clone(), None),
                Some(Key::Temporary(session)) => {
                    let right = token.is_some_and(|token| {
                        constant_time::verify_slices_are_equal(token, session.token.as_bytes())
                            .is_ok()
                    });
                    if !right {
                        return Err(unknown());
                    }
                    let Some(role) = registry.roles.get(&session.role) else {
                        return Err(unknown());
                    };
                    let caller = self.session_caller(
                        &role.arn,
                        &role.name,
                        &session.name,
                        session.tags.clone(),
                    );
                    (session.secret.clone(), caller, Some(session.expires_at))
                }
            }
        };
        authorization.verify(&secret, method, uri, headers, body)?;
        if expires_at.is_some_and(|at| at <= self.clock.now_ms()) {
            return Err(Refusal::new(
                "ExpiredToken",
                "The security token included in the request is expired",
            ));
        }
        Ok(caller)
    }

    /// Whether a call is allowed: by the caller's role or by the resource's policy, and denied by
    /// neither. Refusal: `AccessDenied`.
    pub fn authorize(&self, call: &Call<'_>) -> Result<(), Refusal> {
        if call.caller.is_operator() {
            return Ok(());
        }
        let mut context = call.context.clone();
        call.caller.add_to(&mut context);
        let of_resource = match call.resource_policy {
            Some(policy) => policy.verdict(call.caller, call.action, call.resource, &context),
            None => Verdict::Silent,
        };
        let of_identity = self.identity_verdict(call, &context);
        match (of_identity, of_resource) {
            (Verdict::Denied, _) => Err(denied(
                call,
                "with an explicit deny in an identity-based policy",
            )),
            (_, Verdict::Denied) => Err(denied(
                call,
                "with an explicit deny in a resource-based policy",
            )),
            (Verdict::Allowed, _) | (_, Verdict::Allowed) => Ok(()),
            _ => Err(denied(
                call,
                &format!(
                    "because no identity-based policy allows the {} action",
                    call.action
                ),
            )),
        }
    }

    fn identity_verdict(&self, call: &Call<'_>, context: &Context) -> Verdict {
        let Who::Role(arn) = &call.caller.who else {
            return Verdict::Silent;
        };
        let Some(role) = self.role(arn) else {
            return Verdict::Silent;
        };
        let mut verdict = Verdict::Silent;
        for policy in &role.policies {
            match policy.verdict(call.caller, call.action, call.resource, context) {
                Verdict::Denied => return Verdict::Denied,
                Verdict::Allowed => verdict = Verdict::Allowed,
                Verdict::LeftToIdentity | Verdict::Silent => {}
            }
        }
        verdict
    }

    /// Whether `caller` may take on `role`: its trust policy has to say so; one that names the
    /// whole account leaves it to the caller's own policies.
    pub(crate) fn authorize_by_trust(&self, role: &Role, call: &Call<'_>) -> Result<(), Refusal> {
        if call.caller.is_operator() {
            return Ok(());
        }
        let mut context = call.context.clone();
        call.caller.add_to(&mut context);
        let of_identity = self.identity_verdict(call, &context);
        match (
            role.trust
                .verdict(call.caller, call.action, call.resource, &context),
            of_identity,
        ) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => {
                Err(denied(call, "with an explicit deny"))
            }
            (Verdict::Allowed, _) | (Verdict::LeftToIdentity, Verdict::Allowed) => Ok(()),
            _ => Err(denied(
                call,
                "because the role's trust policy does not allow it",
            )),
        }
    }

    /// Whether `service` may take on a role, and the role may do `action` on `resource`.
    /// For a front door to another service, where an AWS service acts for a function.
    pub fn authorize_service_under_role(
        &self,
        service: &str,
        role_arn: &str,
        action: &str,
        resource: &str,
        resource_policy: Option<&Policy>,
    ) -> Result<(), Refusal> {
        let role = self.role(role_arn).ok_or_else(|| {
            Refusal::new(
                "AccessDenied",
                format!("there is no role {role_arn} to take on"),
            )
        })?;
        let service = Caller::service(service, &self.account);
        let trust = Call::new(&service, "sts:AssumeRole", role_arn)
            .with("aws:SourceAccount", self.account.as_str());
        self.authorize_by_trust(&role, &trust)?;
        let caller = self.session_caller(&role.arn, &role.name, "service", BTreeMap::new());
        self.authorize(&Call::new(&caller, action, resource).guarded_by(resource_policy))
    }

    pub(crate) fn role(&self, arn: &str) -> Option<Arc<Role>> {
        self.registry
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .roles
            .get(arn)
            .cloned()
    }

    pub(crate) fn add_session(&self, session: Session) {
        self.write(|registry| {
            registry
                .keys
                .insert(session.access_key.clone(), Key::Temporary(session))
        });
    }

    /// Forgets temporary keys that have long expired (an hour, so that holders are still told that
    /// they have); returns their ids.
    pub(crate) fn forget_expired_sessions(&self) -> Vec<String> {
        let before = self.clock.now_ms() - 3_600_000;
        let mut forgotten = Vec::new();
        self.write(|registry| {
            registry.keys.retain(|id, key| {
                let keep = !matches!(key, Key::Temporary(s) if s.expires_at < before);
                if !keep {
                    forgotten.push(id.clone());
                }
                keep
            });
        });
        forgotten
    }

    fn add_key(&self, access_key: &str, secret: &str, caller: Caller) {
        let key = Key::Lasting {
            secret: secret.to_owned(),
            caller,
        };
        self.write(|registry| registry.keys.insert(access_key.to_owned(), key));
    }

    /// The caller under a role's session, with the ARN that AWS gives it.
    fn session_caller(
        &self,
        role_arn: &str,
        role_name: &str,
        session: &str,
        tags: BTreeMap<String, String>,
    ) -> Caller {
        Caller {
            arn: self.session_arn(role_name, session),
            user_id: format!("{}:{session}", role_id(role_name)),
            account: self.account.clone(),
            who: Who::Role(role_arn.to_owned()),
            tags,
        }
    }

    pub(crate) fn session_arn(&self, role_name: &str, session: &str) -> String {
        format!(
            "arn:{}:sts::{}:assumed-role/{role_name}/{session}",
            self.partition, self.account
        )
    }

    fn write<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        change(
            &mut self
                .registry
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// A role's unique id, which AWS draws at random and we take from its name: `AROA` and 17
/// characters.
pub(crate) fn role_id(role_name: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, role_name.as_bytes());
    let mut id = data_encoding::BASE32_NOPAD.encode(hash.as_ref());
    id.truncate(17);
    format!("AROA{id}")
}

fn denied(call: &Call<'_>, why: &str) -> Refusal {
    Refusal::new(
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: {} on resource: {} {why}",
            call.caller.arn, call.action, call.resource
        ),
    )
}

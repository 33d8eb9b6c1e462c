//! STS as SDKs speak it: temporary keys for a role, asked for in a form and answered in XML.

use std::collections::BTreeMap;

use super::request::Request;
use super::xml;
use crate::cloud::Cloud;
use crate::iam::{Call, Session, role_id};
use crate::journal::Kind;
use crate::random;
use crate::refusal::Refusal;

pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// STS: a session lasts at least 15 minutes.
const MIN_SECONDS: u32 = 900;
/// STS: an hour unless the caller says otherwise, and at most when one role takes on another.
const HOUR: u32 = 3_600;
/// STS: a session has at most 50 tags.
const MAX_TAGS: usize = 50;

/// Does the operation that the form's `Action` names; answers the XML.
pub(super) async fn call(cloud: &Cloud, request: &Request) -> Result<String, Refusal> {
    let form = request.form();
    let mut form = form.ok_or_else(|| invalid("the form is not UTF-8"))?;
    form.remove("Version");
    match form.remove("Action").as_deref() {
        Some("AssumeRole") => assume_role(cloud, request, form).await,
        Some(action) => Err(Refusal::new(
            "InvalidAction",
            format!("Could not find operation {action}: it is not emulated here, or unknown"),
        )),
        None => Err(Refusal::new("MissingAction", "The request has no Action.")),
    }
}

async fn assume_role(
    cloud: &Cloud,
    request: &Request,
    mut form: BTreeMap<String, String>,
) -> Result<String, Refusal> {
    let required = |form: &mut BTreeMap<String, String>, name: &str| {
        form.remove(name)
            .ok_or_else(|| invalid(&format!("{name} is missing")))
    };
    let role_arn = required(&mut form, "RoleArn")?;
    let name = required(&mut form, "RoleSessionName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(invalid(
            "RoleSessionName is not of 2 to 64 letters, digits and _+=,.@-",
        ));
    }
    let seconds = form.remove("DurationSeconds");
    let seconds = seconds.map_or(Ok(HOUR), |text| {
        text.parse()
            .map_err(|_| invalid("DurationSeconds is not a number"))
    })?;
    let tags = take_tags(&mut form)?;
    if let Some(key) = form.keys().next() {
        return Err(invalid(&format!("{key} is not emulated here")));
    }

    let identities = cloud.identities();
    let caller = &request.caller;
    // STS does not tell whether a role is missing or closed.
    let role = identities.role(&role_arn).ok_or_else(|| {
        Refusal::new(
            "AccessDenied",
            format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                caller.arn
            ),
        )
    })?;
    let asked = |action| {
        let call = Call::new(caller, action, &role_arn).with("sts:RoleSessionName", name.as_str());
        tags.iter().fold(call, |call, (key, value)| {
            call.with(&format!("aws:RequestTag/{key}"), value.as_str())
        })
    };
    identities.authorize_by_trust(&role, &asked("sts:AssumeRole"))?;
    if !tags.is_empty() {
        identities.authorize_by_trust(&role, &asked("sts:TagSession"))?;
    }
    let longest = match caller.acts_under_role() {
        true => role.max_session_seconds.min(HOUR),
        false => role.max_session_seconds,
    };
    if !(MIN_SECONDS..=longest).contains(&seconds) {
        return Err(invalid(&format!(
            "DurationSeconds must be between {MIN_SECONDS} and {longest} for this role and caller"
        )));
    }

    let session = Session {
        access_key: random::temporary_key_id()?,
        secret: random::secret_key()?,
        token: random::session_token()?,
        role: role_arn,
        name,
        tags,
        expires_at: cloud.clock().now_ms() + i64::from(seconds) * 1_000,
    };
    cloud
        .change(|_, transaction| {
            transaction.put(Kind::Session, &session.access_key, &session);
            Ok(())
        })
        .await?;
    let expiration = jiff::Timestamp::from_second(session.expires_at / 1_000).unwrap_or_default();
    let answer = format!(
        "<AssumeRoleResponse xmlns=\"{NAMESPACE}\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>{}:{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>",
        role_id(&role.name),
        xml::escaped(&session.name),
        xml::escaped(&identities.session_arn(&role.name, &session.name)),
        session.access_key,
        session.secret,
        session.token,
        random::uuid()?,
    );
    identities.add_session(session);
    Ok(answer)
}

/// Takes `Tags.member.N.Key` and `.Value` out of the form.
fn take_tags(form: &mut BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for n in 1..=MAX_TAGS + 1 {
        let Some(key) = form.remove(&format!("Tags.member.{n}.Key")) else {
            break;
        };
        let value = form
            .remove(&format!("Tags.member.{n}.Value"))
            .unwrap_or_default();
        let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || !key.chars().chain(value.chars()).all(allowed) {
            return Err(invalid(&format!(
                "the tag {key:?} is too long or not allowed"
            )));
        }
        let repeated = tags
            .keys()
            .any(|other: &String| other.eq_ignore_ascii_case(&key));
        if repeated || n > MAX_TAGS {
            return Err(invalid(&format!(
                "the tag {key:?} is repeated, or one of too many"
            )));
        }
        tags.insert(key, value);
    }
    Ok(tags)
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("ValidationError", message)
}

//! Refresh tokens: renewing a session, and logging out. The rules are [`domain::refresh`]'s.
//!
//! A token is the family's id, its number in it, whose it is, and a keyed hash of these: a made-up one costs no read. The
//! next one follows from the family, so it can be given again when an answer was lost, and none is stored.
//!
//! For the web a token travels in a cookie that no script reads, and that only requests to sessions carry. The cookie counts
//! only beside a header that no foreign page can send without asking first, which nothing here allows. There is one for each kind of
//! caller, so that one browser can be a customer's and an agency's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::agency::Standing;
use domain::refresh::{Family, LIFETIME, Shown};
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use runtime::http::{self, Request, Response};
use runtime::session::Session;
use runtime::{Caller, Fault, Problem, secret};
use serde::Deserialize;
use serde_json::json;
use store::{Credential, FamilyId, Opener, StoredFamily};

use crate::{Opened, Person, Sessions, random};

/// Behind it comes whose session it is.
const COOKIE_NAME: &str = "homehail_refresh_";
/// Where the cookie is sent to, and nowhere else.
const COOKIE_FOR: &str = "HttpOnly; Secure; SameSite=Strict; Path=/v1/sessions";
/// A page of another site cannot send it: its browser would have to be allowed to by an answer to a preflight request.
const OWN_PAGE: &str = "x-requested-with";
/// The most attempts when another request renews the family at the same time.
const MOST_ATTEMPTS: u32 = 4;
const MAC: usize = 16;
/// Family, number, keyed hash.
const FIXED: usize = 16 + 4 + MAC;

/// What a token says, once its hash is right.
pub(crate) struct RefreshToken {
    family: FamilyId,
    number: u32,
    /// Whose the family is, as [`Opener::subject`] says.
    subject: String,
}

impl RefreshToken {
    fn sign(&self, key: &[u8; 32]) -> [u8; 32] {
        let number = self.number.to_be_bytes();
        let parts: [&[u8]; 3] = [&self.family.0, &number, self.subject.as_bytes()];
        secret::hmac(key, &parts)
    }

    fn text(&self, key: &[u8; 32]) -> String {
        let mut bytes = self.family.0.to_vec();
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(&self.sign(key)[..MAC]);
        bytes.extend(self.subject.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` unless it was made with this key.
    fn read(text: &str, key: &[u8; 32]) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fixed, subject) = bytes.split_first_chunk::<FIXED>()?;
        let (family, rest) = fixed.split_first_chunk::<16>()?;
        let (number, mac) = rest.split_first_chunk::<4>()?;
        let token = Self {
            family: FamilyId(*family),
            number: u32::from_be_bytes(*number),
            subject: String::from_utf8(subject.to_vec()).ok()?,
        };
        secret::same(mac, &token.sign(key)[..MAC]).then_some(token)
    }
}

/// A token as it came.
struct Given {
    text: String,
    /// The name of the cookie that it came in.
    cookie: Option<String>,
}

/// Whose session is to be renewed or ended: it tells cookies apart.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whose {
    Customer,
    Worker,
    Agency,
    Authority,
}

impl Whose {
    /// As [`runtime::Principal::role`].
    fn role(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Worker => "worker",
            Self::Agency => "agency",
            Self::Authority => "authority",
        }
    }
}

impl Sessions {
    /// Begins a family for who has logged in.
    pub(crate) async fn begin(&self, opened: Opened) -> Result<Response, Problem> {
        let Opened {
            person,
            opener,
            by_cookie,
        } = opened;
        let (session, now) = self.session(&person.principal).await?;
        let token = RefreshToken {
            family: FamilyId(random()?),
            number: 0,
            subject: opener.subject().to_owned(),
        };
        let begun = self
            .log_ins
            .begin_family(&token.family, &opener, now)
            .await?;
        tracing::info!(role = person.principal.role(), "a session was given");
        Ok(self.rendered(&person, &session, &token, &begun, by_cookie))
    }

    /// `POST /v1/sessions/refresh`.
    pub(crate) async fn refresh(&self, request: &Request) -> Result<Response, Problem> {
        let given = given(request)?;
        let token = RefreshToken::read(&given.text, &self.refresh_key);
        let token = token.ok_or_else(Problem::bad_credentials)?;
        let RefreshToken {
            family: id,
            number,
            subject,
        } = &token;
        for _ in 0..MOST_ATTEMPTS {
            let found = self.log_ins.family(subject, id).await?;
            let found = found.ok_or_else(Problem::bad_credentials)?;
            let shown = found.family.shown(*number, self.clock.now());
            match shown {
                Shown::Over => return Err(Problem::bad_credentials()),
                Shown::Reused => {
                    self.log_ins.end_family(subject, id).await?;
                    tracing::warn!("a refresh token was used twice, and its family has ended");
                    return Err(Problem::bad_credentials());
                }
                Shown::Newest | Shown::Repeated => {}
            }
            let person = self.still_opens(&found).await?;
            let person = person.ok_or_else(Problem::bad_credentials)?;
            // Signed before anything is written: if that fails, no token was used up.
            let (session, now) = self.session(&person.principal).await?;
            let mut family = found.family;
            if shown == Shown::Newest {
                let renewed = self.log_ins.renew_family(subject, id, &family, now).await?;
                let Some(renewed) = renewed else { continue };
                family = renewed;
            }
            let next = RefreshToken {
                number: family.newest,
                ..token
            };
            return Ok(self.rendered(&person, &session, &next, &family, given.cookie.is_some()));
        }
        Err(Problem::unavailable())
    }

    /// `DELETE /v1/sessions`. A token that is none of ours has nothing to end, and is answered alike.
    pub(crate) async fn log_out(&self, request: &Request) -> Result<Response, Problem> {
        let given = given(request)?;
        if let Some(token) = RefreshToken::read(&given.text, &self.refresh_key) {
            self.log_ins
                .end_family(&token.subject, &token.family)
                .await?;
        }
        let mut answer = http::no_content();
        if let Some(name) = &given.cookie {
            set_cookie(&mut answer, name, "", 0);
        }
        Ok(answer)
    }

    /// Who opened the family's first session, if the same would open one now. A worker who has been suspended since has
    /// to show her phone again.
    async fn still_opens(&self, found: &StoredFamily) -> Result<Option<Person>, Problem> {
        Ok(match &found.opener {
            // Erasing a customer deletes her families.
            Opener::Customer(id) => Some(Caller::Customer(id.clone()).into()),
            Opener::Worker { id, phone } => {
                if self.workers.by_confirmed_phone(phone).await?.as_ref() != Some(id) {
                    return Ok(None);
                }
                let worker = self.workers.get(id).await?.filter(|worker| {
                    // Not somebody who was erased and is registered anew.
                    let is_the_same = worker.registered_at <= found.opened_at;
                    !worker.is_erased && worker.standing == Standing::Approved && is_the_same
                });
                worker.map(|worker| Caller::Worker(worker.id).into())
            }
            Opener::Agency(credential) => {
                let known = self.known_agency(&credential.access_key).await?;
                is_unchanged(known, credential)
            }
            Opener::Authority(credential) => {
                let known = self.known_authority(&credential.access_key).await?;
                is_unchanged(known, credential)
            }
        })
    }

    fn rendered(
        &self,
        person: &Person,
        session: &Session,
        token: &RefreshToken,
        family: &Family,
        by_cookie: bool,
    ) -> Response {
        let token = token.text(&self.refresh_key);
        let principal = &person.principal;
        let member = principal
            .member()
            .map(|(id, role)| json!({ "member_id": id, "name": person.name, "role": role }));
        let mut answer = http::json(
            StatusCode::OK,
            &json!({
                "token": session.token,
                "expires_at": session.expires_at.to_rfc3339(),
                "subject": principal.subject(),
                "member": member,
                "refresh_token": (!by_cookie).then_some(&token),
                "refresh_expires_at": family.expires_at().to_rfc3339(),
            }),
        );
        if by_cookie {
            let name = format!("{COOKIE_NAME}{}", principal.role());
            set_cookie(&mut answer, &name, &token, LIFETIME.as_secs());
        }
        answer
    }
}

fn is_unchanged(known: Option<(Person, [u8; 32])>, credential: &Credential) -> Option<Person> {
    let known = known.filter(|(_, hash)| fingerprint(hash) == credential.secret);
    known.map(|(person, _)| person)
}

/// Tells a secret's hash from others, without being of use to whoever has it.
pub(crate) fn fingerprint(secret_hash: &[u8; 32]) -> String {
    domain::id::base32(&secret::sha256(secret_hash)[..10])
}

/// The token in the body, or else the cookie's.
fn given(request: &Request) -> Result<Given, Problem> {
    let has_body = !request.body().is_empty() || request.headers().contains_key(CONTENT_TYPE);
    let (in_body, whose) = if has_body {
        http::read_json(request, |fields| {
            let token = fields.optional_string("refresh_token", 1..=1_000);
            let whose = fields.given("as").is_some();
            let whose = whose.then(|| fields.one_of::<Whose>("as"));
            Some((token, whose.flatten()))
        })?
    } else {
        (None, None)
    };
    if let Some(text) = in_body {
        return Ok(Given { text, cookie: None });
    }
    let Some((name, text)) = cookie(request, whose) else {
        return Err(Problem::invalid(vec![Fault {
            pointer: "/refresh_token".to_owned(),
            detail: "is required, unless a cookie has it".to_owned(),
        }]));
    };
    if http::header(request, OWN_PAGE).is_none() {
        let words = "With a cookie, the header X-Requested-With is needed.";
        return Err(Problem::forbidden().detail(words));
    }
    Ok(Given {
        text: text.to_owned(),
        cookie: Some(name.to_owned()),
    })
}

/// The name and the value of the cookie with a token; of any, if it is not said whose.
fn cookie(request: &Request, whose: Option<Whose>) -> Option<(&str, &str)> {
    let is_wanted = |role: &str| match whose {
        Some(whose) => role == whose.role(),
        None => true,
    };
    let cookies = http::header(request, COOKIE)?.split(';');
    cookies
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| {
            !value.is_empty() && name.strip_prefix(COOKIE_NAME).is_some_and(is_wanted)
        })
}

fn set_cookie(answer: &mut Response, name: &str, token: &str, seconds: u64) {
    let cookie = format!("{name}={token}; Max-Age={seconds}; {COOKIE_FOR}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_by_its_own_key_and_not_when_anything_of_it_is_changed() {
        let token = RefreshToken {
            family: FamilyId([7; 16]),
            number: 3,
            subject: "cus_1".to_owned(),
        };
        let text = token.text(&[1; 32]);
        let read = RefreshToken::read(&text, &[1; 32]).unwrap();
        assert_eq!((read.number, read.subject.as_str()), (3, "cus_1"));
        assert!(read.family == token.family);
        assert!(RefreshToken::read(&text, &[2; 32]).is_none());
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(RefreshToken::read(&changed, &[1; 32]).is_none(), "{place}");
        }
        for text in ["", "x", &text[..20], &format!("{text}=")] {
            assert!(RefreshToken::read(text, &[1; 32]).is_none(), "{text}");
        }
    }
}

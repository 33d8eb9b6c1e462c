//! Access keys and secrets.
//!
//! A secret is 256 random bits, so its plain SHA-256 is stored; nothing slower is needed. An unknown access key takes
//! as long as a known one and gets the same answer.

use std::time::Duration;

use domain::id::{AuthorityId, CredentialId};
use domain::member::{AccessKey, Member, TeamId};
use runtime::http::{self, Request};
use runtime::{Caller, Principal, Problem, secret};
use store::{Credential, Opener};

use crate::refresh::fingerprint;
use crate::{Opened, Person, Sessions};

/// Stands in for the hash of a secret when the access key is unknown; no secret has this hash.
const NOBODYS_HASH: [u8; 32] = [0; 32];

/// From the first wrong secret on, so long the others are counted.
const WRONG_COUNT_FOR: Duration = Duration::from_secs(15 * 60);

struct Credentials {
    access_key: String,
    secret: String,
    by_cookie: bool,
}

impl Credentials {
    fn opened(self, person: Person, hash: &[u8; 32], opener: fn(Credential) -> Opener) -> Opened {
        let credential = Credential {
            access_key: self.access_key,
            secret: fingerprint(hash),
        };
        Opened {
            person,
            opener: opener(credential),
            by_cookie: self.by_cookie,
        }
    }
}

/// Whom an access key opens sessions for, and the hash of its secret.
type Known = Option<(Person, [u8; 32])>;

fn read(request: &Request) -> Result<Credentials, Problem> {
    http::read_json(request, |fields| {
        let access_key = fields.string("access_key", 1..=100);
        let secret = fields.string("secret", 1..=200);
        let by_cookie = fields.optional_flag("cookie");
        Some(Credentials {
            access_key: access_key?,
            secret: secret?,
            by_cookie: by_cookie.unwrap_or_default(),
        })
    })
}

impl Sessions {
    pub(crate) async fn agency(&self, request: &Request) -> Result<Opened, Problem> {
        let given = read(request)?;
        let known = self.known_agency(&given.access_key).await?;
        let (person, hash) = self.check(request, &given, known).await?;
        Ok(given.opened(person, &hash, Opener::Agency))
    }

    pub(crate) async fn authority(&self, request: &Request) -> Result<Opened, Problem> {
        let given = read(request)?;
        let (person, hash) = match authority_key(&given.access_key) {
            Some(key) => {
                let known = self.holder(&key).await?;
                self.check(request, &given, known).await?
            }
            None => {
                let known = self.directory.authority(&given.access_key).await?;
                let known = known.map(|known| (known.id, known.secret_hash));
                let (authority, hash) = self.check(request, &given, known).await?;
                // Read once the secret is right, so that nobody sees by the time it takes which keys there are.
                let first = self.first_member(authority).await?;
                (first.ok_or_else(Problem::bad_credentials)?, hash)
            }
        };
        Ok(given.opened(person, &hash, Opener::Authority))
    }

    pub(crate) async fn known_agency(&self, access_key: &str) -> Result<Known, Problem> {
        match access_key.parse::<AccessKey>() {
            Ok(key) if matches!(key.team, TeamId::Agency(_)) => self.holder(&key).await,
            _ => Ok(None),
        }
    }

    pub(crate) async fn known_authority(&self, access_key: &str) -> Result<Known, Problem> {
        if let Some(key) = authority_key(access_key) {
            return self.holder(&key).await;
        }
        let Some(known) = self.directory.authority(access_key).await? else {
            return Ok(None);
        };
        let first = self.first_member(known.id).await?;
        Ok(first.map(|first| (first, known.secret_hash)))
    }

    /// Whose access key it is, and its secret's hash.
    async fn holder(&self, key: &AccessKey) -> Result<Known, Problem> {
        let team = self.directory.team(&key.team).await?;
        let found = team.opened_by(&key.credential);
        Ok(found.map(|(credential, member)| {
            let person = acting(&team.id, member, Some(&credential.id));
            (person, credential.secret_hash.0)
        }))
    }

    /// The authority's first member, unless that one is not active any more.
    async fn first_member(&self, authority: AuthorityId) -> Result<Option<Person>, Problem> {
        let team = self.directory.team(&authority.into()).await?;
        let first = team.member(&team.id.first_member());
        let first = first.filter(|first| first.is_active());
        Ok(first.map(|first| acting(&team.id, first, None)))
    }

    /// A right secret opens a session, however many wrong ones came before it: nobody locks others out. Wrong ones are counted
    /// by access key and address, whether or not there is such a key.
    async fn check<T>(
        &self,
        request: &Request,
        given: &Credentials,
        known: Option<(T, [u8; 32])>,
    ) -> Result<(T, [u8; 32]), Problem> {
        let hash = known.as_ref().map_or(&NOBODYS_HASH, |(_, hash)| hash);
        let is_right = secret::same(&secret::sha256(given.secret.as_bytes()), hash);
        if let (Some(known), true) = (known, is_right) {
            return Ok(known);
        }
        let parts = [
            given.access_key.as_bytes(),
            http::address(request).as_bytes(),
        ];
        let [a, b, c, d, ..] = secret::hmac(b"wrong secrets", &parts);
        let (now, hash) = (self.clock.now(), u32::from_be_bytes([a, b, c, d]));
        let counted = self
            .directory
            .count_wrong_secret(hash, now + WRONG_COUNT_FOR, now);
        let (count, until) = counted.await?;
        if count <= self.market.wrong_secrets_cap {
            return Err(Problem::bad_credentials());
        }
        let wait_s = until.since(now).as_secs() as u32 + 1;
        let words = "Too many wrong secrets of this access key have come from this address.";
        Err(Problem::rate_limited(wait_s).detail(words))
    }
}

/// The authority's members' keys are like those of agencies. Any other is the operator's, which is the first member's.
fn authority_key(access_key: &str) -> Option<AccessKey> {
    let key = access_key.parse::<AccessKey>().ok();
    key.filter(|key| matches!(key.team, TeamId::Authority(_)))
}

fn acting(team: &TeamId, member: &Member, by: Option<&CredentialId>) -> Person {
    let name = member.given_name().map(str::to_owned);
    let (member, by) = (member.clone(), by.cloned());
    let principal = Principal::new(match team.clone() {
        TeamId::Agency(agency) => Caller::Agency(member.acting_for(agency, by)),
        TeamId::Authority(authority) => Caller::Authority(member.acting_for(authority, by)),
    });
    Person { principal, name }
}

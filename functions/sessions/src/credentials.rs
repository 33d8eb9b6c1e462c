//! Access keys and secrets.
//!
//! A secret is 256 random bits, so its plain SHA-256 is stored; nothing slower is needed. An unknown access key takes
//! as long as a known one and gets the same answer.

use std::time::Duration;

use domain::agency::AccessKey;
use runtime::http::{self, Request};
use runtime::{Principal, Problem, secret};
use store::{Credential, Opener};

use crate::refresh::fingerprint;
use crate::{Opened, Sessions};

/// Stands in for the hash of a secret when the access key is unknown; no secret has this hash.
const NOBODYS_HASH: [u8; 32] = [0; 32];

/// From the first wrong secret on, so long the others are counted.
const WRONG_COUNT_FOR: Duration = Duration::from_secs(15 * 60);

struct Credentials {
    access_key: String,
    secret: String,
    by_cookie: bool,
}

/// Whom an access key opens sessions for, and the hash of its secret.
type Known = Option<(Principal, [u8; 32])>;

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
        self.check(request, given, known, Opener::Agency).await
    }

    pub(crate) async fn authority(&self, request: &Request) -> Result<Opened, Problem> {
        let given = read(request)?;
        let known = self.known_authority(&given.access_key).await?;
        self.check(request, given, known, Opener::Authority).await
    }

    pub(crate) async fn known_agency(&self, access_key: &str) -> Result<Known, Problem> {
        let Ok(key) = access_key.parse::<AccessKey>() else {
            return Ok(None);
        };
        let hash = self.directory.secret_hash(&key).await?;
        Ok(hash.map(|hash| (Principal::Agency(key.agency), hash)))
    }

    pub(crate) async fn known_authority(&self, access_key: &str) -> Result<Known, Problem> {
        let known = self.directory.authority(access_key).await?;
        Ok(known.map(|known| (Principal::Authority(known.id), known.secret_hash)))
    }

    /// A right secret opens a session, however many wrong ones came before it: nobody locks others out. Wrong ones are counted
    /// by access key and address, whether or not there is such a key.
    async fn check(
        &self,
        request: &Request,
        given: Credentials,
        known: Known,
        opener: fn(Credential) -> Opener,
    ) -> Result<Opened, Problem> {
        let hash = known.as_ref().map_or(&NOBODYS_HASH, |(_, hash)| hash);
        let is_right = secret::same(&secret::sha256(given.secret.as_bytes()), hash);
        if let (Some((principal, hash)), true) = (known, is_right) {
            return Ok(Opened {
                principal,
                opener: opener(Credential {
                    access_key: given.access_key,
                    secret: fingerprint(&hash),
                }),
                by_cookie: given.by_cookie,
            });
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

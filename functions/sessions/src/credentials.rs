//! Access keys and secrets.
//!
//! A secret is 256 random bits, so its plain SHA-256 is stored; nothing slower is needed. An unknown access key takes
//! as long as a known one and gets the same answer.

use domain::id::AgencyId;
use runtime::http::{self, Request};
use runtime::{Principal, Problem, secret};
use store::Directory;

/// Stands in for the hash of a secret when the access key is unknown; no secret has this hash.
const NOBODYS_HASH: [u8; 32] = [0; 32];

/// An agency's access key is this followed by its id without prefix, so it needs no index.
const AGENCY_PREFIX: &str = "hak_";

struct Credentials {
    access_key: String,
    secret: String,
}

fn read(request: &Request) -> Result<Credentials, Problem> {
    http::read_json(request, |fields| {
        let access_key = fields.string("access_key", 1..=100);
        let secret = fields.string("secret", 1..=200);
        Some(Credentials {
            access_key: access_key?,
            secret: secret?,
        })
    })
}

pub async fn agency(directory: &Directory, request: &Request) -> Result<Principal, Problem> {
    let given = read(request)?;
    let id = given.access_key.strip_prefix(AGENCY_PREFIX);
    let id = id.and_then(|bare| AgencyId::from_bare(bare).ok());
    let known = match id {
        Some(id) => {
            let hash = directory.secret_hash(&id).await?;
            hash.map(|hash| (Principal::Agency(id), hash))
        }
        None => None,
    };
    check(&given, known)
}

pub async fn authority(directory: &Directory, request: &Request) -> Result<Principal, Problem> {
    let given = read(request)?;
    let known = directory.authority(&given.access_key).await?;
    check(
        &given,
        known.map(|known| (Principal::Authority(known.id), known.secret_hash)),
    )
}

fn check(given: &Credentials, known: Option<(Principal, [u8; 32])>) -> Result<Principal, Problem> {
    let hash = known.as_ref().map_or(&NOBODYS_HASH, |(_, hash)| hash);
    let is_right = secret::same(&secret::sha256(given.secret.as_bytes()), hash);
    match known {
        Some((principal, _)) if is_right => Ok(principal),
        _ => Err(Problem::bad_credentials()),
    }
}

//! Prints the public keys that go with the secrets of status lists, as the JWK set that the template's parameter
//! `StatusPublicKeys` wants.
//!
//! Reads the secrets from standard input, one a line, so that none shows in a list of processes:
//!
//! ```text
//! aws secretsmanager get-secret-value --secret-id … --query SecretString --output text \
//!     | cargo run -p badge-status --bin status-keys
//! ```
//!
//! Two lines, the secret that signs now and the one that will, give a set for the time of a rotation.

use std::io::{self, Write};

use badge_status::StatusKey;
use serde_json::{Value, json};
use settings::Settings;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut keys: Vec<Value> = Vec::new();
    for line in io::stdin().lines() {
        let line = line?;
        let secret = line.trim();
        if !secret.is_empty() {
            let settings = Settings::from_variables([("STATUS_SIGNING_KEY", secret)]);
            keys.push(settings.finish(StatusKey::new(&settings))?.jwk());
        }
    }
    if keys.is_empty() {
        return Err("no secret was given on standard input".into());
    }
    writeln!(io::stdout(), "{}", json!({ "keys": keys }))?;
    Ok(())
}

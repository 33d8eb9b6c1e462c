//! Prints the public keys that go with session signing secrets, as the JWK set that the template's
//! parameter `SessionPublicKeys` wants.
//!
//! Reads the secrets from standard input, one a line, so that none shows in a list of processes:
//!
//! ```text
//! aws secretsmanager get-secret-value --secret-id … --query SecretString --output text \
//!     | cargo run -p sessions --bin session-keys
//! ```
//!
//! Two lines, the secret that signs now and the one that will, give a set for the time of a rotation.

use std::io::{self, Write};

use runtime::session::Signer;
use serde_json::{Value, json};
use settings::Settings;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut keys: Vec<Value> = Vec::new();
    for line in io::stdin().lines() {
        let line = line?;
        let secret = line.trim();
        if secret.is_empty() {
            continue;
        }
        let settings = Settings::from_variables([("SESSION_SIGNING_KEY", secret)]);
        let set = settings.finish(Signer::new(&settings))?.jwks();
        keys.extend(set["keys"].as_array().into_iter().flatten().cloned());
    }
    if keys.is_empty() {
        return Err("no secret was given on standard input".into());
    }
    writeln!(io::stdout(), "{}", json!({ "keys": keys }))?;
    Ok(())
}

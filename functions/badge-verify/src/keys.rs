//! The keys that verify badges and status lists offline, as one JWK set (RFC 7517).

use badge::Verifier;
use serde::Deserialize;
use serde_json::{Value, json};

/// Nothing else is published, even if somebody configures a private key by mistake.
const MEMBERS: [&str; 6] = ["kty", "crv", "alg", "use", "kid", "x"];

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The badge keys, named by their numbers, and after them those of the JWK set `status_keys`.
///
/// # Errors
/// The reason why `status_keys` cannot be published.
pub(crate) fn published(verifier: &Verifier, status_keys: &str) -> Result<String, String> {
    let status: JwkSet = serde_json::from_str(status_keys).map_err(|error| error.to_string())?;
    let mut keys: Vec<Value> = verifier.keys().iter().map(badge::PublicKey::jwk).collect();
    for key in status.keys {
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        if member("kty") != Some("OKP") || member("crv") != Some("Ed25519") {
            return Err("a key is not of the kind OKP, curve Ed25519".to_owned());
        }
        let (Some(kid), Some(_)) = (member("kid"), member("x")) else {
            return Err("a key has no kid or no x".to_owned());
        };
        // Numbers are reserved for badge keys, future ones too: a key's name tells which purpose it serves.
        if kid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("a key is called {kid:?}, as badge keys are"));
        }
        if keys.iter().any(|other| other["kid"] == kid) {
            return Err(format!("two keys are called {kid}"));
        }
        let public = MEMBERS.iter().filter_map(|name| {
            let value = key.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        keys.push(Value::Object(public.collect()));
    }
    Ok(json!({ "keys": keys }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";

    fn verifier() -> Verifier {
        let key = json!({
            "kid": 1, "x": X,
            "sign_from": "2027-01-01T00:00:00Z", "verify_until": "2028-01-01T00:00:00Z",
        });
        Verifier::from_json(&json!({ "keys": [key] }).to_string()).unwrap()
    }

    fn status(kid: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": X, "d": "private" })
    }

    #[test]
    fn both_sets_are_published_and_nothing_private() {
        let set = json!({ "keys": [status("s1")] }).to_string();
        let published = published(&verifier(), &set).unwrap();
        let published: Value = serde_json::from_str(&published).unwrap();
        let kids: Vec<_> = published["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["kid"].as_str().unwrap())
            .collect();
        assert_eq!(kids, ["1", "s1"]);
        assert!(!published.to_string().contains("private"));
    }

    #[test]
    fn what_is_no_set_of_public_keys_is_refused() {
        let mut rsa = status("s1");
        rsa["kty"] = json!("RSA");
        let mut nameless = status("s1");
        nameless["kid"] = Value::Null;
        for set in [
            json!([]),
            json!({ "keys": [rsa] }),
            json!({ "keys": [nameless] }),
            json!({ "keys": [status("1")] }),
            json!({ "keys": [status("2")] }),
            json!({ "keys": [status("")] }),
            json!({ "keys": [status("s"), status("s")] }),
        ] {
            assert!(published(&verifier(), &set.to_string()).is_err(), "{set}");
        }
    }
}

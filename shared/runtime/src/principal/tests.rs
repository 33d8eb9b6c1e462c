use ::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use lambda_http::Body;
use serde_json::{Value, json};

use super::*;
use settings::ConfigError;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::session::{LIFETIME, Session, Unsigned};

const NOW: Millis = Millis(1_800_000_000_500);

fn agency() -> Principal {
    let agency = AgencyId::from_bytes(&[7; 16]);
    Principal::new(Caller::Agency(MemberOf::first(agency)))
}

fn member(role: Role) -> Principal {
    Principal::new(Caller::Agency(MemberOf {
        team: AgencyId::from_bytes(&[7; 16]),
        member: MemberId::from_bytes(&[1; 8]),
        role,
        credential: Some(CredentialId::from_bytes(&[2; 8])),
    }))
}

fn request(authorization: Option<&str>) -> lambda_http::Request {
    let mut builder = ::http::Request::get("https://x/v1/orders");
    if let Some(value) = authorization {
        builder = builder.header(AUTHORIZATION, value);
    }
    builder.body(Body::Empty).unwrap()
}

/// Stands for the key in KMS.
struct Signer {
    pair: Ed25519KeyPair,
    kid: String,
}

fn signer_with(secret: &str) -> Signer {
    let seed = settings::derive(secret, "a session key");
    Signer {
        pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap(),
        kid: format!("key of {secret}"),
    }
}

impl Signer {
    fn session(&self, principal: &Principal) -> Session {
        let session = Unsigned::new(principal, &self.kid, NOW);
        let signature = self.pair.sign(session.message.as_bytes());
        session.signed(signature.as_ref().try_into().unwrap())
    }

    fn jwks(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x}]})
    }
}

fn verifier_by(jwks: &str) -> Result<Verifier, ConfigError> {
    let settings = Settings::from_variables([("SESSION_PUBLIC_KEYS", jwks)]);
    settings.finish(Verifier::new(&settings))
}

fn verifier(signer: &Signer) -> Verifier {
    verifier_by(&signer.jwks().to_string()).unwrap()
}

fn authenticate(verifier: &Verifier, token: &str, now: Millis) -> Option<Principal> {
    verifier
        .authenticate(&request(Some(&format!("Bearer {token}"))), now)
        .ok()
}

/// A token of these parts, signed with the key that `secret` gives, whatever the header says.
fn token(secret: &str, header: &Value, claims: &Value) -> String {
    let signed = signed_part(header, claims);
    let signature = signer_with(secret).pair.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signed_part(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn claims() -> Value {
    json!({
        "iss": "homehail", "aud": "homehail-api", "sub": agency().subject(), "role": "agency",
        "iat": 1_800_000_000, "exp": 1_800_000_900,
    })
}

fn header(signer: &Signer) -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": signer.jwks()["keys"][0]["kid"]})
}

#[test]
fn every_principal_is_known_again() {
    let signer = signer_with("secret");
    let principals = [
        agency(),
        member(Role::Viewer),
        Principal::new(Caller::Customer(CustomerId::from_bytes(&[1; 16]))),
        Principal::new(Caller::Authority(MemberOf::first(
            "aut_bureau-of-commerce".parse().unwrap(),
        ))),
        Principal::new(Caller::Worker(WorkerId::from_bytes(&[3; 16]))),
    ];
    for principal in principals {
        let session = signer.session(&principal);
        assert_eq!(
            authenticate(&verifier(&signer), &session.token, NOW),
            Some(principal)
        );
    }
}

#[test]
fn a_session_lasts_15_minutes_and_clocks_may_differ_by_5_seconds() {
    let signer = signer_with("secret");
    let session = signer.session(&agency());
    assert_eq!(LIFETIME.as_secs(), 900);
    assert_eq!(session.expires_at, Millis(1_800_000_900_000));
    let verifier = verifier(&signer);
    for (now, good) in [
        (1_799_999_994_999, false),
        (1_799_999_995_000, true),
        (1_800_000_000_000, true),
        (1_800_000_904_999, true),
        (1_800_000_905_000, false),
        (1_900_000_000_000, false),
    ] {
        let principal = authenticate(&verifier, &session.token, Millis(now));
        assert_eq!(principal.is_some(), good, "{now}");
    }
}

#[test]
fn keys_rotate_by_standing_together_in_the_set() {
    let (old, new) = (signer_with("old"), signer_with("new"));
    let both = json!({"keys": [old.jwks()["keys"][0], new.jwks()["keys"][0]]}).to_string();
    let verifier = verifier_by(&both).unwrap();
    for signer in [&old, &new] {
        let session = signer.session(&agency());
        assert_eq!(authenticate(&verifier, &session.token, NOW), Some(agency()));
    }
}

#[test]
fn forged_tokens_are_refused() {
    let signer = signer_with("secret");
    let verifier = verifier(&signer);
    let good_header = header(&signer);
    let good = token("secret", &good_header, &claims());
    assert_eq!(
        authenticate(&verifier, &good, NOW),
        Some(agency()),
        "the pattern itself is good"
    );

    let with = |mut object: Value, name: &str, value: Value| {
        object[name] = value;
        object
    };
    let without = |mut object: Value, name: &str| {
        object.as_object_mut().unwrap().remove(name);
        object
    };
    let public_key = signer.jwks()["keys"][0]["x"].as_str().unwrap().to_owned();
    let hs256 = |key: &[u8]| {
        let signed = signed_part(&with(good_header.clone(), "alg", json!("HS256")), &claims());
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let parts: Vec<&str> = good.split('.').collect();
    let other_claims = with(
        claims(),
        "sub",
        json!(AgencyId::from_bytes(&[8; 16]).to_string()),
    );
    let other_claims = URL_SAFE_NO_PAD.encode(other_claims.to_string());

    let signed = |header: Value, claims: Value| token("secret", &header, &claims);
    let h = || good_header.clone();
    let forged = [
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        (
            "other claims",
            format!("{}.{other_claims}.{}", parts[0], parts[2]),
        ),
        ("another's key", token("other", &h(), &claims())),
        (
            "alg none",
            format!(
                "{}.",
                signed_part(&with(h(), "alg", json!("none")), &claims())
            ),
        ),
        (
            "alg none, signed",
            signed(with(h(), "alg", json!("none")), claims()),
        ),
        (
            "alg None",
            format!(
                "{}.",
                signed_part(&with(h(), "alg", json!("None")), &claims())
            ),
        ),
        (
            "HS256 with the public key",
            hs256(&URL_SAFE_NO_PAD.decode(&public_key).unwrap()),
        ),
        (
            "HS256 with the public key's text",
            hs256(public_key.as_bytes()),
        ),
        (
            "HS256 with an Ed25519 signature",
            signed(with(h(), "alg", json!("HS256")), claims()),
        ),
        ("ES256", signed(with(h(), "alg", json!("ES256")), claims())),
        ("no alg", signed(without(h(), "alg"), claims())),
        ("no kid", signed(without(h(), "kid"), claims())),
        (
            "unknown kid",
            signed(with(h(), "kid", json!("00000000")), claims()),
        ),
        (
            "a key of its own",
            token(
                "other",
                &with(
                    with(h(), "kid", json!("00000000")),
                    "jwk",
                    signer_with("other").jwks()["keys"][0].clone(),
                ),
                &claims(),
            ),
        ),
        (
            "wrong issuer",
            signed(h(), with(claims(), "iss", json!("elsewhere"))),
        ),
        ("no issuer", signed(h(), without(claims(), "iss"))),
        (
            "for somebody else",
            signed(h(), with(claims(), "aud", json!("homehail"))),
        ),
        ("for nobody", signed(h(), without(claims(), "aud"))),
        (
            "not valid yet",
            signed(h(), with(claims(), "nbf", json!(1_800_000_006))),
        ),
        (
            "nbf as text",
            signed(h(), with(claims(), "nbf", json!("1800000000"))),
        ),
        (
            "expired",
            signed(h(), with(claims(), "exp", json!(1_799_999_995))),
        ),
        ("no expiry", signed(h(), without(claims(), "exp"))),
        (
            "expiry as text",
            signed(h(), with(claims(), "exp", json!("1800000900"))),
        ),
        (
            "not yet valid",
            signed(h(), with(claims(), "iat", json!(1_800_000_006))),
        ),
        ("no issue time", signed(h(), without(claims(), "iat"))),
        (
            "endless",
            signed(h(), with(claims(), "iat", json!(i64::MAX))),
        ),
        (
            "another role",
            signed(h(), with(claims(), "role", json!("authority"))),
        ),
        (
            "unknown role",
            signed(h(), with(claims(), "role", json!("operator"))),
        ),
        ("no role", signed(h(), without(claims(), "role"))),
        ("no subject", signed(h(), without(claims(), "sub"))),
        (
            "a subject that is no id",
            signed(h(), with(claims(), "sub", json!("agy_1"))),
        ),
        ("empty", String::new()),
        ("dots", "..".to_owned()),
        ("no token at all", "token".to_owned()),
    ];
    for (what, token) in forged {
        assert_eq!(authenticate(&verifier, &token, NOW), None, "{what}");
    }
}

#[test]
fn without_a_bearer_token_one_is_asked_for() {
    let signer = signer_with("secret");
    let token = signer.session(&agency()).token;
    let verifier = verifier(&signer);
    let basic = format!("Basic {token}");
    for authorization in [
        None,
        Some(""),
        Some("Bearer"),
        Some(token.as_str()),
        Some(&basic),
    ] {
        let problem = verifier
            .authenticate(&request(authorization), NOW)
            .unwrap_err();
        let response = problem.into_response();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
    let lower_case = format!("bearer {token}");
    assert!(
        verifier
            .authenticate(&request(Some(&lower_case)), NOW)
            .is_ok()
    );
}

#[test]
fn a_role_opens_only_its_own_doors() {
    let agency = agency();
    assert!(agency.agency(Right::Members).is_ok());
    assert_eq!(agency.customer().unwrap_err().slug, "forbidden");
    let authority = agency.authority(Right::Read);
    assert_eq!(authority.unwrap_err().slug, "forbidden");
    let viewer = member(Role::Viewer);
    assert!(viewer.agency(Right::Read).is_ok() && viewer.may(Right::Read).is_ok());
    assert_eq!(viewer.agency(Right::Orders).unwrap_err().slug, "forbidden");
    assert_eq!(viewer.may(Right::Orders).unwrap_err().slug, "forbidden");
}

#[test]
fn a_token_that_names_no_member_is_the_owners() {
    let signer = signer_with("secret");
    let token = token("secret", &header(&signer), &claims());
    assert_eq!(
        authenticate(&verifier(&signer), &token, NOW),
        Some(agency())
    );
}

#[test]
fn only_sets_of_ed25519_keys_are_taken() {
    let good = signer_with("secret").jwks();
    assert!(verifier_by(&good.to_string()).is_ok());
    let mut short = good.clone();
    short["keys"][0]["x"] = json!("AAAA");
    let mut curve = good.clone();
    curve["keys"][0]["crv"] = json!("X25519");
    for bad in [
        json!({}),
        json!({"keys": []}),
        json!([]),
        json!({"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}),
        short,
        curve,
    ] {
        assert!(verifier_by(&bad.to_string()).is_err(), "{bad}");
    }
    assert!(verifier_by("").is_err());
}

#[test]
fn the_first_key_of_the_set_signs_and_a_session_says_since_when_it_is() {
    let (first, second) = (signer_with("first"), signer_with("second"));
    let both = json!({"keys": [first.jwks()["keys"][0], second.jwks()["keys"][0]]}).to_string();
    let verifier = verifier_by(&both).unwrap();
    assert_eq!(verifier.signing_kid(), first.kid);
    let token = first.session(&agency()).token;
    let since = Millis(1_800_000_000_000);
    assert_eq!(verifier.verify(&token, NOW), Ok((agency(), since)));
}

use std::io::Write;

use ed25519_dalek::{Signer, SigningKey};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const TODAY: u16 = 20_833;

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn x(signer: &SigningKey) -> String {
    BASE64URL_NOPAD.encode(signer.verifying_key().as_bytes())
}

fn keys() -> Keys {
    let list = SigningKey::from_bytes(&[4; 32]);
    let set = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x(&signer())},
        {"kty": "OKP", "crv": "Ed25519", "kid": "status-1", "x": x(&list)},
    ]});
    Keys::read("jwks.json", &set.to_string()).unwrap()
}

fn decimal(bytes: &[u8]) -> String {
    let mut digits = [0_u8; DIGITS];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
    }
    digits
        .iter()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

fn token(signer: &SigningKey, domain: &[u8], index: u32, last_day: u16) -> String {
    let mut bytes = vec![1, 1, 9, 9, 9, 9, 9, 9, 9, 9];
    bytes.extend(index.to_be_bytes());
    bytes.extend(last_day.to_be_bytes());
    let signature = signer.sign(&[domain, &bytes].concat());
    bytes.extend(signature.to_bytes());
    decimal(&bytes)
}

fn status_list(entries: &[(usize, u8)], claims: Value) -> String {
    signed_list(entries, claims, "status-1", 4)
}

/// A status list by the key of this id, which has this seed; a claim that is null is left out.
fn signed_list(entries: &[(usize, u8)], claims: Value, kid: &str, seed: u8) -> String {
    let mut packed = vec![0_u8; 1 << 18];
    for (place, status) in entries {
        packed[place / 4] |= status << (place % 4 * 2);
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&packed).unwrap();
    let packed = zlib.finish().unwrap();
    let mut body = json!({
        "sub": "https://badge.homehail.test/v1/badge-status-list?list=0",
        "iat": NOW - 60, "exp": NOW + 3600,
        "status_list": {"bits": 2, "lst": BASE64URL_NOPAD.encode(&packed)},
    });
    for (name, value) in claims.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let header = json!({"alg": "EdDSA", "typ": "statuslist+jwt", "kid": kid});
    let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(body));
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
}

fn why(line: &str, lists: &[StatusList]) -> String {
    let report = verify("batch", line, &keys(), lists, NOW).unwrap();
    report
        .refuted
        .first()
        .map_or_else(|| report.verified[0].clone(), ToString::to_string)
}

#[test]
fn a_genuine_badge_is_verified_as_number_and_as_link() {
    assert_eq!(NOW / DAY_S, i64::from(TODAY));
    let token = token(&signer(), DOMAIN, 5, TODAY);
    assert_eq!(token.len(), DIGITS);
    let batch = format!("# two\n{token}\n\nhttps://badge.homehail.test/b/{token}\n");
    let report = verify("batch", &batch, &keys(), &[], NOW).unwrap();
    assert!(report.holds(), "{report:?}");
    assert_eq!(report.verified.len(), 2);
    assert!(report.verified[1].starts_with("batch, line 4: genuine"));
}

#[test]
fn every_altered_digit_is_told() {
    let token = token(&signer(), DOMAIN, 5, TODAY);
    for place in 0..DIGITS {
        let mut altered = token.clone().into_bytes();
        altered[place] = b'0' + (altered[place] - b'0' + 1) % 10;
        let altered = String::from_utf8(altered).unwrap();
        let told = why(&altered, &[]);
        assert!(
            told.starts_with("batch, line 1: not genuine"),
            "{place}: {told}"
        );
    }
}

#[test]
fn what_is_no_badge_is_told() {
    let good = token(&signer(), DOMAIN, 5, TODAY);
    for line in [
        good[1..].to_owned(),
        format!("{good}0"),
        "9".repeat(DIGITS),
        good.replace('1', "１"),
        token(&SigningKey::from_bytes(&[5; 32]), DOMAIN, 5, TODAY),
        token(&signer(), b"homehail-badge-v2\0", 5, TODAY),
        format!("ftp://x/b/{good}"),
    ] {
        assert!(why(&line, &[]).contains("not genuine"), "{line}");
    }
    assert!(why(&token(&signer(), DOMAIN, 5, TODAY - 1), &[]).contains("expired"));
    assert!(verify("batch", "\n", &keys(), &[], NOW).is_err());
}

#[test]
fn a_badge_is_good_through_its_last_day_in_china() {
    let line = token(&signer(), DOMAIN, 5, TODAY);
    // 2027-01-16T00:00:00+08:00.
    let midnight = 1_800_028_800;
    for (at, holds) in [(midnight - 1, true), (midnight, false)] {
        let report = verify("batch", &line, &keys(), &[], at).unwrap();
        assert_eq!(report.holds(), holds, "{report:?}");
    }
}

#[test]
fn the_status_is_read_offline() {
    let jwt = status_list(&[(6, 1), (7, 2), (8, 3)], json!({}));
    let list = StatusList::read("list", &jwt, &keys(), NOW)
        .unwrap()
        .unwrap();
    let lists = [list];
    let of = |index| why(&token(&signer(), DOMAIN, index, TODAY), &lists);
    assert!(of(5).contains("valid as of"), "{}", of(5));
    assert!(of(6).contains("revoked"));
    assert!(of(7).contains("suspended"));
    assert!(of(8).contains("not valid"));
    let elsewhere = token(&signer(), DOMAIN, 1 << LIST_BITS, TODAY);
    assert!(verify("batch", &elsewhere, &keys(), &lists, NOW).is_err());
}

#[test]
fn a_status_list_that_is_not_good_is_told() {
    let good = status_list(&[], json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let altered = format!("{}.{signature}", signed.replacen('A', "B", 1));
    let read = StatusList::read("list", &altered, &keys(), NOW);
    assert!(!matches!(read, Ok(Ok(_))));
    for (claims, words) in [
        (json!({"exp": NOW}), "expired"),
        (json!({"iat": NOW + 1}), "later"),
    ] {
        let refuted = StatusList::read("list", &status_list(&[], claims), &keys(), NOW);
        assert!(refuted.unwrap().unwrap_err().why.contains(words));
    }
    assert!(StatusList::read("list", "a.b", &keys(), NOW).is_err());
}

#[test]
fn a_key_of_badges_signs_no_status_list() {
    let jwt = signed_list(&[], json!({}), "1", 3);
    let refuted = StatusList::read("list", &jwt, &keys(), NOW).unwrap();
    let why = refuted.unwrap_err().why;
    assert!(why.contains("signs badges"), "{why}");
}

#[test]
fn a_status_list_says_until_when_it_is_good_and_which_one_it_is() {
    for claims in [
        json!({"exp": null}),
        json!({"exp": "never"}),
        json!({"sub": null}),
        json!({"sub": "https://badge.homehail.test/v1/badge-status-list"}),
        json!({"sub": "https://badge.homehail.test/v1/badge-status-list?list="}),
        json!({"sub": "https://badge.homehail.test/elsewhere?list=0"}),
        json!({"sub": "https://badge.homehail.test/v1/badge-status-list?list=+0"}),
    ] {
        let jwt = status_list(&[], claims.clone());
        let read = StatusList::read("list", &jwt, &keys(), NOW);
        assert!(read.is_err(), "{claims}: {read:?}");
    }
    let sub = json!({"sub": "https://badge.homehail.test/v1/badge-status-list?list=3"});
    let list = StatusList::read("list", &status_list(&[], sub), &keys(), NOW);
    assert_eq!(list.unwrap().unwrap().number, 3);
}

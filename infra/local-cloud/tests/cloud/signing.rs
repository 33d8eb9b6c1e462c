//! KMS keys that sign.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, MessageType, SigningAlgorithmSpec};
use serde_json::json;

use crate::world::{ACCOUNT, World, code};

const SEED: [u8; 32] = [7; 32];

async fn sign(kms: &aws_sdk_kms::Client, key: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    let sign = kms
        .sign()
        .key_id(key)
        .message(Blob::new(message))
        .message_type(MessageType::Raw)
        .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512);
    match sign.send().await {
        Ok(signed) => Ok(signed.signature.unwrap().into_inner()),
        refused => Err(code(refused)),
    }
}

#[tokio::test]
async fn a_signature_is_valid_under_the_public_key() {
    let world = World::new().await;
    world.cloud.add_signing_key("badges", &SEED).unwrap();
    let kms = world.kms();
    let arn = format!("arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/badges");
    let signature = sign(&kms, "badges", b"a badge").await.unwrap();
    assert_eq!(signature, sign(&kms, &arn, b"a badge").await.unwrap());
    let published = kms.get_public_key().key_id(&arn).send().await.unwrap();
    assert_eq!(published.key_id(), Some(arn.as_str()));
    assert_eq!(published.key_spec, Some(KeySpec::EccNistEdwards25519));
    let der = published.public_key.unwrap().into_inner();
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap();
    assert_eq!(&der[12..], pair.public_key().as_ref());
    UnparsedPublicKey::new(&ED25519, &der[12..])
        .verify(b"a badge", &signature)
        .unwrap();
}

#[tokio::test]
async fn wrong_inputs_are_refused_as_by_kms() {
    let world = World::new().await;
    world.cloud.add_signing_key("badges", &SEED).unwrap();
    let kms = world.kms();
    let refused = |result: Result<Vec<u8>, String>| result.unwrap_err();
    assert_eq!(
        refused(sign(&kms, "others", b"m").await),
        "NotFoundException"
    );
    assert!(sign(&kms, "badges", &[0; 4_096]).await.is_ok());
    assert_eq!(
        refused(sign(&kms, "badges", &[0; 4_097]).await),
        "ValidationException"
    );
    let rsa = kms
        .sign()
        .key_id("badges")
        .message(Blob::new(b"m"))
        .signing_algorithm(SigningAlgorithmSpec::RsassaPssSha256);
    assert_eq!(code(rsa.send().await), "InvalidKeyUsageException");
    let digest = kms
        .sign()
        .key_id("badges")
        .message(Blob::new(b"m"))
        .signing_algorithm(SigningAlgorithmSpec::Ed25519PhSha512);
    assert_eq!(code(digest.send().await), "UnsupportedOperation");
    let created = kms.create_key().send().await;
    assert_eq!(code(created), "UnknownOperationException");
}

#[tokio::test]
async fn a_role_signs_with_the_key_that_its_policy_names() {
    let world = World::new().await;
    for key in ["badges", "lists"] {
        world.cloud.add_signing_key(key, &SEED).unwrap();
    }
    let badges = format!("arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/badges");
    let sign_badges = json!([{"Effect": "Allow", "Action": "kms:Sign", "Resource": badges}]);
    world.role("badge-issue", "lambda", sign_badges);
    let kms = aws_sdk_kms::Client::new(&world.sdk_as("badge-issue", "secret"));
    assert!(sign(&kms, "badges", b"m").await.is_ok());
    for key in ["lists", "missing"] {
        let refused = sign(&kms, key, b"m").await.unwrap_err();
        assert_eq!(refused, "AccessDeniedException", "{key}");
    }
    let public = kms.get_public_key().key_id("badges").send().await;
    assert_eq!(code(public), "AccessDeniedException");
}

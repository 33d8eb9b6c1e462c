//! AWS KMS: keys that sign with Ed25519 and never leave it. AWS JSON 1.1.
//!
//! Keys are made by the embedding program alone, from seeds that it keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::endpoint::Request;
use crate::iam::Call;
use crate::names::Names;
use crate::refusal::Refusal;

const KEY_SPEC: &str = "ECC_NIST_EDWARDS25519";
const USAGE: &str = "SIGN_VERIFY";
/// Ed25519 over the message itself. The other algorithm that such a key has, over a digest, is not emulated.
const ALGORITHM: &str = "ED25519_SHA_512";
/// What a key can do on AWS.
const ALGORITHMS: [&str; 2] = ["ED25519_PH_SHA_512", ALGORITHM];
/// KMS: "Messages can be 0-4096 bytes".
const MAX_MESSAGE_BYTES: usize = 4_096;
/// SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// All keys of the account.
pub(crate) struct SigningKeys {
    names: Names,
    keys: BTreeMap<String, Arc<SigningKey>>,
}

struct SigningKey {
    arn: String,
    pair: Ed25519KeyPair,
    created_at: i64,
}

impl SigningKeys {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            keys: BTreeMap::new(),
        }
    }

    /// Adds a key under an id, or replaces it.
    pub(crate) fn add(&mut self, id: &str, seed: &[u8; 32], now: i64) -> Result<(), Refusal> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Refusal::new("InternalFailure", "the seed of a key is refused"))?;
        let key = SigningKey {
            arn: self.names.key(id),
            pair,
            created_at: now,
        };
        self.keys.insert(id.to_owned(), Arc::new(key));
        Ok(())
    }

    /// The key that an id or an ARN names.
    fn get(&self, id_or_arn: &str) -> Result<Arc<SigningKey>, Refusal> {
        let id = id_or_arn
            .strip_prefix(&self.names.key(""))
            .unwrap_or(id_or_arn);
        self.keys.get(id).cloned().ok_or_else(|| {
            Refusal::new(
                "NotFoundException",
                format!("Key '{}' does not exist", self.names.key(id)),
            )
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnKey {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Sign {
    key_id: String,
    message: String,
    message_type: Option<String>,
    signing_algorithm: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Verify {
    key_id: String,
    message: String,
    message_type: Option<String>,
    signing_algorithm: String,
    signature: String,
}

/// Does one operation.
pub(crate) fn call(cloud: &Cloud, operation: &str, request: &Request) -> Result<Value, Refusal> {
    match operation {
        "Sign" => {
            let Sign {
                key_id,
                message,
                message_type,
                signing_algorithm,
            } = read(request)?;
            let key = key(cloud, request, "kms:Sign", &key_id)?;
            let message = message_bytes(&message, message_type.as_deref(), &signing_algorithm)?;
            Ok(json!({
                "KeyId": key.arn,
                "Signature": STANDARD.encode(key.pair.sign(&message).as_ref()),
                "SigningAlgorithm": ALGORITHM,
            }))
        }
        "Verify" => {
            let Verify {
                key_id,
                message,
                message_type,
                signing_algorithm,
                signature,
            } = read(request)?;
            let key = key(cloud, request, "kms:Verify", &key_id)?;
            let message = message_bytes(&message, message_type.as_deref(), &signing_algorithm)?;
            let signature = decode("Signature", &signature)?;
            UnparsedPublicKey::new(&ED25519, key.pair.public_key().as_ref())
                .verify(&message, &signature)
                .map_err(|_| Refusal::new("KMSInvalidSignatureException", ""))?;
            Ok(json!({
                "KeyId": key.arn,
                "SignatureValid": true,
                "SigningAlgorithm": ALGORITHM,
            }))
        }
        "GetPublicKey" => {
            let OnKey { key_id } = read(request)?;
            let key = key(cloud, request, "kms:GetPublicKey", &key_id)?;
            let public_key = [&SPKI_PREFIX, key.pair.public_key().as_ref()].concat();
            Ok(json!({
                "KeyId": key.arn,
                "PublicKey": STANDARD.encode(public_key),
                "KeySpec": KEY_SPEC,
                "CustomerMasterKeySpec": KEY_SPEC,
                "KeyUsage": USAGE,
                "SigningAlgorithms": ALGORITHMS,
            }))
        }
        "DescribeKey" => {
            let OnKey { key_id } = read(request)?;
            let key = key(cloud, request, "kms:DescribeKey", &key_id)?;
            let names = cloud.names();
            Ok(json!({ "KeyMetadata": {
                "AWSAccountId": names.account,
                "KeyId": key.arn.rsplit('/').next(),
                "Arn": key.arn,
                "CreationDate": key.created_at / 1_000,
                "Enabled": true,
                "Description": "",
                "KeyUsage": USAGE,
                "KeyState": "Enabled",
                "Origin": "AWS_KMS",
                "KeyManager": "CUSTOMER",
                "KeySpec": KEY_SPEC,
                "CustomerMasterKeySpec": KEY_SPEC,
                "SigningAlgorithms": ALGORITHMS,
                "MultiRegion": false,
            }}))
        }
        other => Err(Refusal::new(
            "UnknownOperationException",
            format!("{other} is not emulated here"),
        )),
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new("ValidationException", error.to_string()))
}

/// The key, if the caller may do so with it. Who may not is not told whether there is such a key.
fn key(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    id_or_arn: &str,
) -> Result<Arc<SigningKey>, Refusal> {
    let key = cloud.lock().signing_keys.get(id_or_arn);
    let arn = match &key {
        Ok(key) => key.arn.clone(),
        Err(_) => cloud.names().key(id_or_arn),
    };
    cloud
        .identities()
        .authorize(&Call::new(&request.caller, action, &arn))?;
    key
}

fn message_bytes(
    message: &str,
    message_type: Option<&str>,
    algorithm: &str,
) -> Result<Vec<u8>, Refusal> {
    if algorithm != ALGORITHM {
        return Err(match ALGORITHMS.contains(&algorithm) {
            true => Refusal::not_emulated(algorithm),
            false => Refusal::new(
                "InvalidKeyUsageException",
                format!("Algorithm {algorithm} is incompatible with key spec {KEY_SPEC}."),
            ),
        });
    }
    // KMS: RAW unless it says otherwise, and nothing else with this algorithm.
    if message_type.is_some_and(|kind| kind != "RAW") {
        return Err(Refusal::new(
            "ValidationException",
            format!("{ALGORITHM} takes messages of the type RAW alone."),
        ));
    }
    let message = decode("Message", message)?;
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Refusal::new(
            "ValidationException",
            format!(
                "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to {MAX_MESSAGE_BYTES}"
            ),
        ));
    }
    Ok(message)
}

fn decode(name: &str, text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD
        .decode(text)
        .map_err(|_| Refusal::new("SerializationException", format!("{name} is not base64")))
}

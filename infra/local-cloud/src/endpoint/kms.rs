//! KMS as SDKs speak it: AWS JSON 1.1.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::Request;
use crate::cloud::Cloud;
use crate::kms::SigningKey;
use crate::refusal::Refusal;

const KEY_SPEC: &str = "ECC_NIST_EDWARDS25519";
/// Ed25519 over the message itself. The other algorithm that such a key has, over a digest, is not emulated.
const ALGORITHM: &str = "ED25519_SHA_512";
/// What a key can do on AWS.
const ALGORITHMS: [&str; 2] = ["ED25519_PH_SHA_512", ALGORITHM];
/// KMS: "Messages can be 0-4096 bytes".
const MAX_MESSAGE_BYTES: usize = 4_096;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetPublicKey {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Sign {
    key_id: String,
    /// In base64.
    message: String,
    message_type: Option<String>,
    signing_algorithm: String,
}

pub(super) fn call(cloud: &Cloud, operation: &str, request: &Request) -> Result<Value, Refusal> {
    match operation {
        "Sign" => {
            let input: Sign = request.json(|_| "ValidationException")?;
            let (arn, key) = key(cloud, request, "kms:Sign", &input.key_id)?;
            Ok(json!({
                "KeyId": arn,
                "Signature": STANDARD.encode(key.sign(&input.message_bytes()?)),
                "SigningAlgorithm": ALGORITHM,
            }))
        }
        "GetPublicKey" => {
            let input: GetPublicKey = request.json(|_| "ValidationException")?;
            let (arn, key) = key(cloud, request, "kms:GetPublicKey", &input.key_id)?;
            Ok(json!({
                "KeyId": arn,
                "PublicKey": STANDARD.encode(key.public_key()),
                "KeySpec": KEY_SPEC,
                "CustomerMasterKeySpec": KEY_SPEC,
                "KeyUsage": "SIGN_VERIFY",
                "SigningAlgorithms": ALGORITHMS,
            }))
        }
        other => Err(Refusal::new(
            "UnknownOperationException",
            format!("kms:{other} is not emulated here, or unknown to KMS"),
        )),
    }
}

/// The key that an id or an ARN names, and its ARN. Who may not use it is not told whether it exists.
fn key(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    id_or_arn: &str,
) -> Result<(String, Arc<SigningKey>), Refusal> {
    let names = cloud.names();
    let id = id_or_arn.strip_prefix(&names.key("")).unwrap_or(id_or_arn);
    let arn = names.key(id);
    request.authorize(cloud, action, &arn)?;
    match cloud.lock().signing_keys.get(id) {
        Some(key) => Ok((arn, key)),
        None => Err(Refusal::new(
            "NotFoundException",
            format!("Key '{arn}' does not exist"),
        )),
    }
}

impl Sign {
    fn message_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let algorithm = self.signing_algorithm.as_str();
        if algorithm != ALGORITHM {
            return Err(match ALGORITHMS.contains(&algorithm) {
                true => Refusal::not_emulated("UnsupportedOperation", algorithm),
                false => Refusal::new(
                    "InvalidKeyUsageException",
                    format!("Algorithm {algorithm} is incompatible with key spec {KEY_SPEC}."),
                ),
            });
        }
        let invalid = |message: String| Err(Refusal::new("ValidationException", message));
        // KMS: RAW unless it says otherwise, and nothing else with this algorithm.
        if self
            .message_type
            .as_deref()
            .is_some_and(|kind| kind != "RAW")
        {
            return invalid(format!("{ALGORITHM} takes messages of the type RAW alone."));
        }
        let message = STANDARD
            .decode(&self.message)
            .map_err(|_| Refusal::new("SerializationException", "Message is not base64"))?;
        if message.len() > MAX_MESSAGE_BYTES {
            return invalid(format!(
                "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to {MAX_MESSAGE_BYTES}"
            ));
        }
        Ok(message)
    }
}

use aws_credential_types::Credentials;
use aws_sdk_kms::Config;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Region, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::base64;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;

/// A service that always gives this answer.
#[derive(Clone, Debug)]
struct Service(u16, Value);

impl HttpClient for Service {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Service {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let answer = http::Response::builder()
            .status(self.0)
            .header("content-type", "application/x-amz-json-1.1")
            .body(SdkBody::from(self.1.to_string()))
            .unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
    }
}

fn signer(status: u16, answer: Value) -> Signer {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("cn-north-1"))
        .endpoint_url("http://127.0.0.1:1")
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(Service(status, answer))
        .build();
    let settings = Settings::from_variables([("SIGNING_KEY", "key")]);
    Signer::new(
        &settings.with_client(Client::from_conf(config)),
        "SIGNING_KEY",
    )
}

#[tokio::test]
async fn only_what_passes_by_itself_is_tried_again() {
    for (status, code, passes) in [
        (400, "AccessDeniedException", false),
        (400, "DisabledException", false),
        (400, "NotFoundException", false),
        (400, "KMSInvalidStateException", false),
        (400, "ThrottlingException", true),
        (500, "KMSInternalException", true),
        (500, "KeyUnavailableException", true),
        (503, "Unheard", true),
    ] {
        let failed = signer(status, json!({ "__type": code, "message": "no" }));
        let not_signed = failed.sign(vec![1]).await.unwrap_err();
        assert_eq!(not_signed.is_retryable(), passes, "{code}");
        let unknown = failed.public_key().await.unwrap_err();
        assert_eq!(unknown.is_retryable(), passes, "{code}");
    }
}

#[tokio::test]
async fn a_signature_has_64_bytes_and_a_key_32() {
    let signature = |length| json!({ "Signature": base64::encode(vec![7_u8; length]) });
    let signed = signer(200, signature(64)).sign(vec![1]).await;
    assert_eq!(signed.unwrap(), [7; 64]);
    for answer in [json!({}), signature(63), signature(65)] {
        let refused = signer(200, answer).sign(vec![1]).await.unwrap_err();
        assert!(matches!(refused, Error::Wrong { .. }), "{refused}");
        assert!(!refused.is_retryable());
    }
    let key = |prefix: &[u8], length| {
        let bytes = [prefix, &vec![7; length]].concat();
        json!({ "PublicKey": base64::encode(bytes) })
    };
    let public = signer(200, key(&SPKI_PREFIX, 32)).public_key().await;
    assert_eq!(public.unwrap(), [7; 32]);
    for answer in [json!({}), key(&SPKI_PREFIX, 31), key(&[0x30, 0x59], 64)] {
        let refused = signer(200, answer).public_key().await.unwrap_err();
        assert!(matches!(refused, Error::Wrong { .. }), "{refused}");
    }
}

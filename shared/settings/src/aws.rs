//! How a function reaches AWS: region, credentials, endpoints and timeouts.
//!
//! Lambda gives a function its role's credentials in environment variables, so nothing else is looked at. The crate
//! `aws-config` would also bring profile files, web identities and the metadata services of EC2 and ECS: 300 KB in
//! each function's zip, which none of them uses.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Every function has at least 10 s, and a caller should get an answer within that time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

/// From the variables that Lambda sets, and from `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`, as all AWS SDKs
/// read them. Without credentials every call fails; a function that makes none needs none.
pub(crate) fn sdk_config(variables: &BTreeMap<String, String>) -> SdkConfig {
    let value = |name: &str| {
        variables
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    let key = value("AWS_ACCESS_KEY_ID").zip(value("AWS_SECRET_ACCESS_KEY"));
    let credentials = key.map(|(id, secret)| {
        Credentials::new(id, secret, value("AWS_SESSION_TOKEN"), None, "environment")
    });
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(value("AWS_REGION").map(Region::new))
        .service_config(Endpoints(endpoints(variables)))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts());
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    config.set_endpoint_url(value("AWS_ENDPOINT_URL"));
    config.build()
}

/// How long an AWS call may take. A long poll needs longer, and says so where it is made.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// Endpoints of single services, by the names of their variables.
#[derive(Debug)]
struct Endpoints(BTreeMap<String, String>);

fn endpoints(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let named = variables
        .iter()
        .filter(|(name, value)| name.starts_with("AWS_ENDPOINT_URL_") && !value.is_empty());
    named
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        self.0.get(&format!("{}_{service}", key.env())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .expect("a key");
        config.service_config()?.load_config(key)
    }

    #[test]
    fn region_credentials_and_endpoints_come_from_the_environment() {
        let given = [
            ("AWS_REGION", "cn-north-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://127.0.0.1:2"),
            ("AWS_ENDPOINT_URL_SQS", ""),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = sdk_config(&given.into());
        assert_eq!(config.region().map(AsRef::as_ref), Some("cn-north-1"));
        assert!(config.credentials_provider().is_some());
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
        let streams = endpoint(&config, "DynamoDB Streams");
        assert_eq!(streams.as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(endpoint(&config, "SQS"), None);
        assert!(
            sdk_config(&BTreeMap::new())
                .credentials_provider()
                .is_none()
        );
    }
}

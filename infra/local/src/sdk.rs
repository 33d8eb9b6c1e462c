//! Configurations of AWS clients: credentials and the endpoints of the emulated services.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::keys::AccessKey;

/// Shorter than servers here wait for the next request, so that none is sent on a connection that is just being closed.
const KEPT_IDLE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// DynamoDB and its streams.
    pub dynamodb: String,
    /// Everything else.
    pub cloud: String,
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL").then(|| match key.service_id() {
            "DynamoDB" | "DynamoDB Streams" => self.dynamodb.clone(),
            _ => self.cloud.clone(),
        })
    }
}

/// A configuration for the holder of `key`.
pub fn config(
    key: &AccessKey,
    region: &str,
    endpoints: &Endpoints,
    client: SharedHttpClient,
) -> SdkConfig {
    let credentials = Credentials::new(&key.id, &key.secret, None, None, "homehail local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(endpoints.clone())
        .retry_config(RetryConfig::standard())
        // On Lambda each function has its own cores. Here hundreds share a few, so a slow call is no fault.
        .timeout_config(TimeoutConfig::disabled())
        .http_client(client)
        .build()
}

/// A client without TLS, since all services are on this machine. Its users share one connection pool.
pub fn plain_client() -> SharedHttpClient {
    SharedHttpClient::new(Plain {
        connector: SharedHttpConnector::new(
            aws_smithy_http_client::Connector::builder()
                .pool_idle_timeout(KEPT_IDLE)
                .build_http(),
        ),
    })
}

#[derive(Debug)]
struct Plain {
    connector: SharedHttpConnector,
}

impl HttpClient for Plain {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector.clone()
    }
}

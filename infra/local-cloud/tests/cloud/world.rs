//! A cloud on a free port, a clock to move, and clients.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use local_cloud::iam::RoleDescription;
use local_cloud::{Clock, Cloud, Identities};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub const REGION: &str = "cn-north-1";
pub const ACCOUNT: &str = "123456789012";

pub struct World {
    pub cloud: Arc<Cloud>,
    pub clock: Clock,
    pub identities: Arc<Identities>,
    pub endpoint: String,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    /// A cloud that forgets.
    pub async fn new() -> Self {
        Self::open(None).await
    }

    pub async fn open(file: Option<&Path>) -> Self {
        Self::open_at(file, Clock::system()).await
    }

    pub async fn open_at(file: Option<&Path>, clock: Clock) -> Self {
        let identities = Arc::new(Identities::new(clock.clone(), REGION, ACCOUNT));
        identities.add_operator("operator", "secret");
        add_timers_role(&identities);
        let cloud = Cloud::open(
            file,
            clock.clone(),
            Arc::clone(&identities),
            REGION,
            ACCOUNT,
        )
        .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn({
            let cloud = Arc::clone(&cloud);
            async move { cloud.serve(listener).await.unwrap() }
        });
        Self {
            cloud,
            clock,
            identities,
            endpoint,
            server,
        }
    }

    /// Stops the cloud abruptly, as far as that is possible within a process.
    pub async fn close(mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    /// Adds a role that `service` may assume, with an access key; returns its ARN.
    pub fn role(&self, name: &str, service: &str, statements: Value) -> String {
        let trust = policy(json!([{
            "Effect": "Allow",
            "Principal": {"Service": format!("{service}.amazonaws.com")},
            "Action": "sts:AssumeRole",
        }]));
        self.identities.add_role_key(name, name, name, "secret");
        self.trusting_role(name, &trust, statements)
    }

    pub fn trusting_role(&self, name: &str, trust: &Value, statements: Value) -> String {
        let role = RoleDescription {
            name,
            trust,
            policies: &[policy(statements)],
            max_session_seconds: 3_600,
        };
        self.identities.add_role(&role).unwrap()
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn sdk(&self) -> SdkConfig {
        sdk(&self.endpoint, "operator", "secret", None)
    }

    pub fn sdk_as(&self, access_key: &str, secret: &str) -> SdkConfig {
        sdk(&self.endpoint, access_key, secret, None)
    }

    pub fn sqs(&self) -> Sqs {
        Sqs(aws_sdk_sqs::Client::new(&self.sdk()))
    }

    pub fn scheduler(&self) -> aws_sdk_scheduler::Client {
        aws_sdk_scheduler::Client::new(&self.sdk())
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk())
    }

    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.sdk())
    }

    pub fn events(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.sdk())
    }
}

/// The role `timers`, with which the scheduler may send to any queue but `closed`. It is there when the cloud
/// opens: a schedule may be due then.
fn add_timers_role(identities: &Identities) {
    let trust = policy(json!([{
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }]));
    let statements = json!([
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": queue_arn("closed")},
    ]);
    let role = RoleDescription {
        name: "timers",
        trust: &trust,
        policies: &[policy(statements)],
        max_session_seconds: 3_600,
    };
    identities.add_role(&role).unwrap();
}

pub fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub fn queue_arn(name: &str) -> String {
    format!("arn:aws-cn:sqs:{REGION}:{ACCOUNT}:{name}")
}

pub fn sdk(endpoint: &str, access_key: &str, secret: &str, token: Option<String>) -> SdkConfig {
    let credentials = Credentials::new(access_key, secret, token, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .build()
}

/// The code of a refused call.
pub fn code<T: std::fmt::Debug, E, R>(result: Result<T, SdkError<E, R>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    match result {
        Ok(output) => format!("accepted: {output:?}"),
        Err(SdkError::ServiceError(error)) => error.err().code().unwrap_or("none").to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

/// A client of SQS with the few shorthands that the tests want.
#[derive(Clone)]
pub struct Sqs(pub aws_sdk_sqs::Client);

impl Sqs {
    pub async fn create(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        let mut create = self.0.create_queue().queue_name(name);
        for (name, value) in attributes {
            create = create.attributes(name.clone(), *value);
        }
        create.send().await.unwrap().queue_url.unwrap()
    }

    pub async fn arn(&self, url: &str) -> String {
        self.attribute(url, QueueAttributeName::QueueArn).await
    }

    pub async fn attribute(&self, url: &str, name: QueueAttributeName) -> String {
        let get = self
            .0
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(name.clone());
        get.send().await.unwrap().attributes.unwrap()[&name].clone()
    }

    pub async fn send(&self, url: &str, body: &str) {
        self.0
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }

    pub async fn receive(&self, url: &str, wait_s: i32) -> Vec<Message> {
        self.0
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(wait_s)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .unwrap()
            .messages
            .unwrap_or_default()
    }

    pub async fn bodies(&self, url: &str, wait_s: i32) -> Vec<String> {
        self.receive(url, wait_s)
            .await
            .into_iter()
            .filter_map(|m| m.body)
            .collect()
    }

    pub async fn delete(&self, url: &str, message: &Message) {
        let handle = message.receipt_handle().unwrap();
        self.0
            .delete_message()
            .queue_url(url)
            .receipt_handle(handle)
            .send()
            .await
            .unwrap();
    }
}

pub fn system(message: &Message, name: MessageSystemAttributeName) -> &str {
    &message.attributes.as_ref().unwrap()[&name]
}

pub fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

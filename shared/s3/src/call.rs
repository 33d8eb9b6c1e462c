//! One call: where it goes, how it is signed, and what came back.

use std::borrow::Cow;
use std::fmt::{Debug, Formatter};

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};
use calls::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::xml;

const NAME: &str = "s3";

/// What stays as it is in a query and, with slashes, in a path: S3 signs what RFC 3986 calls unreserved.
const ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const ENCODED_IN_PATH: AsciiSet = ENCODED.remove(b'/');

/// Calls about one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Call(Operation<Request, Answer, Refusal>);

pub(crate) struct Request {
    method: &'static str,
    /// Path and query.
    uri: String,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) etag: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// A call that did not do what it was for.
pub(crate) struct Failed {
    call: &'static str,
    error: SdkError<Refusal, HttpResponse>,
}

/// S3 answered that it does not do it.
#[derive(Debug, thiserror::Error)]
#[error("S3 refuses with status {status}: {error}")]
pub(crate) struct Refusal {
    status: u16,
    error: ErrorMetadata,
}

impl Call {
    /// An address of a setting or of the environment names the host, and the bucket is its first folder; AWS has a
    /// host for each bucket.
    pub(crate) fn new(sdk: &SdkConfig, bucket: &str) -> Self {
        let region = sdk.region().cloned();
        let endpoint = match endpoint(sdk) {
            Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            None => host(bucket, region.as_ref().map_or("", AsRef::as_ref)),
        };
        let mut signing = Layer::new("S3 signatures");
        signing.store_put(AuthSchemeOptionResolverParams::new(()));
        signing.store_put(SigningName::from_static(NAME));
        signing.store_or_unset(region.map(SigningRegion::from));
        let mut options = SigningOptions::default();
        options.double_uri_encode = false;
        options.normalize_uri_path = false;
        options.content_sha256_header = true;
        signing.store_put(SigV4OperationSigningConfig {
            signing_options: options,
            ..SigV4OperationSigningConfig::default()
        });
        let mut components = RuntimeComponentsBuilder::new("S3")
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                SCHEME_ID,
            ])))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .with_retry_classifier(AwsErrorCodeClassifier::<Refusal>::new());
        if let Some(credentials) = sdk.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, credentials);
        }
        if let Some(client) = sdk.http_client() {
            components.set_http_client(Some(client));
        }
        components.set_identity_cache(sdk.identity_cache());
        components.set_sleep_impl(sdk.sleep_impl());
        components.set_time_source(sdk.time_source());
        let retries = sdk.retry_config().cloned();
        let mut operation = Operation::builder()
            .service_name(NAME)
            .operation_name("object")
            .endpoint_url(&endpoint)
            .with_connection_poisoning()
            .standard_retry(&retries.unwrap_or_else(RetryConfig::standard))
            .runtime_plugin(
                StaticRuntimePlugin::new()
                    .with_config(signing.freeze())
                    .with_runtime_components(components),
            );
        if let Some(timeouts) = sdk.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        Self(
            operation
                .serializer(Request::build)
                .deserializer(read)
                .build(),
        )
    }

    /// Sends it; `call` is what AWS calls it.
    pub(crate) async fn send(
        &self,
        call: &'static str,
        request: Request,
    ) -> Result<Answer, Failed> {
        // What the runtime makes of a call is many levels deep; boxed here, it does not make the futures of handlers so.
        let sent = Box::pin(self.0.invoke(request)).await;
        sent.map_err(|error| Failed { call, error })
    }
}

impl Failed {
    /// Whether there is no such object. Answers to `HEAD` have no code.
    pub(crate) fn is_missing(&self) -> bool {
        let refusal = self.error.as_service_error();
        refusal.is_some_and(|refusal| {
            refusal.status == 404 && matches!(refusal.code(), None | Some("NoSuchKey"))
        })
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.error.as_service_error().and_then(Refusal::code)
    }
}

impl From<Failed> for Error {
    fn from(Failed { call, error }: Failed) -> Self {
        Self::call(call, error)
    }
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.error
    }
}

/// As the SDK's own clients find it.
fn endpoint(sdk: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = sdk
        .service_config()
        .and_then(|config| config.load_config(key));
    of_service.or(sdk.endpoint_url().map(str::to_owned))
}

/// Where AWS has a bucket. China's regions have a domain of their own.
fn host(bucket: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{bucket}.s3.{region}.{domain}")
}

impl Request {
    pub(crate) fn new(method: &'static str, key: &str) -> Self {
        Self {
            method,
            uri: format!("/{}", utf8_percent_encode(key, &ENCODED_IN_PATH)),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let before = if self.uri.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value, &ENCODED);
        self.uri = format!("{}{before}{name}={value}", self.uri);
        self
    }

    pub(crate) fn header(
        mut self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    fn build(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method)?;
        request.set_uri(self.uri)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

/// Keys and content are not for logs.
impl Debug for Request {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refusal>> {
    let content = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(Answer {
            etag: response.headers().get("etag").map(str::to_owned),
            content: content.to_vec(),
        });
    }
    // A body that is no XML says nothing more than the status.
    let error = str::from_utf8(content)
        .ok()
        .and_then(|body| xml::refusal(body).ok());
    Err(OrchestratorError::operation(Refusal {
        status: response.status().as_u16(),
        error: error.unwrap_or_default(),
    }))
}

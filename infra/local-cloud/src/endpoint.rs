//! The one endpoint: finds out which service is meant, who asks, and answers in that service's
//! protocol.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::iam::Caller;
use crate::random::uuid;
use crate::refusal::Refusal;
use crate::{events, iam, kms, s3, scheduler, sqs, sts};

/// A message of 1 MiB may take six times that in JSON, with every character escaped.
const MAX_BODY_BYTES: usize = 8 * 1_048_576;
/// An object of 64 MiB and what `aws-chunked` adds; S3 takes 5 GB.
const MAX_OBJECT_BYTES: usize = 65 * 1_048_576;

/// A request whose signature has been verified.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) caller: Caller,
    /// How the caller reached us, such as `http://127.0.0.1:8081`: queue URLs begin with it.
    pub(crate) endpoint: String,
}

/// Which service a request means, with the operation where a header names it.
enum Service {
    Sqs(String),
    Events(String),
    Kms(String),
    Scheduler,
    S3,
    Sts,
    Other(String),
}

pub(crate) fn router(cloud: Arc<Cloud>) -> axum::Router {
    axum::Router::new().fallback(answer).with_state(cloud)
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let service = Service::of(&parts.headers, &parts.uri);
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let result = async {
        let limit = match service {
            Service::S3 => MAX_OBJECT_BYTES,
            _ => MAX_BODY_BYTES,
        };
        let body = to_bytes(body, limit)
            .await
            .map_err(|_| Refusal::new("RequestEntityTooLarge", "the body cannot be read"))?;
        let caller =
            cloud
                .identities()
                .authenticate(&parts.method, &parts.uri, &parts.headers, &body)?;
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let endpoint = format!("http://{}", host.unwrap_or("localhost"));
        let request = Request {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
            caller,
            endpoint,
        };
        service.call(&cloud, &request).await
    };
    result.await.unwrap_or_else(|refusal| {
        tracing::debug!(%refusal, service = service.name(), "refused");
        match service {
            Service::S3 => s3::protocol::refuse(&method, &uri, &refusal),
            _ => service.refuse(&refusal),
        }
    })
}

impl Service {
    fn of(headers: &HeaderMap, uri: &Uri) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(target) = text("x-amz-target") {
            return match target.split_once('.') {
                Some(("AmazonSQS", operation)) => Self::Sqs(operation.to_owned()),
                Some(("TrentService", operation)) => Self::Kms(operation.to_owned()),
                Some(("AWSEvents", operation)) => Self::Events(operation.to_owned()),
                _ => Self::Other(target.to_owned()),
            };
        }
        if iam::is_for_s3(headers) {
            return Self::S3;
        }
        if text(CONTENT_TYPE.as_str()).is_some_and(|t| t.starts_with("application/x-www-form")) {
            return Self::Sts;
        }
        match uri.path().split('/').nth(1) {
            Some("schedules" | "schedule-groups") => Self::Scheduler,
            _ => Self::Other(uri.path().to_owned()),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sqs(_) => "sqs",
            Self::Events(_) => "events",
            Self::Kms(_) => "kms",
            Self::Scheduler => "scheduler",
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::Other(_) => "other",
        }
    }

    async fn call(&self, cloud: &Cloud, request: &Request) -> Result<Response, Refusal> {
        let value = match self {
            Self::Sqs(operation) => sqs::protocol::call(cloud, operation, request).await?,
            Self::Events(operation) => events::protocol::call(cloud, operation, request).await?,
            Self::Kms(operation) => kms::call(cloud, operation, request)?,
            Self::Scheduler => scheduler::protocol::call(cloud, request).await?,
            Self::S3 => return s3::protocol::call(cloud, request).await,
            Self::Sts => {
                let body = sts::call(cloud, request).await?;
                return Ok(self.response(StatusCode::OK, body, &[]));
            }
            Self::Other(what) => {
                return Err(Refusal::new(
                    "UnknownOperationException",
                    format!("{what} is not emulated here"),
                ));
            }
        };
        Ok(self.response(StatusCode::OK, value.to_string(), &[]))
    }

    fn content_type(&self) -> &'static str {
        match self {
            Self::Sqs(_) | Self::Other(_) => "application/x-amz-json-1.0",
            Self::Events(_) | Self::Kms(_) => "application/x-amz-json-1.1",
            Self::Scheduler => "application/json",
            Self::S3 | Self::Sts => "text/xml",
        }
    }

    fn response(&self, status: StatusCode, body: String, headers: &[(&str, &str)]) -> Response {
        let mut response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, self.content_type())
            .header("x-amzn-requestid", uuid().unwrap_or_default());
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Body::from(body)).unwrap_or_default()
    }

    /// A refusal in the service's protocol.
    fn refuse(&self, refusal: &Refusal) -> Response {
        match self {
            Self::Sqs(_) => {
                // SQS names its errors twice: as JSON's type, and as they were named before JSON.
                let query_error = format!("{};Sender", query_code(refusal.code));
                let body = json!({
                    "__type": format!("com.amazonaws.sqs#{}", refusal.code),
                    "message": refusal.message,
                });
                let headers = [("x-amzn-query-error", query_error.as_str())];
                self.response(status(refusal.code), body.to_string(), &headers)
            }
            Self::Sts => {
                let body = format!(
                    "<ErrorResponse xmlns=\"{}\"><Error><Type>Sender</Type><Code>{}</Code>\
                     <Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
                    sts::NAMESPACE,
                    refusal.code,
                    sts::escaped(&refusal.message),
                    uuid().unwrap_or_default(),
                );
                self.response(status(refusal.code), body, &[])
            }
            Self::Events(_) | Self::Kms(_) | Self::Scheduler | Self::S3 | Self::Other(_) => {
                let code = refusal.json_code();
                let mut body = json!({ "__type": code, "message": refusal.message });
                if matches!(self, Self::Scheduler) {
                    // The scheduler's own errors spell it with a capital.
                    body = Value::Object(
                        [("Message".into(), json!(refusal.message))]
                            .into_iter()
                            .collect(),
                    );
                }
                let headers = [("x-amzn-errortype", code)];
                let status = match (self, code) {
                    // REST: what is not there is 404.
                    (Self::Scheduler, "ResourceNotFoundException") => StatusCode::NOT_FOUND,
                    _ => status(refusal.code),
                };
                self.response(status, body.to_string(), &headers)
            }
        }
    }
}

/// SQS's older names (`awsQueryError` in its model).
fn query_code(code: &str) -> &str {
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
        "UnknownOperationException" => "InvalidAction",
        code => code,
    }
}

fn status(code: &str) -> StatusCode {
    match code {
        "AccessDenied"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => StatusCode::FORBIDDEN,
        "ConflictException" => StatusCode::CONFLICT,
        "RequestEntityTooLarge" => StatusCode::PAYLOAD_TOO_LARGE,
        "InternalFailure" | "InternalServerException" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

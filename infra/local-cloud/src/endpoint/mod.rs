//! The one HTTP endpoint: finds a request's service and caller, and answers in the service's protocol. Each
//! service has a module that reads its requests, authorises them and writes its answers.

mod events;
mod kms;
mod request;
mod s3;
mod scheduler;
mod sqs;
mod sts;
mod xml;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;
use tokio::net::TcpListener;

use self::request::Request;
use crate::cloud::Cloud;
use crate::iam::is_for_s3;
use crate::random::uuid;
use crate::refusal::Refusal;

/// A message of 1 MiB may take six times that in JSON, with every character escaped.
const MAX_BODY_BYTES: usize = 8 * 1_048_576;
/// S3 takes 5 GB.
const MAX_OBJECT_BYTES: usize = 64 * 1_048_576;

/// A request's service, with the operation if a header names it.
enum Service {
    Sqs(String),
    Events(String),
    Kms(String),
    Scheduler,
    S3,
    Sts,
    Other(String),
}

impl Cloud {
    /// The one endpoint of all services.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(self))
    }

    /// Serves the endpoint until the future is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let service = Service::from_request(&parts.headers, &parts.uri);
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
            Service::S3 => s3::refuse(&method, &uri, &refusal),
            _ => service.refuse(&refusal),
        }
    })
}

impl Service {
    fn from_request(headers: &HeaderMap, uri: &Uri) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(target) = text("x-amz-target") {
            return match target.split_once('.') {
                Some(("AmazonSQS", operation)) => Self::Sqs(operation.to_owned()),
                Some(("TrentService", operation)) => Self::Kms(operation.to_owned()),
                Some(("AWSEvents", operation)) => Self::Events(operation.to_owned()),
                _ => Self::Other(target.to_owned()),
            };
        }
        if is_for_s3(headers) {
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
            Self::Sqs(operation) => sqs::call(cloud, operation, request).await?,
            Self::Events(operation) => events::call(cloud, operation, request).await?,
            Self::Kms(operation) => kms::call(cloud, operation, request)?,
            Self::Scheduler => scheduler::call(cloud, request).await?,
            Self::S3 => return s3::call(cloud, request).await,
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
                // SQS has two codes for an error: JSON's `__type`, and the one of its older protocol.
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
                    xml::escaped(&refusal.message),
                    uuid().unwrap_or_default(),
                );
                self.response(status(refusal.code), body, &[])
            }
            Self::Events(_) | Self::Kms(_) | Self::Scheduler | Self::S3 | Self::Other(_) => {
                let code = refusal.json_code();
                let body = match self {
                    // The scheduler spells `Message` with a capital.
                    Self::Scheduler => json!({ "Message": refusal.message }),
                    _ => json!({ "__type": code, "message": refusal.message }),
                };
                let headers = [("x-amzn-errortype", code)];
                let status = match (self, code) {
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

//! Connects a handler to Lambda, and to the local run, which passes it the very same events.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use ::http::Method;
use futures::FutureExt;
use futures::future::BoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, RequestExt};
use lambda_runtime::{Context, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settings::Settings;
use tower::ServiceExt;
use tracing::Instrument;

use crate::edge::Edge;
use crate::http::{Head, Request, Response, languages, raw_path};
use crate::problem::speak;
use crate::{Problem, telemetry};

pub use lambda_runtime::Error;

/// Serves API Gateway's requests on Lambda until the process ends.
pub async fn serve_http<F, Fut>(settings: &Settings, handler: F) -> Result<(), Error>
where
    F: Fn(Request) -> Fut + Sync,
    Fut: Future<Output = Response> + Send,
{
    let (edge, handler) = (&Edge::new(settings), &handler);
    lambda_http::run(service_fn(move |request: Request| async move {
        Ok::<_, Error>(answer(edge, handler, request).await)
    }))
    .await
}

/// Serves other events, such as a queue's or a stream's, on Lambda until the process ends.
pub async fn serve_events<E, R, F, Fut>(handler: F) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Fn(E) -> Fut,
    Fut: Future<Output = R>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| async move {
        Ok::<_, Error>(handler(event.payload).await)
    }))
    .await
}

/// A function that takes an event as Lambda gives it and answers as Lambda expects.
pub type Invoke = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// Wraps a handler of HTTP requests. It takes API Gateway's event (payload version 2) and answers with its response,
/// through the same code as [`serve_http`].
pub fn http_invoke<F, Fut>(settings: &Settings, handler: F) -> Invoke
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let shared = Arc::new((Edge::new(settings), handler));
    Arc::new(move |event| {
        let shared = Arc::clone(&shared);
        let invoked = async move {
            let mut context = Context::default();
            if let Some(id) = event
                .pointer("/requestContext/requestId")
                .and_then(Value::as_str)
            {
                id.clone_into(&mut context.request_id);
            }
            let request: LambdaRequest = serde_json::from_value(event)?;
            let service = service_fn(move |request: Request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Error>(answer(&shared.0, &shared.1, request).await) }
            });
            let response = Adapter::from(service)
                .oneshot(LambdaEvent::new(request, context))
                .await?;
            Ok(serde_json::to_value(response)?)
        };
        guarded(invoked).boxed()
    })
}

/// Wraps a handler of other events. It takes the event's JSON and answers with JSON, as under [`serve_events`].
pub fn event_invoke<E, R, F, Fut>(handler: F) -> Invoke
where
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(E) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    let handler = Arc::new(handler);
    Arc::new(move |event| {
        let handler = Arc::clone(&handler);
        let invoked = async move {
            let event = serde_json::from_value(event)?;
            Ok(serde_json::to_value(handler(event).await)?)
        };
        guarded(invoked).boxed()
    })
}

/// Turns a panic into an error, as Lambda's runtime does.
async fn guarded(invoked: impl Future<Output = Result<Value, Error>>) -> Result<Value, Error> {
    AssertUnwindSafe(invoked)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err("the invocation panicked".into()))
}

/// Calls the handler, and logs the outcome once. HEAD is handled as GET; the gateway leaves out the body.
async fn answer<F, Fut>(edge: &Edge, handler: &F, mut request: Request) -> Response
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Response> + Send,
{
    let id = request
        .lambda_context_ref()
        .map(|context| context.request_id.clone());
    let span = tracing::info_span!(
        "request",
        id = id.as_deref().unwrap_or_default(),
        method = %request.method(),
        path = logged_path(&request),
    );
    if *request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
        request.extensions_mut().insert(Head);
    }
    let languages = languages(&request).to_owned();
    let started = Instant::now();
    let admitted = edge.admit(&mut request);
    let handled = async {
        match admitted {
            Ok(()) => handler(request).await,
            Err(problem) => problem.into_response(),
        }
    };
    let handled = AssertUnwindSafe(handled)
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let mut response = handled.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!("handling a request panicked"));
        Problem::internal().into_response()
    });
    speak(&mut response, &languages);
    let status = response.status();
    let problem = response.extensions().get::<Problem>();
    let cause = problem.and_then(Problem::cause);
    let duration_ms = telemetry::milliseconds(started.elapsed());
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), duration_ms, cause, "answered");
        } else {
            tracing::info!(status = status.as_u16(), duration_ms, cause, "answered");
        }
    });
    response
}

/// The path, without the part of a badge link that stands for the badge: the log must not hold it.
fn logged_path(request: &Request) -> &str {
    let path = raw_path(request);
    let links = ["/b/", "/p/"];
    let link = links.into_iter().find(|link| path.starts_with(link));
    link.unwrap_or(path)
}

#[cfg(test)]
mod tests;

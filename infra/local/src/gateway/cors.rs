//! What an HTTP API does for pages of other origins, if it is configured to (CORS): it answers their browsers' preflight
//! requests itself, and marks answers to named origins. What functions say of that does not count then.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName, HeaderValue, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::template::Cors;

/// `None` unless the request is a browser's, and asks what a page may ask.
pub(super) fn preflight(cors: &Cors, parts: &Parts) -> Option<Response> {
    let asks = |name| parts.headers.contains_key(name);
    if parts.method != Method::OPTIONS || !asks(ORIGIN) || !asks(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    if mark(cors, &parts.headers, answer.headers_mut()) {
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(",")),
            (ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(",")),
            (ACCESS_CONTROL_MAX_AGE, cors.max_age.to_string()),
        ] {
            insert(answer.headers_mut(), name, &value);
        }
    }
    Some(answer)
}

/// Says whether the asking page's origin is a named one, and marks the answer if so.
pub(super) fn mark(cors: &Cors, asked: &HeaderMap, answer: &mut HeaderMap) -> bool {
    answer.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    let origin = asked.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let Some(origin) = origin.filter(|origin| cors.allow_origins.iter().any(|one| one == origin))
    else {
        return false;
    };
    insert(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = cors.expose_headers.join(",");
    insert(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &exposed);
    true
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

//! Problems (RFC 9457): refusals and failures as clients see them.

use std::error::Error;
use std::fmt::Write as _;

use ::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use ::http::{Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::accept::prefers_chinese;
use crate::chinese::chinese;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// One fault in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the request's body.
    pub pointer: String,
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The end of the problem's type, `/problems/<slug>`.
    pub slug: &'static str,
    /// Always the same for a slug.
    pub title: &'static str,
    pub status: StatusCode,
    pub detail: String,
    /// All faults, if the input is at fault.
    pub errors: Vec<Fault>,
    /// Boxed to keep every handler's `Result` small; few problems use it.
    extra: Box<Extra>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Extra {
    /// Such as the current standing after a conflict.
    members: Map<String, Value>,
    /// Such as `Retry-After`.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone: an error with its sources.
    cause: Option<String>,
}

/// A problem's body, its members in the order that suits a reader.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $status:ident, $slug:literal, $title:literal, $detail:literal;)*) => {
        /// All of them.
        #[cfg(test)]
        const NAMED: &[fn() -> Problem] = &[$(Problem::$name),*];

        impl Problem {
            $($(#[$doc])*
            pub fn $name() -> Self {
                Self::new($slug, StatusCode::$status, $title, $detail)
            })*
        }
    };
}

problems! {
    /// 400: the body, a query parameter or a cursor cannot be read at all.
    malformed: BAD_REQUEST, "malformed", "The request cannot be read", "The request cannot be read.";
    /// 400: a request that creates something has no `Idempotency-Key`.
    idempotency_key_missing: BAD_REQUEST, "idempotency-key-missing", "Idempotency-Key is missing",
        "This request needs an Idempotency-Key header of 1 to 64 visible ASCII characters.";
    /// 401: access key or secret is wrong; the client is not told which.
    bad_credentials: UNAUTHORIZED, "bad-credentials", "The credentials are not accepted",
        "The credentials are unknown or wrong.";
    /// 403: the caller may see this but not do it.
    forbidden: FORBIDDEN, "forbidden", "Not allowed", "The caller may not do this.";
    /// 403: the claim token is forged, another agency's, or of an earlier epoch.
    not_offered: FORBIDDEN, "not-offered", "Not offered", "This order is not on offer to this agency with this claim token.";
    /// 403: the agency is pending, rejected or suspended.
    agency_not_approved: FORBIDDEN, "agency-not-approved", "The agency is not approved",
        "Only an approved agency can do this.";
    /// 404: nothing here that the caller may see.
    not_found: NOT_FOUND, "not-found", "Not found", "There is nothing here.";
    /// 409: the current state does not allow this.
    conflict: CONFLICT, "conflict", "In conflict with the current state", "The current state does not allow this.";
    /// 409: the visit has begun or is over.
    too_late: CONFLICT, "too-late", "Too late", "The order is in service or over.";
    /// 409: the customer has asked to be erased.
    erasure_pending: CONFLICT, "erasure-pending", "About to be erased",
        "Your data is about to be erased. Call that off to place orders.";
    /// 409: one complains of an order that is over.
    not_over: CONFLICT, "not-over", "The order is not over", "One can complain once the visit, or the order, is over.";
    /// 409: one complains of an agency.
    no_claim: CONFLICT, "no-claim", "No agency had the order", "The order ended without an agency, so there is nobody to complain about.";
    /// 409: an order has one complaint.
    complained_already: CONFLICT, "complained-already", "There is a complaint", "This order has a complaint already, and it cannot be changed.";
    /// 409: a complaint has one answer.
    answered_already: CONFLICT, "answered-already", "The complaint is answered", "This complaint already has a different answer, and it cannot be changed.";
    /// 409: the agency is heard first.
    answer_pending: CONFLICT, "answer-pending", "The agency can still answer",
        "A complaint is decided once the agency has answered, or its time to answer is over.";
    /// 409: a complaint has one decision.
    decided_already: CONFLICT, "decided-already", "The complaint is decided", "This complaint was already decided differently.";
    /// 409: a closed store stays as it is.
    store_closed: CONFLICT, "store-closed", "The store is closed", "The store is closed for good.";
    /// 409: what is to be decided is not what was shown any more.
    changed_since: CONFLICT, "changed-since", "Changed since it was shown", "What is to be decided has changed since it was shown.";
    /// 409: a badge shows the worker's face, and there is none.
    photo_missing: CONFLICT, "photo-missing", "The photo is missing", "A worker without an approved photo has no badge.";
    /// 409: an agency shows who it is before it is approved.
    papers_missing: CONFLICT, "papers-missing", "Papers are missing", "An agency is approved once it has shown the papers that this market requires.";
    /// 409: another agency has the order.
    order_taken: CONFLICT, "order-taken", "The order is taken", "Another agency has claimed this order.";
    /// 409: the authority has not approved the worker, or her data is erased.
    worker_not_approved: CONFLICT, "worker-not-approved", "The worker is not approved", "Only an approved worker can have a badge.";
    /// 409: another approved agency has this credit code.
    uscc_taken: CONFLICT, "uscc-taken", "The credit code is taken", "Another agency with this credit code has been approved.";
    /// 409: this agency has registered this person before.
    worker_exists: CONFLICT, "worker-exists", "The worker is registered already", "This agency has registered this person before.";
    /// 409: another approved worker has this phone.
    phone_taken: CONFLICT, "phone-taken", "The phone is taken", "Another worker has been approved with this phone.";
    /// 410: the customer cancelled.
    order_cancelled: GONE, "order-cancelled", "The order is cancelled", "The customer has cancelled this order.";
    /// 410: the grab window is over.
    grab_window_closed: GONE, "grab-window-closed", "The grab window is closed", "The grab window of this order is over.";
    /// 413: the body is too large.
    too_large: PAYLOAD_TOO_LARGE, "too-large", "The body is too large", "The body is larger than 64 KiB.";
    /// 415: the body is not JSON.
    unsupported_media_type: UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type",
        "The body must be application/json.";
    /// 422: this key was used before with another body.
    idempotency_key_reused: UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency-Key was used before",
        "This Idempotency-Key was used with another body.";
    /// 500: our fault.
    internal: INTERNAL_SERVER_ERROR, "internal", "Internal error", "Something went wrong here. It has been logged.";
}

impl Problem {
    /// A problem of a kind that has no function here.
    pub fn new(
        slug: &'static str,
        status: StatusCode,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            slug,
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Box::default(),
        }
    }

    /// 401: no token, or one that is not accepted; the client is not told why.
    pub fn unauthenticated() -> Self {
        Self::new(
            "unauthenticated",
            StatusCode::UNAUTHORIZED,
            "Not authenticated",
            "A valid bearer token is needed.",
        )
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 405: no path is answered by this method.
    pub fn method_not_allowed() -> Self {
        let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
        Self::new(
            "method-not-allowed",
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "No path is answered by this method.",
        )
        .header(ALLOW, methods)
    }

    /// 422: the body can be read, but is wrong in these places.
    pub fn invalid(errors: Vec<Fault>) -> Self {
        let detail = match errors.len() {
            1 => "1 field is not valid.".to_owned(),
            n => format!("{n} fields are not valid."),
        };
        let problem = Self::new(
            "invalid",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The request is not valid",
            detail,
        );
        Self { errors, ..problem }
    }

    /// 429: too often; try again after this many seconds.
    pub fn rate_limited(retry_after_s: u32) -> Self {
        Self::new(
            "rate-limited",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            "Too many requests; try again later.",
        )
        .header(RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// 503: something that we depend on does not answer; the client should try again.
    pub fn unavailable() -> Self {
        Self::new(
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "Unavailable for the moment",
            "This cannot be done at the moment; try again.",
        )
        .header(RETRY_AFTER, HeaderValue::from(1))
    }

    /// Replaces the detail, with words that are fit for a client.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.members.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.extra.headers.push((name, value));
        self
    }

    /// Attaches the cause, for the log alone.
    #[must_use]
    pub fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        self.extra.cause = Some(chain(cause));
        self
    }

    /// The answer in English. It carries the problem with it, for the log and for [`speak`].
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body(self.title, &self.detail, &self.errors));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, MEDIA_TYPE);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.extra.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }

    fn body(&self, title: &str, detail: &str, errors: &[Fault]) -> Body {
        let answer = Answer {
            kind: format!("/problems/{}", self.slug),
            title,
            status: self.status.as_u16(),
            detail,
            errors,
            members: &self.extra.members,
        };
        // Text and numbers only: writing them as JSON cannot fail.
        Body::from(serde_json::to_string(&answer).unwrap_or_default())
    }

    fn chinese_body(&self) -> Body {
        let chinese = |text: &str| chinese(text).unwrap_or_else(|| text.to_owned());
        let errors: Vec<Fault> = self
            .errors
            .iter()
            .map(|fault| Fault {
                pointer: fault.pointer.clone(),
                detail: chinese(&fault.detail),
            })
            .collect();
        self.body(&chinese(self.title), &chinese(&self.detail), &errors)
    }

    /// For the log alone.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.extra.cause.as_deref()
    }
}

/// What the client is told when a call to AWS failed; the error itself is only logged.
/// For what answers a queue, where it is tried again.
impl From<Problem> for calls::Error {
    fn from(problem: Problem) -> Self {
        Self::cut_off(problem.slug, problem.extra.cause.unwrap_or(problem.detail))
    }
}

impl From<calls::Error> for Problem {
    fn from(error: calls::Error) -> Self {
        let problem = match &error {
            calls::Error::BadCursor => {
                return Self::malformed().detail("The cursor is not one of this list.");
            }
            error if error.is_retryable() => Self::unavailable(),
            _ => Self::internal(),
        };
        problem.because(&error)
    }
}

/// Puts an answer that is a problem into Chinese, if the header `Accept-Language` prefers that to English. Who says nothing
/// gets English, as programs expect it.
pub fn speak(response: &mut Response<Body>, accept_language: &str) {
    let is_problem = response.headers().get(CONTENT_TYPE) == Some(&MEDIA_TYPE);
    if !is_problem || !prefers_chinese(accept_language) {
        return;
    }
    let Some(problem) = response.extensions().get::<Problem>() else {
        return;
    };
    *response.body_mut() = problem.chinese_body();
    let language = HeaderValue::from_static("zh-CN");
    response.headers_mut().insert(CONTENT_LANGUAGE, language);
}

/// An error and its sources in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut said = line.clone();
    let mut source = error.source();
    while let Some(error) = source {
        let words = error.to_string();
        // Some libraries repeat their source in their own message.
        if !said.contains(&words) {
            let _ = write!(line, ": {words}");
        }
        said = words;
        source = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(problem: Problem) -> Value {
        let response = problem.into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn a_problem_has_type_title_status_and_detail() {
        assert_eq!(
            body(Problem::not_found()),
            json!({
                "type": "/problems/not-found",
                "title": "Not found",
                "status": 404,
                "detail": "There is nothing here.",
            })
        );
    }

    #[test]
    fn faults_are_told_all_at_once() {
        let fault = |pointer: &str| Fault {
            pointer: pointer.to_owned(),
            detail: "is required".to_owned(),
        };
        let body = body(Problem::invalid(vec![fault("/a"), fault("/b/0")]));
        assert_eq!(body["detail"], "2 fields are not valid.");
        assert_eq!(
            body["errors"],
            json!([{"pointer": "/a", "detail": "is required"}, {"pointer": "/b/0", "detail": "is required"}])
        );
    }

    #[test]
    fn problems_speak_chinese_to_who_prefers_it() {
        for named in NAMED {
            let problem = named();
            for text in [problem.title, &problem.detail] {
                assert!(chinese(text).is_some(), "{text}");
            }
        }
        let fault = Fault {
            pointer: "/a".to_owned(),
            detail: "is required".to_owned(),
        };
        for (languages, title, detail) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", "请求内容有误", "必填"),
            ("en,zh;q=0.5", "The request is not valid", "is required"),
            ("", "The request is not valid", "is required"),
            ("fr", "The request is not valid", "is required"),
        ] {
            let problem = Problem::invalid(vec![fault.clone()]).member("version", 3);
            let mut response = problem.into_response();
            speak(&mut response, languages);
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["title"], title, "{languages}");
            assert_eq!(
                body["errors"][0],
                json!({ "pointer": "/a", "detail": detail })
            );
            assert_eq!(
                (&body["type"], &body["version"]),
                (&json!("/problems/invalid"), &json!(3))
            );
        }
    }

    #[test]
    fn statuses_and_headers_that_clients_act_on() {
        let cases = [
            (
                Problem::unauthenticated(),
                401,
                Some((WWW_AUTHENTICATE, "Bearer")),
            ),
            (Problem::bad_credentials(), 401, None),
            (Problem::rate_limited(60), 429, Some((RETRY_AFTER, "60"))),
            (Problem::unavailable(), 503, Some((RETRY_AFTER, "1"))),
            (Problem::order_taken(), 409, None),
            (Problem::order_cancelled(), 410, None),
            (Problem::grab_window_closed(), 410, None),
            (Problem::too_large(), 413, None),
            (Problem::idempotency_key_reused(), 422, None),
        ];
        for (problem, status, header) in cases {
            let response = problem.into_response();
            assert_eq!(response.status().as_u16(), status);
            if let Some((name, value)) = header {
                assert_eq!(response.headers()[name], value);
            }
        }
    }

    #[test]
    fn a_cause_is_not_told_to_clients() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read")]
        struct Outer(#[source] std::io::Error);

        let problem = Problem::internal().because(&Outer(std::io::Error::other("secret words")));
        assert_eq!(
            problem.extra.cause.as_deref(),
            Some("cannot read: secret words")
        );
        let response = problem.into_response();
        assert!(!String::from_utf8_lossy(response.body()).contains("secret"));
        let told = response.extensions().get::<Problem>().unwrap();
        assert_eq!(told.cause(), Some("cannot read: secret words"));
    }
}

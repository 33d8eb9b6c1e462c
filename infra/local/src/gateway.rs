//! API Gateway's HTTP API in front of the functions. It finds the template's route of a request and
//! invokes its function with an event of payload version 2.0.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONTENT_TYPE, COOKIE, DATE, HOST, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use runtime::Problem;
use serde_json::{Map, Value, json};
use settings::Clock;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::invoker::{InvokeError, Invoker};
use crate::template::{Cors, EventSource, Route, Stack};

mod cors;
mod limit;

use limit::AddressLimit;
pub(crate) use limit::{RULES, Rule};

/// The largest request body that API Gateway accepts, in bytes.
const REQUEST_LIMIT: usize = 10 * 1024 * 1024;
/// The largest answer that Lambda returns, in bytes.
const RESPONSE_LIMIT: usize = 6 * 1024 * 1024;

#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    routes: Vec<ExactRoute>,
    default: String,
    invoker: Invoker,
    clock: Clock,
    account: String,
    limits: OnceLock<Vec<AddressLimit>>,
    hosts: [String; 4],
    cors: Option<Cors>,
}

struct ExactRoute {
    method: String,
    path: String,
    segments: Vec<Segment>,
    function: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Parameter(String),
}

struct MatchedRoute<'a> {
    key: String,
    function: &'a str,
    parameters: Map<String, Value>,
}

impl Gateway {
    /// Answers requests to this machine's own names and to `badge_host`.
    pub fn new(
        stack: &Stack,
        invoker: Invoker,
        clock: Clock,
        account: &str,
        badge_host: &str,
    ) -> Result<Self> {
        let mut routes: Vec<ExactRoute> = Vec::new();
        let mut default = None;
        for function in &stack.functions {
            for event in &function.events {
                match event {
                    EventSource::Http(Route::Exact { method, path }) => {
                        ensure!(
                            !routes
                                .iter()
                                .any(|r| r.method == *method && r.path == *path),
                            "two functions claim {method} {path}"
                        );
                        routes.push(ExactRoute {
                            method: method.clone(),
                            path: path.clone(),
                            segments: segments(path)?,
                            function: function.code.clone(),
                        });
                    }
                    EventSource::Http(Route::Default) => {
                        ensure!(default.is_none(), "two functions claim the default route");
                        default = Some(function.code.clone());
                    }
                    EventSource::Queue(_) | EventSource::Stream(_) | EventSource::Time(_) => {}
                }
            }
        }
        Ok(Self {
            inner: Arc::new(Inner {
                routes,
                default: default.context("no function has the default route")?,
                invoker,
                clock,
                account: account.to_owned(),
                limits: OnceLock::new(),
                hosts: ["localhost", "127.0.0.1", "[::1]", badge_host].map(str::to_owned),
                cors: stack.cors.clone(),
            }),
        })
    }

    /// From now on one address may ask no more often than these rules say.
    pub(crate) fn limit_addresses(&self, rules: impl IntoIterator<Item = Rule>) {
        let limits = rules.into_iter().map(AddressLimit::new).collect();
        self.inner.limits.get_or_init(|| limits);
    }

    /// Serve it with `ConnectInfo`, which holds the caller's address.
    pub fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    /// Whether a request with these headers is for us.
    pub(crate) fn is_asked(&self, headers: &HeaderMap) -> bool {
        self.inner.is_host(headers)
    }

    pub async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if !self.inner.is_host(&parts.headers) {
            return problem(Problem::malformed().detail("The Host header names no host of ours."));
        }
        let (address, now) = (address(&parts), self.inner.clock.now());
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let mut limits = self.inner.limits.get().into_iter().flatten();
        let refused = limits.find_map(|limit| limit.seconds_to_wait(method, path, address, now));
        if let Some(seconds) = refused {
            return problem(Problem::rate_limited(seconds));
        }
        let cors = self.inner.cors.as_ref();
        if let Some(answer) = cors.and_then(|cors| cors::preflight(cors, &parts)) {
            return answer;
        }
        let Ok(body) = to_bytes(body, REQUEST_LIMIT).await else {
            // API Gateway's own answer, not a problem of ours.
            return plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                r#"{"message":"Request Entity Too Large"}"#,
            );
        };
        let matched = self.inner.route(parts.method.as_str(), parts.uri.path());
        let function = matched.function.to_owned();
        let event = self.inner.event(&parts, &body, matched);
        let mut answer = match self.inner.invoker.invoke(&function, event).await {
            Ok(answer) => response(&answer).unwrap_or_else(|error| {
                tracing::error!(function, %error, "a function's answer cannot be made into an HTTP response");
                problem(Problem::internal())
            }),
            Err(error) => {
                tracing::error!(function, %error, "a function gave no answer");
                problem(match error {
                    InvokeError::TimedOut(_) => Problem::unavailable(),
                    _ => Problem::internal(),
                })
            }
        };
        if let Some(cors) = cors {
            cors::mark(cors, &parts.headers, answer.headers_mut());
        }
        answer
    }
}

/// The caller's address; localhost if the request did not come over a network.
fn address(parts: &Parts) -> IpAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(Ipv4Addr::LOCALHOST.into(), |info| info.0.ip())
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response {
    let mut answer = gateway.answer(request).await;
    // By the platform's clock, which a test may have moved: pages count down by it.
    let date = http_date(gateway.inner.clock.now().0);
    if let Ok(date) = HeaderValue::from_str(&date) {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}

impl Inner {
    /// Whether the Host header, if there is one, names us, and there is but one. With another one, a page in a browser on this machine has had
    /// its own name point here, to read what only this machine's users may (DNS rebinding). `lambda_http` panics on a
    /// header that is no host at all.
    fn is_host(&self, headers: &HeaderMap) -> bool {
        let ours = |name: &Authority| {
            let port = name.as_str().strip_prefix(name.host()).unwrap_or_default();
            let is_port = port.is_empty() || name.port_u16().is_some();
            is_port && self.hosts.iter().any(|host| host == name.host())
        };
        let is_ours = |host: &HeaderValue| {
            host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|name| ours(&name))
        };
        let mut hosts = headers.get_all(HOST).iter();
        hosts.next().is_none_or(is_ours) && hosts.next().is_none()
    }

    /// The best matching route: from the left, a fixed segment wins over a parameter.
    fn route(&self, method: &str, path: &str) -> MatchedRoute<'_> {
        let asked: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let best = self
            .routes
            .iter()
            .filter(|route| route.method == method || route.method == "ANY")
            .filter_map(|route| parameters(&route.segments, &asked).map(|found| (route, found)))
            .min_by_key(|(route, _)| {
                let is_parameter = |segment| matches!(segment, &Segment::Parameter(_));
                route.segments.iter().map(is_parameter).collect::<Vec<_>>()
            });
        match best {
            Some((route, parameters)) => MatchedRoute {
                key: format!("{} {}", route.method, route.path),
                function: &route.function,
                parameters,
            },
            None => MatchedRoute {
                key: "$default".to_owned(),
                function: &self.default,
                parameters: Map::new(),
            },
        }
    }

    fn event(&self, parts: &Parts, body: &Bytes, matched: MatchedRoute<'_>) -> Value {
        let now = self.clock.now();
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let text = |name: HeaderName| {
            let value = parts.headers.get(name);
            value.and_then(|v| v.to_str().ok()).unwrap_or_default()
        };
        let host = text(HOST);
        let mut headers = headers(&parts.headers);
        // Whatever the client says of the first two: `lambda_http` makes the request's address of them, and panics if it cannot.
        let port = Authority::try_from(host)
            .ok()
            .and_then(|host| host.port_u16());
        let address = address(parts).to_string();
        let forwarded = headers.get("x-forwarded-for").and_then(Value::as_str);
        let forwarded = forwarded.map(|before| format!("{before}, {address}"));
        for (name, value) in [
            ("x-forwarded-proto", "http".to_owned()),
            ("x-forwarded-port", port.unwrap_or(80).to_string()),
            ("x-forwarded-for", forwarded.unwrap_or(address.clone())),
        ] {
            headers.insert(name.to_owned(), Value::from(value));
        }
        let mut event = json!({
            "version": "2.0",
            "routeKey": matched.key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": self.account,
                "apiId": "homehail",
                "domainName": host,
                "domainPrefix": host.split(['.', ':']).next().unwrap_or_default(),
                "http": {
                    "method": parts.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": address,
                    "userAgent": text(USER_AGENT),
                },
                "requestId": self.invoker.request_id(),
                "routeKey": matched.key,
                "stage": "$default",
                "time": common_log_time(now.0),
                "timeEpoch": now.0,
            },
            "isBase64Encoded": false,
        });
        if let Value::Object(event) = &mut event {
            let cookies = cookies(&parts.headers);
            if !cookies.is_empty() {
                event.insert("cookies".to_owned(), Value::from(cookies));
            }
            if !matched.parameters.is_empty() {
                event.insert(
                    "pathParameters".to_owned(),
                    Value::Object(matched.parameters),
                );
            }
            let query = query_parameters(query);
            if !query.is_empty() {
                event.insert("queryStringParameters".to_owned(), Value::Object(query));
            }
            if !body.is_empty() {
                let as_text = std::str::from_utf8(body)
                    .ok()
                    .filter(|_| is_text(text(CONTENT_TYPE)));
                match as_text {
                    Some(text) => event.insert("body".to_owned(), Value::from(text)),
                    None => {
                        event.insert("isBase64Encoded".to_owned(), Value::from(true));
                        event.insert("body".to_owned(), Value::from(STANDARD.encode(body)))
                    }
                };
            }
        }
        event
    }
}

fn segments(path: &str) -> Result<Vec<Segment>> {
    let Some(path) = path.strip_prefix('/') else {
        bail!("the route `{path}` does not begin with a slash");
    };
    path.split('/')
        .map(|part| match part.strip_prefix('{') {
            None => Ok(Segment::Fixed(part.to_owned())),
            Some(name) => match name.strip_suffix('}') {
                Some(name) if !name.ends_with('+') => Ok(Segment::Parameter(name.to_owned())),
                _ => bail!("the route part `{part}` is not supported here"),
            },
        })
        .collect()
}

fn parameters(segments: &[Segment], asked: &[String]) -> Option<Map<String, Value>> {
    if segments.len() != asked.len() {
        return None;
    }
    let mut parameters = Map::new();
    for (segment, part) in segments.iter().zip(asked) {
        match segment {
            Segment::Fixed(fixed) if fixed == part => {}
            Segment::Parameter(name) if !part.is_empty() => {
                parameters.insert(name.clone(), Value::from(part.as_str()));
            }
            Segment::Fixed(_) | Segment::Parameter(_) => return None,
        }
    }
    Some(parameters)
}

/// By lower-case name, without cookies. Several values of a name are joined by commas.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut joined: Map<String, Value> = Map::new();
    for name in headers.keys().filter(|name| **name != COOKIE) {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        joined.insert(name.as_str().to_owned(), Value::from(values.join(",")));
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(COOKIE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split("; ").map(str::to_owned))
        .collect()
}

/// Several values of a name are joined by commas.
fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    let decode = |text: &str| {
        let spaces = text.replace('+', " ");
        percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        let entry = parameters.entry(decode(name));
        entry
            .and_modify(|before| {
                *before = Value::from(format!("{},{value}", before.as_str().unwrap_or_default()));
            })
            .or_insert_with(|| Value::from(value.as_str()));
    }
    parameters
}

/// Whether the gateway passes such a body as text. It encodes others in base64.
fn is_text(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    media.is_empty()
        || media.starts_with("text/")
        || media.ends_with("+json")
        || media.ends_with("+xml")
        || [
            "application/json",
            "application/javascript",
            "application/xml",
            "application/x-www-form-urlencoded",
        ]
        .contains(&media.as_str())
}

/// `23/Nov/2026:20:17:00 +0000`.
fn common_log_time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|at| at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

/// As in the header `Date` (RFC 9110, section 5.6.7).
fn http_date(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

fn response(answer: &Value) -> Result<Response> {
    let status = answer["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .context("it has no status")?;
    let body = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).context("its body is not base64")?,
        _ => body.as_bytes().to_vec(),
    };
    ensure!(body.len() <= RESPONSE_LIMIT, "its body is over 6 MB");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut add = |name: &str, value: &Value| -> Result<()> {
        let value = value.as_str().context("a header is not a string")?;
        headers.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_str(value)?,
        );
        Ok(())
    };
    let several = answer["multiValueHeaders"].as_object();
    for (name, values) in several.into_iter().flatten() {
        for value in values.as_array().into_iter().flatten() {
            add(name, value)?;
        }
    }
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        if several.is_none_or(|several| !several.contains_key(name)) {
            add(name, value)?;
        }
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        add(SET_COOKIE.as_str(), cookie)?;
    }
    Ok(response)
}

fn problem(problem: Problem) -> Response {
    let (parts, body) = problem.into_response().into_parts();
    let body = match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    };
    Response::from_parts(parts, body)
}

fn plain(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests;

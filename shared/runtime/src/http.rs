//! Reads requests, and writes answers.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use ::http::StatusCode;
use ::http::header::{
    ACCEPT_LANGUAGE, AsHeaderName, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use data_encoding::HEXLOWER;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::Value;

use crate::{Fields, Problem, secret};

pub use lambda_http::Request;

pub type Response = ::http::Response<Body>;

/// The largest body that is read, in bytes.
pub const LARGEST_BODY: usize = 64 * 1024;

/// The most items on a page of a list.
pub const LARGEST_PAGE: u32 = 100;
const USUAL_PAGE: u32 = 20;

pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Problem::internal().because(&error).into_response(),
    }
}

/// 200 with a file, which nobody keeps.
///
/// # Errors
/// When this is no media type.
pub fn file(media_type: &str, content: Vec<u8>) -> Result<Response, Problem> {
    let media_type = HeaderValue::from_str(media_type).map_err(|_| Problem::internal())?;
    let mut response = Response::new(Body::Binary(content));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// 200, or 304 when the caller has this very answer: its entity tag is a hash of the body.
pub fn json_if_changed(request: &Request, body: &impl Serialize) -> Response {
    let answer = json(StatusCode::OK, body);
    let etag = format!("\"{}\"", hash_of(&answer));
    unless_held(request, answer, &etag)
}

/// 200, or 304 when the caller has an answer that says the same: its weak entity tag is a hash of `same`, which is the body
/// without what is different at each moment.
pub fn json_if_news(request: &Request, body: &impl Serialize, same: &impl Serialize) -> Response {
    let etag = format!("W/\"{}\"", hash_of(&json(StatusCode::OK, same)));
    unless_held(request, json(StatusCode::OK, body), &etag)
}

fn hash_of(answer: &Response) -> String {
    HEXLOWER.encode(&secret::sha256(answer.body())[..16])
}

fn unless_held(request: &Request, answer: Response, etag: &str) -> Response {
    let mut answer = if answer.status().is_success() && is_held(request, etag) {
        not_modified()
    } else {
        answer
    };
    let headers = answer.headers_mut();
    // A shared cache never has it; the caller's own asks each time whether it is still so.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    answer
}

/// 304, without a body.
pub fn not_modified() -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// Whether the caller has what this entity tag stands for: it is among those in `If-None-Match`, by weak comparison
/// (RFC 9110, section 13.1.2).
pub fn is_held(request: &Request, etag: &str) -> bool {
    let held = header(request, IF_NONE_MATCH).unwrap_or_default();
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let mut held = held.split(',').map(str::trim);
    held.any(|one| one == "*" || opaque(one) == opaque(etag))
}

/// 204, without a body.
pub fn no_content() -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Turns a problem into its answer.
pub fn respond(result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(Problem::into_response)
}

/// The path's parts, percent-decoded, for matching: `["v1", "orders", id]`. 404 when a part is not UTF-8, because
/// nothing can have that path.
pub fn path(request: &Request) -> Result<Vec<String>, Problem> {
    raw_path(request)
        .trim_start_matches('/')
        .split('/')
        .map(|part| {
            let decoded = percent_decode_str(part).decode_utf8();
            decoded
                .map(|part| part.into_owned())
                .map_err(|_| Problem::not_found())
        })
        .collect()
}

/// The path as the gateway gives it. The request's own URI contains the `Host` header, and if that is empty, the
/// path's first part is lost.
pub fn raw_path(request: &Request) -> &str {
    match request.raw_http_path() {
        "" => request.uri().path(),
        path => path,
    }
}

/// Marks a request that came through CloudFront, and says whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) address: String,
}

/// The address that a request came from, as CloudFront says if it came through it, and else the gateway; empty if neither does.
pub fn address(request: &Request) -> &str {
    if let Some(caller) = request.extensions().get::<Viewer>() {
        return &caller.address;
    }
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    address.unwrap_or_default()
}

/// Whether what CloudFront says of the caller, in headers, can be believed.
pub fn came_through_cloudfront(request: &Request) -> bool {
    request.extensions().get::<Viewer>().is_some()
}

/// Marks a request that came as HEAD and is handled as GET.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head;

/// Whether the request came as HEAD, so that nobody sees the answer's body.
pub fn is_head(request: &Request) -> bool {
    request.extensions().get::<Head>().is_some()
}

/// A well-formed JSON body.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonBody(Value);

impl JsonBody {
    /// The request's body: 415 unless `application/json` (parameters are allowed), 413 above [`LARGEST_BODY`], 400
    /// `malformed` when it is not JSON.
    pub fn from_request(request: &Request) -> Result<Self, Problem> {
        Self::up_to(LARGEST_BODY, request)
    }

    /// As [`Self::from_request`], with a limit of its own, in bytes.
    pub fn up_to(largest: usize, request: &Request) -> Result<Self, Problem> {
        let media_type = header(request, CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::unsupported_media_type());
        }
        let bytes: &[u8] = request.body();
        if bytes.len() > largest {
            let kib = largest / 1024;
            return Err(Problem::too_large().detail(format!("The body is larger than {kib} KiB.")));
        }
        serde_json::from_slice(bytes)
            .map(Self)
            // The position is safe to show; the words around it may be the client's own.
            .map_err(|error| {
                let (line, column) = (error.line(), error.column());
                Problem::malformed().detail(format!(
                    "The body is not JSON: line {line}, column {column}."
                ))
            })
    }

    /// Reads its fields; see [`Fields`]. 422 `invalid` with all faults.
    pub fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Result<T, Problem> {
        Fields::read(&self.0, read)
    }

    /// SHA-256 of its canonical form: without white space, members sorted by name. It tells a repeated request from
    /// another one under the same `Idempotency-Key`.
    pub fn hash(&self) -> [u8; 32] {
        let mut canonical = String::new();
        write_canonical(&self.0, &mut canonical);
        secret::sha256(canonical.as_bytes())
    }
}

/// The request's JSON body, read by `read`; for callers that do not need its hash.
pub fn read_json<T>(
    request: &Request,
    read: impl for<'a> FnOnce(&mut Fields<'a>) -> Option<T>,
) -> Result<T, Problem> {
    JsonBody::from_request(request)?.read(read)
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            // Sorted here, because serde_json keeps the text's order if any crate in the build asks for that.
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(value, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// The request's `Idempotency-Key`: 400 `idempotency-key-missing` when there is none; 400 `malformed` unless it is 1
/// to 64 visible ASCII characters.
pub fn idempotency_key(request: &Request) -> Result<&str, Problem> {
    optional_idempotency_key(request)?.ok_or_else(Problem::idempotency_key_missing)
}

/// As [`idempotency_key`], but it may be missing. 400 `malformed` unless it is 1 to 64 visible ASCII characters.
pub fn optional_idempotency_key(request: &Request) -> Result<Option<&str>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let is_visible = |key: &&str| {
        (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let key = value.to_str().ok().filter(is_visible);
    let bad =
        || Problem::malformed().detail("Idempotency-Key must be 1 to 64 visible ASCII characters.");
    key.map(Some).ok_or_else(bad)
}

/// The query's parameters, of which only `known` ones may be given, each once. 400 `malformed` for an unknown or
/// repeated parameter, or one that is not UTF-8.
pub fn query(request: &Request, known: &[&'static str]) -> Result<Query, Problem> {
    let mut given = BTreeMap::new();
    let text = request.uri().query().unwrap_or_default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let Some(name) = known.iter().copied().find(|known| *known == name) else {
            let known = known.join(", ");
            return Err(Problem::malformed().detail(if known.is_empty() {
                "There are no query parameters here.".to_owned()
            } else {
                format!("An unknown query parameter was given; there are: {known}.")
            }));
        };
        if given.insert(name, value).is_some() {
            return Err(Problem::malformed().detail(format!("{name} was given twice.")));
        }
    }
    Ok(Query { given })
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| Problem::malformed().detail("The query is not UTF-8."))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    given: BTreeMap<&'static str, String>,
}

impl Query {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// A whole number within `range`, or `usual` when it is missing; 400 `malformed` for anything else.
    pub fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
        usual: u32,
    ) -> Result<u32, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(usual);
        };
        let number = whole(text).and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                Problem::malformed().detail(format!(
                    "{name} must be a whole number from {least} to {most}."
                ))
            })
    }

    /// A parameter of this type, if it is given; 400 `malformed` for anything else.
    pub fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed.map_err(|fault| Problem::malformed().detail(format!("{name} {fault}.")))
    }

    /// `limit`: how many items a page of a list has, 1 to [`LARGEST_PAGE`], 20 if missing;
    /// 400 `malformed` for anything else.
    pub fn limit(&self) -> Result<u32, Problem> {
        self.number("limit", 1..=LARGEST_PAGE, USUAL_PAGE)
    }

    /// `cursor`: where a page begins, copied from the page before; the store checks it. An empty one is none.
    pub fn cursor(&self) -> Option<&str> {
        self.text("cursor").filter(|cursor| !cursor.is_empty())
    }
}

/// A whole number in a query, in decimal digits; like one in a body it may be written as `5.0`.
pub fn whole(text: &str) -> Option<u64> {
    let (number, zeros) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0');
    // `u64` would accept a sign.
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_whole && is_plain)
}

/// The value of a header, if present and visible ASCII.
pub fn header(request: &Request, name: impl AsHeaderName) -> Option<&str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// The header `Accept-Language`; empty if there is none.
pub fn languages(request: &Request) -> &str {
    header(request, ACCEPT_LANGUAGE).unwrap_or_default()
}

#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests;

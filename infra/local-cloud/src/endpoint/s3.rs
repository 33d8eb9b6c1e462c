//! S3 as SDKs speak it: paths, headers and XML.
//!
//! Addresses are path-style (`/bucket/key`), as SDKs make them for an endpoint that is an IP address.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{Method, StatusCode, Uri};
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use super::request::Request;
use super::xml::escaped;
use crate::cloud::Cloud;
use crate::iam::Call;
use crate::random;
use crate::refusal::Refusal;
use crate::s3::{Condition, Object};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// S3: a page has at most a thousand keys.
const MAX_KEYS: usize = 1_000;
const CRC32: &str = "x-amz-checksum-crc32";
/// The type of an object that was written without one.
const DEFAULT_TYPE: &str = "binary/octet-stream";
/// Headers with an `x-amz-` name that are supported or have no effect here.
const SUPPORTED: [&str; 7] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-mode",
    CRC32,
];
/// Other headers of S3 that are refused, because ignoring them would give another result.
const NOT_EMULATED: [&str; 10] = [
    "range",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "content-md5",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];

/// A request's bucket, key and query.
struct Target {
    bucket: String,
    key: String,
    query: BTreeMap<String, String>,
}

pub(super) async fn call(cloud: &Cloud, request: &Request) -> Result<Response, Refusal> {
    let target = Target::from_request(request)?;
    for name in request.headers.keys().map(http::HeaderName::as_str) {
        let is_unknown = name.starts_with("x-amz-") && !SUPPORTED.contains(&name);
        let is_condition = name == "if-match" || name == "if-none-match";
        if is_unknown
            || NOT_EMULATED.contains(&name)
            || (is_condition && request.method != Method::PUT)
        {
            return Err(not_emulated(&format!("the header {name}")));
        }
    }
    if target.bucket.is_empty() {
        return Err(not_emulated("an operation on all buckets"));
    }
    match (&request.method, target.key.is_empty()) {
        (&Method::GET, true) => list(cloud, request, target),
        (&Method::PUT, false) => put(cloud, request, target).await,
        (&Method::GET | &Method::HEAD, false) => get(cloud, request, target).await,
        (&Method::DELETE, false) => delete(cloud, request, target).await,
        (method, _) => Err(not_emulated(&format!("{method} of this path"))),
    }
}

async fn put(cloud: &Cloud, request: &Request, target: Target) -> Result<Response, Refusal> {
    target.authorize(cloud, request, "s3:PutObject")?;
    let condition = condition(request)?;
    if matches!(condition, Condition::Is(_)) {
        target.authorize(cloud, request, "s3:GetObject")?;
    }
    let stated = request.header("x-amz-content-sha256").unwrap_or_default();
    if stated.starts_with("STREAMING-") {
        return Err(not_emulated("an upload in chunks"));
    }
    let body = &request.body;
    let checksum = request.header(CRC32).map(str::to_owned);
    if checksum
        .as_ref()
        .is_some_and(|stated| *stated != crc32(body))
    {
        let message = format!("The {CRC32} you specified did not match the calculated checksum.");
        return Err(Refusal::new("BadDigest", message));
    }
    if cloud.lock().objects.is_locked(&target.bucket)? && checksum.is_none() {
        return Err(Refusal::new(
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
        ));
    }
    let object = Object {
        bucket: target.bucket,
        key: target.key,
        id: random::uuid()?,
        at: cloud.clock().now_ms(),
        size: body.len(),
        etag: data_encoding::HEXLOWER.encode(&Md5::digest(body)),
        content_type: request.header(CONTENT_TYPE.as_str()).map(str::to_owned),
        crc32: checksum,
    };
    let id = object.id.clone();
    let answer = checksummed(answer(StatusCode::OK), &object);
    cloud.bodies().write(&id, body.clone()).await?;
    let written = cloud
        .change(|state, transaction| state.objects.put(object, &condition, transaction))
        .await;
    let gone = match &written {
        Ok(replaced) => replaced.as_ref(),
        Err(_) => Some(&id),
    };
    if let Some(gone) = gone {
        cloud.bodies().remove(gone).await;
    }
    written?;
    finish(answer, Body::empty())
}

async fn get(cloud: &Cloud, request: &Request, target: Target) -> Result<Response, Refusal> {
    target.authorize(cloud, request, "s3:GetObject")?;
    loop {
        let found = cloud.lock().objects.get(&target.bucket, &target.key);
        let object = found.map_err(|refusal| or_denied(cloud, request, &target, refusal))?;
        let mut answer = answer(StatusCode::OK)
            .header(LAST_MODIFIED, date(object.at, "%a, %d %b %Y %H:%M:%S GMT"))
            // A HEAD's answer has it too, without the body.
            .header(CONTENT_LENGTH, object.size)
            .header(
                CONTENT_TYPE,
                object.content_type.as_deref().unwrap_or(DEFAULT_TYPE),
            );
        answer = checksummed(answer, &object);
        if request.method == Method::HEAD {
            return finish(answer, Body::empty());
        }
        // `None`: the object was replaced or deleted since it was found.
        if let Some(body) = cloud.bodies().read(&object.id).await? {
            return finish(answer, Body::from(body));
        }
    }
}

async fn delete(cloud: &Cloud, request: &Request, target: Target) -> Result<Response, Refusal> {
    target.authorize(cloud, request, "s3:DeleteObject")?;
    let (bucket, key) = (&target.bucket, &target.key);
    let gone = cloud
        .change(|state, transaction| state.objects.delete(bucket, key, transaction))
        .await?;
    if let Some(gone) = gone {
        cloud.bodies().remove(&gone).await;
    }
    finish(answer(StatusCode::NO_CONTENT), Body::empty())
}

fn list(cloud: &Cloud, request: &Request, mut target: Target) -> Result<Response, Refusal> {
    let mut take = |name: &str| target.query.remove(name);
    if take("list-type").as_deref() != Some("2") {
        return Err(not_emulated("an operation on a bucket but ListObjectsV2"));
    }
    let prefix = take("prefix").unwrap_or_default();
    let start_after = take("start-after").unwrap_or_default();
    let token = take("continuation-token");
    target.finish()?;
    let bucket = &target.bucket;
    let arn = cloud.names().bucket(bucket);
    request.authorize(cloud, "s3:ListBucket", &arn)?;
    let after = match &token {
        None => Some(start_after),
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|after| String::from_utf8(after).ok()),
    };
    let wrong_token = || invalid("The continuation token provided is incorrect");
    let after = after.ok_or_else(wrong_token)?;
    let state = cloud.lock();
    let (objects, more) = state.objects.list(bucket, &prefix, &after, MAX_KEYS)?;
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"{NAMESPACE}\">\
         <Name>{bucket}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount>\
         <MaxKeys>{MAX_KEYS}</MaxKeys><IsTruncated>{more}</IsTruncated>",
        escaped(&prefix),
        objects.len(),
    );
    if let Some(last) = objects.last().filter(|_| more) {
        let token = URL_SAFE_NO_PAD.encode(&last.key);
        xml += &format!("<NextContinuationToken>{token}</NextContinuationToken>");
    }
    for object in objects {
        xml += &format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag>\
             <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            escaped(&object.key),
            date(object.at, "%Y-%m-%dT%H:%M:%S%.3fZ"),
            object.etag,
            object.size,
        );
    }
    xml += "</ListBucketResult>";
    let answer = answer(StatusCode::OK).header(CONTENT_TYPE, "application/xml");
    finish(answer, Body::from(xml))
}

/// A refusal in S3's form. The answer to a HEAD has no body.
pub(super) fn refuse(method: &Method, uri: &Uri, refusal: &Refusal) -> Response {
    let code = match refusal.code {
        "InvalidClientTokenId" => "InvalidAccessKeyId",
        "MissingAuthenticationToken" => "AccessDenied",
        "IncompleteSignature" => "AuthorizationHeaderMalformed",
        "RequestEntityTooLarge" => "EntityTooLarge",
        "InternalFailure" => "InternalError",
        code => code,
    };
    let status = match code {
        "NoSuchBucket" | "NoSuchKey" => StatusCode::NOT_FOUND,
        "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => StatusCode::FORBIDDEN,
        "PreconditionFailed" => StatusCode::PRECONDITION_FAILED,
        "NotImplemented" => StatusCode::NOT_IMPLEMENTED,
        "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let request_id = random::uuid().unwrap_or_default();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
         <Resource>{}</Resource><RequestId>{request_id}</RequestId></Error>",
        escaped(&refusal.message),
        escaped(uri.path()),
    );
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => Body::from(body),
    };
    let answer = answer(status).header(CONTENT_TYPE, "application/xml");
    answer.body(body).unwrap_or_default()
}

impl Target {
    fn from_request(request: &Request) -> Result<Self, Refusal> {
        let invalid = || Refusal::new("InvalidURI", "Couldn't parse the specified URI.");
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(|text| text.into_owned()).map_err(|_| invalid())
        };
        let path = request.uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let mut query = request.query().ok_or_else(invalid)?;
        // Only names the operation, for logs.
        query.remove("x-id");
        let target = Self {
            bucket: decode(bucket)?,
            key: decode(key)?,
            query,
        };
        // Only lists have parameters.
        if !target.key.is_empty() {
            target.finish()?;
        }
        Ok(target)
    }

    /// Refuses parameters that are left in the query.
    fn finish(&self) -> Result<(), Refusal> {
        match self.query.keys().next() {
            None => Ok(()),
            Some(name) => Err(not_emulated(&format!("the parameter {name}"))),
        }
    }

    fn authorize(&self, cloud: &Cloud, request: &Request, action: &str) -> Result<(), Refusal> {
        let bucket = cloud.names().bucket(&self.bucket);
        request.authorize(cloud, action, &format!("{bucket}/{}", self.key))
    }
}

/// S3 answers that an object is missing only to callers who may list the bucket: "If you don't have the
/// `s3:ListBucket` permission, Amazon S3 returns an HTTP status code 403" (GetObject).
fn or_denied(cloud: &Cloud, request: &Request, target: &Target, refusal: Refusal) -> Refusal {
    let bucket = cloud.names().bucket(&target.bucket);
    let list = Call::new(&request.caller, "s3:ListBucket", &bucket);
    match cloud.identities().authorize(&list) {
        Err(denied) if refusal.code == "NoSuchKey" => denied,
        _ => refusal,
    }
}

fn condition(request: &Request) -> Result<Condition, Refusal> {
    match (request.header("if-none-match"), request.header("if-match")) {
        (None, None) => Ok(Condition::Always),
        (Some("*"), None) => Ok(Condition::Absent),
        (None, Some(etag)) if etag != "*" => Ok(Condition::Is(etag.trim_matches('"').to_owned())),
        // S3: "Expects the '*' (asterisk) character".
        _ => Err(not_emulated("this condition of an upload")),
    }
}

fn answer(status: StatusCode) -> http::response::Builder {
    let id = random::uuid().unwrap_or_default();
    Response::builder()
        .status(status)
        .header("x-amz-request-id", id)
}

/// With the object's ETag and checksum, which SDKs compare.
fn checksummed(answer: http::response::Builder, object: &Object) -> http::response::Builder {
    let answer = answer.header(ETAG, format!("\"{}\"", object.etag));
    match &object.crc32 {
        None => answer,
        Some(crc32) => answer
            .header(CRC32, crc32)
            .header("x-amz-checksum-type", "FULL_OBJECT"),
    }
}

fn finish(answer: http::response::Builder, body: Body) -> Result<Response, Refusal> {
    answer
        .body(body)
        .map_err(|_| invalid("a header of the object cannot be sent"))
}

fn date(at_ms: i64, format: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime(format).to_string()
}

/// CRC-32 of IEEE 802.3 (reflected), in base64.
fn crc32(bytes: &[u8]) -> String {
    const TABLE: [u32; 256] = crc32_table();
    let crc = !bytes.iter().fold(u32::MAX, |crc, byte| {
        TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8)
    });
    STANDARD.encode(crc.to_be_bytes())
}

const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut entry = 0_u32;
    while entry < 256 {
        let mut crc = entry;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[entry as usize] = crc;
        entry += 1;
    }
    table
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidArgument", message)
}

fn not_emulated(what: &str) -> Refusal {
    Refusal::not_emulated("NotImplemented", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_32_has_its_check_value() {
        // The catalogue's check value of CRC-32/ISO-HDLC.
        let expected = STANDARD.encode(0xcbf4_3926_u32.to_be_bytes());
        assert_eq!(crc32(b"123456789"), expected);
        assert_eq!(crc32(b""), "AAAAAA==");
    }
}

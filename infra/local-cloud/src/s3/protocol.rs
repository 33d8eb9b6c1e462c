//! S3 as SDKs speak it: paths, headers and XML.
//!
//! Addresses are path-style (`/bucket/key`), as SDKs make them for an endpoint that is an IP address.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, Method, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::objects::{Condition, Content, Page, Version, failed_condition};
use super::payload::Payload;
use crate::cloud::Cloud;
use crate::endpoint::Request;
use crate::iam::Call;
use crate::random;
use crate::refusal::Refusal;
use crate::sts::escaped;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// S3: a page has at most a thousand keys.
const MAX_KEYS: usize = 1_000;
/// S3: the names and values of an object's own metadata take at most 2 KB.
const MAX_METADATA_BYTES: usize = 2_048;
const METADATA: &str = "x-amz-meta-";
/// Headers of an object that come back as they were given.
const KEPT: [&str; 6] = [
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];
/// What S3 says of an object that was written without a type.
const DEFAULT_TYPE: &str = "binary/octet-stream";
/// Headers with an `x-amz-` name that any request may have.
const COMMON: [&str; 4] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
];
/// Those that an upload may have besides.
const OF_UPLOADS: [&str; 3] = [
    "x-amz-sdk-checksum-algorithm",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
];
/// Conditions and ranges that are not emulated: passing them over would answer another question.
const NOT_EMULATED: [&str; 4] = [
    "range",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
];
/// What `encoding-type=url` encodes.
const IN_XML: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A request's bucket, key and query.
struct Target {
    bucket: String,
    key: String,
    query: BTreeMap<String, String>,
}

/// Does one operation.
pub(crate) async fn call(cloud: &Cloud, request: &Request) -> Result<Response, Refusal> {
    let target = Target::of(&request.uri)?;
    for name in NOT_EMULATED {
        if request.headers.contains_key(name) {
            return Err(not_emulated(&format!("the header {name}")));
        }
    }
    if target.bucket.is_empty() {
        return Err(not_emulated("an operation on all buckets"));
    }
    match (&request.method, target.key.is_empty()) {
        (&Method::GET, true) => list(cloud, request, target),
        (&Method::PUT, false) => put(cloud, request, target).await,
        (&Method::GET, false) => get(cloud, request, target, true).await,
        (&Method::HEAD, false) => get(cloud, request, target, false).await,
        (&Method::DELETE, false) => delete(cloud, request, target).await,
        (method, _) => Err(not_emulated(&format!("{method} of this path"))),
    }
}

async fn put(cloud: &Cloud, request: &Request, target: Target) -> Result<Response, Refusal> {
    target.finish()?;
    let headers = &request.headers;
    known(headers, &OF_UPLOADS)?;
    authorize(cloud, request, "s3:PutObject", &target)?;
    let condition = condition(headers)?;
    if matches!(condition, Condition::Is(_)) {
        authorize(cloud, request, "s3:GetObject", &target)?;
    }
    let payload = Payload::of(headers, &request.body)?;
    if cloud.lock().objects.wants_digest(&target.bucket)? && !payload.is_guarded {
        return Err(Refusal::new(
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
        ));
    }
    let content = Content {
        size: payload.body.len() as u64,
        etag: payload.etag,
        headers: kept_headers(headers)?,
        checksum: payload.checksum,
    };
    let (etag, checksum) = (content.etag.clone(), content.checksum.clone());
    let id = random::uuid()?;
    cloud.bodies().write(&id, payload.body).await?;
    let place = (target.bucket.as_str(), target.key.as_str());
    let written = cloud
        .change(|state, transaction| {
            let objects = &mut state.objects;
            objects.put(place, id.clone(), content, &condition, transaction)
        })
        .await;
    let changed = match written {
        Ok(changed) => changed,
        Err(refusal) => {
            cloud.bodies().remove(&id).await;
            return Err(refusal);
        }
    };
    for gone in &changed.gone {
        cloud.bodies().remove(gone).await;
    }
    let mut answer = answer(StatusCode::OK).header(ETAG, format!("\"{etag}\""));
    if let Some(version) = changed.version {
        answer = answer.header("x-amz-version-id", version);
    }
    if let Some(checksum) = checksum {
        answer = answer
            .header(checksum.header, checksum.value)
            .header("x-amz-checksum-type", "FULL_OBJECT");
    }
    finish(answer, Body::empty())
}

async fn get(
    cloud: &Cloud,
    request: &Request,
    mut target: Target,
    with_body: bool,
) -> Result<Response, Refusal> {
    let wanted = target.query.remove("versionId");
    target.finish()?;
    let headers = &request.headers;
    known(headers, &["x-amz-checksum-mode"])?;
    let action = match wanted {
        Some(_) => "s3:GetObjectVersion",
        None => "s3:GetObject",
    };
    authorize(cloud, request, action, &target)?;
    let place = (target.bucket.as_str(), target.key.as_str());
    loop {
        let (found, version_id) = {
            let state = cloud.lock();
            let found = match &wanted {
                Some(id) => state.objects.version(place, id),
                None => state.objects.get(place),
            };
            let id = found.as_ref().ok();
            let id = id.and_then(|version| state.objects.version_id(&target.bucket, version));
            (found, id)
        };
        let version = match found {
            Ok(version) => version,
            Err(refusal) => return Err(or_denied(cloud, request, &target, refusal)),
        };
        if version.is_marker {
            let message = "The specified method is not allowed against this resource.";
            return Err(Refusal::new("MethodNotAllowed", message));
        }
        let answer = describe(&version, version_id.as_deref(), headers);
        if let Some(unchanged) = unmodified(headers, &version.content.etag)? {
            return unchanged;
        }
        if !with_body {
            return finish(answer, Body::empty());
        }
        // Removed between the two looks: it has been replaced or deleted.
        if let Some(body) = cloud.bodies().read(&version.id).await? {
            return finish(answer, Body::from(body));
        }
    }
}

/// Headers of an object.
fn describe(
    version: &Version,
    version_id: Option<&str>,
    headers: &HeaderMap,
) -> http::response::Builder {
    let content = &version.content;
    let mut answer = answer(StatusCode::OK)
        .header(ETAG, format!("\"{}\"", content.etag))
        .header(LAST_MODIFIED, http_date(version.at))
        // What a HEAD says of the body that it leaves out, too.
        .header(CONTENT_LENGTH, content.size);
    for (name, value) in &content.headers {
        answer = answer.header(name, value);
    }
    if !content.headers.contains_key(CONTENT_TYPE.as_str()) {
        answer = answer.header(CONTENT_TYPE, DEFAULT_TYPE);
    }
    if headers
        .get("x-amz-checksum-mode")
        .is_some_and(|mode| mode == "ENABLED")
        && let Some(checksum) = &content.checksum
    {
        answer = answer
            .header(&checksum.header, &checksum.value)
            .header("x-amz-checksum-type", "FULL_OBJECT");
    }
    if let Some(id) = version_id {
        answer = answer.header("x-amz-version-id", id);
    }
    if let Some(until) = version.retain_until {
        answer = answer
            .header("x-amz-object-lock-mode", "COMPLIANCE")
            .header("x-amz-object-lock-retain-until-date", iso_date(until));
    }
    answer
}

async fn delete(cloud: &Cloud, request: &Request, mut target: Target) -> Result<Response, Refusal> {
    let wanted = target.query.remove("versionId");
    target.finish()?;
    known(&request.headers, &[])?;
    if request.headers.contains_key("if-match") {
        return Err(not_emulated("the header if-match of a deletion"));
    }
    let action = match wanted {
        Some(_) => "s3:DeleteObjectVersion",
        None => "s3:DeleteObject",
    };
    authorize(cloud, request, action, &target)?;
    let place = (target.bucket.as_str(), target.key.as_str());
    let changed = cloud
        .change(|state, transaction| match &wanted {
            Some(id) => state.objects.delete_version(place, id, transaction),
            None => state.objects.delete(place, transaction),
        })
        .await?;
    for gone in &changed.gone {
        cloud.bodies().remove(gone).await;
    }
    let mut answer = answer(StatusCode::NO_CONTENT);
    if let Some(version) = changed.version {
        answer = answer.header("x-amz-version-id", version);
    }
    if changed.is_marker {
        answer = answer.header("x-amz-delete-marker", "true");
    }
    finish(answer, Body::empty())
}

fn list(cloud: &Cloud, request: &Request, mut target: Target) -> Result<Response, Refusal> {
    known(&request.headers, &[])?;
    let mut take = |name: &str| target.query.remove(name);
    if take("list-type").as_deref() != Some("2") {
        return Err(not_emulated("an operation on a bucket but ListObjectsV2"));
    }
    let prefix = take("prefix").unwrap_or_default();
    let delimiter = take("delimiter").unwrap_or_default();
    let start_after = take("start-after").unwrap_or_default();
    let token = take("continuation-token");
    let encodes = match take("encoding-type").as_deref() {
        None => false,
        Some("url") => true,
        Some(_) => return Err(invalid("Invalid Encoding Method specified in Request")),
    };
    let max = match take("max-keys") {
        None => MAX_KEYS,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| invalid("Provided max-keys not an integer or within integer range"))?
            .min(MAX_KEYS),
    };
    if take("fetch-owner").is_some_and(|wanted| wanted == "true") {
        return Err(not_emulated("fetch-owner"));
    }
    target.finish()?;
    let bucket = &target.bucket;
    let arn = cloud.names().bucket(bucket);
    let call = Call::new(&request.caller, "s3:ListBucket", &arn).with("s3:prefix", prefix.as_str());
    cloud.identities().authorize(&call)?;
    let after = match &token {
        None => start_after,
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|after| String::from_utf8(after).ok())
            .ok_or_else(|| invalid("The continuation token provided is incorrect"))?,
    };
    let page = {
        let state = cloud.lock();
        state
            .objects
            .list(bucket, &prefix, &delimiter, &after, max)?
    };
    let text = |text: &str| match encodes {
        true => utf8_percent_encode(text, IN_XML).to_string(),
        false => escaped(text),
    };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"{NAMESPACE}\">\
         <Name>{bucket}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>{max}</MaxKeys>\
         <IsTruncated>{}</IsTruncated>",
        text(&prefix),
        page.objects.len() + page.prefixes.len(),
        page.more_after.is_some(),
    );
    if !delimiter.is_empty() {
        xml.push_str(&format!("<Delimiter>{}</Delimiter>", text(&delimiter)));
    }
    if encodes {
        xml.push_str("<EncodingType>url</EncodingType>");
    }
    if let Some(token) = &token {
        xml.push_str(&format!("<ContinuationToken>{token}</ContinuationToken>"));
    }
    push_entries(&mut xml, &page, text);
    xml.push_str("</ListBucketResult>");
    let answer = answer(StatusCode::OK).header(CONTENT_TYPE, "application/xml");
    finish(answer, Body::from(xml))
}

fn push_entries(xml: &mut String, page: &Page, text: impl Fn(&str) -> String) {
    if let Some(after) = &page.more_after {
        let token = URL_SAFE_NO_PAD.encode(after);
        xml.push_str(&format!(
            "<NextContinuationToken>{token}</NextContinuationToken>"
        ));
    }
    for object in &page.objects {
        xml.push_str(&format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag>\
             <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            text(&object.key),
            iso_date(object.at),
            object.etag,
            object.size,
        ));
    }
    for prefix in &page.prefixes {
        xml.push_str(&format!(
            "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
            text(prefix)
        ));
    }
}

/// A refusal as S3 answers it; one of a HEAD has no body.
pub(crate) fn refuse(method: &Method, uri: &Uri, refusal: &Refusal) -> Response {
    let code = match refusal.code {
        "InvalidClientTokenId" => "InvalidAccessKeyId",
        "MissingAuthenticationToken" => "AccessDenied",
        "IncompleteSignature" => "AuthorizationHeaderMalformed",
        "RequestEntityTooLarge" => "EntityTooLarge",
        "InternalFailure" => "InternalError",
        code => code,
    };
    let status = match code {
        "NoSuchBucket" | "NoSuchKey" | "NoSuchVersion" => StatusCode::NOT_FOUND,
        "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => StatusCode::FORBIDDEN,
        "PreconditionFailed" => StatusCode::PRECONDITION_FAILED,
        "MethodNotAllowed" => StatusCode::METHOD_NOT_ALLOWED,
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
    fn of(uri: &Uri) -> Result<Self, Refusal> {
        let decode = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(|text| text.into_owned())
                .map_err(|_| Refusal::new("InvalidURI", "Couldn't parse the specified URI."))
        };
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let mut query = BTreeMap::new();
        let pairs = uri.query().unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.insert(decode(name)?, decode(&value.replace('+', " "))?);
        }
        // Names the operation for whoever reads a log.
        query.remove("x-id");
        Ok(Self {
            bucket: decode(bucket)?,
            key: decode(key)?,
            query,
        })
    }

    /// Nothing may be left in the query.
    fn finish(&self) -> Result<(), Refusal> {
        match self.query.keys().next() {
            None => Ok(()),
            Some(name) => Err(not_emulated(&format!("the parameter {name}"))),
        }
    }
}

fn authorize(
    cloud: &Cloud,
    request: &Request,
    action: &str,
    target: &Target,
) -> Result<(), Refusal> {
    let bucket = cloud.names().bucket(&target.bucket);
    let arn = format!("{bucket}/{}", target.key);
    cloud
        .identities()
        .authorize(&Call::new(&request.caller, action, &arn))
}

/// S3 tells that an object is missing only to who may list the bucket: "If you don't have the
/// `s3:ListBucket` permission, Amazon S3 returns an HTTP status code 403" (GetObject).
fn or_denied(cloud: &Cloud, request: &Request, target: &Target, refusal: Refusal) -> Refusal {
    let bucket = cloud.names().bucket(&target.bucket);
    let list = Call::new(&request.caller, "s3:ListBucket", &bucket);
    match cloud.identities().authorize(&list) {
        Err(denied) if refusal.code == "NoSuchKey" => denied,
        _ => refusal,
    }
}

/// Every `x-amz-` header has to be one that is understood.
fn known(headers: &HeaderMap, more: &[&str]) -> Result<(), Refusal> {
    let is_upload = more.len() == OF_UPLOADS.len();
    for name in headers.keys().map(http::HeaderName::as_str) {
        let is_known = !name.starts_with("x-amz-")
            || COMMON.contains(&name)
            || more.contains(&name)
            || (is_upload && (name.starts_with(METADATA) || name.starts_with("x-amz-checksum-")));
        if !is_known {
            return Err(not_emulated(&format!("the header {name}")));
        }
    }
    Ok(())
}

fn condition(headers: &HeaderMap) -> Result<Condition, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("if-none-match"), text("if-match")) {
        (None, None) => Ok(Condition::Always),
        (Some("*"), None) => Ok(Condition::Absent),
        (None, Some(etag)) if etag != "*" => Ok(Condition::Is(etag.trim_matches('"').to_owned())),
        // S3: "Expects the '*' (asterisk) character".
        _ => Err(not_emulated("this condition of an upload")),
    }
}

/// The answer to a read whose conditions say that no body is wanted.
fn unmodified(
    headers: &HeaderMap,
    etag: &str,
) -> Result<Option<Result<Response, Refusal>>, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_this = |stated: &str| stated == "*" || stated.trim_matches('"') == etag;
    if text("if-match").is_some_and(|stated| !is_this(stated)) {
        return Err(failed_condition());
    }
    Ok(text("if-none-match").is_some_and(is_this).then(|| {
        let answer = answer(StatusCode::NOT_MODIFIED).header(ETAG, format!("\"{etag}\""));
        finish(answer, Body::empty())
    }))
}

fn kept_headers(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut kept = BTreeMap::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let name = name.as_str();
        let is_metadata = name.starts_with(METADATA);
        if !is_metadata && !KEPT.contains(&name) {
            continue;
        }
        let value = value
            .to_str()
            .map_err(|_| invalid(&format!("{name} is not ASCII")))?;
        // How the body came, not what it is.
        let value = match name {
            "content-encoding" => value
                .split(',')
                .map(str::trim)
                .filter(|coding| *coding != "aws-chunked")
                .collect::<Vec<_>>()
                .join(","),
            _ => value.to_owned(),
        };
        if is_metadata {
            metadata += name.len() - METADATA.len() + value.len();
        }
        if !value.is_empty() {
            kept.insert(name.to_owned(), value);
        }
    }
    if metadata > MAX_METADATA_BYTES {
        return Err(Refusal::new(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        ));
    }
    Ok(kept)
}

fn answer(status: StatusCode) -> http::response::Builder {
    let id = random::uuid().unwrap_or_default();
    Response::builder()
        .status(status)
        .header("x-amz-request-id", id)
}

fn finish(answer: http::response::Builder, body: Body) -> Result<Response, Refusal> {
    answer
        .body(body)
        .map_err(|_| invalid("a header of the object cannot be sent"))
}

fn http_date(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn iso_date(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidArgument", message)
}

fn not_emulated(what: &str) -> Refusal {
    Refusal::new(
        "NotImplemented",
        format!("{what} is not emulated here: it is no part of what this project uses"),
    )
}

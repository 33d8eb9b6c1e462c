//! Verifies AWS Signature Version 4.
//!
//! Source: "Create a signed AWS API request", IAM User Guide. Only the `Authorization` header is
//! read, since this project uses no presigned URLs. The age of a signature is not checked, because
//! the cloud's clock can be moved and its clients' cannot.

use aws_lc_rs::{constant_time, digest, hmac};
use data_encoding::HEXLOWER;
use http::{HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::refusal::Refusal;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

const S3: &str = "s3";

/// The parts of an `Authorization` header.
pub(super) struct Authorization<'a> {
    pub(super) access_key: &'a str,
    scope: Scope<'a>,
    signed_headers: &'a str,
    signature: &'a str,
}

struct Scope<'a> {
    date: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn from_headers(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let missing = || {
            Refusal::new(
                "MissingAuthenticationToken",
                "the request has no AWS SigV4 signature",
            )
        };
        let incomplete = || {
            Refusal::new(
                "IncompleteSignature",
                "the Authorization header cannot be read",
            )
        };
        let header = headers
            .get(http::header::AUTHORIZATION)
            .ok_or_else(missing)?;
        let header = header.to_str().map_err(|_| incomplete())?;
        let parts = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or_else(missing)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            match part.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => return Err(incomplete()),
            }
        }
        let credential: Vec<&str> = credential.ok_or_else(incomplete)?.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = credential[..] else {
            return Err(incomplete());
        };
        Ok(Self {
            access_key,
            scope: Scope {
                date,
                region,
                service,
            },
            signed_headers: signed_headers.ok_or_else(incomplete)?,
            signature: signature.ok_or_else(incomplete)?,
        })
    }

    /// The service that the request is signed for, such as `s3`.
    pub(super) fn service(&self) -> &'a str {
        self.scope.service
    }

    /// Whether the request was signed with `secret`.
    pub(super) fn verify(
        &self,
        secret: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let mismatch = || {
            Refusal::new(
                "SignatureDoesNotMatch",
                "the request signature does not match the one made with this access key's secret",
            )
        };
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let body_hash = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
        // S3 takes bodies that are not part of the signature, or signed piece by piece.
        let is_s3 = self.service() == S3;
        let stated = header("x-amz-content-sha256");
        let body_hash = match stated {
            Some(stated) if is_s3 && is_no_hash(stated) => stated.to_owned(),
            // A client that states the hash also signs it, so it has to be right.
            Some(stated) if stated != body_hash => return Err(mismatch()),
            _ => body_hash,
        };
        let Some(date) = header("x-amz-date") else {
            return Err(mismatch());
        };
        if !date.starts_with(self.scope.date) || !self.signs_host() {
            return Err(mismatch());
        }
        let mut request = format!(
            "{method}\n{}\n{}\n",
            match is_s3 {
                // "You do not normalize URI paths for requests to Amazon S3", nor encode them twice.
                true => uri.path().to_owned(),
                false => utf8_percent_encode(uri.path(), RESERVED_IN_PATH).to_string(),
            },
            canonical_query(uri.query().unwrap_or_default()),
        );
        for name in self.signed_headers.split(';') {
            let values: Vec<&str> = headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            if values.is_empty() {
                return Err(mismatch());
            }
            let values: Vec<String> = values.into_iter().map(single_spaced).collect();
            request.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        request.push_str(&format!("\n{}\n{body_hash}", self.signed_headers));

        let Scope {
            date: day,
            region,
            service,
        } = self.scope;
        let request_hash =
            HEXLOWER.encode(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{day}/{region}/{service}/aws4_request\n{request_hash}"
        );
        let mut key = sign(format!("AWS4{secret}").as_bytes(), day);
        for part in [region, service, "aws4_request"] {
            key = sign(key.as_ref(), part);
        }
        let expected = HEXLOWER.encode(sign(key.as_ref(), &to_sign).as_ref());
        constant_time::verify_slices_are_equal(expected.as_bytes(), self.signature.as_bytes())
            .map_err(|_| mismatch())
    }

    fn signs_host(&self) -> bool {
        self.signed_headers.split(';').any(|name| name == "host")
    }
}

/// What `x-amz-content-sha256` may hold instead of a hash.
fn is_no_hash(stated: &str) -> bool {
    stated == "UNSIGNED-PAYLOAD" || stated.starts_with("STREAMING-")
}

fn sign(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn single_spaced(value: &str) -> String {
    value
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let encode = |text: &str| {
                let plain: Vec<u8> = percent_decode_str(text).collect();
                percent_encoding::percent_encode(&plain, RESERVED).to_string()
            };
            (encode(name), encode(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// Whether a request is signed for S3, which names its operations by nothing else.
pub(crate) fn is_for_s3(headers: &HeaderMap) -> bool {
    Authorization::from_headers(headers).is_ok_and(|authorization| authorization.service() == S3)
}

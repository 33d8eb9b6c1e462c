//! The pages' files, as `build.rs` has listed them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use lambda_http::Body;
use lambda_http::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use runtime::http::{self, Request, Response};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What is answered where there is nothing.
const NOT_FOUND: &str = "/404";

/// Documents run our own scripts and styles, talk to us alone, and are nobody's frame. No script makes markup out of text.
const DOCUMENT: [(HeaderName, &str); 9] = [
    (CACHE_CONTROL, "no-cache"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         manifest-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // The camera reads badges, the place is where a visit is to be.
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    ),
];

/// A file's path has the hash of all files in it, so it never changes. These are as few as can be: a page loads some twenty files.
const ASSET: [(HeaderName, &str); 3] = [
    (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

pub(crate) struct File {
    path: &'static str,
    media_type: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
}

impl File {
    pub(crate) fn at(path: &str) -> Option<&'static Self> {
        Self::named(path).filter(|_| path != NOT_FOUND)
    }

    fn named(path: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.path == path)
    }

    /// The document for people who have come to where nothing is.
    pub(crate) fn not_found() -> Option<&'static Self> {
        Self::named(NOT_FOUND)
    }

    fn is_document(&self) -> bool {
        !self.path.starts_with("/a/")
    }

    /// The file, or 304 when the caller has it.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        let takes_gzip = takes_gzip(http::header(request, ACCEPT_ENCODING).unwrap_or_default());
        let is_held = http::is_held(request, self.etag);
        let mut answer = if is_held {
            http::not_modified()
        } else if takes_gzip {
            Response::new(Body::from(self.gzip))
        } else {
            Response::new(Body::from(self.plain))
        };
        let headers = answer.headers_mut();
        if !is_held {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
            if takes_gzip {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        let policies: &[(HeaderName, &str)] = if self.is_document() {
            &DOCUMENT
        } else {
            &ASSET
        };
        for (name, value) in policies {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.is_document() {
            headers.insert(ETAG, HeaderValue::from_static(self.etag));
        }
        if self.media_type == "image/svg+xml" {
            // One that is opened by itself runs nothing.
            let policy = HeaderValue::from_static("default-src 'none'; sandbox");
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        answer
    }
}

/// The answer, zipped if it has a body and the caller takes that.
pub(crate) fn zipped(request: &Request, mut answer: Response) -> Response {
    let takes = takes_gzip(http::header(request, ACCEPT_ENCODING).unwrap_or_default());
    if takes && !answer.body().is_empty() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Nothing is refused where nothing is written to but memory.
        let written = encoder.write_all(answer.body());
        if let (Ok(()), Ok(zipped)) = (written, encoder.finish()) {
            *answer.body_mut() = Body::Binary(zipped);
            let gzip = HeaderValue::from_static("gzip");
            answer.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
    }
    let vary = HeaderValue::from_static("accept-encoding");
    answer.headers_mut().insert(VARY, vary);
    answer
}

/// By the header `Accept-Encoding`: whether gzip is named, and not with a weight of nothing.
fn takes_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0))
    })
}

#[cfg(test)]
mod tests;

//! Status lists for those who verify badges offline: public, and the same for everybody.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use runtime::Problem;
use runtime::http::{self, Request, Response};

use crate::BadgeIssue;

/// The `ttl` that the list itself states.
const CACHED: &str = "public, max-age=900";
const MEDIA_TYPE: &str = "application/statuslist+jwt";
/// There are 2^32 indexes, 2^20 a list.
const LAST_LIST: u32 = 4_095;

impl BadgeIssue {
    /// `GET /v1/badge-status-list?list=n`.
    pub(crate) async fn status_list(&self, request: &Request) -> Result<Response, Problem> {
        let query = http::query(request, &["list"])?;
        let list = query.number("list", 0..=LAST_LIST, 0)?;
        let published = self.lists.get(list).await?;
        let published = published.ok_or_else(Problem::not_found)?;
        let held = http::header(request, IF_NONE_MATCH);
        let is_held = held.is_some_and(|held| is_among(held, &published.etag));
        let mut response = if is_held {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let token = String::from_utf8(published.token);
            let token = token.map_err(|error| Problem::internal().because(&error))?;
            let mut response = Response::new(Body::from(token));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHED));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if let Ok(etag) = HeaderValue::from_str(&published.etag) {
            headers.insert(ETAG, etag);
        }
        Ok(response)
    }
}

/// Whether `etag` is one of those in `If-None-Match`, by weak comparison (RFC 9110, section 13.1.2).
fn is_among(held: &str, etag: &str) -> bool {
    held.split(',').map(str::trim).any(|one| {
        let strong = one.strip_prefix("W/").unwrap_or(one);
        one == "*" || strong == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others() {
        for held in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(is_among(held, "\"a\""), "{held}");
        }
        for held in ["", "a", "\"b\"", "\"ab\""] {
            assert!(!is_among(held, "\"a\""), "{held}");
        }
    }
}

//! Status lists for those who verify badges offline: public, and the same for everybody.

use lambda_http::Body;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue,
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
        let mut response = if http::is_held(request, &published.etag) {
            http::not_modified()
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

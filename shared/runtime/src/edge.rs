//! CloudFront before the API, if the template has it there: which requests came through it, and whose they are.
//!
//! To the gateway such a request comes from an address of CloudFront's. The caller's own is what CloudFront adds to
//! `X-Forwarded-For`. But anybody may write such headers, and who knows the API's own address may send them past CloudFront.
//! So they count only beside a secret: CloudFront puts it into every request, in place of what the caller sends under that name.

use ::http::HeaderName;
use settings::Settings;

use crate::http::{Request, Viewer, address};
use crate::{Problem, secret};

/// Carries the secret.
pub const HEADER: HeaderName = HeaderName::from_static("x-homehail-edge");

pub struct Edge {
    secret: Option<String>,
    is_the_only_way: bool,
}

impl Edge {
    pub fn new(settings: &Settings) -> Self {
        Self {
            secret: settings.optional("EDGE_SECRET").map(str::to_owned),
            is_the_only_way: settings.optional("CLOUDFRONT") == Some("only"),
        }
    }

    /// Marks the request if it came through CloudFront. 403 if it did not and had to.
    pub(crate) fn admit(&self, request: &mut Request) -> Result<(), Problem> {
        let given = request.headers_mut().remove(HEADER);
        let is_right = self
            .secret
            .as_ref()
            .zip(given)
            .is_some_and(|(secret, given)| secret::same(secret.as_bytes(), given.as_bytes()));
        if is_right {
            let address = before_cloudfront(request);
            request.extensions_mut().insert(Viewer { address });
        } else if self.is_the_only_way {
            let words = "Requests have to come through the web address, not past it.";
            return Err(Problem::forbidden().detail(words));
        }
        Ok(())
    }
}

/// What CloudFront has added at the end, which the gateway may have followed by CloudFront's own address.
fn before_cloudfront(request: &Request) -> String {
    let last_seen = address(request);
    let forwarded = request.headers().get("x-forwarded-for");
    // Before that may be anything.
    let forwarded = forwarded.map_or("".into(), |list| String::from_utf8_lossy(list.as_bytes()));
    let mut from_the_end = forwarded.rsplit(',').map(str::trim);
    let last = from_the_end.next().filter(|last| *last != last_seen);
    let caller = last.or_else(|| from_the_end.next());
    let caller = caller.filter(|caller| !caller.is_empty());
    caller.unwrap_or(last_seen).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http;

    fn edge(mode: &str) -> Edge {
        Edge::new(&Settings::from_variables([
            ("EDGE_SECRET", "s3cret"),
            ("CLOUDFRONT", mode),
        ]))
    }

    /// As the gateway gives it to a function, called by `198.51.100.1`.
    fn request(forwarded_for: &str, secret: Option<&str>) -> Request {
        let mut headers = json!({ "x-forwarded-for": forwarded_for });
        if let Some(secret) = secret {
            headers[HEADER.as_str()] = json!(secret);
        }
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": headers,
            "requestContext": {
                "accountId": "0", "apiId": "a", "requestId": "r", "routeKey": "$default", "stage": "$default",
                "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "198.51.100.1", "userAgent": "" },
                "time": "23/Nov/2026:20:17:00 +0000", "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).expect("an event")
    }

    /// The address and whether CloudFront vouches for it; `None` when the request is refused.
    fn seen(edge: &Edge, mut request: Request) -> Option<(String, bool)> {
        edge.admit(&mut request).ok()?;
        assert!(!request.headers().contains_key(HEADER));
        Some((
            http::address(&request).to_owned(),
            http::came_through_cloudfront(&request),
        ))
    }

    #[test]
    fn behind_cloudfront_the_address_is_the_one_that_it_has_added() {
        for (forwarded_for, caller) in [
            ("203.0.113.7, 198.51.100.1", "203.0.113.7"),
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8::7, 198.51.100.1", "2001:db8::7"),
            // What the caller has written stands before it.
            ("192.0.2.66, 203.0.113.7, 198.51.100.1", "203.0.113.7"),
            ("192.0.2.66,203.0.113.7", "203.0.113.7"),
            ("é, 203.0.113.7, 198.51.100.1", "203.0.113.7"),
            ("192.0.2.66, 198.51.100.1, 198.51.100.1", "198.51.100.1"),
            ("198.51.100.1", "198.51.100.1"),
            ("", "198.51.100.1"),
        ] {
            let request = request(forwarded_for, Some("s3cret"));
            let expected = Some((caller.to_owned(), true));
            assert_eq!(seen(&edge("beside"), request), expected, "{forwarded_for}");
        }
    }

    #[test]
    fn past_cloudfront_nothing_that_the_caller_writes_counts_and_nothing_gets_in_where_it_is_the_only_way()
     {
        let direct = Some(("198.51.100.1".to_owned(), false));
        for secret in [
            None,
            Some(""),
            Some("s3cre"),
            Some("s3cret,s3cret"),
            Some("S3CRET"),
        ] {
            let asked = || request("203.0.113.7, 198.51.100.1", secret);
            assert_eq!(seen(&edge("beside"), asked()), direct, "{secret:?}");
            assert_eq!(seen(&edge("only"), asked()), None, "{secret:?}");
        }
        let through = request("203.0.113.7, 198.51.100.1", Some("s3cret"));
        assert!(seen(&edge("only"), through).is_some());
    }

    #[test]
    fn without_a_secret_nobody_has_it() {
        for given in ["", "s3cret"] {
            let asked = || request("203.0.113.7, 198.51.100.1", Some(given));
            let none = Edge::new(&Settings::from_variables([]));
            assert_eq!(
                seen(&none, asked()),
                Some(("198.51.100.1".to_owned(), false))
            );
            let closed = Edge::new(&Settings::from_variables([("CLOUDFRONT", "only")]));
            assert_eq!(seen(&closed, asked()), None);
        }
    }
}

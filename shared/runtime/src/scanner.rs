//! Whoever scans a badge, as a keyed hash: the log of scans can tell one scanner from another, and nothing else.

use lambda_http::Request;
use settings::Settings;

use crate::http::{address, header};
use crate::{Principal, secret};

const LABEL: &str = "homehail scanner v1";

#[derive(Clone)]
pub struct Scanners {
    key: [u8; 32],
}

/// Empty, so that the key cannot slip into a log.
impl std::fmt::Debug for Scanners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scanners")
    }
}

impl Scanners {
    pub fn new(settings: &Settings) -> Self {
        Self {
            key: settings.key("SCANNER_KEY", LABEL),
        }
    }

    /// Somebody who is not logged in, by address and browser.
    pub fn anyone(&self, request: &Request) -> String {
        let agent = header(request, "user-agent").unwrap_or_default();
        self.hash(&[b"anyone", address(request).as_bytes(), agent.as_bytes()])
    }

    /// Somebody who is logged in.
    pub fn principal(&self, principal: &Principal) -> String {
        self.hash(&[b"principal", principal.subject().as_bytes()])
    }

    /// 80 bits: enough that two scanners of one badge never share a hash.
    fn hash(&self, parts: &[&[u8]]) -> String {
        domain::id::base32(&secret::hmac(&self.key, parts)[..10])
    }
}

#[cfg(test)]
mod tests {
    use domain::id::CustomerId;
    use lambda_http::Body;
    use serde_json::json;

    use super::*;
    use crate::Caller;

    fn scanners(secret: &str) -> Scanners {
        Scanners::new(&Settings::from_variables([("SCANNER_KEY", secret)]))
    }

    /// A request as the gateway gives it.
    fn request(address: &str, agent: &str) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "GET /b/{token}", "rawPath": "/b/1", "rawQueryString": "",
            "headers": { "user-agent": agent, "host": "b.homehail.cn" },
            "requestContext": {
                "accountId": "0", "apiId": "a", "domainName": "d", "domainPrefix": "d",
                "http": { "method": "GET", "path": "/b/1", "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": agent },
                "requestId": "r", "routeKey": "GET /b/{token}", "stage": "$default",
                "time": "23/Nov/2026:20:17:00 +0000", "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn scanners_are_told_apart_and_by_nobody_without_the_key() {
        let other = scanners("other");
        let scanners = scanners("secret");
        let one = scanners.anyone(&request("192.0.2.1", "WeChat"));
        assert_eq!(one.len(), 16);
        assert_eq!(one, scanners.anyone(&request("192.0.2.1", "WeChat")));
        assert_ne!(one, scanners.anyone(&request("192.0.2.2", "WeChat")));
        assert_ne!(one, scanners.anyone(&request("192.0.2.1", "Firefox")));
        assert_ne!(one, other.anyone(&request("192.0.2.1", "WeChat")));
        let customer = Principal::new(Caller::Customer(CustomerId::from_bytes(&[1; 16])));
        assert_ne!(one, scanners.principal(&customer));
        // Without a gateway's context all scanners look the same.
        let bare = Request::new(Body::Empty);
        assert_eq!(
            scanners.anyone(&bare),
            scanners.anyone(&Request::new(Body::Empty))
        );
        assert_eq!(format!("{scanners:?}"), "Scanners");
    }
}

//! Limits how often one address may ask, as CloudFront and WAF do on AWS.
//!
//! Requests with a session are not limited by address, because many agencies may share one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::time::Millis;
use percent_encoding::percent_decode_str;

const MINUTE_MS: i64 = 60_000;
/// Bounds memory: further addresses at the same time are not counted and not limited.
const MOST_ADDRESSES: usize = 65_536;

/// So many requests to these paths together may one address make in this time.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) most: u32,
    pub(crate) window_ms: i64,
    /// `None`: any.
    pub(crate) method: Option<&'static str>,
    /// A path that ends with a slash stands for all below it.
    pub(crate) paths: &'static [&'static str],
}

pub(crate) const RULES: [Rule; 4] = [
    // What anybody may call.
    Rule {
        most: 6_000,
        window_ms: MINUTE_MS,
        method: None,
        paths: &[
            "/b/",
            "/p/",
            "/.well-known/",
            "/v1/badge-status-list",
            "/v1/log/",
            "/v1/wechat/",
        ],
    },
    Rule {
        most: 60,
        window_ms: MINUTE_MS,
        method: Some("POST"),
        paths: &["/v1/sessions/"],
    },
    // Each costs a message to a phone.
    Rule {
        most: 20,
        window_ms: 10 * MINUTE_MS,
        method: Some("POST"),
        paths: &["/v1/sessions/phone-code"],
    },
    // Registrations.
    Rule {
        most: 10,
        window_ms: 60 * MINUTE_MS,
        method: Some("POST"),
        paths: &["/v1/agencies"],
    },
];

#[derive(Debug)]
pub(super) struct AddressLimit {
    rule: Rule,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// Windows since 1970.
    number: i64,
    requests: HashMap<IpAddr, u32>,
}

impl AddressLimit {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            window: Mutex::default(),
        }
    }

    /// Counts a request that the rule is about. If it is over the limit, returns how many seconds to wait.
    pub(super) fn seconds_to_wait(
        &self,
        method: &str,
        path: &str,
        address: IpAddr,
        now: Millis,
    ) -> Option<u32> {
        let Rule {
            most,
            window_ms,
            method: limited,
            paths,
        } = self.rule;
        // Routes are found by the decoded path too.
        let path = percent_decode_str(path).decode_utf8_lossy();
        let is_limited = limited.is_none_or(|limited| limited == method)
            && paths.iter().any(|limited| {
                *limited == path || (limited.ends_with('/') && path.starts_with(limited))
            });
        if !is_limited {
            return None;
        }
        let number = now.0.div_euclid(window_ms);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.number != number {
            *window = Window {
                number,
                requests: HashMap::new(),
            };
        }
        let is_full = window.requests.len() >= MOST_ADDRESSES;
        if is_full && !window.requests.contains_key(&address) {
            return None;
        }
        let requests = window.requests.entry(address).or_default();
        *requests = requests.saturating_add(1);
        let left_ms = window_ms - now.0.rem_euclid(window_ms);
        (*requests > most).then(|| u32::try_from((left_ms + 999) / 1_000).unwrap_or(60))
    }
}

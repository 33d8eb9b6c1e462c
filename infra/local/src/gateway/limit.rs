//! Limits how many requests to public paths one address may make in a minute, as CloudFront and WAF do on AWS.
//!
//! Requests with a session are not limited by address, because many agencies may share one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::time::Millis;

const MINUTE_MS: i64 = 60_000;
/// Bounds memory: further addresses in the same minute are not counted and not limited.
const MOST_ADDRESSES: usize = 65_536;

/// Prefixes of the paths that anybody may call.
const PUBLIC: [&str; 5] = [
    "/b/",
    "/p/",
    "/.well-known/",
    "/v1/badge-status-list",
    "/v1/log/",
];

#[derive(Debug)]
pub(super) struct AddressLimit {
    most: u32,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    /// Minutes since 1970.
    number: i64,
    requests: HashMap<IpAddr, u32>,
}

impl AddressLimit {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            minute: Mutex::default(),
        }
    }

    /// Counts a request. If it is over the limit, returns how many seconds to wait.
    pub(super) fn seconds_to_wait(&self, path: &str, address: IpAddr, now: Millis) -> Option<u32> {
        if !PUBLIC.iter().any(|public| path.starts_with(public)) {
            return None;
        }
        let number = now.0.div_euclid(MINUTE_MS);
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != number {
            *minute = Minute {
                number,
                requests: HashMap::new(),
            };
        }
        let is_full = minute.requests.len() >= MOST_ADDRESSES;
        if is_full && !minute.requests.contains_key(&address) {
            return None;
        }
        let requests = minute.requests.entry(address).or_default();
        *requests = requests.saturating_add(1);
        let left_ms = MINUTE_MS - now.0.rem_euclid(MINUTE_MS);
        (*requests > self.most).then(|| u32::try_from((left_ms + 999) / 1_000).unwrap_or(60))
    }
}

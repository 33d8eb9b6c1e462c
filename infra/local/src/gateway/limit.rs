//! So many requests a minute from one address, and no more.
//!
//! On AWS that is CloudFront's and WAF's, in front of the gateway. Only what anybody may call is counted: whoever has a
//! session is known by it, and many agencies may share an address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::time::Millis;

const MINUTE_MS: i64 = 60_000;
/// Of how many addresses the requests are counted in a minute. Those who come after that many are let through: here it is
/// for memory to be bounded, and nobody has so many addresses on one machine.
const MOST_ADDRESSES: usize = 65_536;

/// What anybody may call, by how its paths begin.
const PUBLIC: [&str; 5] = [
    "/b/",
    "/p/",
    "/.well-known/",
    "/v1/badge-status-list",
    "/v1/log/",
];

/// The limit, and what came in this minute.
#[derive(Debug)]
pub(super) struct PerAddress {
    most: u32,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    /// Minutes since 1970.
    number: i64,
    requests: HashMap<IpAddr, u32>,
}

impl PerAddress {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            minute: Mutex::default(),
        }
    }

    /// Counts a request; how many seconds to wait, if it is one too many.
    pub(super) fn refuses(&self, path: &str, address: IpAddr, now: Millis) -> Option<u32> {
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

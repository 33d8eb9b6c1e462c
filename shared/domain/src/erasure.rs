//! What somebody asks who wants her data erased. It waits, so that nobody who gets hold of her phone for a minute takes
//! everything from her, and so that those learn of it who have something to say.

use serde::{Deserialize, Serialize};

use crate::market::Market;
use crate::time::Millis;

/// A request that has not been called off. Its moment is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub requested_at: Millis,
    /// From then on it is done, and cannot be called off any more.
    pub due_at: Millis,
}

impl Erasure {
    pub fn requested(now: Millis, market: &Market) -> Self {
        Self {
            requested_at: now,
            due_at: now + market.erasure_delay(),
        }
    }

    pub fn is_due(&self, now: Millis) -> bool {
        now >= self.due_at
    }
}

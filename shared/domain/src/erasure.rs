//! What somebody asks who wants her data erased. It waits, so that nobody who gets hold of her phone for a minute takes
//! everything from her, and so that those learn of it who have something to say.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::market::Market;
use crate::time::Millis;

/// So long after one was called off there is no other: each leaves a timer behind, and a worker's stands in her chain.
pub const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// A request that has not been called off. Its moment is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub requested_at: Millis,
    /// From then on it is done, and cannot be called off any more.
    pub due_at: Millis,
}

/// A request as it is kept, also for a while after it was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptErasure {
    #[serde(flatten)]
    pub asked: Erasure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off_at: Option<Millis>,
}

impl KeptErasure {
    /// The request, unless it was called off.
    pub fn waits(self) -> Option<Erasure> {
        self.called_off_at.is_none().then_some(self.asked)
    }

    /// From when on it can be asked again, if this one was called off.
    pub fn again_from(self) -> Option<Millis> {
        self.called_off_at.map(|at| at + ASKED_AGAIN_AFTER)
    }
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

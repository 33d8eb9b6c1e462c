//! Refresh tokens: what opens the next session on a device without asking its person again.
//!
//! The tokens of one device are a family, numbered from 0. Each opens one session, and the answer brings the next token. If
//! one comes again, two have it, the person and a thief, and nobody can tell which is which: the family ends, and the person
//! logs in.
//!
//! But an answer can be lost on its way, and whoever asks again is no thief. So the token before the newest is taken for
//! a little longer, as long as the newest has not been used, and is answered with that same newest one. A thief who comes
//! within that time gains no more than with the token that was stolen: both hold the newest one then, and the second to
//! use it ends the family.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// How long a token can be used.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);
/// WeChat's client waits a minute for an answer before it gives up, so one minute is too short for another try.
pub const REPEATED_WITHIN: Duration = Duration::from_secs(120);

/// How far a family has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The number of its newest token.
    pub newest: u32,
    /// When that was given out.
    pub renewed_at: Millis,
    pub is_ended: bool,
}

/// What a token that is shown turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Opens a session, and is used up by it.
    Newest,
    /// Its answer may have been lost: opens a session, and brings the newest token again.
    Repeated,
    /// Somebody else has it too.
    Reused,
    /// The family is over.
    Over,
}

impl Family {
    /// With a token of number 0.
    pub fn begun(now: Millis) -> Self {
        Self {
            newest: 0,
            renewed_at: now,
            is_ended: false,
        }
    }

    /// With one token more.
    #[must_use]
    pub fn renewed(&self, now: Millis) -> Self {
        Self {
            newest: self.newest.saturating_add(1),
            renewed_at: now,
            ..*self
        }
    }

    pub fn expires_at(&self) -> Millis {
        self.renewed_at + LIFETIME
    }

    pub fn shown(&self, number: u32, now: Millis) -> Shown {
        // A number beyond the newest was given out before the table was restored to an earlier state.
        if self.is_ended || now >= self.expires_at() || number > self.newest {
            return Shown::Over;
        }
        let is_soon = now < self.renewed_at + REPEATED_WITHIN;
        match self.newest - number {
            0 => Shown::Newest,
            1 if is_soon => Shown::Repeated,
            _ => Shown::Reused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_800_000_000_000);

    #[test]
    fn the_newest_is_taken_the_one_before_for_two_minutes_and_any_other_ends_the_family() {
        let family = Family {
            newest: 7,
            renewed_at: START,
            is_ended: false,
        };
        let minutes = |n: u64| START + Duration::from_secs(n * 60);
        let last = Millis(family.expires_at().0 - 1);
        for (number, now, shown) in [
            (7, START, Shown::Newest),
            (7, last, Shown::Newest),
            (7, family.expires_at(), Shown::Over),
            (6, START, Shown::Repeated),
            (6, Millis(minutes(2).0 - 1), Shown::Repeated),
            (6, minutes(2), Shown::Reused),
            (6, family.expires_at(), Shown::Over),
            (5, START, Shown::Reused),
            (0, last, Shown::Reused),
            (8, START, Shown::Over),
            (u32::MAX, START, Shown::Over),
        ] {
            assert_eq!(family.shown(number, now), shown, "{number} at {now:?}");
            let ended = Family {
                is_ended: true,
                ..family
            };
            assert_eq!(ended.shown(number, now), Shown::Over);
        }
    }
}

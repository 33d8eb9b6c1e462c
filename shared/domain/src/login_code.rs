//! Codes that are sent to a phone, to show that whoever logs in holds it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::market::Market;
use crate::text::typed;
use crate::time::Millis;

pub const VALID: Duration = Duration::from_secs(5 * 60);
/// How many codes can be tried, right or wrong, before another has to be sent.
pub const MOST_TRIES: u32 = 5;

const DIGITS: usize = 6;

#[derive(Clone, PartialEq, Eq)]
pub struct LoginCode(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the 6 digits that were sent")]
pub struct NotALoginCode;

impl LoginCode {
    /// The code of these random bytes. There are so many that no code is noticeably likelier than another.
    pub fn of_random(bytes: [u8; 8]) -> Self {
        Self(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginCode {
    type Err = NotALoginCode;

    fn from_str(text: &str) -> Result<Self, NotALoginCode> {
        let text = typed(text);
        let is_code = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(text)).ok_or(NotALoginCode)
    }
}

/// Empty, so that a code cannot slip into a log.
impl fmt::Debug for LoginCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginCode")
    }
}

/// How many codes were sent to a phone lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCodes {
    pub last_at: Millis,
    /// On the day in China of the last one.
    pub on_day: u32,
}

impl SentCodes {
    /// With one more that is sent now.
    ///
    /// # Errors
    /// How long to wait for it.
    pub fn with_another(self, market: &Market, now: Millis) -> Result<Self, Duration> {
        let day = now.day();
        let on_day = if self.last_at.day() == day {
            self.on_day
        } else {
            0
        };
        if on_day >= market.daily_phone_codes_cap {
            return Err(Millis::day_begins(day + 1).since(now));
        }
        let next_at = self.last_at + market.phone_code_wait();
        if now < next_at {
            return Err(next_at.since(now));
        }
        Ok(Self {
            last_at: now,
            on_day: on_day + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_as_people_type_it() {
        let code = LoginCode::of_random([0, 0, 0, 0, 0, 0, 0x30, 0x39]);
        for text in ["012345", " 012 345 ", "０１２３４５", "012-345"] {
            assert_eq!(text.parse(), Ok(code.clone()), "{text}");
        }
        for text in ["", "12345", "0123456", "01234x", "٠١٢٣٤٥"] {
            assert_eq!(text.parse::<LoginCode>(), Err(NotALoginCode), "{text}");
        }
        assert_eq!(format!("{code:?}"), "LoginCode");
    }

    #[test]
    fn one_a_minute_and_ten_a_day() {
        let market = Market::default();
        let noon = Millis::day_begins(20_800) + Duration::from_secs(12 * 3_600);
        let minutes = |n: u64| noon + Duration::from_secs(n * 60);
        let mut sent = SentCodes::default();
        for n in 0..10 {
            sent = sent.with_another(&market, minutes(n)).unwrap();
            let soon = Millis(minutes(n + 1).0 - 1);
            let wait = sent.with_another(&market, soon);
            assert!(wait.is_err());
            if n < 9 {
                assert_eq!(wait, Err(Duration::from_millis(1)));
            }
        }
        let next_day = Millis::day_begins(20_801);
        let wait = sent.with_another(&market, minutes(60));
        assert_eq!(wait, Err(next_day.since(minutes(60))));
        assert!(sent.with_another(&market, next_day).is_ok());
    }
}

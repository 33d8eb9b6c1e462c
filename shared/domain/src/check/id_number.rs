//! Resident ID numbers, with their check character and birth date.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::typed;
use crate::time::Millis;

/// A resident ID number (公民身份号码), GB 11643-1999: 17 digits with region, birth date and serial number, and a check
/// character. It is read as people type it, with a small `x` too.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdNumber(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberFault {
    #[error("must have 17 digits and then a digit or X")]
    Characters,
    #[error("has no possible birth date in digits 7 to 14")]
    BirthDate,
    #[error("has a wrong check character; please compare it with the card")]
    CheckCharacter,
}

/// By position (GB 11643).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// By the weighted sum modulo 11 (GB 11643).
const CHECK_CHARACTERS: &[u8; 11] = b"10X98765432";
/// Nobody who ever had such a number was born before.
const FIRST_YEAR: i16 = 1850;

/// As an ID number has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    Female,
    Male,
}

impl IdNumber {
    /// As printed on the card, with a capital `X`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people who only need to recognise it: first and last character. Together with an age, more would leave
    /// only a few dozen candidates.
    pub fn masked(&self) -> String {
        let ends = (self.0.chars().next(), self.0.chars().last());
        let (Some(first), Some(last)) = ends else {
            return String::new();
        };
        format!("{first}{}{last}", "*".repeat(16))
    }

    /// Whether the birth date is not after the day that `now` falls on in China.
    pub fn is_born_by(&self, now: Millis) -> bool {
        self.age(now) >= 0
    }

    /// In full years, on the day that `at` falls on in China; below 0 before the birth date.
    pub fn age(&self, at: Millis) -> i16 {
        let (Some(born), today) = (birth_date(&self.0), at.date()) else {
            return -1;
        };
        let is_before_birthday = (today.month(), today.day()) < (born.month(), born.day());
        today.year() - born.year() - i16::from(is_before_birthday)
    }

    /// By the last digit before the check character: odd of men, even of women (GB 11643-1999, 4.2.3).
    pub fn sex(&self) -> Sex {
        let is_odd = self
            .0
            .as_bytes()
            .get(16)
            .is_some_and(|digit| digit % 2 == 1);
        if is_odd { Sex::Male } else { Sex::Female }
    }

    /// The number that begins with these 17 digits, completed by its check character.
    pub fn complete(body: &str) -> Result<Self, IdNumberFault> {
        let digits = digits(body).ok_or(IdNumberFault::Characters)?;
        let check = char::from(check_character(&digits));
        format!("{body}{check}").parse()
    }
}

fn digits(body: &str) -> Option<[u32; 17]> {
    let digits: Option<Vec<u32>> = body.chars().map(|c| c.to_digit(10)).collect();
    digits?.try_into().ok()
}

fn check_character(digits: &[u32; 17]) -> u8 {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum();
    CHECK_CHARACTERS[(sum % 11) as usize]
}

fn birth_date(number: &str) -> Option<jiff::civil::Date> {
    let part = |range: std::ops::Range<usize>| number.get(range);
    let year: i16 = part(6..10)?.parse().ok()?;
    let month: i8 = part(10..12)?.parse().ok()?;
    let day: i8 = part(12..14)?.parse().ok()?;
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    (year >= FIRST_YEAR).then_some(date)
}

impl FromStr for IdNumber {
    type Err = IdNumberFault;

    fn from_str(text: &str) -> Result<Self, IdNumberFault> {
        let text = typed(text).to_ascii_uppercase();
        let (body, last) = text
            .split_at_checked(17)
            .filter(|(_, last)| matches!(last.as_bytes(), [b'0'..=b'9' | b'X']))
            .ok_or(IdNumberFault::Characters)?;
        let digits = digits(body).ok_or(IdNumberFault::Characters)?;
        birth_date(&text).ok_or(IdNumberFault::BirthDate)?;
        if last.as_bytes() != [check_character(&digits)] {
            return Err(IdNumberFault::CheckCharacter);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for IdNumber {
    type Error = IdNumberFault;

    fn try_from(text: String) -> Result<Self, IdNumberFault> {
        text.parse()
    }
}

impl From<IdNumber> for String {
    fn from(number: IdNumber) -> Self {
        number.0
    }
}

/// Empty, so that a number cannot slip into a log. There is no `Display` for the same reason.
impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_numbers_pass_and_a_small_x_is_a_capital_one() {
        for number in ["11010519491231002X", "440524188001010014"] {
            assert_eq!(number.parse::<IdNumber>().unwrap().as_str(), number);
        }
        let small: IdNumber = "11010519491231002x".parse().unwrap();
        assert_eq!(small.as_str(), "11010519491231002X");
        assert_eq!(small.masked(), "1****************X");
        assert_eq!(format!("{small:?}"), "IdNumber");
    }

    #[test]
    fn what_is_not_a_number_is_told_what_is_wrong() {
        for (text, fault) in [
            ("", IdNumberFault::Characters),
            ("1101051949123100", IdNumberFault::Characters),
            ("11010519491231002XX", IdNumberFault::Characters),
            ("一1010519491231002", IdNumberFault::Characters),
            ("11010519491231002Y", IdNumberFault::Characters),
            ("X1010519491231002X", IdNumberFault::Characters),
            ("110105194902300021", IdNumberFault::BirthDate),
            ("110105194913010021", IdNumberFault::BirthDate),
            ("110105000012310021", IdNumberFault::BirthDate),
            ("110105194912310021", IdNumberFault::CheckCharacter),
        ] {
            assert_eq!(text.parse::<IdNumber>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_last_digit_tells_the_sex() {
        let number = |text: &str| text.parse::<IdNumber>().unwrap();
        assert_eq!(number("11010519491231002X").sex(), Sex::Female);
        assert_eq!(number("440524188001010014").sex(), Sex::Male);
    }

    #[test]
    fn nobody_is_born_tomorrow() {
        let born = IdNumber::complete("23010220260601001").unwrap();
        // The first of June begins in China eight hours before it does in UTC.
        let begins = Millis::parse_rfc3339("2026-05-31T16:00:00Z").unwrap();
        assert!(born.is_born_by(begins));
        assert!(!born.is_born_by(Millis(begins.0 - 1)));
    }

    #[test]
    fn an_age_rises_on_the_birthday_in_china() {
        for (born, at, age) in [
            ("20080601", "2026-05-31T15:59:59.999Z", 17),
            ("20080601", "2026-05-31T16:00:00Z", 18),
            ("20080601", "2008-05-31T15:59:59.999Z", -1),
            ("20080229", "2026-02-28T12:00:00+08:00", 17),
            ("20080229", "2026-03-01T00:00:00+08:00", 18),
            ("19551231", "2026-12-30T23:59:59+08:00", 70),
            ("19551231", "2026-12-31T00:00:00+08:00", 71),
        ] {
            let number = IdNumber::complete(&format!("230102{born}001")).unwrap();
            let at = Millis::parse_rfc3339(at).unwrap();
            assert_eq!(number.age(at), age, "{born}");
        }
    }

    proptest! {
        #[test]
        fn any_single_wrong_digit_is_found(
            serial in 0..1000u32, day in 1..=28u32, place in 0..17usize, other in 0..10u32,
        ) {
            let number = IdNumber::complete(&format!("230103199505{day:02}{serial:03}")).unwrap();
            let mut changed = number.as_str().as_bytes().to_vec();
            changed[place] = b'0' + other as u8;
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(changed.parse::<IdNumber>().is_ok(), changed == number.as_str());
        }
    }
}

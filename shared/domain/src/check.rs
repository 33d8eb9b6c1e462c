//! Numbers that carry their own check character: credit codes, ID numbers, and phone numbers beside them.

mod id_number;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::typed;

pub use id_number::{IdNumber, IdNumberFault, Sex};

macro_rules! checked_text {
    ($name:ident, $error:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = $error;

            /// Takes it as people type it.
            fn from_str(text: &str) -> Result<Self, $error> {
                let text = Self::typed(text);
                Self::check(&text)?;
                Ok(Self(text))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(checked: $name) -> Self {
                checked.0
            }
        }
    };
}

/// A unified social credit code (统一社会信用代码), GB 32100-2015.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uscc(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsccFault {
    #[error("must have 18 digits and letters, without I, O, S, V and Z")]
    Characters,
    #[error("has a wrong check character; please compare it with the licence")]
    CheckCharacter,
}

/// The characters of a code; each one's position is its value.
const USCC_CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl Uscc {
    fn typed(text: &str) -> String {
        typed(text).to_ascii_uppercase()
    }

    fn check(text: &str) -> Result<(), UsccFault> {
        let values: Vec<u32> = text
            .bytes()
            .filter_map(|byte| USCC_CHARACTERS.iter().position(|known| *known == byte))
            .filter_map(|place| u32::try_from(place).ok())
            .collect();
        let &[ref body @ .., last] = values.as_slice() else {
            return Err(UsccFault::Characters);
        };
        if text.len() != 18 || values.len() != 18 {
            return Err(UsccFault::Characters);
        }
        if check_value(body) == last {
            Ok(())
        } else {
            Err(UsccFault::CheckCharacter)
        }
    }

    /// The code that begins with these 17 characters, completed by its check character.
    pub fn complete(body: &str) -> Result<Self, UsccFault> {
        let values: Option<Vec<u32>> = body
            .bytes()
            .map(|byte| USCC_CHARACTERS.iter().position(|known| *known == byte))
            .map(|place| place.and_then(|place| u32::try_from(place).ok()))
            .collect();
        let values = values
            .filter(|values| values.len() == 17)
            .ok_or(UsccFault::Characters)?;
        let last = USCC_CHARACTERS
            .get(check_value(&values) as usize)
            .ok_or(UsccFault::Characters)?;
        Ok(Self(format!("{body}{}", char::from(*last))))
    }
}

/// (31 − Σ value·3^i mod 31) mod 31. Published samples forget the last mod, and fail when the sum is a multiple of 31.
fn check_value(body: &[u32]) -> u32 {
    let (sum, _) = body.iter().fold((0, 1), |(sum, weight), value| {
        ((sum + value * weight) % 31, weight * 3 % 31)
    });
    (31 - sum) % 31
}

checked_text!(Uscc, UsccFault);

/// A Chinese mobile phone number: 11 digits; China's country code is taken, and left out.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MobilePhone(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a mobile phone number of 11 digits, such as 13912345678")]
pub struct NotAMobilePhone;

impl MobilePhone {
    /// Without China's country code, in any of the ways in which it is written.
    fn typed(text: &str) -> String {
        let typed = typed(text);
        let mut codes = ["+86", "0086", "86"].into_iter();
        let number = codes.find_map(|code| typed.strip_prefix(code));
        number.map(str::to_owned).unwrap_or(typed)
    }

    fn check(text: &str) -> Result<(), NotAMobilePhone> {
        let well_formed = match text.as_bytes() {
            [b'1', b'3'..=b'9', rest @ ..] => {
                rest.len() == 9 && rest.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        well_formed.then_some(()).ok_or(NotAMobilePhone)
    }

    /// `138****1234`, for those who have no need to call.
    pub fn masked(&self) -> String {
        let (start, end) = (self.0.get(..3), self.0.get(7..));
        format!(
            "{}****{}",
            start.unwrap_or_default(),
            end.unwrap_or_default()
        )
    }
}

/// Masked, so that a number cannot slip into a log.
impl fmt::Debug for MobilePhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

checked_text!(MobilePhone, NotAMobilePhone);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_credit_codes_pass_and_wrong_ones_do_not() {
        for code in ["91350100M000100Y43", "91110000101623741K"] {
            assert_eq!(code.parse::<Uscc>().unwrap().as_str(), code);
        }
        // Two codes that circulate as examples of real companies; neither has the right check character.
        for code in ["91310115MA1H8R7C6D", "91350211M0000XUF46"] {
            assert_eq!(code.parse::<Uscc>(), Err(UsccFault::CheckCharacter));
        }
        for text in [
            "",
            "91350100M000100Y4",
            "91350100M000100Y433",
            "91350100M000100I43",
            "9135010 M000100Y43",
            "91350100M000100Ý43",
        ] {
            assert_eq!(text.parse::<Uscc>(), Err(UsccFault::Characters), "{text}");
        }
    }

    #[test]
    fn numbers_are_taken_as_people_type_them() {
        for typed in [
            "91350100m000100y43",
            " 9135 0100 M000-100Y 43\n",
            "９１３５０１００ｍ０００１００Ｙ４３",
            "91350100\u{200b}M000100Y43",
        ] {
            let code = typed.parse::<Uscc>().unwrap();
            assert_eq!(code.as_str(), "91350100M000100Y43", "{typed}");
        }
        for typed in [
            "139 1234 5678",
            "139-1234-5678",
            "139—1234−5678",
            "１３９１２３４５６７８",
            "+8613912345678",
            "＋86 139 1234 5678",
            "0086-139-1234-5678",
            "8613912345678",
            "\u{3000}139\u{a0}12345678",
            // As an iPhone's contacts give it.
            "\u{202d}139 1234 5678\u{202c}",
        ] {
            let phone = typed.parse::<MobilePhone>().unwrap();
            assert_eq!(phone.as_str(), "13912345678", "{typed}");
        }
        for typed in [
            "11010519491231002x",
            "110105 19491231 002X",
            "110105-19491231-002Ｘ",
            "１１０１０５１９４９１２３１００２ｘ",
        ] {
            let number = typed.parse::<IdNumber>().unwrap();
            assert_eq!(number.as_str(), "11010519491231002X", "{typed}");
        }
    }

    #[test]
    fn a_sum_that_is_a_multiple_of_31_asks_for_zero() {
        assert_eq!(
            Uscc::complete("00000000000000000").unwrap().as_str(),
            "000000000000000000"
        );
        assert!(Uscc::complete("0000000000000000").is_err());
        assert!(Uscc::complete("0000000000000000I").is_err());
    }

    #[test]
    fn mobile_phones_have_eleven_digits() {
        for phone in ["13912345678", "19900000000"] {
            assert_eq!(phone.parse::<MobilePhone>().unwrap().as_str(), phone);
        }
        for text in [
            "",
            "12345678901",
            "1391234567",
            "139123456789",
            "+8513912345678",
            "+86+8613912345678",
            "139-1234567",
            "02512345678",
            "1391234567八",
            "1391234567٨",
        ] {
            assert_eq!(text.parse::<MobilePhone>(), Err(NotAMobilePhone), "{text}");
        }
    }

    #[test]
    fn phones_are_masked_in_logs() {
        let phone: MobilePhone = "13812341234".parse().unwrap();
        assert_eq!(phone.masked(), "138****1234");
        assert_eq!(format!("{phone:?}"), "138****1234");
        assert_eq!(serde_json::to_string(&phone).unwrap(), r#""13812341234""#);
        assert!(serde_json::from_str::<MobilePhone>(r#""1""#).is_err());
    }

    proptest! {
        #[test]
        fn any_single_wrong_character_of_a_credit_code_is_found(
            body in "[0-9A-HJ-NP-RTUWXY]{17}", place in 0..18usize, other in 0..31usize,
        ) {
            let code = Uscc::complete(&body).unwrap();
            prop_assert_eq!(code.as_str().parse::<Uscc>(), Ok(code.clone()));
            let mut changed = code.as_str().as_bytes().to_vec();
            changed[place] = USCC_CHARACTERS[other];
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(changed.parse::<Uscc>().is_ok(), changed == code.as_str());
        }
    }
}

//! The code that a worker's phone shows. It changes every 30 seconds, so that a picture of it is soon worthless.
//!
//! `https://<badge host>/p/<70 digits>` of version (1 byte), badge id (8), step (4, seconds since 1970 by 30) and
//! the first 16 bytes of HMAC-SHA-256 over `"homehail-code-v1\0"` and those 13 bytes. The badge's key is an HMAC
//! of a master key and the badge id: the phone is given its own, and verifying reads nothing.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use domain::id::BadgeId;
use domain::time::Millis;
use settings::Settings;

use crate::{VERSION, decimal};

/// How many digits a code has.
pub const CODE_DIGITS: usize = 70;
/// How long a step lasts, in seconds.
pub const STEP_S: u32 = 30;
/// How many steps the phone's clock may be behind or ahead, including the time that the scan takes to arrive.
const TOLERANCE: u32 = 1;

/// Where a code's link begins, behind the host.
pub(crate) const PATH: &str = "/p/";
const KEY_DOMAIN: &[u8; 21] = b"homehail-code-key-v1\0";
const CODE_DOMAIN: &[u8; 17] = b"homehail-code-v1\0";
const FIELDS_BYTES: usize = 13;
const MAC_BYTES: usize = 16;
const CODE_BYTES: usize = FIELDS_BYTES + MAC_BYTES;

/// What a code says, once it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneCode {
    pub badge: BadgeId,
    /// When it was shown, in steps of 30 seconds since 1970. Each step is good for one order.
    pub step: u32,
}

/// The key of one badge, which its worker's phone holds.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeKey([u8; 32]);

/// Does not print the key, so that it cannot slip into a log.
impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey")
    }
}

impl CodeKey {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The code that the phone shows at `now`. `badge` must be the one whose key this is.
    pub fn code(&self, badge: &BadgeId, now: Millis) -> String {
        let fields = fields(badge, step(now));
        let mut bytes = [0; CODE_BYTES];
        bytes[..FIELDS_BYTES].copy_from_slice(&fields);
        bytes[FIELDS_BYTES..].copy_from_slice(&self.mac(&fields));
        decimal::to_digits(&bytes, CODE_DIGITS)
    }

    fn mac(&self, fields: &[u8; FIELDS_BYTES]) -> [u8; MAC_BYTES] {
        let tag = hmac(&self.0, &[CODE_DOMAIN, fields]);
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&tag[..MAC_BYTES]);
        mac
    }
}

/// Makes and verifies codes, by the master key.
pub struct PhoneCodes {
    master: [u8; 32],
}

impl fmt::Debug for PhoneCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneCodes")
    }
}

/// Tells this use of a secret from any other.
const LABEL: &str = "homehail badge code v1";

impl PhoneCodes {
    pub fn new(settings: &Settings) -> Self {
        Self {
            master: settings.key("BADGE_CODE_KEY", LABEL),
        }
    }

    /// The key that a badge's codes are made with.
    pub fn key_of(&self, badge: &BadgeId) -> CodeKey {
        CodeKey(hmac(&self.master, &[KEY_DOMAIN, &badge.to_bytes()]))
    }

    /// What a code says, if it belongs to this step, the one before or the one after. Everything else is `None`,
    /// without a reason, because nobody outside is to be told one.
    pub fn verify(&self, digits: &str, now: Millis) -> Option<PhoneCode> {
        let bytes: [u8; CODE_BYTES] = decimal::from_digits(digits, CODE_DIGITS)?;
        let (fields, mac) = bytes.split_first_chunk::<FIELDS_BYTES>()?;
        let [version, b0, b1, b2, b3, b4, b5, b6, b7, s0, s1, s2, s3] = *fields;
        let badge = BadgeId::from_bytes(&[b0, b1, b2, b3, b4, b5, b6, b7]);
        let shown = u32::from_be_bytes([s0, s1, s2, s3]);
        if version != VERSION || shown.abs_diff(step(now)) > TOLERANCE {
            return None;
        }
        let expected = self.key_of(&badge).mac(fields);
        verify_slices_are_equal(&expected, mac).ok()?;
        Some(PhoneCode { badge, step: shown })
    }
}

/// The link that a phone shows as a QR code.
pub fn url(host: &str, digits: &str) -> String {
    format!("https://{host}{PATH}{digits}")
}

/// Steps fit their four bytes until the year 6053.
fn step(now: Millis) -> u32 {
    u32::try_from(now.second() / i64::from(STEP_S)).unwrap_or_default()
}

fn fields(badge: &BadgeId, step: u32) -> [u8; FIELDS_BYTES] {
    let mut fields = [0; FIELDS_BYTES];
    fields[0] = VERSION;
    fields[1..9].copy_from_slice(&badge.to_bytes());
    fields[9..].copy_from_slice(&step.to_be_bytes());
    fields
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let tag = sign(&Key::new(HMAC_SHA256, key), &parts.concat());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = Millis(1_800_000_015_000);

    fn codes() -> PhoneCodes {
        PhoneCodes { master: [7; 32] }
    }

    fn badge() -> BadgeId {
        BadgeId::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8])
    }

    fn after(seconds: i64) -> Millis {
        Millis(NOW.0 + seconds * 1000)
    }

    /// Computed once with Python's `hmac`, from the text at the top of this file: so a phone can be programmed
    /// by it.
    #[test]
    fn a_code_is_what_the_text_says() {
        let code = codes().key_of(&badge()).code(&badge(), NOW);
        assert_eq!(
            code,
            "0027066086557143574262724020235347512949288233602530878508029714516000"
        );
        assert_eq!(code.len(), CODE_DIGITS);
    }

    #[test]
    fn a_code_holds_for_its_step_and_one_before_and_after() {
        let code = codes().key_of(&badge()).code(&badge(), NOW);
        let step = 60_000_000;
        let shown = Some(PhoneCode {
            badge: badge(),
            step,
        });
        // The step began 15 s ago.
        for seconds in [-45, -15, 0, 14, 44] {
            assert_eq!(codes().verify(&code, after(seconds)), shown, "{seconds}");
        }
        for seconds in [-3600, -46, 45, 3600] {
            assert_eq!(codes().verify(&code, after(seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn every_change_of_one_digit_is_no_code() {
        let code = codes().key_of(&badge()).code(&badge(), NOW);
        for place in 0..CODE_DIGITS {
            for digit in '0'..='9' {
                let mut changed = code.clone();
                changed.replace_range(place..=place, &digit.to_string());
                if changed != code {
                    assert_eq!(codes().verify(&changed, NOW), None, "{digit} at {place}");
                }
            }
        }
        for length in 0..CODE_DIGITS {
            assert_eq!(codes().verify(&code[..length], NOW), None);
        }
    }

    #[test]
    fn another_badge_s_key_makes_no_code_of_this_one() {
        let other = BadgeId::from_bytes(&[8; 8]);
        let code = codes().key_of(&other).code(&badge(), NOW);
        assert_eq!(codes().verify(&code, NOW), None);
        let foreign = PhoneCodes { master: [8; 32] };
        let code = foreign.key_of(&badge()).code(&badge(), NOW);
        assert_eq!(codes().verify(&code, NOW), None);
    }

    #[test]
    fn keys_do_not_slip_into_logs() {
        let key = codes().key_of(&badge());
        assert_eq!(format!("{:?} {key:?}", codes()), "PhoneCodes CodeKey");
    }

    proptest! {
        #[test]
        fn what_no_phone_showed_is_no_code(text in "[0-9]{70}|.{0,80}") {
            prop_assert_eq!(codes().verify(&text, NOW), None);
        }
    }
}

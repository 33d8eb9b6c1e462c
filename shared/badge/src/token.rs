//! The token that a printed badge carries in its code.

use std::fmt;

use domain::badge::end_of_day;
use domain::id::BadgeId;
use domain::time::Millis;

use crate::decimal;

/// The version of every token there is.
pub const VERSION: u8 = 1;
/// How many digits a token has.
pub const TOKEN_DIGITS: usize = 193;
/// Begins what is signed, so that a signature made for another purpose never fits a badge.
pub(crate) const DOMAIN: &[u8; 18] = b"homehail-badge-v1\0";
/// In a token's link, between host and digits.
pub(crate) const PATH: &str = "/b/";

const FIELDS_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 64;
const TOKEN_BYTES: usize = FIELDS_BYTES + SIGNATURE_BYTES;

/// What a token says. Nothing of it is about the worker, and nobody can guess another badge's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgeFields {
    /// The number of the key that signed.
    pub kid: u8,
    pub badge: BadgeId,
    /// Its place in the status lists.
    pub index: u32,
    /// The last day on which it is valid, in China's days since 1970-01-01.
    pub expires_day: u16,
}

impl BadgeFields {
    /// What is signed: the domain prefix, and the first 16 bytes of the token.
    pub fn signing_bytes(&self) -> Vec<u8> {
        [&DOMAIN[..], &self.bytes()].concat()
    }

    /// The first moment at which the badge is not valid any more: the end of its last day in China.
    pub fn expires_at(&self) -> Millis {
        end_of_day(self.expires_day)
    }

    /// The last day that ends at or before `until`, in China's days since 1970-01-01; `None` outside the two bytes that a
    /// token has for it.
    pub fn last_day_before(until: Millis) -> Option<u16> {
        u16::try_from(until.day() - 1).ok()
    }

    /// Version, kid, badge id, status index, expiry day; numbers with the most significant byte first.
    fn bytes(&self) -> [u8; FIELDS_BYTES] {
        let mut bytes = [0; FIELDS_BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.kid;
        bytes[2..10].copy_from_slice(&self.badge.to_bytes());
        bytes[10..14].copy_from_slice(&self.index.to_be_bytes());
        bytes[14..].copy_from_slice(&self.expires_day.to_be_bytes());
        bytes
    }

    /// `None` when the version is another.
    fn from_bytes(bytes: &[u8; FIELDS_BYTES]) -> Option<Self> {
        let [
            version,
            kid,
            b0,
            b1,
            b2,
            b3,
            b4,
            b5,
            b6,
            b7,
            i0,
            i1,
            i2,
            i3,
            d0,
            d1,
        ] = *bytes;
        (version == VERSION).then(|| Self {
            kid,
            badge: BadgeId::from_bytes(&[b0, b1, b2, b3, b4, b5, b6, b7]),
            index: u32::from_be_bytes([i0, i1, i2, i3]),
            expires_day: u16::from_be_bytes([d0, d1]),
        })
    }
}

/// A badge's fields with a signature that need not be true: [`Verifier`](crate::Verifier) finds out.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    fields: BadgeFields,
    signature: [u8; SIGNATURE_BYTES],
}

/// Prints no field: whoever has a token has the badge's code, so it does not belong in a log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// From the fields and the signature over their [`BadgeFields::signing_bytes`].
    pub fn assemble(fields: BadgeFields, signature: [u8; SIGNATURE_BYTES]) -> Self {
        Self { fields, signature }
    }

    /// Takes exactly 193 ASCII digits that make a number below 2^640 with this version in its first byte.
    pub fn parse(digits: &str) -> Option<Self> {
        let bytes: [u8; TOKEN_BYTES] = decimal::from_digits(digits, TOKEN_DIGITS)?;
        let (fields, signature) = bytes.split_first_chunk()?;
        Some(Self {
            fields: BadgeFields::from_bytes(fields)?,
            signature: signature.try_into().ok()?,
        })
    }

    pub fn digits(&self) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[..FIELDS_BYTES].copy_from_slice(&self.fields.bytes());
        bytes[FIELDS_BYTES..].copy_from_slice(&self.signature);
        decimal::to_digits(&bytes, TOKEN_DIGITS)
    }

    /// The link that its QR code holds.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}{PATH}{}", self.digits())
    }

    pub fn fields(&self) -> &BadgeFields {
        &self.fields
    }

    /// R and then S (RFC 8032).
    pub fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> BadgeFields {
        BadgeFields {
            kid: 7,
            badge: BadgeId::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8]),
            index: 0x090a_0b0c,
            expires_day: 0x0d0e,
        }
    }

    /// `python3 -c 'b=bytes([1,7,1,2,3,4,5,6,7,8,9,10,11,12,13,14])+bytes([0xa5])*64;
    /// print(str(int.from_bytes(b)).zfill(193))'`
    const DIGITS: &str = "0018309628975266049565852396774482071508962536950849291028354139067460273342115001014513884745065811819695583078436990962476764644588681163603434187495813294605273207524871652210532190769227173";

    #[test]
    fn a_token_is_one_number_of_80_bytes() {
        let token = Token::assemble(fields(), [0xa5; 64]);
        assert_eq!(token.digits(), DIGITS);
        assert_eq!(Token::parse(DIGITS), Some(token.clone()));
        assert_eq!(
            token.url("b.homehail.cn"),
            format!("https://b.homehail.cn/b/{DIGITS}")
        );
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_is_signed_begins_with_its_purpose() {
        let signed = fields().signing_bytes();
        assert_eq!(&signed[..18], b"homehail-badge-v1\0");
        assert_eq!(
            signed[18..],
            [1, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
        );
    }

    #[test]
    fn a_badge_is_valid_through_its_last_day() {
        let day = |expires_day| BadgeFields {
            expires_day,
            ..fields()
        };
        assert_eq!(day(0).expires_at(), Millis(16 * 3_600_000));
        let end = day(20_833).expires_at();
        assert_eq!(end.to_rfc3339(), "2027-01-15T16:00:00.000Z");
        assert_eq!(BadgeFields::last_day_before(end), Some(20_833));
        assert_eq!(
            BadgeFields::last_day_before(Millis(end.0 - 1)),
            Some(20_832)
        );
        assert_eq!(BadgeFields::last_day_before(Millis(0)), None);
        assert!(day(u16::MAX).expires_at().to_rfc3339().starts_with("2149-"));
    }

    #[test]
    fn another_version_is_no_token() {
        for version in [0, 2, 0xff] {
            let mut bytes = [0; 80];
            bytes[0] = version;
            assert_eq!(Token::parse(&decimal::to_digits(&bytes, 193)), None);
        }
    }
}

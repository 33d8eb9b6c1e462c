//! The checksums that SDKs send along: S3's CRC-32 and the SHAs, in base64.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A checksum of a whole object that was found right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    /// The header that carries it, such as `x-amz-checksum-crc32`.
    pub(super) header: String,
    /// In base64.
    pub(super) value: String,
}

impl Checksum {
    /// Checks `value`, which `header` states, on `body`.
    ///
    /// Refusals: `BadDigest`; `NotImplemented` for an algorithm that is not emulated.
    pub(super) fn of(header: &str, value: &str, body: &[u8]) -> Result<Self, Refusal> {
        let actual = match header.strip_prefix("x-amz-checksum-").unwrap_or(header) {
            "crc32" => STANDARD.encode(crc32(body).to_be_bytes()),
            "sha1" => digest_of(&digest::SHA1_FOR_LEGACY_USE_ONLY, body),
            "sha256" => digest_of(&digest::SHA256, body),
            other => {
                return Err(Refusal::new(
                    "NotImplemented",
                    format!("The checksum {other} is not emulated here."),
                ));
            }
        };
        if actual != value {
            return Err(Refusal::new(
                "BadDigest",
                format!("The {header} you specified did not match the calculated checksum."),
            ));
        }
        Ok(Self {
            header: header.to_owned(),
            value: actual,
        })
    }
}

fn digest_of(algorithm: &'static digest::Algorithm, body: &[u8]) -> String {
    STANDARD.encode(digest::digest(algorithm, body))
}

/// CRC-32 as in IEEE 802.3, bit by bit from the least.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8)
    })
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut entry = 0_u32;
    while entry < 256 {
        let mut crc = entry;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[entry as usize] = crc;
        entry += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_32_has_its_check_value() {
        // The catalogue's check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_wrong_checksum_is_a_bad_digest() {
        assert!(Checksum::of("x-amz-checksum-crc32", "y/Q5Jg==", b"123456789").is_ok());
        let refused = Checksum::of("x-amz-checksum-crc32", "y/Q5Jg==", b"123456780").unwrap_err();
        assert_eq!(refused.code, "BadDigest");
    }
}

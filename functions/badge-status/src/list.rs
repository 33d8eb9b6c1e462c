//! A status list as the IETF's Token Status List has it (draft-ietf-oauth-status-list, sections 4 and 5).

use std::io::{self, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::badge::LIST_PLACES;
use domain::time::Millis;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use store::Entry;

/// How many bits an entry has.
const BITS: u32 = 2;
/// An entry's values for a badge that is not valid (section 7.1); 0 means valid.
const INVALID: u8 = 1;
const SUSPENDED: u8 = 2;
/// How long verifiers may keep a list, in seconds.
const TTL_S: u32 = 900;
/// How long a list is good when nobody can fetch a newer one.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);

/// The claims of a status list token.
#[derive(Serialize)]
pub struct Claims {
    sub: String,
    /// In seconds since 1970, as is `exp`.
    iat: i64,
    exp: i64,
    ttl: u32,
    /// Random, so that no two lists have the same ETag and a newer one is never mistaken for an earlier one.
    jti: String,
    status_list: StatusList,
}

#[derive(Serialize)]
struct StatusList {
    bits: u32,
    lst: String,
}

impl Claims {
    /// The list at `url` as of `now`. `entries` are the badges that are not valid.
    ///
    /// # Errors
    /// When compressing fails, which can only be for lack of memory.
    pub fn new(url: String, entries: &[Entry], now: Millis, jti: String) -> io::Result<Self> {
        Ok(Self {
            sub: url,
            iat: now.second(),
            exp: (now + GOOD_FOR).second(),
            ttl: TTL_S,
            jti,
            status_list: StatusList {
                bits: BITS,
                lst: URL_SAFE_NO_PAD.encode(compressed(&packed(entries))?),
            },
        })
    }
}

/// All places of a list, however few are in use, so that nobody learns how many badges there are. The first entry of a
/// byte is in its lowest bits.
fn packed(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![0; (LIST_PLACES * BITS / 8) as usize];
    for entry in entries {
        let value = if entry.is_revoked { INVALID } else { SUSPENDED };
        let bit = entry.place * BITS;
        if let Some(byte) = bytes.get_mut((bit / 8) as usize) {
            *byte |= value << (bit % 8);
        }
    }
    bytes
}

/// DEFLATE in the ZLIB format (RFC 1950, 1951), at the best compression.
fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    fn entry(place: u32, is_revoked: bool) -> Entry {
        Entry { place, is_revoked }
    }

    /// The draft's example of two bits an entry: 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3 are the bytes C9 44 F9; the
    /// values 3 have no meaning here, so that their entries are left out.
    #[test]
    fn entries_are_packed_as_the_draft_s_example_is() {
        let entries = [
            entry(0, true),
            entry(1, false),
            entry(5, true),
            entry(7, true),
            entry(8, true),
            entry(9, false),
        ];
        let bytes = packed(&entries);
        let without_threes = [0xc9 & 0x3f, 0x44, 0xf9 & 0x0f];
        assert_eq!(bytes[..3], without_threes);
        assert!(bytes[3..].iter().all(|byte| *byte == 0));
        assert_eq!(bytes.len(), 1 << 18);
    }

    #[test]
    fn the_last_place_is_in_the_last_byte() {
        let bytes = packed(&[entry(LIST_PLACES - 1, false)]);
        assert_eq!(bytes.last(), Some(&0x80));
    }

    #[test]
    fn what_is_compressed_comes_out_as_it_was() {
        let entries: Vec<Entry> = (0..1_000).map(|n| entry(n * 997, n % 3 == 0)).collect();
        let bytes = packed(&entries);
        let small = compressed(&bytes).unwrap();
        // The header of ZLIB: DEFLATE, a window of 32 KiB.
        assert_eq!(small[0], 0x78);
        let mut again = Vec::new();
        ZlibDecoder::new(&small[..])
            .read_to_end(&mut again)
            .unwrap();
        assert!(again == bytes);
        assert!(compressed(&packed(&[])).unwrap().len() < 400);
    }

    #[test]
    fn a_list_is_good_for_a_day_and_kept_for_a_quarter_of_an_hour() {
        let claims = Claims::new(
            "https://b/list".to_owned(),
            &[],
            Millis(1_500),
            "j".to_owned(),
        );
        let json = serde_json::to_value(claims.unwrap()).unwrap();
        assert_eq!(json["iat"], 1);
        assert_eq!(json["exp"], 86_401);
        assert_eq!(json["ttl"], 900);
        assert_eq!(json["sub"], "https://b/list");
        assert_eq!(json["status_list"]["bits"], 2);
    }
}

//! Identifiers and secrets from the operating system's random numbers.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::{BASE32, HEXLOWER};

use crate::refusal::Refusal;

fn bytes<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)
        .map_err(|_| Refusal::new("InternalFailure", "the system has no random numbers"))?;
    Ok(bytes)
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid() -> Result<String, Refusal> {
    let mut b: [u8; 16] = bytes()?;
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let hex = HEXLOWER.encode(&b);
    let (a, rest) = hex.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    Ok(format!("{a}-{b}-{c}-{d}-{e}"))
}

/// The id of a temporary access key: `ASIA` and 16 characters.
pub(crate) fn temporary_key_id() -> Result<String, Refusal> {
    Ok(format!("ASIA{}", BASE32.encode(&bytes::<10>()?)))
}

/// A secret access key: 40 characters.
pub(crate) fn secret_key() -> Result<String, Refusal> {
    Ok(STANDARD.encode(bytes::<30>()?))
}

/// A session token: 192 random bytes, as opaque as AWS's.
pub(crate) fn session_token() -> Result<String, Refusal> {
    Ok(STANDARD.encode(bytes::<192>()?))
}

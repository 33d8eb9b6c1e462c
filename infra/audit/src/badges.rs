//! Verifies badges offline: tokens as their codes carry them, public keys, and the list of badges that are not valid.
//!
//! A token is one decimal number of 193 digits: 80 bytes of version, key id, badge id (8), place in the status list
//! (4), last day in China (2) and an Ed25519 signature (64) over a fixed prefix and the 16 bytes before it. Offline, one
//! can tell that a badge is genuine and what its status was when its status list was signed, but not who wears it.

use std::collections::BTreeMap;
use std::io::Read;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use flate2::read::ZlibDecoder;
use serde_json::Value;

use crate::json;
use crate::report::{Refuted, Report, Unusable};

const DOMAIN: &[u8] = b"homehail-badge-v1\0";
const DIGITS: usize = 193;
const VERSION: u8 = 1;
const DAY_S: i64 = 86_400;
/// Days begin in China (UTC+8), this many seconds before they do in UTC.
const CHINA_S: i64 = 8 * 3_600;
/// How many places a status list has, as a power of two.
const LIST_BITS: u32 = 20;
/// How the URI of a status list ends, before the list's number.
const LIST_PATH: &str = "/v1/badge-status-list?list=";
/// No status list unpacks to more than this.
const LARGEST_LIST: u64 = 16 << 20;

#[derive(Debug, Default)]
pub struct Keys {
    by_id: BTreeMap<String, VerifyingKey>,
}

/// A verified status list.
#[derive(Debug)]
pub struct StatusList {
    number: u32,
    /// When it was signed, in seconds since 1970.
    as_of: i64,
    bits: usize,
    packed: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    key_id: u8,
    index: u32,
    last_day: u16,
    bytes: [u8; 80],
}

impl Keys {
    /// Reads a JWK set (RFC 7517) of Ed25519 keys.
    pub fn read(place: &str, text: &str) -> Result<Self, Unusable> {
        let unusable = |why: &str| Unusable::new(place, why);
        let set = json::one(place, text)?;
        let list = set.get("keys").and_then(Value::as_array);
        let list = list.ok_or_else(|| unusable("it is not a JWK set: it has no `keys`"))?;
        let mut keys = Self::default();
        for key in list {
            let kind = key.get("crv").and_then(Value::as_str);
            if kind.is_some_and(|kind| kind != "Ed25519") {
                continue;
            }
            let id = match key.get("kid") {
                Some(Value::String(id)) => id.clone(),
                Some(Value::Number(id)) => id.to_string(),
                _ => return Err(unusable("a key of it has no `kid`")),
            };
            let bytes = key.get("x").and_then(Value::as_str);
            let bytes = bytes.and_then(|x| BASE64URL_NOPAD.decode(x.as_bytes()).ok());
            let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
            let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
            let key = key.ok_or_else(|| unusable(&format!("its key {id} is no Ed25519 key")))?;
            keys.by_id.insert(id, key);
        }
        if keys.by_id.is_empty() {
            return Err(unusable("it holds no Ed25519 key"));
        }
        Ok(keys)
    }

    /// The key for badges with this id.
    fn badge(&self, id: u8) -> Option<&VerifyingKey> {
        self.by_id.get(&id.to_string())
    }
}

impl StatusList {
    /// Reads and verifies a status list token (IETF Token Status List, a JWT).
    ///
    /// # Errors
    /// [`Refuted`] inside if the signature is wrong or the list is not in force at `at` (seconds since 1970);
    /// otherwise the text is not a status list.
    pub fn read(
        place: &str,
        text: &str,
        keys: &Keys,
        at: i64,
    ) -> Result<Result<Self, Refuted>, Unusable> {
        let unusable = |why: &str| Unusable::new(place, why);
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return Err(unusable("it is not a JWT of three parts"));
        };
        let decode = |part: &str| {
            let bytes = BASE64URL_NOPAD.decode(part.as_bytes());
            bytes.map_err(|_| unusable("a part of it is not base64url"))
        };
        let read = |part: &str| {
            let text = String::from_utf8(decode(part)?).map_err(|_| unusable("it is not UTF-8"))?;
            json::one(place, &text)
        };
        let (header, body, signature) = (read(header)?, read(claims)?, decode(signature)?);
        if header.get("typ").and_then(Value::as_str) != Some("statuslist+jwt") {
            return Err(unusable("it is not a status list: its type is another"));
        }
        let refuted = |why: &str| Ok(Err(Refuted::new(place, why)));
        // Which algorithm is used depends on the key; a token that names another one was not signed by this key.
        if header.get("alg").and_then(Value::as_str) != Some("EdDSA") {
            return refuted("it names another algorithm than EdDSA");
        }
        let id = header
            .get("kid")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty())
            .ok_or_else(|| unusable("it names no key"))?;
        // Each key serves one purpose, and the keys of badges are those with numbers.
        if id.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuted(&format!("the key {id} signs badges, and no status lists"));
        }
        let Some(key) = keys.by_id.get(id) else {
            return refuted(&format!("no key given has the id {id}"));
        };
        let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
        let good = Signature::from_slice(&signature)
            .and_then(|signature| key.verify_strict(signed.as_bytes(), &signature));
        if good.is_err() {
            return refuted("its signature is not good");
        }
        let number = |name: &str| body.get(name).and_then(Value::as_i64);
        let as_of = number("iat").ok_or_else(|| unusable("it does not say when it was signed"))?;
        let end = number("exp").ok_or_else(|| unusable("it does not say until when it is good"))?;
        if at >= end {
            return refuted("it has expired");
        }
        if as_of > at {
            return refuted("it was signed later than the time asked about");
        }
        let list = body.get("status_list").unwrap_or(&Value::Null);
        let bits = list.get("bits").and_then(Value::as_u64);
        let bits = bits
            .and_then(|bits| usize::try_from(bits).ok())
            .filter(|bits| [1, 2, 4, 8].contains(bits))
            .ok_or_else(|| unusable("its entries have no size"))?;
        let packed = decode(list.get("lst").and_then(Value::as_str).unwrap_or_default())?;
        let mut unpacked = Vec::new();
        let mut reader = ZlibDecoder::new(packed.as_slice()).take(LARGEST_LIST);
        reader
            .read_to_end(&mut unpacked)
            .map_err(|_| unusable("its list cannot be unpacked"))?;
        let about = body.get("sub").and_then(Value::as_str);
        let number = about
            .and_then(|about| about.rsplit_once(LIST_PATH))
            .and_then(|(_, list)| list.parse::<u32>().ok().filter(|n| n.to_string() == list))
            .ok_or_else(|| unusable("it does not say which list it is"))?;
        Ok(Ok(Self {
            number,
            as_of,
            bits,
            packed: unpacked,
        }))
    }

    fn entry(&self, place: usize) -> Option<u8> {
        let per_byte = 8 / self.bits;
        let byte = self.packed.get(place / per_byte)?;
        let shift = (place % per_byte) * self.bits;
        let mask = u8::MAX >> (8 - self.bits);
        Some(byte >> shift & mask)
    }
}

/// Verifies a batch of badges: a token or a link with it on each line. Empty lines and lines that begin with `#` are
/// skipped. It is an error if there is no badge in it, or if lists are given and the one for some badge is missing.
pub fn verify(
    place: &str,
    text: &str,
    keys: &Keys,
    lists: &[StatusList],
    at: i64,
) -> Result<Report, Unusable> {
    let mut report = Report::default();
    let mut count = 0;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        count += 1;
        let place = format!("{place}, line {}", number + 1);
        match badge(line, keys, at).and_then(|token| Ok((token, status(&token, lists)?))) {
            Ok((token, None)) if lists.is_empty() => report.verify(format!(
                "{place}: genuine, good through {}; its status was not looked at",
                day(token.last_day)
            )),
            Ok((token, Some(as_of))) => report.verify(format!(
                "{place}: genuine, good through {}; valid as of {}; the bearer was not checked",
                day(token.last_day),
                moment(as_of)
            )),
            Ok((token, None)) => {
                let list = token.index >> LIST_BITS;
                return Err(Unusable::new(
                    place,
                    format!("status list {list} is not given"),
                ));
            }
            Err(why) => report.refute(place, why),
        }
    }
    if count == 0 {
        return Err(Unusable::new(place, "there is no badge in it"));
    }
    Ok(report)
}

/// The token on a line, if it is genuine and has not expired.
fn badge(line: &str, keys: &Keys, at: i64) -> Result<Token, String> {
    let digits = match line.split_once("/b/") {
        Some((host, digits)) if host.starts_with("https://") || host.starts_with("http://") => {
            digits
        }
        Some(_) => return Err("not genuine: the link is none of a badge".to_owned()),
        None => line,
    };
    let token = Token::parse(digits).ok_or("not genuine: this is no badge's number")?;
    let key = keys.badge(token.key_id);
    let key = key.ok_or_else(|| format!("not genuine: no key {} is given", token.key_id))?;
    let signed = [DOMAIN, &token.bytes[..16]].concat();
    Signature::from_slice(&token.bytes[16..])
        .and_then(|signature| key.verify_strict(&signed, &signature))
        .map_err(|_| "not genuine: the signature is not good".to_owned())?;
    if (at + CHINA_S).div_euclid(DAY_S) > i64::from(token.last_day) {
        return Err(format!(
            "expired: it was good through {}",
            day(token.last_day)
        ));
    }
    Ok(token)
}

/// Since when the badge is known to be valid, according to the lists.
fn status(token: &Token, lists: &[StatusList]) -> Result<Option<i64>, String> {
    let number = token.index >> LIST_BITS;
    let place = token.index & ((1 << LIST_BITS) - 1);
    let Some(list) = lists
        .iter()
        .filter(|list| list.number == number)
        .max_by_key(|list| list.as_of)
    else {
        return Ok(None);
    };
    let entry = usize::try_from(place)
        .ok()
        .and_then(|place| list.entry(place));
    let as_of = moment(list.as_of);
    match entry {
        Some(0) => Ok(Some(list.as_of)),
        Some(1) => Err(format!("revoked, as of {as_of}")),
        Some(2) => Err(format!("suspended, as of {as_of}")),
        Some(other) => Err(format!("not valid, status {other}, as of {as_of}")),
        None => Err(format!(
            "not genuine: status list {number} has no place {place}"
        )),
    }
}

impl Token {
    fn parse(digits: &str) -> Option<Self> {
        if digits.len() != DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let mut bytes = [0_u8; 80];
        for digit in digits.bytes() {
            let mut carry = u32::from(digit - b'0');
            for byte in bytes.iter_mut().rev() {
                carry += u32::from(*byte) * 10;
                *byte = (carry & 0xff) as u8;
                carry >>= 8;
            }
            // Too large for 80 bytes.
            if carry != 0 {
                return None;
            }
        }
        let &[
            version,
            key_id,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            i0,
            i1,
            i2,
            i3,
            d0,
            d1,
        ] = bytes.first_chunk::<16>()?;
        (version == VERSION).then_some(Self {
            key_id,
            index: u32::from_be_bytes([i0, i1, i2, i3]),
            last_day: u16::from_be_bytes([d0, d1]),
            bytes,
        })
    }
}

fn day(number: u16) -> String {
    moment(i64::from(number) * DAY_S).chars().take(10).collect()
}

fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests;

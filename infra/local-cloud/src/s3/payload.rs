//! An object's bytes, out of a request's body: whole, or in the chunks of `aws-chunked`.
//!
//! Source: "Signature calculations for the authorization header: transferring a payload in multiple
//! chunks", Amazon S3 API Reference. Signatures of single chunks are not verified: the request's own
//! covers who asks and what for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use md5::{Digest as _, Md5};

use super::checksum::Checksum;
use crate::refusal::Refusal;

/// What is to be stored.
pub(super) struct Payload {
    pub(super) body: Bytes,
    /// MD5 in hexadecimal, without quotes.
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
    /// Whether the client sent anything by which damage on the way shows.
    pub(super) is_guarded: bool,
}

impl Payload {
    /// Reads a request's body and checks every digest that came along.
    pub(super) fn of(headers: &HeaderMap, body: &Bytes) -> Result<Self, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let is_chunked =
            text("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
        let (body, trailers) = match is_chunked {
            true => unchunked(body)?,
            false => (body.clone(), Vec::new()),
        };
        if let Some(length) = text("x-amz-decoded-content-length")
            && length.parse() != Ok(body.len())
        {
            return Err(incomplete());
        }
        let md5 = Md5::digest(&body);
        let stated_md5 = text("content-md5");
        if stated_md5.is_some_and(|stated| stated != STANDARD.encode(md5)) {
            return Err(Refusal::new(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        let stated = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
            .chain(trailers.iter().map(|(n, v)| (n.as_str(), v.as_str())))
            .filter(|(name, _)| {
                name.starts_with("x-amz-checksum-") && *name != "x-amz-checksum-type"
            });
        let mut checksum = None;
        for (name, value) in stated {
            checksum = Some(Checksum::of(name, value, &body)?);
        }
        Ok(Self {
            etag: data_encoding::HEXLOWER.encode(&md5),
            is_guarded: stated_md5.is_some() || checksum.is_some(),
            body,
            checksum,
        })
    }
}

/// `<size in hex>[;chunk-signature=…]\r\n<bytes>\r\n`, up to a chunk of none, and trailers.
fn unchunked(body: &[u8]) -> Result<(Bytes, Vec<(String, String)>), Refusal> {
    let mut rest = body;
    let mut out = BytesMut::with_capacity(body.len());
    loop {
        let head = line(&mut rest)?;
        let size = head.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| incomplete())?;
        if size == 0 {
            break;
        }
        let (chunk, after) = rest.split_at_checked(size).ok_or_else(incomplete)?;
        out.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").ok_or_else(incomplete)?;
    }
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let line = line(&mut rest)?;
        if let Some((name, value)) = line.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok((out.freeze(), trailers))
}

fn line<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Refusal> {
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(incomplete)?;
    let line = std::str::from_utf8(&rest[..end]).map_err(|_| incomplete())?;
    *rest = &rest[end + 1..];
    Ok(line.trim_end_matches('\r'))
}

fn incomplete() -> Refusal {
    Refusal::new(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static str) -> Result<Payload, &'static str> {
        let headers = [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", "9"),
        ];
        let headers = headers.map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )
        });
        let body = Bytes::from_static(body.as_bytes());
        Payload::of(&HeaderMap::from_iter(headers), &body).map_err(|refusal| refusal.code)
    }

    #[test]
    fn chunks_are_put_together_and_their_trailer_is_checked() {
        let whole = "4\r\n1234\r\n5;chunk-signature=0\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
        let payload = read(whole).unwrap();
        assert_eq!(&payload.body[..], b"123456789");
        assert_eq!(payload.etag, "25f9e794323b453885f5181f1b624d0b");
        assert!(payload.is_guarded);
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_refused() {
        for (body, code) in [
            ("4\r\n1234\r\n5\r\n567", "IncompleteBody"),
            ("4\r\n1234\r\n0\r\n\r\n", "IncompleteBody"),
            ("zz\r\n", "IncompleteBody"),
            (
                "9\r\n123456780\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
                "BadDigest",
            ),
        ] {
            assert_eq!(read(body).err(), Some(code), "{body:?}");
        }
    }
}

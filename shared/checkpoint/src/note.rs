//! Checkpoints as text: C2SP's signed notes and `tlog-checkpoint`.
//!
//! ```text
//! homehail/harbin
//! 1234
//! <the root, base64>
//!
//! — homehail/harbin <4 bytes of the key's id and the signature, base64>
//! ```

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use domain::chain::Hash;
use store::LogHead;

/// C2SP's number for Ed25519.
const ED25519: u8 = 1;

/// The text that is signed: origin, size and root, a line each.
pub fn body(origin: &str, head: &LogHead) -> String {
    format!(
        "{origin}\n{}\n{}\n",
        head.size,
        STANDARD.encode(head.root.0)
    )
}

/// The signed note. The key is named after the log's origin, as C2SP recommends.
pub fn signed(body: &str, origin: &str, public_key: &[u8; 32], signature: &[u8]) -> String {
    let line = [&key_id(origin, public_key), signature].concat();
    format!("{body}\n— {origin} {}\n", STANDARD.encode(line))
}

/// The public key in the form that verifiers take: `<name>+<id>+<base64>`.
pub fn verifier(origin: &str, public_key: &[u8; 32]) -> String {
    let id = HEXLOWER.encode(&key_id(origin, public_key));
    let key = [&[ED25519], public_key.as_slice()].concat();
    format!("{origin}+{id}+{}", STANDARD.encode(key))
}

/// Reads a note of ours for this origin, without looking at signatures; `None` if it is something else.
pub fn read(note: &str, origin: &str) -> Option<LogHead> {
    let (text, _) = note.split_once("\n\n")?;
    let mut lines = text.lines();
    let found = lines.next().filter(|line| *line == origin);
    let (_, size, root) = (found?, lines.next()?, lines.next()?);
    let root: [u8; 32] = STANDARD.decode(root).ok()?.try_into().ok()?;
    Some(LogHead {
        size: size.parse().ok()?,
        root: Hash(root),
    })
}

/// Whether a log can have this name: one line, without a space or a plus, since it is a key's name too.
pub fn is_origin(name: &str) -> bool {
    let is_fit = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.len() <= 128 && name.chars().all(is_fit)
}

fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let mut context = Context::new(&SHA256);
    context.update(name.as_bytes());
    context.update(&[b'\n', ED25519]);
    context.update(public_key);
    let mut id = [0; 4];
    id.copy_from_slice(&context.finish().as_ref()[..4]);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_id_that_the_specification_gives_it() {
        // The example of c2sp.org/signed-note.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let bytes = STANDARD.decode(key.rsplit_once('+').unwrap().1).unwrap();
        let public_key: [u8; 32] = bytes[1..].try_into().unwrap();
        assert_eq!(verifier("PeterNeumann", &public_key), key);
    }

    #[test]
    fn a_note_has_its_lines() {
        let head = LogHead {
            size: 42,
            root: Hash([0; 32]),
        };
        let body = body("homehail/test", &head);
        assert_eq!(
            body,
            "homehail/test\n42\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        );
        let note = signed(&body, "homehail/test", &[7; 32], &[9; 64]);
        let (text, signature) = note.split_once("\n\n").unwrap();
        assert_eq!(format!("{text}\n"), body);
        let signature = signature.strip_prefix("— homehail/test ").unwrap();
        assert_eq!(STANDARD.decode(signature.trim_end()).unwrap().len(), 68);
        assert!(note.ends_with('\n'));

        assert_eq!(read(&note, "homehail/test"), Some(head));
        assert_eq!(read(&note, "homehail/other"), None);
        assert_eq!(read("", "homehail/test"), None);
        assert_eq!(read("homehail/test\n1\nAAAA\n\n", "homehail/test"), None);
    }

    #[test]
    fn a_log_is_named_by_one_word() {
        assert!(is_origin("homehail/harbin"));
        for name in ["", "a b", "a+b", "a\nb", &"x".repeat(129)] {
            assert!(!is_origin(name), "{name}");
        }
    }
}

//! Reads signed checkpoints of the log (C2SP's signed notes and `tlog-checkpoint`), and the keys that sign them.
//!
//! ```text
//! homehail/harbin
//! 1234
//! <the root, base64>
//!
//! — homehail/harbin <4 bytes of the key's id and the signature, base64>
//! ```

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::merkle::Hash;
use crate::report::{Refuted, Unusable};

/// C2SP's number for Ed25519.
const ED25519: u8 = 1;

/// A key that signs checkpoints, as `<name>+<id, 8 hexadecimal digits>+<base64>`.
#[derive(Clone, Debug)]
pub struct Key {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root over these leaves.
    pub root: Hash,
}

impl Key {
    /// Reads a key. Its id must fit name and key.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let unusable = |why: &str| Unusable::new(format!("key {text}"), why);
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(unusable("it is not <name>+<id>+<base64>"));
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(unusable("its name is empty or has white space"));
        }
        let id: [u8; 4] = HEXLOWER
            .decode(id.as_bytes())
            .ok()
            .and_then(|id| id.try_into().ok())
            .ok_or_else(|| unusable("its id is not 8 small hexadecimal digits"))?;
        let bytes = BASE64
            .decode(key.as_bytes())
            .map_err(|_| unusable("its last part is not base64"))?;
        let Some((&ED25519, public)) = bytes.split_first() else {
            return Err(unusable("it is not an Ed25519 key"));
        };
        let mut hasher = Sha256::new();
        hasher.update(name);
        hasher.update([b'\n', ED25519]);
        hasher.update(public);
        if hasher.finalize()[..4] != id {
            return Err(unusable("its id is not that of its name and bytes"));
        }
        let public: [u8; 32] = public
            .try_into()
            .map_err(|_| unusable("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(&public)
            .map_err(|_| unusable("its bytes are no point of the curve"))?;
        Ok(Self {
            name: name.to_owned(),
            id,
            key,
        })
    }
}

/// Verifies a checkpoint with any of these keys.
pub fn verify(place: &str, text: &str, keys: &[Key]) -> Result<Checkpoint, Refuted> {
    let refuted = |why: &str| Refuted::new(place, why);
    let body = text
        .rfind("\n\n")
        .ok_or_else(|| refuted("it is not a signed note: there is no empty line"))?;
    let (body, signatures) = text.split_at(body + 1);
    let signatures = signatures.trim_start_matches('\n');
    if !signatures.ends_with('\n') {
        return Err(refuted("its last line does not end"));
    }
    let checkpoint = read_body(body).map_err(|why| refuted(&why))?;
    let mut verified = false;
    for line in signatures.lines() {
        let signed = line
            .strip_prefix("— ")
            .and_then(|line| line.split_once(' '))
            .and_then(|(name, bytes)| Some((name, BASE64.decode(bytes.as_bytes()).ok()?)));
        let Some((name, bytes)) = signed else {
            return Err(refuted("a line of it is no signature"));
        };
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else {
            return Err(refuted("a signature is too short"));
        };
        // Others, such as witnesses, may have signed too.
        let Some(key) = keys.iter().find(|key| key.name == name && key.id == *id) else {
            continue;
        };
        let good = Signature::from_slice(signature)
            .and_then(|signature| key.key.verify_strict(body.as_bytes(), &signature));
        if good.is_err() {
            return Err(refuted(&format!("the signature of {name} is not good")));
        }
        verified |= checkpoint.origin == key.name;
    }
    if verified {
        Ok(checkpoint)
    } else {
        Err(refuted(&format!(
            "none of the keys given has signed it for {}",
            checkpoint.origin
        )))
    }
}

fn read_body(body: &str) -> Result<Checkpoint, String> {
    let mut lines = body.lines();
    let origin = lines.next().filter(|origin| !origin.is_empty());
    let origin = origin.ok_or("it names no origin")?.to_owned();
    let size = lines.next().ok_or("it names no size")?;
    let number = size.parse::<u64>().ok();
    let size = number
        .filter(|number| number.to_string() == size)
        .ok_or_else(|| format!("its size is no number: {size}"))?;
    let root = lines.next().ok_or("it names no root")?;
    let root = BASE64.decode(root.as_bytes()).ok();
    let root = root
        .and_then(|root| root.try_into().ok())
        .ok_or("its root is not 32 bytes of base64")?;
    if lines.any(str::is_empty) {
        return Err("a line of it is empty".to_owned());
    }
    Ok(Checkpoint { origin, size, root })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn signer() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn id(name: &str, signer: &SigningKey) -> [u8; 4] {
        let bytes = [
            name.as_bytes(),
            b"\n\x01",
            signer.verifying_key().as_bytes(),
        ]
        .concat();
        Sha256::digest(bytes)[..4].try_into().unwrap()
    }

    fn vkey(name: &str, signer: &SigningKey) -> String {
        let key = [&[1], signer.verifying_key().as_bytes().as_slice()].concat();
        format!(
            "{name}+{}+{}",
            HEXLOWER.encode(&id(name, signer)),
            BASE64.encode(&key)
        )
    }

    fn note(body: &str, name: &str, signer: &SigningKey) -> String {
        let signature = signer.sign(body.as_bytes()).to_bytes();
        let bytes = [id(name, signer).as_slice(), &signature].concat();
        format!("{body}\n— {name} {}\n", BASE64.encode(&bytes))
    }

    fn body() -> String {
        format!("homehail/test\n42\n{}\n", BASE64.encode(&[9; 32]))
    }

    #[test]
    fn the_key_of_the_specification_is_read() {
        // The example of c2sp.org/signed-note.
        assert!(
            Key::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
                .is_ok()
        );
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n\n\
                    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let key = Key::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .unwrap();
        let (body, signature) = text.split_once("\n\n").unwrap();
        let bytes = BASE64
            .decode(signature.trim().rsplit_once(' ').unwrap().1.as_bytes())
            .unwrap();
        let signature = Signature::from_slice(&bytes[4..]).unwrap();
        assert_eq!(bytes[..4], key.id);
        assert!(
            key.key
                .verify_strict(format!("{body}\n").as_bytes(), &signature)
                .is_ok()
        );
    }

    #[test]
    fn a_checkpoint_is_verified_by_the_key_of_its_log() {
        let signer = signer();
        let key = Key::parse(&vkey("homehail/test", &signer)).unwrap();
        let text = note(&body(), "homehail/test", &signer);
        let verified = verify("f", &text, std::slice::from_ref(&key)).unwrap();
        assert_eq!((verified.size, verified.root), (42, [9; 32]));
        // Further signatures do not matter.
        let more = format!("{text}— witness AAAAAAAA\n");
        assert!(verify("f", &more, std::slice::from_ref(&key)).is_ok());

        for place in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[place] ^= 1;
            if let Ok(altered) = String::from_utf8(altered) {
                assert!(
                    verify("f", &altered, std::slice::from_ref(&key)).is_err(),
                    "{place}"
                );
            }
        }
        let other = Key::parse(&vkey("homehail/test", &SigningKey::from_bytes(&[8; 32]))).unwrap();
        assert!(verify("f", &text, &[other]).is_err());
        // The right key under another log's name did not sign for this log.
        let elsewhere = Key::parse(&vkey("homehail/other", &signer)).unwrap();
        let text = note(&body(), "homehail/other", &signer);
        assert!(verify("f", &text, &[elsewhere]).is_err());
    }

    #[test]
    fn what_is_no_checkpoint_is_refuted() {
        let signer = signer();
        let key = Key::parse(&vkey("o", &signer)).unwrap();
        let root = BASE64.encode(&[0; 32]);
        for body in [
            "o\n".to_owned(),
            "o\n1\n".to_owned(),
            format!("o\n01\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            "o\n1\nAAAA\n".to_owned(),
        ] {
            assert!(
                verify("f", &note(&body, "o", &signer), std::slice::from_ref(&key)).is_err(),
                "{body}"
            );
        }
        let extended = format!("o\n1\n{root}\nmore\n");
        assert!(
            verify(
                "f",
                &note(&extended, "o", &signer),
                std::slice::from_ref(&key)
            )
            .is_ok()
        );
    }

    #[test]
    fn what_is_no_key_cannot_be_used() {
        for text in [
            "",
            "o",
            "o+00000000",
            "o+00000000+AA==",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }
}

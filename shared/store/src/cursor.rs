//! Where a page of a list begins.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::key::Attributes;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

/// Longer than any that is given out.
const LONGEST: usize = 1024;

/// How many bytes of a cursor's SHA-256 stand before it.
const CHECK: usize = 6;

/// Key attributes as JSON behind a check sum, in base64url. The sum tells a cursor that was edited by hand; it
/// need not be a signature, since cursors say nothing that the caller's own list does not, and one that leads
/// anywhere else is refused.
#[derive(Serialize, Deserialize, PartialEq)]
#[serde(untagged)]
enum Part {
    N(i64),
    S(String),
}

/// A cursor from the key at which DynamoDB stopped.
pub(crate) fn write(key: &Attributes) -> Result<String, Error> {
    let mut parts = BTreeMap::new();
    for (name, value) in key {
        let part = match value {
            AttributeValue::S(text) => Part::S(text.clone()),
            AttributeValue::N(number) => Part::N(
                number
                    .parse()
                    .map_err(|_| Error::wrong("a key is not a whole number"))?,
            ),
            _ => return Err(Error::wrong("a key is neither text nor number")),
        };
        parts.insert(name.as_str(), part);
    }
    let json = serde_json::to_vec(&parts).map_err(|_| Error::wrong("a key cannot be written"))?;
    Ok(encode(&json))
}

fn encode(json: &[u8]) -> String {
    let sum = digest(&SHA256, json);
    BASE64URL_NOPAD.encode(&[&sum.as_ref()[..CHECK], json].concat())
}

/// The key to go on from: exactly the attributes `expected`, of their kinds, with the values where one is
/// given; and in the very form in which it was written.
pub(crate) fn read(cursor: &str, expected: &[(&str, Expected<'_>)]) -> Result<Attributes, Error> {
    if cursor.len() > LONGEST {
        return Err(Error::BadCursor);
    }
    let bytes = BASE64URL_NOPAD
        .decode(cursor.as_bytes())
        .map_err(|_| Error::BadCursor)?;
    let json = bytes.get(CHECK..).ok_or(Error::BadCursor)?;
    let mut parts: BTreeMap<String, Part> =
        serde_json::from_slice(json).map_err(|_| Error::BadCursor)?;
    let mut key = Attributes::new();
    for (name, expected) in expected {
        let value = match (parts.remove(*name), expected) {
            (Some(Part::S(text)), Expected::Is(wanted)) if text == **wanted => {
                AttributeValue::S(text)
            }
            (Some(Part::S(text)), Expected::Text(fits)) if fits(&text) => AttributeValue::S(text),
            (Some(Part::N(number)), Expected::Number) => AttributeValue::N(number.to_string()),
            _ => return Err(Error::BadCursor),
        };
        key.insert((*name).to_owned(), value);
    }
    if parts.is_empty() && write(&key)? == cursor {
        Ok(key)
    } else {
        Err(Error::BadCursor)
    }
}

/// What a part of a cursor must be.
pub(crate) enum Expected<'a> {
    /// This text: whose list it is.
    Is(&'a str),
    /// Text of some form.
    Text(fn(&str) -> bool),
    /// A whole number.
    Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Attributes {
        [
            ("cu", AttributeValue::S("cus_1".to_owned())),
            ("pa", AttributeValue::N("17".to_owned())),
            ("sk", AttributeValue::S("order".to_owned())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn read_back(cursor: &str) -> Result<Attributes, Error> {
        read(
            cursor,
            &[
                ("cu", Expected::Is("cus_1")),
                ("pa", Expected::Number),
                ("sk", Expected::Text(|sk| sk == "order")),
            ],
        )
    }

    #[test]
    fn a_cursor_leads_back_to_its_key() {
        assert_eq!(read_back(&write(&key()).unwrap()).unwrap(), key());
    }

    #[test]
    fn a_cursor_edited_by_hand_is_refused() {
        let encoded = |json: &str| encode(json.as_bytes());
        let whole = write(&key()).unwrap();
        let bad = [
            String::new(),
            "%%%".to_owned(),
            whole[1..].to_owned(),
            format!("{whole}="),
            "A".repeat(5000),
            BASE64URL_NOPAD.encode(br#"{"cu":"cus_1","pa":17,"sk":"order"}"#),
            encoded("{}"),
            encoded("[]"),
            encoded(r#"{"cu":"cus_2","pa":17,"sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":"17","sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"sk":"details"}"#),
            encoded(r#"{"cu":"cus_1","pa":17}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"sk":"order","x":1}"#),
            encoded(r#"{ "cu":"cus_1","pa":17,"sk":"order"}"#),
        ];
        for cursor in bad {
            assert!(
                matches!(read_back(&cursor), Err(Error::BadCursor)),
                "{cursor}"
            );
        }
        for place in 0..whole.len() {
            let mut edited = whole.clone().into_bytes();
            edited[place] = if edited[place] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            assert!(
                matches!(read_back(&edited), Err(Error::BadCursor)),
                "{edited}"
            );
        }
    }
}

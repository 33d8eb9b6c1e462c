//! Where a page of a list begins.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{Attributes, ItemKey, PK, SK};
use crate::Error;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
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
pub(super) fn write(key: &Attributes) -> Result<String, Error> {
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
    Ok(encode(&serde_json::to_vec(&parts)?))
}

fn encode(json: &[u8]) -> String {
    let sum = digest(&SHA256, json);
    BASE64URL_NOPAD.encode(&[&sum.as_ref()[..CHECK], json].concat())
}

/// What the cursors of a list look like.
pub(super) struct Cursors<'a> {
    /// The attribute that says whose list it is, and its value.
    pub(super) owner: (&'a str, &'a AttributeValue),
    /// The sort key of an index, a number.
    pub(super) sort: Option<&'a str>,
    /// Whether an item with this key can be in the list.
    pub(super) holds: &'a dyn Fn(&ItemKey) -> bool,
}

impl Cursors<'_> {
    /// The key to go on from, if the cursor is one of this list, in the very form in which it was written.
    pub(super) fn read(&self, cursor: &str) -> Result<Attributes, Error> {
        if cursor.len() > LONGEST {
            return Err(Error::BadCursor);
        }
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes());
        let bytes = bytes.map_err(|_| Error::BadCursor)?;
        let json = bytes.get(CHECK..).ok_or(Error::BadCursor)?;
        let parts: BTreeMap<String, Part> =
            serde_json::from_slice(json).map_err(|_| Error::BadCursor)?;
        let parts = parts.into_iter().map(|(name, part)| match part {
            Part::S(text) => (name, AttributeValue::S(text)),
            Part::N(number) => (name, AttributeValue::N(number.to_string())),
        });
        let key: Attributes = parts.collect();
        if self.has(&key) && write(&key)? == cursor {
            Ok(key)
        } else {
            Err(Error::BadCursor)
        }
    }

    /// The key that a page ends with if this is its last item.
    pub(super) fn key_of(&self, item: &Attributes) -> Attributes {
        let names = self.names().into_iter();
        let parts = names.filter_map(|name| item.get_key_value(name));
        parts
            .map(|(name, part)| (name.clone(), part.clone()))
            .collect()
    }

    fn names(&self) -> Vec<&str> {
        let mut names = vec![PK, SK];
        if let Some(sort) = self.sort {
            names.extend([self.owner.0, sort]);
        }
        names
    }

    fn has(&self, key: &Attributes) -> bool {
        let names = self.names();
        key.len() == names.len()
            && names.iter().all(|name| key.contains_key(*name))
            && key.get(self.owner.0) == Some(self.owner.1)
            && self
                .sort
                .is_none_or(|sort| key.get(sort).is_some_and(AttributeValue::is_n))
            && ItemKey::of(key).is_ok_and(|key| (self.holds)(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Attributes {
        [
            ("cu", AttributeValue::S("cus_1".to_owned())),
            ("pa", AttributeValue::N("17".to_owned())),
            ("pk", AttributeValue::S("1".to_owned())),
            ("sk", AttributeValue::S("order".to_owned())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn read_back(cursor: &str) -> Result<Attributes, Error> {
        Cursors {
            owner: ("cu", &AttributeValue::S("cus_1".to_owned())),
            sort: Some("pa"),
            holds: &|key| key.pk == "1" && key.sk == "order",
        }
        .read(cursor)
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
            BASE64URL_NOPAD.encode(br#"{"cu":"cus_1","pa":17,"pk":"1","sk":"order"}"#),
            encoded("{}"),
            encoded("[]"),
            encoded(r#"{"cu":"cus_2","pa":17,"pk":"1","sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":"17","pk":"1","sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"pk":"1","sk":"details"}"#),
            encoded(r#"{"cu":"cus_1","pa":17}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"pk":"2","sk":"order"}"#),
            encoded(r#"{"pk":"1","sk":"order"}"#),
            encoded(r#"{"cu":"cus_1","pa":17,"pk":"1","sk":"order","x":1}"#),
            encoded(r#"{ "cu":"cus_1","pa":17,"pk":"1","sk":"order"}"#),
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

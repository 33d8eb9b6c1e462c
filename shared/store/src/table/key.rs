//! Where an item is, and where a list is. What there is in a table is said in the `key.rs` of its folder.

use std::collections::HashMap;
use std::marker::PhantomData;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Attributes;
use crate::Error;

/// The partition key's name, in all tables.
pub(crate) const PK: &str = "pk";
/// The sort key's name, in all tables.
pub(crate) const SK: &str = "sk";

/// The primary key of an item as it was read, of whichever table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemKey {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// The primary key of an item of one table.
pub(crate) struct Key<T> {
    key: ItemKey,
    of: PhantomData<fn() -> T>,
}

/// The items with one partition key, or those of them whose sort keys begin alike.
pub(crate) struct Partition<T> {
    pub(super) pk: String,
    pub(super) sk_begins: &'static str,
    of: PhantomData<fn() -> T>,
}

/// An index of a table.
pub(crate) struct Index<T> {
    pub(super) name: &'static str,
    /// The attribute that is its partition key.
    pub(super) partition: &'static str,
    /// The attribute that is its sort key, a number.
    pub(super) sort: &'static str,
    /// Whether an item with these keys can be in it, as far as a cursor tells.
    pub(super) holds: fn(&ItemKey) -> bool,
    of: PhantomData<fn() -> T>,
}

/// An item to be written. One that cannot be written says so when it is sent.
pub(crate) struct Item<T> {
    pub(super) attributes: Result<Attributes, serde_dynamo::Error>,
    of: PhantomData<fn() -> T>,
}

impl ItemKey {
    /// The key of an item that was read; all have one.
    pub(crate) fn of(item: &Attributes) -> Result<Self, Error> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let key = text(PK).zip(text(SK));
        let (pk, sk) = key.ok_or(Error::wrong("an item has no key"))?;
        Ok(Self { pk, sk })
    }

    fn take(item: &mut serde_dynamo::Item) -> Option<Self> {
        let mut text = |name| match item.inner_mut().remove(name)? {
            serde_dynamo::AttributeValue::S(text) => Some(text),
            _ => None,
        };
        Some(Self {
            pk: text(PK)?,
            sk: text(SK)?,
        })
    }

    pub(super) fn attributes(self) -> Attributes {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk)),
            (SK.to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

impl<T> std::fmt::Display for Key<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.key.pk, self.key.sk)
    }
}

impl<T> Key<T> {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            key: ItemKey {
                pk: pk.into(),
                sk: sk.into(),
            },
            of: PhantomData,
        }
    }

    /// The key of an item that was read from this table.
    pub(crate) fn of(item: &Attributes) -> Result<Self, Error> {
        let ItemKey { pk, sk } = ItemKey::of(item)?;
        Ok(Self::new(pk, sk))
    }

    pub(crate) fn sk(&self) -> &str {
        &self.key.sk
    }

    pub(crate) fn is_of(&self, item: &Attributes) -> bool {
        ItemKey::of(item).is_ok_and(|key| key == self.key)
    }

    pub(crate) fn into_inner(self) -> ItemKey {
        self.key
    }

    pub(super) fn attributes(self) -> Attributes {
        self.key.attributes()
    }

    /// The item with this key and these fields.
    pub(crate) fn item(self, fields: impl Serialize) -> Item<T> {
        let attributes = serde_dynamo::to_item(fields).map(|mut attributes: Attributes| {
            attributes.extend(self.attributes());
            attributes
        });
        Item {
            attributes,
            of: PhantomData,
        }
    }

    /// The item that says no more than that it is there.
    pub(crate) fn only(self) -> Item<T> {
        Item {
            attributes: Ok(self.attributes()),
            of: PhantomData,
        }
    }
}

#[cfg(test)]
impl<T> Item<T> {
    /// As it would be read back.
    pub(crate) fn written(self) -> Attributes {
        self.attributes.unwrap()
    }
}

impl<T> Partition<T> {
    pub(crate) fn new(pk: impl Into<String>, sk_begins: &'static str) -> Self {
        Self {
            pk: pk.into(),
            sk_begins,
            of: PhantomData,
        }
    }
}

impl<T> Index<T> {
    pub(crate) const fn new(
        name: &'static str,
        partition: &'static str,
        sort: &'static str,
        holds: fn(&ItemKey) -> bool,
    ) -> Self {
        Self {
            name,
            partition,
            sort,
            holds,
            of: PhantomData,
        }
    }
}

/// The key and the fields of an item, or of an image in a table's stream.
pub(crate) fn read<F: DeserializeOwned>(
    item: impl Into<serde_dynamo::Item>,
) -> Result<(ItemKey, F), Error> {
    let mut item = item.into();
    let key = ItemKey::take(&mut item).ok_or(Error::wrong("an item has no key"))?;
    Ok((key, serde_dynamo::from_item(item)?))
}

/// A number of an item.
pub(crate) fn number<N: std::str::FromStr>(item: &Attributes, name: &str) -> Option<N> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

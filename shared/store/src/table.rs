//! A table: reading and writing its items, and what came of it. All calls to DynamoDB are made from here. Each is
//! boxed: what the SDK makes of one is a large type many levels deep, and the futures of handlers would be so too.
//!
//! - [`Table`]: one table, by the type of which its keys are told from those of others.
//! - [`Key`], [`Partition`], [`Index`]: where an item is, where a list is.
//! - [`Query`]: a list, page by page or whole.
//! - [`Reads`]: items of one table or several, in one call.
//! - [`Write`]: one write, alone or as a [`Member`] of a transaction.

mod cursor;
mod key;
mod query;
mod transaction;
mod tries;
mod write;

use std::collections::HashMap;
use std::marker::PhantomData;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use settings::Settings;

use crate::Error;

pub use cursor::Page;
pub(crate) use key::{Index, Item, ItemKey, Key, PK, Partition, SK, number, read};
pub(crate) use query::Query;
pub(crate) use transaction::{Committed, commit};
pub use transaction::{Member, Part};
pub(crate) use tries::{Rivals, Tries};
use write::Act;
pub(crate) use write::{Sent, Write};

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

const BATCH_GET: &str = "BatchGetItem";
pub(crate) const TRANSACT: &str = "TransactWriteItems";
/// The most keys of one BatchGetItem.
const MOST_KEYS: usize = 100;

/// A table. `T` is what its keys, partitions and indexes are marked with, so that none goes to another table.
pub(crate) struct Table<T> {
    client: Client,
    name: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            name: self.name.clone(),
            of: PhantomData,
        }
    }
}

impl<T> std::fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.name)
    }
}

impl<T> Table<T> {
    /// The table that this setting names.
    pub(crate) fn new(settings: &Settings, name: &'static str) -> Self {
        Self {
            client: settings.client(Client::new),
            name: settings.text(name),
            of: PhantomData,
        }
    }

    /// An item, consistently read.
    pub(crate) async fn get(&self, key: Key<T>) -> Result<Option<Attributes>, Error> {
        let call = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true);
        let answer = Box::pin(call.send()).await;
        Ok(answer.map_err(|error| Error::call("GetItem", error))?.item)
    }

    /// Items, consistently read, in no order. What is not there is left out; a key given twice is asked for once.
    pub(crate) async fn get_all(
        &self,
        keys: impl IntoIterator<Item = Key<T>>,
    ) -> Result<Vec<Attributes>, Error> {
        let mut reads = Reads::default();
        for key in keys {
            reads.add(self, key);
        }
        reads.send().await
    }

    /// The items of a partition, in the order of their sort keys, consistently read.
    pub(crate) fn list(&self, partition: Partition<T>) -> Query<'_> {
        Query::of_partition(&self.client, &self.name, partition)
    }

    /// The items that an index has under this value, eventually consistent.
    pub(crate) fn list_by(
        &self,
        index: &'static Index<T>,
        value: impl serde::Serialize,
    ) -> Query<'_> {
        Query::of_index(&self.client, &self.name, index, value)
    }

    pub(crate) fn put(&self, item: Item<T>) -> Write {
        match item.attributes {
            Ok(attributes) => self.write(Act::Put(attributes)),
            Err(error) => self.write(Act::Put(Attributes::new())).faulty(&error),
        }
    }

    /// Changes an item as this update expression says; in it, `#name` is the attribute `name`.
    pub(crate) fn update(&self, key: Key<T>, expression: impl Into<String>) -> Write {
        let (key, expression) = (key.attributes(), expression.into());
        self.write(Act::Update { key, expression })
    }

    /// Deletes an item, as a member of a transaction.
    pub(crate) fn delete(&self, key: Key<T>) -> Write {
        self.write(Act::Delete(key.attributes()))
    }

    /// Writes nothing: what its condition says must hold when the rest of a transaction is written.
    pub(crate) fn check(&self, key: Key<T>, condition: impl Into<String>) -> Write {
        self.write(Act::Check(key.attributes())).when(condition)
    }

    fn write(&self, act: Act) -> Write {
        Write::new(&self.client, &self.name, act)
    }
}

/// BatchGetItem until nothing is left, over one table or several.
#[derive(Default)]
pub(crate) struct Reads {
    client: Option<Client>,
    wanted: Vec<(String, ItemKey)>,
}

impl Reads {
    pub(crate) fn add<T>(&mut self, table: &Table<T>, key: Key<T>) {
        self.client.get_or_insert_with(|| table.client.clone());
        let wanted = (table.name.clone(), key.into_inner());
        if !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
    }

    /// The items, consistently read, in no order. What is not there is left out.
    pub(crate) async fn send(self) -> Result<Vec<Attributes>, Error> {
        let mut items = Vec::with_capacity(self.wanted.len());
        let Some(client) = self.client else {
            return Ok(items);
        };
        for chunk in self.wanted.chunks(MOST_KEYS) {
            let mut by_table: HashMap<&str, Vec<Attributes>> = HashMap::new();
            for (table, key) in chunk {
                let keys = by_table.entry(table).or_default();
                keys.push(key.clone().attributes());
            }
            let request = by_table.into_iter().map(|(table, keys)| {
                let keys = KeysAndAttributes::builder().set_keys(Some(keys));
                let keys = keys.consistent_read(true).build();
                let keys = keys.map_err(|error| Error::unbuildable(BATCH_GET, error))?;
                Ok((table.to_owned(), keys))
            });
            let request = request.collect::<Result<_, Error>>()?;
            drain(&client, request, &chunk[0].1.pk, &mut items).await?;
        }
        Ok(items)
    }
}

async fn drain(
    client: &Client,
    mut request: HashMap<String, KeysAndAttributes>,
    who: &str,
    items: &mut Vec<Attributes>,
) -> Result<(), Error> {
    let mut tries = Tries::new(BATCH_GET, Rivals::Few, who);
    while !request.is_empty() {
        tries.next().await?;
        let call = client.batch_get_item().set_request_items(Some(request));
        let answer = Box::pin(call.send()).await;
        let answer = answer.map_err(|error| Error::call(BATCH_GET, error))?;
        items.extend(answer.responses.into_iter().flatten().flat_map(|of| of.1));
        request = answer.unprocessed_keys.unwrap_or_default();
    }
    Ok(())
}

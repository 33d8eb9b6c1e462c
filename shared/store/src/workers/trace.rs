//! A worker's chain, read back.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::chain::Hash;
use domain::id::{EventId, WorkerId};
use serde_json::Value;

use super::append::{Body, PAYLOAD};
use super::item::{self, SealedItem, StoredEvent};
use super::{Workers, sealed};
use crate::cursor::{self, Expected};
use crate::key::{self, EVENT, Key, PK, SK};
use crate::transaction;
use crate::{Error, Page, batch};

/// An event with what it is about, as far as that is wanted and still there.
#[derive(Clone, Debug)]
pub struct TracedEvent {
    /// The event.
    pub stored: StoredEvent,
    /// Its payload.
    pub opened: Option<Opened>,
}

/// A payload, with the salt by which its commitment can be checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The key of the commitment's HMAC.
    pub salt: Hash,
    /// What the event is about.
    pub payload: Value,
}

impl Workers {
    /// A page of a worker's chain, from its beginning. With `payloads`, also what the events are about; of a
    /// worker whose data is erased there is nothing of that any more.
    ///
    /// # Errors
    /// When it cannot be read; [`Error::BadCursor`] when the cursor is not one of this chain.
    pub async fn trace(
        &self,
        id: &WorkerId,
        payloads: bool,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<TracedEvent>, Error> {
        let pk = key::chain_pk(id);
        let start = from.map(|from| {
            let expected = [
                (PK, Expected::Is(pk.as_str())),
                (SK, Expected::Text(|sk| sk.starts_with(EVENT))),
            ];
            cursor::read(from, &expected)
        });
        let page = self
            .client
            .query()
            .table_name(&self.tables.ledger)
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
            .expression_attribute_values(":event", AttributeValue::S(EVENT.to_owned()))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start.transpose()?)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let next = page.last_evaluated_key.as_ref().map(cursor::write);
        let events = page.items.unwrap_or_default().into_iter();
        let events: Vec<StoredEvent> = events.map(item::read_event).collect::<Result<_, _>>()?;
        let mut opened = if payloads {
            self.open_payloads(id, &events).await?
        } else {
            Vec::new()
        };
        let items = events.into_iter().map(|stored| {
            let place = opened.iter().position(|(event, _)| *event == stored.id);
            TracedEvent {
                opened: place.map(|place| opened.swap_remove(place).1),
                stored,
            }
        });
        Ok(Page {
            items: items.collect(),
            next: next.transpose()?,
        })
    }

    async fn open_payloads(
        &self,
        id: &WorkerId,
        events: &[StoredEvent],
    ) -> Result<Vec<(EventId, Opened)>, Error> {
        let own_key = [(self.tables.subject_keys.as_str(), Key::subject_key(id))];
        let own_key = batch::get(&self.client, own_key).await?.into_iter().next();
        let Some(wrapped) = sealed(own_key)? else {
            return Ok(Vec::new());
        };
        let own_key = self.personal.unwrap(id, &wrapped)?;
        let keys = events
            .iter()
            .map(|stored| (self.tables.ledger.as_str(), Key::payload(id, &stored.id)));
        let items = batch::get(&self.client, keys).await?;
        let mut opened = Vec::new();
        for found in items {
            let found = SealedItem::read(found)?;
            let event = found.sk.strip_prefix(key::PAYLOAD);
            let event = event.and_then(|bare| EventId::from_bare(bare).ok());
            let event = event.ok_or(Error::wrong("a payload's key is not an event's"))?;
            let Some(body) = found.bo else { continue };
            // What was sealed before an erasure, under a key that is gone, stays closed.
            let Ok(body) = own_key.open::<Body>(id, PAYLOAD, &body.0) else {
                continue;
            };
            let opening = Opened {
                salt: Hash(own_key.salt(&event)),
                payload: body.payload,
            };
            opened.push((event, opening));
        }
        Ok(opened)
    }

    /// Empties the payloads of a worker whose key is gone: nobody can read them, and what cannot be read need
    /// not be kept. Their items stay, so that a repeat of what caused an event stays harmless. Says how many.
    ///
    /// # Errors
    /// When some could not be emptied; doing it again goes on where it stopped.
    pub async fn empty_payloads(&self, id: &WorkerId) -> Result<usize, Error> {
        let mut emptied = 0;
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.ledger)
                .key_condition_expression("pk = :pk AND begins_with(sk, :payload)")
                .filter_expression("attribute_exists(bo)")
                .expression_attribute_values(":pk", AttributeValue::S(key::chain_pk(id)))
                .expression_attribute_values(":payload", AttributeValue::S(key::PAYLOAD.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            let full = page.items.unwrap_or_default();
            emptied += full.len();
            for items in full.chunks(50) {
                let mut writes = Vec::new();
                for found in items {
                    let found = SealedItem::read(found.clone())?;
                    let key = Key {
                        pk: found.pk,
                        sk: found.sk,
                    };
                    let item = SealedItem::write(key, found.sq, None)?;
                    writes.push(transaction::put(&self.tables.ledger, item, None)?);
                }
                if !matches!(
                    transaction::commit(&self.client, writes).await?,
                    transaction::Committed::Done
                ) {
                    return Err(Error::Busy {
                        call: "TransactWriteItems",
                    });
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(emptied);
            }
        }
    }
}

//! A worker's chain, read back.

use domain::chain::Hash;
use domain::id::{EventId, WorkerId};
use serde_json::Value;

use super::chain::{StoredEvent, read_event};
use super::key::parse_payload;
use crate::subject_keys::SealedItem;
use crate::table::{Key, Part, Partition, read};
use crate::workers::{Body, PAYLOAD, Workers, write_each};
use crate::{Error, Page};

/// An event with what it is about, as far as that is wanted and still there.
#[derive(Clone, Debug)]
pub struct TracedEvent {
    pub stored: StoredEvent,
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
    pub async fn trace(
        &self,
        id: &WorkerId,
        payloads: bool,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<TracedEvent>, Error> {
        let list = self.ledger.list(Partition::events(id));
        let page = list.page(limit, from, read_event).await?;
        let events = page.items;
        let mut opened = if payloads {
            let ids: Vec<EventId> = events.iter().map(|stored| stored.id.clone()).collect();
            self.payloads(id, &ids).await?
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
            next: page.next,
        })
    }

    /// What happened last to a worker, as it was a moment ago: so many events at most, the newest first.
    pub async fn latest(&self, id: &WorkerId, limit: u32) -> Result<Vec<StoredEvent>, Error> {
        let list = self.ledger.list(Partition::events(id)).eventually();
        Ok(list.backward().page(limit, None, read_event).await?.items)
    }

    /// What these events of a worker are about, in no order. What is not there, or erased, is left out.
    pub(crate) async fn payloads(
        &self,
        id: &WorkerId,
        events: &[EventId],
    ) -> Result<Vec<(EventId, Opened)>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let own_key = [Key::subject_key(id)];
        let own_key = self.subject_keys.get_all(own_key).await?.pop();
        let Some(wrapped) = SealedItem::body(own_key)? else {
            return Ok(Vec::new());
        };
        let own_key = self.personal.unwrap(id, &wrapped)?;
        let keys = events.iter().map(|event| Key::payload(id, event));
        let mut opened = Vec::new();
        for found in self.ledger.get_all(keys).await? {
            let (key, found): (_, SealedItem) = read(found)?;
            let event = parse_payload(&key);
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
        let mut list = self.ledger.list(Partition::payloads(id));
        list = list.filter("attribute_exists(bo)");
        while !list.is_at_end() {
            let full = list.more().await?;
            emptied += full.len();
            write_each(full, |item| {
                let key = Key::of(&item)?;
                let (_, SealedItem { sq, .. }) = read(item)?;
                let empty = self.ledger.put(key.item(SealedItem { sq, bo: None }));
                Ok(empty.named(Part::Payload))
            })
            .await?;
        }
        Ok(emptied)
    }
}

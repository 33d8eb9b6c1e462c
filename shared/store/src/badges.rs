//! The table `badges`: badges, the places that they have in status lists, and which of those are not valid.
//!
//! A badge begins, and changes whether it is good, in the transaction of its worker's events
//! ([`Workers::change`](crate::Workers::change)): what is written here for it is [`Also`](crate::Also). Only the signature is
//! written by itself, once the event stands in the chain.

mod also;
mod issuing;
mod item;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::badge::{Badge, BadgeSignature, BadgeStatus, StatusIndex};
use domain::id::{BadgeId, WorkerId};
use domain::time::Millis;
use settings::Settings;

use crate::bytes::Bytes;
use crate::cursor::{self, Expected};
use crate::key::{self, Attributes, Key, PK, SK};
use crate::{Error, Page, batch};

pub use also::{BadgeStep, MOST_REVOKED};
pub use issuing::{Issued, NewBadge};
pub use item::{BadgesImage, Entry, badges_image};

const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The table `badges`.
#[derive(Clone, Debug)]
pub struct Badges {
    client: Client,
    table: String,
}

impl Badges {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            table: settings.text("BADGES_TABLE"),
        }
    }

    /// A badge, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, id: &BadgeId) -> Result<Option<Badge>, Error> {
        let found = self.get_item(Key::badge(id)).await?;
        let stored = found.map(item::read_badge).transpose()?;
        Ok(stored.map(|stored| stored.badge))
    }

    /// A badge with the hash of the request that it was issued by, consistently read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get_issued(&self, id: &BadgeId) -> Result<Option<(Badge, [u8; 32])>, Error> {
        let found = self.get_item(Key::badge(id)).await?;
        let stored = found.map(item::read_badge).transpose()?;
        Ok(stored.map(|stored| (stored.badge, stored.body_hash)))
    }

    /// All badges that a worker was ever issued, consistently read, the last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn of_worker(&self, worker: &WorkerId) -> Result<Vec<Badge>, Error> {
        let mut badges = Vec::new();
        let mut start = None;
        loop {
            let (ids, next) = self.pointers(worker, None, start).await?;
            badges.extend(self.in_order(&ids).await?);
            start = next;
            if start.is_none() {
                return Ok(badges);
            }
        }
    }

    /// The badges of a worker that are neither revoked nor expired, consistently read, the last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn live_of_worker(
        &self,
        worker: &WorkerId,
        now: Millis,
    ) -> Result<Vec<Badge>, Error> {
        let mut badges = self.of_worker(worker).await?;
        badges.retain(|badge| badge.status != BadgeStatus::Revoked && !badge.is_expired(now));
        Ok(badges)
    }

    /// A page of the badges that a worker was issued, consistently read, the last first.
    ///
    /// # Errors
    /// When they cannot be read; [`Error::BadCursor`] when the cursor is not one of this list.
    pub async fn page_of_worker(
        &self,
        worker: &WorkerId,
        limit: u32,
        from: Option<&str>,
    ) -> Result<Page<Badge>, Error> {
        let pk = key::worker_pk(worker);
        let start = from.map(|from| {
            let is_pointer = |sk: &str| key::parse_badge_pointer(sk).is_some();
            let expected = [
                (PK, Expected::Is(pk.as_str())),
                (SK, Expected::Text(is_pointer)),
            ];
            cursor::read(from, &expected)
        });
        let (ids, next) = self
            .pointers(worker, Some(limit), start.transpose()?)
            .await?;
        Ok(Page {
            items: self.in_order(&ids).await?,
            next: next.as_ref().map(cursor::write).transpose()?,
        })
    }

    /// Which status list places are taken from, and so the last that there is. The first time it is written down,
    /// so that the list is published before anything in it changes.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn filling_list(&self) -> Result<u32, Error> {
        if let Some(list) = self.last_list().await? {
            return Ok(list);
        }
        self.fill(0, "attribute_not_exists(pk)", None).await?;
        Ok(self.last_list().await?.unwrap_or_default())
    }

    /// The last status list that there is; none before the first badge.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn last_list(&self) -> Result<Option<u32>, Error> {
        let found = self.get_item(Key::filling_list()).await?;
        found.as_ref().map(item::read_filling).transpose()
    }

    /// Leaves this list, which has become crowded, for the next one; unless that was done already. Behind the last
    /// one comes the first.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn leave_list(&self, list: u32) -> Result<(), Error> {
        let next = StatusIndex::new(list.wrapping_add(1), 0).list();
        self.fill(next, "li = :before", Some(list)).await
    }

    /// Gives a badge its signature, if it has none yet, and answers the badge as it is then.
    ///
    /// # Errors
    /// When it was not written, or that is not known; signing again is harmless.
    pub async fn sign(&self, id: &BadgeId, signature: &BadgeSignature) -> Result<Badge, Error> {
        let signed = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::badge(id).attributes()))
            .update_expression("SET ki = :kid, sg = :signature ADD v :one")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(sg)")
            .expression_attribute_values(":kid", AttributeValue::N(signature.kid.to_string()))
            .expression_attribute_values(
                ":signature",
                AttributeValue::B(signature.bytes.to_vec().into()),
            )
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .send()
            .await;
        match signed {
            Ok(_) => {}
            // Somebody else was quicker.
            Err(error) if is_refused(&error) => {}
            Err(error) => return Err(Error::call("UpdateItem", error)),
        }
        let badge = self.get(id).await?;
        badge.ok_or(Error::wrong("a badge that was signed is not there"))
    }

    /// The entries of a status list that are not valid, consistently read, in their order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn not_valid(&self, list: u32) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(key::not_valid_pk(list)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call("Query", error))?;
            for item in answer.items.unwrap_or_default() {
                entries.push(item::read_entry(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    async fn fill(&self, list: u32, condition: &str, before: Option<u32>) -> Result<(), Error> {
        let before = before.map(|list| AttributeValue::N(list.to_string()));
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Key::filling_list().attributes()))
            .item("li", AttributeValue::N(list.to_string()))
            .condition_expression(condition);
        if let Some(before) = before {
            put = put.expression_attribute_values(":before", before);
        }
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) => Err(Error::call("PutItem", error)),
        }
    }

    /// Ids of badges, the last first, and where to go on.
    async fn pointers(
        &self,
        worker: &WorkerId,
        limit: Option<u32>,
        start: Option<Attributes>,
    ) -> Result<(Vec<BadgeId>, Option<Attributes>), Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :badge)")
            .expression_attribute_values(":pk", AttributeValue::S(key::worker_pk(worker)))
            .expression_attribute_values(":badge", AttributeValue::S(key::BADGE_POINTER.to_owned()))
            .consistent_read(true)
            .scan_index_forward(false)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| Error::call("Query", error))?;
        let ids = answer.items.unwrap_or_default().into_iter().map(|item| {
            let sk = item.get(SK).and_then(|sk| sk.as_s().ok());
            sk.and_then(|sk| key::parse_badge_pointer(sk))
                .ok_or(Error::wrong("a worker points to what is no badge"))
        });
        Ok((ids.collect::<Result<_, _>>()?, answer.last_evaluated_key))
    }

    /// Badges in the order of these ids.
    async fn in_order(&self, ids: &[BadgeId]) -> Result<Vec<Badge>, Error> {
        let keys = ids.iter().map(|id| (self.table.as_str(), Key::badge(id)));
        let items = batch::get(&self.client, keys).await?;
        let badges = items.into_iter().map(item::read_badge);
        let mut badges: Vec<Badge> = badges
            .map(|stored| stored.map(|stored| stored.badge))
            .collect::<Result<_, _>>()?;
        badges.sort_by_key(|badge| ids.iter().position(|id| *id == badge.id));
        Ok(badges)
    }

    async fn get_item(&self, key: Key) -> Result<Option<Attributes>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::call("GetItem", error))?;
        Ok(answer.item)
    }
}

fn is_refused<E: ProvideErrorMetadata, R>(error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> bool {
    error.code() == Some(CONDITION_FAILED)
}

/// A signature as an attribute.
fn signature_of(bytes: Bytes, kid: Option<u8>) -> Result<BadgeSignature, Error> {
    let kid = kid.ok_or(Error::wrong("a badge is signed by no key"))?;
    let bytes = bytes.array()?;
    Ok(BadgeSignature { kid, bytes })
}

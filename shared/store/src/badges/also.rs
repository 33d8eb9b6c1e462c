//! What is written of badges in the transactions of their workers.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::badge::{Badge, BadgeStatus};
use domain::chain::{Actor, EventKind};
use domain::id::EventId;
use serde_json::json;

use super::{Badges, item};
use crate::Error;
use crate::key::Key;
use crate::transaction::{self, Also};
use crate::workers::NewEvent;

/// Of the writes of a badge that is issued, the one that takes a place in a status list: its condition fails when
/// another badge has the place.
pub(super) const INDEX_WRITE: usize = 2;

/// The most badges that one transaction revokes: each takes two of its hundred writes.
pub const MOST_REVOKED: usize = 40;

/// A badge's part in a change of its worker: the event, and the writes that go with it.
#[derive(Clone, Debug)]
pub struct BadgeStep {
    /// What happened.
    pub event: NewEvent,
    /// What is written for it.
    pub also: Vec<Also>,
}

impl Badges {
    /// A badge begins, without signature.
    pub(super) fn issued(
        &self,
        badge: &Badge,
        body_hash: &[u8; 32],
        actor: Actor,
    ) -> Result<BadgeStep, Error> {
        let whole = item::write_badge(badge, body_hash)?;
        let pointer = Key::badge_of_worker(&badge.worker, badge.issued_at, &badge.id);
        let mut taken = Key::taken_index(badge.index).attributes();
        taken.insert("bd".to_owned(), AttributeValue::S(badge.id.to_string()));
        let table = &self.table;
        let writes = [
            transaction::put_new(table, whole)?,
            transaction::put(table, pointer.attributes(), None)?,
            transaction::put_new(table, taken)?,
        ];
        Ok(BadgeStep {
            event: NewEvent {
                id: EventId::of(EventKind::BadgeIssued.as_str(), &[badge.id.as_str()]),
                kind: EventKind::BadgeIssued,
                actor,
                payload: json!({
                    "badge": badge.id,
                    "expires_at": badge.expires_at().to_rfc3339(),
                    "status_index": badge.index,
                }),
            },
            also: writes.map(Also).into(),
        })
    }

    /// A condition of another transaction: nothing about the badge has changed since it was read.
    ///
    /// # Errors
    /// None that a badge can cause; building is fallible by its signature.
    pub fn also_unchanged(&self, badge: &Badge) -> Result<Also, Error> {
        let version = AttributeValue::N(badge.version.to_string());
        let values = vec![(":v", version)];
        transaction::check(&self.table, Key::badge(&badge.id), "v = :v", values).map(Also)
    }

    /// Suspends, reinstates or revokes a badge: from `before`, as it was read, to `after`, as it was decided.
    ///
    /// # Errors
    /// When it was revoked before, which nobody decides; building is fallible by its signature.
    pub fn decide(
        &self,
        before: &Badge,
        after: &Badge,
        actor: Actor,
        reason: &str,
    ) -> Result<BadgeStep, Error> {
        let status = match after.status {
            BadgeStatus::Valid => "reinstated",
            BadgeStatus::Suspended { .. } => "suspended",
            BadgeStatus::Revoked => {
                let step = self.revoke(std::slice::from_ref(before), actor, reason)?;
                return step.ok_or(Error::wrong("a badge was revoked already"));
            }
        };
        let kind = EventKind::BadgeSuspended;
        let version = before.version.to_string();
        Ok(BadgeStep {
            event: NewEvent {
                id: EventId::of(kind.as_str(), &[after.id.as_str(), &version]),
                kind,
                actor,
                payload: json!({ "badge": after.id, "status": status, "reason": reason }),
            },
            also: self.change(before, after)?,
        })
    }

    /// Revokes badges of one worker with one event, at most [`MOST_REVOKED`] of them; those revoked already are left
    /// out. `None` when none is left.
    ///
    /// Who revokes all, as when a worker changes employer or is erased, reads them by [`Badges::live_of_worker`],
    /// and does it again after the change until there is none: one may have been issued meanwhile.
    ///
    /// # Errors
    /// None that a badge can cause; building is fallible by its signature.
    pub fn revoke(
        &self,
        badges: &[Badge],
        actor: Actor,
        reason: &str,
    ) -> Result<Option<BadgeStep>, Error> {
        let live = badges
            .iter()
            .filter(|badge| badge.status != BadgeStatus::Revoked)
            .take(MOST_REVOKED);
        let mut also = Vec::new();
        let mut revoked: Vec<&str> = Vec::new();
        for before in live {
            let after = Badge {
                status: BadgeStatus::Revoked,
                version: before.version + 1,
                ..before.clone()
            };
            also.extend(self.change(before, &after)?);
            revoked.push(before.id.as_str());
        }
        if revoked.is_empty() {
            return Ok(None);
        }
        let kind = EventKind::BadgeRevoked;
        Ok(Some(BadgeStep {
            event: NewEvent {
                id: EventId::of(kind.as_str(), &revoked),
                kind,
                actor,
                payload: json!({ "badges": revoked, "reason": reason }),
            },
            also,
        }))
    }

    /// Two writes: the status of the badge on its version, and its entry in the status list.
    fn change(&self, before: &Badge, after: &Badge) -> Result<Vec<Also>, Error> {
        let entry = match item::write_entry(after)? {
            Some(entry) => transaction::put(&self.table, entry, None)?,
            None => transaction::delete(&self.table, Key::not_valid(after.index))?,
        };
        Ok(vec![Also(self.status(before, after)?), Also(entry)])
    }

    fn status(&self, before: &Badge, after: &Badge) -> Result<TransactWriteItem, Error> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::badge(&after.id).attributes()))
            .condition_expression("v = :before")
            .expression_attribute_values(":before", number(before.version))
            .expression_attribute_values(":after", number(after.version))
            .expression_attribute_values(
                ":status",
                AttributeValue::S(after.status.as_str().to_owned()),
            );
        update = match after.status {
            BadgeStatus::Suspended { by } => update
                .update_expression("SET v = :after, st = :status, sb = :by")
                .expression_attribute_values(":by", serde_dynamo::to_attribute_value(by)?),
            BadgeStatus::Valid | BadgeStatus::Revoked => {
                update.update_expression("SET v = :after, st = :status REMOVE sb")
            }
        };
        let update = update
            .build()
            .map_err(|error| Error::unbuildable("TransactWriteItems", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

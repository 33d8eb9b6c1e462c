//! What is written of badges in the transactions of their workers.

use std::collections::BTreeMap;

use domain::badge::{Badge, BadgeStatus};
use domain::chain::{Actor, EventKind};
use domain::id::{BadgeId, EventId, WorkerId};
use serde::Serialize;
use serde_json::json;

use super::{Badges, item};
use crate::Error;
use crate::table::{Key, Member, Part};
use crate::workers::{NewEvent, Workers};

/// The most badges that one transaction revokes: each takes two of its hundred writes.
pub const MOST_REVOKED: usize = 40;

/// A badge's part in a change of its worker: the event, and the writes that go with it.
#[derive(Clone, Debug)]
pub struct BadgeStep {
    pub event: NewEvent,
    pub with: Vec<Member>,
}

/// The event by which a badge of this version was suspended or reinstated.
fn suspended(badge: &BadgeId, version: u64) -> EventId {
    let cause = [badge.as_str(), &version.to_string()];
    EventId::from_cause(EventKind::BadgeSuspended.as_str(), &cause)
}

/// Which badge has a place in a status list.
#[derive(Serialize)]
struct TakenItem<'a> {
    bd: &'a BadgeId,
}

impl Badges {
    /// A badge begins, without signature.
    pub(super) fn issued(&self, badge: &Badge, body_hash: &[u8; 32], actor: Actor) -> BadgeStep {
        let put = self.table.put(item::write_badge(badge, body_hash));
        let pointer = Key::pointer(&badge.worker, badge.issued_at, &badge.id);
        let pointer = self.table.put(pointer.only());
        let taken = Key::taken_place(badge.index).item(TakenItem { bd: &badge.id });
        let taken = self.table.put(taken);
        BadgeStep {
            event: NewEvent {
                id: EventId::from_cause(EventKind::BadgeIssued.as_str(), &[badge.id.as_str()]),
                kind: EventKind::BadgeIssued,
                actor,
                payload: json!({
                    "badge": badge.id,
                    "expires_at": badge.expires_at().to_rfc3339(),
                    "status_index": badge.index,
                }),
            },
            with: vec![
                put.if_absent().named(Part::Badge),
                pointer.named(Part::BadgePointer),
                taken.if_absent().named(Part::BadgePlace),
            ],
        }
    }

    /// A condition of a transaction: nothing about the badge has changed since it was read.
    pub fn unchanged(&self, badge: &Badge) -> Member {
        let check = self.table.check(Key::badge(&badge.id), "v = :v");
        check.value(":v", badge.version).named(Part::Badge)
    }

    /// Suspends, reinstates or revokes a badge: from `before`, as it was read, to `after`, as it was decided.
    ///
    /// # Errors
    /// When it was revoked before, which nobody decides.
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
                let step = self.revoke(std::slice::from_ref(before), actor, reason);
                return step.ok_or(Error::wrong("a badge was revoked already"));
            }
        };
        Ok(BadgeStep {
            event: NewEvent {
                id: suspended(&after.id, before.version),
                kind: EventKind::BadgeSuspended,
                actor,
                payload: json!({ "badge": after.id, "status": status, "reason": reason }),
            },
            with: self.change(before, after),
        })
    }

    /// Revokes badges of one worker with one event, at most [`MOST_REVOKED`] of them; those revoked already are left
    /// out. `None` when none is left.
    ///
    /// Who revokes all, as when a worker changes employer or is erased, reads them by [`Badges::live_of_worker`],
    /// and does it again after the change until there is none: one may have been issued meanwhile.
    pub fn revoke(&self, badges: &[Badge], actor: Actor, reason: &str) -> Option<BadgeStep> {
        let live = badges
            .iter()
            .filter(|badge| badge.status != BadgeStatus::Revoked)
            .take(MOST_REVOKED);
        let mut with = Vec::new();
        let mut revoked: Vec<&str> = Vec::new();
        for before in live {
            let after = Badge {
                status: BadgeStatus::Revoked,
                version: before.version + 1,
                ..before.clone()
            };
            with.extend(self.change(before, &after));
            revoked.push(before.id.as_str());
        }
        if revoked.is_empty() {
            return None;
        }
        let kind = EventKind::BadgeRevoked;
        Some(BadgeStep {
            event: NewEvent {
                id: EventId::from_cause(kind.as_str(), &revoked),
                kind,
                actor,
                payload: json!({ "badges": revoked, "reason": reason }),
            },
            with,
        })
    }

    /// Why each of these badges, of one worker, is suspended, if it is and her data is not erased.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn reasons(
        workers: &Workers,
        worker: &WorkerId,
        badges: &[Badge],
    ) -> Result<BTreeMap<BadgeId, String>, Error> {
        let is_suspended = |badge: &&Badge| matches!(badge.status, BadgeStatus::Suspended { .. });
        // Since then it may have been signed, which is a change without an event.
        let events = badges.iter().filter(is_suspended).flat_map(|badge| {
            [2, 1].map(|ago| {
                (
                    suspended(&badge.id, badge.version.saturating_sub(ago)),
                    badge,
                )
            })
        });
        let events: Vec<_> = events.collect();
        let ids: Vec<EventId> = events.iter().map(|(id, _)| id.clone()).collect();
        let opened = workers.payloads(worker, &ids).await?;
        let reasons = events.iter().filter_map(|(id, badge)| {
            let (_, found) = opened.iter().find(|(event, _)| event == id)?;
            Some((
                badge.id.clone(),
                found.payload["reason"].as_str()?.to_owned(),
            ))
        });
        Ok(reasons.collect())
    }

    /// Two writes: the status of the badge on its version, and its entry in the status list.
    fn change(&self, before: &Badge, after: &Badge) -> Vec<Member> {
        let entry = match item::write_entry(after) {
            Some(entry) => self.table.put(entry),
            None => self.table.delete(Key::not_valid(after.index)),
        };
        let key = Key::badge(&after.id);
        let status = match after.status {
            BadgeStatus::Suspended { by } => {
                let update = "SET v = :after, st = :status, sb = :by";
                self.table.update(key, update).value(":by", by)
            }
            BadgeStatus::Valid | BadgeStatus::Revoked => {
                let update = "SET v = :after, st = :status REMOVE sb";
                self.table.update(key, update)
            }
        };
        let status = status
            .when("v = :before")
            .value(":before", before.version)
            .value(":after", after.version)
            .value(":status", after.status.as_str());
        vec![status.named(Part::Badge), entry.named(Part::BadgeEntry)]
    }
}

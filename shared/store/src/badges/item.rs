//! Items of badges and status lists.

use domain::badge::{Badge, BadgeStatus, Decider, LIST_PLACES, StatusIndex};
use domain::id::{AgencyId, WorkerId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::key::{FILLING, parse_badge, parse_not_valid};
use super::{Badges, FillingItem, signature_of};
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{self, Attributes, Item, Key, read};

#[derive(Serialize, Deserialize)]
struct BadgeItem {
    v: u64,
    wk: WorkerId,
    ag: AgencyId,
    st: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sb: Option<Decider>,
    ix: StatusIndex,
    ex: u16,
    at: Millis,
    bh: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ki: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sg: Option<Bytes>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Valid,
    Suspended,
    Revoked,
}

#[derive(Serialize, Deserialize)]
struct EntryItem {
    st: Status,
    /// When DynamoDB may delete it, in epoch seconds.
    ttl: i64,
}

/// A badge's item as it was read.
pub(super) struct StoredBadge {
    pub(super) badge: Badge,
    pub(super) body_hash: [u8; 32],
}

/// An entry of a status list that is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the list.
    pub place: u32,
    /// Whether it is revoked, or else suspended.
    pub is_revoked: bool,
}

/// What an image in the table's stream is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgesImage {
    /// An entry of this status list.
    Entry(u32),
    /// The last status list that there is.
    LastList(u32),
    /// A badge, a scan, or what else there is.
    Other,
}

pub(super) fn write_badge(badge: &Badge, body_hash: &[u8; 32]) -> Item<Badges> {
    let (st, sb) = match badge.status {
        BadgeStatus::Valid => (Status::Valid, None),
        BadgeStatus::Suspended { by } => (Status::Suspended, Some(by)),
        BadgeStatus::Revoked => (Status::Revoked, None),
    };
    Key::badge(&badge.id).item(BadgeItem {
        v: badge.version,
        wk: badge.worker.clone(),
        ag: badge.agency.clone(),
        st,
        sb,
        ix: badge.index,
        ex: badge.expires_day,
        at: badge.issued_at,
        bh: Bytes(body_hash.to_vec()),
        ki: badge.signed.map(|signed| signed.kid),
        sg: badge.signed.map(|signed| Bytes(signed.bytes.to_vec())),
    })
}

pub(super) fn read_badge(item: Attributes) -> Result<StoredBadge, Error> {
    let (key, item): (_, BadgeItem) = read(item)?;
    let status = match (item.st, item.sb) {
        (Status::Valid, _) => BadgeStatus::Valid,
        (Status::Suspended, Some(by)) => BadgeStatus::Suspended { by },
        (Status::Suspended, None) => return Err(Error::wrong("nobody suspended a badge")),
        (Status::Revoked, _) => BadgeStatus::Revoked,
    };
    let signed = match item.sg {
        Some(bytes) => Some(signature_of(bytes, item.ki)?),
        None => None,
    };
    let badge = Badge {
        id: parse_badge(&key).ok_or(Error::wrong("its key is not a badge's"))?,
        worker: item.wk,
        agency: item.ag,
        status,
        index: item.ix,
        expires_day: item.ex,
        issued_at: item.at,
        version: item.v,
        signed,
    };
    Ok(StoredBadge {
        badge,
        body_hash: item.bh.array()?,
    })
}

/// The entry of a badge that is not valid; `None` for one that is. It may go two days after the badge's last day:
/// who verifies offline looks at that first.
pub(super) fn write_entry(badge: &Badge) -> Option<Item<Badges>> {
    let st = match badge.status {
        BadgeStatus::Valid => return None,
        BadgeStatus::Suspended { .. } => Status::Suspended,
        BadgeStatus::Revoked => Status::Revoked,
    };
    Some(Key::not_valid(badge.index).item(EntryItem {
        st,
        ttl: badge.expires_at().second() + 2 * 86_400,
    }))
}

pub(super) fn read_entry(item: Attributes) -> Result<Entry, Error> {
    let (key, item): (_, EntryItem) = read(item)?;
    let place = key.sk.parse().ok().filter(|place| *place < LIST_PLACES);
    Ok(Entry {
        place: place.ok_or(Error::wrong("an entry has no place in a status list"))?,
        is_revoked: match item.st {
            Status::Revoked => true,
            Status::Suspended => false,
            Status::Valid => return Err(Error::wrong("an entry that is valid is stored")),
        },
    })
}

/// What an image in the table's stream is of.
///
/// # Errors
/// When it is the last list's number and cannot be read.
pub fn badges_image(image: impl Into<serde_dynamo::Item>) -> Result<BadgesImage, Error> {
    let image = image.into();
    let text = |name| match image.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.as_str(),
        _ => "",
    };
    if let Some(list) = parse_not_valid(text(table::PK)) {
        return Ok(BadgesImage::Entry(list));
    }
    if text(table::SK) != FILLING {
        return Ok(BadgesImage::Other);
    }
    let (_, FillingItem { li }) = read(image)?;
    Ok(BadgesImage::LastList(li))
}

#[cfg(test)]
mod tests {
    use domain::badge::BadgeSignature;
    use domain::id::BadgeId;

    use super::*;

    fn badge(status: BadgeStatus, signed: Option<BadgeSignature>) -> Badge {
        Badge {
            id: BadgeId::from_bytes(&[1; 8]),
            worker: WorkerId::from_bytes(&[2; 16]),
            agency: AgencyId::from_bytes(&[3; 16]),
            status,
            index: StatusIndex::new(2, 17),
            expires_day: 20_833,
            issued_at: Millis(1_769_821_200_000),
            version: 3,
            signed,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let signed = BadgeSignature {
            kid: 4,
            bytes: [5; 64],
        };
        let suspended = |by| BadgeStatus::Suspended { by };
        for badge in [
            badge(BadgeStatus::Valid, None),
            badge(BadgeStatus::Valid, Some(signed)),
            badge(suspended(Decider::Agency), Some(signed)),
            badge(suspended(Decider::Authority), None),
            badge(BadgeStatus::Revoked, Some(signed)),
        ] {
            let item = write_badge(&badge, &[9; 32]).written();
            let read = read_badge(item).unwrap();
            assert!(read.badge == badge, "{badge:?}");
            assert_eq!(read.body_hash, [9; 32]);
        }
    }

    #[test]
    fn only_what_is_not_valid_is_an_entry() {
        assert!(write_entry(&badge(BadgeStatus::Valid, None)).is_none());
        let entry = write_entry(&badge(BadgeStatus::Revoked, None));
        let entry = entry.unwrap().written();
        assert_eq!(badges_image(entry.clone()).unwrap(), BadgesImage::Entry(2));
        let entry = read_entry(entry).unwrap();
        let expected = Entry {
            place: 17,
            is_revoked: true,
        };
        assert_eq!(entry, expected);
        let whole = write_badge(&badge(BadgeStatus::Revoked, None), &[0; 32]).written();
        assert_eq!(badges_image(whole).unwrap(), BadgesImage::Other);
    }
}

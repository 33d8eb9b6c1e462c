//! Every key of every item, built and parsed here and nowhere else.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::badge::StatusIndex;
use domain::feed::BatchId;
use domain::geo::{Cell4, Cell5};
use domain::id::{AgencyId, BadgeId, EventId, OrderId, SourceId, StoreId, WorkerId};
use domain::time::Millis;

use crate::Error;

/// The partition key's name, in both tables.
pub(crate) const PK: &str = "pk";
/// The sort key's name, in both tables.
pub(crate) const SK: &str = "sk";

/// Sort key of an order's own item.
pub(crate) const ORDER: &str = "order";
/// Sort key of an order's sealed details.
pub(crate) const DETAILS: &str = "details";
/// Sort key of an agency's own item.
pub(crate) const AGENCY: &str = "agency";
/// What sort keys of stores begin with.
pub(crate) const STORE: &str = "store#";

/// Sort key of a worker's own item.
pub(crate) const WORKER: &str = "worker";
/// What sort keys of looks at a worker's record begin with.
pub(crate) const VIEW: &str = "view#";
/// What sort keys of a worker's objections begin with.
pub(crate) const OBJECTION: &str = "objection#";
/// What sort keys of events begin with.
pub(crate) const EVENT: &str = "event#";
/// What sort keys of events' payloads begin with.
pub(crate) const PAYLOAD: &str = "payload#";

/// Sort key of a badge's own item.
pub(crate) const BADGE: &str = "badge";
/// What sort keys of a worker's pointers to her badges begin with.
pub(crate) const BADGE_POINTER: &str = "badge#";
/// Sort key of the item that says which status list is being filled.
pub(crate) const FILLING: &str = "filling";

/// Sort key of a worker's calendar.
pub(crate) const CALENDAR: &str = "calendar";

/// Partition key of where the log ends, and of its tiles.
const LOG: &str = "LOG";
/// Partition key of its latest checkpoint: apart, so that a role may write it and nothing else of the log.
const LOG_CHECKPOINT: &str = "LOG#checkpoint";

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub(crate) fn order(order: &OrderId) -> Self {
        Self::new(order.bare(), ORDER)
    }

    pub(crate) fn details(order: &OrderId) -> Self {
        Self::new(order.bare(), DETAILS)
    }

    pub(crate) fn explanation(order: &OrderId, epoch: u32, at: Millis) -> Self {
        Self::new(order.bare(), format!("explanation#{epoch}#{}", at.0))
    }

    /// By the sort key that an order names its explanation by.
    pub(crate) fn named_explanation(order: &OrderId, name: &str) -> Self {
        Self::new(order.bare(), name)
    }

    /// What the customer says of the visit.
    pub(crate) fn rating(order: &OrderId) -> Self {
        Self::new(order.bare(), "rating")
    }

    /// A code of a worker's phone that was used for this order.
    pub(crate) fn used_code(order: &OrderId, badge: &BadgeId, step: u32) -> Self {
        Self::new(order.bare(), format!("code#{}#{step}", badge.bare()))
    }

    /// That a version of an order has been counted for its agency.
    pub(crate) fn counted(order: &OrderId, version: u64) -> Self {
        Self::new(order.bare(), format!("counted#{version}"))
    }

    /// The visits that a worker is named for.
    pub(crate) fn calendar(worker: &WorkerId) -> Self {
        Self::new(format!("C#{}", worker.bare()), CALENDAR)
    }

    pub(crate) fn agency(agency: &AgencyId) -> Self {
        Self::new(agency_pk(agency), AGENCY)
    }

    pub(crate) fn store(agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(agency_pk(agency), format!("{STORE}{}", store.bare()))
    }

    pub(crate) fn uscc(uscc: &str) -> Self {
        Self::new(format!("U#{uscc}"), "uscc")
    }

    pub(crate) fn authority(access_key: &str) -> Self {
        Self::new(format!("K#{access_key}"), "authority")
    }

    /// A store in a cell that its disc touches.
    pub(crate) fn disc_cell(cell: &Cell5, agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(disc_cell_pk(cell), in_cell(agency, store))
    }

    /// A store in the larger cell that holds it.
    pub(crate) fn home_cell(cell: &Cell4, agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(home_cell_pk(cell), in_cell(agency, store))
    }

    pub(crate) fn worker(worker: &WorkerId) -> Self {
        Self::new(worker_pk(worker), WORKER)
    }

    /// A worker's sealed personal data, apart from what others may read of her.
    pub(crate) fn profile(worker: &WorkerId) -> Self {
        Self::new(format!("N#{}", worker.bare()), "profile")
    }

    /// A registration of a worker, by the agency and the hash of its idempotency key.
    pub(crate) fn worker_request(agency: &AgencyId, key_hash: &str) -> Self {
        Self::new(format!("R#{}#{key_hash}", agency.bare()), "request")
    }

    /// Whose a phone is, by its keyed hash.
    pub(crate) fn phone(hash: &str) -> Self {
        Self::new(format!("P#{hash}"), "phone")
    }

    /// A worker's own key, in the table `subject-keys`.
    pub(crate) fn subject_key(worker: &WorkerId) -> Self {
        Self::new(format!("S#{}", worker.bare()), "key")
    }

    /// That a worker took her consent back.
    pub(crate) fn withdrawn(worker: &WorkerId) -> Self {
        Self::new(format!("N#{}", worker.bare()), "withdrawn")
    }

    /// That somebody looked at a worker's record; of several looks at one moment, `nonce` says which.
    pub(crate) fn view(worker: &WorkerId, at: Millis, nonce: &str) -> Self {
        Self::new(view_pk(worker), format!("{VIEW}{:013}#{nonce}", at.0))
    }

    /// What a worker objects to, by the event that says so.
    pub(crate) fn objection(worker: &WorkerId, event: &EventId) -> Self {
        Self::new(objection_pk(worker), format!("{OBJECTION}{}", event.bare()))
    }

    /// That a worker's data was erased, in the table `subject-keys`, which is never restored.
    pub(crate) fn erased(worker: &WorkerId) -> Self {
        Self::new(format!("S#{}", worker.bare()), "erased")
    }

    /// An event of a worker's chain.
    pub(crate) fn event(worker: &WorkerId, seq: u64) -> Self {
        Self::new(chain_pk(worker), format!("{EVENT}{seq:010}"))
    }

    /// What an event is about.
    pub(crate) fn payload(worker: &WorkerId, event: &EventId) -> Self {
        Self::new(chain_pk(worker), format!("{PAYLOAD}{}", event.bare()))
    }

    /// Where the log ends.
    pub(crate) fn log_head() -> Self {
        Self::new(LOG, "head")
    }

    /// A tile of the log's tree.
    pub(crate) fn tile(level: u32, index: u64) -> Self {
        Self::new(LOG, format!("tile#{level}#{index}"))
    }

    /// The log's latest checkpoint.
    pub(crate) fn checkpoint() -> Self {
        Self::new(LOG_CHECKPOINT, "checkpoint")
    }

    /// Where a worker's chain ends.
    pub(crate) fn head(worker: &WorkerId) -> Self {
        Self::new(chain_pk(worker), "head")
    }

    /// A scan of a badge, in the table `badges`.
    pub(crate) fn scan(badge: &BadgeId, at: Millis, who: &str) -> Self {
        Self::new(scans_pk(badge), format!("{}{who}", scans_from(at)))
    }

    /// A badge's own item, in the table `badges`.
    pub(crate) fn badge(badge: &BadgeId) -> Self {
        Self::new(format!("B#{}", badge.bare()), BADGE)
    }

    /// Which badge a worker was issued, in the order of time.
    pub(crate) fn badge_of_worker(worker: &WorkerId, at: Millis, badge: &BadgeId) -> Self {
        let sk = format!("{BADGE_POINTER}{:013}#{}", at.0, badge.bare());
        Self::new(worker_pk(worker), sk)
    }

    /// A place of a status list that a badge has taken.
    pub(crate) fn taken_index(index: StatusIndex) -> Self {
        Self::new(format!("X#{}", index.list()), place_sk(index))
    }

    /// The list from which places are taken.
    pub(crate) fn filling_list() -> Self {
        Self::new("X", FILLING)
    }

    /// A place of a status list whose badge is not valid.
    pub(crate) fn not_valid(index: StatusIndex) -> Self {
        Self::new(not_valid_pk(index.list()), place_sk(index))
    }

    /// Where the batches of a source of credit records stand.
    pub(crate) fn feed_source(source: &SourceId) -> Self {
        Self::new(feed_pk(source), "source")
    }

    /// A batch of a source.
    pub(crate) fn feed_batch(source: &SourceId, batch: &BatchId) -> Self {
        Self::new(feed_pk(source), format!("batch#{batch}"))
    }

    /// The key attributes of an item.
    pub(crate) fn of(item: &Attributes) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self {
            pk: text(PK)?,
            sk: text(SK)?,
        })
    }

    pub(crate) fn attributes(self) -> Attributes {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk)),
            (SK.to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

pub(crate) fn agency_pk(agency: &AgencyId) -> String {
    format!("A#{}", agency.bare())
}

pub(crate) fn disc_cell_pk(cell: &Cell5) -> String {
    format!("C#{}", cell.as_str())
}

pub(crate) fn home_cell_pk(cell: &Cell4) -> String {
    format!("H#{}", cell.as_str())
}

pub(crate) fn worker_pk(worker: &WorkerId) -> String {
    format!("W#{}", worker.bare())
}

pub(crate) fn chain_pk(worker: &WorkerId) -> String {
    format!("E#{}", worker.bare())
}

pub(crate) fn view_pk(worker: &WorkerId) -> String {
    format!("V#{}", worker.bare())
}

pub(crate) fn objection_pk(worker: &WorkerId) -> String {
    format!("O#{}", worker.bare())
}

/// Whose objection it is, and which, if it is the key of one.
pub(crate) fn parse_objection(pk: &str, sk: &str) -> Option<(WorkerId, EventId)> {
    let worker = WorkerId::from_bare(pk.strip_prefix("O#")?).ok()?;
    let event = EventId::from_bare(sk.strip_prefix(OBJECTION)?).ok()?;
    Some((worker, event))
}

/// The log of a badge's scans.
pub(crate) fn scans_pk(badge: &BadgeId) -> String {
    format!("S#{}", badge.bare())
}

/// What sort keys of scans at this moment begin with; thirteen digits, so that they sort as moments do.
pub(crate) fn scans_from(at: Millis) -> String {
    format!("{:013}#", at.0.max(0))
}

/// The entries of a status list that are not valid.
pub(crate) fn not_valid_pk(list: u32) -> String {
    format!("L#{list}")
}

/// Seven digits hold every place, so that places sort as numbers do.
fn place_sk(index: StatusIndex) -> String {
    format!("{:07}", index.place())
}

/// The badge of a partition key of the table `badges`, if it is a badge's own.
pub(crate) fn parse_badge(pk: &str) -> Option<BadgeId> {
    BadgeId::from_bare(pk.strip_prefix("B#")?).ok()
}

/// The badge of a worker's pointer to it.
pub(crate) fn parse_badge_pointer(sk: &str) -> Option<BadgeId> {
    let (_, badge) = sk.strip_prefix(BADGE_POINTER)?.split_once('#')?;
    BadgeId::from_bare(badge).ok()
}

/// The list of an entry that is not valid.
pub(crate) fn parse_not_valid(pk: &str) -> Option<u32> {
    pk.strip_prefix("L#")?.parse().ok()
}

fn feed_pk(source: &SourceId) -> String {
    format!("F#{source}")
}

/// The worker of a partition key of the table `workers`, if it is a worker's own.
pub(crate) fn parse_worker(pk: &str) -> Option<WorkerId> {
    WorkerId::from_bare(pk.strip_prefix("W#")?).ok()
}

/// Whose calendar it is, if it is the partition key of one.
pub(crate) fn parse_calendar(pk: &str) -> Option<WorkerId> {
    WorkerId::from_bare(pk.strip_prefix("C#")?).ok()
}

/// Whose event it is, and its place, if it is the key of an event.
pub(crate) fn parse_event(pk: &str, sk: &str) -> Option<(WorkerId, u64)> {
    let worker = WorkerId::from_bare(pk.strip_prefix("E#")?).ok()?;
    Some((worker, sk.strip_prefix(EVENT)?.parse().ok()?))
}

/// The level and index of a tile's sort key, if it is a tile's.
pub(crate) fn parse_tile(sk: &str) -> Option<(u32, u64)> {
    let (level, index) = sk.strip_prefix("tile#")?.split_once('#')?;
    Some((level.parse().ok()?, index.parse().ok()?))
}

fn in_cell(agency: &AgencyId, store: &StoreId) -> String {
    format!("{}#{}", agency.bare(), store.bare())
}

/// The order of a partition key of the table `orders`.
pub(crate) fn parse_order(pk: &str) -> Result<OrderId, Error> {
    OrderId::from_bare(pk).map_err(|_| Error::wrong("its key is not an order's"))
}

/// The agency of a partition key of the table `directory`, if it is an agency's.
pub(crate) fn parse_agency(pk: &str) -> Option<AgencyId> {
    AgencyId::from_bare(pk.strip_prefix("A#")?).ok()
}

/// The store of a sort key, if it is a store's.
pub(crate) fn parse_store(sk: &str) -> Option<StoreId> {
    StoreId::from_bare(sk.strip_prefix(STORE)?).ok()
}

/// Agency and store of a cell's sort key.
pub(crate) fn parse_in_cell(sk: &str) -> Result<(AgencyId, StoreId), Error> {
    let ids = sk.split_once('#').and_then(|(agency, store)| {
        Some((
            AgencyId::from_bare(agency).ok()?,
            StoreId::from_bare(store).ok()?,
        ))
    });
    ids.ok_or(Error::wrong("its key is not a store's in a cell"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_data_model_says() {
        let order = OrderId::from_bytes(&[0; 16]);
        let agency = AgencyId::from_bytes(&[0xff; 16]);
        let store = StoreId::from_bytes(&[0; 8]);
        let written = [
            (Key::order(&order), "00000000000000000000000000 order"),
            (Key::details(&order), "00000000000000000000000000 details"),
            (
                Key::explanation(&order, 2, Millis(1500)),
                "00000000000000000000000000 explanation#2#1500",
            ),
            (Key::agency(&agency), "A#zzzzzzzzzzzzzzzzzzzzzzzzzw agency"),
            (
                Key::store(&agency, &store),
                "A#zzzzzzzzzzzzzzzzzzzzzzzzzw store#0000000000000",
            ),
            (Key::uscc("91230100MA1B2C3D4X"), "U#91230100MA1B2C3D4X uscc"),
            (Key::authority("k"), "K#k authority"),
            (Key::log_head(), "LOG head"),
            (Key::tile(1, 2), "LOG tile#1#2"),
            (Key::checkpoint(), "LOG#checkpoint checkpoint"),
        ];
        for (key, expected) in written {
            assert_eq!(format!("{} {}", key.pk, key.sk), expected);
        }
    }

    #[test]
    fn what_is_built_is_parsed() {
        let agency = AgencyId::from_bytes(&[7; 16]);
        let store = StoreId::from_bytes(&[9; 8]);
        let cell: Cell5 = "yb4h2".parse().unwrap();
        let key = Key::disc_cell(&cell, &agency, &store);
        assert_eq!(key.pk, "C#yb4h2");
        assert_eq!(
            parse_in_cell(&key.sk).unwrap(),
            (agency.clone(), store.clone())
        );
        let key = Key::store(&agency, &store);
        assert_eq!(parse_agency(&key.pk), Some(agency));
        assert_eq!(parse_store(&key.sk), Some(store));
        assert_eq!(parse_store(AGENCY), None);
        assert!(parse_in_cell("x#y").is_err());
        assert!(parse_order("C#yb4h2").is_err());
    }
}

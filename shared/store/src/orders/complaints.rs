//! Complaints: an item of the order for each, and two beside it by which agency and customer find it. All of them lie with the
//! order, so that whatever erases the order's customer erases them too.

use domain::complaint::{Complaint, ComplaintStatus};
use domain::id::{AgencyId, CustomerId, OrderId};
use domain::order::{DETAILS_KEPT, Order};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::key::{self, COMPLAINT, COMPLAINTS, parse_order};
use super::{Orders, item};
use crate::bytes::Bytes;
use crate::table::{
    Attributes, Committed, ItemKey, Key, Member, Part, Rivals, TRANSACT, Tries, commit, read,
};
use crate::workers::erasure_waits;
use crate::{Error, Page, SealKey, Sealed};

/// Whose list of complaints.
#[derive(Clone, Copy, Debug)]
pub enum ComplaintsOf<'a> {
    Customer(&'a CustomerId),
    Agency(&'a AgencyId),
    /// Those that wait for the agency or the authority, the oldest first.
    Undecided,
    Decided,
}

impl ComplaintsOf<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Customer(id) => id.as_str(),
            Self::Agency(id) => id.as_str(),
            Self::Undecided => "undecided",
            Self::Decided => "decided",
        }
    }
}

/// What is kept of a complaint, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptComplaint {
    pub complaint: Complaint,
    /// Hashes of the request that made it.
    pub made_by: [u8; 32],
}

/// What a complaint has to know, read at once.
#[derive(Clone, Debug, Default)]
pub struct BeforeComplaint {
    pub order: Option<Order>,
    pub complaint: Option<KeptComplaint>,
    /// Whether the customer wants to be erased.
    pub is_to_be_erased: bool,
}

/// By which a complaint is found.
#[derive(Serialize)]
struct ListedItem<'a> {
    cl: &'a str,
    at: Millis,
    /// In seconds.
    ttl: i64,
}

#[derive(Serialize, Deserialize)]
struct ComplaintItem {
    cl: String,
    at: Millis,
    ttl: i64,
    st: ComplaintStatus,
    sealed: Bytes,
}

impl Orders {
    /// All that a complaint has to know, in one call.
    pub async fn before_complaint(
        &self,
        order: &OrderId,
        customer: &CustomerId,
        seal: &SealKey,
        now: Millis,
    ) -> Result<BeforeComplaint, Error> {
        let keys = [
            Key::order(order),
            Key::complaint(order),
            Key::erasure(customer),
        ];
        let mut found = BeforeComplaint::default();
        for item in self.table.get_all(keys).await? {
            match ItemKey::of(&item)?.sk.as_str() {
                COMPLAINT => found.complaint = open(item, seal, now)?,
                key::ERASURE => found.is_to_be_erased = erasure_waits(item)?,
                _ => found.order = Some(item::read(item)?),
            }
        }
        Ok(found)
    }

    /// Keeps a complaint of an order that ended at `ended_at`. `false` if the order has one.
    pub async fn complain(
        &self,
        new: &KeptComplaint,
        customer: &CustomerId,
        ended_at: Millis,
        seal: &SealKey,
    ) -> Result<bool, Error> {
        let (complaint, ttl) = (&new.complaint, (ended_at + DETAILS_KEPT).second());
        let (order, at) = (&complaint.order_id, complaint.at);
        let item = ComplaintItem {
            cl: ComplaintsOf::Undecided.as_str().to_owned(),
            at,
            ttl,
            st: complaint.status,
            sealed: Bytes(seal.seal_complaint(order, new)?.0),
        };
        let put = self.table.put(Key::complaint(order).item(item)).if_absent();
        let listed = |list: ComplaintsOf<'_>, key: Key<Orders>| {
            let cl = list.as_str();
            let put = self.table.put(key.item(ListedItem { cl, at, ttl }));
            put.named(Part::Complaint)
        };
        let (by, of) = (
            Key::customers_complaint(order),
            Key::agencys_complaint(order),
        );
        let members = vec![
            put.named(Part::Complaint),
            listed(ComplaintsOf::Customer(customer), by),
            listed(ComplaintsOf::Agency(&complaint.agency_id), of),
        ];
        self.commit_complaint(order, members).await
    }

    /// The complaint of an order, unless it is gone with the order's details.
    pub async fn complaint(
        &self,
        order: &OrderId,
        seal: &SealKey,
        now: Millis,
    ) -> Result<Option<KeptComplaint>, Error> {
        let found = self.table.get(Key::complaint(order)).await?;
        let found = found.map(|item| open(item, seal, now)).transpose()?;
        Ok(found.flatten())
    }

    /// A page of complaints, the newest first unless they wait.
    pub async fn complaints(
        &self,
        list: ComplaintsOf<'_>,
        limit: u32,
        cursor: Option<&str>,
        seal: &SealKey,
        now: Millis,
    ) -> Result<Page<Complaint>, Error> {
        let query = self.table.list_by(&COMPLAINTS, list.as_str());
        let query = match list {
            ComplaintsOf::Undecided => query,
            _ => query.backward(),
        };
        let id = |item| parse_order(&ItemKey::of(&item)?.pk);
        let page = query.page(limit, cursor, id).await?;
        let keys = page.items.iter().map(Key::complaint);
        let mut items = Vec::new();
        for item in self.table.get_all(keys).await? {
            items.extend(open(item, seal, now)?.map(|kept| kept.complaint));
        }
        items.sort_by_key(|found| page.items.iter().position(|id| *id == found.order_id));
        let next = page.next;
        Ok(Page { items, next })
    }

    /// A complaint after a change, as part of a transaction, if its status is what it was `before`.
    pub fn complaint_changed(
        &self,
        after: &KeptComplaint,
        before: ComplaintStatus,
        seal: &SealKey,
    ) -> Result<Member, Error> {
        let complaint = &after.complaint;
        let order = &complaint.order_id;
        let list = if complaint.status.is_decided() {
            ComplaintsOf::Decided
        } else {
            ComplaintsOf::Undecided
        };
        let update = "SET st = :status, cl = :list, sealed = :sealed";
        let update = self.table.update(Key::complaint(order), update);
        Ok(update
            .when("st = :before")
            .value(":before", before)
            .value(":status", complaint.status)
            .value(":list", list.as_str())
            .value(":sealed", Bytes(seal.seal_complaint(order, after)?.0))
            .named(Part::Complaint))
    }

    /// Writes what changes a complaint, all or nothing. `false` when a condition fails.
    pub async fn commit_complaint(
        &self,
        order: &OrderId,
        members: Vec<Member>,
    ) -> Result<bool, Error> {
        let mut tries = Tries::new(TRANSACT, Rivals::Few, order.as_str());
        loop {
            tries.next().await?;
            match commit(members.clone()).await? {
                Committed::Done => return Ok(true),
                Committed::Refused(_) => return Ok(false),
                Committed::Conflict => {}
            }
        }
    }
}

/// `None` once it is gone with the order's details.
fn open(item: Attributes, seal: &SealKey, now: Millis) -> Result<Option<KeptComplaint>, Error> {
    let (key, item): (_, ComplaintItem) = read(item)?;
    let is_there = now.second() < item.ttl;
    let opened = is_there.then(|| {
        let order = parse_order(&key.pk)?;
        seal.open_complaint(&order, &Sealed(item.sealed.0))
    });
    opened.transpose()
}

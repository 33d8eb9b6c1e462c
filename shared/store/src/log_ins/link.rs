//! Links from what WeChat knows a customer by to the customer, so that one person is one in the mini-program and in the
//! official account.

use domain::id::CustomerId;
use serde::{Deserialize, Serialize};

use super::LogIns;
use crate::Error;
use crate::table::{Committed, Key, Part, commit, read};

#[derive(Serialize, Deserialize)]
struct LinkItem {
    cu: CustomerId,
}

/// Whom links lead to, if there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linked {
    /// From the open id.
    pub by_open_id: Option<CustomerId>,
    /// From the union id.
    pub by_union_id: Option<CustomerId>,
}

impl LogIns {
    /// Whom the keyed hashes of an open id and a union id lead to.
    pub async fn linked(
        &self,
        open_id: &CustomerId,
        union_id: Option<&CustomerId>,
    ) -> Result<Linked, Error> {
        let keys = [Some(open_id), union_id].into_iter().flatten();
        let mut linked = Linked::default();
        for item in self.table.get_all(keys.map(Key::link)).await? {
            let is_of_open_id = Key::link(open_id).is_of(&item);
            let (_, LinkItem { cu }) = read(item)?;
            if is_of_open_id {
                linked.by_open_id = Some(cu);
            } else {
                linked.by_union_id = Some(cu);
            }
        }
        Ok(linked)
    }

    /// Links these to a customer, all or none; `false` if one of them has been linked meanwhile.
    pub async fn link(
        &self,
        customer: &CustomerId,
        known_by: &[&CustomerId],
    ) -> Result<bool, Error> {
        let members = known_by.iter().flat_map(|known_by| {
            let link = Key::link(known_by).item(LinkItem {
                cu: customer.clone(),
            });
            let pointer = Key::pointer(customer, known_by).only();
            [
                self.table.put(link).if_absent().named(Part::Link),
                self.table.put(pointer).named(Part::Link),
            ]
        });
        Ok(matches!(commit(members).await?, Committed::Done))
    }
}

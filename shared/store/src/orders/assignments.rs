//! What an agency has been assigned lately.
//!
//! Two choices at the same moment would not see each other in an index, which is a moment behind. So each writes its
//! assignment here too, on the version that it has read: the second one is refused, and chooses again.

use domain::id::{AgencyId, OrderId};
use serde::{Deserialize, Serialize};

use super::Orders;
use crate::Error;
use crate::table::{Key, Member, Part, read};

/// Older ones are in the index by then.
const MOST: usize = 50;

/// The orders that an agency was assigned last, as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    /// 0 while nothing is stored.
    version: u64,
    pub orders: Vec<OrderId>,
}

#[derive(Serialize, Deserialize)]
struct AssignmentsItem {
    v: u64,
    os: Vec<OrderId>,
}

impl Orders {
    /// Consistently read.
    pub async fn assignments(&self, agency: &AgencyId) -> Result<Assignments, Error> {
        let found = self.table.get(Key::assignments(agency)).await?;
        let found = found.map(read::<AssignmentsItem>).transpose()?;
        Ok(
            found.map_or_else(Assignments::default, |(_, item)| Assignments {
                version: item.v,
                orders: item.os,
            }),
        )
    }

    /// Adds one, if there is none since these were read.
    pub(super) fn add_assignment(
        &self,
        agency: &AgencyId,
        before: &Assignments,
        order: &OrderId,
    ) -> Member {
        let recent = before.orders.iter().filter(|old| *old != order);
        let recent: Vec<&OrderId> = recent.collect();
        let kept = &recent[recent.len().saturating_sub(MOST - 1)..];
        let item = Key::assignments(agency).item(AssignmentsItem {
            v: before.version + 1,
            os: kept.iter().copied().chain([order]).cloned().collect(),
        });
        let put = self.table.put(item).on_version(before.version);
        put.named(Part::Assignments)
    }
}

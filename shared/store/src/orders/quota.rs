//! What a customer has placed lately. Every order is placed in one transaction with it, on its version, so that orders
//! placed at once are counted one by one.

use domain::id::{CustomerId, OrderId};
use domain::order::{Order, Quota};
use serde::{Deserialize, Serialize};

use super::{Orders, item, key};
use crate::Error;
use crate::table::{ItemKey, Key, Member, Part, read};
use crate::workers::erasure_waits;

#[derive(Serialize, Deserialize)]
struct QuotaItem {
    v: u64,
    #[serde(flatten)]
    quota: Quota,
}

/// What placing an order has to know, read at once.
#[derive(Clone, Debug, Default)]
pub struct BeforePlacing {
    /// If it was placed before.
    pub order: Option<Order>,
    pub quota: Quota,
    /// Whether its customer wants to be erased.
    pub is_to_be_erased: bool,
}

impl Orders {
    /// All that placing an order has to know, in one call.
    pub async fn before_placing(
        &self,
        order: &OrderId,
        customer: &CustomerId,
    ) -> Result<BeforePlacing, Error> {
        let keys = [
            Key::order(order),
            Key::quota(customer),
            Key::erasure(customer),
        ];
        let mut found = BeforePlacing::default();
        for item in self.table.get_all(keys).await? {
            match ItemKey::of(&item)?.sk.as_str() {
                key::QUOTA => {
                    let (_, QuotaItem { v, quota }) = read(item)?;
                    found.quota = Quota {
                        version: v,
                        ..quota
                    };
                }
                key::ERASURE => found.is_to_be_erased = erasure_waits(item)?,
                _ => found.order = Some(item::read(item)?),
            }
        }
        Ok(found)
    }

    /// Whether a customer has ever placed an order.
    pub async fn has_placed(&self, customer: &CustomerId) -> Result<bool, Error> {
        Ok(self.table.get(Key::quota(customer)).await?.is_some())
    }

    /// Keeps a quota, unless another order was placed since the one before it was read.
    pub(super) fn keep_quota(&self, customer: &CustomerId, quota: &Quota) -> Member {
        let item = Key::quota(customer).item(QuotaItem {
            v: quota.version,
            quota: quota.clone(),
        });
        let put = self.table.put(item);
        put.on_version(quota.version.saturating_sub(1))
            .named(Part::Quota)
    }
}

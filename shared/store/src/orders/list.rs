//! Orders by customer and by agency.

use domain::id::{AgencyId, CustomerId, OrderId};
use domain::order::Status;
use domain::time::Millis;

use super::Orders;
use super::key::{BY_AGENCY, BY_CUSTOMER, parse_order};
use crate::table::{Attributes, ItemKey};
use crate::{Error, Page};

impl Orders {
    /// A customer's orders, the newest first.
    pub async fn by_customer(
        &self,
        customer: &CustomerId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        let list = self.table.list_by(&BY_CUSTOMER, customer).backward();
        list.page(limit, cursor, id).await
    }

    /// The orders that an agency has a claim on, the latest claim first.
    pub async fn by_agency(
        &self,
        agency: &AgencyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        let list = self.table.list_by(&BY_AGENCY, agency).backward();
        list.page(limit, cursor, id).await
    }

    /// The claims that an agency has got since then and whose orders have this status. Eventually consistent, as
    /// indexes are.
    pub async fn claims(
        &self,
        agency: &AgencyId,
        status: Status,
        since: Millis,
    ) -> Result<Vec<OrderId>, Error> {
        let list = self.table.list_by(&BY_AGENCY, agency);
        list.and("ct >= :since")
            .value(":since", since)
            .filter("st = :status")
            .value(":status", status)
            .all(id)
            .await
    }
}

fn id(item: Attributes) -> Result<OrderId, Error> {
    parse_order(&ItemKey::of(&item)?.pk)
}

//! Orders by customer and by agency.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use domain::id::{AgencyId, CustomerId, OrderId};
use domain::order::Status;
use domain::time::Millis;

use super::Orders;
use crate::cursor::{self, Expected};
use crate::key::{self, Key, PK, SK};
use crate::{Error, Page};

const CALL: &str = "Query";

/// An index: its name, its partition key, its sort key.
struct Index {
    name: &'static str,
    owner: &'static str,
    at: &'static str,
}

const BY_CUSTOMER: Index = Index {
    name: "by-customer",
    owner: "cu",
    at: "pa",
};
const BY_AGENCY: Index = Index {
    name: "by-agency",
    owner: "ca",
    at: "ct",
};

impl Orders {
    /// A customer's orders, the newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] when the cursor is not one of this list; else when it cannot be read.
    pub async fn by_customer(
        &self,
        customer: &CustomerId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        self.page(&BY_CUSTOMER, customer.as_str(), limit, cursor)
            .await
    }

    /// The orders that an agency has a claim on, the latest claim first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] when the cursor is not one of this list; else when it cannot be read.
    pub async fn by_agency(
        &self,
        agency: &AgencyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        self.page(&BY_AGENCY, agency.as_str(), limit, cursor).await
    }

    /// How many claims an agency has got since then and not staffed. Eventually consistent, as indexes are.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn unstaffed_claims(&self, agency: &AgencyId, since: Millis) -> Result<u32, Error> {
        let mut count = 0_u32;
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(BY_AGENCY.name)
                .key_condition_expression("ca = :ca AND ct >= :since")
                .filter_expression("st = :st")
                .expression_attribute_values(":ca", AttributeValue::S(agency.to_string()))
                .expression_attribute_values(":since", AttributeValue::N(since.0.to_string()))
                .expression_attribute_values(
                    ":st",
                    AttributeValue::S(Status::Claimed.as_str().to_owned()),
                )
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::call(CALL, error))?;
            count = count.saturating_add(u32::try_from(answer.count).unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    async fn page(
        &self,
        index: &Index,
        owner: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderId>, Error> {
        let start = cursor
            .map(|cursor| {
                let is_order = |pk: &str| key::parse_order(pk).is_ok();
                cursor::read(
                    cursor,
                    &[
                        (index.owner, Expected::Is(owner)),
                        (index.at, Expected::Number),
                        (PK, Expected::Text(is_order)),
                        (SK, Expected::Is(key::ORDER)),
                    ],
                )
            })
            .transpose()?;
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression(format!("{} = :owner", index.owner))
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| Error::call(CALL, error))?;
        let mut items = Vec::new();
        for item in answer.items() {
            let key = Key::of(item).ok_or(Error::wrong("an item has no key"))?;
            items.push(key::parse_order(&key.pk)?);
        }
        let next = answer
            .last_evaluated_key
            .as_ref()
            .map(cursor::write)
            .transpose()?;
        Ok(Page { items, next })
    }
}

//! A list: what a partition or an index holds, page by page or whole.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::cursor::{self, Cursors, Page};
use super::write::names_in;
use super::{Attributes, Index, ItemKey, PK, Partition};
use crate::Error;

/// A list. Which partition or index it is of says also what its cursors look like.
pub(crate) struct Query<'a> {
    client: &'a Client,
    table: &'a str,
    index: Option<&'static str>,
    /// The attribute that says whose list it is, and its value.
    owner: (&'static str, AttributeValue),
    /// The sort key of an index, by which its cursors go on.
    sort: Option<&'static str>,
    holds: Box<dyn Fn(&ItemKey) -> bool + Send + Sync>,
    condition: String,
    filter: Option<String>,
    projection: Option<String>,
    values: HashMap<String, AttributeValue>,
    is_consistent: bool,
    is_backward: bool,
    limit: Option<i32>,
    start: Option<Attributes>,
    is_at_end: bool,
    /// Why it cannot be asked, which is told when it is.
    fault: Option<serde_dynamo::Error>,
}

impl<'a> Query<'a> {
    pub(super) fn of_partition<T>(
        client: &'a Client,
        table: &'a str,
        partition: Partition<T>,
    ) -> Self {
        let Partition { pk, sk_begins, .. } = partition;
        let owner = AttributeValue::S(pk);
        let mut query = Self::new(client, table, None, (PK, owner));
        query.holds = Box::new(move |key| key.sk.starts_with(sk_begins));
        query.is_consistent = true;
        if sk_begins.is_empty() {
            query
        } else {
            query
                .and("begins_with(sk, :begins)")
                .value(":begins", sk_begins)
        }
    }

    pub(super) fn of_index<T>(
        client: &'a Client,
        table: &'a str,
        index: &'static Index<T>,
        value: impl Serialize,
    ) -> Self {
        let (value, fault) = match serde_dynamo::to_attribute_value(value) {
            Ok(value) => (value, None),
            Err(error) => (AttributeValue::Null(true), Some(error)),
        };
        let mut query = Self::new(client, table, Some(index.name), (index.partition, value));
        query.sort = Some(index.sort);
        query.holds = Box::new(index.holds);
        query.fault = fault;
        query
    }

    fn new(
        client: &'a Client,
        table: &'a str,
        index: Option<&'static str>,
        owner: (&'static str, AttributeValue),
    ) -> Self {
        Self {
            client,
            table,
            index,
            sort: None,
            holds: Box::new(|_| true),
            condition: format!("#{} = :owner", owner.0),
            filter: None,
            projection: None,
            values: HashMap::from([(":owner".to_owned(), owner.1.clone())]),
            owner,
            is_consistent: false,
            is_backward: false,
            limit: None,
            start: None,
            is_at_end: false,
            fault: None,
        }
    }

    pub(crate) fn backward(mut self) -> Self {
        self.is_backward = true;
        self
    }

    /// As it was a moment ago, for half the price.
    pub(crate) fn eventually(mut self) -> Self {
        self.is_consistent = false;
        self
    }

    /// Only what the sort key fits.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        self.condition = format!("{} AND {condition}", self.condition);
        self
    }

    /// Only items with sort keys between these two.
    pub(crate) fn between(mut self, from: &str, to: &str) -> Self {
        // In the place of what sort keys begin with, of which a query can say but one thing.
        self.values.remove(":begins");
        self.condition = format!("#{} = :owner AND sk BETWEEN :from AND :to", self.owner.0);
        self.value(":from", from).value(":to", to)
    }

    /// Leaves out what has been read and does not fit.
    pub(crate) fn filter(mut self, filter: &str) -> Self {
        self.filter = Some(filter.to_owned());
        self
    }

    /// Answers these attributes alone.
    pub(crate) fn only(mut self, attributes: &str) -> Self {
        self.projection = Some(attributes.to_owned());
        self
    }

    /// Reads at most so many at once.
    pub(crate) fn at_most(mut self, limit: u32) -> Self {
        self.limit = Some(i32::try_from(limit).unwrap_or(i32::MAX));
        self
    }

    pub(crate) fn value(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_dynamo::to_attribute_value(value) {
            Ok(value) => {
                self.values.insert(name.to_owned(), value);
            }
            Err(error) => self.fault = Some(error),
        }
        self
    }

    /// A page of at most so many, from where an earlier page ended.
    ///
    /// # Errors
    /// [`Error::BadCursor`] when the cursor is not one of this list.
    pub(crate) async fn page<R>(
        mut self,
        limit: u32,
        cursor: Option<&str>,
        read: impl FnMut(Attributes) -> Result<R, Error>,
    ) -> Result<Page<R>, Error> {
        self.start = cursor
            .map(|cursor| self.cursors().read(cursor))
            .transpose()?;
        self = self.at_most(limit);
        let items = self.more().await?;
        let items = items.into_iter().map(read).collect::<Result<_, _>>()?;
        let next = self.start.as_ref().map(cursor::write).transpose()?;
        Ok(Page { items, next })
    }

    /// A page of at most `limit` of those that `keep` keeps, out of the next `look` items; and whether it has looked at all
    /// there are. So a page can be short, even empty, and not be the last.
    ///
    /// # Errors
    /// [`Error::BadCursor`] when the cursor is not one of this list.
    pub(crate) async fn page_out_of<R>(
        mut self,
        look: u32,
        limit: u32,
        cursor: Option<&str>,
        mut keep: impl FnMut(Attributes) -> Result<Option<R>, Error>,
    ) -> Result<(Page<R>, bool), Error> {
        self.start = cursor
            .map(|cursor| self.cursors().read(cursor))
            .transpose()?;
        self = self.at_most(look);
        let found = self.more().await?;
        let (mut items, mut cut, mut left) = (Vec::new(), None, found.len());
        for item in found {
            left -= 1;
            let key = self.cursors().key_of(&item);
            let Some(kept) = keep(item)? else { continue };
            if cut.is_some() {
                continue;
            }
            items.push(kept);
            if items.len() >= limit as usize && left > 0 {
                cut = Some(key);
            }
        }
        let is_all = cursor.is_none() && self.is_at_end;
        let next = cut.as_ref().or(self.start.as_ref());
        let next = next.map(cursor::write).transpose()?;
        Ok((Page { items, next }, is_all))
    }

    pub(crate) async fn all<R>(
        mut self,
        mut read: impl FnMut(Attributes) -> Result<R, Error>,
    ) -> Result<Vec<R>, Error> {
        let mut all = Vec::new();
        while !self.is_at_end {
            for item in self.more().await? {
                all.push(read(item)?);
            }
        }
        Ok(all)
    }

    /// Whether [`Self::more`] has given all there is.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// What one call answers, from where the one before ended.
    pub(crate) async fn more(&mut self) -> Result<Vec<Attributes>, Error> {
        Ok(self.send().await?.items.unwrap_or_default())
    }

    async fn send(&mut self) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault.into());
        }
        let expressions = [&self.condition, self.filter.as_deref().unwrap_or_default()];
        let call = self
            .client
            .query()
            .table_name(self.table)
            .set_index_name(self.index.map(str::to_owned))
            .key_condition_expression(&self.condition)
            .set_filter_expression(self.filter.clone())
            .set_projection_expression(self.projection.clone())
            .set_expression_attribute_names(names_in(&expressions))
            .set_expression_attribute_values(Some(self.values.clone()))
            .consistent_read(self.is_consistent)
            .scan_index_forward(!self.is_backward)
            .set_limit(self.limit)
            .set_exclusive_start_key(self.start.take());
        let answer = Box::pin(call.send()).await;
        let mut answer = answer.map_err(|error| Error::call("Query", error))?;
        self.start = answer.last_evaluated_key.take();
        self.is_at_end = self.start.is_none();
        Ok(answer)
    }

    fn cursors(&self) -> Cursors<'_> {
        Cursors {
            owner: (self.owner.0, &self.owner.1),
            sort: self.sort,
            holds: &self.holds,
        }
    }
}

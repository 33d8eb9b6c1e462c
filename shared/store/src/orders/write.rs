//! One conditional write of an order.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::id::{AgencyId, OrderId};
use domain::order::{Claim, Order, Reopening, Status, TimelineEntry};

use super::Orders;
use super::item::{self, Line};
use crate::Error;
use crate::key::Key;

const CALL: &str = "UpdateItem";

/// An order after its write, or before the write that was refused.
pub(super) enum Written {
    Done(Order),
    Refused(Option<Order>),
}

/// How often the SDK sends a write.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Attempts {
    /// As often as its policy says: the condition makes repeats harmless.
    Policy,
    /// Once: a repeat needs a fresh now.
    One,
}

/// One conditional write.
pub(super) struct Write {
    condition: String,
    set: Vec<String>,
    pub(super) remove: &'static [&'static str],
    exclude: bool,
    values: HashMap<String, AttributeValue>,
}

/// The attributes of the claim, and of who was named.
const CLAIM: &[&str] = &["ca", "cn", "ch", "ct", "sb", "wo", "wt"];
/// The attributes of who was named.
pub(super) const STAFFING: &[&str] = &["wo", "wt"];

pub(super) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

impl Write {
    /// A write under a condition on the order's status, its epoch, and `more`.
    pub(super) fn when(statuses: &[Status], epoch: Option<u32>, more: &str) -> Self {
        let mut values = HashMap::new();
        let mut one_of = Vec::new();
        for (place, status) in statuses.iter().enumerate() {
            let name = format!(":is{place}");
            values.insert(name.clone(), s(status.as_str()));
            one_of.push(name);
        }
        let mut condition = format!("st IN ({})", one_of.join(", "));
        if let Some(epoch) = epoch {
            condition.push_str(" AND ep = :in");
            values.insert(":in".to_owned(), n(epoch));
        }
        if !more.is_empty() {
            condition.push_str(" AND ");
            condition.push_str(more);
        }
        Self {
            condition,
            set: Vec::new(),
            remove: &[],
            exclude: false,
            values,
        }
    }

    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.set.push(format!("{attribute} = :{attribute}"));
        self.value(&format!(":{attribute}"), value)
    }

    pub(super) fn status(self, status: Status) -> Self {
        self.set("st", s(status.as_str()))
    }

    pub(super) fn claim(self, claim: &Claim) -> Self {
        self.status(Status::Claimed)
            .set("ca", s(&claim.agency))
            .set("cn", s(&claim.agency_name))
            .set("ch", s(claim.how.as_str()))
            .set("ct", n(claim.at.0))
            .set("sb", n(claim.staff_by.0))
    }

    /// Ends the claim of the agency that the condition names as `:agency`, and leaves it out from now on.
    pub(super) fn reopen(mut self, agency: &AgencyId, then: Reopening) -> Self {
        self.remove = CLAIM;
        self.exclude = true;
        let write = self.value(":ex", AttributeValue::Ss(vec![agency.to_string()]));
        match then {
            Reopening::Again { epoch, deadline } => write
                .status(Status::Open)
                .set("ep", n(epoch))
                .set("dl", n(deadline.0)),
            Reopening::Unfilled => write.status(Status::Unfilled),
        }
    }

    pub(super) fn lines(self, lines: Vec<TimelineEntry>) -> Result<Self, Error> {
        let lines: Vec<Line> = lines.into_iter().map(Line::from).collect();
        let lines: AttributeValue = serde_dynamo::to_attribute_value(lines)?;
        Ok(self.value(":tl", lines))
    }

    /// Ends the order without a visit, by an agency that is left out from now on.
    pub(super) fn without_visit(mut self, agency: &AgencyId) -> Self {
        self.remove = CLAIM;
        self.exclude = true;
        self.value(":ex", AttributeValue::Ss(vec![agency.to_string()]))
            .status(Status::Unfilled)
    }

    /// As one write of a transaction, which gives the order as it was if it is refused.
    pub(super) fn transact(self, table: &str, order: &OrderId) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(Key::order(order).attributes()))
            .update_expression(self.expression())
            .condition_expression(self.condition)
            .set_expression_attribute_values(Some(self.values))
            .expression_attribute_values(":one", n(1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| Error::unbuildable("TransactWriteItems", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn expression(&self) -> String {
        let mut expression = "SET v = v + :one, tl = list_append(tl, :tl)".to_owned();
        for set in &self.set {
            expression.push_str(", ");
            expression.push_str(set);
        }
        if !self.remove.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&self.remove.join(", "));
        }
        if self.exclude {
            expression.push_str(" ADD ex :ex");
        }
        expression
    }
}

impl Orders {
    pub(super) async fn write(
        &self,
        order: &OrderId,
        write: Write,
        attempts: Attempts,
    ) -> Result<Written, Error> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::order(order).attributes()))
            .update_expression(write.expression())
            .condition_expression(write.condition)
            .set_expression_attribute_values(Some(write.values))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = match attempts {
            Attempts::Policy => call.send().await,
            Attempts::One => {
                let once =
                    aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
                call.customize().config_override(once).send().await
            }
        };
        match sent {
            Ok(answer) => {
                let order = answer
                    .attributes
                    .ok_or(Error::wrong("a write came back empty"))?;
                item::read(order).map(Written::Done)
            }
            Err(SdkError::ServiceError(failure))
                if failure.err().is_conditional_check_failed_exception() =>
            {
                let UpdateItemError::ConditionalCheckFailedException(refused) = failure.into_err()
                else {
                    return Err(Error::Busy { call: CALL });
                };
                refused
                    .item
                    .map(item::read)
                    .transpose()
                    .map(Written::Refused)
            }
            Err(error) => Err(Error::call(CALL, error)),
        }
    }
}

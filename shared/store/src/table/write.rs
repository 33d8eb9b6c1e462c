//! One write of one item.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure::AllOld,
};
use serde::Serialize;

use super::{Attributes, Member, Part};
use crate::Error;

/// A write on a condition. Alone it is sent by [`Write::send`]; [`Write::named`] makes it a member of a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) act: Act,
    pub(super) condition: Option<String>,
    values: HashMap<String, AttributeValue>,
    is_sent_once: bool,
    /// Why it cannot be written, which is told when it is sent.
    pub(super) fault: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Put(Attributes),
    Update { key: Attributes, expression: String },
    Delete(Attributes),
    Check(Attributes),
}

/// What a write alone came to.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is written. Of an update, the item as it is now.
    Done(Attributes),
    /// Its condition failed on this item, if there is one.
    Refused(Option<Attributes>),
}

impl Sent {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Write {
    pub(super) fn new(client: &Client, table: &str, act: Act) -> Self {
        Self {
            client: client.clone(),
            table: table.to_owned(),
            act,
            condition: None,
            values: HashMap::new(),
            is_sent_once: false,
            fault: None,
        }
    }

    pub(super) fn faulty(mut self, error: &serde_dynamo::Error) -> Self {
        self.fault = Some(error.to_string());
        self
    }

    /// Only on this condition; in it, `#name` is the attribute `name`.
    pub(crate) fn when(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Only if there is no such item.
    pub(crate) fn if_absent(self) -> Self {
        self.when("attribute_not_exists(pk)")
    }

    /// Only on this version of the item; 0 is none.
    pub(crate) fn on_version(self, version: u64) -> Self {
        if version == 0 {
            self.if_absent()
        } else {
            self.when("v = :v").value(":v", version)
        }
    }

    /// What a name in the expressions stands for.
    pub(crate) fn value(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_dynamo::to_attribute_value(value) {
            Ok(value) => {
                self.values.insert(name.to_owned(), value);
                self
            }
            Err(error) => self.faulty(&error),
        }
    }

    pub(crate) fn values(mut self, values: HashMap<String, AttributeValue>) -> Self {
        self.values.extend(values);
        self
    }

    /// As a member of a transaction, which is told by this name if it is refused.
    pub(crate) fn named(self, part: Part) -> Member {
        Member { part, write: self }
    }

    /// The SDK sends it once, because a repeat needs a fresh now. Other writes are sent as often as its policy says: a
    /// condition makes repeats harmless.
    pub(crate) fn once(mut self) -> Self {
        self.is_sent_once = true;
        self
    }

    pub(crate) async fn send(mut self) -> Result<Sent, Error> {
        self.check_fault()?;
        let (names, values) = (self.names(), self.take_values());
        match self.act {
            Act::Put(item) => {
                let call = self
                    .client
                    .put_item()
                    .table_name(self.table)
                    .set_item(Some(item))
                    .set_return_values_on_condition_check_failure(
                        self.condition.as_ref().map(|_| AllOld),
                    )
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                match Box::pin(call.send()).await {
                    Ok(_) => Ok(Sent::Done(Attributes::new())),
                    Err(error) => match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                            Ok(Sent::Refused(refused.item.clone()))
                        }
                        _ => Err(Error::call("PutItem", error)),
                    },
                }
            }
            Act::Update { key, expression } => {
                let call = self
                    .client
                    .update_item()
                    .table_name(self.table)
                    .set_key(Some(key))
                    .update_expression(expression)
                    .set_return_values_on_condition_check_failure(
                        self.condition.as_ref().map(|_| AllOld),
                    )
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values(ReturnValue::AllNew);
                let mut call = call.customize();
                if self.is_sent_once {
                    let once = aws_sdk_dynamodb::Config::builder();
                    call = call.config_override(once.retry_config(RetryConfig::disabled()));
                }
                match Box::pin(call.send()).await {
                    Ok(answer) => Ok(Sent::Done(answer.attributes.unwrap_or_default())),
                    Err(error) => match error.as_service_error() {
                        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                            Ok(Sent::Refused(refused.item.clone()))
                        }
                        _ => Err(Error::call("UpdateItem", error)),
                    },
                }
            }
            Act::Delete(_) | Act::Check(_) => {
                Err(Error::wrong("this write is for transactions alone"))
            }
        }
    }

    pub(super) fn check_fault(&self) -> Result<(), Error> {
        match &self.fault {
            Some(fault) => Err(Error::wrong_because(
                "an item cannot be written",
                fault.clone(),
            )),
            None => Ok(()),
        }
    }

    pub(super) fn take_values(&mut self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| std::mem::take(&mut self.values))
    }

    /// What the names that begin with `#` stand for.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let expression = match &self.act {
            Act::Update { expression, .. } => expression.as_str(),
            _ => "",
        };
        names_in(&[expression, self.condition.as_deref().unwrap_or_default()])
    }
}

/// Every `#name` of the expressions, with the attribute that it stands for.
pub(super) fn names_in(expressions: &[&str]) -> Option<HashMap<String, String>> {
    let mut names = HashMap::new();
    for expression in expressions {
        for rest in expression.split('#').skip(1) {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            names.insert(format!("#{}", &rest[..end]), rest[..end].to_owned());
        }
    }
    (!names.is_empty()).then_some(names)
}

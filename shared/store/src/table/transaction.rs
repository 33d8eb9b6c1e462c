//! TransactWriteItems, and what came of it. Its members have names, by which it is told which of them was refused.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure::AllOld,
    TransactWriteItem, Update,
};

use super::write::{Act, Write};
use super::{Attributes, TRANSACT};
use crate::Error;

/// What a member of a transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Agency,
    /// What an agency has been assigned lately.
    Assignments,
    Badge,
    /// That a badge is not valid, in a status list.
    BadgeEntry,
    /// A place in a status list that a badge takes.
    BadgePlace,
    /// Which badges a worker has.
    BadgePointer,
    Batch,
    Calendar,
    /// A code of a worker's phone that was used for an order.
    Code,
    Complaint,
    Consent,
    /// That something is counted, so that it is not counted again.
    Counted,
    /// A line of an audit trail.
    Deed,
    /// Whatever is deleted with a worker's data.
    Deleted,
    Details,
    /// That somebody wants her data erased.
    Erasure,
    /// That somebody's data was erased.
    Erased,
    Event,
    /// Where a worker's chain or the log ends.
    Head,
    /// Which customer is meant by what WeChat knows somebody by.
    Link,
    /// What an agency notes of a customer.
    Notes,
    Objection,
    Order,
    Payload,
    Phone,
    Profile,
    /// What a customer has placed lately.
    Quota,
    /// That a rating counted of who gave it.
    Rater,
    /// How an agency that has proposed to employ a worker sees her.
    Proposed,
    Rating,
    /// A registration, by its idempotency key.
    Request,
    Source,
    /// What customers gave a worker.
    Stars,
    Store,
    SubjectKey,
    /// Members, and how they log in.
    Team,
    Tile,
    Uscc,
    Worker,
}

/// A write of a transaction, made by whichever part of this crate knows the item.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) part: Part,
    pub(super) write: Write,
}

/// What a transaction came to.
#[derive(Debug)]
pub(crate) enum Committed {
    /// All of it is written.
    Done,
    /// Nothing is written: the conditions of these members failed, at least one, in their order.
    Refused(Vec<Refused>),
    /// Nothing is written: somebody else was writing.
    Conflict,
}

/// A member whose condition failed, and the item as it was found.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) part: Part,
    pub(crate) item: Option<Attributes>,
}

/// Writes all or nothing.
pub(crate) async fn commit(members: impl IntoIterator<Item = Member>) -> Result<Committed, Error> {
    let (mut parts, mut writes, mut client) = (Vec::new(), Vec::new(), None);
    for Member { part, write } in members {
        parts.push(part);
        client.get_or_insert_with(|| write.client.clone());
        writes.push(write.transact()?);
    }
    let Some(client) = client else {
        return Ok(Committed::Done);
    };
    let call = client
        .transact_write_items()
        .set_transact_items(Some(writes));
    let Err(error) = Box::pin(call.send()).await else {
        return Ok(Committed::Done);
    };
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    };
    let refused: Vec<_> = parts
        .into_iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(part, reason)| Refused {
            part,
            item: reason.item.clone(),
        })
        .collect();
    if !refused.is_empty() {
        Ok(Committed::Refused(refused))
    } else if reasons.iter().any(passes) {
        Ok(Committed::Conflict)
    } else {
        Err(Error::call(TRANSACT, error))
    }
}

/// Whether the transaction may succeed next time.
fn passes(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

impl Write {
    fn transact(mut self) -> Result<TransactWriteItem, Error> {
        self.check_fault()?;
        let (names, values) = (self.names(), self.take_values());
        let found = self.condition.as_ref().map(|_| AllOld);
        let item = TransactWriteItem::builder();
        let item = match self.act {
            Act::Put(attributes) => Put::builder()
                .table_name(self.table)
                .set_item(Some(attributes))
                .set_condition_expression(self.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(found)
                .build()
                .map(|put| item.put(put)),
            Act::Update { key, expression } => Update::builder()
                .table_name(self.table)
                .set_key(Some(key))
                .update_expression(expression)
                .set_condition_expression(self.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(found)
                .build()
                .map(|update| item.update(update)),
            Act::Delete(key) => Delete::builder()
                .table_name(self.table)
                .set_key(Some(key))
                .set_condition_expression(self.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(found)
                .build()
                .map(|delete| item.delete(delete)),
            Act::Check(key) => ConditionCheck::builder()
                .table_name(self.table)
                .set_key(Some(key))
                .set_condition_expression(self.condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(found)
                .build()
                .map(|check| item.condition_check(check)),
        };
        let item = item.map_err(|error| Error::unbuildable(TRANSACT, error))?;
        Ok(item.build())
    }
}

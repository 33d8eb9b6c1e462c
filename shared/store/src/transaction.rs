//! TransactWriteItems, and what came of it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::Error;
use crate::key::{Attributes, Key};

const CALL: &str = "TransactWriteItems";
const FAILED: &str = "ConditionalCheckFailed";
const PAUSE: Duration = Duration::from_millis(5);

/// What a transaction came to.
#[derive(Debug)]
pub(crate) enum Committed {
    /// All of it is written.
    Done,
    /// Nothing is written: the conditions of these writes failed, each with the item as it was, if its write
    /// asked for it.
    Refused(Vec<(usize, Option<Attributes>)>),
    /// Nothing is written: somebody else was writing.
    Conflict,
}

/// One more write of a transaction that another part of this crate makes: it knows the item, the other does not.
#[derive(Clone, Debug)]
pub struct Also(pub(crate) TransactWriteItem);

/// Writes all or nothing.
pub(crate) async fn commit(
    client: &Client,
    writes: Vec<TransactWriteItem>,
) -> Result<Committed, Error> {
    let sent = client
        .transact_write_items()
        .set_transact_items(Some(writes))
        .send()
        .await;
    let Err(error) = sent else {
        return Ok(Committed::Done);
    };
    let reasons: &[CancellationReason] = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    };
    let refused: Vec<_> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some(FAILED))
        .map(|(place, reason)| (place, reason.item.clone()))
        .collect();
    if !refused.is_empty() {
        Ok(Committed::Refused(refused))
    } else if passes(reasons) {
        Ok(Committed::Conflict)
    } else {
        Err(Error::call(CALL, error))
    }
}

/// Whether the transaction may succeed next time.
pub(crate) fn passes(reasons: &[CancellationReason]) -> bool {
    let mut codes = reasons.iter().filter_map(CancellationReason::code);
    codes.any(|code| {
        matches!(
            code,
            "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
        )
    })
}

/// Waits before round number `round` of a change that others got in the way of. Who waits how long follows from
/// `who`, so that many do not come back at once.
pub(crate) async fn pause(round: u32, who: &str) {
    if round == 0 {
        return;
    }
    let spread = who
        .bytes()
        .chain(round.to_be_bytes())
        .fold(17_u32, |h, b| h.wrapping_mul(16_777_619) ^ u32::from(b));
    let most = PAUSE * 2_u32.pow(round.min(5));
    tokio::time::sleep(most.mul_f64(f64::from(spread % 1_000) / 1_000.0)).await;
}

/// A put on a condition, which gives the item as it was if the condition fails.
pub(crate) fn put(
    table: &str,
    item: Attributes,
    condition: Option<(&str, Vec<(&str, AttributeValue)>)>,
) -> Result<TransactWriteItem, Error> {
    let mut put = Put::builder().table_name(table).set_item(Some(item));
    if let Some((condition, values)) = condition {
        put = put
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
    }
    let put = put
        .build()
        .map_err(|error| Error::unbuildable(CALL, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put if there is no such item.
pub(crate) fn put_new(table: &str, item: Attributes) -> Result<TransactWriteItem, Error> {
    put(table, item, Some(("attribute_not_exists(pk)", Vec::new())))
}

/// A deletion.
pub(crate) fn delete(table: &str, key: Key) -> Result<TransactWriteItem, Error> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.attributes()));
    let delete = delete
        .build()
        .map_err(|error| Error::unbuildable(CALL, error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// A deletion of an item, if it is there, on condition that this attribute of it is less.
pub(crate) fn delete_if_less(
    table: &str,
    key: Key,
    attribute: &str,
    than: AttributeValue,
) -> Result<TransactWriteItem, Error> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .condition_expression("attribute_not_exists(pk) OR #attribute < :than")
        .expression_attribute_names("#attribute", attribute)
        .expression_attribute_values(":than", than);
    let delete = delete
        .build()
        .map_err(|error| Error::unbuildable(CALL, error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// A condition on an item that is not written.
pub(crate) fn check(
    table: &str,
    key: Key,
    condition: &str,
    values: Vec<(&str, AttributeValue)>,
) -> Result<TransactWriteItem, Error> {
    let mut check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    for (name, value) in values {
        check = check.expression_attribute_values(name, value);
    }
    let check = check
        .build()
        .map_err(|error| Error::unbuildable(CALL, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

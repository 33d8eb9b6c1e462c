//! Answering a batch of a table's stream.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};

/// Makes the stream come again from the record with this sequence number; `None` when the whole batch is done. Lambda
/// takes an empty number to mean that the whole batch failed, which loses nothing.
pub fn again_from(sequence_number: Option<String>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    response.batch_item_failures = sequence_number
        .into_iter()
        .map(|sequence_number| {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence_number);
            failure
        })
        .collect();
    response
}

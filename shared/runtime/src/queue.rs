//! Handling an SQS batch record by record.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt, stream};

use crate::problem::chain;

/// Handles every record of `event`, at most `limit` of them at a time. Those that fail or panic are named in the
/// answer and come again; a message that nobody can handle thus ends in the dead letters, and with a person. Nothing
/// is spawned: dropping the future stops all of it.
pub async fn each<F, Fut>(event: SqsEvent, limit: usize, handle: F) -> SqsBatchResponse
where
    F: Fn(SqsMessage) -> Fut,
    Fut: Future<Output = Result<(), calls::Error>>,
{
    let handle = &handle;
    let failures: Vec<String> = stream::iter(event.records)
        .map(|message| async move {
            // Lambda takes an empty id to mean that the whole batch failed, which loses nothing.
            let id = message.message_id.clone().unwrap_or_default();
            // The handler is called inside, so that a panic before its first await is caught too.
            let handled = AssertUnwindSafe(async move { handle(message).await }).catch_unwind();
            match handled.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => {
                    let reason = chain(&error);
                    tracing::warn!(message.id = id, reason, "a message will be tried again");
                    Some(id)
                }
                Err(_) => {
                    tracing::error!(message.id = id, "handling a message panicked");
                    Some(id)
                }
            }
        })
        .buffer_unordered(limit.max(1))
        .filter_map(std::future::ready)
        .collect()
        .await;
    let mut response = SqsBatchResponse::default();
    response.set_failures(failures);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(bodies: &[&str]) -> SqsEvent {
        let records = bodies.iter().map(|body| {
            let mut message = SqsMessage::default();
            message.message_id = Some(format!("id-{body}"));
            message.body = Some((*body).to_owned());
            message
        });
        let mut event = SqsEvent::default();
        event.records = records.collect();
        event
    }

    #[tokio::test]
    async fn only_what_failed_comes_again() {
        let response = each(
            batch(&["done", "retry", "panic"]),
            2,
            |message| async move {
                match message.body.as_deref() {
                    Some("done") => Ok(()),
                    Some("retry") => Err(calls::Error::Busy { call: "this" }),
                    _ => panic!("a planted panic"),
                }
            },
        )
        .await;
        let mut failed: Vec<_> = response
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect();
        failed.sort();
        assert_eq!(failed, ["id-panic", "id-retry"]);
    }
}

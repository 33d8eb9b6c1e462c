//! Queues: what is carried, what is refused.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};

use crate::world::{World, code, system};

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder()
        .id(id)
        .message_body(body)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_sent_with_the_digests_of_sqs() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let attribute = |kind: &str| MessageAttributeValue::builder().data_type(kind);
    let sent = sqs
        .0
        .send_message()
        .queue_url(&url)
        .message_body("héllo")
        .message_group_id("yb4h0")
        .message_attributes("s", attribute("String").string_value("v").build().unwrap())
        .message_attributes("n", attribute("Number").string_value("42").build().unwrap())
        .message_attributes(
            "b",
            attribute("Binary")
                .binary_value(Blob::new([0, 1, 255]))
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    let messages = sqs.receive(&url, 0).await;
    let [message] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(message.body(), Some("héllo"));
    assert_eq!(message.message_id(), sent.message_id());
    // Both computed with another program, from the layout in the SQS Developer Guide.
    assert_eq!(
        sent.md5_of_message_body(),
        Some("be50e8478cf24ff3595bc7307fb91b50")
    );
    assert_eq!(
        sent.md5_of_message_attributes(),
        Some("2a68e73a1bff93a0314eb62d180d4795")
    );
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(
        message.md5_of_message_attributes(),
        sent.md5_of_message_attributes()
    );
    let attributes = message.message_attributes.as_ref().unwrap();
    assert_eq!(attributes["s"].string_value(), Some("v"));
    assert_eq!(attributes["n"].data_type(), "Number");
    assert_eq!(
        attributes["b"].binary_value().unwrap().as_ref(),
        [0, 1, 255]
    );
    assert_eq!(
        system(message, MessageSystemAttributeName::ApproximateReceiveCount),
        "1"
    );
    assert_eq!(
        system(message, MessageSystemAttributeName::MessageGroupId),
        "yb4h0"
    );
    let sent_at: i64 = system(message, MessageSystemAttributeName::SentTimestamp)
        .parse()
        .unwrap();
    assert!((world.clock.now_ms() - sent_at).abs() < 60_000);
}

#[tokio::test]
async fn what_sqs_refuses_is_refused_with_its_code() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let client = &sqs.0;
    let send = || client.send_message().queue_url(&url);
    let send_batch = |entries| {
        client
            .send_message_batch()
            .queue_url(&url)
            .set_entries(Some(entries))
    };
    let missing = "AWS.SimpleQueueService.NonExistentQueue";

    let eleven = (0..11).map(|i| entry(&format!("i{i}"), "x")).collect();
    assert_eq!(
        code(send_batch(eleven).send().await),
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    );
    assert_eq!(
        code(
            send_batch(vec![entry("a", "x"), entry("a", "y")])
                .send()
                .await
        ),
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
    );
    assert_eq!(
        code(send_batch(vec![]).send().await),
        "AWS.SimpleQueueService.EmptyBatchRequest"
    );
    assert_eq!(
        code(send_batch(vec![entry("no spaces", "x")]).send().await),
        "AWS.SimpleQueueService.InvalidBatchEntryId"
    );
    let large = "x".repeat(600 * 1024);
    assert_eq!(
        code(
            send_batch(vec![entry("a", &large), entry("b", &large)])
                .send()
                .await
        ),
        "AWS.SimpleQueueService.BatchRequestTooLong"
    );
    let over = "x".repeat(1024 * 1024 + 1);
    assert_eq!(
        code(send().message_body(over).send().await),
        "InvalidParameterValue"
    );
    let full = "x".repeat(1024 * 1024);
    assert!(send().message_body(full).send().await.is_ok());
    assert_eq!(
        code(send().message_body("x").delay_seconds(901).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(send().message_body("a\u{1}b").send().await),
        "InvalidMessageContents"
    );
    assert_eq!(
        code(send().message_body("").send().await),
        "MissingParameter"
    );
    let nowhere = format!("{url}nope");
    assert_eq!(
        code(
            client
                .send_message()
                .queue_url(nowhere)
                .message_body("x")
                .send()
                .await
        ),
        missing
    );
    assert_eq!(
        code(client.get_queue_url().queue_name("nope").send().await),
        missing
    );
    let receive = || client.receive_message().queue_url(&url);
    assert_eq!(
        code(receive().max_number_of_messages(11).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(receive().wait_time_seconds(21).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(
            client
                .delete_message()
                .queue_url(&url)
                .receipt_handle("junk")
                .send()
                .await
        ),
        "ReceiptHandleIsInvalid"
    );
}

#[tokio::test]
async fn what_is_not_emulated_is_refused_by_name() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let fifo = sqs
        .0
        .create_queue()
        .queue_name("q.fifo")
        .send()
        .await
        .unwrap_err();
    assert!(
        format!("{fifo:?}").contains("FIFO queue, is not emulated"),
        "{fifo:?}"
    );
    let receipt = sqs
        .0
        .receive_message()
        .queue_url(&url)
        .receive_request_attempt_id("a");
    let refused = receipt.send().await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("ReceiveRequestAttemptId"),
        "{refused:?}"
    );
    let key = (QueueAttributeName::KmsMasterKeyId, "alias/x");
    let refused = sqs
        .0
        .create_queue()
        .queue_name("k")
        .attributes(key.0, key.1)
        .send()
        .await;
    assert!(
        format!("{refused:?}").contains("KmsMasterKeyId"),
        "{refused:?}"
    );
    assert_eq!(
        code(
            sqs.0
                .tag_queue()
                .queue_url(&url)
                .tags("a", "b")
                .send()
                .await
        ),
        "InvalidAction"
    );
}

#[tokio::test]
async fn a_batch_is_answered_entry_by_entry() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let entries = vec![
        entry("good", "x"),
        entry("bad", "\u{2}"),
        entry("fine", "y"),
    ];
    let sent = sqs
        .0
        .send_message_batch()
        .queue_url(&url)
        .set_entries(Some(entries))
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.successful().iter().map(|e| e.id()).collect::<Vec<_>>(),
        ["good", "fine"]
    );
    assert_eq!(sent.failed().len(), 1);
    assert_eq!(
        (sent.failed()[0].id(), sent.failed()[0].code()),
        ("bad", "InvalidMessageContents")
    );
    let messages = sqs.receive(&url, 0).await;
    assert_eq!(messages.len(), 2);
    let entry = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle)
            .build()
            .unwrap()
    };
    let deleted = sqs
        .0
        .delete_message_batch()
        .queue_url(&url)
        .entries(entry("a", messages[0].receipt_handle().unwrap()))
        .entries(entry("b", "junk"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful()[0].id(), "a");
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn creating_again_is_harmless_unless_attributes_differ() {
    let world = World::new().await;
    let sqs = world.sqs();
    let visibility = QueueAttributeName::VisibilityTimeout;
    let url = sqs.create("q", &[(visibility.clone(), "11")]).await;
    assert_eq!(sqs.create("q", &[(visibility.clone(), "11")]).await, url);
    assert_eq!(sqs.create("q", &[]).await, url);
    let other = sqs
        .0
        .create_queue()
        .queue_name("q")
        .attributes(visibility.clone(), "12");
    assert_eq!(code(other.send().await), "QueueAlreadyExists");
    let set = sqs
        .0
        .set_queue_attributes()
        .queue_url(&url)
        .attributes(visibility.clone(), "12");
    set.send().await.unwrap();
    assert_eq!(sqs.attribute(&url, visibility).await, "12");
    assert_eq!(
        sqs.arn(&url).await,
        "arn:aws-cn:sqs:cn-north-1:123456789012:q"
    );
}

#[tokio::test]
async fn queues_are_listed_in_pages_and_deleted() {
    let world = World::new().await;
    let sqs = world.sqs();
    for i in 0..5 {
        sqs.create(&format!("offers-{i}"), &[]).await;
    }
    sqs.create("other", &[]).await;
    let list = || {
        sqs.0
            .list_queues()
            .queue_name_prefix("offers-")
            .max_results(3)
    };
    let first = list().send().await.unwrap();
    assert_eq!(first.queue_urls().len(), 3);
    let rest = list()
        .next_token(first.next_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!((rest.queue_urls().len(), rest.next_token()), (2, None));
    let url = &rest.queue_urls()[1];
    sqs.0.delete_queue().queue_url(url).send().await.unwrap();
    assert_eq!(
        code(sqs.0.delete_queue().queue_url(url).send().await),
        "AWS.SimpleQueueService.NonExistentQueue"
    );
}

#[tokio::test]
async fn sixteen_receivers_get_five_hundred_messages_once_each() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    for batch in 0..50 {
        let entries = (0..10)
            .map(|i| entry(&format!("i{i}"), &format!("{batch}-{i}")))
            .collect();
        let send = sqs
            .0
            .send_message_batch()
            .queue_url(&url)
            .set_entries(Some(entries));
        send.send().await.unwrap();
    }
    let receivers = (0..16).map(|_| {
        let (sqs, url) = (sqs.clone(), url.clone());
        tokio::spawn(async move {
            let mut bodies = Vec::new();
            loop {
                let messages = sqs.receive(&url, 0).await;
                if messages.is_empty() {
                    return bodies;
                }
                for message in messages {
                    sqs.delete(&url, &message).await;
                    bodies.extend(message.body);
                }
            }
        })
    });
    let mut all: Vec<String> = futures::future::join_all(receivers)
        .await
        .into_iter()
        .flat_map(|r| r.unwrap())
        .collect();
    assert_eq!(all.len(), 500);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 500);
}

#[tokio::test]
async fn a_crowded_group_does_not_hold_up_another() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let send = |group: &str, body: String| {
        sqs.0
            .send_message()
            .queue_url(&url)
            .message_group_id(group)
            .message_body(body)
            .send()
    };
    for i in 0..30 {
        send("storm", format!("storm {i}")).await.unwrap();
    }
    send("quiet", "quiet".into()).await.unwrap();
    let first = sqs.bodies(&url, 0).await;
    assert!(first[..2].contains(&"quiet".to_owned()), "{first:?}");
}

#[tokio::test]
async fn a_purged_queue_is_empty() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    sqs.send(&url, "a").await;
    sqs.send(&url, "b").await;
    sqs.0.purge_queue().queue_url(&url).send().await.unwrap();
    assert!(sqs.receive(&url, 0).await.is_empty());
}

#[tokio::test]
async fn three_hundred_calls_at_once_are_all_answered() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let sends = (0..300).map(|i| {
        let send = sqs
            .0
            .send_message()
            .queue_url(&url)
            .message_body(format!("{i}"));
        async move { send.send().await.is_ok() }
    });
    assert!(
        futures::future::join_all(sends)
            .await
            .into_iter()
            .all(|sent| sent)
    );
    assert_eq!(world.cloud.depth("q").await.unwrap().visible, 300);
}

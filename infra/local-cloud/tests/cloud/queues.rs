//! Queues: what is carried, what is refused.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
};

use local_cloud::Draft;

use crate::world::{World, code, queue_arn, system};

fn entry(id: &str, receipt: &str) -> DeleteMessageBatchRequestEntry {
    DeleteMessageBatchRequestEntry::builder()
        .id(id)
        .receipt_handle(receipt)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_message_keeps_its_sender_s_trace_and_is_given_up_with_it() {
    let world = World::new().await;
    let sqs = world.sqs();
    sqs.create("dead", &[]).await;
    let redrive = format!(
        r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":5}}"#,
        queue_arn("dead")
    );
    let url = sqs
        .create("q", &[(QueueAttributeName::RedrivePolicy, &redrive)])
        .await;
    let send = sqs.0.send_message().queue_url(&url).message_body("round");
    send.customize()
        .mutate_request(|request| {
            let trace = "Root=1-0-0;Lineage=a:16";
            request.headers_mut().insert("x-amzn-trace-id", trace);
        })
        .send()
        .await
        .unwrap();
    let trace = MessageSystemAttributeName::AwsTraceHeader;
    for (queue, left) in [("q", 1), ("dead", 0)] {
        let received = world
            .cloud
            .receive(queue, 1, Some(0), Some(0))
            .await
            .unwrap();
        let attributes = received[0].system_attributes();
        assert_eq!(attributes[trace.as_str()], "Root=1-0-0;Lineage=a:16");
        let handle = &received[0].receipt_handle;
        world.cloud.give_up(queue, handle).await.unwrap();
        assert_eq!(world.cloud.depth(queue).await.unwrap().visible, 0);
        assert_eq!(world.cloud.depth("dead").await.unwrap().visible, left);
    }
}

#[tokio::test]
async fn a_message_arrives_as_it_was_sent_with_the_digest_of_sqs() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let sent = sqs
        .0
        .send_message()
        .queue_url(&url)
        .message_body("héllo")
        .message_group_id("yb4h0")
        .send()
        .await
        .unwrap();
    let messages = sqs.receive(&url, 0).await;
    let [message] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(message.body(), Some("héllo"));
    assert_eq!(message.message_id(), sent.message_id());
    // Computed with another program.
    assert_eq!(
        sent.md5_of_message_body(),
        Some("be50e8478cf24ff3595bc7307fb91b50")
    );
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
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
    let delete_batch = |entries| {
        let delete = client.delete_message_batch().queue_url(&url);
        delete.set_entries(Some(entries)).send()
    };
    let missing = "AWS.SimpleQueueService.NonExistentQueue";

    let eleven = (0..11).map(|i| entry(&format!("i{i}"), "x")).collect();
    for (entries, expected) in [
        (eleven, "TooManyEntriesInBatchRequest"),
        (
            vec![entry("a", "x"), entry("a", "y")],
            "BatchEntryIdsNotDistinct",
        ),
        (vec![], "EmptyBatchRequest"),
        (vec![entry("no spaces", "x")], "InvalidBatchEntryId"),
    ] {
        assert_eq!(
            code(delete_batch(entries).await),
            format!("AWS.SimpleQueueService.{expected}")
        );
    }
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
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("v")
        .build()
        .unwrap();
    let send = sqs.0.send_message().queue_url(&url).message_body("x");
    let refused = send.message_attributes("a", attribute).send().await;
    assert!(
        format!("{refused:?}").contains("MessageAttributes"),
        "{refused:?}"
    );
    let unknown = "InvalidAction";
    let tag = sqs.0.tag_queue().queue_url(&url).tags("a", "b");
    assert_eq!(code(tag.send().await), unknown);
    let purge = sqs.0.purge_queue().queue_url(&url);
    assert_eq!(code(purge.send().await), unknown);
    let batch = sqs.0.send_message_batch().queue_url(&url);
    assert_eq!(code(batch.set_entries(Some(vec![])).send().await), unknown);
}

#[tokio::test]
async fn a_batch_is_answered_entry_by_entry() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    sqs.send(&url, "x").await;
    sqs.send(&url, "y").await;
    let messages = sqs.receive(&url, 0).await;
    let receipts: Vec<_> = messages.iter().filter_map(|m| m.receipt_handle()).collect();
    let [first, second] = receipts[..] else {
        panic!("{messages:?}")
    };
    let shown = |id: &str, receipt: &str| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(receipt)
            .visibility_timeout(0)
            .build()
            .unwrap()
    };
    let changed = sqs
        .0
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(shown("a", second))
        .entries(shown("b", "junk"))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful()[0].id(), "a");
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(sqs.bodies(&url, 0).await, ["y"]);
    let deleted = sqs
        .0
        .delete_message_batch()
        .queue_url(&url)
        .entries(entry("a", first))
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
    assert_eq!(sqs.arn(&url).await, queue_arn("q"));
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
    for i in 0..500 {
        let draft = Draft::new(i.to_string());
        world.cloud.send("q", draft).await.unwrap();
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

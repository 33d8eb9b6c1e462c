//! Queues over time: waiting, hiding, delaying and expiring, with a clock that the test moves.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use local_cloud::{Depth, Draft};

use crate::world::{World, code, system};

#[tokio::test]
async fn a_waiting_receiver_is_woken_at_once() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    let receiver = tokio::spawn({
        let (sqs, url) = (sqs.clone(), url.clone());
        async move { sqs.bodies(&url, 20).await }
    });
    // However late the receiver begins, it must not wait out its twenty seconds.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    sqs.send(&url, "wake").await;
    assert_eq!(receiver.await.unwrap(), ["wake"]);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_receiver_waits_as_long_as_it_or_its_queue_says() {
    let world = World::new().await;
    let sqs = world.sqs();
    let wait = QueueAttributeName::ReceiveMessageWaitTimeSeconds;
    let url = sqs.create("q", &[(wait, "20")]).await;
    let receiver = tokio::spawn({
        let (sqs, url) = (sqs.clone(), url.clone());
        async move {
            sqs.0
                .receive_message()
                .queue_url(&url)
                .send()
                .await
                .unwrap()
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!receiver.is_finished(), "the queue's own wait counts");
    world.advance(20);
    assert!(receiver.await.unwrap().messages().is_empty());
}

#[tokio::test]
async fn a_message_that_is_not_deleted_comes_again() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs
        .create("q", &[(QueueAttributeName::VisibilityTimeout, "60")])
        .await;
    sqs.send(&url, "m").await;
    let first = sqs.receive(&url, 0).await.remove(0);
    assert!(sqs.receive(&url, 0).await.is_empty(), "in flight");
    world.advance(60);
    let second = sqs.receive(&url, 0).await.remove(0);
    assert_eq!(
        system(&second, MessageSystemAttributeName::ApproximateReceiveCount),
        "2"
    );

    // A receipt that is not the latest is accepted, and does nothing.
    sqs.delete(&url, &first).await;
    let change = |seconds: i32, handle: &str| {
        let change = sqs.0.change_message_visibility().queue_url(&url);
        change
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    change(0, second.receipt_handle().unwrap()).await.unwrap();
    let third = sqs.receive(&url, 0).await.remove(0);
    change(600, third.receipt_handle().unwrap()).await.unwrap();
    world.advance(599);
    assert!(sqs.receive(&url, 0).await.is_empty(), "hidden longer");
    sqs.delete(&url, &third).await;
    world.advance(2);
    assert!(sqs.receive(&url, 0).await.is_empty(), "deleted");
    assert_eq!(
        code(change(5, third.receipt_handle().unwrap()).await),
        "InvalidParameterValue"
    );
}

#[tokio::test]
async fn a_receive_may_hide_for_another_time_or_not_at_all() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs.create("q", &[]).await;
    sqs.send(&url, "m").await;
    let receive = |seconds: i32| {
        let receive = sqs
            .0
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10);
        receive.visibility_timeout(seconds).send()
    };
    assert_eq!(receive(0).await.unwrap().messages().len(), 1, "once a call");
    assert_eq!(receive(3_600).await.unwrap().messages().len(), 1);
    world.advance(3_599);
    assert_eq!(receive(0).await.unwrap().messages().len(), 0);
}

#[tokio::test]
async fn a_delayed_message_wakes_its_receiver_when_it_is_due() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs
        .create("q", &[(QueueAttributeName::DelaySeconds, "300")])
        .await;
    sqs.send(&url, "queue's delay").await;
    let own = sqs
        .0
        .send_message()
        .queue_url(&url)
        .message_body("own delay")
        .delay_seconds(900);
    own.send().await.unwrap();
    assert!(sqs.receive(&url, 0).await.is_empty());
    let depth = world.cloud.depth("q").await.unwrap();
    assert_eq!(
        depth,
        Depth {
            visible: 0,
            in_flight: 0,
            delayed: 2
        }
    );
    world.advance(300);
    let first = sqs.receive(&url, 0).await.remove(0);
    assert_eq!(first.body(), Some("queue's delay"));
    sqs.delete(&url, &first).await;
    world.advance(590);
    let receiver = tokio::spawn({
        let (sqs, url) = (sqs.clone(), url.clone());
        async move { sqs.bodies(&url, 20).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.advance(10);
    assert_eq!(receiver.await.unwrap(), ["own delay"]);
}

#[tokio::test]
async fn a_message_received_too_often_becomes_a_dead_letter() {
    let world = World::new().await;
    let sqs = world.sqs();
    let dead = sqs.create("dead", &[]).await;
    let arn = sqs.arn(&dead).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"2"}}"#);
    let url = sqs
        .create(
            "q",
            &[
                (QueueAttributeName::RedrivePolicy, &policy),
                (QueueAttributeName::VisibilityTimeout, "10"),
            ],
        )
        .await;
    sqs.send(&url, "poison").await;
    for _ in 0..2 {
        assert_eq!(sqs.bodies(&url, 0).await, ["poison"]);
        world.advance(10);
    }
    assert!(sqs.receive(&url, 0).await.is_empty());
    let letter = sqs.receive(&dead, 0).await.remove(0);
    assert_eq!(letter.body(), Some("poison"));
    assert_eq!(
        system(
            &letter,
            MessageSystemAttributeName::DeadLetterQueueSourceArn
        ),
        sqs.arn(&url).await
    );
    let nowhere = policy.replace(":dead", ":nowhere");
    let refused = sqs
        .0
        .create_queue()
        .queue_name("q2")
        .attributes(QueueAttributeName::RedrivePolicy, nowhere)
        .send()
        .await;
    assert_eq!(code(refused), "InvalidParameterValue");
}

#[tokio::test]
async fn messages_expire_received_or_not() {
    let world = World::new().await;
    let sqs = world.sqs();
    let url = sqs
        .create("q", &[(QueueAttributeName::MessageRetentionPeriod, "600")])
        .await;
    sqs.send(&url, "old").await;
    world.advance(300);
    sqs.send(&url, "young").await;
    world.advance(301);
    assert_eq!(sqs.bodies(&url, 0).await, ["young"]);
    world.advance(300);
    assert_eq!(world.cloud.depth("q").await.unwrap(), Depth::default());
}

#[tokio::test]
async fn a_new_process_takes_back_what_its_predecessor_had_in_flight() {
    let world = World::new().await;
    world
        .cloud
        .create_queue("q", &Default::default())
        .await
        .unwrap();
    world.cloud.send("q", Draft::new("m")).await.unwrap();
    let received = world
        .cloud
        .receive("q", 10, Some(0), Some(43_200))
        .await
        .unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(world.cloud.depth("q").await.unwrap().in_flight, 1);
    assert_eq!(world.cloud.release_in_flight("q").await.unwrap(), 1);
    let again = world.cloud.receive("q", 10, Some(0), None).await.unwrap();
    assert_eq!((again[0].body(), again[0].receives), ("m", 2));
    let handles = [again[0].receipt_handle.clone()];
    assert!(world.cloud.delete("q", &handles).await.unwrap()[0].is_ok());
    assert_eq!(world.cloud.depth("q").await.unwrap(), Depth::default());
}

//! The bus: events to queues by pattern, each accepted or refused by itself.

use aws_sdk_eventbridge::types::{InputTransformer, PutEventsRequestEntry, Target};
use serde_json::{Value, json};

use crate::world::{World, attributes, code};

fn event(detail: Value) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .event_bus_name("bus")
        .source("homehail.orders")
        .detail_type("order changed")
        .detail(detail.to_string())
        .build()
}

/// A world with a bus and a queue that a rule of the operator's sends to.
async fn world(pattern: Value) -> (World, String) {
    let world = World::new().await;
    let (sqs, events) = (world.sqs(), world.events());
    let url = sqs.create("archive", &[]).await;
    events.create_event_bus().name("bus").send().await.unwrap();
    let rule = events.put_rule().name("rule").event_bus_name("bus");
    rule.event_pattern(pattern.to_string())
        .send()
        .await
        .unwrap();
    let target = Target::builder()
        .id("t")
        .arn(sqs.arn(&url).await)
        .build()
        .unwrap();
    let put = events
        .put_targets()
        .rule("rule")
        .event_bus_name("bus")
        .targets(target);
    assert_eq!(put.send().await.unwrap().failed_entry_count(), 0);
    (world, url)
}

#[tokio::test]
async fn a_rule_delivers_what_its_pattern_wants_in_the_documented_envelope() {
    let (world, url) = world(json!({
        "source": [{"prefix": "homehail."}],
        "detail": {"n": [{"numeric": [">", 5]}], "kind": [{"anything-but": ["skip"]}]}
    }))
    .await;
    let put = world.events().put_events().set_entries(Some(vec![
        event(json!({"n": 9, "kind": "ok", "id": "yes"})),
        event(json!({"n": 3, "kind": "ok"})),
        event(json!({"n": 9, "kind": "skip"})),
    ]));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);
    let bodies = world.sqs().bodies(&url, 0).await;
    assert_eq!(bodies.len(), 1);
    let event: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(event["detail"]["id"], "yes");
    assert_eq!(event["id"].as_str(), put.entries()[0].event_id());
    assert_eq!(event["detail-type"], "order changed");
    assert_eq!(event["account"], "123456789012");
    for key in ["version", "source", "time", "region", "resources"] {
        assert!(event.get(key).is_some(), "{key}");
    }
}

#[tokio::test]
async fn entries_are_accepted_and_refused_one_by_one() {
    let (world, url) = world(json!({"source": ["homehail.orders"]})).await;
    let plain = PutEventsRequestEntry::builder()
        .event_bus_name("bus")
        .source("homehail.orders");
    let put = world.events().put_events().set_entries(Some(vec![
        event(json!({"a": 1})),
        plain.clone().detail_type("t").detail("not json").build(),
        plain.clone().detail("{}").build(),
        plain
            .event_bus_name("no-bus")
            .detail_type("t")
            .detail("{}")
            .build(),
        event(json!({"a": 2})),
    ]));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 3);
    let codes: Vec<_> = put
        .entries()
        .iter()
        .map(|entry| entry.error_code())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some("MalformedDetail"),
            Some("InvalidArgument"),
            Some("ResourceNotFoundException"),
            None
        ]
    );
    assert_eq!(world.sqs().bodies(&url, 0).await.len(), 2);
    let eleven = (0..11).map(|i| event(json!({"i": i}))).collect();
    let refused = world
        .events()
        .put_events()
        .set_entries(Some(eleven))
        .send()
        .await;
    assert_eq!(code(refused), "ValidationException");
    let large = "x".repeat(257 * 1024);
    let refused = world
        .events()
        .put_events()
        .entries(event(json!({"large": large})))
        .send()
        .await;
    assert_eq!(code(refused), "ValidationException");
}

#[tokio::test]
async fn a_target_may_have_the_event_in_other_words() {
    let (world, url) = world(json!({"source": ["homehail.orders"]})).await;
    let (sqs, events) = (world.sqs(), world.events());
    let words = InputTransformer::builder()
        .input_paths_map("i", "$.detail.id")
        .input_template(r#"{"got":<i>}"#)
        .build()
        .unwrap();
    let arn = sqs.arn(&url).await;
    let target = Target::builder()
        .id("t")
        .arn(arn)
        .input_transformer(words)
        .build()
        .unwrap();
    let put = events
        .put_targets()
        .rule("rule")
        .event_bus_name("bus")
        .targets(target);
    put.send().await.unwrap();
    events
        .put_events()
        .entries(event(json!({"id": "x"})))
        .send()
        .await
        .unwrap();
    assert_eq!(sqs.bodies(&url, 0).await, [r#"{"got":"x"}"#]);
}

#[tokio::test]
async fn rules_and_targets_are_described_and_removed() {
    let (world, _) = world(json!({"source": ["homehail.orders"]})).await;
    let events = world.events();
    let described = events
        .describe_rule()
        .name("rule")
        .event_bus_name("bus")
        .send()
        .await
        .unwrap();
    assert_eq!(
        described.event_pattern(),
        Some(r#"{"source":["homehail.orders"]}"#)
    );
    let rules = events
        .list_rules()
        .event_bus_name("bus")
        .send()
        .await
        .unwrap();
    assert_eq!(rules.rules()[0].name(), Some("rule"));
    let targets = || {
        events
            .list_targets_by_rule()
            .rule("rule")
            .event_bus_name("bus")
            .send()
    };
    assert_eq!(targets().await.unwrap().targets()[0].id(), "t");
    let delete = || {
        events
            .delete_rule()
            .name("rule")
            .event_bus_name("bus")
            .send()
    };
    assert_eq!(code(delete().await), "ValidationException");
    let remove = events
        .remove_targets()
        .rule("rule")
        .event_bus_name("bus")
        .ids("t")
        .ids("u");
    assert_eq!(remove.send().await.unwrap().failed_entry_count(), 1);
    assert!(targets().await.unwrap().targets().is_empty());
    delete().await.unwrap();
    assert_eq!(code(targets().await), "ResourceNotFoundException");
    let wrong = events
        .put_rule()
        .name("w")
        .event_bus_name("bus")
        .event_pattern(r#"{"a":"b"}"#);
    assert_eq!(code(wrong.send().await), "InvalidEventPatternException");
    assert_eq!(
        code(events.create_event_bus().name("bus").send().await),
        "ResourceAlreadyExistsException"
    );
    let bus = events
        .describe_event_bus()
        .name("bus")
        .send()
        .await
        .unwrap();
    assert_eq!(bus.arn(), Some(world.cloud.bus_arn("bus").as_str()));
}

#[tokio::test]
async fn a_provisioned_rule_delivers_only_where_the_queues_policy_lets_it() {
    let world = World::new().await;
    let cloud = &world.cloud;
    cloud.create_bus("bus").await.unwrap();
    cloud.create_bus("bus").await.unwrap();
    let pattern = json!({"source": ["homehail.orders"]});
    let policy = |rule: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": cloud.rule_arn("bus", rule)}}
        }]})
        .to_string()
    };
    for (queue, allowed) in [("open", "open"), ("closed", "another")] {
        cloud
            .create_queue(queue, &attributes(&[("Policy", &policy(allowed))]))
            .await
            .unwrap();
        cloud.put_rule("bus", queue, &pattern).await.unwrap();
        cloud
            .put_target("bus", queue, "t", &cloud.queue_arn(queue))
            .await
            .unwrap();
    }
    world
        .events()
        .put_events()
        .entries(event(json!({})))
        .send()
        .await
        .unwrap();
    assert_eq!(cloud.depth("open").await.unwrap().visible, 1);
    assert_eq!(cloud.depth("closed").await.unwrap().visible, 0);
}

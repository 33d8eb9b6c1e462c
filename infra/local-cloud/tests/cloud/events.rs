//! The bus: events to queues by pattern, each accepted or refused by itself.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

use crate::world::{World, attributes, code, policy, queue_arn};

fn event(detail: Value) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .event_bus_name("bus")
        .source("homehail.orders")
        .detail_type("order changed")
        .detail(detail.to_string())
        .build()
}

/// A bus with the rule `rule` that sends to the queue `archive`, whose policy lets the rule `allowed`.
async fn world(pattern: Value, allowed: &str) -> World {
    let world = World::new().await;
    let cloud = &world.cloud;
    let document = policy(json!([{
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn("archive"),
        "Condition": {"ArnEquals": {"aws:SourceArn":
            format!("arn:aws-cn:events:cn-north-1:123456789012:rule/bus/{allowed}")
        }},
    }]));
    cloud
        .create_queue("archive", &attributes(&[("Policy", &document.to_string())]))
        .await
        .unwrap();
    cloud.create_bus("bus");
    cloud
        .put_rule("bus", "rule", &pattern, vec![queue_arn("archive")])
        .unwrap();
    world
}

async fn archived(world: &World) -> Vec<Value> {
    let received = world.cloud.receive("archive", 10, Some(0), None).await;
    let received = received.unwrap();
    received
        .iter()
        .map(|message| serde_json::from_str(message.body()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_rule_delivers_what_its_pattern_wants_in_the_documented_envelope() {
    let pattern = json!({"source": ["homehail.orders"], "detail": {"kind": ["a", "b"]}});
    let world = world(pattern, "rule").await;
    let put = world.events().put_events().set_entries(Some(vec![
        event(json!({"kind": "b", "id": "yes"})),
        event(json!({"kind": "c"})),
    ]));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);
    let archived = archived(&world).await;
    let [event] = &archived[..] else {
        panic!("{archived:?}")
    };
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
    let world = world(json!({"source": ["homehail.orders"]}), "rule").await;
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
    assert_eq!(archived(&world).await.len(), 2);
}

#[tokio::test]
async fn what_eventbridge_refuses_is_refused() {
    let world = world(json!({"source": ["homehail.orders"]}), "rule").await;
    let events = world.events();
    let put = |entries| events.put_events().set_entries(Some(entries)).send();
    let eleven = (0..11).map(|i| event(json!({"i": i}))).collect();
    assert_eq!(code(put(eleven).await), "ValidationException");
    let large = json!({"large": "x".repeat(257 * 1024)});
    assert_eq!(code(put(vec![event(large)]).await), "ValidationException");
    let rules = events.list_rules().event_bus_name("bus").send().await;
    assert_eq!(code(rules), "UnknownOperationException");
    let operator = json!({"source": [{"suffix": ".orders"}]});
    let refused = world.cloud.put_rule("bus", "r", &operator, Vec::new());
    assert_eq!(refused.unwrap_err().code, "InvalidEventPatternException");
}

#[tokio::test]
async fn a_rule_delivers_only_where_the_queues_policy_lets_it() {
    let world = world(json!({"source": ["homehail.orders"]}), "another").await;
    let put = world.events().put_events().entries(event(json!({})));
    assert_eq!(put.send().await.unwrap().failed_entry_count(), 0);
    assert!(archived(&world).await.is_empty());
}

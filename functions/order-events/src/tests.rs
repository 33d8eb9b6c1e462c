//! Records as the stream gives them. Images are written out: what was stored long ago must still become an event.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use domain::order::{How, Status};
use domain::time::Millis;
use serde_json::{Value, json};
use settings::Clock;

use super::*;

const ID: &str = "00000000000000000000000000";

/// An order's image in DynamoDB's JSON, with these lines in its timeline.
fn image(version: u64, status: &str, lines: &[&str]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|what| {
            json!({"M": {"t": {"N": "1800000000123"}, "w": {"S": what}, "b": {"S": "platform"}, "e": {"N": "1"}}})
        })
        .collect();
    let mut image = json!({
        "pk": {"S": ID}, "sk": {"S": "order"}, "v": {"N": version.to_string()},
        "st": {"S": status}, "ep": {"N": "1"}, "cu": {"S": format!("cus_{ID}")},
        "bh": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}, "sv": {"S": "cleaning"},
        "sa": {"N": "1800086400000"}, "du": {"N": "120"}, "ar": {"S": "yb4h2t"},
        "pa": {"N": "1800000000000"}, "dl": {"N": "1800000180000"},
        "tl": {"L": lines},
    });
    if !["open", "cancelled", "unfilled"].contains(&status) {
        for (name, value) in [
            ("ca", json!({"S": format!("agy_{ID}")})),
            ("cn", json!({"S": "家政"})),
            ("ch", json!({"S": "grab"})),
            ("ct", json!({"N": "1800000000123"})),
            ("sb", json!({"N": "1800001800000"})),
        ] {
            image[name] = value;
        }
    }
    if ["staffed", "in_service", "completed", "rated"].contains(&status) {
        image["wo"] = json!({"S": format!("wkr_{ID}")});
        image["wt"] = json!({"N": "1800000000124"});
    }
    if status == "rated" {
        image["rs"] = json!({"N": "4"});
    }
    image
}

fn record(sequence: &str, new: Value, old: Value) -> Value {
    json!({
        "eventID": sequence, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "awsRegion": "cn-north-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_000,
            "Keys": {"pk": {"S": ID}, "sk": {"S": "order"}},
            "NewImage": new, "OldImage": old,
            "SequenceNumber": sequence, "SizeBytes": 600, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}

fn event(new: Value, old: Value) -> Option<OrderEvent> {
    told(new, old).map(|told| told.event)
}

fn told(new: Value, old: Value) -> Option<OrderChange> {
    event_of(serde_json::from_value(record("1", new, old)).unwrap()).unwrap()
}

#[test]
fn each_version_has_its_event() {
    let placed = image(1, "open", &["placed"]);
    let offered = image(2, "open", &["placed", "offered"]);
    let first = event(placed.clone(), json!({})).unwrap();
    assert_eq!(
        (first.kind, first.detail.version),
        (OrderEventKind::Placed, 1)
    );
    let second = event(offered, placed).unwrap();
    assert_eq!(
        (second.kind, second.detail.version),
        (OrderEventKind::Offered, 2)
    );

    let claimed = event(image(3, "claimed", &["claimed"]), json!({})).unwrap();
    assert_eq!(claimed.kind, OrderEventKind::Claimed);
    assert_eq!(claimed.detail.order_id.bare(), ID);
    assert_eq!(claimed.detail.status, Status::Claimed);
    assert_eq!(
        claimed
            .detail
            .agency_id
            .map(|agency| agency.bare().to_owned())
            .as_deref(),
        Some(ID)
    );
    assert_eq!(claimed.detail.how, Some(How::Grab));
    assert_eq!(claimed.detail.at, Millis(1_800_000_000_123));
}

#[test]
fn an_event_is_named_by_what_the_change_came_to() {
    for (status, lines, kind) in [
        (
            "open",
            &["released", "reopened"][..],
            OrderEventKind::Released,
        ),
        (
            "open",
            &["staffing_missed", "reopened"],
            OrderEventKind::Reopened,
        ),
        (
            "unfilled",
            &["released", "unfilled"],
            OrderEventKind::Unfilled,
        ),
        ("unfilled", &["unfilled"], OrderEventKind::Unfilled),
        ("cancelled", &["cancelled"], OrderEventKind::Cancelled),
    ] {
        assert_eq!(
            event(image(5, status, lines), json!({})).unwrap().kind,
            kind,
            "{lines:?}"
        );
    }
}

#[test]
fn a_change_says_what_it_counts_for_an_agency() {
    let agency = AgencyId::from_bytes(&[0; 16]);
    let serving = image(5, "in_service", &["started"]);
    let completed = image(6, "completed", &["completed"]);
    let rated = image(7, "rated", &["rated"]);
    let counted = |new: &Value, old: &Value| told(new.clone(), old.clone()).unwrap().tally;
    let stats = AgencyStats {
        completed: 1,
        ..AgencyStats::default()
    };
    assert_eq!(counted(&completed, &serving), [(agency.clone(), stats)]);
    let stats = AgencyStats {
        stars_sum: 4,
        stars_count: 1,
        ..AgencyStats::default()
    };
    assert_eq!(counted(&rated, &completed), [(agency.clone(), stats)]);
    let mut not_counted = rated.clone();
    not_counted["rn"] = json!({"BOOL": true});
    assert_eq!(counted(&not_counted, &completed), []);
    let staffed = image(4, "staffed", &["staffed"]);
    assert_eq!(counted(&serving, &staffed), []);
    let mut released = image(5, "open", &["released", "reopened"]);
    released["ex"] = json!({"SS": [agency.as_str()]});
    let stats = AgencyStats {
        abandoned: 1,
        ..AgencyStats::default()
    };
    assert_eq!(counted(&released, &staffed), [(agency, stats)]);
}

#[test]
fn what_is_no_new_version_of_an_order_has_no_event() {
    let same = image(2, "open", &["placed"]);
    assert_eq!(event(same.clone(), same), None);
    let details = json!({"pk": {"S": ID}, "sk": {"S": "details"}, "sealed": {"B": "AAAA"}});
    assert_eq!(event(details, json!({})), None);
    assert_eq!(event(json!({}), image(2, "open", &["placed"])), None);
}

/// A function whose bus cannot be reached.
fn function() -> OrderEvents {
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("cn-north-1"))
        .endpoint_url("http://127.0.0.1:1")
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "t", "t", None, None, "t",
        )))
        .retry_config(RetryConfig::disabled())
        .build();
    let variables = [
        "EVENT_BUS",
        "ORDERS_TABLE",
        "DIRECTORY_TABLE",
        "OFFER_QUEUE_PREFIX",
        "QUEUE_URL_SIBLING",
    ]
    .map(|name| (name.to_owned(), "homehail".to_owned()));
    let clock = Clock::new(|| Millis(0));
    OrderEvents::new(&Settings::new(variables.into(), sdk, clock)).unwrap()
}

async fn failures(records: Vec<Value>) -> Vec<String> {
    let event = serde_json::from_value(json!({ "Records": records })).unwrap();
    let response = function().handle(event).await;
    let failures = response.batch_item_failures.into_iter();
    failures
        .filter_map(|failure| failure.item_identifier)
        .collect()
}

#[tokio::test]
async fn a_batch_comes_again_from_the_first_record_that_failed() {
    let details = json!({"pk": {"S": ID}, "sk": {"S": "details"}, "sealed": {"B": "AAAA"}});
    let order = image(1, "open", &["placed"]);
    let mut broken = order.clone();
    broken["st"] = json!({"S": "lost"});
    let cases = [
        (vec![record("1", details.clone(), json!({}))], vec![]),
        (
            vec![
                record("1", details.clone(), json!({})),
                record("2", order.clone(), json!({})),
            ],
            vec!["2"],
        ),
        (
            vec![
                record("1", details, json!({})),
                record("2", broken.clone(), json!({})),
            ],
            vec!["2"],
        ),
        (
            vec![
                record("1", order, json!({})),
                record("2", broken, json!({})),
            ],
            vec!["1"],
        ),
    ];
    for (records, expected) in cases {
        assert_eq!(failures(records).await, expected);
    }
}

//! What calls look like on the wire, and what is made of answers to them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bus::{Error, FanOutQueue, Offer, OfferQueues, Stage, Timer, TimerQueue, Timers};
use domain::id::{AgencyId, OrderId};
use domain::order::Status;
use domain::time::Millis;
use events::{Events, OrderEvent, OrderEventDetail, OrderEventKind};
use serde_json::{Value, json};
use settings::Settings;

const SIBLING: &str = "http://127.0.0.1:1/123456789012/fan-out";

/// A service that gives these answers one after another, and keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Service {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    fn new(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let service = Self::default();
        service.answers.lock().unwrap().extend(answers);
        service
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpClient for Service {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        self.asked
            .lock()
            .unwrap()
            .push(serde_json::from_slice(body).unwrap());
        let (status, answer) = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .expect("one answer more");
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .body(SdkBody::from(answer.to_string()))
            .unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
    }
}

macro_rules! client {
    ($sdk:ident, $service:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("cn-north-1"))
                .endpoint_url("http://127.0.0.1:1")
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .http_client($service.clone())
                .build(),
        )
    };
}

fn settings() -> Settings {
    Settings::from_variables([
        ("OFFER_QUEUE_PREFIX", "offers-"),
        ("QUEUE_URL_SIBLING", SIBLING),
        ("FAN_OUT_QUEUE_URL", SIBLING),
        ("TIMER_QUEUE_URL", SIBLING),
        ("TIMER_GROUP", "group"),
        ("TIMER_QUEUE_ARN", "arn:queue"),
        ("TIMER_ROLE_ARN", "arn:role"),
        ("TIMER_DEAD_LETTERS_ARN", "arn:dead"),
        ("EVENT_BUS", "homehail"),
    ])
}

fn queues(service: &Service) -> OfferQueues {
    OfferQueues::new(&settings().with_client(client!(aws_sdk_sqs, service)))
}

fn agency() -> AgencyId {
    AgencyId::from_bytes(&[0; 16])
}

fn timer() -> Timer {
    Timer {
        order_id: OrderId::from_bytes(&[0; 16]),
        epoch: 1,
        stage: Stage::Grab,
        due: Millis(180_500),
        until: Millis(900_000),
        looks: 0,
        redrives: 0,
    }
}

const OFFER: &str = r#"{"order_id":"ord_00000000000000000000000000","epoch":1,"kind":"open","service":"cleaning","start_at":"2027-01-16T08:00:00.000Z","duration_min":120,"area":"yb4h2t","distance_m":700,"store_id":"sto_0000000000000","budget_fen":null,"grab_deadline":"2027-01-15T08:03:00.000Z","claim_token":"t"}"#;

fn no_such_queue() -> (u16, Value) {
    (
        400,
        json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}),
    )
}

#[tokio::test]
async fn each_receipt_is_answered_for() {
    let failed = json!({"Id": "1", "SenderFault": true, "Code": "ReceiptHandleIsInvalid"});
    let service = Service::new([
        (200, json!({"Successful": [], "Failed": []})),
        (200, json!({"Successful": [], "Failed": [failed]})),
    ]);
    let receipts: Vec<String> = (0..12).map(|n| format!("r{n}")).collect();
    let accepted = queues(&service)
        .acknowledge(&agency(), &receipts)
        .await
        .unwrap();
    let refused: Vec<usize> = (0..12).filter(|place| !accepted[*place]).collect();
    assert_eq!(refused, [11]);
    let asked = service.asked();
    assert_eq!(asked[0]["Entries"].as_array().unwrap().len(), 10);
    assert_eq!(
        asked[1]["Entries"][1],
        json!({"Id": "1", "ReceiptHandle": "r11"})
    );
}

#[tokio::test]
async fn an_entry_that_failed_for_no_fault_of_its_own_may_be_tried_again() {
    let failed = json!({"Id": "0", "SenderFault": false, "Code": "InternalError"});
    let service = Service::new([(200, json!({"Successful": [], "Failed": [failed]}))]);
    let error = queues(&service)
        .acknowledge(&agency(), &["r"])
        .await
        .unwrap_err();
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_told_apart() {
    let service = Service::new((0..4).map(|_| no_such_queue()));
    let queues = queues(&service);
    let offer = Offer::parse(OFFER).unwrap();
    assert!(matches!(
        queues.send(&agency(), &offer).await,
        Err(Error::NoSuchQueue)
    ));
    let received = queues.receive(&agency(), 10, Duration::ZERO).await;
    assert!(matches!(received, Err(Error::NoSuchQueue)));
    let acknowledged = queues.acknowledge(&agency(), &["r"]).await;
    assert!(matches!(acknowledged, Err(Error::NoSuchQueue)));
    assert!(matches!(
        queues.allow(&agency()).await,
        Err(Error::NoSuchQueue)
    ));
}

#[tokio::test]
async fn what_is_received_has_its_receipt_and_strangers_bodies_are_none() {
    let messages = json!([
        {"MessageId": "1", "ReceiptHandle": "a", "Body": OFFER},
        {"MessageId": "2", "ReceiptHandle": "b", "Body": "hello"},
    ]);
    let service = Service::new([(200, json!({"Messages": messages}))]);
    let received = queues(&service)
        .receive(&agency(), 10, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(received[0].offer, Some(Offer::parse(OFFER).unwrap()));
    assert_eq!(
        (received[1].offer.as_ref(), received[1].receipt.as_str()),
        (None, "b")
    );
    let asked = &service.asked()[0];
    assert_eq!(
        (&asked["WaitTimeSeconds"], &asked["MaxNumberOfMessages"]),
        (&json!(20), &json!(10))
    );
}

#[tokio::test]
async fn queues_are_made_as_the_contract_says() {
    let service = Service::new([(200, json!({"QueueUrl": "x"})), (200, json!({}))]);
    let queues = queues(&service);
    queues.create(&agency()).await.unwrap();
    queues.allow(&agency()).await.unwrap();
    let asked = service.asked();
    assert_eq!(
        asked[0],
        json!({
            "QueueName": "offers-00000000000000000000000000",
            "Attributes": {
                "VisibilityTimeout": "30",
                "MessageRetentionPeriod": "345600",
                "SqsManagedSseEnabled": "true",
                "ReceiveMessageWaitTimeSeconds": "0",
            },
        })
    );
    // A queue from before notices keeps messages as long as a new one.
    assert_eq!(
        asked[1]["Attributes"],
        json!({"Policy": "", "MessageRetentionPeriod": "345600"})
    );
}

#[tokio::test]
async fn timers_wait_in_whole_seconds_and_fan_outs_are_grouped_by_cell() {
    let sent = json!({"MessageId": "1", "MD5OfMessageBody": "x"});
    let service = Service::new((0..3).map(|_| (200, sent.clone())));
    let settings = settings().with_client(client!(aws_sdk_sqs, service));
    let timers = TimerQueue::new(&settings);
    // The SDK checks the digest of what it sent, and this service cannot know it.
    let _ = timers.send(&timer(), Duration::from_millis(1001)).await;
    let _ = timers.send(&timer(), Duration::from_secs(5000)).await;
    let fan_out = r#"{"kind":"fan_out","v":1,"order_id":"ord_00000000000000000000000000","epoch":1,"deadline":5,"service":"cleaning","start_at":9,"duration_min":120,"area":"yb4h2t","budget_fen":null,"radius_m":5000}"#;
    let message = bus::FanOutMessage::parse(fan_out).unwrap();
    let _ = FanOutQueue::new(&settings)
        .send(message, Duration::ZERO)
        .await;
    let asked = service.asked();
    assert_eq!(
        (&asked[0]["DelaySeconds"], &asked[1]["DelaySeconds"]),
        (&json!(2), &json!(900))
    );
    assert_eq!(asked[2].get("DelaySeconds"), None);
    assert_eq!(asked[2]["MessageGroupId"].as_str().map(str::len), Some(5));
}

#[tokio::test]
async fn a_timer_that_is_set_already_is_set() {
    let conflict = json!({"__type": "ConflictException", "Message": "exists"});
    let service = Service::new([
        (200, json!({"ScheduleArn": "x"})),
        (409, conflict),
        (
            500,
            json!({"__type": "InternalServerException", "Message": "no"}),
        ),
    ]);
    let scheduler = client!(aws_sdk_scheduler, service);
    let timers = Timers::new(&settings().with_client(scheduler));
    timers.set(&timer(), Millis(0)).await.unwrap();
    timers.set(&timer(), Millis(0)).await.unwrap();
    assert!(
        timers
            .set(&timer(), Millis(0))
            .await
            .unwrap_err()
            .is_retryable()
    );
    let mut asked = service.asked().remove(0);
    asked.as_object_mut().unwrap().remove("ClientToken");
    assert_eq!(
        asked,
        json!({
            "GroupName": "group",
            "ScheduleExpression": "at(1970-01-01T00:02:00)",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": "arn:queue",
                "RoleArn": "arn:role",
                "DeadLetterConfig": {"Arn": "arn:dead"},
                "Input": timer().body().unwrap(),
            },
        })
    );
}

#[tokio::test]
async fn events_behind_one_that_failed_wait_for_it() {
    let event = |order: u8, version| OrderEvent {
        kind: OrderEventKind::Changed,
        detail: OrderEventDetail {
            schema: OrderEventDetail::SCHEMA,
            order_id: OrderId::from_bytes(&[order; 16]),
            version,
            epoch: 1,
            status: Status::Open,
            agency_id: None,
            how: None,
            at: Millis(0),
        },
    };
    // Three calls' worth: the second is answered with a failed entry.
    let events = [
        event(1, 1),
        event(2, 1),
        event(1, 2),
        event(3, 1),
        event(1, 3),
    ];
    let accepted = json!({"EventId": "e"});
    let failed = json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "later"});
    let service = Service::new([
        (
            200,
            json!({"FailedEntryCount": 0, "Entries": [accepted, accepted]}),
        ),
        (
            200,
            json!({"FailedEntryCount": 1, "Entries": [accepted, failed]}),
        ),
    ]);
    let bus = Events::new(&settings().with_client(client!(aws_sdk_eventbridge, service)));
    assert_eq!(bus.put(&events).await.unwrap(), [3, 4]);
    let asked = service.asked();
    assert_eq!(asked.len(), 2);
    let entry = &asked[0]["Entries"][0];
    assert_eq!(entry["Source"], "homehail.orders");
    assert_eq!(entry["DetailType"], "order.changed");
    assert_eq!(entry["EventBusName"], "homehail");

    // A call that fails as a whole, and one that is answered for fewer entries than it had.
    let service = Service::new([
        (400, json!({"__type": "AccessDeniedException"})),
        (200, json!({"FailedEntryCount": 0, "Entries": [accepted]})),
    ]);
    let bus = Events::new(&settings().with_client(client!(aws_sdk_eventbridge, service)));
    assert_eq!(bus.put(&events[..2]).await.unwrap(), [0, 1]);
    assert_eq!(bus.put(&events[..2]).await.unwrap(), [1]);
}

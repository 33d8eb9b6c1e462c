//! The functions on a deployment that shares no code with our own cloud: what passes on both does not pass because of a
//! misunderstanding of ours that sits in tests and emulation alike.
//!
//! `tests/tools/try_deployment.sh` deploys the template onto `ministack` by the commands of `operating.md`, and runs this. The
//! functions run in this process, each with the environment that its deployment gave it, behind our gateway; tables, streams,
//! queues, schedules, bus and keys are the other cloud's. What this shows, and what not: `infra/docs/decisions/independent-emulator.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::MessageSystemAttributeName;
use aws_types::SdkConfig;
use domain::time::Millis;
use local::activity::Activity;
use local::gateway::Gateway;
use local::invoker::{Invoker, StartedFunction};
use local::keys::AccessKey;
use local::sdk::{self, Endpoints};
use local::template::{self, Function, Settings, Stack};
use local::wire::Wire;
use local::{functions, wechat};
use runtime::secret;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::http::Call;
use crate::polling;
use crate::world::{CENTRE, decision_on, moved, registration};

/// Its grab window is shorter than a deployment may have, and than the tick of the other cloud's scheduler.
const MARKET: &str = r#"{"name":"harbin","grab_window_s":5}"#;
const LOOK: Duration = Duration::from_millis(200);
const STACK: &str = "homehail";

/// What `try_deployment.sh` found deployed.
#[derive(Deserialize)]
struct Deployed {
    endpoint: String,
    region: String,
    /// Physical ids by logical ones.
    resources: BTreeMap<String, String>,
    /// Functions' variables, by logical id.
    environments: BTreeMap<String, BTreeMap<String, String>>,
    mappings: Vec<Mapping>,
}

/// A queue or a stream that triggers a function.
#[derive(Clone, Deserialize)]
struct Mapping {
    function: String,
    source: String,
    batch_size: i32,
}

/// The functions, running on the other cloud.
struct Elsewhere {
    deployed: Deployed,
    sdk: SdkConfig,
    client: reqwest::Client,
    base: String,
    /// Versions of orders, as their table's stream told of them.
    streamed: Arc<Mutex<Vec<(String, u64)>>>,
    _tasks: JoinSet<()>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one setting of this test, read in one place"
)]
fn deployed() -> Option<Deployed> {
    let Ok(path) = std::env::var("HOMEHAIL_DEPLOYED") else {
        // No fault of the machine, in CI either, which has a step of its own for this.
        eprintln!("NOT CHECKED: the platform on another cloud than ours; `.ci/run deploy` does so");
        return None;
    };
    let found = std::fs::read(path).expect("what is deployed");
    Some(serde_json::from_slice(&found).expect("what try_deployment.sh writes"))
}

/// The template's functions, for their routes and the names of their code.
fn described() -> Stack {
    let parameters = [
        "SessionPublicKeys",
        "WeChatAppId",
        "BadgeHost",
        "BadgePublicKeys",
        "StatusPublicKeys",
        "CreditSources",
    ];
    let settings = Settings {
        stack: STACK.to_owned(),
        queue_endpoint: String::new(),
        api_endpoint: String::new(),
        parameters: parameters
            .map(|name| (name.to_owned(), String::new()))
            .into(),
        secret: &|_| String::new(),
    };
    template::load(template::SOURCE, &settings).expect("the template")
}

impl Elsewhere {
    /// Starts every function with what it was deployed with, and what triggers it.
    async fn start(deployed: Deployed) -> Elsewhere {
        let key = AccessKey {
            id: "test".to_owned(),
            secret: "test".to_owned(),
        };
        let endpoints = Endpoints {
            dynamodb: deployed.endpoint.clone(),
            cloud: deployed.endpoint.clone(),
        };
        let sdk = sdk::config(&key, &deployed.region, &endpoints, sdk::plain_client());
        let listener = async || TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = |listener: &TcpListener| {
            format!("http://{}", listener.local_addr().expect("an address"))
        };
        let mut tasks = JoinSet::new();
        let wechat_listener = listener().await;
        // What differs from a real deployment: how long orders are on offer, who answers for WeChat, and where SQS is.
        let instead = [
            ("MARKET", MARKET.to_owned()),
            ("WECHAT_ENDPOINT", url(&wechat_listener)),
            ("WECHAT_APP_ID", wechat::APP_ID.to_owned()),
            ("AWS_ENDPOINT_URL_SQS", deployed.endpoint.clone()),
        ];
        tasks.spawn(async move {
            let router = wechat::router("token".to_owned());
            axum::serve(wechat_listener, router).await.expect("served");
        });
        let clock = Clock::new(|| Millis(local_cloud::Clock::system().now_ms()));
        let described = described();
        let mut started = BTreeMap::new();
        for function in &described.functions {
            let logical = function.name.trim_start_matches("homehail-");
            let mut variables = deployed.environments[logical].clone();
            variables.extend(
                instead
                    .clone()
                    .map(|(name, value)| (name.to_owned(), value)),
            );
            let settings = settings::Settings::new(variables, sdk.clone(), clock.clone());
            let invoke = functions::start(&function.code, &settings).expect("it starts");
            let timeout = function.timeout;
            started.insert(function.code.clone(), StartedFunction { invoke, timeout });
        }
        let invoker = Invoker::new(Wire::default(), Activity::default());
        invoker.start(started);
        let gateway = Gateway::new(&described, invoker.clone(), clock, "0", "").expect("routes");
        let gateway_listener = listener().await;
        let base = url(&gateway_listener);
        let router = gateway.router();
        tasks.spawn(async move {
            let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
            axum::serve(gateway_listener, service)
                .await
                .expect("served");
        });
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let streamed = Arc::default();
        for mapping in &deployed.mappings {
            let of = |f: &&Function| f.name == format!("{STACK}-{}", mapping.function);
            let function = described
                .functions
                .iter()
                .find(of)
                .expect("a function of the template");
            let trigger = Trigger {
                mapping: mapping.clone(),
                function: function.code.clone(),
                invoker: invoker.clone(),
                client: client.clone(),
                endpoint: deployed.endpoint.clone(),
                region: deployed.region.clone(),
                streamed: Arc::clone(&streamed),
            };
            if mapping.source.contains(":dynamodb:") {
                tasks.spawn(trigger.stream());
            } else {
                tasks.spawn(trigger.queue(aws_sdk_sqs::Client::new(&sdk)));
            }
        }
        Elsewhere {
            deployed,
            sdk,
            client,
            base,
            streamed,
            _tasks: tasks,
        }
    }

    fn call<'a>(&'a self, method: &'a str, path: &str) -> Call<'a> {
        Call::new(&self.client, &self.base, method, path)
    }

    async fn session(&self, role: &str, body: Value) -> String {
        let path = format!("/v1/sessions/{role}");
        let session = self
            .call("POST", &path)
            .json(&body)
            .send()
            .await
            .expect(200);
        session["token"].as_str().expect("a token").to_owned()
    }

    /// An agency that the authority has approved: its id, and its token.
    async fn agency(&self, authority: &str, place: (f64, f64)) -> (String, String) {
        let body = registration(1, &["cleaning"], &[place]);
        let key = "registration-key-of-the-agency-elsewhere";
        let agency = self
            .call("POST", "/v1/agencies")
            .key(key)
            .json(&body)
            .send()
            .await
            .expect(201);
        let id = agency["agency_id"].as_str().expect("an id").to_owned();
        self.call("POST", &format!("/v1/agencies/{id}/reviews"))
            .token(authority)
            .json(&decision_on(&json!(1), "approve"))
            .send()
            .await
            .expect(200);
        let access = json!({ "access_key": agency["access_key"], "secret": agency["secret"] });
        (id, self.session("agency", access).await)
    }

    async fn place(&self, customer: &str, key: &str, place: (f64, f64)) -> String {
        let start = Millis(local_cloud::Clock::system().now_ms() + 86_400_000).to_rfc3339();
        let order = json!({
            "service": "cleaning",
            "start_at": start,
            "duration_min": 120,
            "address": "道里区中央大街 100 号",
            "location": { "lat": place.0, "lon": place.1, "datum": "wgs84" },
            "contact": { "name": "王小明", "phone": "13912345678" },
        });
        let placed = self
            .call("POST", "/v1/orders")
            .token(customer)
            .key(key)
            .json(&order);
        let placed = placed.send().await.expect(201);
        placed["order_id"].as_str().expect("an id").to_owned()
    }

    /// Reads the archive until the event that is waited for is there; returns all events of this order, by version.
    async fn archived(&self, order: &str, last: &str) -> BTreeMap<u64, String> {
        let sqs = aws_sdk_sqs::Client::new(&self.sdk);
        let url = &self.deployed.resources["EventArchive"];
        let mut events = BTreeMap::new();
        let until = Instant::now() + crate::PATIENCE;
        while !events.values().any(|kind| kind == last) {
            assert!(Instant::now() < until, "{order} is not {last}: {events:?}");
            let receive = sqs.receive_message().queue_url(url).wait_time_seconds(1);
            for message in receive.send().await.expect("received").messages() {
                let event: Value =
                    serde_json::from_str(message.body().expect("a body")).expect("an event");
                assert_eq!(event["source"], "homehail.orders");
                if event["detail"]["order_id"] == order {
                    let version = event["detail"]["version"].as_u64().expect("a version");
                    let kind = event["detail-type"].as_str().expect("a kind");
                    events.insert(version, kind.to_owned());
                }
            }
        }
        events
    }
}

/// What Lambda does: takes from a queue or a stream, and invokes.
struct Trigger {
    mapping: Mapping,
    function: String,
    invoker: Invoker,
    client: reqwest::Client,
    endpoint: String,
    region: String,
    streamed: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Trigger {
    /// Which records the function says have failed.
    async fn invoke(&self, records: &[Value]) -> BTreeSet<String> {
        let event = json!({ "Records": records });
        let answer = self
            .invoker
            .invoke(&self.function, event)
            .await
            .expect("an answer");
        let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
        failures
            .map(|failure| {
                failure["itemIdentifier"]
                    .as_str()
                    .expect("an id")
                    .to_owned()
            })
            .collect()
    }

    async fn queue(self, sqs: aws_sdk_sqs::Client) {
        let parts: Vec<&str> = self.mapping.source.rsplitn(3, ':').collect();
        let url = format!("{}/{}/{}", self.endpoint, parts[1], parts[0]);
        loop {
            let received = sqs
                .receive_message()
                .queue_url(&url)
                .max_number_of_messages(self.mapping.batch_size)
                .wait_time_seconds(1)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await
                .expect("received");
            let messages = received.messages();
            if messages.is_empty() {
                continue;
            }
            let records: Vec<Value> = messages
                .iter()
                .map(|message| {
                    let attributes = message.attributes().into_iter().flatten();
                    let attributes: BTreeMap<&str, &String> = attributes
                        .map(|(name, value)| (name.as_str(), value))
                        .collect();
                    json!({
                        "messageId": message.message_id(),
                        "receiptHandle": message.receipt_handle(),
                        "body": message.body(),
                        "attributes": attributes,
                        "messageAttributes": {},
                        "eventSource": "aws:sqs",
                        "eventSourceARN": self.mapping.source,
                        "awsRegion": self.region,
                    })
                })
                .collect();
            let failed = self.invoke(&records).await;
            for message in messages {
                if !failed.contains(message.message_id().expect("an id")) {
                    let receipt = message.receipt_handle().expect("a receipt");
                    let delete = sqs.delete_message().queue_url(&url).receipt_handle(receipt);
                    delete.send().await.expect("deleted");
                }
            }
        }
    }

    async fn stream(self) {
        let arn = &self.mapping.source;
        let stream = self
            .streams("DescribeStream", json!({ "StreamArn": arn }))
            .await;
        let shards = stream["StreamDescription"]["Shards"]
            .as_array()
            .expect("shards");
        assert_eq!(shards.len(), 1, "{arn}");
        let from = json!({
            "StreamArn": arn,
            "ShardId": shards[0]["ShardId"],
            "ShardIteratorType": "TRIM_HORIZON",
        });
        let mut iterator = self.streams("GetShardIterator", from).await["ShardIterator"].take();
        loop {
            let limit = self.mapping.batch_size;
            let next = json!({ "ShardIterator": iterator, "Limit": limit });
            let mut found = self.streams("GetRecords", next).await;
            iterator = found["NextShardIterator"].take();
            let records = found["Records"].as_array_mut().expect("records");
            for record in records.iter_mut() {
                record["eventSourceARN"] = json!(arn);
                let image = &record["dynamodb"]["NewImage"];
                if self.function == "order-events" && image["sk"]["S"] == "order" {
                    let version = image["v"]["N"].as_str().expect("a version");
                    let order = image["pk"]["S"].as_str().expect("a key").to_owned();
                    let version = version.parse().expect("a number");
                    self.streamed
                        .lock()
                        .expect("unpoisoned")
                        .push((order, version));
                }
            }
            if records.is_empty() {
                tokio::time::sleep(LOOK).await;
            } else {
                let failed = self.invoke(records).await;
                assert!(failed.is_empty(), "{} failed on {failed:?}", self.function);
            }
        }
    }

    /// DynamoDB Streams as it is spoken, because its records are what Lambda hands to functions.
    async fn streams(&self, operation: &str, request: Value) -> Value {
        let scope = format!("test/20260101/{}/dynamodb/aws4_request", self.region);
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let call = self
            .client
            .post(&self.endpoint)
            .header(
                "x-amz-target",
                format!("DynamoDBStreams_20120810.{operation}"),
            )
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization)
            .body(request.to_string());
        let answer = call.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{operation}");
        let body = answer.bytes().await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_the_whole_way_on_a_deployment_onto_another_cloud() {
    let Some(deployed) = deployed() else {
        return;
    };
    let there = Elsewhere::start(deployed).await;
    let directory = &there.deployed.resources["DirectoryTable"];
    let authority = store::Authority {
        id: "aut_elsewhere".parse().expect("an id"),
        name: "哈尔滨市商务局".to_owned(),
        secret_hash: secret::sha256(b"secret"),
    };
    let settings = [("DIRECTORY_TABLE", directory.as_str())];
    let settings = settings::Settings::from_variables(settings)
        .with_client(aws_sdk_dynamodb::Client::new(&there.sdk));
    store::Directory::new(&settings)
        .put_authority("authority-elsewhere", &authority)
        .await
        .expect("stored");
    let access = json!({ "access_key": "authority-elsewhere", "secret": "secret" });
    let authority = there.session("authority", access).await;
    let (agency, desk) = there.agency(&authority, CENTRE).await;
    let customer = there
        .session("customer", json!({ "code": "demo-customer-1" }))
        .await;

    // Once it is registered and approved, the table's stream brings it into the directory's cells, and it has its queue. Keys
    // for that come from the other cloud's AssumeRole.
    let mut offer = Value::Null;
    let mut order = String::new();
    let access = there
        .call("POST", "/v1/queue-access")
        .token(&desk)
        .send()
        .await
        .expect(200);
    let sqs = polling::client(&access);
    let url = access["queue_url"].as_str().expect("a url");
    let until = Instant::now() + crate::PATIENCE;
    for attempt in 0.. {
        assert!(Instant::now() < until, "nothing was offered");
        order = there
            .place(&customer, &format!("order-{attempt}"), CENTRE)
            .await;
        let receive = sqs.receive_message().queue_url(url).wait_time_seconds(3);
        let received = receive
            .send()
            .await
            .map(|answer| answer.messages.unwrap_or_default());
        // Until the agency is in the directory's cells, an order is offered to nobody.
        let Some(message) = received.ok().and_then(|mut messages| messages.pop()) else {
            continue;
        };
        offer = serde_json::from_str(message.body().expect("a body")).expect("an offer");
        let receipt = message.receipt_handle().expect("a receipt");
        let delete = sqs.delete_message().queue_url(url).receipt_handle(receipt);
        delete.send().await.expect("acknowledged");
        if offer["order_id"] == *order {
            break;
        }
    }
    let grab = json!({ "claim_token": offer["claim_token"] });
    let path = format!("/v1/orders/{order}");
    let won = there
        .call("POST", &format!("{path}/grab"))
        .token(&desk)
        .json(&grab)
        .send()
        .await;
    won.expect(200);
    let seen = there
        .call("GET", &path)
        .token(&customer)
        .send()
        .await
        .expect(200);
    assert_eq!(seen["claim"]["agency_id"], agency.as_str());
    let cancel = there
        .call("POST", &format!("{path}/cancel"))
        .token(&customer);
    cancel
        .json(&json!({ "reason": "changed my mind" }))
        .send()
        .await
        .expect(200);

    // Every version reaches the archive, by stream, function, bus and rule.
    let events = there.archived(&order, "order.cancelled").await;
    let versions: Vec<u64> = events.keys().copied().collect();
    assert_eq!(
        versions,
        [1, 2, 3, 4],
        "placed, offered, claimed, cancelled: {events:?}"
    );

    // Nobody is in range and nobody reads it: the other cloud's scheduler and the timer queue have it settled at its deadline.
    let far = there
        .place(&customer, "order-far", moved(CENTRE, 90_000.0, 0.0))
        .await;
    there.archived(&far, "order.unfilled").await;

    // The stream tells of an order's versions in order.
    let mut last = BTreeMap::new();
    for (order, version) in there.streamed.lock().expect("unpoisoned").iter() {
        let before = last.insert(order.clone(), *version);
        assert!(before.is_none_or(|before| before < *version), "{order}");
    }
    assert!(last.len() >= 2);
}

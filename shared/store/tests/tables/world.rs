//! Empty tables for each test, with the keys and indexes of the template, and things to put in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, RuntimeComponents};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::geo::{Area, Wgs84};
use domain::id::{AgencyId, CustomerId, OrderId, WorkerId};
use domain::market::Market;
use domain::member::MemberOf;
use domain::order::{Contact, Order, OrderDetails, Preferred, Visit};
use domain::service::Service;
use domain::time::Millis;
use settings::Settings;
use store::{Directory, Home, Listing, Orders, PlaceKey, SealKey, Workers};

pub const NOW: Millis = Millis(1_800_000_000_000);
pub const ORDERS: &str = "orders";
pub const DIRECTORY: &str = "directory";
pub const WORKERS: &str = "workers";
pub const LEDGER: &str = "ledger";
pub const BADGES: &str = "badges";
pub const SUBJECT_KEYS: &str = "subject-keys";
pub const SESSIONS: &str = "sessions";

/// The tables, on a server that lives as long as the test.
pub struct World {
    pub client: Client,
    pub orders: Orders,
    pub directory: Directory,
    pub workers: Workers,
    pub settings: Settings,
    pub wire: Wire,
}

impl World {
    pub async fn new() -> Self {
        let (endpoint, account) = match independent() {
            Some(endpoint) => (endpoint, unused_account()),
            None => (emulated().await, "test".to_owned()),
        };
        let wire = Wire::new();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("cn-north-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new(account, "test", None, None, "test"))
            .http_client(wire.clone())
            .build();
        let client = Client::from_conf(config);
        let index = |name, hash, range, more: &[&str]| {
            let projection = if more.is_empty() {
                Projection::builder().projection_type(ProjectionType::KeysOnly)
            } else {
                let more = more.iter().map(|name| (*name).to_owned()).collect();
                Projection::builder()
                    .projection_type(ProjectionType::Include)
                    .set_non_key_attributes(Some(more))
            };
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .set_key_schema(Some(keys(hash, range)))
                .projection(projection.build())
                .build()
                .unwrap()
        };
        create(
            &client,
            ORDERS,
            &[
                ("cu", "S"),
                ("pa", "N"),
                ("ca", "S"),
                ("ct", "N"),
                ("oc", "S"),
                ("dl", "N"),
                ("wo", "S"),
                ("sa", "N"),
                ("cl", "S"),
                ("at", "N"),
                ("cg", "S"),
                ("lv", "N"),
            ],
            vec![
                index("by-customer", "cu", "pa", &[]),
                index("by-agency", "ca", "ct", &["st", "sa", "ar", "wo", "ce"]),
                index("by-worker", "wo", "sa", &["yl"]),
                index("complaints", "cl", "at", &[]),
                index("served", "cg", "lv", &[]),
                index(
                    "on-offer",
                    "oc",
                    "dl",
                    &[
                        "ep", "sv", "sa", "du", "ar", "pl", "bu", "ra", "ex", "wi", "pw", "pg",
                    ],
                ),
            ],
        )
        .await;
        create(
            &client,
            DIRECTORY,
            &[("wait", "S"), ("since", "N")],
            vec![index("by-review", "wait", "since", &[])],
        )
        .await;
        create(
            &client,
            WORKERS,
            &[("ag", "S"), ("rg", "N"), ("wait", "S"), ("since", "N")],
            vec![
                index(
                    "by-agency",
                    "ag",
                    "rg",
                    &["st", "skl", "exp", "sx", "se", "mn", "v", "er"],
                ),
                index("by-review", "wait", "since", &[]),
            ],
        )
        .await;
        let unsequenced = vec![index("unsequenced", "un", "ua", &[])];
        create(&client, LEDGER, &[("un", "S"), ("ua", "N")], unsequenced).await;
        create(&client, BADGES, &[], Vec::new()).await;
        create(&client, SUBJECT_KEYS, &[], Vec::new()).await;
        create(&client, SESSIONS, &[], Vec::new()).await;
        let settings = settings(&client);
        Self {
            orders: Orders::new(&settings),
            directory: Directory::new(&settings),
            workers: Workers::new(&settings),
            settings,
            client,
            wire,
        }
    }

    /// A new order, stored.
    pub async fn placed(&self, n: u8) -> Order {
        let order = order(n);
        assert!(place_of(&self.orders, &order).await);
        order
    }

    /// All items of an order, as text.
    pub async fn everything_of(&self, order: &OrderId) -> String {
        let query = self.client.query().table_name(ORDERS);
        let query = query.key_condition_expression("pk = :pk");
        let query =
            query.expression_attribute_values(":pk", AttributeValue::S(order.bare().to_owned()));
        let mut text = String::new();
        for item in query.send().await.unwrap().items() {
            for (name, value) in item {
                text.push_str(&format!("{name} {value:?}\n"));
                if let Ok(bytes) = value.as_b() {
                    text.push_str(&String::from_utf8_lossy(bytes.as_ref()));
                }
            }
        }
        text
    }
}

/// Places an order, however many its customer has placed. `false` if it is there already, or something came between.
pub async fn place_of(orders: &Orders, order: &Order) -> bool {
    let found = orders.before_placing(&order.id, &order.customer).await;
    let uncapped = Market {
        open_orders_cap: u32::MAX,
        daily_orders_cap: u32::MAX,
        ..market()
    };
    let quota = found.unwrap().quota.with(order, &uncapped).unwrap();
    orders.place(order, &home(order), &quota).await.unwrap()
}

/// The DynamoDB of another make that the tests are to run against, if any.
#[expect(
    clippy::disallowed_methods,
    reason = "the one setting of these tests, read in one place"
)]
fn independent() -> Option<String> {
    std::env::var("HOMEHAIL_DYNAMODB").ok()
}

/// There every twelve digits are an account of their own, in which no other test has made its tables.
fn unused_account() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    format!("{:06}{number:06}", std::process::id() % 1_000_000)
}

/// The emulated one, in this process, for as long as the test lives.
async fn emulated() -> String {
    let database = dynoxide::Database::memory().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        database,
        std::future::pending(),
    ));
    format!("http://{address}")
}

async fn create(
    client: &Client,
    table: &str,
    more: &[(&str, &str)],
    indexes: Vec<GlobalSecondaryIndex>,
) {
    let attributes = [("pk", "S"), ("sk", "S")]
        .iter()
        .chain(more)
        .map(|(name, kind)| {
            AttributeDefinition::builder()
                .attribute_name(*name)
                .attribute_type(ScalarAttributeType::from(*kind))
                .build()
                .unwrap()
        });
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .set_key_schema(Some(keys("pk", "sk")))
        .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()))
        .send()
        .await
        .unwrap();
}

fn keys(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .map(|(name, kind)| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .unwrap()
        })
        .into()
}

/// The wire to the tables, which can lose the answers, or the requests, of changes.
#[derive(Clone, Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    lost_answers: Arc<AtomicU32>,
    lost_requests: Arc<AtomicU32>,
    updates: Arc<AtomicU32>,
}

impl Wire {
    fn new() -> Self {
        Self {
            inner: aws_smithy_http_client::Builder::new().build_http(),
            lost_answers: Arc::default(),
            lost_requests: Arc::default(),
            updates: Arc::default(),
        }
    }

    /// Loses the answers of so many changes from here on.
    pub fn lose_answers(&self, count: u32) {
        self.lost_answers.store(count, Ordering::SeqCst);
    }

    /// Loses so many changes from here on.
    pub fn lose_requests(&self, count: u32) {
        self.lost_requests.store(count, Ordering::SeqCst);
    }

    /// How many changes were sent.
    pub fn updates(&self) -> u32 {
        self.updates.load(Ordering::SeqCst)
    }
}

fn take(count: &AtomicU32) -> bool {
    count
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_ok()
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Line {
            wire: self.clone(),
            inner,
        })
    }
}

#[derive(Debug)]
struct Line {
    wire: Wire,
    inner: SharedHttpConnector,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if !target.ends_with(".UpdateItem") {
            return self.inner.call(request);
        }
        self.wire.updates.fetch_add(1, Ordering::SeqCst);
        if take(&self.wire.lost_requests) {
            return HttpConnectorFuture::ready(Err(ConnectorError::io("lost".into())));
        }
        let is_lost = take(&self.wire.lost_answers);
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if is_lost {
                Err(ConnectorError::io("lost".into()))
            } else {
                answer
            }
        })
    }
}

/// What parts of the store build themselves from.
pub fn settings(client: &Client) -> Settings {
    let variables = [
        ("ORDERS_TABLE", ORDERS),
        ("DIRECTORY_TABLE", DIRECTORY),
        ("WORKERS_TABLE", WORKERS),
        ("LEDGER_TABLE", LEDGER),
        ("BADGES_TABLE", BADGES),
        ("SUBJECT_KEYS_TABLE", SUBJECT_KEYS),
        ("SESSIONS_TABLE", SESSIONS),
        ("PERSONAL_DATA_KEY", "a secret"),
        ("WORKER_ID_KEY", "ids"),
    ];
    Settings::from_variables(variables).with_client(client.clone())
}

pub fn market() -> Market {
    Market::from_json(r#"{"name":"harbin"}"#).unwrap()
}

pub fn agency(n: u8) -> AgencyId {
    AgencyId::from_bytes(&[n; 16])
}

/// Who acts for it.
pub fn owner(n: u8) -> MemberOf<AgencyId> {
    MemberOf::first(agency(n))
}

pub fn customer(n: u8) -> CustomerId {
    CustomerId::from_bytes(&[n; 16])
}

/// Where an order there is listed that is offered in the market's usual radius.
pub fn listing() -> Listing {
    let sealed = places().seal(&order(1).id, place()).unwrap();
    Listing::new(place(), sealed, 5_000, &Market::default())
}

pub fn place() -> Wgs84 {
    Wgs84::from_degrees(45.77, 126.627).unwrap()
}

/// An order of customer 1, placed now for tomorrow.
pub fn order(n: u8) -> Order {
    order_of(n, &customer(1), NOW)
}

pub fn order_of(n: u8, customer: &CustomerId, at: Millis) -> Order {
    let visit = Visit {
        service: Service::ApplianceCleaning,
        start_at: Millis(NOW.0 + 86_400_000),
        duration_min: 120,
        area: Area::containing(place()),
        budget_fen: Some(29_900),
        wishes: ["pets", "own_tools", "non_smoker"]
            .map(|tag| tag.parse().unwrap())
            .into(),
        preferred: Some(Preferred {
            worker: WorkerId::from_bytes(&[9; 16]),
            agency: agency(9),
        }),
    };
    let id = OrderId::from_bytes(&[n; 16]);
    Order::placed(id, customer.clone(), [n; 16], visit, &market(), at).unwrap()
}

pub fn details() -> OrderDetails {
    OrderDetails {
        place: place(),
        address: "黑龙江省哈尔滨市道里区中央大街1号".to_owned(),
        contact: Contact {
            name: "王芳".to_owned(),
            phone: "13800138000".parse().unwrap(),
        },
        notes: Some("门铃坏了".to_owned()),
    }
}

pub fn seal() -> SealKey {
    SealKey::new(&Settings::from_variables([("DETAILS_KEY", "a secret")]))
}

pub fn places() -> PlaceKey {
    PlaceKey::new(&Settings::from_variables([("PLACE_KEY", "a secret")]))
}

pub fn home(order: &Order) -> Home {
    Home {
        details: seal().seal(&order.id, &details()).unwrap(),
        place: places().seal(&order.id, place()).unwrap(),
    }
}

/// A minute after the claim.
pub fn staff_by(at: Millis) -> Millis {
    Millis(at.0 + 60_000)
}

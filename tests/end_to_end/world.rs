//! What the tests work with: a whole platform in this process, people who use it through HTTP, and a clock that can be
//! moved.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use demo::City;
use domain::agency::{Decision, Papers, Review};
use domain::id::MemberId;
use domain::time::Millis;
use local::platform::{Options, Platform};
use serde_json::{Value, json};
use store::{AgencyDecided, Directory};

use crate::http::{Answer, Call};
use crate::log_watch;

/// Where Harbin's centre is: Saint Sophia's square, WGS-84.
pub const CENTRE: (f64, f64) = (45.7700, 126.6270);

pub struct World {
    pub platform: Platform,
    pub client: reqwest::Client,
    base: String,
    next: AtomicU64,
    _logs: log_watch::Watched,
}

/// A registered agency and its credentials.
#[derive(Debug, Clone)]
pub struct Agency {
    pub id: String,
    pub access_key: String,
    pub secret: String,
    pub stores: Vec<(f64, f64)>,
    pub services: Vec<&'static str>,
}

/// An order on offer, its customer, and the agency that can grab it.
pub struct OnOffer {
    /// The one agency that was offered it.
    pub agency: Agency,
    pub desk: String,
    pub customer: String,
    pub id: String,
    /// The offer as it was polled, not acknowledged.
    pub offer: Value,
}

impl World {
    /// A platform without a demo city, in memory, with a grab window of three minutes.
    pub async fn empty() -> World {
        World::with(Options {
            city: City::None,
            ..Options::default()
        })
        .await
    }

    pub async fn with(options: Options) -> World {
        let logs = log_watch::begin();
        for words in ["王小明", "道里区中央大街", "南岗区西大直街", "有猫", "李雷"]
        {
            log_watch::keep_secret(words);
        }
        let platform = Platform::start(options).await.expect("the platform starts");
        let base = platform.base_url().to_owned();
        let client = reqwest::Client::builder()
            .timeout(crate::PATIENCE)
            .pool_max_idle_per_host(64)
            // Before the gateway closes it.
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        World {
            platform,
            client,
            base,
            next: AtomicU64::new(1),
            _logs: logs,
        }
    }

    /// Never the same number twice.
    pub fn unique(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub fn call<'a>(&'a self, method: &'a str, path: &str) -> Call<'a> {
        Call::new(&self.client, &self.base, method, path)
    }

    /// By the platform's clock.
    pub fn now(&self) -> Millis {
        Millis(self.platform.clock().now_ms())
    }

    /// Moves the clock, and waits until everything that became due has been done.
    pub async fn advance(&self, by: Duration) {
        self.skip(by);
        self.drain().await;
    }

    /// Moves the clock, and waits for nothing.
    pub fn skip(&self, by: Duration) {
        self.platform.clock().advance(by);
    }

    /// The URL of one of the platform's own queues.
    pub fn queue_url(&self, name: &str) -> String {
        format!(
            "{}/000000000000/{}-{name}",
            self.platform.endpoints().cloud,
            self.platform.stack_name()
        )
    }

    /// Waits until no message, stream record or invocation is under way.
    pub async fn drain(&self) {
        self.platform
            .drain()
            .await
            .expect("the platform comes to rest");
    }

    pub async fn customer(&self, code: &str) -> String {
        let body = self
            .call("POST", "/v1/sessions/customer")
            .json(&json!({ "code": code }))
            .send()
            .await
            .expect(200);
        token_of(&body)
    }

    pub async fn authority(&self) -> String {
        let authority = &self.platform.demo().authority;
        self.session("authority", &authority.access_key, &authority.secret)
            .await
    }

    pub async fn desk(&self, agency: &Agency) -> String {
        self.session("agency", &agency.access_key, &agency.secret)
            .await
    }

    async fn session(&self, role: &str, access_key: &str, secret: &str) -> String {
        let body = self
            .call("POST", &format!("/v1/sessions/{role}"))
            .json(&json!({ "access_key": access_key, "secret": secret }))
            .send()
            .await
            .expect(200);
        token_of(&body)
    }

    /// Registers an agency with stores at these WGS-84 places; it waits for review.
    pub async fn register(&self, services: &[&'static str], stores: &[(f64, f64)]) -> Agency {
        let n = self.unique();
        let body = self
            .call("POST", "/v1/agencies")
            .key(&format!("registration-key-of-test-agency-{n:08}"))
            .json(&registration(n, services, stores))
            .send()
            .await
            .expect(201);
        let text = |field: &str| body[field].as_str().expect("a string").to_owned();
        log_watch::keep_secret(&text("secret"));
        Agency {
            id: text("agency_id"),
            access_key: text("access_key"),
            secret: text("secret"),
            stores: stores.to_vec(),
            services: services.to_vec(),
        }
    }

    /// What the authority is shown of an agency and its stores.
    pub async fn shown_agency(&self, agency: &str) -> Value {
        let token = self.authority().await;
        let call = self.call("GET", &format!("/v1/agencies/{agency}"));
        call.token(&token).send().await.expect(200)
    }

    /// The authority looks at an agency and decides.
    pub async fn review(&self, agency: &Agency, decision: &str) -> Answer {
        let version = self.shown_agency(&agency.id).await["version"].take();
        let token = self.authority().await;
        self.call("POST", &format!("/v1/agencies/{}/reviews", agency.id))
            .token(&token)
            .json(&decision_on(&version, decision))
            .send()
            .await
    }

    /// Changes an agency's standing by hand: nothing that it has promised is taken back.
    pub async fn stand(&self, agency: &Agency, decision: Decision) {
        let review = Review {
            decision,
            version: None,
            papers: Papers::default(),
            reason: "by hand".to_owned(),
            by: "aut_test".parse().expect("an authority"),
            at: self.now(),
        };
        let directory = Directory::new(&self.platform.operator_settings());
        let id = agency.id.parse().expect("an agency");
        let by = MemberId::first(review.by.as_str());
        let decided = directory.decide_agency(&id, &review, &by).await;
        assert!(
            matches!(decided, Ok(AgencyDecided::Done(..))),
            "{decided:?}"
        );
    }

    /// Registers and approves an agency, and waits until the directory shows it.
    pub async fn agency(&self, services: &[&'static str], stores: &[(f64, f64)]) -> Agency {
        let agency = self.register(services, stores).await;
        self.review(&agency, "approve").await.expect(200);
        self.drain().await;
        agency
    }

    /// Places an order; returns the answer's body.
    pub async fn place(&self, customer: &str, order: &Value) -> Value {
        let key = format!("order-{}", self.unique());
        self.call("POST", "/v1/orders")
            .token(customer)
            .key(&key)
            .json(order)
            .send()
            .await
            .expect(201)
    }

    /// An agency in the middle of town with a worker to send, and an order nearby that it has been offered.
    pub async fn on_offer(&self) -> OnOffer {
        let agency = self.agency(&["cleaning"], &[CENTRE]).await;
        self.cleared_worker(&agency, &["cleaning"]).await;
        let customer = self.customer("demo-customer-1").await;
        let order = self.place(&customer, &self.cleaning(CENTRE)).await;
        let id = order["order_id"].as_str().expect("an id").to_owned();
        self.drain().await;
        let desk = self.desk(&agency).await;
        let offer = self.poll(&desk).await.remove(0);
        OnOffer {
            agency,
            desk,
            customer,
            id,
            offer,
        }
    }

    pub async fn order(&self, token: &str, order_id: &str) -> Value {
        self.call("GET", &format!("/v1/orders/{order_id}"))
            .token(token)
            .send()
            .await
            .expect(200)
    }

    /// The same, asked for until an answer comes: a function may have been cut off.
    pub async fn order_in_trouble(&self, token: &str, order_id: &str) -> Value {
        for _ in 0..5 {
            let path = format!("/v1/orders/{order_id}");
            let answer = self.call("GET", &path).token(token).try_send().await;
            if let Ok(answer) = answer
                && answer.status == 200
            {
                return answer.body;
            }
        }
        panic!("{order_id} cannot be read");
    }

    /// One poll of an agency's offers over HTTP.
    pub async fn poll(&self, desk: &str) -> Vec<Value> {
        let body = self
            .call("GET", "/v1/offers?max=10")
            .token(desk)
            .send()
            .await
            .expect(200);
        body["offers"].as_array().expect("offers").clone()
    }

    /// Polls and acknowledges until nothing more comes: all offers that wait for the agency.
    pub async fn all_offers(&self, desk: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let some = self.poll(desk).await;
            if some.is_empty() {
                return all;
            }
            let receipts: Vec<&Value> = some.iter().map(|offer| &offer["receipt"]).collect();
            self.call("POST", "/v1/offers/ack")
                .token(desk)
                .json(&json!({ "receipts": receipts }))
                .send()
                .await
                .expect(204);
            all.extend(some);
        }
    }

    /// The one offer of this order that waits for the agency.
    pub async fn offer(&self, desk: &str, order_id: &str) -> Value {
        let mut offers = self.all_offers(desk).await;
        offers.retain(|offer| offer["order_id"] == order_id);
        assert!(!offers.is_empty(), "no offer of {order_id}");
        offers.remove(0)
    }

    pub async fn grab(&self, desk: &str, order_id: &str, claim_token: &str) -> Answer {
        self.call("POST", &format!("/v1/orders/{order_id}/grab"))
            .token(desk)
            .json(&json!({ "claim_token": claim_token }))
            .send()
            .await
    }

    /// Which of these agencies have an offer of the order waiting.
    pub async fn offered(&self, agencies: &[Agency], order_id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for agency in agencies {
            let desk = self.desk(agency).await;
            if self
                .all_offers(&desk)
                .await
                .iter()
                .any(|offer| offer["order_id"] == order_id && offer["kind"] != "ended")
            {
                found.insert(agency.id.clone());
            }
        }
        found
    }

    /// An ordinary order: cleaning, tomorrow, at this WGS-84 place.
    pub fn cleaning(&self, place: (f64, f64)) -> Value {
        json!({
            "service": "cleaning",
            "start_at": self.in_future(Duration::from_secs(86_400)),
            "duration_min": 120,
            "address": "道里区中央大街 100 号 3 单元 502",
            "location": { "lat": place.0, "lon": place.1, "datum": "wgs84" },
            "contact": { "name": "王小明", "phone": "13912345678" },
            "notes": "有猫",
            "budget_fen": 12_000,
        })
    }

    /// As RFC 3339.
    pub fn in_future(&self, by: Duration) -> String {
        (self.now() + by).to_rfc3339()
    }
}

/// What an agency sends to register.
pub fn registration(n: u64, services: &[&str], stores: &[(f64, f64)]) -> Value {
    let stores: Vec<Value> = stores
        .iter()
        .enumerate()
        .map(|(i, (lat, lon))| {
            json!({
                "name": format!("{i} 号店"),
                "address": format!("南岗区西大直街 {i} 号"),
                "location": { "lat": lat, "lon": lon, "datum": "wgs84" },
            })
        })
        .collect();
    json!({
        "name": format!("好帮手{n}家政服务有限公司"),
        "uscc": uscc(n),
        "responsible_person": "李雷",
        "phone": "13812345678",
        "services": services,
        "stores": stores,
    })
}

/// The n-th valid unified social credit code of the tests (GB 32100 check digit).
pub fn uscc(n: u64) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("91230100{n:09}");
    let mut weight = 1;
    let mut sum = 0;
    for digit in body.bytes() {
        let value = ALPHABET
            .iter()
            .position(|c| *c == digit)
            .expect("a digit of the alphabet");
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let check = ALPHABET[(31 - sum % 31) % 31] as char;
    format!("{body}{check}")
}

/// A place this far north and east of another (small distances).
pub fn moved(from: (f64, f64), north_m: f64, east_m: f64) -> (f64, f64) {
    let degree = 111_195.08;
    (
        from.0 + north_m / degree,
        from.1 + east_m / degree / from.0.to_radians().cos(),
    )
}

fn token_of(body: &Value) -> String {
    let token = body["token"].as_str().expect("a token");
    log_watch::keep_secret(token);
    token.to_owned()
}

/// A decision on the version that was shown.
pub fn decision_on(version: &Value, decision: &str) -> Value {
    json!({ "decision": decision, "version": version, "reason": "papers seen" })
}

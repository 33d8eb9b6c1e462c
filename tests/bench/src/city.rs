//! The demo city on a platform in memory, and its customers' and agencies' HTTP requests.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use demo::{AgencyAccess, City};
use domain::geo::{Wgs84, distance_m};
use domain::time::Millis;
use futures::{StreamExt, TryStreamExt, stream};
use local::platform::{Options, Platform};
use local_cloud::Cloud;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

const RADIUS_M: f64 = 5_000.0;
/// The longest that the template allows, so that no timer fires during a measurement.
pub(crate) const GRAB_WINDOW: Duration = Duration::from_secs(900);
/// How many sessions are opened at the same time.
const AT_ONCE: usize = 8;

pub(crate) struct BenchCity {
    pub(crate) platform: Platform,
    pub(crate) agencies: Vec<AgencyAccess>,
    /// Ids of the agencies that the orders are offered to, found by checking all stores.
    pub(crate) in_range: BTreeSet<String>,
    /// The service of all orders.
    pub(crate) service: String,
    /// The location of all orders. With `service` it is in range of more agencies than any other store's location.
    place: Wgs84,
    client: reqwest::Client,
    placed: AtomicU64,
}

#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) id: String,
}

impl BenchCity {
    pub(crate) async fn start() -> Result<Self> {
        let options = Options {
            city: City::Harbin,
            grab_window: GRAB_WINDOW,
            caps: false,
            ..Options::default()
        };
        let platform = Platform::start(options).await?;
        let agencies = platform.demo().agencies.clone();
        let (service, place, in_range) = busiest(&agencies).context("the city has agencies")?;
        Ok(Self {
            platform,
            agencies,
            in_range,
            service,
            place,
            client: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(60))
                .build()?,
            placed: AtomicU64::new(0),
        })
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        self.platform.cloud()
    }

    pub(crate) fn variable(&self, function: &str, name: &str) -> Result<&str> {
        let functions = &self.platform.stack().functions;
        functions
            .iter()
            .find(|found| found.code == function)
            .and_then(|found| found.environment.get(name))
            .map(String::as_str)
            .with_context(|| format!("{function} has no {name}"))
    }

    pub(crate) async fn customer(&self) -> Result<String> {
        let first = self.customers(1).await?.pop();
        first.context("the city has customers")
    }

    /// Opens a session for each of the first `count` customers, or for all.
    pub(crate) async fn customers(&self, count: usize) -> Result<Vec<String>> {
        let customers = self.platform.demo().customers.iter().take(count);
        stream::iter(customers)
            .map(|customer| self.customer_session(&customer.code))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn customer_session(&self, code: &str) -> Result<String> {
        self.session("customer", &json!({ "code": code })).await
    }

    pub(crate) async fn desk(&self, agency: &AgencyAccess) -> Result<String> {
        let keys = json!({ "access_key": agency.access_key, "secret": agency.secret });
        self.session("agency", &keys).await
    }

    /// Opens a session for each of the first `count` agencies.
    pub(crate) async fn desks(&self, count: usize) -> Result<Vec<String>> {
        stream::iter(self.agencies.iter().take(count))
            .map(|agency| self.desk(agency))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn session(&self, role: &str, body: &Value) -> Result<String> {
        let (status, answer) = self
            .post(&format!("/v1/sessions/{role}"), &[], body)
            .await?;
        ensure!(
            status.is_success(),
            "a session of {role} was refused: {answer}"
        );
        Ok(answer["token"]
            .as_str()
            .context("a session has a token")?
            .to_owned())
    }

    pub(crate) async fn place(&self, customer: &str) -> Result<Placed> {
        let start_at = Millis(self.platform.clock().now_ms()) + Duration::from_secs(86_400);
        let order = json!({
            "service": self.service,
            "start_at": start_at.to_rfc3339(),
            "duration_min": 120,
            "address": "道里区中央大街 100 号 3 单元 502",
            "location": { "lat": self.place.lat(), "lon": self.place.lon(), "datum": "wgs84" },
            "contact": { "name": "王小明", "phone": "13912345678" },
            "notes": "有猫",
            "budget_fen": 12_000,
        });
        let key = format!(
            "bench-order-{:08}",
            self.placed.fetch_add(1, Ordering::Relaxed)
        );
        let bearer = format!("Bearer {customer}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", &key),
        ];
        let (status, answer) = self.post("/v1/orders", &headers, &order).await?;
        ensure!(
            status == StatusCode::CREATED,
            "an order was answered {status}: {answer}"
        );
        let id = answer["order_id"]
            .as_str()
            .context("an order has an id")?
            .to_owned();
        Ok(Placed { id })
    }

    pub(crate) async fn grab(
        &self,
        desk: &str,
        order: &str,
        claim_token: &str,
    ) -> Result<(StatusCode, Value)> {
        let bearer = format!("Bearer {desk}");
        let path = format!("/v1/orders/{order}/grab");
        let body = json!({ "claim_token": claim_token });
        self.post(&path, &[("authorization", &bearer)], &body).await
    }

    /// One request, with an `Idempotency-Key` of its own.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.request(method, path, token);
        if let Some(body) = body {
            request = request.json(body);
        }
        answered(request).await
    }

    pub(crate) async fn send_photo(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> Result<(StatusCode, Value)> {
        let photo = include_bytes!("../../end_to_end/photo.jpg");
        let request = self.request(Method::PUT, path, token).body(photo.to_vec());
        answered(request.header("content-type", "image/jpeg")).await
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let n = self.placed.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}{path}", self.platform.base_url());
        let request = self.client.request(method, url);
        let request = request.header("idempotency-key", format!("bench-{n:032}"));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.platform.base_url());
        let mut request = self.client.post(url).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    /// Makes a claim token for the order's first epoch with the platform's key, also for an agency out of range.
    pub(crate) fn claim_token(&self, order: &str, agency: &AgencyAccess) -> Result<String> {
        let key = self.variable("order-grab", "CLAIM_TOKEN_KEY")?;
        let key = settings::derive(key, domain::claim_token::KEY_LABEL);
        let keys = domain::claim_token::ClaimTokenKeys::new(&key, None);
        Ok(keys.mint(&order.parse()?, 1, &agency.agency_id.parse()?))
    }
}

/// The answer; `Null` where it is no JSON.
async fn answered(request: RequestBuilder) -> Result<(StatusCode, Value)> {
    let answer = request.send().await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// The service and the store's location that most agencies can serve, with their ids.
fn busiest(agencies: &[AgencyAccess]) -> Option<(String, Wgs84, BTreeSet<String>)> {
    let places = agencies.iter().flat_map(stores);
    let services: BTreeSet<&String> = agencies.iter().flat_map(|a| &a.services).collect();
    places
        .flat_map(|place| services.iter().map(move |service| (*service, place)))
        .map(|(service, place)| {
            let in_range: BTreeSet<String> = agencies
                .iter()
                .filter(|agency| is_offered(agency, service, place))
                .map(|agency| agency.agency_id.clone())
                .collect();
            (service.clone(), place, in_range)
        })
        .max_by_key(|(_, _, in_range)| in_range.len())
}

fn is_offered(agency: &AgencyAccess, service: &str, place: Wgs84) -> bool {
    agency.services.iter().any(|offered| offered == service)
        && stores(agency).any(|at| distance_m(at, place) <= RADIUS_M)
}

fn stores(agency: &AgencyAccess) -> impl Iterator<Item = Wgs84> {
    agency.stores.iter().filter_map(|store| {
        let at = &store.location;
        Wgs84::from_degrees(at["lat"].as_f64()?, at["lon"].as_f64()?)
    })
}

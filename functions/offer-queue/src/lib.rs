//! An agency's offers over HTTP, from its queue and as a list, and keys for polling its queue directly.
//!
//! An offer stays in the agency's queue until it is acknowledged or has become useless: its window has closed, its
//! order is not on offer in that epoch, or an assigned order does not belong to this agency. Useless offers are not
//! shown, and are cleared away; so are those that no store of the agency is there for any more. Only an approved agency is
//! shown anything.

mod open;
mod polling;

use std::time::{Duration, Instant};

use aws_sdk_sts::types::Tag;
use bus::{Offer, OfferKind, OfferQueues, Received};
use domain::agency::{Agency, Standing, Store, can_reach};
use domain::claim_token::{ClaimTokenKeys, KEY_LABEL};
use domain::id::{AgencyId, OrderId};
use domain::market::Market;
use domain::member::Right;
use domain::order::Order;
use domain::time::Millis;
use lambda_http::http::{Method, StatusCode};
use runtime::http::{self, Request, Response};
use runtime::{Fault, Problem, Verifier};
use serde::Serialize;
use serde_json::{Value, json};
use settings::{Clock, ConfigError, Settings};
use store::{Directory, Orders, PlaceKey};

use polling::{ShownOffer, sift};

/// The most offers that one poll shows, and the usual number.
const MOST_OFFERS: u32 = 10;
/// In seconds.
const LONGEST_WAIT_S: u32 = 20;
/// How often a poll tries again after it found only useless offers.
const MOST_ROUNDS: u32 = 20;
const MOST_CHECKED: usize = 25;
const MOST_RECEIPTS: usize = 100;
/// In bytes; real ones are shorter.
const LONGEST_RECEIPT: usize = 1024;
/// How long temporary keys last, in seconds. It is the least that STS gives, so that a suspension takes effect soon
/// even where a queue's policy would not.
const KEYS_LAST_S: i32 = 900;

pub struct OfferQueue {
    clock: Clock,
    verifier: Verifier,
    orders: Orders,
    directory: Directory,
    queues: OfferQueues,
    tokens: ClaimTokenKeys,
    places: PlaceKey,
    market: Market,
    sts: aws_sdk_sts::Client,
    polling_role: String,
    region: String,
    endpoint: Option<String>,
}

/// Keys that open an agency's queue and nothing else.
#[derive(Serialize)]
struct QueueAccess<'a> {
    queue_url: String,
    region: &'a str,
    endpoint_url: Option<&'a str>,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expires_at: String,
}

impl OfferQueue {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let region = settings.sdk().region().map(ToString::to_string);
        if region.is_none() {
            settings.refuse("AWS_REGION", "it names no region");
        }
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            orders: Orders::new(settings),
            directory: Directory::new(settings),
            queues: OfferQueues::new(settings),
            // Tokens are only minted here, so the previous key is not needed.
            tokens: ClaimTokenKeys::new(&settings.key("CLAIM_TOKEN_KEY", KEY_LABEL), None),
            places: PlaceKey::new(settings),
            market: settings.market(),
            sts: settings.client(aws_sdk_sts::Client::new),
            polling_role: settings.text("AGENCY_POLLING_ROLE_ARN"),
            region: region.unwrap_or_default(),
            endpoint: settings.optional("AWS_ENDPOINT_URL_SQS").map(str::to_owned),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let agency = |right| principal.agency(right).map(|by| &by.team);
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["v1", "offers", "open"]) => {
                self.list_open(request, agency(Right::Read)?).await
            }
            // Polling takes offers out of the queue for a while.
            (&Method::GET, ["v1", "offers"]) => self.poll(request, agency(Right::Orders)?).await,
            (&Method::POST, ["v1", "offers", "check"]) => {
                self.check(request, agency(Right::Read)?).await
            }
            (&Method::POST, ["v1", "offers", "ack"]) => {
                self.acknowledge(request, agency(Right::Orders)?).await
            }
            (&Method::POST, ["v1", "queue-access"]) => self.give_keys(agency(Right::Orders)?).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn poll(&self, request: &Request, agency: &AgencyId) -> Result<Response, Problem> {
        let query = http::query(request, &["max", "wait_s"])?;
        let most = query.number("max", 1..=MOST_OFFERS, MOST_OFFERS)?;
        let wait = Duration::from_secs(query.number("wait_s", 0..=LONGEST_WAIT_S, 0)?.into());
        let (mut approved, mut stores) = self.approved_with_stores(agency).await?;

        let started = Instant::now();
        for _ in 0..MOST_ROUNDS {
            let waiting = Instant::now();
            let left = wait.saturating_sub(started.elapsed());
            let received = self.queues.receive(agency, most, left).await?;
            if received.is_empty() {
                break;
            }
            // An agency that was suspended during a long wait must not see what came at its end.
            if waiting.elapsed() >= Duration::from_secs(1) {
                (approved, stores) = self.approved_with_stores(agency).await?;
            }
            let offers = self.show(&approved, &stores, received).await?;
            if !offers.is_empty() {
                return Ok(http::json(StatusCode::OK, &json!({ "offers": offers })));
            }
        }
        Ok(http::json(StatusCode::OK, &json!({ "offers": [] })))
    }

    /// Picks the offers to be shown, and clears the others away.
    async fn show(
        &self,
        agency: &Agency,
        stores: &[Store],
        mut received: Vec<Received>,
    ) -> Result<Vec<ShownOffer>, Problem> {
        for received in &mut received {
            received.offer = received
                .offer
                .take()
                .filter(|offer| self.can_be_made(offer, agency, stores));
        }
        let agency = &agency.id;
        let ids = received
            .iter()
            .filter_map(|received| received.offer.as_ref());
        let ids: Vec<OrderId> = ids.map(|offer| offer.order_id.clone()).collect();
        let orders = self.orders.get_many(&ids).await?;
        let sifted = sift(received, &orders, agency, self.clock.now());
        if !sifted.cleared.is_empty() {
            // Offers that could not be cleared away come again, and are cleared then.
            match self.queues.acknowledge(agency, &sifted.cleared).await {
                Ok(_) => {
                    tracing::info!(agency.id = %agency, offers = sifted.cleared.len(), "cleared offers away")
                }
                Err(error) => tracing::warn!(
                    agency.id = %agency,
                    error = &error as &dyn std::error::Error,
                    "offers could not be cleared away"
                ),
            }
        }
        Ok(sifted.shown)
    }

    /// Whether it can still be made to this agency: not if the service is no longer among its own, nor if the store that it was
    /// made for has been closed, suspended or moved.
    fn can_be_made(&self, offer: &Offer, agency: &Agency, stores: &[Store]) -> bool {
        // It may have been made in a wider radius; then the store that it was made for was that far away.
        let radius_m = self
            .market
            .radius_m
            .max(offer.distance_m.unwrap_or_default());
        offer.kind != OfferKind::Open
            || agency.services.contains(offer.service)
                && can_reach(stores, &offer.area, offer.service, radius_m)
    }

    async fn check(&self, request: &Request, agency: &AgencyId) -> Result<Response, Problem> {
        let ids = http::read_json(request, |fields| {
            fields.list("order_ids", 0..=MOST_CHECKED, |value: &Value| {
                let id = value.as_str().ok_or("must be a string")?;
                Ok::<_, &str>(id.parse().ok())
            })
        })?;
        self.require_approved(agency).await?;
        // Text that cannot be an order's id would spoil the whole call: it counts as not open.
        let ids: Vec<OrderId> = ids.into_iter().flatten().collect();
        let orders = self.orders.get_many(&ids).await?;
        let now = self.clock.now();
        let open = orders
            .iter()
            .filter(|order| can_be_grabbed(order, agency, now));
        let open: Vec<&OrderId> = open.map(|order| &order.id).collect();
        Ok(http::json(StatusCode::OK, &json!({ "open": open })))
    }

    async fn acknowledge(&self, request: &Request, agency: &AgencyId) -> Result<Response, Problem> {
        let receipts = http::read_json(request, |fields| {
            fields.list("receipts", 1..=MOST_RECEIPTS, |value: &Value| {
                value.as_str().map(str::to_owned).ok_or("must be a string")
            })
        })?;
        // Text that cannot be a receipt would spoil the whole call.
        let possible: Vec<usize> = (0..receipts.len())
            .filter(|place| (1..=LONGEST_RECEIPT).contains(&receipts[*place].len()))
            .collect();
        let sent: Vec<&str> = possible
            .iter()
            .map(|place| receipts[*place].as_str())
            .collect();
        let results = self.queues.acknowledge(agency, &sent).await?;
        let mut accepted = vec![false; receipts.len()];
        for (place, result) in possible.into_iter().zip(results) {
            accepted[place] = result;
        }
        let faults = accepted
            .iter()
            .enumerate()
            .filter(|(_, accepted)| !**accepted);
        let faults: Vec<Fault> = faults
            .map(|(place, _)| Fault {
                pointer: format!("/receipts/{place}"),
                detail: "is not a receipt of this agency's queue".to_owned(),
            })
            .collect();
        if faults.is_empty() {
            Ok(http::no_content())
        } else {
            Err(Problem::invalid(faults))
        }
    }

    async fn give_keys(&self, agency: &AgencyId) -> Result<Response, Problem> {
        self.require_approved(agency).await?;
        let tag = Tag::builder().key("agency").value(agency.bare()).build();
        let tag = tag.map_err(|error| Problem::internal().because(&error))?;
        let assumed = self
            .sts
            .assume_role()
            .role_arn(&self.polling_role)
            .role_session_name(agency.bare())
            .duration_seconds(KEYS_LAST_S)
            .tags(tag)
            .send()
            .await
            .map_err(|error| calls::Error::call("AssumeRole", error))?;
        let keys = assumed.credentials().ok_or_else(Problem::internal)?;
        let access = QueueAccess {
            queue_url: self.queues.url(agency),
            region: &self.region,
            endpoint_url: self.endpoint.as_deref(),
            access_key_id: keys.access_key_id(),
            secret_access_key: keys.secret_access_key(),
            session_token: keys.session_token(),
            expires_at: Millis(keys.expiration().secs().saturating_mul(1000)).to_rfc3339(),
        };
        tracing::info!(agency.id = %agency, "gave keys for polling");
        Ok(http::json(StatusCode::OK, &access))
    }

    async fn approved_with_stores(
        &self,
        agency: &AgencyId,
    ) -> Result<(Agency, Vec<Store>), Problem> {
        let found = self.directory.agency_with_stores(agency).await?;
        found
            .filter(|(agency, _)| agency.standing == Standing::Approved)
            .ok_or_else(Problem::agency_not_approved)
    }

    async fn require_approved(&self, agency: &AgencyId) -> Result<(), Problem> {
        let is_approved = self.directory.is_approved(agency).await?;
        is_approved
            .then_some(())
            .ok_or_else(Problem::agency_not_approved)
    }
}

/// Whether this agency's grab would succeed now, unless another agency is faster.
fn can_be_grabbed(order: &Order, agency: &AgencyId, now: Millis) -> bool {
    use domain::order::State;
    matches!(order.state, State::Open { deadline } if now < deadline)
        && !order.excluded.contains(agency)
}

//! What somebody tries the pages with on a local run: accounts of the demo city, and the login codes that were sent. The pages
//! ask for it on this machine alone. It is in front of the gateway and of every function, so on AWS there is nothing of it.

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use demo::{AgencyAccess, Demo};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::sms::Sender;

/// Agencies around here are offered, because an order is easily placed where they all see it.
const MIDDLE: (f64, f64) = (45.757, 126.642);
const SERVICE: &str = "cleaning";
const OFFERED: usize = 4;

#[derive(Clone)]
pub(crate) struct Offers {
    accounts: Arc<OnceLock<Value>>,
    codes: Sender,
    gateway: Gateway,
}

impl Offers {
    pub(crate) fn new(codes: Sender, gateway: Gateway) -> Self {
        Self {
            accounts: Arc::default(),
            codes,
            gateway,
        }
    }

    /// From now on these accounts are offered.
    pub(crate) fn open(&self, demo: &Demo) {
        self.accounts.get_or_init(|| accounts(demo));
    }

    /// With the gateway behind it.
    pub(crate) fn router(self) -> Router {
        let gateway = self.gateway.clone().router();
        Router::new()
            .route("/demo/credentials", get(give_accounts))
            .route("/demo/codes/{phone}", get(give_code))
            .route_layer(middleware::from_fn_with_state(
                self.clone(),
                for_this_machine,
            ))
            .with_state(self)
            .merge(gateway)
    }
}

/// A page whose own name was made to point here reads nothing, and nobody keeps an answer.
async fn for_this_machine(State(offers): State<Offers>, request: Request, next: Next) -> Response {
    if !offers.gateway.is_asked(request.headers()) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    ([(CACHE_CONTROL, "no-store")], next.run(request).await).into_response()
}

async fn give_accounts(State(offers): State<Offers>) -> Response {
    match offers.accounts.get() {
        Some(accounts) => Json(accounts).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn give_code(State(offers): State<Offers>, Path(phone): Path<String>) -> Json<Value> {
    Json(json!({ "code": offers.codes.last_code(&phone) }))
}

fn accounts(demo: &Demo) -> Value {
    let mut agencies: Vec<_> = demo
        .agencies
        .iter()
        .filter(|agency| agency.services.iter().any(|service| service == SERVICE))
        .collect();
    agencies.sort_by(|one, other| from_middle(one).total_cmp(&from_middle(other)));
    let agencies = agencies.into_iter().take(OFFERED).map(|agency| {
        json!({ "name": agency.name, "access_key": agency.access_key, "secret": agency.secret })
    });
    let workers = demo.workers.iter().filter(|worker| worker.kind == "clear");
    let workers = workers.take(OFFERED);
    json!({
        "customers": demo.customers.iter().take(2).collect::<Vec<_>>(),
        "agencies": agencies.collect::<Vec<_>>(),
        "authority": demo.authority,
        "workers": workers.map(|worker| json!({ "name": worker.name, "code": worker.code })).collect::<Vec<_>>(),
    })
}

/// How far the agency's nearest store is from the middle, to compare.
fn from_middle(agency: &AgencyAccess) -> f64 {
    let far = |store: &demo::StorePlace| {
        let degrees = |name: &str| store.location[name].as_f64().unwrap_or_default();
        (degrees("lat") - MIDDLE.0).hypot(degrees("lon") - MIDDLE.1)
    };
    agency.stores.iter().map(far).fold(f64::INFINITY, f64::min)
}

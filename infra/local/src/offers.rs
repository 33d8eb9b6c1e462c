//! What somebody tries the pages with on a local run: accounts of the demo city, and the login codes that were sent. The pages
//! ask for it on this machine alone. It is in front of the gateway and of every function, so on AWS there is nothing of it.

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use demo::Demo;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::sms::Sender;

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
    let tour = demo.tour();
    let agencies = tour.iter().map(|(agency, _)| {
        json!({ "name": agency.name, "access_key": agency.access_key, "secret": agency.secret })
    });
    let workers = tour.iter().map(|(agency, worker)| {
        json!({ "name": worker.name, "agency": agency.name, "code": worker.code })
    });
    json!({
        "customers": demo.customers.iter().take(2).collect::<Vec<_>>(),
        "agencies": agencies.collect::<Vec<_>>(),
        "authority": demo.authority,
        "workers": workers.collect::<Vec<_>>(),
    })
}

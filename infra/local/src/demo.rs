//! The demo: a city to try things in, and the file that says how to get into it.
//!
//! The city comes in through the front: its agencies register and are approved by the functions that
//! do so for everybody; its workers come by the store, and what is known of them by a credit feed. Registration keys are derived from the data directory's key, so that a first
//! start that was cut off goes on at the next, and credentials stay what they were.

mod featured;
mod workers;

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use axum::body::{Body, Bytes, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AuthorityId, SourceId};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use indicatif::{ProgressBar, ProgressStyle};
use runtime::secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::demo_city::{self, DemoAgency, WORKERS, WORKERS_FULL};
use crate::keys::write_private;
use crate::parameters::{DEMO_SECTIONS, DEMO_SOURCE};
use crate::platform::{Options, Platform};

const AUTHORITY: &str = "aut_harbin-commerce-bureau";
const AUTHORITY_ACCESS_KEY: &str = "demo-authority";
/// Beside `demo.json`: how far the city's workers are.
const WORKERS_FILE: &str = "demo-workers.json";
/// Agencies that are registered at the same time.
const AT_ONCE: usize = 8;
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Which city is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum City {
    /// 311 agencies over Harbin's nine districts, and 2,000 workers.
    Harbin,
    /// The same with 20,000 workers.
    HarbinFull,
    /// No agencies.
    None,
}

impl City {
    fn workers(self) -> usize {
        match self {
            Self::Harbin => WORKERS,
            Self::HarbinFull => WORKERS_FULL,
            Self::None => 0,
        }
    }
}

impl FromStr for City {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        clap::ValueEnum::from_str(text, false)
    }
}

/// What `demo.json` says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Demo {
    /// Where the HTTP contract is served.
    pub base_url: String,
    /// The authority's credentials.
    pub authority: Credentials,
    /// Every agency, approved, with its credentials.
    pub agencies: Vec<AgencyAccess>,
    /// Codes that the WeChat stand-in takes.
    pub customers: Vec<Customer>,
    /// Some of the city's workers: each agency's first of the first few, and some of every other kind.
    pub workers: Vec<WorkerAccess>,
    /// Sources of credit records, with the keys that they sign with.
    pub feeds: Vec<FeedAccess>,
    /// For the AWS CLI and SDKs.
    pub aws: Aws,
}

/// What a session is opened with.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Credentials {
    /// Who.
    pub access_key: String,
    /// The proof.
    pub secret: String,
}

/// An agency of the city.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AgencyAccess {
    /// Its id.
    pub agency_id: String,
    /// Its name.
    pub name: String,
    /// What it offers.
    pub services: Vec<String>,
    /// Its access key.
    pub access_key: String,
    /// Its secret.
    pub secret: String,
    /// Its stores.
    pub stores: Vec<StorePlace>,
}

/// A store of the city.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct StorePlace {
    /// Its id.
    pub store_id: String,
    /// Where it is, WGS-84, as stored.
    pub location: Value,
}

/// A customer of the city.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Customer {
    /// What `wx.login` would give.
    pub code: String,
}

/// A worker of the city.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct WorkerAccess {
    /// Her id.
    pub worker_id: String,
    /// Whom she works for.
    pub agency_id: String,
    /// Her name.
    pub name: String,
    /// Her ID number, as feeds name her.
    pub id_number: String,
    /// What she can do.
    pub skills: Vec<String>,
    /// `clear`, or what keeps her from working: `flagged`, `expired`, `stale`, `unknown`, `withheld`, `pending`.
    pub kind: String,
    /// What opens her session: the code by which WeChat tells her phone.
    pub code: String,
    /// Her badge.
    pub badge: BadgeAccess,
}

/// A badge of the city.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct BadgeAccess {
    /// Its id.
    pub badge_id: String,
    /// The digits that are printed on it.
    pub token: String,
    /// The link that its code holds.
    pub url: String,
}

/// A source of credit records.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct FeedAccess {
    /// Its name.
    pub source: String,
    /// The seed of the Ed25519 key that it signs with, in base64url.
    pub private_key: String,
    /// The sections it may speak for.
    pub sections: Vec<String>,
    /// The last batch that the source announced, be it the demo's or somebody's: the next one has this `seq` plus 1.
    pub last_seq: Option<u64>,
    /// What the next batch names as `prev_sha256`.
    pub last_sha256: Option<String>,
}

/// How AWS's tools get in: as the operator, who may do everything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Aws {
    /// The region.
    pub region: String,
    /// Where each service is.
    pub endpoints: ServiceEndpoints,
    /// The operator's access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// Where each service is; all but DynamoDB share one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ServiceEndpoints {
    /// DynamoDB and its streams.
    pub dynamodb: String,
    /// SQS.
    pub sqs: String,
    /// EventBridge Scheduler.
    pub scheduler: String,
    /// EventBridge.
    pub events: String,
    /// STS.
    pub sts: String,
    /// S3.
    pub s3: String,
    /// KMS.
    pub kms: String,
}

/// Loads the city unless it is there, and writes `file`.
pub(crate) async fn load(
    platform: &Platform,
    options: &Options,
    file: Option<&Path>,
) -> Result<Demo> {
    let city = match options.city {
        City::Harbin | City::HarbinFull => demo_city::harbin(),
        City::None => Vec::new(),
    };
    let before: Option<Demo> = file
        .and_then(|file| std::fs::read(file).ok())
        .and_then(|content| serde_json::from_slice(&content).ok());
    let before = before.unwrap_or_default();
    let agencies_before = before.agencies;
    let authority = authority(platform).await?;
    let agencies = if agencies_before.len() >= city.len() {
        agencies_before
    } else {
        register(platform, &authority, &city, options.progress).await?
    };
    let workers = demo_city::workers(&city, options.city.workers());
    let workers_file = file.map(|file| file.with_file_name(WORKERS_FILE));
    let loader = workers::Loader {
        platform,
        agencies: &agencies,
        workers: &workers,
        file: workers_file.as_deref(),
        shows_progress: options.progress,
    };
    loader.load().await?;
    let (dynamodb, workers_table) = table(platform, "WORKERS_TABLE")?;
    let feeds = store::Feeds::new(dynamodb, workers_table);
    let last = feeds.last(&SourceId::from_str(DEMO_SOURCE)?).await?;
    let featured = featured::load(platform, &agencies, &workers, &before.workers).await?;
    let endpoints = platform.endpoints();
    let operator = platform.operator_key();
    let demo = Demo {
        base_url: platform.base_url().to_owned(),
        authority,
        agencies,
        customers: demo_city::customer_codes()
            .into_iter()
            .map(|code| Customer { code })
            .collect(),
        workers: featured,
        feeds: vec![FeedAccess {
            source: DEMO_SOURCE.to_owned(),
            private_key: URL_SAFE_NO_PAD.encode(platform.keys().signing_seed(DEMO_SOURCE)),
            sections: DEMO_SECTIONS.map(str::to_owned).to_vec(),
            last_seq: last.as_ref().map(|last| last.seq),
            last_sha256: last.map(|last| last.manifest_sha256.to_string()),
        }],
        aws: Aws {
            region: platform.region().to_owned(),
            endpoints: ServiceEndpoints {
                dynamodb: endpoints.dynamodb.clone(),
                sqs: endpoints.cloud.clone(),
                scheduler: endpoints.cloud.clone(),
                events: endpoints.cloud.clone(),
                sts: endpoints.cloud.clone(),
                s3: endpoints.cloud.clone(),
                kms: endpoints.cloud.clone(),
            },
            access_key_id: operator.id,
            secret_access_key: operator.secret,
        },
    };
    if let Some(file) = file {
        write_private(file, &serde_json::to_vec_pretty(&demo)?)?;
    }
    Ok(demo)
}

/// The authority, whom no route registers: the operator enters it.
async fn authority(platform: &Platform) -> Result<Credentials> {
    let credentials = Credentials {
        access_key: AUTHORITY_ACCESS_KEY.to_owned(),
        secret: platform.keys().text("authority"),
    };
    let (client, table) = table(platform, "DIRECTORY_TABLE")?;
    let authority = store::Authority {
        id: AuthorityId::from_str(AUTHORITY)?,
        name: "哈尔滨市商务局".to_owned(),
        secret_hash: secret::sha256(credentials.secret.as_bytes()),
    };
    store::Directory::new(client, table)
        .put_authority(&credentials.access_key, &authority)
        .await?;
    Ok(credentials)
}

/// The operator's way to a table, which functions know by this variable.
fn table<'a>(
    platform: &'a Platform,
    variable: &str,
) -> Result<(aws_sdk_dynamodb::Client, &'a String)> {
    let mut functions = platform.stack().functions.iter();
    let table = functions.find_map(|function| function.environment.get(variable));
    let table = table.with_context(|| format!("no function has {variable}"))?;
    let client = aws_sdk_dynamodb::Client::new(&platform.operator_sdk_config());
    Ok((client, table))
}

async fn register(
    platform: &Platform,
    authority: &Credentials,
    city: &[DemoAgency],
    shows_progress: bool,
) -> Result<Vec<AgencyAccess>> {
    let bar = bar(shows_progress, city.len(), "agencies")?;
    bar.set_message("Loading the demo city");
    let token = session(
        platform,
        "authority",
        &authority.access_key,
        &authority.secret,
    )
    .await?;
    // All register before the first is approved: an agency that is approved already when its
    // registration is seen in the stream is put on the map twice.
    let registered: Vec<Value> = stream::iter(city.iter().enumerate())
        .map(|(index, agency)| registration(platform, index, agency).boxed())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    platform.drain().await?;
    let agencies = stream::iter(city.iter().zip(&registered))
        .map(|(agency, registered)| {
            let approved = approval(platform, &token, agency, registered);
            approved.inspect(|_| bar.inc(1)).boxed()
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    bar.set_message("Placing its stores on the map");
    platform.drain().await?;
    bar.finish_and_clear();
    Ok(agencies)
}

async fn registration(platform: &Platform, index: usize, agency: &DemoAgency) -> Result<Value> {
    let stores: Vec<Value> = agency
        .stores
        .iter()
        .map(|store| {
            json!({
                "name": store.name,
                "address": store.address,
                "location": {
                    "lat": store.location.lat(),
                    "lon": store.location.lon(),
                    "datum": "wgs84",
                },
            })
        })
        .collect();
    let body = json!({
        "name": agency.name,
        "uscc": agency.uscc,
        "responsible_person": agency.responsible_person,
        "phone": agency.phone,
        "services": agency.services,
        "stores": stores,
    });
    let key = platform.keys().text(&format!("registration {index}"));
    let headers = [("idempotency-key", key.as_str())];
    call(platform, "/v1/agencies", &headers, &body)
        .await
        .with_context(|| format!("{} cannot be registered", agency.name))
}

async fn approval(
    platform: &Platform,
    token: &str,
    agency: &DemoAgency,
    registered: &Value,
) -> Result<AgencyAccess> {
    let agency_id = text(registered, "agency_id")?;
    let path = format!("/v1/agencies/{agency_id}/reviews");
    let decision = json!({ "decision": "approve", "reason": "part of the demo city" });
    let headers = [(AUTHORIZATION.as_str(), token)];
    let approved = call(platform, &path, &headers, &decision)
        .await
        .with_context(|| format!("{} cannot be approved", agency.name))?;
    let stores = approved["stores"]
        .as_array()
        .context("an approved agency has stores")?
        .iter()
        .map(|store| {
            Ok(StorePlace {
                store_id: text(store, "store_id")?.to_owned(),
                location: store["location"].clone(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(AgencyAccess {
        agency_id: agency_id.to_owned(),
        name: agency.name.clone(),
        services: serde_json::from_value(approved["services"].clone())?,
        access_key: text(registered, "access_key")?.to_owned(),
        secret: text(registered, "secret")?.to_owned(),
        stores,
    })
}

/// A bar on standard error, or none.
fn bar(shows_progress: bool, count: usize, of: &str) -> Result<ProgressBar> {
    if !shows_progress {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(count as u64);
    let style = format!("{{msg}} {{bar:40}} {{pos}}/{{len}} {of}, {{elapsed}}");
    bar.set_style(ProgressStyle::with_template(&style)?);
    Ok(bar)
}

/// The `Authorization` of an agency or the authority.
async fn session(platform: &Platform, role: &str, key: &str, secret: &str) -> Result<String> {
    let body = json!({ "access_key": key, "secret": secret });
    let session = call(platform, &format!("/v1/sessions/{role}"), &[], &body).await?;
    Ok(format!("Bearer {}", text(&session, "token")?))
}

/// A `POST` of JSON.
async fn call(
    platform: &Platform,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Value> {
    let body = body.to_string().into_bytes();
    let answer = send(platform, "POST", path, "application/json", headers, body).await?;
    success(path, answer)
}

/// A request through the gateway.
async fn send(
    platform: &Platform,
    method: &str,
    path: &str,
    media_type: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes)> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "127.0.0.1")
        .header(CONTENT_TYPE, media_type);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body))?;
    let answer = platform.gateway().answer(request).await;
    let status = answer.status();
    Ok((status, to_bytes(answer.into_body(), ANSWER_LIMIT).await?))
}

/// The body of an answer that is a success.
fn success(path: &str, (status, body): (StatusCode, Bytes)) -> Result<Value> {
    if !status.is_success() {
        bail!(
            "{path} answers {status}: {}",
            String::from_utf8_lossy(&body)
        );
    }
    ensure!(!body.is_empty(), "{path} answers nothing");
    Ok(serde_json::from_slice(&body)?)
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("the answer has no `{name}`"))
}

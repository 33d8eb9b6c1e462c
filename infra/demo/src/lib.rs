//! Loads a demo city into a running platform, and describes in `demo.json` how to use it.
//!
//! Agencies are registered and approved over HTTP, workers are written by the store, and their credit records
//! come by a credit feed. Idempotency keys are derived from the run's key, so that an interrupted first start
//! continues at the next, and credentials stay the same.

pub mod city;
mod featured;
pub mod feed;
mod portraits;
mod progress;
mod site;
mod tour;
mod workers;

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::agency::AgencyStats;
use domain::id::{AgencyId, AuthorityId, OrderId, SourceId};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use runtime::secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use city::{DemoAgency, WORKERS, WORKERS_FULL};
use progress::Progress;
pub use site::Site;
use site::string_field;

/// The demo's source of credit records.
pub const SOURCE: &str = "demo-platform";
/// The sections that it may send: all.
pub const SECTIONS: [&str; 9] = [
    "identity",
    "background_check",
    "judicial_enforcement",
    "dishonesty",
    "public_security",
    "health_certificate",
    "body_temperature",
    "personal_insurance",
    "occupational_insurance",
];
const AUTHORITY: &str = "aut_harbin-commerce-bureau";
const AUTHORITY_ACCESS_KEY: &str = "demo-authority";
/// How many agencies are registered at the same time.
const AT_ONCE: usize = 8;
/// Every so many an agency says when its stores are open: weekdays. The others count as always open.
const WITH_HOURS: usize = 10;
const WEEKDAYS: [&str; 5] = ["monday", "tuesday", "wednesday", "thursday", "friday"];

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

/// The content of `demo.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Demo {
    pub base_url: String,
    pub authority: Credentials,
    /// All agencies of the city.
    pub agencies: Vec<AgencyAccess>,
    pub customers: Vec<Customer>,
    /// Some of the city's workers: those whom [`Demo::tour`] is about, and some of every kind.
    pub workers: Vec<WorkerAccess>,
    /// Sources of credit records, with their signing keys.
    pub feeds: Vec<FeedAccess>,
    /// For the AWS CLI and SDKs.
    pub aws: Aws,
}

/// Opens a session of an agency or the authority.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Credentials {
    pub access_key: String,
    pub secret: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AgencyAccess {
    pub agency_id: String,
    pub name: String,
    pub services: Vec<String>,
    pub access_key: String,
    pub secret: String,
    pub stores: Vec<StorePlace>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct StorePlace {
    pub store_id: String,
    /// WGS-84, as in the registry's answer.
    pub location: Value,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Customer {
    /// The code that `wx.login` would return.
    pub code: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct WorkerAccess {
    pub worker_id: String,
    pub agency_id: String,
    pub name: String,
    /// Credit feeds identify her by it.
    pub id_number: String,
    pub skills: Vec<String>,
    /// `clear`, `flagged`, `expired`, `stale`, `unknown`, `withheld` or `pending`.
    pub kind: String,
    /// Opens her session: the code for which the WeChat stand-in returns her phone number.
    pub code: String,
    pub badge: BadgeAccess,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct BadgeAccess {
    pub badge_id: String,
    /// The digits printed on the badge.
    pub token: String,
    /// The link in the QR code.
    pub url: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct FeedAccess {
    pub source: String,
    /// The seed of its Ed25519 key, in base64url.
    pub private_key: String,
    pub sections: Vec<String>,
    /// The `seq` of the last batch that the source announced. The next has one more.
    pub last_seq: Option<u64>,
    /// `prev_sha256` of the next batch.
    pub last_sha256: Option<String>,
}

/// The operator's access for AWS's tools. It may do everything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Aws {
    pub region: String,
    pub endpoints: ServiceEndpoints,
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// All services but DynamoDB share one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ServiceEndpoints {
    /// DynamoDB and its streams.
    pub dynamodb: String,
    pub sqs: String,
    pub scheduler: String,
    pub events: String,
    pub sts: String,
    pub s3: String,
    pub kms: String,
}

/// Loads what is missing of the city. `before` is the last run's `demo.json`. `kept` is the file that records how
/// many workers are loaded; `None`: nothing outlives the run.
pub async fn load(
    site: &Site<'_>,
    city: City,
    before: Option<Demo>,
    kept: Option<&Path>,
) -> Result<Demo> {
    let count = city.workers();
    let city = match city {
        City::Harbin | City::HarbinFull => city::harbin(),
        City::None => Vec::new(),
    };
    let before = before.unwrap_or_default();
    let authority = authority(site).await?;
    let agencies = if before.agencies.len() >= city.len() {
        before.agencies
    } else {
        register(site, &authority, &city).await?
    };
    let workers = city::workers(&city, count);
    workers::Loader {
        site,
        agencies: &agencies,
        workers: &workers,
        file: kept,
    }
    .load()
    .await?;
    let feeds = site.settings.finish(store::Feeds::new(site.settings))?;
    let last = feeds.last(&SourceId::from_str(SOURCE)?).await?;
    let featured = featured::load(site, &agencies, &workers, &before.workers).await?;
    let customers = city::customer_codes().into_iter();
    Ok(Demo {
        base_url: site.base_url.to_owned(),
        authority,
        agencies,
        customers: customers.map(|code| Customer { code }).collect(),
        workers: featured,
        feeds: vec![FeedAccess {
            source: SOURCE.to_owned(),
            private_key: URL_SAFE_NO_PAD.encode(site.source_seed),
            sections: SECTIONS.map(str::to_owned).to_vec(),
            last_seq: last.as_ref().map(|last| last.seq),
            last_sha256: last.map(|last| last.manifest_sha256.to_string()),
        }],
        aws: site.aws.clone(),
    })
}

/// Writes the authority to the store, because no route registers one.
async fn authority(site: &Site<'_>) -> Result<Credentials> {
    let credentials = Credentials {
        access_key: AUTHORITY_ACCESS_KEY.to_owned(),
        secret: (site.secret_text)("authority"),
    };
    let authority = store::Authority {
        id: AuthorityId::from_str(AUTHORITY)?,
        name: "哈尔滨市商务局".to_owned(),
        secret_hash: secret::sha256(credentials.secret.as_bytes()),
    };
    site.settings
        .finish(store::Directory::new(site.settings))?
        .put_authority(&credentials.access_key, &authority)
        .await?;
    Ok(credentials)
}

async fn register(
    site: &Site<'_>,
    authority: &Credentials,
    city: &[DemoAgency],
) -> Result<Vec<AgencyAccess>> {
    let progress = Progress::new(
        site.shows_progress,
        "Loading the demo city",
        city.len(),
        "agencies",
    )?;
    let Credentials { access_key, secret } = authority;
    let token = site.session("authority", access_key, secret).await?;
    // All register before the first is approved: if an agency is approved before the stream's consumer reads
    // its registration, its stores are put on the map twice.
    let registered: Vec<Value> = stream::iter(city.iter().enumerate())
        .map(|(index, agency)| registration(site, index, agency).boxed())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    (site.drain)().await?;
    let records = Records::new(site)?;
    let agencies = stream::iter(city.iter().zip(&registered))
        .map(|(agency, registered)| {
            let approved = approval(site, &records, &token, agency, registered);
            approved.inspect(|_| progress.inc()).boxed()
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    progress.set_message("Placing its stores on the map");
    (site.drain)().await?;
    Ok(agencies)
}

async fn registration(site: &Site<'_>, index: usize, agency: &DemoAgency) -> Result<Value> {
    let days = match index % WITH_HOURS {
        0 => &WEEKDAYS[..],
        _ => &[],
    };
    let opening_hours = days
        .iter()
        .map(|day| json!({ "day": day, "from": "08:00", "until": "20:00" }));
    let opening_hours: Vec<Value> = opening_hours.collect();
    let stores = agency.stores.iter().map(|store| {
        let (lat, lon) = (store.location.lat(), store.location.lon());
        json!({
            "name": store.name,
            "address": store.address,
            "location": { "lat": lat, "lon": lon, "datum": "wgs84" },
            "opening_hours": opening_hours,
        })
    });
    let body = json!({
        "name": agency.name,
        "uscc": agency.uscc,
        "responsible_person": agency.responsible_person,
        "phone": agency.phone,
        "services": agency.services,
        "stores": stores.collect::<Vec<_>>(),
    });
    let key = (site.secret_text)(&format!("registration {index}"));
    let headers = [("idempotency-key", key.as_str())];
    site.post("/v1/agencies", &headers, &body)
        .await
        .with_context(|| format!("{} cannot be registered", agency.name))
}

/// Where it is counted what agencies have done.
struct Records {
    orders: store::Orders,
    directory: store::Directory,
}

impl Records {
    fn new(site: &Site<'_>) -> Result<Self> {
        Ok(site.settings.finish(Self {
            orders: store::Orders::new(site.settings),
            directory: store::Directory::new(site.settings),
        })?)
    }

    /// Counts once what an agency has done, as if in one order.
    async fn count(&self, agency: &AgencyId, stats: AgencyStats) -> Result<()> {
        if stats == AgencyStats::default() {
            return Ok(());
        }
        let cause = format!("demo record of {agency}");
        let hash = secret::sha256(cause.as_bytes());
        let order = hash.first_chunk().map(OrderId::from_bytes);
        let order = order.context("a hash is longer than an id")?;
        let counts = vec![self.directory.count(agency, stats)];
        self.orders.count_once(&order, 1, counts).await?;
        Ok(())
    }
}

async fn approval(
    site: &Site<'_>,
    records: &Records,
    token: &str,
    agency: &DemoAgency,
    registered: &Value,
) -> Result<AgencyAccess> {
    let agency_id = string_field(registered, "agency_id")?;
    let path = format!("/v1/agencies/{agency_id}/reviews");
    // Nobody has changed it since it was registered.
    let decision = json!({ "decision": "approve", "version": 1, "reason": "演示城市的一部分" });
    let approved = site
        .post(&path, &[("authorization", token)], &decision)
        .await
        .with_context(|| format!("{} cannot be approved", agency.name))?;
    records.count(&agency_id.parse()?, agency.stats).await?;
    let stores = approved["stores"]
        .as_array()
        .context("an approved agency has stores")?
        .iter()
        .map(|store| {
            Ok(StorePlace {
                store_id: string_field(store, "store_id")?.to_owned(),
                location: store["location"].clone(),
            })
        })
        .collect::<Result<_>>()?;
    // If an earlier start was cut off after it was approved, the registration does not show the secret any more.
    let credential = if registered["secret"].is_null() {
        let key = (site.secret_text)(&format!("credential of {agency_id}"));
        let headers = [("authorization", token), ("idempotency-key", &key)];
        let path = format!("/v1/agencies/{agency_id}/credentials");
        &site
            .post(&path, &headers, &json!({ "name": "demo" }))
            .await?
    } else {
        registered
    };
    Ok(AgencyAccess {
        agency_id: agency_id.to_owned(),
        name: agency.name.clone(),
        services: serde_json::from_value(approved["services"].clone())?,
        access_key: string_field(credential, "access_key")?.to_owned(),
        secret: string_field(credential, "secret")?.to_owned(),
        stores,
    })
}

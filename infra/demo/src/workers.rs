//! Loads the city's workers, registered and approved, and their credit records.
//!
//! Workers are written by the store, in the same transactions as the functions make, because 40,000 HTTP requests
//! would take too long. Their credit records come in a signed batch of the demo's source over HTTP. A court's answer
//! is valid for a day, so later starts send a daily batch. A file beside `demo.json` records the progress, so that an
//! interrupted start continues at the next with the same batch.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::check::MobilePhone;
use domain::id::{AgencyId, EventId};
use domain::time::Millis;
use domain::worker::{Consent, Profile, Worker, masked_name};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use runtime::secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{NewEvent, NewWorker, PhoneHashes, RegisteredWorker, WorkerIds, Workers};

use crate::city::DemoWorker;
use crate::feed::{BatchPosition, FeedRow, FeedSource};
use crate::portraits;
use crate::progress::Progress;
use crate::site::{string_field, success};
use crate::{AUTHORITY, AgencyAccess, SOURCE, Site};

/// How many workers are registered at the same time.
const AT_ONCE: usize = 16;
/// The age of the last batch after which a start sends a daily one.
const DAILY: Duration = Duration::from_secs(12 * 3_600);
/// Pause between two queries of a batch's status.
const STATUS_INTERVAL: Duration = Duration::from_millis(200);

/// The content of the progress file.
#[derive(Default, Deserialize, Serialize)]
struct LoadState {
    /// How many workers, from the first, are registered.
    registered: usize,
    /// How many workers, from the first, have their credit records.
    told: usize,
    /// The last batch that was applied.
    last: Option<AppliedBatch>,
    /// A batch that is being sent.
    sending: Option<PendingBatch>,
}

#[derive(Clone, Deserialize, Serialize)]
struct AppliedBatch {
    seq: u64,
    /// `prev_sha256` of the next batch.
    hash: String,
    as_of_ms: i64,
}

#[derive(Clone, Deserialize, Serialize)]
struct PendingBatch {
    seq: u64,
    prev: Option<String>,
    as_of_ms: i64,
    /// Index of the first worker.
    from: usize,
    /// Index after the last worker.
    to: usize,
    /// Whether it has all rows of these workers; otherwise the daily ones.
    all: bool,
}

pub(super) struct Loader<'a, 's> {
    pub(super) site: &'a Site<'s>,
    pub(super) agencies: &'a [AgencyAccess],
    pub(super) workers: &'a [DemoWorker],
    /// The progress file; `None`: nothing outlives the run.
    pub(super) file: Option<&'a Path>,
}

impl Loader<'_, '_> {
    /// Registers the workers that are not registered, and sends the batches that are due.
    pub(super) async fn load(&self) -> Result<()> {
        let mut kept: LoadState = self
            .file
            .and_then(|file| std::fs::read(file).ok())
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default();
        if kept.registered < self.workers.len() {
            self.register(kept.registered).await?;
            kept.registered = self.workers.len();
            self.save(&kept)?;
        }
        while let Some(sending) = self.next_batch(&kept) {
            kept.sending = Some(sending.clone());
            self.save(&kept)?;
            let Some(hash) = self.send_batch(&sending).await? else {
                break;
            };
            kept.told = kept.told.max(sending.to);
            kept.last = Some(AppliedBatch {
                seq: sending.seq,
                hash,
                as_of_ms: sending.as_of_ms,
            });
            kept.sending = None;
            self.save(&kept)?;
        }
        Ok(())
    }

    fn save(&self, kept: &LoadState) -> Result<()> {
        match self.file {
            None => Ok(()),
            Some(file) => (self.site.write)(file, &serde_json::to_vec(kept)?),
        }
    }

    fn now(&self) -> Millis {
        // Whole seconds are easier to read in the records.
        Millis(self.site.now.0 / 1_000 * 1_000)
    }

    /// The interrupted batch, or else one for new workers, or else a daily one.
    fn next_batch(&self, kept: &LoadState) -> Option<PendingBatch> {
        if let Some(sending) = &kept.sending {
            return Some(sending.clone());
        }
        let now = self.now();
        let count = self.workers.len();
        let is_new = kept.told < count;
        let is_old = kept
            .last
            .as_ref()
            .is_some_and(|last| now.since(Millis(last.as_of_ms)) > DAILY);
        let is_due = is_new || (is_old && count > 0);
        if !is_due {
            return None;
        }
        Some(PendingBatch {
            seq: kept.last.as_ref().map_or(1, |last| last.seq + 1),
            prev: kept.last.as_ref().map(|last| last.hash.clone()),
            as_of_ms: now.0,
            from: if is_new { kept.told } else { 0 },
            to: count,
            all: is_new,
        })
    }

    /// Sends a batch and waits until it is applied; returns its hash. `None`: a user has sent other batches as this
    /// source, so that this one does not follow the last.
    async fn send_batch(&self, sending: &PendingBatch) -> Result<Option<String>> {
        let as_of = Millis(sending.as_of_ms);
        let workers = self.workers.get(sending.from..sending.to);
        let workers = workers.context("the city has become smaller: start with --fresh")?;
        let rows: Vec<FeedRow> = workers
            .iter()
            .flat_map(|worker| match sending.all {
                true => worker.rows(as_of),
                false => worker.daily_rows(as_of),
            })
            .collect();
        let position = BatchPosition {
            batch_id: format!("demo-{}", sending.seq),
            seq: sending.seq,
            prev_sha256: sending.prev.clone(),
            as_of,
        };
        let source = FeedSource::new(SOURCE, &self.site.source_seed)?;
        let batch = source.batch(&position, &rows);
        let path = format!("/v1/credit-feeds/{SOURCE}/batches");
        let announcement = batch.announcement.to_string().into_bytes();
        let json = [("content-type", "application/json")];
        let announced = self.site.send("POST", &path, &json, announcement).await?;
        if announced.0.as_u16() == 409 {
            tracing::warn!(
                "the demo's source has other batches: the credit records of the demo's workers are not updated"
            );
            return Ok(None);
        }
        success(&path, announced)?;
        let what = "Loading their credit records";
        let progress = Progress::new(self.site.shows_progress, what, rows.len(), "records")?;
        let path = format!("{path}/{}", position.batch_id);
        for (part, content) in batch.parts.into_iter().enumerate() {
            let path = format!("{path}/parts/{}", part + 1);
            let lines = [("content-type", "application/x-ndjson")];
            self.site.call("PUT", &path, &lines, content).await?;
        }
        loop {
            let standing = self.site.call("GET", &path, &[], Vec::new()).await?;
            match string_field(&standing, "status")? {
                "applied" => return Ok(Some(batch.hash)),
                "refused" => bail!("the demo's batch was refused: {standing}"),
                _ => progress.set_position(standing["applied"].as_u64().unwrap_or_default()),
            }
            tokio::time::sleep(STATUS_INTERVAL).await;
        }
    }

    /// Registers the workers from this index on.
    async fn register(&self, from: usize) -> Result<()> {
        let (count, what) = (self.workers.len(), "Loading the city's workers");
        let progress = Progress::new(self.site.shows_progress, what, count, "workers")?;
        progress.set_position(from as u64);
        portraits::store(self.site.settings).await?;
        let registrar = Registrar::new(self)?;
        let left = self.workers.iter().enumerate().skip(from);
        stream::iter(left)
            .map(|(index, worker)| {
                let registered = registrar.register(index, worker);
                registered.inspect(|_| progress.inc()).boxed()
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

/// Registers and approves each worker in one transaction.
struct Registrar<'a, 's> {
    loader: &'a Loader<'a, 's>,
    store: Workers,
    ids: WorkerIds,
    phones: PhoneHashes,
    now: Millis,
}

impl<'a, 's> Registrar<'a, 's> {
    fn new(loader: &'a Loader<'a, 's>) -> Result<Self> {
        let settings = loader.site.settings;
        Ok(settings.finish(Self {
            store: Workers::new(settings),
            ids: WorkerIds::new(settings),
            phones: PhoneHashes::new(settings),
            now: loader.now(),
            loader,
        })?)
    }

    async fn register(&self, index: usize, demo: &DemoWorker) -> Result<()> {
        let agency = self.loader.agencies.get(demo.agency);
        let agency: AgencyId = agency
            .context("a worker has no agency")?
            .agency_id
            .parse()?;
        let id = self.ids.of(&demo.id_number);
        let phone: MobilePhone = demo.phone.parse()?;
        let consent = Consent {
            text_version: "2026-01".to_owned(),
            given_at: self.now,
        };
        let event = |kind: EventKind, actor: Actor, payload: Value| NewEvent {
            id: EventId::from_cause(kind.as_str(), &["demo city", id.as_str()]),
            kind,
            actor,
            payload,
        };
        let by = Actor::Agency(agency.clone(), None);
        let approval = json!({ "decision": "approve", "reason": "演示城市的一部分" });
        let events = vec![
            event(
                EventKind::Registered,
                by.clone(),
                json!({ "agency": agency, "skills": demo.skills }),
            ),
            event(EventKind::ConsentGiven, by, json!(consent)),
            event(
                EventKind::Reviewed,
                Actor::Authority(AUTHORITY.parse()?, None),
                approval,
            ),
        ];
        let taken = self.store.take_phone(&self.phones.of(&phone), &id, true);
        let key = (self.loader.site.secret_text)(&format!("worker {index}"));
        let new = NewWorker {
            worker: Worker {
                id: id.clone(),
                version: 0,
                agency,
                standing: Standing::Approved,
                skills: demo.skills,
                experience: demo.experience.clone(),
                sex: Some(demo.id_number.sex()),
                masked_name: masked_name(&demo.name),
                registered_at: self.now,
                waits_since: None,
                photo: Some(portraits::portrait(index)),
                sections: Default::default(),
                is_erased: false,
                review_version: 1,
                last_decision: None,
            },
            profile: Profile {
                name: demo.name.clone(),
                id_number: demo.id_number.clone(),
                phone,
                consent,
                references: Default::default(),
                phone_confirmed: true,
                former_phone: None,
                proposals: Vec::new(),
            },
            events,
            with: vec![taken],
            key_hash: key[..32].to_owned(),
            body_hash: secret::sha256(key.as_bytes()),
        };
        match self.store.register(&new, self.now).await? {
            RegisteredWorker::KeyReused => bail!("{id} was registered with another body"),
            // An interrupted start registered her.
            RegisteredWorker::New(_)
            | RegisteredWorker::Repeat(_)
            | RegisteredWorker::Exists(_) => Ok(()),
        }
    }
}

//! The city's workers: registered, approved, with what the demo's source says of them.
//!
//! They are registered through the store, in the transactions that the functions make; 20,000 times two
//! requests would take too long. What is known of them comes in as for everybody: a batch of the demo's source, signed,
//! announced and sent in parts. A court's answer holds for a day, so a later start sends what a day's batch says.
//! A file beside `demo.json` knows how far that is: a start that was cut off goes on at the next, with the same batch.

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
use crate::feed::{FeedRow, FeedSource, Place};
use crate::progress::Progress;
use crate::site::{success, text};
use crate::{AUTHORITY, AgencyAccess, SOURCE, Site};

/// Workers that are registered at the same time.
const AT_ONCE: usize = 16;
/// What a day's batch says is sent anew after this.
const DAILY: Duration = Duration::from_secs(12 * 3_600);
/// How often a batch is looked at that is being applied.
const LOOK: Duration = Duration::from_millis(200);

/// How far the city's workers are, as the file keeps it.
#[derive(Default, Deserialize, Serialize)]
struct Kept {
    /// The first so many are registered.
    registered: usize,
    /// The first so many are in a batch that was applied.
    told: usize,
    /// The source's last batch.
    last: Option<Sent>,
    /// A batch that was announced, or is about to be.
    sending: Option<Sending>,
}

/// A batch that was applied.
#[derive(Clone, Deserialize, Serialize)]
struct Sent {
    seq: u64,
    /// What the next one names.
    hash: String,
    as_of_ms: i64,
}

#[derive(Clone, Deserialize, Serialize)]
struct Sending {
    seq: u64,
    prev: Option<String>,
    as_of_ms: i64,
    /// Whom it is about: workers from here on …
    from: usize,
    /// … up to here, …
    to: usize,
    /// … with all that is known of them, or what is new every day.
    all: bool,
}

pub(super) struct Loader<'a, 's> {
    pub(super) site: &'a Site<'s>,
    pub(super) agencies: &'a [AgencyAccess],
    pub(super) workers: &'a [DemoWorker],
    /// Where it is kept how far they are; without it, nothing outlives the run.
    pub(super) file: Option<&'a Path>,
}

impl Loader<'_, '_> {
    /// Registers who is not registered, and has the source say what it has not said.
    pub(super) async fn load(&self) -> Result<()> {
        let mut kept: Kept = self
            .file
            .and_then(|file| std::fs::read(file).ok())
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default();
        if kept.registered < self.workers.len() {
            self.register(kept.registered).await?;
            kept.registered = self.workers.len();
            self.keep(&kept)?;
        }
        while let Some(sending) = self.next_batch(&kept) {
            kept.sending = Some(sending.clone());
            self.keep(&kept)?;
            let Some(hash) = self.tell(&sending).await? else {
                break;
            };
            kept.told = kept.told.max(sending.to);
            kept.last = Some(Sent {
                seq: sending.seq,
                hash,
                as_of_ms: sending.as_of_ms,
            });
            kept.sending = None;
            self.keep(&kept)?;
        }
        Ok(())
    }

    fn keep(&self, kept: &Kept) -> Result<()> {
        match self.file {
            None => Ok(()),
            Some(file) => (self.site.write)(file, &serde_json::to_vec(kept)?),
        }
    }

    fn now(&self) -> Millis {
        // Whole seconds read better.
        Millis(self.site.now.0 / 1_000 * 1_000)
    }

    /// The batch that was cut off; else one about new workers; else a new day's.
    fn next_batch(&self, kept: &Kept) -> Option<Sending> {
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
        Some(Sending {
            seq: kept.last.as_ref().map_or(1, |last| last.seq + 1),
            prev: kept.last.as_ref().map(|last| last.hash.clone()),
            as_of_ms: now.0,
            from: if is_new { kept.told } else { 0 },
            to: count,
            all: is_new,
        })
    }

    /// Sends a batch and waits until it is applied; answers what the next one names. `None`: the source has sent
    /// others meanwhile, which is a person's doing.
    async fn tell(&self, sending: &Sending) -> Result<Option<String>> {
        let as_of = Millis(sending.as_of_ms);
        let about = self.workers.get(sending.from..sending.to);
        let about = about.context("the city has become smaller: start with --fresh")?;
        let rows: Vec<FeedRow> = about
            .iter()
            .flat_map(|worker| match sending.all {
                true => worker.rows(as_of),
                false => worker.daily_rows(as_of),
            })
            .collect();
        let place = Place {
            batch_id: format!("demo-{}", sending.seq),
            seq: sending.seq,
            prev_sha256: sending.prev.clone(),
            as_of,
        };
        let source = FeedSource::new(SOURCE, &self.site.source_seed)?;
        let batch = source.batch(&place, &rows);
        let path = format!("/v1/credit-feeds/{SOURCE}/batches");
        let announcement = batch.announcement.to_string().into_bytes();
        let json = [("content-type", "application/json")];
        let announced = self.site.send("POST", &path, &json, announcement).await?;
        if announced.0.as_u16() == 409 {
            tracing::warn!(
                "the demo's source has sent batches of its own: what is known of the demo's workers grows old"
            );
            return Ok(None);
        }
        success(&path, announced)?;
        let what = "Loading what is known of them";
        let progress = Progress::new(self.site.shows_progress, what, rows.len(), "records")?;
        let path = format!("{path}/{}", place.batch_id);
        for (part, content) in batch.parts.into_iter().enumerate() {
            let path = format!("{path}/parts/{}", part + 1);
            let lines = [("content-type", "application/x-ndjson")];
            self.site.call("PUT", &path, &lines, content).await?;
        }
        loop {
            let standing = self.site.call("GET", &path, &[], Vec::new()).await?;
            match text(&standing, "status")? {
                "applied" => return Ok(Some(batch.hash)),
                "refused" => bail!("the demo's batch was refused: {standing}"),
                _ => progress.set_position(standing["applied"].as_u64().unwrap_or_default()),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Registers all workers from `from` on.
    async fn register(&self, from: usize) -> Result<()> {
        let (count, what) = (self.workers.len(), "Loading the city's workers");
        let progress = Progress::new(self.site.shows_progress, what, count, "workers")?;
        progress.set_position(from as u64);
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

/// Registers and approves workers in one transaction each.
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
        let by = Actor::Agency(agency.clone());
        let approval = json!({ "decision": "approve", "reason": "part of the demo city" });
        let events = vec![
            event(
                EventKind::Registered,
                by.clone(),
                json!({ "agency": agency, "skills": demo.skills }),
            ),
            event(EventKind::ConsentGiven, by, json!(consent)),
            event(
                EventKind::Reviewed,
                Actor::Authority(AUTHORITY.parse()?),
                approval,
            ),
        ];
        let taken = self.store.take_phone(&self.phones.of(&phone), &id);
        let key = (self.loader.site.text)(&format!("worker {index}"));
        let new = NewWorker {
            worker: Worker {
                id: id.clone(),
                version: 0,
                agency,
                standing: Standing::Approved,
                skills: demo.skills,
                masked_name: masked_name(&demo.name),
                registered_at: self.now,
                waits_since: None,
                photo: None,
                sections: Default::default(),
                is_erased: false,
            },
            profile: Profile {
                name: demo.name.clone(),
                id_number: demo.id_number.clone(),
                phone,
                consent,
                references: Default::default(),
                proposed: None,
            },
            events,
            with: vec![taken],
            key_hash: key[..32].to_owned(),
            body_hash: secret::sha256(key.as_bytes()),
        };
        match self.store.register(&new, self.now).await? {
            RegisteredWorker::KeyReused => bail!("{id} was registered with another body"),
            // A start that was cut off had done it.
            RegisteredWorker::New(_)
            | RegisteredWorker::Repeat(_)
            | RegisteredWorker::Exists(_) => Ok(()),
        }
    }
}

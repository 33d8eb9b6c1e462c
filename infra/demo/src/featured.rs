//! The workers in `demo.json`, with badges: those whom one tries the platform with, and some of every kind.

use anyhow::{Context, Result};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;
use store::WorkerIds;

use crate::city::{DemoWorker, PHONE_CODE, WorkerKind};
use crate::site::string_field;
use crate::{AgencyAccess, BadgeAccess, Site, WorkerAccess, tour};

/// How many clear workers.
const CLEAR: usize = 24;
/// How many workers of each other kind.
const PER_OTHER_KIND: usize = 3;
/// How many workers get their badges at the same time.
const AT_ONCE: usize = 8;

/// Workers that are in `before` stay as they are. The others get their badges.
pub(super) async fn load(
    site: &Site<'_>,
    agencies: &[AgencyAccess],
    workers: &[DemoWorker],
    before: &[WorkerAccess],
) -> Result<Vec<WorkerAccess>> {
    let ids = WorkerIds::new(site.settings);
    let toured = tour::agencies(agencies).into_iter();
    let toured = toured.filter_map(|agency| tour::worker(workers, agency));
    let of_every_kind = WorkerKind::ALL.into_iter().flat_map(|kind| {
        let count = match kind {
            WorkerKind::Clear => CLEAR,
            _ => PER_OTHER_KIND,
        };
        workers
            .iter()
            .filter(move |worker| worker.kind == kind)
            .take(count)
    });
    let mut chosen: Vec<&DemoWorker> = Vec::new();
    for worker in toured.chain(of_every_kind) {
        if chosen.iter().all(|known| known.phone != worker.phone) {
            chosen.push(worker);
        }
    }
    stream::iter(chosen)
        .map(|worker| {
            let id = ids.of(&worker.id_number).to_string();
            let known = before.iter().find(|known| known.worker_id == id).cloned();
            async move {
                match known {
                    Some(known) => Ok(known),
                    None => feature(site, agencies, worker, id).await,
                }
            }
            .boxed()
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn feature(
    site: &Site<'_>,
    agencies: &[AgencyAccess],
    worker: &DemoWorker,
    id: String,
) -> Result<WorkerAccess> {
    let agency = agencies
        .get(worker.agency)
        .context("a worker has no agency")?;
    let token = site
        .session("agency", &agency.access_key, &agency.secret)
        .await?;
    let authorization = ("authorization", token.as_str());
    let badge = badge(site, authorization, &id).await?;
    Ok(WorkerAccess {
        worker_id: id,
        agency_id: agency.agency_id.clone(),
        name: worker.name.clone(),
        id_number: worker.id_number.as_str().to_owned(),
        skills: worker
            .skills
            .iter()
            .map(|skill| skill.as_str().to_owned())
            .collect(),
        kind: worker.kind.as_str().to_owned(),
        code: format!("{PHONE_CODE}{}", worker.phone),
        badge,
    })
}

async fn badge(site: &Site<'_>, authorization: (&str, &str), worker: &str) -> Result<BadgeAccess> {
    let path = format!("/v1/workers/{worker}/badges");
    let key = (site.secret_text)(&format!("badge of {worker}"));
    let headers = [authorization, ("idempotency-key", key.as_str())];
    let badge = site.post(&path, &headers, &json!({})).await?;
    Ok(BadgeAccess {
        badge_id: string_field(&badge, "badge_id")?.to_owned(),
        token: string_field(&badge, "token")?.to_owned(),
        url: string_field(&badge, "url")?.to_owned(),
    })
}

//! The workers in `demo.json`: some of every kind, with badges and photos.

use anyhow::{Context, Result};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;
use store::WorkerIds;

use crate::city::{DemoWorker, PHONE_CODE, WorkerKind};
use crate::site::string_field;
use crate::{AgencyAccess, BadgeAccess, Credentials, Site, WorkerAccess};

/// How many clear workers.
const CLEAR: usize = 24;
/// How many workers of each other kind.
const PER_OTHER_KIND: usize = 3;
/// How many workers get their badges at the same time.
const AT_ONCE: usize = 8;

/// Workers that are in `before` stay as they are. The others get their photos and badges.
pub(super) async fn load(
    site: &Site<'_>,
    authority: &Credentials,
    agencies: &[AgencyAccess],
    workers: &[DemoWorker],
    before: &[WorkerAccess],
) -> Result<Vec<WorkerAccess>> {
    let ids = WorkerIds::new(site.settings);
    let Credentials { access_key, secret } = authority;
    let authority = site.session("authority", access_key, secret).await?;
    let authority = authority.as_str();
    let chosen = WorkerKind::ALL.into_iter().flat_map(|kind| {
        let count = match kind {
            WorkerKind::Clear => CLEAR,
            _ => PER_OTHER_KIND,
        };
        workers
            .iter()
            .filter(move |worker| worker.kind == kind)
            .take(count)
    });
    stream::iter(chosen.enumerate())
        .map(|(place, worker)| {
            let id = ids.of(&worker.id_number).to_string();
            let known = before.iter().find(|known| known.worker_id == id).cloned();
            async move {
                match known {
                    Some(known) => Ok(known),
                    None => feature(site, authority, agencies, place, worker, id).await,
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
    authority: &str,
    agencies: &[AgencyAccess],
    place: usize,
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
    let path = format!("/v1/workers/{id}");
    let headers = [authorization, ("content-type", "image/png")];
    let photo = portrait(place)?;
    site.call("PUT", &format!("{path}/photo"), &headers, photo)
        .await?;
    approve_photo(site, authority, &path).await?;
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

/// An approved worker's photo waits for review, unless an interrupted start had it approved.
async fn approve_photo(site: &Site<'_>, authority: &str, worker: &str) -> Result<()> {
    let headers = [("authorization", authority)];
    let purpose = "purpose=part+of+the+demo+city";
    let shown = site
        .call("GET", &format!("{worker}?{purpose}"), &headers, Vec::new())
        .await?;
    if shown["pending_changes"].is_null() {
        return Ok(());
    }
    let decision = json!({
        "decision": "approve",
        "version": shown["version"],
        "reason": "part of the demo city",
    });
    let path = format!("{worker}/reviews");
    site.post(&path, &headers, &decision).await?;
    Ok(())
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

/// A PNG of a head and shoulders before a wall, whose colour depends on `place`.
fn portrait(place: usize) -> Result<Vec<u8>> {
    const WIDTH: usize = 150;
    const HEIGHT: usize = 200;
    const SKIN: [u8; 3] = [236, 196, 164];
    const UNIFORM: [u8; 3] = [40, 70, 120];
    let shade = u8::try_from(place * 12 % 120).unwrap_or_default();
    let wall = [120 + shade, 200, 240 - shade];
    let within = |x: usize, y: usize, middle: (usize, usize), radii: (usize, usize)| {
        let (dx, dy) = (x.abs_diff(middle.0), y.abs_diff(middle.1));
        let ((dx, rx), (dy, ry)) = ((dx * dx, radii.0.pow(2)), (dy * dy, radii.1.pow(2)));
        dx * ry + dy * rx <= rx * ry
    };
    let pixels: Vec<u8> = (0..WIDTH * HEIGHT)
        .flat_map(|at| {
            let (x, y) = (at % WIDTH, at / WIDTH);
            if within(x, y, (75, 80), (32, 42)) {
                SKIN
            } else if within(x, y, (75, 200), (64, 70)) {
                UNIFORM
            } else {
                wall
            }
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 150, 200);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

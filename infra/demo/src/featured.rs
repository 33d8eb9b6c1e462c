//! The workers that `demo.json` names: some clear, some of every other kind, with badges and photos.

use anyhow::{Context, Result};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;
use store::WorkerIds;

use crate::city::{DemoWorker, Kind, PHONE_CODE};
use crate::site::text;
use crate::{AgencyAccess, BadgeAccess, Site, WorkerAccess};

/// Of those whom nothing keeps from working.
const CLEAR: usize = 24;
/// Of each other kind.
const OF_A_KIND: usize = 3;
/// The first so many have a photo.
const WITH_PHOTO: usize = 12;
/// Workers that get their badges at the same time.
const AT_ONCE: usize = 8;

/// Names them; those that `before` has are as they were.
pub(super) async fn load(
    site: &Site<'_>,
    agencies: &[AgencyAccess],
    workers: &[DemoWorker],
    before: &[WorkerAccess],
) -> Result<Vec<WorkerAccess>> {
    let ids = WorkerIds::new(site.settings);
    let chosen = Kind::ALL.into_iter().flat_map(|kind| {
        let count = match kind {
            Kind::Clear => CLEAR,
            _ => OF_A_KIND,
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
                    None => feature(site, agencies, place, worker, id).await,
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
    if place < WITH_PHOTO {
        let path = format!("/v1/workers/{id}/photo");
        let headers = [authorization, ("content-type", "image/png")];
        site.call("PUT", &path, &headers, portrait(place)?).await?;
    }
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
    let key = (site.text)(&format!("badge of {worker}"));
    let headers = [authorization, ("idempotency-key", key.as_str())];
    let badge = site.post(&path, &headers, &json!({})).await?;
    Ok(BadgeAccess {
        badge_id: text(&badge, "badge_id")?.to_owned(),
        token: text(&badge, "token")?.to_owned(),
        url: text(&badge, "url")?.to_owned(),
    })
}

/// A head and shoulders before a wall, each with a wall of another colour.
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

//! What the city's workers look like. Several share a portrait, which spares thousands of objects.

use anyhow::Result;
use domain::worker::Photo;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use objects::Photos;
use settings::Settings;

const COUNT: usize = 12;

/// The portrait of the worker with this index.
pub(super) fn portrait(index: usize) -> Photo {
    Photo {
        key: format!("demo/{}.jpg", index % COUNT),
        media_type: "image/jpeg".to_owned(),
    }
}

/// Stores all portraits. Doing so again is harmless.
pub(super) async fn store(settings: &Settings) -> Result<()> {
    let photos = settings.finish(Photos::new(settings))?;
    for index in 0..COUNT {
        photos.put(&portrait(index), drawn(index)?).await?;
    }
    Ok(())
}

/// A JPEG of a head and shoulders before a wall, whose colour depends on the index.
fn drawn(index: usize) -> Result<Vec<u8>> {
    const SKIN: [u8; 3] = [236, 196, 164];
    const UNIFORM: [u8; 3] = [40, 70, 120];
    let shade = u8::try_from(index * 10)?;
    let wall = [120 + shade, 200, 240 - shade];
    let within = |x: u32, y: u32, middle: (u32, u32), radii: (u32, u32)| {
        let (dx, dy) = (x.abs_diff(middle.0), y.abs_diff(middle.1));
        let ((dx, rx), (dy, ry)) = ((dx * dx, radii.0.pow(2)), (dy * dy, radii.1.pow(2)));
        dx * ry + dy * rx <= rx * ry
    };
    let drawing = RgbImage::from_fn(150, 200, |x, y| {
        Rgb(if within(x, y, (75, 80), (32, 42)) {
            SKIN
        } else if within(x, y, (75, 200), (64, 70)) {
            UNIFORM
        } else {
            wall
        })
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&drawing)?;
    Ok(jpeg)
}

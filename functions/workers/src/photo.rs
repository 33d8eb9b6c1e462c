//! Photos, made harmless.
//!
//! Whatever comes is decoded, turned upright, made smaller, and written anew as a JPEG: what is stored holds pixels and
//! nothing else, no place where it was taken, no camera's number, no second file behind the first.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};

/// The largest photo that is taken, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// More pixels than a face needs, and few enough to decode in a function's memory.
const MOST_PIXELS: u64 = 20_000_000;
/// What decoding may take, in bytes: 20 megapixels of three channels.
const MOST_DECODED: u64 = 64 * 1024 * 1024;
/// What is stored is not longer at any edge: enough to fill a phone's screen.
const LONGEST_EDGE: u32 = 1024;
const QUALITY: u8 = 85;

/// Why something cannot be a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoFault {
    /// It does not begin as a JPEG or PNG does, or breaks off, or is broken.
    #[error("must be a JPEG or PNG image that can be read to its end")]
    NotAnImage,
    /// It says that it has more pixels than are taken.
    #[error("must have at most 20 megapixels")]
    TooManyPixels,
}

/// Whether a JPEG goes on to its end: its decoder takes one that breaks off, and fills up the rest. The marker of the end
/// (EOI) is looked for behind the one that begins the last scan (SOS); neither stands in what is scanned (ITU-T T.81,
/// B.1.1.2), and a thumbnail's come before.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9) > last(0xda)
}

/// The photo as it is stored: a JPEG, upright, at most 1024 pixels wide and high, without anything but its pixels. Its
/// size is looked at before a pixel is decoded.
///
/// # Errors
/// When it is no photo.
pub fn normalised(bytes: &[u8]) -> Result<Vec<u8>, PhotoFault> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|_| PhotoFault::NotAnImage)?;
    match reader.format() {
        Some(ImageFormat::Png) => {}
        Some(ImageFormat::Jpeg) if jpeg_ends(bytes) => {}
        _ => return Err(PhotoFault::NotAnImage),
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MOST_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        ImageError::Limits(_) => PhotoFault::TooManyPixels,
        _ => PhotoFault::NotAnImage,
    })?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MOST_PIXELS || decoder.total_bytes() > MOST_DECODED {
        return Err(PhotoFault::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder);
    let mut image = decoded.map_err(|_| PhotoFault::NotAnImage)?;
    if width.max(height) > LONGEST_EDGE {
        image = image.thumbnail(LONGEST_EDGE, LONGEST_EDGE);
    }
    image.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&on_white(&image))
        .map_err(|_| PhotoFault::NotAnImage)?;
    Ok(jpeg)
}

/// What is transparent shows white, not what colour happens to be stored under it.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let with_alpha = image.to_rgba8();
    RgbImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [r, g, b, a] = with_alpha.get_pixel(x, y).0;
        let over = |channel: u8| {
            let (channel, alpha) = (u32::from(channel), u32::from(a));
            u8::try_from((channel * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        Rgb([over(r), over(g), over(b)])
    })
}

#[cfg(test)]
mod tests;

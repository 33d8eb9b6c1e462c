//! Makes photos harmless before they are stored.
//!
//! A photo is decoded, turned upright, made smaller and encoded anew as a JPEG. The result holds nothing but pixels: no
//! location, no camera's number, no second file behind the first.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};

/// The largest photo that is accepted, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// More pixels than a face needs, and few enough to decode in a function's memory. The worst PNG of so many (interlaced,
/// each row predicted by three others) takes 0.6 s of a processor in a deployed build, of which the function has a third.
const MOST_PIXELS: u64 = 20_000_000;
/// The most memory for decoding, in bytes: 20 megapixels of three channels.
const MOST_DECODED: u64 = 64 * 1024 * 1024;
/// Of a stored photo, in pixels: enough to fill a phone's screen.
const LONGEST_EDGE: u32 = 1024;
const QUALITY: u8 = 85;

/// Why a body is not accepted as a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoFault {
    /// Neither JPEG nor PNG, or cut off, or corrupt.
    #[error("must be a JPEG or PNG image that can be read to its end")]
    NotAnImage,
    /// According to its header; nothing is decoded.
    #[error("must have at most 20 megapixels")]
    TooManyPixels,
}

/// Whether a JPEG has its end. The decoder accepts one that is cut off and fills up the rest. In a complete one the end
/// marker (EOI) comes after the marker of the last scan (SOS). Neither occurs within scan data (ITU-T T.81, B.1.1.2), and
/// a thumbnail's markers come earlier.
fn is_complete_jpeg(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9) > last(0xda)
}

/// The photo as it is stored: an upright JPEG, at most 1024 pixels wide and high, with nothing but its pixels. Its size
/// is checked before a pixel is decoded.
pub fn normalised(bytes: &[u8]) -> Result<Vec<u8>, PhotoFault> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|_| PhotoFault::NotAnImage)?;
    match reader.format() {
        Some(ImageFormat::Png) => {}
        Some(ImageFormat::Jpeg) if is_complete_jpeg(bytes) => {}
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

/// Transparent pixels become white, whatever colour they hold.
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

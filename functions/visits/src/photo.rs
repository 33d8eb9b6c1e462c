//! Reads QR codes from a photo, for phones whose browser has no scanner.
//!
//! Whoever sends one is hostile. What it claims to be is checked before a pixel is decoded, and the search for codes has a
//! budget: a picture full of what looks like the corners of codes would keep it busy for hours.

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use image::codecs::jpeg::JpegDecoder;
use image::imageops::{crop_imm, thumbnail};
use image::{
    DynamicImage, GenericImage, GenericImageView, GrayImage, ImageDecoder, ImageError, Limits, Luma,
};
use rqrr::PreparedImage;

/// The largest photo that is accepted, in bytes.
pub(crate) const LARGEST: usize = 2 * 1024 * 1024;

/// What a phone's camera takes, and few enough to decode in a function's memory.
const MOST_PIXELS: u64 = 4_096 * 4_096;
const MOST_MEMORY: u64 = 160 * 1024 * 1024;
/// A progressive JPEG has some ten scans. One of two megabytes could have a hundred thousand, each of which costs a pass over
/// the whole picture.
const MOST_SCANS: usize = 40;
/// A code is looked for in so many pixels. More let a search remember more corners than memory holds.
const SEARCHED_PIXELS: u32 = 1_000_000;
/// So often may a search look at, change or copy each pixel; an ordinary one does so some ten times.
const MOST_LOOKS: u64 = 60;

/// Why no code is read from a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PhotoFault {
    #[error("must be a JPEG image that can be read")]
    NotAJpeg,
    /// According to its header.
    #[error("must have at most 16 megapixels")]
    TooManyPixels,
    #[error("shows no QR code that can be read; go closer, and hold the phone still")]
    NoCode,
}

/// The text of each code in the photo, at least one.
pub(crate) fn codes(jpeg: &[u8]) -> Result<Vec<String>, PhotoFault> {
    let photo = decoded(jpeg)?;
    let (width, height) = photo.dimensions();
    let whole = found_in(&smaller(&photo), MOST_LOOKS);
    if !whole.is_empty() {
        return Ok(whole);
    }
    // People aim at what they mean: its middle, twice as large.
    let middle = crop_imm(&photo, width / 4, height / 4, width / 2, height / 2);
    let middle = found_in(&smaller(&middle.to_image()), MOST_LOOKS);
    if middle.is_empty() {
        return Err(PhotoFault::NoCode);
    }
    Ok(middle)
}

fn decoded(jpeg: &[u8]) -> Result<GrayImage, PhotoFault> {
    let scans = jpeg.windows(2).filter(|pair| *pair == [0xff, 0xda]);
    if scans.count() > MOST_SCANS {
        return Err(PhotoFault::NotAJpeg);
    }
    let fault = |error| match error {
        ImageError::Limits(_) => PhotoFault::TooManyPixels,
        _ => PhotoFault::NotAJpeg,
    };
    let mut decoder = JpegDecoder::new(Cursor::new(jpeg)).map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(PhotoFault::TooManyPixels);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).map_err(fault)?;
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    Ok(image.into_luma8())
}

fn smaller(photo: &GrayImage) -> GrayImage {
    let (width, height) = photo.dimensions();
    let pixels = f64::from(width) * f64::from(height);
    let scale = (f64::from(SEARCHED_PIXELS) / pixels.max(1.0)).sqrt();
    if scale >= 1.0 {
        return photo.clone();
    }
    let scaled = |edge: u32| ((f64::from(edge) * scale) as u32).max(1);
    thumbnail(photo, scaled(width), scaled(height))
}

/// None when the budget is used up, or the search fails in another way.
fn found_in(photo: &GrayImage, most_looks: u64) -> Vec<String> {
    let (width, height) = photo.dimensions();
    if width < 21 || height < 21 {
        return Vec::new();
    }
    let searched = Searched {
        looks: Rc::new(Cell::new(photo.len() as u64 * most_looks)),
        photo: photo.clone(),
    };
    let found = catch_unwind(AssertUnwindSafe(|| {
        let mut prepared = PreparedImage::prepare(searched);
        let grids = prepared.detect_grids();
        let texts = grids.iter().filter_map(|grid| grid.decode().ok());
        texts.map(|(_, text)| text).collect()
    }));
    found.unwrap_or_else(|_| {
        tracing::warn!("the search for a code in a photo was given up");
        Vec::new()
    })
}

/// A picture that can be looked at so often, by itself and its copies together. Then it unwinds, which is the one way out
/// of a search that knows no other end.
struct Searched {
    photo: GrayImage,
    looks: Rc<Cell<u64>>,
}

struct UsedUp;

impl Searched {
    fn look(&self, pixels: u64) {
        match self.looks.get().checked_sub(pixels) {
            Some(left) => self.looks.set(left),
            None => resume_unwind(Box::new(UsedUp)),
        }
    }
}

impl Clone for Searched {
    fn clone(&self) -> Self {
        self.look(self.photo.len() as u64);
        Self {
            photo: self.photo.clone(),
            looks: Rc::clone(&self.looks),
        }
    }
}

impl GenericImageView for Searched {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.photo.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.look(1);
        *self.photo.get_pixel(x, y)
    }
}

impl GenericImage for Searched {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.look(1);
        self.photo.get_pixel_mut(x, y)
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.look(1);
        self.photo.put_pixel(x, y, pixel);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.put_pixel(x, y, pixel);
    }
}

#[cfg(test)]
mod tests;

//! Links as QR codes (ISO/IEC 18004): error correction level M, with the quiet zone of four modules.
//!
//! The encoder splits a link into bytes and digits by itself. A token's link on a host of up to 13 characters
//! then makes version 6, 41 modules a side; of up to 28, version 7, 45.

use std::fmt::Write as _;

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};
use qrcode::{Color, EcLevel, QrCode};

/// How wide a printed code is at least, without its quiet zone, in millimetres. Smaller ones are not read
/// reliably by cheap phones.
pub const PRINTED_MM: f64 = 25.0;
/// How many modules of white go around a code.
pub const QUIET: usize = 4;

/// A link that no QR code holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link is too long for a QR code")]
pub struct TooLong;

/// A code's modules, without the quiet zone.
pub(crate) struct Modules {
    width: usize,
    dark: Vec<bool>,
}

impl Modules {
    pub(crate) fn of(url: &str) -> Result<Self, TooLong> {
        let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(|_| TooLong)?;
        let dark = code.to_colors().into_iter();
        Ok(Self {
            width: code.width(),
            dark: dark.map(|color| color == Color::Dark).collect(),
        })
    }

    /// How many modules a side has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How many modules a side has with its quiet zone.
    pub(crate) fn width_with_quiet(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// Whether there is ink, counted from the corner of the quiet zone.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        let module = inside(x).zip(inside(y));
        module.is_some_and(|(x, y)| self.dark[y * self.width + x])
    }

    /// All ink as one SVG path, a module a unit, counted from the corner of the quiet zone. Modules of a row that touch are one
    /// rectangle, so that no hairline shows between them.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        let side = self.width_with_quiet();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        path
    }
}

/// The code of a link as an SVG, the code itself 25 mm wide, the quiet zone around it.
///
/// # Errors
/// When the link is too long, which a badge's never is.
pub fn qr_svg(url: &str) -> Result<String, TooLong> {
    let modules = Modules::of(url)?;
    let side = modules.width_with_quiet();
    let mm = PRINTED_MM * side as f64 / modules.width() as f64;
    let path = modules.path();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm:.2}mm\" height=\"{mm:.2}mm\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
    ))
}

/// The code of a link as a PNG of one bit a pixel, `module_px` pixels a module, quiet zone included. It says of
/// itself how large it is to be printed: the code 25 mm wide. 300 dpi take 7 pixels a module; `module_px` is 1 to 64.
///
/// # Errors
/// When the link is too long, which a badge's never is.
pub fn qr_png(url: &str, module_px: u32) -> Result<Vec<u8>, TooLong> {
    let modules = Modules::of(url)?;
    let scale = module_px.clamp(1, 64);
    let side = modules.width_with_quiet();
    // At most 185 modules of at most 64 pixels.
    let side_px = side as u32 * scale;
    let mut rows = Vec::new();
    for y in 0..side {
        let mut row = vec![0_u8; side_px.div_ceil(8) as usize];
        for px in 0..side_px {
            let is_dark = modules.is_dark((px / scale) as usize, y);
            row[(px / 8) as usize] |= u8::from(!is_dark) << (7 - px % 8);
        }
        for _ in 0..scale {
            rows.extend_from_slice(&row);
        }
    }
    let per_metre = f64::from(modules.width() as u32 * scale) / (PRINTED_MM / 1000.0);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side_px, side_px);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: per_metre.round() as u32,
        yppu: per_metre.round() as u32,
        unit: Unit::Meter,
    }));
    // Writing into memory, with as many bytes as the header says, cannot fail; `TooLong` is the one refusal there is.
    let written = encoder.write_header().and_then(|mut writer| {
        writer
            .write_image_data(&rows)
            .and_then(|()| writer.finish())
    });
    written.map_err(|_| TooLong)?;
    Ok(file)
}

#[cfg(test)]
mod tests;

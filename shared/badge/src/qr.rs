//! Links as QR codes (ISO/IEC 18004): error correction level M, with the quiet zone of four modules.
//!
//! The encoder splits a link into bytes and digits by itself. A token's link makes version 6, 41 modules a side, on a host
//! of up to 13 characters, and version 7, 45 modules a side, on one of up to 28.

use std::fmt::Write as _;

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// The least width of a printed code without its quiet zone, in millimetres; cheap phones often fail on smaller ones.
pub const PRINTED_MM: f64 = 25.0;
/// Modules of white around a code.
pub const QUIET: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link is too long for a QR code")]
pub struct TooLong;

/// The modules of a code, without the quiet zone.
pub(crate) struct Modules {
    width: usize,
    dark: Vec<bool>,
}

impl Modules {
    pub(crate) fn encode(url: &str) -> Result<Self, TooLong> {
        let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(|_| TooLong)?;
        let dark = code.to_colors().into_iter();
        Ok(Self {
            width: code.width(),
            dark: dark.map(|color| color == Color::Dark).collect(),
        })
    }

    /// Modules a side.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Modules a side, with the quiet zone at both ends.
    pub(crate) fn width_with_quiet(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// `x` and `y` are counted from the corner of the quiet zone.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        let module = inside(x).zip(inside(y));
        module.is_some_and(|(x, y)| self.dark[y * self.width + x])
    }

    /// All dark modules as one SVG path, a module a unit, counted from the corner of the quiet zone. Those that touch in a
    /// row are one rectangle, so that no hairline shows between them.
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

/// The code of a link, for whoever draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QrPath {
    /// All dark modules, a module a unit, counted from the corner of the quiet zone.
    pub svg_path: String,
    /// Modules a side, with the quiet zone at both ends.
    pub modules: usize,
}

/// # Errors
/// When the link is too long, which a code's never is.
pub fn qr_path(url: &str) -> Result<QrPath, TooLong> {
    let modules = Modules::encode(url)?;
    Ok(QrPath {
        svg_path: modules.path(),
        modules: modules.width_with_quiet(),
    })
}

/// The code of a link as an SVG, the code itself 25 mm wide, the quiet zone around it.
///
/// # Errors
/// When the link is too long, which a badge's never is.
pub fn qr_svg(url: &str) -> Result<String, TooLong> {
    let modules = Modules::encode(url)?;
    let side = modules.width_with_quiet();
    let mm = PRINTED_MM * side as f64 / modules.width() as f64;
    let path = modules.path();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm:.2}mm\" height=\"{mm:.2}mm\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
    ))
}

/// The code of a link as a PNG of one bit a pixel, with its quiet zone. The file names the size to print it in, with the
/// code 25 mm wide. `module_px`, from 1 to 64, is the pixels a module; 300 dpi take 7.
///
/// # Errors
/// When the link is too long, which a badge's never is.
pub fn qr_png(url: &str, module_px: u32) -> Result<Vec<u8>, TooLong> {
    let modules = Modules::encode(url)?;
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
    // Writing into memory, with as many bytes as the header says, cannot fail; `TooLong` is the only error here.
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

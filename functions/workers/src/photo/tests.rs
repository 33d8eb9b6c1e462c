use image::{Rgba, RgbaImage};

use super::*;

/// The upper left quarter red, the rest blue.
fn picture(width: u32, height: u32) -> DynamicImage {
    DynamicImage::from(RgbImage::from_fn(width, height, |x, y| {
        if x < width / 2 && y < height / 2 {
            Rgb([220, 20, 20])
        } else {
            Rgb([20, 20, 220])
        }
    }))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an EXIF segment that holds an orientation and a location.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // GPSInfo: the offset of the text below.
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend(b"GPS N 45.7700 E 126.6270");
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(tiff);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
}

fn decoded(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)
        .unwrap()
        .to_rgb8()
}

fn is_red(image: &RgbImage, x: u32, y: u32) -> bool {
    let [r, _, b] = image.get_pixel(x, y).0;
    r > 150 && b < 100
}

#[test]
fn a_photo_keeps_its_pixels() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let stored = decoded(&normalised(&encoded(&picture(64, 48), format)).unwrap());
        assert_eq!(stored.dimensions(), (64, 48));
        assert!(
            is_red(&stored, 8, 8) && !is_red(&stored, 56, 40),
            "{format:?}"
        );
    }
}

#[test]
fn the_location_is_removed_and_the_photo_turned_upright() {
    let taken = with_exif(&encoded(&picture(64, 48), ImageFormat::Jpeg), 6);
    let contains = |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|w| w == words);
    assert!(contains(&taken, b"GPS N 45.7700"));
    let stored = normalised(&taken).unwrap();
    assert!(!contains(&stored, b"GPS") && !contains(&stored, b"Exif"));
    // Turned by 90 degrees: the red quarter is now upper right.
    let image = decoded(&stored);
    assert_eq!(image.dimensions(), (48, 64));
    assert!(is_red(&image, 40, 8) && !is_red(&image, 8, 8));
}

#[test]
fn comments_and_data_behind_the_image_are_removed() {
    let mut png = encoded(&picture(64, 48), ImageFormat::Png);
    png.extend(b"PK\x03\x04 a second file");
    let jpeg = encoded(&picture(64, 48), ImageFormat::Jpeg);
    let comment = [&jpeg[..2], b"\xff\xfe\x00\x08secret", &jpeg[2..]].concat();
    for bytes in [png, comment] {
        let stored = normalised(&bytes).unwrap();
        for words in [b"second".as_slice(), b"secret"] {
            assert!(!stored.windows(words.len()).any(|window| window == words));
        }
    }
}

#[test]
fn a_large_photo_is_made_smaller() {
    let stored = normalised(&encoded(&picture(2_000, 1_000), ImageFormat::Jpeg)).unwrap();
    assert_eq!(decoded(&stored).dimensions(), (1024, 512));
}

#[test]
fn transparent_pixels_become_white() {
    let clear = RgbaImage::from_pixel(40, 40, Rgba([255, 0, 0, 0]));
    let stored = normalised(&encoded(&clear.into(), ImageFormat::Png)).unwrap();
    assert!(
        decoded(&stored)
            .get_pixel(20, 20)
            .0
            .iter()
            .all(|channel| *channel > 250)
    );
}

/// A PNG whose header claims this width and height.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(&picture(64, 48), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
        })
    })
}

#[test]
fn too_many_pixels_are_refused_before_decoding() {
    for (width, height) in [(10_000, 5_000), (50_000_000, 1), (4_500, 4_500)] {
        assert_eq!(
            normalised(&png_that_claims(width, height)),
            Err(PhotoFault::TooManyPixels)
        );
    }
    // A smaller claim is accepted, and decoding then finds too few pixels.
    assert_eq!(
        normalised(&png_that_claims(4_000, 4_000)),
        Err(PhotoFault::NotAnImage)
    );
}

#[test]
fn other_files_and_incomplete_images_are_refused() {
    let jpeg = encoded(&picture(64, 48), ImageFormat::Jpeg);
    let png = encoded(&picture(64, 48), ImageFormat::Png);
    for bytes in [
        b"".as_slice(),
        b"GIF89a",
        b"%PDF-1.7",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        &jpeg[..3],
        &png[..20],
        &png[..png.len() / 2],
    ] {
        assert_eq!(normalised(bytes), Err(PhotoFault::NotAnImage), "{bytes:?}");
    }
    // The decoder would fill up the missing rest in grey.
    for bytes in [&jpeg[..jpeg.len() / 2], &jpeg[..jpeg.len() - 2]] {
        assert_eq!(normalised(bytes), Err(PhotoFault::NotAnImage));
    }
    let smallest = encoded(&picture(1, 1), ImageFormat::Png);
    assert!(normalised(&smallest).is_ok(), "there is no smallest size");
}

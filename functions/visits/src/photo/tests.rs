use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize, rotate90};
use qrcode::{Color, QrCode};

use super::*;

fn jpeg(picture: &GrayImage) -> Vec<u8> {
    let (mut bytes, (width, height)) = (Vec::new(), picture.dimensions());
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 70);
    let grey = image::ExtendedColorType::L8;
    encoder.write_image(picture, width, height, grey).unwrap();
    bytes
}

/// A code with so many pixels to a module, and white around it.
fn code(text: &str, module: u32) -> GrayImage {
    let code = QrCode::new(text).unwrap();
    let side = code.width() as u32;
    let modules = code.to_colors();
    let picture = GrayImage::from_fn(side + 8, side + 8, |x, y| {
        let is_inside = (4..side + 4).contains(&x) && (4..side + 4).contains(&y);
        let dark = is_inside && modules[((y - 4) * side + x - 4) as usize] == Color::Dark;
        Luma([if dark { 40 } else { 215 }])
    });
    let side = picture.width() * module;
    resize(&picture, side, side, FilterType::Nearest)
}

/// On a table, there.
fn on_a_table(code: &GrayImage, width: u32, height: u32, x: i64, y: i64) -> GrayImage {
    let mut photo = GrayImage::from_fn(width, height, |x, y| {
        Luma([150 + ((x * 7 + y * 13) % 23) as u8])
    });
    overlay(&mut photo, code, x, y);
    photo
}

fn link() -> String {
    format!("https://b.homehail.cn/b/{}", "7".repeat(193))
}

#[test]
fn a_badge_is_read_upright_turned_far_away_and_beside_another_code() {
    let far = on_a_table(&code(&link(), 8), 4_000, 3_000, 1_600, 1_200);
    let near = on_a_table(&code(&link(), 9), 1_000, 800, 200, 120);
    for photo in [&far, &near, &rotate90(&near)] {
        assert_eq!(codes(&jpeg(photo)), Ok(vec![link()]));
    }
    let mut two = on_a_table(&code(&link(), 6), 1_200, 700, 40, 100);
    overlay(&mut two, &code("a bottle", 9), 700, 200);
    let mut read = codes(&jpeg(&two)).unwrap();
    read.sort();
    assert_eq!(read, ["a bottle".to_owned(), link()]);
}

#[test]
fn what_is_no_photo_of_a_code_is_refused_for_what_it_is() {
    let table = jpeg(&on_a_table(&GrayImage::new(1, 1), 300, 200, 0, 0));
    assert_eq!(codes(&table), Err(PhotoFault::NoCode));
    assert_eq!(codes(&jpeg(&GrayImage::new(1, 1))), Err(PhotoFault::NoCode));
    for bytes in [&b""[..], b"x", b"\x89PNG\r\n\x1a\n", &table[..60]] {
        assert_eq!(codes(bytes), Err(PhotoFault::NotAJpeg));
    }
    // Its header says 65,000 by 65,000.
    let mut vast = table.clone();
    let frame = vast
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    vast[frame + 5..frame + 9].copy_from_slice(&[0xfd, 0xe8, 0xfd, 0xe8]);
    assert_eq!(codes(&vast), Err(PhotoFault::TooManyPixels));
    // Scan after scan.
    let mut scans = table[..table.len() - 2].to_vec();
    scans.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0].repeat(1_000));
    assert_eq!(codes(&scans), Err(PhotoFault::NotAJpeg));
}

#[test]
fn a_search_that_looks_too_often_is_given_up() {
    let photo = on_a_table(&code(&link(), 9), 1_000, 800, 200, 120);
    assert_eq!(found_in(&photo, MOST_LOOKS), [link()]);
    for looks in [0, 1, 3] {
        assert!(found_in(&photo, looks).is_empty(), "{looks}");
    }
    // Copies look at the same budget.
    let searched = Searched {
        photo,
        looks: Rc::new(Cell::new(1_000 * 800 * 2 + 1)),
    };
    let copy = searched.clone().clone();
    copy.get_pixel(0, 0);
    let looked = catch_unwind(AssertUnwindSafe(|| searched.get_pixel(0, 0)));
    assert!(looked.is_err());
}

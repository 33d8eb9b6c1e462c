//! The code as it is printed: the SVG files painted at 300 dpi, and read back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::ops::Range;

use badge::{BadgeFields, CardData, Token, card_svg, qr_svg};
use domain::badge::end_of_day;
use domain::id::BadgeId;

/// Pixels a millimetre, at 300 dpi.
const PX_PER_MM: f64 = 300.0 / 25.4;
/// Each pixel is the mean of so many samples, squared.
const SAMPLES: usize = 4;
/// The longest hosts that we promise version 6 and version 7 for.
const HOSTS: [&str; 2] = ["b.homehail.cn", "badge.home-services.harb.cn."];

/// A rectangle in millimetres.
#[derive(Clone, Copy, Debug)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What a printer makes of an SVG of ours, without its words and pictures.
struct Print {
    width: usize,
    height: usize,
    /// White is 255.
    grey: Vec<u8>,
    /// Around all ink of the code.
    code: Area,
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split('"').next()
}

fn number(tag: &str, name: &str) -> Option<f64> {
    attribute(tag, name).map(|value| value.trim_end_matches("mm").parse().unwrap())
}

/// How dark a colour prints: the mean of its parts is enough.
fn grey_of(fill: &str) -> u8 {
    let hex = fill.strip_prefix('#').unwrap();
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    let parts: Vec<u32> = match digits.as_slice() {
        [r, g, b] => vec![r * 17, g * 17, b * 17],
        digits => digits.chunks(2).map(|c| c[0] * 16 + c[1]).collect(),
    };
    u8::try_from(parts.iter().sum::<u32>() / 3).unwrap()
}

/// The rectangles of a code's path, where its transformation puts them.
fn modules(tag: &str) -> Vec<Area> {
    let (mut dx, mut dy, mut scale) = (0.0, 0.0, 1.0);
    if let Some(transform) = attribute(tag, "transform") {
        let inner = transform.strip_prefix("translate(").unwrap();
        let (by, factor) = inner.split_once(") scale(").unwrap();
        let (x, y) = by.split_once(' ').unwrap();
        (dx, dy) = (x.parse().unwrap(), y.parse().unwrap());
        scale = factor.strip_suffix(')').unwrap().parse().unwrap();
    }
    let rectangle = |path: &str| {
        let (x, path) = path.split_once(' ').unwrap();
        let (y, path) = path.split_once('h').unwrap();
        let (run, path) = path.split_once('v').unwrap();
        assert_eq!(path, format!("1h-{run}z"));
        let at = |text: &str| text.parse::<f64>().unwrap() * scale;
        Area {
            x: dx + at(x),
            y: dy + at(y),
            width: at(run),
            height: scale,
        }
    };
    let paths = attribute(tag, "d").unwrap().split('M').skip(1);
    paths.map(rectangle).collect()
}

impl Print {
    fn of(svg: &str) -> Self {
        let (head, body) = svg.split_once('>').unwrap();
        let (width_mm, height_mm) = (number(head, "width"), number(head, "height"));
        let (width_mm, height_mm) = (width_mm.unwrap(), height_mm.unwrap());
        let view: Vec<&str> = attribute(head, "viewBox").unwrap().split(' ').collect();
        let unit_mm = width_mm / view[2].parse::<f64>().unwrap();
        let mut print = Self {
            width: (width_mm * PX_PER_MM).round() as usize,
            height: (height_mm * PX_PER_MM).round() as usize,
            grey: Vec::new(),
            code: Area {
                x: f64::MAX,
                y: f64::MAX,
                width: 0.0,
                height: 0.0,
            },
        };
        let stride = print.width * SAMPLES;
        let mut samples = vec![255; stride * print.height * SAMPLES];
        let mut paint = |area: &Area, grey: u8| {
            let first = |mm: f64| (mm * unit_mm * PX_PER_MM * SAMPLES as f64 - 0.5).ceil() as usize;
            let rows = first(area.y)..first(area.y + area.height);
            for row in samples.chunks_mut(stride).take(rows.end).skip(rows.start) {
                let end = first(area.x + area.width).min(stride);
                row[first(area.x)..end].fill(grey);
            }
        };
        // What clips is no ink.
        let body = body.rsplit_once("</defs>").map_or(body, |(_, body)| body);
        for tag in body.split('<') {
            let fill = attribute(tag, "fill").filter(|fill| *fill != "none");
            let Some(grey) = fill.map(grey_of) else {
                continue;
            };
            if tag.starts_with("rect ") {
                let area = Area {
                    x: number(tag, "x").unwrap_or_default(),
                    y: number(tag, "y").unwrap_or_default(),
                    width: number(tag, "width").unwrap(),
                    height: number(tag, "height").unwrap(),
                };
                paint(&area, grey);
            } else if tag.starts_with("path ") && grey == 0 {
                let modules = modules(tag);
                modules.iter().for_each(|module| paint(module, grey));
                print.code = around(&modules, unit_mm);
            }
        }
        for y in 0..print.height {
            for x in 0..print.width {
                let covered = (0..SAMPLES * SAMPLES).map(|sample| {
                    let (x, y) = (
                        x * SAMPLES + sample % SAMPLES,
                        y * SAMPLES + sample / SAMPLES,
                    );
                    usize::from(samples[y * stride + x])
                });
                let mean = covered.sum::<usize>() / (SAMPLES * SAMPLES);
                print.grey.push(u8::try_from(mean).unwrap());
            }
        }
        print
    }

    /// What is read, and how wide the code is that was found, in millimetres.
    fn read(&self) -> (String, f64) {
        let grey = |x, y| self.grey[y * self.width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(self.width, self.height, grey);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        let [a, b, ..] = grids[0].bounds;
        let side = f64::from(a.x - b.x).hypot(f64::from(a.y - b.y));
        (grids[0].decode().unwrap().1, side / PX_PER_MM)
    }

    /// Whether so many millimetres around the code are there, and nothing but white.
    fn is_quiet(&self, mm: f64) -> bool {
        let rows = Span::around(self.code.y, self.code.height, mm);
        let columns = Span::around(self.code.x, self.code.width, mm);
        let is_there = |span: &Span, length| span.first >= 0.0 && span.last <= length as f64;
        is_there(&rows, self.height)
            && is_there(&columns, self.width)
            && rows.pixels().all(|y| {
                let mut columns_of = columns.pixels();
                columns_of.all(|x| {
                    let is_code = rows.code.contains(&y) && columns.code.contains(&x);
                    is_code || self.grey[y * self.width + x] == 255
                })
            })
    }
}

/// The pixels along one edge of the code, and those with so much of quiet zone at both ends.
struct Span {
    code: Range<usize>,
    first: f64,
    last: f64,
}

impl Span {
    fn around(start: f64, length: f64, quiet: f64) -> Self {
        let px = |mm: f64| mm * PX_PER_MM;
        let end = start + length;
        Self {
            // What a pixel at the edge has of the code belongs to it.
            code: px(start).floor() as usize..px(end).ceil() as usize,
            first: px(start - quiet).ceil(),
            last: px(end + quiet).floor(),
        }
    }

    fn pixels(&self) -> Range<usize> {
        self.first as usize..self.last as usize
    }
}

/// The rectangle around all of them, in millimetres.
fn around(areas: &[Area], unit_mm: f64) -> Area {
    let least = |of: fn(&Area) -> f64| areas.iter().map(of).fold(f64::MAX, f64::min) * unit_mm;
    let most = |of: fn(&Area) -> f64| areas.iter().map(of).fold(0.0, f64::max) * unit_mm;
    let (x, y) = (least(|area| area.x), least(|area| area.y));
    Area {
        x,
        y,
        width: most(|area| area.x + area.width) - x,
        height: most(|area| area.y + area.height) - y,
    }
}

fn link(host: &str, seed: u8) -> String {
    let fields = BadgeFields {
        kid: 1,
        badge: BadgeId::from_bytes(&[seed.wrapping_mul(37); 8]),
        index: u32::from(seed) * 65_537,
        expires_day: 20_833,
    };
    let signature = std::array::from_fn(|place| (place as u8).wrapping_mul(89) ^ seed);
    Token::assemble(fields, signature).url(host)
}

#[track_caller]
fn is_read_at_25_mm(svg: &str, url: &str, modules: usize) {
    let print = Print::of(svg);
    for side in [print.code.width, print.code.height] {
        assert!((side - 25.0).abs() < 0.01, "{side} mm");
    }
    let (read, side) = print.read();
    assert_eq!(read, url);
    // The reader finds corners to about a module.
    assert!((side - 25.0).abs() < 0.7, "found {side} mm");
    // Four modules; to the pixel, because a page's size is rounded to it.
    let quiet = 4.0 * 25.0 / modules as f64 - 1.0 / PX_PER_MM;
    assert!(print.is_quiet(quiet), "ink in the quiet zone");
}

#[test]
fn the_code_alone_is_read_as_it_is_printed() {
    for (host, modules) in HOSTS.into_iter().zip([41, 45]) {
        for seed in 0..4 {
            let url = link(host, seed);
            is_read_at_25_mm(&qr_svg(&url).unwrap(), &url, modules);
        }
    }
}

#[test]
fn the_code_on_the_card_is_read_as_it_is_printed() {
    for (host, modules) in HOSTS.into_iter().zip([41, 45]) {
        let url = link(host, 5);
        let card = card_svg(&CardData {
            photo: None,
            masked_name: "张*",
            agency: "哈尔滨市道里区龙江家政服务有限公司",
            expires_at: end_of_day(20_833),
            host,
            url: &url,
        });
        is_read_at_25_mm(&card.unwrap(), &url, modules);
    }
}

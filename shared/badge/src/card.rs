//! The card that a worker wears: ID-1 (ISO/IEC 7810, 85.60 mm by 53.98 mm) upright, as one SVG that refers to no
//! other file.
//!
//! The badge host is printed in words beneath the code, so that a code that somebody pastes over it is found out by where
//! it leads. Nothing personal is on the card but the photo and the first character of the name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::Millis;
use html::svg::printable;
use maud::{Markup, html};

use crate::qr::{Modules, PRINTED_MM, TooLong};

/// Of the card as it is worn, upright, in millimetres.
const WIDTH: f64 = 53.98;
const HEIGHT: f64 = 85.6;
/// Where the text beside the photo begins, and how wide it may be.
const TEXT_X: f64 = 27.0;
const TEXT_WIDTH: f64 = 23.6;
/// Fonts that hold both scripts, on printers' machines and on phones.
const FONTS: &str = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','Noto Sans SC',sans-serif";

#[derive(Clone)]
pub struct Photo {
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What is printed on a card.
#[derive(Clone)]
pub struct CardData<'a> {
    /// Cut to 5:7 around its middle; without one a silhouette is printed.
    pub photo: Option<Photo>,
    /// Her name as anyone may see it: the first character.
    pub masked_name: &'a str,
    /// The agency's name.
    pub agency: &'a str,
    /// The end of the badge's last day.
    pub expires_at: Millis,
    pub host: &'a str,
    pub url: &'a str,
}

/// Prints no field, because they are about a person.
impl std::fmt::Debug for CardData<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardData")
    }
}

/// The card as an SVG of its true size in millimetres.
///
/// # Errors
/// When the link is too long for a QR code, which a badge's never is.
pub fn card_svg(data: &CardData<'_>) -> Result<String, TooLong> {
    let modules = Modules::encode(data.url)?;
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    let card = html! {
        svg xmlns="http://www.w3.org/2000/svg" width={ (WIDTH) "mm" } height={ (HEIGHT) "mm" } viewBox=(view) font-family=(FONTS) role="img" {
            title { "诚信服务卡 Service Badge" }
            defs {
                clipPath id="card" { rect width=(WIDTH) height=(HEIGHT) rx="3.18" {} }
                clipPath id="photo" { rect x="3.4" y="14.6" width="20.6" height="28.8" rx="1.2" {} }
            }
            g clip-path="url(#card)" {
                rect width=(WIDTH) height=(HEIGHT) fill="#fff" {}
                (band())
                (portrait(data.photo.as_ref()))
                (person(data))
                (code(&modules, data.host))
            }
            rect x=".1" y=".1" width=(mm(WIDTH - 0.2)) height=(mm(HEIGHT - 0.2)) rx="3.08" fill="none" stroke="#9fb3bd" stroke-width=".2" {}
        }
        "\n"
    };
    Ok(card.into_string())
}

/// A length to a hundredth of a millimetre.
fn mm(length: f64) -> String {
    format!("{length:.2}")
}

/// The head of the card, with the slot that a lanyard's clip goes through.
fn band() -> Markup {
    html! {
        rect width=(WIDTH) height="12.4" fill="#0b4f6c" {}
        rect y="12.4" width=(WIDTH) height=".7" fill="#e0a526" {}
        rect x="20.49" y="1.5" width="13" height="2.6" rx="1.3" fill="#fff" {}
        text x="3.4" y="10.1" font-size="4.5" font-weight="700" fill="#fff" letter-spacing=".25" { "诚信服务卡" }
        text x="50.6" y="8" font-size="2.2" text-anchor="end" fill="#fff" { "家政服务员" }
        text x="50.6" y="10.9" font-size="2.2" text-anchor="end" fill="#fff" { "Service Badge" }
    }
}

fn portrait(photo: Option<&Photo>) -> Markup {
    html! {
        g clip-path="url(#photo)" {
            rect x="3.4" y="14.6" width="20.6" height="28.8" fill="#e3ebef" {}
            @if let Some(photo) = photo {
                image x="3.4" y="14.6" width="20.6" height="28.8" preserveAspectRatio="xMidYMid slice"
                    href={ "data:" (printable(&photo.media_type)) ";base64," (STANDARD.encode(&photo.bytes)) } {}
            } @else {
                circle cx="13.7" cy="25.4" r="4.9" fill="#a9bcc6" {}
                path d="M4.6 43.4c0-7 4.1-11 9.1-11s9.1 4 9.1 11z" fill="#a9bcc6" {}
            }
        }
    }
}

/// Name, agency and validity, beside the photo.
fn person(data: &CardData<'_>) -> Markup {
    let name = fit(data.masked_name, TEXT_WIDTH, 7.4, &[7.4, 6.4, 5.4, 4.4]);
    let agency = fit(
        data.agency,
        TEXT_WIDTH,
        9.6,
        &[3.2, 2.9, 2.6, 2.3, 2.0, 1.8],
    );
    let last_day = Millis(data.expires_at.0.saturating_sub(1)).date();
    html! {
        (lines(&name, TEXT_X, 21.2, "700", "#12242d"))
        (label(TEXT_X, 25.2, "2.1", "所属机构 Agency"))
        (lines(&agency, TEXT_X, 28.7, "500", "#12242d"))
        (label(TEXT_X, 39.2, "2.1", "有效期至 Valid until"))
        text x=(TEXT_X) y="43.1" font-size="3.6" font-weight="700" fill="#12242d" { (last_day.to_string()) }
    }
}

/// The code, at least 25 mm wide without its quiet zone, and what to do with it.
fn code(modules: &Modules, host: &str) -> Markup {
    let module = PRINTED_MM / modules.width() as f64;
    let side = module * modules.width_with_quiet() as f64;
    let x = 2.0;
    let y = format!("{:.3}", 45.6 + (31.4 - side) / 2.0);
    let beside = mm(x + side + 1.5);
    let side = format!("{side:.3}");
    let place = format!("translate({x} {y}) scale({module:.6})");
    let host = fit(host, WIDTH - 6.8, 4.6, &[3.6, 3.2, 2.8, 2.4, 2.0, 1.6]);
    html! {
        rect y="44.9" width=(WIDTH) height="40.7" fill="#eef3f6" {}
        rect x=(x) y=(y) width=(side) height=(side) rx="1" fill="#fff" {}
        path transform=(place) shape-rendering="crispEdges" fill="#000" d=(modules.path()) {}
        @for (y, size, weight, words) in BESIDE_CODE {
            text x=(beside) y=(y) font-size=(size) font-weight=(weight) fill="#12242d" { (words) }
        }
        (label(3.4, 79.1, "2", "网址须为 The link must open on"))
        (lines(&host, 3.4, 83.0, "700", "#0b4f6c"))
    }
}

/// What to do with the code: height on the card, size, weight, words.
const BESIDE_CODE: [(f64, f64, u32, &str); 7] = [
    (52.2, 3.5, 700, "扫码核验"),
    (55.6, 2.2, 400, "Scan to verify"),
    (61.4, 2.3, 400, "下单客户"),
    (64.5, 2.3, 400, "请在订单内"),
    (67.6, 2.3, 400, "扫码核对本人"),
    (71.0, 1.75, 400, "Customers: scan"),
    (73.3, 1.75, 400, "from your order"),
];

fn label(x: f64, y: f64, size: &str, words: &str) -> Markup {
    html! { text x=(x) y=(y) font-size=(size) fill="#4a5f6a" { (words) } }
}

fn lines(fitted: &Fitted, x: f64, y: f64, weight: &str, fill: &str) -> Markup {
    html! {
        @for (place, line) in fitted.lines.iter().enumerate() {
            text x=(x) y=(mm(y + place as f64 * fitted.size * LINE)) font-size=(fitted.size) font-weight=(weight) fill=(fill) {
                (line)
            }
        }
    }
}

/// Text in lines of one size.
#[derive(Debug, PartialEq)]
struct Fitted {
    size: f64,
    lines: Vec<String>,
}

/// The text in the largest of `sizes` in which its lines fit `width` by `height` millimetres; in the smallest
/// one, what does not fit is cut off with an ellipsis.
fn fit(text: &str, width: f64, height: f64, sizes: &[f64]) -> Fitted {
    let text = printable(text);
    let mut fitted = Fitted {
        size: 0.0,
        lines: Vec::new(),
    };
    let mut room = 0;
    for size in sizes {
        let lines = wrapped(text.trim(), width / size);
        room = ((height / (size * LINE)).floor() as usize).max(1);
        let fits = lines.len() <= room;
        fitted = Fitted { size: *size, lines };
        if fits {
            return fitted;
        }
    }
    fitted.lines.truncate(room);
    if let Some(last) = fitted.lines.last_mut() {
        while ems(last) + 1.0 > width / fitted.size && last.pop().is_some() {}
        last.push('…');
    }
    fitted
}

/// The distance between two lines, in sizes of the font.
const LINE: f64 = 1.2;

/// Lines of at most `width` ems: broken at spaces, and between any two characters of Chinese.
fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = first_piece(rest);
        rest = behind;
        let last = lines.len() - 1;
        if ems(&lines[last]) + ems(piece.trim_end()) <= width {
            lines[last].push_str(piece);
        } else if ems(piece) <= width {
            lines.push(piece.trim_start().to_owned());
        } else {
            // A word that is longer than a line.
            for character in piece.chars() {
                let last = lines.len() - 1;
                if ems(&lines[last]) + em(character) > width && !lines[last].is_empty() {
                    lines.push(String::new());
                }
                let last = lines.len() - 1;
                lines[last].push(character);
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Splits at the first place where a line may break: behind a wide character, or behind a word and its space.
fn first_piece(text: &str) -> (&str, &str) {
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        if is_wide(character) {
            // Closing punctuation may not begin a line.
            let closing = text[end..]
                .chars()
                .take_while(|c| "）】」》，。、；：！？)”’".contains(*c));
            let end = end + closing.map(char::len_utf8).sum::<usize>();
            return text.split_at(end);
        }
        let before_wide = text[end..].chars().next().is_some_and(is_wide);
        if character.is_whitespace() || before_wide {
            return text.split_at(end);
        }
    }
    (text, "")
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// About how wide a character is, in sizes of the font; rather too much than too little.
fn em(character: char) -> f64 {
    match character {
        ' ' | '.' | ',' | 'i' | 'j' | 'l' | 'I' | '\'' | ':' | ';' | '|' | '!' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.95,
        'A'..='Z' | '&' => 0.74,
        character if is_wide(character) => 1.0,
        _ => 0.6,
    }
}

fn ems(text: &str) -> f64 {
    text.chars().map(em).sum()
}

#[cfg(test)]
mod tests;

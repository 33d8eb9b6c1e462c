//! SVG files. What escapes them is `maud`, as it does HTML.

/// The content security policy of an SVG that is opened by itself: it runs nothing and fetches nothing.
pub const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

/// The text without control characters and what else XML cannot hold, not even escaped (XML 1.0, 2.2).
pub fn printable(text: &str) -> String {
    let is_printable = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(is_printable).collect()
}

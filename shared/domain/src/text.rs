//! Text for people: what names, addresses and remarks may hold, and numbers as people type them.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic,
    GeneralCategory, GeneralCategoryGroup,
};
use icu_properties::{CodePointMapData, CodePointSetData};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    #[error("must not have control characters")]
    Control,
    #[error(
        "must not have invisible characters, such as U+{:04X} at place {place}",
        u32::from(*.character)
    )]
    Invisible {
        character: char,
        /// In characters, from 1.
        place: usize,
    },
    #[error("must not have private-use or unassigned characters, such as U+{:04X}", u32::from(*.0))]
    Unassigned(char),
    #[error("must have something that can be seen")]
    Blank,
    #[error("must be a person's name: letters, with spaces, hyphens or · between them")]
    NotAName,
}

/// Text in NFC, without white space around it. It may have line breaks and tabs, and may be empty.
///
/// # Errors
/// For text that does not say what it shows: with control, invisible, private-use or unassigned characters, or with
/// nothing but marks. What joins the parts of an emoji is no fault.
pub fn clean(text: &str) -> Result<String, TextFault> {
    let text = ComposingNormalizerBorrowed::new_nfc().normalize(text.trim());
    let mut before = None;
    let mut rest = text.chars();
    let mut place = 0;
    while let Some(character) = rest.next() {
        place += 1;
        match category(character) {
            GeneralCategory::Control if matches!(character, '\n' | '\r' | '\t') => {}
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => return Err(TextFault::Control),
            GeneralCategory::PrivateUse | GeneralCategory::Unassigned => {
                return Err(TextFault::Unassigned(character));
            }
            _ if is_invisible(character)
                && !joins_emoji(before, character, rest.clone().next()) =>
            {
                return Err(TextFault::Invisible { character, place });
            }
            _ => {}
        }
        before = Some(character);
    }
    if !text.is_empty() && first_visible(&text).is_none() {
        return Err(TextFault::Blank);
    }
    Ok(text.into_owned())
}

/// [`clean`] text on one line: line breaks and tabs become spaces.
///
/// # Errors
/// As [`clean`].
pub fn line(text: &str) -> Result<String, TextFault> {
    Ok(clean(text)?
        .replace("\r\n", " ")
        .replace(['\n', '\r', '\t'], " "))
}

/// A person's name as [`clean`] text of letters and their marks, with single spaces, `-` and `·` between them. Other
/// forms of these separators are taken for them.
///
/// # Errors
/// When it is no such name. An empty one is none.
pub fn person_name(text: &str) -> Result<String, TextFault> {
    let mut name = String::new();
    for character in clean(text)?.chars() {
        let character = match character {
            '•' | '‧' | '∙' | '⋅' | '・' | '･' => '·',
            _ if is(GeneralCategoryGroup::DashPunctuation, character) => '-',
            _ if is(GeneralCategoryGroup::SpaceSeparator, character) => ' ',
            _ => character,
        };
        if character != ' ' || !name.ends_with(' ') {
            name.push(character);
        }
    }
    // By their categories, ideographic zero is a number and the point between Tibetan syllables is punctuation.
    let is_letter = |c: char| is(GeneralCategoryGroup::Letter, c) || c == '〇';
    let is_part = |c: char| is_letter(c) || is(GeneralCategoryGroup::Mark, c) || c == '་';
    let begins = name.chars().next().is_some_and(is_letter);
    let ends = name.chars().next_back().is_some_and(is_part);
    let holds = |c: char| is_part(c) || matches!(c, ' ' | '-' | '·');
    if begins && ends && name.chars().all(holds) {
        Ok(name)
    } else {
        Err(TextFault::NotAName)
    }
}

/// A number or code as it was meant: full-width characters as ASCII, without spaces, dashes, and the invisible characters
/// that phones copy along with a number.
pub fn typed(text: &str) -> String {
    let is_left_out = |c: char| {
        c.is_whitespace() || is(GeneralCategoryGroup::DashPunctuation, c) || is_invisible(c)
    };
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '−' => '-',
            _ => c,
        })
        .filter(|c| !is_left_out(*c))
        .collect()
}

/// The first character that shows by itself.
pub(crate) fn first_visible(text: &str) -> Option<char> {
    let unseen = GeneralCategoryGroup::Other
        .union(GeneralCategoryGroup::Separator)
        .union(GeneralCategoryGroup::Mark);
    text.chars().find(|c| !is(unseen, *c) && !is_invisible(*c))
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn is(group: GeneralCategoryGroup, character: char) -> bool {
    group.contains(category(character))
}

fn has<P: BinaryProperty>(character: Option<char>) -> bool {
    character.is_some_and(|character| CodePointSetData::new::<P>().contains(character))
}

/// Bidirectional controls are all of the category Format.
fn is_invisible(character: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    const OBJECT: char = '\u{fffc}';
    has::<DefaultIgnorableCodePoint>(Some(character))
        || category(character) == GeneralCategory::Format
        || matches!(character, BRAILLE_BLANK | OBJECT)
}

/// Whether an invisible character chooses the look of an emoji, or joins two to one (UTS #51, 1.4).
fn joins_emoji(before: Option<char>, character: char, after: Option<char>) -> bool {
    const TEXT_STYLE: char = '\u{fe0e}';
    const EMOJI_STYLE: char = '\u{fe0f}';
    const JOINER: char = '\u{200d}';
    const KEYCAP: char = '\u{20e3}';
    let is_emoji = |c| has::<ExtendedPictographic>(c) || has::<EmojiModifier>(c);
    match character {
        TEXT_STYLE => is_emoji(before),
        EMOJI_STYLE => is_emoji(before) || after == Some(KEYCAP),
        JOINER => (is_emoji(before) || before == Some(EMOJI_STYLE)) && is_emoji(after),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

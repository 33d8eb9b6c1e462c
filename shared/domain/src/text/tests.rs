use proptest::prelude::*;

use super::*;

#[test]
fn what_is_on_one_line_has_no_line_breaks() {
    assert_eq!(
        line("中央大街\r\n100 号\t3 单元").unwrap(),
        "中央大街 100 号 3 单元"
    );
    assert_eq!(line("a\u{202e}b"), clean("a\u{202e}b"));
    assert!(clean("a\u{fffc}").is_err());
}

#[test]
fn text_is_kept_as_it_shows() {
    for (text, kept) in [
        ("", ""),
        (" \u{3000}\n", ""),
        ("  南岗区\t1 号\n二楼 ", "南岗区\t1 号\n二楼"),
        ("Zoe\u{308}", "Zoë"),
        // Singletons of NFC: a compatibility ideograph, the Ångström sign.
        ("\u{f9d1}\u{212b}", "六Å"),
        ("很好👍🏽 ❤\u{fe0f} ☎\u{fe0e}", "很好👍🏽 ❤\u{fe0f} ☎\u{fe0e}"),
        (
            "👨\u{200d}👩\u{200d}👧 👩🏽\u{200d}🦰 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} 🇨🇳",
            "👨\u{200d}👩\u{200d}👧 👩🏽\u{200d}🦰 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} 🇨🇳",
        ),
        ("\u{2000b}〇", "\u{2000b}〇"),
    ] {
        assert_eq!(clean(text).as_deref(), Ok(kept), "{text:?}");
    }
}

#[test]
fn what_is_not_seen_is_refused_wherever_it_stands() {
    let invisible = |c| {
        (
            c,
            TextFault::Invisible {
                character: c,
                place: 0,
            },
        )
    };
    let unassigned = |c| (c, TextFault::Unassigned(c));
    let mut cases = vec![];
    // Zero widths, a soft hyphen, joiners, the byte-order mark, fillers, tags, variation selectors, a blank of Braille.
    cases.extend(
        [
            '\u{200b}',
            '\u{00ad}',
            '\u{034f}',
            '\u{061c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200c}',
            '\u{200d}',
            '\u{2060}',
            '\u{2064}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{2800}',
        ]
        .map(invisible),
    );
    // All of UAX #9's explicit formatting.
    cases.extend(('\u{202a}'..='\u{202e}').map(invisible));
    cases.extend(
        ('\u{2066}'..='\u{2069}')
            .chain(['\u{200e}', '\u{200f}'])
            .map(invisible),
    );
    cases.extend(['\u{e000}', '\u{f8ff}', '\u{f0000}', '\u{10fffd}'].map(unassigned));
    cases.extend(['\u{0378}', '\u{fffe}', '\u{1ffff}', '\u{e0fff}'].map(unassigned));
    cases.extend(
        [
            '\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{2029}',
        ]
        .map(|c| (c, TextFault::Control)),
    );
    for (character, fault) in cases {
        for (before, after) in [("张", "丽"), ("", "张丽"), ("张丽", ""), ("1", "é")] {
            let text = format!("{before}{character}{after}");
            // White space at the ends is left out.
            if character.is_whitespace() && (before.is_empty() || after.is_empty()) {
                continue;
            }
            let fault = match fault {
                TextFault::Invisible { character, .. } => TextFault::Invisible {
                    character,
                    place: before.chars().count() + 1,
                },
                // Not assigned, and invisible when it will be.
                TextFault::Unassigned(_)
                | TextFault::Control
                | TextFault::Blank
                | TextFault::NotAName => fault,
            };
            assert_eq!(clean(&text), Err(fault), "{text:?}");
        }
    }
    for text in ["\u{301}", "\u{301} \u{302}"] {
        assert_eq!(clean(text), Err(TextFault::Blank), "{text:?}");
    }
}

#[test]
fn names_are_those_of_persons() {
    for (given, name) in [
        ("张丽", "张丽"),
        ("李〇", "李〇"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("买买提・吐尔逊", "买买提·吐尔逊"),
        ("Anne\u{2010}Marie  d\u{3000}Arc", "Anne-Marie d Arc"),
        ("Зо\u{0438}\u{306}", "Зой"),
        ("བསོད་ནམས", "བསོད་ནམས"),
        ("ᠰᠡᠴᠡᠨ", "ᠰᠡᠴᠡᠨ"),
        ("قۇربان", "قۇربان"),
        ("เสาวลักษณ์", "เสาวลักษณ์"),
        ("\u{20bb7}野", "\u{20bb7}野"),
    ] {
        assert_eq!(person_name(given).as_deref(), Ok(name), "{given}");
    }
    for text in [
        "",
        "张丽1",
        "张丽１",
        "张@丽",
        "<b>张丽</b>",
        "张丽😀",
        "·张丽",
        "张丽·",
        "-张",
        "张-",
        "张\n丽",
        "张，丽",
        "张.丽",
        "张'丽",
        "１３９",
        "※",
        "Ⅳ",
    ] {
        assert_eq!(person_name(text), Err(TextFault::NotAName), "{text:?}");
    }
}

#[test]
fn the_first_that_shows_is_found() {
    for (text, first) in [
        ("张丽", Some('张')),
        ("\u{200b}\u{feff}\u{202e} \u{301}张", Some('张')),
        ("\u{e000}\u{0378}\u{3164}A", Some('A')),
        ("\u{200b} ", None),
    ] {
        assert_eq!(first_visible(text), first, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_was_cleaned_is_clean(text in any::<String>()) {
        if let Ok(once) = clean(&text) {
            prop_assert_eq!(clean(&once), Ok(once));
        }
        if let Ok(once) = person_name(&text) {
            prop_assert!(first_visible(&once).is_some_and(|first| once.starts_with(first)));
            prop_assert_eq!(person_name(&once), Ok(once));
        }
    }
}

use domain::id::BadgeId;

use super::*;
use crate::{BadgeFields, Token};

fn card(name: &str, agency: &str, host: &str, photo: Option<Photo>) -> String {
    let fields = BadgeFields {
        kid: 1,
        badge: BadgeId::from_bytes(&[1; 8]),
        index: 1,
        expires_day: 20_833,
    };
    let expires_at = fields.expires_at();
    let url = Token::assemble(fields, [3; 64]).url(host);
    let data = CardData {
        photo,
        masked_name: name,
        agency,
        expires_at,
        host,
        url: &url,
    };
    assert_eq!(format!("{data:?}"), "CardData");
    card_svg(&data).unwrap()
}

fn usual() -> String {
    card(
        "张*",
        "哈尔滨市道里区龙江家政服务有限公司",
        "b.homehail.cn",
        None,
    )
}

#[test]
fn a_card_has_what_one_would_wear() {
    let card = usual();
    for part in [
        "width=\"53.98mm\" height=\"85.6mm\"",
        ">张*</text>",
        ">哈尔滨市道里区",
        ">2027-01-15</text>",
        ">b.homehail.cn</text>",
        "扫码核验",
        "Scan to verify",
    ] {
        assert!(card.contains(part), "{part}");
    }
}

#[test]
fn a_card_needs_nothing_else() {
    let photo = Photo {
        media_type: "image/jpeg".to_owned(),
        bytes: vec![0xff, 0xd8, 0xff],
    };
    let card = card("张*", "龙江家政", "b.homehail.cn", Some(photo));
    assert!(card.contains("href=\"data:image/jpeg;base64,/9j/\""));
    for outside in ["http:", "https:", "<script", "<style", "@import", "xlink"] {
        let without_namespace = card.replace("http://www.w3.org/2000/svg", "");
        assert!(!without_namespace.contains(outside), "{outside}");
    }
}

#[test]
fn no_text_becomes_markup() {
    let card = card(
        "<*",
        "A&B \"家政\" <script>alert('1')</script>\u{1}\u{0}",
        "b.homehail.cn",
        Some(Photo {
            media_type: "image/png\" onload=\"x".to_owned(),
            bytes: Vec::new(),
        }),
    );
    assert!(card.contains(">&lt;*</text>"));
    assert!(!card.contains("<script") && !card.contains("onload=\""));
    assert!(!card.contains('\u{1}') && !card.contains('\u{0}'));
    assert!(card.contains("A&amp;B"));
}

#[test]
fn names_are_wrapped_and_then_shrunk_and_then_cut() {
    let sizes = [3.2, 2.6, 2.0];
    let short = fit("龙江家政", 24.0, 9.0, &sizes);
    assert_eq!((short.size, short.lines.len()), (3.2, 1));
    let long = fit("哈尔滨市道里区龙江家政服务有限公司", 24.0, 9.0, &sizes);
    assert_eq!((long.size, long.lines.len()), (2.6, 2));
    assert_eq!(long.lines.concat(), "哈尔滨市道里区龙江家政服务有限公司");
    assert!(long.lines.iter().all(|line| ems(line) * long.size <= 24.0));
    let longer = fit(&"家政".repeat(15), 24.0, 9.0, &sizes);
    assert_eq!(longer.size, 2.0);
    let longest = fit(&"家政".repeat(60), 24.0, 9.0, &sizes);
    assert!(longest.lines.last().unwrap().ends_with('…'));
    assert_eq!(longest.lines.len(), 3);
    assert!(longest.lines.iter().all(|line| ems(line) * 2.0 <= 24.0));
}

#[test]
fn lines_break_at_spaces_and_between_chinese_characters() {
    assert_eq!(
        wrapped("Harbin Longjiang Home Services Ltd.", 8.0),
        ["Harbin", "Longjiang", "Home Services", "Ltd."]
    );
    assert_eq!(wrapped("龙江（家政）服务", 5.0), ["龙江（家", "政）服务"]);
    assert_eq!(wrapped("Longjiang家政", 5.0), ["Longjian", "g家政"]);
    assert_eq!(wrapped("", 5.0), Vec::<String>::new());
    assert_eq!(wrapped("   ", 5.0), Vec::<String>::new());
}

/// Whatever the names are, nothing leaves the card: no line is wider than its place.
#[test]
fn nothing_leaves_the_card() {
    for agency in [
        "家",
        "W".repeat(80).as_str(),
        &"家政服务".repeat(20),
        "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
        "（".repeat(40).as_str(),
    ] {
        let fitted = fit(agency, TEXT_WIDTH, 9.6, &[3.2, 2.9, 2.6, 2.3, 2.0, 1.8]);
        assert!(fitted.lines.len() as f64 * fitted.size * LINE <= 9.7);
        for line in &fitted.lines {
            assert!(ems(line) * fitted.size <= TEXT_WIDTH + 0.01, "{line}");
        }
    }
}

use super::*;

#[test]
fn every_text_is_there_once_with_the_same_gaps() {
    for (place, (english, chinese)) in catalogue().enumerate() {
        let gaps = english.matches("{}").count();
        let numbered = (0..gaps).filter(|gap| chinese.contains(&format!("{{{gap}}}")));
        assert_eq!(
            chinese.matches("{}").count() + numbered.count(),
            gaps,
            "{english}"
        );
        assert!(chinese.chars().any(|c| c > '\u{4e00}'), "{chinese}");
        let first = catalogue().position(|(before, _)| differing(before, english).is_some());
        assert_eq!(first, Some(place), "{english}");
    }
}

#[test]
fn what_differs_is_taken_over() {
    for (english, expected) in [
        ("must have 1 to 60 characters", Some("必须有 1 至 60 个字")),
        (
            "The decision approve cannot be taken on what is suspended.",
            Some("不能对处于 suspended 状态的对象作出 approve 决定。"),
        ),
        ("7 fields are not valid.", Some("有 7 项内容有误。")),
        ("must be after it begins to hold", Some("必须晚于生效时间")),
        ("must be after it begins", Some("必须晚于开始时间")),
        ("There is nothing here. Really.", None),
        ("", None),
    ] {
        assert_eq!(chinese(english).as_deref(), expected);
    }
}

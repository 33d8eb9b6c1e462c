//! Two languages: the one that was asked for, and the other after it, smaller.

use maud::{Markup, html};

use crate::accept::weight;

/// The language that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

impl Language {
    /// By the header `Accept-Language`: Chinese unless English is preferred to it.
    pub fn preferred(accept_language: &str) -> Self {
        let weight =
            |code: &str| weight(accept_language, |tag| tag.split('-').next() == Some(code));
        if weight("en") > weight("zh") {
            Self::English
        } else {
            Self::Chinese
        }
    }

    /// As in the attribute `lang`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// The same words in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bilingual {
    pub chinese: &'static str,
    pub english: &'static str,
}

pub const fn bilingual(chinese: &'static str, english: &'static str) -> Bilingual {
    Bilingual { chinese, english }
}

impl Bilingual {
    /// In the language that comes first, and smaller in the other.
    pub fn render(self, language: Language) -> Markup {
        let (first, second, other) = match language {
            Language::Chinese => (self.chinese, self.english, Language::English),
            Language::English => (self.english, self.chinese, Language::Chinese),
        };
        // The space keeps the two apart where there are no styles.
        html! { (first) " " small lang=(other.code()) { (second) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred() {
        for (languages, expected) in [
            ("", Language::Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-GB,en;q=0.9", Language::English),
            ("en-US,en;q=0.5,zh;q=0.3", Language::English),
            ("en;q=0.2,zh;q=0.9", Language::Chinese),
            ("ru,en;q=0.7", Language::English),
            ("ru", Language::Chinese),
            ("*", Language::Chinese),
            ("en, zh", Language::English),
            (";;,,=;q", Language::Chinese),
        ] {
            assert_eq!(Language::preferred(languages), expected, "{languages:?}");
        }
    }
}

//! Two languages: the one that was asked for, and the other after it, smaller.

use maud::{Markup, html};

/// The language that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

impl Language {
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

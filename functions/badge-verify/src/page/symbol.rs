//! The verdict's symbols. Each has an outline of its own, so that one can tell them apart without colours.

use maud::{Markup, PreEscaped, Render, html};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Tick,
    Warning,
    Question,
    Clock,
    Pause,
    Stop,
}

/// White, as part of the document.
impl Render for Symbol {
    fn render(&self) -> Markup {
        let drawn = match self {
            Self::Tick => {
                r#"<circle cx="24" cy="24" r="21"/><path d="M14 25l7 7 13-15" stroke-width="5"/>"#
            }
            Self::Warning => {
                r#"<path d="M24 4l21 38H3z"/><path d="M24 17v12M24 35v1.5" stroke-width="5"/>"#
            }
            Self::Question => {
                r#"<rect x="4" y="4" width="40" height="40" rx="6"/><path d="M17.5 18a6.5 6.5 0 1 1 9 6c-1.800.8-2.5 2-2.5 4M24 34.500v1" stroke-width="4.5"/>"#
            }
            Self::Clock => {
                r#"<circle cx="24" cy="24" r="21"/><path d="M24 12v13l9 5" stroke-width="4.5"/>"#
            }
            Self::Pause => {
                r#"<rect x="4" y="4" width="40" height="40" rx="20"/><path d="M18 16v16M30 16v16" stroke-width="5.5"/>"#
            }
            Self::Stop => {
                r#"<path d="M15.5 3h17L45 15.500v17L32.5 45h-17L3 32.500v-17z"/><path d="M16 16l16 16M32 16L16 32" stroke-width="5"/>"#
            }
        };
        html! {
            svg viewBox="0 0 48 48" width="74" height="74" fill="none" stroke="#fff" stroke-width="3.5"
                stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { (PreEscaped(drawn)) }
        }
    }
}

//! The badge page: one HTML document that loads nothing else, for a phone in a doorway.
//!
//! The verdict is a word first, then a symbol of its own shape, then a colour: it can be read without colours, without
//! styles, and in either of two languages.

mod symbol;
mod words;

use domain::credit::{PublicStanding, SectionState};
use domain::scan::ScanResult;
use domain::time::{CHINA, Millis};
use html::headers::Header;
use html::{Bilingual, Language, Shell};
use lambda_http::http::header::{HeaderName, HeaderValue};
use maud::{Markup, html};
use runtime::Problem;
use runtime::http::Response;

use crate::answer::Answer;
use symbol::Symbol;

#[derive(Clone, Debug)]
pub(crate) struct Pages {
    host: String,
    shell: Shell,
}

/// The response with these headers in place of its own of the same names.
pub(crate) fn with_headers<'a>(
    mut response: Response,
    headers: impl IntoIterator<Item = Header<'a>>,
) -> Response {
    for (name, value) in headers {
        // None is refused: they are our own words, and Base64.
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Pages {
    /// `host` is the one that links to badges must have.
    pub(crate) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            shell: Shell::new(include_str!("page/page.css")),
        }
    }

    pub(crate) fn verdict(&self, answer: &Answer, language: Language) -> Response {
        let record = html! { (facts(answer, language)) (sections(answer, language)) };
        let page = self.page(reading(answer), &record, language);
        with_headers(Response::new(page.into()), self.shell.headers(language))
    }

    /// The page for when something of ours fails, so that nothing can be said about the badge.
    pub(crate) fn unavailable(&self, problem: Problem, language: Language) -> Response {
        let reading = Reading {
            colour: "unverified",
            symbol: Symbol::Question,
            verdict: words::UNAVAILABLE,
            standing: None,
            advice: words::TRY_AGAIN,
        };
        let page = self.page(reading, &Markup::default(), language);
        // The status, the headers that tell when to try again, and the extensions that tell the log why are the problem's.
        let (parts, _) = problem.into_response().into_parts();
        let response = Response::from_parts(parts, page.into());
        with_headers(response, self.shell.headers(language))
    }

    fn page(&self, reading: Reading, record: &Markup, language: Language) -> String {
        let both = |words: Bilingual| words.render(language);
        let body = html! {
            main {
                header class=(reading.colour) {
                    (reading.symbol)
                    h1 { (both(reading.verdict)) }
                    @if let Some(standing) = reading.standing {
                        p.word { (both(standing)) }
                    }
                }
                p.say { (both(reading.advice)) }
                (record)
                // Where the page must come from: a code pasted over the printed one leads elsewhere.
                footer {
                    p { (both(words::ADDRESS)) " " b { (self.host) } }
                    p { (both(words::NO_DETAILS)) }
                }
            }
        };
        self.shell.document(language, reading.verdict, &body)
    }
}

/// The upper part of the page: what an answer comes down to.
struct Reading {
    /// A class of the header.
    colour: &'static str,
    symbol: Symbol,
    verdict: Bilingual,
    standing: Option<Bilingual>,
    advice: Bilingual,
}

fn reading(answer: &Answer) -> Reading {
    if let (ScanResult::Genuine, Some(standing)) = (answer.result, answer.standing) {
        let (colour, symbol) = match standing {
            PublicStanding::Clear => ("clear", Symbol::Tick),
            PublicStanding::Attention => ("attention", Symbol::Warning),
            PublicStanding::Unverified => ("unverified", Symbol::Question),
        };
        return Reading {
            colour,
            symbol,
            verdict: words::GENUINE,
            standing: Some(words::standing(standing)),
            advice: words::FROM_YOUR_ORDER,
        };
    }
    let (colour, symbol, verdict, advice) = match answer.result {
        ScanResult::Expired => ("expired", Symbol::Clock, words::EXPIRED, words::ASK_AGENCY),
        ScanResult::Suspended => (
            "suspended",
            Symbol::Pause,
            words::SUSPENDED,
            words::ASK_AGENCY,
        ),
        ScanResult::Revoked => (
            "revoked",
            Symbol::Stop,
            words::REVOKED,
            words::DO_NOT_LET_IN,
        ),
        _ => (
            "not_genuine",
            Symbol::Stop,
            words::NOT_GENUINE,
            words::NOT_OURS,
        ),
    };
    Reading {
        colour,
        symbol,
        verdict,
        standing: None,
        advice,
    }
}

/// Whose badge it is, and when it was verified.
fn facts(answer: &Answer, language: Language) -> Markup {
    let as_of = answer.as_of.map(in_china);
    let facts = [
        (words::NAME, answer.name.as_deref(), Some("name")),
        (words::AGENCY, answer.agency.as_deref(), None),
        (words::AS_OF, as_of.as_deref(), None),
    ];
    let known = || {
        facts
            .iter()
            .filter_map(|(label, value, class)| Some((label, (*value)?, *class)))
    };
    html! {
        @if known().next().is_some() {
            dl {
                @for (label, value, class) in known() {
                    dt { (label.render(language)) }
                    dd class=[class] { (value) }
                }
            }
        }
    }
}

fn sections(answer: &Answer, language: Language) -> Markup {
    html! {
        @if !answer.sections.is_empty() {
            table {
                caption { (words::RECORD.render(language)) }
                @for line in &answer.sections {
                    @let (class, sign) = sign(line.state);
                    tr {
                        th scope="row" { (words::section(line.section).render(language)) }
                        td class=(class) {
                            b aria-hidden="true" { (sign) }
                            (words::state(line.state).render(language))
                            @if let Some(as_of) = line.as_of { small { (in_china(as_of)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The class and the sign of a state. Only `clear` has a tick.
fn sign(state: SectionState) -> (&'static str, &'static str) {
    match state {
        SectionState::Clear => ("s-clear", "✓"),
        SectionState::Flagged => ("s-flagged", "!"),
        SectionState::Expired => ("s-expired", "×"),
        SectionState::Pending => ("s-other", "…"),
        SectionState::Unknown | SectionState::Stale => ("s-other", "?"),
        SectionState::Withheld | SectionState::NotRequired => ("s-other", "–"),
    }
}

/// `2027-01-15 20:00`, in China Standard Time.
fn in_china(at: Millis) -> String {
    let text = (at + CHINA).to_rfc3339();
    let minutes = text.get(..16).unwrap_or_default();
    minutes.replace('T', " ")
}

#[cfg(test)]
mod tests;

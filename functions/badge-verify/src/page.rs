//! The badge page: one HTML document that loads nothing else, for a phone in a doorway.
//!
//! The verdict is a word, a symbol of its own shape and a colour, in that order of weight: it reads without colours,
//! without styles, and in either of two languages. All styles are in the document, and the policy names their hash.

mod words;

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::credit::{PublicStanding, SectionState};
use domain::scan::ScanResult;
use domain::time::Millis;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use runtime::Problem;
use runtime::http::Response;
use runtime::secret::sha256;

use crate::answer::Answer;
use crate::wanted::Language;
use words::{Both, Symbol};

const STYLE: &str = include_str!("page/page.css");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// From UTC to China's one time.
const CHINA: std::time::Duration = std::time::Duration::from_secs(8 * 3600);

/// Makes pages.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    host: String,
    policy: HeaderValue,
}

/// What tells no one where a badge was scanned, and lets no one keep or frame the answer.
pub(crate) fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (ROBOTS, "noindex, nofollow"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (VARY, "accept, accept-language"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Pages {
    /// For badges of this host.
    pub(crate) fn new(host: &str) -> Self {
        let hash = STANDARD.encode(sha256(STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self {
            host: host.to_owned(),
            // Base64 and the words above are what a header may hold.
            policy: HeaderValue::try_from(policy)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    /// The page of an answer.
    pub(crate) fn verdict(&self, answer: &Answer, language: Language) -> Response {
        self.response(StatusCode::OK, self.document(answer, language), language)
    }

    /// The page when nothing can be said, because something of ours is out of order.
    pub(crate) fn unavailable(&self, problem: Problem, language: Language) -> Response {
        let mut page = Document::new(language);
        page.head(words::UNAVAILABLE);
        page.verdict("unverified", Symbol::Question, words::UNAVAILABLE, None);
        page.say(words::TRY_AGAIN);
        let text = page.end(&self.host);
        let mut response = problem.into_response();
        let (mut parts, body) = self
            .response(response.status(), text, language)
            .into_parts();
        // The problem's own headers tell when to try again; its extensions tell the log why.
        for (name, value) in response.headers() {
            if *name != CONTENT_TYPE {
                parts.headers.insert(name, value.clone());
            }
        }
        std::mem::swap(&mut parts.extensions, response.extensions_mut());
        Response::from_parts(parts, body)
    }

    fn response(&self, status: StatusCode, text: String, language: Language) -> Response {
        let mut response = guard(Response::new(text.into()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(
            CONTENT_LANGUAGE,
            HeaderValue::from_static(match language {
                Language::Chinese => "zh-CN, en",
                Language::English => "en, zh-CN",
            }),
        );
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        response
    }

    fn document(&self, answer: &Answer, language: Language) -> String {
        let (colour, symbol, verdict, word, say) = reading(answer);
        let mut page = Document::new(language);
        page.head(verdict);
        page.verdict(colour, symbol, verdict, word);
        page.say(say);
        page.facts(answer);
        page.sections(answer);
        page.end(&self.host)
    }
}

/// How an answer reads: its colour, its symbol, the verdict, the word of the standing, what to do.
fn reading(answer: &Answer) -> (&'static str, Symbol, Both, Option<Both>, Both) {
    match (answer.result, answer.standing) {
        (ScanResult::Genuine, Some(standing)) => {
            let (colour, symbol) = match standing {
                PublicStanding::Clear => ("clear", Symbol::Tick),
                PublicStanding::Attention => ("attention", Symbol::Warning),
                PublicStanding::Unverified => ("unverified", Symbol::Question),
            };
            let word = Some(words::standing(standing));
            (colour, symbol, words::GENUINE, word, words::FROM_YOUR_ORDER)
        }
        (ScanResult::Expired, _) => (
            "expired",
            Symbol::Clock,
            words::EXPIRED,
            None,
            words::ASK_AGENCY,
        ),
        (ScanResult::Suspended, _) => (
            "suspended",
            Symbol::Pause,
            words::SUSPENDED,
            None,
            words::ASK_AGENCY,
        ),
        (ScanResult::Revoked, _) => (
            "revoked",
            Symbol::Stop,
            words::REVOKED,
            None,
            words::DO_NOT_LET_IN,
        ),
        _ => (
            "not_genuine",
            Symbol::Stop,
            words::NOT_GENUINE,
            None,
            words::NOT_OURS,
        ),
    }
}

/// A document as it is written.
struct Document {
    text: String,
    language: Language,
}

impl Document {
    fn new(language: Language) -> Self {
        let code = match language {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        };
        Self {
            text: format!("<!doctype html><html lang=\"{code}\">"),
            language,
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Words in the language that comes first, and smaller in the other.
    fn both(&mut self, both: Both) {
        let (first, other, code) = match self.language {
            Language::Chinese => (both.chinese, both.english, "en"),
            Language::English => (both.english, both.chinese, "zh-CN"),
        };
        // The space keeps the two apart where there are no styles.
        let _ = write!(self.text, "{first} <small lang=\"{code}\">{other}</small>");
    }

    fn head(&mut self, verdict: Both) {
        let _ = write!(
            self.text,
            "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta name=\"robots\" content=\"noindex\"><meta name=\"referrer\" content=\"no-referrer\">\
             <meta name=\"format-detection\" content=\"telephone=no\">\
             <title>{} {}</title><style>{STYLE}</style></head><body><main>",
            verdict.chinese, verdict.english
        );
    }

    fn verdict(&mut self, colour: &str, symbol: Symbol, verdict: Both, word: Option<Both>) {
        let _ = write!(self.text, "<header class=\"{colour}\">{}<h1>", symbol.svg());
        self.both(verdict);
        self.push("</h1>");
        if let Some(word) = word {
            let _ = write!(self.text, "<p class=\"word\">");
            self.both(word);
            self.push("</p>");
        }
        self.push("</header>");
    }

    fn say(&mut self, say: Both) {
        self.push("<p class=\"say\">");
        self.both(say);
        self.push("</p>");
    }

    /// Whose card it is, and as of when all this holds.
    fn facts(&mut self, answer: &Answer) {
        let as_of = answer.as_of.map(in_china);
        let facts = [
            (words::NAME, answer.name.as_deref(), " class=\"name\""),
            (words::AGENCY, answer.agency.as_deref(), ""),
            (words::AS_OF, as_of.as_deref(), ""),
        ];
        if facts.iter().all(|(_, value, _)| value.is_none()) {
            return;
        }
        self.push("<dl>");
        for (label, value, class) in facts {
            if let Some(value) = value {
                self.push("<dt>");
                self.both(label);
                let _ = write!(self.text, "</dt><dd{class}>{}</dd>", escaped(value));
            }
        }
        self.push("</dl>");
    }

    fn sections(&mut self, answer: &Answer) {
        if answer.sections.is_empty() {
            return;
        }
        self.push("<table><caption>");
        self.both(words::RECORD);
        self.push("</caption>");
        for line in &answer.sections {
            self.push("<tr><th scope=\"row\">");
            self.both(words::section(line.section));
            let (class, sign) = sign(line.state);
            let _ = write!(
                self.text,
                "</th><td class=\"{class}\"><b aria-hidden=\"true\">{sign}</b>"
            );
            self.both(words::state(line.state));
            if let Some(as_of) = line.as_of {
                let _ = write!(self.text, "<small>{}</small>", in_china(as_of));
            }
            self.push("</td></tr>");
        }
        self.push("</table>");
    }

    /// Where the page must come from: a code pasted over the printed one leads elsewhere.
    fn end(mut self, host: &str) -> String {
        self.push("<footer><p>");
        self.both(words::ADDRESS);
        let _ = write!(self.text, " <b>{}</b></p><p>", escaped(host));
        self.both(words::NO_DETAILS);
        self.push("</p></footer></main></body></html>\n");
        self.text
    }
}

/// A state's class and sign. Only `clear` has a tick.
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

/// `2027-01-15 20:00`, by the clocks of China.
fn in_china(at: Millis) -> String {
    let text = (at + CHINA).to_rfc3339();
    let minutes = text.get(..16).unwrap_or_default();
    minutes.replace('T', " ")
}

/// Text that HTML takes for text, in content and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

//! What the one who asks wants: a page or JSON, in which language first.

use lambda_http::http::header::{ACCEPT, ACCEPT_LANGUAGE};
use runtime::http::{Request, header};

/// The language that comes first. The other one follows, smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// JSON instead of a page.
    pub(crate) json: bool,
    pub(crate) language: Language,
}

/// By the headers `Accept` and `Accept-Language`. A page unless JSON is named and preferred to a page; Chinese
/// unless English is preferred to it.
pub(crate) fn of(request: &Request) -> Wanted {
    let accept = header(request, ACCEPT).unwrap_or_default();
    let json = weight(accept, |media| media == "application/json");
    let html = weight(accept, |media| {
        media == "text/html" || media == "application/xhtml+xml"
    });
    let languages = header(request, ACCEPT_LANGUAGE).unwrap_or_default();
    let in_language =
        |code: &'static str| weight(languages, move |tag| tag.split('-').next() == Some(code));
    let prefers_english = in_language("en") > in_language("zh");
    Wanted {
        json: json > html,
        language: if prefers_english {
            Language::English
        } else {
            Language::Chinese
        },
    }
}

/// The highest weight, in thousandths, of those names in a header's list that fit; 0 if none does (RFC 9110, 12.4.2).
/// Among equals the first counts for a little more.
fn weight(list: &str, fits: impl Fn(&str) -> bool) -> u32 {
    let mut highest = 0;
    for (place, item) in (0_u32..).zip(list.split(',').take(50)) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        if !fits(&name) {
            continue;
        }
        let q = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let q = q.map_or(Some(1.0), |q| q.parse::<f64>().ok());
        let q = q.filter(|q| (0.0..=1.0).contains(q)).unwrap_or_default();
        if q > 0.0 {
            highest = highest.max((q * 1000.0).round() as u32 * 100 + 50 - place);
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::http::Request;

    use super::*;

    fn wanted(accept: Option<&str>, languages: Option<&str>) -> Wanted {
        let mut request = Request::builder();
        for (name, value) in [(ACCEPT, accept), (ACCEPT_LANGUAGE, languages)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        of(&request.body(Body::Empty).unwrap())
    }

    #[test]
    fn a_page_unless_json_is_preferred() {
        for (accept, json) in [
            (None, false),
            (Some("*/*"), false),
            (
                Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                false,
            ),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/json, text/plain, */*"), true),
            (Some("text/html, application/json;q=0.9"), false),
            (Some("text/html;q=0.5, application/json"), true),
            (Some("application/json;q=0"), false),
            (Some("application/json;q=many"), false),
        ] {
            assert_eq!(wanted(accept, None).json, json, "{accept:?}");
        }
    }

    #[test]
    fn chinese_unless_english_is_preferred() {
        for (languages, expected) in [
            (None, Language::Chinese),
            (Some("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese),
            (Some("en-GB,en;q=0.9"), Language::English),
            (Some("en-US,en;q=0.5,zh;q=0.3"), Language::English),
            (Some("en;q=0.2,zh;q=0.9"), Language::Chinese),
            (Some("ru,en;q=0.7"), Language::English),
            (Some("ru"), Language::Chinese),
            (Some("*"), Language::Chinese),
            (Some("en, zh"), Language::English),
            (Some(";;,,=;q"), Language::Chinese),
        ] {
            assert_eq!(wanted(None, languages).language, expected, "{languages:?}");
        }
    }
}

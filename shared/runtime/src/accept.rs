//! Lists with weights, as in the headers `Accept` and `Accept-Language`.

/// By the header `Accept`: a page unless JSON is named and preferred to a page.
pub fn prefers_json(accept: &str) -> bool {
    let json = weight(accept, |media| media == "application/json");
    let html = weight(accept, |media| {
        media == "text/html" || media == "application/xhtml+xml"
    });
    json > html
}

/// By the header `Accept-Language`: whether Chinese is named and preferred to English.
pub fn prefers_chinese(accept_language: &str) -> bool {
    language(accept_language, "zh") > language(accept_language, "en")
}

/// By the header `Accept-Language`: whether English is named and preferred to Chinese.
pub fn prefers_english(accept_language: &str) -> bool {
    language(accept_language, "en") > language(accept_language, "zh")
}

fn language(list: &str, code: &str) -> u32 {
    weight(list, |tag| tag.split('-').next() == Some(code))
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
    use super::*;

    #[test]
    fn a_page_unless_json_is_preferred() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                false,
            ),
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json, text/plain, */*", true),
            ("text/html, application/json;q=0.9", false),
            ("text/html;q=0.5, application/json", true),
            ("application/json;q=0", false),
            ("application/json;q=many", false),
        ] {
            assert_eq!(prefers_json(accept), json, "{accept:?}");
        }
    }

    #[test]
    fn of_two_languages_the_one_that_is_named_with_more_weight() {
        for (languages, chinese, english) in [
            ("", false, false),
            ("zh-CN,zh;q=0.9,en;q=0.8", true, false),
            ("en-GB,en;q=0.9", false, true),
            ("en-US,en;q=0.5,zh;q=0.3", false, true),
            ("en;q=0.2,zh;q=0.9", true, false),
            ("ru,en;q=0.7", false, true),
            ("ru", false, false),
            ("*", false, false),
            ("en, zh", false, true),
            (";;,,=;q", false, false),
        ] {
            assert_eq!(prefers_chinese(languages), chinese, "{languages:?}");
            assert_eq!(prefers_english(languages), english, "{languages:?}");
        }
    }
}

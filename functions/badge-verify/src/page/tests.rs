use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::credit::Section;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use maud::Render;
use runtime::Problem;
use runtime::secret::sha256;

use super::*;
use crate::answer::SectionLine;

const NOW: Millis = Millis(1_800_014_400_000);

fn genuine(standing: PublicStanding) -> Answer {
    let states = SectionState::ALL.iter().cycle();
    let lines = Section::ALL.iter().zip(states);
    Answer {
        result: ScanResult::Genuine,
        standing: Some(standing),
        name: Some("张*".to_owned()),
        agency: Some("龙江<家政>&'\"服务".to_owned()),
        as_of: Some(NOW),
        sections: lines
            .map(|(section, state)| SectionLine {
                section: *section,
                state: *state,
                as_of: Some(NOW),
            })
            .collect(),
    }
}

fn all() -> Vec<Answer> {
    let standings = [
        PublicStanding::Clear,
        PublicStanding::Attention,
        PublicStanding::Unverified,
    ];
    let mut all: Vec<Answer> = standings.into_iter().map(genuine).collect();
    all.push(Answer::not_genuine());
    all.push(Answer::expired(NOW));
    for result in [ScanResult::Revoked, ScanResult::Suspended] {
        all.push(Answer::of_no_use(result, None, None, NOW));
    }
    all
}

fn text(answer: &Answer, language: Language) -> String {
    let response = Pages::new("b.homehail.cn").verdict(answer, language);
    assert_eq!(response.status(), StatusCode::OK);
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// With `HOMEHAIL_PAGES=<folder>` every page is written there, to be looked at.
#[test]
fn every_verdict_is_a_page_in_both_languages() {
    #[expect(clippy::disallowed_methods, reason = "a setting of this test alone")]
    let folder = std::env::var("HOMEHAIL_PAGES").ok();
    let mut verdicts = std::collections::BTreeSet::new();
    for answer in all() {
        let name = match answer.standing {
            Some(standing) => format!("{standing:?}"),
            None => answer.result.as_str().to_owned(),
        };
        for language in [Language::Chinese, Language::English] {
            let page = text(&answer, language);
            let Reading {
                symbol,
                verdict,
                standing,
                advice,
                ..
            } = reading(&answer);
            for words in [Some(verdict), standing, Some(advice)]
                .into_iter()
                .flatten()
            {
                assert!(page.contains(words.chinese) && page.contains(words.english));
            }
            assert!(page.len() < 15_000, "{}", page.len());
            if let Some(folder) = &folder {
                let file = format!("{folder}/{name}-{language:?}.html");
                std::fs::write(file, &page).unwrap();
            }
            let symbol = symbol.render().into_string();
            verdicts.insert((symbol, verdict.chinese, standing.map(|words| words.chinese)));
        }
    }
    assert_eq!(verdicts.len(), 7);
}

#[test]
fn only_what_is_clear_looks_clear() {
    for answer in all() {
        let Reading { colour, symbol, .. } = reading(&answer);
        let is_clear = answer.standing == Some(PublicStanding::Clear);
        assert_eq!(colour == "clear", is_clear);
        assert_eq!(symbol == Symbol::Tick, is_clear);
    }
    for state in SectionState::ALL {
        let (class, sign) = sign(*state);
        let is_clear = *state == SectionState::Clear;
        assert_eq!(class == "s-clear", is_clear);
        assert_eq!(sign == "✓", is_clear);
    }
}

#[test]
fn the_first_language_is_the_one_asked_for() {
    let answer = genuine(PublicStanding::Clear);
    let chinese = text(&answer, Language::Chinese);
    assert!(chinese.starts_with("<!doctype html><html lang=\"zh-CN\">"));
    assert!(chinese.contains("<h1>证件真实 <small lang=\"en\">Genuine badge</small></h1>"));
    let english = text(&answer, Language::English);
    assert!(english.starts_with("<!doctype html><html lang=\"en\">"));
    assert!(english.contains("<h1>Genuine badge <small lang=\"zh-CN\">证件真实</small></h1>"));
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    for answer in all() {
        let page = text(&answer, Language::Chinese);
        for forbidden in [
            "<script", "<link", "<img", "<iframe", "http", "url(", "@import", "style=", " onload",
            " onclick",
        ] {
            let found = page.find(forbidden);
            assert_eq!(found, None, "{forbidden}");
        }
    }
}

#[test]
fn names_become_text_and_never_markup() {
    let page = text(&genuine(PublicStanding::Clear), Language::Chinese);
    assert!(page.contains("<dd>龙江&lt;家政&gt;&amp;'&quot;服务</dd>"));
    assert!(page.contains("<dd>2027-01-15 20:00</dd>"));
}

#[test]
fn the_policy_lets_these_styles_in_and_nothing_else() {
    let response = Pages::new("b.homehail.cn").verdict(&Answer::not_genuine(), Language::English);
    let headers = response.headers();
    let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    let page = String::from_utf8(response.body().to_vec()).unwrap();
    let style = page
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    let hash = STANDARD.encode(sha256(style.as_bytes()));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (VARY, "accept, accept-language"),
        (CONTENT_LANGUAGE, "en, zh-CN"),
    ] {
        assert_eq!(headers[name], value);
    }
}

#[test]
fn when_nothing_can_be_said_the_page_says_so() {
    let pages = Pages::new("b.homehail.cn");
    let response = pages.unavailable(Problem::unavailable(), Language::Chinese);
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let page = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(page.contains("暂时无法核验") && page.contains("says nothing about the badge"));
}

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};

use crate::headers::{Header, PRIVATE};
use crate::{Bilingual, Language};

/// What documents of one kind share: a private page for a phone that loads nothing and runs nothing. All styles are in
/// the document, and the policy names their hash.
#[derive(Clone, Debug)]
pub struct Shell {
    style: &'static str,
    policy: String,
}

impl Shell {
    pub fn new(style: &'static str) -> Self {
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        Self {
            style,
            policy: format!(
                "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
        }
    }

    /// The document. Its title has both languages, because a browser's tab has no room to choose.
    pub fn document(&self, language: Language, title: Bilingual, body: &Markup) -> String {
        let document = html! {
            (PreEscaped("<!doctype html>"))
            html lang=(language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="referrer" content="no-referrer";
                    meta name="format-detection" content="telephone=no";
                    title { (title.chinese) " " (title.english) }
                    style { (PreEscaped(self.style)) }
                }
                body { (body) }
            }
            "\n"
        };
        document.into_string()
    }

    /// The headers to send a document with, of which a later one replaces an earlier one of that name.
    pub fn headers(&self, language: Language) -> impl Iterator<Item = Header<'_>> {
        let languages = match language {
            Language::Chinese => "zh-CN, en",
            Language::English => "en, zh-CN",
        };
        PRIVATE.into_iter().chain([
            ("content-type", "text/html; charset=utf-8"),
            ("content-language", languages),
            ("content-security-policy", self.policy.as_str()),
        ])
    }
}

//! The signature by which a page in WeChat's browser may use its scanner (JS-SDK, `wx.config`).
//!
//! Anybody may ask for one. It is good for one page of ours, and for nothing anywhere else.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use domain::time::Millis;
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde::Deserialize;
use serde_json::json;

use crate::access::{AccessToken, Kept};
use crate::customer::no_such;
use crate::wechat::{ExchangeError, WeChat};
use crate::{Sessions, random};

const LONGEST_URL: usize = 2_000;

/// The official account's ticket for its pages, and the access token that getting one takes.
#[derive(Debug, Default)]
pub(crate) struct PageTicket {
    token: AccessToken,
    ticket: Kept,
}

#[derive(Deserialize)]
struct TicketAnswer {
    ticket: Option<String>,
    expires_in: Option<u32>,
}

impl PageTicket {
    async fn get(&self, account: &WeChat, now: Millis) -> Result<String, ExchangeError> {
        if let Some(kept) = self.ticket.get(now) {
            return Ok(kept);
        }
        let path = "/cgi-bin/ticket/getticket?type=jsapi&";
        let answer: TicketAnswer = self.token.ask(account, path, None, now).await?;
        let (Some(ticket), Some(seconds)) = (answer.ticket, answer.expires_in) else {
            return Err(ExchangeError::Unreachable("its answer has no ticket"));
        };
        self.ticket.keep(&ticket, seconds, now);
        Ok(ticket)
    }
}

impl Sessions {
    /// `GET /v1/wechat/js-signature?url=`.
    pub(crate) async fn js_signature(&self, request: &Request) -> Result<Response, Problem> {
        let query = http::query(request, &["url"])?;
        let set_up = self.official_account.as_ref().zip(self.web_host.as_ref());
        let (account, host) = set_up.ok_or_else(|| no_such("official account"))?;
        let url = query.text("url").and_then(|url| own_page(url, host));
        let url = url.ok_or_else(|| {
            Problem::malformed().detail(format!("url must be that of a page of {host}."))
        })?;
        let now = self.clock.now();
        let ticket = self.page_ticket.get(account, now).await?;
        let nonce = domain::id::base32(&random::<10>()?);
        let timestamp = now.second();
        Ok(http::json(
            StatusCode::OK,
            &json!({
                "app_id": account.app().0,
                "timestamp": timestamp,
                "nonce": nonce,
                "signature": signature(&ticket, &nonce, timestamp, url),
            }),
        ))
    }
}

/// As WeChat documents it (JS-SDK, appendix 1): SHA-1 of these four in this order.
fn signature(ticket: &str, nonce: &str, timestamp: i64, url: &str) -> String {
    let signed = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signed.as_bytes());
    HEXLOWER.encode(hash.as_ref())
}

/// The page's address without its fragment, if it is on this host.
fn own_page<'a>(url: &'a str, host: &str) -> Option<&'a str> {
    let is_url = url.len() <= LONGEST_URL && url.bytes().all(|byte| byte.is_ascii_graphic());
    let page = url.split('#').next().filter(|_| is_url)?;
    let rest = page.strip_prefix("https://");
    let rest = rest.or_else(|| page.strip_prefix("http://"))?;
    let named = rest.split(['/', '?']).next()?;
    named.eq_ignore_ascii_case(host).then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wechats_own_example_has_its_signature() {
        let ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
        let url = "http://mp.weixin.qq.com?params=value";
        assert_eq!(
            signature(ticket, "Wm3WZYTPz0wzccnW", 1_414_587_457, url),
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
        );
    }

    #[test]
    fn only_pages_of_ours_are_signed() {
        let host = "www.example.cn";
        for (url, page) in [
            ("https://www.example.cn", Some("https://www.example.cn")),
            (
                "https://WWW.example.cn/a?b=c#d",
                Some("https://WWW.example.cn/a?b=c"),
            ),
            ("http://www.example.cn?x", Some("http://www.example.cn?x")),
            ("https://www.example.cn.evil.cn/", None),
            ("https://www.example.cn@evil.cn/", None),
            ("https://www.example.cn\\@evil.cn/", None),
            ("https://evil.cn/https://www.example.cn/", None),
            ("https://www.example.cn:8443/", None),
            ("ftp://www.example.cn/", None),
            ("//www.example.cn/", None),
            ("https://www.example.cn/a b", None),
            ("#https://www.example.cn/", None),
            ("", None),
        ] {
            assert_eq!(own_page(url, host), page, "{url}");
        }
        let long = format!("https://{host}/{}", "x".repeat(LONGEST_URL));
        assert_eq!(own_page(&long, host), None);
    }
}

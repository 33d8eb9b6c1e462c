//! Who a customer is: one person, whether in the mini-program or in the official account.
//!
//! A customer's id is a keyed hash of the open id, which differs between the two apps. If both belong to one account of
//! WeChat's open platform, WeChat tells a union id as well. The first login with one links it to a customer, and who comes
//! with it by the other app is that customer. Who has placed orders by an open id stays who they are, though:
//! two that were known before WeChat told that they are one remain two.
//!
//! Who logs in by phone is another customer: nothing shows that a phone belongs to a WeChat account.

use domain::id::CustomerId;
use runtime::http::{self, Request};
use runtime::{Caller, Problem, secret};
use store::Opener;

use crate::wechat::Identity;
use crate::{Opened, Sessions};

/// The most attempts when both apps are logged in to for the first time at once.
const MOST_ATTEMPTS: u32 = 4;

impl Sessions {
    /// `POST /v1/sessions/customer`.
    pub(crate) async fn customer(&self, request: &Request) -> Result<Opened, Problem> {
        let (code, by_cookie) = read_code(request)?;
        let user = self.wechat.mini_program_user(&code).await?;
        let open_id = self.customer_id(&[user.openid.as_bytes()])?;
        self.one_customer(open_id, &user, by_cookie).await
    }

    /// `POST /v1/sessions/official-account`.
    pub(crate) async fn official_account(&self, request: &Request) -> Result<Opened, Problem> {
        let account = self.official_account.as_ref();
        let account = account.ok_or_else(|| no_such("official account"))?;
        let (code, by_cookie) = read_code(request)?;
        let user = account.official_account_user(&code).await?;
        let open_id = self.customer_id(&[b"official account", user.openid.as_bytes()])?;
        self.one_customer(open_id, &user, by_cookie).await
    }

    /// The customer whom this open id or union id is linked to; without a link, the one that the open id makes.
    async fn one_customer(
        &self,
        open_id: CustomerId,
        user: &Identity,
        by_cookie: bool,
    ) -> Result<Opened, Problem> {
        let union_id = user.unionid.as_ref().filter(|id| !id.is_empty());
        let union_id = union_id.map(|id| self.customer_id(&[b"union id", id.as_bytes()]));
        let union_id = union_id.transpose()?;
        for _ in 0..MOST_ATTEMPTS {
            let linked = self.log_ins.linked(&open_id, union_id.as_ref()).await?;
            let id = match (&linked.by_open_id, &linked.by_union_id) {
                (Some(id), _) => id,
                (None, Some(id)) if !self.orders.has_placed(&open_id).await? => id,
                (None, _) => &open_id,
            };
            // Without a union id there is nothing that the open id could be one with.
            let mut unlinked = Vec::new();
            if let Some(union_id) = &union_id {
                unlinked.extend(linked.by_open_id.is_none().then_some(&open_id));
                unlinked.extend(linked.by_union_id.is_none().then_some(union_id));
            }
            if self.log_ins.link(id, &unlinked).await? {
                return Ok(Opened::customer(id.clone(), by_cookie));
            }
        }
        Err(Problem::unavailable())
    }

    /// A keyed hash of what a customer is known by.
    pub(crate) fn customer_id(&self, known_by: &[&[u8]]) -> Result<CustomerId, Problem> {
        let mac = secret::hmac(&self.subject_key, known_by);
        let id = mac.first_chunk::<16>().map(CustomerId::from_bytes);
        id.ok_or_else(Problem::internal)
    }
}

impl Opened {
    pub(crate) fn customer(id: CustomerId, by_cookie: bool) -> Self {
        Self {
            opener: Opener::Customer(id.clone()),
            person: Caller::Customer(id).into(),
            by_cookie,
        }
    }
}

/// A code of WeChat's, and whether the refresh token goes into a cookie.
pub(crate) fn read_code(request: &Request) -> Result<(String, bool), Problem> {
    http::read_json(request, |fields| {
        let code = fields.string("code", 1..=128);
        let by_cookie = fields.optional_flag("cookie");
        Some((code?, by_cookie.unwrap_or_default()))
    })
}

/// 404: the operator has not set up what this takes.
pub(crate) fn no_such(what: &str) -> Problem {
    Problem::not_found().detail(format!("There is no {what} here."))
}

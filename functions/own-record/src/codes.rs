//! The codes that her phone shows, and the key to compute them.

use badge::phone::{STEP_S, url};
use badge::{QrPath, qr_path};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::badge::{Badge, BadgeStatus};
use domain::id::WorkerId;
use domain::time::{Millis, rfc3339};
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde::Serialize;
use serde_json::json;

use crate::OwnRecord;

/// How many codes are given beside the present one: for ten minutes.
const CODES_AHEAD: i64 = 600 / STEP_S as i64;

#[derive(Serialize)]
struct CodeAnswer {
    /// When it begins to be good.
    #[serde(with = "rfc3339")]
    from: Millis,
    digits: String,
    url: String,
    #[serde(flatten)]
    qr: QrPath,
}

impl OwnRecord {
    pub(crate) async fn code_key(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let now = self.clock.now();
        let badge = self.worn_badge(id, now).await?;
        let key = self.codes.key_of(&badge.id);
        let answer = json!({
            "badge_id": badge.id,
            "key": URL_SAFE_NO_PAD.encode(key.as_bytes()),
            "host": self.badge_host,
            "step_s": STEP_S,
            "server_time": now.to_rfc3339(),
        });
        Ok(http::json(StatusCode::OK, &answer))
    }

    /// The codes themselves, for a page that computes nothing.
    pub(crate) async fn own_codes(
        &self,
        request: &Request,
        id: &WorkerId,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let now = self.clock.now();
        let badge = self.worn_badge(id, now).await?;
        let key = self.codes.key_of(&badge.id);
        let step = i64::from(STEP_S);
        let first = now.second() - now.second().rem_euclid(step);
        let items = (0..=CODES_AHEAD).map(|n| {
            let from = Millis((first + n * step) * 1_000);
            let digits = key.code(&badge.id, from);
            let url = url(&self.badge_host, &digits);
            let qr = qr_path(&url).map_err(|error| Problem::internal().because(&error))?;
            Ok(CodeAnswer {
                from,
                digits,
                url,
                qr,
            })
        });
        let items = items.collect::<Result<Vec<_>, Problem>>()?;
        Ok(http::json(StatusCode::OK, &json!({ "items": items })))
    }

    /// Her agency's badge that was issued last, of those that are valid.
    async fn worn_badge(&self, id: &WorkerId, now: Millis) -> Result<Badge, Problem> {
        let file = self.open(id).await?;
        if !file.worker.may_work() {
            return Err(Problem::not_found().detail("Only an approved worker wears a badge."));
        }
        let badges = self.badges.live_of_worker(id, now).await?;
        let badge = badges
            .into_iter()
            .find(|badge| badge.status == BadgeStatus::Valid && badge.agency == file.worker.agency);
        badge.ok_or_else(|| Problem::not_found().detail("She has no valid badge."))
    }
}

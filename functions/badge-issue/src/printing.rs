//! Badges to be printed: the code alone, or the whole card.

use badge::{CardData, Photo, card_svg, qr_png, qr_svg};
use domain::badge::BadgeStatus;
use domain::member::Right;
use lambda_http::Body;
use lambda_http::http::HeaderValue;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use record::purpose_from;
use runtime::http::{self, Request, Response};
use runtime::{Caller, Problem};

use crate::BadgeIssue;
use crate::answer::token_of;

/// Pixels a module: 600 dpi when the code is printed 25 mm wide.
const MODULE_PX: u32 = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Print {
    QrSvg,
    QrPng,
    /// The card that a worker wears.
    CardSvg,
}

impl Print {
    /// `name` is the last part of the path.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "qr.svg" => Some(Self::QrSvg),
            "qr.png" => Some(Self::QrPng),
            "card.svg" => Some(Self::CardSvg),
            _ => None,
        }
    }
}

impl BadgeIssue {
    /// `GET /v1/badges/{badge_id}/qr.svg`, `…/qr.png`, `…/card.svg`.
    pub(crate) async fn print(
        &self,
        request: &Request,
        badge: &str,
        print: Print,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let caller = principal.may(Right::Read)?;
        // The card alone shows her.
        let names: &[_] = match print {
            Print::CardSvg => &["purpose"],
            Print::QrSvg | Print::QrPng => &[],
        };
        let query = http::query(request, names)?;
        let badge = self.readable(caller, badge).await?;
        let conflict = |why: &str| Problem::conflict().detail(why);
        if badge.status == BadgeStatus::Revoked || badge.is_expired(now) {
            return Err(conflict(
                "A badge that is revoked or expired is not printed.",
            ));
        }
        let token = token_of(&badge);
        let token = token.ok_or_else(|| {
            conflict("This badge was not signed yet; repeat the request that issued it.")
        })?;
        let url = token.url(&self.host);
        let too_long = |error| Problem::internal().because(&error);
        match print {
            Print::QrSvg => Ok(svg(qr_svg(&url).map_err(too_long)?)),
            Print::QrPng => {
                let png = qr_png(&url, MODULE_PX).map_err(too_long)?;
                Ok(printed("image/png", Body::from(png)))
            }
            Print::CardSvg => {
                let file = self.workers.open(&badge.worker).await?;
                // An agency that she has left does not get her photo any more.
                let file = file
                    .filter(|file| file.worker.agency == badge.agency)
                    .ok_or_else(Problem::not_found)?;
                if let Caller::Authority(by) = caller {
                    let purpose = purpose_from(&query)?;
                    let look = self.workers.add_look(&file, &by.team, &purpose, now);
                    look.await?;
                }
                let worker = file.worker;
                let agency = self.directory.agency(&badge.agency).await;
                let agency = agency?.ok_or_else(Problem::not_found)?;
                let photo = match worker.photo {
                    Some(photo) => {
                        let bytes = self.photos.get(&photo).await?;
                        bytes.map(|bytes| Photo {
                            media_type: photo.media_type,
                            bytes,
                        })
                    }
                    None => None,
                };
                let card = card_svg(&CardData {
                    photo,
                    masked_name: &worker.masked_name,
                    agency: &agency.name,
                    expires_at: badge.expires_at(),
                    host: &self.host,
                    url: &url,
                });
                Ok(svg(card.map_err(too_long)?))
            }
        }
    }
}

fn svg(text: String) -> Response {
    printed("image/svg+xml", Body::from(text))
}

fn printed(media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(html::svg::POLICY),
    );
    response
}

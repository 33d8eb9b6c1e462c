//! The badge check: the customer scans, from within the order, the badge of the worker at the door.
//!
//! The scanned text is verified first; unless it is genuine, only the order is read. If the badge belongs to another
//! worker, nothing about that worker is read or shown. A match that starts the visit is one transaction: the order,
//! the badge unchanged since it was read, the event in the worker's chain, and the use of a phone's code. If any of them
//! has changed, everything is read again.
//!
//! A phone's code is good for one order: for another it is `invalid`. For the same order it may be shown again, because an
//! answer may have been lost. A printed badge may be scanned as often as the customer likes.

use badge::Presented;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::agency::Standing;
use domain::badge::Badge;
use domain::chain::{Actor, EventKind};
use domain::geo::RoughPlace;
use domain::id::{EventId, OrderId};
use domain::order::{Check, CheckResult, MatchedBadge, Order, State, badge_check};
use domain::scan::{Scan, ScannedBy};
use domain::time::Millis;
use domain::worker::Worker;
use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_TYPE;
use runtime::http::{self, Request, Response};
use runtime::{Fault, Principal, Problem};
use serde::Serialize;
use serde_json::json;
use store::{Appended, NewEvent, Part, Step};

use crate::{Visits, photo};

/// The most attempts when the order or the badge changes between reading and writing.
const MOST_ATTEMPTS: usize = 4;

#[derive(Serialize)]
struct Answer {
    result: CheckResult,
    badge: Option<MatchedBadge>,
}

/// The result of a check, for the answer and for the log of scans.
struct Checked {
    result: CheckResult,
    /// `None` if the badge was not read.
    badge: Option<Badge>,
    /// Shown to the customer on a match.
    matched: Option<MatchedBadge>,
}

impl Checked {
    fn unmatched(result: CheckResult, badge: Option<Badge>) -> Self {
        Self {
            result,
            badge,
            matched: None,
        }
    }
}

fn is_photo(request: &Request) -> bool {
    let media_type = http::header(request, CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    ["image/jpeg", "image/jpg"].contains(&media_type.to_ascii_lowercase().as_str())
}

impl Visits {
    pub(crate) async fn badge_check(
        &self,
        request: &Request,
        principal: &Principal,
        id: &OrderId,
        now: Millis,
    ) -> Result<Response, Problem> {
        let customer = principal.customer()?;
        let presented = if is_photo(request) {
            // Only for whoever has an order is a photo decoded.
            let order = self.orders.get(id).await?;
            let order = order.filter(|order| order.customer == *customer);
            order.ok_or_else(Problem::not_found)?;
            self.on_photo(request, now)?
        } else {
            // A camera may read any text: one that is no token is an invalid badge, not a fault of the request.
            let shown = http::read_json(request, |fields| {
                let token = fields.required("token")?;
                if !token.is_string() {
                    fields.refuse("token", "must be a string");
                }
                token.as_str().map(str::to_owned)
            })?;
            self.checker.check(shown.trim(), now)
        };
        for _ in 0..MOST_ATTEMPTS {
            let order = self.orders.get(id).await?;
            let order = order.filter(|order| order.customer == *customer);
            let order = order.ok_or_else(Problem::not_found)?;
            match order.state {
                State::Cancelled { .. } => return Err(Problem::order_cancelled()),
                State::Unfilled => return Err(Problem::too_late()),
                _ => {}
            }
            let Some(checked) = self.check(&order, &presented, now).await? else {
                continue;
            };
            let result = checked.result;
            tracing::info!(order.id = %id, ?result, "a badge was checked");
            self.log_scan(&order, &presented, &checked, principal, now)
                .await;
            let answer = Answer {
                result,
                badge: checked.matched,
            };
            return Ok(http::json(StatusCode::OK, &answer));
        }
        Err(Problem::unavailable())
    }

    /// What the photo in the body shows: of several codes the badge, if one of them is.
    fn on_photo(&self, request: &Request, now: Millis) -> Result<Presented, Problem> {
        let bytes: &[u8] = request.body();
        if bytes.len() > photo::LARGEST {
            return Err(Problem::too_large().detail("The photo is larger than 2 MiB."));
        }
        let codes = photo::codes(bytes).map_err(|fault| {
            let (pointer, detail) = (String::new(), fault.to_string());
            Problem::invalid(vec![Fault { pointer, detail }])
        })?;
        let shown = codes
            .iter()
            .map(|code| self.checker.check(code.trim(), now));
        let mut genuine = shown.filter(|shown| *shown != Presented::NotGenuine);
        Ok(genuine.next().unwrap_or(Presented::NotGenuine))
    }

    /// `None` if the order or the badge has changed since it was read.
    async fn check(
        &self,
        order: &Order,
        presented: &Presented,
        now: Millis,
    ) -> Result<Option<Checked>, Problem> {
        let shown = match presented {
            Presented::NotGenuine => {
                return Ok(Some(Checked::unmatched(CheckResult::Invalid, None)));
            }
            Presented::Expired(_) => {
                return Ok(Some(Checked::unmatched(CheckResult::Expired, None)));
            }
            Presented::Printed(fields) => &fields.badge,
            Presented::OnPhone(code) => &code.badge,
        };
        let (Some(claim), Some(staffing)) = (order.claim(), order.staffing()) else {
            return Ok(Some(Checked::unmatched(CheckResult::NoWorkerYet, None)));
        };
        let Some(badge) = self.badges.get(shown).await? else {
            return Ok(Some(Checked::unmatched(CheckResult::Invalid, None)));
        };
        if badge.worker != staffing.worker {
            return Ok(Some(Checked::unmatched(CheckResult::Mismatch, Some(badge))));
        }
        let read = tokio::try_join!(
            self.workers.open(&staffing.worker),
            self.directory.agency(&badge.agency),
        );
        let (file, agency) = read?;
        let file = file.filter(|file| file.worker.was_registered(staffing.at));
        let standing = agency.map(|agency| agency.standing);
        let worker = file.as_ref().map(|file| &file.worker);
        let Check { result, starts } =
            badge_check(order, &badge, worker, standing, &self.market, now);
        let (Some(file), CheckResult::Match) = (file, result) else {
            return Ok(Some(Checked::unmatched(result, Some(badge))));
        };

        // The photo is read before anything is written: if reading it fails, no code has been used up.
        let Some(photo) = self.photo(&file.worker).await? else {
            // The customer could not see whether it is her.
            let result = CheckResult::NotCleared;
            return Ok(Some(Checked::unmatched(result, Some(badge))));
        };
        let result = if starts {
            match self.start(order, &badge, standing, presented, now).await? {
                Some(result) => result,
                None => return Ok(None),
            }
        } else {
            self.use_code(order, presented).await?
        };
        let matched = (result == CheckResult::Match).then(|| {
            MatchedBadge::new(
                &badge,
                &file.worker,
                file.profile.as_ref(),
                &claim.agency_name,
                photo,
                &self.market,
                now,
            )
        });
        Ok(Some(Checked {
            result,
            badge: Some(badge),
            matched,
        }))
    }

    /// Starts the visit. `None` if the order or the badge has changed since it was read.
    async fn start(
        &self,
        order: &Order,
        badge: &Badge,
        standing: Option<Standing>,
        presented: &Presented,
        now: Millis,
    ) -> Result<Option<CheckResult>, Problem> {
        let start = self
            .orders
            .start(&order.id, order.epoch, &badge.worker, now);
        let mut with = vec![start?, self.badges.unchanged(badge)];
        let shown = if let Presented::OnPhone(code) = presented {
            with.push(self.orders.code_used(&order.id, &code.badge, code.step));
            "phone"
        } else {
            "printed"
        };
        let kind = EventKind::CheckIn;
        let epoch = order.epoch.to_string();
        let event = NewEvent {
            id: EventId::from_cause(kind.as_str(), &[order.id.as_str(), &epoch]),
            kind,
            actor: Actor::Customer,
            payload: json!({ "order_id": order.id, "badge_id": badge.id, "shown": shown }),
        };
        let started = self
            .workers
            .change(&badge.worker, now, |file| {
                let worker = Some(&file.worker);
                let check = badge_check(order, badge, worker, standing, &self.market, now);
                if !check.starts {
                    return Err(check.result);
                }
                Ok(Step {
                    events: vec![event.clone()],
                    with: with.clone(),
                    ..Step::default()
                })
            })
            .await;
        Ok(match started? {
            Appended::Done(_) => Some(CheckResult::Match),
            Appended::Refused(result) => Some(result),
            Appended::NotFound => Some(CheckResult::Revoked),
            Appended::WithRefused(Part::Code) => Some(CheckResult::Invalid),
            // Another scan has started the visit: checked again, this one is a match.
            Appended::Repeat(_) | Appended::WithRefused(_) => None,
        })
    }

    /// Keeps a phone's code that begins nothing from other orders.
    async fn use_code(&self, order: &Order, presented: &Presented) -> Result<CheckResult, Problem> {
        let Presented::OnPhone(code) = presented else {
            return Ok(CheckResult::Match);
        };
        let used = self.orders.use_code(&order.id, &code.badge, code.step);
        let is_ours = used.await?;
        Ok(if is_ours {
            CheckResult::Match
        } else {
            CheckResult::Invalid
        })
    }

    /// The worker's photo as a `data:` URL, so that no link to it outlives the answer.
    async fn photo(&self, worker: &Worker) -> Result<Option<String>, Problem> {
        let Some(photo) = &worker.photo else {
            return Ok(None);
        };
        let content = self.photos.get(photo).await?;
        Ok(content.map(|content| {
            let (media_type, content) = (&photo.media_type, STANDARD.encode(content));
            format!("data:{media_type};base64,{content}")
        }))
    }

    /// Sends the scan to the log. If that fails, the customer is answered all the same.
    async fn log_scan(
        &self,
        order: &Order,
        presented: &Presented,
        checked: &Checked,
        principal: &Principal,
        now: Millis,
    ) {
        let Some(badge) = presented.badge() else {
            return;
        };
        let scan = Scan {
            badge_id: badge.clone(),
            worker_id: checked.badge.as_ref().map(|badge| badge.worker.clone()),
            at: now,
            by: ScannedBy::Customer,
            who: self.scanners.principal(principal),
            result: checked.result.scanned(),
            order_id: Some(order.id.clone()),
            place: RoughPlace::of_order(&order.area),
        };
        if let Err(error) = self.scans.send(scan).await {
            let error = runtime::problem::chain(&error);
            tracing::warn!(order.id = %order.id, error, "a scan could not be sent to the log");
        }
    }
}

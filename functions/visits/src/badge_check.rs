//! The badge check: the customer scans, from within the order, the badge of who stands at the door.
//!
//! What is shown is verified first, and as long as it is not genuine nothing is asked of any table but the order's. Then
//! the badge tells whose it is; of somebody else nothing more is read, and nothing is said. A match that begins the visit
//! is one transaction: the order, the badge as it was read, the event in the worker's chain, and where it was a phone's
//! code, that it was used for this order. Whatever of it has changed meanwhile is read again.
//!
//! A phone's code is good for one order: for another it is `invalid`. For the same order it may be shown again, as an
//! answer may have been lost, and a printed badge as often as the customer likes.

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
use runtime::http::{self, Request, Response};
use runtime::{Principal, Problem};
use serde::Serialize;
use serde_json::json;
use store::{Appended, NewEvent, Part, Step};

use crate::Visits;

/// How often it is all looked at again that somebody else was changing.
const ROUNDS: usize = 4;

#[derive(Serialize)]
struct Answer {
    result: CheckResult,
    badge: Option<MatchedBadge>,
}

/// What was found out, for the answer and for the log of scans.
struct Checked {
    result: CheckResult,
    /// The badge, once it was read.
    badge: Option<Badge>,
    /// What the customer is shown on a match.
    matched: Option<MatchedBadge>,
}

impl Checked {
    fn only(result: CheckResult) -> Option<Self> {
        Some(Self {
            result,
            badge: None,
            matched: None,
        })
    }
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
        // Text that cannot be a token is no badge, and not a fault of the request, whatever a camera has read.
        let shown = http::read_json(request, |fields| {
            let token = fields.required("token")?;
            if !token.is_string() {
                fields.refuse("token", "must be a string");
            }
            token.as_str().map(str::to_owned)
        })?;
        let presented = self.checker.check(shown.trim(), now);
        for _ in 0..ROUNDS {
            let order = self.orders.get(id).await?;
            let order = order.filter(|order| order.customer == *customer);
            let order = order.ok_or_else(Problem::not_found)?;
            match order.state {
                State::Cancelled { .. } => return Err(Problem::order_cancelled()),
                State::Unfilled => return Err(Problem::too_late()),
                _ => {}
            }
            let Some(found) = self.check(&order, &presented, now).await? else {
                // Somebody else has changed the order or the badge.
                continue;
            };
            let result = found.result;
            tracing::info!(order.id = %id, ?result, "a badge was checked");
            self.log_scan(&order, &presented, &found, principal, now)
                .await;
            let answer = Answer {
                result,
                badge: found.matched,
            };
            return Ok(http::json(StatusCode::OK, &answer));
        }
        Err(Problem::unavailable())
    }

    /// What was shown for this order. `None` when something has changed since it was read.
    async fn check(
        &self,
        order: &Order,
        presented: &Presented,
        now: Millis,
    ) -> Result<Option<Checked>, Problem> {
        let shown = match presented {
            Presented::NotGenuine => return Ok(Checked::only(CheckResult::Invalid)),
            Presented::Expired(_) => return Ok(Checked::only(CheckResult::Expired)),
            Presented::Printed(fields) => &fields.badge,
            Presented::OnPhone(code) => &code.badge,
        };
        let (Some(claim), Some(staffing)) = (order.claim(), order.staffing()) else {
            return Ok(Checked::only(CheckResult::NoWorkerYet));
        };
        let Some(badge) = self.badges.get(shown).await? else {
            return Ok(Checked::only(CheckResult::Invalid));
        };
        if badge.worker != staffing.worker {
            return Ok(Some(Checked {
                result: CheckResult::Mismatch,
                badge: Some(badge),
                matched: None,
            }));
        }
        let read = tokio::try_join!(
            self.workers.open(&staffing.worker),
            self.directory.agency(&badge.agency),
        );
        let (file, agency) = read?;
        let standing = agency.map(|agency| agency.standing);
        let worker = file.as_ref().map(|file| &file.worker);
        let Check { result, starts } =
            badge_check(order, &badge, worker, standing, &self.market, now);
        let (Some(file), CheckResult::Match) = (file, result) else {
            return Ok(Some(Checked {
                result,
                badge: Some(badge),
                matched: None,
            }));
        };

        // Read before anything is written: a match that cannot be answered begins nothing.
        let photo = self.photo(&file.worker).await?;
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

    /// Begins the visit. `None` when the order or the badge has changed since it was read.
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
        let begun = self
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
        Ok(match begun? {
            Appended::Done(_) => Some(CheckResult::Match),
            Appended::Refused(result) => Some(result),
            Appended::NotFound => Some(CheckResult::Revoked),
            Appended::WithRefused(Part::Code) => Some(CheckResult::Invalid),
            // Another scan has begun it: this one is a match again.
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

    /// Her photo as a `data:` URL, which lives as long as the answer that it is in.
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

    /// Sends what was scanned to the log. The customer is answered all the same if that fails.
    async fn log_scan(
        &self,
        order: &Order,
        presented: &Presented,
        found: &Checked,
        principal: &Principal,
        now: Millis,
    ) {
        let Some(badge) = presented.badge() else {
            return;
        };
        let scan = Scan {
            badge_id: badge.clone(),
            worker_id: found.badge.as_ref().map(|badge| badge.worker.clone()),
            at: now,
            by: ScannedBy::Customer,
            who: self.scanners.principal(principal),
            result: found.result.scanned(),
            order_id: Some(order.id.clone()),
            place: RoughPlace::of_order(order.place),
        };
        if let Err(error) = self.scans.send(scan).await {
            let error = runtime::problem::chain(&error);
            tracing::warn!(order.id = %order.id, error, "a scan could not be sent to the log");
        }
    }
}

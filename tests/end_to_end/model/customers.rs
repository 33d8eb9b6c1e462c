//! What customers do, and what the rulebook says to it.

use std::time::Duration;

use domain::complaint::{About, Complaint, NoComplaint};
use domain::geo::{Area, Wgs84};
use domain::id::{CustomerId, OrderId};
use domain::member::Role;
use domain::order::{
    CancelOutcome, Change, CheckResult, CompleteOutcome, Contact, Given, Order, OrderDetails,
    OverQuota, Quota, RATING_COUNTS_EVERY, RateOutcome, State, Status, Term, Viewer, Visit,
    badge_check, cancel_outcome, complete_outcome, rate_outcome,
};
use domain::service::Service;
use domain::time::Millis;
use serde_json::{Value, json};

use super::Step;
use super::commands::{DONE, FORBIDDEN, NOT_FOUND, TOO_LATE, Told, Who, either};
use super::town::{Firm, Hand, Placed, Town, text};
use crate::world::{CENTRE, moved};

impl Town {
    pub async fn place(&mut self, step: &Step) -> Result<bool, String> {
        let [customer, hours, slot, kind] = step.n;
        let customer = usize::from(customer) % self.customers.len();
        let (who, ahead_s) = match kind {
            0..=9 => (Who::Member(0, Role::Owner), 86_400),
            10..=29 => (Who::Customer(customer), 300),
            _ => (Who::Customer(customer), 1_500 + u64::from(hours) * 240),
        };
        let service =
            [Service::Cooking, Service::Cleaning, Service::Cleaning][usize::from(slot) % 3];
        let place = moved(CENTRE, f64::from(slot), f64::from(hours));
        let start_at = self.world.now() + Duration::from_secs(ahead_s);
        let mut body = self.world.cleaning(place);
        body["service"] = json!(service.as_str());
        body["start_at"] = json!(start_at.to_rfc3339());
        // Who shares an address or a phone would be the same rater.
        body["address"] = json!(format!("道里区中央大街 100 号 {customer} 单元"));
        body["contact"]["phone"] = json!(format!("1391234567{customer}"));
        let details = OrderDetails {
            place: Wgs84::from_degrees(place.0, place.1).expect("a place"),
            address: text(&body, "address").to_owned(),
            contact: Contact {
                name: text(&body["contact"], "name").to_owned(),
                phone: text(&body["contact"], "phone").parse().expect("a phone"),
            },
            notes: body["notes"].as_str().map(str::to_owned),
        };
        let visit = Visit {
            service,
            start_at,
            duration_min: 120,
            area: Area::containing(details.place),
            budget_fen: body["budget_fen"].as_i64(),
            wishes: Default::default(),
            preferred: None,
        };
        let heard = self.send(who, "POST", "/v1/orders", Some(&body)).await;
        let answer = &heard.answer.body;
        let id: Option<OrderId> = answer["order_id"].as_str().and_then(|id| id.parse().ok());
        let id = id.unwrap_or_else(|| OrderId::from_bytes(&[0; 16]));
        let placed = |now| {
            let customer = self.customers[customer].id.clone();
            Order::placed(
                id.clone(),
                customer,
                [0; 16],
                visit.clone(),
                &self.market,
                now,
            )
        };
        let quota = |now| self.quota_with(customer, &placed(now)?).ok();
        let is_done = heard.is(|now| match who {
            Who::Customer(_) if placed(now).is_none() => (422, "invalid"),
            Who::Customer(_) if quota(now).is_none() => (429, "rate-limited"),
            Who::Customer(_) => (201, ""),
            _ => FORBIDDEN,
        })?;
        if !is_done {
            return Ok(false);
        }
        let now = Millis::parse_rfc3339(text(answer, "placed_at")).expect("a moment");
        let (Some(mut order), Some(quota)) = (placed(now), quota(now)) else {
            return Err("it could not be placed then".to_owned());
        };
        order.body_hash = self.stored(&order.id).await.body_hash;
        self.customers[customer].quota = quota;
        self.orders.push(Placed {
            order,
            details,
            customer,
            ended: Default::default(),
            complaint: None,
        });
        self.shows(self.orders.len() - 1, &Viewer::Customer, &heard)?;
        Ok(true)
    }

    /// At the cap it is looked which of the customer's orders are still open.
    fn quota_with(&self, customer: usize, order: &Order) -> Result<Quota, OverQuota> {
        let mut quota = self.customers[customer].quota.clone();
        if let Err(OverQuota::Open(_)) = quota.with(order, &self.market) {
            let open = self.orders.iter().map(|placed| &placed.order);
            let open: Vec<_> = open
                .filter(|order| order.status() == Status::Open)
                .collect();
            quota
                .open
                .retain(|id| open.iter().any(|order| order.id == *id));
        }
        quota.with(order, &self.market)
    }

    /// What a customer does with an order: the change that it is, what becomes of it, and what is told.
    async fn by_customer<O: Copy + PartialEq>(
        &mut self,
        (step, n): (&Step, usize),
        (what, body): (&str, Value),
        change: impl Fn(CustomerId, &Order, Millis) -> Change,
        outcome: fn(&Order, Option<Term>) -> Option<O>,
        (done, told): (O, impl Fn(&Order, O) -> Told),
    ) -> Result<bool, String> {
        let who = self.some_customer(n, step.n[0]);
        let heard = self.act(who, n, what, body).await;
        let says = |town: &Self, now| {
            let Who::Customer(customer) = who else {
                return Err(FORBIDDEN);
            };
            let order = &town.orders[n].order;
            let change = change(town.customers[customer].id.clone(), order, now);
            let unmet = order.unmet(change.terms(order.epoch, now));
            outcome(order, unmet).ok_or(NOT_FOUND)
        };
        let told = |outcome| told(&self.orders[n].order, outcome);
        if !heard.is(|now| either(says(self, now), told))? {
            return Ok(false);
        }
        if says(self, heard.between[0]) == Ok(done) {
            let customer = self.orders[n].order.customer.clone();
            let change = |_: &Self, order: &Order, at| change(customer, order, at);
            self.changed(n, heard.between[0], change).await?;
        }
        self.shows(n, &Viewer::Customer, &heard)?;
        Ok(true)
    }

    pub async fn cancel(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let reason = "not needed".to_owned();
        let body = json!({ "reason": reason });
        let change = |customer, _: &Order, _| Change::Cancel {
            customer,
            reason: reason.clone(),
        };
        let told = |_: &Order, outcome| match outcome {
            CancelOutcome::Cancelled | CancelOutcome::Already => DONE,
            CancelOutcome::TooLate => TOO_LATE,
        };
        let told = (CancelOutcome::Cancelled, told);
        self.by_customer((step, n), ("cancel", body), change, cancel_outcome, told)
            .await
    }

    pub async fn complete(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let change = |customer, _: &Order, _| Change::Complete { customer };
        let told = |_: &Order, outcome| match outcome {
            CompleteOutcome::Completed | CompleteOutcome::Already => DONE,
            CompleteOutcome::NotStarted => (409, "not-started"),
            CompleteOutcome::TooLate => TOO_LATE,
        };
        let told = (CompleteOutcome::Completed, told);
        let what = ("complete", json!({}));
        self.by_customer((step, n), what, change, complete_outcome, told)
            .await
    }

    pub async fn rate(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let count = step.n[2] % 5 + 1;
        let stars = count.try_into().map_err(|_| "no stars")?;
        let counted = self.counted.clone();
        let change = |customer: CustomerId, order: &Order, at| {
            let rater = order
                .claim()
                .map(|claim| (customer.clone(), claim.agency.clone()));
            let counted = rater.and_then(|rater| counted.get(&rater));
            let has_counted = counted.is_some_and(|counted| *counted > at - RATING_COUNTS_EVERY);
            let counts = order.took_half() && !has_counted;
            let given = Given { stars, counts };
            Change::Rate { customer, given }
        };
        let told = |order: &Order, outcome| match (outcome, &order.state) {
            (RateOutcome::Rated, _) => DONE,
            (RateOutcome::Already, State::Rated(_, _, given)) if given.stars == stars => DONE,
            (RateOutcome::Already, _) => (409, "rated-already"),
            (RateOutcome::NotCompleted, _) => (409, "not-completed"),
            (RateOutcome::TooLate, _) => TOO_LATE,
        };
        let told = (RateOutcome::Rated, told);
        let what = ("rating", json!({ "stars": count }));
        let is_done = self
            .by_customer((step, n), what, change, rate_outcome, told)
            .await?;
        let order = &self.orders[n].order;
        if let (true, State::Rated(claim, _, given), Some(line)) =
            (is_done, &order.state, order.timeline.last())
            && given.counts
        {
            let rater = (order.customer.clone(), claim.agency.clone());
            self.counted.insert(rater, line.at);
        }
        Ok(is_done)
    }

    pub async fn complain(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let who = self.some_customer(n, step.n[0]);
        let body = json!({ "about": "quality", "detail": "dust" });
        let heard = self.act(who, n, "complaints", body).await;
        let complaint = |town: &Self, now| {
            let said = (About::Quality, "dust".to_owned());
            match who {
                Who::Customer(customer) if customer != town.orders[n].customer => Err(NOT_FOUND),
                Who::Customer(_) if town.orders[n].complaint.is_some() => {
                    Err((409, "complained-already"))
                }
                Who::Customer(_) => Complaint::of(&town.orders[n].order, said, &town.market, now)
                    .map_err(|why| match why {
                        NoComplaint::NotOver => (409, "not-over"),
                        NoComplaint::NoClaim => (409, "no-claim"),
                        NoComplaint::TooLate => TOO_LATE,
                    }),
                _ => Err(FORBIDDEN),
            }
        };
        if !heard.is(|now| either(complaint(self, now), |_| (201, "")))? {
            return Ok(false);
        }
        let at = Millis::parse_rfc3339(text(&heard.answer.body, "at")).expect("a moment");
        let mut made = complaint(self, at).map_err(|told| format!("{told:?} at that moment"))?;
        // Who came is for the authority.
        made.worker_id = None;
        let mut shown = serde_json::to_value(&made).expect("JSON");
        let of = |firm: &&Firm| firm.id == made.agency_id;
        shown["agency_name"] = json!(self.agencies.iter().find(of).map(|firm| &firm.name));
        shown["service"] = json!(self.orders[n].order.service);
        shown["start_at"] = json!(self.orders[n].order.start_at.to_rfc3339());
        if heard.answer.body != shown {
            return Err(format!("the complaint is shown as {}", heard.answer.body));
        }
        self.orders[n].complaint = Some(made);
        Ok(true)
    }

    /// Shows the badge of the worker who is named, or of another, on paper or a phone, now or from before; or something else.
    pub async fn check(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let (who, roll) = (self.some_customer(n, step.n[0]), step.n[2]);
        let order = &self.orders[n].order;
        let is_named = |hand: &Hand| {
            let named = order.staffing();
            roll < 200 && named.is_some_and(|named| named.worker == hand.worker.id)
        };
        let any = usize::from(step.n[3]) % self.workers.len();
        let hand = self.workers.iter().position(is_named).unwrap_or(any);
        let (hand, now) = (&self.workers[hand], self.world.now());
        let code = |at: Millis| self.codes.key_of(&hand.badge.id).code(&hand.badge.id, at);
        let of_phone = Some((hand.badge.id.clone(), now.second() / 30));
        let (shown, is_genuine, code) = match roll {
            0..=129 | 200..=229 => (hand.token.clone(), true, None),
            130..=184 | 230..=243 => (code(now), true, of_phone),
            185..=199 => (code(now - Duration::from_secs(600)), false, None),
            _ => ("https://example.com/".to_owned(), false, None),
        };
        let (worker, badge, firm) = (hand.worker.clone(), hand.badge.clone(), hand.firm);
        let heard = self
            .act(who, n, "badge-check", json!({ "token": shown }))
            .await;
        let placed = &self.orders[n];
        let is_done = heard.is(|_| match (who, placed.order.status()) {
            (Who::Customer(customer), _) if customer != placed.customer => NOT_FOUND,
            (Who::Customer(_), Status::Cancelled) => (410, "order-cancelled"),
            (Who::Customer(_), Status::Unfilled) => TOO_LATE,
            (Who::Customer(_), _) => DONE,
            _ => FORBIDDEN,
        })?;
        if !is_done {
            return Ok(false);
        }
        let (order, standing) = (&placed.order, Some(self.agencies[firm].standing));
        let now = heard.between[0];
        let check = badge_check(order, &badge, Some(&worker), standing, &self.market, now);
        let used = code.as_ref().and_then(|code| self.used_codes.get(code));
        let is_used =
            check.result == CheckResult::Match && used.is_some_and(|used| *used != order.id);
        let is_valid = is_genuine && !is_used;
        let result = if is_valid {
            check.result
        } else {
            CheckResult::Invalid
        };
        let (body, is_match) = (&heard.answer.body, result == CheckResult::Match);
        if body["result"] != json!(result) || body["badge"].is_null() == is_match {
            return Err(format!("{body} instead of {result:?} for {badge:?}"));
        }
        let order = order.id.clone();
        self.used_codes
            .extend(code.filter(|_| is_match).map(|code| (code, order)));
        if is_match && check.starts {
            let worker = worker.id;
            self.changed(n, now, |_, _, _| Change::Start { worker })
                .await?;
        }
        Ok(is_match)
    }
}

//! What agencies do, and what the rulebook says to it.

use domain::member::{Right, Role};
use domain::order::{
    Change, Claim, ClaimEnd, GrabCap, GrabOutcome, How, Order, ReleaseOutcome, StaffOutcome,
    Staffing, Status, Viewer, grab_outcome, ineligible, release_outcome, reopen, staff_outcome,
};
use domain::time::Millis;
use serde_json::json;

use super::Step;
use super::commands::{DONE, NOT_FOUND, TOO_LATE, Who, either};
use super::town::{Firm, Town, text};

impl Town {
    fn grabbed(&self, firm: &Firm, order: &Order, at: Millis) -> Change {
        Change::Claim(Claim {
            agency: firm.id.clone(),
            agency_name: firm.name.clone(),
            how: How::Grab,
            at,
            staff_by: self.market.staff_by(at, order.start_at),
        })
    }

    /// With a right token, or one of another epoch, agency or order, or with none.
    pub async fn grab(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let who = self.some_agency(n, step.n[0], step.n[3]);
        let order = &self.orders[n].order;
        let other = &self.orders[usize::from(step.n[3]) % self.orders.len()].order;
        let firm = if let Who::Member(firm, _) = who {
            firm
        } else {
            0
        };
        let (own, rival) = (
            &self.agencies[firm],
            &self.agencies[(firm + 1) % self.agencies.len()],
        );
        let mint = |order: &Order, epoch, firm: &Firm| self.tokens.mint(&order.id, epoch, &firm.id);
        let (token, epoch) = match step.n[2] {
            // Nobody gets tokens for what it does not do.
            0..=204 if own.offers(order.service) => (mint(order, order.epoch, own), order.epoch),
            205..=229 => (mint(order, order.epoch - 1, own), order.epoch - 1),
            230..=239 => (mint(order, order.epoch, rival), 0),
            240..=247 if other.id != order.id => (mint(other, order.epoch, own), 0),
            _ => ("AAAA".to_owned(), 0),
        };
        let heard = self
            .act(who, n, "grab", json!({ "claim_token": token }))
            .await;
        let says = |town: &Self, now| {
            let (own, order) = (town.member_with(who, Right::Orders)?, &town.orders[n].order);
            if epoch != order.epoch || order.excluded.contains(&own.id) {
                return Err((403, "not-offered"));
            }
            own.approved()?;
            let is_own = order.claim().is_some_and(|claim| claim.agency == own.id);
            match own.counts.grab_cap(&town.market, now).filter(|_| !is_own) {
                Some(GrabCap::TooManyUnstaffed) => return Err((409, "too-many-unstaffed")),
                Some(GrabCap::ClaimsGivenUp) => return Err((429, "claims-given-up")),
                None => {}
            }
            let change = town.grabbed(own, order, now);
            let unmet = order.unmet(change.terms(order.epoch, now));
            Ok(grab_outcome(order, &own.id, unmet))
        };
        let told = |outcome| match outcome {
            GrabOutcome::Won | GrabOutcome::AlreadyYours => DONE,
            GrabOutcome::NotOffered => (403, "not-offered"),
            GrabOutcome::Cancelled => (410, "order-cancelled"),
            GrabOutcome::Taken => (409, "order-taken"),
            GrabOutcome::Closed => (410, "grab-window-closed"),
        };
        if !heard.is(|now| either(says(self, now), told))? {
            return Ok(false);
        }
        if says(self, heard.between[0]) == Ok(GrabOutcome::Won) {
            let change =
                |town: &Self, order: &Order, at| town.grabbed(&town.agencies[firm], order, at);
            self.changed(n, heard.between[0], change).await?;
        }
        self.shows(n, &Viewer::Claimant(self.agencies[firm].id.clone()), &heard)?;
        Ok(true)
    }

    pub async fn staff(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let who = self.some_agency(n, step.n[0], step.n[3]);
        let firm = if let Who::Member(firm, _) = who {
            firm
        } else {
            0
        };
        let is_own = |place: &usize| self.workers[*place].firm == firm || step.n[2] > 230;
        let possible: Vec<usize> = (0..self.workers.len()).filter(is_own).collect();
        let worker = possible[usize::from(step.n[2]) % possible.len()];
        let worker = self.workers[worker].worker.clone();
        let heard = self
            .act(who, n, "staff", json!({ "worker_id": worker.id }))
            .await;
        let reasons = |town: &Self, now| {
            let order = &town.orders[n].order;
            ineligible(
                order,
                &worker,
                town.hindrance(&worker, order),
                &town.market,
                now,
            )
        };
        let says = |town: &Self, now| {
            let (own, order) = (town.member_with(who, Right::Orders)?, &town.orders[n].order);
            let outcome = staff_outcome(order, &own.id, &worker.id, now);
            if outcome != StaffOutcome::NotYours {
                own.approved()?;
            }
            let opens = outcome == StaffOutcome::Staffable && order.staffing().is_none();
            if opens && !own.counts.may_open(&order.id, &town.market, now) {
                Err((429, "too-many-disclosures"))
            } else if outcome == StaffOutcome::Staffable && worker.agency != own.id {
                Err(NOT_FOUND)
            } else if outcome == StaffOutcome::Staffable && !reasons(town, now).is_empty() {
                Err((422, "worker-not-eligible"))
            } else {
                Ok(outcome)
            }
        };
        let told = |outcome| match outcome {
            StaffOutcome::Staffable | StaffOutcome::Already => DONE,
            StaffOutcome::NotYours => NOT_FOUND,
            StaffOutcome::NotClaimed => (409, "not-claimed"),
            StaffOutcome::TooLate => TOO_LATE,
            StaffOutcome::TooOften => (409, "conflict"),
        };
        if !heard.is(|now| either(says(self, now), told))? {
            let named = &heard.answer.body["reasons"];
            let possible = heard.between.map(|now| json!(reasons(self, now)));
            let is_right = named.is_null() || possible.contains(named);
            return is_right
                .then_some(false)
                .ok_or_else(|| format!("{named} instead of {possible:?}"));
        }
        let agency = self.agencies[firm].id.clone();
        if says(self, heard.between[0]) == Ok(StaffOutcome::Staffable) {
            let (agency, worker) = (agency.clone(), worker.id.clone());
            let change = |_: &Self, order: &Order, at| Change::Staff {
                agency,
                staffing: Staffing { worker, at },
                instead_of: order.staffing().map(|staffing| staffing.worker.clone()),
            };
            self.changed(n, heard.between[0], change).await?;
        }
        self.shows(n, &Viewer::Claimant(agency), &heard)?;
        Ok(true)
    }

    pub async fn release(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let who = self.some_agency(n, step.n[0], step.n[3]);
        let reason = "nobody is free".to_owned();
        let heard = self
            .act(who, n, "release", json!({ "reason": reason }))
            .await;
        let own = self
            .member_with(who, Right::Orders)
            .map(|own| own.id.clone());
        let outcome = own.clone();
        let outcome = outcome.map(|own| release_outcome(&self.orders[n].order, &own));
        let told = |outcome| match outcome {
            ReleaseOutcome::Released | ReleaseOutcome::Already => DONE,
            ReleaseOutcome::NotYours => NOT_FOUND,
            ReleaseOutcome::TooLate => TOO_LATE,
            ReleaseOutcome::NotClaimed => (409, "not-claimed"),
        };
        let is_done = heard.is(|_| either(outcome, told))?;
        let (true, Ok(agency)) = (is_done, own) else {
            return Ok(false);
        };
        if outcome == Ok(ReleaseOutcome::Released) {
            let own = agency.clone();
            let change = |town: &Self, order: &Order, at| Change::Release {
                agency: own,
                reason,
                then: reopen(order, &town.market, ClaimEnd::Released, at),
            };
            self.changed(n, heard.between[0], change).await?;
        }
        self.shows(n, &Viewer::Former(agency), &heard)?;
        Ok(true)
    }

    /// What an agency can grab now.
    pub async fn offers(&mut self, step: &Step) -> Result<bool, String> {
        let firm = usize::from(step.n[0]) % self.agencies.len();
        let who = if step.n[2] < 200 {
            Who::Member(firm, Role::Viewer)
        } else {
            Who::Customer(0)
        };
        let heard = self.send(who, "GET", "/v1/offers/open", None).await;
        let own = &self.agencies[firm];
        let may_read = || self.member_with(who, Right::Read)?.approved();
        if !heard.is(|_| either(may_read(), |()| DONE))? {
            return Ok(false);
        }
        let items = heard.answer.body["items"].as_array().ok_or("no items")?;
        let mut shown: Vec<&str> = items.iter().map(|item| text(item, "claim_token")).collect();
        shown.sort_unstable();
        let expected = heard.between.map(|now| {
            let on_offer = self
                .orders
                .iter()
                .map(|placed| &placed.order)
                .filter(|order| {
                    let is_open =
                        order.fanned_out == Some(order.epoch) && now < order.grab_deadline;
                    is_open && order.status() == Status::Open && own.may_have(order)
                });
            let mut tokens: Vec<String> = on_offer
                .map(|order| self.tokens.mint(&order.id, order.epoch, &own.id))
                .collect();
            tokens.sort_unstable();
            tokens
        });
        let is_right = expected.iter().any(|tokens| *tokens == shown);
        is_right
            .then_some(true)
            .ok_or_else(|| format!("{shown:?} are listed instead of {expected:?}"))
    }
}

//! The people of a sequence, what the model knows of them, and how it follows what the platform does by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use badge::PhoneCodes;
use domain::agency::Standing;
use domain::badge::Badge;
use domain::calendar::Hindrance;
use domain::claim_token::{ClaimTokenKeys, KEY_LABEL};
use domain::complaint::Complaint;
use domain::id::{AgencyId, BadgeId, CustomerId, OrderId, WorkerId};
use domain::market::Market;
use domain::order::{
    By, Change, ClaimCounts, ClaimEnd, How, Order, OrderDetails, Quota, Settlement, State, Status,
    TimelineEntry, What, cannot_come, claim_news, ended_claims, ineligible, reopen, settlement,
};
use domain::service::Service;
use domain::time::Millis;
use domain::worker::Worker;
use serde_json::{Value, json};
use store::{Badges, Orders, WorkerRecords};

use super::Step;
use super::commands::Does;
use crate::log_watch;
use crate::operator::Operator;
use crate::world::{Agency, CENTRE, World, moved};

/// How long after a decision, at most, what it takes back is taken back.
const TAKEN_BACK: Duration = Duration::from_secs(61);
/// No deadline may pass while a request is under way: before that, the clock is moved past it.
const A_REQUEST: Duration = Duration::from_secs(5);
/// How late a timer may fire: queues delay by whole seconds.
pub const LATE: Duration = Duration::from_secs(3);

pub struct Town {
    pub world: World,
    pub market: Market,
    pub orders: Vec<Placed>,
    pub agencies: Vec<Firm>,
    pub workers: Vec<Hand>,
    pub customers: Vec<Client>,
    pub tokens: ClaimTokenKeys,
    pub codes: PhoneCodes,
    /// For which order a phone's code was used, by badge and step.
    pub used_codes: BTreeMap<(BadgeId, i64), OrderId>,
    /// When a rating of this customer last counted for this agency.
    pub counted: BTreeMap<(CustomerId, AgencyId), Millis>,
    pub seen: BTreeSet<(Does, bool)>,
    pub log: Vec<String>,
    pub sessions: BTreeMap<String, String>,
    tables: Orders,
    operator: Operator,
    pub timers_fire: bool,
}

pub struct Placed {
    pub order: Order,
    pub details: OrderDetails,
    pub customer: usize,
    /// How agencies have lost their claims.
    pub ended: BTreeMap<AgencyId, ClaimEnd>,
    pub complaint: Option<Complaint>,
}

pub struct Firm {
    pub id: AgencyId,
    pub name: String,
    pub services: Vec<&'static str>,
    pub standing: Standing,
    pub counts: ClaimCounts,
    /// By role: owner, dispatcher, viewer.
    pub credentials: [Value; 3],
}

pub struct Hand {
    pub firm: usize,
    pub worker: Worker,
    pub badge: Badge,
    pub token: String,
}

pub struct Client {
    pub id: CustomerId,
    pub quota: Quota,
}

impl Town {
    pub async fn new(timers_fire: bool) -> Town {
        let world = World::empty().await;
        let settings = world.platform.operator_settings();
        let claim_key = settings::derive(&world.setting("CLAIM_TOKEN_KEY"), KEY_LABEL);
        let mut town = Town {
            market: Market::from_json(&world.setting("MARKET")).expect("settings"),
            orders: Vec::new(),
            agencies: Vec::new(),
            workers: Vec::new(),
            customers: Vec::new(),
            tokens: ClaimTokenKeys::new(&claim_key, None),
            codes: PhoneCodes::new(&settings),
            used_codes: BTreeMap::new(),
            counted: BTreeMap::new(),
            seen: BTreeSet::new(),
            log: Vec::new(),
            sessions: BTreeMap::new(),
            tables: Orders::new(&settings),
            operator: Operator::of(&world).await,
            timers_fire,
            world,
        };
        let (one, both) = (["cleaning"].as_slice(), ["cleaning", "cooking"].as_slice());
        let each = [
            (one, &[one][..]),
            (both, &[both, &["cooking"]]),
            (both, &[both]),
        ];
        for (firm, (services, workers)) in each.into_iter().enumerate() {
            let agency = town.add_agency(300.0 * firm as f64, services).await;
            for skills in workers {
                town.add_worker(firm, &agency, skills).await;
            }
        }
        for n in 1..=3 {
            let code = json!({ "code": format!("demo-customer-{n}") });
            let call = town.world.call("POST", "/v1/sessions/customer").json(&code);
            let session = call.send().await.expect(200);
            town.customers.push(Client {
                id: text(&session, "subject").parse().expect("a customer"),
                quota: Quota::default(),
            });
        }
        town
    }

    async fn add_agency(&mut self, east: f64, services: &[&'static str]) -> Agency {
        let world = &self.world;
        let agency = world.agency(services, &[moved(CENTRE, 0.0, east)]).await;
        let owner = world.desk(&agency).await;
        let key = |key: &str, secret: &str| json!({ "access_key": key, "secret": secret });
        let mut credentials = vec![key(&agency.access_key, &agency.secret)];
        for role in ["dispatcher", "viewer"] {
            let call = world.call("POST", "/v1/members").token(&owner).key(role);
            let call = call.json(&json!({ "name": "小李", "role": role }));
            let member = call.send().await.expect(201);
            log_watch::keep_secret(text(&member, "secret"));
            credentials.push(key(text(&member, "access_key"), text(&member, "secret")));
        }
        self.agencies.push(Firm {
            id: agency.id.parse().expect("an agency"),
            name: text(&world.shown_agency(&agency.id).await, "name").to_owned(),
            services: agency.services.clone(),
            standing: Standing::Approved,
            counts: ClaimCounts::default(),
            credentials: credentials.try_into().expect("three roles"),
        });
        agency
    }

    async fn add_worker(&mut self, firm: usize, agency: &Agency, skills: &[&'static str]) {
        let world = &self.world;
        let hired = world.cleared_worker(agency, skills).await;
        let desk = world.desk(agency).await;
        let issued = world.badge_for(&desk, &json!(hired.id)).await;
        let badges = Badges::new(&world.platform.operator_settings());
        let badge = text(&issued, "badge_id").parse().expect("a badge");
        let badge = badges.get(&badge).await;
        self.workers.push(Hand {
            firm,
            worker: self
                .stored_worker(&hired.id.parse().expect("a worker"))
                .await,
            badge: badge.expect("the table answers").expect("a badge"),
            token: text(&issued, "token").to_owned(),
        });
    }

    pub async fn stored(&self, id: &OrderId) -> Order {
        let found = self.tables.get(id).await;
        found.expect("the table answers").expect("an order")
    }

    pub async fn stored_worker(&self, id: &WorkerId) -> Worker {
        let workers = WorkerRecords::new(&self.world.platform.operator_settings());
        let found = workers.get(id).await;
        found.expect("the table answers").expect("a worker")
    }

    /// Takes a step, and sees to it that nothing else is different from the model.
    pub async fn take(&mut self, step: &Step) -> Result<(), String> {
        let now = self.world.now();
        let since = if self.timers_fire { now - LATE } else { now };
        let due = self.orders.iter();
        let due = due.filter_map(|placed| self.due(&placed.order));
        let is_near = |due: &Millis| (since..now + A_REQUEST).contains(due);
        if let Some(due) = due.filter(is_near).max() {
            self.pass(due.since(now) + LATE).await?;
        }
        self.log.push(format!("{step:?}"));
        let done = self.run(step).await?;
        self.seen.insert((step.does, done));
        self.rest().await
    }

    /// Moves the clock, from one moment at which something is due to the next, and waits there until it is done.
    pub async fn pass(&mut self, by: Duration) -> Result<(), String> {
        self.sessions.clear();
        let until = self.world.now() + by;
        loop {
            if !self.timers_fire {
                self.operator.delete_schedules(&self.world).await;
            }
            let now = self.world.now();
            let due = self
                .orders
                .iter()
                .filter_map(|placed| self.due(&placed.order));
            let due = due
                .map(|due| due + LATE)
                .filter(|due| *due > now && *due < until);
            let next = due.min().filter(|_| self.timers_fire).unwrap_or(until);
            self.world.skip(next.since(now));
            self.rest().await?;
            if next == until {
                return Ok(());
            }
        }
    }

    /// Waits until there is nothing left to do, follows it, and checks that it was all that had to be done.
    async fn rest(&mut self) -> Result<(), String> {
        let now = self.world.now();
        self.world.drain().await;
        self.catch_up().await?;
        for placed in &self.orders {
            let order = &placed.order;
            let is_due = matches!(
                settlement(order, order.epoch, &self.market, now - LATE),
                Settlement::Choose | Settlement::MissStaffing { .. } | Settlement::EndVisit { .. }
            );
            let last = order.timeline.last().map_or(now, |line| line.at);
            let is_to_be_offered = order.awaits_fan_out() && now < order.grab_deadline;
            if (self.timers_fire && is_due) || (is_to_be_offered && last + 2 * A_REQUEST < now) {
                return Err(format!(
                    "this is overdue at {}: {order:?}",
                    now.to_rfc3339()
                ));
            }
        }
        Ok(())
    }

    /// Waits until what follows from a decision is done: nobody has a claim, or a coming visit, who may not work.
    pub async fn taken_back(&mut self) -> Result<(), String> {
        self.pass(TAKEN_BACK).await?;
        let suspended = self
            .agencies
            .iter()
            .filter(|firm| firm.standing == Standing::Suspended);
        let suspended: Vec<&AgencyId> = suspended.map(|firm| &firm.id).collect();
        let now = self.world.now();
        let is_left = |order: &Order| match &order.state {
            State::Claimed(claim) | State::Staffed(claim, _)
                if suspended.contains(&&claim.agency) =>
            {
                true
            }
            _ => self
                .workers
                .iter()
                .any(|hand| cannot_come(order, &hand.worker, now)),
        };
        match self.orders.iter().find(|placed| is_left(&placed.order)) {
            Some(left) => Err(format!("this was not taken back: {:?}", left.order)),
            None => Ok(()),
        }
    }

    /// When the platform has to do something about an order.
    pub fn due(&self, order: &Order) -> Option<Millis> {
        match &order.state {
            State::Open { deadline } => Some(*deadline),
            State::Claimed(claim) => Some(claim.staff_by),
            State::Staffed(..) | State::InService(..) => {
                Some(self.market.visit_by(order.ends_at()))
            }
            _ => None,
        }
    }

    /// Somebody's command has changed an order, since this moment, in this way.
    pub async fn changed(
        &mut self,
        n: usize,
        since: Millis,
        change: impl FnOnce(&Self, &Order, Millis) -> Change,
    ) -> Result<(), String> {
        let stored = self.stored(&self.orders[n].order.id).await;
        // A busy machine may have seemed to be at rest while the platform still had something to do.
        while let Some(line) = self.next_line(n, &stored)
            && line.by == By::Platform
            && line.at < since
        {
            let change = self.done_by_platform(n, &stored, line.at)?;
            self.apply(n, &stored, &change, line.at)?;
        }
        let order = &self.orders[n].order;
        let line = self.next_line(n, &stored);
        let line = line.ok_or("the change left no line")?;
        if line.at < since
            || line.at > self.world.now()
            || line.member.is_some() != matches!(line.by, By::Agency(_))
        {
            return Err(format!("no line of this change: {line:?}"));
        }
        let (change, at) = (change(self, order, line.at), line.at);
        self.apply(n, &stored, &change, at)
    }

    /// The first line of an order as it is stored that the model does not have yet.
    fn next_line<'a>(&self, n: usize, stored: &'a Order) -> Option<&'a TimelineEntry> {
        stored.timeline.get(self.orders[n].order.timeline.len())
    }

    /// The rulebook must allow this change at this moment.
    fn apply(
        &mut self,
        n: usize,
        stored: &Order,
        change: &Change,
        at: Millis,
    ) -> Result<(), String> {
        let before = &self.orders[n].order;
        // Said here once more, because the platform's rulebook is the model's.
        if let Change::Claim(claim) = change
            && (claim.how == How::Grab) != (at < before.grab_deadline)
        {
            return Err(format!("{claim:?} is on the wrong side of {before:?}"));
        }
        let after = before.changed(change, before.epoch, at);
        let mut after = after
            .map_err(|unmet| format!("{change:?} was made against {unmet:?} of {before:?}"))?;
        after.explanation.clone_from(&stored.explanation);
        for (line, kept) in after.timeline.iter_mut().zip(&stored.timeline) {
            line.member.clone_from(&kept.member);
        }
        if let Some(news) = claim_news(before, &after) {
            let firm = self.agencies.iter_mut().find(|firm| firm.id == news.agency);
            let firm = firm.ok_or("a claim of nobody")?;
            firm.counts = firm.counts.with(&news);
        }
        let ended = ended_claims(before, &after);
        self.orders[n].ended.extend(ended);
        self.orders[n].order = after;
        Ok(())
    }

    /// Follows what the platform has done by itself, in the order in which it did it. Then each stored order is the model's.
    pub async fn catch_up(&mut self) -> Result<(), String> {
        let ids: Vec<OrderId> = self
            .orders
            .iter()
            .map(|placed| placed.order.id.clone())
            .collect();
        let stored = self.tables.get_many(&ids).await.expect("the table answers");
        let next = |orders: &[Placed]| {
            let lines = stored.iter().zip(orders).enumerate();
            let lines = lines.filter_map(|(n, (stored, placed))| {
                Some((stored.timeline.get(placed.order.timeline.len())?.at, n))
            });
            lines.min()
        };
        while let Some((at, n)) = next(&self.orders) {
            let change = self.done_by_platform(n, &stored[n], at)?;
            self.apply(n, &stored[n], &change, at)?;
        }
        for (stored, placed) in stored.iter().zip(&self.orders) {
            if *stored != placed.order {
                return Err(format!(
                    "the table has {stored:?}\nthe model  {:?}",
                    placed.order
                ));
            }
        }
        Ok(())
    }

    /// What the platform did, by the next line of an order's timeline, if it had reason to.
    fn done_by_platform(&self, n: usize, stored: &Order, at: Millis) -> Result<Change, String> {
        let order = &self.orders[n].order;
        let line = self.next_line(n, stored).ok_or("no line is left")?;
        let market = &self.market;
        let then = |end| reopen(order, market, end, at);
        let require = |holds: bool| {
            holds
                .then_some(())
                .ok_or(format!("it had no reason for {line:?} of {order:?}"))
        };
        Ok(match (line.what, &order.state) {
            (What::Offered, _) => {
                let offered = self
                    .agencies
                    .iter()
                    .filter(|firm| firm.may_have(order))
                    .count();
                let widest = market.radii().last().unwrap_or_default();
                Change::Offer {
                    agencies: u32::try_from(offered).unwrap_or_default(),
                    radius_m: if offered > 0 { market.radius_m } else { widest },
                }
            }
            (What::Claimed, _) => {
                let claim = stored.claim().cloned().ok_or("assigned to nobody")?;
                let times = (at, market.staff_by(at, order.start_at));
                require(claim.how == How::Assignment && (claim.at, claim.staff_by) == times)?;
                require(self.eligible(n, at).contains(&claim.agency))?;
                Change::Claim(claim)
            }
            (What::Unfilled, State::Open { .. }) => {
                require(self.eligible(n, at).is_empty())?;
                let reason = line.why.clone().unwrap_or_default();
                Change::LeaveUnfilled { reason }
            }
            (What::Unfilled, State::Staffed(claim, _)) => Change::LeaveUnattended {
                agency: claim.agency.clone(),
                visit_by: market.visit_by(order.ends_at()),
            },
            (What::Completed, _) => Change::CompleteByTime {
                visit_by: market.visit_by(order.ends_at()),
            },
            (What::StaffingMissed, State::Claimed(claim)) => Change::MissStaffing {
                agency: claim.agency.clone(),
                then: then(ClaimEnd::NotStaffed),
            },
            (What::AgencySuspended, State::Claimed(claim) | State::Staffed(claim, _)) => {
                let is_suspended =
                    |firm: &&Firm| firm.id == claim.agency && firm.standing == Standing::Suspended;
                require(self.agencies.iter().any(|firm| is_suspended(&firm)))?;
                Change::Suspend {
                    agency: claim.agency.clone(),
                    then: then(ClaimEnd::Suspended),
                }
            }
            (What::Unstaffed, State::Staffed(_, staffing)) => {
                let mut hands = self.workers.iter();
                require(hands.any(|hand| cannot_come(order, &hand.worker, at)))?;
                Change::Unstaff {
                    worker: staffing.worker.clone(),
                    staff_by: market.staff_by(at, order.start_at),
                }
            }
            _ => return Err(format!("nobody asked for {line:?} of {order:?}")),
        })
    }

    /// The agencies that could be assigned an order, by looking at everybody.
    fn eligible(&self, n: usize, at: Millis) -> BTreeSet<AgencyId> {
        let order = &self.orders[n].order;
        let may_have = self
            .agencies
            .iter()
            .enumerate()
            .filter(|(_, firm)| firm.may_have(order));
        let eligible = may_have.filter(|(place, firm)| {
            let free = self.workers.iter().filter(|hand| {
                let hindrance = self.hindrance(&hand.worker, order);
                hand.firm == *place
                    && ineligible(order, &hand.worker, hindrance, &self.market, at).is_empty()
            });
            let promised = self.orders.iter().filter(|other| {
                let is_theirs =
                    matches!(&other.order.state, State::Claimed(claim) if claim.agency == firm.id);
                is_theirs && self.overlap(&other.order, order)
            });
            free.count() > promised.count()
        });
        eligible.map(|(_, firm)| firm.id.clone()).collect()
    }

    /// Whether nobody can do both.
    fn overlap(&self, one: &Order, other: &Order) -> bool {
        let travel = self.market.travel_time();
        one.id != other.id
            && one.start_at < other.ends_at() + travel
            && other.start_at < one.ends_at() + travel
    }

    /// What the other visits of the model keep a worker from.
    pub fn hindrance(&self, worker: &Worker, order: &Order) -> Hindrance {
        let is_in_the_way = |other: &Placed| {
            let is_hers = matches!(&other.order.state,
                State::Staffed(claim, named) | State::InService(claim, named)
                    if named.worker == worker.id && claim.agency == worker.agency);
            is_hers && self.overlap(&other.order, order)
        };
        Hindrance {
            is_booked: self.orders.iter().any(is_in_the_way),
            is_away: false,
        }
    }

    /// Whatever was lost, and whoever has gone home: no order stays on offer.
    pub async fn end(&mut self) -> Result<(), String> {
        for _ in 0..10 {
            let is_open = |n: &usize| self.orders[*n].order.status() == Status::Open;
            let open: Vec<usize> = (0..self.orders.len()).filter(is_open).collect();
            if open.is_empty() {
                return Ok(());
            }
            self.pass(Duration::from_secs(self.market.grab_window_s.into()))
                .await?;
            for n in open {
                self.read_by_customer(n).await?;
                self.rest().await?;
            }
        }
        Err("orders stay open".to_owned())
    }
}

impl Firm {
    /// Whether this order is offered to it.
    pub fn may_have(&self, order: &Order) -> bool {
        self.standing == Standing::Approved
            && self.offers(order.service)
            && !order.excluded.contains(&self.id)
    }

    /// Or what is told to one that is not.
    pub fn approved(&self) -> Result<(), (u16, &'static str)> {
        let is_approved = self.standing == Standing::Approved;
        is_approved
            .then_some(())
            .ok_or((403, "agency-not-approved"))
    }

    pub fn offers(&self, service: Service) -> bool {
        self.services.contains(&service.as_str())
    }
}

pub fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().expect("text")
}

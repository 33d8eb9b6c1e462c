//! What can be done, by whom, and how it is asked; what customers and agencies do has files of its own.

use std::time::Duration;

use domain::agency::Standing;
use domain::credit::{Recorded, Section};
use domain::member::{Right, Role};
use domain::order::check::EARLIEST_START;
use domain::order::{State, Status, Viewer};
use domain::time::Millis;
use serde_json::{Value, json};

use super::Step;
use super::town::{Firm, LATE, Placed, Town, text};
use crate::http::Answer;
use crate::log_watch;
use crate::workforce::{all_clear, entry};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Does {
    Place,
    Cancel,
    Grab,
    Staff,
    Release,
    Check,
    Complete,
    Rate,
    Complain,
    Suspend,
    SuspendWorker,
    Record,
    Pass,
    Read,
    List,
    Offers,
}

impl Does {
    /// With how often each is done.
    pub const ALL: &[(Self, usize)] = &[
        (Self::Place, 14),
        (Self::Cancel, 4),
        (Self::Grab, 18),
        (Self::Staff, 16),
        (Self::Release, 5),
        (Self::Check, 14),
        (Self::Complete, 7),
        (Self::Rate, 7),
        (Self::Complain, 6),
        (Self::Suspend, 4),
        (Self::SuspendWorker, 2),
        (Self::Record, 4),
        (Self::Pass, 16),
        (Self::Read, 9),
        (Self::List, 4),
        (Self::Offers, 4),
    ];

    /// Whether somebody can be refused this.
    pub fn is_refusable(self) -> bool {
        !matches!(self, Self::Record | Self::Pass | Self::List)
    }

    /// The orders that it mostly is about.
    fn wants(self) -> &'static [Status] {
        use Status::{Claimed, Completed, InService, Open, Rated, Staffed};
        match self {
            Self::Grab => &[Open],
            Self::Staff => &[Claimed],
            Self::Release => &[Claimed, Staffed],
            Self::Check => &[Staffed],
            Self::Complete => &[InService],
            Self::Rate => &[Completed],
            Self::Complain => &[Completed, Rated],
            Self::Cancel | Self::Pass => &[Open, Claimed, Staffed],
            _ => Status::ALL,
        }
    }
}

/// Status and problem; no problem where it was done.
pub type Told = (u16, &'static str);

pub const DONE: Told = (200, "");
pub const FORBIDDEN: Told = (403, "forbidden");
pub const NOT_FOUND: Told = (404, "not-found");
pub const TOO_LATE: Told = (409, "too-late");

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    Customer(usize),
    Member(usize, Role),
    Authority,
}

/// An answer, and the moments between which it was made.
pub struct Heard {
    pub answer: Answer,
    pub between: [Millis; 2],
}

impl Heard {
    /// Whether it was done; fails unless this was to be told then.
    pub fn is(&self, expected: impl Fn(Millis) -> Told) -> Result<bool, String> {
        let told = (self.answer.status, self.answer.slug());
        let expected = self.between.map(expected);
        if !expected.contains(&told) {
            let body = &self.answer.body;
            return Err(format!("told {told:?} instead of {expected:?}: {body}"));
        }
        Ok(told.0 < 300)
    }
}

/// What is told by an outcome, or before there is one.
pub fn either<O>(outcome: Result<O, Told>, told: impl Fn(O) -> Told) -> Told {
    outcome.map_or_else(|told| told, told)
}

impl Town {
    /// Whether it was done.
    pub async fn run(&mut self, step: &Step) -> Result<bool, String> {
        let Some(n) = self.pick(step) else {
            return self.place(step).await;
        };
        match step.does {
            Does::Place => self.place(step).await,
            Does::Cancel => self.cancel(step, n).await,
            Does::Grab => self.grab(step, n).await,
            Does::Staff => self.staff(step, n).await,
            Does::Release => self.release(step, n).await,
            Does::Check => self.check(step, n).await,
            Does::Complete => self.complete(step, n).await,
            Does::Rate => self.rate(step, n).await,
            Does::Complain => self.complain(step, n).await,
            Does::Suspend => self.suspend(step).await,
            Does::SuspendWorker => self.suspend_worker(step).await,
            Does::Record => self.record(step).await,
            Does::Pass => self.pass_to(step, n).await,
            Does::Read => {
                let who = match step.n[0] {
                    0..=69 => self.some_agency(n, step.n[2], step.n[3]),
                    70..=109 => Who::Authority,
                    roll => self.some_customer(n, roll.saturating_mul(2)),
                };
                self.read(who, n).await
            }
            Does::List => self.list(step).await,
            Does::Offers => self.offers(step).await,
        }
    }

    /// Mostly one of the last orders that the step fits.
    fn pick(&self, step: &Step) -> Option<usize> {
        let (roll, all) = (usize::from(step.n[1]), self.orders.len());
        let fits = |n: &usize| step.does.wants().contains(&self.orders[*n].order.status());
        let fitting: Vec<usize> = (0..all).rev().filter(fits).take(4).collect();
        match fitting.len() {
            0 => (all > 0).then(|| roll % all),
            _ if roll > 220 => Some(roll % all),
            some => Some(fitting[roll % some]),
        }
    }

    /// Mostly the order's customer.
    pub fn some_customer(&self, n: usize, roll: u8) -> Who {
        let own = self.orders[n].customer;
        match roll {
            0..=219 => Who::Customer(own),
            220..=239 => Who::Customer((own + 1) % self.customers.len()),
            240..=249 => Who::Member(0, Role::Owner),
            _ => Who::Authority,
        }
    }

    /// Mostly somebody of the agency that has the claim.
    pub fn some_agency(&self, n: usize, roll: u8, any: u8) -> Who {
        let claim = self.orders[n].order.claim();
        let has_it = |firm: &Firm| claim.is_some_and(|claim| claim.agency == firm.id);
        let any = usize::from(any) % self.agencies.len();
        let fitting = self.agencies.iter().position(has_it).unwrap_or(any);
        match roll {
            0..=179 => Who::Member(fitting, Role::Owner),
            180..=199 => Who::Member(fitting, Role::Dispatcher),
            200..=212 => Who::Member(fitting, Role::Viewer),
            213..=245 => Who::Member(any, Role::Owner),
            _ => Who::Customer(0),
        }
    }

    pub fn member_with(&self, who: Who, right: Right) -> Result<&Firm, Told> {
        match who {
            Who::Member(firm, role) if role.may(right) => Ok(&self.agencies[firm]),
            _ => Err(FORBIDDEN),
        }
    }

    async fn token(&mut self, who: Who) -> String {
        let name = format!("{who:?}");
        if let Some(token) = self.sessions.get(&name) {
            return token.clone();
        }
        let token = match who {
            Who::Customer(n) => {
                self.world
                    .customer(&format!("demo-customer-{}", n + 1))
                    .await
            }
            Who::Authority => self.world.authority().await,
            Who::Member(n, role) => {
                let credential = match role {
                    Role::Dispatcher => 1,
                    Role::Viewer => 2,
                    _ => 0,
                };
                let credential = &self.agencies[n].credentials[credential];
                let session = self.world.log_in(credential).await.expect(200);
                log_watch::keep_secret(text(&session, "token"));
                text(&session, "token").to_owned()
            }
        };
        self.sessions.insert(name, token.clone());
        token
    }

    pub async fn send(
        &mut self,
        who: Who,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Heard {
        let (token, key) = (
            self.token(who).await,
            format!("key-{}", self.world.unique()),
        );
        let since = self.world.now();
        let mut call = self.world.call(method, path).token(&token).key(&key);
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().await;
        let (now, told) = (self.world.now(), (answer.status, answer.slug()));
        let line = format!("  {} {who:?} {method} {path} {told:?}", now.to_rfc3339());
        self.log.push(line);
        Heard {
            answer,
            between: [since, now],
        }
    }

    pub async fn act(&mut self, who: Who, n: usize, what: &str, body: Value) -> Heard {
        let path = format!("/v1/orders/{}/{what}", self.orders[n].order.id);
        self.send(who, "POST", &path, Some(&body)).await
    }

    /// Fails unless the model's order was shown as this viewer sees it.
    pub fn shows(&self, n: usize, viewer: &Viewer, heard: &Heard) -> Result<(), String> {
        let placed = &self.orders[n];
        let bare = |view: &Value| {
            let mut view = view.clone();
            for field in ["worker", "rating", "explanation", "ended"] {
                view[field].take();
            }
            for field in ["stars", "phone"] {
                view["claim"]
                    .as_object_mut()
                    .map(|claim| claim.remove(field));
            }
            view
        };
        let body = &heard.answer.body;
        let expected = heard.between.map(|now| {
            let view = placed.order.view(viewer, Some(&placed.details), now);
            bare(&serde_json::to_value(view).expect("JSON"))
        });
        let sees_all = !matches!(viewer, Viewer::Former(_));
        let stars = match &placed.order.state {
            State::Rated(_, _, given) if sees_all => Some(u64::from(given.stars.count())),
            _ => None,
        };
        let sees_her = sees_all && placed.order.staffing().is_some();
        let is_right = expected.contains(&bare(body))
            && body["worker"].is_null() != sees_her
            && body["rating"]["stars"].as_u64() == stars;
        let wrong = || format!("{viewer:?} was shown\n{body}\ninstead of\n{}", expected[0]);
        is_right.then_some(()).ok_or_else(wrong)
    }

    /// An agency, or reinstates it if one is suspended.
    async fn suspend(&mut self, step: &Step) -> Result<bool, String> {
        let firms = &self.agencies;
        let suspended = firms
            .iter()
            .position(|firm| firm.standing == Standing::Suspended);
        let place = suspended.unwrap_or(usize::from(step.n[0]) % firms.len());
        let path = format!("/v1/agencies/{}/reviews", firms[place].id);
        let (decision, standing) = match suspended {
            Some(_) => ("reinstate", Standing::Approved),
            None => ("suspend", Standing::Suspended),
        };
        let body = json!({ "decision": decision, "reason": "a complaint" });
        let who = if step.n[2] < 200 {
            Who::Authority
        } else {
            Who::Member(place, Role::Owner)
        };
        let heard = self.send(who, "POST", &path, Some(&body)).await;
        if !heard.is(|_| {
            if who == Who::Authority {
                DONE
            } else {
                FORBIDDEN
            }
        })? {
            return Ok(false);
        }
        self.agencies[place].standing = standing;
        self.taken_back().await?;
        Ok(true)
    }

    /// A worker, or reinstates her if she is suspended.
    async fn suspend_worker(&mut self, step: &Step) -> Result<bool, String> {
        let place = usize::from(step.n[0]) % self.workers.len();
        let hand = &self.workers[place];
        let path = format!("/v1/workers/{}/reviews", hand.worker.id);
        let decision = if hand.worker.may_work() {
            "suspend"
        } else {
            "reinstate"
        };
        let body = json!({ "decision": decision, "reason": "a complaint" });
        let who = if step.n[2] < 180 {
            Who::Authority
        } else {
            Who::Member(hand.firm, Role::Owner)
        };
        let heard = self.send(who, "POST", &path, Some(&body)).await;
        if !heard.is(|_| {
            if who == Who::Authority {
                DONE
            } else {
                FORBIDDEN
            }
        })? {
            return Ok(false);
        }
        let id = self.workers[place].worker.id.clone();
        self.workers[place].worker = self.stored_worker(&id).await;
        self.taken_back().await?;
        Ok(true)
    }

    /// A worker's sections, as of now: all clear, or one flagged.
    async fn record(&mut self, step: &Step) -> Result<bool, String> {
        let (place, now) = (
            usize::from(step.n[0]) % self.workers.len(),
            self.world.now(),
        );
        let mut sections = all_clear(now);
        if step.n[2] > 200 {
            sections.record(Section::Dishonesty, entry(Recorded::Flagged, now), now);
        }
        let id = self.workers[place].worker.id.clone();
        let change = |worker: &mut domain::worker::Worker| worker.sections = sections.clone();
        self.world.change_worker(id.as_str(), change).await;
        self.workers[place].worker = self.stored_worker(&id).await;
        Ok(true)
    }

    /// To just before or just after what is due of an order, to when its visit may begin, or any while.
    async fn pass_to(&mut self, step: &Step, n: usize) -> Result<bool, String> {
        let (now, order) = (self.world.now(), &self.orders[n].order);
        let roll = u64::from(step.n[2]);
        let due = self.due(order).unwrap_or(now);
        let late = if self.timers_fire {
            LATE
        } else {
            Duration::from_millis(1)
        };
        let by = match step.n[0] {
            0..=49 => due.since(now + Duration::from_secs(20)),
            50..=109 => due.since(now) + late,
            110..=159 => (order.start_at - EARLIEST_START).since(now) + Duration::from_millis(1),
            160..=179 => order.ends_at().since(now + Duration::from_secs(roll * 20)),
            180..=239 => Duration::from_secs(roll),
            _ => Duration::from_secs(roll * 200),
        };
        self.pass(by).await?;
        Ok(true)
    }

    pub async fn read_by_customer(&mut self, n: usize) -> Result<(), String> {
        let customer = Who::Customer(self.orders[n].customer);
        self.read(customer, n).await.map(|_| ())
    }

    async fn read(&mut self, who: Who, n: usize) -> Result<bool, String> {
        let path = format!("/v1/orders/{}", self.orders[n].order.id);
        let heard = self.send(who, "GET", &path, None).await;
        let (placed, order) = (&self.orders[n], &self.orders[n].order);
        let mut ended = None;
        let viewer = match who {
            Who::Customer(customer) => (customer == placed.customer).then_some(Viewer::Customer),
            Who::Authority => Some(Viewer::Authority),
            Who::Member(firm, _) => {
                let firm = &self.agencies[firm];
                let viewer = order.viewer(&firm.id);
                if let Some(Viewer::Former(agency)) = &viewer {
                    ended = placed.ended.get(agency);
                }
                // Who may not work reads no more where and with whom.
                let hides = firm.standing != Standing::Approved && order.staffing().is_some();
                viewer.map(|viewer| {
                    if hides {
                        Viewer::Former(firm.id.clone())
                    } else {
                        viewer
                    }
                })
            }
        };
        if !heard.is(|_| if viewer.is_some() { DONE } else { NOT_FOUND })? {
            return Ok(false);
        }
        let told = &heard.answer.body["ended"]["reason"];
        if *told != json!(ended) {
            return Err(format!("told that it ended by {told} instead of {ended:?}"));
        }
        viewer.map_or(Ok(()), |viewer| self.shows(n, &viewer, &heard))?;
        Ok(true)
    }

    /// One's own orders: all of a customer, the newest first; of an agency, those that it has or had.
    async fn list(&mut self, step: &Step) -> Result<bool, String> {
        let who = match usize::from(step.n[0]) % 2 {
            0 => Who::Customer(usize::from(step.n[2]) % self.customers.len()),
            _ => Who::Member(usize::from(step.n[2]) % self.agencies.len(), Role::Viewer),
        };
        let heard = self.send(who, "GET", "/v1/orders?limit=100", None).await;
        heard.is(|_| DONE)?;
        let own = |placed: &&Placed| match who {
            Who::Customer(customer) => customer == placed.customer,
            Who::Member(firm, _) => placed.order.viewer(&self.agencies[firm].id).is_some(),
            Who::Authority => true,
        };
        let own = self.orders.iter().rev().filter(own);
        let mut own: Vec<_> = own
            .map(|placed| (placed.order.id.as_str(), placed.order.status().as_str()))
            .collect();
        let items = heard.answer.body["items"].as_array().ok_or("no items")?;
        let mut shown: Vec<_> = items
            .iter()
            .map(|item| (text(item, "order_id"), text(item, "status")))
            .collect();
        if let Who::Member(..) = who {
            own.sort_unstable();
            shown.sort_unstable();
        }
        let wrong = || format!("{who:?} has {own:?}, was shown {shown:?}");
        (own == shown).then_some(true).ok_or_else(wrong)
    }
}

//! A change of an order as one conditional write: its rule's terms are the condition, what it leads to the update.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{AgencyId, MemberId, OrderId};
use domain::order::{Change, Moment, Order, Reopening, Status, Term};
use domain::time::Millis;
use serde::Serialize;

use super::Orders;
use super::item::{self, ClaimItem, Line, StaffingItem};
use super::on_offer::Listing;
use crate::Error;
use crate::table::{self, Attributes, Key, Sent};

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The order as the change left it.
    Done(Order),
    /// The order as it was found, if there is one.
    Refused(Option<Order>),
}

/// The attributes of the claim, and of who was named.
const CLAIM: &[&str] = &["ca", "cn", "ch", "ct", "sb", "wo", "wt"];
/// The attributes of who was named.
const STAFFING: &[&str] = &["wo", "wt"];
/// The attributes by which an order on offer is listed.
const LISTING: &[&str] = &["oc", "ra", "pl"];

/// One conditional write of an order.
#[derive(Default)]
pub(super) struct Write {
    condition: Vec<String>,
    set: Vec<String>,
    remove: Vec<&'static str>,
    add: Option<String>,
    values: HashMap<String, AttributeValue>,
    /// Terms on what never changes of an order. They are no part of the condition; [`Orders::change`] evaluates them.
    fixed: Vec<Term>,
    is_sent_once: bool,
}

fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

impl Write {
    /// A change that is asked of an order in this epoch, now.
    pub(super) fn of(change: &Change, epoch: u32, now: Millis) -> Result<Self, Error> {
        Self::by(None, change, epoch, now)
    }

    /// The same, asked by this member of the agency.
    pub(super) fn by(
        by: Option<&MemberId>,
        change: &Change,
        epoch: u32,
        now: Millis,
    ) -> Result<Self, Error> {
        let mut write = Self::default();
        for term in change.terms(epoch, now) {
            match write.condition(&term) {
                Some(condition) => write.condition.push(condition),
                None => write.fixed.push(term),
            }
        }
        let lines = change.lines(epoch, now).into_iter().map(|line| match by {
            Some(member) => line.by_member(member),
            None => line,
        });
        let lines = lines.map(Line::from);
        let lines = serde_dynamo::to_attribute_value(lines.collect::<Vec<_>>())?;
        let (one, lines) = (write.value(n(1)), write.value(lines));
        write.set.push(format!("v = v + {one}"));
        write.set.push(format!("tl = list_append(tl, {lines})"));
        match change {
            Change::Offer { .. } => write.set("fe", n(epoch)),
            Change::Claim(claim) => {
                write.becomes(Status::Claimed, ClaimItem::from(claim.clone()))?;
            }
            Change::Staff { staffing, .. } => {
                write.becomes(Status::Staffed, StaffingItem::from(staffing.clone()))?;
            }
            Change::Start { .. } => write.status(Status::InService),
            Change::Complete { .. } | Change::CompleteByTime { .. } => {
                write.status(Status::Completed);
            }
            Change::Rate { given, .. } => {
                write.status(Status::Rated);
                write.set("rs", n(given.stars.count()));
                if !given.counts {
                    write.set("rn", AttributeValue::Bool(true));
                }
            }
            Change::Release { agency, then, .. }
            | Change::MissStaffing { agency, then }
            | Change::Suspend { agency, then } => {
                write.end_claim(agency);
                match then {
                    Reopening::Again { epoch, deadline } => {
                        write.status(Status::Open);
                        write.set("ep", n(epoch));
                        write.set("dl", n(deadline.0));
                    }
                    Reopening::Unfilled => write.status(Status::Unfilled),
                }
            }
            Change::LeaveUnattended { agency, .. } => {
                write.end_claim(agency);
                write.status(Status::Unfilled);
            }
            Change::Unstaff { staff_by, .. } => {
                write.status(Status::Claimed);
                write.set("sb", n(staff_by.0));
                write.remove.extend(STAFFING);
            }
            Change::Cancel { .. } => {
                write.status(Status::Cancelled);
                write.remove.extend(STAFFING);
            }
            Change::LeaveUnfilled { .. } => write.status(Status::Unfilled),
        }
        Ok(write)
    }

    /// The SDK sends it once: a repeat needs a fresh now. Other writes are sent as often as the SDK's policy says, since
    /// the condition makes repeats harmless.
    pub(super) fn once(mut self) -> Self {
        self.is_sent_once = true;
        self
    }

    /// The order is listed among those on offer.
    pub(super) fn listed(mut self, listing: &Listing) -> Result<Self, Error> {
        self.attributes(listing)?;
        Ok(self)
    }

    /// The change is explained by the item of this name.
    pub(super) fn explained(mut self, explanation: &str) -> Self {
        self.set("xp", s(explanation));
        self
    }

    /// The condition that a term is; none for a term on what never changes.
    fn condition(&mut self, term: &Term) -> Option<String> {
        Some(match term {
            Term::Is(statuses) => {
                let statuses = statuses.iter().map(|status| self.value(s(status.as_str())));
                format!("st IN ({})", statuses.collect::<Vec<_>>().join(", "))
            }
            Term::Epoch(epoch) => format!("ep = {}", self.value(n(epoch))),
            Term::Customer(customer) => format!("cu = {}", self.value(s(customer))),
            Term::HeldBy(agency) => format!("ca = {}", self.value(s(agency))),
            Term::NotExcluded(agency) => format!("NOT contains(ex, {})", self.value(s(agency))),
            Term::Named(worker) => format!("wo = {}", self.value(s(worker))),
            Term::NotNamed(worker) => {
                let worker = self.value(s(worker));
                format!("(attribute_not_exists(wo) OR wo <> {worker})")
            }
            Term::NotFannedOut(epoch) => {
                let epoch = self.value(n(epoch));
                format!("(attribute_not_exists(fe) OR fe < {epoch})")
            }
            Term::Before(moment, now) => {
                format!("{} > {}", attribute(*moment)?, self.value(n(now.0)))
            }
            Term::Reached(moment, now) => {
                format!("{} <= {}", attribute(*moment)?, self.value(n(now.0)))
            }
        })
    }

    /// The name of a value in the expressions.
    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":v{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }

    fn set(&mut self, attribute: &str, value: AttributeValue) {
        let value = self.value(value);
        self.set.push(format!("{attribute} = {value}"));
    }

    fn becomes(&mut self, status: Status, attributes: impl Serialize) -> Result<(), Error> {
        self.status(status);
        self.attributes(attributes)
    }

    fn attributes(&mut self, attributes: impl Serialize) -> Result<(), Error> {
        let attributes: Attributes = serde_dynamo::to_item(attributes)?;
        for (attribute, value) in attributes {
            self.set(&attribute, value);
        }
        Ok(())
    }

    /// Whatever it becomes, it is not on offer; what opens again is listed when it is offered again.
    fn status(&mut self, status: Status) {
        self.set("st", s(status.as_str()));
        self.remove.extend(LISTING);
    }

    /// Ends the agency's claim, and leaves the agency out from now on.
    fn end_claim(&mut self, agency: &AgencyId) {
        self.remove.extend(CLAIM);
        let agencies = self.value(AttributeValue::Ss(vec![agency.to_string()]));
        self.add = Some(format!("ex {agencies}"));
    }

    fn expression(&self) -> String {
        let mut expression = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", self.remove.join(", ")));
        }
        if let Some(add) = &self.add {
            expression.push_str(&format!(" ADD {add}"));
        }
        expression
    }

    /// This change of an order, to be sent alone or in a transaction.
    pub(super) fn to(self, orders: &Orders, order: &OrderId) -> table::Write {
        let update = orders.table.update(Key::order(order), self.expression());
        let update = if self.is_sent_once {
            update.once()
        } else {
            update
        };
        update
            .when(self.condition.join(" AND "))
            .values(self.values)
    }
}

/// Where a moment is kept; what never changes needs no place.
fn attribute(moment: Moment) -> Option<&'static str> {
    match moment {
        Moment::GrabDeadline => Some("dl"),
        Moment::StaffBy => Some("sb"),
        Moment::VisitEnd | Moment::VisitBy(_) => None,
    }
}

impl Orders {
    /// Makes a change of an order in this epoch. Of the order as it was found, only what never changes is looked at:
    /// the rest is the write's to decide.
    pub async fn change(
        &self,
        found: &Order,
        change: &Change,
        epoch: u32,
        now: Millis,
    ) -> Result<Written, Error> {
        let write = Write::of(change, epoch, now)?;
        if write.fixed.iter().all(|term| term.holds(found)) {
            self.write(&found.id, write).await
        } else {
            Ok(Written::Refused(Some(found.clone())))
        }
    }

    pub(super) async fn write(&self, order: &OrderId, write: Write) -> Result<Written, Error> {
        match write.to(self, order).send().await? {
            Sent::Done(order) => item::read(order).map(Written::Done),
            Sent::Refused(found) => found.map(item::read).transpose().map(Written::Refused),
        }
    }
}

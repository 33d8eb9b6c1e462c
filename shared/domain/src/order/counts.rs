//! The caps on an agency's claims, which keep anybody from collecting homes by grabbing: how many it has that nobody is
//! named for, how many it gives up on a day, and how many orders' details it opens.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, OrderId};
use crate::market::{HIGHEST_CAP, Market};
use crate::time::Millis;

use super::{How, Order, State, ended_claims};

/// What an agency's claims come to. Orders are kept in sets, so that counting one again is harmless.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimCounts {
    /// The orders grabbed that nobody is named for, and until when somebody must be.
    unstaffed: BTreeMap<OrderId, Millis>,
    /// The day, in China, that the other two are about.
    day: i64,
    given_up: BTreeSet<OrderId>,
    /// The orders whose details were opened, by naming a worker.
    opened: BTreeSet<OrderId>,
}

/// What a change of an order says about its agency's claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNews {
    pub agency: AgencyId,
    pub order: OrderId,
    pub at: Millis,
    /// Until when somebody must be named, if it was grabbed and nobody is.
    pub staff_by: Option<Millis>,
    pub is_given_up: bool,
    /// Whether its details are open to the agency from now on.
    pub is_opened: bool,
}

/// Why an agency cannot grab at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrabCap {
    TooManyUnstaffed,
    /// Until the day is over.
    ClaimsGivenUp,
}

/// What there is to count between one version of an order and the next; `None` if it is nothing.
pub fn claim_news(before: &Order, after: &Order) -> Option<ClaimNews> {
    let claim = after.claim().or(before.claim())?;
    let staff_by = |order: &Order| match &order.state {
        State::Claimed(claim) if claim.how == How::Grab => Some(claim.staff_by),
        _ => None,
    };
    let ended = ended_claims(before, after);
    let news = ClaimNews {
        agency: claim.agency.clone(),
        order: after.id.clone(),
        at: after.timeline.last()?.at,
        staff_by: staff_by(after),
        is_given_up: ended.iter().any(|(_, end)| end.is_given_up()),
        is_opened: before.staffing().is_none() && after.staffing().is_some(),
    };
    let is_news = news.is_given_up || news.is_opened || news.staff_by != staff_by(before);
    is_news.then_some(news)
}

impl ClaimCounts {
    /// With this counted too. News of a day that is over says nothing about the day.
    #[must_use]
    pub fn with(&self, news: &ClaimNews) -> Self {
        let mut counts = self.clone();
        let day = news.at.day();
        if counts.day < day {
            counts.day = day;
            counts.given_up.clear();
            counts.opened.clear();
        }
        // A claim ends when its time to staff is over, whether or not we hear of it.
        let is_kept = |order: &OrderId, by: Millis| *order != news.order && by > news.at;
        counts.unstaffed.retain(|order, by| is_kept(order, *by));
        if let Some(by) = news.staff_by
            && counts.unstaffed.len() < MOST
        {
            counts.unstaffed.insert(news.order.clone(), by);
        }
        for (holds, orders) in [
            (news.is_given_up, &mut counts.given_up),
            (news.is_opened, &mut counts.opened),
        ] {
            if holds && counts.day == day && orders.len() < MOST {
                orders.insert(news.order.clone());
            }
        }
        counts
    }

    /// The first cap that keeps the agency from grabbing now.
    pub fn grab_cap(&self, market: &Market, now: Millis) -> Option<GrabCap> {
        let unstaffed = self.unstaffed.values().filter(|by| **by > now).count();
        if unstaffed >= market.unstaffed_cap as usize {
            Some(GrabCap::TooManyUnstaffed)
        } else if self.day == now.day() && self.given_up.len() >= market.given_up_cap as usize {
            Some(GrabCap::ClaimsGivenUp)
        } else {
            None
        }
    }

    /// Whether this order's details may be opened to the agency now.
    pub fn may_open(&self, order: &OrderId, market: &Market, now: Millis) -> bool {
        self.day != now.day()
            || self.opened.contains(order)
            || self.opened.len() < market.disclosure_cap as usize
    }
}

/// More are not counted, so that the item stays small.
const MOST: usize = HIGHEST_CAP as usize;
